/** Who should be what: each host of each play with its list of resources. Pure. */
import { type Problem, usageError } from '../core/error.ts'
import type { Facts } from '../core/facts.ts'
import { grouped } from '../core/grouped.ts'
import { once } from '../core/once.ts'
import { type Listing, listProblems, standsOn } from '../core/ordering.ts'
import { noted, type Resource } from '../core/resource.ts'
import { kindOf } from '../core/secret.ts'
import { isResource } from '../core/told.ts'
import type { Host, Machine, Play } from './play.ts'
import { everything, isSelected, selectsAll, type Tags, wordsOf } from './tags.ts'

/** One host in one play, with what it should be. */
export interface Assignment {
  readonly play: Play
  readonly host: Host<unknown>
  readonly ids: readonly string[]
  readonly resources: readonly Resource[]
  readonly tags: Tags
  /** The ids that the run may change; undefined for all of them. */
  readonly selected?: ReadonlySet<string>
  /** For each id what it stands on, in this list and in those of the host's plays before it. Worked out when asked. */
  standsOn(): ReadonlyMap<string, ReadonlySet<string>>
}

interface Placed {
  readonly play: Play
  readonly host: Host<unknown>
}

interface Sorted {
  /** Hosts that are worked on, by machine, in every play they are in. */
  readonly hosts: ReadonlyMap<string, readonly Placed[]>
  /** Members of plays that --limit left out of them. */
  readonly others: ReadonlyMap<string, readonly Placed[]>
}

/** Once for each site: looking through all hosts for each machine would take four times as long for twice as many. */
const sortedSites = new WeakMap<readonly Play[], Sorted>()

function sorted(site: readonly Play[]): Sorted {
  const known = sortedSites.get(site)
  if (known) return known
  const placed = (of: (play: Play) => readonly Host<unknown>[]): ReadonlyMap<string, readonly Placed[]> =>
    grouped(
      site.flatMap((play) => of(play).map((host) => ({ play, host }))),
      ({ host }) => host.machine.key,
    )
  const beside = ({ hosts, members }: Play): readonly Host<unknown>[] => {
    const own = new Set(hosts)
    return members.filter((host) => !own.has(host))
  }
  const made = { hosts: placed(({ hosts }) => hosts), others: placed(beside) }
  sortedSites.set(site, made)
  return made
}

/** The hosts that are one machine, in every play they are in. */
export const hostsOn = (site: readonly Play[], { key }: Machine): readonly Placed[] => sorted(site).hosts.get(key) ?? []

/**
 * The resources of every play for every host of one machine. In a prerequisite nothing is selected. Throws a usage error for lists that contradict themselves.
 */
export function assign(
  site: readonly Play[],
  machine: Machine,
  facts: Facts,
  tags: Tags = everything,
): readonly Assignment[] {
  const declared = hostsOn(site, machine).map(({ play, host }) => ({
    play,
    host,
    resources: listOf(play, host, facts),
  }))
  const listing = ({ play, host, resources }: (typeof declared)[number]): Listing => ({
    host: host.name,
    play: play.name,
    resources,
  })
  const beside = listsBeside(site, machine, facts)
  // Also beside what --limit leaves: two hosts of one machine that want one thing differently do so in every run.
  const places = new Map<string, Listing[]>()
  for (const list of inOrder(site, [...declared, ...beside])) {
    const login = list.play.options.via?.(list.host)
    const place = login ? `${login.host}:${login.port}` : ''
    places.set(place, [...(places.get(place) ?? []), listing(list)])
  }
  const problems: readonly Problem[] = [...places.values()].flatMap(listProblems)
  if (problems.length > 0) throw usageError(...problems)
  const lists = declared.map((list) => ({ ...list, resources: eachOnce(list.resources) }))
  const direct = lists.filter(({ play }) => !play.options.via)
  const standing = new Map<string, () => ReadonlyMap<string, ReadonlySet<string>>>()
  for (const { host } of direct) {
    const whole = (): readonly Resource[] =>
      direct.flatMap((list) => (list.host.name === host.name ? list.resources : []))
    standing.set(host.name, standing.get(host.name) ?? once(() => standsOn(whole())))
  }
  return withAllNotes(lists, [...lists, ...beside]).map(({ play, host, resources }): Assignment => {
    const within = play.options.via ? undefined : standing.get(host.name)
    const assignment = assignmentOf(play, host, resources, tags, within)
    if (selectsAll(tags) && !play.prerequisite) return assignment
    return { ...assignment, selected: new Set(play.prerequisite ? [] : tagged(assignment).map(({ id }) => id)) }
  })
}

/** What a play's function says a host should be. Throws a usage error for what is no list of resources: no compiler sees a playbook. */
function listOf(play: Play, host: Host<unknown>, facts: Facts): readonly Resource[] {
  const list: unknown = play.desired(host, facts)
  const where = `play ${play.name} on ${host.name}`
  if (!Array.isArray(list))
    throw usageError({
      where,
      what: `its function returns ${list instanceof Promise ? 'a promise' : kindOf(list)}, not a list of resources`,
      remedy: list instanceof Promise ? 'make it, and the role, no async function' : 'return [ … ]',
    })
  const at = list.findIndex((one) => !isResource(one))
  if (at >= 0) {
    const nested = Array.isArray(list[at])
    const remedy = nested
      ? 'spread it: ...unit(…)'
      : 'for one that is not always there: ...(condition ? [file(…)] : [])'
    throw usageError({ where, what: `place ${at + 1} of its list is ${kindOf(list[at])}, not a resource`, remedy })
  }
  return list
}

/** What is declared on a machine for hosts that --limit leaves out. */
export const listsBeside = (site: readonly Play[], { key }: Machine, facts: Facts): readonly List[] =>
  (sorted(site).others.get(key) ?? []).map(({ play, host }) => ({ play, host, resources: listOf(play, host, facts) }))

/** In the order of the plays, and of all members of each. */
function inOrder(site: readonly Play[], lists: readonly List[]): readonly List[] {
  const place = ({ play, host }: List): number => play.members.findIndex(({ name }) => name === host.name)
  return lists.toSorted((a, b) => site.indexOf(a.play) - site.indexOf(b.play) || place(a) - place(b))
}

interface List {
  readonly play: Play
  readonly host: Host<unknown>
  readonly resources: readonly Resource[]
}

/** What a list has twice, the very same, is one thing: it stands where it is first, with the needs, notes and tags of all. */
function eachOnce(resources: readonly Resource[]): readonly Resource[] {
  const byId = new Map<string, Resource>()
  for (const one of resources) {
    const first = byId.get(one.id)
    byId.set(one.id, first ? joined(first, one) : one)
  }
  return byId.size < resources.length ? [...byId.values()] : resources
}

function joined(first: Resource, again: Resource): Resource {
  const all = (of: readonly string[] = [], more: readonly string[] = []) => [...new Set([...of, ...more])]
  const notes = (again.notes ?? []).filter((note) => !first.notes?.includes(note))
  const whole = notes.length > 0 ? noted(first, notes) : first
  return { ...whole, needs: all(first.needs, again.needs), tags: all(first.tags, again.tags) }
}

/**
 * What several hosts of a machine declare is changed by one of them, for all: it leaves the notes of all, also of those
 * that --limit leaves out.
 */
function withAllNotes(lists: readonly List[], all: readonly List[]): readonly List[] {
  if (all.length < 2) return lists
  const notes = new Map<string, Set<string>>()
  for (const { play, resources } of all) {
    if (play.options.via) continue
    for (const { id, notes: own = [] } of resources)
      if (own.length > 0) notes.set(id, new Set([...(notes.get(id) ?? []), ...own]))
  }
  return lists.map((list) => {
    if (list.play.options.via) return list
    const resources = list.resources.map((one) => {
      const others = [...(notes.get(one.id) ?? [])].filter((note) => !one.notes?.includes(note))
      return others.length > 0 ? noted(one, others) : one
    })
    return { ...list, resources }
  })
}

/** Every machine of a site's hosts once, in their order. */
export function machinesOf(site: readonly Play[]): readonly Machine[] {
  const machines = new Map<string, Machine>()
  for (const { hosts } of site) for (const { machine } of hosts) machines.set(machine.key, machine)
  return [...machines.values()]
}

/** A list of which everything is selected. `within`: what stands on what, if other lists count as well. */
export const assignmentOf = (
  play: Play,
  host: Host<unknown>,
  resources: readonly Resource[],
  tags: Tags = everything,
  within: Assignment['standsOn'] = once(() => standsOn(resources)),
): Assignment => ({ play, host, ids: resources.map(({ id }) => id), resources, tags, standsOn: within })

/** What the tags find in a list. */
export const tagged = ({
  play,
  resources,
  tags,
}: Pick<Assignment, 'play' | 'resources' | 'tags'>): readonly Resource[] =>
  resources.filter((resource) => isSelected(tags, wordsOf(play, resource)))

/** Whether a run with these tags has anything to do with a list, to change or to look at it. */
export const concerns = (assignment: Assignment): boolean =>
  assignment.selected === undefined || tagged(assignment).length > 0
