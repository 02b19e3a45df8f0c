/** Reading: one script per machine for everything that every play wants to know there. */

import { becomeText } from '../core/become.ts'
import type { Channel, Earlier, MachineChannel } from '../core/channel.ts'
import { PlinthError } from '../core/error.ts'
import { type Facts, parseFacts } from '../core/facts.ts'
import { lockFile } from '../core/lock.ts'
import { type Answers, joined, type Question, unasked } from '../core/probe.ts'
import { type Receipt, readReceipts } from '../core/receipt.ts'
import { remember } from '../core/remember.ts'
import type { Plan, Resource } from '../core/resource.ts'
import { facts as factsReader, lastHolder, receipts as receiptsReader } from '../readers.ts'
import { type Assignment, assign, concerns, hostsOn } from './assignment.ts'
import { detailQuestions, withCreations, withUpdates } from './details.ts'
import { type Outline, outlined, planMachine, selectByHost } from './outline.ts'
import type { Planned } from './planned.ts'
import { type Host, type Machine, type Play, placeOf } from './play.ts'
import { identityQuestions } from './sealing.ts'
import { planResources, type Selection, select } from './selection.ts'
import type { Tags } from './tags.ts'
import type { HostPlan, World } from './world.ts'

const factsQuestion: Question = { reader: factsReader, key: 'machine' }
/** What a machine remembers of sites. */
export const receiptsQuestion: Question = { reader: receiptsReader, key: 'machine' }
const holderQuestion: Question = { reader: lastHolder, key: lockFile }

/** The facts of a machine: of an earlier run, or else asked for and kept. */
export async function factsOf(machine: Machine, world: World, connections: Connections): Promise<Facts> {
  return world.cachedFacts(machine) ?? askFacts(machine, world, connections)
}

/** The facts of a machine as they are now; kept for later runs. */
export async function askFacts(machine: Machine, world: World, connections: Connections): Promise<Facts> {
  const answers = await (await connections.machine(machine)).ask([factsQuestion])
  const facts = parseFacts(answers(factsQuestion))
  world.cacheFacts(machine, facts)
  return facts
}

/** What lists of resources want to know. */
export function questionsOf(...lists: readonly (readonly Resource[])[]): readonly Question[] {
  const questions: Question[] = []
  for (const resources of lists) for (const { probe } of resources) questions.push(...probe)
  return questions
}

/** The open connections of a run, one per machine, opened when first needed and closed together. */
export class Connections {
  readonly #machines = new Map<string, Promise<MachineChannel>>()
  readonly #databases = new Map<string, Promise<Channel>>()

  private readonly world: World

  constructor(world: World) {
    this.world = world
  }

  machine(machine: Machine): Promise<MachineChannel> {
    return remember(this.#machines, machine.key, () => this.world.open(machine))
  }

  /** The channel that a play's resources live behind: the machine itself, or the database the play goes via. */
  async channel(play: Play, host: Host<unknown>): Promise<Channel> {
    const machine = await this.machine(host.machine)
    const login = play.options.via?.(host)
    if (!login) return machine
    return remember(this.#databases, placeOf(play, host), () => this.world.databaseChannel(machine, login))
  }

  /** Closes the connection to a machine; it is opened again if it should be needed after all. */
  async release({ key }: Machine): Promise<void> {
    const open = this.#machines.get(key)
    this.#machines.delete(key)
    await (await open)?.close()
  }

  async close(): Promise<void> {
    const settled = async (channels: Map<string, Promise<Channel>>): Promise<void> => {
      await Promise.allSettled([...channels.values()].map(closed))
    }
    await settled(this.#databases)
    await settled(this.#machines)
    await this.world.close?.()
  }
}

/** Closes a channel, or sees to it that it is closed once it is open: nobody waits for a login that nobody needs any more. */
async function closed(channel: Promise<Channel>): Promise<void> {
  const closing = channel.then((open) => open.close())
  closing.catch(() => {})
  const open = await Promise.race([channel.then(() => true), Promise.resolve(false)])
  if (open) await closing
}

/**
 * Runs `work` over all items, at most `limit` at a time. Results in the order of the items. When one throws, none is begun
 * any more, and those under way are waited for.
 */
export async function mapLimit<T, R>(items: readonly T[], limit: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array<R>(items.length)
  const queue = items.entries()
  const failures: unknown[] = []
  const runner = async (): Promise<void> => {
    for (const [index, item] of queue) {
      if (failures.length > 0) return
      try {
        results[index] = await work(item)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, runner))
  if (failures.length > 0) throw failures[0]
  return results
}

/** What was read of one host in one play, and what that means for the run. */
export type Observation = Selection

/** An observation as the report tells of it. What goes to a database does so by its own login. */
export function hostPlan({ assignment: { play, host }, plans, left }: Observation): HostPlan {
  const { become, user } = host.machine.connection
  const as = become && !play.options.via ? { as: becomeText(become, user) } : {}
  const { prerequisite } = play
  const place = placeOf(play, host)
  return { play: play.name, host: host.name, place, ...as, plans, left, ...(prerequisite && { prerequisite }) }
}

/** All that was read of one machine. */
export interface Reading {
  readonly machine: Machine
  readonly found: readonly (Observation | Unobserved)[]
  /** What is declared there, also behind a database that could not be read; nothing where the machine itself was not. */
  readonly declared: readonly Assignment[]
  /** What it remembers of earlier runs. */
  readonly receipts: readonly Receipt[]
  /** Null where it was not read. */
  readonly facts: Facts | null
  /** The answers of the machine itself, where something may be changed by them. */
  readonly earlier: Earlier | null
}

export interface Unobserved {
  readonly machine: Machine
  readonly assignments: readonly { readonly play: Play; readonly host: Host<unknown> }[]
  readonly error: PlinthError
}

/** What of the site a run is to change, and how boldly. */
export interface Selecting {
  /** Nothing will be changed. */
  readonly check: boolean
  readonly tags?: Tags | undefined
  readonly force: boolean
  readonly planned?: Planned
}

/**
 * Everything the site wants to know of one machine: one script, one more on first contact or when a fact changed,
 * and one more for those details of what is to be updated that are not asked along with the first.
 * What can't be observed (no connection, database down) is returned as data. A machine on which nothing is selected, by
 * the facts of an earlier run, is not asked at all. `planned` is shown what a
 * saved plan is about.
 */
export async function observeMachine(
  site: readonly Play[],
  machine: Machine,
  world: World,
  connections: Connections,
  selecting: Selecting,
): Promise<Reading> {
  let itself: Itself
  try {
    itself = await observeItself(site, machine, world, connections, selecting)
  } catch (error) {
    if (!(error instanceof PlinthError) || error.code === 4) throw error
    const found = [{ machine, assignments: hostsOn(site, machine), error }]
    return { machine, found, declared: [], receipts: [], facts: null, earlier: null }
  }
  const { outline, behind, receipts, facts, earlier } = itself
  const reached = await Promise.all(behind.map((one) => observeBehind(one, connections, selecting)))
  const found = [...outline.selections, ...reached.flat()]
  return { machine, found, declared: outline.assignments, receipts, facts, earlier }
}

/** What a machine says, and what of the site is behind a database of it. */
interface Itself {
  readonly outline: Outline
  readonly behind: readonly Assignment[]
  readonly receipts: readonly Receipt[]
  readonly facts: Facts | null
  readonly earlier: Earlier | null
}

const nothingSelected: Itself = {
  outline: { assignments: [], selections: [] },
  behind: [],
  receipts: [],
  facts: null,
  earlier: null,
}

/** A function of its own: when it has ended, nobody has the lists any more. Those of many machines would wait for the last of them. */
async function observeItself(
  site: readonly Play[],
  machine: Machine,
  world: World,
  connections: Connections,
  { tags, force, planned, check }: Selecting,
): Promise<Itself> {
  const known = world.cachedFacts(machine)
  let assignments = known === null ? [] : assign(site, machine, known, tags)
  if (known !== null && !assignments.some(concerns)) return nothingSelected
  const channel = await connections.machine(machine)
  // What is read before the word of who had the lock last may be of before that.
  const about = [
    ...(check ? [] : [holderQuestion]),
    factsQuestion,
    receiptsQuestion,
    ...(planned ? identityQuestions : []),
  ]
  const itself = await channel.ask(about.concat(firstQuestions(assignments)))
  const facts = parseFacts(itself(factsQuestion))
  let answers = itself
  if (known === null || JSON.stringify(facts) !== JSON.stringify(known)) {
    world.cacheFacts(machine, facts)
    assignments = assign(site, machine, facts, tags)
    const wanted = firstQuestions(assignments)
    if (wanted.length > 0) answers = await channel.ask(wanted)
  }
  planned?.meet(machine, [...new Set(hostsOn(site, machine).map(({ host }) => host.name))], facts, itself)
  const looks = planMachine(own(assignments), answers)
  if (planned) for (const { assignment, plans } of looks) seen(planned, assignment, plans, answers)
  const whole = selectByHost(looks, force)
  const shown = await detailedBy(channel, whole, assignments, answers)
  return {
    // What is done is what was planned, to the letter: only where nothing will be done may a role be called once more.
    outline: check
      ? outlined(assignments, shown, { site, machine, facts, tags, answers, force })
      : { assignments, selections: withCreations(shown) },
    behind: assignments.filter((assignment) => assignment.play.options.via && concerns(assignment)),
    receipts: readReceipts(itself(receiptsQuestion)),
    facts,
    earlier: check ? null : { answers, last: itself(holderQuestion) },
  }
}

/** The same observations, with the details of what is to be updated; what is known of it already is not asked again. */
async function detailedBy(
  channel: Channel,
  whole: readonly Observation[],
  assignments: readonly Assignment[],
  answers: Answers,
): Promise<readonly Observation[]> {
  const details = detailQuestions(whole)
  if (details.length === 0) return whole
  const more = unasked(details, firstQuestions(assignments))
  return withUpdates(whole, more.length > 0 ? joined(more, await channel.ask(more), answers) : answers)
}

/** What is on the machine itself. */
const own = (assignments: readonly Assignment[]): readonly Assignment[] =>
  assignments.filter(({ play }) => !play.options.via)

const ownQuestions = (assignments: readonly Assignment[]): readonly Question[] =>
  questionsOf(...own(assignments).map(({ resources }) => resources))

/** The same, and what of the details is asked along with it. */
const firstQuestions = (assignments: readonly Assignment[]): readonly Question[] =>
  ownQuestions(assignments).concat(
    own(assignments).flatMap(({ resources }) => resources.flatMap(({ detail }) => detail?.along ?? [])),
  )

/** Reads and plans what a play has behind a database. */
async function observeBehind(
  assignment: Assignment,
  connections: Connections,
  { force, planned }: Selecting,
): Promise<readonly (Observation | Unobserved)[]> {
  const { play, host, resources } = assignment
  try {
    const answers = await (await connections.channel(play, host)).ask(questionsOf(resources))
    const plans = planResources(resources, answers, new Set(), assignment.selected)
    if (planned) seen(planned, assignment, plans, answers)
    return select([{ assignment, answers, plans, changed: new Set() }], force)
  } catch (error) {
    if (!(error instanceof PlinthError)) throw error
    return [{ machine: host.machine, assignments: [{ play, host }], error }]
  }
}

/** In a prerequisite nothing is changed, and a saved plan is about what is. */
function seen(planned: Planned, assignment: Assignment, plans: readonly Plan[], answers: Answers): void {
  if (!assignment.play.prerequisite) planned.see(assignment, plans, answers)
}

/** One assignment planned anew; `whole` has what the tags do not select as well. */
export function planAgain(
  assignment: Assignment,
  answers: Answers,
  force: boolean,
  changed: ReadonlySet<string> = new Set(),
): { readonly plans: readonly Plan[]; readonly whole: readonly Plan[] } {
  const whole = planResources(assignment.resources, answers, changed, assignment.selected)
  const [selection] = select([{ assignment, answers, plans: whole, changed }], force)
  return { plans: selection?.plans ?? [], whole }
}
