/** The long-lived shell over a local process: dash, bash and busybox ash, the last with busybox's own commands. */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Channel } from '../../lib/core/channel.ts'
import { Shell } from '../../lib/edge/shell.ts'
import { shellChannel } from '../../lib/edge/shell-channel.ts'

export interface Local {
  readonly shell: Shell
  readonly channel: Channel
  readonly child: ChildProcessWithoutNullStreams
}

/** For anything the tests write; gone with `cleanUp`. */
export const folder = mkdtempSync(join(tmpdir(), 'plinth-shell-'))
const children: ChildProcessWithoutNullStreams[] = []

/** A PATH with nothing but busybox on it (and flock, which Debian's busybox lacks). */
export const busyboxPath = join(folder, 'busybox-bin')
mkdirSync(busyboxPath)
for (const name of execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n')) {
  symlinkSync('/bin/busybox', join(busyboxPath, name))
}
symlinkSync('/usr/bin/flock', join(busyboxPath, 'flock'))

const commands = {
  dash: ['dash'],
  bash: ['bash', '--posix'],
  'busybox ash': ['/bin/busybox', 'ash'],
} as const
export type Kind = keyof typeof commands
export const kinds = Object.keys(commands) as Kind[]

/**
 * A shell of a kind. To end it by force is to close its streams: what a lost connection looks like from both sides.
 * @param before what it is fed before anything of ours
 * @param patience seconds until its first word
 */
export function start(kind: Kind, before = '', lockFile = join(folder, 'lock'), patience?: number): Local {
  const [command, ...args] = commands[kind]
  const env = { ...process.env, ...(kind === 'busybox ash' && { PATH: busyboxPath }) }
  const child = spawn(command, args, { env, detached: true })
  children.push(child)
  const kill = (): void => {
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
  }
  if (before) child.stdin.write(before)
  const streams = { stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, kill }
  const shell = new Shell('h1', streams, undefined, patience)
  return { child, shell, channel: shellChannel(shell, lockFile) }
}

export const ended = ({ exitCode, signalCode }: ChildProcessWithoutNullStreams): boolean =>
  exitCode !== null || signalCode !== null

/** Ends what still runs and removes the folder. */
export function cleanUp(): void {
  for (const child of children) if (!ended(child)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}
