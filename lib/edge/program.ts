/** Files that are run. */
import { closeSync, openSync, readSync, statSync } from 'node:fs'

/** Whether a file may be executed by anybody, as Ansible tells programs from data. */
export function executable(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat?.isFile() === true && (stat.mode & 0o111) !== 0
}

/**
 * Whether the system itself can run a file: a script with a first line `#!`, or no text. Any other text would be handed to
 * a shell, which quotes what it does not understand: of a file with a password, the password.
 */
export function startable(path: string): boolean {
  const beginning = Buffer.alloc(256)
  const file = openSync(path, 'r')
  try {
    const read = beginning.subarray(0, readSync(file, beginning))
    return read.toString('latin1', 0, 2) === '#!' || read.includes(0)
  } finally {
    closeSync(file)
  }
}
