/** The hosts, the inventory and the runs of the tests of the transport, and what may be left on a host after one of them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { processesOf } from '../cgroup.ts'
import { quiet as quietOn } from '../connections.ts'
import { type Lab, lab, testLabName, testOwner } from '../lab.ts'
import { hostLayout } from '../layout.ts'
import { $ } from '../shell.ts'

/** A lab of their own: their hosts have commands that stop. */
export const stage: Lab = lab(`${testLabName}-stage`)

const archive = join(stage.layout.folder, 'app-1.0.tar.gz')

/** Boots what is missing of these hosts, puts the places to stop at on them, and makes the archive. */
export async function raise(...hosts: readonly string[]): Promise<void> {
  await stage.up({ hosts, owner: testOwner })
  await Promise.all(hosts.map((host) => stop.install(host)))
  const folder = join(stage.layout.folder, 'app')
  mkdirSync(join(folder, 'app-1.0'), { recursive: true })
  await $`head -c 8000000 /dev/urandom >${join(folder, 'app-1.0', 'data')}`
  await $`tar -czf ${archive} -C ${folder} app-1.0`
  rmSync(folder, { recursive: true })
}

/** Ends what a failed test has left running. The hosts go down with their owner: the next file has use for them. */
export function lower(): void {
  for (const child of children) child.kill('SIGKILL')
}
const children = new Set<ChildProcess>()

/** Where a host's disk shows on the controller: looked at without a process in the host. */
export const onDisk = (host: string, path: string): string => join(hostLayout(stage.layout, host).root, path)

/** Runs a command inside a host, around ssh, and gives back what it printed; throws when it fails. */
export async function inside(host: string, command: string): Promise<string> {
  const ran = await stage.run(host, command)
  if (ran.code !== 0) throw new Error(`${host}: ${command} ended with ${ran.code}: ${ran.stdout}${ran.stderr}`)
  return ran.stdout.trim()
}

/**
 * Places at which a script on a host stops until it is let go: a command of the system with a gate before it. `dd`, which
 * writes files, and `cat`, which takes uploads, have read a part of their input then, and passed it on.
 */
export const stop = {
  async install(host: string): Promise<void> {
    const script = `#!/bin/sh
n=\${0##*/}
# What a run notes for itself is no step.
case "$n $*" in mv*/plinth/receipts/*) exec /usr/bin/$n "$@" ;; esac
if [ -e /srv/stop/$n ]; then
  case $n in cat | dd) head -c 1000 ;; esac
  : >/srv/stop/$n.reached
  while [ -e /srv/stop/$n ]; do sleep 0.02; done
fi
case $n in app-job) ;; *) exec /usr/bin/$n "$@" ;; esac
`
    await inside(host, 'mkdir -p /srv/stop')
    for (const name of ['cat', 'dd', 'mv', 'stat', 'app-job']) {
      writeFileSync(onDisk(host, `usr/local/bin/${name}`), script, { mode: 0o755 })
    }
  },
  at: (host: string, name: string): void => writeFileSync(onDisk(host, `srv/stop/${name}`), ''),
  /** Waits until a script of this run has come there. */
  async reached(host: string, name: string, run: Running): Promise<void> {
    let ran: Ran | undefined
    void run.ended.then((end) => {
      ran = end
    })
    while (!existsSync(onDisk(host, `srv/stop/${name}.reached`))) {
      if (ran) throw new Error(`the run ended with ${ran.code} before ${host} came to ${name}: ${ran.text}`)
      await sleep(20)
    }
  },
  /** All of them, or the one that is named. */
  letGo(host: string, name = ''): void {
    const files = readdirSync(onDisk(host, 'srv/stop')).filter((file) => file.startsWith(name))
    for (const file of files) rmSync(onDisk(host, `srv/stop/${file}`))
  },
}

/** The process, as the controller counts them, of the step in which a command waits on a host. */
export function stepAround(host: string, name: string): number {
  const { cgroup } = hostLayout(stage.layout, host)
  const waiting = readdirSync(cgroup, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('cgroup.procs'))
    .flatMap((path) => processesOf(join(cgroup, path, '..')))
    .find((pid) => told(pid, 'cmdline').includes(`/usr/local/bin/${name}\0`))
  const parent = waiting && /^PPid:\t(\d+)$/m.exec(told(waiting, 'status'))?.[1]
  if (!parent) throw new Error(`${host}: no ${name} waits there`)
  return Number(parent)
}

/** What the kernel tells of a process, which may be gone by now. */
function told(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

export interface InventoryOptions {
  /** What the job runs on the host. */
  readonly job?: string
  /** The private key to log in with, instead of the lab's. */
  readonly key?: string
  /** The machines through which a database is reached, and its address as they see it. */
  readonly databases?: Readonly<Record<string, string>>
  /** With a gate behind the play that opens when `/srv/open` is there. */
  readonly gate?: boolean
  /** Each host once for every one of these ports, as so many machines. */
  readonly ports?: readonly number[]
}

/** An inventory of these hosts; it takes the place of the one before. */
export function inventory(hosts: readonly string[], options: InventoryOptions = {}): string {
  const { folder } = stage.layout
  const { job = 'app-job', key = `${folder}/id_ed25519`, ports } = options
  const path = join(folder, `inventory-${process.pid}.yaml`)
  const digest = createHash('sha256').update(readFileSync(archive)).digest('hex')
  const lines = [
    'all:',
    '  vars:',
    '    ansible_user: root',
    `    ansible_ssh_private_key_file: ${key}`,
    `    ansible_ssh_common_args: -o UserKnownHostsFile=${folder}/known_hosts`,
    '    app:',
    `      archive: ${archive}`,
    `      sha256: ${digest}`,
    `      job: ${JSON.stringify(job)}`,
    ...(options.gate ? ['      gate: true'] : []),
    '  children:',
    '    apps:',
    '      hosts:',
    ...hosts.flatMap((host) => {
      const line = (name: string, more: string) => `        ${name}: { ansible_host: ${stage.addressOf(host)}${more} }`
      return ports?.map((port) => line(`${host}-${port}`, `, ansible_port: ${port}`)) ?? [line(host, '')]
    }),
  ]
  const databases = Object.entries(options.databases ?? {})
  if (databases.length > 0) lines.push('    databases:', '      hosts:')
  for (const [name, host] of databases) {
    const login = `{ host: ${host}, user: plinth_admin, password: !file ${folder}/secrets/mysql_admin_password }`
    lines.push(`        ${name}-db: { ansible_host: ${stage.addressOf(name)}, mysql: ${login} }`)
  }
  writeFileSync(path, `${lines.join('\n')}\n`)
  return path
}

/** A host as before the first run, but for an old configuration; `done` are shell commands that do a part of the work. */
export async function fresh(host: string, done = ''): Promise<void> {
  await inside(
    host,
    `rm -rf /srv/app /srv/count /var/cache/plinth /srv/stop/*; mkdir /srv/app; echo old >/srv/app/app.conf; ${done}`,
  )
}

export interface Ran {
  /** Null when it was killed. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** Both, as a person sees them. */
  readonly text: string
}

export interface Running {
  readonly pid: number | undefined
  readonly ended: Promise<Ran>
  kill(signal: NodeJS.Signals): void
  /** Waits until it has said this. */
  said(words: RegExp): Promise<void>
  /** Presses keys, where it has a terminal. */
  type(keys: string): void
}

export interface StartOptions {
  readonly args?: readonly string[]
  /** A module that is loaded before the playbook. */
  readonly preload?: string
  /** It gets a terminal of its own, which goes away when this process is killed. Its exit code is left in this file. */
  readonly terminal?: string
}

/** Starts the playbook as its user does. */
export function start(inventory: string, { args = [], preload, terminal }: StartOptions = {}): Running {
  const before = preload === undefined ? [] : ['--import', preload]
  const words = ['--import', 'tsx', ...before, 'test/lab/transport/site.ts', '-i', inventory, ...args]
  const [command, ...rest] =
    terminal === undefined
      ? [process.execPath, ...words]
      : // One shell ends with its terminal, as a user's does; the one in it outlives it, to tell how the playbook ended.
        // A plain shell dies at once of a Ctrl-C that its command lives through: both have a handler for it.
        [
          'script',
          '-qefc',
          `trap : INT; ( trap '' HUP; trap : INT; '${[process.execPath, ...words].join("' '")}'; echo $? >${terminal} ); exit`,
          '/dev/null',
        ]
  const child = spawn(command ?? '', rest, {
    cwd: new URL('../../..', import.meta.url).pathname,
    // script starts the user's own shell.
    env: { ...process.env, SHELL: '/bin/sh', TERM: 'xterm' },
    stdio: [terminal === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  children.add(child)
  let stdout = ''
  let stderr = ''
  let heard = (): void => {}
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    heard()
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    heard()
  })
  const ended = new Promise<Ran>((resolve) => {
    child.on('close', (code) => {
      children.delete(child)
      resolve({ code, stdout, stderr, text: `${stdout}${stderr}` })
    })
  })
  return {
    pid: child.pid,
    ended,
    kill: (signal) => void child.kill(signal),
    type: (keys) => void child.stdin?.write(keys),
    async said(words) {
      let over = false
      void ended.then(() => {
        over = true
        heard()
      })
      while (!words.test(stdout + stderr)) {
        if (over) throw new Error(`it ended without a word of ${words}: ${stdout}${stderr}`)
        await new Promise<void>((resolve) => {
          heard = resolve
        })
      }
    },
  }
}

export const run = (inventory: string, ...args: readonly string[]): Promise<Ran> => start(inventory, { args }).ended

/** How often the job ran on a host. */
export const executions = (host: string): number => {
  const path = onDisk(host, 'srv/count')
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0
}

/** Waits until no process of a run is left on a host and its lock is free: the test's own timeout ends it. */
export const quiet = (host: string): Promise<void> => quietOn(stage, host)
