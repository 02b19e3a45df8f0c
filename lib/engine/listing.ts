/** The lists of a site before anything but facts is asked: for --list-tasks, --list-tags, and to know every tag. */
import { PlinthError, usageError } from '../core/error.ts'
import { type Assignment, assign, machinesOf } from './assignment.ts'
import { type Connections, factsOf, mapLimit } from './observe.ts'
import type { Play } from './play.ts'
import { selectsAll, type Tags, tagProblems, wordsOf } from './tags.ts'
import type { World } from './world.ts'

/** Through what lists are found: facts are in the world's cache, or asked for. */
export interface Finding {
  readonly world: World
  readonly connections: Connections
  /** Machines asked at the same time. */
  readonly forks: number
}

export interface Lists {
  readonly assignments: readonly Assignment[]
  /** Why there is none for some machines. */
  readonly errors: readonly PlinthError[]
}

/**
 * Every host's list in every play, in the order of the machines. Machines without facts of an earlier run are asked for
 * them, and for nothing else. Throws a usage error for tags that there are not, where all lists are known.
 */
export async function listsOf(site: readonly Play[], finding: Finding, tags: Tags): Promise<Lists> {
  const errors: PlinthError[] = []
  const found = await mapLimit(machinesOf(site), finding.forks, async (machine) => {
    try {
      return assign(site, machine, await factsOf(machine, finding.world, finding.connections), tags)
    } catch (error) {
      if (!(error instanceof PlinthError) || error.code === 4) throw error
      errors.push(error)
      return []
    }
  })
  const assignments = found.flat()
  const problems = tagProblems(tags, new Set([...wordsKnown(site, finding), ...wordsIn(assignments)]))
  if (errors.length === 0 && problems.length > 0) throw usageError(...problems)
  return { assignments, errors }
}

/**
 * Throws a usage error if a tag finds nothing anywhere. Without asking anybody where the facts of earlier runs suffice.
 */
export async function refuseUnknownTags(site: readonly Play[], finding: Finding, tags: Tags): Promise<void> {
  if (selectsAll(tags)) return
  if (tagProblems(tags, wordsKnown(site, finding)).length > 0) await listsOf(site, finding, tags)
}

/** The words that are known without asking: of plays, and of the lists of all members whose facts are in the cache. */
export function wordsKnown(site: readonly Play[], { world }: Pick<Finding, 'world'>): ReadonlySet<string> {
  const whole = site.map((play) => ({ ...play, hosts: play.members }))
  const cached = machinesOf(whole).flatMap((machine) => {
    const facts = world.cachedFacts(machine)
    return facts === null ? [] : assign(whole, machine, facts)
  })
  return new Set([...site.map(({ name }) => name), ...wordsIn(cached)])
}

const wordsIn = (assignments: readonly Assignment[]): readonly string[] =>
  assignments.flatMap(({ play, resources }) => resources.flatMap((resource) => wordsOf(play, resource)))
