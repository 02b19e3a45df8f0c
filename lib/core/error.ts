/**
 * A failure the reader of the terminal can act on: `where: what; do this`.
 * Printed without a stack trace. Everything that is not one of these is a bug of ours and shows its trace.
 */
import { knownInAllCopies } from './copies.ts'
import { visible } from './visible.ts'

/** What the process exits with (docs/design.md section 5). */
export const exitCode = { done: 0, failed: 1, differs: 2, unreachable: 3, usage: 4, interrupted: 130 } as const
export type ExitCode = (typeof exitCode)[keyof typeof exitCode]

/** One thing that is wrong, the place it is in, and the way out. */
export interface Problem {
  /** File with line and column, host, or resource: whatever the reader can go to. */
  readonly where: string
  readonly what: string
  /** An imperative sentence without a final stop. */
  readonly remedy: string
}

/** `where: what; remedy`, the one form in which a problem is ever shown: nothing in it that a terminal obeys. */
export const problemText = ({ where, what, remedy }: Problem): string => visible(`${where}: ${what}; ${remedy}`)

/** One or more problems that end a run or a host's part of it. */
export class PlinthError extends Error {
  override readonly name = 'PlinthError'

  readonly problems: readonly Problem[]
  readonly code: ExitCode

  constructor(problems: readonly Problem[], code: ExitCode = exitCode.failed) {
    super(problems.map(problemText).join('\n'))
    this.problems = problems
    this.code = code
  }
}

knownInAllCopies(PlinthError, 'PlinthError')

/** A mistake found at the desk: nothing was touched. Each is one line, whatever a name in it holds. */
export const usageError = (...problems: Problem[]): PlinthError =>
  new PlinthError(
    problems.map(({ where, what, remedy }) => ({
      where: oneLine(where),
      what: oneLine(what),
      remedy: oneLine(remedy),
    })),
    exitCode.usage,
  )

const oneLine = (text: string): string => text.replaceAll('\n', '\\n')

/** A failure on a host or in the cluster. */
export const hostError = (...problems: Problem[]): PlinthError => new PlinthError(problems, exitCode.failed)

/** A lock that can't be taken: most likely another run is at work there. That ends a run, whatever number of hosts may fail. */
export class LockError extends PlinthError {
  constructor(problem: Problem) {
    super([problem])
  }
}

/** No trustworthy connection to a host could be made, or it was lost. */
export const unreachable = (...problems: Problem[]): PlinthError => new PlinthError(problems, exitCode.unreachable)
