/** The product as its user runs it, against the lab of the tests. */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Lab, lab, testLabName, testOwner } from './lab.ts'
import { labArchive } from './nacos/archive.ts'

/** The lab that the files of tests share. */
export const testLab: Lab = lab(testLabName)

const say = (line: string): void => console.log(`  ${line}`)

/**
 * Boots these hosts of the test lab, bare, and builds the archives that are needed. Other hosts are switched off: what an
 * earlier file of tests left, a member of its cluster above all, would find its way into this one's.
 */
export async function prepareLab(
  hosts: readonly string[],
  versions: readonly ('2.0.3' | '2.1.1' | '2.2.4')[],
): Promise<void> {
  for (const version of versions) await labArchive(version, say)
  await testLab.up({ hosts, owner: testOwner, bare: true, say })
  const others = (await testLab.status()).filter(({ host, state }) => !hosts.includes(host) && state !== 'off')
  await Promise.all(others.map(({ host }) => testLab.kill(host)))
}

/** An inventory of the repository with the addresses, keys and secrets of the test lab; `change` edits its text. */
export function inventory(name: string, change: (text: string) => string = (text) => text): string {
  const folder = join(testLab.layout.folder, 'inventories')
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `${name}-${process.pid}-${++inventories}.yaml`)
  const text = readFileSync(new URL(`../../inventory/${name}.yaml`, import.meta.url), 'utf8')
  const subnet = testLab.addressOf('db1').replace(/\.\d+$/, '.')
  writeFileSync(path, change(text.replaceAll('10.77.0.', subnet).replaceAll('labs/demo/', `labs/${testLabName}/`)))
  return path
}
let inventories = 0

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface PlaybookOptions {
  readonly env?: Record<string, string>
  /** Interrupt it once its output says this. */
  readonly interruptAt?: RegExp
  /** With this; SIGINT unless told. */
  readonly signal?: 'SIGKILL'
  /** So many ms after it has said so. */
  readonly later?: number
}

/** Runs a playbook to its end. */
export function playbook(name: string, args: readonly string[], options: PlaybookOptions = {}): Promise<Ran> {
  const root = new URL('../..', import.meta.url).pathname
  return new Promise((resolve) => {
    const child = spawn('node', ['--import', 'tsx', `playbooks/${name}.ts`, ...args], {
      cwd: root,
      env: { ...process.env, ...options.env },
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    let interrupted = false
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
      if (interrupted || !options.interruptAt?.test(stderr)) return
      interrupted = true
      setTimeout(() => child.kill(options.signal ?? 'SIGINT'), options.later ?? 0).unref()
    })
    child.on('close', (code) => resolve({ code: code ?? 1, stdout, stderr }))
  })
}

interface Report {
  readonly exitCode: number
  readonly hosts: readonly { host: string; kept: number; changed: number; state: string }[]
  readonly plans: readonly {
    play: string
    host: string
    resources: readonly {
      id: string
      action: string
      steps: readonly string[]
      changes: readonly { key: string; from: string | null; to: string | null }[]
    }[]
  }[]
  readonly failures: readonly {
    host: string
    kind: string
    problems: readonly { where: string; what: string; remedy: string }[]
  }[]
}

/** A run of the site playbook with its document. Throws when there is none: then stderr says why. */
export async function site(path: string, ...args: readonly string[]): Promise<Ran & { report: Report }> {
  const ran = await playbook('site', ['-i', path, '--json', ...args])
  try {
    return { ...ran, report: JSON.parse(ran.stdout) as Report }
  } catch {
    throw new Error(`no document on stdout (exit code ${ran.code}):\n${ran.stdout}${ran.stderr}`)
  }
}

/** `host id` of everything a run would change or changed, sorted. */
export const differing = ({ plans }: Report): string[] =>
  plans
    .flatMap(({ host, resources }) =>
      resources.filter(({ action }) => action !== 'keep').map(({ id }) => `${host} ${id}`),
    )
    .sort()

/** What the failures of a run say, one line each. */
export const complaints = ({ failures }: Report): string =>
  failures
    .flatMap(({ problems }) => problems.map(({ where, what, remedy }) => `${where}: ${what}; ${remedy}`))
    .join('\n')

/** Runs a command inside a host and gives back what it printed; throws when it fails. */
export async function inside(host: string, command: string): Promise<string> {
  const ran = await testLab.run(host, command)
  if (ran.code !== 0) throw new Error(`${host}: ${command} ended with ${ran.code}: ${ran.stdout}${ran.stderr}`)
  return ran.stdout
}

/** SQL as root of the database, in the database nacos. */
export const sql = (text: string): Promise<string> =>
  inside('db1', `mysql -N nacos -e "${text.replaceAll(/["\\`$]/g, '\\$&')}"`)

/** The process that a unit runs on a host; it changes with every start. */
export const mainPid = (host: string, unit = 'nacos'): Promise<string> =>
  inside(host, `systemctl show -p MainPID --value ${unit}`).then((text) => text.trim())

/**
 * Everything a run could leave on a host: every file with size, times, mode and owner, and every process. Left out is
 * what changes by itself: logs, the runtime folders, what Nacos and MySQL write while they run.
 */
export const snapshot = (host: string): Promise<string> =>
  inside(
    host,
    `find / -xdev \\( -path /proc -o -path /sys -o -path /run -o -path /dev -o -path /tmp -o -path /var/log -o -path /var/lib/mysql \
-o -path /var/lib/systemd -o -path '/opt/*nacos/data' -o -path '/opt/*nacos/logs' -o -path '/opt/*nacos/work' -o -path '/opt/*nacos/tmp' -o -path '/opt/*nacos/status' -o -path '/opt/*nacos/file:' \\) -prune \
-o -printf '%p %y %s %T@ %C@ %m %u %g\\n' | sort; ps -eo pid,lstart,args --no-headers | grep -E 'java|mysqld|systemd' | grep -v -E 'grep|systemd --user|sd-pam|systemd-hostnamed|systemd-timedated'`,
  )

/** The lines in which two snapshots differ; empty when nothing changed. */
export function changesBetween(before: string, after: string): string[] {
  const [old, now] = [new Set(before.split('\n')), new Set(after.split('\n'))]
  return [
    ...[...old].filter((line) => !now.has(line)).map((line) => `- ${line}`),
    ...[...now].filter((line) => !old.has(line)).map((line) => `+ ${line}`),
  ]
}
