/** What --prune must never touch, and what machines remember in the end: the leftovers of real kinds, on machines that keep receipts. */
import { hostError } from '../../lib/core/error.ts'
import { play } from '../../lib/engine/play.ts'
import { limited } from '../../lib/engine/prerequisites.ts'
import { inNoPlay } from '../../lib/engine/prune.ts'
import { leftover } from '../../lib/resources/leftover.ts'
import { FakeWorld, fakeHost, plainFacts, run } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'
import { has, keeps, problems, pruning, shown, steps, the } from './remembering.ts'
import { hosts, there, thing } from './thing.ts'
import { tester } from './valve.ts'

const test = suite('engine/prune')

const of = (site: string) => ({ identity: { ...tester, site } })
const line = (world: FakeWorld, machine: string): string | undefined => world.machine(machine).traces.at(-1)?.line

test('what a host that --limit leaves out declares stays, also where it was never noted for it', async () => {
  const world = new FakeWorld()
  there(world, 'm', 'a')
  has(world, 'm', '/etc/x', '/etc/y')
  const list = keeps(world, 'm', 'test h1 thing:a', 'test h1 file:/etc/x', 'test h1 file:/etc/y')
  const pair = [fakeHost('h1', 1, 'm'), fakeHost('h2', 2, 'm')]
  const site = [play('p', pair, ({ params }) => (params === 1 ? [thing('a')] : [the('/etc/x')]))]
  for (let time = 0; time < 2; time++) {
    const { result } = await run(limited(site, new Set(['h1'])), world, pruning())
    assert.equal(problems(result), [])
    assert.equal(steps(world, 'm'), ['remove /etc/y'])
  }
  assert.ok(!list().includes('test h1 file:/etc/y'))
})

test('one machine by two addresses: what the host of either has stays, and what one had is in doubt for the other', async () => {
  const world = new FakeWorld()
  const keys = ['root@10.0.0.1', 'root@box'] as const
  const noted = ['n', 'old', 'both', 'new'].map((name) => `test n1 file:/etc/${name}`)
  for (const key of keys) {
    has(world, key, '/etc/n', '/etc/d', '/etc/both', '/etc/new', '/etc/old', '/etc/older')
    keeps(world, key, ...noted, ...['d', 'both', 'older'].map((name) => `test d1 file:/etc/${name}`))
  }
  const n1 = play('n', [fakeHost('n1', null, keys[0])], () => [the('/etc/n')])
  const site = [
    n1,
    play('d', [fakeHost('d1', null, keys[1])], () => ['d', 'both', 'new'].map((name) => the(`/etc/${name}`))),
  ]
  const { result } = await run(site, world, pruning())
  assert.equal(problems(result), [])
  assert.equal(
    keys.map((key) => steps(world, key)),
    [['remove /etc/old'], ['remove /etc/older']],
  )
  assert.equal(shown(result), [
    'd1 file:/etc/older blocked',
    'n1 file:/etc/old removed',
    'd1 file:/etc/older removed',
    'n1 file:/etc/old blocked',
  ])
  assert.is(result.leftovers[0]?.why, 'of d1, which is reached as root@box; if that is this machine, write it alike')
})

test('what two hosts had of a machine goes with --force only where one of them is reached as another now', async () => {
  const world = new FakeWorld()
  for (const key of ['m1', 'm2']) there(world, key, 'a')
  has(world, 'm1', '/etc/x')
  keeps(world, 'm1', 'test h1 file:/etc/x', 'test h2 file:/etc/x')
  const site = [play('p', [fakeHost('h1', null, 'm1'), fakeHost('h2', null, 'm2')], () => [thing('a')])]
  const { result } = await run(site, world, pruning())
  assert.equal(shown(result), ['h2 file:/etc/x blocked', 'h1 file:/etc/x blocked'])
  assert.equal(steps(world, 'm1'), [])
  await run(site, world, pruning({ force: true }))
  assert.equal(steps(world, 'm1'), ['remove /etc/x'])
})

test('what a host had on the machine that it was on before goes with --force only', async () => {
  const world = new FakeWorld()
  there(world, 'new', 'a')
  there(world, 'old', 'a')
  has(world, 'old', '/etc/x')
  const noted = ['test h1 file:/etc/x', 'test h1 file:/etc/z', 'test h2 thing:a', 'other h1 file:/etc/z']
  const list = keeps(world, 'old', ...noted)
  const site = [play('p', [fakeHost('h1', null, 'new'), fakeHost('h2', null, 'old')], () => [thing('a')])]
  assert.equal(shown((await run(site, world, pruning())).result), ['h1 file:/etc/x blocked'])
  assert.equal(steps(world, 'old'), [])
  assert.equal(world.machine('old').traces, [])
  await run(site, world, pruning({ force: true }))
  assert.equal(steps(world, 'old'), ['remove /etc/x'])
  assert.equal(list(), ['test h1 file:/etc/z', 'test h2 thing:a', 'other h1 file:/etc/z'])
})

test('what machines remember under names of before tells none from another', async () => {
  const world = new FakeWorld()
  has(world, 'm1', '/etc/x')
  has(world, 'm2', '/etc/x')
  keeps(world, 'm1', 'old h1 file:/etc/x')
  there(world, 'm1', 'a')
  const [h1, h2] = [fakeHost('h1', null, 'm1'), fakeHost('h2', null, 'm2')]
  const site = [play('p', [h1], () => [thing('a')]), play('q', [h2], () => [the('/etc/x')])]
  const { result } = await run(site, world, pruning({ force: true, identity: { ...tester, formerSites: ['old'] } }))
  assert.equal(shown(result), ['h1 file:/etc/x removed'])
})

/** A site `site` with a thing, of which a play with two files has moved into a site of its own, `x`; all is there. */
function apart(...lines: readonly string[]) {
  const world = new FakeWorld()
  world.facts.set('h1', plainFacts)
  there(world, 'h1', 'a')
  has(world, 'h1', '/etc/x', '/etc/y')
  const list = keeps(world, 'h1', 'site h1 thing:a', ...lines)
  const whole = [play('a', hosts('h1'), () => [thing('a')])]
  const moved = [play('x', hosts('h1'), () => [the('/etc/x'), the('/etc/y')])]
  return { world, list, whole, moved }
}

test('a play that moves to a playbook of its own takes what it has with it, though nothing has to change', async () => {
  const { world, list, whole, moved } = apart('site h1 file:/etc/x')
  await run(moved, world, { check: true, ...of('x') })
  assert.equal(world.machine('h1').traces, [], 'a check notes nothing')
  world.log.length = 0
  const { result } = await run(moved, world, of('x'))
  assert.equal(problems(result), [])
  assert.equal(world.log, ['h1: connect', 'h1: ask', 'h1: lock'])
  assert.match(line(world, 'h1') ?? '', /site=x host=h1 claims: file:\/etc\/x$/)
  assert.equal(list().slice(2), ['x h1 file:/etc/x', 'x h1 file:/etc/y found'])
  const pruned = await run(whole, world, pruning(of('site')))
  assert.equal(shown(pruned.result), ['h1 file:/etc/x by hand'])
  assert.equal(steps(world, 'h1'), [])
  assert.equal(shown((await run(whole, world, pruning(of('site')))).result), [], 'it is said once')
  world.log.length = 0
  await run(moved, world, of('x'))
  assert.equal(world.log, ['h1: connect', 'h1: ask'], 'once is enough')
})

test('a machine on which something is to be claimed stays connected', async () => {
  const { world, moved } = apart('site h1 file:/etc/x')
  there(world, 'h2', 'a')
  await run([...moved, play('y', hosts('h2'), () => [thing('a')])], world, { ...of('x'), forks: 1 })
  assert.equal(
    world.log.filter((text) => text.includes('connect')),
    ['h1: connect', 'h2: connect'],
  )
  assert.is(world.machine('h1').traces.length, 1)
})

test('nothing is noted without a change where nobody has noted any of it, nor what this site has', async () => {
  for (const lines of [[], ['site h1 file:/etc/x', 'x h2 symlink:/etc/x', 'x h1 file:/etc/y']]) {
    const { world, moved } = apart(...lines)
    await run(moved, world, of('x'))
    assert.equal(world.log, ['h1: connect', 'h1: ask'])
    assert.equal(world.machine('h1').traces, [])
  }
})

test('what can not be claimed is a warning: another run has the lock', async () => {
  const { world, moved } = apart('site h1 file:/etc/x')
  world.machine('h1').lock = async () => {
    throw hostError({ where: 'h1', what: 'another run is at work', remedy: 'wait' })
  }
  const { result, events } = await run(moved, world, of('x'))
  assert.equal(problems(result), [])
  assert.equal(world.machine('h1').traces, [])
  assert.equal(
    events.flatMap((event) => (event.kind === 'warned' ? event.problems.map(({ what }) => what) : [])),
    ['another run is at work'],
  )
})

test('with tags only what they find is claimed, and where the run stops nothing', async () => {
  const { world, list, moved } = apart('site h1 file:/etc/x')
  world.cutOff('h9')
  const more = play('y', hosts('h9'), () => [thing('a')])
  const { result } = await run([...moved, more], world, of('x'))
  assert.is(result.failures.length, 1)
  assert.equal(world.machine('h1').traces, [])
  const two = [play('x', [fakeHost('h1', null)], () => [the('/etc/x'), thing('a')])]
  await run(two, world, { ...of('x'), tags: { only: ['thing'], skip: [] } })
  assert.equal(list().slice(2), ['x h1 thing:a'])
})

test('two sites that both drop a thing: the first to prune leaves it to the other', async () => {
  const { world, whole } = apart('site h1 file:/etc/y', 'x h1 file:/etc/y', 'x h1 file:/etc/x')
  const last = [play('x', hosts('h1'), () => [the('/etc/x')])]
  for (const options of [
    { ...pruning(of('x')), check: true },
    { leftover, ...of('x') },
  ]) {
    const { result } = await run(last, world, options)
    assert.equal(shown(result), ['h1 file:/etc/y by hand'])
    assert.is(
      result.leftovers[0]?.why,
      'site has noted it too, and it is left to that; if there is no such site any more, remove it yourself',
    )
  }
  assert.equal(world.machine('h1').traces, [])
  assert.equal(shown((await run(last, world, pruning(of('x')))).result), ['h1 file:/etc/y by hand'])
  assert.equal(steps(world, 'h1'), [])
  assert.match(line(world, 'h1') ?? '', /forgets: file:\/etc\/y$/)
  await run(whole, world, pruning(of('site')))
  assert.equal(steps(world, 'h1'), ['remove /etc/y'])
})

test('what was read to be gone is forgotten: what somebody makes there later is theirs', async () => {
  const world = new FakeWorld()
  there(world, 'h1', 'a')
  world.facts.set('h1', plainFacts)
  const list = keeps(
    world,
    'h1',
    'test h1 thing:a',
    'test h1 file:/etc/x',
    'test h0 file:/etc/x',
    'test h0 file:/etc/z',
  )
  const site = [play('p', hosts('h1'), () => [thing('a')])]
  await run(site, world, { leftover })
  await run(site, world, pruning({ check: true }))
  assert.equal(world.machine('h1').traces, [])
  world.log.length = 0
  const { result } = await run(site, world, pruning())
  assert.equal(problems(result), [])
  assert.equal(world.log, ['h1: connect', 'h1: ask', 'h1: ask', 'h1: lock', 'h1: ask'])
  assert.equal(list(), ['test h1 thing:a', 'test h0 file:/etc/z'], 'of what was not asked about nothing is known')
  has(world, 'h1', '/etc/x')
  world.log.length = 0
  assert.equal(shown((await run(site, world, pruning())).result), ['h0 file:/etc/z blocked'])
  assert.equal(steps(world, 'h1'), [])
  assert.equal(world.log, ['h1: connect', 'h1: ask'], 'and it costs nothing any more')
})

test('where something of another kind is by now, that is said before it is forgotten, and it is left alone', async () => {
  const world = new FakeWorld()
  there(world, 'h1', 'a')
  world.machine('h1').answer('stat:/etc/x', 'directory|755|root|root|1|1')
  const list = keeps(world, 'h1', 'test h1 thing:a', 'test h1 file:/etc/x')
  const site = [play('p', hosts('h1'), () => [thing('a')])]
  for (const options of [{ leftover }, pruning()]) {
    const { result } = await run(site, world, options)
    assert.equal(shown(result), ['h1 file:/etc/x by hand'])
    assert.is(result.leftovers[0]?.why, 'a directory is where a file was declared once; it is left alone')
  }
  assert.equal([steps(world, 'h1'), list()], [[], ['test h1 thing:a']])
})

test('a host that is in no play is named, and in a play with an empty list all that it had is found', async () => {
  const world = new FakeWorld()
  there(world, 'h1', 'a')
  has(world, 'm', '/etc/x')
  keeps(world, 'm', 'test d1 file:/etc/x')
  const [h1, d1, again] = [fakeHost('h1', null), fakeHost('d1', null, 'm'), fakeHost('again', null, 'h1')]
  const site = [play('p', [h1], () => [thing('a')])]
  assert.equal(
    inNoPlay(site, [h1, d1, again]).map(({ where, what }) => `${where}: ${what}`),
    ['--prune: d1: in no play, so that what this playbook may have declared there before is not looked for'],
  )
  const all = [...site, play('no more', [d1], () => [])]
  assert.equal(inNoPlay(all, [h1, d1, again]), [])
  assert.equal(shown((await run(all, world, { leftover, check: true })).result), ['d1 file:/etc/x removed'])
  await run(all, world, pruning())
  assert.equal(steps(world, 'm'), ['remove /etc/x'])
})

test('what has come back by the time the machine is locked is not forgotten', async () => {
  const world = new FakeWorld()
  there(world, 'h1', 'a')
  const list = keeps(world, 'h1', 'test h1 thing:a', 'test h1 file:/etc/x')
  world.machine('h1').lock = async () => has(world, 'h1', '/etc/x')
  await run([play('p', hosts('h1'), () => [thing('a')])], world, pruning())
  assert.equal(list(), ['test h1 thing:a', 'test h1 file:/etc/x'])
})

test('what is gone is not forgotten where a host of the machine failed', async () => {
  const world = new FakeWorld()
  there(world, 'm', 'a')
  world.machine('m').fail('make b')
  const list = keeps(world, 'm', 'test A file:/etc/x')
  const pair = [fakeHost('A', 'a', 'm'), fakeHost('B', 'b', 'm')]
  await run([play('p', pair, ({ params }) => [thing(params)], { maxFailures: 1 })], world, pruning())
  assert.ok(list().includes('test A file:/etc/x'))
})

test('what another site has noted since the machine was read is not removed', async () => {
  const world = new FakeWorld()
  there(world, 'h1', 'a')
  has(world, 'h1', '/etc/x')
  keeps(world, 'h1', 'test h1 file:/etc/x', 'old h1 file:/etc/x')
  world.machine('h1').lock = async () => {
    keeps(world, 'h1', 'test h1 file:/etc/x', 'old h1 file:/etc/x', 'other h1 symlink:/etc/x')
  }
  const identity = { ...tester, formerSites: ['old'] }
  const { result } = await run([play('p', hosts('h1'), () => [thing('a')])], world, pruning({ identity }))
  assert.equal(steps(world, 'h1'), [])
  assert.equal(problems(result), ['h1: other has noted file:/etc/x here since it was looked at, and may need it'])
})

test('--limit with --force removes nothing from a machine that has only hosts of prerequisites', async () => {
  const world = new FakeWorld()
  there(world, 'db1', 'd')
  there(world, 'n1', 'a')
  has(world, 'db1', '/etc/x')
  keeps(world, 'db1', 'test old file:/etc/x', 'test older file:/etc/y')
  const site = [play('db', hosts('db1'), () => [thing('d')]), play('app', hosts('n1'), () => [thing('a')])]
  const { result } = await run(limited(site, new Set(['n1'])), world, pruning({ force: true }))
  assert.equal(shown(result), [])
  assert.equal(steps(world, 'db1'), [])
  assert.equal(world.machine('db1').traces, [])
})

test('nothing is removed where any host of a machine failed, whichever it is, and that is said', async () => {
  for (const failing of ['a', 'b']) {
    const world = new FakeWorld()
    there(world, 'm', ...['a', 'b'].filter((name) => name !== failing))
    world.machine('m').fail(`make ${failing}`)
    has(world, 'm', '/etc/old')
    keeps(world, 'm', 'test A thing:a', 'test B thing:b', 'test B file:/etc/old')
    const pair = [fakeHost('A', 'a', 'm'), fakeHost('B', 'b', 'm')]
    const site = [play('p', pair, ({ params }) => [thing(params)], { maxFailures: 1 })]
    const { events } = await run(site, world, pruning())
    assert.equal(steps(world, 'm'), [`make ${failing}`])
    const said = events.flatMap((event) => (event.kind === 'warned' ? event.problems.map(({ what }) => what) : []))
    assert.match(said.join(), /was not removed/)
  }
})

test('a prerequisite that differs, or can not be read, stops a removal as it stops any change', async () => {
  for (const dark of [true, false]) {
    const world = new FakeWorld()
    if (dark) world.cutOff('db1')
    there(world, 'n1', 'a')
    has(world, 'n1', '/etc/x')
    keeps(world, 'n1', 'test n1 thing:a', 'test n1 file:/etc/x')
    const site = [play('db', hosts('db1'), () => [thing('d')]), play('app', hosts('n1'), () => [thing('a')])]
    const some = limited(site, new Set(['n1']))
    const { result } = await run(some, world, pruning())
    assert.match(problems(result).join(), /^db1: .*no longer declared stands on db here/)
    assert.equal(steps(world, 'n1'), [])
    await run(some, world, { leftover })
    await run(some, world, pruning({ force: true }))
    assert.equal(steps(world, 'n1'), ['remove /etc/x'])
  }
})

test.run()
