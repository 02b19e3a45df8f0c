/** Members that are in a Raft group and do not tell of it, of which nothing but a new leader makes them hear. */
import type { Problem } from '../lib/core/error.ts'
import type { Missing } from '../lib/engine/play.ts'
import { isAccepted } from '../lib/nacos/api.ts'
import { groupsExpected, isUntold, type Untold, untold, type View } from '../lib/nacos/cluster.ts'
import { transferProblems } from '../lib/nacos/leadership.ts'
import { raftPeerOf } from '../lib/nacos/members.ts'
import { ask, client, login, type NodeScope, tried, viewsOf } from './nacos-http.ts'
import { memberOfNode, type Node, nameOfPeer } from './nacos-node.ts'

/** Looks in a row until nothing more is to be expected of a member: it tells within some seconds of its start, or never. */
const patience = 15
/** Looks from one attempt to the next. */
const interval = 45

/** Lets other members lead the groups that somebody does not tell of, where that alone is missing for too long. */
export class Untelling {
  #looks = 0

  /** @returns what is missing, and with the look on which something is done about it, that */
  async look(scope: NodeScope, missing: readonly Missing[]): Promise<readonly Missing[]> {
    const alone = missing.length > 0 && missing.every(({ what }) => isUntold(what))
    this.#looks = alone ? this.#looks + 1 : 0
    if (this.#looks % interval !== patience) return missing
    const views = await viewsOf(scope, scope.hosts)
    const done = new Map<string, string>()
    for (const { group, leader } of untold(views))
      if (!done.has(group)) done.set(group, await leadAnew(scope, group, leader, views))
    return missing.map((item) => {
      const [, what] = [...done].find(([group]) => item.what.endsWith(` ${group}`)) ?? []
      return what === undefined ? item : { ...item, what: `${item.what}; ${what}` }
    })
  }
}

/** Why members do not tell, and what makes them; of each group once. */
export async function explainUntold(scope: NodeScope, missing: readonly Missing[]): Promise<readonly Problem[]> {
  if (!missing.some(({ what }) => isUntold(what))) return []
  const found = untold(await viewsOf(scope, scope.hosts))
  const first = found.filter((one, index) => found.findIndex(({ member }) => member === one.member) === index)
  return first.map((one) => problemOf(one, scope.hosts))
}

const problemOf = ({ member, group, leader }: Untold, nodes: readonly Node[]): Problem => {
  const name = nodes.find((node) => memberOfNode(node) === member)?.name ?? member
  return {
    where: `${name}: a lost note`,
    what: `its leader counts it in ${group}; a member that hears of its leader while it starts may lose its note of that`,
    remedy: `let another member lead: playbooks/leader.ts with -e off=${nameOfPeer(nodes, leader)}`,
  }
}

/** @returns what was done, or why it was not, in words */
async function leadAnew(scope: NodeScope, group: string, leader: string, views: readonly View[]): Promise<string> {
  const members = scope.hosts.map(memberOfNode)
  const to = scope.hosts.find((node) => {
    const { version, mode } = node.params.nacos
    const member = memberOfNode(node)
    return (
      raftPeerOf(member) !== leader &&
      transferProblems(views, member, members, [...groupsExpected(version, mode), group]).length === 0
    )
  })
  if (!to) return 'no other member can lead it'
  const answer = await tried(async () =>
    ask(scope, to, client(to, await login(scope, to, true)).transferLeader(group, raftPeerOf(memberOfNode(to)))),
  )
  if (typeof answer === 'string') return `${to.name} could not be made its leader: ${answer}`
  return isAccepted(answer.status, answer.body)
    ? `${to.name} is made its leader, so that it is heard of`
    : `${to.name} could not be made its leader: HTTP ${answer.status} ${answer.body.trim().slice(0, 120)}`
}
