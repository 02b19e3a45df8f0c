/** When what was done on which host, and what the gates waited for. Pure. */
import type { Run, Timed } from './run.ts'

/** One step from its beginning to its end, in seconds since the run began. */
export interface Bar {
  readonly host: string
  readonly play: string
  /** The resource it is for. */
  readonly id: string
  readonly say: string
  readonly from: number
  readonly to: number
  /** `unknown`: nobody saw it end. */
  readonly ending: 'ok' | 'failed' | 'unknown'
}

/** One wait of a gate. */
export interface Wait {
  readonly gate: string
  readonly play: string
  readonly from: number
  readonly to: number
  /** Whether it opened. */
  readonly opened: boolean
  /** The hosts that were waited for, in the order in which they were named. */
  readonly hosts: readonly string[]
  /** Who was well when it opened. */
  readonly well: readonly string[]
}

export interface Timeline {
  readonly bars: readonly Bar[]
  readonly waits: readonly Wait[]
  /** Seconds of the whole run. */
  readonly seconds: number
}

export const timelineOf = ({ events, seconds }: Pick<Run, 'events' | 'seconds'>): Timeline => ({
  bars: barsOf(events, seconds),
  waits: waitsOf(events, seconds),
  seconds,
})

function barsOf(events: readonly Timed[], end: number): readonly Bar[] {
  const bars: Bar[] = []
  const open = new Map<string, Omit<Bar, 'to' | 'ending'>>()
  for (const { at, event } of events) {
    if (event.kind === 'step') {
      const { host, play, id, step } = event
      open.set(host, { host, play, id, say: step.say, from: at })
    } else if (event.kind === 'done') {
      const begun = open.get(event.host)
      if (begun) bars.push({ ...begun, to: at, ending: event.ok ? 'ok' : 'failed' })
      open.delete(event.host)
    } else if (event.kind === 'failed' && event.failure.step?.code === null) {
      const last = bars.findLastIndex(({ host, id }) => host === event.failure.host && id === event.failure.step?.id)
      const bar = bars[last]
      if (bar) bars[last] = { ...bar, ending: 'unknown' }
    }
  }
  return [...bars, ...[...open.values()].map((begun) => ({ ...begun, to: end, ending: 'unknown' as const }))]
}

function waitsOf(events: readonly Timed[], end: number): readonly Wait[] {
  const waits: Wait[] = []
  let open: Omit<Wait, 'to' | 'opened' | 'well'> | undefined
  for (const { at, event } of events) {
    if (event.kind === 'waiting') {
      const { gate, play, missing, seconds } = event
      const hosts = [...new Set([...(open?.hosts ?? []), ...missing.map(({ host }) => host)])]
      open = { gate, play, from: open?.from ?? Math.max(0, at - seconds), hosts }
    } else if (event.kind === 'passed') {
      const { gate, play, seconds, expected: well } = event
      waits.push({ gate, play, hosts: [], from: Math.max(0, at - seconds), ...open, to: at, opened: true, well })
      open = undefined
    } else if (event.kind === 'failed' && open) {
      waits.push({ ...open, to: at, opened: false, well: [] })
      open = undefined
    }
  }
  return open ? [...waits, { ...open, to: end, opened: false, well: [] }] : waits
}

/** Seconds at work on each host. */
export function workOf({ bars }: Timeline): ReadonlyMap<string, number> {
  const work = new Map<string, number>()
  for (const { host, from, to } of bars) work.set(host, (work.get(host) ?? 0) + to - from)
  return work
}

/** The steps that took longest, longest first; none of less than half a second. */
export const slowest = ({ bars }: Timeline, most: number): readonly Bar[] =>
  [...bars]
    .filter(({ from, to }) => to - from >= 0.5)
    .sort((a, b) => b.to - b.from - (a.to - a.from))
    .slice(0, most)
