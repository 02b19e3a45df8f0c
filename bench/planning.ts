/** Planning by hosts and by resources, each size in a process of its own: `node --import tsx bench/planning.ts` renews its part of docs/benchmarks.md. */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
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

const once = (hosts: number, resources: number, ...answers: readonly string[]): Point & { readonly ok: boolean } => {
  const words = [script, String(hosts), String(resources), ...answers]
  const text = execFileSync('taskset', ['-c', '0', process.execPath, ...words], { encoding: 'utf8' })
  const { cpu_s, rss_mb, ok } = JSON.parse(text) as { cpu_s: number; rss_mb: number; ok: boolean }
  return { hosts, resources, cpu: cpu_s, rss: rss_mb, ok }
}

function least(hosts: number, resources: number, ...answers: readonly string[]): Point {
  // The least of the runs: what comes on top of it is the machine's other work.
  const [best] = Array.from({ length: rounds }, () => once(hosts, resources, ...answers)).sort((a, b) => a.cpu - b.cpu)
  if (!best?.ok) throw new Error(`${hosts} × ${resources} went wrong`)
  const what = answers.length > 0 ? 'as declared' : 'empty'
  console.error(`${hosts} × ${resources} ${what}: ${best.cpu.toFixed(2)} s, ${best.rss.toFixed(0)} MB`)
  return best
}

const folder = mkdtempSync(join(tmpdir(), 'planning-'))
const answers = join(folder, 'answers')
const measured = sizes.map(({ hosts, resources }) => {
  const file = openSync(answers, 'w')
  const words = [script, String(hosts), String(resources), '--answers']
  execFileSync(process.execPath, words, { stdio: ['ignore', file, 'inherit'] })
  closeSync(file)
  return { empty: least(hosts, resources), converged: least(hosts, resources, answers) }
})
rmSync(folder, { recursive: true })
const points = measured.map(({ empty }) => empty)
const rows = [...measured].sort((a, b) => a.empty.hosts - b.empty.hosts || a.empty.resources - b.empty.resources)
const page = join(import.meta.dirname, '../docs/benchmarks.md')
const table = markdown(
  [
    'hosts',
    'resources each',
    'empty: CPU s',
    'µs per resource',
    'peak MB',
    'as declared: CPU s',
    'µs per resource',
    'peak MB',
  ],
  rows.map(({ empty, converged }) => [
    String(empty.hosts),
    String(empty.resources),
    ...[empty, converged].flatMap(({ hosts, resources, cpu, rss }) => [
      cpu.toFixed(2),
      ((cpu / hosts / resources) * 1e6).toFixed(0),
      rss.toFixed(0),
    ]),
  ]),
)
writeFileSync(page, filled(readFileSync(page, 'utf8'), { planning: table }))
writeFileSync(join(import.meta.dirname, '../docs/benchmarks-planning.svg'), planningPicture(points))
