/**
 * Hands the leadership of all Raft groups to a node, or moves it off one: give one of the two.
 *
 * @param [to] the node that shall lead
 * @param [off] the node that shall not
 */
import { optional, params, perform, text, usageError } from 'plinth'
import { leadershipOff, leadershipTo, nacosNode, namedNode, reviewed } from 'plinth/roles'

await perform((fleet) => {
  const nodes = reviewed(fleet, fleet.group('nacos', nacosNode))
  const { to, off } = fleet.parameters(params({ to: optional(text()), off: optional(text()) }))
  if (to !== undefined && off !== undefined)
    throw usageError({ where: '-e to, off', what: 'both are given', remedy: 'say who shall lead, or who shall not' })
  const action =
    off === undefined
      ? leadershipTo(namedNode(nodes, 'to', to), nodes)
      : leadershipOff(namedNode(nodes, 'off', off), nodes)
  return { name: 'leader transfer', actions: [action] }
})
