/** Procedures as people see them. */
import { join } from 'node:path'
import { openConsole } from '../../lib/edge/console.ts'
import { carryOut } from '../../lib/engine/perform.ts'
import { done, due, type Procedure } from '../../lib/engine/procedure.ts'
import { procedureRecap } from '../../lib/engine/procedure-report.ts'
import { FakeWorld } from '../../lib/testing.ts'
import { golden } from '../golden.ts'
import { suite } from '../kit.ts'
import { captured } from './captured.ts'
import { h2, shut, tester, works } from './valve.ts'

const test = suite('engine/procedure-transcript')

/** One run as its operator sees it. */
async function seen(
  title: string,
  procedure: Procedure,
  world: FakeWorld,
  check = false,
  stop?: AbortController,
): Promise<string> {
  const text = await captured(async () => {
    const screen = openConsole({ json: false, check, verbosity: 0, diff: false }, null)
    const result = await carryOut(procedure, world, {
      check,
      identity: tester,
      signal: (stop ?? new AbortController()).signal,
      report: (event) => screen.report(event),
    })
    screen.result(procedureRecap(result, check, 12.34, 'npx tsx playbooks/plant.ts -i prod'))
    screen.end()
  })
  return `$ ${title}\n${text}\n`
}

test('planned, done, done before, stuck, failing, lost and interrupted: what is seen', async () => {
  let closing = 0
  const valves: Procedure = {
    name: 'stop the plant',
    actions: [
      shut('a'),
      shut('b', h2),
      {
        name: 'wait until it is cold',
        after: ['shut b'],
        wants: 'the plant is cold',
        deadline: 3,
        look: async () => (closing++ < 2 ? due('80 degrees', 'wait') : done('20 degrees')),
      },
    ],
    notes: ['It stays cold until somebody starts it.'],
  }
  const world = new FakeWorld()
  works(world, 'a', 'b')
  const parts = [
    await seen('plant.ts --check', valves, world, true),
    await seen('plant.ts', valves, world),
    await seen('plant.ts, again', valves, world),
  ]
  world.machine('h2').answer('is:b', 'stuck')
  parts.push(await seen('plant.ts --check, a valve is stuck', valves, world, true))
  world.machine('h2').answer('is:b', 'open').fail('turn b', 1, 'it squeaks')
  parts.push(await seen('plant.ts, and a step fails', valves, world))
  const stop = new AbortController()
  world.machine('h2').on('turn b', () => {
    stop.abort()
    world.machine('h2').answer('is:b', 'shut')
    return undefined
  })
  closing = 0
  parts.push(await seen('plant.ts, interrupted', valves, world, false, stop))
  world.machine('h2').answer('is:b', 'open').lose('turn b')
  parts.push(await seen('plant.ts, and the connection is lost', valves, world))
  golden(join(import.meta.dirname, 'golden/procedure.txt'), parts.join('\n'))
})

test.run()
