/** A run as whoever reports it has it: what it came to, and everything that was told on the way, with times. */
import { type ExitCode, exitCode, type Problem } from '../core/error.ts'
import type { Event, ProcedureResult, Result } from '../engine/world.ts'

/** Something that was told, and when: seconds since the run began. */
export interface Timed {
  readonly at: number
  readonly event: Event
}

/** What is known of a run before anything is done. */
export interface Begun {
  /** What tells it from other runs, on the hosts' own records too. */
  readonly id: string
  /** When it began, ISO 8601. */
  readonly started: string
  /** The path of the playbook, as it was called. */
  readonly playbook: string
  /** Whether it only looks. */
  readonly check: boolean
}

/** What is known of any run when it is over. */
interface Over<R> extends Begun {
  readonly result: R
  readonly events: readonly Timed[]
  readonly code: ExitCode
  readonly seconds: number
  /** The command to go on with. */
  readonly next: string
  /** What the inventory and the playbook warn of. */
  readonly warnings: readonly Problem[]
  /** A second interrupt ended it at once: the result is what had been told until then. */
  readonly stopped?: true
}

/** A run over a site. */
export type Run = Over<Result>
/** One of a procedure. */
export type ProcedureRun = Over<ProcedureResult>
export type Ended = Run | ProcedureRun

export const isProcedure = (run: Ended): run is ProcedureRun => 'procedure' in run.result

/** Keeps what is told. The bytes of uploads and a wait that goes on for the same reason are not worth keeping. */
export class Recorder {
  readonly events: Timed[] = []
  #waited = ''

  add(event: Event, at: number): void {
    if (event.kind === 'sent') return
    const waited = waitOf(event)
    if (waited !== '' && waited === this.#waited) return
    this.#waited = waited
    this.events.push({ at, event })
  }
}

/** What is waited for; the same again is no news. */
function waitOf(event: Event): string {
  if (event.kind === 'waiting') return JSON.stringify([event.gate, event.missing])
  return event.kind === 'awaiting' ? JSON.stringify([event.action, event.found]) : ''
}

/** What is said before the command: of a check that found differences, and whose plan could be saved if it was to be, it applies them. */
export const nextWord = (check: boolean, code: ExitCode, failures: number): string =>
  check && failures === 0 && code !== exitCode.failed ? 'Apply with' : 'Go on with'
