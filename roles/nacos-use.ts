/** Using a Nacos cluster as its clients do: written through every node, read on every other, and taken back. */
import { randomBytes } from 'node:crypto'
import type { HttpResponse } from '../lib/core/channel.ts'
import type { Secret } from '../lib/core/secret.ts'
import type { Missing } from '../lib/engine/play.ts'
import { type api, type InstanceKey, isAccepted, type Request, readConfig, readInstances } from '../lib/nacos/api.ts'
import { ask, client, login, type NodeScope, tried, wantsToken } from './nacos-http.ts'
import { addressOf, type Node } from './nacos-node.ts'

/** The group of the configurations that are published and taken back: their history stays in the database. */
export const gateGroup = 'PLINTH_GATE'

/** Writes through every node and reads on every other; takes back what it wrote, whatever happens. */
export async function useOf(scope: NodeScope, nodes: readonly Node[]): Promise<Missing[]> {
  const run = randomBytes(4).toString('hex')
  const tokens = new Map<Node, Secret | undefined>()
  for (const node of nodes) {
    // Without a password there is no way in: what can be told without is told above.
    if (wantsToken(node) && !node.params.nacos.auth.admin_password) return []
    const token = await tried(() => login(scope, node, wantsToken(node)))
    if (typeof token === 'string') return missingAt(node, token)
    tokens.set(node, token)
  }
  const call = (node: Node, request: (calls: ReturnType<typeof api>) => Request) =>
    tried(() => ask(scope, node, request(client(node, tokens.get(node)))))
  const results = await Promise.all(
    nodes.map(async (node, index) => {
      const key = { dataId: `plinth-${run}-${index}`, group: gateGroup }
      const instance: InstanceKey = { serviceName: key.dataId, ip: addressOf(node), port: 1 + index, ephemeral: true }
      const peers = node.params.nacos.mode === 'standalone' ? [node] : nodes
      const found: Missing[] = []
      try {
        found.push(
          ...(await accepted(
            node,
            'publish a configuration',
            call(node, (to) => to.publishConfig(key, run)),
          )),
          ...(await accepted(
            node,
            'register a service',
            call(node, (to) => to.registerInstance(instance)),
          )),
          ...(await eventually(peers, async (other) => {
            const answer = await call(other, (to) => to.config(key))
            const text =
              typeof answer === 'string'
                ? undefined
                : readConfig(other.params.nacos.version, answer.status, answer.body)
            return text === run ? undefined : `does not have the configuration that ${node.name} published`
          })),
          ...(await eventually(peers, async (other) => {
            const answer = await call(other, (to) => to.instances(key.dataId))
            const listed = typeof answer === 'string' ? [] : readInstances(answer.status, answer.body)
            return listed.includes(`${instance.ip}:${instance.port}`)
              ? undefined
              : `does not list the service that ${node.name} registered`
          })),
        )
      } finally {
        const left = [
          await accepted(
            node,
            'take its configuration back',
            call(node, (to) => to.deleteConfig(key)),
          ),
          await accepted(
            node,
            'take its service back',
            call(node, (to) => to.deleteInstance(instance)),
          ),
        ]
        found.push(...left.flat())
      }
      return found
    }),
  )
  return results.flat()
}

async function accepted(node: Node, what: string, answer: Promise<HttpResponse | string>): Promise<Missing[]> {
  const got = await answer
  if (typeof got === 'string') return missingAt(node, `can't ${what}: ${got}`)
  return isAccepted(got.status, got.body)
    ? []
    : missingAt(node, `can't ${what}: HTTP ${got.status} ${got.body.trim().slice(0, 120)}`)
}

/** What one member learns of another comes late: each look is repeated for some seconds. */
async function eventually(
  nodes: readonly Node[],
  look: (node: Node) => Promise<string | undefined>,
): Promise<Missing[]> {
  const found = await Promise.all(
    nodes.map(async (node) => {
      let what: string | undefined
      for (let attempt = 0; attempt < 20; attempt++) {
        what = await look(node)
        if (what === undefined) return []
        await new Promise((resolve) => setTimeout(resolve, 300))
      }
      return missingAt(node, what)
    }),
  )
  return found.flat()
}

/** What is missing on a node, if anything is. */
export const missingAt = (node: Node, what: string | undefined): Missing[] =>
  what === undefined ? [] : [{ host: node.name, what }]
