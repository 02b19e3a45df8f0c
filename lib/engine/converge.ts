/** Observe wide, plan purely, apply narrowly. Knows channels; knows no kind of resource and nothing of Nacos. */
import type { Channel, Done } from '../core/channel.ts'
import type { Problem } from '../core/error.ts'
import {
  failedStep,
  hostResults,
  isKeep,
  isOf,
  isUnknown,
  isUnreachable,
  majorityProblems,
  missedOn,
  names,
  nowhere,
  problemsOf,
  stepProblem,
  stillDiffers,
} from './failures.ts'
import {
  type Assignment,
  Connections,
  hostPlan,
  mapLimit,
  type Observation,
  observeAgain,
  observeMachine,
} from './observe.ts'
import type { Host, Look, Machine, Missing, Play, Scope } from './play.ts'
import type { Event, FailedStep, Failure, Result, World } from './world.ts'

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

  private readonly site: readonly Play[]
  private readonly world: World
  private readonly options: Options
  private readonly connections: Connections

  constructor(site: readonly Play[], world: World, options: Options, connections: Connections) {
    this.site = site
    this.world = world
    this.options = options
    this.connections = connections
  }

  async whole(): Promise<Result> {
    const observations = await this.#observe()
    const plans = observations.map(hostPlan)
    this.options.report({ kind: 'planned', plans })
    for (const { assignment, plans } of observations) {
      const problems = plans.flatMap((plan) => plan.problems)
      if (problems.length > 0) this.#fail(assignment, 'blocked', problems)
      this.#kept.set(assignment.host.name, (this.#kept.get(assignment.host.name) ?? 0) + plans.filter(isKeep).length)
    }
    // Nothing is written anywhere while a host can't be reached or something stands in the way.
    const differs = observations.some(({ plans }) => !plans.every(isKeep))
    if (this.#failures.length === 0) {
      for (const play of this.site) {
        if (this.#failures.length > 0 || this.options.signal.aborted) break
        const own = observations.filter(({ assignment }) => assignment.play === play)
        // A unit that is active proves nothing, so a check asks the gates too; where something differs, that is the answer.
        if (!this.options.check) await this.#roll(play, own)
        else if (!differs) await this.#unchanged(play)
      }
    }
    return {
      hosts: hostResults(this.site, this.#kept, this.#changed, this.#failures),
      plans,
      failures: this.#failures,
      interrupted: this.options.signal.aborted,
    }
  }

  async #observe(): Promise<readonly Observation[]> {
    const machines = new Map<string, Machine>()
    for (const { hosts } of this.site) for (const { machine } of hosts) machines.set(machine.key, machine)
    this.options.report({ kind: 'connecting', machines: machines.size })
    const wanted = this.#wantedLater()
    const seen = await mapLimit([...machines.values()], this.options.forks, async (machine) => {
      const found = await observeMachine(this.site, machine, this.world, this.connections)
      // A thousand machines that are as they should be don't all stay connected: only so many as are looked at at once.
      const settled = found.every((item) => 'plans' in item && item.plans.every(isKeep))
      if (settled && !wanted.has(machine.key)) await this.connections.release(machine)
      return found
    })
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
    const order = new Map(
      this.site.flatMap((play) => play.hosts.map((host) => `${play.name} ${host.name}`)).map((name, at) => [name, at]),
    )
    const place = ({ assignment: { play, host } }: Observation): number => order.get(`${play.name} ${host.name}`) ?? 0
    return observations.sort((a, b) => place(a) - place(b))
  }

  /** The machines that something looks at, or goes through, even if nothing has to be changed there. */
  #wantedLater(): ReadonlySet<string> {
    const looking = this.site.filter(({ options: { gate, prepare, via } }) => gate ?? prepare ?? via)
    return new Set(looking.flatMap(({ members }) => members.map(({ machine }) => machine.key)))
  }

  /** All members are looked at, or with --limit the hosts it leaves and whoever serves beside them. */
  async #unchanged(play: Play): Promise<void> {
    const { gate } = play.options
    if (!gate || play.hosts.length === 0) return
    const limited = play.hosts.length < play.members.length
    const serving = limited ? await gate.serving(this.#scope(play)) : new Set<string>()
    const expected = new Set([...names(play.hosts), ...(limited ? serving : names(play.members))])
    // What an earlier play of this run changed may take its time to show.
    const seconds = this.#changed.size > 0 ? gate.deadline : gate.patience
    await this.#gate(play, { expected, changed: new Set(), deep: false }, seconds)
  }

  async #roll(play: Play, observations: readonly Observation[]): Promise<void> {
    const { gate, prepare, startTogether = false } = play.options
    const dirty = observations.filter(({ plans }) => !plans.every(isKeep)).map(({ assignment }) => assignment)
    if (dirty.length === 0) return this.#unchanged(play)
    this.options.report({ kind: 'play', play: play.name, hosts: dirty.map(({ host }) => host.name) })
    const scope = this.#scope(play)
    let serving: ReadonlySet<string> = new Set()
    try {
      if (gate) {
        await this.#lockMembers(play)
        serving = await gate.serving(scope)
      }
      if (prepare) this.options.report({ kind: 'preparing', play: play.name })
      await prepare?.({ ...scope, hosts: play.hosts })
    } catch (error) {
      return this.#failPlay(play, error)
    }
    // Who is down already costs nothing to work on, and may be what the others wait for.
    const order = [...dirty].sort((a, b) => Number(serving.has(a.host.name)) - Number(serving.has(b.host.name)))
    const serial = startTogether && serving.size === 0 ? dirty.length : (play.options.serial ?? dirty.length)
    const changed = new Set<string>()
    for (let at = 0; at < order.length; at += serial) {
      const batch = order.slice(at, at + serial)
      if (gate && !this.#mayLose(play, batch, serving)) return
      await this.#apply(batch)
      if (this.#failures.length > 0 || this.options.signal.aborted) return
      for (const { host } of batch) changed.add(host.name)
      const last = at + serial >= order.length
      const limited = play.hosts.length < play.members.length
      const expected = new Set([...serving, ...changed, ...(last && !limited ? names(play.members) : [])])
      await this.#gate(play, { expected, changed, deep: last }, gate?.deadline ?? 0)
      if (this.#failures.length > 0) return
      serving = expected
    }
  }

  /** Whether a majority still serves while this batch does not; records why not. */
  #mayLose(play: Play, batch: readonly Assignment[], serving: ReadonlySet<string>): boolean {
    const leaving = batch.map(({ host }) => host.name).filter((name) => serving.has(name))
    const problems = majorityProblems(names(play.members), serving, leaving)
    for (const problem of problems) this.#record({ ...nowhere(play), host: problem.where, problems: [problem] })
    return problems.length === 0
  }

  /** The locks of all members that can be reached, before the first of them is changed: two runs must not take two of them. */
  async #lockMembers(play: Play): Promise<void> {
    for (const { machine } of play.members) {
      const channel = await this.connections.machine(machine).catch((error: unknown) => {
        if (isUnreachable(error)) return undefined
        throw error
      })
      if (channel) await this.#lock(channel)
    }
  }

  async #lock(channel: Channel): Promise<void> {
    if (this.#locked.has(channel)) return
    await channel.lock(this.options.holder)
    this.#locked.add(channel)
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
      await this.#lock(channel)
      const earlier = this.#changedOn.get(host.machine.key) ?? new Set<string>()
      const plans = await observeAgain(assignment, channel, earlier)
      const problems = plans.flatMap((plan) => plan.problems)
      if (problems.length > 0) return this.#fail(assignment, 'blocked', problems)
      const steps = plans.flatMap(({ id, steps }) => steps.map((step) => ({ id, step })))
      for (const [index, { id, step }] of steps.entries()) {
        undone = steps.slice(index).map(({ step }) => step.say)
        if (this.options.signal.aborted) return
        const deed = { host: host.name, play: play.name, id, step }
        this.options.report({ kind: 'step', ...deed })
        // Before it is known how the step ends: another host of this machine must not take the change for its own state.
        this.#note(host, id)
        let result: Done | undefined
        const told = (sent: number, of: number): void => this.options.report({ kind: 'sent', ...deed, sent, of })
        for await (result of channel.act([step], told));
        const ok = result?.code === 0
        this.options.report({ kind: 'done', ...deed, seconds: result?.seconds ?? 0, ok })
        if (isUnknown(result)) {
          // Neither done nor not: the problem names it, the lists don't.
          const left = undone.slice(1)
          const kind = result?.late === undefined ? 'unreachable' : 'failed'
          return this.#fail(
            assignment,
            kind,
            [stepProblem(host, step, result)],
            done,
            left,
            failedStep(id, step, result),
          )
        }
        if (!ok) {
          const failed = failedStep(id, step, result)
          return this.#fail(assignment, 'failed', [stepProblem(host, step, result)], done, undone, failed)
        }
        done.push(step.say)
      }
      undone = []
      const after = await observeAgain(assignment, channel)
      const left = after.filter((plan) => !isKeep(plan))
      if (left.length > 0) {
        const causes = await this.#causes(play, host)
        return this.#fail(assignment, 'failed', [...left.flatMap(stillDiffers(host)), ...causes], done)
      }
    } catch (error) {
      this.#fail(assignment, isUnreachable(error) ? 'unreachable' : 'failed', problemsOf(error), done, undone)
    }
  }

  /** What the play's gate can tell of a host that did not become what it should be: a process that died at once. */
  async #causes(play: Play, { name }: Host<unknown>): Promise<readonly Problem[]> {
    const { gate } = play.options
    if (!gate) return []
    return gate.explain(this.#scope(play), [{ host: name, what: 'is not as it should be', final: true }])
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

  async #gate(play: Play, look: Look, seconds: number): Promise<void> {
    const { gate } = play.options
    if (!gate || play.hosts.length === 0) return
    const scope = this.#scope(play)
    const start = this.world.now()
    try {
      for (;;) {
        const missing = await gate.missing(scope, look)
        const waited = this.world.now() - start
        if (missing.length === 0) {
          this.options.report({ kind: 'passed', gate: gate.name, seconds: waited, hosts: look.expected.size })
          return
        }
        if (missing.some((item) => item.final) || waited >= seconds) {
          this.#waitedInVain(play, missing, await gate.explain(scope, missing))
          return
        }
        this.options.report({ kind: 'waiting', gate: gate.name, missing, seconds: waited })
        if (this.options.signal.aborted) return
        await this.world.sleep(gateInterval)
      }
    } catch (error) {
      this.#failPlay(play, error)
    }
  }

  /** What went wrong in a play as a whole, on the hosts that the problems name, or else on its first. */
  #failPlay(play: Play, error: unknown): void {
    const kind = isUnreachable(error) ? 'unreachable' : 'failed'
    for (const problem of problemsOf(error)) {
      const host = play.members.find(({ name }) => isOf(problem.where, name))?.name ?? nowhere(play).host
      this.#record({ ...nowhere(play), host, kind, problems: [problem] })
    }
  }

  /** A gate that did not open: one failure for each host it was missed on. */
  #waitedInVain(play: Play, missing: readonly Missing[], causes: readonly Problem[]): void {
    for (const [host, problems] of missedOn(missing, causes)) this.#record({ ...nowhere(play), host, problems })
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
    step?: FailedStep,
  ): void {
    this.#record({ host: host.name, play: play.name, kind, problems, ...(step && { step }), done, undone })
  }

  #record(failure: Failure): void {
    this.#failures.push(failure)
    this.options.report({ kind: 'failed', failure })
  }
}
