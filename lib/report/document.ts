/** A run as one JSON document at its end, of a site or of a procedure. docs/report.md describes both. Pure. */
import type { Left } from '../engine/world.ts'
import { version } from '../version.ts'
import { action, eventJson, failed, format, type Json, leftover, planJson, problem, rounded } from './event-json.ts'
import { keptCommand } from './kept-command.ts'
import { leftoversOf } from './leftovers.ts'
import { type HostOutcome, type Outcome, outcomesOf } from './outcome.ts'
import { type Ended, isProcedure, type ProcedureRun, type Run } from './run.ts'
import { timelineOf, workOf } from './timeline.ts'

/** The whole run. Named piece by piece, so that nothing gets into it unseen: a step's input may hold secrets. */
export const document = (run: Ended): Json => (isProcedure(run) ? procedureDocument(run) : siteDocument(run))

/** What both documents begin with. */
const headOf = ({ id, check, code, started, seconds, playbook, next, warnings, result, stopped }: Ended): Json => ({
  format,
  plinth: version,
  run: id,
  playbook,
  started,
  seconds: rounded(seconds),
  check,
  exitCode: code,
  interrupted: result.interrupted,
  ...(stopped && { stopped: true }),
  next: keptCommand(next),
  warnings: warnings.map(problem),
})

function siteDocument(run: Run): Json {
  const timeline = timelineOf(run)
  const work = workOf(timeline)
  const { result } = run
  const outcomes = outcomesOf(run, timeline)
  return {
    ...headOf(run),
    hosts: result.hosts.map(({ host, kept, changed, state }) => ({
      host,
      kept,
      changed,
      state,
      seconds: rounded(work.get(host) ?? 0),
    })),
    plans: outcomes.filter(({ outcomes, left }) => outcomes.length + left.length > 0).map(planned),
    failures: result.failures.map(failed),
    leftovers: leftoversOf(run, outcomes).map((one) => ({ ...leftover(one.leftover), removed: one.removed })),
    unfinished: result.unfinished.map(({ host, play, done, undone }) => ({ host, play, done, undone })),
    refused: [...result.refused].map(([host, ids]) => ({ host, resources: [...ids] })),
    events: run.events.map(eventJson),
  }
}

function procedureDocument(run: ProcedureRun): Json {
  const { procedure, actions, failures, notes } = run.result
  return {
    ...headOf(run),
    procedure,
    actions: actions.map(action),
    failures: failures.map(failed),
    notes,
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

const unselected = ({ id, differs, owes, problems }: Left): Json => ({
  resource: id,
  differs,
  owes,
  problems: problems.map(problem),
})
