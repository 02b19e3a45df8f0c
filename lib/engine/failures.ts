/** What is said of a play, a step or a resource that came to grief. Pure. */
import type { Done } from '../core/channel.ts'
import { exitCode, PlinthError, type Problem } from '../core/error.ts'
import type { Plan, Step } from '../core/resource.ts'
import type { Host, Play } from './play.ts'
import type { Failure } from './world.ts'

/** Whether a resource is as it should be. */
export const isKeep = (plan: Plan): boolean => plan.action === 'keep'
/** The names of hosts, in their order. */
export const names = (hosts: readonly Host<unknown>[]): readonly string[] => hosts.map(({ name }) => name)
/** Whether a problem's place is a host, or something on it: `nacos1`, `nacos1: port taken`. */
export const isOf = (where: string, host: string): boolean =>
  where === host || (where.startsWith(host) && /^[ :]/.test(where.slice(host.length)))
/** Whether an error means that a machine could not be reached, or was lost. */
export const isUnreachable = (error: unknown): boolean =>
  error instanceof PlinthError && error.code === exitCode.unreachable

/** A failure of a play that is still to be filled in; it stands with the play's first host unless told. */
export const nowhere = (play: Play): Failure => ({
  host: play.hosts[0]?.name ?? play.name,
  play: play.name,
  kind: 'failed',
  problems: [],
  done: [],
  undone: [],
})

/** The problems of an error that a user can do something about; any other error is a bug of ours and goes on up. */
export function problemsOf(error: unknown): readonly Problem[] {
  if (error instanceof PlinthError) return error.problems
  throw error
}

/** Why a step is no success: another exit code than 0, or an outcome that nobody knows. */
export function stepProblem(host: Host<unknown>, { say }: Step, result: Done | undefined): Problem {
  const tail = (result?.stderr ?? '').trim().split('\n').slice(-5).join('\n    ').replace(/[.;]$/, '')
  const told = tail === '' ? '' : `:\n    ${tail}`
  return typeof result?.code !== 'number'
    ? {
        where: host.name,
        what: `the connection was lost during "${say}", so its outcome is unknown${told}`,
        remedy: 'run again: what is done will be kept',
      }
    : {
        where: host.name,
        what: `"${say}" ended with exit code ${result.code}${told}`,
        remedy: 'mend the cause and run again',
      }
}

/** What still differs after an apply that reported success. */
export const stillDiffers =
  (host: Host<unknown>) =>
  (plan: Plan): readonly Problem[] =>
    plan.problems.length > 0
      ? plan.problems
      : plan.changes.map(({ key, from, to }) => ({
          where: `${host.name} ${plan.id}`,
          what: `${key} is ${from ?? 'not there'} after the apply, expected ${to ?? 'nothing'}`,
          remedy: 'something else changes it; find out what, then run again',
        }))
