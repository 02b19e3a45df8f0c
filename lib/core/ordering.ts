/** Checks of lists of resources, made at the desk: order of the list is order of apply. Pure. */
import type { Problem } from './error.ts'
import type { Resource } from './resource.ts'
import { sha256 } from './secret.ts'

/** Kinds that own a path; others only speak of one. */
const owning = new Set(['directory', 'file', 'symlink', 'release', 'properties', 'line-set'])

const pathOf = (id: string): string | undefined => (owning.has(kindOf(id)) ? pathIn(id) : undefined)

/**
 * One of the ways to write a path: no `//`, no `.`, no `/` at its end. What `..` leads to only the host knows, for its links.
 * Nearly all are written so already, and a large fleet has many: seeing that is what has to be quick.
 */
const spelled = (path: string): string =>
  path.includes('//') || path.includes('/.') || path.endsWith('/') ? path.replaceAll(/\/\.?(?=\/|$)/g, '') || '/' : path

const kindOf = (id: string): string => id.slice(0, id.indexOf(':'))

/** The path that an id is written with, also of a kind of one's own, and of one that only speaks of it. */
function pathIn(id: string): string | undefined {
  const key = id.slice(id.indexOf(':') + 1)
  return key.startsWith('/') ? spelled(key) : undefined
}

/**
 * What an id stands for: its path, whatever kind it is declared as and however that is written, or itself. Whether a kind of
 * one's own owns its path nobody knows, and what is not known to be left over must stay: so any path counts.
 */
export const subjectOf = (id: string): string => pathIn(id) ?? id

/** The same ids, with each path after those that lead through it: the order to remove them in. All others stay in their places. */
export function innermostFirst(ids: readonly string[]): readonly string[] {
  const sorted: string[] = []
  for (const id of ids.toReversed()) {
    const folder = `${pathOf(id)}/`
    const last = sorted.findLastIndex((other) => pathOf(other)?.startsWith(folder))
    sorted.splice(last + 1, 0, id)
  }
  return sorted
}

/** Those of these ids whose paths lead through that of one: what has to go before it does. */
export const within = (id: string, ids: readonly string[]): readonly string[] =>
  ids.filter((other) => pathOf(other)?.startsWith(`${pathOf(id)}/`))

/** What is known of the folders above a path, the nearest first; the root is none. */
function* above<T>(path: string, known: ReadonlyMap<string, T>): Generator<T> {
  for (let cut = path.lastIndexOf('/'); cut > 0; cut = path.lastIndexOf('/', cut - 1)) {
    const one = known.get(path.slice(0, cut))
    if (one !== undefined) yield one
  }
}

/**
 * For the id of every resource of a list: the ids before it that it stands on, also by way of others. These are what it
 * needs (the owner of a file, what a unit runs with), what its path leads through (directories, links, releases), and
 * every requirement before it, which guards all that follows. Pure; what comes after it in the list is not looked at.
 */
export function standsOn(resources: readonly Resource[]): ReadonlyMap<string, ReadonlySet<string>> {
  const all = new Map<string, ReadonlySet<string>>()
  const owners = new Map<string, string>()
  const guards: string[] = []
  for (const { id, needs = [], guards: isGuard } of resources) {
    const path = pathOf(id)
    const folders = path === undefined ? [] : above(path, owners)
    const direct = [...needs, ...folders, ...guards].filter((one) => one !== id && all.has(one))
    all.set(id, new Set(direct.flatMap((one) => [one, ...(all.get(one) ?? [])])))
    if (path !== undefined) owners.set(path, id)
    if (isGuard) guards.push(id)
  }
  return all
}

/** What one host should be in one play, in the order of apply. */
export interface Listing {
  readonly host: string
  readonly play: string
  readonly resources: readonly Resource[]
}

/** One resource and where it was declared. */
interface Entry {
  readonly listing: Listing
  /** From 0, in its list. */
  readonly index: number
  /** From 0, among all that is applied to its machine. */
  readonly turn: number
  readonly resource: Resource
  /** The path it owns, if its kind owns one. */
  readonly path: string | undefined
}

const placeOf = ({ listing, index }: Entry): string => `place ${index + 1} of play ${listing.play}`
const named = (entry: Entry): string => `${entry.resource.id} (${placeOf(entry)})`
/** Whose list it is in, where that is another host's than the one that is spoken of. */
const whose = ({ listing: { host } }: Entry, spoken: Entry): string =>
  host === spoken.listing.host ? '' : ` for ${host}, on the same machine`
const namedFrom = (entry: Entry, spoken: Entry): string => `${named(entry)}${whose(entry, spoken)}`

/**
 * All that contradicts itself in the lists of one machine, which come in the order of the plays and of their hosts: what
 * comes before a thing it needs or is in, needs that go in a circle, what is inside of something that has no room for it,
 * and two that own one thing and do not say the very same of it. Each problem names both places. What a host declares
 * itself has to be right without the others, which --limit may leave out.
 */
export function listProblems(lists: readonly Listing[]): readonly Problem[] {
  const shape = shapeOf(lists)
  if (sound.has(shape)) return []
  const entries: Entry[] = []
  const byHost = new Map<string, Entry[]>()
  for (const listing of lists) {
    const own = byHost.get(listing.host) ?? []
    byHost.set(listing.host, own)
    listing.resources.forEach((resource, index) => {
      const entry = { listing, index, turn: entries.length, resource, path: pathOf(resource.id) }
      own.push(entry)
      entries.push(entry)
    })
  }
  const ordered = [...byHost.values()].flatMap((own) =>
    // A host's own come before those of the others.
    orderProblems(own, firsts(byHost.size === 1 ? own : [...own, ...entries])),
  )
  const links = linksOf(entries)
  const subject = ({ path, resource }: Entry): string => (path === undefined ? resource.id : placeBehind(path, links))
  const problems = [...ordered, ...contradictions(entries, subject)]
  // What two say of one thing is part of no shape, so there must be no two.
  const subjects = new Set(entries.map(subject))
  if (problems.length === 0 && subjects.size === entries.length) sound.add(shape)
  return problems
}

/** Shapes in which nothing is wrong: the hosts of a large fleet mostly have one and the same. */
const sound = new Set<string>()

/** A digest of all that an order can be wrong by: which host, which ids, and what each of them needs. The text would be kept for each. */
function shapeOf(lists: readonly Listing[]): string {
  const hosts = [...new Set(lists.map(({ host }) => host))]
  let shape = ''
  for (const { host, resources } of lists) {
    shape += `${hosts.indexOf(host)}\0`
    for (const { id, needs } of resources) shape += needs === undefined ? `${id}\0` : `${id}\0\0${needs.join('\0\0')}\0`
  }
  return sha256(shape)
}

/** Where each thing is declared first, by id and by path. */
interface Firsts {
  readonly byId: ReadonlyMap<string, Entry>
  readonly byPath: ReadonlyMap<string, Entry>
}

function firsts(entries: readonly Entry[]): Firsts {
  const byId = new Map<string, Entry>()
  const byPath = new Map<string, Entry>()
  for (const entry of entries) {
    const { resource, path } = entry
    if (!byId.has(resource.id)) byId.set(resource.id, entry)
    if (path !== undefined && !byPath.has(path)) byPath.set(path, entry)
  }
  return { byId, byPath }
}

function orderProblems(entries: readonly Entry[], { byId, byPath }: Firsts): readonly Problem[] {
  let circle: readonly Entry[] | undefined
  const problems: Problem[] = []
  for (const entry of entries) {
    for (const need of entry.resource.needs ?? []) {
      const other = byId.get(need)
      if (!other || other.turn < entry.turn) continue
      // Where everything comes after what it needs, nothing goes in a circle.
      circle ??= circleIn(byId)
      if (other === entry || (circle.includes(entry) && circle.includes(other))) continue
      problems.push(problem(entry, `comes before ${namedFrom(other, entry)}, which it needs`, listFirst(other, entry)))
    }
    const inside = folderProblem(entry, byId, byPath)
    if (inside) problems.push(inside)
  }
  return [...circleProblems(circle ?? []), ...problems]
}

const problem = (entry: Entry, what: string, remedy: string): Problem => ({
  where: entry.listing.host,
  what: `${named(entry)} ${what}`,
  remedy,
})

const listFirst = (other: Entry, entry: Entry): string =>
  whose(other, entry) === ''
    ? `list ${other.resource.id} first`
    : `list ${other.resource.id} for ${entry.listing.host} too, before it`

/** What is wrong with the folders that a path leads through: the nearest that is declared and is none, or comes later. */
function folderProblem(
  entry: Entry,
  byId: ReadonlyMap<string, Entry>,
  byPath: ReadonlyMap<string, Entry>,
): Problem | undefined {
  // A directory makes those above it: another host's of the machine may come later, and give them their owner.
  let made = kindOf(entry.resource.id) === 'directory'
  for (const other of entry.path === undefined ? [] : above(entry.path, byPath)) {
    const { id, needs = [] } = other.resource
    if (/^(?:file|properties|line-set):/.test(id))
      return problem(
        entry,
        `is inside ${namedFrom(other, entry)}, which is no folder`,
        'choose another path for one of them',
      )
    const behind = id.startsWith('symlink:') ? needs.find((need) => need.startsWith('release:') && byId.has(need)) : id
    const release = behind?.startsWith('release:') ? byId.get(behind) : undefined
    if (release) {
      const what = `is inside ${namedFrom(release, entry)}, whose content is that of its archive and nothing else`
      return problem(entry, what, 'declare it beside the release, and let the program find it there')
    }
    const isDirectory = kindOf(id) === 'directory'
    if (other.turn > entry.turn && !(made && isDirectory && whose(other, entry) !== ''))
      return problem(entry, `comes before ${namedFrom(other, entry)}, in which it is`, listFirst(other, entry))
    made ||= isDirectory
  }
  return undefined
}

/** Resources that need each other in a circle, the first one found; empty when there is none. */
function circleIn(byId: ReadonlyMap<string, Entry>): readonly Entry[] {
  const done = new Set<Entry>()
  const way: Entry[] = []
  const follow = (entry: Entry): readonly Entry[] | undefined => {
    if (done.has(entry)) return undefined
    if (way.includes(entry)) return way.slice(way.indexOf(entry))
    way.push(entry)
    for (const need of entry.resource.needs ?? []) {
      const next = byId.get(need)
      const circle = next && follow(next)
      if (circle) return circle
    }
    way.pop()
    done.add(entry)
    return undefined
  }
  for (const entry of byId.values()) {
    const circle = follow(entry)
    if (circle) return circle
  }
  return []
}

function circleProblems(circle: readonly Entry[]): readonly Problem[] {
  const [first] = circle
  if (!first) return []
  const rest = [...circle.slice(1), first].map((entry) => namedFrom(entry, first)).join(', which needs ')
  return [problem(first, `needs ${rest}: no order can satisfy that`, 'take one of these needs away')]
}

/** Where the links among these lead to, by their paths. */
function linksOf(entries: readonly Entry[]): ReadonlyMap<string, string> {
  const links = entries.flatMap(({ path, resource: { id, needs } }) => {
    const target = kindOf(id) === 'symlink' ? needs?.map(pathIn).find((one) => one !== undefined) : undefined
    return path === undefined || target === undefined ? [] : [[path, target] as const]
  })
  return new Map(links)
}

/** Where a path is, behind the links that it leads through, each of them once; other links only the host knows. */
function placeBehind(path: string, links: ReadonlyMap<string, string>): string {
  if (links.size === 0) return path
  for (let cut = path.indexOf('/', 1); cut > 0; cut = path.indexOf('/', cut + 1)) {
    const link = path.slice(0, cut)
    const target = links.get(link)
    if (target === undefined) continue
    return placeBehind(spelled(`${target}${path.slice(cut)}`), new Map([...links].filter(([one]) => one !== link)))
  }
  return path
}

/** What is said differently of one thing: each would undo the other, and no run would ever be the last. */
function contradictions(entries: readonly Entry[], subjectIn: (entry: Entry) => string): readonly Problem[] {
  const owners = new Map<string, Entry>()
  const problems: Problem[] = []
  for (const entry of entries) {
    const subject = subjectIn(entry)
    const owner = owners.get(subject)
    if (!owner) owners.set(subject, entry)
    else if (owner.resource.digest() !== entry.resource.digest()) problems.push(contradiction(entry, owner))
  }
  return problems
}

function contradiction(entry: Entry, owner: Entry): Problem {
  const other = whose(owner, entry)
  const [own, first] = [entry.resource.id, owner.resource.id]
  if (own === first)
    return problem(
      entry,
      `is something else at ${placeOf(owner)}${other}`,
      'declare it once, or the very same at both places',
    )
  const remedy = kindOf(own) === kindOf(first) ? 'write it alike at both places' : 'choose another path for one of them'
  const way = entry.path === owner.path ? '' : ', by way of a link that is declared'
  return problem(entry, `owns the same path as ${named(owner)}${other}${way}`, remedy)
}
