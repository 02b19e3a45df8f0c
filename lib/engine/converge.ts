/** Observe wide, plan purely, apply narrowly. Knows channels; knows no kind of resource and nothing of Nacos. */
import { exitCode, PlinthError, usageError } from '../core/error.ts'
import { once } from '../core/once.ts'
import type { Owned } from '../core/receipt.ts'
import { unlessAborted } from '../core/unless-aborted.ts'
import { hostsOn, listsBeside, machinesOf } from './assignment.ts'
import { abandoned, type Estate, unclaimed } from './estate.ts'
import { hostResults, isKeep, nowhere, unfinished } from './failures.ts'
import { refuseUnknownTags } from './listing.ts'
import {
  Connections,
  hostPlan,
  mapLimit,
  type Observation,
  observeMachine,
  type Reading,
  type Unobserved,
} from './observe.ts'
import type { Host, Play } from './play.ts'
import { checkPrerequisites } from './prerequisites.ts'
import { absentFrom, findLeftovers } from './prune.ts'
import { claim, disown, forget } from './receipts.ts'
import { roll } from './roll.ts'
import { type Options, Run } from './run.ts'
import { everything, selectsAll } from './tags.ts'
import { waitUnchanged } from './wait.ts'
import type { Result, World } from './world.ts'

/**
 * Brings a site to what its plays say, or with `check` tells what differs. Failures of hosts are data, never thrown. A bug is
 * told as one, ends the run as an interrupt does, and is thrown then.
 */
export async function converge(site: readonly Play[], world: World, options: Options): Promise<Result> {
  const connections = new Connections(world)
  const run = new Run(site, world, options, connections)
  try {
    const { tags = everything, forks, signal } = options
    const finding = { world, connections, forks }
    const observed = await unlessAborted(
      refuseUnknownTags(site, finding, tags)
        .then(() => observeSite(run))
        .then(async (read) => ({ ...read, left: await findLeftovers(run) })),
      signal,
    )
    run.bugs.throwFirst()
    if (observed === null) return givenUp
    const { observations, unobserved, left } = observed
    const removals = options.prune ? left.observations : []
    const plans = [...observations, ...removals].map(hostPlan)
    // A saved plan says what is to be changed, and in a prerequisite nothing is.
    const own = site.map((play) => (play.prerequisite ? { ...play, hosts: [] } : play))
    const plays = options.prune ? [...own, left.play] : own
    // What can't be read can't be compared: then the failure to read it is what is told.
    const compared = options.planned?.saved && run.failures.length === 0 ? options.planned.compare(plays) : undefined
    const record = options.planned?.saved === null ? options.planned.record(plays) : undefined
    if (compared) run.refuse(compared)
    if (!compared?.failures.length) options.report({ kind: 'planned', plans })
    if (left.found.length > 0) options.report({ kind: 'leftovers', found: left.found, prune: options.prune })
    for (const { assignment, plans } of observations) {
      const { play, host } = assignment
      const problems = plans.flatMap((plan) => plan.problems)
      if (problems.length > 0) run.record({ ...nowhere(play), host: host.name, kind: 'blocked', problems })
      run.kept.set(host.name, (run.kept.get(host.name) ?? 0) + plans.filter(isKeep).length)
    }
    refuseNothing(run, observations, unobserved)
    checkPrerequisites(run, [...observations, ...removals], unobserved)
    const selected = selectedHosts(run, observations)
    // A saved plan is done as a whole or not at all, whatever number of hosts its plays allow to fail.
    const whole = !options.planned?.saved || run.failures.length === 0
    if (whole) await work(run, selected, [...observations, ...removals])
    if (whole && !options.check && !run.stopped) await claim(run)
    // It is the last of all, and only where all else has come to what it should be.
    const broken = site.some(({ hosts }) => hosts.some(({ name }) => run.hasFailed(name)))
    if (options.prune && !options.check && whole && !run.stopped) {
      if (!broken) await roll(run, left.play, removals)
      await forget(run, left)
    }
    await disown(run)
    if (removals.length > 0 && !options.check && (broken || run.exceeded(left.play))) {
      const what = 'what is no longer declared was not removed, or not everywhere, because a host failed'
      run.warn([{ where: '--prune', what, remedy: 'run again with it when that is mended' }])
    }
    run.bugs.throwFirst()
    return {
      hosts: hostResults([...selected.values()], run.kept, run.changed, run.failures),
      plans,
      failures: run.failures,
      leftovers: left.found,
      refused: run.stepping.refused,
      interrupted: options.signal.aborted,
      ...(record && { record }),
      ...(compared && { saved: { of: compared.of, done: compared.done, refused: compared.failures.length > 0 } }),
      unfinished:
        options.signal.aborted && !options.check
          ? unfinished([...observations, ...removals], run.begun, run.failures)
          : [],
    }
  } finally {
    await connections.close()
  }
}

/** Throws a usage error where everything could be read and the tags find none of it. */
function refuseNothing(run: Run, observations: readonly Observation[], unobserved: readonly Unobserved[]): void {
  const { tags = everything } = run.options
  if (selectsAll(tags) || observations.some(selectsSomething) || unobserved.length > 0 || run.failures.length > 0)
    return
  throw usageError({
    where: tags.only.length > 0 ? '--tags' : '--skip-tags',
    what: 'nothing on these hosts is selected',
    remedy: 'see what there is with --list-tasks, without them',
  })
}

const selectsSomething = ({ assignment: { selected } }: Observation): boolean =>
  selected === undefined || selected.size > 0

/** The plays with those hosts on which anything is selected, or that came to grief. */
function selectedHosts(run: Run, observations: readonly Observation[]): ReadonlyMap<Play, readonly Host<unknown>[]> {
  const { tags = everything } = run.options
  const has = new Set(
    observations.filter(selectsSomething).map(({ assignment: { play, host } }) => `${play.name} ${host.name}`),
  )
  const counts = (play: Play, { name }: Host<unknown>): boolean =>
    run.hasFailed(name) || (selectsAll(tags) ? !play.prerequisite : has.has(`${play.name} ${name}`))
  return new Map(run.site.map((play) => [play, play.hosts.filter((host) => counts(play, host))]))
}
/** A run that was interrupted before it knew what differs. */
const givenUp: Result = {
  hosts: [],
  plans: [],
  failures: [],
  leftovers: [],
  refused: new Map(),
  interrupted: true,
  unfinished: [],
}

/** Play after play, each over all its hosts before the next: the only barrier there is. */
async function work(
  run: Run,
  selected: ReadonlyMap<Play, readonly Host<unknown>[]>,
  observations: readonly Observation[],
): Promise<void> {
  const differs = observations.some(({ plans }) => !plans.every(isKeep))
  for (const [play, hosts] of selected) {
    // Nothing is written anywhere while more hosts are out of reach, or blocked, than their plays allow to fail.
    if (run.stopped) return
    // The gate of a play in which nothing is selected is nobody's business now.
    if (hosts.length === 0) continue
    // A unit that is active proves nothing, so a check asks the gates too; where something differs, that is the answer.
    if (!run.options.check)
      await roll(
        run,
        play,
        observations.filter(({ assignment }) => assignment.play === play),
      )
    else if (!differs) await waitUnchanged(run, play)
  }
}

/** What was read, and which machines of prerequisites could not be. */
interface Observed {
  readonly observations: readonly Observation[]
  readonly unobserved: readonly Unobserved[]
}

/** All machines of the site, each read in one go. What can't be read is recorded. In the order of the plays and their hosts. */
async function observeSite(run: Run): Promise<Observed> {
  const { site, world, connections, options } = run
  const machines = machinesOf(site)
  options.report({ kind: 'connecting', machines: machines.length })
  const wanted = wantedLater(site)
  const absent = absentFrom(site)
  let waiting = machines.length
  const seen = await mapLimit(machines, options.forks, async (machine) => {
    waiting--
    if (options.signal.aborted) return []
    const reading = await observeMachine(site, machine, world, connections, options).catch((error: unknown) => {
      const [at] = error instanceof PlinthError ? [] : hostsOn(site, machine)
      if (at) run.failHost(at.play, at.host, error)
      throw error
    })
    const { found, earlier } = reading
    if (earlier)
      for (const item of found) if ('plans' in item && isDirty(item)) run.earlier.set(item.assignment, earlier)
    const { site: name, formerSites = [] } = options.identity
    const estate = estateOf(site, reading, formerSites)
    run.estates.set(machine.key, estate)
    const leftovers = abandoned(estate, name, absent)
    if (leftovers.length > 0) run.abandoned.set(machine.key, leftovers)
    // A thousand machines that are as they should be don't all stay connected: only so many as are looked at at once.
    // The last of them do, to the end: a host that ends a session is slower to answer, and others wait for it no longer.
    const settled = found.every((item) => 'plans' in item && item.plans.every(isKeep))
    const noted = leftovers.length > 0 || (!options.check && unclaimed(estate, name).length > 0)
    if (waiting > 0 && settled && !wanted.has(machine.key) && !noted) await connections.release(machine)
    return found
  })
  // Given up: nobody waits for it, and what fails now does so for that reason.
  if (options.signal.aborted) return { observations: [], unobserved: [] }
  const order = new Map(
    site.flatMap((play) => play.hosts.map((host) => `${play.name} ${host.name}`)).map((name, at) => [name, at]),
  )
  const place = ({ assignment: { play, host } }: Observation): number => order.get(`${play.name} ${host.name}`) ?? 0
  const found = seen.flat()
  const observations = found.flatMap((item) => ('plans' in item ? [item] : [])).sort((a, b) => place(a) - place(b))
  const unobserved = found.flatMap((item) => ('plans' in item ? [] : [item]))
  const isPrerequisite = ({ assignments }: Unobserved): boolean => assignments.every(({ play }) => play.prerequisite)
  for (const { assignments, error } of unobserved.filter((item) => !isPrerequisite(item))) {
    const kind = error.code === exitCode.unreachable ? 'unreachable' : 'failed'
    for (const host of new Set(assignments.map(({ host }) => host.name))) {
      const play = assignments.find((assignment) => assignment.host.name === host)?.play.name ?? ''
      run.record({ host, play, kind, problems: error.problems, done: [], undone: [] })
    }
  }
  return { observations, unobserved: unobserved.filter(isPrerequisite) }
}

/** What is to be changed on the machine itself: of what is behind a database its answers tell nothing. */
const isDirty = ({ assignment, plans }: Observation): boolean =>
  assignment.play.options.via === undefined && !plans.every(isKeep)

/** What a machine remembers, what is declared there, and what of that may be made. */
function estateOf(site: readonly Play[], reading: Reading, formerSites: readonly string[]): Estate {
  const { machine, found, declared, receipts, facts } = reading
  const read = (): readonly Observation[] => found.flatMap((item) => ('plans' in item ? [item] : []))
  return {
    receipts: receipts.filter(({ site }) => !formerSites.includes(site)),
    former: receipts.filter(({ site }) => formerSites.includes(site)),
    // Asked for where something is noted already, or is about to be: of most machines nobody asks.
    declared: () => declared.flatMap(({ host, ids }) => ids.map((id) => ({ host: host.name, id }))),
    claimed: () => read().flatMap(claimedIn),
    beside: once(() =>
      (facts ? listsBeside(site, machine, facts) : []).flatMap(({ host, resources }) =>
        resources.map(({ id }) => ({ host: host.name, id })),
      ),
    ),
  }
}

/** What is selected of a list; of what is blocked nobody knows whether it is there. */
function claimedIn({ assignment: { host, ids, selected = new Set(ids) }, plans }: Observation): readonly Owned[] {
  const missing = new Set(plans.filter(({ action }) => action === 'create' || action === 'blocked').map(({ id }) => id))
  return ids
    .filter((id) => selected.has(id))
    .map((id) => (missing.has(id) ? { host: host.name, id } : { host: host.name, id, found: true }))
}

/** The machines that something looks at, or goes through, even if nothing has to be changed there. */
function wantedLater(site: readonly Play[]): ReadonlySet<string> {
  const looking = site.filter(({ options: { gate, prepare, via } }) => gate ?? prepare ?? via)
  return new Set(looking.flatMap(({ members }) => members.map(({ machine }) => machine.key)))
}
