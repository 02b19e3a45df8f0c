/** Text files of this machine: inventories, variables, secrets. */
import { readFileSync, statSync } from 'node:fs'
import { PlinthError, usageError } from '../core/error.ts'

const largest = 4 * 1024 * 1024

/** The text of a file. Throws usageError when it can't be read, is larger than 4 MiB, or is not UTF-8. */
export function readText(path: string, shown: string): string {
  try {
    const stat = statSync(path)
    if (stat.isDirectory())
      throw usageError({ where: shown, what: 'a folder, not a file', remedy: 'name a file in it' })
    if (stat.size > largest)
      throw usageError({
        where: shown,
        what: `larger than ${largest / 1024 / 1024} MiB`,
        remedy: 'name the right file',
      })
    const text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
    if (text.includes('\0')) throw new TypeError('NUL')
    return text
  } catch (thrown) {
    if (thrown instanceof PlinthError) throw thrown
    if (thrown instanceof TypeError)
      throw usageError({ where: shown, what: 'not UTF-8 text', remedy: 'save the file as UTF-8' })
    throw unreadable(shown, thrown)
  }
}

/** What to say of a file that the system does not let us read. */
export function unreadable(where: string, thrown: unknown): PlinthError {
  const { code } = thrown as NodeJS.ErrnoException
  return usageError(
    code === 'ENOENT'
      ? { where, what: 'there is no such file', remedy: 'correct the path' }
      : { where, what: `cannot be read (${code ?? 'unknown error'})`, remedy: 'check its permissions' },
  )
}
