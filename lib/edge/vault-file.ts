/** Files of vaults, in and out: from a file or standard input, each written as a whole, and said which are done. */
import { randomUUID } from 'node:crypto'
import { realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { exitCode, PlinthError, type Problem, usageError } from '../core/error.ts'
import { readBytes } from './text-file.ts'
import { replaceFile, writeBeside } from './whole-file.ts'

/** The name that stands for standard input, and for standard output. */
export const stream = '-'

/** Bytes of a file that is held in memory, as text, four times over. */
const largest = 64 * 1024 * 1024

/** The content of a file, or all of standard input. Throws usageError where it can't be read or is larger than 64 MiB. */
export const readContent = async (file: string): Promise<Buffer> =>
  file === stream ? standardInput() : readBytes(file, file, largest)

const tooLarge = (where: string): PlinthError =>
  usageError({ where, what: `larger than ${largest / 1024 / 1024} MiB`, remedy: 'a vault is for secrets' })

async function standardInput(): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of process.stdin) {
    chunks.push(Buffer.from(chunk as Buffer))
    size += (chunk as Buffer).length
    if (size > largest) throw tooLarge('standard input')
  }
  return Buffer.concat(chunks)
}

/** What the file system says. Anything else is a bug, and thrown on. */
function codeOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  if (code === undefined) throw error
  return code
}

export interface Written {
  readonly file: string
  readonly content: string | Uint8Array
  /** What of the old file's mode is kept. Default: all. */
  readonly mode?: number
}

/**
 * Writes one after the other; each is there as it was or as a whole. Throws a PlinthError that says which are done: exit
 * code 4 where none is, else 1.
 * @param undone what to say of those that are not, as in `keeps its old password`
 */
export async function writeAll(files: readonly Written[], undone: string): Promise<void> {
  for (const [index, { file, content, mode }] of files.entries()) {
    try {
      if (file === stream) await printed(content)
      else replaceFile(file, content, mode)
    } catch (error) {
      const code = codeOf(error)
      const remedy = 'see to the disk and the rights there, then run it again: what is done is left alone'
      const list = (some: readonly Written[]): string => some.map((one) => one.file).join(', ') || 'none'
      const rest: Problem[] =
        files.length > 1
          ? [
              {
                where: `of ${files.length} files`,
                what: `done: ${list(files.slice(0, index))}, not done: ${list(files.slice(index))}`,
                remedy,
              },
            ]
          : []
      const problem = { where: file, what: `it can't be written (${code}), and ${undone}`, remedy }
      throw new PlinthError([problem, ...rest], index === 0 ? exitCode.usage : exitCode.failed)
    }
  }
}

/**
 * Tries whether a file can be replaced, before something is made that could not be kept then.
 * @param undone what to say where it can't
 */
export function tryWriting(file: string, undone: string): void {
  try {
    writeBeside(realpathSync.native(file), '', () => {})
  } catch (error) {
    const what = `it can't be written (${codeOf(error)}), and ${undone}`
    throw usageError({ where: file, what, remedy: 'see to the disk and the rights there' })
  }
}

/**
 * Writes what was edited, encrypted already. Where the file is no longer `before`, or can't be written, the edit is kept in
 * a hidden file beside it, which is no inventory and no file of variables, else in the folder for temporary files.
 * @throws PlinthError (exit code 4) that names that file
 */
export function saveEdit(file: string, before: Buffer, content: string): void {
  const wrong = notSaved(file, before, content)
  if (wrong === null) return
  const aside = keptAside(file, content)
  const what = `${wrong}, your edit is ${aside === null ? 'lost: nothing can be written' : `in ${aside}, encrypted`}`
  throw usageError({ where: file, what, remedy: 'bring the two together' })
}

/** Why it could not be saved, or null. */
function notSaved(file: string, before: Buffer, content: string): string | null {
  try {
    if (!readBytes(file, file, largest).equals(before)) return 'somebody else changed it meanwhile'
    replaceFile(file, content)
    return null
  } catch (error) {
    if (error instanceof PlinthError) return error.problems.map(({ what }) => what).join()
    return `it can't be written (${codeOf(error)})`
  }
}

/** The new file in which an edit is; null where there can be none. */
function keptAside(file: string, content: string): string | null {
  for (const folder of [dirname(file), tmpdir()]) {
    const aside = join(folder, `.${basename(file)}.edited.${randomUUID().slice(0, 8)}`)
    try {
      writeFileSync(aside, content, { flag: 'wx', mode: 0o600 })
      return aside
    } catch {
      rmSync(aside, { force: true })
    }
  }
  return null
}

/** To standard output, to the last byte, however slow its reader is. */
const printed = (content: string | Uint8Array): Promise<void> =>
  new Promise((done, reject) => {
    process.stdout.write(content, (error) =>
      // Whoever reads it may have seen enough (`| head`).
      error && (error as NodeJS.ErrnoException).code !== 'EPIPE' ? reject(error) : done(),
    )
  })
