/** What can be wrong with the nodes of a cluster, alone and together, before any host is asked. */
import { isIP } from 'node:net'
import { type Problem, usageError } from '../lib/core/error.ts'
import { reveal } from '../lib/core/secret.ts'
import { isSecretName } from '../lib/core/secret-name.ts'
import type { Fleet } from '../lib/engine/fleet.ts'
import { type Finding, problemAt, risky, wrong } from '../lib/nacos/finding.ts'
import { heapProblems, homeProblem, isWithin } from '../lib/nacos/java-command.ts'
import { memberProblems } from '../lib/nacos/members.ts'
import { nearestConsolePort, nearestFreePort, portClashes, portProblem } from '../lib/nacos/ports.ts'
import { settingsProblems } from '../lib/nacos/settings.ts'
import { atLeast, jdkFor, prereleaseProblem, support, type Version, versionProblems } from '../lib/nacos/version.ts'
import { wantsToken } from './nacos-http.ts'
import { folders } from './nacos-install.ts'
import { memberOfNode, type Node, settingsOf } from './nacos-node.ts'
import { heapOf } from './systemd-service.ts'

export interface Review {
  readonly errors: readonly Problem[]
  readonly warnings: readonly Problem[]
}

/** The nodes, if nothing is wrong with them; warnings go to the fleet. Throws every error at once, before any host is asked. */
export function reviewed(fleet: Fleet, nodes: readonly Node[]): readonly Node[] {
  const { errors, warnings } = review(nodes)
  if (errors.length > 0) throw usageError(...errors)
  fleet.warn(...warnings)
  return nodes
}

/** Everything that is wrong or unwise about the nodes, alone and together. */
export function review(nodes: readonly Node[]): Review {
  const errors: Problem[] = []
  const warnings: Problem[] = []
  const add = (where: string, found: Findings): void => {
    for (const finding of found) {
      const list = finding.severity === 'error' ? errors : warnings
      const problem = problemAt(where, { ...finding, severity: 'error' })
      if (!list.some((other) => other.where === problem.where && other.what === problem.what)) list.push(problem)
    }
  }
  for (const node of nodes) for (const { where, found } of findings(node)) add(where, found)
  const clustered = nodes.filter(({ params }) => params.nacos.mode !== 'standalone')
  if (clustered.length > 0) {
    const members = clustered.map(memberOfNode)
    const bad = clustered.find((node) =>
      memberProblems([memberOfNode(node)]).some(({ severity }) => severity === 'error'),
    )
    add((bad ?? clustered[0])?.where('nacos', 'address') ?? 'nacos', memberProblems(members))
  }
  const [only, ...others] = clustered
  if (only && others.length === 0) add(only.where('nacos'), alone(only))
  errors.push(...togetherness(nodes), ...disagreements(nodes))
  return { errors, warnings }
}

type Findings = readonly Finding[]

function findings(node: Node): readonly { where: string; found: Findings }[] {
  const { nacos, java } = node.params
  const jdk = jdkFor(nacos.version)
  const refused = jdk.refused(java.version)
  const note = jdk.note(java.version)
  const prerelease = prereleaseProblem(nacos.version, nacos.allow)
  const port = portProblem(nacos.port)
  const home = homeProblem(nacos.home)
  const unsupported = support(nacos.version) === 'no'
  return [
    {
      where: node.where('nacos', 'version'),
      found: [...versionProblems(nacos.version, nacos.mode), ...(prerelease ? [prerelease] : [])],
    },
    {
      where: node.where('nacos', 'version'),
      found:
        unsupported && versionProblems(nacos.version, nacos.mode).length === 0
          ? [wrong(`Nacos ${nacos.version.text} is not known here`, 'use 2.0 to 2.5 or 3.x')]
          : [],
    },
    {
      where: node.where('java', 'version'),
      found: refused ? [wrong(refused, `declare java.version: ${jdk.recommended}`)] : [],
    },
    {
      where: node.where('java', 'version'),
      found: note ? [risky(note, `JDK ${jdk.recommended} is the safe choice`)] : [],
    },
    { where: node.where('nacos', 'port'), found: port ? [port] : [] },
    {
      where: node.where('nacos', 'console_port'),
      found:
        nacos.console_port !== undefined && nacos.version.major < 3
          ? [risky('the console of 2.x is at the main port', 'take nacos.console_port out')]
          : [],
    },
    { where: node.where('nacos', 'home'), found: home ? [home] : [] },
    { where: node.where('nacos', 'heap'), found: heapProblems(heapOf(nacos)) },
    {
      where: node.where('nacos', 'archive'),
      found:
        (nacos.archive === undefined) === (nacos.url === undefined)
          ? [
              wrong(
                'exactly one of nacos.archive and nacos.url says where the distribution is',
                'declare one of the two',
              ),
            ]
          : [],
    },
    { where: node.where('nacos'), found: settingsProblems(settingsOf(node)) },
    { where: node.where('nacos', 'java_flags'), found: secretFlags(nacos.java_flags) },
    {
      where: node.where('nacos', 'auth'),
      found: wantsToken(node) && !nacos.auth.admin_password ? [noPassword(nacos.version, nacos.auth.enabled)] : [],
    },
    {
      where: node.where('nacos', 'home'),
      found: /^\/(var\/)?tmp\//.test(nacos.home)
        ? [wrong('the unit has a /tmp of its own and would not find it', 'use a folder such as /opt/nacos')]
        : [],
    },
    {
      where: node.where('nacos', 'address'),
      found:
        nacos.address === undefined && isIP(node.machine.connection.address) === 0 && nacos.mode !== 'standalone'
          ? [
              wrong(
                `the member would be known by the name ${node.machine.connection.address}`,
                'declare nacos.address: the intranet IP of this node',
              ),
            ]
          : [],
    },
  ]
}

/** It waits until it has the registry from another one (DistroLoadDataTask), as it should in every larger cluster. */
const alone = ({ params: { nacos } }: Node): Findings =>
  String(reveal(nacos.properties[warmup] ?? 'true'))
    .trim()
    .toLowerCase() === 'true'
    ? [
        wrong(
          `a cluster of one member never gets ready: it waits for another one (${warmup})`,
          `declare nacos.mode: standalone, which takes a database too, or ${warmup}: 'false' among nacos.properties`,
        ),
      ]
    : []

const warmup = 'nacos.naming.data.warmup'

/** Up to 2.3 a user may be there from another time: whoever looks after the schema sees (mysql-schema.ts). */
const noPassword = (version: Version, enabled: boolean): Finding => {
  if (!enabled)
    return wrong(
      'the admin API of 3.x asks for a login, whatever nacos.auth.enabled says: members and writes could not be looked at',
      'declare nacos.auth.admin_password: the user nacos is made with it',
    )
  return atLeast(version, '2.4.0')
    ? wrong(
        'from 2.4.0 on there is no user to log in as',
        'declare nacos.auth.admin_password: the user nacos is made with it',
      )
    : risky(
        "auth is on without nacos.auth.admin_password: the gate can't try whether the cluster can be used, and drain and backup can't log in",
        'declare the password that the user nacos has, or is to have',
      )
}

/** Flags that are secrets by their names: they stand in the unit file and in the list of processes. */
const secretFlags = (flags: readonly string[]): Findings =>
  flags.flatMap((flag) => {
    const name = /^-D([^=]+)=/.exec(flag)?.[1] ?? ''
    return isSecretName(name)
      ? [risky(`-D${name}: whoever is on the host reads the flags of a process`, 'let it be nothing that matters')]
      : []
  })

/** What must be the same on every node of a cluster, and where to write it. Values are compared, never shown. */
const common: readonly (readonly [path: readonly string[], of: (node: Node) => string])[] = [
  [['nacos', 'mode'], ({ params }) => params.nacos.mode],
  [['nacos', 'auth', 'enabled'], ({ params }) => String(params.nacos.auth.enabled)],
  [['nacos', 'auth', 'token_secret'], ({ params }) => params.nacos.auth.token_secret?.reveal() ?? ''],
  [['nacos', 'auth', 'identity_key'], ({ params }) => params.nacos.auth.identity_key?.reveal() ?? ''],
  [['nacos', 'auth', 'identity_value'], ({ params }) => params.nacos.auth.identity_value?.reveal() ?? ''],
  [['database'], ({ params: { database } }) => (database ? `${database.host} ${database.port} ${database.name}` : '')],
]

/** Members that would not be one cluster: another secret lets no token of one in at the other, another database splits the data. */
function disagreements(nodes: readonly Node[]): readonly Problem[] {
  const first = nodes.find(({ params }) => params.nacos.mode !== 'standalone')
  if (!first) return []
  return common.flatMap(([path, of]) =>
    nodes
      .filter((node) => of(node) !== of(first))
      .map((node) => ({
        where: node.where(...path),
        what: `${path.join('.')} of ${node.name} is another than that of ${first.name} (${first.where(...path)})`,
        remedy: 'give all members of a cluster the same, in the variables of their group',
      })),
  )
}

/** Clashes between instances that share a machine: ports, folders, units. */
function togetherness(nodes: readonly Node[]): readonly Problem[] {
  const machines = new Map<string, Node[]>()
  for (const node of nodes) machines.set(node.machine.key, [...(machines.get(node.machine.key) ?? []), node])
  return [...machines.values()].flatMap((together) => {
    const instances = together.map(({ name, params: { nacos } }) => ({
      name,
      port: nacos.port,
      version: nacos.version,
      ...(nacos.console_port === undefined ? {} : { console: nacos.console_port }),
    }))
    const clashing = portClashes(instances)
    const seen = new Set<string>()
    const ports = clashing.flatMap(({ a, b, what, console }): Problem[] => {
      if (seen.has(`${a} ${b}`)) return []
      seen.add(`${a} ${b}`)
      const free = nearestFreePort(instances.filter(({ name }) => name !== b).map(({ port }) => port))
      const node = together.find(({ name }) => name === b)
      return [
        {
          where: node?.where('nacos', console ? 'console_port' : 'port') ?? b,
          what,
          remedy: console
            ? `choose another nacos.console_port, for example ${nearestConsolePort(instances)}`
            : `choose ports at least 100 apart, for example ${free}`,
        },
      ]
    })
    return [
      ...ports,
      ...shared(together, 'home', ({ params }) => params.nacos.home, 'give each instance a folder of its own'),
      ...nested(together),
      ...shared(together, 'unit', ({ params }) => params.nacos.unit, 'give each instance a unit name of its own'),
    ]
  })
}

/**
 * Homes in what belongs to another instance: its logs, its data, its releases. Below its home beside these they harm nobody,
 * where they are of the same user: no other may enter.
 */
const nested = (nodes: readonly Node[]): readonly Problem[] =>
  nodes.flatMap((node) => {
    const { home, user } = node.params.nacos
    const strange = nodes.find(
      ({ params: { nacos } }) => nacos.user !== user && nacos.home !== home && isWithin(home, nacos.home),
    )
    const around = nodes.find(({ params }) =>
      [...folders, 'current', 'work'].some((folder) => isWithin(home, `${params.nacos.home}/${folder}`)),
    )
    const where = node.where('nacos', 'home')
    const remedy = 'give each instance a folder of its own'
    if (around) {
      const what = `${node.name} has its home ${home} in a folder of ${around.name} (${around.params.nacos.home})`
      return [{ where, what, remedy }]
    }
    if (!strange) return []
    const above = `${strange.name} (${strange.params.nacos.home})`
    const what = `${node.name} has its home ${home} below that of ${above}, where its user ${user} may not enter`
    return [{ where, what, remedy: `${remedy}, or both the same nacos.user` }]
  })

function shared(nodes: readonly Node[], key: string, of: (node: Node) => string, remedy: string): readonly Problem[] {
  return nodes.flatMap((node, index) => {
    const other = nodes.slice(0, index).find((before) => of(before) === of(node))
    return other
      ? [
          {
            where: node.where('nacos', key),
            what: `${node.name} and ${other.name} are on one machine and share the ${key} ${of(node)}`,
            remedy,
          },
        ]
      : []
  })
}
