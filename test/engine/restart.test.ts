/** A unit and what it runs with in different plays, or on two hosts of one machine: what is planned for it is what is done. */
import type { SavedPlan } from '../../lib/core/saved-plan.ts'
import { sha256 } from '../../lib/core/secret.ts'
import { Planned } from '../../lib/engine/planned.ts'
import { type Play, play } from '../../lib/engine/play.ts'
import { restartLines } from '../../lib/engine/unselected.ts'
import type { Event } from '../../lib/engine/world.ts'
import { directory } from '../../lib/resources/directory.ts'
import { file } from '../../lib/resources/file.ts'
import { environmentFile, unit } from '../../lib/resources/unit.ts'
import { inputOf, unitFile } from '../../lib/resources/unit-input.ts'
import { canned, FakeWorld, fakeHost, plainFacts, run } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'

const test = suite('engine/restart')

const config = inputOf('app', file('/etc/app.conf', { content: 'x=1\n' }))
const definition =
  '[Service]\nType=exec\nEnvironmentFile=/etc/plinth/app.env\nExecStart=/opt/app/run\n[Install]\nWantedBy=multi-user.target\n'
const service = [directory('/etc/plinth', { mode: '0700' }), ...unit('app', { definition, runs: [config] })]
const environment = String(service[2]?.plan(canned({}), new Set()).steps[0]?.input)

/**
 * A host on which all is as declared and runs, but for an edit of its configuration by hand.
 * @param edit seconds between the start of the service and the edit
 * @param again whether it is edited once more, when it was made right for the first time
 */
function edited(edit = 600, again = false): FakeWorld {
  const world = new FakeWorld()
  world.facts.set('m1', plainFacts)
  const machine = world.machine('m1').answer('firstLine:/etc/machine-id', 'a'.repeat(32))
  const start = Date.UTC(2026, 0, 1, 8) / 1000
  const holds = (path: string, content: string, mode = '644', changed = start): void => {
    machine.answer(`stat:${path}`, `regular file|${mode}|root|root|4|${changed}`)
    machine.answer(`hash:${path}`, sha256(content))
  }
  /** @param note when what was touched had been changed before */
  const shows = (note?: number): void => {
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
${environment.trim()}${note === undefined ? '' : `\nStale=${note} `}`,
    )
  }
  machine.answer('stat:/etc/plinth', 'directory|700|root|root|60')
  holds('/etc/app.conf', 'edited', '644', start + edit)
  holds(unitFile('app'), definition)
  holds(environmentFile('app'), environment, '600')
  shows()
  machine.on('write /etc/app.conf', () => {
    holds('/etc/app.conf', 'x=1\n', '644', start + 3600)
    shows(start + edit)
    return undefined
  })
  for (const say of ['restart app.service', 'take back the note that app.service needs a restart'])
    machine.on(say, () => {
      shows()
      return undefined
    })
  let left = again ? 1 : 0
  machine.trace = async ({ line }) => {
    if (line.includes(' end: ') && left-- > 0) holds('/etc/app.conf', 'edited', '644', start + edit)
  }
  return world
}

const h1 = fakeHost('h1', null, 'm1')
const h2 = fakeHost('h2', null, 'm1')
const again = inputOf('other', config)

const sites: Readonly<Record<string, readonly Play[]>> = {
  'in one list': [play('all', [h1], () => [config, ...service])],
  'in an earlier play': [play('configuration', [h1], () => [config]), play('service', [h1], () => service)],
  'in an earlier play, and in its own list too': [
    play('configuration', [h1], () => [config]),
    play('service', [h1], () => [config, ...service]),
  ],
  'for another host of the machine': [
    play('all', [h2, h1], ({ name }) => (name === 'h2' ? [again] : [config, ...service]), { serial: 1 }),
  ],
  'for two hosts of the machine that share the service': [
    play('all', [h1, h2], () => [config, ...service], { serial: 1 }),
  ],
  'in two plays that both have the service': [
    play('all', [h1], () => [config, ...service]),
    play('again', [h1], () => [config, ...service]),
  ],
}
const edits: Readonly<Record<string, { readonly edit: number; readonly last: string }>> = {
  'was never read': { edit: 600, last: 'take back the note that app.service needs a restart' },
  'may have been read': { edit: 60, last: 'restart app.service' },
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

const selection = { inventory: [], limit: null, extraVars: [], prune: false }
const head = { plinth: '1', made: '2020-01-01T00:00:00Z', playbook: 'a test', selection }

/** The plan of a site as a file has it. */
async function planOf(plays: readonly Play[], world: FakeWorld): Promise<SavedPlan> {
  const { result } = await run(plays, world, { check: true, planned: new Planned(null) })
  return { ...head, ...result.record! }
}

for (const [where, plays] of Object.entries(sites)) {
  for (const [what, { edit, last }] of Object.entries(edits)) {
    const expected = ['write /etc/app.conf', last]

    test(`an edit that ${what}, changed back ${where}: what is planned is done, also from a saved plan`, async () => {
      const world = edited(edit)
      const saved = await run(plays, world, { check: true, planned: new Planned(null) })
      assert.equal(taken(world), [])
      assert.equal(planned(saved.events), expected)
      const { result, events } = await run(plays, world)
      assert.equal(result.failures, [])
      assert.equal(planned(events), expected)
      assert.equal(taken(world), expected)

      const other = edited(edit)
      const applied = await run(plays, other, { planned: new Planned({ ...head, ...saved.result.record! }) })
      assert.equal(applied.result.failures, [])
      assert.equal(taken(other), expected)
      assert.equal((await run(plays, other)).result.failures, [])
      assert.equal(taken(other), expected, 'a run after it finds nothing to do')
    })

    test(`an edit that ${what}, changed back ${where}: the run is cut before the service, and goes on`, async () => {
      for (const saves of [true, false]) {
        const world = edited(edit)
        const plan = saves ? await planOf(plays, world) : undefined
        const planned = (): { planned?: Planned } => (plan ? { planned: new Planned(plan) } : {})
        const cut = new AbortController()
        await run(plays, world, {
          ...planned(),
          signal: cut.signal,
          report: ({ kind }) => {
            if (kind === 'done') cut.abort()
          },
        })
        assert.equal(taken(world), expected.slice(0, 1))
        const { result } = await run(plays, world, planned())
        assert.equal(result.failures, [])
        assert.equal(taken(world), expected)
      }
    })
  }
}

/** Sites in which the configuration is changed back once more after a restart: with the service, or before it. */
const twice: Readonly<Record<string, readonly Play[]>> = {
  'in its own list': sites['in two plays that both have the service']!,
  'for another host that shares the service': sites['for two hosts of the machine that share the service']!,
  'in a list between': [
    play('all', [h1], () => [config, ...service]),
    play('configuration', [h2], () => [config]),
    play('again', [h2], () => service),
  ],
}
for (const [where, plays] of Object.entries(twice)) {
  test(`an input that is edited again after the restart, and changed back ${where}: one more restart`, async () => {
    const world = edited(60, true)
    assert.equal((await run(plays, world)).result.failures, [])
    const once = ['write /etc/app.conf', 'restart app.service']
    assert.equal(taken(world), [...once, ...once])
  })
}

const all = sites['in one list']!
const tags = { only: ['file'], skip: [] }

test('an edit that was never read, changed back where the service is not selected: nothing is owed, and nothing restarted later', async () => {
  const world = edited()
  const { result } = await run(all, world, { tags })
  assert.equal(taken(world), ['write /etc/app.conf'])
  assert.equal(restartLines(result.plans), [])
  const { result: later } = await run(all, world)
  assert.equal(later.failures, [])
  assert.equal(taken(world).slice(1), ['take back the note that app.service needs a restart'])
})

test('an edit that may have been read, changed back where the service is not selected: it may need a restart, and gets it', async () => {
  const world = edited(60)
  const { result } = await run(all, world, { tags })
  assert.equal(
    restartLines(result.plans).map(({ text }) => text),
    [
      "warning: h1: unit:app may need a restart because of file:/etc/app.conf (what it has read can't be known), and is not selected; run again with --tags all, or without --tags",
    ],
  )
  await run(all, world)
  assert.equal(taken(world).slice(1), ['restart app.service'])
})

test.run()
