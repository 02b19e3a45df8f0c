/** What every kind is tested with: plans as data, and the whole way round on real files. */
import type { Action, Plan, Resource } from '../../lib/core/resource.ts'
import { type Canned, canned } from '../../lib/testing.ts'
import { assert, type Suite } from '../kit.ts'
import type { Sandbox, ShellName } from '../shells.ts'

export interface Case {
  readonly answers: Canned
  readonly action: Action
  /** `key: from → to`, in order; nothing stands for what is not there. */
  readonly changes?: readonly string[]
  readonly says?: readonly string[]
  /** A piece of the text of each problem. */
  readonly problems?: readonly string[]
  /** Ids of resources before it that are about to change. */
  readonly pending?: readonly string[]
}

/** One test for each case; what a case leaves out must be empty. */
export function plans(test: Suite, resource: Resource, cases: Readonly<Record<string, Case>>): void {
  for (const [name, { answers, action, changes = [], says = [], problems = [], pending = [] }] of Object.entries(
    cases,
  )) {
    test(`${resource.id}: ${name}`, () => {
      const plan = resource.plan(canned(answers), new Set(pending))
      assert.is(plan.action, action)
      assert.equal(shown(plan), changes)
      assert.equal(
        plan.steps.map(({ say }) => say),
        says,
      )
      assert.is(plan.problems.length, problems.length, JSON.stringify(plan.problems))
      for (const [index, text] of problems.entries()) {
        const { where, what, remedy } = plan.problems[index]!
        assert.ok(`${where}: ${what}; ${remedy}`.includes(text), `${where}: ${what}; ${remedy}`)
      }
    })
  }
}

/** The changes of a plan as a case has them. */
export const shown = (plan: Plan): readonly string[] =>
  plan.changes.map(({ key, from, to }) => `${key}: ${from ?? ''} → ${to ?? ''}`)

/** What a resource would do on the real thing. */
export const planFor = (box: Sandbox, shell: ShellName, resource: Resource, first?: string): Plan =>
  resource.plan(box.ask(shell, resource.probe, first), new Set())

/** Plans, does the steps for real, and asserts that the second plan keeps everything. Returns the first plan. */
export function apply(box: Sandbox, shell: ShellName, resource: Resource): Plan {
  const plan = planFor(box, shell, resource)
  assert.equal(plan.problems, [])
  box.act(shell, plan.steps)
  const after = planFor(box, shell, resource)
  assert.is(after.action, 'keep', `after the apply: ${shown(after).join(', ')}`)
  return plan
}
