/** What a playbook is made of: hosts with typed parameters, and plays over them. A site is a list of plays: a value. */

import type { Database, DatabaseLogin, HttpRequest, HttpResponse } from '../core/channel.ts'
import { type PlinthError, type Problem, usageError } from '../core/error.ts'
import type { Facts } from '../core/facts.ts'
import { grouped } from '../core/grouped.ts'
import type { Connection } from '../core/inventory.ts'
import { checkNames } from '../core/known-names.ts'
import type { Answers, Question } from '../core/probe.ts'
import type { Resource } from '../core/resource.ts'
import { kindOf } from '../core/secret.ts'
import type { Topology } from '../core/topology.ts'
import { type Serial, type Share, shareProblem } from './batches.ts'

/** What one SSH connection reaches. Hosts with the same key share it. */
export interface Machine {
  /** `user@address:port`. */
  readonly key: string
  /** The name of its first host, for messages. */
  readonly name: string
  readonly connection: Connection
}

/** An inventory entry, with its variables checked and typed. */
export interface Host<P> {
  readonly name: string
  readonly machine: Machine
  readonly params: P
  /** The place in the inventory where a parameter was written, for messages: `where('nacos', 'port')`. */
  where(...path: readonly string[]): string
}

/** What gates and preparations may do: look, and use the cluster as its users would. */
export interface Scope<P> {
  readonly hosts: readonly Host<P>[]
  ask(host: Host<P>, questions: readonly Question[]): Promise<Answers>
  http(host: Host<P>, request: HttpRequest): Promise<HttpResponse>
  /** A login through the machine of any host, be it of another play. */
  database(host: Host<unknown>, login: DatabaseLogin): Promise<Database>
}

/** Something a gate still waits for. */
export interface Missing {
  /** The host it shows on. */
  readonly host: string
  readonly what: string
  /** True when it can't come true any more: waiting ends at once. */
  readonly final?: boolean
}

/** What a gate is asked about. */
export interface Look {
  /** The hosts that must be well; others may be down or not there yet. */
  readonly expected: ReadonlySet<string>
  /** Those that this run has changed so far. */
  readonly changed: ReadonlySet<string>
  /** Of these, those that may have been started by it, or started again: not those whose change takes nobody away. */
  readonly started: ReadonlySet<string>
  /** Whether to use the cluster as well: write, read elsewhere, and take it back. */
  readonly deep: boolean
}

/** Hears what the cluster looks like, each time a gate has seen it: the report draws what was told last. */
export type Shown = (topology: Topology) => void

/** A condition that must hold before a rolling play goes on. */
export interface Gate<P> {
  readonly name: string
  /** Seconds after which what is still missing is a failure. */
  readonly deadline: number
  /** The same for a look at a cluster on which nothing was changed: what is wrong there was wrong before. */
  readonly patience: number
  /** The names of the hosts that serve right now. */
  serving(scope: Scope<P>): Promise<ReadonlySet<string>>
  /** How much hangs on each host that serves (Raft groups it leads): who has most is changed last. */
  leading?(scope: Scope<P>): Promise<ReadonlyMap<string, number>>
  /**
   * What is still missing, in words for the screen; empty when the condition holds. Throws a PlinthError when waiting
   * longer is pointless. `shown` is told what the cluster looks like, by a gate that has seen it.
   */
  missing(scope: Scope<P>, look: Look, shown?: Shown): Promise<readonly Missing[]>
  /** Why it does not come true, by name if that can be told; asked when the deadline has passed. */
  explain(scope: Scope<P>, missing: readonly Missing[], shown?: Shown): Promise<readonly Problem[]>
}

export interface PlayOptions<P> {
  /** How many hosts at a time: a number, a part of the play's (`30%`), or a list of these, one for each batch. Default: all. */
  readonly serial?: Serial
  /** How many hosts may fail or be out of reach before the play, and with it the run, stops. Default: none. */
  readonly maxFailures?: Share
  /** Members that need a majority to come up at all: those that don't serve start at once, unless one by itself makes it one. */
  readonly startTogether?: boolean
  readonly gate?: Gate<P>
  /** Must succeed before the first host of the play is changed; changes nothing. */
  prepare?(scope: Scope<P>): Promise<void>
  /** The play's resources are in this database, reached through the host. */
  via?(host: Host<P>): DatabaseLogin
  /** Words by which --tags finds everything in it, beside its name. */
  readonly tags?: readonly string[]
}

export interface Play<P = unknown> {
  readonly name: string
  /** The hosts to work on: all of `members`, or those that --limit leaves. */
  readonly hosts: readonly Host<P>[]
  /** Everybody the gate asks. */
  readonly members: readonly Host<P>[]
  desired(host: Host<P>, facts: Facts): readonly Resource[]
  readonly options: PlayOptions<P>
  /** --limit leaves no host of it, and later plays stand on it: its hosts are looked at, and nothing is changed there. */
  readonly prerequisite?: true
}

/** What a play changes through a host: its machine, or a database behind it. Hosts with the same place have things in common. */
export function placeOf({ options }: Play, host: Host<unknown>): string {
  const { key } = host.machine
  const login = options.via?.(host)
  return login ? `${key} ${login.user}@${login.host}:${login.port}` : key
}

/** What `main` was given as its site. Throws a usage error, which names the place, for what is no list of plays, and for two of one name. */
export function checkPlays(plays: unknown): asserts plays is readonly Play[] {
  const where = "main's function"
  const remedy = 'return [play(…), play(…)]'
  if (!Array.isArray(plays)) throw usageError({ where, what: `returns ${kindOf(plays)}, not a list of plays`, remedy })
  const at = plays.findIndex((one) => !Array.isArray(one?.hosts) || typeof one.desired !== 'function')
  if (at >= 0)
    throw usageError({ where, what: `place ${at + 1} of its list is ${kindOf(plays[at])}, not a play`, remedy })
  for (const [name, places] of grouped(plays.keys(), (place) => (plays[place] as Play).name)) {
    if (places.length === 1) continue
    const numbers = places.map((place) => place + 1)
    throw usageError({
      where: `play ${name}`,
      what: `places ${numbers.slice(0, -1).join(', ')} and ${numbers.at(-1)} of the list have this name`,
      remedy: 'give each play a name of its own: recap, reports and saved plans tell them apart by it',
    })
  }
}

const playOptions: readonly (keyof PlayOptions<unknown>)[] = [
  'serial',
  'maxFailures',
  'startTogether',
  'gate',
  'prepare',
  'via',
  'tags',
]

/**
 * Hosts, and what each of them should be. `desired` is pure: parameters and facts in, resources out. Throws a usage
 * error for a `serial` that would never get anywhere, and for what else it can't be made of.
 */
export function play<P>(
  name: string,
  hosts: readonly Host<P>[],
  desired: (host: Host<P>, facts: Facts) => readonly Resource[],
  options: PlayOptions<P> = {},
): Play {
  const where = `play ${name}`
  if (!Array.isArray(hosts))
    throw usageError({ where, what: `its hosts are ${kindOf(hosts)}, not a list`, remedy: 'give fleet.group(…)' })
  if (typeof desired !== 'function') {
    const what = `what its hosts should be is ${kindOf(desired)}, not a function`
    throw usageError({ where, what, remedy: 'give (host, facts) => [ … ]' })
  }
  checkNames(where, options, [], playOptions)
  const { serial = 1, maxFailures = 0 } = options
  const shares: readonly Share[] = typeof serial === 'object' ? serial : [serial]
  const refuse = (what: string): PlinthError =>
    usageError({ where, what, remedy: 'give a number of hosts or a part of them: 1, 30%' })
  if (shares.length === 0) throw refuse('serial: a list without a number')
  for (const share of shares) {
    const problem = shareProblem(share, 1)
    if (problem) throw refuse(`serial: expected a number of hosts or a percentage, found ${problem}`)
  }
  const problem = shareProblem(maxFailures, 0)
  if (problem) throw refuse(`maxFailures: expected a number of hosts or a percentage, found ${problem}`)
  // The parameter type is closed over: the engine hands every host only to the play it came from.
  return { name, hosts, members: hosts, desired, options } as Play<P> as unknown as Play
}
