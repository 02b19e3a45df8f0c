/** Moving the leadership of a cluster's Raft groups, to a node or off one. */
import { hostError } from '../lib/core/error.ts'
import { type Action, blocked, done, due, type Reach, type Sight, type Work } from '../lib/engine/procedure.ts'
import { isAccepted } from '../lib/nacos/api.ts'
import { groupsExpected, type View } from '../lib/nacos/cluster.ts'
import { leadersOf, ledBy, transferProblems } from '../lib/nacos/leadership.ts'
import { raftPeerOf } from '../lib/nacos/members.ts'
import { ask, client, evenSo, login, viewsOf } from './nacos-http.ts'
import { memberOfNode, type Node, nameOfPeer } from './nacos-node.ts'

/** Seconds until a group has elected whom it was told to. */
const election = 60
/** While one election is under way the next may find no leader to ask: so often it is tried, a second apart. */
const attempts = 10

const groupsText = (count: number): string => `${count} Raft group${count === 1 ? '' : 's'}`
const groupsOf = ({ params: { nacos } }: Node): readonly string[] => groupsExpected(nacos.version, nacos.mode)

const problem = (where: string, what: string) => ({
  where,
  what,
  remedy: 'bring the members to agree first: playbooks/members.ts shows them, playbooks/site.ts mends them',
})

/** All groups are led by `to`. */
export function leadershipTo(to: Node, nodes: readonly Node[]): Action {
  const look = async (reach: Reach): Promise<Sight> => {
    const views = await viewsOf(reach.scope(nodes), nodes)
    const leaders = leadersOf(views)
    const own = ledBy(views, memberOfNode(to))
    if (leaders.size > 0 && own.length === leaders.size) return done(`${to.name} leads all ${groupsText(own.length)}`)
    const problems = transferProblems(views, memberOfNode(to), nodes.map(memberOfNode), groupsOf(to))
    if (problems.length > 0) return blocked(...problems.map((what) => problem(to.name, what)))
    const others = [...leaders].filter(([group]) => !own.includes(group))
    const found = others.map(([group, leader]) => `${group} is led by ${nameOfPeer(nodes, leader)}`).join(', ')
    return due(found, `hand ${groupsText(others.length)} to ${to.name}`)
  }
  return {
    name: `hand leadership to ${to.name}`,
    host: to,
    locks: nodes.map((host) => ({ host })),
    wants: `${to.name} leads every Raft group`,
    deadline: election,
    look,
    work: async (work) => {
      const views = await viewsOf(work.scope(nodes), nodes)
      const own = ledBy(views, memberOfNode(to))
      for (const group of leadersOf(views).keys()) if (!own.includes(group)) await hand(work, nodes, group, to)
    },
  }
}

/**
 * No group is led by `off`; the first other member that may lead takes over. Forced it is asked for once, and what stays
 * with `off`, or without a leader, is left so.
 */
export function leadershipOff(off: Node, nodes: readonly Node[], force = false): Action {
  const others = nodes.filter((node) => node !== off)
  const successor = (views: readonly View[]): Node | readonly string[] => {
    const why = others.map((node) => ({ node, problems: reasonsAgainst(views, node, off, nodes) }))
    return why.find(({ problems }) => problems.length === 0)?.node ?? why.flatMap(({ problems }) => problems)
  }
  const ledByOff = (leaders: ReadonlyMap<string, string>): readonly string[] =>
    [...leaders].filter(([, leader]) => leader === raftPeerOf(memberOfNode(off))).map(([group]) => group)
  /** How often it is looked at, once it was asked for, until what is forced goes on without it. */
  let patience = attempts
  let asked = false
  const look = async (reach: Reach): Promise<Sight> => {
    if (others.length === 0 || off.params.nacos.mode === 'standalone') return done('it stands alone')
    const views = await viewsOf(reach.scope(nodes), nodes)
    const leaders = leadersBeside(views, off)
    const led = ledByOff(leaders)
    // Who does not answer leads nothing any more once the others have noticed.
    if (views.length === 0) return done('no member answers, so that none leads')
    const open = [...leaders].filter(([, leader]) => leader === '').map(([group]) => group)
    if (led.length === 0 && open.length === 0) return done(`${off.name} leads no Raft group`)
    const leads = `${off.name} leads ${led.join(', ')}`
    const found = led.length > 0 ? leads : `${open.join(', ')} without a leader`
    const to = successor(views)
    if (force && (led.length === 0 || !('name' in to) || (asked && patience-- <= 0)))
      return done(`${found}, and is left so (--force)`)
    if (!('name' in to)) return blocked(...to.map((what) => problem(off.name, what)))
    if (led.length === 0) return due(found, 'wait until there is one')
    return due(found, `hand ${groupsText(led.length)} to ${to.name}`)
  }
  return {
    name: `move leadership off ${off.name}`,
    host: off,
    locks: nodes.map((host) => ({ host })),
    wants: `${off.name} leads no Raft group`,
    deadline: election,
    look,
    work: async (work) => {
      const views = await viewsOf(work.scope(nodes), nodes)
      const to = successor(views)
      if (!('name' in to)) return
      for (const group of ledByOff(leadersBeside(views, off))) await hand(work, nodes, group, to, force)
      asked = true
    },
  }
}

/** The leaders as the others tell them: `off` may be the one that is not well. Its own word counts for groups of which none of them tells. */
function leadersBeside(views: readonly View[], off: Node): ReadonlyMap<string, string> {
  const own = memberOfNode(off)
  const [mine, theirs] = [true, false].map((is) => leadersOf(views.filter(({ from }) => (from === own) === is)))
  return new Map([...(mine ?? []), ...(theirs ?? [])])
}

/** `off` itself need not be well: it is about to be left. */
function reasonsAgainst(views: readonly View[], node: Node, off: Node, nodes: readonly Node[]): readonly string[] {
  const others = views.filter(({ from }) => from !== memberOfNode(off))
  const stray = memberOfNode(off)
  return transferProblems(others, memberOfNode(node), nodes.map(memberOfNode), groupsOf(node)).filter(
    (what) => !what.startsWith(`${stray} `),
  )
}

/** Forced, it does not matter whether it is taken. */
async function hand(work: Work, nodes: readonly Node[], group: string, to: Node, force = false): Promise<void> {
  const scope = work.scope(nodes)
  const call = client(to).transferLeader(group, raftPeerOf(memberOfNode(to)))
  const transfer = async (): Promise<void> => {
    const token = await login(scope, to, true)
    for (let attempt = 1; ; attempt++) {
      const { status, body } = await ask(
        scope,
        to,
        client(to, token).transferLeader(group, raftPeerOf(memberOfNode(to))),
      )
      if (isAccepted(status, body)) return
      const refused = status === 401 || status === 403
      if (refused || attempt >= attempts) {
        const remedy = refused
          ? 'declare nacos.auth.admin_password: only an administrator may move leaders'
          : 'see logs/protocol-raft.log of the members, then run again'
        throw hostError({
          where: to.name,
          what: `it did not take ${group}: HTTP ${status} ${body.trim().slice(0, 160)}`,
          remedy,
        })
      }
      await work.sleep(1)
    }
  }
  await work.deed(to.name, `hand ${group} to ${to.name}`, `${call.method} ${call.path} ${call.json}`, () =>
    force ? evenSo(transfer) : transfer(),
  )
}
