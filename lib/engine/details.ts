/** What a person wants to see of a change beyond the plan itself: the lines of a file. */
import type { Channel } from '../core/channel.ts'
import type { Answers } from '../core/probe.ts'
import type { Detail, Plan, Resource } from '../core/resource.ts'

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
  const detailsOf = ({ assignment: { resources } }: Planned): ReadonlyMap<string, Detail | undefined> =>
    new Map(resources.map(({ id, detail }) => [id, detail]))
  const questions = planned.flatMap((one) => {
    const details = detailsOf(one)
    return one.plans.flatMap(({ action, id }) => (action === 'update' ? (details.get(id)?.probe ?? []) : []))
  })
  const answers = questions.length > 0 ? await channel.ask(questions) : nothing
  return planned.map((one) => {
    const details = detailsOf(one)
    return { ...one, plans: one.plans.map((plan) => detailed(plan, details.get(plan.id), answers)) }
  })
}

function detailed(plan: Plan, detail: Detail | undefined, answers: Answers): Plan {
  if (detail === undefined) return plan
  if (plan.action === 'create') return lazily(plan, () => detail.lines(nothing))
  const lines = plan.action === 'update' ? detail.lines(answers) : []
  return lines.length === 0 ? plan : { ...plan, detail: lines }
}

/** The plan, with lines that are made when somebody wants to see them: new things are shown in full only when asked for. */
function lazily(plan: Plan, make: () => readonly string[]): Plan {
  const { id, action, changes, problems, warnings, disrupts } = plan
  let lines: readonly string[] | undefined
  return {
    id,
    action,
    changes,
    problems,
    ...(warnings && { warnings }),
    ...(disrupts !== undefined && { disrupts }),
    get steps() {
      return plan.steps
    },
    get detail() {
      lines ??= make()
      return lines
    },
  }
}
