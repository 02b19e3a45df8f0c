/** Observe wide, plan purely, apply narrowly. Knows channels; knows no kind of resource and nothing of Nacos. */
import { abandoned } from './estate.ts'
import { hostResults, isKeep, nowhere, unfinished } from './failures.ts'
import { Connections, hostPlan, mapLimit, type Observation, observeMachine } from './observe.ts'
import type { Machine, Play } from './play.ts'
import { absentFrom, findLeftovers, forget } from './prune.ts'
import { roll } from './roll.ts'
import { type Options, Run } from './run.ts'
import { waitUnchanged } from './wait.ts'
import type { Result, World } from './world.ts'

/** Brings a site to what its plays say, or with `check` tells what differs. Failures of hosts are data, never thrown. */
export async function converge(site: readonly Play[], world: World, options: Options): Promise<Result> {
  const connections = new Connections(world)
  const run = new Run(site, world, options, connections)
  try {
    const observations = await unlessAborted(observeSite(run), options.signal)
    if (observations === null) return givenUp
    const left = await findLeftovers(run)
    const removals = options.prune ? left.observations : []
    const plans = [...observations, ...removals].map(hostPlan)
    const plays = options.prune ? [...site, left.play] : site
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
    // A saved plan is done as a whole or not at all, whatever number of hosts its plays allow to fail.
    const whole = !options.planned?.saved || run.failures.length === 0
    if (whole) await work(run, [...observations, ...removals])
    if (options.prune && !options.check && whole && !run.stopped) {
      await roll(run, left.play, removals)
      await forget(run, left.found)
    }
    return {
      hosts: hostResults(site, run.kept, run.changed, run.failures),
      plans,
      failures: run.failures,
      leftovers: left.found,
      interrupted: options.signal.aborted,
      ...(record && { record }),
      ...(compared && { saved: { of: compared.of, done: compared.done, refused: compared.failures.length > 0 } }),
      unfinished: options.signal.aborted && !options.check ? unfinished(observations, run.begun, run.failures) : [],
    }
  } finally {
    await connections.close()
  }
}

/** The reading, or null as soon as the run is interrupted: nothing was changed yet, and nobody waits for an answer. */
async function unlessAborted<T>(reading: Promise<T>, signal: AbortSignal): Promise<T | null> {
  reading.catch(() => {})
  const aborted = new Promise<null>((resolve) => {
    signal.addEventListener('abort', () => resolve(null), { once: true })
    if (signal.aborted) resolve(null)
  })
  return Promise.race([aborted, reading])
}

/** A run that was interrupted before it knew what differs. */
const givenUp: Result = { hosts: [], plans: [], failures: [], leftovers: [], interrupted: true, unfinished: [] }

/** Play after play, each over all its hosts before the next: the only barrier there is. */
async function work(run: Run, observations: readonly Observation[]): Promise<void> {
  const differs = observations.some(({ plans }) => !plans.every(isKeep))
  for (const play of run.site) {
    // Nothing is written anywhere while more hosts are out of reach, or blocked, than their plays allow to fail.
    if (run.stopped) return
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

/** All machines of the site, each read in one go. What can't be read is recorded. In the order of the plays and their hosts. */
async function observeSite(run: Run): Promise<readonly Observation[]> {
  const { site, world, connections, options } = run
  const machines = new Map<string, Machine>()
  for (const { hosts } of site) for (const { machine } of hosts) machines.set(machine.key, machine)
  options.report({ kind: 'connecting', machines: machines.size })
  const wanted = wantedLater(site)
  const absent = absentFrom(site)
  const seen = await mapLimit([...machines.values()], options.forks, async (machine) => {
    if (options.signal.aborted) return []
    const { found, receipts } = await observeMachine(site, machine, world, connections, options.planned)
    const observed = found.flatMap((item) => ('plans' in item ? [item.assignment] : []))
    const declared = observed.flatMap(({ host, resources }) => resources.map(({ id }) => ({ host: host.name, id })))
    const estate = { receipts, declared }
    run.estates.set(machine.key, estate)
    const leftovers = abandoned(estate, options.identity.site, absent)
    // A thousand machines that are as they should be don't all stay connected: only so many as are looked at at once.
    const settled = found.every((item) => 'plans' in item && item.plans.every(isKeep))
    if (settled && !wanted.has(machine.key) && leftovers.length === 0) await connections.release(machine)
    return found
  })
  // Given up: nobody waits for it, and what fails now does so for that reason.
  if (options.signal.aborted) return []
  const observations: Observation[] = []
  for (const item of seen.flat()) {
    if ('plans' in item) observations.push(item)
    else {
      const kind = item.error.code === 3 ? 'unreachable' : 'failed'
      for (const host of new Set(item.assignments.map(({ host }) => host.name))) {
        const play = item.assignments.find((assignment) => assignment.host.name === host)?.play.name ?? ''
        run.record({ host, play, kind, problems: item.error.problems, done: [], undone: [] })
      }
    }
  }
  const order = new Map(
    site.flatMap((play) => play.hosts.map((host) => `${play.name} ${host.name}`)).map((name, at) => [name, at]),
  )
  const place = ({ assignment: { play, host } }: Observation): number => order.get(`${play.name} ${host.name}`) ?? 0
  return observations.sort((a, b) => place(a) - place(b))
}

/** The machines that something looks at, or goes through, even if nothing has to be changed there. */
function wantedLater(site: readonly Play[]): ReadonlySet<string> {
  const looking = site.filter(({ options: { gate, prepare, via } }) => gate ?? prepare ?? via)
  return new Set(looking.flatMap(({ members }) => members.map(({ machine }) => machine.key)))
}
