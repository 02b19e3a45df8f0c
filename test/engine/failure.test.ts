/** When a host comes to grief: what stops, what goes on, and what is said. */

import { hostError } from '../../lib/core/error.ts'
import type { Resource } from '../../lib/core/resource.ts'
import { Secret } from '../../lib/core/secret.ts'
import { play } from '../../lib/engine/play.ts'
import type { Event } from '../../lib/engine/world.ts'
import { FakeWorld, fakeHost, plainFacts, run } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'
import { gateOf, hosts, there, thing, works } from './thing.ts'

const test = suite('engine/failure')
const says = (world: FakeWorld, machine: string): readonly string[] =>
  world.machine(machine).steps.map(({ say }) => say)

test('a blocked resource anywhere stops everything before the first write', async () => {
  const world = new FakeWorld()
  works(world, 'h1', 'a')
  world.machine('h2').answer('is:a', 'stuck')
  const { result } = await run([play('p', hosts('h1', 'h2'), () => [thing('a')])], world)
  assert.equal(result.failures, [
    {
      host: 'h2',
      play: 'p',
      kind: 'blocked',
      problems: [{ where: 'a', what: 'it is stuck', remedy: 'pull it out' }],
      done: [],
      undone: [],
    },
  ])
  assert.equal(
    result.hosts.map(({ host, state }) => `${host} ${state}`),
    ['h1 ok', 'h2 blocked'],
  )
  assert.equal(says(world, 'h1'), [])
  assert.is(world.machine('h1').holder, null)
})

test('a host that turns out to be blocked when its turn comes', async () => {
  const world = new FakeWorld()
  works(world, 'h1', 'a')
  world.machine('h1').on('make a', () => {
    world.machine('h2').answer('is:a', 'stuck')
    world.machine('h1').answer('is:a', 'new')
    return undefined
  })
  const { result } = await run([play('p', hosts('h1', 'h2'), () => [thing('a')], { serial: 1 })], world)
  assert.equal(
    result.failures.map(({ host, kind }) => `${host} ${kind}`),
    ['h2 blocked'],
  )
  assert.equal(says(world, 'h2'), [])
})

test('an unreachable host stops everything, and every such host is named once', async () => {
  const world = new FakeWorld()
  for (const name of ['h1', 'h2', 'h3']) works(world, name, 'a', 'b')
  world.cutOff('h2')
  world.cutOff('h3')
  const all = hosts('h1', 'h2', 'h3')
  const { result } = await run([play('one', all, () => [thing('a')]), play('two', all, () => [thing('b')])], world)
  assert.equal(
    result.failures.map(({ host, kind, problems }) => `${host} ${kind}: ${problems[0]?.what}`),
    ['h2 unreachable: no route to host', 'h3 unreachable: no route to host'],
  )
  assert.equal(says(world, 'h1'), [])
})

test('a database that is down when it is asked is a failure, not an unreachable host', async () => {
  const world = new FakeWorld()
  works(world, 'h1', 'a')
  world.databaseChannel = async () => {
    throw hostError({ where: 'MySQL 127.0.0.1:3306', what: 'nothing listens there', remedy: 'start it' })
  }
  const via = () => ({ host: '127.0.0.1', port: 3306, user: 'admin', password: {} as never })
  const { result } = await run(
    [play('schema', hosts('db1'), () => [thing('t')], { via }), play('p', hosts('h1'), () => [thing('a')])],
    world,
  )
  assert.equal(
    result.failures.map(({ host, play, kind }) => [host, play, kind]),
    [['db1', 'schema', 'failed']],
  )
  assert.equal(says(world, 'h1'), [])
})

test('a step fails: the rest of the batch finishes, later batches and plays stay untouched', async () => {
  const world = new FakeWorld()
  for (const name of ['h1', 'h2', 'h3']) works(world, name, 'a', 'b', 'c', 'later')
  world.machine('h1').fail('make b', 7, 'first\nsecond\n')
  const all = hosts('h1', 'h2', 'h3')
  const { gate, looks } = gateOf(world)
  const { result } = await run(
    [
      play('p', all, () => [thing('a'), thing('b'), thing('c')], { serial: 2, gate }),
      play('q', all, () => [thing('later')]),
    ],
    world,
  )
  assert.equal(says(world, 'h1'), ['make a', 'make b'])
  assert.equal(says(world, 'h2'), ['make a', 'make b', 'make c'])
  assert.equal(says(world, 'h3'), [])
  assert.equal(looks, [], 'no gate after a batch that failed')
  assert.equal(result.failures, [
    {
      host: 'h1',
      play: 'p',
      kind: 'failed',
      problems: [
        {
          where: 'h1',
          what: '"make b" ended with exit code 7:\n    first\n    second',
          remedy: 'mend the cause and run again',
        },
      ],
      step: { id: 'thing:b', say: 'make b', run: 'make b', code: 7, stderr: 'first\nsecond' },
      done: ['make a'],
      undone: ['make b', 'make c'],
    },
  ])
  assert.equal(
    result.hosts.map(({ host, changed, state }) => `${host} ${changed} ${state}`),
    ['h1 1 failed', 'h2 3 ok', 'h3 0 ok'],
  )
})

test('only the last lines of what a step said are shown', async () => {
  const world = new FakeWorld()
  const stderr = Array.from({ length: 40 }, (_, index) => `line ${index}`).join('\n')
  world.machine('h1').fail('make a', 1, stderr)
  const { result } = await run([play('p', hosts('h1'), () => [thing('a')])], world)
  const what = result.failures[0]?.problems[0]?.what ?? ''
  assert.is(what.split('\n').length, 6)
  assert.ok(what.includes('line 39') && !what.includes('line 30\n'))
})

test('a step whose process was killed: the number alone says nothing to a person', async () => {
  const world = new FakeWorld()
  world.machine('h1').fail('make a', 137)
  const { result } = await run([play('p', hosts('h1'), () => [thing('a')])], world)
  assert.is(
    result.failures[0]?.problems[0]?.what,
    '"make a" ended with exit code 137 (killed, as by a kernel that is out of memory)',
  )
})

test('a connection lost in the middle of a step is never a success: the machine is lost, the step neither done nor not', async () => {
  const world = new FakeWorld()
  for (const name of ['h1', 'h2']) works(world, name, 'a', 'b', 'c')
  world.machine('h1').lose('make b')
  const desired = () => [thing('a'), thing('b'), thing('c')]
  const { result } = await run([play('p', hosts('h1', 'h2'), desired, { serial: 1 })], world)
  const [failure] = result.failures
  assert.is(result.failures.length, 1)
  assert.is(failure?.kind, 'unreachable')
  assert.equal(failure?.problems, [
    {
      where: 'h1',
      what: 'the connection was lost during "make b", so its outcome is unknown:\n    plinth: the connection was cut',
      remedy: 'see to the host and the network, then run again: what is done is kept',
    },
  ])
  assert.equal([failure?.done, failure?.undone], [['make a'], ['make c']])
  assert.equal(says(world, 'h1'), ['make a', 'make b'], 'never repeated')
  assert.equal(says(world, 'h2'), [])
  assert.is(result.hosts[0]?.state, 'unreachable')
})

test('a channel that says nothing of a step has not done it', async () => {
  const world = new FakeWorld()
  const channel = world.machine('h1')
  channel.act = async function* () {}
  const { result } = await run([play('p', hosts('h1'), () => [thing('a')])], world)
  assert.is(result.failures.length, 1)
  assert.is(result.failures[0]?.kind, 'unreachable')
  assert.equal(result.failures[0]?.done, [])
})

test('a connection lost between two steps is an unreachable host', async () => {
  const world = new FakeWorld()
  works(world, 'h1', 'a')
  // What is lost here shows when the state is asked for again.
  world.machine('h1').on('make a', () => {
    world.machine('h1').lose('never').ask = async () => {
      throw Object.assign(hostError({ where: 'h1', what: 'gone', remedy: 'look' }), { code: 3 })
    }
    return undefined
  })
  const { result } = await run([play('p', hosts('h1'), () => [thing('a')])], world)
  assert.equal(
    result.failures.map(({ kind, done }) => ({ kind, done })),
    [{ kind: 'unreachable', done: ['make a'] }],
  )
})

test('what still differs after the apply is a failure with what was found and expected', async () => {
  const world = new FakeWorld()
  world.machine('h1').answer('is:a', 'old')
  const { result } = await run([play('p', hosts('h1'), () => [thing('a')])], world)
  assert.equal(result.failures[0]?.problems, [
    {
      where: 'h1 thing:a',
      what: 'state is old after the apply, expected new',
      remedy: 'it does not stay so, or something else changes it; find out which, then run again',
    },
  ])
  assert.equal(result.failures[0]?.done, ['make a'])
  const empty = new FakeWorld()
  const second = await run([play('p', hosts('h1'), () => [thing('a')])], empty)
  assert.match(second.result.failures[0]?.problems[0]?.what ?? '', /^state is not there after the apply, expected new$/)
})

test('the lock of another run stops the host before its first write', async () => {
  const world = new FakeWorld()
  works(world, 'h1', 'a')
  world.machine('h1').lock = async () => {
    throw hostError({ where: 'h1', what: 'another run is at work there: Li Wei', remedy: 'wait' })
  }
  const { result } = await run([play('p', hosts('h1'), () => [thing('a')])], world)
  assert.match(result.failures[0]?.problems[0]?.what ?? '', /Li Wei/)
  assert.equal(says(world, 'h1'), [])
})

test('a resource counts as changed once a step for it did what it should', async () => {
  const world = new FakeWorld()
  works(world, 'h1', 'a')
  world.machine('h1').fail('make b')
  const { result } = await run([play('p', hosts('h1'), () => [thing('a'), thing('b')])], world)
  assert.is(result.hosts[0]?.changed, 1)
  world.machine('h1').lose('make b')
  assert.is((await run([play('p', hosts('h1'), () => [thing('b')])], world)).result.hosts[0]?.changed, 0)
})

test('an interrupt: the step in hand is finished, nothing new is begun', async () => {
  const world = new FakeWorld()
  const stop = new AbortController()
  works(world, 'h1', 'b')
  works(world, 'h2', 'a', 'b')
  world.machine('h1').on('make a', () => {
    stop.abort()
    world.machine('h1').answer('is:a', 'new')
    return undefined
  })
  const { gate, looks } = gateOf(world)
  const { result } = await run(
    [play('p', hosts('h1', 'h2'), () => [thing('a'), thing('b')], { serial: 1, gate })],
    world,
    { signal: stop.signal },
  )
  assert.is(result.interrupted, true)
  assert.equal(result.failures, [])
  assert.equal(says(world, 'h1'), ['make a'])
  assert.equal(says(world, 'h2'), [])
  assert.equal(looks, [])
  assert.ok(world.machine('h1').closed)
  assert.equal(result.unfinished, [
    { host: 'h1', play: 'p', done: ['make a'], undone: ['make b'] },
    { host: 'h2', play: 'p', done: [], undone: ['make a', 'make b'] },
  ])
})

test('an interrupt: what was done for one host of a machine is not undone for another', async () => {
  const world = new FakeWorld()
  const stop = new AbortController()
  world.machine('m').on('make shared', () => {
    stop.abort()
    world.machine('m').answer('is:shared', 'new')
    return undefined
  })
  const pair = [fakeHost('h1', null, 'm'), fakeHost('h2', null, 'm')]
  const list = (host: string) => [thing('shared'), ...(host === 'h2' ? [thing('own')] : [])]
  const site = [play('p', pair, ({ name }) => list(name), { serial: 1 }), play('q', pair, () => [thing('shared')])]
  const { result } = await run(site, world, { signal: stop.signal })
  assert.equal(result.unfinished, [{ host: 'h2', play: 'p', done: [], undone: ['make own'] }])
})

test('an interrupt while machines are read: nobody waits for them, none is read any more, and none counts as lost', async () => {
  const world = new FakeWorld()
  const stop = new AbortController()
  const asked: string[] = []
  for (const name of ['h1', 'h2']) {
    world.machine(name).ask = async () => {
      asked.push(name)
      stop.abort()
      return new Promise(() => {})
    }
  }
  const connect = world.open.bind(world)
  world.open = async (machine) => (machine.key === 'h3' ? new Promise(() => {}) : connect(machine))
  const { result, events } = await run([play('p', hosts('h3', 'h1', 'h2'), () => [thing('a')])], world, {
    signal: stop.signal,
    forks: 2,
  })
  assert.is(result.interrupted, true)
  assert.equal([result.failures, result.unfinished, result.plans], [[], [], []])
  assert.equal(asked, ['h1'])
  assert.equal(
    events.map(({ kind }) => kind),
    ['connecting'],
  )
  assert.ok(world.machine('h1').closed)
})

test('a database is changed under the lock of its machine as well', async () => {
  const world = new FakeWorld()
  const login = { host: 'db', port: 3306, user: 'admin', password: new Secret('pw') }
  const locks: string[] = []
  world.machine('h1').lock = async (holder) => void locks.push(`machine: ${holder}`)
  world.databaseAt(login).lock = async (holder) => void locks.push(`database: ${holder}`)
  await run([play('p', hosts('h1'), () => [thing('a')], { via: () => login })], world)
  const holder = 'tester on controller, pid 1, a test, run r1'
  assert.equal(locks, [`machine: ${holder}`, `database: ${holder}`])
})

test('an interrupt ends the wait at a gate', async () => {
  const world = new FakeWorld()
  const stop = new AbortController()
  works(world, 'h1', 'a')
  const { gate } = gateOf(world, (_look, count) => {
    if (count === 3) stop.abort()
    return [{ host: 'h1', what: 'is starting' }]
  })
  const { result } = await run([play('p', hosts('h1'), () => [thing('a')], { gate })], world, { signal: stop.signal })
  assert.is(result.interrupted, true)
  assert.equal(result.failures, [])
  assert.is(world.seconds, 2)
})

test('a list that contradicts itself is a usage error before anything is touched', async () => {
  const cases = [
    [
      () => [thing('a'), thing('a', [thing('b')])],
      /h1: thing:a \(place 2 of play p\) is something else at place 1 of play p; declare it once/,
    ],
    [({ name }: { name: string }) => [thing('a', name === 'h2' ? [thing('x')] : [])], /same machine/],
  ] as const
  for (const [desired, message] of cases) {
    const world = new FakeWorld()
    world.facts.set('m1', plainFacts)
    const pair = [fakeHost('h1', null, 'm1'), fakeHost('h2', null, 'm1')]
    try {
      await run([play('p', pair, desired)], world)
      assert.unreachable('it should be refused')
    } catch (error) {
      assert.match((error as Error).message, message)
      assert.is((error as { code?: number }).code, 4)
    }
    assert.equal(world.log, [], 'not even connected: the facts of an earlier run suffice')
  }
})

test('a step past its deadline was ended: the machine is well, the outcome unknown, nothing of it is repeated', async () => {
  const world = new FakeWorld()
  works(world, 'h1', 'a', 'b')
  const channel = world.machine('h1')
  let steps = 0
  channel.act = async function* ([step]) {
    steps++
    yield { step: step!, code: null, stdout: '', stderr: 'still waiting\n', seconds: 300, late: 300 }
  }
  const { result } = await run([play('p', hosts('h1'), () => [thing('a'), thing('b')])], world)
  const [failure] = result.failures
  assert.is(failure?.kind, 'failed')
  assert.equal(failure?.problems, [
    {
      where: 'h1',
      what: '"make a" had not ended after 300 s, so it was given up and its outcome is unknown:\n    still waiting',
      remedy: 'see on the host what it waited for, then run again: what is done is kept',
    },
  ])
  assert.equal([failure?.done, failure?.undone, steps], [[], ['make b'], 1])
})

test('a secret in the command or the stderr of a step that fails is not shown', async () => {
  const world = new FakeWorld()
  world.machine('h1').on('make a', () => ({ code: 7, stderr: `${'x'.repeat(295)}hunter2\nno hunter2 here` }))
  const mask = (text: string): string => text.replaceAll('hunter2', '***')
  const steps = [{ say: 'make a', run: 'make a # hunter2', command: 'hunter2' }]
  const whole = thing('a')
  const leaking: Resource = { ...whole, plan: (answers, pending) => ({ ...whole.plan(answers, pending), steps }) }
  const { result, events } = await run([play('p', hosts('h1'), () => [leaking])], world, { mask })
  const { run: command, command: short, stderr } = result.failures[0]?.step ?? {}
  assert.equal([command, short], ['make a # ***', '***'])
  assert.match(stderr ?? '', /x\*\*\*\nno \*\*\* here$/)
  const told = events.filter(({ kind }) => kind === 'failed')
  assert.is(told.length, 1)
  assert.not.match(JSON.stringify([told, result.failures]), /hunt/)
})

test('a bug on one host: told as its failure, the others end the step in hand, every beginning has its end, then it is thrown', async () => {
  const world = new FakeWorld()
  for (const name of ['h1', 'h2']) works(world, name, 'a', 'b')
  const bug = new TypeError('a bug\nin two lines')
  let reached = (): void => {}
  const fallen = new Promise<void>((resolve) => {
    reached = resolve
  })
  let looks = 0
  const broken = (): Resource => {
    const whole = thing('a')
    return {
      ...whole,
      plan(answers, pending) {
        // At the first look, under the lock, and then.
        if (++looks < 3) return whole.plan(answers, pending)
        reached()
        throw bug
      },
    }
  }
  const slow = world.machine('h2')
  const { act } = slow
  slow.act = async function* (steps, told, heard) {
    await fallen
    yield* act.call(slow, steps, told, heard)
  }
  const site = [
    play('p', hosts('h1', 'h2'), ({ name }) => (name === 'h1' ? [broken()] : [thing('a'), thing('b')])),
    play('q', hosts('h1', 'h2'), () => [thing('c')]),
  ]
  const events: Event[] = []
  await run(site, world, { report: (event) => void events.push(event) }).then(
    () => assert.unreachable('it should be thrown'),
    (error) => assert.is(error, bug),
  )
  const failures = events.flatMap((event) => (event.kind === 'failed' ? [event.failure] : []))
  assert.equal(
    failures.map(({ host, play, kind, done }) => [host, play, kind, done]),
    [['h1', 'p', 'failed', ['make a']]],
  )
  assert.match(
    failures[0]?.problems[0]?.what ?? '',
    /^a bug in the playbook, in a role or in Plinth: TypeError: a bug$/,
  )
  assert.equal([says(world, 'h1'), says(world, 'h2')], [['make a'], ['make a']])
  const ends = (host: string): readonly string[] =>
    world.machine(host).traces.map(({ line }) => line.replace(/^.* (begin|end|forgets):/, '$1:'))
  assert.equal(ends('h1'), ['begin: create thing:a', 'end: failed', 'forgets: thing:c'])
  assert.equal(ends('h2'), ['begin: create thing:a, create thing:b', 'end: interrupted', 'forgets: thing:b, thing:c'])
})

test('a bug of ours is thrown, and the connections are closed all the same', async () => {
  const world = new FakeWorld()
  there(world, 'h1', 'a')
  const desired = () => {
    throw new TypeError('a bug')
  }
  try {
    await run([play('p', hosts('h1'), desired)], world)
    assert.unreachable('it should be thrown')
  } catch (error) {
    assert.is((error as Error).message, 'a bug')
  }
  assert.ok(world.machine('h1').closed)
})

test.run()
