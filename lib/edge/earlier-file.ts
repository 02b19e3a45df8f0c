/** What a run writes to a named file takes the place of an earlier one of its kind, and of nothing else. */
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { usageError } from '../core/error.ts'

/** Enough of a file to see what it is. */
const beginning = 256

/** What of a kind is told by, and called in messages. */
interface Kind {
  readonly name: string
  begins(text: string): boolean
}

/**
 * Throws a usage error for a file that is there, has something in it and is none of a kind: a slip in a name would cost the
 * inventory. Throws what the file system says, but for a file that is not there. Of a pipe nothing is read.
 * @param where how the message names the path
 */
export function mayReplace(where: string, path: string, { name, begins }: Kind): void {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return
  const start = Buffer.alloc(beginning)
  const file = openSync(path, 'r')
  let length = 0
  try {
    length = readSync(file, start)
  } finally {
    closeSync(file)
  }
  if (length === 0 || begins(start.toString('utf8', 0, length))) return
  throw usageError({ where, what: `it is there already, and is no ${name}`, remedy: 'name another file' })
}
