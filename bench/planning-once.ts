/** Plans one site in a process of its own and prints what it took: `planning-once.ts HOSTS RESOURCES`. */
import { converge } from '../lib/engine/converge.ts'
import { emptyWorld, siteOf } from './planning-site.ts'

const [hosts, resources] = process.argv.slice(2).map(Number) as [number, number]
const site = siteOf(hosts, resources)
const cpu = process.cpuUsage()
const start = performance.now()
const { plans, failures } = await converge(site, emptyWorld(), {
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
const planned = plans.reduce((sum, host) => sum + host.plans.filter(({ action }) => action === 'create').length, 0)
const ok = failures.length === 0 && planned === hosts * resources
console.log(
  JSON.stringify({ wall_s, cpu_s: (user + system) / 1e6, rss_mb: process.resourceUsage().maxRSS / 1024, ok, planned }),
)
