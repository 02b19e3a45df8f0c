/**
 * Takes one node out of service before its machine is worked on. The way back is playbooks/undrain.ts.
 *
 * @param node the node, as the inventory names it
 */
import { optional, params, perform, text } from 'plinth'
import { drain, nacosNode, namedNode, reviewed } from 'plinth/roles'

await perform((fleet, { force }) => {
  const nodes = reviewed(fleet, fleet.group('nacos', nacosNode))
  const { node: name } = fleet.parameters(params({ node: optional(text()) }))
  const node = namedNode(nodes, 'node', name)
  return {
    name: `drain ${node.name}`,
    actions: drain(node, nodes, force),
    notes: [`${node.name} stays enabled: a reboot, playbooks/site.ts and playbooks/undrain.ts bring it back.`],
  }
})
