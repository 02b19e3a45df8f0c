/** One thing on each host by itself, over fake machines. */
import { usageError } from '../../lib/core/error.ts'
import { masking } from '../../lib/core/masking.ts'
import { commandErrand } from '../../lib/engine/command-errand.ts'
import { type Errand, type ErrandEvent, type ErrandOptions, visit } from '../../lib/engine/errand.ts'
import { errandCode, errandDocument, errandPlan, errandRecap } from '../../lib/engine/errand-report.ts'
import { FakeWorld, fakeHost } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'

const test = suite('engine/errand')
const identity = { id: 'r1', user: 'tester', from: 'desk', pid: 1, playbook: 'run.ts', site: 'run@x' }

async function go<T>(errand: Errand<T>, world: FakeWorld, options: Partial<ErrandOptions> = {}) {
  const events: ErrandEvent[] = []
  const result = await visit(errand, world, {
    forks: 50,
    identity,
    mask: () => masking([]),
    signal: new AbortController().signal,
    ...options,
    report(event) {
      events.push(event)
      options.report?.(event)
    },
  })
  return { result, events, code: errandCode(result) }
}
const hosts = (...names: readonly string[]) => names.map((name) => fakeHost(name, {}))
const said = (events: readonly ErrandEvent[]): readonly string[] =>
  events.flatMap((event) =>
    event.kind === 'said' ? event.lines.map((line) => `${event.host} ${event.stream} ${line}`) : [],
  )

test('each host runs it, what it prints is told by line, and each end is known', async () => {
  const world = new FakeWorld()
  world.machine('a').on('uptime', () => ({ code: 0, stdout: 'up\n1 day', stderr: 'hm\n' }))
  world.machine('b').fail('uptime', 3)
  world.cutOff('c')
  const errand = commandErrand(['uptime'], hosts('a', 'b', 'c', 'd'), 60)
  const { result, events, code } = await go(errand, world)
  assert.equal(said(events), ['a stdout up', 'a stderr hm', 'a stdout 1 day'])
  assert.equal(
    result.hosts.map(({ host, state }) => `${host} ${state}`),
    ['a ok', 'b failed', 'c unreachable', 'd ok'],
  )
  assert.is(code, 3)
  assert.equal(
    errandRecap(errand, result, 1, 'again').map(({ text }) => text),
    [
      'host  seconds  end',
      'a     0.0      ok',
      'b     0.0      exit code 3',
      'c     0.0      unreachable',
      'd     0.0      ok',
      'uptime: failed on 2 of 4 hosts (1.0 s).',
    ],
  )
  assert.equal(errandDocument(result).hosts[0], {
    ...{
      host: 'a',
      state: 'ok',
      end: 'ok',
      seconds: 0,
      exitCode: 0,
      stdout: 'up\n1 day',
      stderr: 'hm\n',
      cut: false,
      problems: [],
    },
  })
})

test('what an errand found has no say in what came of it', async () => {
  const found = { host: 'x', state: 'ok', end: 'well', seconds: 9, problems: 'none', more: 1 }
  const errand = {
    name: 'look',
    hosts: hosts('a'),
    acts: false,
    on: async () => ({ value: found, failed: 'not well' }),
  }
  const { result } = await go(errand, new FakeWorld())
  assert.equal(errandDocument(result).hosts, [
    { host: 'a', state: 'failed', end: 'not well', seconds: 0, problems: [], more: 1 },
  ])
})

test('words are joined by blanks for the shell there, in the home folder, and nothing of ours stops it', async () => {
  const world = new FakeWorld()
  await go(commandErrand(['ls', '*.log', '|', 'wc', '-l'], hosts('a'), 7), world)
  const [step] = world.machine('a').steps
  assert.is(step!.run, 'set +eu\ncd 2>/dev/null || cd /\nls *.log | wc -l')
  assert.is(step!.deadline, 7)
  assert.is(step!.input, undefined)
})

test('the audit log of each host has it before and after, without secrets', async () => {
  const world = new FakeWorld()
  await go(commandErrand(['mysql', '-phunter22'], hosts('a'), 60), world, { mask: () => masking(['hunter22']) })
  assert.equal(
    world.machine('a').traces.map(({ line }) => line.replace(/^.* procedure=/, '')),
    ['"mysql -p***" action=run host=a begin: mysql -p***', '"mysql -p***" action=run host=a end: exit code 0'],
  )
})

test('a secret that is written otherwise in quotes is none in the audit log either', async () => {
  const world = new FakeWorld()
  const secret = 'pa"ss\\wo rd'
  await go(commandErrand(['mysql', `-p'${secret}'`], hosts('a'), 60), world, { mask: () => masking([secret]) })
  const [line = ''] = world.machine('a').traces.map(({ line }) => line.replace(/^.* procedure=/, ''))
  assert.is(line, `"mysql -p'***'" action=run host=a begin: mysql -p'***'`)
})

test('the command has no secret wherever it is kept or shown', async () => {
  const world = new FakeWorld()
  world.machine('a').lose('curl -H hunter22')
  const errand = commandErrand(['curl', '-H', 'hunter22'], hosts('a'), 60)
  const { result, events } = await go(errand, world, { mask: () => masking(['hunter22']) })
  const lines = errandRecap(errand, result, 1, 'again').map(({ text }) => text)
  assert.is(lines.at(-1), 'curl -H ***: failed on 1 of 1 host (1.0 s).')
  assert.is(errandDocument(result).errand, 'curl -H ***')
  assert.equal(
    [events[0]?.kind, events.some((event) => JSON.stringify(event).includes('"curl -H ***"'))],
    ['begun', true],
  )
  assert.not(JSON.stringify([lines, events, errandDocument(result)]).includes('hunter22'))
})

test('a lost connection is neither well nor failed, and an end that was late is a failure', async () => {
  const world = new FakeWorld()
  world.machine('a').lose('x')
  const { result, code } = await go(commandErrand(['x'], hosts('a'), 60), world)
  assert.is(result.hosts[0]!.state, 'unreachable')
  assert.match(result.hosts[0]!.problems[0]!.what, /connection was lost during "x", so its outcome is unknown/)
  assert.is(code, 3)
})

test('what hosts print has no secret, however the pieces are cut', async () => {
  const world = new FakeWorld()
  world.machine('a').on('x', () => ({ code: 0, stdout: 'p=swordfish.\nq=swordfishes ok\n' }))
  const { result, events } = await go(commandErrand(['x'], hosts('a'), 60), world, {
    mask: () => masking(['swordfish', 'ok']),
  })
  assert.equal(said(events), ['a stdout p=***.', 'a stdout q=***es ok'])
  assert.equal(result.hosts[0]!.value?.stdout, 'p=***.\nq=***es ok\n')
})

test('secrets that overlap, or stand in each other, are taken out as one', () => {
  const { mask, whole } = masking(['abcdef', 'defghi', 'bcde', 'abab'])
  for (const [text, masked] of [
    ['x abcdefghi y', 'x *** y'],
    ['abcdef defghi', '*** ***'],
    ['abcdefdefghi', '******'],
    ['xababababc', 'x***c'],
    ['abcde', 'a***'],
  ] as const)
    assert.is(mask(text), masked, text)
  // It ends before the first of those that hang together.
  assert.is(whole('12345abcdefghi12'), 5)
  assert.is(whole('12345abcdefghi123456'), 14)
})

test('nothing is run where a secret is not known, and who runs nothing wants to know none', async () => {
  const world = new FakeWorld()
  const mask = () => {
    throw usageError({ where: 'lab.yaml:1:1', what: 'encrypted', remedy: 'give the password' })
  }
  const { result } = await go({ ...commandErrand(['x'], hosts('a'), 60), acts: false }, world, { mask })
  assert.equal([result.hosts[0]!.state, result.hosts[0]!.problems[0]!.what], ['failed', 'encrypted'])
  assert.equal([world.machine('a').steps, world.machine('a').traces], [[], []])
  const look: Errand = { name: 'look', hosts: hosts('a'), acts: false, on: async () => ({ value: 1 }) }
  assert.is((await go(look, world, { mask })).code, 0)
})

test('neither has a line that is shown in pieces, nor output that was cut', async () => {
  const world = new FakeWorld()
  const secret = 'swordfish'
  // The fake machine sends 10,000 bytes at a time, and more than 16,384 characters are shown without their end.
  const line = `${'x'.repeat(19_995)}${secret}${secret}${'y'.repeat(30_000)}`
  world.machine('a').on('x', () => ({ code: 0, stdout: `${line}\n` }))
  const shown = await go(commandErrand(['x'], hosts('a'), 60), world, { mask: () => masking([secret]) })
  const pieces = shown.events.flatMap((event) => (event.kind === 'said' ? event.lines : []))
  assert.ok(pieces.length > 1)
  assert.is(pieces.join(''), line.replaceAll(secret, '***'))
  // Any cut is in the middle of a secret somewhere.
  const most = 16 * 1024 * 1024
  for (const at of [0, 4]) {
    const before = 'z'.repeat(most - at)
    const after = `${'z'.repeat(70_000)}${secret}${'z'.repeat(16_384 - at)}`
    world.machine('a').on('y', () => ({ code: 0, stdout: `${before}${secret}${secret}`, stderr: after }))
    const { result } = await go(commandErrand(['y'], hosts('a'), 60), world, { mask: () => masking([secret]) })
    const { stdout, stderr, cut } = result.hosts[0]!.value!
    assert.ok(cut && stdout.length <= most && stderr.length <= 16_384 && stdout.length > most - 99)
    assert.match(stdout.slice(-99), /^z+\**$/)
    assert.match(stderr, /^\**z+$/)
  }
})

test('what is kept for programs is bounded for all hosts together, and said to be cut', async () => {
  const world = new FakeWorld()
  for (const name of ['a', 'b']) world.machine(name).on('x', () => ({ code: 0, stdout: 'z'.repeat(9 * 1024 * 1024) }))
  const { result } = await go(commandErrand(['x'], hosts('a', 'b', 'c'), 60), world)
  assert.equal(
    result.hosts.map(({ value }) => [value!.stdout.length, value!.cut]),
    [
      [Math.floor((16 * 1024 * 1024) / 3), true],
      [Math.floor((16 * 1024 * 1024) / 3), true],
      [0, false],
    ],
  )
})

test('of what hosts print no more is kept on the way than is wanted in the end, in any encoding', async () => {
  const world = new FakeWorld()
  const most: unknown[] = []
  for (const name of ['a', 'b']) {
    const machine = world.machine(name)
    const act = machine.act.bind(machine)
    machine.act = (steps, told, heard) => {
      most.push(heard?.most)
      return act(steps, told, heard)
    }
  }
  await go(commandErrand(['x'], hosts('a', 'b'), 60), world)
  // A character of three bytes is the largest of those that count as one.
  const wanted = 3 * (8 * 1024 * 1024 + 1)
  assert.equal(most, [wanted, wanted])
})

test('no more machines at once than allowed; hosts of one machine take turns on one connection', async () => {
  const world = new FakeWorld()
  const errand = commandErrand(['x'], [...hosts('a', 'b'), fakeHost('b2', {}, 'b')], 60)
  await go(errand, world, { forks: 1 })
  assert.equal(world.log, ['a: connect', 'a: x', 'b: connect', 'b: x', 'b: x'])
  assert.ok(world.machine('a').closed)
})

test('an interrupt lets what runs end, and begins nothing new', async () => {
  const world = new FakeWorld()
  const controller = new AbortController()
  world.machine('a').on('x', () => {
    controller.abort()
    return { code: 0 }
  })
  const errand = commandErrand(['x'], hosts('a', 'b'), 60)
  const { result, code } = await go(errand, world, { forks: 1, signal: controller.signal })
  assert.equal(
    result.hosts.map(({ state }) => state),
    ['ok', 'not begun'],
  )
  assert.is(code, 130)
  assert.match(errandRecap(errand, result, 1, 'again').at(-1)!.text, /^Interrupted .* Go on with: again$/)
})

test('an interrupt while a login takes its time: what has not begun is not begun afterwards', async () => {
  for (const heard of ['never', 'with the interrupt']) {
    const world = new FakeWorld()
    const controller = new AbortController()
    const machine = world.machine('a')
    machine.trace = () => {
      controller.abort()
      return heard === 'never' ? new Promise(() => {}) : Promise.resolve()
    }
    const { result, code, events } = await go(commandErrand(['x'], hosts('a'), 60), world, {
      signal: controller.signal,
    })
    assert.equal(
      result.hosts.map(({ state }) => state),
      ['not begun'],
    )
    assert.is(code, 130)
    assert.equal(world.log, ['a: connect'])
    assert.equal(events, [])
  }
})

test("a look at facts shows what it found, and fails where it can't", async () => {
  const world = new FakeWorld()
  world.cutOff('b')
  const errand: Errand<string> = {
    name: 'facts',
    hosts: hosts('a', 'b'),
    acts: false,
    on: async (_, { facts }) => ({ value: (await facts()).os }),
    show: (found) => found.map(({ host, value }) => ({ tone: 'plain', text: `${host} ${value}` })),
  }
  const { result } = await go(errand, world)
  assert.is(errandRecap(errand, result, 1, '')[0]!.text, 'a debian')
  assert.ok(world.facts.has('a'), 'kept for later runs')
  assert.equal(world.machine('a').traces, [])
})

test('a check names the command and the hosts, and as whom', () => {
  const become = { method: 'sudo', user: 'root', password: null } as const
  const [first] = hosts('a')
  const connection = { ...first!.machine.connection, become, machine: 'deploy@a as root' }
  const acting = { ...first!, machine: { ...first!.machine, connection } }
  assert.equal(
    errandPlan(commandErrand(['rm', 'x'], [acting, ...hosts('b')], 60), 'npx …').map(({ text }) => text),
    [
      'What would be run',
      '  rm x',
      'On',
      '  a  deploy@a as root through sudo',
      '  b  b',
      '2 hosts; nothing was run. Run it with: npx …',
    ],
  )
})

test('many hosts that ended alike share a row', async () => {
  const world = new FakeWorld()
  world.machine('web07').fail('x', 9)
  const names = Array.from({ length: 30 }, (_, i) => `web${String(i + 1).padStart(2, '0')}`)
  const errand = commandErrand(['x'], hosts(...names), 60)
  const { result } = await go(errand, world)
  assert.equal(
    errandRecap(errand, result, 1, '').map(({ text }) => text.replace(/\s+/g, ' ')),
    ['hosts number end', 'web[01:06], web[08:30] 29 ok', 'web07 1 exit code 9', 'x: failed on 1 of 30 hosts (1.0 s).'],
  )
})

test.run()
