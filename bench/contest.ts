/** Contenders in turn on the hosts of a lab of its own. What runs is found by its cgroup, so that a killed run leaves nothing for the next. */
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inside } from '../test/lab/cgroup.ts'
import type { Lab } from '../test/lab/lab.ts'
import { cacheFolder } from '../test/lab/layout.ts'
import type { Say } from '../test/lab/shell.ts'
import { newestNode } from '../test/newest-node.ts'
import { ensureLayer } from './layer.ts'
import { parseRuns, type Run } from './results.ts'

/** What is measured in one go: every contender in turn, as many rounds as told. */
export interface Contest {
  readonly jobs: readonly string[]
  readonly hosts: number
  /** Simulated round trip in milliseconds. */
  readonly rtt: number
  readonly contenders: readonly string[]
  readonly rounds: number
  /** Seconds to wait at most before each run until the machine has been idle for one. */
  readonly quiet: number
}

/** Where layers, virtualenv, archive, logs and the last results are. */
export const cache = join(cacheFolder, 'bench')

/** The Node of the contenders plinth-newest and plinth-node; the latter has it strip the types itself. Throws Error where there is none. */
export function nodeOfNewest(): string {
  const found = newestNode(true)
  if ('why' in found) throw new Error(`no newest Node: ${found.why}`)
  return found.node
}

const nameOf = (index: number): string => `nacos${index + 1}`
const namesOf = (count: number): string[] => Array.from({ length: count }, (_, index) => nameOf(index))

/** Boots so many hosts with what the contenders need installed; ten at a time, as each takes some seconds of CPU. */
export async function boot(lab: Lab, count: number, say: Say): Promise<void> {
  const layer = await ensureLayer(join(cache, 'layers'), say)
  const names = namesOf(count)
  for (let at = 0; at < count; at += 10) {
    await lab.up({ hosts: names.slice(0, at + 10), owner: process.pid, layer })
  }
  // The kernel's settings are read-only in a container; those of the network are its own, and part of the end state.
  const own = 'mount --bind /proc/sys/net /proc/sys/net && mount -o remount,bind,rw /proc/sys/net'
  for (const name of names) await lab.run(name, `[ -w /proc/sys/net/core/somaxconn ] || { ${own}; }`)
}

/**
 * Measures one contest on hosts that are up.
 * @throws Error when the hosts can't be brought to where a job starts
 */
export async function contest(lab: Lab, what: Contest, signal: AbortSignal): Promise<readonly Run[]> {
  mkdirSync(cache, { recursive: true })
  const inventory = join(lab.layout.folder, 'inventory')
  writeFileSync(
    inventory,
    namesOf(what.hosts)
      .map((name) => `${name} ${lab.addressOf(name)} 22\n`)
      .join(''),
  )
  const options = {
    inventory,
    key: join(lab.layout.folder, 'id_ed25519'),
    job: what.jobs.join(','),
    contenders: what.contenders.join(','),
    runs: what.rounds,
    rtt: what.rtt,
    quiet: what.quiet,
  }
  const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  const command = [join(import.meta.dirname, 'peers', 'run.sh'), ...words]
  const newest = ['plinth-newest', 'plinth-node'].some((name) => what.contenders.includes(name))
  const env = newest ? { BENCH_NODE: nodeOfNewest() } : {}
  return parseRuns(await output(join(lab.layout.cgroup, 'contest'), command, signal, env))
}

/** Runs a command in a cgroup; returns what it printed. Throws Error when it fails. */
export async function output(
  cgroup: string,
  command: readonly string[],
  signal: AbortSignal,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const [program = '', ...rest] = [...inside(cgroup), ...command]
  const child = spawn(program, rest, {
    stdio: ['ignore', 'pipe', 'inherit'],
    signal,
    env: { ...process.env, BENCH_CACHE: cache, ...env },
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const code = await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject))
  if (code !== 0) throw new Error(`${command[0]} ended with ${code}`)
  return text
}
