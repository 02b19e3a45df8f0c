/** A run as whoever reports it has it: what it came to, and everything that was told on the way, with times. */
import type { ExitCode, Problem } from '../core/error.ts'
import type { Event, Result } from '../engine/world.ts'

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

export interface Run extends Begun {
  readonly result: Result
  readonly events: readonly Timed[]
  readonly code: ExitCode
  readonly seconds: number
  /** The command to go on with. */
  readonly next: string
  /** What the inventory and the playbook warn of. */
  readonly warnings: readonly Problem[]
}

/** Keeps what is told. The bytes of uploads and a wait that goes on for the same reason are not worth keeping. */
export class Recorder {
  readonly events: Timed[] = []
  #waited = ''

  add(event: Event, at: number): void {
    if (event.kind === 'sent') return
    const waited = event.kind === 'waiting' ? JSON.stringify([event.gate, event.missing]) : ''
    if (waited !== '' && waited === this.#waited) return
    this.#waited = waited
    this.events.push({ at, event })
  }
}
