/** What a run costs: each round trip of it, as the engine begins them. What each takes on the wire is counted in edge/ssh-trips. */
import { lockFile } from '../../lib/core/lock.ts'
import { carryOut } from '../../lib/engine/perform.ts'
import { type Machine, type Play, play } from '../../lib/engine/play.ts'
import { type FakeChannel, FakeWorld, fakeHost, plainFacts, run } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'
import { hosts, there, thing, works } from './thing.ts'
import { works as handles, shut, tester } from './valve.ts'

const test = suite('engine/trips')

/** Every round trip to this machine, in the order in which they are begun. */
function tripsTo(world: FakeWorld, name: string): readonly string[] {
  const trips: string[] = []
  const machine = world.machine(name)
  const { ask, askLocked, lock, act, trace, close } = machine
  const open = world.open.bind(world)
  Object.assign(world, {
    open: (one: Machine) => {
      if (one.key === name) trips.push('connect')
      return open(one)
    },
  })
  const counted: Pick<FakeChannel, 'ask' | 'askLocked' | 'lock' | 'act' | 'trace' | 'close'> = {
    ask(questions) {
      trips.push('ask')
      return ask.call(machine, questions)
    },
    // In one script.
    async askLocked(holder, questions, earlier) {
      const before = trips.length
      const answers = await askLocked.call(machine, holder, questions, earlier)
      trips.splice(before, trips.length, earlier?.answers === answers ? 'lock alone' : 'ask and lock')
      return answers
    },
    lock(holder) {
      trips.push('lock')
      return lock.call(machine, holder)
    },
    async *act(steps, told, heard) {
      for (const one of steps) {
        trips.push(one.say)
        yield* act.call(machine, [one], told, heard)
      }
    },
    trace(one) {
      trips.push(one.receipt ? 'audit line and receipt' : 'audit line')
      return trace.call(machine, one)
    },
    close() {
      trips.push('leave')
      return close.call(machine)
    },
  }
  Object.assign(machine, counted)
  return trips
}

test('each phase of a run that changes something costs its round trips and no other', async () => {
  const world = new FakeWorld()
  world.facts.set('h1', plainFacts)
  works(world, 'h1', 'a', 'b', 'c')
  const trips = tripsTo(world, 'h1')
  const plays = () => [
    play('p', hosts('h1'), () => [thing('a'), thing('b')]),
    play('q', hosts('h1'), () => [thing('c')]),
  ]
  const { result } = await run(plays(), world)
  assert.equal(result.failures, [])
  assert.equal(trips, [
    ...['connect', 'ask'],
    ...['ask and lock', 'audit line and receipt', 'make a', 'make b', 'ask', 'audit line'],
    // The lock is there already.
    ...['ask', 'audit line', 'make c', 'ask', 'audit line'],
    'leave',
  ])
})

/** A machine that says who had its lock last. */
function lastHeld(world: FakeWorld, name: string, by = '7 the last was ann'): FakeChannel {
  world.facts.set(name, plainFacts)
  return world.machine(name).answer(`lastHolder:${lockFile}`, by)
}

test('what was found is not asked again under the lock where no other run has had it since', async () => {
  const trips = async (prepare: (machine: FakeChannel) => void): Promise<readonly string[]> => {
    const world = new FakeWorld()
    const machine = lastHeld(world, 'h1')
    works(world, 'h1', 'a', 'b')
    prepare(machine)
    const trips = tripsTo(world, 'h1')
    const { result } = await run([play('p', hosts('h1'), () => [thing('a'), thing('b')])], world)
    assert.equal(result.failures, [])
    assert.equal(
      machine.steps.map(({ say }) => say),
      ['make a', 'make b'],
    )
    return trips.slice(2, 3)
  }
  /** Between the first question and the lock. */
  const meanwhile = (machine: FakeChannel, happens: () => void): void => {
    const lock = machine.lock.bind(machine)
    machine.lock = (holder) => {
      happens()
      return lock(holder)
    }
  }
  assert.equal(await trips(() => {}), ['lock alone'])
  assert.equal(await trips((machine) => machine.answer(`lastHolder:${lockFile}`, '')), ['ask and lock'], 'not known')
  const other = (machine: FakeChannel) =>
    meanwhile(machine, () => machine.answer(`lastHolder:${lockFile}`, '8 the last was bob'))
  assert.equal(await trips(other), ['ask and lock'], 'another run')
})

test('what this run has begun before, on whatever host, has all that comes later asked again', async () => {
  const last = async (plays: (name: string) => readonly Play[]): Promise<string> => {
    const world = new FakeWorld()
    for (const name of ['h1', 'h2']) lastHeld(world, name)
    works(world, 'h1', 'a')
    works(world, 'h2', 'b')
    const trips = tripsTo(world, 'h2')
    await run(plays('b'), world)
    return trips[2] ?? ''
  }
  const named = (name: string) => thing(name === 'h1' ? 'a' : 'b')
  const both = (options = {}) => play('p', hosts('h1', 'h2'), ({ name }) => [named(name)], options)
  assert.is(await last(() => [both({ serial: 1 })]), 'ask and lock')
  assert.is(await last(() => [both({ serial: 2 })]), 'lock alone')
  const each = ['h1', 'h2'].map((name) => play(name, hosts(name), () => [named(name)]))
  assert.is(await last(() => each), 'ask and lock')
})

test('what earlier lists of a machine were about to change, and did not, restarts nothing', async () => {
  const world = new FakeWorld()
  const machine = lastHeld(world, 'm1').answer('is:conf', 'old').answer('is:unit', 'new').answer('is:bad', 'stuck')
  works(world, 'm1', 'x')
  const [h1, h2] = [fakeHost('h1', '', 'm1'), fakeHost('h2', '', 'm1')]
  const conf = thing('conf')
  const plays = [
    play('p', [h1], () => [conf, thing('bad')], { maxFailures: 1 }),
    play('q', [h2], () => [thing('x'), thing('unit', [conf])]),
  ]
  await run(plays, world)
  assert.equal(
    machine.steps.map(({ say }) => say),
    ['make x'],
  )
})

test('what this run has changed on a machine is asked again there, whoever had its lock', async () => {
  const world = new FakeWorld()
  lastHeld(world, 'm1')
  works(world, 'm1', 'a', 'b')
  const pair = [fakeHost('h1', 'a', 'm1'), fakeHost('h2', 'b', 'm1')]
  const trips = tripsTo(world, 'm1')
  await run([play('p', pair, ({ params }) => [thing(params)])], world)
  assert.equal(trips, [
    ...['connect', 'ask'],
    ...['lock alone', 'audit line and receipt', 'make a', 'ask', 'audit line'],
    ...['ask', 'audit line', 'make b', 'ask', 'audit line'],
    'leave',
  ])
})

test('two hosts of a machine take its lock once, and a run with nothing to do costs one question', async () => {
  const world = new FakeWorld()
  world.facts.set('m1', plainFacts)
  works(world, 'm1', 'a', 'b')
  const pair = [fakeHost('h1', 'a', 'm1'), fakeHost('h2', 'b', 'm1')]
  const plays = () => [play('p', pair, ({ params }) => [thing(params)])]
  const trips = tripsTo(world, 'm1')
  await run(plays(), world)
  assert.equal(trips, [
    ...['connect', 'ask'],
    ...['ask and lock', 'audit line and receipt', 'make a', 'ask', 'audit line'],
    ...['ask', 'audit line', 'make b', 'ask', 'audit line'],
    'leave',
  ])
  // As a host would answer it.
  const owned = world.machine('m1').traces.flatMap(({ receipt }) => receipt?.owned ?? [])
  const text = owned.map(({ host, id }) => `test\t${host}\t${id}`).join('\n')
  world.machine('m1').answer('receipts:machine', text)
  const before = trips.length
  await run(plays(), world)
  assert.equal(trips.slice(before), ['connect', 'ask', 'leave'])
})

test('a machine that was never met is asked once more, for what it is decides what it should be', async () => {
  const world = new FakeWorld()
  there(world, 'h1', 'a')
  const trips = tripsTo(world, 'h1')
  await run([play('p', hosts('h1'), () => [thing('a')])], world, { check: true })
  assert.equal(trips, ['connect', 'ask', 'ask', 'leave'])
})

test('an action of a procedure is looked at for the whole, once more under its lock, and after', async () => {
  const world = new FakeWorld()
  handles(world, 'a')
  const trips = tripsTo(world, 'h1')
  const procedure = { name: 'stop the plant', actions: [shut('a')] }
  await carryOut(procedure, world, {
    check: false,
    identity: tester,
    signal: new AbortController().signal,
    report: () => {},
  })
  const deed = ['audit line', 'turn a', 'ask', 'audit line']
  assert.equal(trips, ['connect', 'ask', 'lock', 'ask', ...deed, 'leave'])
})

test.run()
