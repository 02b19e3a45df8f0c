/** Procedures over a fake world: looked at as a whole, done in order, looked at again; killed anywhere and gone on with. */
import { hostError, problemText, unreachable } from '../../lib/core/error.ts'
import { carryOut } from '../../lib/engine/perform.ts'
import { type Action, blocked, done, due, type Procedure, passing } from '../../lib/engine/procedure.ts'
import type { Event } from '../../lib/engine/world.ts'
import { FakeWorld } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'
import { h1, h2, shut, tester, works } from './valve.ts'

const test = suite('engine/procedure')
const plant = (...actions: readonly Action[]): Procedure => ({ name: 'stop the plant', actions })

async function run(procedure: Procedure, world: FakeWorld, check = false, signal = new AbortController().signal) {
  const events: Event[] = []
  const result = await carryOut(procedure, world, {
    check,
    identity: tester,
    signal,
    report: (event) => events.push(event),
  })
  return { result, events, states: result.actions.map(({ state }) => state) }
}

const steps = (world: FakeWorld): readonly string[] => world.log.filter((line) => /: turn/.test(line))

test('every action is looked at before the first write, done in order, and looked at again', async () => {
  const world = new FakeWorld()
  works(world, 'a', 'b')
  const { states, result } = await run(plant(shut('a'), shut('b', h2)), world)
  assert.equal(states, ['done', 'done'])
  assert.equal(result.failures, [])
  assert.equal(
    world.log.filter((line) => !/connect/.test(line)),
    [
      'h1: ask',
      'h2: ask',
      'h1: lock',
      'h2: lock',
      'h1: ask',
      'h1: turn a',
      'h1: ask',
      'h2: ask',
      'h2: turn b',
      'h2: ask',
    ],
  )
})

test('what is done already is not done again, and then nothing is locked', async () => {
  const world = new FakeWorld()
  for (const [host, name] of [
    ['h1', 'a'],
    ['h2', 'b'],
  ] as const)
    world.machine(host).answer(`is:${name}`, 'shut')
  const { states } = await run(plant(shut('a'), shut('b', h2)), world)
  assert.equal(states, ['kept', 'kept'])
  assert.equal(steps(world), [])
  assert.is(world.machine('h1').holder, null)
})

test('a check says what would be done, writes and locks nothing, and does not guess what it cannot see', async () => {
  const world = new FakeWorld()
  works(world, 'a', 'b')
  let looked = 0
  const later = shut('b', h2, { after: ['shut a'] })
  const watched: Action = {
    ...later,
    look: async (reach) => {
      looked++
      return later.look(reach)
    },
  }
  const { states, result } = await run(plant(shut('a'), watched), world, true)
  assert.equal(states, ['due', 'unknown'])
  assert.is(result.actions[1]?.say, 'known once "shut a" is done')
  assert.is(looked, 0)
  assert.equal(steps(world), [])
  assert.is(world.machine('h1').holder, null)
})

test('one blocked action, and nothing is written anywhere', async () => {
  const world = new FakeWorld()
  works(world, 'a', 'b')
  world.machine('h2').answer('is:b', 'stuck')
  const { states, result } = await run(plant(shut('a'), shut('b', h2)), world)
  assert.equal(states, ['due', 'blocked'])
  assert.equal(steps(world), [])
  assert.is(world.machine('h1').holder, null)
  assert.equal(result.failures[0]?.problems[0]?.what, 'b is stuck')
})

test('one host that cannot be reached, and nothing is written anywhere', async () => {
  const world = new FakeWorld()
  works(world, 'a')
  world.cutOff('h2')
  const { states } = await run(plant(shut('a'), shut('b', h2)), world)
  assert.equal(states, ['due', 'unreachable'])
  assert.equal(steps(world), [])
})

test('what comes in the way later stops what is left', async () => {
  const world = new FakeWorld()
  works(world, 'c')
  world.machine('h1').on('turn a', () => {
    world.machine('h1').answer('is:a', 'shut').answer('is:b', 'stuck')
    return undefined
  })
  const { states, result } = await run(plant(shut('a'), shut('b'), shut('c')), world)
  assert.equal(states, ['done', 'blocked', 'due'])
  assert.equal(steps(world), ['h1: turn a'])
  assert.equal([result.failures[0]?.done, result.failures[0]?.undone], [['shut a'], ['shut b', 'shut c']])
})

test('still not done after its work: a failure that names what was expected and what was found', async () => {
  const world = new FakeWorld()
  const { states, result } = await run(plant(shut('a'), shut('b')), world)
  assert.equal(states, ['failed', 'due'])
  assert.equal(result.failures[0]?.problems, [
    {
      where: 'h1',
      what: 'expected that a is shut, found: a is open',
      remedy: 'find out what keeps it so, then run again',
    },
  ])
})

test('what takes its time is waited for, until its deadline', async () => {
  const slow = (looks: number) => {
    const world = new FakeWorld()
    let count = 0
    const action = shut('a', h1, {
      deadline: 5,
      look: async () => (++count > looks ? done('a is shut') : due('a is closing', 'shut a')),
    })
    return run(plant(action), world).then((ran) => ({ ...ran, seconds: world.seconds }))
  }
  const quick = await slow(4)
  assert.equal([quick.states, quick.seconds], [['done'], 2])
  const never = await slow(100)
  assert.equal([never.states, never.seconds], [['failed'], 5])
  assert.is(never.result.failures[0]?.problems[0]?.what, 'expected that a is shut, found after 5 s: a is closing')
})

test('what blocks it while it is waited for may go away; an error ends the waiting at once', async () => {
  const script = async (third: () => ReturnType<typeof done>) => {
    const world = new FakeWorld()
    let count = 0
    const look = async () => {
      count++
      if (count <= 2) return due('a is open', 'shut a')
      return count === 3 ? blocked({ where: 'h1', what: 'a wobbles', remedy: 'wait' }) : third()
    }
    return { ...(await run(plant(shut('a', h1, { deadline: 5, look })), world)), seconds: world.seconds }
  }
  assert.equal((await script(() => done('a is shut'))).states, ['done'])
  const broken = await script(() => {
    throw hostError({ where: 'h1', what: 'a is broken', remedy: 'mend it' })
  })
  assert.equal([broken.states, broken.seconds], [['failed'], 1])
  assert.is(broken.result.failures[0]?.problems[0]?.what, 'a is broken')
})

/** Shuts a, which is hindered for so many looks. */
const hindered = (looks: number, more: Partial<Action> = {}): Action => {
  let count = 0
  const action = shut('a', h1, more)
  const wobbles = { where: 'h1', what: 'a wobbles', remedy: 'hold it' }
  return { ...action, look: async (reach) => (count++ < looks ? passing(5, wobbles) : action.look(reach)) }
}

test('what may pass is waited for before anything is begun, and told; what stays is in the way', async () => {
  const world = new FakeWorld()
  works(world, 'a')
  const quick = await run(plant(hindered(3)), world)
  assert.equal([quick.states, world.seconds], [['done'], 3])
  assert.equal(
    quick.events.flatMap((event) => (event.kind === 'awaiting' ? [`${event.seconds} ${event.found}`] : [event.kind])),
    ['0 h1: a wobbles', '1 h1: a wobbles', '2 h1: a wobbles', 'looked', 'play', 'step', 'done', 'acted'],
  )
  const stuck = new FakeWorld()
  works(stuck, 'b')
  const never = await run(plant(shut('b', h2), hindered(100)), stuck)
  assert.equal([never.states, stuck.seconds, steps(stuck)], [['due', 'blocked'], 5, []])
  assert.is(never.result.failures[0]?.problems[0]?.what, 'a wobbles')
})

test('an interrupt ends that waiting as well, before the plan is told and after', async () => {
  for (const early of [true, false]) {
    const world = new FakeWorld()
    works(world, 'b', 'c')
    const stop = new AbortController()
    let count = 0
    const wobbles = { where: 'h1', what: 'a wobbles', remedy: 'hold it' }
    const look = async () => {
      if (++count === (early ? 2 : 4)) stop.abort()
      return early || count > 1 ? passing(60, wobbles) : due('a is open', 'shut a')
    }
    const { states, result } = await run(
      plant(shut('b'), shut('a', h1, { look }), shut('c')),
      world,
      false,
      stop.signal,
    )
    assert.equal([states, result.failures], [early ? ['due', 'unreached', 'unreached'] : ['done', 'due', 'due'], []])
    assert.equal([result.interrupted, count], [true, early ? 2 : 4])
  }
})

test('a step that fails has its command, code and words in the failure', async () => {
  const world = new FakeWorld()
  world.machine('h1').fail('turn a', 3, 'it squeaks')
  const { result } = await run(plant(shut('a'), shut('b')), world)
  const [failure] = result.failures
  assert.is(failure?.kind, 'failed')
  assert.match(failure?.problems[0]?.what ?? '', /"turn a" ended with exit code 3:\n {4}it squeaks/)
  assert.equal(failure?.step, { id: 'shut a', say: 'turn a', run: 'turn a', code: 3, stderr: 'it squeaks' })
  assert.equal(failure?.undone, ['shut a', 'shut b'])
})

test('a connection lost in the middle of a step is no success, and nothing of it is repeated', async () => {
  const world = new FakeWorld()
  works(world, 'b')
  world.machine('h1').lose('turn a')
  const { states, result } = await run(plant(shut('a'), shut('b', h2)), world)
  assert.equal(states, ['unreachable', 'due'])
  assert.match(
    result.failures[0]?.problems[0]?.what ?? '',
    /the connection was lost during "turn a", so its outcome is unknown/,
  )
  assert.equal(steps(world), ['h1: turn a'])
  assert.equal([result.failures[0]?.done, result.failures[0]?.undone], [[], ['shut b']], 'neither done nor not done')
})

test('a deed that is no step is told like one, and its lost connection leaves the outcome unknown', async () => {
  const lost = unreachable({ where: 'h1', what: 'the cable is out', remedy: 'look' })
  const action = (work: () => Promise<string>) =>
    shut('a', h1, {
      work: async (doing) => {
        await doing.deed('h1', 'ask it to shut', 'POST /shut', work)
      },
    })
  const world = new FakeWorld()
  const { result, events } = await run(
    plant(
      action(async () => {
        throw lost
      }),
    ),
    world,
  )
  assert.is(result.failures[0]?.kind, 'unreachable')
  assert.match(
    result.failures[0]?.problems[0]?.what ?? '',
    /lost during "ask it to shut", so its outcome is unknown: the cable is out/,
  )
  assert.equal(result.failures[0]?.undone, [])
  const told = events.flatMap((event) =>
    event.kind === 'step' ? [event.step.run] : event.kind === 'done' ? [String(event.ok)] : [],
  )
  assert.equal(told, ['POST /shut', 'false'])
  const well = await run(
    plant(
      action(async () => {
        world.machine('h1').answer('is:a', 'shut')
        return 'ok'
      }),
    ),
    world,
  )
  assert.equal(well.states, ['done'])
})

test('an interrupt: the action in hand is finished, nothing new is begun', async () => {
  const world = new FakeWorld()
  const stop = new AbortController()
  works(world, 'b')
  world.machine('h1').on('turn a', () => {
    stop.abort()
    world.machine('h1').answer('is:a', 'shut')
    return undefined
  })
  const { states, result } = await run(plant(shut('a'), shut('b')), world, false, stop.signal)
  assert.equal(states, ['done', 'due'])
  assert.is(result.interrupted, true)
  assert.equal(result.failures, [])
  assert.ok(world.machine('h1').closed)
})

test('an interrupt while it looks: nobody waits for the answer', async () => {
  const stop = new AbortController()
  const look = (): Promise<never> => {
    setImmediate(() => stop.abort())
    return new Promise(() => {})
  }
  const { states, result } = await run(plant(shut('a', h1, { look }), shut('b')), new FakeWorld(), false, stop.signal)
  assert.equal([states, result.interrupted, result.failures.length], [['unreached', 'unreached'], true, 0])
})

test('an interrupt ends the waiting', async () => {
  const world = new FakeWorld()
  const stop = new AbortController()
  let count = 0
  const look = async () => {
    if (++count === 4) stop.abort()
    return due('a is closing', 'shut a')
  }
  const { states, result } = await run(plant(shut('a', h1, { deadline: 60, look })), world, false, stop.signal)
  assert.equal([states, result.interrupted, world.seconds], [['due'], true, 1])
})

test('killed after any step, the next run goes on where it stopped', async () => {
  const names = ['a', 'b', 'c', 'd']
  const actions = names.map((name, index) => shut(name, index % 2 ? h2 : h1))
  for (let alive = 0; alive < names.length; alive++) {
    const world = new FakeWorld()
    works(world, ...names)
    const killed = new Error('killed')
    let count = 0
    const dying = actions.map(
      (action): Action => ({
        ...action,
        work: async (work) => {
          await action.work?.(work)
          if (count++ === alive) throw killed
        },
      }),
    )
    await run(plant(...dying), world).then(
      () => assert.unreachable('it should be killed'),
      (error) => assert.is(error, killed),
    )
    const { states } = await run(plant(...actions), world)
    assert.equal(
      states,
      names.map((_, index) => (index <= alive ? 'kept' : 'done')),
    )
    assert.equal(
      steps(world).map((line) => line.slice(-1)),
      names,
      'each was done once',
    )
  }
})

test('the lock of another run stops it before its first write; a machine that is away needs no lock', async () => {
  const world = new FakeWorld()
  works(world, 'a')
  world.machine('h2').lock = async () => {
    throw hostError({ where: 'h2', what: 'another run is at work there: Li Wei', remedy: 'wait' })
  }
  const { result } = await run(plant(shut('a')), world)
  assert.match(result.failures[0]?.problems[0]?.what ?? '', /Li Wei/)
  assert.equal(steps(world), [])
  world.cutOff('h2')
  assert.equal((await run(plant(shut('a')), world)).states, ['done'])
})

test('a lock of a database is taken on a session of its own, and given back', async () => {
  const world = new FakeWorld()
  works(world, 'a')
  const login = { host: '127.0.0.1', port: 3306, user: 'admin', password: undefined as never }
  await run(plant(shut('a', h1, { locks: [{ host: h1, login }] })), world)
  const database = world.databaseAt(login)
  assert.equal(
    [database.holder, database.closed, world.machine('h1').holder],
    ['tester on controller, pid 1, a test, run r1', true, null],
  )
})

test('the machine of an action has its beginning and its end in its audit log, the others nothing', async () => {
  const world = new FakeWorld()
  works(world, 'a')
  world.machine('h2').answer('is:b', 'shut')
  await run(plant(shut('a'), shut('b', h2)), world)
  const who = 'run=r1 by=tester@controller pid=1 site=test procedure="stop the plant" action="shut a" host=h1'
  assert.equal(
    world.machine('h1').traces.map(({ line }) => line),
    [`${who} begin: shut a`, `${who} end: done, a is shut`],
  )
  assert.equal(world.machine('h2').traces, [])
})

test('a secret in the command or the stderr of a step that fails is not shown', async () => {
  const world = new FakeWorld()
  works(world, 'a')
  world.machine('h1').on('turn a', () => ({ code: 7, stderr: 'no hunter2 here' }))
  const action = shut('a', h1, {
    work: async ({ run }) => void (await run(h1, { say: 'turn a', run: 'turn a # hunter2' })),
  })
  const signal = new AbortController().signal
  const mask = (text: string): string => text.replaceAll('hunter2', '***')
  const { failures } = await carryOut(plant(action), world, {
    check: false,
    identity: tester,
    signal,
    mask,
    report() {},
  })
  assert.equal([failures[0]?.step?.run, failures[0]?.step?.stderr], ['turn a # ***', 'no *** here'])
  assert.not.match(JSON.stringify(failures), /hunter2/)
})

test('what a look tells is checked where it is told: a failure of its action that names the line', async () => {
  const problem = { where: 'a', what: 'it is stuck', remedy: 'pull it out' }
  const never = (value: unknown): never => value as never
  for (const [tell, message] of [
    [
      () => blocked(never([problem])),
      /procedure\.test\.ts:\d+:\d+: problem 1 of blocked is a list; spread it: \.\.\.problems$/,
    ],
    [() => blocked(problem, never('stuck')), /: problem 2 of blocked is "stuck"; give \{ where, what, remedy \}$/],
    [() => passing(5, never([problem])), /: problem 1 of passing is a list; spread it/],
    [() => passing(never(problem), problem), /: its patience is an object; give seconds, and the problems after it$/],
    [() => done(never(undefined)), /: what done says is undefined; give words for people$/],
    [() => due('open', never(7)), /: what due says is 7; give words for people$/],
  ] as const) {
    const { result, states } = await run(plant(shut('a', h1, { look: async () => tell() })), new FakeWorld())
    assert.equal(states, ['failed'])
    assert.match(result.failures[0]?.problems.map(problemText).join() ?? '', message)
  }
})

test('a bug in the work of an action: told as its failure, its beginning has its end in the audit log, nothing follows', async () => {
  const world = new FakeWorld()
  works(world, 'a', 'b')
  const bug = new TypeError('undefined is not a function')
  const action = shut('a', h1, {
    work: async () => {
      throw bug
    },
  })
  const events: Event[] = []
  const report = (event: Event): void => void events.push(event)
  const options = { check: false, identity: tester, signal: new AbortController().signal, report }
  await carryOut(plant(action, shut('b', h2)), world, options).then(
    () => assert.unreachable('it should be thrown'),
    (error) => assert.is(error, bug),
  )
  const failures = events.flatMap((event) => (event.kind === 'failed' ? [event.failure] : []))
  assert.equal(
    failures.map(({ host, play, undone }) => [host, play, undone]),
    [['h1', 'shut a', ['shut a', 'shut b']]],
  )
  assert.match(failures[0]?.problems[0]?.what ?? '', /a bug .*: TypeError: undefined is not a function$/)
  assert.match(
    world
      .machine('h1')
      .traces.map(({ line }) => line)
      .join('\n'),
    /begin: shut a\n.* end: failed, a bug/,
  )
  assert.equal(steps(world), [])
})

test('a bug of ours is no failure of a host', async () => {
  const bug = new TypeError('undefined is not a function')
  const action = shut('a', h1, {
    look: async () => {
      throw bug
    },
  })
  await run(plant(action), new FakeWorld()).then(
    () => assert.unreachable('it should be thrown'),
    (error) => assert.is(error, bug),
  )
})

test.run()
