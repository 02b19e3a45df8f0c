/** One Nacos node, from the JDK to the running unit: the roles in the order they build on each other, each a tag. */
import type { Facts } from '../lib/core/facts.ts'
import type { Resource } from '../lib/core/resource.ts'
import { tagged } from '../lib/core/tagged.ts'
import { megabytes } from '../lib/nacos/java-command.ts'
import { inputOf } from '../lib/resources/unit-input.ts'
import { clusterConf } from './cluster-conf.ts'
import type { Archives } from './distributions.ts'
import { java } from './java.ts'
import { nacosInstall } from './nacos-install.ts'
import { addressOf, memberOfNode, type Node, settingsOf } from './nacos-node.ts'
import { heapOf, notesFolder, systemdService } from './systemd-service.ts'

/** What may be laid out on all nodes at once, because nothing that runs reads it yet: JDK, account, folders, release. */
export function nacosGroundwork(node: Node, archives: Archives, facts: Facts): readonly Resource[] {
  const all = everything(node, archives, facts).filter(({ id }) => groundwork.test(id))
  return [...tagged('systemd-service', [notesFolder]), ...all]
}

/**
 * Who belongs to the cluster, by what the inventory says: on all nodes before the first of them starts or restarts, for
 * a new member is only taken in by those that know it. Nacos watches the file, so that it is no input of the process.
 */
export function nacosMembership(node: Node, nodes: readonly Node[], facts: Facts): readonly Resource[] {
  const members = nodes.filter(({ params }) => params.nacos.mode !== 'standalone').map(memberOfNode)
  const own = { ...node.params.nacos, members, ownAddress: addressOf(node) }
  return tagged('cluster-conf', clusterConf.resources(own, facts))
}

/**
 * What makes a node serve: links, configuration, unit. Other nodes count by what the inventory says of them, so that a
 * rebuild needs no survivor.
 */
export function nacosService(
  node: Node,
  nodes: readonly Node[],
  archives: Archives,
  facts: Facts,
): readonly Resource[] {
  const { nacos, java: jdk } = node.params
  const all = everything(node, archives, facts)
  const runs = all.filter(({ id }) => readAtStart.test(id))
  const others = nodes
    .filter((other) => other !== node && other.machine.key === node.machine.key)
    .reduce((sum, { params }) => sum + megabytes(heapOf(params.nacos).xmx), 0)
  const service = systemdService.resources({ ...nacos, jdk: jdk.version, runs, others }, facts)
  return [...all, ...tagged('systemd-service', service)].filter(({ id }) => !groundwork.test(id))
}

/** Each once: JDK and distribution wait in one folder when both come as archives. */
const everything = (node: Node, archives: Archives, facts: Facts): readonly Resource[] => {
  const all = [...runtime(node, archives, facts), ...installation(node, archives, facts)]
  return all
    .filter(({ id }, index) => all.findIndex((other) => other.id === id) === index)
    .map((resource) => (readAtStart.test(resource.id) ? inputOf(node.params.nacos.unit, resource) : resource))
}

const runtime = (node: Node, archives: Archives, facts: Facts): readonly Resource[] =>
  tagged('java', java.resources({ ...node.params.java, opened: archives.java(node) }, facts))

const installation = (node: Node, archives: Archives, facts: Facts): readonly Resource[] =>
  tagged(
    'nacos-install',
    nacosInstall.resources(
      { ...node.params.nacos, distribution: archives.nacos(node), settings: settingsOf(node) },
      facts,
    ),
  )

const groundwork = /^(package|group|user|directory|release|disk):/

/** What a running process has read once and for all: another JDK, release, setting or log configuration needs a restart. */
const readAtStart = /^(symlink|release|properties|file):/
