/** When a Nacos cluster is well: read from what every member says of every other, and from using it. */
import { PlinthError, type Problem } from '../lib/core/error.ts'
import type { Gate, Missing, Shown } from '../lib/engine/play.ts'
import { readNamingUp, readReadiness } from '../lib/nacos/api.ts'
import { clusterProblems, groupsExpected, ledBy, problemsWithout, type View } from '../lib/nacos/cluster.ts'
import { diagnose, failureLines, lastWords, mayHeal, sinceStart, successLine } from '../lib/nacos/diagnosis.ts'
import { raftPeerOf } from '../lib/nacos/members.ts'
import { tail, unit as unitReader } from '../lib/readers.ts'
import { ask, client, LoginRefused, type NodeScope, toldBy, tried, viewOf } from './nacos-http.ts'
import { type Told, topologyOf } from './nacos-members.ts'
import { memberOfNode, type NacosNode, type Node } from './nacos-node.ts'
import { explainUntold, Untelling } from './nacos-untold.ts'
import { missingAt, useOf } from './nacos-use.ts'

/** How many looks in a row a login may be refused. */
const patientWith = 16

/**
 * The gate of a Nacos play. It opens when every node says it started, is ready, and all of them agree on exactly the
 * expected members and Raft groups; after a change also when a configuration written on one is read on every other and
 * a service registered on one is listed on every other.
 * Before a majority is there, no more can be asked of a node than that it started and serves.
 */
export function nacosHealthy(): Gate<NacosNode> {
  let refusals = 0
  const untelling = new Untelling()
  /** A server that has just started may not know its users yet: only a login that stays refused is a wrong password. */
  const admitted = async (work: () => Promise<readonly Missing[]>): Promise<readonly Missing[]> => {
    try {
      const found = await work()
      refusals = 0
      return found
    } catch (error) {
      if (!(error instanceof LoginRefused) || ++refusals > patientWith) throw error
      return error.problems.map(({ where, what }) => ({ host: where, what }))
    }
  }
  return {
    name: 'Nacos is healthy',
    deadline: 240,
    patience: 20,
    async serving(scope) {
      const alive = await Promise.all(
        scope.hosts.map(async (node) => ((await silence(scope, node)) === undefined ? [node.name] : [])),
      )
      return new Set(alive.flat())
    },
    async leading(scope) {
      // Who does not answer, or lets nobody look, leads nothing that is known: the order is better than none.
      const told = await Promise.all(scope.hosts.map((node) => toldBy(scope, node)))
      const seen = told.flatMap(({ view }) => (typeof view === 'object' ? [view] : []))
      return new Map(scope.hosts.map((node) => [node.name, ledBy(memberOfNode(node), seen).length]))
    },
    async missing(scope, { expected, changed, started, deep }, shown) {
      const nodes = scope.hosts.filter(({ name }) => expected.has(name))
      const silent = await Promise.all(nodes.map((node) => silence(scope, node)))
      const quiet = nodes.flatMap((node, index) => missingAt(node, silent[index]))
      if (quiet.length > 0) return Promise.all(quiet.map((item) => orFailed(scope, nodes, item, started)))
      // What a start wrote long ago may be gone: only starts of this run must still show their line.
      const fresh = nodes.filter(({ name }) => started.has(name))
      const few = clustered(nodes).length > 0 && nodes.length <= scope.hosts.length / 2
      if (few && fresh.length > 0) return unfinished(scope, fresh)
      if (few)
        return nodes.flatMap((node) =>
          missingAt(node, `only ${nodes.length} of ${scope.hosts.length} members serve: no majority`),
        )
      const exact = deep || changed.size === 0
      const unready = await readiness(scope, nodes)
      if (unready.length > 0) return unready
      return admitted(async () => {
        const found = await agreement(scope, nodes, exact, shown)
        // What only looks, changes nothing.
        if (found.length > 0 && changed.size > 0) return untelling.look(scope, found)
        if (found.length > 0 || !deep) return found
        return [...(await unfinished(scope, fresh)), ...(await useOf(scope, nodes))]
      })
    },
    async explain(scope, missing, shown) {
      // Whoever is silent kept the gate from asking how the others see it.
      if (shown) draw(scope, await Promise.all(scope.hosts.map((node) => toldBy(scope, node))), shown)
      return [...(await explain(scope, missing)), ...(await explainUntold(scope, missing))]
    },
  }
}

/**
 * What keeps `staying` from serving as one cluster while all the others are away. Who answers at all need not serve: each must
 * be ready, and they must agree. `leaving`, which is one of the others, may still lead.
 */
export async function missingWithout(scope: NodeScope, leaving: Node, staying: readonly Node[]): Promise<Missing[]> {
  const unready = await readiness(scope, staying)
  const members = clustered(staying)
  const [first] = members
  if (unready.length > 0 || !first) return unready
  const answers = await answersOf(scope, members).catch((error: unknown) => {
    if (!(error instanceof LoginRefused)) throw error
    // As for the gate: a server that has just started may not know its users yet.
    return error.problems.map(({ where, what, remedy }) => ({ host: where, what: `${what}: ${remedy}` }))
  })
  const failed = answers.filter(isMissing)
  if (failed.length > 0) return failed
  const views = answers.filter(isView)
  const { version, mode } = first.params.nacos
  const all = clustered(scope.hosts).map(memberOfNode)
  return problemsWithout(memberOfNode(leaving), views, all, groupsExpected(version, mode)).map((what) => ({
    host: hostNamed(members, what) ?? first.name,
    what,
  }))
}

/** The nodes that belong to a cluster. */
const clustered = (nodes: readonly Node[]): readonly Node[] =>
  nodes.filter(({ params }) => params.nacos.mode !== 'standalone')

/** Why a node does not answer at all; undefined if it does. */
async function silence(scope: NodeScope, node: Node): Promise<string | undefined> {
  const answer = await tried(() => ask(scope, node, client(node).liveness())).catch((error: unknown) => {
    if (error instanceof PlinthError) return error.problems[0]?.what ?? error.message
    throw error
  })
  return typeof answer === 'string' ? `does not answer: ${answer}` : undefined
}

async function readiness(scope: NodeScope, nodes: readonly Node[]): Promise<Missing[]> {
  const found = await Promise.all(
    nodes.map(async (node): Promise<Missing[]> => {
      const ready = await tried(() => ask(scope, node, client(node).readiness()))
      const naming = await tried(() => ask(scope, node, client(node).namingMetrics()))
      if (typeof ready === 'string') return missingAt(node, ready)
      if (typeof naming === 'string') return missingAt(node, naming)
      const notReady = readReadiness(ready.status, ready.body)
      const down = naming.status === 401 || naming.status === 403 ? undefined : readNamingUp(naming.status, naming.body)
      return missingAt(node, notReady ? `not ready: ${notReady}` : down && `naming is not up: ${down}`)
    }),
  )
  return found.flat()
}

/** What each node sees, or that it does not tell. */
const answersOf = (scope: NodeScope, nodes: readonly Node[]): Promise<(View | Missing)[]> =>
  Promise.all(
    nodes.map(async (node) => {
      const view = await viewOf(scope, node)
      return typeof view === 'string' ? { host: node.name, what: view } : view
    }),
  )

const isView = (one: View | Missing): one is View => 'from' in one
const isMissing = (one: View | Missing): one is Missing => 'what' in one

/**
 * Every member UP as seen from every member, one leader per Raft group, and exactly the expected peers. While a roll is
 * under way (not `exact`), what members still know of strangers is left for the end: the next nodes will take it out.
 */
async function agreement(
  scope: NodeScope,
  nodes: readonly Node[],
  exact: boolean,
  shown: Shown | undefined,
): Promise<Missing[]> {
  const views = await answersOf(scope, nodes)
  const failed = views.filter(isMissing)
  const told = nodes.map((node, index): Told => {
    const view = views[index]
    const asked = { name: node.name, member: memberOfNode(node) }
    // Each has just said that it is ready.
    return view && 'from' in view ? { ...asked, view } : { ...asked, view: view?.what ?? '', answered: true }
  })
  draw(scope, told, shown)
  const first = clustered(nodes)[0]
  if (failed.length > 0 || !first) return failed
  const { version, mode } = first.params.nacos
  const all = clustered(scope.hosts).map(memberOfNode)
  const expected = clustered(nodes).map(memberOfNode)
  const seen = views.filter(isView).filter(({ from }) => expected.includes(from))
  const groups = groupsExpected(version, mode)
  const problems =
    exact && expected.length === all.length
      ? clusterProblems(seen, all, groups)
      : [
          ...clusterProblems(
            seen.map((view) => only(view, expected)),
            all,
            groups,
          ).filter(ofExpected(all, expected)),
          ...strayLeaders(seen, expected),
        ]
  return problems.map((what) => ({ host: hostNamed(nodes, what) ?? first.name, what }))
}

/** Shows the members of a cluster as those see them that were asked; nodes that stand alone have none. */
function draw(scope: NodeScope, asked: readonly Told[], shown: Shown | undefined): void {
  const members = clustered(scope.hosts).map((node) => ({ name: node.name, member: memberOfNode(node) }))
  if (members.length > 0) shown?.(topologyOf(members, asked))
}

/** Leaves out what is said of members that need not be there (yet), and of peers that are none any more. */
function ofExpected(all: readonly string[], expected: readonly string[]): (what: string) => boolean {
  const others = all.filter((member) => !expected.includes(member))
  const ignored = new Set([...others, ...others.map(raftPeerOf)])
  return (what) =>
    !what.includes('the stray peer') &&
    !what.includes('which is no member') &&
    !what.split(/[\s,]+/).some((word) => ignored.has(word))
}

/** A leader that is down is still named by those that have not noticed: then there is none. */
function strayLeaders(views: readonly View[], expected: readonly string[]): readonly string[] {
  const peers = expected.map(raftPeerOf)
  return views.flatMap(({ from, members }) =>
    Object.entries(members.find(({ address }) => address === from)?.groups ?? {})
      .filter(([, { leader }]) => leader !== '' && !peers.includes(leader))
      .map(([group, { leader }]) => `${from} still follows ${leader} in ${group}, which does not serve`),
  )
}

const only = ({ from, members }: View, expected: readonly string[]): View => ({
  from,
  members: members.filter(({ address }) => expected.includes(address)),
})

const hostNamed = (nodes: readonly Node[], what: string): string | undefined =>
  nodes.find((node) => what.startsWith(memberOfNode(node)) || what.includes(` ${memberOfNode(node)} `))?.name

/** Who lacks the line that only a start which came to its end writes. */
async function unfinished(scope: NodeScope, nodes: readonly Node[]): Promise<Missing[]> {
  const found = await Promise.all(
    nodes.map(async (node): Promise<Missing[]> => {
      const question = { reader: tail, key: startLog(node) }
      const text = (await scope.ask(node, [question]))(question)
      return successLine(node.params.nacos.version).test(text)
        ? []
        : missingAt(node, 'has not written its success line yet')
    }),
  )
  return found.flat()
}

const startLog = ({ params: { nacos } }: Node): string => `${nacos.home}/logs/start.out`

/** A node that does not answer may still be starting; once its output says that the start failed, there is nothing to wait for, unless the next attempt may succeed. */
async function orFailed(
  scope: NodeScope,
  nodes: readonly Node[],
  item: Missing,
  started: ReadonlySet<string>,
): Promise<Missing> {
  const node = nodes.find(({ name }) => name === item.host)
  // Of a node that this run did not start nothing is known but that it is silent: its output is of another time.
  if (!node || !started.has(node.name)) return item
  const service = { reader: unitReader, key: `${node.params.nacos.unit}.service` }
  const output = { reader: tail, key: startLog(node) }
  const answers = await scope.ask(node, [service, output]).catch((error: unknown) => {
    if (error instanceof PlinthError) return undefined
    throw error
  })
  if (!answers) return item
  const failed = failureLines.some((pattern) => pattern.test(answers(output)))
  const again = /^SubState=(auto-restart|failed|dead)$/m.test(answers(service))
  if (!failed && !again) return item
  if (mayHeal(answers(output), node.params.nacos.mode))
    return { ...item, what: 'its start failed without a Raft leader; systemd starts it again' }
  return { ...item, what: 'its start failed', final: true }
}

const logs = ['nacos.log', 'config-fatal.log', 'nacos-persistence.log', 'protocol-raft.log']

/** The cause by name, from what the node's unit and its logs say of the start that failed. */
async function explain(scope: NodeScope, missing: readonly Missing[]): Promise<readonly Problem[]> {
  const nodes = scope.hosts.filter(({ name }) => missing.some(({ host }) => host === name))
  const found = await Promise.all(
    nodes.map(async (node): Promise<Problem[]> => {
      const { version, mode, port, unit, home } = node.params.nacos
      const service = { reader: unitReader, key: `${unit}.service` }
      const output = { reader: tail, key: startLog(node) }
      const before = { reader: tail, key: `${startLog(node)}.1` }
      const questions = logs.map((name) => ({ reader: tail, key: `${home}/logs/${name}` }))
      const answers = await scope.ask(node, [service, output, before, ...questions]).catch((error: unknown) => {
        if (error instanceof PlinthError) return undefined
        throw error
      })
      if (!answers) return []
      // A unit that starts again every ten seconds may just have begun a new output: then the one before tells.
      const start = answers(output).length > 500 ? answers(output) : `${answers(before)}\n${answers(output)}`
      const log = [start, ...questions.map((question) => sinceStart(answers(question), start))].join('\n')
      const cause = diagnose(log, { version, mode, port })
      if (cause) return [{ where: `${node.name}: ${cause.name}`, what: cause.what, remedy: cause.remedy }]
      const state = /^SubState=(.*)$/m.exec(answers(service))?.[1] ?? 'unknown'
      // A process that runs and did not fail to start may have written errors about much else.
      if (state === 'running' && !failureLines.some((pattern) => pattern.test(start))) return []
      const said = lastWords(start)
      return [
        {
          where: node.name,
          what: `its unit is ${state}${said ? `, and its output says: ${said}` : ''}`,
          remedy: `look at ${startLog(node)} and journalctl -u ${unit}`,
        },
      ]
    }),
  )
  return found.flat()
}
