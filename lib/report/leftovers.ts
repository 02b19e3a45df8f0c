/** What became of what the hosts remember and the site declares no longer. Pure. */
import type { Leftover } from '../engine/world.ts'
import type { HostOutcome, State } from './outcome.ts'
import type { Run } from './run.ts'

export interface LeftoverOutcome {
  readonly leftover: Leftover
  /** Whether this run removed it. */
  readonly removed: boolean
  /** What became of it, in words. */
  readonly say: string
}

/** Every leftover of a run with what became of it, in their order. */
export function leftoversOf({ result }: Run, hosts: readonly HostOutcome[]): readonly LeftoverOutcome[] {
  const key = (place: string, id: string): string => `${place}\n${id}`
  // By machine: the play that removes them has only one host of each.
  const states = new Map(
    hosts.flatMap(({ place, outcomes }) =>
      outcomes.flatMap(({ plan, state }) => (plan.action === 'remove' ? [[key(place, plan.id), state] as const] : [])),
    ),
  )
  return result.leftovers.map((leftover) => {
    const { machine, id, fate } = leftover
    const state = states.get(key(machine, id))
    const removed = state === 'changed' || state === 'kept'
    return { leftover, removed, say: fate === 'removed' ? sayOf(state, removed) : fate }
  })
}

function sayOf(state: State | undefined, removed: boolean): string {
  // Without --prune there is no plan to remove it.
  if (state === undefined) return 'would be removed by --prune'
  if (state === 'differs') return 'would be removed'
  return removed ? 'removed' : 'not removed'
}
