/**
 * Leftovers: what a machine remembers that this site declared there once, and declares no longer. They are shown; with
 * --prune they are removed, by a play of their own at the end of the site.
 */
import { innermostFirst } from '../core/ordering.ts'
import type { Owned } from '../core/receipt.ts'
import type { Plan, Resource } from '../core/resource.ts'
import { assignmentOf } from './assignment.ts'
import { whoText } from './audit.ts'
import { keptBy, receiptOf, surelyOf } from './estate.ts'
import { isKeep, isUnreachable, nowhere, problemsOf } from './failures.ts'
import { mapLimit, type Observation, questionsOf } from './observe.ts'
import { type Host, type Play, play } from './play.ts'
import type { Run } from './run.ts'
import { planResources } from './selection.ts'
import { everything, selectsAll } from './tags.ts'
import type { Leftover } from './world.ts'

/** The name of the play that removes them. */
const pruning = 'no longer declared'

export interface Leftovers {
  readonly found: readonly Leftover[]
  /** The play that removes them, and what it would do: for a run with --prune. */
  readonly play: Play
  readonly observations: readonly Observation[]
}

/**
 * Looks for leftovers on every machine that was read, and whether they are still there; machines that have none are not
 * asked. What can't be removed blindly, or is not empty, is only shown; what a host had that the inventory does not know any
 * more, or what is only noted under a former name of the site, is removed with --force only: another site may have it. No tag finds a leftover: with --tags there are none.
 */
export async function findLeftovers(run: Run): Promise<Leftovers> {
  const { site, options } = run
  const { tags = everything } = options
  const hosts = new Map<string, Host<unknown>>()
  for (const host of site.flatMap((one) => one.hosts))
    if (!hosts.has(host.machine.key)) hosts.set(host.machine.key, host)
  const absent = absentFrom(site)
  const known = new Set(site.flatMap(({ members }) => members.map(({ name }) => name)))
  const removable = new Map<string, readonly Resource[]>()
  const removal = play(pruning, [...hosts.values()], ({ machine }) => removable.get(machine.key) ?? [])
  const looked = await mapLimit([...hosts], options.forks, async ([key, host]) => {
    const estate = run.estates.get(key)
    const left = selectsAll(tags) ? (run.abandoned.get(key) ?? []) : []
    const kept = estate && left.length > 0 ? keptBy(estate, options.identity.site, absent) : new Set<string>()
    const strange = (one: Owned): string | undefined => {
      if (options.force) return undefined
      if (!known.has(one.host)) return `of ${one.host}, which is no host of this site any more`
      if (estate && surelyOf(estate, options.identity.site, one)) return undefined
      return 'noted under a name that others may have had; --prune --force removes it'
    }
    const may = left.filter((one) => strange(one) === undefined)
    const plans = await plansOfRemoval(run, removal, host, may, kept).catch((error: unknown) => {
      const kind = isUnreachable(error) ? 'unreachable' : 'failed'
      run.record({ ...nowhere(removal), host: host.name, kind, problems: problemsOf(error) })
    })
    // What could not be looked at is told as a failure; nothing more is known of it.
    if (!plans) return { found: [], observations: [] }
    const resources = plans.flatMap(({ resource, plan }) => (plan.action === 'remove' ? [resource] : []))
    removable.set(key, resources)
    const changing = plans.flatMap(({ plan }) => (plan.action === 'remove' ? [plan] : []))
    return {
      found: left.flatMap((one) => {
        const why = strange(one)
        if (why !== undefined) return [{ ...one, machine: key, fate: 'blocked', why } as const]
        return leftoverOf(one.host, one.id, key, plans.find(({ plan }) => plan.id === one.id)?.plan)
      }),
      observations:
        changing.length > 0 ? [{ assignment: assignmentOf(removal, host, resources), plans: changing, left: [] }] : [],
    }
  })
  return {
    found: looked.flatMap(({ found }) => found),
    play: removal,
    observations: looked.flatMap(({ observations }) => observations),
  }
}

async function plansOfRemoval(
  { options, connections }: Run,
  removal: Play,
  host: Host<unknown>,
  left: readonly Owned[],
  kept: ReadonlySet<string>,
): Promise<readonly { readonly resource: Resource; readonly plan: Plan }[]> {
  // A folder may have been declared, and so noted, later than what is in it.
  const removals = innermostFirst(left.map(({ id }) => id)).flatMap((id) => options.leftover(id, kept) ?? [])
  const told = options.prune ? options.planned : undefined
  // What a saved plan was to remove is done where it is read to be gone, also if nothing remembers it any more.
  const planned = new Set(told?.removes(removal, host))
  const others = [...planned].flatMap((id) =>
    left.some((one) => one.id === id) ? [] : (options.leftover(id, kept) ?? []),
  )
  if (removals.length + others.length === 0) {
    told?.see({ play: removal, host, resources: [] }, [], () => '')
    return []
  }
  const answers = await (await connections.machine(host.machine)).ask(questionsOf(removals, others))
  const paired = (resources: readonly Resource[]) => {
    const plans = planResources(resources, answers)
    return resources.flatMap((resource, at) => {
      const plan = plans[at]
      return plan ? [{ resource, plan }] : []
    })
  }
  const pairs = paired(removals)
  const gone = [...pairs, ...paired(others)].filter(({ plan }) => planned.has(plan.id) && isKeep(plan))
  const shown = [...pairs.filter(({ plan }) => plan.action === 'remove'), ...gone]
  told?.see(
    { play: removal, host, resources: shown.map(({ resource }) => resource) },
    shown.map(({ plan }) => plan),
    answers,
  )
  return pairs
}

/** What is to be said of a leftover; nothing of one that is gone already. */
function leftoverOf(host: string, id: string, machine: string, plan: Plan | undefined): readonly Leftover[] {
  if (plan === undefined) return [{ host, id, machine, fate: 'by hand', why: 'such things are not removed blindly' }]
  if (isKeep(plan)) return []
  const [problem] = plan.problems
  return [problem ? { host, id, machine, fate: 'blocked', why: problem.what } : { host, id, machine, fate: 'removed' }]
}

/** Hosts of the site that the run leaves alone in any play, or only looks at: not all that they declare is known. */
export function absentFrom(site: readonly Play[]): ReadonlySet<string> {
  const absent = site.flatMap(({ members, hosts, prerequisite }) => {
    const worked = new Set(prerequisite ? [] : hosts.map(({ name }) => name))
    return members.flatMap(({ name }) => (worked.has(name) ? [] : [name]))
  })
  return new Set(absent)
}

/**
 * Lets every machine forget what is gone from it, read once more, and what was shown as left to a person. Nothing where a
 * host of the machine failed or the run was interrupted. Where it can't be noted, that is a warning.
 */
export async function forget(run: Run, { found, observations }: Leftovers): Promise<void> {
  const { identity, signal } = run.options
  const machines = new Map<string, Host<unknown>[]>()
  for (const host of run.site.flatMap(({ hosts }) => hosts))
    machines.set(host.machine.key, [...(machines.get(host.machine.key) ?? []), host])
  for (const [key, hosts] of machines) {
    const [host] = hosts
    const estate = run.estates.get(key)
    const own = found.filter(({ machine }) => machine === key)
    if (!host || !estate || own.length === 0 || signal.aborted || hosts.some(({ name }) => run.hasFailed(name)))
      continue
    try {
      const channel = await run.connections.machine(host.machine)
      await run.lock(channel)
      const removals = observations.flatMap(({ assignment }) =>
        assignment.host.machine.key === key ? assignment.resources : [],
      )
      const plans = removals.length > 0 ? planResources(removals, await channel.ask(questionsOf(removals))) : []
      const away = new Set(plans.filter(isKeep).map(({ id }) => id))
      const gone = own.filter(({ id, fate }) => fate === 'by hand' || (fate === 'removed' && away.has(id)))
      if (gone.length === 0) continue
      const line = `${whoText(identity)} host=${host.name} forgets: ${gone.map(({ id }) => id).join(', ')}`
      await channel.trace({ line, receipt: receiptOf(estate, identity.site, gone) })
    } catch (error) {
      run.warn(problemsOf(error))
    }
  }
}
