/** What a person wants to see of a change beyond the plan itself: the lines of a file. */
import type { Channel } from '../core/channel.ts'
import type { Answers } from '../core/probe.ts'
import { type Detail, detailed, type Plan, type Resource } from '../core/resource.ts'

/** Resources with the plans of some of them. */
interface Planned {
  readonly assignment: { readonly resources: readonly Resource[] }
  readonly plans: readonly Plan[]
}

/** The answers about a thing that is not there. */
const nothing: Answers = () => ''

/**
 * The plans of one machine with the details of what would be created or updated. Asks one script more for all of them
 * together, and none where nothing has to be asked. Throws PlinthErrors like the channel.
 */
export async function withDetails<T extends Planned>(planned: readonly T[], channel: Channel): Promise<readonly T[]> {
  const listed = planned.map((one) => ({ one, details: detailsOf(one) }))
  const questions = listed.flatMap(({ one: { plans }, details }) =>
    details.size === 0
      ? []
      : plans.flatMap(({ action, id }) => (action === 'update' ? (details.get(id)?.probe ?? []) : [])),
  )
  const answers = questions.length > 0 ? await channel.ask(questions) : nothing
  return listed.map(({ one, details }) =>
    details.size === 0 ? one : { ...one, plans: one.plans.map((plan) => withLines(plan, details.get(plan.id), answers)) },
  )
}

/** By id, of those resources that have any; none where nothing is to be created or updated. */
function detailsOf({ assignment: { resources }, plans }: Planned): ReadonlyMap<string, Detail> {
  const details = new Map<string, Detail>()
  if (!plans.some(({ action }) => action === 'create' || action === 'update')) return details
  for (const { id, detail } of resources) if (detail) details.set(id, detail)
  return details
}

/** New things are shown in full only when asked for. */
function withLines(plan: Plan, detail: Detail | undefined, answers: Answers): Plan {
  if (detail === undefined) return plan
  if (plan.action === 'create') return detailed(plan, () => detail.lines(nothing))
  const lines = plan.action === 'update' ? detail.lines(answers) : []
  return lines.length === 0 ? plan : detailed(plan, () => lines)
}
