/**
 * POSIX shell text for hosts. zx's own quoting writes `$'…'`, which dash does not know; this one never does.
 */

import { calledFrom } from './caller.ts'
import { knownInAllCopies } from './copies.ts'
import { usageError } from './error.ts'
import { kindOf } from './secret.ts'

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

const word = (value: Word | readonly Word[]): string | undefined => {
  if (Array.isArray(value)) {
    const words = value.map(word)
    return words.includes(undefined) ? undefined : words.join(' ')
  }
  if (value instanceof Script) return value.text
  return typeof value === 'string' || typeof value === 'number' ? q(String(value)) : undefined
}

/**
 * Shell text with every value quoted; an array becomes several words, a Script is inserted as it is.
 * A raw tag: a backslash in the template is the shell's own (`sh`printf '%s\n' ${name}``).
 * Throws a usage error for any other value: `rm -rf -- undefined` is nobody's wish, and a Secret must not be in a command.
 */
export function sh(parts: TemplateStringsArray, ...values: readonly (Word | readonly Word[])[]): Script {
  const words = values.map((value, i) => {
    const text = word(value)
    if (text !== undefined) return text
    throw usageError({
      where: calledFrom(sh, 'sh'),
      what: `value ${i + 1} of the script is ${Array.isArray(value) ? 'a list that has more than words' : kindOf(value)}`,
      remedy: 'give text, numbers or a Script; a secret goes by the input of the step',
    })
  })
  return new Script(parts.raw.map((part, i) => part + (words[i] ?? '')).join(''))
}

/** Lines of script run one after the other. Throws a usage error for what is none. */
export const lines = (...parts: readonly (Script | string)[]): Script =>
  new Script(
    parts
      .map((part, i) => {
        const text = part instanceof Script ? part.text : part
        if (typeof text === 'string') return text
        const what = `line ${i + 1} of the script is ${kindOf(part)}`
        throw usageError({ where: calledFrom(lines, 'lines'), what, remedy: 'give text or a Script' })
      })
      .join('\n'),
  )

/** Who runs the script: the number of the user, which the shell of a machine has asked for once. */
export const userId = new Script('"${plinth_uid:-$(id -u)}"')

/** Likewise its group, which a new file gets. */
export const groupId = new Script('"${plinth_gid:-$(id -g)}"')

/** How many bytes a script's standard input has, which the shell of a machine tells it; empty where nobody has. */
export const inputBytes = new Script('"${plinth_bytes:-}"')
