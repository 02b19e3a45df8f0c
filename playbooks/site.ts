/**
 * Builds, checks and repairs a highly available Nacos cluster on MySQL.
 *
 * The schema first, the groundwork on all nodes at once, then one node at a time, each healthy before the next.
 */

import { main, play } from 'plinth'
import {
  databaseAccepts,
  loginOf,
  mysqlHost,
  mysqlSchema,
  nacosGroundwork,
  nacosHealthy,
  nacosMembership,
  nacosNode,
  nacosService,
  onlyOne,
  openDistributions,
  reviewed,
} from 'plinth/roles'

await main(async (fleet) => {
  const { nacos, mysql } = fleet.groups({ nacos: nacosNode }, { mysql: mysqlHost })
  const nodes = reviewed(fleet, nacos)
  const databases = onlyOne(mysql)
  const archives = await openDistributions(fleet, nodes)

  return [
    play('schema', databases, () => mysqlSchema(nodes, archives), { via: loginOf }),
    play('groundwork', nodes, (node, facts) => nacosGroundwork(node, archives, facts)),
    play('members', nodes, (node, facts) => nacosMembership(node, nodes, facts)),
    play('nacos', nodes, (node, facts) => nacosService(node, nodes, archives, facts), {
      serial: 1,
      startTogether: nodes.some(({ params }) => params.nacos.mode === 'embedded'),
      prepare: databaseAccepts(databases),
      gate: nacosHealthy(),
    }),
  ]
})
