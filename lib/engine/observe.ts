/** Reading: one script per machine for everything that every play wants to know there. */

import { becomeText } from '../core/become.ts'
import type { Channel, MachineChannel } from '../core/channel.ts'
import { PlinthError, type Problem, usageError } from '../core/error.ts'
import { type Facts, parseFacts } from '../core/facts.ts'
import { type Listing, listProblems } from '../core/ordering.ts'
import type { Answers, Question } from '../core/probe.ts'
import { type Receipt, readReceipts } from '../core/receipt.ts'
import { remember } from '../core/remember.ts'
import { noted, type Plan, type Resource } from '../core/resource.ts'
import { facts as factsReader, receipts as receiptsReader } from '../readers.ts'
import { withDetails } from './details.ts'
import type { Planned } from './planned.ts'
import type { Host, Machine, Play } from './play.ts'
import { identityQuestions } from './sealing.ts'
import type { HostPlan, World } from './world.ts'

/** One host in one play, with what it should be. */
export interface Assignment {
  readonly play: Play
  readonly host: Host<unknown>
  readonly resources: readonly Resource[]
}

const factsQuestion: Question = { reader: factsReader, key: 'machine' }
const receiptsQuestion: Question = { reader: receiptsReader, key: 'machine' }

/**
 * Plans a list of resources against answers; each sees which ones before it are about to change, or did so in an
 * earlier play of the run (`changed`). Pure.
 */
export function planResources(
  resources: readonly Resource[],
  answers: Answers,
  changed: ReadonlySet<string> = new Set(),
): readonly Plan[] {
  const pending = new Set(changed)
  return resources.map((resource) => {
    const plan = resource.plan(answers, pending)
    for (const id of changing([plan])) pending.add(id)
    return plan
  })
}

/** What a list of resources wants to know. */
export const questionsOf = (resources: readonly Resource[]): readonly Question[] =>
  resources.flatMap((resource) => resource.probe)

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
    const key = `${host.machine.key} ${login.user}@${login.host}:${login.port}`
    return remember(this.#databases, key, () => this.world.databaseChannel(machine, login))
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

/** The resources of every play for every host of one machine. Throws for lists that contradict themselves. */
export function assign(site: readonly Play[], machine: Machine, facts: Facts): readonly Assignment[] {
  const assignments = site.flatMap((play) =>
    play.hosts
      .filter((host) => host.machine.key === machine.key)
      .map((host): Assignment => ({ play, host, resources: play.desired(host, facts) })),
  )
  const listing = ({ play, host, resources }: Assignment): Listing => ({ host: host.name, play: play.name, resources })
  const behind = assignments.filter(({ play }) => play.options.via)
  const problems: readonly Problem[] = [
    ...listProblems(assignments.filter((one) => !behind.includes(one)).map(listing)),
    ...behind.flatMap((one) => listProblems([listing(one)])),
  ]
  if (problems.length > 0) throw usageError(...problems)
  const spared = site.flatMap((play) =>
    play.members
      .filter((host) => host.machine.key === machine.key && !play.hosts.includes(host))
      .map((host): Assignment => ({ play, host, resources: play.desired(host, facts) })),
  )
  return withAllNotes(assignments, [...assignments, ...spared])
}

/**
 * What several hosts of a machine declare is changed by one of them, for all: it leaves the notes of all, also of those
 * that --limit leaves out.
 */
function withAllNotes(assignments: readonly Assignment[], all: readonly Assignment[]): readonly Assignment[] {
  const notes = new Map<string, Set<string>>()
  for (const { play, resources } of all) {
    if (play.options.via) continue
    for (const { id, notes: own = [] } of resources) notes.set(id, new Set([...(notes.get(id) ?? []), ...own]))
  }
  return assignments.map((assignment) => {
    if (assignment.play.options.via) return assignment
    const resources = assignment.resources.map((one) => {
      const others = [...(notes.get(one.id) ?? [])].filter((note) => !one.notes?.includes(note))
      return others.length > 0 ? noted(one, others) : one
    })
    return { ...assignment, resources }
  })
}

export interface Observation {
  readonly assignment: Assignment
  readonly plans: readonly Plan[]
}

/** An observation as the report tells of it. What goes to a database does so by its own login. */
export function hostPlan({ assignment: { play, host }, plans }: Observation): HostPlan {
  const { become, user } = host.machine.connection
  const as = become && !play.options.via ? { as: becomeText(become, user) } : {}
  return { play: play.name, host: host.name, ...as, plans }
}

/** All that was read of one machine. */
export interface Reading {
  readonly machine: Machine
  readonly found: readonly (Observation | Unobserved)[]
  /** What it remembers of earlier runs. */
  readonly receipts: readonly Receipt[]
}

export interface Unobserved {
  readonly machine: Machine
  readonly assignments: readonly { readonly play: Play; readonly host: Host<unknown> }[]
  readonly error: PlinthError
}

/**
 * Everything the site wants to know of one machine: one script, one more on first contact or when a fact changed,
 * and one more for the details of what is to be updated.
 * What can't be observed (no connection, database down) is returned as data. `planned` is shown what a saved plan is about.
 */
export async function observeMachine(
  site: readonly Play[],
  machine: Machine,
  world: World,
  connections: Connections,
  planned?: Planned,
): Promise<Reading> {
  const all = site.flatMap((play) =>
    play.hosts.filter((host) => host.machine.key === machine.key).map((host) => ({ play, host })),
  )
  let channel: MachineChannel
  let facts = world.cachedFacts(machine)
  let assignments: readonly Assignment[] = []
  let answers: Answers
  let receipts: readonly Receipt[]
  let direct: ReadonlyMap<Assignment, Observation>
  try {
    channel = await connections.machine(machine)
    const own = (): readonly Assignment[] => assignments.filter(({ play }) => !play.options.via)
    const about = [factsQuestion, receiptsQuestion, ...(planned ? identityQuestions : [])]
    const questions = (): readonly Question[] => questionsOf(own().flatMap(({ resources }) => resources))
    assignments = facts === null ? [] : assign(site, machine, facts)
    const itself = await channel.ask([...about, ...questions()])
    answers = itself
    receipts = readReceipts(itself(receiptsQuestion))
    const now = parseFacts(itself(factsQuestion))
    if (facts === null || JSON.stringify(now) !== JSON.stringify(facts)) {
      facts = now
      world.cacheFacts(machine, now)
      assignments = assign(site, machine, now)
      const wanted = questions()
      if (wanted.length > 0) answers = await channel.ask(wanted)
    }
    planned?.meet(machine, [...new Set(all.map(({ host }) => host.name))], now, itself)
    const found = planMachine(own(), answers)
    for (const { assignment, plans } of found) planned?.see(assignment, plans, answers)
    direct = new Map((await withDetails(found, channel)).map((one) => [one.assignment, one]))
  } catch (error) {
    if (!(error instanceof PlinthError) || error.code === 4) throw error
    return { machine, found: [{ machine, assignments: all, error }], receipts: [] }
  }
  const observed = assignments.map(async (assignment): Promise<Observation | Unobserved> => {
    const { play, host, resources } = assignment
    const known = direct.get(assignment)
    if (known) return known
    try {
      const database = await connections.channel(play, host)
      const answers = await database.ask(questionsOf(resources))
      const plans = planResources(resources, answers)
      planned?.see(assignment, plans, answers)
      return { assignment, plans }
    } catch (error) {
      if (!(error instanceof PlinthError)) throw error
      return { machine, assignments: [{ play, host }], error }
    }
  })
  return { machine, found: await Promise.all(observed), receipts }
}

/** Plans all lists of one machine: what one of its hosts changes, another's process may have read. Pure. */
function planMachine(assignments: readonly Assignment[], answers: Answers): readonly Observation[] {
  const changes = new Set<string>()
  return assignments.map((assignment) => {
    const plans = planResources(assignment.resources, answers, changes)
    for (const id of changing(plans)) changes.add(id)
    return { assignment, plans }
  })
}

/** The ids that a plan changes: what is blocked stays as it is. */
export const changing = (plans: readonly Plan[]): readonly string[] =>
  plans.filter(({ action }) => action !== 'keep' && action !== 'blocked').map(({ id }) => id)

/** Asks the questions of one assignment again and plans anew; `seen` hears from which answers. */
export async function observeAgain(
  { resources }: Assignment,
  channel: Pick<Channel, 'ask'>,
  changed: ReadonlySet<string> = new Set(),
  seen?: (plans: readonly Plan[], answers: Answers) => void,
): Promise<readonly Plan[]> {
  const answers = await channel.ask(questionsOf(resources))
  const plans = planResources(resources, answers, changed)
  seen?.(plans, answers)
  return plans
}
