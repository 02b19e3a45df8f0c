/** A run as a stream: a line of JSON for each thing that happens. docs/report.md describes it. Pure. */
import { version } from '../version.ts'
import { document } from './document.ts'
import { eventJson, format, type Json, planJson, rounded } from './event-json.ts'
import type { Begun, Ended, Timed } from './run.ts'

/** The lines of a stream for something that was told: a plan comes as a line for each host that differs, and one with the sums. */
export function streamed({ at, event }: Timed): readonly Json[] {
  if (event.kind !== 'planned') return [eventJson({ at, event })]
  const plans = event.plans.map(({ play, host, as, plans }) => ({
    at: rounded(at),
    event: 'plan',
    play,
    host,
    ...(as !== undefined && { as }),
    resources: plans.filter(({ action }) => action !== 'keep').map(planJson),
  }))
  return [...plans.filter(({ resources }) => resources.length > 0), eventJson({ at, event })]
}

/** The first line of a stream. */
export const streamHead = ({ id, started, playbook, check }: Begun): Json => ({
  at: 0,
  event: 'begin',
  format,
  plinth: version,
  run: id,
  started,
  playbook,
  check,
})

/** Whether a text begins as each stream does, whichever Plinth wrote it: a file that begins so may be replaced by a new one. */
export const beginsAsStream = (text: string): boolean => /^\{"at":0,"event":"begin",/.test(text)

/** The last line of a stream: the document without its events, which were there already. */
export function streamEnd(run: Ended): Json {
  const { events: _, ...result } = document(run)
  return { at: rounded(run.seconds), event: 'result', result }
}
