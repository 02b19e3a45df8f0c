/** Who leads which Raft group, and what keeps a member from leading: read from what the members say. */
import { at } from './api.ts'
import { clusterProblems, isTold, type View } from './cluster.ts'
import { raftPeerOf } from './members.ts'
import { atLeast, type Version } from './version.ts'

/**
 * The leader of every group, by what each member says of itself; empty while there is none, or while they disagree. Who has
 * heard of none, while others have, has no say.
 * @param views one for each member that was asked
 */
export function leadersOf(views: readonly View[]): ReadonlyMap<string, string> {
  const said = views.flatMap(({ from, members }) =>
    Object.entries(members.find(({ address }) => address === from)?.groups ?? {}),
  )
  const leaders = new Map<string, string>()
  const heard = new Set(said.flatMap(([group, state]) => (isTold(state) ? [group] : [])))
  for (const [group, state] of said) {
    if (heard.has(group) && !isTold(state)) continue
    const { leader } = state
    const before = leaders.get(group)
    leaders.set(group, before === undefined || before === leader ? leader : '')
  }
  return new Map([...leaders].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The groups that a member leads. */
export const ledBy = (views: readonly View[], member: string): readonly string[] =>
  [...leadersOf(views)].filter(([, leader]) => leader === raftPeerOf(member)).map(([group]) => group)

/**
 * Why leadership must not go to `target` now: it is not UP in every member's eyes, or its groups are not whole. Empty
 * when it may. `expected` are the members that must be there (`ip:port`). Another member that says nothing of a group is no
 * reason: a new leader is what makes it tell.
 */
export function transferProblems(
  views: readonly View[],
  target: string,
  expected: readonly string[],
  groups: readonly string[],
): readonly string[] {
  const states = views
    .map(({ from, members }) => ({ from, state: members.find(({ address }) => address === target)?.state ?? '' }))
    .filter(({ state }) => state !== 'UP')
    .map(({ from, state }) => `${from} sees ${target} ${state === '' ? 'not at all' : state}`)
  const peer = raftPeerOf(target)
  const own = views.find(({ from }) => from === target)
  const groupsThere = own?.members.find(({ address }) => address === target)?.groups ?? {}
  const parts = groups
    .filter((group) => !groupsThere[group]?.peers.includes(peer))
    .map((group) => `${target} is no peer of ${group}`)
  const whole = clusterProblems(views, expected, groups).filter((what) => what.includes(' peer '))
  return [...(own ? [] : [`${target} does not answer`]), ...new Set([...states, ...parts, ...whole])]
}

/** Whether a version can ask its clients to connect elsewhere. */
export const movesClients = (version: Version): boolean => atLeast(version, '2.2.0')

/** How many clients, other members not counted, are connected; undefined for an answer that is none. */
export function readClients(status: number, body: string): number | undefined {
  let answer: unknown
  try {
    answer = JSON.parse(body)
  } catch {
    return undefined
  }
  const connections = at(answer, 'data') ?? answer
  if (status !== 200 || typeof connections !== 'object' || connections === null) return undefined
  return Object.values(connections).filter((one) => at(one, 'metaInfo', 'labels', 'source') !== 'cluster').length
}
