/**
 * Plans one site in a process of its own and prints what it took: `planning-once.ts HOSTS RESOURCES [ANSWERS]`. Nothing is
 * there on the hosts, or they answer from the file ANSWERS, a line of JSON for each. `planning-once.ts HOSTS RESOURCES
 * --answers` prints such a file: made in the same process, it would have warmed up what is measured.
 */
import { readFileSync } from 'node:fs'
import { converge } from '../lib/engine/converge.ts'
import { type Canned, cannedWorld, convergedAnswers, siteOf } from './planning-site.ts'

const [hosts, resources] = process.argv.slice(2, 4).map(Number) as [number, number]
const answers = process.argv[4]
const site = siteOf(hosts, resources)
if (answers === '--answers') {
  const names = site.flatMap((play) => play.hosts.map(({ name }) => name))
  process.stdout.write(names.map((name) => JSON.stringify([name, convergedAnswers(name, resources)])).join('\n'))
} else {
  await plan()
}

async function plan(): Promise<void> {
  const lines = answers === undefined ? [] : readFileSync(answers, 'utf8').split('\n')
  const world = cannedWorld(new Map(lines.map((line) => JSON.parse(line) as [string, Canned])))
  const cpu = process.cpuUsage()
  const start = performance.now()
  const { plans, failures } = await converge(site, world, {
    check: true,
    forks: 50,
    identity: { id: 'bench', user: 'bench', from: 'bench', pid: process.pid, playbook: 'bench', site: 'bench' },
    force: false,
    prune: false,
    leftover: () => undefined,
    signal: new AbortController().signal,
    report: () => {},
  })
  const wall_s = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const expected = answers === undefined ? 'create' : 'keep'
  const planned = plans.reduce((sum, host) => sum + host.plans.filter(({ action }) => action === expected).length, 0)
  const ok = failures.length === 0 && planned === hosts * resources
  const rss_mb = process.resourceUsage().maxRSS / 1024
  console.log(JSON.stringify({ wall_s, cpu_s: (user + system) / 1e6, rss_mb, ok, planned }))
}
