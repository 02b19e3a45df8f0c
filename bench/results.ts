/** The lines a benchmark leaves, and what is made of them. Pure. */

/** One run of one contender, as bench/peers/bench.py and the scale run print it. */
export interface Run {
  /** `J1` to `J5`, or `scale`. */
  readonly job: string
  /** Hosts, or endpoints of the scale run. */
  readonly n: number
  readonly contender: string
  /** Simulated round trip in milliseconds; 0 for none. */
  readonly rtt_ms: number
  readonly wall_s: number
  /** CPU seconds of the contender and its children on the controller. */
  readonly cpu_s: number
  /** The largest process of the contender, in MiB. */
  readonly rss_mb: number
  /** SSH sessions that the hosts saw; not counted in the scale run. */
  readonly sessions?: number
  /** Whether every host came out right. */
  readonly ok: boolean
  /** When it ended, ISO 8601. */
  readonly at: string
}

/** Runs of one contender on one job under the same conditions, as medians. */
export interface Figure {
  readonly job: string
  readonly n: number
  readonly rtt: number
  readonly contender: string
  readonly runs: number
  /** How many runs left a host that was not right; they are in no median. */
  readonly failed: number
  readonly wall: number
  readonly least: number
  readonly cpu: number
  readonly rss: number
  readonly sessions: number | null
  /** Wall over the floor's wall under the same conditions; null where no floor was measured. */
  readonly ratio: number | null
}

/** What tells one set of comparable runs from another. */
export const groupOf = ({ job, n, rtt_ms, contender }: Run): string => `${rtt_ms} ${n} ${job} ${contender}`

/** The runs in the text of a results file. Throws SyntaxError for a line that is no JSON. */
export const parseRuns = (text: string): readonly Run[] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as Run)

/** The old runs without those of a group that was measured anew, then the new ones. */
export function replaced(old: readonly Run[], measured: readonly Run[]): readonly Run[] {
  const groups = new Set(measured.map(groupOf))
  return [...old.filter((run) => !groups.has(groupOf(run))), ...measured]
}

/** Medians by group, sorted by delay, hosts, job and time. */
export function figures(runs: readonly Run[]): readonly Figure[] {
  const groups = new Map<string, Run[]>()
  for (const run of runs) groups.set(groupOf(run), [...(groups.get(groupOf(run)) ?? []), run])
  const wallOf = (group: string): number | null => {
    const good = (groups.get(group) ?? []).filter(({ ok }) => ok)
    return good.length === 0 ? null : median(good.map(({ wall_s }) => wall_s))
  }
  const found = [...groups.values()].flatMap((all): Figure[] => {
    const good = all.filter(({ ok }) => ok)
    const [first] = good
    if (first === undefined) return []
    const { job, n, rtt_ms: rtt, contender } = first
    const wall = median(good.map(({ wall_s }) => wall_s))
    const base = wallOf(groupOf({ ...first, contender: 'floor' }))
    return [
      {
        job,
        n,
        rtt,
        contender,
        runs: good.length,
        failed: all.length - good.length,
        wall,
        least: Math.min(...good.map(({ wall_s }) => wall_s)),
        cpu: median(good.map(({ cpu_s }) => cpu_s)),
        rss: median(good.map(({ rss_mb }) => rss_mb)),
        sessions: first.sessions === undefined ? null : median(good.map(({ sessions = 0 }) => sessions)),
        ratio: base === null ? null : wall / base,
      },
    ]
  })
  return found.sort((a, b) => a.rtt - b.rtt || a.n - b.n || a.job.localeCompare(b.job) || a.wall - b.wall)
}

/** The middle of the values, or the mean of the two in the middle. Throws RangeError for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  if (low === undefined || high === undefined) throw new RangeError('no value to take a median of')
  return (low + high) / 2
}
