/** What a gate says beside "not yet": the picture of its cluster, causes that it can't tell, and that it can't look at all. */

import { hostError, unreachable } from '../../lib/core/error.ts'
import { resource } from '../../lib/core/resource.ts'
import type { Topology } from '../../lib/core/topology.ts'
import { play } from '../../lib/engine/play.ts'
import type { Event, Result } from '../../lib/engine/world.ts'
import { FakeWorld, run } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'
import { gateOf, hosts, there, thing, works } from './thing.ts'

const test = suite('engine/wait')

const picture = (state: string): Topology => ({
  members: [
    {
      host: 'h1',
      address: '10.0.0.1',
      version: '1',
      state,
      well: state === 'UP',
      leads: [],
      seen: [{ by: 'h1', state }],
    },
  ],
})
const told = (events: readonly Event[]): readonly string[] =>
  events.flatMap((event) =>
    event.kind === 'topology'
      ? [`${event.play}, ${event.gate}: ${event.topology.members.map(({ state }) => state).join(' ')}`]
      : event.kind === 'waiting' || event.kind === 'passed'
        ? [event.kind]
        : [],
  )
const problems = ({ failures }: Result): readonly string[] =>
  failures.flatMap((failure) => failure.problems.map(({ what }) => `${failure.host} ${failure.kind}: ${what}`))
const lost = unreachable({ where: 'h1', what: 'the cable is out', remedy: 'look' })

test('what a gate has seen is told, each picture once', async () => {
  const world = new FakeWorld()
  works(world, 'h1', 'a')
  const seen = ['DOWN', 'DOWN', 'STARTING', 'UP']
  const { gate } = gateOf(world)
  const missing: typeof gate.missing = async (_scope, _look, shown) => {
    const state = seen.shift() ?? 'UP'
    shown?.(picture(state))
    return state === 'UP' ? [] : [{ host: 'h1', what: state }]
  }
  const { events } = await run([play('p', hosts('h1'), () => [thing('a')], { gate: { ...gate, missing } })], world)
  assert.equal(told(events), [
    ...['p, all is well: DOWN', 'waiting', 'waiting'],
    ...['p, all is well: STARTING', 'waiting', 'p, all is well: UP', 'passed'],
  ])
})

test('a gate that is asked in two ways shows what it sees in the first: two pictures in turn would be news each second', async () => {
  const world = new FakeWorld()
  works(world, 'h1', 'a')
  works(world, 'h2', 'a')
  const { gate } = gateOf(world, () => [], { serving: async () => new Set(['h1', 'h2']) })
  const asked = new Set<string>()
  const missing: typeof gate.missing = async (_scope, { expected }, shown) => {
    const names = [...expected].join(' ')
    asked.add(names)
    shown?.(picture(names))
    return [...expected].map((host) => ({ host, what: 'is not well' }))
  }
  const site = [play('p', hosts('h1', 'h2'), () => [thing('a')], { serial: 1, gate: { ...gate, missing } })]
  const { events } = await run(site, world)
  assert.equal([...asked], ['h1 h2', 'h2'])
  assert.equal(
    told(events).filter((one) => one !== 'waiting'),
    ['p, all is well: h1 h2'],
  )
})

test('one that does not open may draw its picture as it explains', async () => {
  const world = new FakeWorld()
  works(world, 'h1', 'a')
  const { gate } = gateOf(world, () => [{ host: 'h1', what: 'silent', final: true }], {
    explain: async (_scope, _missing, shown) => {
      shown?.(picture('DOWN'))
      return []
    },
  })
  const { events } = await run([play('p', hosts('h1'), () => [thing('a')], { gate })], world)
  assert.equal(told(events), ['p, all is well: DOWN'])
})

test('a gate that can not explain does not hide what is missing, nor what still differs', async () => {
  const explain = async (): Promise<never> => {
    throw hostError({ where: 'h1', what: 'its log can not be read', remedy: 'look' })
  }
  const shut = new FakeWorld()
  works(shut, 'h1', 'a')
  const { gate } = gateOf(shut, () => [{ host: 'h1', what: 'silent', final: true }], { explain })
  const site = [play('p', hosts('h1'), () => [thing('a')], { gate })]
  assert.equal(problems((await run(site, shut)).result), ['h1 failed: silent', 'h1 failed: its log can not be read'])

  const idle = new FakeWorld()
  const { result } = await run([play('p', hosts('h1'), () => [thing('a')], { gate })], idle)
  assert.equal(problems(result), [
    'h1 failed: state is not there after the apply, expected new',
    'h1 failed: its log can not be read',
  ])
  assert.match(idle.machine('h1').traces.at(-1)!.line, /end: failed$/)
})

test('of a service that does not start the gate names the cause, and is not asked of a file that can not be written', async () => {
  const plain = resource<{ readonly [key: string]: string }>({
    id: 'plain:a',
    probe: [],
    read: () => null,
    desired: { state: 'new' },
    steps: () => [{ say: 'make a', run: 'make a' }],
  })
  for (const [one, cause] of [
    [thing('a'), ['h1 failed: the JDK is too old']],
    [plain, []],
  ] as const) {
    const world = new FakeWorld()
    world.machine('h1').on('make a', () => ({ code: 1, stderr: 'Job failed' }))
    const explain = async () => [{ where: 'h1: wrong JDK', what: 'the JDK is too old', remedy: 'take another' }]
    const { gate } = gateOf(world, () => [], { explain })
    const { result } = await run([play('p', hosts('h1'), () => [one], { gate })], world)
    assert.equal(problems(result).slice(1), cause)
  }
})

test('a gate that can not tell who serves is a failure of its play, also where nothing differs', async () => {
  const world = new FakeWorld()
  there(world, 'h1', 'a')
  const { gate } = gateOf(world, () => [], {
    serving: async () => {
      throw lost
    },
  })
  const whole = play('p', hosts('h1', 'h2'), () => [thing('a')], { gate })
  for (const check of [false, true]) {
    const { result } = await run([{ ...whole, hosts: whole.hosts.slice(0, 1) }], world, { check })
    assert.equal(problems(result), ['h1 unreachable: the cable is out'])
  }
})

test.run()
