/** The document and the stream: what docs/*.schema.json says, and never a secret. */
import type { Problem } from '../../lib/core/error.ts'
import { play } from '../../lib/engine/play.ts'
import { document } from '../../lib/report/document.ts'
import { junit } from '../../lib/report/junit.ts'
import { page } from '../../lib/report/page.ts'
import { recap } from '../../lib/report/recap.ts'
import type { ProcedureRun, Run } from '../../lib/report/run.ts'
import { stoppedSite } from '../../lib/report/stopped.ts'
import { streamEnd, streamed, streamHead } from '../../lib/report/stream.ts'
import { FakeWorld, fakeHost } from '../../lib/testing.ts'
import { thing, works } from '../engine/thing.ts'
import { assert, suite } from '../kit.ts'
import { type Asked, performed, recorded } from './runs.ts'
import { conforms, violations } from './schemas.ts'
import { canary, drawn, type Example, failing, procedure, rolling, wide } from './sites.ts'

const test = suite('report/document')

interface Doc {
  readonly exitCode: number
  readonly hosts: readonly { readonly host: string; readonly seconds: number; readonly state: string }[]
  readonly plans: readonly {
    readonly host: string
    readonly resources: readonly { readonly id: string; readonly state: string }[]
  }[]
  readonly failures: readonly {
    readonly problems: readonly Problem[]
    readonly step?: Readonly<Record<string, unknown>>
  }[]
  readonly events: readonly { readonly at: number; readonly event: string }[]
}
const docOf = (run: Run): Doc => document(run) as unknown as Doc

const examples: Readonly<Record<string, () => Promise<Run>>> = {
  'a run that went well': () => over(rolling()),
  'a check': () => over(rolling(), true),
  'a step that fails': () => over(failing()),
  'a host that is away': () => over(failing(true)),
  'a gate that shows its cluster': () => over(drawn(true)),
  'an interrupted run': () => {
    const interrupt = new AbortController()
    const { world, plays } = rolling()
    return recorded(plays, world, {
      signal: interrupt.signal,
      told: (event) => event.kind === 'done' && event.step.say === 'make archive' && interrupt.abort(),
    })
  },
}
const over = ({ world, plays }: Example, check = false): Promise<Run> => recorded(plays, world, { check })

test('of variables given by value the command to go on with keeps the names', async () => {
  const next = 'npx tsx site.ts -i prod -e licence=hunter2hunter2'
  for (const run of [await over(failing()), await through(procedure(true))]) {
    const [json, html] = [JSON.stringify(document({ ...run, next })), page({ ...run, next })]
    for (const text of [json, html]) assert.match(text, /npx tsx site\.ts -i prod -e (?:'|&#39;|&#x27;)licence=…/)
    for (const text of [json, html]) assert.not.match(text, /hunter2/)
  }
})

for (const [name, make] of Object.entries(examples)) {
  test(`${name}: document and stream are as the schemas say, and nothing shows a secret`, async () => {
    const run = await make()
    conforms('report', document(run))
    const lines = [streamHead(run), ...run.events.flatMap(streamed), streamEnd(run)]
    for (const line of lines) conforms('events', line)
    const everything = [document(run), lines].map((value) => JSON.stringify(value))
    const shown = [...everything, page(run), junit(run), ...recap(run).map(({ text }) => text)]
    for (const text of shown) assert.not(text.includes(canary) || text.includes(btoa(canary)), 'a secret is shown')
  })
}

const procedures: Readonly<Record<string, () => Promise<ProcedureRun>>> = {
  'a procedure that went well': () => through(procedure()),
  'a check of a procedure': () => through(procedure(), { check: true }),
  'a procedure that failed': () => through(procedure(true)),
  'a procedure that was interrupted': () => {
    const interrupt = new AbortController()
    return through(procedure(), { signal: interrupt.signal, told: ({ kind }) => kind === 'acted' && interrupt.abort() })
  },
}
const through = (example: ReturnType<typeof procedure>, asked: Asked = {}): Promise<ProcedureRun> =>
  performed(example.procedure, example.world, asked)

for (const [name, make] of Object.entries(procedures)) {
  test(`${name}: document and stream are as the schemas say`, async () => {
    const run = await make()
    conforms('procedure', document(run))
    assert.ok(violations('report', document(run)).length > 0)
    for (const line of [streamHead(run), ...run.events.flatMap(streamed), streamEnd(run)]) conforms('events', line)
  })
}

test('the document of a procedure tells every action, and its failures as those of a run', async () => {
  const { actions, failures, events, exitCode } = document(await procedures['a procedure that failed']!()) as {
    readonly actions: readonly { readonly action: string; readonly state: string; readonly seconds: number }[]
    readonly failures: Doc['failures']
    readonly events: Doc['events']
    readonly exitCode: number
  }
  assert.is(exitCode, 1)
  assert.equal(
    actions.map(({ action, state }) => `${action}: ${state}`),
    ['shut a: done', 'shut b: failed', 'wait until it is cold: unknown'],
  )
  assert.is(actions[0]!.seconds, 3)
  assert.equal([failures[0]!.step!.command, failures[0]!.step!.resource], ['turn b', 'shut b'])
  assert.equal(
    events.map(({ event }) => event),
    ['looked', 'play', 'step', 'done', 'acted', 'play', 'step', 'done', 'failed'],
  )
})

test('what an action waits for is kept once, as long as it is the same', async () => {
  const told: string[] = []
  const { world, procedure: whole } = procedure()
  const run = await performed(whole, world, { told: ({ kind }) => told.push(kind) })
  const waits = (kinds: readonly string[]): number => kinds.filter((kind) => kind === 'awaiting').length
  assert.is(waits(told), 3)
  assert.is(waits(run.events.map(({ event }) => event.kind)), 1)
})

test('what became of each resource is told', async () => {
  const { exitCode, plans, hosts, failures } = docOf(await over(failing()))
  assert.is(exitCode, 1)
  const states = plans.map(
    ({ host, resources }) => `${host} ${resources.map(({ id, state }) => `${id}=${state}`).join(' ')}`,
  )
  assert.equal(states.slice(3), [
    '节点一 file:/etc/app/password.conf=changed thing:service=changed',
    'nacos2 file:/etc/app/password.conf=changed thing:service=failed',
    'nacos3 file:/etc/app/password.conf=skipped thing:service=skipped',
  ])
  assert.equal(
    hosts.map(({ state }) => state),
    ['ok', 'failed', 'ok'],
  )
  assert.ok(hosts.every(({ seconds }) => seconds > 1))
  const { command, exitCode: code, resource, stderr } = failures[0]!.step!
  assert.equal([command, code, resource], ['make service', 1, 'thing:service'])
  assert.ok(String(stderr).endsWith('last line') && String(stderr).length < 10_000)
})

test('what two hosts of a machine share is made for both by one of them, whatever happens elsewhere', async () => {
  const world = new FakeWorld()
  works(world, 'm1', 'shared')
  world.machine('m2').fail('make shared')
  const all = [fakeHost('app', null, 'm1'), fakeHost('web', null, 'm1'), fakeHost('db', null, 'm2')]
  const run = await recorded([play('p', all, () => [thing('shared')]), play('q', all, () => [thing('shared')])], world)
  assert.equal(
    docOf(run).plans.map(({ host, resources }) => `${host} ${resources[0]?.state}`),
    ['app changed', 'web kept', 'db failed', 'app kept', 'web kept', 'db skipped'],
  )
  const until = run.events.findIndex(({ event }) => event.kind === 'done') + 1
  const { unfinished } = stoppedSite(run.events.slice(0, until), false)
  assert.equal(
    unfinished.filter(({ host }) => host !== 'db'),
    [],
  )
})

test('an interrupted run says what its turn did not come for', async () => {
  const { exitCode, plans } = docOf(await examples['an interrupted run']!())
  assert.is(exitCode, 130)
  assert.ok(plans.flatMap(({ resources }) => resources).some(({ state }) => state === 'skipped'))
})

test('events come in order, uploads and what a gate says again are left out', async () => {
  const { world, plays } = rolling()
  const told: string[] = []
  const run = await recorded(plays, world, { told: ({ kind }) => told.push(kind) })
  const { events } = docOf(run)
  assert.equal(
    events.map(({ at }) => at),
    [...events.map(({ at }) => at)].sort((a, b) => a - b),
  )
  const number = (kinds: readonly string[]): number => kinds.filter((kind) => kind === 'waiting').length
  assert.is(number(told), 15)
  assert.is(number(events.map(({ event }) => event)), 3)
  assert.is(run.events.length, told.length - 12)
})

test('the bytes of a thousand uploads are not kept', () => {
  const text = JSON.stringify(
    streamed({
      at: 1,
      event: { kind: 'sent', host: 'h', play: 'p', id: 'i', step: { say: 's', run: 'r' }, sent: 1, of: 2 },
    }),
  )
  assert.is(text, '[{"at":1,"event":"sent","play":"p","host":"h","resource":"i","sent":1,"of":2}]')
})

test('the schema refuses what it does not know', async () => {
  const real = document(await over(rolling()))
  for (const wrong of [
    { ...real, extra: 1 },
    { ...real, format: 1 },
    { ...real, hosts: [{}] },
    { ...real, exitCode: 7 },
  ])
    assert.ok(violations('report', wrong).length > 0)
})

test(
  'the page of a hundred hosts with sixty resources stays small',
  async () => {
    const run = await over(wide(100, 60))
    assert.is(docOf(run).failures.length, 3)
    assert.ok(Buffer.byteLength(page(run)) < 200_000, String(page(run).length))
  },
  { timeout: 120 },
)

test.run()
