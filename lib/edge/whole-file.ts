/** Files that are there as they were or as they should be, never half of it: written beside, synced, renamed. */
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, isAbsolute, join } from 'node:path'

/**
 * Writes `content` beside `path`, for nobody else to read, and hands its name to `done`, which renames it or does not.
 * What is left of it then is removed. Throws what the file system says.
 */
export function writeBeside(path: string, content: string | Uint8Array, done: (written: string) => void): void {
  // Hidden: a file that a killed run leaves behind is no inventory and no file of variables.
  const beside = join(dirname(path), `.${basename(path)}.plinth.${process.pid}`)
  rmSync(beside, { force: true })
  const file = openSync(beside, 'wx', 0o600)
  try {
    writeFileSync(file, content)
    fsyncSync(file)
    done(beside)
  } finally {
    closeSync(file)
    rmSync(beside, { force: true })
  }
}

/**
 * The file that a path means, there or not yet, through links: what is put beside a link would take its place. Throws what the
 * file system says, and EISDIR or EINVAL for what is there and no file: a device or a pipe would become one.
 */
export function fileAt(path: string): string {
  const there = statSync(path, { throwIfNoEntry: false })
  if (there && !there.isFile())
    throw Object.assign(new Error(`${path} is no file`), { code: there.isDirectory() ? 'EISDIR' : 'EINVAL' })
  // As the system reads it, and not as text: `..` is above what a link leads to, and of what is not there there is none.
  const real = realpathSync.native
  if (there) return real(path)
  const name = basename(path)
  if (name === '' || path.endsWith('/'))
    throw Object.assign(new Error(`there is no folder ${path}`), { code: 'ENOENT' })
  const folder = real(dirname(path))
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return join(folder, name)
  const target = readlinkSync(path)
  return fileAt(isAbsolute(target) ? target : `${folder}/${target}`)
}

/**
 * Puts `content` into the file at `path`, through links. A file that is there keeps its mode, and its owner and group
 * where we may give them; a new one is its owner's alone. Throws what the file system says.
 * @param mode what of the mode is kept
 */
export function replaceFile(path: string, content: string | Uint8Array, mode = 0o7777): void {
  const target = fileAt(path)
  const before = statSync(target, { throwIfNoEntry: false })
  writeBeside(target, content, (written) => {
    const file = openSync(written, 'r')
    try {
      if (before) {
        const now = statSync(written)
        if (now.uid !== before.uid || now.gid !== before.gid) owned(file, before)
        fchmodSync(file, before.mode & mode)
      }
      putInPlace(written, target)
    } finally {
      closeSync(file)
    }
  })
}

/**
 * Gives what was written beside a file that file's name, so that it outlasts a power cut, where the file system can do that; the file is
 * in its place either way. Throws what the file system says.
 */
export function putInPlace(written: string, target: string): void {
  renameSync(written, target)
  try {
    const folder = openSync(dirname(target), 'r')
    try {
      fsyncSync(folder)
    } finally {
      closeSync(folder)
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
  }
}

/** Who is not root may at most give a file to a group that they are in. */
function owned(file: number, { uid, gid }: { readonly uid: number; readonly gid: number }): void {
  try {
    fchownSync(file, uid, gid)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
    try {
      fchownSync(file, -1, gid)
    } catch (again) {
      if ((again as NodeJS.ErrnoException).code !== 'EPERM') throw again
    }
  }
}
