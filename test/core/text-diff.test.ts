/** What people see of two texts, and what no text does to their terminal. */
import { textDiff } from '../../lib/core/text-diff.ts'
import { jsonText, visible } from '../../lib/core/visible.ts'
import { assert, suite } from '../kit.ts'

const test = suite('text-diff')
const numbers = (count: number): string => Array.from({ length: count }, (_, at) => `line ${at + 1}\n`).join('')

const cases: readonly [name: string, before: string, after: string, lines: readonly string[]][] = [
  ['equal', 'a\n', 'a\n', []],
  ['both empty', '', '', []],
  ['a line more', 'a\n', 'a\nb\n', ['@@ -1,1 +1,2 @@', ' a', '+b']],
  ['new', '', 'a\nb\n', ['@@ -0,0 +1,2 @@', '+a', '+b']],
  ['emptied', 'a\n', '', ['@@ -1,1 +0,0 @@', '-a']],
  ['no end of line', 'a\n', 'a', ['@@ -1,1 +1,1 @@', '-a', '+a', '\\ No newline at end of file']],
  ['ends of lines as DOS has them', 'a\r\n', 'a\n', ['@@ -1,1 +1,1 @@', '-a\\r', '+a']],
  ['blanks at the end are part of the line', 'a\n', 'a \n', ['@@ -1,1 +1,1 @@', '-a', '+a ']],
  ['an empty line at the end', 'a\n', 'a\n\n', ['@@ -1,1 +1,2 @@', ' a', '+']],
  ['中文', '名字\n', '名称\n', ['@@ -1,1 +1,1 @@', '-名字', '+名称']],
  [
    'three lines around a change',
    numbers(20),
    numbers(20).replace('line 10\n', 'other\n'),
    ['@@ -7,7 +7,7 @@', ' line 7', ' line 8', ' line 9', '-line 10', '+other', ' line 11', ' line 12', ' line 13'],
  ],
  ['what a terminal would obey', 'a\n', '\x1b[2J\n', ['@@ -1,1 +1,1 @@', '-a', '+\\x1b[2J']],
]
for (const [name, before, after, lines] of cases) test(name, () => assert.equal(textDiff(before, after), lines))

test('a file that is new is shown whole, however long; one of which too much differs is not', () => {
  assert.is(textDiff('', numbers(30_000))?.length, 30_001)
  assert.is(textDiff(numbers(30_000), '')?.length, 30_001)
  assert.is(textDiff(numbers(251), numbers(251).replaceAll('line', 'row')), undefined)
  assert.is(textDiff(numbers(250), numbers(250).replaceAll('line', 'row'))?.length, 501)
})

const shown: readonly [text: string, visible: string][] = [
  ['plain, 中文, é, 👍🏽, tab\t, two\nlines', 'plain, 中文, é, 👍🏽, tab\t, two\nlines'],
  ['\x1b]0;title\x07', '\\x1b]0;title\\x07'],
  ['\x9b31m', '\\x9b31m'],
  ['a\rb\bc\x7f\0', 'a\\rb\\x08c\\x7f\\x00'],
  ['\u202egnp.exe', '\\u202egnp.exe'],
  ['\u2066a\u2069\u200f\u2028\ufeff', '\\u2066a\\u2069\\u200f\\u2028\\ufeff'],
]
for (const [text, expected] of shown) test(`visible: ${expected}`, () => assert.is(visible(text), expected))

test('JSON for a terminal is the same JSON', () => {
  const value = { 中: ['x\u009b2Jy\u202e', 'a\tb\nc\x1b\x7f\u2028', '"\\u202e"'] }
  for (const indent of [undefined, 2]) {
    const text = jsonText(value, indent)
    assert.equal(JSON.parse(text), value)
    assert.is(visible(text), text)
    assert.is(text.includes('\n'), indent !== undefined)
  }
})

test.run()
