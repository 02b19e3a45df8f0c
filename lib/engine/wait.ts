/** Waiting for a gate: looked at again and again until it opens, can't open any more, or its time is up. */
import { missedOn, names, nowhere } from './failures.ts'
import type { Look, Play } from './play.ts'
import type { Run } from './run.ts'

/** Seconds between two looks of a gate. */
const interval = 1

/** Waits for the play's gate, at most so many seconds; records a failure for each host it was missed on. */
export async function waitForGate(run: Run, play: Play, look: Look, seconds: number): Promise<void> {
  const { gate } = play.options
  if (!gate || play.hosts.length === 0) return
  const scope = run.scope(play)
  const start = run.world.now()
  try {
    for (;;) {
      const missing = await gate.missing(scope, look)
      const waited = run.world.now() - start
      if (missing.length === 0) {
        run.options.report({
          kind: 'passed',
          gate: gate.name,
          play: play.name,
          seconds: waited,
          expected: [...look.expected],
        })
        return
      }
      if (missing.some((item) => item.final) || waited >= seconds) {
        const causes = await gate.explain(scope, missing)
        for (const [host, problems] of missedOn(missing, causes)) run.record({ ...nowhere(play), host, problems })
        return
      }
      run.options.report({ kind: 'waiting', gate: gate.name, play: play.name, missing, seconds: waited })
      if (run.options.signal.aborted) return
      await run.world.sleep(interval)
    }
  } catch (error) {
    run.failPlay(play, error)
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
  const others = limited ? await gate.serving(run.scope(play)) : names(play.members)
  const expected = new Set([...names(play.hosts), ...others].filter(well))
  // What an earlier play of this run changed may take its time to show.
  const seconds = run.changed.size > 0 ? gate.deadline : gate.patience
  await waitForGate(run, play, { expected, changed: new Set(), deep: false }, seconds)
}
