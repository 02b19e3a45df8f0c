/** Inventories in YAML: groups with `hosts`, `vars` and `children`. (ansible-core 2.19, lib/ansible/plugins/inventory/yaml.py.) */
import type { Variables } from './inventory.ts'
import type { Draft } from './inventory-draft.ts'
import { isNothing, kindOf, type Located, type LocatedEntry, LocatedMap, LocatedScalar } from './located.ts'
import { suggestion } from './nearest.ts'

const sections = ['hosts', 'vars', 'children']

/** Reads the value of a file into the draft; `shown` is the file's name in messages. */
export function readYamlInventory(draft: Draft, value: Located | null, shown: string): void {
  const top = { file: shown, line: 1, column: 1 }
  if (value === null || isNothing(value)) draft.report(top, 'an empty inventory', 'write all: hosts: NAME:')
  else if (!(value instanceof LocatedMap))
    draft.report(value.at, `expected groups, found ${kindOf(value)}`, 'begin with all:')
  else
    for (const [name, entry] of value.entries) {
      if (sections.includes(name)) draft.report(entry.at, `"${name}" stands outside of a group`, 'indent it below all:')
      else if (name === 'plugin')
        draft.report(
          entry.at,
          'inventory plugins are not supported',
          'write the hosts, or let a script print them: see docs/inventory.md',
        )
      else readGroup(draft, name, entry)
    }
}

/** `around` are the groups that this one is written in. */
function readGroup(draft: Draft, name: string, { at, value }: LocatedEntry, around: readonly string[] = []): void {
  if (!draft.group(name, at)) return
  for (const [key, entry] of entriesOf(draft, value, `group "${name}"`, sections)) {
    if (key === 'vars')
      for (const [variable, own] of entriesOf(draft, entry.value, `vars of "${name}"`))
        draft.variable(name, variable, own)
    else if (key === 'hosts')
      for (const [pattern, own] of entriesOf(draft, entry.value, `hosts of "${name}"`))
        draft.hosts(name, pattern, own.at, entriesOf(draft, own.value, `host "${pattern}"`))
    else if (key === 'children')
      for (const [child, own] of entriesOf(draft, entry.value, `children of "${name}"`)) {
        const loop = child === name || around.includes(child)
        if (!loop) readGroup(draft, child, own, [...around, name])
        if (loop || draft.tree.has(child)) draft.child(name, child, own.at, loop)
      }
    else draft.report(entry.at, `unknown key "${key}" in group "${name}"`, suggestion(key, sections, 'key'))
  }
}

/** The entries of a map; of nothing none, of a single word that word alone, as Ansible reads `hosts: web1`. */
function entriesOf(draft: Draft, value: Located, what: string, keys: readonly string[] = []): Variables {
  if (value instanceof LocatedMap) return value.entries
  if (isNothing(value)) return new Map()
  const single = value instanceof LocatedScalar && typeof value.value === 'string' && !value.hidden && keys.length === 0
  if (single && !/^(host "|vars)/.test(what))
    return new Map([[value.text, { at: value.at, value: new LocatedScalar(value.at, null, '') }]])
  const remedy = keys.length > 0 ? `write ${keys.join(', ')} below it` : 'write "name:" lines below it, without "- "'
  draft.report(value.at, `${what}: expected a map, found ${kindOf(value)}`, remedy)
  return new Map()
}
