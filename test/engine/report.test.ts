/** As whom a plan acts: said once for all hosts that act alike. */
import type { Become } from '../../lib/core/inventory.ts'
import { hostPlan } from '../../lib/engine/observe.ts'
import { play } from '../../lib/engine/play.ts'
import { planText } from '../../lib/engine/report.ts'
import { FakeWorld, fakeHost, run } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'
import { thing } from './thing.ts'

const test = suite('engine/report')

test('the plan says once how it comes to act as another user, and for a database not at all', () => {
  const sudo: Become = { method: 'sudo', user: 'root', password: null }
  const as = (name: string, user: string, become: Become | null) => {
    const host = fakeHost(name, null)
    return { ...host, machine: { ...host.machine, connection: { ...host.machine.connection, user, become } } }
  }
  const hosts = [as('a', 'deploy', sudo), as('b', 'deploy', sudo), as('c', 'root', null), as('d', 'ops', sudo)]
  const login = { user: 'x', host: 'h', port: 3306, password: '' } as never
  const plays = [
    play('first', hosts, () => []),
    play('data', [as('a', 'deploy', sudo)], () => [], { via: () => login }),
  ]
  const plans = plays.flatMap((one) =>
    one.hosts.map((host) => {
      const resource = thing('x')
      return hostPlan({
        assignment: { play: one, host, resources: [resource] },
        plans: [resource.plan(() => '', new Set())],
      })
    }),
  )
  assert.equal(
    planText(plans).map(({ text }) => text),
    [
      'first: a, b',
      '  as root through sudo, logged in as deploy',
      '  + thing:x',
      'first: c',
      '  + thing:x',
      'first: d',
      '  as root through sudo, logged in as ops',
      '  + thing:x',
      'data: a',
      '  + thing:x',
    ],
  )
})

test('a result carries it, for documents', async () => {
  const world = new FakeWorld()
  const host = fakeHost('a', null)
  const connection = { ...host.machine.connection, become: { method: 'su', user: 'app', password: null } as const }
  const site = [play('p', [{ ...host, machine: { ...host.machine, connection } }], () => [thing('x')])]
  const { result } = await run(site, world, { check: true })
  assert.is(result.plans[0]!.as, 'as app through su, logged in as root')
})

test.run()
