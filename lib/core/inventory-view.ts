/**
 * An inventory as people and other programs look at it: the tree, the JSON of `ansible-inventory --list`, and where each
 * value of a host came from. (ansible-core 2.19, lib/ansible/cli/inventory.py.)
 */
import { PlinthError, type Problem, usageError } from './error.ts'
import type { Host, Inventory } from './inventory.ts'
import { type Located, LocatedList, LocatedMap, type LocatedScalar, type Place, placeText } from './located.ts'
import { isSecret, isSecretName } from './secret-name.ts'

/** What JSON holds. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

const masked = '***'

/** Whether a value must not be shown: encrypted, from the environment or a file, or one by its name or as a URL. */
const isHidden = (value: LocatedScalar, name: string): boolean =>
  value.value !== null &&
  (value.hidden || typeof value.value === 'object' || (typeof value.value !== 'boolean' && isSecret(name, value.text)))

/** A value as JSON. With `secrets` those are shown; an encrypted one is opened, which throws without its password. */
function jsonOf(value: Located, secrets: boolean, name: string): Json {
  if (value instanceof LocatedList) return value.items.map((item) => jsonOf(item, secrets, name))
  if (value instanceof LocatedMap)
    return Object.fromEntries(
      [...value.entries].map(([key, entry]) => [key, jsonOf(entry.value, secrets, isSecretName(name) ? name : key)]),
    )
  if (!secrets && isHidden(value, name)) return masked
  return typeof value.value === 'object' && value.value !== null ? value.value.open().reveal() : value.value
}

/**
 * Every secret in the variables of some hosts, as it is.
 * Throws usageError that names all that can't be opened: their password is not there, or their command fails.
 */
export function secretsOf(hosts: Iterable<Host>): ReadonlySet<string> {
  const found = new Set<string>()
  const problems: Problem[] = []
  // A value of a group is one for all its hosts, and opening an encrypted one takes its time.
  const seen = new Set<Located>()
  const visit = (value: Located, name: string): void => {
    if (seen.has(value)) return
    seen.add(value)
    if (value instanceof LocatedList) for (const item of value.items) visit(item, name)
    else if (value instanceof LocatedMap)
      for (const [key, entry] of value.entries) visit(entry.value, isSecretName(name) ? name : key)
    else if (isHidden(value, name)) found.add(opened(value, problems))
  }
  for (const { vars } of hosts) visit(vars, '')
  if (problems.length > 0) throw usageError(...problems)
  return found
}

/** A secret as it is; what is wrong with one that can't be opened goes to `problems`. */
function opened({ value, text }: LocatedScalar, problems: Problem[]): string {
  if (typeof value !== 'object' || value === null) return text
  try {
    return value.open().reveal()
  } catch (error) {
    if (!(error instanceof PlinthError)) throw error
    problems.push(...error.problems)
    return ''
  }
}

/**
 * What `ansible-inventory --list` prints. Secrets are `***` unless `secrets`.
 * Throws usageError when an encrypted value is to be shown and its password is not there.
 */
export function inventoryList(inventory: Inventory, { secrets = false } = {}): Json {
  const groups: Record<string, Json> = {}
  const add = (name: string): void => {
    const group = inventory.groups.get(name)
    if (!group || Object.hasOwn(groups, name)) return
    const body = {
      ...(group.children.length > 0 ? { children: group.children } : {}),
      ...(name !== 'all' && group.own.length > 0 ? { hosts: group.own } : {}),
    }
    if (Object.keys(body).length > 0) groups[name] = body
    for (const child of group.children) add(child)
  }
  add('all')
  const hostvars = inventory.hosts
    .map(({ name, vars }): [string, Json] => [name, jsonOf(vars, secrets, '')])
    .filter(([, vars]) => Object.keys(vars ?? {}).length > 0)
  return { _meta: { hostvars: Object.fromEntries(hostvars), profile: 'inventory_legacy' }, ...groups }
}

/** JSON as Ansible prints it: keys sorted, four columns for each level. */
export function jsonText(value: Json): string {
  const sorted = (value: Json): Json => {
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map(sorted)
    return Object.fromEntries(
      Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, inner]) => [key, sorted(inner)]),
    )
  }
  return JSON.stringify(sorted(value), null, 4)
}

/** The tree below a group, as `ansible-inventory --graph` prints it. The group is there. */
export function inventoryGraph(inventory: Inventory, from = 'all'): readonly string[] {
  const lines: string[] = []
  const line = (text: string, depth: number): void => {
    lines.push(depth === 0 ? text : `${'  |'.repeat(depth)}--${text}`)
  }
  const add = (name: string, depth: number): void => {
    line(`@${name}:`, depth)
    const group = inventory.groups.get(name)
    for (const child of group?.children ?? []) add(child, depth + 1)
    if (name !== 'all') for (const host of group?.own ?? []) line(host, depth + 1)
  }
  add(from, 0)
  return lines
}

/** One value of a host: the path of its key, the value as text, and the place it was written at. */
export interface ShownValue {
  readonly key: string
  readonly value: string
  readonly where: string
}

/** Every single value of a host's variables, in the order of their names, secrets as `***`. */
export function shownValues(host: Host): readonly ShownValue[] {
  const found: ShownValue[] = []
  const visit = (value: Located, key: string, at: Place, name: string): void => {
    if (value instanceof LocatedMap && value.entries.size > 0) {
      for (const [inner, entry] of value.entries)
        visit(entry.value, key === '' ? inner : `${key}.${inner}`, entry.at, isSecretName(name) ? name : inner)
    } else if (value instanceof LocatedList && value.items.length > 0) {
      value.items.forEach((item, i) => void visit(item, `${key}[${i}]`, item.at, name))
    } else found.push({ key, value: textOf(value, name), where: placeText(at) })
  }
  const names = [...host.vars.entries].sort(([a], [b]) => (a < b ? -1 : 1))
  visit(new LocatedMap(host.vars.at, new Map(names)), '', host.vars.at, '')
  return found
}

function textOf(value: Located, name: string): string {
  if (value instanceof LocatedMap) return '{}'
  if (value instanceof LocatedList) return '[]'
  if (isHidden(value, name)) return masked
  // What would not be seen, or would break the line, is quoted.
  return value.text === '' || /^\s|\s$|\p{Cc}/u.test(value.text) ? JSON.stringify(value.value) : value.text
}
