/** Brings a node back that playbooks/drain.ts took out of service: `-e node=nacos2`. */
import { optional, params, perform, text } from 'plinth'
import { nacosNode, namedNode, reviewed, undrain } from 'plinth/roles'

await perform((fleet) => {
  const nodes = reviewed(fleet, fleet.group('nacos', nacosNode))
  const { node: name } = fleet.parameters(params({ node: optional(text()) }))
  const node = namedNode(nodes, 'node', name)
  return { name: `undrain ${node.name}`, actions: undrain(node, nodes) }
})
