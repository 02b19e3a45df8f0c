/**
 * Something a rule about Nacos has to say of a value. Whoever knows the place (file and line, or host) makes a
 * Problem of it. An error stops the run before anything is touched; a warning is shown and the run goes on.
 */
import type { Problem } from '../core/error.ts'

export interface Finding {
  readonly severity: 'error' | 'warning'
  readonly what: string
  /** An imperative sentence without a final stop. */
  readonly remedy: string
}

export const wrong = (what: string, remedy: string): Finding => ({ severity: 'error', what, remedy })
export const risky = (what: string, remedy: string): Finding => ({ severity: 'warning', what, remedy })

/** The finding as a problem at `where`. */
export const problemAt = (where: string, { what, remedy }: Finding): Problem => ({ where, what, remedy })
