/**
 * Whether the members agree: read from what each says of all. A member that says UP may belong to no Raft group, so
 * the groups are looked at too: one leader each, the same everywhere, and exactly the members as peers.
 */
import { at } from './api.ts'
import { raftPeerOf } from './members.ts'
import { atLeast, type Mode, type Version } from './version.ts'

export interface Group {
  /** As `ip:raftport`; empty while there is none. */
  readonly leader: string
  readonly term: number
  readonly peers: readonly string[]
}

export interface Member {
  /** `ip:port`, the port the main one. */
  readonly address: string
  /** UP, STARTING, SUSPICIOUS, DOWN or ISOLATION. */
  readonly state: string
  /** Empty until the member reported it. */
  readonly version: string
  readonly raftPort: string
  /** Undefined when the member reports no Raft groups at all. */
  readonly groups: Readonly<Record<string, Group>> | undefined
}

export interface View {
  /** The member that was asked. */
  readonly from: string
  readonly members: readonly Member[]
}

/** The group of the embedded storage: while a cluster goes over to MySQL, those that have are in it no more. */
const ofStorage = 'nacos_config'

/** The Raft groups a member must belong to. Standalone runs the same groups, with itself as their only peer. */
export function groupsExpected(version: Version, mode: Mode): string[] {
  return [
    ...(atLeast(version, '2.1.0') || mode === 'standalone' ? [] : ['naming_persistent_service']),
    'naming_persistent_service_v2',
    'naming_instance_metadata',
    'naming_service_metadata',
    ...(mode === 'embedded' ? [ofStorage] : []),
  ]
}

/** The members in the answer to `members()`, v1, v2 or v3, sorted by address. Empty for anything else. */
export function readMembers(body: string): Member[] {
  let answer: unknown
  try {
    answer = JSON.parse(body)
  } catch {
    return []
  }
  const list = at(answer, 'data')
  if (!Array.isArray(list)) return []
  return list.map(readMember).sort((a, b) => (a.address < b.address ? -1 : 1))
}

const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')

/** The Raft groups that a member (`ip:port`) leads, as each view says of the member it is from. Sorted. */
export function ledBy(member: string, views: readonly View[]): readonly string[] {
  const own = views.flatMap(({ from, members }) =>
    Object.entries(members.find(({ address }) => address === from)?.groups ?? {}),
  )
  const led = own.filter(([, { leader }]) => leader === raftPeerOf(member)).map(([group]) => group)
  return [...new Set(led)].sort()
}

function readMember(member: unknown): Member {
  const groups = at(member, 'extendInfo', 'raftMetaData', 'metaDataMap')
  return {
    address: text(at(member, 'address')) || `${text(at(member, 'ip'))}:${text(at(member, 'port'))}`,
    state: text(at(member, 'state')),
    version: text(at(member, 'extendInfo', 'version')),
    raftPort: text(at(member, 'extendInfo', 'raftPort')),
    groups:
      typeof groups === 'object' && groups !== null
        ? Object.fromEntries(Object.entries(groups).map(([name, group]) => [name, readGroup(group)]))
        : undefined,
  }
}

function readGroup(group: unknown): Group {
  const peers = at(group, 'raftGroupMember')
  return {
    leader: text(at(group, 'leader')),
    term: Number(at(group, 'term') ?? 0),
    peers: Array.isArray(peers) ? peers.map(text).sort() : [],
  }
}

/**
 * What keeps `views` (one of each member) from being one healthy cluster of exactly `expected` (`ip:port`) with the
 * Raft groups `groups` (any further group must be whole too: who runs the version of a member that is in it must be in it as
 * well). Empty when all is well. What a member says of ITSELF counts for Raft: its view of others lags.
 */
export function clusterProblems(
  views: readonly View[],
  expected: readonly string[],
  groups: readonly string[],
): string[] {
  const silent = expected.filter((member) => !views.some(({ from }) => from === member))
  const peers = expected.map(raftPeerOf).sort()
  const found = views.flatMap(({ from, members }) =>
    Object.keys(members.find(({ address }) => address === from)?.groups ?? {}),
  )
  return [
    ...silent.map((member) => `${member} was not asked or did not answer`),
    ...views.flatMap((view) => viewProblems(view, expected)),
    ...[...new Set([...groups, ...found.sort()])].flatMap((group) =>
      groupProblems(group, groups.includes(group), views, peers),
    ),
  ]
}

/**
 * What keeps the members that `views` are from from being one healthy cluster without the rest of `all`: who is not asked may be
 * in any state, and is still a peer. `leaving` may still lead, since leadership can be handed over; another of the rest only
 * where all see it UP, for then it is we alone who can't ask it.
 */
export function problemsWithout(
  leaving: string,
  views: readonly View[],
  all: readonly string[],
  groups: readonly string[],
): string[] {
  const staying = views.map(({ from }) => from)
  const rest = all.filter((member) => !staying.includes(member))
  const peers = rest.map(raftPeerOf)
  const among = (group: Group): Group => ({ ...group, peers: group.peers.filter((peer) => !peers.includes(peer)) })
  const seen = views.map(({ from, members }) => ({
    from,
    members: members
      .filter(({ address }) => !rest.includes(address))
      .map((member) => ({ ...member, groups: member.groups && mapValues(member.groups, among) })),
  }))
  const problems = clusterProblems(seen, staying, groups)
  const following = (member: string) => (what: string) => what.includes(` follows ${raftPeerOf(member)} in `)
  const isUp = (member: string): boolean =>
    views.every(({ members }) => members.some(({ address, state }) => address === member && state === 'UP'))
  return [
    ...problems.filter((what) => !rest.some((member) => following(member)(what))),
    ...rest.flatMap((member) => {
      const [first] = problems.filter(following(member))
      return first === undefined || member === leaving || isUp(member)
        ? []
        : [`${first.replace(/ in .*/, '')}, which can't be asked and is not UP to all others`]
    }),
  ]
}

const mapValues = <T>(values: Readonly<Record<string, T>>, work: (value: T) => T): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, work(value)]))

function viewProblems({ from, members }: View, expected: readonly string[]): string[] {
  const seen = members.map(({ address }) => address)
  return [
    ...expected.filter((member) => !seen.includes(member)).map((member) => `${from} does not know ${member}`),
    ...seen
      .filter((member) => !expected.includes(member))
      .map((member) => `${from} counts ${member} as a member, the inventory does not`),
    ...members
      .filter(({ address, state }) => state !== 'UP' && expected.includes(address))
      .map(({ address, state }) => `${from} sees ${address} ${state || 'without a state'}`),
    ...(members.find(({ address }) => address === from)?.groups === undefined && seen.includes(from)
      ? [`${from} reports no Raft groups (no raftMetaData)`]
      : []),
  ]
}

const saysNothing = 'says nothing of the Raft group'

/** Whether a problem of `clusterProblems` is that a member does not tell of a group. */
export const isUntold = (problem: string): boolean => problem.includes(` ${saysNothing} `)

/** Whether what a member has noted of a group is from its leader: who waits for that may have an entry without peers. */
export const isTold = (group: Group | undefined): group is Group => group !== undefined && group.peers.length > 0

/** A member that says nothing of a group of which its leader counts it as a peer. */
export interface Untold {
  readonly member: string
  readonly group: string
  /** As `ip:raftport`. */
  readonly leader: string
}

/**
 * The members that are in a group and do not tell of it. Nacos notes a group when the member hears of its leader, and loses
 * that note when it comes before the group is set up (`NacosStateMachine.allPeers` throws; seen with 2.2.4 on a busy
 * machine): it then says nothing until another leader is elected.
 */
export function untold(views: readonly View[]): readonly Untold[] {
  const own = views.map(({ from, members }) => ({
    from,
    groups: members.find(({ address }) => address === from)?.groups ?? {},
  }))
  return own.flatMap(({ from: leading, groups }) =>
    Object.entries(groups)
      .filter(([, { leader }]) => leader === raftPeerOf(leading))
      .flatMap(([group, { leader, peers }]) =>
        own
          .filter(({ from, groups }) => peers.includes(raftPeerOf(from)) && !isTold(groups[group]))
          .map(({ from }) => ({ member: from, group, leader })),
      ),
  )
}

function groupProblems(group: string, needed: boolean, views: readonly View[], peers: readonly string[]): string[] {
  const own = views.flatMap(({ from, members }) => {
    const { groups, version } = members.find(({ address }) => address === from) ?? {}
    return groups ? [{ from, version, state: groups[group] }] : []
  })
  // A version makes its groups on every member alike.
  const inIt = new Set(own.flatMap(({ state, version }) => (state && version && group !== ofStorage ? [version] : [])))
  const leaders = new Set(own.map(({ state }) => state?.leader ?? '').filter((leader) => leader !== ''))
  return [
    ...own.flatMap(({ from, version, state }) => {
      if (!state || (leaders.size > 0 && !isTold(state)))
        return needed || (version && inIt.has(version)) ? [`${from} ${saysNothing} ${group}`] : []
      if (state.leader === '') return [`${from} knows no leader of ${group}`]
      if (!peers.includes(state.leader)) return [`${from} follows ${state.leader} in ${group}, which is no member`]
      return []
    }),
    ...(leaders.size > 1 ? [`${group} has ${leaders.size} leaders: ${[...leaders].sort().join(', ')}`] : []),
    ...own.flatMap(({ from, state }) => (isTold(state) ? peerProblems(group, from, state.peers, peers) : [])),
  ]
}

function peerProblems(group: string, from: string, actual: readonly string[], wanted: readonly string[]): string[] {
  const missing = wanted.filter((peer) => !actual.includes(peer))
  const stray = actual.filter((peer) => !wanted.includes(peer))
  return [
    // Each by itself: a gate that leaves out what is said of some must not lose the others with them.
    ...missing.map((peer) => `${group} at ${from} lacks the peer ${peer}`),
    ...(stray.length > 0 ? [`${group} at ${from} has the stray peer ${stray.join(', ')}`] : []),
  ]
}
