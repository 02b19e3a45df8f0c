/** Observe wide, plan purely, apply narrowly. Knows channels; knows no kind of resource and nothing of Nacos. */
import type { Done } from '../core/channel.ts'
import { exitCode, PlinthError, type Problem } from '../core/error.ts'
import type { Plan, Step } from '../core/resource.ts'
import { type Assignment, Connections, mapLimit, type Observation, observeAgain, observeMachine } from './observe.ts'
import type { Host, Machine, Missing, Play, Scope } from './play.ts'
import type { Event, Failure, HostPlan, HostResult, Result, World } from './world.ts'

export interface Options {
  /** Look and plan only. */
  readonly check: boolean
  /** Machines worked on at the same time. */
  readonly forks: number
  /** Who holds the lock, for whoever meets it: user, controller, run. */
  readonly holder: string
  /** Aborted by the first interrupt: the step in hand is finished, nothing new is begun. */
  readonly signal: AbortSignal
  report(event: Event): void
  /** Asked once when there is something to change; false leaves everything as it is. */
  confirm?(): Promise<boolean>
}

/** Seconds between two looks of a gate. */
const gateInterval = 1

/** Brings a site to what its plays say, or with `check` tells what differs. Failures of hosts are data, never thrown. */
export async function converge(site: readonly Play[], world: World, options: Options): Promise<Result> {
  const connections = new Connections(world)
  try {
    return await new Run(site, world, options, connections).whole()
  } finally {
    await connections.close()
  }
}

class Run {
  readonly #failures: Failure[] = []
  /** What was changed so far, by host, and on each machine. */
  readonly #changed = new Map<string, Set<string>>()
  readonly #changedOn = new Map<string, Set<string>>()
  readonly #kept = new Map<string, number>()
  readonly #locked = new Set<unknown>()

  constructor(
    private readonly site: readonly Play[],
    private readonly world: World,
    private readonly options: Options,
    private readonly connections: Connections,
  ) {}

  async whole(): Promise<Result> {
    const observations = await this.#observe()
    const plans = observations.map(
      ({ assignment, plans }): HostPlan => ({ play: assignment.play.name, host: assignment.host.name, plans }),
    )
    this.options.report({ kind: 'planned', plans })
    for (const { assignment, plans } of observations) {
      const problems = plans.flatMap((plan) => plan.problems)
      if (problems.length > 0) this.#fail(assignment, 'blocked', problems)
      this.#kept.set(assignment.host.name, (this.#kept.get(assignment.host.name) ?? 0) + plans.filter(isKeep).length)
    }
    const changes = observations.some(({ plans }) => plans.some((plan) => !isKeep(plan)))
    // Nothing is written anywhere while a host can't be reached or something stands in the way.
    if (this.#failures.length === 0 && (!changes || this.options.check || (await this.#confirmed()))) {
      for (const play of this.site) {
        if (this.#failures.length > 0 || this.options.signal.aborted) break
        const own = observations.filter(({ assignment }) => assignment.play === play)
        await (this.options.check ? this.#look(play, own) : this.#roll(play, own))
      }
    }
    return {
      hosts: this.#hosts(),
      plans,
      failures: this.#failures,
      interrupted: this.options.signal.aborted,
    }
  }

  async #confirmed(): Promise<boolean> {
    return (await this.options.confirm?.()) ?? true
  }

  async #observe(): Promise<readonly Observation[]> {
    const machines = new Map<string, Machine>()
    for (const { hosts } of this.site) for (const { machine } of hosts) machines.set(machine.key, machine)
    this.options.report({ kind: 'connecting', machines: machines.size })
    const seen = await mapLimit([...machines.values()], this.options.forks, (machine) =>
      observeMachine(this.site, machine, this.world, this.connections),
    )
    const observations: Observation[] = []
    for (const item of seen.flat()) {
      if ('plans' in item) observations.push(item)
      else {
        const kind = item.error.code === 3 ? 'unreachable' : 'failed'
        for (const host of new Set(item.assignments.map(({ host }) => host.name))) {
          const play = item.assignments.find((assignment) => assignment.host.name === host)?.play.name ?? ''
          this.#record({ host, play, kind, problems: item.error.problems, done: [], undone: [] })
        }
      }
    }
    const order = this.site.flatMap((play) => play.hosts.map((host) => `${play.name} ${host.name}`))
    const place = ({ assignment: { play, host } }: Observation): number => order.indexOf(`${play.name} ${host.name}`)
    return observations.sort((a, b) => place(a) - place(b))
  }

  /** A check of a play in which nothing differs still asks its gate: a unit that is active proves nothing. */
  async #look(play: Play, observations: readonly Observation[]): Promise<void> {
    if (observations.every(({ plans }) => plans.every(isKeep))) await this.#gate(play, allNames(play), 'unchanged')
  }

  async #roll(play: Play, observations: readonly Observation[]): Promise<void> {
    const { gate, prepare, serial = play.hosts.length } = play.options
    const dirty = observations.filter(({ plans }) => !plans.every(isKeep)).map(({ assignment }) => assignment)
    if (dirty.length === 0) return this.#gate(play, allNames(play), 'unchanged')
    this.options.report({ kind: 'play', play: play.name, hosts: dirty.map(({ host }) => host.name) })
    const scope = this.#scope(play)
    const serving = new Set<string>()
    try {
      for (const name of gate ? await gate.serving(scope) : []) serving.add(name)
      if (prepare) this.options.report({ kind: 'preparing', play: play.name })
      await prepare?.(scope)
    } catch (error) {
      this.#record({ ...nowhere(play), problems: problemsOf(error) })
      return
    }
    for (let at = 0; at < dirty.length; at += serial) {
      const batch = dirty.slice(at, at + serial)
      await this.#apply(batch)
      if (this.#failures.length > 0 || this.options.signal.aborted) return
      for (const { host } of batch) serving.add(host.name)
      const last = at + serial >= dirty.length
      await this.#gate(play, last ? allNames(play) : serving, last ? 'done' : 'between')
      if (this.#failures.length > 0) return
    }
  }

  async #apply(batch: readonly Assignment[]): Promise<void> {
    const machines = [...new Set(batch.map(({ host }) => host.machine.key))]
    const byMachine = machines.map((key) => batch.filter(({ host }) => host.machine.key === key))
    // Hosts of one machine are never written in parallel.
    await mapLimit(byMachine, this.options.forks, async (assignments) => {
      for (const assignment of assignments) await this.#applyHost(assignment)
    })
  }

  async #applyHost(assignment: Assignment): Promise<void> {
    const done: string[] = []
    let undone: readonly string[] = []
    try {
      const { play, host } = assignment
      const channel = await this.connections.channel(play, host)
      if (!this.#locked.has(channel)) {
        await channel.lock(this.options.holder)
        this.#locked.add(channel)
      }
      const earlier = this.#changedOn.get(host.machine.key) ?? new Set<string>()
      const plans = await observeAgain(assignment, channel, earlier)
      const problems = plans.flatMap((plan) => plan.problems)
      if (problems.length > 0) return this.#fail(assignment, 'blocked', problems)
      const steps = plans.flatMap(({ id, steps }) => steps.map((step) => ({ id, step })))
      for (const [index, { id, step }] of steps.entries()) {
        undone = steps.slice(index).map(({ step }) => step.say)
        if (this.options.signal.aborted) return
        this.options.report({ kind: 'step', host: host.name, step })
        // Before it is known how the step ends: another host of this machine must not take the change for its own state.
        this.#note(host, id)
        let result: Done | undefined
        for await (result of channel.act([step]));
        const ok = result?.code === 0
        this.options.report({ kind: 'done', host: host.name, step, seconds: result?.seconds ?? 0, ok })
        if (!ok) return this.#fail(assignment, 'failed', [stepProblem(host, step, result)], done, undone)
        done.push(step.say)
      }
      undone = []
      const after = await observeAgain(assignment, channel)
      const left = after.filter((plan) => !isKeep(plan))
      if (left.length > 0) return this.#fail(assignment, 'failed', left.flatMap(stillDiffers(host)), done)
    } catch (error) {
      this.#fail(assignment, isUnreachable(error) ? 'unreachable' : 'failed', problemsOf(error), done, undone)
    }
  }

  /** Remembers that a resource was changed, for the machine's other hosts and for the recap. */
  #note({ name, machine }: Host<unknown>, id: string): void {
    for (const [of, key] of [
      [this.#changedOn, machine.key],
      [this.#changed, name],
    ] as const) {
      of.set(key, new Set([...(of.get(key) ?? []), id]))
    }
  }

  /** `done`: after the last batch the cluster is used as well. What nobody changed gets less patience. */
  async #gate(play: Play, expected: ReadonlySet<string>, when: 'unchanged' | 'between' | 'done'): Promise<void> {
    const { gate } = play.options
    if (!gate || play.hosts.length === 0) return
    const scope = this.#scope(play)
    const start = this.world.now()
    try {
      for (;;) {
        const missing = await gate.missing(scope, expected, when === 'done')
        const seconds = this.world.now() - start
        if (missing.length === 0) {
          this.options.report({ kind: 'passed', gate: gate.name, seconds, hosts: expected.size })
          return
        }
        const final = missing.some((item) => item.final)
        if (final || seconds >= (when === 'unchanged' ? gate.patience : gate.deadline)) {
          this.#waitedInVain(play, missing, await gate.explain(scope, missing))
          return
        }
        this.options.report({ kind: 'waiting', gate: gate.name, missing, seconds })
        if (this.options.signal.aborted) return
        await this.world.sleep(gateInterval)
      }
    } catch (error) {
      this.#record({ ...nowhere(play), problems: problemsOf(error) })
    }
  }

  /** A gate that did not open: one failure for each host it was missed on, with the cause where it is known. */
  #waitedInVain(play: Play, missing: readonly Missing[], causes: readonly Problem[]): void {
    for (const name of new Set(missing.map(({ host }) => host))) {
      const own = causes.filter(
        ({ where }) => where === name || (/^[ :]/.test(where.slice(name.length)) && where.startsWith(name)),
      )
      const symptoms = missing
        .filter(({ host }) => host === name)
        .map(({ what }) => ({
          where: name,
          what,
          remedy: own.length > 0 ? 'the cause is named below' : `read the logs of ${name}`,
        }))
      this.#record({ ...nowhere(play), host: name, problems: [...symptoms, ...own] })
    }
  }

  #scope(play: Play): Scope<unknown> {
    const machine = (host: Host<unknown>) => this.connections.machine(host.machine)
    return {
      hosts: play.members,
      ask: async (host, questions) => (await machine(host)).ask(questions),
      http: async (host, request) => this.world.http(await machine(host), request),
      database: async (host, login) => this.world.database(await machine(host), login),
    }
  }

  #fail(
    { play, host }: Assignment,
    kind: Failure['kind'],
    problems: readonly Problem[],
    done: readonly string[] = [],
    undone: readonly string[] = [],
  ): void {
    this.#record({ host: host.name, play: play.name, kind, problems, done, undone })
  }

  #record(failure: Failure): void {
    this.#failures.push(failure)
    this.options.report({ kind: 'failed', failure })
  }

  #hosts(): readonly HostResult[] {
    const names = new Set(this.site.flatMap(({ hosts }) => hosts.map(({ name }) => name)))
    return [...names].map((host): HostResult => {
      const changed = this.#changed.get(host)?.size ?? 0
      const failure = this.#failures.find((failure) => failure.host === host)
      return { host, kept: this.#kept.get(host) ?? 0, changed, state: failure?.kind ?? 'ok' }
    })
  }
}

const isKeep = (plan: Plan): boolean => plan.action === 'keep'
const allNames = (play: Play): ReadonlySet<string> => new Set(play.members.map(({ name }) => name))
const isUnreachable = (error: unknown): boolean => error instanceof PlinthError && error.code === exitCode.unreachable

const nowhere = (play: Play): Failure => ({
  host: play.hosts[0]?.name ?? play.name,
  play: play.name,
  kind: 'failed',
  problems: [],
  done: [],
  undone: [],
})

/** The problems of an error that a user can do something about; any other error is a bug of ours and goes on up. */
function problemsOf(error: unknown): readonly Problem[] {
  if (error instanceof PlinthError) return error.problems
  throw error
}

function stepProblem(host: Host<unknown>, { say }: Step, result: Done | undefined): Problem {
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

const stillDiffers =
  (host: Host<unknown>) =>
  (plan: Plan): readonly Problem[] =>
    plan.problems.length > 0
      ? plan.problems
      : plan.changes.map(({ key, from, to }) => ({
          where: `${host.name} ${plan.id}`,
          what: `${key} is ${from ?? 'not there'} after the apply, expected ${to ?? 'nothing'}`,
          remedy: 'something else changes it; find out what, then run again',
        }))
