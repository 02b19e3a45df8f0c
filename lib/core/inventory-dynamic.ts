/**
 * Inventories that a program or a module makes: groups with lists of hosts, and the variables of all hosts in one place.
 * (ansible-core 2.19, lib/ansible/plugins/inventory/script.py; "Developing dynamic inventory" has the form.)
 *
 *     { "nacos": { "hosts": ["n1", "n2"], "vars": {…}, "children": ["canary"] }, "_meta": { "hostvars": { "n1": {…} } } }
 */
import type { Variables } from './inventory.ts'
import type { Draft } from './inventory-draft.ts'
import { isNothing, kindOf, type Located, LocatedList, LocatedMap, LocatedScalar, type Place } from './located.ts'
import { suggestion } from './nearest.ts'

/** What a TypeScript module may give: the same as a program prints, as a value. */
export interface DynamicInventory {
  readonly _meta?: { readonly hostvars?: Readonly<Record<string, Readonly<Record<string, unknown>>>> }
  readonly [group: string]:
    | readonly string[]
    | {
        readonly hosts?: readonly string[]
        readonly vars?: Readonly<Record<string, unknown>>
        readonly children?: readonly string[]
        readonly hostvars?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
      }
    | undefined
}

const sections = ['hosts', 'vars', 'children']

/**
 * Reads what a source gave into the draft. `ask` gives the variables of one host where the source has no `_meta`, null
 * where it can't be asked.
 */
export async function readDynamicInventory(
  draft: Draft,
  value: Located | null,
  at: Place,
  ask: ((host: string) => Promise<Variables>) | null,
): Promise<void> {
  if (!(value instanceof LocatedMap)) {
    const found = value === null ? 'nothing' : kindOf(value)
    draft.report(value?.at ?? at, `expected groups, found ${found}`, 'give {"group": {"hosts": ["name"]}}')
    return
  }
  const hostvars = new Map<string, Variables>()
  const meta = value.entries.get('_meta')
  const told = meta?.value instanceof LocatedMap ? meta.value.entries.get('hostvars') : undefined
  if (meta && !told) draft.report(meta.at, '_meta without hostvars', 'give "_meta": {"hostvars": {}}')
  for (const [host, entry] of told ? mapOf(draft, told.value, '_meta.hostvars') : [])
    hostvars.set(host, mapOf(draft, entry.value, `_meta.hostvars.${host}`))

  const variablesOf = async (host: string): Promise<Variables> => {
    const known = hostvars.get(host)
    if (known || meta || ask === null) return known ?? new Map()
    const asked = await ask(host)
    hostvars.set(host, asked)
    return asked
  }
  for (const [group, entry] of value.entries) {
    if (group === '_meta' || !draft.group(group, entry.at)) continue
    const body = entry.value instanceof LocatedList ? new Map([['hosts', entry]]) : mapOf(draft, entry.value, group)
    for (const [key, { at, value }] of body) {
      if (key === 'vars')
        for (const [name, own] of mapOf(draft, value, `${group}.vars`)) draft.variable(group, name, own)
      else if (key === 'hosts')
        for (const host of namesIn(draft, value, `${group}.hosts`))
          draft.host(group, host.text, host.at, await variablesOf(host.text))
      else if (key === 'children')
        for (const child of namesIn(draft, value, `${group}.children`)) {
          if (draft.group(child.text, child.at)) draft.child(group, child.text, child.at)
        }
      else draft.report(at, `unknown key "${key}" in group "${group}"`, suggestion(key, sections, 'key'))
    }
  }
}

function mapOf(draft: Draft, value: Located, what: string): Variables {
  if (value instanceof LocatedMap) return value.entries
  if (!isNothing(value)) draft.report(value.at, `${what}: expected a map, found ${kindOf(value)}`, 'give {…}')
  return new Map()
}

function namesIn(draft: Draft, value: Located, what: string): readonly LocatedScalar[] {
  if (!(value instanceof LocatedList)) {
    draft.report(value.at, `${what}: expected a list, found ${kindOf(value)}`, 'give ["name", …]')
    return []
  }
  return value.items.filter((item): item is LocatedScalar => {
    const fine = item instanceof LocatedScalar && typeof item.value === 'string'
    if (!fine) draft.report(item.at, `${what}: expected a name, found ${kindOf(item)}`, 'give ["name", …]')
    return fine
  })
}
