/** Carries out procedures: looks at everything, then action by action looks, acts and looks again. */
import type { Done } from '../core/channel.ts'
import { type Problem, unreachable } from '../core/error.ts'
import type { Mask } from '../core/masking.ts'
import type { Step } from '../core/resource.ts'
import { unlessAborted } from '../core/unless-aborted.ts'
import { actionLine } from './audit.ts'
import { Bugs } from './bugs.ts'
import { failedStep, isUnknown, isUnreachable, stepProblem } from './failures.ts'
import { Connections } from './observe.ts'
import type { Host, Scope } from './play.ts'
import type { Action, Procedure, Reach, Sight, Work } from './procedure.ts'
import { holderText, type Identity } from './run.ts'
import type { ActionResult, ActionState, Event, FailedStep, Failure, ProcedureResult, World } from './world.ts'

export interface ProcedureOptions {
  /** Look only. */
  readonly check: boolean
  readonly identity: Identity
  /** Takes the secrets that the playbook knows out of what is shown of a step that failed. */
  readonly mask?: Mask
  /** Aborted by the first interrupt: the action in hand is finished, nothing new is begun. */
  readonly signal: AbortSignal
  report(event: Event): void
}

/** Seconds between two looks. */
const interval = 1

/** Carries out a procedure, or with `check` says what it would do. Failures are data, never thrown; a bug is told as one, and thrown then. */
export async function carryOut(
  procedure: Procedure,
  world: World,
  options: ProcedureOptions,
): Promise<ProcedureResult> {
  const connections = new Connections(world)
  const run = new Run(procedure, world, options, connections)
  try {
    return await run.whole()
  } finally {
    await run.unlock()
    await connections.close()
  }
}

/** A step that did not succeed, with what the report tells of it. */
class StepFailure extends Error {
  readonly problem: Problem
  readonly kind: Failure['kind']
  readonly step: FailedStep

  constructor(problem: Problem, kind: Failure['kind'], step: FailedStep) {
    super(problem.what)
    this.problem = problem
    this.kind = kind
    this.step = step
  }
}

class Run {
  readonly #failures: Failure[] = []
  readonly #results = new Map<Action, ActionResult>()
  /** What was done in the action in hand. */
  #deeds: string[] = []
  /** Whether something was begun in it of which nobody saw the end. */
  #lost = false
  readonly #sessions: { close(): Promise<void> }[] = []
  readonly #bugs = new Bugs()

  private readonly procedure: Procedure
  private readonly world: World
  private readonly options: ProcedureOptions
  private readonly connections: Connections

  constructor(procedure: Procedure, world: World, options: ProcedureOptions, connections: Connections) {
    this.procedure = procedure
    this.world = world
    this.options = options
    this.connections = connections
  }

  async whole(): Promise<ProcedureResult> {
    const { actions } = this.procedure
    // All are looked at before the first write: nothing is begun that is known to get stuck.
    const { signal } = this.options
    const looks = async (): Promise<void> => {
      for (const action of actions) if (!signal.aborted) await this.#foresee(action)
    }
    await unlessAborted(looks(), signal)
    this.options.report({ kind: 'looked', procedure: this.procedure.name, actions: this.#all() })
    const open = this.#all().some(({ state }) => state === 'due' || state === 'unknown')
    if (open && !this.#ended() && !this.options.check) {
      await this.#lockAll()
      for (const action of actions) if (!this.#ended()) await this.#perform(action)
    }
    this.#bugs.throwFirst()
    return {
      procedure: this.procedure.name,
      actions: this.#all(),
      failures: [...this.#failures],
      interrupted: this.options.signal.aborted,
      notes: this.procedure.notes ?? [],
    }
  }

  async unlock(): Promise<void> {
    await Promise.allSettled(this.#sessions.map((session) => session.close()))
  }

  #ended(): boolean {
    return this.options.signal.aborted || this.#failures.length > 0
  }

  async #foresee(action: Action): Promise<void> {
    const waits = action.after?.find((name) => this.#all().some((one) => one.action === name && one.state !== 'kept'))
    if (waits !== undefined) {
      this.#settle(action, 'unknown', `known once "${waits}" is done`)
      return
    }
    const sight = await this.#sight(action)
    if (!sight) return
    if (sight.is === 'blocked') this.#fail(action, 'blocked', sight.problems)
    else if (sight.is === 'done') this.#settle(action, 'kept', sight.found)
    else this.#settle(action, 'due', `${sight.found}; will ${sight.will}`)
  }

  /**
   * What an action finds before it is begun; what blocks it and may pass is waited for. Undefined where a failure was recorded,
   * and where the waiting was interrupted.
   */
  async #sight(action: Action): Promise<Sight | undefined> {
    const begun = this.world.now()
    for (;;) {
      const sight = await this.#guarded(action, () => action.look(this.#reach))
      if (sight?.is !== 'blocked') return sight
      const waited = this.world.now() - begun
      if (waited >= (sight.patience ?? 0)) return sight
      if (!this.options.signal.aborted) {
        const [first] = sight.problems
        const found = first ? `${first.where}: ${first.what}` : ''
        this.options.report({ kind: 'awaiting', action: action.name, found, seconds: waited })
        await this.world.sleep(interval)
      }
      if (this.options.signal.aborted) return undefined
    }
  }

  /** All locks of the procedure before its first write: two of them must not take two members of one cluster. */
  async #lockAll(): Promise<void> {
    const seen = new Set<string>()
    for (const action of this.procedure.actions) {
      for (const { host, login } of action.locks ?? []) {
        const key = `${host.machine.key} ${login?.host ?? ''}:${login?.port ?? ''}`
        if (seen.has(key) || this.#failures.length > 0) continue
        seen.add(key)
        try {
          const machine = await this.connections.machine(host.machine)
          const channel = login ? await this.world.databaseChannel(machine, login) : machine
          if (login) this.#sessions.push(channel)
          await channel.lock(holderText(this.options.identity))
        } catch (error) {
          // Nobody is at work on what can't be reached; an action that needs it fails by itself.
          if (!isUnreachable(error)) this.#stumble(action, error)
        }
      }
    }
  }

  async #perform(action: Action): Promise<void> {
    const start = this.world.now()
    this.#deeds = []
    this.#lost = false
    const spent = (): number => this.world.now() - start
    const sight = await this.#sight(action)
    if (!sight) return
    if (sight.is === 'blocked') return this.#fail(action, 'blocked', sight.problems)
    if (sight.is === 'done') return void this.#settle(action, 'kept', sight.found)
    this.options.report({ kind: 'play', play: action.name, hosts: action.host ? [action.host.name] : [] })
    await this.#trace(action, `begin: ${sight.will}`)
    await this.#guarded(action, async () => {
      await action.work?.(this.#working(action))
      await this.#untilDone(action, spent)
    })
    const { state, say } = this.#results.get(action) ?? { state: 'failed', say: '' }
    await this.#trace(action, `end: ${state}, ${say}`)
  }

  /**
   * Leaves a line in the audit log of the machine that an action works on. Where it can't be written, that is a warning; a
   * machine that is lost says so elsewhere.
   */
  async #trace({ name, host, work }: Action, what: string): Promise<void> {
    if (!host || !work) return
    try {
      const channel = await this.connections.machine(host.machine)
      await channel.trace({ line: actionLine(this.options.identity, this.procedure.name, name, host.name, what) })
    } catch (error) {
      if (!isUnreachable(error))
        this.options.report({ kind: 'warned', problems: this.#bugs.problemsOf(error, host.name) })
    }
  }

  /** Looks again until it is done. What still is not when the time is over is a failure that names both. */
  async #untilDone(action: Action, spent: () => number): Promise<void> {
    const begun = this.world.now()
    const where = action.host?.name ?? this.procedure.name
    for (;;) {
      const sight = await action.look(this.#reach)
      const waited = this.world.now() - begun
      if (sight.is === 'done') {
        const settled = this.#settle(action, 'done', sight.found, spent())
        return this.options.report({ kind: 'acted', action: settled })
      }
      const found = sight.is === 'due' ? sight.found : (sight.problems[0]?.what ?? '')
      if (waited >= (action.deadline ?? 0)) {
        const after = action.deadline === undefined ? '' : ` after ${action.deadline} s`
        const what = `expected that ${action.wants}, found${after}: ${found}`
        const stuck = { where, what, remedy: action.remedy ?? 'find out what keeps it so, then run again' }
        return this.#fail(action, 'failed', sight.is === 'due' ? [stuck] : sight.problems)
      }
      this.options.report({ kind: 'awaiting', action: action.name, found, seconds: waited })
      if (this.options.signal.aborted) {
        this.#settle(action, 'due', `begun; ${found}`, spent())
        return
      }
      await this.world.sleep(interval)
    }
  }

  /** What `work` gives; undefined, and the failure recorded, for what a user can do something about. */
  async #guarded<T>(action: Action, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof StepFailure)
        this.#fail(action, error.kind, [error.problem, ...(await this.#causes(action, error))], error.step)
      else this.#stumble(action, error)
      return undefined
    }
  }

  async #causes({ name, explain }: Action, { kind }: StepFailure): Promise<readonly Problem[]> {
    if (!explain || kind !== 'failed') return []
    try {
      return await explain(this.#reach)
    } catch (error) {
      return this.#bugs.problemsOf(error, name)
    }
  }

  readonly #reach: Reach = {
    scope: <P>(hosts: readonly Host<P>[]): Scope<P> => ({
      hosts,
      ask: async (host, questions) => (await this.connections.machine(host.machine)).ask(questions),
      http: async (host, request) => this.world.http(await this.connections.machine(host.machine), request),
      database: async (host, login) => this.world.database(await this.connections.machine(host.machine), login),
    }),
    sleep: (seconds) => this.world.sleep(seconds),
  }

  #working(action: Action): Work {
    const reported = async <T>(host: string, step: Step, work: () => Promise<readonly [T, boolean]>): Promise<T> => {
      const deed = { host, play: this.procedure.name, id: action.name, step }
      const start = this.world.now()
      let ok = false
      this.options.report({ kind: 'step', ...deed })
      try {
        const [result, succeeded] = await work()
        ok = succeeded
        if (ok) this.#deeds.push(step.say)
        return result
      } finally {
        this.options.report({ kind: 'done', ...deed, seconds: this.world.now() - start, ok })
      }
    }
    return {
      ...this.#reach,
      run: async (host, step) => {
        const channel = await this.connections.machine(host.machine)
        const result = await reported(host.name, step, async () => {
          let ended: Done | undefined
          for await (ended of channel.act([step]));
          return [ended, ended?.code === 0] as const
        })
        if (result?.code === 0) return result
        this.#lost ||= isUnknown(result)
        const kind = isUnknown(result) && result?.late === undefined ? 'unreachable' : 'failed'
        const told = [step, result, this.options.mask] as const
        throw new StepFailure(stepProblem(host, ...told), kind, failedStep(action.name, ...told))
      },
      deed: (where, say, command, work) =>
        reported(where, { say, run: command }, async () => {
          try {
            return [await work(), true] as const
          } catch (error) {
            if (!isUnreachable(error)) throw error
            this.#lost = true
            const what = `the connection was lost during "${say}", so its outcome is unknown: ${error.problems[0]?.what}`
            throw unreachable({ where, what, remedy: 'see to the host and the network, then run again' })
          }
        }),
    }
  }

  #settle(action: Action, state: ActionState, say: string, seconds = 0): ActionResult {
    const result = { action: action.name, host: action.host?.name ?? null, state, say, seconds }
    this.#results.set(action, result)
    return result
  }

  /** Records what was thrown in an action. */
  #stumble(action: Action, error: unknown): void {
    const problems = this.#bugs.problemsOf(error, action.host?.name ?? this.procedure.name)
    this.#fail(action, isUnreachable(error) ? 'unreachable' : 'failed', problems)
  }

  #fail(action: Action, kind: Failure['kind'], problems: readonly Problem[], step?: FailedStep): void {
    const { actions } = this.procedure
    const done = this.#all().filter(({ state }) => state === 'done')
    // Of unknown outcome is neither done nor not: the problem names it, the lists don't.
    const undone = actions.slice(actions.indexOf(action) + (this.#lost ? 1 : 0)).map(({ name }) => name)
    const failure: Failure = {
      host: action.host?.name ?? this.procedure.name,
      play: action.name,
      kind,
      problems,
      ...(step && { step }),
      done: [...done.map(({ action: name }) => name), ...this.#deeds],
      undone,
    }
    this.#settle(action, kind, (problems[0]?.what ?? '').replace(/:?\n[\s\S]*/, ''))
    this.#failures.push(failure)
    this.options.report({ kind: 'failed', failure })
  }

  #all(): readonly ActionResult[] {
    return this.procedure.actions.map(
      (action) =>
        this.#results.get(action) ?? {
          action: action.name,
          host: action.host?.name ?? null,
          state: 'unreached',
          say: 'not come to',
          seconds: 0,
        },
    )
  }
}
