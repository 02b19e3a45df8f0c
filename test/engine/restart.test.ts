/** A unit and what it runs with in different plays, or on two hosts of one machine: what is planned for it is what is done. */
import { sha256 } from '../../lib/core/secret.ts'
import { Planned } from '../../lib/engine/planned.ts'
import { type Play, play } from '../../lib/engine/play.ts'
import type { Event } from '../../lib/engine/world.ts'
import { directory } from '../../lib/resources/directory.ts'
import { file } from '../../lib/resources/file.ts'
import { environmentFile, inputOf, unit, unitFile } from '../../lib/resources/unit.ts'
import { canned, FakeWorld, fakeHost, run } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'

const test = suite('engine/restart')

const config = inputOf('app', file('/etc/app.conf', { content: 'x=1\n' }))
const definition = '[Service]\nType=exec\nEnvironmentFile=/etc/plinth/app.env\nExecStart=/opt/app/run\n'
const service = [directory('/etc/plinth', { mode: '0700' }), ...unit('app', { definition, runs: [config] })]
const environment = String(service[2]?.plan(canned({}), new Set()).steps[0]?.input)

/** A host on which all is as declared and runs, but for an edit of its configuration by hand that was never read. */
function edited(): FakeWorld {
  const world = new FakeWorld()
  const machine = world.machine('m1').answer('firstLine:/etc/machine-id', 'a'.repeat(32))
  const start = Date.UTC(2026, 0, 1, 8) / 1000
  const holds = (path: string, content: string, mode = '644', changed = start): void => {
    machine.answer(`stat:${path}`, `regular file|${mode}|root|root|4|${changed}`)
    machine.answer(`hash:${path}`, sha256(content))
  }
  const shows = (stale: string): void => {
    machine.answer(
      'unit:app.service',
      `LoadState=loaded
ActiveState=active
UnitFileState=enabled
NeedDaemonReload=no
CanReload=no
InvocationID=cafe
Started=cafe
ExecMainStartTimestamp=Thu 2026-01-01 08:00:00 UTC
ExecMainStartTimestampMonotonic=1000000000
Now=${start + 3600} 4600.00
Stale=${stale}
${environment.trim()}`,
    )
  }
  machine.answer('stat:/etc/plinth', 'directory|700|root|root|60')
  holds('/etc/app.conf', 'edited', '644', start + 600)
  holds(unitFile('app'), definition)
  holds(environmentFile('app'), environment, '600')
  shows('no')
  machine.on('write /etc/app.conf', () => {
    holds('/etc/app.conf', 'x=1\n', '644', start + 3600)
    shows('yes')
    return undefined
  })
  for (const say of ['restart app.service', 'take back the note that app.service needs a restart'])
    machine.on(say, () => {
      shows('no')
      return undefined
    })
  return world
}

const h1 = fakeHost('h1', null, 'm1')
const h2 = fakeHost('h2', null, 'm1')
const again = inputOf('other', config)

const sites: Readonly<Record<string, { readonly plays: readonly Play[]; readonly restarts: boolean }>> = {
  'in one list': { plays: [play('all', [h1], () => [config, ...service])], restarts: false },
  'in an earlier play': {
    plays: [play('configuration', [h1], () => [config]), play('service', [h1], () => service)],
    restarts: true,
  },
  'in an earlier play, and in its own list too': {
    plays: [play('configuration', [h1], () => [config]), play('service', [h1], () => [config, ...service])],
    restarts: true,
  },
  'for another host of the machine': {
    plays: [play('all', [h2, h1], ({ name }) => (name === 'h2' ? [again] : [config, ...service]), { serial: 1 })],
    restarts: true,
  },
}

/** The steps that were planned for the unit's host, and those that were taken, once each. */
const planned = (events: readonly Event[]): readonly string[] => [
  ...new Set(
    events.flatMap((event) =>
      event.kind === 'planned'
        ? event.plans.flatMap(({ plans }) => plans.flatMap(({ steps }) => steps.map(({ say }) => say)))
        : [],
    ),
  ),
]
const taken = (world: FakeWorld): readonly string[] => world.machine('m1').steps.map(({ say }) => say)

for (const [where, { plays, restarts }] of Object.entries(sites)) {
  test(`an input that changes back ${where}: what is planned is done, also from a saved plan`, async () => {
    const world = edited()
    const saved = await run(plays, world, { check: true, planned: new Planned(null) })
    assert.equal(taken(world), [])
    const expected = [
      'write /etc/app.conf',
      restarts ? 'restart app.service' : 'take back the note that app.service needs a restart',
    ]
    assert.equal(planned(saved.events), expected)
    const { result, events } = await run(plays, world)
    assert.equal(result.failures, [])
    assert.equal(planned(events), expected)
    assert.equal(taken(world), expected)

    const other = edited()
    const plan = { plinth: '1', made: '2020-01-01T00:00:00Z', playbook: 'a test', selection, ...saved.result.record! }
    const applied = await run(plays, other, { planned: new Planned(plan) })
    assert.equal(applied.result.failures, [])
    assert.equal(taken(other), expected)
    assert.equal((await run(plays, other)).result.failures, [])
    assert.equal(taken(other), expected, 'a run after it finds nothing to do')
  })
}
const selection = { inventory: [], limit: null, extraVars: [], prune: false }

test.run()
