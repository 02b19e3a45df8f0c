/** Rolling: which hosts of a play are changed in which order, and what must hold before, between and after. */
import { applyBatch } from './apply.ts'
import type { Assignment } from './assignment.ts'
import { batchSize } from './batches.ts'
import { isKeep, isUnreachable, majorityProblems, names, nowhere } from './failures.ts'
import { mapLimit, type Observation } from './observe.ts'
import type { Play } from './play.ts'
import type { Run } from './run.ts'
import { waitForGate, waitUnchanged } from './wait.ts'

/** Changes the hosts of one play that differ, batch by batch; what goes wrong is recorded in the run. */
export async function roll(run: Run, play: Play, observations: readonly Observation[]): Promise<void> {
  const dirty = observations.filter(
    ({ assignment, plans }) => !plans.every(isKeep) && !run.hasFailed(assignment.host.name),
  )
  if (dirty.length === 0) return waitUnchanged(run, play)
  run.options.report({ kind: 'play', play: play.name, hosts: dirty.map(({ assignment }) => assignment.host.name) })
  try {
    await new Roll(run, play, dirty).whole()
  } catch (error) {
    run.failPlay(play, error)
  }
}

class Roll {
  /** Who serves, as far as it is known: looked up at the start, and after that what the gate has made sure of. */
  #serving: ReadonlySet<string> = new Set()
  readonly #changed = new Set<string>()
  /** Whether the gate has held since the last change. */
  #gated = false

  private readonly run: Run
  private readonly play: Play
  private readonly dirty: readonly Observation[]

  constructor(run: Run, play: Play, dirty: readonly Observation[]) {
    this.run = run
    this.play = play
    this.dirty = dirty
  }

  async whole(): Promise<void> {
    const { run, play } = this
    const { gate, prepare } = play.options
    const scope = run.scope(play)
    if (gate) {
      await this.#lockMembers()
      this.#serving = await gate.serving(scope)
    }
    if (prepare) run.options.report({ kind: 'preparing', play: play.name })
    await prepare?.({ ...scope, hosts: play.hosts })
    // What needs no restart takes nobody away: it is done everywhere at once.
    const quiet = gate ? this.dirty.filter((item) => this.#isQuiet(item)) : []
    const loud = this.dirty.filter((item) => !quiet.includes(item)).map(({ assignment }) => assignment)
    const harmless = quiet.map(({ assignment }) => assignment)
    const turned = await this.#batch(harmless, loud.length === 0, (plans) => !plans.some(({ disrupts }) => disrupts))
    let rest = [...loud, ...turned]
    for (let batch = 0; rest.length > 0 && !this.#stopped; ) {
      rest = await this.#inOrder(rest.filter(({ host }) => !run.hasFailed(host.name)))
      if (rest.length === 0) return
      const size = this.#together(rest) || batchSize(play.options.serial, play.hosts.length, batch++)
      const next = rest.slice(0, size)
      rest = rest.slice(size)
      if (!(await this.#mayLose(next))) return
      await this.#batch(next, rest.length === 0)
    }
  }

  /** How many of the first of `rest` start at once, since one more that serves would be no majority: those that don't. Or 0. */
  #together(rest: readonly Assignment[]): number {
    const { options, members } = this.play
    if (!options.startTogether || this.#serving.size + 1 > members.length / 2) return 0
    return rest.filter(({ host }) => !this.#serving.has(host.name)).length
  }

  get #stopped(): boolean {
    return this.run.options.signal.aborted || this.run.exceeded(this.play)
  }

  #isQuiet({ assignment: { host }, plans }: Observation): boolean {
    return this.#serving.has(host.name) && !plans.some(({ disrupts }) => disrupts)
  }

  /** Changes some hosts, then waits for the gate. Gives back those it left alone. */
  async #batch(
    batch: readonly Assignment[],
    last: boolean,
    mayApply?: Parameters<typeof applyBatch>[2],
  ): Promise<readonly Assignment[]> {
    if (batch.length === 0) return []
    const { run, play } = this
    const left = await applyBatch(run, batch, mayApply)
    this.#gated = false
    if (this.#stopped) return left
    for (const { host } of batch) if (run.isWell(host.name)) this.#changed.add(host.name)
    for (const { host } of left) this.#changed.delete(host.name)
    const end = last && left.length === 0
    const limited = play.hosts.length < play.members.length
    const everybody = end && !limited ? names(play.members).filter((name) => run.isWell(name)) : []
    const expected = new Set([...this.#serving, ...this.#changed, ...everybody].filter((name) => !run.hasFailed(name)))
    const look = { expected, changed: new Set(this.#changed), deep: end }
    this.#gated = await waitForGate(run, play, [look], play.options.gate?.deadline ?? 0)
    this.#serving = new Set([...expected].filter((name) => !run.hasFailed(name)))
    return left
  }

  /** Who is down already costs nothing to work on, and may be what the others wait for; who leads goes last. */
  async #inOrder(rest: readonly Assignment[]): Promise<Assignment[]> {
    const leads = rest.length > 1 ? await this.play.options.gate?.leading?.(this.run.scope(this.play)) : undefined
    const weight = ({ host: { name } }: Assignment): number =>
      this.#serving.has(name) ? 1 + (leads?.get(name) ?? 0) : 0
    return [...rest].sort((a, b) => weight(a) - weight(b))
  }

  /** Whether these may stop serving for a while: a majority stays, and those that this play leaves alone are well. */
  async #mayLose(batch: readonly Assignment[]): Promise<boolean> {
    const { run, play } = this
    const { gate } = play.options
    const leaving = batch.map(({ host }) => host.name).filter((name) => this.#serving.has(name))
    if (!gate || leaving.length === 0) return true
    const problems = majorityProblems(names(play.members), this.#serving, leaving)
    if (problems.length > 0 && run.options.force) run.warn(problems)
    else if (problems.length > 0) {
      run.giveUp(play)
      for (const problem of problems) run.record({ ...nowhere(play), host: problem.where, problems: [problem] })
      return false
    }
    if (this.#gated || run.options.force) return true
    // One that serves and is not well may be the very one to mend: then the others must be.
    const others = [...this.#serving].filter((name) => !leaving.includes(name))
    const looks = [[...this.#serving], others].filter((names) => names.length > 0)
    const asked = looks.map((names) => ({ expected: new Set(names), changed: new Set<string>(), deep: false }))
    if (await waitForGate(run, play, asked, gate.patience)) return true
    if (!run.options.signal.aborted) run.giveUp(play)
    run.warn([
      {
        where: play.name,
        what: `${leaving.join(', ')} may not be taken away while the cluster is not well`,
        remedy: 'mend that first, or go on with --force',
      },
    ])
    return false
  }

  /** The locks of all members that can be reached, before the first of them is changed: two runs must not take two of them. */
  async #lockMembers(): Promise<void> {
    const { run, play } = this
    const machines = new Map(play.members.map(({ machine }) => [machine.key, machine]))
    await mapLimit([...machines.values()], run.options.forks, async (machine) => {
      const channel = await run.connections.machine(machine).catch((error: unknown) => {
        if (isUnreachable(error)) return undefined
        throw error
      })
      if (channel) await run.lock(channel)
    })
  }
}
