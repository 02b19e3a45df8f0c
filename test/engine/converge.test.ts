/** A run over fake hosts: order, batches, gates, and what is left alone. */
import { hostError } from '../../lib/core/error.ts'
import { noted } from '../../lib/core/resource.ts'
import { type Play, play } from '../../lib/engine/play.ts'
import { limited } from '../../lib/engine/prerequisites.ts'
import { FakeWorld, fakeHost, run } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'
import { gateOf, hosts, there, thing, works } from './thing.ts'

const test = suite('engine/converge')

/** What was done, without the looking. */
const deeds = (world: FakeWorld): readonly string[] => world.log.filter((line) => !/: (ask|connect|lock)$/.test(line))

test('plays one after the other, hosts of a play in batches, and the gate after each', async () => {
  const world = new FakeWorld()
  for (const name of ['h1', 'h2', 'h3']) works(world, name, 'a', 'b')
  const { gate } = gateOf(world)
  const all = hosts('h1', 'h2', 'h3')
  const { result } = await run(
    [play('first', all, () => [thing('a')]), play('second', all, () => [thing('b')], { serial: 2, gate })],
    world,
  )
  assert.equal(result.failures, [])
  assert.equal(deeds(world), [
    'h1: make a',
    'h2: make a',
    'h3: make a',
    'h1: make b',
    'h2: make b',
    'gate: h1 h2',
    'h3: make b',
    'gate: h1 h2 h3, deep',
  ])
  assert.equal(
    result.hosts,
    ['h1', 'h2', 'h3'].map((host) => ({ host, kept: 0, changed: 2, state: 'ok' })),
  )
})

test('every machine is read before the first write, and locked once before its own', async () => {
  const world = new FakeWorld()
  for (const name of ['h1', 'h2']) works(world, name, 'a')
  await run([play('p', hosts('h1', 'h2'), () => [thing('a')], { serial: 1 })], world)
  const first = (text: string): number => world.log.indexOf(text)
  assert.ok(first('h2: ask') < first('h1: lock'))
  assert.ok(first('h1: lock') < first('h1: make a'))
  assert.ok(first('h1: make a') < first('h2: lock'))
  assert.is(world.log.filter((line) => line === 'h1: lock').length, 1)
  assert.is(world.log.filter((line) => line === 'h1: connect').length, 1)
  assert.is(world.machine('h1').holder, 'tester on controller, pid 1, a test, run r1')
  assert.ok(world.machine('h1').closed)
})

test('a converged site: one question per machine, no lock, no step, and the gate without using anything', async () => {
  const world = new FakeWorld()
  for (const name of ['h1', 'h2']) there(world, name, 'a', 'b')
  const { gate, looks } = gateOf(world)
  const all = hosts('h1', 'h2')
  const site = [play('first', all, () => [thing('a')]), play('second', all, () => [thing('b')], { serial: 1, gate })]
  await run(site, world)
  world.log.length = 0
  looks.length = 0
  const { result } = await run(site, world)
  assert.equal(world.log, ['h1: connect', 'h2: connect', 'h1: ask', 'h2: ask', 'gate: h1 h2'])
  assert.equal(looks, [{ expected: 'h1 h2', deep: false }])
  assert.equal(
    result.hosts.map(({ kept, changed }) => [kept, changed]),
    [
      [2, 0],
      [2, 0],
    ],
  )
})

test('only hosts that differ are worked on; those that serve are expected between batches', async () => {
  const world = new FakeWorld()
  there(world, 'h2', 'a')
  for (const name of ['h1', 'h3']) works(world, name, 'a')
  const { gate, looks } = gateOf(world, () => [], { serving: async () => new Set(['h2']) })
  await run([play('p', hosts('h1', 'h2', 'h3'), () => [thing('a')], { serial: 1, gate })], world)
  assert.equal(
    deeds(world).filter((line) => line.startsWith('h')),
    ['h1: make a', 'h3: make a'],
  )
  assert.equal(looks, [
    { expected: 'h1 h2', deep: false },
    { expected: 'h1 h2 h3', deep: true },
  ])
})

test('--check writes nothing, takes no lock, and asks no gate where something differs', async () => {
  const world = new FakeWorld()
  there(world, 'h1', 'b')
  const { gate } = gateOf(world)
  const all = hosts('h1')
  const { result } = await run(
    [play('differs', all, () => [thing('a')], { gate }), play('same', all, () => [thing('b')], { gate })],
    world,
    { check: true },
  )
  assert.equal(deeds(world), [])
  assert.equal(world.machine('h1').steps, [])
  assert.is(world.machine('h1').holder, null)
  assert.equal(
    result.plans.map(({ plans }) => plans.map(({ action }) => action)),
    [['create'], ['keep']],
  )
})

test('--check asks the gates of a site in which nothing differs', async () => {
  const world = new FakeWorld()
  there(world, 'h1', 'b')
  const { gate } = gateOf(world)
  await run([play('same', hosts('h1'), () => [thing('b')], { gate })], world, { check: true })
  assert.equal(deeds(world), ['gate: h1'])
})

test('a gate is waited for until its deadline after a change, and no longer than its patience without one', async () => {
  const cases = [
    { there: false, serving: [], seconds: 60, looks: 'h1' },
    // All of them serve, as when a setting is rolled out: the one just restarted gets its time.
    { there: false, serving: ['h1', 'h2'], seconds: 60, looks: 'h1 h2' },
    { there: true, serving: [], seconds: 5, looks: 'h1 h2' },
  ]
  for (const { there: converged, serving, seconds, looks: expected } of cases) {
    const world = new FakeWorld()
    for (const name of ['h1', 'h2']) (converged ? there : works)(world, name, 'a')
    const missing = [{ host: 'h1', what: 'is not ready' }]
    // Well before anything is changed, where anybody serves.
    const well = (count: number): boolean => serving.length > 0 && count === 1
    const { gate, looks } = gateOf(world, (_look, count) => (well(count) ? [] : missing), {
      serving: async () => new Set(serving),
    })
    const { result } = await run([play('p', hosts('h1', 'h2'), () => [thing('a')], { serial: 1, gate })], world)
    assert.is(world.seconds, seconds)
    assert.is(looks[0]?.expected, expected)
    assert.is(result.failures.length, 1)
    assert.equal(world.machine('h2').steps, [], 'the next batch is untouched')
  }
})

test('a gate that can not come true any more is not waited for', async () => {
  const world = new FakeWorld()
  works(world, 'h1', 'a')
  const { gate } = gateOf(world, () => [{ host: 'h1', what: 'its start failed', final: true }])
  const { result } = await run([play('p', hosts('h1'), () => [thing('a')], { gate })], world)
  assert.is(world.seconds, 0)
  assert.is(result.failures[0]?.problems[0]?.what, 'its start failed')
})

test('a gate that opens late: waited for, told, passed', async () => {
  const world = new FakeWorld()
  works(world, 'h1', 'a')
  const { gate } = gateOf(world, (_look, count) => (count < 4 ? [{ host: 'h1', what: 'is starting' }] : []))
  const { result, events } = await run([play('p', hosts('h1'), () => [thing('a')], { gate })], world)
  assert.equal(result.failures, [])
  assert.equal(
    events.flatMap((event) => ('gate' in event && event.kind !== 'topology' ? [`${event.kind} ${event.seconds}`] : [])),
    ['waiting 0', 'waiting 1', 'waiting 2', 'passed 3'],
  )
})

test('a gate in vain: every host with its own symptoms and causes', async () => {
  const world = new FakeWorld()
  for (const name of ['h1', 'h10']) works(world, name, 'a')
  const { gate } = gateOf(
    world,
    () => [
      { host: 'h1', what: 'does not answer' },
      { host: 'h10', what: 'is not a member' },
    ],
    {
      explain: async (_scope, missing) => {
        assert.is(missing.length, 2)
        return [{ where: 'h10: port taken', what: 'port 8848 is taken', remedy: 'free it' }]
      },
    },
  )
  const { result } = await run([play('p', hosts('h1', 'h10'), () => [thing('a')], { gate })], world)
  assert.equal(
    result.failures.map(({ host, kind, problems }) => ({ host, kind, problems })),
    [
      {
        host: 'h1',
        kind: 'failed',
        problems: [{ where: 'h1', what: 'does not answer', remedy: 'read the logs of h1' }],
      },
      {
        host: 'h10',
        kind: 'failed',
        problems: [
          { where: 'h10', what: 'is not a member', remedy: 'the cause is named below' },
          { where: 'h10: port taken', what: 'port 8848 is taken', remedy: 'free it' },
        ],
      },
    ],
  )
})

test('a gate that fails, at its first look or later, is a failure and no crash', async () => {
  const broken = () => {
    throw hostError({ where: 'h1', what: 'the login was refused', remedy: 'correct the password' })
  }
  for (const more of [{ serving: async () => broken() }, { missing: async () => broken() }]) {
    const world = new FakeWorld()
    works(world, 'h1', 'a')
    const { gate } = gateOf(world, () => [], more)
    const { result } = await run([play('p', hosts('h1'), () => [thing('a')], { gate })], world)
    assert.equal(
      result.failures.map(({ problems }) => problems[0]?.what),
      ['the login was refused'],
    )
  }
})

test('a preparation comes before the first change and stops the play', async () => {
  const world = new FakeWorld()
  works(world, 'h1', 'a')
  works(world, 'h1', 'b')
  const all = hosts('h1')
  const prepare = async (): Promise<void> => {
    world.log.push('prepare')
    throw hostError({ where: 'h1 → MySQL', what: 'access denied', remedy: 'correct the password' })
  }
  const { result } = await run(
    [play('one', all, () => [thing('a')]), play('two', all, () => [thing('b')], { prepare })],
    world,
  )
  assert.equal(deeds(world), ['h1: make a', 'prepare'])
  assert.is(result.failures[0]?.play, 'two')
  assert.is(result.hosts[0]?.state, 'failed')
})

test('hosts of one machine are never written at the same time, in whatever batch', async () => {
  const world = new FakeWorld()
  works(world, 'm1', 'a', 'b')
  works(world, 'm2', 'a')
  const all = [fakeHost('h1', 'a', 'm1'), fakeHost('h2', 'b', 'm1'), fakeHost('h3', 'a', 'm2')]
  const { result } = await run([play('p', all, ({ params }) => [thing(params)])], world)
  // FakeChannel throws when two steps meet.
  assert.equal(result.failures, [])
  assert.is(world.log.filter((line) => line.endsWith('connect')).length, 2)
  assert.equal(
    world.machine('m1').steps.map(({ say }) => say),
    ['make a', 'make b'],
  )
  assert.ok(world.log.indexOf('m2: make a') < world.log.indexOf('m1: make b'), 'machines go side by side')
})

test('a change is seen by what runs with it: in a later play, and on another host of the machine', async () => {
  const world = new FakeWorld()
  works(world, 'm1', 'shared')
  there(world, 'm1', 'app1', 'app2')
  const shared = thing('shared')
  const pair = [fakeHost('h1', 'app1', 'm1'), fakeHost('h2', 'app2', 'm1')]
  const { result } = await run(
    [
      play('ground', pair.slice(0, 1), () => [shared]),
      play('apps', pair, ({ params }) => [thing(params, [shared])], { serial: 1 }),
    ],
    world,
  )
  assert.equal(result.failures, [])
  assert.equal(deeds(world), ['m1: make shared', 'm1: restart app1', 'm1: restart app2'])
})

test('a change of a step that failed half-way still restarts what runs with it elsewhere on the machine', async () => {
  const world = new FakeWorld()
  const channel = world.machine('m1')
  there(world, 'm1', 'app2')
  channel.on('make shared', () => {
    channel.answer('is:shared', 'new')
    return { code: 1 }
  })
  const shared = thing('shared')
  const pair = [fakeHost('h1', 'app1', 'm1'), fakeHost('h2', 'app2', 'm1')]
  await run([play('apps', pair, ({ name }) => (name === 'h1' ? [shared] : [shared, thing('app2', [shared])]))], world)
  assert.equal(deeds(world), ['m1: make shared', 'm1: restart app2'])
})

test('a play without hosts does nothing and asks no gate', async () => {
  const world = new FakeWorld()
  const { gate } = gateOf(world)
  const { result } = await run([play('p', hosts(), () => [thing('a')], { gate })], world)
  assert.equal(world.log, [])
  assert.equal(result.hosts, [])
})

test('a serial that gets nowhere is refused', () => {
  for (const serial of [0, -1, 1.5]) assert.throws(() => play('p', hosts('h1'), () => [], { serial }), /serial/)
})

test('resources behind a login are asked and told there, not on the machine', async () => {
  const world = new FakeWorld()
  const login = { host: '127.0.0.1', port: 3306, user: 'admin' }
  const database = world.databaseAt(login)
  database.on('make table', () => {
    database.answer('is:table', 'new')
    return undefined
  })
  const via = () => ({ ...login, password: { reveal: () => 'x' } as never })
  const { result } = await run([play('schema', hosts('db1'), () => [thing('table')], { via })], world)
  assert.equal(result.failures, [])
  assert.equal(deeds(world), ['admin@127.0.0.1:3306: make table'])
  assert.is(database.holder, 'tester on controller, pid 1, a test, run r1')
  assert.equal(world.machine('db1').asked.flat(), ['lastHolder:/run/plinth.lock', 'facts:machine', 'receipts:machine'])
})

test('as many machines are changed at once as forks allow, and one that hangs keeps none of the others', async () => {
  const world = new FakeWorld()
  const names = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6']
  let busy = 0
  let most = 0
  let done = 0
  for (const name of names) {
    works(world, name, 'a')
    const channel = world.machine(name)
    const act = channel.act.bind(channel)
    channel.act = async function* (steps) {
      most = Math.max(most, ++busy)
      // The first one goes on only when nobody else is left to wait for.
      if (name === 'h1') while (done < names.length - 1) await new Promise((resolve) => setImmediate(resolve))
      yield* act(steps)
      busy--
      done++
    }
  }
  const { result } = await run([play('p', hosts(...names), () => [thing('a')])], world, { forks: 2 })
  assert.equal(result.failures, [])
  assert.is(most, 2)
})

test('hosts of one machine, or plays of one database, that want one thing differently are refused, also where --limit leaves one', async () => {
  const world = new FakeWorld()
  const pair = [fakeHost('h1', 'one', 'm1'), fakeHost('h2', 'two', 'm1')]
  const other = (content: string) => [{ ...thing('a'), digest: () => content }]
  const whole = play('p', pair, ({ params }) => other(params))
  const limited = { ...whole, hosts: whole.hosts.slice(0, 1) }
  const login = { host: '127.0.0.1', port: 3306, user: 'admin', password: { reveal: () => 'x' } as never }
  const schema = (name: string, content: string) => play(name, hosts('h3'), () => other(content), { via: () => login })
  for (const site of [[whole], [limited], [schema('s', 'one'), schema('t', 'two')]]) {
    const error = await run(site, world).catch((thrown: Error) => thrown)
    assert.match(String(error), /thing:a \(place 1 of play \w\) is something else at place 1 of play \w/)
  }
  assert.equal(deeds(world), [])
})

test('what one host of a machine makes in an earlier play is there for another, whichever of them --limit leaves', async () => {
  const world = new FakeWorld()
  for (const name of ['base', 'a']) works(world, 'm1', name)
  const needing = { ...thing('a'), needs: ['thing:base'] }
  const pair = [fakeHost('h1', null, 'm1'), fakeHost('h9', null, 'm9')]
  const base = play('base', pair, () => [thing('base')])
  const app = play('app', [fakeHost('h2', null, 'm1')], () => [needing])
  const tried = (site: readonly Play[], ...left: readonly string[]) =>
    run(limited(site, new Set(left)), world, { check: true }).then(({ result }) => result.failures.length, String)
  for (const left of [['h1', 'h2', 'h9'], ['h1'], ['h2', 'h9']]) {
    assert.is(await tried([base, app], ...left), 0, left.join(' '))
    const late =
      /thing:a \(place 1 of play app\) comes before thing:base \(place 1 of play base\) for h1, on the same machine/
    assert.match(String(await tried([app, base], ...left)), late, left.join(' '))
  }
})

/** Accounts that can't be made twice. */
const account = () => [thing('group'), { ...thing('user'), needs: ['thing:group'] }]

test('what a list has twice, the very same, is done once, where it stands first', async () => {
  const world = new FakeWorld()
  works(world, 'h1', 'group', 'user', 'a')
  const { result } = await run([play('p', hosts('h1'), () => [...account(), thing('a'), ...account()])], world)
  assert.equal(result.failures, [])
  const all = ['group', 'user', 'a']
  assert.equal(
    world.machine('h1').steps.map(({ say }) => say),
    all.map((name) => `make ${name}`),
  )
  assert.equal(
    result.plans[0]?.plans.map(({ id }) => id),
    all.map((name) => `thing:${name}`),
  )
})

test('what a list has twice has the needs, notes and tags of both', async () => {
  const world = new FakeWorld()
  works(world, 'h1', 'base', 'a', 'b')
  const again = { ...noted(thing('a'), ['note two']), needs: ['thing:base'], tags: ['second'] }
  const first = { ...noted(thing('a'), ['note one']), tags: ['first'] }
  const site = [play('p', hosts('h1'), () => [thing('base'), first, thing('b'), again, first])]
  for (const tag of ['first', 'second']) {
    const { result } = await run(site, world, { check: true, tags: { only: [tag], skip: [] } })
    assert.match(result.failures[0]?.problems[0]?.what ?? '', /^it stands on thing:base, which differs/)
  }
  await run(site, world)
  const { run: text } = world.machine('h1').steps[1]!
  assert.equal(text.split('\n').sort(), ['make a', 'note one', 'note two'])
  assert.is(text.split('\n').at(-1), 'make a')
})

test.run()
