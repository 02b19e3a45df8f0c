/** What a run leaves on its machines, and what it finds there that is declared no longer. */
import { hostError, unreachable } from '../../lib/core/error.ts'
import { type Plan, resource } from '../../lib/core/resource.ts'
import { play } from '../../lib/engine/play.ts'
import { leftoverLines } from '../../lib/engine/report.ts'
import type { Options } from '../../lib/engine/run.ts'
import type { Result } from '../../lib/engine/world.ts'
import { leftover } from '../../lib/resources/leftover.ts'
import { FakeWorld, fakeHost, plainFacts, run } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'
import { hosts, removal, there, thing, works } from './thing.ts'
import { tester } from './valve.ts'

const test = suite('engine/estate')

const remembers = (world: FakeWorld, machine: string, ...lines: readonly string[]): void => {
  world.machine(machine).answer('receipts:machine', lines.map((line) => line.replaceAll(' ', '\t')).join('\n'))
}

const keep = (id: string): Plan => ({ id, action: 'keep', changes: [], steps: [], problems: [] })

/** A step that removes a thing does. */
const goes = (world: FakeWorld, machine: string, ...names: readonly string[]): void => {
  const channel = world.machine(machine)
  for (const name of names) {
    channel.on(`remove ${name}`, () => {
      channel.answer(`is:${name}`, '')
      return undefined
    })
  }
}

const pruning = (options: Partial<Options> = {}) => ({ leftover: removal, prune: true, ...options })
const audit = (world: FakeWorld, machine: string): readonly string[] =>
  world.machine(machine).traces.map(({ line }) => line.replace(/^run=r1 by=tester@controller pid=1 site=test /, ''))
const owns = (world: FakeWorld, machine: string) =>
  world.machine(machine).traces.map(({ receipt }) => receipt?.owned.map(({ host, id }) => `${host} ${id}`))

test('what is behind a database that can not be read is declared all the same', async () => {
  const world = new FakeWorld()
  world.databaseChannel = async () => {
    throw hostError({ where: 'MySQL 127.0.0.1:3306', what: 'nothing listens there', remedy: 'start it' })
  }
  remembers(world, 'db1', 'test db1 thing:pkg-table', 'test db1 thing:pkg-gone')
  const via = () => ({ host: '127.0.0.1', port: 3306, user: 'admin', password: {} as never })
  const { result } = await run([play('schema', hosts('db1'), () => [thing('pkg-table')], { via })], world, {
    leftover: removal,
  })
  assert.equal(
    result.leftovers.map(({ id }) => id),
    ['thing:pkg-gone'],
  )
})

test('a host that is changed has a line before and one after; the receipt goes with the first', async () => {
  const world = new FakeWorld()
  works(world, 'h1', 'b')
  there(world, 'h1', 'a')
  there(world, 'h2', 'a', 'b')
  await run([play('p', hosts('h1', 'h2'), () => [thing('a'), thing('b')])], world)
  assert.equal(
    audit(world, 'h1').map((line) => line.replace(/plan=[0-9a-f]{12}/, 'plan=N')),
    ['play=p host=h1 plan=N begin: create thing:b', 'play=p host=h1 plan=N end: ok'],
  )
  assert.equal(owns(world, 'h1'), [['h1 thing:a', 'h1 thing:b'], undefined])
  assert.equal(world.machine('h2').traces, [], 'nothing is left where nothing was changed')
})

test('the trace comes before the first step, and a check leaves none', async () => {
  const world = new FakeWorld()
  works(world, 'h1', 'a')
  let before = 0
  world.machine('h1').on('make a', () => {
    before = world.machine('h1').traces.length
    world.machine('h1').answer('is:a', 'new')
    return undefined
  })
  const site = [play('p', hosts('h1'), () => [thing('a')])]
  await run(site, world, { check: true })
  assert.equal(world.machine('h1').traces, [])
  await run(site, world)
  assert.is(before, 1)
})

test('what it came to: the step that failed, or the interrupt', async () => {
  const failing = new FakeWorld()
  failing.machine('h1').fail('make a', 7)
  await run([play('p q', hosts('h1'), () => [thing('a')])], failing)
  assert.match(audit(failing, 'h1')[1]!, /^play="p q" host=h1 plan=\w{12} end: failed at "make a" \(exit code 7\)$/)

  const stopping = new FakeWorld()
  const controller = new AbortController()
  works(stopping, 'h1', 'b')
  stopping.machine('h1').on('make a', () => {
    controller.abort()
    return undefined
  })
  await run([play('p', hosts('h1'), () => [thing('a'), thing('b')])], stopping, { signal: controller.signal })
  assert.match(audit(stopping, 'h1')[1]!, /end: interrupted$/)
})

test('a trace that can not be written is a warning', async () => {
  const world = new FakeWorld()
  works(world, 'h1', 'a')
  world.machine('h1').trace = async () => {
    const { hostError } = await import('../../lib/core/error.ts')
    throw hostError({ where: 'h1', what: 'no space', remedy: 'make some' })
  }
  const { result, events } = await run([play('p', hosts('h1'), () => [thing('a')])], world)
  assert.equal(result.failures, [])
  assert.is(events.filter(({ kind }) => kind === 'warned').length, 2)
})

test('a receipt that could not be written goes with the next line, or with the next run, also if nothing has to change', async () => {
  const world = new FakeWorld()
  works(world, 'h1', 'a', 'b')
  there(world, 'h1', 'z')
  const channel = world.machine('h1')
  const { trace } = channel
  let fails = 1
  channel.trace = async (left) => {
    if (fails-- > 0) throw hostError({ where: 'h1', what: 'no space', remedy: 'make some' })
    await trace.call(channel, left)
  }
  const of = (...names: readonly string[]) => [play('p', hosts('h1'), () => names.map((name) => thing(name)))]
  await run(of('z', 'a'), world)
  assert.equal(owns(world, 'h1'), [['h1 thing:z', 'h1 thing:a']])
  remembers(world, 'h1', 'test h1 thing:z found', 'test h1 thing:a')
  fails = 2
  const { events } = await run(of('z', 'a', 'b'), world)
  assert.is(events.filter(({ kind }) => kind === 'warned').length, 2, 'nothing more is tried in this run')
  assert.is(owns(world, 'h1').length, 1)
  await run(of('z', 'a', 'b'), world)
  assert.match(audit(world, 'h1').at(-1) ?? '', /^host=h1 claims: thing:b$/)
  assert.equal(owns(world, 'h1').at(-1), ['h1 thing:z', 'h1 thing:a', 'h1 thing:b'])
  remembers(world, 'h1', 'test h1 thing:z found', 'test h1 thing:a', 'test h1 thing:b found')
  world.log.length = 0
  const odd = resource({ id: 'thing:x\ny', probe: [], read: () => ({}), desired: {}, steps: () => [] })
  await run([...of('z', 'a', 'b'), play('q', hosts('h1'), () => [odd])], world)
  assert.equal(world.log, ['h1: connect', 'h1: ask'], 'what fits on no line is not tried again and again')
})

test('a receipt that says it all already is not written again', async () => {
  const world = new FakeWorld()
  works(world, 'h1', 'a', 'b')
  remembers(world, 'h1', 'test h1 thing:a', 'test h1 thing:b')
  await run([play('p', hosts('h1'), () => [thing('a')]), play('q', hosts('h1'), () => [thing('b')])], world)
  assert.equal(owns(world, 'h1'), [undefined, undefined, undefined, undefined])
})

interface Case {
  readonly says: string
  readonly remembers: readonly string[]
  /** What of it is still there, `full` ones as such. */
  readonly there?: Readonly<Record<string, string>>
  /** Hosts that --limit leaves; default both. */
  readonly limit?: readonly string[]
  readonly force?: boolean
  /** Ids of things that are as declared beside thing:a, on both hosts. */
  readonly declares?: readonly string[]
  readonly found: readonly string[]
  /** Steps of a run with --prune. */
  readonly steps?: readonly string[]
  /** What the machine remembers after it, if that was written. */
  readonly after?: readonly string[]
}

/** h1 and h2 are on one machine m1, and declare thing:a each. */
const cases: readonly Case[] = [
  { says: 'nothing is remembered', remembers: [], found: [] },
  { says: 'all of it is declared', remembers: ['test h1 thing:a', 'test h2 thing:a'], found: [] },
  {
    says: 'what is there still is found, and removed in the order opposite to that in which it was declared',
    remembers: ['test h1 thing:a', 'test h1 thing:x', 'test h1 thing:y'],
    there: { x: 'new', y: 'new' },
    found: ['h1 thing:y removed', 'h1 thing:x removed'],
    steps: ['remove y', 'remove x'],
    after: ['h1 thing:a', 'h2 thing:a'],
  },
  {
    says: 'and a folder after what is in it, whatever was noted first',
    remembers: ['test h1 file:/d/f', 'test h1 directory:/d'],
    there: { 'file:/d/f': 'new', 'directory:/d': 'new' },
    found: ['h1 directory:/d removed', 'h1 file:/d/f removed'],
    steps: ['remove file:/d/f', 'remove directory:/d'],
    after: ['h1 thing:a', 'h2 thing:a'],
  },
  {
    says: 'what is gone already is no leftover, and forgotten',
    remembers: ['test h1 thing:x'],
    found: [],
    after: ['h1 thing:a', 'h2 thing:a'],
  },
  {
    says: 'what has something in it stays, and is remembered',
    remembers: ['test h1 thing:x', 'test h1 thing:y'],
    there: { x: 'full', y: 'new' },
    found: ['h1 thing:y removed', 'h1 thing:x blocked'],
    steps: ['remove y'],
    after: ['h1 thing:x', 'h1 thing:a', 'h2 thing:a'],
  },
  {
    says: 'what is not removed blindly is left to a person, and forgotten',
    remembers: ['test h1 thing:pkg'],
    there: { pkg: 'new' },
    found: ['h1 thing:pkg by hand'],
    after: ['h1 thing:a', 'h2 thing:a'],
  },
  {
    says: 'what another host of the machine declares is no leftover',
    remembers: ['test gone thing:a'],
    found: [],
  },
  {
    says: 'what a host had that the inventory does not know any more is only shown',
    remembers: ['test h1 thing:a', 'test gone thing:x'],
    there: { x: 'new' },
    found: ['gone thing:x blocked'],
  },
  {
    says: 'and removed with --force',
    remembers: ['test gone thing:x'],
    there: { x: 'new' },
    force: true,
    found: ['gone thing:x removed'],
    steps: ['remove x'],
    after: ['h1 thing:a', 'h2 thing:a'],
  },
  {
    says: 'what a host that --limit leaves out still has stays',
    remembers: ['test h1 thing:a', 'test h1 thing:x', 'test h2 thing:x'],
    there: { x: 'new' },
    limit: ['h1'],
    found: [],
  },
  {
    says: 'a path is the same thing whatever kind it is declared as',
    remembers: ['test h1 file:/a', 'other h1 directory:/b', 'test h1 symlink:/b', 'test h1 file:/c'],
    there: { 'file:/c': 'new', 'file:/a': 'new', 'symlink:/b': 'new' },
    declares: ['line-set:/a'],
    found: ['h1 file:/c removed', 'h1 symlink:/b by hand'],
    steps: ['remove file:/c'],
    after: ['h1 file:/a', 'h1 thing:a', 'h1 line-set:/a', 'h2 thing:a', 'h2 line-set:/a'],
  },
  {
    says: 'and however it is written',
    remembers: ['test h1 thing:a', 'test h1 file:/a/b', 'test h1 file:/a/c'],
    there: { 'file:/a/b': 'new', 'file:/a/c': 'new' },
    declares: ['file:/a//b', 'directory:/a/./c/'],
    found: [],
  },
  {
    says: 'what another site has there is none of ours, which is said of what we had too, and forgotten',
    remembers: ['other h1 thing:x', 'test h1 thing:y', 'other h1 thing:y'],
    there: { x: 'new', y: 'new' },
    found: ['h1 thing:y by hand'],
    after: ['h1 thing:a', 'h2 thing:a'],
  },
  {
    says: 'what two hosts had goes once',
    remembers: ['test h1 thing:x', 'test h1 thing:y', 'test h2 thing:x', 'test h2 thing:z'],
    there: { x: 'new', y: 'new', z: 'new' },
    found: ['h2 thing:z removed', 'h2 thing:x removed', 'h1 thing:y removed', 'h1 thing:x removed'],
    steps: ['remove z', 'remove y', 'remove x'],
    after: ['h1 thing:a', 'h2 thing:a'],
  },
  {
    says: 'what another site has is not forgotten where a host of this one has it still, or may have',
    remembers: ['test h1 thing:a', 'test h2 thing:x', 'other h1 thing:a', 'other h1 thing:x'],
    limit: ['h1'],
    found: [],
  },
  {
    says: 'of a host that --limit leaves out nothing is known',
    remembers: ['test h1 thing:x', 'test h2 thing:y'],
    there: { x: 'new', y: 'new' },
    limit: ['h1'],
    found: ['h1 thing:x removed'],
    steps: ['remove x'],
    after: ['h2 thing:y', 'h1 thing:a'],
  },
]

for (const {
  says,
  remembers: lines,
  there: present = {},
  limit = ['h1', 'h2'],
  found,
  steps = [],
  after,
  ...more
} of cases) {
  test(`leftovers: ${says}`, async () => {
    const world = new FakeWorld()
    there(world, 'm1', 'a')
    remembers(world, 'm1', ...lines)
    for (const [name, state] of Object.entries(present)) world.machine('m1').answer(`is:${name}`, state)
    goes(world, 'm1', ...Object.keys(present))
    const pair = [fakeHost('h1', null, 'm1'), fakeHost('h2', null, 'm1')]
    const { force = false, declares = [] } = more
    const kept = declares.map((id) => ({ ...thing('a'), id, plan: () => keep(id) }))
    const whole = play('p', pair, () => [thing('a'), ...kept])
    const site = [{ ...whole, hosts: whole.hosts.filter(({ name }) => limit.includes(name)) }]
    const told = (list: readonly { host: string; id: string; fate: string }[]): readonly string[] =>
      list.map(({ host, id, fate }) => `${host} ${id} ${fate}`)

    const looked = await run(site, world, { leftover: removal, check: true, force })
    assert.equal(told(looked.result.leftovers), found)
    assert.is(looked.result.failures.length, 0)
    const left = await run(site, world, { leftover: removal, force })
    assert.equal(told(left.result.leftovers), found)
    assert.equal(world.machine('m1').steps, [], 'without --prune nothing is removed')
    const planned = await run(site, world, pruning({ check: true, force }))
    assert.equal(
      planned.result.plans.flatMap(({ plans }) => plans.flatMap(({ steps }) => steps.map(({ say }) => say))),
      steps,
    )
    assert.not.match(audit(world, 'm1').join('\n'), /forgets/)

    const { result } = await run(site, world, pruning({ force }))
    assert.equal(result.failures, [])
    assert.equal(
      world.machine('m1').steps.map(({ say }) => say),
      steps,
    )
    assert.equal(owns(world, 'm1').at(-1), after)
  })
}

test('a link by which something declared is reached is shown, and stays', async () => {
  const world = new FakeWorld()
  world.machine('h1').answer('stat:/opt/app', 'symbolic link|777|root|root|6|1')
  remembers(world, 'h1', 'test h1 symlink:/opt/app', 'test h1 file:/opt/app/x')
  const id = 'file:/opt/app/x'
  const site = [play('p', hosts('h1'), () => [{ ...thing('a'), id, plan: () => keep(id) }])]
  const { result } = await run(site, world, { leftover, prune: true })
  assert.equal(
    result.leftovers.map(({ id, fate }) => `${id} ${fate}`),
    ['symlink:/opt/app blocked'],
  )
  assert.equal([result.failures, world.machine('h1').steps], [[], []])
})

test('a path that the site declares by a kind of its own is no leftover, nor the way to one', async () => {
  const world = new FakeWorld()
  world.machine('h1').answer('stat:/etc/app.conf', 'regular file|644|root|root|1|1')
  world.machine('h1').answer('stat:/srv/app', 'symbolic link|777|root|root|6|1')
  remembers(world, 'h1', 'test h1 file:/etc/app.conf', 'test h1 symlink:/srv/app')
  const own = ['template:/etc//app.conf', 'template:/srv/app/x']
  const site = [play('p', hosts('h1'), () => own.map((id) => ({ ...thing('a'), id, plan: () => keep(id) })))]
  const { result } = await run(site, world, { leftover, prune: true })
  assert.equal(
    result.leftovers.map(({ id, fate }) => `${id} ${fate}`),
    ['symlink:/srv/app blocked'],
  )
  assert.equal([result.failures, world.machine('h1').steps], [[], []])
})

test('what a machine remembers under a former name of the site may be of another: only what is declared is taken over, and the rest goes with --force', async () => {
  const world = new FakeWorld()
  there(world, 'h1', 'a', 'x')
  works(world, 'h1', 'b')
  goes(world, 'h1', 'x')
  remembers(world, 'h1', 'old h1 thing:x', 'old h1 thing:a', 'other h1 thing:z')
  const site = [play('p', hosts('h1'), () => [thing('a'), thing('b')])]
  const renamed = { identity: { ...tester, formerSites: ['old'] } }
  const shown = (result: Result): readonly string[] => result.leftovers.map(({ id, fate }) => `${id} ${fate}`)
  const written = () => world.machine('h1').traces.flatMap(({ receipt }) => receipt ?? [])
  const now = ['thing:a', 'thing:b'].map((id) => ({ host: 'h1', id }))
  const looked = await run(site, world, pruning({ check: true, ...renamed }))
  assert.equal(shown(looked.result), ['thing:x blocked'])
  assert.match(looked.result.leftovers[0]?.why ?? '', /under a name that others may have had/)
  const { result } = await run(site, world, pruning(renamed))
  assert.equal(shown(result), ['thing:x blocked'])
  assert.equal(written(), [{ site: 'test', owned: now }], 'the former receipt stays, for whoever else it is of')
  const forced = await run(site, world, pruning({ force: true, ...renamed }))
  assert.equal(shown(forced.result), ['thing:x removed'])
  const [first, second] = now
  // The machine of this test forgets what is noted there.
  assert.equal(written().at(-1), { site: 'test', owned: [first, { ...second, found: true }], former: ['old'] })
})

test('a former receipt of which all is declared goes when the site notes it under its own name', async () => {
  const world = new FakeWorld()
  there(world, 'h1', 'a')
  works(world, 'h1', 'b')
  remembers(world, 'h1', 'old h1 thing:a')
  const { result } = await run([play('p', hosts('h1'), () => [thing('a'), thing('b')])], world, {
    identity: { ...tester, formerSites: ['old', 'older'] },
  })
  assert.equal(result.leftovers, [])
  assert.equal(
    world.machine('h1').traces.flatMap(({ receipt }) => receipt ?? []),
    [{ site: 'test', owned: ['thing:a', 'thing:b'].map((id) => ({ host: 'h1', id })), former: ['old'] }],
  )
})

test('leftovers cost a converged machine no round trip; those that are there cost one more', async () => {
  const world = new FakeWorld()
  there(world, 'h1', 'a', 'x')
  const site = [play('p', hosts('h1'), () => [thing('a')])]
  await run(site, world, { leftover: removal })
  remembers(world, 'h1', 'test h1 thing:a')
  world.log.length = 0
  await run(site, world, { leftover: removal })
  assert.equal(world.log, ['h1: connect', 'h1: ask'])
  remembers(world, 'h1', 'test h1 thing:a', 'test h1 thing:x')
  world.log.length = 0
  await run(site, world, { leftover: removal })
  assert.equal(world.log, ['h1: connect', 'h1: ask', 'h1: ask'])
})

test('a removal that fails is a failure, and nothing is forgotten', async () => {
  const world = new FakeWorld()
  there(world, 'h1', 'a', 'x')
  remembers(world, 'h1', 'test h1 thing:x')
  world.machine('h1').fail('remove x')
  const { result } = await run([play('p', hosts('h1'), () => [thing('a')])], world, pruning())
  assert.equal(
    result.failures.map(({ host, play }) => `${host} ${play}`),
    ['h1 no longer declared'],
  )
  assert.ok(owns(world, 'h1').every((owned) => owned === undefined || owned.includes('h1 thing:x')))
})

test('what was not removed is not forgotten: interrupted, refused at the terminal, not begun, failed on a machine of two', async () => {
  const site = (maxFailures = 0) => [play('p', hosts('h1', 'h2'), () => [thing('a')], { maxFailures })]
  const fresh = (): FakeWorld => {
    const world = new FakeWorld()
    there(world, 'h1', 'a', 'x', 'y')
    there(world, 'h2', 'a')
    remembers(world, 'h1', 'test h1 thing:x', 'test h1 thing:y')
    goes(world, 'h1', 'x', 'y')
    return world
  }
  const forgets = (world: FakeWorld): readonly string[] => audit(world, 'h1').filter((line) => line.includes('forgets'))

  const controller = new AbortController()
  const interrupted = fresh()
  interrupted.machine('h1').on('remove y', () => {
    controller.abort()
    interrupted.machine('h1').answer('is:y', '')
    return undefined
  })
  const { result } = await run(site(), interrupted, pruning({ signal: controller.signal }))
  assert.equal(forgets(interrupted), [])
  assert.equal(
    result.unfinished.map(({ host, undone }) => [host, ...undone]),
    [['h1', 'remove x']],
  )

  const refused = fresh()
  await run(site(), refused, pruning({ ask: async (question) => (question.includes('remove x') ? 'no' : 'yes') }))
  assert.match(forgets(refused).join(), /forgets: thing:y$/)

  const elsewhere = fresh()
  elsewhere.cutOff('h2')
  const { events } = await run(site(1), elsewhere, pruning())
  assert.equal(forgets(elsewhere), [])
  assert.match(
    events.flatMap((event) => (event.kind === 'warned' ? event.problems.map(({ what }) => what) : [])).join(),
    /was not removed/,
  )

  const pair = fresh()
  pair.machine('h1').fail('remove x')
  const two = [fakeHost('h1', null, 'h1'), fakeHost('h3', null, 'h1')]
  await run([play('p', two, () => [thing('a')])], pair, pruning())
  assert.equal(forgets(pair), [])
})

test('who says no to the removal of a file keeps the folders that it is in, and the rest goes', async () => {
  const world = new FakeWorld()
  const noted = ['directory:/d', 'directory:/d/e', 'file:/d/e/f', 'directory:/d/g', 'file:/dx']
  there(world, 'h1', 'a', ...noted)
  goes(world, 'h1', ...noted)
  remembers(world, 'h1', 'test h1 thing:a', ...noted.map((id) => `test h1 ${id}`))
  const asked: string[] = []
  const { result } = await run(
    [play('p', hosts('h1'), () => [thing('a')])],
    world,
    pruning({
      ask: async (question) => {
        asked.push(question)
        return question.includes('file:/d/e/f') ? 'no' : 'yes'
      },
    }),
  )
  assert.equal(result.failures, [])
  assert.equal(
    asked,
    ['file:/dx', 'directory:/d/g', 'file:/d/e/f'].map((id) => `h1: remove ${id}?`),
  )
  assert.equal(
    world.machine('h1').steps.map(({ say }) => say),
    ['remove file:/dx', 'remove directory:/d/g'],
  )
  assert.equal([...(result.refused.get('h1') ?? [])].sort(), ['directory:/d', 'directory:/d/e', 'file:/d/e/f'])
})

test('leftovers that can not be looked at are a failure, and none is said to be left to a person', async () => {
  const world = new FakeWorld()
  there(world, 'h1', 'a')
  remembers(world, 'h1', 'test h1 thing:x')
  const { ask } = world.machine('h1')
  let asked = 0
  world.machine('h1').ask = async (questions) => {
    if (++asked > 1) throw unreachable({ where: 'h1', what: 'the cable is out', remedy: 'look' })
    return ask.call(world.machine('h1'), questions)
  }
  world.facts.set('h1', plainFacts)
  const { result } = await run([play('p', hosts('h1'), () => [thing('a')])], world, pruning())
  assert.equal(
    result.failures.map(({ host, kind, problems }) => [host, kind, problems[0]?.what]),
    [['h1', 'unreachable', 'the cable is out']],
  )
  assert.equal(result.leftovers, [])
})

test('a removal that does not take is a failure that says so', async () => {
  const world = new FakeWorld()
  there(world, 'h1', 'a', 'x')
  remembers(world, 'h1', 'test h1 thing:x')
  const { result } = await run([play('p', hosts('h1'), () => [thing('a')])], world, pruning())
  assert.equal(
    result.failures.map(({ problems }) => problems.map(({ where, what }) => `${where}: ${what}`)),
    [['h1 thing:x: it is still there after the apply, expected gone']],
  )
})

test('what people read of leftovers: hosts with the same ones together, and what happens to them', () => {
  const found = ['h1', 'h2'].flatMap((host) => [
    { host, id: 'file:/a', machine: host, fate: 'removed' as const },
    { host, id: 'directory:/d', machine: host, fate: 'blocked' as const, why: 'it holds 2 files' },
  ])
  assert.equal(
    leftoverLines(found, false).map(({ text }) => text),
    [
      'No longer declared',
      'h1, h2',
      '  ? file:/a',
      '  ? directory:/d (it holds 2 files)',
      'See to it, or remove with --prune what it can remove.',
    ],
  )
  assert.equal(leftoverLines(found, true).map(({ text }) => text)[2], '  ? directory:/d (it holds 2 files)')
  assert.equal(leftoverLines([], false), [])
})

test.run()
