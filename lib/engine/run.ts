/** A run under way: what it is made of, and what it has come to so far. Everything that works in it shares one of these. */
import { isDeepStrictEqual } from 'node:util'
import type { Channel, Earlier, MachineChannel } from '../core/channel.ts'
import type { Problem } from '../core/error.ts'
import type { Mask } from '../core/masking.ts'
import type { Answers, Question } from '../core/probe.ts'
import type { Owned } from '../core/receipt.ts'
import type { Resource } from '../core/resource.ts'
import type { Assignment } from './assignment.ts'
import { failuresAllowed } from './batches.ts'
import { Bugs } from './bugs.ts'
import { type Estate, receiptOf, unheardOf } from './estate.ts'
import { isOf, isUnreachable, names, nowhere } from './failures.ts'
import type { Connections } from './observe.ts'
import type { Comparison, Planned } from './planned.ts'
import type { Host, Machine, Play, Scope } from './play.ts'
import { Stepping } from './stepping.ts'
import type { Tags } from './tags.ts'
import type { Consent, Event, Failure, World } from './world.ts'

/** Who runs what, for locks and logs: told to whoever meets the run. */
export interface Identity {
  /** Short and unique. */
  readonly id: string
  readonly user: string
  /** The controller's host name, and the process there. */
  readonly from: string
  readonly pid: number
  readonly playbook: string
  /** What a machine remembers the run's site by: `site@prod.1a2b3c4d`. */
  readonly site: string
  /** What it may remember it by from before. */
  readonly formerSites?: readonly string[]
}

export interface Options {
  /** Look and plan only. */
  readonly check: boolean
  /** Machines worked on at the same time. */
  readonly forks: number
  readonly identity: Identity
  /** Do also what would leave a cluster without its majority, and what stands on something that is not as declared. */
  readonly force: boolean
  /** Remove what is no longer declared. */
  readonly prune: boolean
  /** What removes a resource by its id; undefined for what is not removed blindly. `kept` are the paths and ids that somebody still has. */
  leftover(id: string, kept: ReadonlySet<string>): Resource | undefined
  /** Given where the plan is to be saved, or was: it is recorded there, or held against what it was. */
  readonly planned?: Planned
  /** What --tags and --skip-tags select; everything where it is left out. */
  readonly tags?: Tags
  /** Asks the person at the terminal before each resource is changed. It aborts `signal` where they want to quit. */
  readonly ask?: (question: string) => Promise<Consent>
  /** Takes the secrets that the playbook knows out of what is shown of a step that failed. */
  readonly mask?: Mask
  /** Aborted by the first interrupt: the step in hand is finished, nothing new is begun. */
  readonly signal: AbortSignal
  report(event: Event): void
}

/** The holder of a lock, in one line. */
export const holderText = ({ id, user, from, pid, playbook }: Identity): string =>
  `${user} on ${from}, pid ${pid}, ${playbook}, run ${id}`

const added = (to: Map<string, Set<string>>, key: string, id: string): void => {
  to.set(key, new Set([...(to.get(key) ?? []), id]))
}

export class Run {
  readonly failures: Failure[] = []
  /** How many resources were as declared, by host. */
  readonly kept = new Map<string, number>()
  /** The ids that were changed, by host. */
  readonly #changed = new Map<string, Set<string>>()
  /** Those that a step was begun for, by machine. */
  readonly #touched = new Map<string, Set<string>>()
  /** What was done of the assignments that were begun, and what was not. */
  readonly begun = new Map<Assignment, { readonly done: readonly string[]; readonly undone: readonly string[] }>()
  readonly #locked = new Set<unknown>()
  readonly #givenUp = new Set<string>()
  /** What was read for a list in which something differs, before anything was changed anywhere. */
  readonly earlier = new Map<Assignment, Earlier>()
  /** What every machine remembers, and what the site declares there. */
  readonly estates = new Map<string, Estate>()
  /** What of that the site declares there no longer, by machine. */
  readonly abandoned = new Map<string, readonly Owned[]>()
  /** What this run was the first to note on machines that it changed, because it is to make it. */
  readonly #unheardOf = new Map<string, readonly Owned[]>()
  readonly stepping: Stepping
  readonly bugs = new Bugs()

  readonly site: readonly Play[]
  readonly world: World
  /** Its signal is aborted by a bug too. */
  readonly options: Options
  readonly connections: Connections

  constructor(site: readonly Play[], world: World, options: Options, connections: Connections) {
    this.site = site
    this.world = world
    this.options = { ...options, signal: AbortSignal.any([options.signal, this.bugs.signal]) }
    this.connections = connections
    this.stepping = new Stepping(options.ask)
  }

  /** What was changed so far, by host. */
  get changed(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#changed
  }

  /** What may have been changed so far on a machine, by any of its hosts. */
  changedOn(machine: string): ReadonlySet<string> {
    return this.#touched.get(machine) ?? new Set()
  }

  /** Whether anything may have been changed so far, anywhere. */
  get hasBegun(): boolean {
    return this.#touched.size > 0
  }

  /** Whether nothing went wrong on a host and nothing was left out there at the terminal. */
  isWell(host: string): boolean {
    return !this.hasFailed(host) && !this.stepping.refused.has(host)
  }

  /** Remembers that a step for a resource is begun, for the machine's other hosts. */
  touch({ machine }: Host<unknown>, id: string): void {
    added(this.#touched, machine.key, id)
  }

  /** Remembers that a step for a resource did what it should, for the recap. */
  note({ name }: Host<unknown>, id: string): void {
    added(this.#changed, name, id)
  }

  /** A play that failed as a whole ends the run, whatever number of its hosts may fail. */
  giveUp(play: Play): void {
    this.#givenUp.add(play.name)
  }

  record(failure: Failure): void {
    this.failures.push(failure)
    this.options.report({ kind: 'failed', failure })
  }

  /** Remembers why a saved plan is not done, and tells it once for all hosts. */
  refuse({ failures, problems }: Comparison): void {
    this.failures.push(...failures)
    if (problems.length > 0) this.options.report({ kind: 'refused', problems })
  }

  hasFailed(host: string): boolean {
    return this.failures.some((failure) => failure.host === host)
  }

  /** Whether nothing new is begun: interrupted, or more of a play's hosts failed than it allows. */
  get stopped(): boolean {
    return this.options.signal.aborted || this.site.some((play) => this.exceeded(play))
  }

  /** Whether more of the play's hosts failed than it allows. What failed as a whole allows nothing. */
  exceeded(play: Play): boolean {
    if (this.#givenUp.has(play.name)) return true
    const own = this.failures.filter((failure) => failure.play === play.name)
    const failed = new Set(own.map(({ host }) => host))
    for (const name of names(play.hosts)) if (this.hasFailed(name)) failed.add(name)
    return failed.size > failuresAllowed(play.options.maxFailures, play.hosts.length)
  }

  /** What was thrown on the way to a host's part in a play. */
  failHost(play: Play, { name }: Host<unknown>, error: unknown): void {
    const kind = isUnreachable(error) ? 'unreachable' : 'failed'
    this.record({ ...nowhere(play), host: name, kind, problems: this.bugs.problemsOf(error, name) })
  }

  /** What went wrong in a play as a whole, on the hosts that the problems name, or else on its first. */
  failPlay(play: Play, error: unknown): void {
    const kind = isUnreachable(error) ? 'unreachable' : 'failed'
    this.giveUp(play)
    for (const problem of this.bugs.problemsOf(error, nowhere(play).host)) {
      const host = play.members.find(({ name }) => isOf(problem.where, name))?.name ?? nowhere(play).host
      this.record({ ...nowhere(play), host, kind, problems: [problem] })
    }
  }

  /** Something the operator should know that stops nothing. */
  warn(problems: readonly Problem[]): void {
    if (problems.length > 0) this.options.report({ kind: 'warned', problems })
  }

  /**
   * Leaves a line in a machine's audit log, and what the site owns there, without what is `gone`, if that is not known there yet.
   * What could not be written is tried again with the next line.
   */
  async leave(channel: MachineChannel, { key }: Machine, line: string, gone: readonly Owned[] = []): Promise<void> {
    const estate = this.estates.get(key)
    const { site } = this.options.identity
    const receipt = estate && receiptOf(estate, site, gone)
    const known = estate?.receipts.find((one) => one.site === site)?.owned ?? []
    if (!receipt || (receipt.former === undefined && isDeepStrictEqual(receipt.owned, known)))
      return channel.trace({ line })
    if (!this.#unheardOf.has(key)) this.#unheardOf.set(key, unheardOf(estate))
    await channel.trace({ line, receipt })
    const others = estate.receipts.filter((one) => one.site !== site)
    const former = estate.former.filter((one) => !receipt.former?.includes(one.site))
    this.estates.set(key, { ...estate, receipts: [...others, { site, owned: receipt.owned }], former })
  }

  /**
   * The same, where it must not keep anybody from mending a host whose disk is full: what can't be written is a warning. A
   * machine that is lost says so elsewhere.
   */
  async trace({ machine }: Host<unknown>, line: string, gone: readonly Owned[] = []): Promise<void> {
    try {
      await this.leave(await this.connections.machine(machine), machine, line, gone)
    } catch (error) {
      if (!isUnreachable(error)) this.warn(this.bugs.problemsOf(error, machine.name))
    }
  }

  /** What this run has noted on a machine before anybody else, and not begun to make. */
  unmadeOn(machine: string): readonly Owned[] {
    const touched = this.changedOn(machine)
    return (this.#unheardOf.get(machine) ?? []).filter(({ id }) => !touched.has(id))
  }

  async lock(channel: Channel): Promise<void> {
    if (this.#locked.has(channel)) return
    await channel.lock(holderText(this.options.identity))
    this.#locked.add(channel)
  }

  /** Asks so that the lock is this run's from that question on; `earlier` as by `Channel.askLocked`. */
  async askLocked(channel: Channel, questions: readonly Question[], earlier?: Earlier): Promise<Answers> {
    if (this.#locked.has(channel)) return channel.ask(questions)
    const answers = await channel.askLocked(holderText(this.options.identity), questions, earlier)
    this.#locked.add(channel)
    return answers
  }

  scope(play: Play): Scope<unknown> {
    const machine = (host: Host<unknown>) => this.connections.machine(host.machine)
    return {
      hosts: play.members,
      ask: async (host, questions) => (await machine(host)).ask(questions),
      http: async (host, request) => this.world.http(await machine(host), request),
      database: async (host, login) => this.world.database(await machine(host), login),
    }
  }
}
