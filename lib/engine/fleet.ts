/** The inventory as a playbook sees it: groups of hosts with typed, checked parameters. */

import { isConnectionVariable } from '../core/connection.ts'
import type { Distribution } from '../core/distribution.ts'
import { type Problem, usageError } from '../core/error.ts'
import type { Connection, Inventory, Host as InventoryHost } from '../core/inventory.ts'
import { type Located, LocatedMap, placeText } from '../core/located.ts'
import type { DeclaredGroup } from '../core/missing-secrets.ts'
import { suggestion } from '../core/nearest.ts'
import { check, type Infer, type Schema } from '../core/schema.ts'
import { kindOf, secretsWithin } from '../core/secret.ts'
import { gathered, mapOf } from '../core/single-keys.ts'
import type { Host, Machine } from './play.ts'

/** An archive a playbook needs, where the inventory names it, and the place for messages. */
export interface ArchiveSource {
  readonly source: string
  readonly sha256: string
  readonly where: string
}

/** What the variables of the hosts of a group are. */
type GroupSchema = Schema & { readonly entries: object }
type GroupSchemas = Readonly<Record<string, GroupSchema>>
type Groups<G extends GroupSchemas> = { readonly [Name in keyof G]: readonly Host<Infer<G[Name]>>[] }

export class Fleet {
  readonly #known = new Set<string>()
  readonly #used = new Set<InventoryHost>()
  readonly #warnings: Problem[] = []
  /** All values that were given to the playbook. */
  readonly #given: unknown[] = []
  readonly #declared: DeclaredGroup[] = []

  private readonly inventory: Inventory
  private readonly open: (source: ArchiveSource) => Promise<Distribution>

  constructor(inventory: Inventory, open: (source: ArchiveSource) => Promise<Distribution>) {
    this.inventory = inventory
    this.open = open
  }

  /**
   * What this run is told with `-e key=value` and no inventory says: the node to drain, the backup to restore. Throws a
   * usage error with everything that is wrong, keys that nothing knows included: ask for the groups first.
   */
  parameters<S extends Schema & { readonly entries: object }>(schema: S): Infer<S> {
    for (const key of Object.keys(schema.entries)) this.#known.add(key)
    const checked = check(schema, this.inventory.given, { alsoKnown: this.inventory.given.entries.keys() })
    const problems = [...this.strangers(), ...(checked.ok ? [] : checked.problems)]
    if (!checked.ok || problems.length > 0) throw usageError(...distinct(problems))
    this.#given.push(checked.value)
    return checked.value
  }

  /**
   * The hosts of a group in the order of the files, each with its variables as `schema` reads them. Throws a usage
   * error with everything that is wrong in any of them. A playbook of several groups asks for all with `groups`.
   */
  group<S extends GroupSchema>(name: string, schema: S): readonly Host<Infer<S>>[] {
    return this.groups({ [name]: schema })[name] ?? []
  }

  /**
   * The hosts of several groups, by name: what is wrong in one does not hide what is wrong in the next.
   * @param possible groups that the inventory need not have; without hosts then
   */
  groups<N extends GroupSchemas, P extends GroupSchemas = Record<never, never>>(
    needed: N,
    possible?: P,
  ): Groups<N & P> {
    const problems: Problem[] = []
    const wanted = [...Object.entries(needed), ...Object.entries(possible ?? {}).filter(([name]) => this.has(name))]
    for (const [name, schema] of wanted) {
      if (typeof schema?.entries !== 'object') {
        const what = `its schema is ${kindOf(schema)}`
        throw usageError({ where: `group ${name}`, what, remedy: 'give params({ … }) with the variables of its hosts' })
      }
      this.#declared.push({ name, schema })
      for (const key of Object.keys(schema.entries)) this.#known.add(key)
    }
    const found = wanted.map(([name, schema]) => [name, this.#read(name, schema, problems)])
    const none = Object.keys(possible ?? {}).map((name) => [name, []])
    problems.push(...machineProblems([...this.#used]))
    if (problems.length > 0) throw usageError(...distinct([...this.strangers(), ...problems]))
    return Object.fromEntries([...none, ...found]) as Groups<N & P>
  }

  #read<S extends GroupSchema>(group: string, schema: S, problems: Problem[]): readonly Host<Infer<S>>[] {
    return this.inventory.hostsIn(group).flatMap((host): Host<Infer<S>>[] => {
      this.#used.add(host)
      const params = gathered(host.params, schema)
      const checked = check(schema, params, { alsoKnown: params.entries.keys() })
      if (checked.ok) {
        this.#given.push(checked.value)
        return [{ name: host.name, machine: machineOf(host), params: checked.value, where: whereIn(params) }]
      }
      problems.push(...checked.problems)
      return []
    })
  }

  /** What was asked for so far: groups with the schemas of their hosts. */
  get declared(): readonly DeclaredGroup[] {
    return this.#declared
  }

  /**
   * All hosts in the order of the files, their variables unread: for what can be done on any host. Throws a usage error
   * where hosts of one machine are not to be reached alike.
   */
  all(): readonly Host<Readonly<Record<never, never>>>[] {
    const problems = machineProblems(this.inventory.hosts)
    if (problems.length > 0) throw usageError(...problems)
    return this.inventory.hosts.map((host) => ({
      name: host.name,
      machine: machineOf(host),
      params: {},
      where: whereIn(host.params),
    }))
  }

  /** The secrets that the playbook was given: of all others it knows none, so that none is in what it does. */
  get secrets(): readonly string[] {
    return secretsWithin(this.#given)
  }

  /** Whether the inventory has a group of this name. */
  has(group: string): boolean {
    return this.inventory.groups.has(group)
  }

  /** An archive on the controller: verified, looked through, its texts at hand. */
  archive(source: ArchiveSource): Promise<Distribution> {
    return this.open(source)
  }

  /** Something the operator should know that stops nothing. */
  warn(...problems: readonly Problem[]): void {
    this.#warnings.push(...problems)
  }

  get warnings(): readonly Problem[] {
    return distinct(this.#warnings)
  }

  /**
   * Variables of hosts in use, and those of the command line, that no schema of this playbook knows, each with the nearest
   * name that one does.
   */
  strangers(): readonly Problem[] {
    return distinct(
      [this.inventory.given, ...[...this.#used].map(({ params }) => params)].flatMap(({ entries }) =>
        [...entries]
          .filter(
            ([key]) => !this.#known.has(key) && mapOf(key, this.#known) === undefined && !isConnectionVariable(key),
          )
          .map(([key, { at }]) => ({
            where: placeText(at),
            what: `${key}: unknown key`,
            remedy: suggestion(key, this.#known, 'key'),
          })),
      ),
    )
  }
}

const machineOf = ({ name, connection }: InventoryHost): Machine => ({
  key: connection.machine,
  name,
  connection,
})

/** All by which the hosts of one machine would be two to a run, or one of them be reached as another is. */
const machineProblems = (hosts: readonly InventoryHost[]): readonly Problem[] => [
  ...unlikeHosts(hosts),
  ...unequalPorts(hosts),
]

/** What hosts of one machine have to have alike, as it is shown: the variable, and what to say of two. */
const alike: readonly {
  readonly variable: string
  readonly of: (connection: Connection) => string
  readonly what: (before: string, now: string) => string
  readonly remedy: string
}[] = [
  {
    variable: 'ansible_user',
    of: ({ user }) => user ?? 'whoever the ssh configuration says',
    what: (before, now) => `log in as ${before} and as ${now}`,
    remedy: 'set ansible_user alike for both: who logs in twice is two runs at once there',
  },
  {
    variable: 'ansible_become',
    of: ({ become, user }) => (become ? `${become.user} (${become.method})` : (user ?? 'who logs in')),
    what: (before, now) => `act as ${before} and as ${now}`,
    remedy: 'set ansible_become, ansible_become_user and ansible_become_method alike for both',
  },
  {
    variable: 'ansible_ssh_host_keys',
    of: ({ hostKeys }) => [...hostKeys].sort().join('\n'),
    what: () => 'name other keys that it may show',
    remedy: 'give both the same ansible_ssh_host_keys: there is one connection to it',
  },
  {
    variable: 'ansible_ssh_private_key_file',
    of: ({ privateKey }) => privateKey ?? '',
    what: () => 'log in with other keys',
    remedy: 'give both the same ansible_ssh_private_key_file: there is one connection to it',
  },
]

/** Hosts of one address, port and way there that are not to be reached alike: the first thing in which each differs from the first. */
function unlikeHosts(hosts: readonly InventoryHost[]): readonly Problem[] {
  const first = new Map<string, InventoryHost>()
  return hosts.flatMap((host) => {
    const { address, port, sshArguments } = host.connection
    const key = JSON.stringify([address, port, sshArguments])
    const before = first.get(key) ?? host
    first.set(key, before)
    const unlike = alike.find(({ of }) => of(before.connection) !== of(host.connection))
    if (!unlike) return []
    const { variable, of, what, remedy } = unlike
    return [
      {
        where: placeText((host.vars.entries.get(variable) ?? host.vars).at),
        what: `${before.name} and ${host.name} are one machine, and ${what(of(before.connection), of(host.connection))}`,
        remedy,
      },
    ]
  })
}

/**
 * Hosts that differ in this alone, that some have port 22 written: most likely one machine, of which a run would make two that
 * stand in each other's way. They can't be taken for one: without a port OpenSSH's configuration may say another.
 */
function unequalPorts(hosts: readonly InventoryHost[]): readonly Problem[] {
  const first = new Map<string, InventoryHost>()
  return hosts.flatMap((host) => {
    const { address, port, sshArguments } = host.connection
    if (port !== null && port !== 22) return []
    const key = JSON.stringify([address, sshArguments])
    const before = first.get(key) ?? host
    first.set(key, before)
    if (before.connection.port === port) return []
    const [with22, without] = port === 22 ? [host, before] : [before, host]
    return [
      {
        where: placeText((with22.vars.entries.get('ansible_port') ?? with22.vars).at),
        what: `${with22.name} and ${without.name} have one address, and only ${with22.name} has port 22 written`,
        remedy: 'write ansible_port for both or for neither: they are one machine only if that is alike',
      },
    ]
  })
}

/** The place of a parameter, or of the nearest thing around it that was written. */
const whereIn =
  (params: LocatedMap) =>
  (...path: readonly string[]): string => {
    let value: Located = params
    let place = params.at
    for (const key of path) {
      const entry: { at: typeof place; value: Located } | undefined =
        value instanceof LocatedMap ? value.entries.get(key) : undefined
      if (!entry) break
      place = entry.at
      value = entry.value
    }
    return placeText(place)
  }

const distinct = (problems: readonly Problem[]): readonly Problem[] => [
  ...new Map(problems.map((problem) => [`${problem.where}\n${problem.what}`, problem])).values(),
]
