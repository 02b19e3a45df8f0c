/**
 * What a plain scalar of YAML is, by the rules of YAML 1.1 as PyYAML has them: the ones that Ansible reads an inventory
 * with. Parameters don't depend on it, since schemas read the text; what is shown as JSON does.
 * (PyYAML 6.0, lib/yaml/resolver.py and constructor.py.)
 */

const truth = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/
const untruth = /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/
const nothing = /^(?:~|null|Null|NULL|)$/
const sexagesimal = /^[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/
const float =
  /^(?:[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)$/
const integers: readonly (readonly [form: RegExp, base: number, prefix: RegExp])[] = [
  [/^[-+]?0b[0-1_]+$/, 2, /0b/],
  [/^[-+]?0x[0-9a-fA-F_]+$/, 16, /0x/],
  [/^[-+]?0[0-7_]+$/, 8, /^/],
  [/^[-+]?(?:0|[1-9][0-9_]*)$/, 10, /^/],
]

/** The number, truth value or null that `text` is, or the text itself. */
export function plainValue(text: string): string | number | boolean | null {
  if (truth.test(text)) return true
  if (untruth.test(text)) return false
  if (nothing.test(text)) return null
  const bare = text.replaceAll('_', '')
  if (sexagesimal.test(text) || float.test(text)) return bare.includes(':') ? ofSixty(bare) : Number(bare)
  for (const [form, base, prefix] of integers) {
    if (!form.test(text)) continue
    const digits = bare.replace(/^[-+]/, '').replace(prefix, '')
    return (text.startsWith('-') ? -1 : 1) * Number.parseInt(digits, base)
  }
  return text
}

/** `1:30` is ninety: once meant for times of day, today mostly met in port mappings. */
function ofSixty(text: string): number {
  const size = text
    .replace(/^[-+]/, '')
    .split(':')
    .reduce((sum, part) => sum * 60 + Number(part), 0)
  return text.startsWith('-') ? -size : size
}
