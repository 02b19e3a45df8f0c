/** The plan of a run as data: recorded, so that it can be saved, or held against one that was saved. */
import type { Problem } from '../core/error.ts'
import type { Facts } from '../core/facts.ts'
import type { Answers } from '../core/probe.ts'
import type { Plan } from '../core/resource.ts'
import type { SavedHost, SavedMachine, SavedPlan } from '../core/saved-plan.ts'
import {
  type Deviation,
  deviations,
  doneOf,
  folded,
  machineDeviation,
  outlineDeviations,
  problemOf,
} from './deviations.ts'
import type { Host, Machine, Play } from './play.ts'
import { Seal, type SealedHost, savedHost, sealHost, weakSeal } from './sealing.ts'
import type { Failure } from './world.ts'

/** A host in a play, with what it should be. */
interface Part {
  readonly play: Play
  readonly host: Host<unknown>
  readonly resources: Parameters<typeof sealHost>[3]
}

/** How a plan that was saved and the plan of now compare. */
export interface Comparison {
  /** What stands in the way of doing it, by host; none when it may be done. */
  readonly failures: readonly Failure[]
  /** The same for people: hosts on which the same deviates share a problem. */
  readonly problems: readonly Problem[]
  /** How many of its changes are there already, and how many it has. */
  readonly done: number
  readonly of: number
}

/** How the hosts of a play are gone through, as far as a plan can say. */
const howOf = ({ options: { serial, maxFailures, startTogether, gate } }: Play): string =>
  JSON.stringify({ serial, maxFailures, startTogether, gate: gate?.name })

export class Planned {
  readonly #machines = new Map<string, SavedMachine>()
  readonly #seals = new Map<string, Seal>()
  readonly #seen = new Map<Play, Map<string, SealedHost>>()
  readonly #removals = new Set<Play>()
  /** Of a plan that was saved: what it says of each host of each play, and what of it is done, by machine. */
  readonly #saved = new Map<Play, Map<string, SavedHost>>()
  readonly #done = new Map<string, ReadonlySet<string>>()

  /** Null where a plan is only recorded. */
  readonly saved: SavedPlan | null

  constructor(saved: SavedPlan | null) {
    this.saved = saved
  }

  /** A machine was read: `answers` has those of `identityQuestions`. */
  meet({ key }: Machine, hosts: readonly string[], facts: Facts, answers: Answers): void {
    const seal = new Seal(answers)
    this.#seals.set(key, seal)
    const { addresses, ...rest } = facts
    for (const host of hosts) {
      this.#machines.set(host, {
        host,
        machine: seal.digest(['machine'], ''),
        facts: { ...rest, addresses: [...addresses] },
      })
    }
  }

  /** A play that removes: of a plan that was saved, the ids that it was to remove from a host. */
  removes(play: Play, { name }: Host<unknown>): readonly string[] {
    this.#removals.add(play)
    const saved = this.saved?.plays.findLast((one) => one.play === play.name)
    return saved?.hosts.find(({ host }) => host === name)?.items.map(({ id }) => id) ?? []
  }

  /** A host was planned from `answers`. */
  see(part: Part, plans: readonly Plan[], answers: Answers): void {
    const hosts = this.#seen.get(part.play) ?? new Map<string, SealedHost>()
    this.#seen.set(part.play, hosts)
    const sealed = this.#seal(part, plans, answers)
    if (sealed) hosts.set(part.host.name, sealed)
  }

  #seal({ play, host, resources }: Part, plans: readonly Plan[], answers: Answers): SealedHost | undefined {
    const seal = this.#seals.get(host.machine.key)
    const removal = this.#removals.has(play)
    return seal && { ...sealHost(seal, host.name, play.name, resources, plans, answers), removal }
  }

  /** What those who keep the file should know. */
  warnings(site: readonly Play[]): readonly Problem[] {
    const weak = site.flatMap(({ hosts }) => hosts.filter(({ machine }) => this.#seals.get(machine.key)?.weak))
    return folded(
      [...new Set(weak.map(({ name }) => name))].map((name) => ({ ...weakSeal(name), host: name, play: '', id: '' })),
    )
  }

  /** What was seen of a site, as it is saved. */
  record(site: readonly Play[]): Pick<SavedPlan, 'hosts' | 'plays'> {
    return {
      hosts: [...this.#machines.values()].sort((a, b) => (a.host < b.host ? -1 : 1)),
      plays: site.map((play) => ({
        play: play.name,
        how: howOf(play),
        hosts: play.hosts.flatMap(({ name }) => {
          const sealed = this.#seen.get(play)?.get(name)
          return sealed ? [savedHost(sealed)] : []
        }),
      })),
    }
  }

  /** Holds what was seen of a whole site against the plan that was saved. */
  compare(site: readonly Play[]): Comparison {
    const plays = this.saved?.plays ?? []
    const outline = outlineDeviations(
      plays,
      site.map((play) => ({ play: play.name, how: howOf(play), hosts: play.hosts.map(({ name }) => name) })),
    )
    const machines = (this.saved?.hosts ?? []).flatMap((before): Deviation[] => {
      const now = this.#machines.get(before.host)
      const found = now && machineDeviation(before, now)
      return found
        ? [{ ...found, play: plays.find(({ hosts }) => hosts.some(({ host }) => host === found.host))?.play ?? '' }]
        : []
    })
    // The two lists name the same hosts of the same plays in the same order, or their outlines deviate.
    const before = plays.flatMap(({ hosts }) => hosts)
    const parts = outline.length > 0 ? [] : site.flatMap((play) => play.hosts.map((host) => ({ play, host })))
    const pairs = parts.flatMap(({ play, host }, index) => {
      const [saved, now] = [before[index], this.#seen.get(play)?.get(host.name)]
      return saved && now ? [{ play, host, saved, now }] : []
    })
    for (const { play, host, saved, now } of pairs) {
      this.#saved.set(play, (this.#saved.get(play) ?? new Map<string, SavedHost>()).set(host.name, saved))
      const known = this.#done.get(host.machine.key) ?? []
      this.#done.set(host.machine.key, new Set([...known, ...doneOf(saved, now)]))
    }
    const other = new Set(machines.map(({ host }) => host))
    const items = pairs
      .filter(({ host }) => !other.has(host.name))
      .flatMap(({ play, host, saved, now }) => deviations(saved, now, play.name, { touched: this.#touched(host) }))
    const found = [...outline, ...machines, ...items]
    return {
      failures: failuresOf(found),
      problems: folded(found),
      done: pairs.reduce((sum, { saved, now }) => sum + doneOf(saved, now).length, 0),
      of: before.reduce((sum, { items }) => sum + items.length, 0),
    }
  }

  /** Why a host that was read once more, under its lock, can't be changed as planned. `changed`: on its machine, by this run. */
  moved(part: Part, plans: readonly Plan[], answers: Answers, changed: ReadonlySet<string>): readonly Problem[] {
    const saved = this.#saved.get(part.play)?.get(part.host.name)
    const now = saved && this.#seal(part, plans, answers)
    if (!saved || !now) return []
    const touched = new Set([...this.#touched(part.host), ...changed])
    return deviations(saved, now, part.play.name, { touched }).map(problemOf)
  }

  #touched({ machine }: Host<unknown>): ReadonlySet<string> {
    return this.#done.get(machine.key) ?? new Set()
  }
}

/** One failure for each host of a play. */
function failuresOf(found: readonly Deviation[]): readonly Failure[] {
  const groups = new Map<string, Deviation[]>()
  for (const deviation of found) {
    const key = JSON.stringify([deviation.host, deviation.play])
    groups.set(key, [...(groups.get(key) ?? []), deviation])
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (!first) return []
    const { host, play } = first
    return [{ host, play, kind: 'blocked', problems: group.map(problemOf), done: [], undone: [] } as const]
  })
}
