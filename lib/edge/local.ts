/** A machine that a command gives a shell of: a container, a folder as root, another host through the ssh of the system. */
import { spawn } from 'node:child_process'
import type { Channel } from '../core/channel.ts'
import { Shell } from './shell.ts'
import { shellChannel } from './shell-channel.ts'

/**
 * A channel over the standard streams of a command that runs a POSIX sh: `['chroot', FOLDER, 'sh']`,
 * `['docker', 'exec', '-i', NAME, 'sh']`. A command that can't be started, or ends, is a machine that can't be reached.
 */
export function commandChannel([command, ...words]: readonly [string, ...string[]]): Channel {
  const child = spawn(command, words, { stdio: 'pipe' })
  const { stdin, stdout, stderr } = child
  const kill = (): void => {
    for (const stream of [stdin, stdout, stderr]) stream.destroy()
    child.kill('SIGKILL')
  }
  child.on('error', kill)
  return shellChannel(new Shell([command, ...words].join(' '), { stdin, stdout, stderr, kill }))
}
