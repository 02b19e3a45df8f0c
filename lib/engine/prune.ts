/**
 * Leftovers: what a machine remembers that this site declared there once, and declares no longer. They are shown; with
 * --prune they are removed, by a play of their own at the end of the site.
 */
import type { Problem } from '../core/error.ts'
import { grouped } from '../core/grouped.ts'
import { innermostFirst, subjectOf, within } from '../core/ordering.ts'
import { type Owned, readReceipts } from '../core/receipt.ts'
import type { Plan, Resource } from '../core/resource.ts'
import { assignmentOf } from './assignment.ts'
import { alsoKept, doubtOf, type Homes, inDoubt, keptBy, leftToOthers, othersWith, subjectsOf } from './estate.ts'
import { isKeep } from './failures.ts'
import { mapLimit, type Observation, questionsOf, receiptsQuestion } from './observe.ts'
import { type Host, type Play, play } from './play.ts'
import { hostsText } from './report.ts'
import type { Options, Run } from './run.ts'
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
  readonly looked: readonly Looked[]
}

/** What a machine remembers and need not for ever. */
export interface Looked {
  readonly host: Host<unknown>
  /** What is declared no longer, and of what could be asked for, what tells whether it is still there. */
  readonly left: readonly Owned[]
  readonly removals: readonly Resource[]
  /** What is left to a person, or to another site that has it too. */
  readonly released: readonly Owned[]
}

/**
 * Looks for leftovers on every machine that was read, and whether they are still there; machines that have none are not
 * asked. What can't be removed blindly, or is not empty, is only shown; what was there before Plinth, what a host had that the
 * inventory does not know any more or reaches as another machine, or what is only noted under a former name of the site, is
 * removed with --force only: another site may have it, or that host. No tag finds a leftover: with --tags there are none.
 */
export async function findLeftovers(run: Run): Promise<Leftovers> {
  const { site, options } = run
  const { tags = everything, identity } = options
  const absent = absentFrom(site)
  const homes = homesIn(site)
  const removable = new Map<string, readonly Resource[]>()
  const hosts = [...hostsByMachine(site).values()].flatMap(([host]) => host ?? [])
  const removal = play(pruning, hosts, ({ machine }) => removable.get(machine.key) ?? [])
  const looked = await mapLimit(hosts, options.forks, async (host) => {
    const { key } = host.machine
    const estate = run.estates.get(key)
    if (!estate || !selectsAll(tags)) return unlooked(host)
    const twins = subjectsOf(run.abandoned.has(key) ? alsoKept(estate, run.estates.values()) : [])
    const left = (run.abandoned.get(key) ?? []).filter(({ id }) => !twins.has(subjectOf(id)))
    const others = leftToOthers(estate, identity.site, absent)
    const doubted = inDoubt([...left, ...others], homes, key)
    const strange = (one: Owned): string | undefined =>
      options.force ? undefined : doubtOf(estate, identity.site, homes, doubted, one)
    const may = left.filter((one) => strange(one) === undefined)
    // No force takes from a host what it may still have.
    const given = others.filter((one) => strange(one) === undefined && !doubted.has(subjectOf(one.id)))
    const kept = left.length > 0 ? keptBy(estate, identity.site, absent) : []
    const staying = new Set([...kept, ...twins, ...(options.force ? [] : doubted.keys())])
    const plans = await plansOfRemoval(run, removal, host, may, staying).catch((error: unknown) =>
      run.failHost(removal, host, error),
    )
    // What could not be looked at is told as a failure; nothing more is known of it.
    if (!plans) return unlooked(host)
    const resources = plans.flatMap(({ resource, plan }) => (plan.action === 'remove' ? [resource] : []))
    removable.set(key, resources)
    const changing = plans.flatMap(({ plan }) => (plan.action === 'remove' ? [plan] : []))
    const planOf = new Map(plans.map(({ plan }) => [plan.id, plan]))
    return {
      found: [
        ...left.flatMap((one) => {
          const why = strange(one)
          if (why !== undefined) return [{ host: one.host, id: one.id, machine: key, fate: 'blocked', why } as const]
          return leftoverOf(one.host, one.id, key, planOf.get(one.id))
        }),
        ...given.map(({ host, id }) => {
          const sites = othersWith(estate, identity.site, id).join(', ')
          const why = `${sites} has noted it too, and it is left to that; if there is no such site any more, remove it yourself`
          return { host, id, machine: key, fate: 'by hand', why } as const
        }),
      ],
      observations:
        changing.length > 0 ? [{ assignment: assignmentOf(removal, host, resources), plans: changing, left: [] }] : [],
      host,
      left,
      removals: plans.map(({ resource }) => resource),
      released: [...may.filter(({ id }) => !planOf.has(id)), ...given],
    }
  })
  return {
    found: looked.flatMap(({ found }) => found),
    play: removal,
    observations: looked.flatMap(({ observations }) => observations),
    looked,
  }
}

async function plansOfRemoval(
  { options, connections }: Run,
  removal: Play,
  host: Host<unknown>,
  left: readonly Owned[],
  kept: ReadonlySet<string>,
): Promise<readonly { readonly resource: Resource; readonly plan: Plan }[]> {
  // Two hosts of a machine may have had one thing. `left` is in reverse, and the first to declare it says what it stands on; but a
  // folder may have been declared, and so noted, later than what is in it.
  const ids = [...new Set(left.toReversed().map(({ id }) => id))].toReversed()
  // A folder stands on the removal of what is in it: who says no to that keeps both.
  const own = innermostFirst(ids).flatMap((id) => {
    const removal = options.leftover(id, kept)
    return removal ? [{ ...removal, needs: within(id, ids) }] : []
  })
  const made = new Set(left.flatMap(({ id, found }) => (found ? [] : [id])))
  const removals = own.map((one) =>
    unlessTaken(made.has(one.id) || options.force ? one : unlessThere(one), host, options),
  )
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

/** The same removal, blocked: what was there before Plinth may be needed without it. */
const unlessThere = (removal: Resource): Resource => ({
  ...removal,
  plan(answers, pending) {
    const plan = removal.plan(answers, pending)
    if (isKeep(plan)) return plan
    const problem = {
      where: removal.id,
      what: 'it was there before Plinth noted it; --prune --force removes it',
      remedy: 'leave it, or remove it so',
    }
    return { ...plan, action: 'blocked', steps: [], problems: [problem] }
  },
})

/**
 * The same removal, blocked where another site has the thing: much may have happened between the first look at a machine and
 * the last play, and only under the lock is it certain.
 */
function unlessTaken(removal: Resource, { name }: Host<unknown>, { identity }: Options): Resource {
  const { site, formerSites = [] } = identity
  const { id } = removal
  return {
    ...removal,
    probe: [...removal.probe, receiptsQuestion],
    plan(answers, pending) {
      const plan = removal.plan(answers, pending)
      const others = readReceipts(answers(receiptsQuestion)).filter(
        (one) => one.site !== site && !formerSites.includes(one.site),
      )
      const taken = others.find(({ owned }) => subjectsOf(owned).has(subjectOf(id)))
      if (isKeep(plan) || !taken) return plan
      const what = `${taken.site} has noted ${id} here since it was looked at, and may need it`
      const problem = { where: name, what, remedy: 'run again: it is left to that site' }
      return { ...plan, action: 'blocked', steps: [], problems: [problem] }
    },
  }
}

/** Of which nothing is known. */
const unlooked = (host: Host<unknown>) => ({ found: [], observations: [], host, left: [], removals: [], released: [] })

/** The machines that a run may change, each with its hosts: of a prerequisite nothing is changed. */
export const hostsByMachine = (site: readonly Play[]): ReadonlyMap<string, readonly Host<unknown>[]> =>
  grouped(
    site.flatMap(({ hosts, prerequisite }) => (prerequisite ? [] : hosts)),
    ({ machine }) => machine.key,
  )

/** The keys of the machines that each host of the site is on. */
function homesIn(site: readonly Play[]): Homes {
  const homes = new Map<string, Set<string>>()
  for (const { name, machine } of site.flatMap(({ members }) => members))
    homes.set(name, (homes.get(name) ?? new Set<string>()).add(machine.key))
  return homes
}

/** What is to be said of a leftover; nothing of one that is gone already, unless something else has its place. */
function leftoverOf(host: string, id: string, machine: string, plan: Plan | undefined): readonly Leftover[] {
  if (plan === undefined) return [{ host, id, machine, fate: 'by hand', why: 'such things are not removed blindly' }]
  const other = isKeep(plan) ? plan.warnings?.[0] : undefined
  if (other) return [{ host, id, machine, fate: 'by hand', why: other.what }]
  if (isKeep(plan)) return []
  const [problem] = plan.problems
  return [problem ? { host, id, machine, fate: 'blocked', why: problem.what } : { host, id, machine, fate: 'removed' }]
}

/**
 * What a run with --prune says of hosts whose machine is in no play: what they had before is not asked for, since a site says
 * nothing of them, and most of an inventory may be none of its business.
 * @param all all hosts of the inventory
 */
export function inNoPlay(site: readonly Play[], all: readonly Host<unknown>[]): readonly Problem[] {
  const asked = new Set(site.flatMap(({ members }) => members.map(({ machine }) => machine.key)))
  const names = all.flatMap(({ name, machine }) => (asked.has(machine.key) ? [] : [name]))
  if (names.length === 0) return []
  const what = `${hostsText(names)}: in no play, so that what this playbook may have declared there before is not looked for`
  return [{ where: '--prune', what, remedy: 'if there is any, give them a play with an empty list: () => []' }]
}

/** Hosts of the site that the run leaves alone in any play, or only looks at: not all that they declare is known. */
export function absentFrom(site: readonly Play[]): ReadonlySet<string> {
  const absent = site.flatMap(({ members, hosts, prerequisite }) => {
    const worked = new Set(prerequisite ? [] : hosts.map(({ name }) => name))
    return members.flatMap(({ name }) => (worked.has(name) ? [] : [name]))
  })
  return new Set(absent)
}
