/** Checks of a list of resources, made at the desk: order of the list is order of apply. */
import type { Problem } from './error.ts'
import type { Resource } from './resource.ts'

/** Kinds that own a path; others only speak of one. */
const pathOf = (id: string): string | undefined =>
  /^(?:directory|file|symlink|release|properties|line-set):(\/.*)$/.exec(id)?.[1]

/** Every folder above a path, the nearest first; without the root. */
function foldersAbove(path: string): readonly string[] {
  const cut = path.lastIndexOf('/')
  const folder = path.slice(0, cut)
  return cut <= 0 ? [] : [folder, ...foldersAbove(folder)]
}

/**
 * For the id of every resource of a list: the ids before it that it stands on, also by way of others. These are what it
 * needs (the owner of a file, what a unit runs with), what its path leads through (directories, links, releases), and
 * every requirement before it, which guards all that follows. Pure; what comes after it in the list is not looked at.
 */
export function standsOn(resources: readonly Resource[]): ReadonlyMap<string, ReadonlySet<string>> {
  const all = new Map<string, ReadonlySet<string>>()
  const owners = new Map<string, string>()
  const guards: string[] = []
  for (const { id, needs = [], guards: isGuard } of resources) {
    const path = pathOf(id)
    const above = path === undefined ? [] : foldersAbove(path).flatMap((folder) => owners.get(folder) ?? [])
    const direct = [...needs, ...above, ...guards].filter((one) => one !== id && all.has(one))
    all.set(id, new Set(direct.flatMap((one) => [one, ...(all.get(one) ?? [])])))
    if (path !== undefined) owners.set(path, id)
    if (isGuard) guards.push(id)
  }
  return all
}

/**
 * What contradicts itself in a host's list: a resource declared twice, a path declared by two kinds, and a path that
 * stands before the directory it lives in.
 */
export function orderProblems(where: string, resources: readonly Resource[]): readonly Problem[] {
  const problems: Problem[] = []
  const seen = new Map<string, string>()
  const places = new Map(resources.map(({ id }, index) => [id, index]))
  for (const [index, { id, needs = [] }] of resources.entries()) {
    const subject = pathOf(id) ?? id
    const before = seen.get(subject)
    if (before !== undefined) {
      problems.push({ where, what: `${id} and ${before} claim the same thing`, remedy: 'declare it once' })
    }
    seen.set(subject, id)
    for (const need of needs) {
      if ((places.get(need) ?? -1) > index)
        problems.push({ where, what: `${id} comes before ${need}, which it needs`, remedy: `list ${need} first` })
    }
    const path = pathOf(id)
    const parent = path?.slice(0, path.lastIndexOf('/'))
    if ((places.get(`directory:${parent}`) ?? -1) > index) {
      problems.push({ where, what: `${id} comes before directory:${parent}`, remedy: 'list the directory first' })
    }
  }
  return problems
}

/**
 * What lists for the same machine say differently about one thing: each would undo the other, and no run would ever be
 * the last.
 */
export function contradictions(
  lists: readonly { readonly where: string; readonly resources: readonly Resource[] }[],
): readonly Problem[] {
  const seen = new Map<string, { readonly where: string; readonly resource: Resource }>()
  return lists.flatMap(({ where, resources }) =>
    resources.flatMap((resource): Problem[] => {
      const subject = pathOf(resource.id) ?? resource.id
      const before = seen.get(subject)
      if (!before) seen.set(subject, { where, resource })
      if (!before || before.resource.digest() === resource.digest()) return []
      const other = before.where === where ? 'another play' : before.where
      return [
        {
          where,
          what: `${resource.id} should be something else here than for ${other}, on the same machine`,
          remedy: 'declare it the same for both, or choose another name for one of them',
        },
      ]
    }),
  )
}
