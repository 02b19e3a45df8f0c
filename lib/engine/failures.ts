/** What is said of a play, a step or a resource that came to grief. Pure. */
import type { Done } from '../core/channel.ts'
import { exitCode, PlinthError, type Problem } from '../core/error.ts'
import { grouped } from '../core/grouped.ts'
import { asItIs, type Mask } from '../core/masking.ts'
import type { Change, Plan, Step } from '../core/resource.ts'
import type { Assignment } from './assignment.ts'
import { type Host, type Missing, type Play, placeOf } from './play.ts'
import type { FailedStep, Failure, HostResult, Unfinished } from './world.ts'

/** Whether a resource is as it should be. */
export const isKeep = (plan: Plan): boolean => plan.action === 'keep'
/** The names of hosts, in their order. */
export const names = (hosts: readonly Host<unknown>[]): readonly string[] => hosts.map(({ name }) => name)
/** Whether a problem's place is a host, or something on it: `nacos1`, `nacos1: port taken`. */
export const isOf = (where: string, host: string): boolean =>
  where === host || (where.startsWith(host) && /^[ :]/.test(where.slice(host.length)))
/** Whether an error means that a machine could not be reached, or was lost. */
export const isUnreachable = (error: unknown): error is PlinthError =>
  error instanceof PlinthError && error.code === exitCode.unreachable

/** A failure of a play that is still to be filled in; it stands with the play's first host unless told. */
export const nowhere = (play: Play): Failure => ({
  host: play.hosts[0]?.name ?? play.name,
  play: play.name,
  kind: 'failed',
  problems: [],
  done: [],
  undone: [],
})

/** The problems of an error that a user can do something about; any other error is a bug of ours and goes on up. */
export function problemsOf(error: unknown): readonly Problem[] {
  if (error instanceof PlinthError) return error.problems
  throw error
}

/** Whether nobody knows what a step came to: its machine was lost in the middle, and it is neither done nor not done. */
export const isUnknown = (result: Done | undefined): boolean => typeof result?.code !== 'number'

/** What a shell reports of a process that got SIGKILL, and who sends that without being asked to. */
const killed = 128 + 9
const killedBy = ' (killed, as by a kernel that is out of memory)'

/** Characters of a line of somebody else's that are kept. */
const longLine = 300

/** The last lines of what a step wrote to its stderr; a line without an end is cut. */
const tailOf = (result: Done | undefined, lines: number, mask: Mask): string =>
  mask(result?.stderr ?? '')
    .trim()
    .split('\n')
    .slice(-lines)
    .map((text) => (text.length > longLine ? `${text.slice(0, longLine)}…` : text))
    .join('\n')

/** A step that failed, as the report has it. */
export const failedStep = (
  id: string,
  { say, run, command }: Step,
  result: Done | undefined,
  mask: Mask = asItIs,
): FailedStep => ({
  id,
  say,
  run: mask(run),
  ...(command !== undefined && { command: mask(command) }),
  code: result?.code ?? null,
  stderr: tailOf(result, 20, mask),
})

/** Why a step is no success: another exit code than 0, or an outcome that nobody knows. */
export function stepProblem(
  host: Host<unknown>,
  { say }: Step,
  result: Done | undefined,
  mask: Mask = asItIs,
): Problem {
  const tail = tailOf(result, 5, mask).replaceAll('\n', '\n    ').replace(/[.;]$/, '')
  const told = tail === '' ? '' : `:\n    ${tail}`
  if (result?.late !== undefined) {
    return {
      where: host.name,
      what: `"${say}" had not ended after ${result.late} s, so it was given up and its outcome is unknown${told}`,
      remedy: 'see on the host what it waited for, then run again: what is done is kept',
    }
  }
  return isUnknown(result)
    ? {
        where: host.name,
        what: `the connection was lost during "${say}", so its outcome is unknown${told}`,
        remedy: 'see to the host and the network, then run again: what is done is kept',
      }
    : {
        where: host.name,
        what: `"${say}" ended with exit code ${result?.code}${result?.code === killed ? killedBy : ''}${told}`,
        remedy: 'mend the cause and run again',
      }
}

/**
 * Why `leaving` must not be changed now: while other members are down it would leave no majority. Members that are down
 * already count as lost. Empty when it may be.
 */
export function majorityProblems(
  members: readonly string[],
  serving: ReadonlySet<string>,
  leaving: readonly string[],
): readonly Problem[] {
  const down = members.filter((name) => !serving.has(name))
  const left = serving.size - leaving.length
  if (down.length === 0 || left > members.length / 2) return []
  const are = down.length === 1 ? 'is' : 'are'
  const what = `changing it would leave ${left} of ${members.length} members serving, while ${down.join(', ')} ${are} down`
  const remedy = `bring ${down.join(', ')} back first (with --limit, if the rest must wait)`
  return leaving.map((where) => ({ where, what, remedy }))
}

/** What a gate waited for in vain, by host, each with the cause where it is known. */
export const missedOn = (
  missing: readonly Missing[],
  causes: readonly Problem[],
): readonly (readonly [host: string, problems: readonly Problem[]])[] =>
  [...new Set(missing.map(({ host }) => host))].map((where) => {
    const own = causes.filter((cause) => isOf(cause.where, where))
    const remedy = own.length > 0 ? 'the cause is named below' : `read the logs of ${where}`
    const symptoms = missing.filter(({ host }) => host === where).map(({ what }) => ({ where, what, remedy }))
    return [where, [...symptoms, ...own]]
  })

/** What became of every host of some plays, and of whoever else came to grief. */
export const hostResults = (
  hosts: readonly (readonly Host<unknown>[])[],
  kept: ReadonlyMap<string, number>,
  changed: ReadonlyMap<string, ReadonlySet<string>>,
  failures: readonly Failure[],
): readonly HostResult[] =>
  [...new Set([...hosts.flatMap(names), ...failures.map(({ host }) => host)])].map((host) => ({
    host,
    kept: kept.get(host) ?? 0,
    changed: changed.get(host)?.size ?? 0,
    state: failures.find((failure) => failure.host === host)?.kind ?? 'ok',
  }))

/**
 * What an interrupted run leaves undone, play by play; `begun` has what it did and did not. What failed is told as a failure,
 * and what was done for another host of the machine is done for all.
 */
export const unfinished = (
  observations: readonly { readonly assignment: Assignment; readonly plans: readonly Plan[] }[],
  begun: ReadonlyMap<Assignment, Pick<Unfinished, 'done' | 'undone'>>,
  failures: readonly Failure[],
): readonly Unfinished[] => {
  const at = ({ play, host }: Assignment): string => placeOf(play, host)
  const byPlace = grouped([...begun], ([assignment]) => at(assignment))
  const isOver = (assignment: Assignment, id: string, say: string): boolean =>
    byPlace.get(at(assignment))?.some(([{ ids }, { done }]) => ids.includes(id) && done.includes(say)) === true
  return observations.flatMap(({ assignment, plans }) => {
    const { host, play } = assignment
    const all = plans.flatMap(({ id, steps }) => steps.flatMap(({ say }) => (isOver(assignment, id, say) ? [] : [say])))
    const { done, undone } = begun.get(assignment) ?? { done: [], undone: all }
    const failed = failures.some((failure) => failure.host === host.name)
    return undone.length === 0 || failed ? [] : [{ host: host.name, play: play.name, done, undone }]
  })
}

/** The differences of a plan. A thing that is to go, or that has no more to it than that it is there, has none by name. */
const changesOf = ({ action, changes }: Plan): readonly Change[] =>
  changes.length > 0
    ? changes
    : [{ key: 'it', from: action === 'remove' ? 'still there' : null, to: action === 'remove' ? 'gone' : 'there' }]

/** What still differs after an apply that reported success. */
export const stillDiffers =
  (host: Host<unknown>) =>
  (plan: Plan): readonly Problem[] =>
    plan.problems.length > 0
      ? plan.problems
      : changesOf(plan).map(({ key, from, to }) => ({
          where: `${host.name} ${plan.id}`,
          what: `${key} is ${from ?? 'not there'} after the apply, expected ${to ?? 'nothing'}`,
          remedy: 'it does not stay so, or something else changes it; find out which, then run again',
        }))
