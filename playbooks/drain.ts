/** Takes one node out of service before its machine is worked on: `-e node=nacos2`. The way back is playbooks/undrain.ts. */
import { optional, params, text } from '../lib/core/schema.ts'
import { perform } from '../lib/main.ts'
import { drain } from '../roles/nacos-drain.ts'
import { nacosNode, reviewed } from '../roles/nacos-node.ts'
import { namedNode } from '../roles/named-node.ts'

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
