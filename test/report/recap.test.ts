/** The end of a run as the operator reads it: on two hosts and on a hundred, in 80 columns, with any names. */
import { width } from '../../lib/core/display.ts'
import { play } from '../../lib/engine/play.ts'
import { page } from '../../lib/report/page.ts'
import { recap } from '../../lib/report/recap.ts'
import { FakeWorld } from '../../lib/testing.ts'
import { gateOf, hosts, thing, works } from '../engine/thing.ts'
import { assert, suite } from '../kit.ts'
import { recorded } from './runs.ts'
import { failing, rolling, wide } from './sites.ts'

const test = suite('report/recap')

test('a row for each host, aligned whatever the names', async () => {
  const { world, plays } = failing()
  const lines = recap(await recorded(plays, world)).map(({ text }) => text)
  assert.equal(lines.slice(0, 4), [
    'host    kept  changed  state   seconds',
    '节点一  0     6        ok      28.1',
    'nacos2  0     5        failed  30.8',
    'nacos3  0     4        ok      27.0',
  ])
  assert.is(lines[4], 'slowest steps')
  assert.is(lines[5], '  nacos3  25 s   make archive')
  assert.match(lines.at(-1)!, /^Failed on 1 of 3 hosts after 37\.5 s\. When the cause is mended, go on with: npx tsx/)
})

test('a check has no seconds and no slow steps', async () => {
  const { world, plays } = rolling(['a', 'b'])
  assert.equal(
    recap(await recorded(plays, world, { check: true })).map(({ text }) => text),
    [
      'host  kept  differs  state',
      'a     0     6        ok',
      'b     0     6        ok',
      '12 resources differ on 2 hosts; nothing was changed (0.0 s). Apply with: npx tsx playbooks/site.ts -i prod',
    ],
  )
})

test('what is told to be applied is a plan that is there', async () => {
  const { world, plays } = rolling(['a'])
  const run = await recorded(plays, world, { check: true })
  // Its plan could not be written: the command makes it again.
  assert.match(recap({ ...run, code: 1 }).at(-1)!.text, /\. Go on with: npx tsx/)
  for (const [code, said] of [
    [1, 'Go on with: <code>'],
    [2, 'Apply with: <code>'],
  ] as const)
    assert.ok(page({ ...run, code }).includes(said), said)
})

test('a hundred hosts become as many rows as there are outcomes', async () => {
  const { world, plays } = wide(100, 4)
  const lines = recap(await recorded(plays, world)).map(({ text }) => text)
  assert.match(lines[0]!, /^hosts +number +kept +changed +state +seconds$/)
  assert.match(lines[1]!, /^app\[001:007\], app\[009:040\], app\[042:073… +97 +0 +4 +ok +\d/)
  assert.match(lines[2]!, /^app008, app041, app074 +3 +0 +1 +failed +\d/)
  for (const line of lines.slice(0, -1)) assert.ok(width(line) <= 80, line)
})

test('a gate that is missed on hosts outside of --limit: they are counted, and have their rows', async () => {
  const world = new FakeWorld()
  works(world, 'n1', 'a')
  const { gate } = gateOf(world, () => ['n2', 'n3'].map((host) => ({ host, what: 'DOWN', final: true })), {
    serving: async () => new Set(['n2', 'n3']),
  })
  const all = play('p', hosts('n1', 'n2', 'n3'), () => [thing('a')], { gate, serial: 1 })
  const lines = recap(await recorded([{ ...all, hosts: all.hosts.slice(0, 1) }], world)).map(({ text }) => text)
  assert.equal(
    lines.slice(1, 4).map((line) => line.split(/ +/).slice(0, 4).join(' ')),
    ['n1 0 1 ok', 'n2 0 0 failed', 'n3 0 0 failed'],
  )
  assert.match(lines.at(-1)!, /^Failed on 2 of 3 hosts after/)
})

test('an interrupt while the first step fails: something may have been changed', async () => {
  const world = new FakeWorld()
  const stop = new AbortController()
  world.machine('h1').on('make a', () => {
    stop.abort()
    return { code: 1 }
  })
  const lines = recap(await recorded([play('p', hosts('h1'), () => [thing('a')])], world, { signal: stop.signal }))
  assert.match(lines.at(-1)!.text, /^Interrupted after .*: nothing is half-written\./)
})

test.run()
