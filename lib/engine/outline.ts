/**
 * The plans of a machine, and what a run keeps of them until its end: what people are shown of every change. Resources,
 * steps and the lines of new things follow from the site, the facts and the answers; they are made once more for those who
 * ask. Kept for a thousand hosts they would be most of a run's memory, and of its time, which goes into moving them about.
 */

import type { Problem } from '../core/error.ts'
import type { Facts } from '../core/facts.ts'
import { lazily } from '../core/lazily.ts'
import { once } from '../core/once.ts'
import type { Answers } from '../core/probe.ts'
import type { Action, Change, Plan, Resource, Step } from '../core/resource.ts'
import { type Assignment, assign } from './assignment.ts'
import { withCreations } from './details.ts'
import { isKeep } from './failures.ts'
import type { Machine, Play } from './play.ts'
import { type Look, planGrowing, type Selection, select } from './selection.ts'
import type { Tags } from './tags.ts'

/** Plans all lists of one machine: what one of its hosts changes, another's process may have read. Pure. */
export function planMachine(assignments: readonly Assignment[], answers: Answers): readonly Look[] {
  let changed: ReadonlySet<string> = new Set()
  return assignments.map((assignment) => {
    const pending = new Set(changed)
    const plans = planGrowing(assignment.resources, answers, pending, assignment.selected)
    const look = { assignment, answers, plans, changed }
    changed = pending
    return look
  })
}

/** The lists of one machine, each host's brought together. */
export function selectByHost(looks: readonly Look[], force: boolean): readonly Selection[] {
  const hosts = new Set(looks.map(({ assignment }) => assignment.host.name))
  return [...hosts].flatMap((name) =>
    select(
      looks.filter(({ assignment }) => assignment.host.name === name),
      force,
    ),
  )
}

/** What lists and plans of a machine are made from. */
interface Basis {
  readonly site: readonly Play[]
  readonly machine: Machine
  readonly facts: Facts
  readonly tags: Tags | undefined
  readonly answers: Answers
  readonly force: boolean
}

export interface Outline {
  readonly assignments: readonly Assignment[]
  readonly selections: readonly Selection[]
}

/** The lists of a machine and the plans made of them on it, without what can be made again. */
export function outlined(assignments: readonly Assignment[], selections: readonly Selection[], basis: Basis): Outline {
  const lists = listsAgain(basis)
  const kept = new Map(assignments.map((one, at) => [one, listOutline(one, lists, at)]))
  const again = plansAgain(lists, basis)
  return {
    assignments: [...kept.values()],
    selections: selections.map(({ assignment, plans, left }, at) => ({
      assignment: kept.get(assignment) ?? assignment,
      plans: planOutlines(plans, again, at),
      left,
    })),
  }
}

// Functions of their own from here on: a closure keeps all that any closure of the same scope uses. Who keeps lists, must
// not keep the answers with them: of a host that is as declared nobody needs those any more.
const listsAgain = ({ site, machine, facts, tags }: Basis): (() => readonly Assignment[]) =>
  once(() => assign(site, machine, facts, tags))

const plansAgain = (lists: () => readonly Assignment[], { answers, force }: Basis): (() => readonly Selection[]) =>
  once(() => {
    const direct = lists().filter(({ play }) => !play.options.via)
    return withCreations(selectByHost(planMachine(direct, answers), force))
  })

const withResources = lazily<'resources', readonly Resource[]>('resources')

function listOutline(
  { play, host, ids, tags, selected }: Assignment,
  lists: () => readonly Assignment[],
  at: number,
): Assignment {
  const whole = (): Assignment => made(lists()[at], host.name)
  const standsOn: Assignment['standsOn'] = () => whole().standsOn()
  const outline = { play, host, ids, tags, ...(selected && { selected }), standsOn }
  return withResources(outline, () => whole().resources)
}

function planOutlines(plans: readonly Plan[], again: () => readonly Selection[], at: number): readonly Plan[] {
  return plans.map((plan, index) => (isKeep(plan) ? plan : new PlanOutline(plan, again, at, index)))
}

/** A role that is no pure function may have left it out this time. */
function made<T>(one: T | undefined, of: string): T {
  if (one === undefined) throw new Error(`${of}: its role makes another list each time it is called`)
  return one
}

/** A plan as people are shown it, and nothing of what it was made from. */
class PlanOutline implements Plan {
  readonly id: string
  readonly action: Action
  readonly changes: readonly Change[]
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
  readonly disrupts?: boolean | 'perhaps'
  readonly #lines: readonly string[] | undefined
  readonly #again: () => readonly Selection[]
  readonly #list: number
  readonly #at: number

  /** `again` makes the plans of its machine, where it is at place `at` of one list. */
  constructor(plan: Plan, again: () => readonly Selection[], list: number, at: number) {
    const { id, action, changes, problems, warnings = [], disrupts } = plan
    this.id = id
    this.action = action
    this.changes = changes
    this.problems = problems
    this.warnings = warnings
    if (disrupts !== undefined) this.disrupts = disrupts
    // Of updates they were asked for, so that they are seen.
    this.#lines = action === 'create' ? undefined : (plan.detail ?? [])
    this.#again = again
    this.#list = list
    this.#at = at
  }

  get #whole(): Plan {
    return made(this.#again()[this.#list]?.plans[this.#at], this.id)
  }

  get steps(): readonly Step[] {
    return this.#whole.steps
  }

  get detail(): readonly string[] {
    return this.#lines ?? this.#whole.detail ?? []
  }
}
