/**
 * Files and folders as a user names them. A file is read as a whole, up to a bound, and must be UTF-8; nothing here waits
 * for ever, whatever stands behind a name: a pipe, a device, a link that leads nowhere.
 */
import { isUtf8 } from 'node:buffer'
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { isatty } from 'node:tty'
import { PlinthError, type Problem, usageError } from '../core/error.ts'
import { type Place, placeText } from '../core/located.ts'

/** Bytes in a file of an inventory, of variables, of a password. */
const largest = 4 * 1024 * 1024
/** Seconds for which the other end of a pipe may take its time, and between two looks at it. */
const patience = 60
const pause = 0.02

/**
 * The text of a file. `shown` is how messages name it, `most` the bytes it may have. What a pipe holds is read too, as in
 * `-e @<(program)`. Throws usageError when it can't be read, is larger, or is not UTF-8.
 */
export const readText = (path: string, shown: string, most = largest): string =>
  textIn(readBytes(path, shown, most), shown)

/** The text that bytes are, without a byte order mark. Throws usageError, which `shown` names, when they are not UTF-8. */
export function textIn(bytes: Buffer, shown: string): string {
  const problem = notText(bytes, shown)
  if (problem) throw usageError(problem)
  return new TextDecoder().decode(bytes)
}

/** The same for what may be no text. */
export const readBytes = (path: string, shown: string, most: number): Buffer =>
  naming(path, shown, () => bytesOf(path, shown, most))

/** Whether a name is taken, be it by a link that leads nowhere. Throws usageError where this can't be known. */
export const isThere = (path: string): boolean =>
  naming(path, path, () => {
    try {
      return lstatSync(path, { throwIfNoEntry: false }) !== undefined
    } catch (thrown) {
      // No file can have that name.
      if (/^(ENOTDIR|ENAMETOOLONG|ELOOP|ERR_INVALID_ARG_VALUE)$/.test(codeOf(thrown))) return false
      throw thrown
    }
  })

/** Whether a path is a folder; links are followed. Throws usageError when there is nothing, or it can't be known. */
export const isFolder = (path: string): boolean => naming(path, path, () => statSync(path).isDirectory())

/** The same, and that its files can be come by. Throws usageError where they can't. */
export function isOpenFolder(path: string): boolean {
  if (!isFolder(path)) return false
  naming(path, path, () => lstatSync(`${path}/.`))
  return true
}

/**
 * A file itself; of a folder the files in it and in the folders below it, by name. `wanted` says of each name whether it
 * counts. Throws usageError for what can't be read, and for a folder that links lead back to.
 */
export function filesBelow(
  path: string,
  wanted: (name: string, path: string) => boolean,
  above: readonly string[] = [],
): readonly string[] {
  if (!isFolder(path)) return [path]
  const real = realpathSync(path)
  if (above.includes(real))
    throw usageError({ where: path, what: 'a link to a folder that it is in', remedy: 'remove the link' })
  return naming(path, path, () => readdirSync(path).sort())
    .filter((name) => wanted(name, join(path, name)))
    .flatMap((name) => filesBelow(join(path, name), wanted, [...above, real]))
}

function bytesOf(path: string, shown: string, most: number): Buffer {
  // A pipe that nobody writes to would be waited for while it is opened.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stat = fstatSync(file)
    const refuse = (what: string, remedy: string): PlinthError => usageError({ where: shown, what, remedy })
    if (stat.isDirectory()) throw refuse('a folder, not a file', 'name a file in it')
    if (isatty(file)) throw refuse('a terminal, not a file', 'name a file')
    const chunks: Buffer[] = []
    let size = stat.isFile() ? stat.size : 0
    if (size <= most) {
      size = 0
      for (let chunk = next(file, shown); chunk.length > 0 && size <= most; chunk = next(file, shown)) {
        chunks.push(chunk)
        size += chunk.length
      }
    }
    if (size > most) throw refuse(`larger than ${most / 1024 / 1024} MiB`, 'name the right file')
    if (size === 0 && stat.isFIFO())
      throw refuse('a pipe into which nothing was written', 'run by hand what should write into it')
    return Buffer.concat(chunks)
  } finally {
    closeSync(file)
  }
}

/** What can be read next; nothing at the end. */
function next(file: number, shown: string): Buffer {
  const chunk = Buffer.allocUnsafe(64 * 1024)
  for (let waited = 0; waited < patience; waited += pause) {
    try {
      return chunk.subarray(0, readSync(file, chunk))
    } catch (thrown) {
      if (codeOf(thrown) !== 'EAGAIN') throw thrown
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause * 1000)
    }
  }
  throw usageError({
    where: shown,
    what: `a pipe into which nothing was written for ${patience} s`,
    remedy: 'run by hand what should write into it',
  })
}

/** Why these bytes are no text, at the first that is none, or null. */
function notText(bytes: Buffer, shown: string): Problem | null {
  const remedy = 'save the file as UTF-8'
  const mark = bytes.toString('latin1', 0, 4)
  const wide = /^(?:\xff\xfe\0\0|\0\0\xfe\xff)/.test(mark)
    ? 'UTF-32'
    : /^(?:\xff\xfe|\xfe\xff)/.test(mark)
      ? 'UTF-16'
      : null
  if (wide) return { where: shown, what: `${wide}, not UTF-8`, remedy: `${remedy}: iconv -f ${wide} -t UTF-8` }
  if (!isUtf8(bytes)) {
    // Decoding puts three bytes in place of a wrong one.
    const again = Buffer.from(bytes.toString())
    const wrong = bytes.findIndex((byte, i) => byte !== again[i])
    const where = placeText(placeIn(bytes, wrong, shown))
    return { where, what: 'not UTF-8 text', remedy: `${remedy} (from GBK: iconv -f GBK -t UTF-8)` }
  }
  const nul = bytes.indexOf(0)
  if (nul < 0) return null
  return { where: placeText(placeIn(bytes, nul, shown)), what: 'a NUL character, not UTF-8 text', remedy }
}

function placeIn(bytes: Buffer, offset: number, file: string): Place {
  const lines = bytes.toString('utf8', 0, offset).split('\n')
  return { file, line: lines.length, column: (lines.at(-1) ?? '').length + 1 }
}

const codeOf = (thrown: unknown): string => (thrown as NodeJS.ErrnoException).code ?? 'unknown error'

/** Does `work` about a path; what the system says against it becomes a usageError. */
function naming<T>(path: string, shown: string, work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    if (thrown instanceof PlinthError) throw thrown
    throw usageError({ where: shown, ...refusal(path, codeOf(thrown)) })
  }
}

function refusal(path: string, code: string): Omit<Problem, 'where'> {
  const remedy = 'correct the path'
  switch (code) {
    case 'ENOENT': {
      const target = linkTarget(path)
      if (target !== null) return { what: `a link to ${target}, which is not there`, remedy: 'correct the link' }
      return { what: 'there is no such file', remedy }
    }
    case 'ELOOP':
      return { what: 'a link that leads back to itself', remedy: 'correct the link' }
    case 'ENOTDIR':
      return { what: 'there is no such file: a part of its path is no folder', remedy }
    case 'ENXIO':
      return { what: 'a socket or a device that is off, not a file', remedy: 'name a file' }
    case 'ENAMETOOLONG':
      return { what: 'a path that is too long for any file', remedy }
    case 'ERR_INVALID_ARG_VALUE':
      return { what: 'a path with a NUL character', remedy }
    default:
      return { what: `cannot be read (${code})`, remedy: 'check its permissions' }
  }
}

function linkTarget(path: string): string | null {
  try {
    return readlinkSync(path)
  } catch {
    return null
  }
}
