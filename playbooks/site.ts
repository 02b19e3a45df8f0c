/**
 * A highly available Nacos cluster: the schema first, the groundwork on all nodes at once, then one node at a time, each
 * healthy before the next.
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
  const nodes = reviewed(fleet, fleet.group('nacos', nacosNode))
  const databases = onlyOne(fleet.has('mysql') ? fleet.group('mysql', mysqlHost) : [])
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
