/** How often a machine is asked, and what the facts of earlier runs are worth. */
import { answersOf } from '../../lib/core/probe.ts'
import { resource } from '../../lib/core/resource.ts'
import { mapLimit, planResources } from '../../lib/engine/observe.ts'
import { play } from '../../lib/engine/play.ts'
import { canned, FakeWorld, fakeHost, plainFacts, run } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'
import { hosts, is, there, thing, works } from './thing.ts'

const test = suite('engine/observe')
const site = () => [play('p', hosts('h1'), () => [thing('a')]), play('q', hosts('h1'), () => [thing('b')])]

test('first contact costs two round trips, every later run one', async () => {
  const world = new FakeWorld()
  there(world, 'h1', 'a', 'b')
  await run(site(), world)
  assert.equal(world.machine('h1').asked, [
    ['facts:machine', 'receipts:machine'],
    ['facts:machine', 'receipts:machine', 'is:a', 'is:b'],
  ])
  assert.equal(world.facts.get('h1'), plainFacts)
  await run(site(), world)
  assert.equal(world.machine('h1').asked.slice(2), [['facts:machine', 'receipts:machine', 'is:a', 'is:b']])
})

test('a fact that differs rebuilds what should be, and asks anew', async () => {
  const world = new FakeWorld()
  there(world, 'h1', 'debian', 'rhel')
  world.facts.set('h1', { ...plainFacts, os: 'rhel' })
  await run([play('p', hosts('h1'), (_host, { os }) => [thing(os)])], world)
  assert.equal(world.machine('h1').asked, [
    ['facts:machine', 'receipts:machine', 'is:rhel'],
    ['facts:machine', 'receipts:machine', 'is:debian'],
  ])
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
