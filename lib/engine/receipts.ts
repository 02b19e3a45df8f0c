/**
 * What a run changes in what machines remember of its site, beside what it notes before its steps: what has come to the site
 * without a change, and what has gone. Written under the machine's lock; where that can't be, it is a warning.
 */
import type { Channel, MachineChannel } from '../core/channel.ts'
import { receiptLine } from './audit.ts'
import { unclaimed } from './estate.ts'
import { isKeep } from './failures.ts'
import { mapLimit, questionsOf } from './observe.ts'
import type { Host } from './play.ts'
import { hostsByMachine, type Leftovers, type Looked } from './prune.ts'
import type { Run } from './run.ts'
import { planResources } from './selection.ts'

/**
 * Notes on machines that the run had nothing to change on what is not noted there, and should be. A play that has moved to a
 * playbook of its own finds all as declared, and the old one would take it for a leftover; and an earlier run may have found no
 * room for its receipt. A machine on which nobody has noted any of it, and this site nothing, is not touched.
 */
export async function claim(run: Run): Promise<void> {
  const { identity, forks } = run.options
  await mapLimit([...hostsByMachine(run.site)], forks, async ([key, hosts]) => {
    const [host] = hosts
    const estate = run.estates.get(key)
    const ours = estate ? unclaimed(estate, identity.site) : []
    if (!host || ours.length === 0 || run.changedOn(key).size > 0 || !mayNote(run, hosts)) return
    const ids = ours.map(({ id }) => id)
    await locked(run, host, () => run.trace(host, receiptLine(identity, host.name, 'claims', ids)))
  })
}

/**
 * Lets every machine forget what is gone from it, read once more, and what was shown as left to a person or is left to
 * another site. Nothing where a host of the machine failed or the run was interrupted.
 */
export async function forget(run: Run, { looked }: Leftovers): Promise<void> {
  const { identity } = run.options
  const machines = hostsByMachine(run.site)
  for (const { host, left, removals, released } of looked) {
    if (removals.length + released.length === 0) continue
    if (!mayNote(run, machines.get(host.machine.key) ?? [])) continue
    await locked(run, host, async (channel) => {
      const gone = [...released, ...(await goneOf(channel, { left, removals }))]
      if (gone.length === 0) return
      const ids = gone.map(({ id }) => id)
      await run.leave(channel, host.machine, receiptLine(identity, host.name, 'forgets', ids), gone)
    })
  }
}

/**
 * Lets every machine forget what this run has noted there first and not made, because it failed, was interrupted or was told no:
 * what somebody makes there by hand before the next run is theirs. A run that did all it should has made all.
 */
export async function disown(run: Run): Promise<void> {
  const { identity, signal, forks } = run.options
  if (!signal.aborted && run.failures.length === 0 && run.stepping.refused.size === 0) return
  await mapLimit([...hostsByMachine(run.site)], forks, async ([key, [host]]) => {
    const unmade = run.unmadeOn(key)
    if (!host || unmade.length === 0) return
    const ids = unmade.map(({ id }) => id)
    await run.trace(host, receiptLine(identity, host.name, 'forgets', ids), unmade)
  })
}

const mayNote = (run: Run, hosts: readonly Host<unknown>[]): boolean =>
  !run.options.signal.aborted && !hosts.some(({ name }) => run.hasFailed(name))

/** What of all that was asked for once is not there now. */
async function goneOf(channel: Channel, { left, removals }: Pick<Looked, 'left' | 'removals'>) {
  if (removals.length === 0) return []
  const plans = planResources(removals, await channel.ask(questionsOf(removals)))
  const away = new Set(plans.filter(isKeep).map(({ id }) => id))
  return left.filter(({ id }) => away.has(id))
}

async function locked(
  run: Run,
  { machine }: Host<unknown>,
  work: (channel: MachineChannel) => Promise<void>,
): Promise<void> {
  try {
    const channel = await run.connections.machine(machine)
    await run.lock(channel)
    await work(channel)
  } catch (error) {
    run.warn(run.bugs.problemsOf(error, machine.name))
  }
}
