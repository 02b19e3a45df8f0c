/** Applying: the steps of one host in order, each told as it happens, and the same questions again at the end. */
import type { Channel, Done } from '../core/channel.ts'
import { LockError, type Problem } from '../core/error.ts'
import type { Plan, Step } from '../core/resource.ts'
import type { Assignment } from './assignment.ts'
import { beginLine, endLine } from './audit.ts'
import { failedStep, isKeep, isUnknown, isUnreachable, stepProblem, stillDiffers } from './failures.ts'
import { mapLimit, planAgain, questionsOf } from './observe.ts'
import type { Host, Play } from './play.ts'
import type { Run } from './run.ts'
import type { Failure } from './world.ts'

/**
 * Brings the hosts of a batch to what they should be, machines side by side; hosts of one machine are never written in
 * parallel. Failures are recorded in the run. A host for which `mayApply` says no, now that it was read again under its lock,
 * is left alone and given back.
 */
export async function applyBatch(
  run: Run,
  batch: readonly Assignment[],
  mayApply: (plans: readonly Plan[]) => boolean = () => true,
): Promise<readonly Assignment[]> {
  const machines = [...new Set(batch.map(({ host }) => host.machine.key))]
  const byMachine = machines.map((key) => batch.filter(({ host }) => host.machine.key === key))
  const left: Assignment[] = []
  const first = !run.hasBegun
  await mapLimit(byMachine, run.options.forks, async (assignments) => {
    for (const assignment of assignments) {
      const application = new Application(run, assignment, first)
      if (!(await run.stepping.inTurn(() => application.apply(mayApply)))) left.push(assignment)
    }
  })
  return left
}

/** One host being changed. */
class Application {
  readonly #done: string[] = []
  #undone: readonly string[] = []

  private readonly run: Run
  private readonly assignment: Assignment
  /** Whether nothing was changed anywhere before its batch: what was, may show on any host. */
  private readonly first: boolean

  constructor(run: Run, assignment: Assignment, first: boolean) {
    this.run = run
    this.assignment = assignment
    this.first = first
  }

  /** False when it was left alone because `mayApply` said so. */
  async apply(mayApply: (plans: readonly Plan[]) => boolean): Promise<boolean> {
    const { run, assignment } = this
    const { play, host } = assignment
    if (run.options.signal.aborted) return true
    try {
      const channel = await run.connections.channel(play, host)
      // A database's own lock does not notice that its holder's controller is gone; the machine's does.
      if (play.options.via) await run.lock(await run.connections.machine(host.machine))
      const { plans, moved } = await this.#plans(channel)
      const problems = plans.flatMap((plan) => plan.problems)
      if (problems.length + moved.length > 0) this.#fail('blocked', [...problems, ...moved])
      else if (!mayApply(plans)) return false
      else if (!plans.every(isKeep)) await this.#change(channel, plans)
    } catch (error) {
      if (error instanceof LockError) run.giveUp(play)
      this.#stumble(error)
    }
    run.begun.set(assignment, { done: this.#done, undone: this.#undone })
    return true
  }

  /** What is to be done now that the lock is this run's, and what of it a saved plan has otherwise. */
  async #plans(channel: Channel): Promise<{ readonly plans: readonly Plan[]; readonly moved: readonly Problem[] }> {
    const { run, assignment, first } = this
    const { planned, force } = run.options
    // Planned anew in any case: of what other lists of the machine were about to change, not all may have come about.
    const changed = run.changedOn(assignment.host.machine.key)
    const earlier = first ? run.earlier.get(assignment) : undefined
    const answers = await run.askLocked(channel, questionsOf(assignment.resources), earlier)
    const { plans, whole } = planAgain(assignment, answers, force, changed)
    return { plans, moved: planned?.moved(assignment, whole, answers, changed) ?? [] }
  }

  async #change(channel: Channel, plans: readonly Plan[]): Promise<void> {
    const { run, assignment } = this
    const { play, host } = assignment
    const { identity, signal } = run.options
    const begun = run.trace(host, beginLine(identity, assignment, plans))
    // A machine does one thing after the other by itself; a database beside it would not wait.
    if (play.options.via) await begun
    try {
      if (await this.#takeSteps(plans, (step, told) => channel.act([step], told))) {
        const answers = await channel.ask(questionsOf(assignment.resources))
        const after = planAgain(assignment, answers, run.options.force).plans
        const refused = run.stepping.refusedOn(host.name)
        const left = after.filter((plan) => !isKeep(plan) && !refused.has(plan.id))
        if (left.length > 0) {
          this.#fail('failed', [...left.flatMap(stillDiffers(host)), ...(await causes(run, play, host))])
        }
      }
    } catch (error) {
      // What was begun gets its end in the audit log all the same.
      this.#stumble(error)
    }
    await begun
    const refused = run.stepping.refusedOn(host.name)
    const failure = run.failures.find((one) => one.host === host.name && one.play === play.name)
    await run.trace(host, endLine(identity, assignment, plans, { failure, interrupted: signal.aborted, refused }))
  }

  /** True when all of them succeeded; otherwise the failure is recorded, or the run was interrupted. */
  async #takeSteps(
    plans: readonly Plan[],
    act: (step: Step, told: (sent: number, of: number) => void) => AsyncIterable<Done>,
  ): Promise<boolean> {
    const { run } = this
    const { play, host, standsOn } = this.assignment
    const { report, signal, mask } = run.options
    const steps = plans.flatMap((plan) => plan.steps.map((step, at) => ({ plan, step, first: at === 0 })))
    for (const [index, { plan, step, first }] of steps.entries()) {
      const { id } = plan
      this.#undone = steps.slice(index).map(({ step }) => step.say)
      if (first && !signal.aborted) await run.stepping.ask(host.name, plan, standsOn)
      if (signal.aborted) return false
      if (run.stepping.refusedOn(host.name).has(id)) continue
      const deed = { host: host.name, play: play.name, id, step }
      report({ kind: 'step', ...deed })
      // Before it is known how the step ends: another host of this machine must not take the change for its own state.
      run.touch(host, id)
      let result: Done | undefined
      for await (result of act(step, (sent, of) => report({ kind: 'sent', ...deed, sent, of })));
      const ok = result?.code === 0
      report({ kind: 'done', ...deed, seconds: result?.seconds ?? 0, ok })
      if (!ok) {
        // Of unknown outcome is neither done nor not: the problem names it, the lists don't.
        if (isUnknown(result)) this.#undone = this.#undone.slice(1)
        const lost = isUnknown(result) && result?.late === undefined
        const problems = [stepProblem(host, step, result, mask)]
        // The command of a service that does not start says where to look; its gate has looked.
        if (plan.disrupts !== undefined && !isUnknown(result)) problems.push(...(await causes(run, play, host)))
        this.#fail(lost ? 'unreachable' : 'failed', problems, failedStep(id, step, result, mask))
        return false
      }
      run.note(host, id)
      this.#done.push(step.say)
    }
    this.#undone = []
    return true
  }

  /** Records what was thrown on the way. */
  #stumble(error: unknown): void {
    const problems = this.run.bugs.problemsOf(error, this.assignment.host.name)
    this.#fail(isUnreachable(error) ? 'unreachable' : 'failed', problems)
  }

  #fail(kind: Failure['kind'], problems: readonly Problem[], step?: Failure['step']): void {
    const { play, host } = this.assignment
    const lists = { done: this.#done, undone: this.#undone }
    this.run.record({ host: host.name, play: play.name, kind, problems, ...(step && { step }), ...lists })
  }
}

/**
 * What the play's gate can tell of a host that did not become what it should be: a process that died at once. One that can't
 * look says so, and does not hide what differs.
 */
async function causes(run: Run, play: Play, { name }: Host<unknown>): Promise<readonly Problem[]> {
  const { gate } = play.options
  if (!gate) return []
  try {
    return await gate.explain(run.scope(play), [{ host: name, what: 'is not as it should be', final: true }])
  } catch (error) {
    return run.bugs.problemsOf(error, name)
  }
}
