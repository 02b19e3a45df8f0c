/** Exceptions that are no mistake of a user's: bugs of a role, a gate, an action, or of Plinth itself. */
import { PlinthError, type Problem } from '../core/error.ts'
import type { Failure } from './world.ts'

/**
 * The bugs of one run. For the first it ends as for an interrupt, after the steps in hand, so that it can still tell what was
 * done; then that is thrown, for its trace.
 */
export class Bugs {
  readonly #ending = new AbortController()
  /** Aborted by the first bug. */
  readonly signal: AbortSignal = this.#ending.signal

  /** The problems of an error; a bug is one too, of whoever stands at `where`, and is kept. */
  problemsOf(error: unknown, where: string): readonly Problem[] {
    if (error instanceof PlinthError) return error.problems
    this.#ending.abort(error)
    return [bugProblem(error, where)]
  }

  /** Throws the first bug, if there was one. */
  throwFirst(): void {
    if (this.signal.aborted) throw this.signal.reason
  }
}

/** A bug as a failure in a play, or in what stands for one. Throws what is no bug. */
export function bugFailure(error: unknown, play: string): Failure {
  if (error instanceof PlinthError) throw error
  return { host: play, play, kind: 'failed', problems: [bugProblem(error, play)], done: [], undone: [] }
}

/** What is said of a bug before its trace is shown. */
function bugProblem(error: unknown, where: string): Problem {
  const [said = ''] = error instanceof Error ? `${error.name}: ${error.message}`.split('\n') : ['no Error was thrown']
  return {
    where,
    what: `a bug in the playbook, in a role or in Plinth: ${said}`,
    remedy: 'the trace at the end of the output names its line; mend that and run again: what is done is kept',
  }
}
