/** What a playbook may hand over: mistakes that no compiler has seen are refused with the place they are in. */
import { PlinthError } from '../../lib/core/error.ts'
import { LocatedMap } from '../../lib/core/located.ts'
import { type Params, params, text } from '../../lib/core/schema.ts'
import { assign } from '../../lib/engine/assignment.ts'
import { Fleet } from '../../lib/engine/fleet.ts'
import { checkPlays, type Play, play } from '../../lib/engine/play.ts'
import { plainFacts } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'
import { hosts, thing } from './thing.ts'

const test = suite('engine/play')

function refused(make: () => unknown): string {
  try {
    make()
  } catch (error) {
    if (!(error instanceof PlinthError)) throw error
    assert.is(error.code, 4)
    return error.message
  }
  return ''
}

const right = play('app', hosts('h1'), () => [thing('a')])

test('a site is a list of plays', () => {
  assert.is(
    refused(() => checkPlays([right])),
    '',
  )
  for (const [given, what] of [
    [undefined, 'returns undefined, not a list of plays'],
    [right, 'returns an object, not a list of plays'],
    [[right, [right]], 'place 2 of its list is a list, not a play'],
    [[undefined], 'place 1 of its list is undefined, not a play'],
    [[false], 'place 1 of its list is a boolean, not a play'],
    [[thing('a')], 'place 1 of its list is an object, not a play'],
  ] as const)
    assert.is(
      refused(() => checkPlays(given)),
      `main's function: ${what}; return [play(…), play(…)]`,
    )
})

test('a play has a name of its own: what is shown, saved and allowed to fail is told apart by it', () => {
  const named = (name: string) => play(name, hosts('h1'), () => [thing('a')])
  assert.is(
    refused(() => checkPlays([named('app'), named('web'), named('App')])),
    '',
  )
  assert.is(
    refused(() => checkPlays([named('web'), named('app'), named('db'), named('app'), named('app')])),
    'play app: places 2, 4 and 5 of the list have this name; give each play a name of its own: recap, reports and saved plans tell them apart by it',
  )
})

test('what a host should be is a list of resources', () => {
  const spread = 'spread it: ...unit(…)'
  const perhaps = 'for one that is not always there: ...(condition ? [file(…)] : [])'
  for (const [made, what, remedy] of [
    [undefined, 'its function returns undefined, not a list of resources', 'return [ … ]'],
    [thing('a'), 'its function returns an object, not a list of resources', 'return [ … ]'],
    [
      Promise.resolve([]),
      'its function returns a promise, not a list of resources',
      'make it, and the role, no async function',
    ],
    [[thing('a'), [thing('b')]], 'place 2 of its list is a list, not a resource', spread],
    [[false, thing('a')], 'place 1 of its list is a boolean, not a resource', perhaps],
    [[undefined], 'place 1 of its list is undefined, not a resource', perhaps],
    [[right], 'place 1 of its list is an object, not a resource', perhaps],
  ] as const) {
    const [host] = hosts('h1')
    const site: readonly Play[] = [play('app', [host!], () => made as never)]
    assert.is(
      refused(() => assign(site, host!.machine, plainFacts)),
      `play app on h1: ${what}; ${remedy}`,
    )
  }
})

test('a play has hosts, a function and numbers that get somewhere', () => {
  const made = (...given: readonly unknown[]): string =>
    refused(() => (play as (...given: readonly unknown[]) => Play)(...given))
  assert.is(
    made('app', undefined, () => []),
    'play app: its hosts are undefined, not a list; give fleet.group(…)',
  )
  assert.is(
    made('app', [], [thing('a')]),
    'play app: what its hosts should be is a list, not a function; give (host, facts) => [ … ]',
  )
  const remedy = 'give a number of hosts or a part of them: 1, 30%'
  assert.is(
    made('app', [], () => [], { serial: [] }),
    `play app: serial: a list without a number; ${remedy}`,
  )
  for (const name of ['serial', 'maxFailures'])
    assert.match(
      made('app', [], () => [], { [name]: '-1' }),
      new RegExp(`^play app: ${name}: expected a number of hosts or a percentage, found .*; ${remedy}$`),
    )
})

test('groups have schemas, and schemas are made of schemas', () => {
  const at = { file: 'lab.yaml', line: 1, column: 1 }
  const nothing = new LocatedMap(at, new Map())
  const fleet = new Fleet({ hosts: [], groups: new Map(), given: nothing, hostsIn: () => [], select: () => [] }, () =>
    Promise.reject(new Error('no archive')),
  )
  const remedy = 'give params({ … }) with the variables of its hosts'
  for (const [schema, kind] of [
    [undefined, 'undefined'],
    [params, 'a function'],
    [{}, 'an object'],
  ] as const)
    assert.is(
      refused(() => fleet.group('apps', schema as unknown as Params<object & Record<never, never>>)),
      `group apps: its schema is ${kind}; ${remedy}`,
    )
  assert.match(
    refused(() => params({ user: text as never })),
    /\/test\/engine\/play\.test\.ts:\d+:\d+: user is a function, not a schema; call one: user: text\(\)$/,
  )
})

test.run()
