/** Planning by hosts and by resources, each size in a process of its own: `node --import tsx bench/planning.ts` renews its part of docs/benchmarks.md. */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { nodeOfNewest } from './contest.ts'
import { filled } from './page.ts'
import { type Point, planningPicture } from './planning-picture.ts'
import { markdown } from './table.ts'

const sizes = [
  ...[250, 500, 1000, 2000].map((hosts) => ({ hosts, resources: 60 })),
  ...[15, 30, 120].map((resources) => ({ hosts: 1000, resources })),
]
const rounds = 2

/** Bundled, as users run the library. */
const script = join(import.meta.dirname, '../dist/bench-planning.mjs')
buildSync({
  entryPoints: [join(import.meta.dirname, 'planning-once.ts')],
  outfile: script,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  logLevel: 'error',
})

/** The Node this runs on, and the newest. */
const nodes = [process.execPath, nodeOfNewest()]

type Measured = Point & { readonly ok: boolean }

function once(node: string, hosts: number, resources: number, answers: readonly string[]): Measured {
  const words = [script, String(hosts), String(resources), ...answers]
  const text = execFileSync('taskset', ['-c', '0', node, ...words], { encoding: 'utf8' })
  const { cpu_s, rss_mb, ok } = JSON.parse(text) as { cpu_s: number; rss_mb: number; ok: boolean }
  return { hosts, resources, cpu: cpu_s, rss: rss_mb, ok }
}

function least(node: string, hosts: number, resources: number, ...answers: readonly string[]): Measured {
  // The least of the runs: what comes on top of it is the machine's other work.
  const runs = Array.from({ length: rounds }, () => once(node, hosts, resources, answers))
  const [best] = runs.sort((a, b) => a.cpu - b.cpu)
  if (!best?.ok) throw new Error(`${hosts} × ${resources} went wrong`)
  return best
}

const folder = mkdtempSync(join(tmpdir(), 'planning-'))
const answers = join(folder, 'answers')
const measured = sizes.map(({ hosts, resources }) => {
  const file = openSync(answers, 'w')
  const words = [script, String(hosts), String(resources), '--answers']
  execFileSync(process.execPath, words, { stdio: ['ignore', file, 'inherit'] })
  closeSync(file)
  const byNode = nodes.map((node) => ({
    empty: least(node, hosts, resources),
    converged: least(node, hosts, resources, answers),
  }))
  const said = byNode.map(({ empty, converged }) => `${empty.cpu.toFixed(2)} and ${converged.cpu.toFixed(2)} s`)
  console.error(`${hosts} × ${resources}: ${said.join('; ')}`)
  return { hosts, resources, byNode }
})
rmSync(folder, { recursive: true })
const versions = nodes.map((node) => execFileSync(node, ['--version'], { encoding: 'utf8' }).trim().slice(1))
const page = join(import.meta.dirname, '../docs/benchmarks.md')
const table = markdown(
  [
    'hosts',
    'resources each',
    ...versions.flatMap((version) => [`Node ${version}, empty: s`, 'as declared: s', 'peak MB']),
  ],
  [...measured]
    .sort((a, b) => a.hosts - b.hosts || a.resources - b.resources)
    .map(({ hosts, resources, byNode }) => [
      String(hosts),
      String(resources),
      ...byNode.flatMap(({ empty, converged }) => [
        empty.cpu.toFixed(2),
        converged.cpu.toFixed(2),
        Math.max(empty.rss, converged.rss).toFixed(0),
      ]),
    ]),
)
writeFileSync(page, filled(readFileSync(page, 'utf8'), { planning: table }))
const points = measured.flatMap(({ byNode }) => byNode.slice(0, 1).map(({ empty }) => empty))
writeFileSync(join(import.meta.dirname, '../docs/benchmarks-planning.svg'), planningPicture(points))
