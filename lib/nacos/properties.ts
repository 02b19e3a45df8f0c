/**
 * java.util.Properties text, read exactly and edited key by key. Whatever is not asked for stays byte for byte:
 * comments, order, indentation, odd line ends.
 *
 * Java and Spring Boot read such a file as ISO-8859-1. What is written here is plain ASCII with \uXXXX for the rest,
 * so it means the same in any encoding; a caller that wants other lines to survive too decodes and encodes the file
 * as latin1. Spring Boot's own reader takes the values written here the same way as java.util.Properties.
 */
import { usageError } from '../core/error.ts'

interface Entry {
  readonly key: string
  readonly value: string
  /** Offsets in the text: the whole logical line, its line end included. */
  readonly start: number
  readonly end: number
  /** What stands before the value (indentation, key, separator) when it can be kept. */
  readonly prefix: string | undefined
}

interface Scan {
  readonly entries: readonly Entry[]
  /** The text ends inside a continued line: what is appended would become part of it. */
  readonly open: boolean
}

const isBlank = (c: string): boolean => c === ' ' || c === '\t' || c === '\f'
const isEnd = (c: string): boolean => c === '\n' || c === '\r'

/** Logical lines by the rules of java.util.Properties.load. JDK 8 differs for a comment after a lone backslash only. */
function scan(text: string): Scan {
  const entries: Entry[] = []
  let at = 0
  let open = false
  while (at < text.length) {
    const start = at
    while (at < text.length && isBlank(text.charAt(at))) at++
    const first = text.charAt(at)
    if (first === '' || isEnd(first)) {
      at++
      continue
    }
    if (first === '#' || first === '!') {
      while (at < text.length && !isEnd(text.charAt(at))) at++
      continue
    }
    const line = logicalLine(text, at)
    at = line.end
    open = line.open
    if (line.blank) continue
    entries.push(entryOf(text, start, line))
  }
  return { entries, open: open && at >= text.length }
}

interface Logical {
  /** Its characters, continuations joined. */
  readonly chars: string
  /** What it is joined from: where each piece begins, in these characters and in the text. */
  readonly pieces: readonly Piece[]
  readonly end: number
  readonly open: boolean
  /** Nothing but a continued nothing: not a line at all. */
  readonly blank: boolean
}

interface Piece {
  readonly at: number
  readonly inText: number
}

/** Where the physical line ends that a place is in: at its line end, or with the text. */
function endOfLine(text: string, from: number): number {
  let at = from
  while (at < text.length && !isEnd(text.charAt(at))) at++
  return at
}

/** Whether a backslash is the last thing that is said: one that no other one escapes. */
function isContinued(text: string, from: number, end: number): boolean {
  let at = end
  while (at > from && text.charAt(at - 1) === '\\') at--
  return (end - at) % 2 === 1
}

function logicalLine(text: string, from: number): Logical {
  const pieces: Piece[] = []
  let chars = ''
  let at = from
  while (at < text.length) {
    const last = endOfLine(text, at)
    const continued = isContinued(text, at, last)
    pieces.push({ at: chars.length, inText: at })
    // A backslash at the very end of the text continues nothing and is dropped, too.
    chars += text.slice(at, continued ? last - 1 : last)
    if (last === text.length) return { chars, pieces, end: last, open: continued, blank: false }
    const pair = text.charAt(last) === '\r' && text.charAt(last + 1) === '\n'
    at = last + (pair ? 2 : 1)
    if (!continued) return { chars, pieces, end: at, open: false, blank: chars === '' }
    // Java's own oddity: a continued nothing at the end is an empty key, unless anything follows the line end.
    if (at >= text.length && !pair) return { chars, pieces, end: at, open: true, blank: false }
    while (isBlank(text.charAt(at))) at++
    const next = text.charAt(at)
    if (next === '') return { chars, pieces, end: at, open: true, blank: chars === '' }
    if (chars === '' && (next === '#' || next === '!')) return { chars, pieces, end: at, open: false, blank: true }
  }
  return { chars, pieces, end: at, open: false, blank: false }
}

/** Where in the text a character of a logical line is. */
const placeOf = (index: number, pieces: readonly Piece[]): number => {
  const piece = pieces.findLast(({ at }) => at <= index)
  return piece ? piece.inText + index - piece.at : 0
}

function entryOf(text: string, start: number, { chars, pieces, end }: Logical): Entry {
  let keyEnd = 0
  for (let escaped = false; keyEnd < chars.length; keyEnd++) {
    const c = chars.charAt(keyEnd)
    if (!escaped && (c === '=' || c === ':' || isBlank(c))) break
    escaped = c === '\\' && !escaped
  }
  let separated = false
  let from = keyEnd
  for (; from < chars.length; from++) {
    const c = chars.charAt(from)
    if (isBlank(c)) continue
    if (separated || (c !== '=' && c !== ':')) break
    separated = true
  }
  const until =
    from < chars.length ? placeOf(from, pieces) : chars === '' ? start : placeOf(chars.length - 1, pieces) + 1
  const prefix = text.slice(start, until)
  const line = (): number => text.slice(0, start).split(/\r\n|\n|\r/).length
  return {
    key: meant(chars.slice(0, keyEnd), line),
    value: meant(chars.slice(from), line),
    start,
    end,
    prefix: separated && !/[\r\n]/.test(prefix) ? prefix : undefined,
  }
}

const letters: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

function meant(raw: string, line: () => number): string {
  return raw.replace(/\\(u[0-9a-fA-F]{4}|[\s\S])/g, (_, what: string) => {
    if (what.length > 1) return String.fromCharCode(Number.parseInt(what.slice(1), 16))
    if (what === 'u') {
      throw usageError({
        where: `properties, line ${line()}`,
        what: 'a \\u is not followed by four hexadecimal digits, Java refuses the whole file',
        remedy: 'write \\\\u for the two characters, or complete the escape',
      })
    }
    return letters[what] ?? what
  })
}

const escapedText = (text: string, extra: RegExp): string =>
  text.replace(/[\\\t\n\r\f]|[^ -~]/g, escapeOne).replace(extra, '\\$&')

const escapeOne = (c: string): string => {
  if (c === '\\') return '\\\\'
  const letter = Object.keys(letters).find((name) => letters[name] === c)
  return letter ? `\\${letter}` : `\\u${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
}

/** A key as it is written: separators and comment signs escaped. */
const escapeKey = (key: string): string => escapedText(key, /[ =:#!]/g)
/** A value as it is written: only a leading space needs it, so that a JDBC URL stays readable. */
const escapeValue = (value: string): string => escapedText(value, /^ /)

/**
 * The properties in a text, as java.util.Properties.load reads them: `#` and `!` comments, `=`, `:` or blanks as
 * separator, lines continued by a backslash, escapes; the last of several equal keys wins.
 * Throws a usage error that names the line for a \u without four digits: Java would refuse the file.
 */
export function parseProperties(text: string): Map<string, string> {
  return new Map(scan(text).entries.map(({ key, value }) => [key, value]))
}

/**
 * The text with every key of `wanted` at its value, and without those that are null. All else stays byte for byte.
 * A key already right keeps its line; another value is put in the place of the old one, with indentation and
 * separator kept; of several lines of one key the last, the one that counts, stays; missing keys are appended in the
 * order of `wanted`. Line ends follow the file's first one. Editing an edited text again changes nothing.
 */
export function editProperties(text: string, wanted: Readonly<Record<string, string | null>>): string {
  const { entries } = scan(text)
  const targets = new Map(Object.entries(wanted))
  const last = new Map(entries.map((entry) => [entry.key, entry]))
  const end = /\r\n|\n|\r/.exec(text)?.[0] ?? '\n'
  let out = ''
  let at = 0
  for (const entry of entries) {
    const value = targets.get(entry.key)
    if (value === undefined) continue
    if (last.get(entry.key) === entry && entry.value === value) continue
    out += text.slice(at, entry.start)
    at = entry.end
    if (value === null || last.get(entry.key) !== entry) continue
    const tail = /(?:\r\n|\n|\r)?$/.exec(text.slice(entry.start, entry.end))?.[0] ?? ''
    out += `${entry.prefix ?? `${escapeKey(entry.key)}=`}${escapeValue(value)}${tail}`
  }
  out += text.slice(at)
  const missing = [...targets].filter((pair): pair is [string, string] => pair[1] !== null && !last.has(pair[0]))
  if (missing.length === 0) return out
  // A dangling continuation swallows the next line, so one empty line ends it.
  const gap = out === '' || /[\r\n]$/.test(out) ? '' : end
  // After a carriage return a line feed would be the rest of one line end.
  const guard = !scan(out).open ? '' : gap === '' && out.endsWith('\r') && end === '\n' ? '\n\n' : end
  return out + gap + guard + missing.map(([key, value]) => `${escapeKey(key)}=${escapeValue(value)}${end}`).join('')
}
