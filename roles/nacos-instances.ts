/** The persistent instances of a cluster, listed and registered by its API: Raft alone keeps them. */
import { hostError, PlinthError } from '../lib/core/error.ts'
import type { Secret } from '../lib/core/secret.ts'
import type { Reach } from '../lib/engine/procedure.ts'
import { isAccepted, type PersistentInstance, type Request, type ServiceKey } from '../lib/nacos/api.ts'
import { instanceText, readClusters, readPersistent, readServices } from '../lib/nacos/persistent.ts'
import { ask, client, login } from './nacos-http.ts'
import type { NacosNode, Node } from './nacos-node.ts'

const pageSize = 200

/** What the first node that answers lists, sorted; throws what the last one had to say where none does. */
export async function persistentInstances(
  reach: Reach,
  nodes: readonly Node[],
  namespaces: readonly string[],
): Promise<readonly PersistentInstance[]> {
  let last: PlinthError | undefined
  for (const node of nodes) {
    try {
      return await listedBy(reach, node, namespaces)
    } catch (error) {
      if (!(error instanceof PlinthError)) throw error
      last = error
    }
  }
  throw last ?? hostError({ where: 'nacos', what: 'there is no node to ask', remedy: 'name one in the group nacos' })
}

async function listedBy(
  reach: Reach,
  node: Node,
  namespaces: readonly string[],
): Promise<readonly PersistentInstance[]> {
  const call = await caller(reach, node)
  const found: PersistentInstance[] = []
  for (const namespace of ['public', ...namespaces.filter((one) => one !== '' && one !== 'public')]) {
    for (const key of await servicesOf(call, node, namespace)) {
      const clusters =
        node.params.nacos.version.major >= 3 ? [''] : await call.read(call.api.clusters(key), readClusters)
      for (const cluster of clusters) {
        found.push(
          ...(await call.read(call.api.allInstances(key, cluster), (status, body) =>
            readPersistent(key, status, body),
          )),
        )
      }
    }
  }
  return found.sort((a, b) => (instanceText(a) < instanceText(b) ? -1 : 1))
}

async function servicesOf(call: Caller, node: Node, namespace: string): Promise<readonly ServiceKey[]> {
  const found: ServiceKey[] = []
  for (let page = 1; ; page++) {
    const request = call.api.services(namespace, page, pageSize)
    const services = await call.read(request, (status, body) => readServices(namespace, status, body))
    found.push(...services)
    if (services.length < pageSize) return found
    if (page > 10_000)
      throw hostError({ where: node.name, what: 'its list of services does not end', remedy: 'run again' })
  }
}

/** Registers an instance through a node. Safe to repeat. */
export async function registerPersistent(reach: Reach, node: Node, instance: PersistentInstance): Promise<void> {
  const call = await caller(reach, node)
  await call.read(call.api.registerPersistent(instance), (status, body) =>
    isAccepted(status, body) ? true : undefined,
  )
}

interface Caller {
  readonly api: ReturnType<typeof client>
  /** What `reader` makes of the answer; throws where that is undefined. */
  read<T>(request: Request, reader: (status: number, body: string) => T | undefined): Promise<T>
}

async function caller(reach: Reach, node: Node): Promise<Caller> {
  const scope = reach.scope<NacosNode>([node])
  const token: Secret | undefined = await login(scope, node, true)
  return {
    api: client(node, token),
    async read(request, reader) {
      const { status, body } = await ask(scope, node, request)
      const result = reader(status, body)
      if (result !== undefined) return result
      const what = `${request.method} ${request.path.split('?')[0]} answers HTTP ${status} ${body.trim().slice(0, 120)}`
      throw hostError({
        where: node.name,
        what,
        remedy: 'see whether nacos.auth.admin_password is right, and read its logs',
      })
    },
  }
}
