import { inspect } from 'node:util'
import type { Answers } from '../../lib/core/probe.ts'
import { noted, type Resource, resource } from '../../lib/core/resource.ts'
import { sha256 } from '../../lib/core/secret.ts'
import { tagged } from '../../lib/core/tagged.ts'
import { assert, suite } from '../kit.ts'

const test = suite('core/resource')

const nothing: Answers = () => ''
const named = (id: string, more: { readonly inputs?: readonly Resource[]; readonly declared?: string } = {}) =>
  resource({
    id,
    probe: [],
    read: () => null,
    desired: { word: 'hunter2', also: 'x' },
    secret: (key) => key === 'word',
    steps: () => [{ say: `make ${id}`, run: ':' }],
    ...more,
  })

test('a copy is a resource too', () => {
  const [copy] = tagged('t', [noted({ ...named('a:1') }, ['echo note'])])
  assert.equal(copy?.tags, ['t'])
  assert.is(copy?.digest(), named('a:1').digest())
  assert.equal(copy?.plan(nothing, new Set()).steps, [{ say: 'make a:1', run: 'echo note\n:' }])
})

test('the functions are the same for all: closures of each would be most of its memory', () => {
  const [one, other] = [named('a:1'), named('a:2')]
  for (const name of ['found', 'digest', 'plan'] as const) assert.is(one[name], other[name])
})

test('one that is printed shows nothing of what it declares', () => {
  const text = inspect(named('a:1', { declared: 'hunter2' }), { depth: null, showHidden: true })
  assert.match(text, /a:1/)
  assert.not.match(text, 'hunter2')
  assert.not.match(JSON.stringify(named('a:1', { declared: 'hunter2' })), 'hunter2')
})

test('a digest is of the id, the desired state by its keys, the inputs and what is declared beyond: hosts remember it', () => {
  const input = named('a:1')
  const state = [
    ['also', 'x'],
    ['word', 'hunter2'],
  ]
  assert.is(input.digest(), sha256(JSON.stringify(['a:1', state, []])))
  assert.is(
    named('b:1', { inputs: [input], declared: 'y' }).digest(),
    sha256(JSON.stringify(['b:1', state, [input.digest()], 'y'])),
  )
})

test.run()
