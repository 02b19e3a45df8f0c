/** The members of a Nacos cluster as they see each other. Only looks; exit code 1 when one of them is not UP everywhere. */
import { inspect, type Line, table } from 'plinth'
import { groupsExpected, membersOf, type NacosNode, nacosNode, toldBy } from 'plinth/roles'

await inspect<NacosNode>(async (fleet, scopeOf) => {
  const nodes = fleet.group('nacos', nacosNode)
  const scope = scopeOf(nodes)
  // A machine that can't be reached is the very thing the others are asked about.
  const told = await Promise.all(nodes.map((node) => toldBy(scope, node)))
  const nacos = nodes[0]?.params.nacos
  const { rows, problems, code } = membersOf(told, nacos ? groupsExpected(nacos.version, nacos.mode) : [])
  const verdict: readonly Line[] =
    problems.length > 0
      ? problems.map((text) => ({ tone: 'bad', text }))
      : [{ tone: 'good', text: `All ${told.length} are UP, and every Raft group has one leader.` }]
  return { lines: [...table(rows), ...verdict], code }
})
