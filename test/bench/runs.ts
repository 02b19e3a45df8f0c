/** Canned results for the tests of the benchmark's own code. */
import type { Run } from '../../bench/results.ts'

/** A run of the floor on three hosts unless told otherwise. */
export const run = (more: Partial<Run> = {}): Run => ({
  job: 'J1',
  n: 3,
  contender: 'floor',
  rtt_ms: 0,
  wall_s: 0.5,
  cpu_s: 0.25,
  rss_mb: 12,
  sessions: 3,
  ok: true,
  at: '2025-01-01T00:00:00Z',
  ...more,
})

/** The floor and two contenders on one job. */
export const contest: readonly Run[] = [
  run({ wall_s: 0.4 }),
  run({ wall_s: 0.6 }),
  run({ contender: 'plinth', wall_s: 0.75, rss_mb: 90 }),
  run({ contender: 'plinth', wall_s: 0.65, rss_mb: 92 }),
  run({ contender: 'plinth', wall_s: 0.7, rss_mb: 91 }),
  run({ contender: 'ansible', wall_s: 20, sessions: 168 }),
]
