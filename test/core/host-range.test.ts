import fc from 'fast-check'
import { expandHosts, foldHosts } from '../../lib/core/host-range.ts'
import { assert, suite } from '../kit.ts'

const test = suite('host range')

const cases: readonly [name: string, hosts: readonly string[]][] = [
  ['web', ['web']],
  ['web[1:3]', ['web1', 'web2', 'web3']],
  ['web[01:03].example.com', ['web01.example.com', 'web02.example.com', 'web03.example.com']],
  ['web[08:11]', ['web08', 'web09', 'web10', 'web11']],
  ['db-[a:c]', ['db-a', 'db-b', 'db-c']],
  ['n[0:9:3]', ['n0', 'n3', 'n6', 'n9']],
  ['n[:2]', ['n0', 'n1', 'n2']],
  ['r[1:2]n[a:b]', ['r1na', 'r1nb', 'r2na', 'r2nb']],
  ['web[3:3]', ['web3']],
]
for (const [name, hosts] of cases) test(name, () => assert.equal(expandHosts(name), hosts))

const bad: readonly [name: string, what: string][] = [
  ['web[3:1]', 'ends before it begins'],
  ['web[c:a]', 'ends before it begins'],
  ['web[01:100]', 'differ in length'],
  ['web[a:3]', 'neither from number to number'],
  ['web[1:]', 'neither from number to number'],
  ['web[1:3:0]', 'first:last:step'],
  ['web[1:2:3:4]', 'first:last:step'],
  ['web[1:99999999]', 'more than 10000 hosts'],
  ['web[1:999]n[1:999]', 'more than 10000 hosts'],
]
for (const [name, what] of bad) {
  test(`${name} is refused`, () => {
    assert.throws(
      () => expandHosts(name),
      (error: Error) => error instanceof RangeError && error.message.includes(what),
    )
  })
}

const range = (from: number, to: number, name: (number: number) => string): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, at) => name(from + at))
const two = (number: number): string => String(number).padStart(2, '0')

const folds: readonly [names: readonly string[], words: readonly string[]][] = [
  [[], []],
  [['web'], ['web']],
  [
    ['web1', 'web2'],
    ['web1', 'web2'],
  ],
  [['web1', 'web2', 'web3'], ['web[1:3]']],
  [range(1, 40, (n) => `web${two(n)}`).concat('web43'), ['web[01:40]', 'web43']],
  [range(8, 12, (n) => `web${n}`), ['web[8:12]']],
  [range(8, 12, (n) => `web${two(n)}`), ['web[08:12]']],
  [range(98, 101, (n) => `web${two(n)}`), ['web[98:101]']],
  [['web098', 'web099', 'web100', 'web101'], ['web[098:101]']],
  [
    ['web08', 'web09', 'web10', 'web011'],
    ['web[08:10]', 'web011'],
  ],
  [
    ['web1', 'web02', 'web3'],
    ['web1', 'web02', 'web3'],
  ],
  [
    ['n3', 'n1', 'db', 'n2'],
    ['n[1:3]', 'db'],
  ],
  [
    ['web', 'web1', 'web2'],
    ['web', 'web1', 'web2'],
  ],
  [
    ['web', 'web0', 'web1', 'web2'],
    ['web', 'web[0:2]'],
  ],
  [range(1, 3, (n) => `web${n}.dc2.example`), ['web[1:3].dc2.example']],
  [range(1, 3, (n) => `dc1-web${n}`), ['dc1-web[1:3]']],
  [range(7, 9, (n) => `10.0.0.${n}`), ['10.0.0.[7:9]']],
  [
    [...range(1, 3, (n) => `a${n}x`), ...range(1, 3, (n) => `b${n}x`)],
    ['a[1:3]x', 'b[1:3]x'],
  ],
  [
    ['n99999999999999999', 'n100000000000000000', 'n100000000000000001'],
    ['n99999999999999999', 'n100000000000000000', 'n100000000000000001'],
  ],
]
for (const [names, words] of folds) {
  test(`folded: ${words.join(', ')}`, () => {
    assert.equal(foldHosts(names), words)
    assert.equal(words.flatMap(expandHosts).sort(), [...names].sort(), 'and back')
  })
}

test('what is folded stands for the same names, whatever they are', () => {
  const digits = fc.oneof(fc.constantFrom('00', '07', '09', '007', '999999999999999'), fc.nat(12).map(String))
  const number = fc.oneof(fc.constant(''), fc.nat(3).map(String), digits)
  const name = fc
    .tuple(fc.constantFrom('web', 'db-'), number, fc.constantFrom('', '.x'), number)
    .map((parts) => parts.join(''))
    .filter((name) => name !== '')
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 12 }), (names) => {
      assert.equal(foldHosts(names).flatMap(expandHosts).sort(), [...names].sort())
    }),
    { numRuns: 2000 },
  )
})

test.run()
