/**
 * What an inventory is once it is read: hosts with their variables and the way to reach them, and groups of groups.
 * Pure; lib/edge/inventory.ts reads the files.
 */
import type { LocatedEntry, LocatedMap } from './located.ts'
import type { Secret } from './secret.ts'

/** How a machine is reached, as far as the inventory and the command line say; OpenSSH's configuration fills the rest. */
export interface Connection {
  readonly address: string
  /** Null for what OpenSSH's configuration says, or 22. */
  readonly port: number | null
  /** Null for what OpenSSH's configuration says, or whoever runs this. */
  readonly user: string | null
  /** Absolute path of the only private key to log in with, or null for what the configuration, the agent and the default keys offer. */
  readonly privateKey: string | null
  /** Further words of an ssh command line: `-o NAME=VALUE` and `-F FILE`, file names in them made absolute. */
  readonly sshArguments: readonly string[]
  /** Where they are written, for messages; undefined where there are none. */
  readonly sshArgumentsAt?: string | undefined
  /** `TYPE BASE64` of the only keys the host may show; none for what the known_hosts files say. */
  readonly hostKeys: readonly string[]
  /** For logins with a password or keyboard-interactive. */
  readonly password: Secret | null
  /** The user that everything runs as, when it is another than the one who logs in. */
  readonly become: Become | null
  /** `user@address:port`, what is not said left out, the ssh arguments and `as USER`: hosts with the same key are one machine. */
  readonly machine: string
}

/** How to become another user once logged in. */
export interface Become {
  readonly method: 'sudo' | 'su' | 'doas'
  readonly user: string
  readonly password: Secret | null
}

export interface Host {
  readonly name: string
  /** Lowest precedence first: by depth, priority and name, as Ansible merges their variables. `all` is the first. */
  readonly groups: readonly string[]
  /** Every variable with the place it came from, merged: those of the weakest place first. */
  readonly vars: LocatedMap
  /** The variables without `ansible_*`: what a playbook's schema checks. */
  readonly params: LocatedMap
  readonly connection: Connection
}

export interface Group {
  readonly name: string
  /** All hosts, those of child groups included. */
  readonly hosts: readonly string[]
  /** The hosts that are named in this group itself. */
  readonly own: readonly string[]
  /** Direct child groups. */
  readonly children: readonly string[]
}

export interface Inventory {
  /** In the order of the files. */
  readonly hosts: readonly Host[]
  readonly groups: ReadonlyMap<string, Group>
  /** The variables of the command line: what a procedure is told. Every host has them too. */
  readonly given: LocatedMap
  /** The hosts of a group in the order of the files; throws usageError for a group that does not exist. */
  hostsIn(group: string): readonly Host[]
  /** The hosts a pattern (see pattern.ts) means. `where` names its origin in messages: `--limit`. */
  select(pattern: string, where?: string): readonly Host[]
}

export type Variables = ReadonlyMap<string, LocatedEntry>

interface Node {
  readonly name: string
  readonly hosts: Set<string>
  readonly children: Set<string>
  readonly parents: Set<string>
  readonly vars: Map<string, LocatedEntry>
  priority: number
}

/**
 * Groups while they are being read. `all` and `ungrouped` are there from the start, and everything ends up below `all`.
 */
export class GroupTree {
  private readonly nodes = new Map<string, Node>()
  private readonly depths = new Map<string, number>()
  /** Host to the groups that name it. */
  private readonly namedIn = new Map<string, Set<string>>()
  readonly hosts = new Map<string, Map<string, LocatedEntry>>()

  constructor() {
    this.add('all')
    this.add('ungrouped')
    this.addChild('all', 'ungrouped')
  }

  get names(): string[] {
    return [...this.nodes.keys()]
  }

  has(name: string): boolean {
    return this.nodes.has(name)
  }

  /** Adds a group, if it is new, and gives its own variables to write to. */
  add(name: string): Map<string, LocatedEntry> {
    return this.node(name).vars
  }

  /** Among groups of the same depth the higher priority wins (Ansible's `ansible_group_priority`, 1 by default). */
  prioritise(name: string, priority: number): void {
    this.node(name).priority = priority
  }

  /** Adds a host to a group, and gives the host's own variables to write to. */
  addHost(group: string, host: string): Map<string, LocatedEntry> {
    this.node(group).hosts.add(host)
    this.namedIn.set(host, (this.namedIn.get(host) ?? new Set()).add(group))
    const vars = this.hosts.get(host) ?? new Map<string, LocatedEntry>()
    this.hosts.set(host, vars)
    return vars
  }

  /** Puts a group below another. False, and nothing done, when that would make a group contain itself. */
  addChild(parent: string, child: string): boolean {
    if (parent === child) return false
    // What is below nothing is below no child of its own.
    if (this.node(parent).parents.size > 0 && this.below(child).includes(parent)) return false
    this.node(parent).children.add(child)
    this.node(child).parents.add(parent)
    return true
  }

  /** Ends the reading: groups without a parent go below `all`, hosts without a group into `ungrouped`. */
  close(): void {
    for (const node of this.nodes.values())
      if (node.name !== 'all' && node.parents.size === 0) this.addChild('all', node.name)
    for (const [host, groups] of this.namedIn) {
      const grouped = [...groups].some((name) => name !== 'all' && name !== 'ungrouped')
      if (!grouped) this.addHost('ungrouped', host)
      else if (groups.has('ungrouped')) this.node('ungrouped').hosts.delete(host)
    }
    this.rank()
  }

  /** How far below `all` a group is, by the longest way; known once the reading has ended. */
  depthOf(name: string): number {
    return this.depths.get(name) ?? 0
  }

  /** The groups as they are seen from outside. */
  groups(): Map<string, Group> {
    return new Map(
      [...this.nodes.values()].map(({ name, hosts, children }) => [
        name,
        { name, hosts: this.hostsIn(name), own: [...hosts], children: [...children] },
      ]),
    )
  }

  /** Hosts of a group and its children: its own first, then those of its children, level by level, as Ansible does. */
  private hostsIn(group: string): string[] {
    return [...new Set(this.below(group).flatMap((name) => [...this.node(name).hosts]))]
  }

  /** The groups of a host, parents included, in the order in which their variables are merged. `all` is the first. */
  groupsOf(host: string): string[] {
    const direct = [...(this.namedIn.get(host) ?? [])].filter((name) => this.node(name).hosts.has(host))
    const above = this.walk(direct, 'parents').filter((name) => name !== 'all')
    const rank = (name: string): [number, number] => [this.depthOf(name), this.node(name).priority]
    above.sort((a, b) => {
      const [depthA, priorityA] = rank(a)
      const [depthB, priorityB] = rank(b)
      return depthA - depthB || priorityA - priorityB || (a < b ? -1 : 1)
    })
    return ['all', ...above]
  }

  private below(group: string): string[] {
    return this.walk([group], 'children')
  }

  private walk(from: readonly string[], along: 'children' | 'parents'): string[] {
    const seen = new Set(from)
    // A set may grow while it is walked: this is breadth first.
    for (const name of seen) for (const next of this.nodes.get(name)?.[along] ?? []) seen.add(next)
    return [...seen]
  }

  /** The depths of all groups: each is ranked when all its parents are. */
  private rank(): void {
    const left = new Map([...this.nodes.values()].map(({ name, parents }) => [name, parents.size]))
    const ready = ['all']
    for (const name of ready) {
      const above = [...this.node(name).parents].map((parent) => this.depthOf(parent))
      this.depths.set(name, above.reduce((deepest, depth) => Math.max(deepest, depth), -1) + 1)
      for (const child of this.node(name).children) {
        const waits = (left.get(child) ?? 0) - 1
        left.set(child, waits)
        if (waits === 0) ready.push(child)
      }
    }
  }

  private node(name: string): Node {
    const known = this.nodes.get(name)
    if (known) return known
    const node = {
      name,
      hosts: new Set<string>(),
      children: new Set<string>(),
      parents: new Set<string>(),
      vars: new Map<string, LocatedEntry>(),
      priority: 1,
    }
    this.nodes.set(name, node)
    return node
  }
}

/**
 * Variables laid over each other: of two with one name the later one counts, as a whole. They stand in the order of their
 * layers, which is that of their strength (see `gathered` in single-keys.ts).
 */
export function mergeVariables(...layers: readonly Variables[]): Map<string, LocatedEntry> {
  const merged = new Map<string, LocatedEntry>()
  for (const layer of layers) layOver(merged, layer)
  return merged
}

/** Lays a layer over variables; what it has comes last then. */
export function layOver(variables: Map<string, LocatedEntry>, layer: Variables): void {
  for (const [name, entry] of layer) {
    variables.delete(name)
    variables.set(name, entry)
  }
}

/** The variables of one place: a map before each single key of it, which is stronger there. */
export const ofOnePlace = (variables: Variables): Variables =>
  new Map([...variables].sort(([a], [b]) => a.length - b.length))
