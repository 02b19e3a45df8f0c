/** The words of a command line, read by a table of options: one reader for playbooks and for the command `plinth`. Pure. */
import type { Problem } from './error.ts'
import { suggestion } from './nearest.ts'

/** An option, by its long name. */
export interface Option {
  /** Its letter. */
  readonly short?: string
  /** What its value is called in help and messages; an option without one takes none. */
  readonly value?: string
}

/** What stands on a command line, and what is wrong with it. */
export interface Words {
  /** The values of each option that is there, in order; of one that takes none, as many empty texts as it was given. */
  readonly given: ReadonlyMap<string, readonly string[]>
  /** Words that are no options, before `--`. */
  readonly others: readonly string[]
  /** Those after `--`; null where there is none. */
  readonly rest: readonly string[] | null
  readonly problems: readonly Problem[]
}

/**
 * Reads words: `--limit a`, `--limit=a`, `-l a`, `-la`, `-l=a`, `-CDv`, and `--` before words that are to be left alone.
 * A value may begin with a dash only where it is attached (`--limit=-x`).
 * @param offered the long names that an unknown one is compared with. Default: all
 */
export function readOptions(
  words: readonly string[],
  table: ReadonlyMap<string, Option>,
  offered: Iterable<string> = table.keys(),
): Words {
  const shorts = new Map([...table].flatMap(([name, { short }]) => (short ? [[short, name] as const] : [])))
  const given = new Map<string, string[]>()
  const others: string[] = []
  const problems: Problem[] = []
  const left = [...words]
  let rest: readonly string[] | null = null
  const refuse = (where: string, what: string, remedy: string): void => void problems.push({ where, what, remedy })

  /** Notes an option; `attached` is the value that stands in the same word. */
  const note = (shown: string, name: string, attached: string | null): void => {
    const option = table.get(name)
    const next = (): string | null => (looksLikeOption(left[0]) ? null : (left.shift() ?? null))
    if (option === undefined) {
      const names = [...offered].map((one) => `--${one}`)
      refuse(shown, 'unknown option', suggestion(shown, names, 'option'))
      // What follows was meant as its value, and is no second mistake.
      if (attached === null) next()
    } else if (option.value === undefined && attached !== null) refuse(shown, 'takes no value', `write ${shown} alone`)
    else {
      const value = option.value === undefined ? '' : (attached ?? next() ?? '')
      if (option.value !== undefined && value === '') refuse(shown, 'needs a value', `write ${shown} ${option.value}`)
      else given.set(name, [...(given.get(name) ?? []), value])
    }
  }

  /** Short options in one word. The first that takes a value takes the rest of the word. */
  const bundle = (letters: string): void => {
    for (let i = 0; i < letters.length; i++) {
      const letter = letters[i] ?? ''
      const name = shorts.get(letter)
      if (name === undefined) {
        const near = table.has(letters) || letters.length > 2 ? `write --${letters} for a long option, or` : ''
        refuse(
          `-${letter}`,
          `unknown option${letters.length > 1 ? ` in -${letters}` : ''}`,
          `${near} see --help`.trim(),
        )
        return
      }
      if (table.get(name)?.value === undefined) note(`-${letter}`, name, null)
      else {
        const attached = letters.slice(i + 1).replace(/^=/, '')
        note(`-${letter}`, name, attached === '' ? null : attached)
        return
      }
    }
  }

  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    const long = /^--([^=]+)(?:=(.*))?$/s.exec(word)
    if (word === '--') rest = left.splice(0)
    else if (long?.[1] !== undefined) note(`--${long[1]}`, long[1], long[2] ?? null)
    else if (/^-[^-]/.test(word)) bundle(word.slice(1))
    else others.push(word)
  }
  return { given, others, rest, problems }
}

/** `-` alone is a value. */
const looksLikeOption = (word: string | undefined): boolean => word === undefined || /^-./.test(word)
