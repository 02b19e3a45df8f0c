import { lazily } from '../../lib/core/lazily.ts'
import { once } from '../../lib/core/once.ts'
import { assert, suite } from '../kit.ts'

const test = suite('core/lazily')

test('a property is made when it is read, and once', () => {
  let made = 0
  const withLines = lazily<'lines', readonly string[]>('lines')
  const one = withLines({ id: 'a' }, () => [String(++made)])
  assert.is(made, 0)
  assert.equal(one.lines, ['1'])
  assert.is(one.lines, one.lines)
  assert.is(made, 1)
})

test('a copy has it, JSON has it, and it is compared like any other', () => {
  const withLines = lazily<'lines', readonly string[]>('lines')
  const make = () => withLines({ id: 'a' }, () => ['x'])
  assert.equal(Object.keys(make()), ['id', 'lines'])
  assert.equal({ ...make() }.lines, ['x'])
  assert.is(JSON.stringify(make()), '{"id":"a","lines":["x"]}')
  assert.equal(make(), { id: 'a', lines: ['x'] } as ReturnType<typeof make>)
})

test('all objects share one getter: with one each, no two would have one shape', () => {
  const withLines = lazily<'lines', string>('lines')
  const getter = (one: object) => Object.getOwnPropertyDescriptor(one, 'lines')?.get
  assert.ok(getter(withLines({}, () => 'a')))
  assert.is(getter(withLines({}, () => 'a')), getter(withLines({}, () => 'b')))
})

test('two properties of one object are made each by itself', () => {
  const seen: string[] = []
  const withA = lazily<'a', string>('a')
  const withB = lazily<'b', string>('b')
  const one = withB(
    withA({}, () => String(seen.push('a'))),
    () => String(seen.push('b')),
  )
  assert.is(one.b, '1')
  assert.equal(seen, ['b'])
  assert.is(one.a, '2')
})

test('once: the same thing for all who call', () => {
  let made = 0
  const make = once(() => ({ number: ++made }))
  assert.is(make(), make())
  assert.is(made, 1)
})

test.run()
