/** Plinth alone against up to a thousand endpoints that need nothing: time, CPU and memory of the controller, by their number. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Lab } from '../test/lab/lab.ts'
import type { Say } from '../test/lab/shell.ts'
import { cache, output } from './contest.ts'
import { openEndpoints } from './endpoints.ts'
import type { Run } from './results.ts'

/** What bench/peers/measure.py prints. */
interface Measured {
  readonly exit: number
  readonly wall_s: number
  readonly user_s: number
  readonly sys_s: number
  readonly rss_mb: number
}

/** Runs `counts` endpoints each, so many rounds. The first contact with all of them is a job of its own, `first`. */
export async function scale(
  lab: Lab,
  counts: readonly number[],
  rounds: number,
  say: Say,
  signal: AbortSignal,
): Promise<readonly Run[]> {
  const most = Math.max(...counts)
  await lab.up({ hosts: [], owner: process.pid })
  const folder = join(cache, 'scale')
  const endpoints = await openEndpoints(folder, join(lab.layout.cgroup, 'endpoints'), most)
  const runs: Run[] = []
  const one = async (job: string, n: number): Promise<void> => {
    const work = join(folder, 'work')
    mkdirSync(work, { recursive: true })
    writeFileSync(join(folder, 'inventory'), endpoints.inventory(n))
    const environment = {
      BENCH_INVENTORY: join(folder, 'inventory'),
      BENCH_KEY: endpoints.key,
      BENCH_KNOWN_HOSTS: endpoints.knownHosts,
      BENCH_TREE: endpoints.tree,
      BENCH_WORK: work,
      BENCH_HOME: join(folder, 'home'),
      BENCH_SITE: 'scale',
      BENCH_JOB: job,
      BENCH_CHECK: '0',
    }
    const here = import.meta.dirname
    const log = join(folder, `${job}.${n}.log`)
    const words = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
    const command = ['env', ...words, 'python3', join(here, 'peers/measure.py'), log, join(here, 'plinth/run.sh')]
    const text = await output(join(lab.layout.cgroup, 'contest'), command, signal)
    const { exit, wall_s, user_s, sys_s, rss_mb } = JSON.parse(text) as Measured
    const ok = exit === 0 && readFileSync(log, 'utf8').includes('Nothing had to change')
    say(`${job} with ${n}: ${wall_s} s${ok ? '' : `, went wrong: see ${log}`}`)
    const cpu_s = Number((user_s + sys_s).toFixed(3))
    const common = { job, n, contender: 'plinth', rtt_ms: 0, ok, at: new Date().toISOString() }
    runs.push({ ...common, wall_s, cpu_s, rss_mb })
  }
  await one('first', most)
  for (let round = 0; round < rounds; round++) for (const n of counts) await one('scale', n)
  return runs
}
