/** Which secrets of an inventory nobody has given yet, by the schemas of what a playbook declares. Pure. */
import type { Problem } from './error.ts'
import type { Host, Inventory } from './inventory.ts'
import { isNothing, type Located, type LocatedEntry, LocatedMap, type Place, placeText } from './located.ts'
import { type Recipe, recipeOf } from './recipe.ts'
import type { Schema } from './schema.ts'
import { entriesOf, gathered } from './single-keys.ts'

/** What a playbook declares of a group: the schema of its hosts' variables. */
export interface DeclaredGroup {
  readonly name: string
  readonly schema: Schema & { readonly entries: object }
}

/** A secret that can be made: its way in the schema, how, and the maps on the way that need not be there. */
interface Parameter {
  readonly path: readonly string[]
  readonly recipe: Recipe
  readonly within: readonly (readonly string[])[]
}

/** A secret by the variable that holds it alone. */
export interface SecretVariable {
  /** `nacos_auth_token_secret`. */
  readonly variable: string
  readonly recipe: Recipe
  /** The group in whose variables it belongs. */
  readonly group: string
  /** Where it is given already; null where it is to be made. */
  readonly given: string | null
}

/** The secrets that a schema says how to make. */
function parametersOf(
  schema: unknown,
  path: readonly string[] = [],
  within: Parameter['within'] = [],
): readonly Parameter[] {
  const entries = entriesOf(schema)
  if (entries)
    return Object.entries(entries).flatMap(([key, inner]) => {
      const way = [...path, key]
      const leftOut = typeof inner === 'object' && inner !== null && 'wrapped' in inner && entriesOf(inner) !== null
      return parametersOf(inner, way, leftOut ? [...within, way] : within)
    })
  const inner = typeof schema === 'object' && schema !== null && 'wrapped' in schema ? schema.wrapped : schema
  const recipe = recipeOf(inner as Schema)
  return recipe ? [{ path, recipe, within }] : []
}

/** The value at a path, undefined where there is none, or nothing after its key. */
function at(
  params: LocatedMap,
  path: readonly string[],
): { readonly value: Located; readonly place: Place } | undefined {
  let value: Located = params
  let place = params.at
  for (const key of path) {
    const entry: LocatedEntry | undefined = value instanceof LocatedMap ? value.entries.get(key) : undefined
    if (!entry || isNothing(entry.value)) return undefined
    value = entry.value
    place = entry.at
  }
  return { value, place }
}

interface Wanted {
  readonly path: readonly string[]
  readonly recipe: Recipe
  readonly groups: Set<string>
  readonly hosts: Map<string, Place | null>
}

/**
 * The secrets that the schemas say how to make, given or not, in the order of the schemas. One that only some of the hosts
 * have is a problem: members of one cluster with different secrets are none.
 */
export function secretVariables(
  inventory: Pick<Inventory, 'groups' | 'hostsIn'>,
  declared: readonly DeclaredGroup[],
): { readonly found: readonly SecretVariable[]; readonly problems: readonly Problem[] } {
  const wanted = new Map<string, Wanted>()
  for (const { name, schema } of declared) {
    if (!inventory.groups.has(name)) continue
    for (const { path, recipe, within } of parametersOf(schema))
      for (const host of inventory.hostsIn(name)) want(wanted, { path, recipe, within }, name, host, schema)
  }
  const problems: Problem[] = []
  const found = [...wanted].flatMap(([variable, { path, recipe, groups, hosts }]): SecretVariable[] => {
    const [without] = [...hosts].filter(([, place]) => place === null)
    const [given] = [...hosts].filter(([, place]) => place !== null)
    if (given && without) {
      const what = `${path.join('.')} is given for ${given[0]}, and not for ${without[0]}`
      problems.push({
        where: placeText(given[1] as Place),
        what,
        remedy: 'give all the same, in the variables of their group',
      })
    }
    const group = groupOf([...groups], [...hosts.keys()], inventory)
    return [{ variable, recipe, group, given: given ? placeText(given[1] as Place) : null }]
  })
  return { found, problems }
}

function want(
  wanted: Map<string, Wanted>,
  { path, recipe, within }: Parameter,
  group: string,
  host: Host,
  schema: DeclaredGroup['schema'],
): void {
  const params = gathered(host.params, schema)
  if (!within.every((map) => at(params, map)?.value instanceof LocatedMap)) return
  const variable = path.join('_')
  const one = wanted.get(variable) ?? { path, recipe, groups: new Set(), hosts: new Map() }
  one.groups.add(group)
  one.hosts.set(host.name, at(params, path)?.place ?? null)
  wanted.set(variable, one)
}

/** The declared group, where one wants it; else the smallest that has all these hosts. */
function groupOf(declared: readonly string[], hosts: readonly string[], { groups }: Pick<Inventory, 'groups'>): string {
  if (declared.length === 1) return declared[0] ?? 'all'
  const around = [...groups.values()].filter((group) => hosts.every((host) => group.hosts.includes(host)))
  return around.sort((a, b) => a.hosts.length - b.hosts.length)[0]?.name ?? 'all'
}
