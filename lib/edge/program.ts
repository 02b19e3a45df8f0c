/** Files that are run. */
import { closeSync, openSync, readSync, statSync } from 'node:fs'

/** Whether a file may be executed by anybody, as Ansible tells programs from data. What can't be come by may not. */
export function executable(path: string): boolean {
  try {
    const stat = statSync(path)
    return stat.isFile() && (stat.mode & 0o111) !== 0
  } catch {
    return false
  }
}

/**
 * Whether the system itself can run a file: a script with a first line `#!`, or no text. Any other text would be handed to
 * a shell, which quotes what it does not understand: of a file with a password, the password. What we may not read, the
 * shell may not either.
 */
export function startable(path: string): boolean {
  const beginning = beginningOf(path)
  if (beginning === null) return true
  return beginning.toString('latin1', 0, 2) === '#!' || beginning.includes(0)
}

/** Why a program could not be started, and what to do: the system names the script, where its interpreter is not there. */
export function notStarted(path: string, error: NodeJS.ErrnoException): [what: string, remedy: string] {
  const code = error.code ?? error.message
  if (code !== 'ENOENT' && code !== 'ENOEXEC') return [`can't be run (${code})`, 'check its permissions']
  const interpreter = /^#! *(\S+\r?)/.exec(beginningOf(path)?.toString('latin1') ?? '')?.[1]
  if (interpreter === undefined) return ["can't be run", 'begin it with a line such as #!/usr/bin/env python3']
  return interpreter.endsWith('\r')
    ? ["can't be run: its lines end as on Windows", `sed -i 's/\\r$//' ${path}`]
    : [`can't be run: there is no ${interpreter}`, 'correct its first line']
}

/** Its first bytes; null where it may not be read. */
function beginningOf(path: string): Buffer | null {
  const beginning = Buffer.alloc(256)
  try {
    const file = openSync(path, 'r')
    try {
      return beginning.subarray(0, readSync(file, beginning))
    } finally {
      closeSync(file)
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return null
  }
}
