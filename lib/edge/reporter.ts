/** All that a run tells, on its way to the screen, to `--events FILE` and to `--report DIR`. */
import { performance } from 'node:perf_hooks'
import type { Problem } from '../core/error.ts'
import type { Event, Failure } from '../engine/world.ts'
import { type Begun, type Ended, Recorder } from '../report/run.ts'
import type { Options } from './arguments.ts'
import type { Console } from './console.ts'
import { openEvents } from './event-stream.ts'

/** What was told until now. */
type Told = Pick<Ended, 'events' | 'seconds'>

export interface Reporter {
  /** Tells it to everybody. */
  report(event: Event): void
  told(): Told
  /** Writes what is written at the end; returns what could not be written. */
  write(run: Ended): readonly Problem[]
  /** The run ended with this: it is told unless a failure was told already. Returns what was told until now. */
  broken(failure: Failure): Told
  /**
   * A second interrupt: what is under way is named on the screen, with the command to go on with, and what is `known` is written,
   * all in this very turn. Nothing is written where the run was already.
   */
  stop(next: string, known: (told: Told) => Ended): void
}

/**
 * Opens stream and folder before a host is asked anything: what can't be written is a mistake of the command line.
 * Throws a usage error for it.
 */
export async function openReporter(
  { report: path, events }: Pick<Options, 'report' | 'events'>,
  begun: Begun,
  screen: Console,
): Promise<Reporter> {
  const start = performance.now()
  const seconds = (): number => (performance.now() - start) / 1000
  const folder = path === null ? null : (await import('./report-folder.ts')).openReport(path)
  const stream = openEvents(events, begun, screen.progress)
  // Only now: a run that is refused for its stream leaves an earlier one's report.
  folder?.clear()
  const recorder = new Recorder()
  let written = false
  const write = (run: Ended): readonly Problem[] => {
    written = true
    stream.end(run)
    return folder?.write(run) ?? []
  }
  const told = (): Told => ({ events: recorder.events, seconds: seconds() })
  const report = (event: Event): void => {
    const at = seconds()
    screen.report(event)
    recorder.add(event, at)
    stream.add(event, at)
  }
  return {
    report,
    told,
    write,
    broken(failure) {
      screen.end()
      if (!recorder.events.some(({ event }) => event.kind === 'failed')) report({ kind: 'failed', failure })
      return told()
    },
    stop(next, known) {
      screen.stopped(next)
      const unwritten = written || (folder === null && events === null) ? [] : write(known(told()))
      if (unwritten.length > 0) screen.warn(unwritten)
      screen.end()
    },
  }
}
