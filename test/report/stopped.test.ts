/** What a second interrupt leaves: at any moment of a run, all that had been told, and what was under way as such. */
import { document } from '../../lib/report/document.ts'
import { junit } from '../../lib/report/junit.ts'
import { outcomesOf } from '../../lib/report/outcome.ts'
import { page } from '../../lib/report/page.ts'
import { recap } from '../../lib/report/recap.ts'
import type { ProcedureRun, Run, Timed } from '../../lib/report/run.ts'
import { stoppedProcedure, stoppedSite } from '../../lib/report/stopped.ts'
import { assert, suite } from '../kit.ts'
import { performed, recorded } from './runs.ts'
import { conforms } from './schemas.ts'
import { canary, failing, procedure, rolling } from './sites.ts'

const test = suite('report/stopped')

/** The run as it is known after so many events. */
const until = (run: Run, count: number): Run => {
  const events = run.events.slice(0, count)
  const seconds = events.at(-1)?.at ?? 0
  return { ...run, events, seconds, code: 130, stopped: true, result: stoppedSite(events, run.check) }
}
const procedureUntil = (run: ProcedureRun, events: readonly Timed[]): ProcedureRun => ({
  ...run,
  ...{ events, code: 130, stopped: true, result: stoppedProcedure(run.result.procedure, events) },
})

test('at every moment of a run it makes a whole report, without a secret', async () => {
  for (const { world, plays } of [rolling(), failing(), failing(true)]) {
    const run = await recorded(plays, world)
    for (let count = 0; count <= run.events.length; count++) {
      const known = until(run, count)
      conforms('report', document(known))
      const undone = new Set(
        known.result.unfinished.flatMap((one) => one.undone.map((say) => `${one.play} ${one.host} ${say}`)),
      )
      for (const { play, host, outcomes } of outcomesOf(known))
        for (const { plan, state } of outcomes)
          if (plan.steps.some(({ say }) => undone.has(`${play} ${host} ${say}`)))
            assert.is.not(state, 'changed', plan.id)
      const all = [JSON.stringify(document(known)), junit(known), page(known), ...recap(known).map(({ text }) => text)]
      for (const text of all) assert.not(text.includes(canary), 'a secret is shown')
    }
  }
})

test('when all was told it says what the run itself says', async () => {
  for (const { world, plays } of [rolling(), failing(), failing(true)]) {
    const run = await recorded(plays, world)
    const { hosts, plans, failures } = until(run, run.events.length).result
    assert.equal(hosts, run.result.hosts)
    assert.equal(failures, run.result.failures)
    const ids = (of: Run['result']['plans']) => of.map((one) => [one.host, ...one.plans.map(({ id }) => id)])
    assert.equal(ids(plans), ids(run.result.plans))
  }
})

test('a step that was under way is neither done nor not done, and nothing else of it is said', async () => {
  const { world, plays } = rolling()
  const run = await recorded(plays, world)
  const at = run.events.findIndex(
    ({ event }) => event.kind === 'step' && event.step.say === 'write /etc/app/password.conf',
  )
  const known = until(run, at + 1)
  const { result } = known
  const [failure] = result.failures
  assert.is(result.failures.length, 1)
  assert.equal([failure?.host, failure?.kind, failure?.step?.code], ['nacos1', 'failed', null])
  assert.equal(failure?.done, [])
  assert.equal(failure?.undone, ['make service'])
  assert.match(failure?.problems[0]?.what ?? '', /^"write \S+" was under way when the run was stopped, so its outcome/)
  const { exitCode, interrupted, stopped } = document(known)
  assert.equal([exitCode, interrupted, stopped], [130, true, true])
  assert.match(
    recap(known).at(-1)!.text,
    /^Stopped at once after .* what was under way ends there by itself, as a whole/,
  )
  assert.match(junit(known), /<testcase name="file:\/etc\/app\/password.conf" [^>]*><failure type="failed"/)
  assert.equal(
    result.unfinished.map(({ host, play }) => `${play} on ${host}`),
    ['nacos on nacos2', 'nacos on nacos3'],
  )
})

test('a secret in the command of a step that was under way is not shown', async () => {
  const { world, plays } = rolling()
  const run = await recorded(plays, world)
  const at = run.events.findIndex(({ event }) => event.kind === 'step')
  const { failures } = stoppedSite(run.events.slice(0, at + 1), false, () => '***')
  assert.is(failures[0]?.step?.run, '***')
  const example = procedure()
  const { result, events } = await performed(example.procedure, example.world)
  const begun = events.slice(0, events.findIndex(({ event }) => event.kind === 'step') + 1)
  assert.is(stoppedProcedure(result.procedure, begun, () => '***').failures[0]?.step?.run, '***')
})

test('while machines are read nothing is known, and nothing was changed', async () => {
  const { world, plays } = rolling()
  const known = until(await recorded(plays, world), 1)
  assert.equal([known.result.hosts, known.result.failures, known.result.unfinished], [[], [], []])
  assert.match(recap(known).at(-1)!.text, /^Stopped at once after .*: nothing was under way\./)
})

test('the same of a procedure', async () => {
  const example = procedure()
  const run = await performed(example.procedure, example.world)
  for (let count = 0; count <= run.events.length; count++) {
    const known = procedureUntil(run, run.events.slice(0, count))
    conforms('procedure', document(known))
    assert.ok(page(known).includes('Stopped at once'))
    assert.ok(junit(known).includes('<testsuites'))
  }
  const at = run.events.findLastIndex(({ event }) => event.kind === 'step')
  const { actions, failures } = procedureUntil(run, run.events.slice(0, at + 1)).result
  assert.equal(
    actions.map(({ action, state }) => `${action}: ${state}`),
    ['shut a: done', 'shut b: failed', 'wait until it is cold: unknown'],
  )
  assert.equal([failures[0]?.done, failures[0]?.undone], [['shut a'], ['wait until it is cold']])
  const waiting = run.events.findIndex(({ event }) => event.kind === 'done')
  const [first] = procedureUntil(run, run.events.slice(0, waiting + 1)).result.actions
  assert.match(first?.say ?? '', /^begun; /)
  // What is waited for before an action begins is no beginning.
  const looked = run.events.findIndex(({ event }) => event.kind === 'looked')
  const wait = { kind: 'awaiting', action: 'shut a', found: 'it wobbles', seconds: 1 } as const
  const held = procedureUntil(run, [...run.events.slice(0, looked + 1), { at: 0, event: wait }]).result
  assert.is(
    held.actions[0]?.say,
    run.events.flatMap(({ event }) => (event.kind === 'looked' ? event.actions : []))[0]?.say,
  )
  const whole = procedureUntil(run, run.events).result
  assert.equal(whole.actions, run.result.actions)
})

test.run()
