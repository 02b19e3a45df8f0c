/** Stopping and starting the service of a node by hand, as it were: nothing that the site declares is changed. */
import { hostError } from '../lib/core/error.ts'
import { type Action, blocked, done, due, type Reach, type Sight } from '../lib/engine/procedure.ts'
import { unit as unitReader } from '../lib/readers.ts'
import { startUnit, stopUnit } from '../lib/resources/unit.ts'
import { nacosHealthy } from './nacos-health.ts'
import type { NacosNode, Node } from './nacos-node.ts'

/** `active`, `inactive`, `failed` …; `not-found` where there is no such unit. */
export async function unitState(reach: Reach, node: Node): Promise<string> {
  const question = { reader: unitReader, key: `${node.params.nacos.unit}.service` }
  const text = (await reach.scope([node]).ask(node, [question]))(question)
  const value = (key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1] ?? ''
  return value('LoadState') === 'loaded' ? value('ActiveState') : 'not-found'
}

const isStopped = (state: string): boolean => ['inactive', 'failed', 'not-found'].includes(state)

const locksOf = (nodes: readonly Node[]) => nodes.map((host) => ({ host }))

export interface StopOptions {
  readonly after?: readonly string[]
  /** What keeps it from being stopped now. */
  against?(reach: Reach): Promise<Sight | undefined>
  /** Why it need not be, in words. */
  spare?(reach: Reach): Promise<string | undefined>
}

/** The unit of `node` does not run; it stays enabled. */
export const stopNode = (node: Node, nodes: readonly Node[], { after, against, spare }: StopOptions = {}): Action => ({
  name: `stop ${node.name}`,
  host: node,
  ...(after && { after }),
  locks: locksOf(nodes),
  wants: `${node.params.nacos.unit}.service is inactive`,
  async look(reach) {
    const state = await unitState(reach, node)
    const service = `${node.params.nacos.unit}.service`
    if (isStopped(state)) return done(`${service} is ${state}`)
    const spared = await spare?.(reach)
    if (spared !== undefined) return done(spared)
    return (await against?.(reach)) ?? due(`${service} is ${state}`, `stop ${service}`)
  },
  work: async (work) => {
    await work.run(node, stopUnit(node.params.nacos.unit))
  },
})

/** The unit of `node` runs. */
export const startNode = (node: Node, nodes: readonly Node[], after?: readonly string[]): Action => ({
  name: `start ${node.name}`,
  host: node,
  ...(after && { after }),
  locks: locksOf(nodes),
  wants: `${node.params.nacos.unit}.service is active`,
  async look(reach) {
    const state = await unitState(reach, node)
    const service = `${node.params.nacos.unit}.service`
    if (state === 'active') return done(`${service} is active`)
    if (state === 'not-found') {
      const remedy = 'make the node with playbooks/site.ts'
      return blocked({ where: node.name, what: `there is no ${service}`, remedy })
    }
    return due(`${service} is ${state}`, `start ${service}`)
  },
  work: async (work) => {
    await work.run(node, startUnit(node.params.nacos.unit))
  },
  explain: (reach) =>
    nacosHealthy().explain(reach.scope<NacosNode>([node]), [{ host: node.name, what: 'does not start', final: true }]),
})

/** The nodes of `expected`, and whoever serves beside them, are a healthy cluster. Only waits. */
export function waitHealthy(expected: readonly Node[], nodes: readonly Node[], after: readonly string[]): Action {
  const gate = nacosHealthy()
  const names = expected.map(({ name }) => name)
  return {
    name: 'wait until the cluster is healthy',
    after,
    wants: 'every node that runs is ready and all of them agree',
    deadline: gate.deadline,
    remedy:
      'run playbooks/site.ts, which mends what differs (a line of cluster.conf, a unit) and names why a node does not start',
    async look(reach) {
      const scope = reach.scope<NacosNode>(nodes)
      const serving = await gate.serving(scope)
      const all = new Set([...serving, ...names])
      const own = new Set(names)
      const missing = await gate.missing(scope, { expected: all, changed: own, started: own, deep: false })
      const [first] = missing
      if (!first) return done(`${all.size} of ${nodes.length} nodes serve and agree`)
      const final = missing.filter((item) => item.final)
      if (final.length > 0) {
        const causes = await gate.explain(scope, final)
        const symptoms = final.map(({ host, what }) => ({ where: host, what, remedy: `read the logs of ${host}` }))
        throw hostError(...symptoms, ...causes)
      }
      return due(`${first.host}: ${first.what}`, 'wait')
    },
  }
}
