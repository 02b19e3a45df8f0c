/**
 * Values of INI inventories: whatever is a literal of Python is that value, all else is text.
 * (Python 3.11, ast.literal_eval; ansible-core 2.19, lib/ansible/plugins/inventory/ini.py: _parse_value.)
 */
import { type Located, type LocatedEntry, LocatedList, LocatedMap, LocatedScalar, type Place } from './located.ts'

/** Thrown within this file: the text is no literal. */
class NoLiteral extends Error {}

const number =
  /^(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:\d(?:_?\d)*)?\.?(?:\d(?:_?\d)*)?(?:[eE][-+]?\d(?:_?\d)*)?)/
const text = /^([uU]|[rR])?("""|'''|"|')/
const words: Readonly<Record<string, boolean | null | string>> = { True: true, False: false, None: null, '...': '...' }
const escapes: Readonly<Record<string, string>> = {
  ...{ n: '\n', t: '\t', r: '\r', '\\': '\\', "'": "'", '"': '"' },
  ...{ a: '\x07', b: '\b', f: '\f', v: '\v', '\n': '' },
}
const deepest = 100

/**
 * The value written as `source` at `at`. Its text is as written, but without quotes where it is a string. A comment
 * after a literal is no part of it; after other text it is. `hidden` marks what comes from an encrypted file.
 */
export function pythonValue(source: string, at: Place, hidden = false): Located {
  try {
    return new Parser(source.replace(/^[ \t]+/, ''), at, hidden).whole()
  } catch (thrown) {
    if (!(thrown instanceof NoLiteral)) throw thrown
    return new LocatedScalar(at, source, source, hidden)
  }
}

class Parser {
  private offset = 0
  private readonly source: string
  private readonly at: Place
  private readonly hidden: boolean

  constructor(source: string, at: Place, hidden: boolean) {
    this.source = source
    this.at = at
    this.hidden = hidden
  }

  private scalar(value: LocatedScalar['value'], text: string): LocatedScalar {
    return new LocatedScalar(this.at, value, text, this.hidden)
  }

  whole(): Located {
    const value = this.value(0)
    const items: Located[] = [value]
    // A tuple needs no parentheses.
    let tuple = false
    while (this.take(',')) {
      tuple = true
      this.space()
      if (this.rest !== '') items.push(this.value(0))
    }
    this.space()
    if (this.rest !== '') throw new NoLiteral()
    return tuple ? new LocatedList(this.at, items) : value
  }

  private get rest(): string {
    return this.source.slice(this.offset)
  }

  private space(): void {
    this.offset += /^(?:[ \t\f]+|#[^\n]*)*/.exec(this.rest)?.[0].length ?? 0
  }

  private take(token: string): boolean {
    this.space()
    if (!this.rest.startsWith(token)) return false
    this.offset += token.length
    return true
  }

  private value(depth: number): Located {
    if (depth > deepest) throw new NoLiteral()
    this.space()
    if (this.take('[')) return this.items(']', depth)
    if (this.take('(')) return this.parenthesised(depth)
    if (this.take('{')) return this.braces(depth)
    if (text.test(this.rest)) return this.strings()
    const word = /^(?:True|False|None)\b|^\.\.\./.exec(this.rest)?.[0]
    if (word === undefined) return this.number()
    this.offset += word.length
    return this.scalar(words[word] ?? null, word)
  }

  private items(end: string, depth: number): LocatedList {
    const items: Located[] = []
    while (!this.take(end)) {
      items.push(this.value(depth + 1))
      if (!this.take(',') && !this.ends(end)) throw new NoLiteral()
    }
    return new LocatedList(this.at, items)
  }

  private ends(end: string): boolean {
    this.space()
    return this.rest.startsWith(end)
  }

  /** A tuple, which is a list here, or one value in parentheses. */
  private parenthesised(depth: number): Located {
    if (this.take(')')) return new LocatedList(this.at, [])
    const first = this.value(depth + 1)
    if (this.take(')')) return first
    if (!this.take(',')) throw new NoLiteral()
    return new LocatedList(this.at, [first, ...this.items(')', depth).items])
  }

  /** A dictionary, or a set, which is a list here. */
  private braces(depth: number): Located {
    if (this.take('}')) return new LocatedMap(this.at, new Map())
    const first = this.value(depth + 1)
    if (!this.take(':')) {
      if (!this.take(',') && !this.ends('}')) throw new NoLiteral()
      return new LocatedList(this.at, distinct([first, ...this.items('}', depth).items]))
    }
    const entries = new Map<string, LocatedEntry>()
    let key = first
    for (;;) {
      if (!(key instanceof LocatedScalar)) throw new NoLiteral()
      const name = typeof key.value === 'string' ? key.value : JSON.stringify(key.value)
      // It would be lost where this becomes an object.
      if (name === '__proto__') throw new NoLiteral()
      entries.set(name, { at: this.at, value: this.value(depth + 1) })
      if (!this.take(',') && !this.ends('}')) throw new NoLiteral()
      if (this.take('}')) return new LocatedMap(this.at, entries)
      key = this.value(depth + 1)
      if (!this.take(':')) throw new NoLiteral()
    }
  }

  /** Strings beside each other are one. */
  private strings(): LocatedScalar {
    let all = ''
    for (let match = text.exec(this.rest); match; match = text.exec(this.rest)) {
      const [opening, prefix = '', quote = ''] = match
      this.offset += opening.length
      const body = new RegExp(`^((?:\\\\[\\s\\S]|(?!${quote})[^\\\\])*)${quote}`).exec(this.rest)
      if (!body || (quote.length === 1 && body[1]?.includes('\n'))) throw new NoLiteral()
      this.offset += body[0].length
      all += /r/i.test(prefix) ? (body[1] ?? '') : unescaped(body[1] ?? '')
      this.space()
    }
    return this.scalar(all, all)
  }

  private number(): LocatedScalar {
    const from = this.offset
    const sign = /^[-+]/.exec(this.rest)?.[0] ?? ''
    this.offset += sign.length
    if (sign !== '') this.space()
    const digits = number.exec(this.rest)?.[0] ?? ''
    this.offset += digits.length
    if (!/\d/.test(digits) || /^[\w.]/.test(this.rest)) throw new NoLiteral()
    // 007 is no number of Python 3, while 00 is one.
    if (/^0[0-9_]*[1-9]/.test(digits) && !/[.eE]/.test(digits)) throw new NoLiteral()
    const value = (sign === '-' ? -1 : 1) * Number(digits.replaceAll('_', '').replace(/^0+(?=\d)/, ''))
    return this.scalar(value, this.source.slice(from, this.offset).trim())
  }
}

const distinct = (items: readonly Located[]): readonly Located[] => [
  ...new Map(items.map((item) => [item instanceof LocatedScalar ? item.value : item, item])).values(),
]

const unescaped = (body: string): string =>
  body.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|([\s\S]))/g,
    (whole, x: string | undefined, u: string | undefined, long: string | undefined, octal: string | undefined, one) => {
      const code = x ?? u ?? long
      if (code !== undefined) return String.fromCodePoint(Math.min(Number.parseInt(code, 16), 0x10ffff))
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8))
      if (/[xuUN]/.test(one)) throw new NoLiteral()
      return escapes[one] ?? whole
    },
  )
