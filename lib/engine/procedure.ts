/**
 * Work that leaves no lasting state behind which a resource could declare (drain, backup, restore): ordered, named actions.
 * Every action looks before it acts and after, so that a run that was killed anywhere goes on where it stopped.
 */
import type { DatabaseLogin, Done } from '../core/channel.ts'
import type { Problem } from '../core/error.ts'
import type { Step } from '../core/resource.ts'
import { mistake, shown } from '../core/told.ts'
import type { Host, Scope } from './play.ts'

/** What an action found. `found` and `will` are words for people: `nacos1 leads 4 groups`, `transfer them to nacos2`. */
export type Sight =
  | { readonly is: 'done'; readonly found: string }
  | { readonly is: 'due'; readonly found: string; readonly will: string }
  | { readonly is: 'blocked'; readonly problems: readonly Problem[]; readonly patience?: number }

/** It is as the action wants it. Throws a usage error for what is no text, as they all do for what they can't tell. */
export function done(found: string): Sight {
  checkWords(done, found)
  return { is: 'done', found }
}

export function due(found: string, will: string): Sight {
  checkWords(due, found, will)
  return { is: 'due', found, will }
}

export function blocked(...problems: readonly Problem[]): Sight {
  checkProblems(blocked, problems)
  return { is: 'blocked', problems }
}

/** Blocked by what may go away by itself: before an action is begun it is looked at again, for at most so many seconds. */
export function passing(patience: number, ...problems: readonly Problem[]): Sight {
  if (typeof patience !== 'number' || Number.isNaN(patience))
    throw mistake(passing, `its patience is ${shown(patience)}`, 'give seconds, and the problems after it')
  checkProblems(passing, problems)
  return { is: 'blocked', problems, patience }
}

function checkWords(entry: (...args: never) => Sight, ...words: readonly unknown[]): void {
  for (const word of words)
    if (typeof word !== 'string')
      throw mistake(entry, `what ${entry.name} says is ${shown(word)}`, 'give words for people')
}

function checkProblems(entry: (...args: never) => Sight, problems: readonly unknown[]): void {
  const at = problems.findIndex((problem) => !isProblem(problem))
  if (at < 0) return
  const remedy = Array.isArray(problems[at]) ? 'spread it: ...problems' : 'give { where, what, remedy }'
  throw mistake(entry, `problem ${at + 1} of ${entry.name} is ${shown(problems[at])}`, remedy)
}

const isProblem = (value: unknown): value is Problem =>
  typeof value === 'object' &&
  value !== null &&
  ['where', 'what', 'remedy'].every((key) => typeof Reflect.get(value, key) === 'string')

/** What looking takes: the hosts' connections, and nothing that writes. */
export interface Reach {
  /** The scope that the gates and preparations of a site have, over these hosts. */
  scope<P>(hosts: readonly Host<P>[]): Scope<P>
  sleep(seconds: number): Promise<void>
}

/** What acting takes. Everything done through it is reported, and what fails ends the action. */
export interface Work extends Reach {
  /** A step on a host's machine. Throws when it fails, and when nobody knows how it ended. */
  run(host: Host<unknown>, step: Step): Promise<Done>
  /**
   * Any other deed, on the host `where` or wherever that is: `command` says it as a shell would, without a secret. What
   * `work` throws goes on up; a lost connection leaves it neither done nor not.
   */
  deed<T>(where: string, say: string, command: string, work: () => Promise<T>): Promise<T>
}

/** A lock to hold while anything is written: of a host's machine, or of a database that is reached through it. */
export interface Lock {
  readonly host: Host<unknown>
  readonly login?: DatabaseLogin
}

export interface Action {
  /** An imperative, once in a procedure: `stop nacos2`. */
  readonly name: string
  /** The host it is about; none for what is done on the controller. */
  readonly host?: Host<unknown>
  /** Actions without which this one can't be looked at: while one of them is due, this one is not known. */
  readonly after?: readonly string[]
  /** What must be taken before the first write of the whole procedure. */
  readonly locks?: readonly Lock[]
  /** What `look` finds when it is done, in words: said where it finds something else afterwards. */
  readonly wants: string
  /** Seconds that may pass after `work` until `look` finds it done; until then what blocks it may go away. Default 0. */
  readonly deadline?: number
  /** What the operator can do where that time was not enough. Default: find out what keeps it so. */
  readonly remedy?: string
  /** Reads only. A PlinthError is a failure of its host, and ends the waiting too. */
  look(reach: Reach): Promise<Sight>
  /** Must be safe to repeat. None for what only waits. */
  work?(work: Work): Promise<void>
  /** Why a step of its work failed, as far as the host can tell. Reads only. */
  explain?(reach: Reach): Promise<readonly Problem[]>
}

export interface Procedure {
  /** `drain nacos2`. */
  readonly name: string
  readonly actions: readonly Action[]
  /** What the operator should know when all is done. */
  readonly notes?: readonly string[]
}
