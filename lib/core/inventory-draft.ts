/**
 * An inventory while its sources are read, whatever their form: names are checked, ranges expanded, ports split off, and
 * every host and group remembers where it was written. What is wrong is gathered, never thrown.
 */
import { parseAddress } from './address.ts'
import type { Problem } from './error.ts'
import { expandHosts } from './host-range.ts'
import { GroupTree, layOver, ofOnePlace, type Variables } from './inventory.ts'
import { type LocatedEntry, type LocatedMap, LocatedScalar, type Place, placeText } from './located.ts'
import { nearest } from './nearest.ts'
import { brief } from './visible.ts'

/** Characters in the name of a host, ranges included. */
const longest = 1000
/** Names of hosts in all groups together, ranges expanded, and levels of groups: more is a slip, or made to harm. */
const most = 100_000
const deepest = 100

export class Draft {
  readonly tree = new GroupTree()

  /** Where each host was first named, and whether that or a later entry says anything about it. */
  private readonly seen = new Map<string, { at: Place; group: string; declared: boolean }>()

  /** Where each group was last put below another. */
  private readonly nested = new Map<string, Place>()
  private named = 0

  /** What the file that is being read has said, by the variables that it went to. */
  private readonly said = new Map<Map<string, LocatedEntry>, Map<string, LocatedEntry>>()

  /** The hosts with an address of their own, once everything is read. */
  private addressed: readonly string[] | undefined

  private readonly problems: Problem[]

  constructor(problems: Problem[]) {
    this.problems = problems
  }

  report(at: Place, what: string, remedy: string): void {
    this.problems.push({ where: placeText(at), what, remedy })
  }

  /** Ends the reading of one file: what it said is stronger than what those before it have. */
  endOfFile(): void {
    for (const [variables, said] of this.said) layOver(variables, ofOnePlace(said))
    this.said.clear()
  }

  /** Adds a group. False, with a problem noted, when that can't be its name. */
  group(name: string, at: Place): boolean {
    if (!this.nameable(name, at, 'group')) return false
    this.tree.add(name)
    return true
  }

  /** Puts a group below another; both are there. `loop` says that it is known to be above it. */
  child(parent: string, child: string, at: Place, loop = false): void {
    if (child === 'all') this.report(at, 'group "all" can\'t be a child', `remove it from the children of "${parent}"`)
    else if (loop || !this.tree.addChild(parent, child))
      this.report(at, `group "${child}" would contain itself`, `remove it from the children of "${parent}"`)
    else this.nested.set(child, at)
  }

  /** Ends the reading. False, with a problem noted, where there are so many names or levels that no use is to be made of them. */
  close(): boolean {
    if (this.named > most) return false
    this.tree.close()
    const [name, at] = [...this.nested].find(([name]) => this.tree.depthOf(name) > deepest) ?? []
    if (at) this.report(at, `group "${name}" is more than ${deepest} levels deep`, 'nest the groups less deeply')
    return at === undefined
  }

  /** Sets a variable of a group; `ansible_group_priority` is none, but ranks it among its like. */
  variable(group: string, name: string, entry: LocatedEntry): void {
    if (name !== 'ansible_group_priority') {
      this.set(this.tree.add(group), name, entry)
      return
    }
    const { value } = entry
    const priority = value instanceof LocatedScalar ? Number(value.text) : Number.NaN
    if (Number.isInteger(priority)) this.tree.prioritise(group, priority)
    else this.report(entry.at, 'ansible_group_priority: expected a whole number', 'write a whole number')
  }

  /** Adds the hosts that a name like `web[01:20]:2222` stands for to a group, with these variables of their own. */
  hosts(group: string, pattern: string, at: Place, vars: Variables): void {
    if (pattern.length > longest) {
      this.report(at, `a name of more than ${longest} characters`, 'write the name of a host')
      return
    }
    const range = 'write a range such as web[01:20] or web[a:f]'
    if (/[[\]]/.test(pattern.replace(/\[[^[\]]*\]/g, ''))) {
      this.report(at, `host "${brief(pattern)}": a bracket that is not closed, or not opened`, range)
      return
    }
    const { host, port } = parseAddress(pattern) ?? { host: pattern, port: null }
    if (port === null && pattern.endsWith(':')) {
      this.report(at, `host "${pattern}" ends with a colon`, 'write the port after it, or take it out')
      return
    }
    if (this.named > most) return
    let names: readonly string[]
    try {
      names = expandHosts(host)
    } catch (thrown) {
      if (!(thrown instanceof RangeError)) throw thrown
      this.report(at, `host "${pattern}": ${thrown.message}`, range)
      return
    }
    if (names.length === 1 && /\[/.test(host) && names[0] === host) {
      this.report(at, `host "${brief(pattern)}": what is in brackets is no range`, range)
      return
    }
    for (const name of names) {
      const known = this.tree.hosts.get(name)
      if (port !== null && known && !samePort(known, port))
        this.report(
          at,
          `host "${name}" is there already, and its port would not count`,
          'write it where the host is first named',
        )
      const portEntry = { at, value: new LocatedScalar(at, port, String(port)) }
      const own: Variables = port === null || known ? vars : new Map([['ansible_port', portEntry], ...vars])
      if (!this.host(group, name, at, own, names.length > 1)) return
    }
  }

  /** Adds one host to a group. False, with a problem noted, when that can't be its name. */
  host(group: string, name: string, at: Place, vars: Variables, ranged = false): boolean {
    if (!this.nameable(name, at, 'host') || this.named > most) return false
    if (++this.named > most) {
      this.report(
        at,
        `more than ${most} names of hosts, ranges expanded`,
        'write smaller ranges, or name the right file',
      )
      return false
    }
    const own = this.tree.addHost(group, name)
    for (const [variable, entry] of vars) this.set(own, variable, entry)
    const declared = atTop(group) || vars.size > 0 || ranged
    const known = this.seen.get(name)
    if (!known) this.seen.set(name, { at, group, declared })
    else if (declared) known.declared = true
    return true
  }

  private set(variables: Map<string, LocatedEntry>, name: string, entry: LocatedEntry): void {
    variables.set(name, entry)
    const said = this.said.get(variables) ?? new Map<string, LocatedEntry>()
    this.said.set(variables, said.set(name, entry))
  }

  /** Where a host is first named. */
  placeOfHost(name: string): Place {
    return this.seen.get(name)?.at ?? { file: name, line: 0, column: 0 }
  }

  /**
   * A host that a group names without a word about it, while the inventory lists its hosts with their addresses in
   * one place, is a slip of the pen: Ansible would take the name for an address.
   */
  undeclared(name: string, vars: LocatedMap): readonly Problem[] {
    const entry = this.seen.get(name)
    if (!entry || entry.declared || vars.entries.has('ansible_host') || /[.:]/.test(name)) return []
    this.addressed ??= [...this.tree.hosts].filter(([, own]) => own.has('ansible_host')).map(([host]) => host)
    const { addressed } = this
    if (!addressed.some((host) => atTop(this.seen.get(host)?.group))) return []
    const meant = nearest(name, addressed.slice(0, 5000))
    const known = `did you mean ${meant === null ? 'one of' : `"${meant}"? known:`} ${addressed.slice(0, 24).join(', ')}`
    return [
      {
        where: placeText(entry.at),
        what: `unknown host "${name}" in group "${entry.group}": it has no ansible_host`,
        remedy: `${known}, or declare it below all: hosts:`,
      },
    ]
  }

  /** Names become parts of patterns, of paths and of addresses: nothing that means something there. */
  private nameable(name: string, at: Place, kind: 'host' | 'group'): boolean {
    const fine = kind === 'group' ? /^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u : /^[\p{L}\p{N}_:][\p{L}\p{N}_.:-]*$/u
    if (fine.test(name) && name !== '__proto__') return true
    this.report(at, `"${brief(name)}" cannot be the name of a ${kind}`, 'use letters, digits, "_", "-" and "."')
    return false
  }
}

/** Hosts named here belong to no group in particular: this is where an inventory lists what it has. */
const atTop = (group: string | undefined): boolean => group === 'all' || group === 'ungrouped'

const samePort = (own: Variables, port: number): boolean => {
  const value = own.get('ansible_port')?.value
  return value instanceof LocatedScalar && value.text === String(port)
}
