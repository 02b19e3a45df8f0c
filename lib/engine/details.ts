/** What a person wants to see of a change beyond the plan itself: the lines of a file. */
import type { Answers, Question } from '../core/probe.ts'
import { type Action, type Detail, detailed, type Plan, type Resource } from '../core/resource.ts'

/** Resources with the plans of some of them. */
interface Planned {
  readonly assignment: { readonly resources: readonly Resource[] }
  readonly plans: readonly Plan[]
}

/** The answers about a thing that is not there. */
const nothing: Answers = () => ''

/** What is asked to show what is to be updated on one machine. */
export const detailQuestions = (planned: readonly Planned[]): readonly Question[] =>
  planned.flatMap((one) => {
    const details = detailsOf(one, 'update')
    return one.plans.flatMap(({ action, id }) => (action === 'update' ? (details.get(id)?.probe ?? []) : []))
  })

/** The same plans, those of updates with their details; `answers` are those of `detailQuestions`. Pure. */
export const withUpdates = <T extends Planned>(planned: readonly T[], answers: Answers): readonly T[] =>
  withDetails(planned, 'update', (plan, detail) => {
    const lines = detail.lines(answers)
    return lines.length === 0 ? plan : detailed(plan, () => lines)
  })

/** The same plans, those of new things with their details, which are made when somebody wants to see them. Pure. */
export const withCreations = <T extends Planned>(planned: readonly T[]): readonly T[] =>
  withDetails(planned, 'create', (plan, detail) => detailed(plan, () => detail.lines(nothing)))

const withDetails = <T extends Planned>(
  planned: readonly T[],
  action: Action,
  shown: (plan: Plan, detail: Detail) => Plan,
): readonly T[] =>
  planned.map((one) => {
    const details = detailsOf(one, action)
    if (details.size === 0) return one
    const withLines = (plan: Plan): Plan => {
      const detail = plan.action === action ? details.get(plan.id) : undefined
      return detail ? shown(plan, detail) : plan
    }
    return { ...one, plans: one.plans.map(withLines) }
  })

/** By id, of those resources that have any; none where nothing of the kind is planned. */
function detailsOf({ assignment: { resources }, plans }: Planned, action: Action): ReadonlyMap<string, Detail> {
  if (!plans.some((plan) => plan.action === action)) return new Map()
  return new Map(resources.flatMap(({ id, detail }) => (detail ? [[id, detail] as const] : [])))
}
