/** Values of INI inventories. What Python says of them is compared in test/edge/ansible; here is what it must never do. */
import { type Located, LocatedList, LocatedMap } from '../../lib/core/located.ts'
import { pythonValue } from '../../lib/core/python-literal.ts'
import { assert, suite } from '../kit.ts'

const test = suite('python literal')
const at = { file: 'hosts.ini', line: 1, column: 1 }
const plain = (value: Located): unknown =>
  value instanceof LocatedMap
    ? Object.fromEntries([...value.entries].map(([key, entry]) => [key, plain(entry.value)]))
    : value instanceof LocatedList
      ? value.items.map(plain)
      : value.value

const cases: readonly (readonly [source: string, value: unknown])[] = [
  ['5', 5],
  ['-5', -5],
  ['1.50', 1.5],
  ['0x1F', 31],
  ['1_000', 1000],
  ['007', '007'],
  ['2.2.4', '2.2.4'],
  ['10.0.0.1', '10.0.0.1'],
  ['True', true],
  ['true', 'true'],
  ['None', null],
  ['"a b"', 'a b'],
  [`"it's"`, "it's"],
  ["'a' 'b'", 'ab'],
  ['"a\\n"', 'a\n'],
  ['r"a\\n"', 'a\\n'],
  ['[1, "a", [True]]', [1, 'a', [true]]],
  ["{'a': 1, 'b': [2]}", { a: 1, b: [2] }],
  ['(1, 2)', [1, 2]],
  ['1, 2', [1, 2]],
  ['5 # comment', 5],
  ['a # comment', 'a # comment'],
  ['-o A=b -o "C d"', '-o A=b -o "C d"'],
  ['', ''],
  ["'open", "'open"],
  ['[1, 2', '[1, 2'],
  ['__import__("os")', '__import__("os")'],
  ['1 + 2', '1 + 2'],
]
for (const [source, value] of cases)
  test(`${source === '' ? 'nothing' : source} is ${JSON.stringify(value)}`, () =>
    assert.equal(plain(pythonValue(source, at)), value))

test('a value keeps its text, so that a schema reads a version as it is written', () => {
  const version = pythonValue('2.10', at)
  assert.is('text' in version && version.text, '2.10')
  const quoted = pythonValue('"2.10"', at)
  assert.is('text' in quoted && quoted.text, '2.10')
})

test('a value of an encrypted file is marked as such, within lists too', () => {
  const value = pythonValue('["a"]', at, true)
  assert.ok(value instanceof LocatedList)
  if (value instanceof LocatedList) assert.ok('hidden' in value.items[0]! && value.items[0].hidden)
})

test('brackets without end do not end the stack', () => {
  assert.is(plain(pythonValue('['.repeat(100_000), at)), '['.repeat(100_000))
})

test.run()
