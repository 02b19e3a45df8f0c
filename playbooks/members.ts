/** The members of a Nacos cluster as they see each other. Only looks; exit code 1 when one of them is not UP everywhere. */
import { type ExitCode, exitCode, inspect, type Line, PlinthError, table } from 'plinth'
import { groupsExpected, memberOfNode, membersOf, type NacosNode, nacosNode, viewOf } from 'plinth/roles'

await inspect<NacosNode>(async (fleet, scopeOf) => {
  let code: ExitCode = exitCode.done
  const nodes = fleet.group('nacos', nacosNode)
  const scope = scopeOf(nodes)
  const told = await Promise.all(
    nodes.map(async (node) => {
      const view = await viewOf(scope, node).catch((error: unknown) => {
        // A machine that can't be reached is the very thing the others are asked about.
        if (!(error instanceof PlinthError)) throw error
        code = exitCode.unreachable
        return error.problems.map(({ what, remedy }) => `${what}; ${remedy}`).join('; ')
      })
      return { name: node.name, member: memberOfNode(node), view }
    }),
  )
  const nacos = nodes[0]?.params.nacos
  const { rows, problems } = membersOf(told, nacos ? groupsExpected(nacos.version, nacos.mode) : [])
  if (problems.length > 0 && code === exitCode.done) code = exitCode.failed
  const verdict: readonly Line[] =
    problems.length > 0
      ? problems.map((text) => ({ tone: 'bad', text }))
      : [{ tone: 'good', text: `All ${told.length} are UP, and every Raft group has one leader.` }]
  return { lines: [...table(rows), ...verdict], code }
})
