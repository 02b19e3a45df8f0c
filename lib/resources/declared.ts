/** What a playbook declares of a path, checked where a kind is made: what its types forbid would reach hosts. */
import { usageError } from '../core/error.ts'
import { checkNames } from '../core/known-names.ts'
import { kindOf } from '../core/secret.ts'
import { shown } from '../core/told.ts'
import type { Ownership } from './path.ts'

const ofAll = ['owner', 'group', 'mode']

/**
 * The options of a kind that lives at a path, its mode with all four digits. Throws a usage error for a path that is not absolute, for
 * options that are unknown or missing, for a mode that is no octal text and for an owner or group that is no name: all of
 * these would be written as something else, or differ for ever.
 * @param required the options that must be there
 * @param possible those that may be
 */
export function declared<T extends Ownership>(
  kind: string,
  path: string,
  options: T,
  required: readonly string[],
  possible: readonly string[] = ofAll,
): T {
  checkPath(kind, path)
  const where = `${kind}:${path}`
  checkNames(where, options, required, possible)
  for (const name of ['owner', 'group'] as const) {
    const value: unknown = options[name]
    if (value === undefined || (typeof value === 'string' && isName(value))) continue
    const what = `${name}: expected the name of a ${name === 'owner' ? 'user' : 'group'}, found ${shown(value)}`
    throw usageError({ where, what, remedy: 'write its name, as ls shows it there' })
  }
  const mode: unknown = options.mode
  if (mode === undefined) return options
  if (typeof mode === 'string' && /^[0-7]{3,4}$/.test(mode))
    return mode.length < 4 ? { ...options, mode: `0${mode}` } : options
  const isNumber = typeof mode === 'number'
  throw usageError({
    where,
    what: `mode: expected four octal digits in quotes, found ${isNumber ? `the number ${mode}` : typeof mode === 'string' ? JSON.stringify(mode) : kindOf(mode)}`,
    remedy: `write mode: '${isNumber && mode >= 0 && mode <= 0o7777 ? mode.toString(8).padStart(4, '0') : '0644'}'`,
  })
}

/** Whether a text may be the name of a user or group. A number is none: `stat` answers with the name, if the system knows one. */
export const isName = (text: string): boolean => text === 'root' || /^(?!\d+$)[^\s:/,+-][^\s:/,]*$/.test(text)

/** From the root on, and without a control character. */
const plain = /^\/\P{Cc}*$/u

/** How the path of a folder alone may end. */
const ofFolder = /\/\.{0,2}$/

/** A name that whoever writes beside it sweeps away, for what a killed run has left there. */
const swept = /\/\.plinth\./

/**
 * Throws a usage error for a path that is not absolute, that ends as that of a folder (a folder's own may), or that has a name
 * of those that Plinth itself makes and sweeps away.
 */
export function checkPath(kind: string, path: unknown): void {
  const isPlain = typeof path === 'string' && plain.test(path) && (kind === 'directory' || !ofFolder.test(path))
  if (isPlain && !swept.test(path)) return
  const where = `${kind}:${String(path)}`
  if (typeof path !== 'string') throw usageError({ where, what: `its path is ${kindOf(path)}`, remedy: 'give a text' })
  if (!path.startsWith('/'))
    throw usageError({ where, what: 'its path does not begin with /', remedy: 'write it as a whole, as /etc/app.conf' })
  if (/\p{Cc}/u.test(path))
    throw usageError({ where, what: 'its path has a line break or another control character', remedy: 'take it out' })
  if (isPlain) {
    const what = 'a name in it begins with .plinth., as what Plinth makes for a moment and sweeps away'
    throw usageError({ where, what, remedy: 'choose another name' })
  }
  const end = path.slice(path.lastIndexOf('/'))
  throw usageError({ where, what: `its path ends with ${end}`, remedy: 'take that away: only a directory may have it' })
}
