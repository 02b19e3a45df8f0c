/**
 * Brings a node back that playbooks/drain.ts took out of service, and waits until the cluster is healthy.
 *
 * @param node the node, as the inventory names it
 */
import { optional, params, perform, text } from 'plinth'
import { nacosNode, namedNode, reviewed, undrain } from 'plinth/roles'

await perform((fleet) => {
  const nodes = reviewed(fleet, fleet.group('nacos', nacosNode))
  const { node: name } = fleet.parameters(params({ node: optional(text()) }))
  const node = namedNode(nodes, 'node', name)
  return { name: `undrain ${node.name}`, actions: undrain(node, nodes) }
})
