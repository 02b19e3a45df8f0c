/** A command line while it is typed, as far as completion must know what stands where. Pure. */
import type { Option } from './options.ts'

/** The words of a line that may end within quotes; the last is the one that is being typed, empty behind a blank. */
export function typedWords(line: string): readonly { readonly text: string; readonly raw: string }[] {
  const words: { text: string; raw: string }[] = []
  let word: { text: string; raw: string } | null = null
  const piece = /\s+|'([^']*)(?:'|$)|"((?:[^"\\]|\\[\s\S])*)(?:"|$)|\\([\s\S]?)|([^\s'"\\]+)|["\\]/g
  for (const [raw, single, double, escaped, plain] of line.matchAll(piece)) {
    if (/^\s/.test(raw)) {
      if (word) words.push(word)
      word = null
      continue
    }
    word ??= { text: '', raw: '' }
    word.text += single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? plain ?? ''
    word.raw += raw
  }
  return [...words, word ?? { text: '', raw: '' }]
}

/** What is being typed: the value of an option, an option, or another word; `before` is what stands before the part that is open. */
export type Place =
  | { readonly is: 'value'; readonly option: string; readonly before: string; readonly open: string }
  | { readonly is: 'option'; readonly open: string }
  | { readonly is: 'word'; readonly open: string }
  | { readonly is: 'rest'; readonly open: string }

export interface Typed {
  readonly place: Place
  /** The options before it with their values, and the other words. */
  readonly given: ReadonlyMap<string, readonly string[]>
  readonly others: readonly string[]
}

/** Reads what is typed so far after the name of a playbook or command, whatever is wrong with it. */
export function typed(words: readonly string[], table: ReadonlyMap<string, Option>): Typed {
  const shorts = new Map([...table].flatMap(([name, { short }]) => (short ? [[short, name] as const] : [])))
  const given = new Map<string, string[]>()
  const others: string[] = []
  const open = words.at(-1) ?? ''
  let waiting: string | null = null
  const takes = (name: string): boolean => table.get(name)?.value !== undefined
  /** The option that a word ends with and that still wants its value, and the value that it has with it. */
  const optionIn = (
    word: string,
  ): { readonly name: string; readonly before: string; readonly value: string | null } | null => {
    const long = /^--([^=]+)(=)?(.*)$/s.exec(word)
    if (long?.[1] !== undefined)
      return { name: long[1], before: `--${long[1]}=`, value: long[2] ? (long[3] ?? '') : null }
    for (let at = 1; at < word.length; at++) {
      const name = shorts.get(word[at] ?? '')
      if (name === undefined || !takes(name)) continue
      const [, sign = '', value = ''] = /^(=?)(.*)$/s.exec(word.slice(at + 1)) ?? []
      return { name, before: word.slice(0, at + 1) + sign, value: sign + value === '' ? null : value }
    }
    return null
  }
  for (const word of words.slice(0, -1)) {
    if (waiting !== null) {
      given.set(waiting, [...(given.get(waiting) ?? []), word])
      waiting = null
    } else if (word === '--') return { place: { is: 'rest', open }, given, others }
    else if (/^-./.test(word)) {
      const option = optionIn(word)
      if (option && takes(option.name) && option.value === null) waiting = option.name
      else if (option && option.value !== null)
        given.set(option.name, [...(given.get(option.name) ?? []), option.value])
    } else others.push(word)
  }
  if (waiting !== null) return { place: { is: 'value', option: waiting, before: '', open }, given, others }
  const option = /^-./.test(open) ? optionIn(open) : null
  const place: Place =
    option && option.value !== null
      ? { is: 'value', option: option.name, before: option.before, open: option.value }
      : { is: open.startsWith('-') ? 'option' : 'word', open }
  return { place, given, others }
}
