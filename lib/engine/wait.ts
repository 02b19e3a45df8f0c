/** Waiting for a gate: looked at again and again until it opens, can't open any more, or its time is up. */
import type { Problem } from '../core/error.ts'
import { missedOn, names, nowhere } from './failures.ts'
import type { Look, Missing, Play, Shown } from './play.ts'
import type { Run } from './run.ts'

/** Seconds between two looks of a gate. */
const interval = 1

/**
 * Waits for the play's gate, at most so many seconds, until it opens for one of these looks. Records a failure for each
 * host on which the first was missed.
 * @returns whether it opened; true where there is none
 */
export async function waitForGate(run: Run, play: Play, looks: readonly Look[], seconds: number): Promise<boolean> {
  const { gate } = play.options
  if (!gate || play.hosts.length === 0) return true
  const scope = run.scope(play)
  const start = run.world.now()
  const shown = shownOnce(run, play)
  try {
    for (;;) {
      let missing: readonly Missing[] = []
      // Only the first is shown: the pictures of two would take turns, each of them news.
      for (const [index, look] of looks.entries()) {
        const found = await gate.missing(scope, look, index === 0 ? shown : undefined)
        if (index === 0) missing = found
        if (found.length > 0) continue
        const expected = [...look.expected]
        const seconds = run.world.now() - start
        run.options.report({ kind: 'passed', gate: gate.name, play: play.name, seconds, expected })
        return true
      }
      const waited = run.world.now() - start
      if (missing.some((item) => item.final) || waited >= seconds) {
        let causes: readonly Problem[] = []
        try {
          causes = await gate.explain(scope, missing, shown)
        } finally {
          // A gate that can't explain must not hide what is missing.
          for (const [host, problems] of missedOn(missing, causes)) run.record({ ...nowhere(play), host, problems })
        }
        return false
      }
      run.options.report({ kind: 'waiting', gate: gate.name, play: play.name, missing, seconds: waited })
      if (run.options.signal.aborted) return false
      await run.world.sleep(interval)
    }
  } catch (error) {
    run.failPlay(play, error)
    return false
  }
}

/** Tells of what a gate has seen; the same picture again is no news. */
function shownOnce(run: Run, play: Play): Shown {
  let before = ''
  return (topology) => {
    const now = JSON.stringify(topology)
    if (now === before) return
    before = now
    run.options.report({ kind: 'topology', gate: play.options.gate?.name ?? '', play: play.name, topology })
  }
}

/**
 * The gate of a play in which nothing differs: all members are looked at, or with --limit the hosts it leaves and whoever
 * serves beside them. A unit that is active proves nothing.
 */
export async function waitUnchanged(run: Run, play: Play): Promise<void> {
  const { gate } = play.options
  if (!gate || play.hosts.length === 0) return
  const limited = play.hosts.length < play.members.length
  const well = (name: string): boolean => !run.hasFailed(name)
  let others: Iterable<string> = names(play.members)
  try {
    if (limited) others = await gate.serving(run.scope(play))
  } catch (error) {
    return run.failPlay(play, error)
  }
  const expected = new Set([...names(play.hosts), ...others].filter(well))
  // What an earlier play of this run changed may take its time to show.
  const seconds = run.hasBegun ? gate.deadline : gate.patience
  await waitForGate(run, play, [{ expected, changed: new Set(), started: new Set(), deep: false }], seconds)
}
