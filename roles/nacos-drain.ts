/** Taking one node out of service before its machine is worked on, so that nobody notices; and back again. */
import { hostError } from '../lib/core/error.ts'
import { type Action, blocked, done, due, passing, type Reach, type Sight } from '../lib/engine/procedure.ts'
import { movesClients, readClients } from '../lib/nacos/leadership.ts'
import { isMajority } from '../lib/nacos/members.ts'
import { missingWithout, nacosHealthy } from './nacos-health.ts'
import { ask, client, evenSo, login, tried } from './nacos-http.ts'
import { leadershipOff } from './nacos-leader.ts'
import type { NacosNode, Node } from './nacos-node.ts'
import { startNode, stopNode, unitState, waitHealthy } from './nacos-service-state.ts'

/** A server moves its clients every three seconds; so long it is asked again. */
const patience = 30

/**
 * Leadership and clients go elsewhere, then the unit stops. Refused where no majority would be left that is well, unless
 * forced; forced it also stops under clients that do not go.
 */
export const drain = (node: Node, nodes: readonly Node[], force: boolean): readonly Action[] => [
  leadershipOff(node, nodes, force),
  clientsOff(node, nodes, force),
  stopNode(node, nodes, { against: async (reach) => (force ? undefined : othersNotEnough(reach, node, nodes)) }),
]

/** The unit starts, and the cluster is whole again. */
export const undrain = (node: Node, nodes: readonly Node[]): readonly Action[] => {
  const start = startNode(node, nodes)
  return [start, waitHealthy([node], nodes, [start.name])]
}

/** Why the others are not enough; undefined if they are. */
async function othersNotEnough(reach: Reach, node: Node, nodes: readonly Node[]): Promise<Sight | undefined> {
  const gate = nacosHealthy()
  const scope = reach.scope<NacosNode>(nodes)
  const serving = await gate.serving(scope)
  const left = nodes.filter(({ name }) => name !== node.name && serving.has(name))
  if (isMajority(left.length, nodes.length)) {
    const missing = await missingWithout(scope, node, left)
    if (missing.length === 0) return undefined
    const remedy = `mend that before ${node.name} goes: playbooks/site.ts, or say --force`
    // What a member says of another is not true in the same second.
    return passing(gate.patience, ...missing.map(({ host, what }) => ({ where: host, what, remedy })))
  }
  const down = nodes.filter(({ name }) => name !== node.name && !serving.has(name)).map(({ name }) => name)
  const what = `without it ${left.length} of ${nodes.length} members would serve, which is no majority`
  const remedy =
    down.length > 0
      ? `bring ${down.join(', ')} back first, or say --force`
      : 'have at least 3 members, or say --force: until it is back nothing can be decided'
  return blocked({
    where: node.name,
    what: down.length > 0 ? `${what}: ${down.join(', ')} does not answer` : what,
    remedy,
  })
}

/** No client is connected by gRPC to `node`. */
function clientsOff(node: Node, nodes: readonly Node[], force: boolean): Action {
  const scopeOf = (reach: Reach) => reach.scope<NacosNode>(nodes)
  /** Undefined where it serves nobody. */
  const connected = async (reach: Reach): Promise<number | undefined> => {
    const scope = scopeOf(reach)
    const answer = await tried(async () => ask(scope, node, client(node, await login(scope, node, true)).connections()))
    if (typeof answer === 'string') return undefined
    const count = readClients(answer.status, answer.body)
    if (count !== undefined) return count
    const remedy =
      answer.status === 401 || answer.status === 403
        ? 'declare nacos.auth.admin_password: only an administrator may see and move clients'
        : 'read its logs'
    throw hostError({ where: node.name, what: `it does not tell its connections: HTTP ${answer.status}`, remedy })
  }
  const { version } = node.params.nacos
  let asked = false
  const clients = (count: number): string => `${count} client${count === 1 ? ' is' : 's are'} connected`
  return {
    name: `move clients off ${node.name}`,
    host: node,
    locks: nodes.map((host) => ({ host })),
    wants: `no client is connected to ${node.name}`,
    deadline: patience,
    remedy: 'stop them, or say --force',
    async look(reach) {
      if (!movesClients(version))
        return done(`Nacos ${version.text} can't move clients: they connect elsewhere when it stops`)
      if ((await unitState(reach, node)) !== 'active') return done('it does not run')
      const answer = async () => ({ count: await connected(reach) })
      const told = force ? await evenSo(answer) : await answer()
      if (!told) return done('it does not tell its connections, and is stopped all the same (--force)')
      const { count } = told
      if (count === undefined) return done('it does not answer')
      if (count === 0) return done('no client is connected')
      if (force && asked) return done(`${clients(count)}, and it is stopped under them (--force)`)
      return due(clients(count), 'ask them to connect elsewhere')
    },
    async work(work) {
      const scope = scopeOf(work)
      const call = client(node).moveConnections(1)
      const move = async (): Promise<void> => {
        asked = true
        const { status, body } = await ask(scope, node, client(node, await login(scope, node, true)).moveConnections(1))
        if (status === 200) return
        const what = `it does not move its clients: HTTP ${status} ${body.trim().slice(0, 120)}`
        throw hostError({ where: node.name, what, remedy: 'read its logs, or stop it under them with --force' })
      }
      await work.deed(node.name, 'ask its clients to connect elsewhere', `${call.method} ${call.path}`, () =>
        force ? evenSo(move) : move(),
      )
    },
  }
}
