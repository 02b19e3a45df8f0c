/** The archives that a site needs, opened on the controller before any host is asked. */
import type { Distribution } from '../lib/core/distribution.ts'
import type { Fleet } from '../lib/engine/fleet.ts'
import type { Node } from './nacos-node.ts'

export interface Archives {
  /** The Nacos distribution of a node. */
  nacos(node: Node): Distribution
  /** JDK archives of a node by architecture; empty where its JDK does not come from an archive. */
  java(node: Node): Readonly<Record<string, Distribution>>
}

/** Opens every archive that the nodes name, each once. Throws usage errors for what can't be read or is not what it should be. */
export async function openDistributions(fleet: Fleet, nodes: readonly Node[]): Promise<Archives> {
  const opened = new Map<string, Promise<Distribution>>()
  const open = (source: string, sha256: string, where: string): Promise<Distribution> => {
    const key = `${source} ${sha256}`
    const known = opened.get(key) ?? fleet.archive({ source, sha256, where })
    opened.set(key, known)
    return known
  }
  const nacos = new Map<Node, Distribution>()
  const java = new Map<Node, Readonly<Record<string, Distribution>>>()
  for (const node of nodes) {
    const { archive, url, sha256 } = node.params.nacos
    nacos.set(
      node,
      await open(archive ?? url ?? '', sha256, node.where('nacos', archive === undefined ? 'url' : 'archive')),
    )
    const builds = Object.entries(node.params.java.archives ?? {})
    const entries = builds.map(async ([arch, build]) =>
      build ? [[arch, await open(build.archive, build.sha256, node.where('java', 'archives', arch))] as const] : [],
    )
    java.set(node, Object.fromEntries((await Promise.all(entries)).flat()))
  }
  return {
    nacos: (node) => found(nacos, node),
    java: (node) => found(java, node),
  }
}

function found<T>(opened: ReadonlyMap<Node, T>, node: Node): T {
  const value = opened.get(node)
  if (value === undefined) throw new Error(`the archives of ${node.name} were never opened`)
  return value
}
