/** The inventory as a playbook sees it: groups of hosts with typed, checked parameters. */
import type { Distribution } from '../core/distribution.ts'
import { type Problem, usageError } from '../core/error.ts'
import type { Inventory, Host as InventoryHost } from '../core/inventory.ts'
import { type Located, LocatedMap, placeText } from '../core/located.ts'
import { suggestion } from '../core/nearest.ts'
import { check, type Infer, type Schema } from '../core/schema.ts'
import type { Host, Machine } from './play.ts'

/** An archive a playbook needs, where the inventory names it, and the place for messages. */
export interface ArchiveSource {
  readonly source: string
  readonly sha256: string
  readonly where: string
}

export class Fleet {
  readonly #known = new Set<string>()
  readonly #used = new Set<InventoryHost>()
  readonly #warnings: Problem[] = []

  constructor(
    private readonly inventory: Inventory,
    private readonly open: (source: ArchiveSource) => Promise<Distribution>,
  ) {}

  /**
   * The hosts of a group in the order of the files, each with its variables as `schema` reads them. Throws a usage
   * error with everything that is wrong in any of them.
   */
  group<S extends Schema & { readonly entries: object }>(name: string, schema: S): readonly Host<Infer<S>>[] {
    for (const key of Object.keys(schema.entries)) this.#known.add(key)
    const problems: Problem[] = []
    const hosts = this.inventory.hostsIn(name).flatMap((host): Host<Infer<S>>[] => {
      this.#used.add(host)
      const checked = check(schema, host.params, { alsoKnown: host.params.entries.keys() })
      if (checked.ok)
        return [{ name: host.name, machine: machineOf(host), params: checked.value, where: whereIn(host) }]
      problems.push(...checked.problems)
      return []
    })
    if (problems.length > 0) throw usageError(...distinct([...this.strangers(), ...problems]))
    return hosts
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

  /** Variables of hosts in use that no schema of this playbook knows, each with the nearest name that one does. */
  strangers(): readonly Problem[] {
    return distinct(
      [...this.#used].flatMap((host) =>
        [...host.params.entries]
          .filter(([key]) => !this.#known.has(key))
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
  user: connection.user,
  address: connection.address,
  port: connection.port,
  ...(connection.privateKey === null ? {} : { privateKeyFile: connection.privateKey }),
  knownHostsFiles: connection.knownHosts,
})

/** The place of a parameter, or of the nearest thing around it that was written. */
const whereIn =
  (host: InventoryHost) =>
  (...path: readonly string[]): string => {
    let value: Located = host.params
    let place = host.params.at
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
