/** Checks of a list of resources, made at the desk: order of the list is order of apply. */
import type { Problem } from './error.ts'
import type { Resource } from './resource.ts'

/** Kinds that own a path; others only speak of one. */
const pathOf = (id: string): string | undefined =>
  /^(?:directory|file|symlink|release|properties|line-set):(\/.*)$/.exec(id)?.[1]

/**
 * What contradicts itself in a host's list: a resource declared twice, a path declared by two kinds, and a path that
 * stands before the directory it lives in.
 */
export function orderProblems(where: string, resources: readonly Resource[]): readonly Problem[] {
  const problems: Problem[] = []
  const seen = new Map<string, string>()
  const directories = new Map(
    resources.flatMap((resource, index): [string, number][] => {
      const path = resource.id.startsWith('directory:') ? pathOf(resource.id) : undefined
      return path === undefined ? [] : [[path, index]]
    }),
  )
  for (const [index, { id }] of resources.entries()) {
    const subject = pathOf(id) ?? id
    const before = seen.get(subject)
    if (before !== undefined) {
      problems.push({ where, what: `${id} and ${before} claim the same thing`, remedy: 'declare it once' })
    }
    seen.set(subject, id)
    const path = pathOf(id)
    const parent = path?.slice(0, path.lastIndexOf('/'))
    const declared = parent === undefined ? undefined : directories.get(parent)
    if (declared !== undefined && declared > index) {
      problems.push({ where, what: `${id} comes before directory:${parent}`, remedy: 'list the directory first' })
    }
  }
  return problems
}
