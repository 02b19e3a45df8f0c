/** Planning over the number of resources in all, as a picture. Pure. */

/** What one size took: CPU seconds, and the largest memory of the process in MiB. */
export interface Point {
  readonly hosts: number
  readonly resources: number
  readonly cpu: number
  readonly rss: number
}

const size = { left: 60, top: 44, width: 520, height: 220 }

/** A curve for more hosts and one for more resources on each: where they are one line, it does not matter which. */
export function planningPicture(points: readonly Point[]): string {
  const total = ({ hosts, resources }: Point): number => hosts * resources
  const most = { x: Math.max(1, ...points.map(total)), y: Math.max(0.1, ...points.map(({ cpu }) => cpu)) * 1.1 }
  const x = (point: Point): string => (size.left + (total(point) / most.x) * size.width).toFixed(1)
  const y = (seconds: number): string => (size.top + size.height * (1 - seconds / most.y)).toFixed(1)
  const curve = (of: readonly Point[], colour: string, name: string, at: number): string => {
    const sorted = [...of].sort((a, b) => total(a) - total(b))
    const path = sorted.map((point, i) => `${i === 0 ? 'M' : 'L'}${x(point)} ${y(point.cpu)}`).join('')
    const dots = sorted.map((point) => `<circle cx="${x(point)}" cy="${y(point.cpu)}" r="3.5" fill="${colour}"/>`)
    const key = `<path d="M${at} 30h20" stroke="${colour}" stroke-width="2"/><text x="${at + 26}" y="34">${name}</text>`
    return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join('')}${key}`
  }
  const marks = [0.25, 0.5, 0.75, 1].flatMap((part) => {
    const [seconds, number] = [(most.y / 1.1) * part, most.x * part]
    const across = size.left + size.width * part
    return [
      `<path d="M${size.left} ${y(seconds)}h${size.width}" stroke="#ddd"/><text x="${size.left - 6}" y="${y(seconds)}" text-anchor="end">${seconds.toFixed(1)} s</text>`,
      `<text x="${across}" y="${size.top + size.height + 16}" text-anchor="middle">${Math.round(number / 1000)},000</text>`,
    ]
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 300" font-family="sans-serif" font-size="11" fill="#222">
<title>CPU of planning over the number of resources</title>
<rect width="100%" height="100%" fill="#fff"/>
<text x="16" y="16" font-weight="bold">CPU of planning an empty site, over the number of resources in all</text>
${marks.join('\n')}
${curve(
  points.filter(({ resources }) => resources === 60),
  '#0072b2',
  'more hosts, 60 resources on each',
  60,
)}
${curve(
  points.filter(({ hosts }) => hosts === 1000),
  '#d55e00',
  '1,000 hosts, more resources on each',
  300,
)}
</svg>
`
}
