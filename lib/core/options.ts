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
      if (option.value !== undefined && value === '') {
        // `-f -1`: no option of ours, so it was meant as the value.
        const dashed = attached === null && /^-[^-]/.test(left[0] ?? '') && !shorts.has(left[0]?.charAt(1) ?? '')
        if (dashed) left.shift()
        const form = dashed ? `attach one that begins with a dash: ${shown}=…` : `write ${shown} ${option.value}`
        refuse(shown, 'needs a value', form)
      } else given.set(name, [...(given.get(name) ?? []), value])
    }
  }

  /** Short options in one word. The first that takes a value takes the rest of the word. */
  const bundle = (letters: string): void => {
    const all = [...letters]
    for (const [i, letter] of all.entries()) {
      const name = shorts.get(letter)
      if (name === undefined) {
        const near = table.has(letters) || letters.length > 2 ? `write --${letters} for a long option, or` : ''
        refuse(`-${letter}`, `unknown option${all.length > 1 ? ` in -${letters}` : ''}`, `${near} see --help`.trim())
        return
      }
      if (table.get(name)?.value === undefined) {
        const value = all[i + 1] === '=' ? all.slice(i + 2).join('') : null
        note(`-${letter}`, name, value)
        if (value !== null) return
      } else {
        const left = all.slice(i + 1).join('')
        // `-l=` is an empty value, as `--limit=` is: what follows is none.
        note(`-${letter}`, name, left === '' ? null : left.replace(/^=/, ''))
        return
      }
    }
  }

  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    const long = /^--([^=]+)(?:=(.*))?$/s.exec(word)
    if (word === '--') {
      rest = left.splice(0)
      if (rest.length > 0 && rest.every((one) => one.trim() === ''))
        refuse('--', 'only an empty word follows', 'take it out, or see to the variable it comes from')
    } else if (long?.[1] !== undefined) note(`--${long[1]}`, long[1], long[2] ?? null)
    else if (/^-[^-]/.test(word)) {
      const [, meant = '', attached = null] = /^-([^=]{2,})(=.*)?$/s.exec(word) ?? []
      if (!table.has(meant)) bundle(word.slice(1))
      else {
        // `-limit web`: as letters it would be `-l imit`, and web one word too many.
        refuse(`-${meant}`, 'a long option with one dash', `write --${meant}`)
        if (attached === null && table.get(meant)?.value !== undefined && !looksLikeOption(left[0])) left.shift()
      }
    } else if (/^[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]/.test(word)) {
      // What a word processor makes of one dash or two.
      const letters = word.slice(1).replace(/^-/, '')
      const typed = `${/^[^=]{2}/.test(letters) ? '--' : '-'}${letters}`
      refuse(word, 'begins with a dash that is none of the keyboard', `type ${typed}`)
      if (!looksLikeOption(left[0])) left.shift()
    } else if (word === '') refuse('""', 'an empty word', 'take it out, or see to the variable it comes from')
    else others.push(word)
  }
  return { given, others, rest, problems }
}

/** `-` alone is a value. */
const looksLikeOption = (word: string | undefined): boolean => word === undefined || /^-./.test(word)
