/** Brings a node back that playbooks/drain.ts took out of service: `-e node=nacos2`. */
import { optional, params, text } from '../lib/core/schema.ts'
import { perform } from '../lib/main.ts'
import { undrain } from '../roles/nacos-drain.ts'
import { nacosNode, reviewed } from '../roles/nacos-node.ts'
import { namedNode } from '../roles/named-node.ts'

await perform((fleet) => {
  const nodes = reviewed(fleet, fleet.group('nacos', nacosNode))
  const { node: name } = fleet.parameters(params({ node: optional(text()) }))
  const node = namedNode(nodes, 'node', name)
  return { name: `undrain ${node.name}`, actions: undrain(node, nodes) }
})
