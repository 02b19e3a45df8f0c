import { nearest, suggestion } from '../../lib/core/nearest.ts'
import { assert, suite } from '../kit.ts'

const test = suite('nearest')
const keys = ['version', 'port', 'home', 'token', 'properties']

const cases: readonly [wrong: string, right: string | null][] = [
  ['verison', 'version'],
  ['Version', 'version'],
  ['prot', 'port'],
  ['properteis', 'properties'],
  ['tokens', 'token'],
  ['hme', 'home'],
  ['x', null],
  ['password', null],
  ['', null],
]
for (const [wrong, right] of cases) {
  test(`${JSON.stringify(wrong)} means ${right}`, () => assert.is(nearest(wrong, keys), right))
}

test('the first of equally near names wins', () => assert.is(nearest('nacos4', ['nacos1', 'nacos2']), 'nacos1'))

test('a suggestion names what is known', () => {
  assert.is(suggestion('prot', keys), 'did you mean "port"? known: version, port, home, token, properties')
  assert.is(suggestion('zzz', ['a', 'b'], 'group'), 'use a known group: a, b')
  assert.is(suggestion('zzz', [], 'group'), 'remove it: no group is defined')
  const many = Array.from({ length: 40 }, (_, i) => `name${i}`)
  const shown = suggestion('zzz', many)
  assert.ok(shown.endsWith(', …') && shown.length < 200, shown)
  // At least three, however long they are.
  assert.ok(
    suggestion(
      'zzz',
      many.map((name) => name.repeat(20)),
    ).includes('name2name2'),
  )
})

test.run()
