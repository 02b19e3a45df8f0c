/**
 * One inventory file: groups with `hosts`, `vars` and `children`, read into the tree of groups.
 */
import type { Problem } from '../core/error.ts'
import { expandHosts } from '../core/host-range.ts'
import type { GroupTree } from '../core/inventory.ts'
import {
  isNothing,
  kindOf,
  type Located,
  type LocatedEntry,
  LocatedMap,
  LocatedScalar,
  type Place,
  placeText,
} from '../core/located.ts'
import { nearest, suggestion } from '../core/nearest.ts'

const sections = ['hosts', 'vars', 'children']

/** Reads files one after the other into a tree; what is wrong goes to `problems`. */
export class InventoryFile {
  /** Where each host was first named, and whether that or a later entry says anything about it. */
  private readonly seen = new Map<string, { at: Place; group: string; declared: boolean }>()

  /** The hosts with an address of their own, once everything is read. */
  private addressed: readonly string[] | undefined

  private readonly tree: GroupTree
  private readonly problems: Problem[]

  constructor(tree: GroupTree, problems: Problem[]) {
    this.tree = tree
    this.problems = problems
  }

  /** Reads the value of a file; `shown` is the file's name in messages. */
  read(value: Located | null, shown: string): void {
    const top = { file: shown, line: 1, column: 1 }
    if (value === null || isNothing(value)) this.report(top, 'an empty inventory', 'write all: hosts: NAME:')
    else if (!(value instanceof LocatedMap))
      this.report(value.at, `expected groups, found ${kindOf(value)}`, 'begin with all:')
    else this.groups(value)
  }

  private groups(value: LocatedMap): void {
    for (const [name, entry] of value.entries) {
      if (sections.includes(name)) this.report(entry.at, `"${name}" stands outside of a group`, 'indent it below all:')
      else if (name === 'plugin')
        this.report(entry.at, 'inventory plugins are not supported', 'write the hosts: ansible-inventory --list --yaml')
      else this.group(name, entry)
    }
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
    if (!addressed.some((host) => this.seen.get(host)?.group === 'all')) return []
    const meant = nearest(name, addressed)
    const known = `did you mean ${meant === null ? 'one of' : `"${meant}"? known:`} ${addressed.slice(0, 24).join(', ')}`
    return [
      {
        where: placeText(entry.at),
        what: `unknown host "${name}" in group "${entry.group}": it has no ansible_host`,
        remedy: `${known}, or declare it below all: hosts:`,
      },
    ]
  }

  private group(name: string, { at, value }: LocatedEntry): void {
    if (!this.nameable(name, at, 'group')) return
    const vars = this.tree.add(name)
    const body = this.map(value, `group "${name}"`, sections)
    for (const [key, entry] of body) {
      if (key === 'vars') {
        for (const [variable, own] of this.map(entry.value, `vars of "${name}"`)) {
          if (variable === 'ansible_group_priority') this.prioritise(name, own)
          else vars.set(variable, own)
        }
      } else if (key === 'hosts') {
        for (const [pattern, own] of this.map(entry.value, `hosts of "${name}"`)) this.host(name, pattern, own)
      } else if (key === 'children') {
        for (const [child, own] of this.map(entry.value, `children of "${name}"`)) {
          if (!this.tree.addChild(name, child))
            this.report(own.at, `group "${child}" would contain itself`, `remove it from the children of "${name}"`)
          this.group(child, own)
        }
      } else this.report(entry.at, `unknown key "${key}" in group "${name}"`, suggestion(key, sections, 'key'))
    }
  }

  private host(group: string, pattern: string, { at, value }: LocatedEntry): void {
    const [address, port] = withPort(pattern)
    let names: string[]
    try {
      names = expandHosts(address)
    } catch (thrown) {
      if (!(thrown instanceof RangeError)) throw thrown
      this.report(at, `host "${pattern}": ${thrown.message}`, 'write a range such as web[01:20] or web[a:f]')
      return
    }
    const vars = this.map(value, `host "${pattern}"`)
    for (const name of names) {
      if (!this.nameable(name, at, 'host')) return
      const own = this.tree.addHost(group, name)
      if (port !== null) own.set('ansible_port', { at, value: new LocatedScalar(at, Number(port), port) })
      for (const [variable, entry] of vars) own.set(variable, entry)
      const declared = group === 'all' || vars.size > 0 || port !== null || names.length > 1
      const known = this.seen.get(name)
      if (!known) this.seen.set(name, { at, group, declared })
      else if (declared) known.declared = true
    }
  }

  private prioritise(group: string, { at, value }: LocatedEntry): void {
    const priority = value instanceof LocatedScalar ? Number(value.text) : Number.NaN
    if (Number.isInteger(priority)) this.tree.prioritise(group, priority)
    else this.report(at, 'ansible_group_priority: expected a whole number', 'write a whole number')
  }

  /** The entries of a map; of nothing none, of a single word that word alone, as Ansible reads `hosts: web1`. */
  private map(value: Located, what: string, keys: readonly string[] = []): ReadonlyMap<string, LocatedEntry> {
    if (value instanceof LocatedMap) return value.entries
    if (isNothing(value)) return new Map()
    const single =
      value instanceof LocatedScalar && typeof value.value === 'string' && !value.hidden && keys.length === 0
    if (single && !/^(host "|vars)/.test(what))
      return new Map([[value.value, { at: value.at, value: new LocatedScalar(value.at, null, '') }]])
    const remedy = keys.length > 0 ? `write ${keys.join(', ')} below it` : 'write "name:" lines below it, without "- "'
    this.report(value.at, `${what}: expected a map, found ${kindOf(value)}`, remedy)
    return new Map()
  }

  /** Names become parts of patterns, of paths and of addresses: nothing that means something there. */
  private nameable(name: string, at: Place, kind: 'host' | 'group'): boolean {
    const fine = kind === 'group' ? /^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u : /^[\p{L}\p{N}_:][\p{L}\p{N}_.:-]*$/u
    if (fine.test(name)) return true
    this.report(at, `"${name}" cannot be the name of a ${kind}`, 'use letters, digits, "_", "-" and "."')
    return false
  }

  private report(at: Place, what: string, remedy: string): void {
    this.problems.push({ where: placeText(at), what, remedy })
  }
}

/** `web1:2222` and `[::1]:2222` name a port; an IPv6 address without brackets does not. */
function withPort(pattern: string): [address: string, port: string | null] {
  const match = /^\[([^\]]*:[^\]]*:[^\]]*)\]:(\d+)$/.exec(pattern) ?? /^((?:[^:[\]]|\[[^\]]*\])+):(\d+)$/.exec(pattern)
  return match?.[1] !== undefined && match[2] !== undefined ? [match[1], match[2]] : [pattern, null]
}
