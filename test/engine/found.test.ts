/** What was there before Plinth, and what a run noted and did not make: neither is Plinth's to remove. */
import { play } from '../../lib/engine/play.ts'
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
    assert.is(result.leftovers[0]?.why, 'it was there before Plinth; --prune --force removes it')
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

test.run()
