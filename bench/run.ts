/**
 * The benchmark: Plinth, its peers and the floor on real hosts, and Plinth alone against a thousand endpoints. See README.md.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { lab } from '../test/lab/lab.ts'
import { boot, type Contest, cache, contest } from './contest.ts'
import { type Machine, thisMachine } from './machine.ts'
import { filled, goals, partsOf } from './page.ts'
import { ratioPicture, scalePicture } from './picture.ts'
import { figures, parseRuns, type Run, replaced } from './results.ts'
import { scale } from './scale.ts'
import { table } from './table.ts'

const usage = `Usage: npm run bench -- [OPTION ...]

  (none)              everything: about an hour; renews results, table and pictures
  --goals             the floor and Plinth, what docs/benchmarks.md sets goals for: about 20 minutes; renews these
                      rows, table and pictures, and keeps all others
  --quick             the floor and Plinth, converged, on 3 and 10 hosts; keeps nothing
  --only J1,J4,scale  these jobs; keeps nothing
  --page              measures nothing, makes table and pictures from the results that are there

  with --only:
  --hosts 3,10        on so many hosts (1 to 30)
  --contenders A,B    floor floor-flush floor-lean true plinth plinth-import plinth-newest plinth-node plinth-npx pyinfra
                      mitogen ansible; NAME+warm: connections open beforehand
  --rounds N          so often in turn (3)
  --rtt MS            with a round trip of so many milliseconds
  --keep              puts what was measured in the place of the same in the results, and renews table and pictures

  --lab NAME          on a lab of this name (bench): two benchmarks can't share one
  --quiet S           waits up to S seconds before each run until this machine is idle (10)
`
const all = ['floor', 'plinth', 'pyinfra', 'mitogen', 'ansible']
const pair = ['floor', 'plinth']
/** The ways to start Plinth, beside the floor. */
const starts = ['floor', 'plinth', 'plinth-import', 'plinth-newest', 'plinth-node']
const bounds = ['true', 'floor+warm']
const jobs = ['J1', 'J2', 'J3', 'J4', 'J5']
const counts = [1, 10, 100, 300, 1000]

type Part = Omit<Contest, 'quiet'>

/** What a whole run measures. The pair gets more rounds: the peers are far away, and take long. */
const everything: readonly Part[] = [
  { jobs, hosts: 3, rtt: 0, contenders: all, rounds: 3 },
  { jobs: ['J1'], hosts: 3, rtt: 0, contenders: [...starts, ...bounds, 'plinth-npx'], rounds: 5 },
  { jobs: ['J1'], hosts: 3, rtt: 20, contenders: all, rounds: 3 },
  { jobs: ['J1'], hosts: 3, rtt: 20, contenders: [...starts, ...bounds], rounds: 4 },
  { jobs, hosts: 10, rtt: 0, contenders: all, rounds: 3 },
  { jobs, hosts: 10, rtt: 0, contenders: starts, rounds: 2 },
  { jobs: ['J1'], hosts: 10, rtt: 0, contenders: [...starts, ...bounds], rounds: 4 },
  { jobs: ['J1'], hosts: 10, rtt: 20, contenders: [...starts, ...bounds], rounds: 5 },
  { jobs: ['J1'], hosts: 30, rtt: 0, contenders: all, rounds: 3 },
  { jobs: ['J1', 'J2'], hosts: 30, rtt: 0, contenders: starts, rounds: 3 },
]

/** What the goals of the page need, from few hosts to many. */
const forGoals: readonly Part[] = [...goals]
  .sort((a, b) => a.n - b.n)
  .map(({ job, n, rtt }) => ({
    jobs: [job],
    hosts: n,
    rtt,
    contenders: job === 'J1' && n === 3 && rtt === 0 ? [...starts, 'plinth-npx'] : starts,
    rounds: job === 'J1' && n < 30 ? 7 : 5,
  }))

const { values } = parseArgs({
  options: {
    goals: { type: 'boolean' },
    quick: { type: 'boolean' },
    only: { type: 'string' },
    page: { type: 'boolean' },
    hosts: { type: 'string', default: '3,10' },
    contenders: { type: 'string', default: pair.join(',') },
    rounds: { type: 'string', default: '3' },
    rtt: { type: 'string', default: '0' },
    keep: { type: 'boolean' },
    lab: { type: 'string', default: 'bench' },
    quiet: { type: 'string', default: '10' },
    help: { type: 'boolean', short: 'h' },
  },
})
const root = join(import.meta.dirname, '..')
const files = {
  results: join(root, 'bench/results.jsonl'),
  machine: join(root, 'bench/machine.json'),
  page: join(root, 'docs/benchmarks.md'),
  ratios: join(root, 'docs/benchmarks.svg'),
  scale: join(root, 'docs/benchmarks-scale.svg'),
}
const say = (line: string): void => console.error(line)

function partsWanted(): readonly Part[] {
  if (values.goals) return forGoals
  const wanted = (values.only?.split(',') ?? ['J1']).filter((job) => job !== 'scale')
  if (!values.only && !values.quick) return everything
  if (wanted.length === 0) return []
  return values.hosts.split(',').map((hosts) => ({
    jobs: wanted,
    hosts: Number(hosts),
    rtt: Number(values.rtt),
    contenders: values.contenders.split(','),
    rounds: Number(values.rounds),
  }))
}

async function measure(): Promise<void> {
  const keep = values.keep || !(values.only || values.quick)
  const before = keep && existsSync(files.results) ? parseRuns(readFileSync(files.results, 'utf8')) : []
  const measured: Run[] = []
  const take = (runs: readonly Run[]): void => {
    measured.push(...runs)
    const text = (keep ? replaced(before, measured) : measured).map((run) => `${JSON.stringify(run)}\n`).join('')
    writeFileSync(keep ? files.results : join(cache, 'last.jsonl'), text)
    console.log(table(figures(measured)))
  }
  const hosts = lab(values.lab)
  const interrupt = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupt.abort())
  mkdirSync(cache, { recursive: true })
  try {
    for (const part of partsWanted()) {
      await boot(hosts, part.hosts, say)
      const { jobs, hosts: n, rtt, contenders } = part
      say(`${jobs.join(', ')} on ${n} hosts${rtt > 0 ? `, ${rtt} ms away` : ''}: ${contenders.join(', ')}`)
      take(await contest(hosts, { ...part, quiet: Number(values.quiet) }, interrupt.signal))
    }
    await hosts.down()
    const wantsScale = values.only ? values.only.split(',').includes('scale') : !(values.quick || values.goals)
    if (wantsScale) take(await scale(hosts, counts, values.only ? Number(values.rounds) : 2, say, interrupt.signal))
  } finally {
    await hosts.down()
  }
  if (!keep) return
  writeFileSync(files.machine, `${JSON.stringify(thisMachine(), null, 2)}\n`)
  renewPage()
}

function renewPage(): void {
  const found = figures(parseRuns(readFileSync(files.results, 'utf8')))
  const machine = JSON.parse(readFileSync(files.machine, 'utf8')) as Machine
  writeFileSync(files.page, filled(readFileSync(files.page, 'utf8'), partsOf(found, machine)))
  writeFileSync(files.ratios, ratioPicture(found))
  writeFileSync(files.scale, scalePicture(found))
}

if (values.help) console.log(usage)
else if (values.page) renewPage()
else await measure()
