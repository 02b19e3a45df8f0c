/** JUnit results: what a CI counts. */

import { play } from '../../lib/engine/play.ts'
import { junit } from '../../lib/report/junit.ts'
import { FakeWorld } from '../../lib/testing.ts'
import { hosts, thing } from '../engine/thing.ts'
import { assert, suite } from '../kit.ts'
import { performed, recorded } from './runs.ts'
import { type Example, failing, procedure, rolling } from './sites.ts'

const test = suite('report/junit')

const xml = async ({ world, plays }: Example, check = false): Promise<string> =>
  junit(await recorded(plays, world, { check }))
const total = (text: string): string =>
  /<testsuites [^>]*?(tests="\d+" failures="\d+" errors="\d+" skipped="\d+")/.exec(text)?.[1] ?? ''

test('changed and kept pass', async () => {
  const example = rolling()
  assert.is(total(await xml(example)), 'tests="18" failures="0" errors="0" skipped="0"')
  assert.is(total(await xml(example)), 'tests="18" failures="0" errors="0" skipped="0"')
})

test('in a check what differs is a failure', async () => {
  const text = await xml(rolling(), true)
  assert.is(total(text), 'tests="18" failures="18" errors="0" skipped="0"')
  assert.ok(text.includes('<failure type="differs" message="create">state: (nothing) → new</failure>'))
})

test('a failed step is a failure, what comes after it is skipped', async () => {
  const text = await xml(failing())
  assert.is(total(text), 'tests="18" failures="1" errors="0" skipped="2"')
  assert.ok(
    text.includes(
      '<testsuite name="nacos on nacos2" hostname="nacos2" timestamp="2025-03-01T08:00:00" tests="2" failures="1"',
    ),
  )
  assert.match(text, /<testcase name="thing:service" classname="nacos\.nacos2" time="4\.000"><failure type="failed"/)
  assert.ok(
    text.includes(
      'command: make service\nexit code: 1\ndone: write /etc/app/password.conf\nnot done: make service</failure>',
    ),
  )
})

test('a host that is away and one that is blocked are errors', async () => {
  const away = await xml(failing(true))
  assert.is(total(away), 'tests="13" failures="0" errors="1" skipped="12"')
  assert.match(
    away,
    /<testcase name="connection" classname="groundwork\.nacos3" time="0\.000"><error type="unreachable"/,
  )
  const world = new FakeWorld()
  world.machine('h1').answer('is:a', 'stuck')
  const blocked = await xml({ world, plays: [play('p', hosts('h1'), () => [thing('a'), thing('b')])] })
  assert.is(total(blocked), 'tests="2" failures="0" errors="1" skipped="1"')
})

test('a procedure is one suite with a case for each action', async () => {
  const of = async (stuck: boolean, check = false): Promise<string> => {
    const { world, procedure: whole } = procedure(stuck)
    return junit(await performed(whole, world, { check }))
  }
  const well = await of(false)
  assert.is(total(well), 'tests="3" failures="0" errors="0" skipped="0"')
  assert.ok(well.includes('<testsuite name="stop &lt;the&gt; plant" timestamp="2025-03-01T08:00:00" tests="3"'))
  assert.ok(well.includes('<testcase name="shut a" classname="procedure.stop &lt;the&gt; plant" time="3.000"/>'))
  assert.is(total(await of(false, true)), 'tests="3" failures="3" errors="0" skipped="0"')
  const failed = await of(true)
  assert.is(total(failed), 'tests="3" failures="1" errors="0" skipped="1"')
  assert.ok(failed.includes('command: turn b\nexit code: 1\ndone: shut a'))
  const { world, procedure: whole } = procedure()
  world.cutOff('h2')
  assert.is(total(junit(await performed(whole, world))), 'tests="3" failures="0" errors="1" skipped="2"')
})

test('every character is one that XML has, and no text is markup', async () => {
  const text = await xml(failing())
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what XML 1.0 has no place for
  assert.not(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\p{Surrogate}]/u.test(text))
  assert.not(text.includes('<script'))
})

test('a class has one dot, whatever the address', async () => {
  assert.ok((await xml(rolling(['10.0.0.1']))).includes('classname="nacos.10_0_0_1"'))
})

test.run()
