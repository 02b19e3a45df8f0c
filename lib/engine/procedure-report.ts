/** What people read of a procedure: pure functions from what happened to lines. */
import { type ExitCode, exitCode } from '../core/error.ts'
import { type Line, stoppedSentence, table } from './report.ts'
import type { ActionResult, ActionState, Failure, ProcedureResult } from './world.ts'

const signs: Readonly<Record<ActionState, string>> = {
  kept: '=',
  done: '+',
  due: '~',
  unknown: '?',
  blocked: '!',
  failed: '!',
  unreachable: '!',
  unreached: ' ',
}

const line = (text: string, tone: Line['tone'] = 'plain'): Line => ({ tone, text })

/** What was found at the first look, one line for each action; what stands in the way is told by its failure. */
export const foundText = (actions: readonly ActionResult[]): readonly Line[] =>
  actions.map(({ state, action, say }) =>
    line(`  ${signs[state]} ${action}: ${say}`, state === 'due' ? 'change' : signs[state] === '!' ? 'bad' : 'plain'),
  )

/** States as people read them. */
export const stateWords: Readonly<Record<ActionState, string>> = {
  kept: 'was done',
  done: 'done',
  due: 'to do',
  unknown: 'not known yet',
  blocked: 'blocked',
  failed: 'failed',
  unreachable: 'unreachable',
  unreached: 'not come to',
}

const rowOf = ({ action, host, state, say, seconds }: ActionResult): readonly string[] => [
  action,
  host ?? '-',
  stateWords[state],
  state === 'done' && seconds > 0 ? `${say} (${seconds.toFixed(1)} s)` : state === 'unreached' ? '' : say,
]

/** How a run of a procedure was made. */
export interface Made {
  readonly check: boolean
  readonly seconds: number
  /** A second interrupt ended it at once. */
  readonly stopped?: boolean
  /** The command to go on with, where the sentence is to name it. */
  readonly next?: string
}

/** The sentence that the operator looks for. */
export function procedureLine(
  { procedure, actions, failures, interrupted }: Omit<ProcedureResult, 'notes'>,
  { check, seconds, stopped = false, next }: Made,
): Line {
  const count = (...states: readonly ActionState[]): number =>
    actions.filter(({ state }) => states.includes(state)).length
  const time = `${seconds.toFixed(1)} s`
  const command = (before: string): string => (next === undefined ? '' : ` ${before}: ${next}`)
  const todo = count('due', 'unknown')
  if (stopped) return line(`${stoppedSentence(failures, time)}${command('Go on with')}`, 'bad')
  if (interrupted) return line(`Interrupted after ${time}: nothing is half-written.${command('Go on with')}`, 'bad')
  if (failures.length > 0) {
    const after = command('When the cause is mended, go on with')
    return line(`${procedure}: ${failedText(failures)} after ${time}.${after}`, 'bad')
  }
  if (check && todo > 0) {
    const what = `${todo} of ${actions.length} actions to do; nothing was changed (${time}).`
    return line(`${procedure}: ${what}${command('Do it with')}`, 'change')
  }
  if (count('done') === 0) return line(`${procedure}: nothing to do, all was done before (${time}).`, 'good')
  return line(`${procedure}: done (${time}).`, 'good')
}

/** One row per action, and the sentence. `next` is the command to go on with. */
export function procedureRecap(
  result: ProcedureResult,
  check: boolean,
  seconds: number,
  next: string,
): readonly Line[] {
  const { actions, failures, interrupted, notes } = result
  const told = failures.length === 0 && !interrupted && !check ? notes.map((note) => line(note)) : []
  // Where nothing was begun, what was found stands above already.
  const begun = !check && actions.some(({ state }) => state !== 'kept')
  const rows = begun ? table([['action', 'host', 'state', 'found'], ...actions.map(rowOf)]) : []
  return [...rows, ...told, procedureLine(result, { check, seconds, next })]
}

const failedText = (failures: readonly Failure[]): string =>
  `${failures[0]?.kind} at "${failures[0]?.play}"${failures.length > 1 ? ` (and ${failures.length - 1} more)` : ''}`

/** What the process exits with: 2 where a check found something to do. */
export function procedureCode({ actions, failures, interrupted }: ProcedureResult, check: boolean): ExitCode {
  if (interrupted) return exitCode.interrupted
  if (failures.some(({ kind }) => kind === 'unreachable')) return exitCode.unreachable
  if (failures.length > 0) return exitCode.failed
  return check && actions.some(({ state }) => state !== 'kept') ? exitCode.differs : exitCode.done
}
