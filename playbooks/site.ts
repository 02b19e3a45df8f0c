/**
 * A highly available Nacos cluster: the schema first, the groundwork on all nodes at once, then one node at a time, each
 * healthy before the next.
 */

import { play } from '../lib/engine/play.ts'
import { main } from '../lib/main.ts'
import { databaseAccepts } from '../roles/database-ready.ts'
import { openDistributions } from '../roles/distributions.ts'
import { loginOf, mysqlHost, mysqlSchema, onlyOne } from '../roles/mysql-schema.ts'
import { nacosGroundwork, nacosMembership, nacosService } from '../roles/nacos.ts'
import { nacosHealthy } from '../roles/nacos-health.ts'
import { nacosNode, reviewed } from '../roles/nacos-node.ts'

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
