/** The results as pictures, in SVG. Pure. */
import type { Figure } from './results.ts'

/** Jobs in words. */
export const jobNames: Readonly<Record<string, string>> = {
  J1: 'converged',
  J2: 'one property',
  J3: 'check',
  J4: 'install',
  J5: 'install + 100 MB',
}

/** Who has a bar, in this order, and its colour; they are told apart by the colour-blind too. */
const contenders: Readonly<Record<string, string>> = {
  plinth: '#0072b2',
  pyinfra: '#e69f00',
  mitogen: '#009e73',
  ansible: '#cc79a7',
}

const column = { width: 470, label: 112, value: 40 }
const bar = { height: 11, gap: 2, between: 12 }
const range = { from: 0.5, to: 100, ticks: [0.5, 1, 2, 5, 10, 20, 50, 100] }

interface Panel {
  readonly title: string
  readonly rows: readonly { readonly job: string; readonly bars: readonly Figure[] }[]
}

/** Bars from the floor's time to each contender's, on a logarithmic scale: a panel for each number of hosts and delay. */
export function ratioPicture(figures: readonly Figure[]): string {
  const heights = [0, 0]
  const body = panelsOf(figures).map((panel) => {
    const side = (heights[0] ?? 0) <= (heights[1] ?? 0) ? 0 : 1
    const { text, height } = drawn(panel, side * column.width, heights[side] ?? 0)
    heights[side] = (heights[side] ?? 0) + height
    return text
  })
  const top = 62
  const legend = Object.entries(contenders).map(([name, colour], index) => {
    const x = 16 + index * 90
    return `<rect x="${x}" y="34" width="12" height="12" fill="${colour}"/>${words(x + 17, 44, name)}`
  })
  return svg('Time as a multiple of the floor', 2 * column.width + 10, top + Math.max(...heights) + 4, [
    words(
      16,
      22,
      'Time from start to end, as a multiple of the floor (plain ssh with the whole script); logarithmic',
      'bold',
    ),
    ...legend,
    `<g transform="translate(0 ${top})">${body.join('\n')}</g>`,
  ])
}

function panelsOf(figures: readonly Figure[]): readonly Panel[] {
  const shown = figures.filter(
    ({ contender, ratio, job }) => contender in contenders && ratio !== null && job in jobNames,
  )
  const order = Object.keys(contenders)
  const place = ({ contender }: Figure): number => order.indexOf(contender)
  const keys = [...new Set(shown.map(({ n, rtt }) => `${n} ${rtt}`))]
  return keys.map((key): Panel => {
    const own = shown.filter(({ n, rtt }) => `${n} ${rtt}` === key)
    const [n, rtt] = key.split(' ')
    const jobs = [...new Set(own.map(({ job }) => job))].sort()
    return {
      title: `${n} hosts${rtt === '0' ? '' : `, ${rtt} ms away`}`,
      rows: jobs.map((job) => ({
        job,
        bars: own.filter((figure) => figure.job === job).sort((a, b) => place(a) - place(b)),
      })),
    }
  })
}

function drawn({ title, rows }: Panel, x: number, y: number): { readonly text: string; readonly height: number } {
  const left = x + column.label
  const room = column.width - column.label - column.value
  const at = (ratio: number): number => {
    const within = Math.min(Math.max(ratio, range.from), range.to)
    return left + (Math.log(within / range.from) / Math.log(range.to / range.from)) * room
  }
  const parts: string[] = [words(x + 16, y + 12, title, 'bold')]
  const start = y + 22
  let line = start
  for (const { job, bars } of rows) {
    const height = bars.length * (bar.height + bar.gap)
    parts.push(words(left - 8, line + height / 2 + 3, jobNames[job] ?? job, 'right'))
    for (const { contender, ratio } of bars) {
      const [from, to] = [at(1), at(ratio ?? 1)].sort((a, b) => a - b) as [number, number]
      const fill = contenders[contender]
      const shape = `x="${round(from)}" y="${line}" width="${round(Math.max(to - from, 1.5))}" height="${bar.height}"`
      parts.push(`<rect ${shape} fill="${fill}"/>`)
      const label = shortly(ratio ?? 1)
      // On the left stands the name of the row.
      parts.push(words(to + 4, line + 9, label))
      line += bar.height + bar.gap
    }
    line += bar.between
  }
  const end = line - bar.between + 4
  const grid = range.ticks.map((tick) => {
    const colour = tick === 1 ? '#444' : '#ddd'
    const rule = `<path d="M${round(at(tick))} ${start - 4}V${end}" stroke="${colour}"/>`
    return `${rule}${words(at(tick), end + 12, tick === 1 ? 'floor' : `×${tick}`, 'middle')}`
  })
  return { text: [...grid, ...parts].join('\n'), height: end + 30 - y }
}

/** Wall and CPU seconds over the number of endpoints. */
export function scalePicture(figures: readonly Figure[]): string {
  const points = figures.filter(({ job }) => job === 'scale').sort((a, b) => a.n - b.n)
  const last = points.at(-1)
  if (last === undefined) return svg('Time and CPU over the number of endpoints', 10, 10, [])
  const size = { left: 60, top: 40, width: 560, height: 260 }
  const step = niceStep(Math.max(last.wall, last.cpu))
  const most = Math.ceil(Math.max(last.wall, last.cpu) / step) * step
  const x = (n: number): number => size.left + (n / last.n) * size.width
  const y = (seconds: number): number => size.top + size.height - (seconds / most) * size.height
  const curve = (of: 'wall' | 'cpu', colour: string, name: string): string => {
    const path = points.map((point, i) => `${i === 0 ? 'M' : 'L'}${round(x(point.n))} ${round(y(point[of]))}`).join('')
    const dots = points.map(
      (point) => `<circle cx="${round(x(point.n))}" cy="${round(y(point[of]))}" r="3.5" fill="${colour}"/>`,
    )
    return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join('')}${words(x(last.n) + 8, y(last[of]) + 4, name)}`
  }
  const rows = Array.from({ length: Math.round(most / step) + 1 }, (_, i) => i * step).map(
    (seconds) =>
      `<path d="M${size.left} ${round(y(seconds))}h${size.width}" stroke="#ddd"/>${words(size.left - 6, y(seconds) + 4, `${seconds} s`, 'right')}`,
  )
  const columns = points
    .filter(({ n }) => n === last.n || x(n) < x(last.n) - 30)
    .filter((point, i, all) => i === 0 || x(point.n) - x(all[i - 1]?.n ?? 0) > 20)
    .map(({ n }) => words(x(n), size.top + size.height + 18, String(n), 'middle'))
  return svg('Time and CPU over the number of endpoints', size.left + size.width + 150, size.top + size.height + 34, [
    words(16, 22, 'A converged run over the number of endpoints', 'bold'),
    ...rows,
    ...columns,
    curve('wall', '#0072b2', 'time'),
    curve('cpu', '#d55e00', 'controller CPU'),
  ])
}

/** 1, 2 or 5 times a power of ten: about five of them up to `most`. */
function niceStep(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most / 5))
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => most / step <= 6) ?? 10 * power
}

const round = (value: number): number => Math.round(value * 10) / 10
const shortly = (ratio: number): string => (ratio < 10 ? ratio.toFixed(1) : ratio.toFixed(0))
const anchors = { left: 'start', bold: 'start', right: 'end', middle: 'middle' }

const words = (x: number, y: number, text: string, how: keyof typeof anchors = 'left'): string =>
  `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchors[how]}"${how === 'bold' ? ' font-weight="bold"' : ''}>${escaped(text)}</text>`

const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')

const svg = (title: string, width: number, height: number, body: readonly string[]): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${round(width)} ${round(height)}" font-family="sans-serif" font-size="11" fill="#222">
<title>${escaped(title)}</title>
<rect width="100%" height="100%" fill="#fff"/>
${body.join('\n')}
</svg>
`
