/** The generated parts of docs/benchmarks.md. Pure. */
import type { Machine } from './machine.ts'
import type { Figure } from './results.ts'
import { markdown, table } from './table.ts'

/** The page with what stands between `<!-- NAME -->` and `<!-- /NAME -->` replaced. Throws Error for a part that the page has no place for. */
export function filled(page: string, parts: Readonly<Record<string, string>>): string {
  return Object.entries(parts).reduce((text, [name, part]) => {
    const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
    const [from, to] = [text.indexOf(open), text.indexOf(close)]
    if (from < 0 || to < from) throw new Error(`the page has no ${open} … ${close}`)
    return `${text.slice(0, from + open.length)}\n\n${part.trim()}\n\n${text.slice(to)}`
  }, page)
}

/** All generated parts, by name. */
export const partsOf = (figures: readonly Figure[], machine: Machine): Readonly<Record<string, string>> => ({
  machine: machineText(machine),
  targets: targets(figures, machine),
  table: table(figures.filter(({ job, contender }) => /^J\d$/.test(job) && contender !== 'plinth-npx')),
  scale: scaleTable(figures),
  starts: startsTable(figures, machine),
})

const machineText = ({
  cores,
  cpu,
  memory_gib,
  kernel,
  node,
  newestNode,
  tsx,
  openssh,
  plinth,
  peers,
}: Machine): string =>
  `One machine with ${cores} cores (${cpu}) and ${memory_gib} GiB of memory, Linux ${kernel}, that carried the hosts as well. Node ${node} and Node ${newestNode}, tsx ${tsx}, ` +
  `Plinth ${plinth}, ${openssh}; ${Object.entries(peers)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')}.`

interface Target {
  readonly says: string
  readonly job: string
  readonly n: number
  readonly rtt: number
  /** At most this many times the floor. */
  readonly most: number
}

/** What Plinth means to reach, as multiples of the floor. */
export const goals: readonly Target[] = [
  { says: 'converged, 3 hosts', job: 'J1', n: 3, rtt: 0, most: 1.8 },
  { says: 'converged, 10 hosts', job: 'J1', n: 10, rtt: 0, most: 1 },
  { says: 'converged, 30 hosts', job: 'J1', n: 30, rtt: 0, most: 1 },
  { says: 'converged, 3 hosts, 20 ms', job: 'J1', n: 3, rtt: 20, most: 1.3 },
  { says: 'converged, 10 hosts, 20 ms', job: 'J1', n: 10, rtt: 20, most: 1.3 },
  { says: 'one property and a restart, 10 hosts', job: 'J2', n: 10, rtt: 0, most: 1.5 },
  { says: 'first install, 10 hosts', job: 'J4', n: 10, rtt: 0, most: 1.2 },
  { says: 'first install with the upload, 10 hosts', job: 'J5', n: 10, rtt: 0, most: 1.2 },
]

/** The ways to start a playbook that are measured for every goal, by contender. */
function startsOf({ node, newestNode }: Machine): Readonly<Record<string, string>> {
  const [older, newest] = [node, newestNode].map((version) => `Node ${version.split('.')[0]}`)
  return {
    plinth: `\`tsx\`, ${older}`,
    'plinth-import': `\`node --import tsx\`, ${older}`,
    'plinth-newest': `\`tsx\`, ${newest}`,
    'plinth-node': `\`node\` alone, ${newest}`,
  }
}

function targets(figures: readonly Figure[], machine: Machine): string {
  const starts = startsOf(machine)
  const row = (says: string, most: number, unit: string, measured: readonly (number | null)[]): readonly string[] => [
    says,
    `${most} ${unit}`,
    ...measured.map((one) => (one === null ? '' : `${one.toFixed(2)} ${one <= most ? '✓' : '✗'}`)),
  ]
  const most = find(figures, { job: 'scale', n: 1000, rtt: 0, contender: 'plinth' })
  return markdown(
    ['what', 'at most', ...Object.values(starts)],
    [
      ...goals.map(({ says, most, ...where }) =>
        row(
          says,
          most,
          '× floor',
          Object.keys(starts).map((contender) => find(figures, { ...where, contender })?.ratio ?? null),
        ),
      ),
      row('controller CPU per further endpoint, 1,000 endpoints', 15, 'ms', [
        most ? furtherCpu(figures, most) : null,
        null,
        null,
        null,
      ]),
      row('memory, 1,000 endpoints', 250, 'MB', [most?.rss ?? null, null, null, null]),
    ],
  )
}

/** Milliseconds of CPU for each endpoint beyond the first; null where the first was not measured alone. */
function furtherCpu(figures: readonly Figure[], { n, cpu }: Figure): number | null {
  const one = figures.find((figure) => figure.job === 'scale' && figure.n === 1)
  return one === undefined || n === 1 ? null : ((cpu - one.cpu) / (n - 1)) * 1000
}

function scaleTable(figures: readonly Figure[]): string {
  const points = figures.filter(({ job }) => job === 'scale' || job === 'first').sort((a, b) => a.n - b.n)
  return markdown(
    ['endpoints', 'contact', 'runs', 'time s', 'CPU s', 'CPU ms per further endpoint', 'peak MB'],
    points.map((point) => [
      String(point.n),
      point.job === 'first' ? 'first' : 'later',
      String(point.runs),
      point.wall.toFixed(2),
      point.cpu.toFixed(2),
      furtherCpu(figures, point)?.toFixed(1) ?? '',
      point.rss.toFixed(0),
    ]),
  )
}

/** A converged run on three hosts, however it is started. */
function startsTable(figures: readonly Figure[], { node, newestNode }: Machine): string {
  const command = 'playbooks/site.ts -i prod'
  const ways = [
    ['plinth-npx', `npx tsx ${command}`, node],
    ['plinth', `node_modules/.bin/tsx ${command}`, node],
    ['plinth-import', `node --import tsx ${command}`, node],
    ['plinth-newest', `node_modules/.bin/tsx ${command}`, newestNode],
    ['plinth-node', `node ${command}`, newestNode],
  ] as const
  return markdown(
    ['started with', 'Node', 'time s', 'CPU s'],
    ways.map(([contender, text, version]) => {
      const found = find(figures, { job: 'J1', n: 3, rtt: 0, contender })
      return [`\`${text}\``, version, found?.wall.toFixed(2) ?? '', found?.cpu.toFixed(2) ?? '']
    }),
  )
}

const find = (
  figures: readonly Figure[],
  { job, n, rtt, contender }: Pick<Figure, 'job' | 'n' | 'rtt' | 'contender'>,
): Figure | undefined =>
  figures.find((one) => one.job === job && one.n === n && one.rtt === rtt && one.contender === contender)
