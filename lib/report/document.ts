/** A run as JSON: one document at its end, and a line for each thing that happens. docs/report.md describes both. Pure. */
import type { Problem } from '../core/error.ts'
import type { Event, Failure, HostPlan, Left, Leftover } from '../engine/world.ts'
import { version } from '../version.ts'
import { type HostOutcome, type Outcome, outcomesOf } from './outcome.ts'
import type { Begun, Run, Timed } from './run.ts'
import { timelineOf, workOf } from './timeline.ts'

/** Changes when something in it means something else, or goes; not when something is added. */
export const format = 2

type Json = { readonly [key: string]: unknown }

/** The whole run. Named piece by piece, so that nothing gets into it unseen: a step's input may hold secrets. */
export function document(run: Run): Json {
  const timeline = timelineOf(run)
  const work = workOf(timeline)
  const { id, result, check, code, started, seconds, playbook, next, warnings } = run
  return {
    format,
    plinth: version,
    run: id,
    playbook,
    started,
    seconds: rounded(seconds),
    check,
    exitCode: code,
    interrupted: result.interrupted,
    next,
    warnings: warnings.map(problem),
    hosts: result.hosts.map(({ host, kept, changed, state }) => ({
      host,
      kept,
      changed,
      state,
      seconds: rounded(work.get(host) ?? 0),
    })),
    plans: outcomesOf(run, timeline)
      .filter(({ outcomes, left }) => outcomes.length + left.length > 0)
      .map(planned),
    failures: result.failures.map(failed),
    leftovers: result.leftovers.map(leftover),
    unfinished: result.unfinished.map(({ host, play, done, undone }) => ({ host, play, done, undone })),
    refused: [...result.refused].map(([host, ids]) => ({ host, resources: [...ids] })),
    events: run.events.map(eventJson),
  }
}

const planned = ({ play, host, as, prerequisite, left, outcomes }: HostOutcome): Json => ({
  play,
  host,
  ...(as !== undefined && { as }),
  ...(prerequisite && { prerequisite }),
  ...(left.length > 0 && { left: left.map(unselected) }),
  resources: outcomes.map(resource),
})

const resource = ({ plan, state, seconds }: Outcome): Json => ({
  ...planJson(plan),
  state,
  ...(seconds > 0 && { seconds: rounded(seconds) }),
})

const planJson = ({
  id,
  action,
  changes,
  detail = [],
  steps,
  problems,
  warnings = [],
}: HostPlan['plans'][number]): Json => ({
  id,
  action,
  changes: changes.map(({ key, from, to }) => ({ key, from, to })),
  ...(detail.length > 0 && { detail }),
  steps: steps.map(({ say }) => say),
  problems: problems.map(problem),
  warnings: warnings.map(problem),
})

const unselected = ({ id, differs, owes, problems }: Left): Json => ({
  resource: id,
  differs,
  owes,
  problems: problems.map(problem),
})

const leftover = ({ host, id, fate, why }: Leftover): Json => ({
  host,
  resource: id,
  fate,
  ...(why !== undefined && { why }),
})

const problem = ({ where, what, remedy }: Problem): Json => ({ where, what, remedy })

const failed = ({ host, play, kind, problems, step, done, undone }: Failure): Json => ({
  host,
  play,
  kind,
  problems: problems.map(problem),
  ...(step && {
    step: { resource: step.id, say: step.say, command: step.run, exitCode: step.code, stderr: step.stderr },
  }),
  done,
  undone,
})

/** Something that was told, as it is in the document. */
export const eventJson = ({ at, event }: Timed): Json => ({ at: rounded(at), event: event.kind, ...detailOf(event) })

function detailOf(event: Event): Json {
  switch (event.kind) {
    case 'connecting':
      return { machines: event.machines }
    case 'planned': {
      const differing = event.plans.map(({ plans }) => plans.filter(({ action }) => action !== 'keep').length)
      return { resources: differing.reduce((a, b) => a + b, 0), hosts: differing.filter((number) => number > 0).length }
    }
    case 'play':
      return { play: event.play, hosts: event.hosts }
    case 'preparing':
      return { play: event.play }
    case 'step':
      return { play: event.play, host: event.host, resource: event.id, say: event.step.say }
    case 'sent':
      return { play: event.play, host: event.host, resource: event.id, sent: event.sent, of: event.of }
    case 'done': {
      const { play, host, id, step, ok, seconds } = event
      return { play, host, resource: id, say: step.say, ok, seconds: rounded(seconds) }
    }
    case 'waiting': {
      const { play, gate, seconds, missing } = event
      const waited = missing.map(({ host, what }) => ({ host, what }))
      return { play, gate, seconds: rounded(seconds), missing: waited }
    }
    case 'passed': {
      const { play, gate, seconds, expected } = event
      return { play, gate, seconds: rounded(seconds), expected }
    }
    case 'failed':
      return { failure: failed(event.failure) }
    case 'leftovers':
      return { prune: event.prune, found: event.found.map(leftover) }
    // Procedures tell these, and have a document of their own.
    case 'looked':
    case 'awaiting':
    case 'acted':
      throw new Error(`${event.kind} is no event of a site`)
    case 'refused':
    case 'warned':
      return { problems: event.problems.map(problem) }
  }
}

/** The lines of a stream for something that was told: a plan comes as a line for each host that differs, and one with the sums. */
export function streamed({ at, event }: Timed): readonly Json[] {
  if (event.kind !== 'planned') return [eventJson({ at, event })]
  const plans = event.plans.map(({ play, host, as, plans }) => ({
    at: rounded(at),
    event: 'plan',
    play,
    host,
    ...(as !== undefined && { as }),
    resources: plans.filter(({ action }) => action !== 'keep').map(planJson),
  }))
  return [...plans.filter(({ resources }) => resources.length > 0), eventJson({ at, event })]
}

/** The first line of a stream. */
export const streamHead = ({ id, started, playbook, check }: Begun): Json => ({
  at: 0,
  event: 'begin',
  format,
  plinth: version,
  run: id,
  started,
  playbook,
  check,
})

/** The last line of a stream: the document without its events, which were there already. */
export function streamEnd(run: Run): Json {
  const { events: _, ...result } = document(run)
  return { at: rounded(run.seconds), event: 'result', result }
}

/** Milliseconds are enough. */
const rounded = (seconds: number): number => Math.round(seconds * 1000) / 1000
