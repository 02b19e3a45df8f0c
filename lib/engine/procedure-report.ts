/** What people read of a procedure: pure functions from what happened to lines. */
import { type ExitCode, exitCode } from '../core/error.ts'
import { type Line, table } from './report.ts'
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

const words: Readonly<Record<ActionState, string>> = {
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
  words[state],
  state === 'done' && seconds > 0 ? `${say} (${seconds.toFixed(1)} s)` : state === 'unreached' ? '' : say,
]

/** One row per action, and the sentence that the operator looks for. `next` is the command to go on with. */
export function procedureRecap(
  { procedure, actions, failures, interrupted, notes }: ProcedureResult,
  check: boolean,
  seconds: number,
  next: string,
): readonly Line[] {
  const count = (...states: readonly ActionState[]): number =>
    actions.filter(({ state }) => states.includes(state)).length
  const time = `${seconds.toFixed(1)} s`
  const todo = count('due', 'unknown')
  const sentence = interrupted
    ? line(`Interrupted after ${time}: nothing is half-written. Go on with: ${next}`, 'bad')
    : failures.length > 0
      ? line(
          `${procedure}: ${failedText(failures)} after ${time}. When the cause is mended, go on with: ${next}`,
          'bad',
        )
      : check && todo > 0
        ? line(
            `${procedure}: ${todo} of ${actions.length} actions to do; nothing was changed (${time}). Do it with: ${next}`,
            'change',
          )
        : count('done') === 0
          ? line(`${procedure}: nothing to do, all was done before (${time}).`, 'good')
          : line(`${procedure}: done (${time}).`, 'good')
  const told = failures.length === 0 && !interrupted && !check ? notes.map((note) => line(note)) : []
  // Where nothing was begun, what was found stands above already.
  const begun = !check && actions.some(({ state }) => state !== 'kept')
  const rows = begun ? table([['action', 'host', 'state', 'found'], ...actions.map(rowOf)]) : []
  return [...rows, ...told, sentence]
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
