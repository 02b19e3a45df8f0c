/** What became of every resource of a run. Pure. */
import { grouped } from '../core/grouped.ts'
import type { Plan } from '../core/resource.ts'
import type { Failure, HostPlan, Left } from '../engine/world.ts'
import type { Run } from './run.ts'
import { type Timeline, timelineOf } from './timeline.ts'

/** `differs` in a check; `skipped` was to be changed and its turn did not come, or was over before it was all done. */
export type State = 'kept' | 'changed' | 'differs' | 'skipped' | 'blocked' | 'failed' | 'unreachable'

/** From what is well to what is worst. */
export const states: readonly State[] = ['kept', 'changed', 'differs', 'skipped', 'blocked', 'failed', 'unreachable']

export interface Outcome {
  readonly plan: Plan
  readonly state: State
  /** Seconds its steps took. */
  readonly seconds: number
  /** Why it is not as it should be. */
  readonly failure?: Failure
}

export interface HostOutcome {
  readonly play: string
  readonly host: string
  /** What two hosts have under one id in the same place is one thing. Empty where nothing was planned. */
  readonly place: string
  readonly as?: string
  /** Only looked at, because what comes after it stands on it. */
  readonly prerequisite?: true
  /** What is not selected and differs. */
  readonly left: readonly Left[]
  readonly outcomes: readonly Outcome[]
  /** Failures of the host in this play that no resource stands for: it can't be reached, its cluster is not healthy. */
  readonly failures: readonly Failure[]
}

/** The worst of the states; `kept` for none. */
export const worst = (found: Iterable<State>): State =>
  states[Math.max(0, ...[...found].map((state) => states.indexOf(state)))] ?? 'kept'

/** The state of a host in a play. */
export const stateOf = ({ outcomes, failures }: HostOutcome): State =>
  worst([...outcomes.map(({ state }) => state), ...failures.map(({ kind }) => kind)])

/** Every host of every play, in the order of the site; those that could not be looked at come last. */
export function outcomesOf(run: Run, timeline: Timeline = timelineOf(run)): readonly HostOutcome[] {
  const { plans, failures } = run.result
  const key = (play: string, host: string): string => `${play}\n${host}`
  const failed = grouped(failures, ({ play, host }) => key(play, host))
  const done = grouped(timeline.bars, ({ play, host }) => key(play, host))
  const judged = plans.map((plan): HostOutcome => {
    const own = failed.get(key(plan.play, plan.host)) ?? []
    const bars = done.get(key(plan.play, plan.host)) ?? []
    const seconds = new Map<string, number>()
    for (const { id, from, to } of bars) seconds.set(id, (seconds.get(id) ?? 0) + to - from)
    const outcomes = plan.plans.map((one): Outcome => {
      const failure = own.find((candidate) => isAbout(candidate, plan, one))
      const state = failure ? failure.kind : settled(one, plan, seconds, run)
      return { plan: one, state, seconds: seconds.get(one.id) ?? 0, ...(failure && { failure }) }
    })
    const told = new Set(outcomes.map(({ failure }) => failure))
    const { play, host, place, as, prerequisite, left } = plan
    return {
      play,
      host,
      place,
      ...(as !== undefined && { as }),
      ...(prerequisite && { prerequisite }),
      left,
      outcomes,
      failures: own.filter((one) => !told.has(one)),
    }
  })
  const made = new Set(
    judged.flatMap((one) =>
      one.outcomes.flatMap(({ plan, state }) => (state === 'changed' ? [thing(one, plan.id)] : [])),
    ),
  )
  // What another host of the machine has made is made for all of them.
  const shared = (one: HostOutcome, outcome: Outcome): Outcome =>
    outcome.state === 'skipped' && made.has(thing(one, outcome.plan.id)) ? { ...outcome, state: 'kept' } : outcome
  const planned = judged.map((one) => ({ ...one, outcomes: one.outcomes.map((outcome) => shared(one, outcome)) }))
  const known = new Set(plans.map(({ play, host }) => key(play, host)))
  const unseen = [...failed].filter(([place]) => !known.has(place))
  return [
    ...planned,
    ...unseen.map(([, own]) => ({
      play: own[0]?.play ?? '',
      host: own[0]?.host ?? '',
      place: '',
      left: [],
      outcomes: [],
      failures: own,
    })),
  ]
}

const thing = ({ place }: HostOutcome, id: string): string => `${place}\n${id}`

/** Whether a failure of a host is that of one of its resources: the step was for it, or the problem names it. */
const isAbout = (failure: Failure, { host }: HostPlan, { id, problems }: Plan): boolean =>
  failure.step
    ? failure.step.id === id
    : failure.kind === 'blocked'
      ? problems.length > 0
      : failure.problems.some(({ where }) => where === `${host} ${id}`)

function settled(plan: Plan, place: HostPlan, seconds: ReadonlyMap<string, number>, { check, result }: Run): State {
  if (plan.action === 'blocked') return 'blocked'
  if (seconds.has(plan.id)) return isHalfDone(plan, place, result) ? 'skipped' : 'changed'
  if (plan.action === 'keep') return 'kept'
  if (check) return 'differs'
  if (result.refused.get(place.host)?.has(plan.id)) return 'skipped'
  // A resource without a step in a run that went well was brought about by another one's, or meanwhile by somebody else.
  return result.failures.length > 0 || result.interrupted ? 'skipped' : 'kept'
}

/** Whether the run was interrupted between two of its steps. */
const isHalfDone = ({ steps }: Plan, { play, host }: HostPlan, { unfinished }: Run['result']): boolean =>
  unfinished.some((one) => one.play === play && one.host === host && steps.some(({ say }) => one.undone.includes(say)))
