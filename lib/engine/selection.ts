/**
 * What becomes of a host's plans where --tags selects only some of its resources. The others are looked at all the same and
 * never changed: what selected ones stand on must be as declared. Pure.
 */
import type { Problem } from '../core/error.ts'
import type { Answers } from '../core/probe.ts'
import type { Plan, Resource } from '../core/resource.ts'
import type { Assignment } from './assignment.ts'
import { isKeep } from './failures.ts'
import { isSelected, tagOf, wordsOf } from './tags.ts'
import type { Left } from './world.ts'

/** One list of a host as it was found. */
export interface Look {
  readonly assignment: Assignment
  readonly answers: Answers
  /** From `planResources`, in which only what is selected counted as pending. */
  readonly plans: readonly Plan[]
  readonly changed: ReadonlySet<string>
}

/** What is to be done in one list, and what is left as it is. */
export interface Selection {
  readonly assignment: Assignment
  /** Of the selected resources, and of what blocks them. */
  readonly plans: readonly Plan[]
  readonly left: readonly Left[]
}

/**
 * Plans a list of resources against answers; each sees which ones before it are about to change, or did so in an
 * earlier play of the run (`changed`). What is not `selected` is planned too, but nothing sees it as about to change. Pure.
 */
export function planResources(
  resources: readonly Resource[],
  answers: Answers,
  changed: ReadonlySet<string> = new Set(),
  selected?: ReadonlySet<string>,
): readonly Plan[] {
  return planGrowing(resources, answers, new Set(changed), selected)
}

/** The same, and adds to `pending` what these are about to change. */
export const planGrowing = (
  resources: readonly Resource[],
  answers: Answers,
  pending: Set<string>,
  selected?: ReadonlySet<string>,
): readonly Plan[] =>
  resources.map((resource) => {
    const plan = resource.plan(answers, pending)
    if (changes(plan, selected)) pending.add(plan.id)
    return plan
  })

/** The ids that plans change: of those that are selected, if not all are. What is blocked stays as it is. */
export const changing = (plans: readonly Plan[], selected?: ReadonlySet<string>): readonly string[] =>
  plans.filter((plan) => changes(plan, selected)).map(({ id }) => id)

const changes = ({ action, id }: Plan, selected?: ReadonlySet<string>): boolean =>
  action !== 'keep' && action !== 'blocked' && (selected?.has(id) ?? true)

/**
 * The lists of one host, in order, brought together: a selected resource that differs is blocked where it stands on
 * something that differs and is not selected; with `force` that is a warning.
 */
export function select(looks: readonly Look[], force: boolean): readonly Selection[] {
  if (looks.every(({ assignment }) => assignment.selected === undefined))
    return looks.map(({ assignment, plans }) => ({ assignment, plans, left: [] }))
  const chosen = new Set(looks.flatMap(({ assignment }) => [...selectedIn(assignment)]))
  // What another list of the host selects is changed there.
  const left = looks.map((look) => leftOf(look).filter(({ id }) => !chosen.has(id)))
  const missing = new Map(left.flat().flatMap((one) => (one.differs ? [[one.id, one]] : [])))
  const bases = ({ assignment }: Look, id: string): readonly Left[] =>
    [...(assignment.standsOn().get(id) ?? [])].flatMap((base) => missing.get(base) ?? [])
  const isRoot = (look: Look, { id, problems }: Left): boolean =>
    problems.length > 0 && bases(look, id).every((base) => base.problems.length > 0)
  const dirty = (look: Look): readonly Plan[] =>
    look.plans.filter((plan) => selectedIn(look.assignment).has(plan.id) && !isKeep(plan))
  // What can't be mended here says so itself; everything else is a matter of the selection.
  const stuck = new Set(
    looks.flatMap((look) => dirty(look).flatMap(({ id }) => bases(look, id).filter((base) => isRoot(look, base)))),
  )
  return looks.map((look, index) => ({
    assignment: look.assignment,
    left: left[index] ?? [],
    plans: look.plans.flatMap((plan) => {
      if (!selectedIn(look.assignment).has(plan.id)) {
        return !force && [...stuck].some(({ id }) => id === plan.id) ? [plan] : []
      }
      if (isKeep(plan)) return [plan]
      const under = bases(look, plan.id)
      const open = under.filter(({ problems }) => problems.length === 0)
      const problems = open.length > 0 ? [standsOnProblem(plan.id, open, force)] : []
      if (force) {
        const own = under.filter((base) => stuck.has(base)).flatMap((base) => base.problems)
        return [{ ...plan, warnings: [...(plan.warnings ?? []), ...problems, ...own] }]
      }
      return problems.length === 0
        ? [plan]
        : [{ ...plan, action: 'blocked', steps: [], problems: [...plan.problems, ...problems] } satisfies Plan]
    }),
  }))
}

const selectedIn = ({ selected, resources }: Assignment): ReadonlySet<string> =>
  selected ?? new Set(resources.map(({ id }) => id))

const nothing: ReadonlySet<string> = new Set()

function leftOf({ assignment, answers, plans, changed }: Look): readonly Left[] {
  const { play, resources, tags } = assignment
  const selected = selectedIn(assignment)
  const pending = new Set([...changed, ...changing(plans, selected)])
  return plans.flatMap((plan, index) => {
    const resource = resources[index]
    if (resource === undefined || selected.has(plan.id) || isKeep(plan)) return []
    // What the tags don't find is none of a prerequisite's business either.
    if (play.prerequisite && !isSelected(tags, wordsOf(play, resource))) return []
    const alone = resource.plan(answers, nothing)
    const follows = plan.problems.length === 0 && plan.changes.length > alone.changes.length
    // What says that it takes nobody away is no restart: a running process has never read what changes back.
    const reacts = follows && plan.disrupts !== false
    const { tag, skipped } = tagOf(play, resource, tags)
    return [
      {
        id: plan.id,
        differs: !isKeep(alone),
        owes: reacts ? (resource.needs ?? []).filter((id) => pending.has(id)) : [],
        perhaps: plan.disrupts === 'perhaps',
        problems: plan.problems,
        tag,
        skipped,
      },
    ]
  })
}

function standsOnProblem(id: string, bases: readonly Left[], force: boolean): Problem {
  const [first] = bases
  const more = bases.length > 1 ? ` and ${bases.length - 1} more` : ''
  const words = (skipped: boolean): readonly string[] => [
    ...new Set(bases.filter((base) => base.skipped === skipped).map(({ tag }) => tag)),
  ]
  const add = words(false).length > 0 ? [`add --tags ${words(false).join(',')}`] : []
  const keep = words(true).length > 0 ? [`take ${words(true).join(', ')} out of --skip-tags`] : []
  return {
    where: id,
    what: `it stands on ${first?.id}${more}, which ${more ? 'differ and are' : 'differs and is'} not selected`,
    remedy: `${[...add, ...keep].join(' and ')}${force ? '' : ', or go on with --force'}`,
  }
}
