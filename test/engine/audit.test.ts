/** The digest that the lines of the audit log have: of what the plan shows and does. */
import type { Plan } from '../../lib/core/resource.ts'
import { planDigest } from '../../lib/engine/audit.ts'
import { play } from '../../lib/engine/play.ts'
import { FakeWorld, run } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'
import { hosts, thing, works } from './thing.ts'

const test = suite('engine/audit')

const plan: Plan = {
  id: 'file:/a',
  action: 'update',
  changes: [{ key: 'mode', from: '0644', to: '0600' }],
  steps: [{ say: 'chmod /a', run: 'chmod 0600 /a' }],
  problems: [],
}
const step = { say: 'chmod /a', run: 'chmod 0600 /a' }

test('plans that read the same have the same digest, and whatever is to be seen of one is in it', () => {
  const digest = planDigest([plan])
  assert.match(digest, /^[0-9a-f]{12}$/)
  const kept: Plan = { ...plan, id: 'file:/b', action: 'keep', changes: [], steps: [] }
  assert.is(planDigest([kept, { ...plan, steps: [{ ...step, input: 'hunter2' }] }]), digest)
  const others: readonly (readonly Plan[])[] = [
    [],
    [plan, plan],
    [{ ...plan, id: 'file:/b' }],
    [{ ...plan, action: 'create' }],
    [{ ...plan, changes: [{ key: 'mode', from: '0640', to: '0600' }] }],
    [{ ...plan, changes: [{ key: 'mode', from: '0644', to: '0640' }] }],
    [{ ...plan, changes: [] }],
    [{ ...plan, steps: [{ ...step, say: 'chmod 0600 /a' }] }],
    [{ ...plan, steps: [step, step] }],
  ]
  assert.is(new Set([digest, ...others.map(planDigest)]).size, others.length + 1)
})

test('a line has the digest of the plan it is about, at its beginning and at its end', async () => {
  const digests = async (...names: readonly string[]): Promise<readonly string[]> => {
    const world = new FakeWorld()
    works(world, 'h1', ...names)
    await run([play('p', hosts('h1'), () => names.map((name) => thing(name)))], world)
    return world.machine('h1').traces.map(({ line }) => / plan=(\S+) /.exec(line)?.[1] ?? '')
  }
  const [[begin, end], [other]] = [await digests('a'), await digests('a', 'b')]
  assert.is(begin, end)
  assert.is.not(begin, other)
})

test.run()
