/** Rolling: which hosts of a play are changed in which order, and what must hold before, between and after. */
import { applyBatch } from './apply.ts'
import type { Assignment } from './assignment.ts'
import { batchSize } from './batches.ts'
import { isKeep, isUnreachable, majorityProblems, names, nowhere } from './failures.ts'
import { mapLimit, type Observation } from './observe.ts'
import type { Look, Play } from './play.ts'
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
  readonly #started = new Set<string>()
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
    // What needs no restart takes nobody away: it is done everywhere at once. Where more is to come, the gate is asked before
    // the first is taken away: who is not well may be the one to mend.
    const quiet = gate ? this.dirty.filter((item) => this.#isQuiet(item)) : []
    const loud = this.dirty.filter((item) => !quiet.includes(item)).map(({ assignment }) => assignment)
    let rest = [...loud, ...(await this.#quietly(quiet.map(({ assignment }) => assignment)))]
    if (rest.length === 0) return this.#wait(true)
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

  /** Changes hosts without taking one away. Gives back those that it left alone, since they need a restart after all. */
  async #quietly(batch: readonly Assignment[]): Promise<readonly Assignment[]> {
    if (batch.length === 0) return []
    const left = await applyBatch(this.run, batch, (plans) => !plans.some(({ disrupts }) => disrupts))
    this.#note(
      batch.filter((one) => !left.includes(one)),
      this.#changed,
    )
    return left
  }

  /** Changes some hosts, then waits for the gate. */
  async #batch(batch: readonly Assignment[], last: boolean): Promise<void> {
    await applyBatch(this.run, batch)
    this.#note(batch, this.#changed, this.#started)
    await this.#wait(last)
  }

  #note(batch: readonly Assignment[], ...sets: readonly Set<string>[]): void {
    this.#gated = false
    for (const { host } of batch) if (this.run.isWell(host.name)) for (const set of sets) set.add(host.name)
    this.#serving = new Set([...this.#serving].filter((name) => !this.run.hasFailed(name)))
  }

  /** The gate for all that serve or were changed; at the end (`last`) for everybody, used as well. */
  async #wait(last: boolean): Promise<void> {
    if (this.#stopped) return
    const { run, play } = this
    const limited = play.hosts.length < play.members.length
    const everybody = last && !limited ? names(play.members).filter((name) => run.isWell(name)) : []
    const expected = [...this.#serving, ...this.#changed, ...everybody].filter((name) => !run.hasFailed(name))
    const look = this.#look(expected, last)
    this.#gated = await waitForGate(run, play, [look], play.options.gate?.deadline ?? 0)
    this.#serving = new Set(expected.filter((name) => !run.hasFailed(name)))
  }

  #look(expected: readonly string[], deep = false): Look {
    return { expected: new Set(expected), changed: new Set(this.#changed), started: new Set(this.#started), deep }
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
    const asked = looks.map((names) => this.#look(names))
    // What was changed may take its time to show; what is wrong where nothing was, was wrong before.
    if (await waitForGate(run, play, asked, this.#changed.size > 0 ? gate.deadline : gate.patience)) return true
    // Whoever interrupts it has not heard that it is not well.
    if (run.options.signal.aborted) return false
    run.giveUp(play)
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
