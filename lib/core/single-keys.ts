/**
 * One key of a map in a variable of its own. Maps of groups and hosts are not merged (as in Ansible), so this is how a host
 * has one key of its own: `nacos_port` gives the map `nacos` its key `port`, `nacos_auth_token_secret` its map `auth` the
 * key `token_secret`. It wins over the map in the same place, and in weaker ones.
 */
import { isNothing, type Located, type LocatedEntry, LocatedMap } from './located.ts'

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

/**
 * The variables with every single key in its map. They come as `mergeVariables` leaves them, the strongest last: each key has the
 * value of the strongest that names it, be it by itself or in a map. What is no map stays as it is, to be refused.
 */
export function gathered(params: LocatedMap, schema: { readonly entries: object }): LocatedMap {
  const paths = [...params.entries.keys()].map((key) => pathOf(key, schema.entries as Entries))
  if (paths.every(({ length }) => length === 1)) return params
  const gathering = new Gathering()
  const entries = new Map<string, LocatedEntry>()
  for (const entry of [...params.entries.values()].reverse()) {
    const [key = '', ...rest] = paths.pop() ?? []
    entries.set(key, gathering.below(entries.get(key), rest, entry))
  }
  return new LocatedMap(params.at, entries)
}

/** Goes from the strongest variable to the weakest, and adds of each what none before it has named. */
class Gathering {
  /** Maps of which there are but single keys yet: what a weaker variable says of them as a whole comes beside these. */
  private readonly open = new Set<Located>()

  /** What stands at a place, with a weaker variable for a key some maps below it. */
  below(stronger: LocatedEntry | undefined, path: readonly string[], weaker: LocatedEntry): LocatedEntry {
    const [key, ...rest] = path
    if (key === undefined) return stronger ? this.filled(stronger, weaker) : weaker
    const map = stronger?.value ?? new LocatedMap(weaker.at, new Map())
    if (!(map instanceof LocatedMap)) return stronger ?? weaker
    const before = map.entries.get(key)
    const inner = this.below(before, rest, weaker)
    if (stronger && inner === before) return stronger
    const value = new LocatedMap(map.at, new Map([...map.entries, [key, inner]]))
    if (!stronger || this.open.has(map)) this.open.add(value)
    return { at: stronger?.at ?? weaker.at, value }
  }

  private filled(stronger: LocatedEntry, weaker: LocatedEntry): LocatedEntry {
    const { value } = stronger
    if (!(value instanceof LocatedMap) || !this.open.has(value) || isNothing(weaker.value)) return stronger
    if (!(weaker.value instanceof LocatedMap)) return weaker
    const entries = new Map(weaker.value.entries)
    for (const [key, entry] of value.entries) {
      const inner = entries.get(key)
      entries.set(key, inner ? this.filled(entry, inner) : entry)
    }
    return { at: weaker.at, value: new LocatedMap(weaker.value.at, entries) }
  }
}
