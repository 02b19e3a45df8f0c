/** What --limit leaves out although selected plays stand on it: it must be as declared, or nothing is written. */
import type { Problem } from '../core/error.ts'
import { isKeep } from './failures.ts'
import type { Observation, Unobserved } from './observe.ts'
import type { Play } from './play.ts'
import type { Run } from './run.ts'

/**
 * The plays of a site with only the hosts of these names. A play of which none is left, and that comes before one of
 * which some are, is a prerequisite. Of a play with some hosts left the others are none: its gate looks at them. Pure.
 */
export function limited(site: readonly Play[], names: ReadonlySet<string>): readonly Play[] {
  const plays = site.map((play) => ({ ...play, hosts: play.hosts.filter(({ name }) => names.has(name)) }))
  const last = plays.findLastIndex(({ hosts }) => hosts.length > 0)
  return plays.map((play, index) =>
    play.hosts.length === 0 && play.members.length > 0 && index < last
      ? { ...play, hosts: play.members, prerequisite: true }
      : play,
  )
}

/**
 * Records a failure for each prerequisite that differs, or can't be looked at, while something after it is about to
 * change; with force it is a warning.
 */
export function checkPrerequisites(
  run: Run,
  observations: readonly Observation[],
  unobserved: readonly Unobserved[],
): void {
  const { force } = run.options
  // The play that removes what is no longer declared is none of the site's, and comes last.
  const place = (play: Play): number => (run.site.includes(play) ? run.site.indexOf(play) : run.site.length)
  // They are in the order of the plays: where anything changes after a play, the last of all does.
  const last = observations.findLast(({ plans }) => !plans.every(isKeep))?.assignment.play
  const after = (play: Play): Play | undefined => (last && place(last) > place(play) ? last : undefined)
  for (const { assignment, left } of observations) {
    const { play, host } = assignment
    const differing = left.filter(({ differs }) => differs)
    const next = after(play)
    if (!play.prerequisite || !next || differing.length === 0) continue
    const [first] = differing
    const ids = differing.length === 1 ? `${first?.id} differs` : `${first?.id} and ${differing.length - 1} more differ`
    const problems: readonly Problem[] = [
      ...differing.flatMap((one) => one.problems),
      {
        where: host.name,
        what: `${next.name} stands on ${play.name} here, where ${ids}`,
        remedy: `add ${host.name} to --limit${force ? '' : ', or go on with --force'}`,
      },
    ]
    if (force) run.warn(problems)
    else run.record({ host: host.name, play: play.name, kind: 'blocked', problems, done: [], undone: [] })
  }
  for (const { assignments, error } of unobserved) {
    const [first] = assignments
    if (!first) continue
    const { play, host } = first
    const next = after(play)
    const problems: readonly Problem[] = [
      ...error.problems,
      {
        where: host.name,
        what: `${next ? `${next.name} stands on ${play.name} here, which` : play.name} could not be looked at`,
        remedy: next
          ? `mend that${force ? '' : ', or go on with --force'}`
          : 'mend that before something is to be changed',
      },
    ]
    const kind = error.code === 3 ? 'unreachable' : 'failed'
    if (force || !next) run.warn(problems)
    else run.record({ host: host.name, play: play.name, kind, problems, done: [], undone: [] })
  }
}
