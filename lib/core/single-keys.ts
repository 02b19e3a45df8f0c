/**
 * One key of a map in a variable of its own. Maps of groups and hosts are not merged (as in Ansible), so this is how a host
 * has one key of its own: `nacos_port` gives the map `nacos` its key `port`, `nacos_auth_token_secret` its map `auth` the
 * key `token_secret`; and wins.
 */
import { type LocatedEntry, LocatedMap } from './located.ts'

type Entries = Readonly<Record<string, unknown>>

/** The known keys of a schema made by `params`, or of one that may be left out around it; null for any other. */
export function entriesOf(schema: unknown): Entries | null {
  if (typeof schema !== 'object' || schema === null) return null
  if ('entries' in schema) return schema.entries as Entries
  return 'wrapped' in schema ? entriesOf(schema.wrapped) : null
}

/** The longest of `maps` that a variable like `nacos_port` begins with. */
export const mapOf = (key: string, maps: Iterable<string>): string | undefined =>
  [...maps].filter((name) => key.startsWith(`${name}_`)).sort((a, b) => b.length - a.length)[0]

/** The way to the key that a variable means; itself, where it is none of a map. */
function pathOf(key: string, entries: Entries): readonly string[] {
  if (Object.hasOwn(entries, key)) return [key]
  const map = mapOf(
    key,
    Object.keys(entries).filter((name) => entriesOf(entries[name]) !== null),
  )
  if (map === undefined) return [key]
  return [map, ...pathOf(key.slice(map.length + 1), entriesOf(entries[map]) ?? {})]
}

/** The variables with every single key put into its map. The deeper one wins. */
export function gathered(params: LocatedMap, schema: { readonly entries: object }): LocatedMap {
  const own = [...params.entries].map(([key, entry]) => ({ key, entry, path: pathOf(key, schema.entries as Entries) }))
  return own
    .filter(({ path }) => path.length > 1)
    .sort((a, b) => a.path.length - b.path.length)
    .reduce<LocatedMap>((map, { key, entry, path }) => put(without(map, key), path, entry), params)
}

const without = ({ at, entries }: LocatedMap, key: string): LocatedMap =>
  new LocatedMap(at, new Map([...entries].filter(([name]) => name !== key)))

function put(map: LocatedMap, [key = '', ...rest]: readonly string[], entry: LocatedEntry): LocatedMap {
  const inner = map.entries.get(key)
  if (rest.length === 0) return new LocatedMap(map.at, new Map([...map.entries, [key, entry]]))
  const before = inner?.value instanceof LocatedMap ? inner.value : new LocatedMap(entry.at, new Map())
  const value = put(before, rest, entry)
  return new LocatedMap(map.at, new Map([...map.entries, [key, { at: inner?.at ?? entry.at, value }]]))
}
