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
  const beginning = beginningOf(path)
  return beginning.toString('latin1', 0, 2) === '#!' || beginning.includes(0)
}

/** Why a program could not be started, and what to do: the system names the script, where its interpreter is not there. */
export function notStarted(path: string, error: NodeJS.ErrnoException): [what: string, remedy: string] {
  const code = error.code ?? error.message
  if (code !== 'ENOENT' && code !== 'ENOEXEC') return [`can't be run (${code})`, 'check its permissions']
  const interpreter = /^#! *(\S+\r?)/.exec(beginningOf(path).toString('latin1'))?.[1]
  if (interpreter === undefined) return ["can't be run", 'begin it with a line such as #!/usr/bin/env python3']
  return interpreter.endsWith('\r')
    ? ["can't be run: its lines end as on Windows", `sed -i 's/\\r$//' ${path}`]
    : [`can't be run: there is no ${interpreter}`, 'correct its first line']
}

function beginningOf(path: string): Buffer {
  const beginning = Buffer.alloc(256)
  const file = openSync(path, 'r')
  try {
    return beginning.subarray(0, readSync(file, beginning))
  } finally {
    closeSync(file)
  }
}
