import { readFileSync } from 'node:fs'
import { PlinthError } from '../../lib/core/error.ts'
import { editProperties, parseProperties } from '../../lib/nacos/properties.ts'
import { assert, suite } from '../kit.ts'
import { random, randomText } from './random-properties.ts'

const test = suite('nacos/properties')

interface Case {
  readonly text: string
  /** Key and value pairs sorted by key; null where Java refuses the text. */
  readonly java: readonly (readonly [string, string])[] | null
}
const corpus: readonly Case[] = JSON.parse(readFileSync(new URL('properties-corpus.json', import.meta.url), 'utf8'))

const sorted = (map: Map<string, string>): [string, string][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1))

test('reads every text of the corpus as java.util.Properties did', () => {
  assert.ok(corpus.length >= 200)
  for (const { text, java } of corpus) {
    if (java === null)
      assert.throws(
        () => parseProperties(text),
        (thrown: unknown) => thrown instanceof PlinthError,
      )
    else assert.equal(sorted(parseProperties(text)), java, JSON.stringify(text))
  }
})

test('names the line of a broken escape', () => {
  assert.throws(() => parseProperties('a=1\r\n\nb=\\u12'), /line 3: .*four hexadecimal digits/)
})

const edits: readonly { name: string; text: string; wanted: Record<string, string | null>; out: string }[] = [
  { name: 'an empty file gets the lines', text: '', wanted: { a: '1', b: '2' }, out: 'a=1\nb=2\n' },
  { name: 'a right key keeps its odd line', text: '  a :\t1\n', wanted: { a: '1' }, out: '  a :\t1\n' },
  { name: 'a right continued value keeps its lines', text: 'a=1\\\n  2\n', wanted: { a: '12' }, out: 'a=1\\\n  2\n' },
  { name: 'a value is replaced in its place', text: '# c\na = 1\nb=2\n', wanted: { a: '9' }, out: '# c\na = 9\nb=2\n' },
  { name: 'indentation and separator stay', text: '\t a : 1\n', wanted: { a: '9' }, out: '\t a : 9\n' },
  { name: 'a key without separator gets one', text: 'a\nb 1\n', wanted: { a: '1', b: '=2' }, out: 'a=1\nb==2\n' },
  { name: 'continued lines are one', text: 'a=1\\\n 2\\\n 3\nb=4\n', wanted: { a: '5' }, out: 'a=5\nb=4\n' },
  { name: 'a key over two lines is written anew', text: 'a\\\n  b=1\n', wanted: { ab: '2' }, out: 'ab=2\n' },
  { name: 'the last of equals stays', text: 'a=1\nb=2\na=3\n', wanted: { a: '4' }, out: 'b=2\na=4\n' },
  { name: 'equals collapse though the last is right', text: 'a=1\nb=2\na=3\n', wanted: { a: '3' }, out: 'b=2\na=3\n' },
  { name: 'null removes all', text: 'a=1\n# c\na=2\nb=3\n', wanted: { a: null }, out: '# c\nb=3\n' },
  { name: 'null of a missing key is nothing', text: 'b=3', wanted: { a: null }, out: 'b=3' },
  { name: 'a comment is no property', text: '#a=1\n', wanted: { a: '1' }, out: '#a=1\na=1\n' },
  { name: 'CRLF stays CRLF', text: 'a=1\r\nb=2\r\n', wanted: { a: '3', c: '4' }, out: 'a=3\r\nb=2\r\nc=4\r\n' },
  { name: 'mixed line ends stay', text: 'a=1\r\nb=2\nc=3\r', wanted: { b: '9' }, out: 'a=1\r\nb=9\nc=3\r' },
  { name: 'no line end at the end', text: 'a=1\nb=2', wanted: { b: '3' }, out: 'a=1\nb=3' },
  { name: 'appends after a missing line end', text: 'a=1', wanted: { b: '2' }, out: 'a=1\nb=2\n' },
  { name: 'a dangling backslash swallows nothing', text: 'a=1\\', wanted: { b: '2' }, out: 'a=1\\\n\nb=2\n' },
  { name: 'a dangling continuation too', text: 'a=1\\\n', wanted: { b: '2' }, out: 'a=1\\\n\nb=2\n' },
  {
    name: 'a dangling continuation by another line end',
    text: 'c=1\na=1\\\r',
    wanted: { b: '2' },
    out: 'c=1\na=1\\\r\n\nb=2\n',
  },
  { name: 'a dangling line that goes', text: 'a=1\\', wanted: { a: null, b: '2' }, out: 'b=2\n' },
  {
    name: 'awkward values',
    text: '',
    wanted: { a: ' x ', b: '中\u0000', c: 'a\\b\n\t', d: '#!=:', e: '' },
    out: 'a=\\ x \nb=\\u4E2D\\u0000\nc=a\\\\b\\n\\t\nd=#!=:\ne=\n',
  },
  { name: 'awkward keys', text: '', wanted: { 'a b=c:d#': '1' }, out: 'a\\ b\\=c\\:d\\#=1\n' },
  {
    name: 'a JDBC URL stays readable',
    text: '',
    wanted: { 'db.url.0': 'jdbc:mysql://h:3306/n?a=b&c=d' },
    out: 'db.url.0=jdbc:mysql://h:3306/n?a=b&c=d\n',
  },
]

for (const { name, text, wanted, out } of edits) test(name, () => assert.is(editProperties(text, wanted), out))

/** A random edit of keys that occur in the texts and of some that do not. */
function randomWanted(seed: number): Record<string, string | null> {
  const next = random(seed * 7 + 3)
  const keys = ['a', 'b', 'key.0', 'av', 'new', 'ne w', '中', '=', '', 'a A']
  const values = ['', '1', ' x', 'x ', '\\', '=', '#', 'a\nb', '中😀', 'long \\ value\\', null]
  return Object.fromEntries(
    keys.filter(() => next() < 0.4).map((key) => [key, values[Math.floor(next() * values.length)] ?? null]),
  )
}

test('laws: an edit does what was asked, touches nothing else, and a second one nothing at all', () => {
  for (let seed = 0; seed < 1500; seed++) {
    const text = randomText(seed)
    const wanted = randomWanted(seed)
    const before = parseProperties(text)
    const edited = editProperties(text, wanted)
    // A lone backslash at the end reads as an empty key until something follows it.
    if (/(^|[\r\n])[ \t\f]*\\[\r\n]?$/.test(text)) continue
    const says = JSON.stringify({ text, wanted, edited })
    for (const [key, value] of Object.entries(wanted)) {
      if (value === null) before.delete(key)
      else before.set(key, value)
    }
    assert.equal(sorted(parseProperties(edited)), sorted(before), says)
    assert.is(editProperties(edited, wanted), edited, says)
    assert.is(editProperties(text, {}), text, says)
    const own = Object.fromEntries(parseProperties(text))
    const comments = (all: string): string[] => all.split(/\r\n|\n|\r/).filter((line) => /^[ \t\f]*[#!]/.test(line))
    assert.equal(parseProperties(editProperties(text, own)), parseProperties(text), says)
    if (!text.includes('\\')) assert.equal(comments(edited).slice(0, comments(text).length), comments(text), says)
  }
})

test.run()
