/** How often a machine is asked, and what the facts of earlier runs are worth. */
import { unreachable } from '../../lib/core/error.ts'
import { answersOf } from '../../lib/core/probe.ts'
import { noted, type Resource, resource } from '../../lib/core/resource.ts'
import { Secret, sha256 } from '../../lib/core/secret.ts'
import { assign } from '../../lib/engine/assignment.ts'
import { mapLimit } from '../../lib/engine/observe.ts'
import { play } from '../../lib/engine/play.ts'
import { planText } from '../../lib/engine/report.ts'
import { planResources } from '../../lib/engine/selection.ts'
import type { HostPlan } from '../../lib/engine/world.ts'
import { file } from '../../lib/resources/file.ts'
import { canned, FakeWorld, fakeHost, plainFacts, run } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'
import { hosts, is, there, thing, works } from './thing.ts'

const test = suite('engine/observe')

/** Who had the lock last, which is asked before all else. */
const holder = 'lastHolder:/run/plinth.lock'
const site = () => [play('p', hosts('h1'), () => [thing('a')]), play('q', hosts('h1'), () => [thing('b')])]

test('first contact costs two round trips, every later run one', async () => {
  const world = new FakeWorld()
  there(world, 'h1', 'a', 'b')
  await run(site(), world)
  assert.equal(world.machine('h1').asked, [
    [holder, 'facts:machine', 'receipts:machine'],
    ['is:a', 'is:b'],
  ])
  assert.equal(world.facts.get('h1'), plainFacts)
  await run(site(), world)
  assert.equal(world.machine('h1').asked.slice(2), [[holder, 'facts:machine', 'receipts:machine', 'is:a', 'is:b']])
})

test('a fact that differs rebuilds what should be, and asks anew', async () => {
  const world = new FakeWorld()
  there(world, 'h1', 'debian', 'rhel')
  world.facts.set('h1', { ...plainFacts, os: 'rhel' })
  await run([play('p', hosts('h1'), (_host, { os }) => [thing(os)])], world)
  assert.equal(world.machine('h1').asked, [[holder, 'facts:machine', 'receipts:machine', 'is:rhel'], ['is:debian']])
  assert.is(world.facts.get('h1')?.os, 'debian')
})

test('hosts of one machine share its connection and its one script', async () => {
  const world = new FakeWorld()
  world.facts.set('m1', plainFacts)
  there(world, 'm1', 'a', 'b')
  const pair = [fakeHost('h1', 'a', 'm1'), fakeHost('h2', 'b', 'm1')]
  const { result } = await run([play('p', pair, ({ params }) => [thing(params)])], world)
  assert.equal(world.log, ['m1: connect', 'm1: ask'])
  assert.equal(
    result.plans.map(({ host }) => host),
    ['h1', 'h2'],
  )
})

test('details of what is to be updated are asked for in one script more, and of nothing else', async () => {
  const seen = (keys: readonly string[]): string => keys.join(' ')
  const detailed = (name: string): Resource => ({
    ...thing(name),
    detail: {
      probe: [{ reader: seen, key: name }],
      lines: (answers) => [answers({ reader: seen, key: name }), `${name} to be`].filter((line) => line !== ''),
    },
  })
  const list = ['kept', 'old', 'absent'].map(detailed)
  const site = [
    play('p', hosts('h1'), () => [...list, thing('bare')]),
    play('q', hosts('h1'), () => [detailed('late')]),
  ]
  const world = new FakeWorld()
  world.facts.set('h1', plainFacts)
  const h1 = world.machine('h1')
  there(world, 'h1', 'kept', 'bare')
  for (const name of ['old', 'late']) h1.answer(`is:${name}`, 'before').answer(`seen:${name}`, `${name} as it was`)
  works(world, 'h1', 'old', 'absent', 'late')
  const { result } = await run(site, world, { check: true })
  const asked = ['is:kept', 'is:old', 'is:absent', 'is:bare', 'is:late']
  assert.equal(
    h1.asked.map((questions) => questions.filter((one) => !/^(facts|receipts):/.test(one))),
    [asked, ['seen:old', 'seen:late']],
  )
  const details = (plans: readonly HostPlan[]) =>
    Object.fromEntries(plans.flatMap(({ plans }) => plans.map(({ id, detail }) => [id.slice(6), detail])))
  const expected = {
    kept: undefined,
    old: ['old as it was', 'old to be'],
    absent: ['absent to be'],
    bare: undefined,
    late: ['late as it was', 'late to be'],
  }
  assert.equal(details(result.plans), expected)
  // Once for all: what is asked again before and after the steps has no details.
  const applied = await run(site, world)
  assert.equal(details(applied.result.plans), expected)
  const count = h1.asked.flat().filter((one) => one.startsWith('seen:')).length
  assert.is(count, 4)
  // A machine on which nothing changes, or only new things are made, is not asked twice.
  h1.answer('is:absent', '')
  h1.asked.length = 0
  await run(site, world, { check: true })
  assert.is(h1.asked.length, 1)
})

test('the lines of a file that differs come with the first look, and are not asked for again', async () => {
  const world = new FakeWorld()
  world.facts.set('h1', plainFacts)
  const h1 = world.machine('h1')
  h1.answer('stat:/etc/app.conf', 'regular file|644|root|root|4|100').answer('hash:/etc/app.conf', 'another')
  const lines = `differing:${sha256('new\n')} /etc/app.conf`
  h1.answer(lines, Buffer.from('old\n').toString('base64'))
  const list = () => [file('/etc/app.conf', { content: 'new\n' })]
  const { result } = await run([play('p', hosts('h1'), list)], world, { check: true })
  const state = ['stat:/etc/app.conf', 'refusal:/etc', 'hash:/etc/app.conf']
  assert.equal(h1.asked, [['facts:machine', 'receipts:machine', ...state, lines]])
  assert.equal(result.plans[0]?.plans[0]?.detail, ['@@ -1,1 +1,1 @@', '-old', '+new'])
  // On first contact, with all that follows from the facts.
  world.facts.clear()
  h1.asked.length = 0
  await run([play('p', hosts('h1'), list)], world, { check: true })
  assert.equal(h1.asked, [
    ['facts:machine', 'receipts:machine'],
    [...state, lines],
  ])
  // Under the lock and after the steps nobody wants to see them.
  h1.asked.length = 0
  await run([play('p', hosts('h1'), list)], world)
  assert.equal(
    h1.asked.filter((questions) => questions.includes('hash:/etc/app.conf')).map((all) => all.includes(lines)),
    [true, false, false],
  )
})

test('details that a first look has told already are not asked for at all', async () => {
  const world = new FakeWorld()
  world.facts.set('h1', plainFacts)
  const h1 = world.machine('h1')
  h1.answer('stat:/etc/key', 'regular file|600|root|root|4|100').answer('hash:/etc/key', 'another')
  const list = () => [file('/etc/key', { content: new Secret('new'), mode: '0600' })]
  const { result } = await run([play('p', hosts('h1'), list)], world, { check: true })
  assert.is(h1.asked.length, 1)
  assert.equal(result.plans[0]?.plans[0]?.detail, ['(no lines: it is secret)'])
})

test('a connection that is lost while details are asked for: the machine counts as unreachable', async () => {
  const lost = (keys: readonly string[]): string => keys.join(' ')
  const world = new FakeWorld()
  world.machine('h1').answer('is:a', 'before')
  const ask = world.machine('h1').ask.bind(world.machine('h1'))
  world.machine('h1').ask = (questions) => {
    if (questions.some(({ reader }) => reader === lost))
      throw unreachable({ where: 'h1', what: 'the connection is gone', remedy: 'see to it' })
    return ask(questions)
  }
  const a = { ...thing('a'), detail: { probe: [{ reader: lost, key: 'a' }], lines: () => ['a line'] } }
  const { result } = await run([play('p', hosts('h1'), () => [a])], world)
  assert.equal(
    result.failures.map(({ kind }) => kind),
    ['unreachable'],
  )
  assert.equal(world.machine('h1').steps, [])
})

test('machines that are as they should be do not stay connected; those that something looks at later do', async () => {
  const names = Array.from({ length: 20 }, (_, at) => `h${at}`)
  const world = new FakeWorld()
  for (const name of names) there(world, name, ...(name === 'h7' ? [] : ['a']))
  works(world, 'h7', 'a')
  let open = 0
  let most = 0
  const connect = world.open.bind(world)
  world.open = async (machine) => {
    most = Math.max(most, ++open)
    const channel = await connect(machine)
    const close = channel.close.bind(channel)
    channel.close = async () => {
      open--
      await close()
    }
    return channel
  }
  const site = (options = {}) => [play('p', hosts(...names), () => [thing('a')], options)]
  const { result } = await run(site(), world, { forks: 3 })
  assert.equal(result.failures, [])
  assert.is(world.log.filter((line) => line.endsWith(': connect')).length, 20)
  // Three at work, and the one that has to be changed.
  assert.ok(most <= 4, `${most} at once`)
  assert.is(open, 0)
  most = 0
  await run(site({ prepare: async () => {} }), world, { forks: 3 })
  assert.is(most, 20)
})

test('machines are read side by side, at most as many as forks allow', async () => {
  let now = 0
  let most = 0
  const results = await mapLimit([5, 1, 3, 2, 4], 2, async (item) => {
    most = Math.max(most, ++now)
    for (let turn = 0; turn < item; turn++) await new Promise((resolve) => setImmediate(resolve))
    now--
    return item * 10
  })
  assert.is(most, 2)
  assert.equal(results, [50, 10, 30, 20, 40])
})

test('a plan sees what changes before it in the list, and what changed before the run came to it', () => {
  const a = thing('a')
  const b = thing('b', [a])
  const plans = planResources([a, b], canned({ 'is:b': 'new' }))
  assert.equal(
    plans.map(({ action, changes }) => [action, changes.map(({ to }) => to)]),
    [
      ['create', ['new']],
      ['update', ['because of thing:a']],
    ],
  )
  assert.is(planResources([b], canned({ 'is:b': 'new' }))[0]?.action, 'keep')
  assert.is(planResources([b], canned({ 'is:b': 'new' }), new Set(['thing:a']))[0]?.action, 'update')
})

test('who changes what several hosts of a machine declare leaves the notes of all, also of those that are left out', () => {
  const pair = [fakeHost('h1', 'one', 'm1'), fakeHost('h2', 'two', 'm1')]
  const all = play('p', pair, ({ params }) => [
    noted(thing('shared'), [`note of ${params}`]),
    ...(params === 'one' ? [noted(thing('own'), ['note of one'])] : [thing('other')]),
  ])
  const limited = { ...all, hosts: all.hosts.slice(0, 1) }
  const second = play('q', pair.slice(0, 1), () => [thing('shared')])
  const runsOf = (site: Parameters<typeof assign>[0]): readonly string[] =>
    assign(site, pair[0]!.machine, plainFacts).flatMap(({ host, play, resources }) =>
      resources.flatMap((one) =>
        one
          .plan(canned({}), new Set())
          .steps.map(({ run }) => `${play.name} ${host.name}: ${run.replaceAll('\n', '; ')}`),
      ),
    )
  assert.equal(runsOf([all, second]), [
    'p h1: note of two; note of one; make shared',
    'p h1: note of one; make own',
    'p h2: note of one; note of two; make shared',
    'p h2: make other',
    'q h1: note of one; note of two; make shared',
  ])
  assert.equal(runsOf([limited]), ['p h1: note of two; note of one; make shared', 'p h1: note of one; make own'])
})

test('a resource that looks at what it never asked is a bug that shows', () => {
  const answers = answersOf(new Map([[is, new Map([['a', 'new']])]]))
  assert.is(answers({ reader: is, key: 'b' }), '')
  const other = (): string => ''
  assert.throws(() => answers({ reader: other, key: 'b' }), /other:b was never asked/)
})

/** How often a site of so many hosts looks at whose machine a host is on, and makes and plans a resource. */
async function effort(count: number): Promise<readonly number[]> {
  const seen = { keys: 0, made: 0, planned: 0 }
  const all = Array.from({ length: count }, (_, i) => {
    const host = fakeHost(`h${i}`, null)
    const machine = Object.defineProperty({ ...host.machine }, 'key', {
      get() {
        seen.keys++
        return `h${i}`
      },
    })
    return { ...host, machine }
  })
  const world = new FakeWorld()
  for (let i = 0; i < count; i++) world.facts.set(`h${i}`, plainFacts)
  const counted = () => {
    seen.made++
    const one = thing('a')
    return [
      {
        ...one,
        plan(...args: Parameters<typeof one.plan>) {
          seen.planned++
          return one.plan(...args)
        },
      },
    ]
  }
  await run([play('p', all, counted)], world, { check: true })
  return Object.values(seen)
}

test('twice the hosts are twice the work: each is placed, made and planned once', async () => {
  const [keys, made, planned] = await effort(50)
  assert.equal([made, planned], [50, 50])
  assert.ok(keys! <= 50 * 20, String(keys))
  const [more] = await effort(100)
  assert.ok(more! <= keys! * 2 + 20, `${keys} for 50 hosts, ${more} for 100`)
})

test('what a check keeps of a plan is what is shown: the rest is made again for who asks, once for a machine', async () => {
  let made = 0
  const counted = (name: string): Resource => {
    made++
    return { ...thing(name), detail: { probe: [], lines: () => [`${name} to be`] } }
  }
  const site = [
    play('p', hosts('h1', 'h2', 'h3'), () => ['a', 'b'].map(counted)),
    play('q', hosts('h1'), () => [counted('c')]),
  ]
  const world = new FakeWorld()
  for (const name of ['h1', 'h2', 'h3']) world.facts.set(name, plainFacts)
  there(world, 'h1', 'a')
  there(world, 'h3', 'a', 'b')
  const { result } = await run(site, world, { check: true })
  assert.is(made, 7)
  const shown = result.plans.map(({ host, plans }) => [host, ...plans.map(({ id, action }) => `${action} ${id}`)])
  assert.equal(shown, [
    ['h1', 'keep thing:a', 'create thing:b'],
    ['h2', 'create thing:a', 'create thing:b'],
    ['h3', 'keep thing:a', 'keep thing:b'],
    ['h1', 'create thing:c'],
  ])
  planText(result.plans)
  assert.is(made, 7, 'what new things will be like is no part of a plan that is not verbose')
  const steps = result.plans.map(({ plans }) => plans.flatMap(({ steps }) => steps.map(({ say }) => say)))
  assert.equal(steps, [['make b'], ['make a', 'make b'], [], ['make c']])
  const details = result.plans.map(({ plans }) => plans.map(({ detail }) => detail))
  assert.equal(details, [[undefined, ['b to be']], [['a to be'], ['b to be']], [undefined, undefined], [['c to be']]])
  assert.is(made, 7 + 3 + 2, 'nobody asks for anything of h3')
})

test('a role that is no pure function is a bug that shows when its plan is asked for more', async () => {
  let calls = 0
  const fickle = play('p', hosts('h1'), () => (calls++ === 0 ? [thing('a'), thing('b')] : [thing('a')]))
  const world = new FakeWorld()
  world.facts.set('h1', plainFacts)
  const { result } = await run([fickle], world, { check: true })
  assert.is(result.plans[0]?.plans[0]?.steps.length, 1)
  assert.throws(() => result.plans[0]?.plans[1]?.steps, /thing:b: its role makes another list each time/)
})

test('a run that changes something does what was planned, also by a role that is no pure function', async () => {
  let calls = 0
  const fickle = play('p', hosts('h1'), () => [thing(`call ${++calls}`)])
  const world = new FakeWorld()
  world.facts.set('h1', plainFacts)
  const { result } = await run([fickle], world)
  const told = result.plans.flatMap(({ plans }) => plans.map(({ id, steps }) => [id, ...steps.map(({ say }) => say)]))
  assert.equal(told, [['thing:call 1', 'make call 1']])
  assert.equal(
    world.machine('h1').steps.map(({ say }) => say),
    ['make call 1'],
  )
  assert.is(calls, 1)
})

test('steps are made when somebody asks for them, and once', () => {
  let made = 0
  const one = resource({
    id: 'thing:a',
    probe: [],
    read: () => null,
    desired: { state: 'new' },
    steps: () => [{ say: 'make', run: String(++made) }],
  })
  const plan = one.plan(() => '', new Set())
  assert.is(made, 0)
  assert.is(plan.steps, plan.steps)
  assert.is(made, 1)
})

test.run()
