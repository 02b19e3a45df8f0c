/** What a playbook or role tells a function of ours, looked at where it is told: no compiler sees it before it runs. */
import { calledFrom } from './caller.ts'
import { type PlinthError, usageError } from './error.ts'
import type { Resource } from './resource.ts'
import { kindOf } from './secret.ts'

/** A usage error at the line that called `entry`, a function of ours that is at work. */
export const mistake = (entry: (...args: never) => unknown, what: string, remedy: string): PlinthError =>
  usageError({ where: calledFrom(entry, 'the playbook'), what, remedy })

/** A value as messages show it where it should be a name: text and numbers as they are, of all else the kind. */
export const shown = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? JSON.stringify(value) : kindOf(value)

export const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

export const isResource = (value: unknown): value is Resource =>
  typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string' && isPlanned(value)

const isPlanned = (value: object): boolean => 'plan' in value && typeof value.plan === 'function'

const isOther = (value: unknown): boolean => !isResource(value)

/**
 * Throws a usage error at the line that called `entry` for what is no list of resources.
 * @param what the list, and of which thing, for the message: `runs of unit`, `app`
 */
export function checkResources(entry: (...args: never) => unknown, what: string, of: string, given: unknown): void {
  if (!Array.isArray(given)) throw mistake(entry, `${what} ${of} is ${kindOf(given)}`, 'give a list of resources')
  const at = given.findIndex(isOther)
  if (at < 0) return
  const remedy = Array.isArray(given[at]) ? 'spread it: ...unit(…)' : 'give what file(…) or another kind returns'
  throw mistake(entry, `place ${at + 1} of ${what} ${of} is ${kindOf(given[at])}, not a resource`, remedy)
}
