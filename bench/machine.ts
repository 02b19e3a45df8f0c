/** What the figures were measured on: no names, no paths, only what a reader needs to judge them. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { version } from '../lib/version.ts'
import { nodeOfNewest } from './contest.ts'

export interface Machine {
  readonly cores: number
  readonly cpu: string
  readonly memory_gib: number
  readonly kernel: string
  readonly node: string
  /** Of plinth-newest and plinth-node. */
  readonly newestNode: string
  readonly tsx: string
  readonly openssh: string
  readonly plinth: string
  /** Versions by name. */
  readonly peers: Readonly<Record<string, string>>
}

/** Looks at this machine. */
export function thisMachine(): Machine {
  const root = join(import.meta.dirname, '..')
  const requirements = readFileSync(join(root, 'bench/peers/requirements.txt'), 'utf8')
  const pins = requirements.split('\n').flatMap((line) => (line.includes('==') ? [line.split('==')] : []))
  const wanted = ['ansible-core', 'mitogen', 'pyinfra']
  const { version: tsx } = JSON.parse(readFileSync(join(root, 'node_modules/tsx/package.json'), 'utf8')) as {
    version: string
  }
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memory_gib: Math.round(totalmem() / 2 ** 30),
    kernel: release().replace(/[^\d.].*$/, ''),
    node: process.versions.node,
    newestNode: execFileSync(nodeOfNewest(), ['--version']).toString().trim().replace(/^v/, ''),
    tsx,
    // It prints its version on stderr.
    openssh: execFileSync('sh', ['-c', 'ssh -V 2>&1']).toString().split(/[\s,]/)[0] ?? '',
    plinth: version,
    peers: Object.fromEntries(
      pins.flatMap(([name, pin]) => (wanted.includes(name ?? '') ? [[name, pin?.trim()]] : [])),
    ) as Record<string, string>,
  }
}
