/**
 * What it costs to send large files, Plinth's own way and with scp, turn and turn about against one sshd on this machine:
 *
 *     npx tsx bench/upload.ts              # 200 MB, over 50 ms and over none; ten times 100 MB at once
 *     npx tsx bench/upload.ts --rounds 5
 *
 * Time, and the controller's CPU time, are those of a whole process: node, tsx and the login included. The host's CPU
 * time is that of its sshd and all it has started. Needs root, openssh-server and python3.
 */
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { archiveFolder, release } from '../lib/resources/release.ts'
import { freePort, openTo, type Sshd, startSshd } from '../test/edge/sshd.ts'
import { median } from './results.ts'

/** What a process of this bench is told: where to send which file, how many times at once. */
interface Job {
  readonly sshd: Pick<Sshd, 'port' | 'user' | 'folder' | 'key' | 'knownHosts'>
  readonly file: { readonly path: string; readonly bytes: number; readonly sha256: string }
  readonly copies: number
  /** A folder on the host. */
  readonly to: string
}

interface Cost {
  /** Seconds. */
  readonly wall: number
  readonly controller: number
  readonly host: number
  /** MiB, at its highest; of one process. */
  readonly memory: number
}

const ticks = 100

/** Seconds of CPU that the ended children of a process have used. */
function childrenOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[13]) + Number(fields[14])) / ticks
}

/** Runs a command to its end under bash's `time`, which counts its children too. */
function timed(command: readonly string[]): Promise<{ wall: number; cpu: number; output: string }> {
  return new Promise((resolve, reject) => {
    const script = 'TIMEFORMAT="time %R %U %S"; time "$@"'
    const child = spawn('bash', ['-c', script, 'bash', ...command], { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
    child.on('close', (code) => {
      const found = /time (\S+) (\S+) (\S+)\s*$/.exec(output)
      if (code !== 0 || !found) return reject(new Error(`${command[0]} ended with ${code}: ${output}`))
      resolve({ wall: Number(found[1]), cpu: Number(found[2]) + Number(found[3]), output })
    })
  })
}

/** One upload by each of so many connections, as a run of Plinth does it. */
async function send({ sshd, file, copies, to }: Job): Promise<void> {
  const one = async (index: number): Promise<void> => {
    const folder = join(to, String(index))
    const here = (text: string): string => text.replaceAll(archiveFolder, folder)
    const archive = { name: 'file', ...file }
    const [step] = release('/nowhere', { archive, owner: 'root', group: 'root' }).plan(() => '', new Set()).steps
    if (!step?.upload) throw new Error('a release that is not there has no upload')
    const upload = { ...step.upload, have: here(step.upload.have ?? '') }
    const channel = await openTo(sshd as Sshd)
    for await (const { code, stderr } of channel.act([{ ...step, run: here(step.run), upload }]))
      if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`)
    await channel.close()
  }
  await Promise.all(Array.from({ length: copies }, (_, index) => one(index)))
  console.log(`memory ${process.resourceUsage().maxRSS / 1024}`)
}

const contenders: Readonly<Record<string, (job: Job) => readonly string[]>> = {
  plinth: (job) => [process.execPath, '--import', 'tsx', import.meta.filename, '--job', JSON.stringify(job)],
  scp: ({ sshd, file, copies, to }) => {
    const options = ['-q', '-P', String(sshd.port), '-i', sshd.key, '-o', `UserKnownHostsFile=${sshd.knownHosts}`]
    const own = ['-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes', '-F', 'none']
    const script = `n=$1 to=$2 pids=; shift 2
while [ $n -gt 0 ]; do n=$((n - 1)); mkdir -p "$to/$n"; "$@:$to/$n/file" & pids="$pids $!"; done
for pid in $pids; do wait $pid || exit 1; done`
    return [
      'sh',
      '-c',
      script,
      'sh',
      String(copies),
      to,
      'scp',
      ...options,
      ...own,
      file.path,
      `${sshd.user}@127.0.0.1`,
    ]
  },
}

async function cost(name: string, job: Job, host: number): Promise<Cost> {
  rmSync(job.to, { recursive: true, force: true })
  mkdirSync(job.to, { recursive: true })
  const before = childrenOf(host)
  const { wall, cpu, output } = await timed((contenders[name] as (job: Job) => readonly string[])(job))
  // sshd waits for its children; until then their time does not count.
  await new Promise((resolve) => setTimeout(resolve, 500))
  const memory = Number(/memory (\S+)/.exec(output)?.[1] ?? 0)
  return { wall, controller: cpu, host: childrenOf(host) - before, memory }
}

async function makeFile(folder: string, megabytes: number): Promise<Job['file']> {
  const path = join(folder, `${megabytes}MB`)
  if (!existsSync(path)) for (let at = 0; at < megabytes; at++) writeFileSync(path, randomBytes(1e6), { flag: 'a' })
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return { path, bytes: megabytes * 1e6, sha256: hash.digest('hex') }
}

/** A way to the sshd that is half a round trip long in each direction. */
async function far(sshd: Sshd, rtt: number): Promise<{ readonly way: Sshd; stop(): void }> {
  if (rtt === 0) return { way: sshd, stop: () => {} }
  const port = await freePort()
  const proxy = join(import.meta.dirname, 'peers', 'delay_proxy.py')
  const child = spawn('python3', [proxy, String(rtt), String(port), `127.0.0.1:${sshd.port}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  const knownHosts = join(sshd.folder, `known_hosts_${port}`)
  writeFileSync(knownHosts, sshd.publicKeys.map((key) => `[127.0.0.1]:${port} ${key}\n`).join(''))
  return { way: { ...sshd, port, knownHosts }, stop: () => child.kill() }
}

async function compare(rounds: number): Promise<void> {
  const space = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : '/tmp', 'plinth-upload-'))
  const sshd = await startSshd({ config: ['MaxStartups 100', 'Subsystem sftp internal-sftp'] })
  const host = sshd.process.pid
  if (host === undefined) throw new Error('sshd has no process id')
  const parts: readonly [title: string, megabytes: number, copies: number, rtt: number][] = [
    ['200 MB over 50 ms', 200, 1, 50],
    ['200 MB over 0 ms', 200, 1, 0],
    ['10 x 100 MB at once over 0 ms', 100, 10, 0],
    ['25 x 50 MB at once over 0 ms', 50, 25, 0],
  ]
  try {
    for (const [title, megabytes, copies, rtt] of parts) {
      const file = await makeFile(space, megabytes)
      const { way, stop } = await far(sshd, rtt)
      const { port, user, folder, key, knownHosts } = way
      const job: Job = { sshd: { port, user, folder, key, knownHosts }, file, copies, to: join(space, 'to') }
      const costs = new Map(Object.keys(contenders).map((name): [string, Cost[]] => [name, []]))
      for (let round = 0; round < rounds; round++)
        for (const [name, found] of costs) found.push(await cost(name, job, host))
      stop()
      console.log(title)
      const middle = (name: string, key: keyof Cost): number => median((costs.get(name) ?? []).map((one) => one[key]))
      for (const name of costs.keys()) {
        const figure = (key: keyof Cost): string => middle(name, key).toFixed(2).padStart(7)
        const memory = name === 'plinth' ? `, memory ${middle(name, 'memory').toFixed(0)} MiB` : ''
        console.log(
          `  ${name.padEnd(8)}${figure('wall')} s, CPU controller ${figure('controller')} s, host ${figure('host')} s${memory}`,
        )
      }
      const ratio = (key: keyof Cost): string => (middle('plinth', key) / middle('scp', key)).toFixed(2)
      console.log(`  ratio   ${ratio('wall')}, CPU controller ${ratio('controller')}, host ${ratio('host')}`)
      rmSync(file.path)
    }
  } finally {
    await sshd.stop()
    rmSync(space, { recursive: true, force: true })
  }
}

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' }, job: { type: 'string' } } })
if (values.job !== undefined) await send(JSON.parse(values.job) as Job)
else await compare(Number(values.rounds))
