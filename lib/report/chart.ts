/**
 * The time line: a lane for each host, steps as bars, failures marked, and a lane for each gate with its waits. Bars are
 * stretched with the page; names and times beside them are text. Pure.
 */
import { count, span } from '../core/display.ts'
import { grouped } from '../core/grouped.ts'
import { Markup, markup } from './markup.ts'
import type { Bar, Timeline, Wait } from './timeline.ts'

/** The lanes are this wide in units of their own. */
const wide = 1000
/** Up to so many bars each one says what it is when it is pointed at; more of them become one shape for each lane. */
const mostNamed = 600

interface Scale {
  /** Seconds to units. */
  readonly x: (seconds: number) => number
  readonly ticks: readonly number[]
}

/** The whole chart; null where nothing was done and nothing waited for. */
export function chart(timeline: Timeline): Markup | null {
  const { bars, waits, seconds } = timeline
  if (bars.length + waits.length === 0) return null
  const last = bars.reduce((latest, { to }) => Math.max(latest, to), Math.max(seconds, 0.1))
  const step = niceStep(last)
  const ticks = Array.from({ length: Math.floor(last / step) + 1 }, (_, i) => i * step)
  const scale = { x: (at: number) => Math.round((at / last) * wide), ticks }
  const named = bars.length <= mostNamed
  const waiting = (host: string): readonly Wait[] => waits.filter(({ hosts }) => hosts.includes(host))
  const byHost = grouped(bars, ({ host }) => host)
  const hosts = new Set([...byHost.keys(), ...waits.flatMap(({ hosts }) => hosts)])
  return markup`<div class="chart">
<div class="lane axis" aria-hidden="true"><span></span><svg>${ticks.map(
    (tick) =>
      markup`<text x="${(scale.x(tick) / wide) * 100}%" y="11"${anchor(scale.x(tick))}>${tickText(tick, step)}</text>`,
  )}</svg><span></span></div>
${[...grouped(waits, ({ gate }) => gate)].map(([gate, own]) => gateLane(gate, own, scale))}
${[...hosts].map((host) => hostLane(host, byHost.get(host) ?? [], waiting(host), scale, named))}
</div>
<p class="key"><span><svg class="k"><path class="ok" d="M0 6h20"/></svg> step</span> <span><svg class="k"><path class="bad" d="M0 6h20"/></svg> step that failed</span> <span><svg class="k"><path class="wait" d="M0 6h20"/></svg> waiting for a gate</span></p>`
}

const anchor = (x: number): Markup => new Markup(x === 0 ? '' : ` text-anchor="${x > wide * 0.93 ? 'end' : 'middle'}"`)

/** 1, 2 or 5 times a power of ten, or whole minutes: at most six of them. */
function niceStep(seconds: number): number {
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400]
  return steps.find((step) => seconds / step <= 6) ?? 86_400
}

const tickText = (tick: number, step: number): string => (tick === 0 ? '0' : span(tick, step < 1))

function gateLane(gate: string, waits: readonly Wait[], scale: Scale): Markup {
  const total = waits.reduce((sum, { from, to }) => sum + to - from, 0)
  const shut = waits.filter(({ opened }) => !opened)
  const says = `${gate}: waited ${span(total, true)} in ${count(waits.length, 'look')}${shut.length > 0 ? ', did not open' : ''}`
  const shapes = waits.map((wait) => shape(wait.opened ? 'wait' : 'bad', [wait], scale))
  return lane('gate', gate, says, [grid(scale), ...shapes], span(total, true))
}

function hostLane(host: string, bars: readonly Bar[], waits: readonly Wait[], scale: Scale, named: boolean): Markup {
  const total = bars.reduce((sum, { from, to }) => sum + to - from, 0)
  const bad = bars.filter(({ ending }) => ending !== 'ok')
  const [first] = bars
  const when = first ? ` from ${span(first.from, true)} to ${span(bars.at(-1)?.to ?? 0, true)}` : ''
  const says = `${host}: ${count(bars.length, 'step')}${when}${bad.map(({ say, ending }) => `, ${ending}: ${say}`).join('')}`
  const titled = (bar: Bar): Markup =>
    shape(bar.ending === 'ok' ? 'ok' : 'bad', [bar], scale, `${bar.say} (${span(bar.to - bar.from, true)})`)
  const shapes = named
    ? bars.map(titled)
    : [
        shape(
          'ok',
          bars.filter(({ ending }) => ending === 'ok'),
          scale,
        ),
        shape('bad', bad, scale),
      ]
  const waited = waits.length > 0 ? [shape('wait', waits, scale)] : []
  return lane(bad.length > 0 ? 'failed' : '', host, says, [grid(scale), ...waited, ...shapes], span(total, true))
}

const lane = (kind: string, name: string, says: string, shapes: readonly Markup[], end: string): Markup =>
  markup`<div class="lane${kind === '' ? '' : ` ${kind}`}"><span class="who">${kind === 'failed' ? '✗ ' : ''}${name}</span><svg viewBox="0 0 ${wide} 12" preserveAspectRatio="none" role="img" aria-label="${says}">${shapes}</svg><span class="end">${end}</span></div>
`

const grid = ({ x, ticks }: Scale): Markup =>
  markup`<path class="grid" d="${ticks.map((tick) => `M${x(tick)} 0v12`).join('')}"/>`

interface Piece {
  readonly from: number
  readonly to: number
}

/** Pieces of a lane as one path; what would be too short to be seen is made a little longer, what touches becomes one. */
function shape(kind: string, pieces: readonly Piece[], { x }: Scale, title?: string): Markup {
  if (pieces.length === 0) return new Markup('')
  const least = kind === 'bad' ? 6 : 2
  const drawn: [from: number, to: number][] = []
  for (const { from, to } of [...pieces].sort((a, b) => a.from - b.from)) {
    const last = drawn.at(-1)
    // A unit short, so that a step is told from the next.
    const [start, end] = [x(from), Math.max(x(to) - 1, x(from) + least)]
    if (last && start <= last[1]) last[1] = Math.max(last[1], end)
    else drawn.push([start, end])
  }
  let at = 0
  const path = drawn.map(([from, to], i) => {
    const move = i === 0 ? `M${from} 6` : `m${from - at} 0`
    at = to
    return `${move}h${to - from}`
  })
  return markup`<path class="${kind}" d="${path.join('')}">${title === undefined ? null : markup`<title>${title}</title>`}</path>`
}
