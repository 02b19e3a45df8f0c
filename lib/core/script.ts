/**
 * POSIX shell text for hosts. zx's own quoting writes `$'…'`, which dash does not know; this one never does.
 */

import { knownInAllCopies } from './copies.ts'

/** A piece of script that is code already and is not quoted again. */
export class Script {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  toString(): string {
    return this.text
  }
}

knownInAllCopies(Script, 'Script')

type Word = string | number | Script
const plain = /^[A-Za-z0-9_./:=@%+,-]+$/

/**
 * One shell word that means exactly `text` to any POSIX sh.
 * Throws RangeError for NUL, which no shell word can hold.
 */
export function q(text: string): string {
  if (text.includes('\0')) throw new RangeError('a shell word cannot hold a NUL character')
  if (plain.test(text)) return text
  return `'${text.replaceAll("'", "'\\''")}'`
}

const word = (value: Word | readonly Word[]): string => {
  if (Array.isArray(value)) return value.map(word).join(' ')
  if (value instanceof Script) return value.text
  return q(String(value))
}

/**
 * Shell text with every value quoted; an array becomes several words, a Script is inserted as it is.
 * A raw tag: a backslash in the template is the shell's own (`sh`printf '%s\n' ${name}``).
 */
export function sh(parts: TemplateStringsArray, ...values: readonly (Word | readonly Word[])[]): Script {
  return new Script(
    parts.raw.map((part, i) => part + (i < values.length ? word(values[i] as Word | readonly Word[]) : '')).join(''),
  )
}

/** Lines of script run one after the other. */
export const lines = (...parts: readonly (Script | string)[]): Script => new Script(parts.map(String).join('\n'))

/** Who runs the script: the number of the user, which the shell of a machine has asked for once. */
export const userId = new Script('"${plinth_uid:-$(id -u)}"')

/** How many bytes a script's standard input has, which the shell of a machine tells it; empty where nobody has. */
export const inputBytes = new Script('"${plinth_bytes:-}"')
