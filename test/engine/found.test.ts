/** What was there before Plinth, and what a run noted and did not make: neither is Plinth's to remove. */
import { play } from '../../lib/engine/play.ts'
import type { Options } from '../../lib/engine/run.ts'
import { FakeWorld, fakeHost, run } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'
import { has, keeps, problems, pruning, shown, steps, the } from './remembering.ts'
import { hosts, there, thing, works } from './thing.ts'
import { tester } from './valve.ts'

const test = suite('engine/found')

/** `/etc/motd` is there, and noted since a run that made `thing:a`. */
async function adopted() {
  const world = new FakeWorld()
  has(world, 'h1', '/etc/motd')
  works(world, 'h1', 'a')
  const list = keeps(world, 'h1')
  await run([play('p', hosts('h1'), () => [thing('a'), the('/etc/motd')])], world)
  return { world, list, without: [play('p', hosts('h1'), () => [thing('a')])] }
}

test('what was there when it was noted first is left alone, and goes with --force only', async () => {
  const { world, list, without } = await adopted()
  assert.equal(list(), ['test h1 thing:a', 'test h1 file:/etc/motd found'])
  for (const check of [true, false]) {
    const { result } = await run(without, world, pruning({ check }))
    assert.equal([shown(result), problems(result)], [['h1 file:/etc/motd blocked'], []])
    assert.is(result.leftovers[0]?.why, 'it was there before Plinth noted it; --prune --force removes it')
  }
  assert.equal(steps(world, 'h1'), ['make a'])
  await run(without, world, pruning({ force: true }))
  assert.equal(steps(world, 'h1'), ['make a', 'remove /etc/motd'])
  assert.equal(list(), ['test h1 thing:a'])
})

test('what was there and is gone is forgotten like all else', async () => {
  const { world, list, without } = await adopted()
  world.machine('h1').answer('stat:/etc/motd', '')
  assert.equal(shown((await run(without, world, pruning())).result), [])
  assert.equal(list(), ['test h1 thing:a'])
})

test('what anybody on the machine has noted as made was made, by whichever kind, host or site', async () => {
  const world = new FakeWorld()
  has(world, 'm', '/etc/x', '/etc/y', '/etc/z', '/etc/old')
  works(world, 'm', 'a')
  const list = keeps(
    world,
    'm',
    'test h1 symlink:/etc/x',
    'other h1 file:/etc/y',
    'other h1 file:/etc/z found',
    'before h1 file:/etc/old',
  )
  const all = ['x', 'y', 'z', 'old'].map((name) => the(`/etc/${name}`))
  await run([play('p', [fakeHost('h2', null, 'm')], () => [thing('a'), ...all])], world, {
    identity: { ...tester, formerSites: ['before'] },
  })
  assert.equal(
    list().filter((line) => line.startsWith('test h2')),
    ['thing:a', 'file:/etc/x', 'file:/etc/y', 'file:/etc/z found', 'file:/etc/old'].map((id) => `test h2 ${id}`),
  )
})

test('what one host of a machine has made and another has found goes', async () => {
  const world = new FakeWorld()
  there(world, 'm', 'a')
  has(world, 'm', '/etc/x')
  keeps(world, 'm', 'test h1 thing:a', 'test h1 file:/etc/x', 'test h2 file:/etc/x found')
  const pair = [fakeHost('h1', null, 'm'), fakeHost('h2', null, 'm')]
  await run([play('p', pair, () => [thing('a')])], world, pruning())
  assert.equal(steps(world, 'm'), ['remove /etc/x'])
})

/** A site of two machines; on h1 the second of three things can't be made. */
function broken(more: Partial<Options> = {}) {
  const world = new FakeWorld()
  there(world, 'h1', 'z')
  works(world, 'h1', 'a', 'b', 'c')
  works(world, 'h2', 'a', 'b', 'c')
  world.machine('h1').fail('make b')
  const list = keeps(world, 'h1')
  const ran = (options: Partial<Options> = {}) => {
    const names = [thing('z'), thing('a'), thing('b'), thing('c'), the('/etc/hand')]
    return run([play('p', hosts('h1'), () => names)], world, { ...more, ...options })
  }
  return { world, list, ran }
}

test('what was noted first in a run and not begun is noted no more: what somebody makes there later is theirs', async () => {
  const { world, list, ran } = broken()
  await ran()
  assert.equal(list(), ['test h1 thing:z found', 'test h1 thing:a', 'test h1 thing:b'], 'of b nobody knows')
  assert.match(world.machine('h1').traces.at(-1)?.line ?? '', /site=test host=h1 forgets: thing:c, file:\/etc\/hand$/)
  has(world, 'h1', '/etc/hand')
  there(world, 'h1', 'b')
  await run([play('p', hosts('h1'), () => [thing('z'), thing('a'), thing('b')])], world, pruning())
  assert.equal(steps(world, 'h1'), ['make a', 'make b'])
  await run([play('p', hosts('h1'), () => [thing('z'), thing('a'), thing('b'), thing('c')])], world)
  assert.ok(list().includes('test h1 thing:c'), 'and it is noted again where it is made')
})

test('so it is where a person says no, and where the run is interrupted', async () => {
  const refused = broken()
  await refused.ran({ ask: async (question) => (question.includes('make a') ? 'yes' : 'no') })
  assert.equal(refused.list(), ['test h1 thing:z found', 'test h1 thing:a'])

  const interrupted = broken()
  const controller = new AbortController()
  interrupted.world.machine('h1').on('make a', () => {
    controller.abort()
    return undefined
  })
  await interrupted.ran({ signal: controller.signal })
  assert.equal(interrupted.list(), ['test h1 thing:z found', 'test h1 thing:a'])
})

test('what was noted before, by this site or another, is not forgotten by a run that fails', async () => {
  const { world, ran } = broken()
  const before = ['test h1 thing:c', 'before h1 thing:b', 'other h1 file:/etc/hand']
  const list = keeps(world, 'h1', ...before)
  await ran({ identity: { ...tester, formerSites: ['before'] } })
  for (const line of [...before, 'test h1 thing:b', 'test h1 file:/etc/hand']) assert.ok(list().includes(line), line)
})

test.run()
