/**
 * Secrets in an editor: a file that only its owner reads, in a folder of its own, in memory where there is such a place,
 * and gone also after a signal that can be caught.
 */
import { spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { exitCode, PlinthError, usageError } from '../core/error.ts'
import { shellWords } from '../core/shell-words.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Of statfs(2): tmpfs and ramfs. */
const inMemory = [0x01021994, 0x858458f6]

/** The first of these that is in memory and may be written to, else the folder for temporary files. */
function place(env: Env): string {
  const usable = (folder: string | undefined): folder is string => {
    try {
      if (folder === undefined) return false
      accessSync(folder, constants.W_OK | constants.X_OK)
      return inMemory.includes(statfsSync(folder).type)
    } catch {
      return false
    }
  }
  return [env.XDG_RUNTIME_DIR, '/dev/shm', tmpdir()].find(usable) ?? tmpdir()
}

/** The words of $VISUAL, else $EDITOR, else vi. No shell reads them. */
function editorOf(env: Env): { readonly name: string; readonly words: readonly string[] } {
  const name = env.VISUAL || env.EDITOR ? (env.VISUAL ? '$VISUAL' : '$EDITOR') : 'vi'
  const words = shellWords(env.VISUAL || env.EDITOR || 'vi')
  if (words && words.length > 0) return { name, words: words.map(({ text }) => text) }
  const what = words ? 'only blanks, and no editor' : 'a quote that does not end'
  throw usageError({ where: name, what, remedy: 'correct it' })
}

/** After these the editor's file is removed. SIGQUIT is no key here: an editor reads the keyboard itself. */
const signals = ['SIGTERM', 'SIGHUP', 'SIGQUIT'] as const

const unchanged = 'the file is as it was'

/** Does `work` in a folder; what the file system says against it becomes a usageError. */
function written<T>(folder: string, work: (folder: string) => T): T {
  try {
    return work(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    const what = `it can't be written (${code}), and ${unchanged}`
    throw usageError({ where: folder, what, remedy: 'set TMPDIR to a folder that can be written, with room in it' })
  }
}

/**
 * What an editor makes of `content`. Ends the process with exit code 130 on SIGTERM, SIGHUP and SIGQUIT, after the file is gone;
 * SIGINT is the editor's own affair, as a key may send it.
 * @param file whose ending the editor's file gets, so that it is shown as what it is
 * @throws PlinthError when the editor can't be run or fails; nothing is left of the file then either
 */
export async function edited(content: Uint8Array, file: string, env: Env = process.env): Promise<Buffer> {
  const { name, words } = editorOf(env)
  const folder = written(place(env), (above) => mkdtempSync(join(above, 'plinth-vault-')))
  const path = join(folder, `secret${extname(file)}`)
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  let ended: () => void = () => {}
  try {
    written(folder, () => writeFileSync(path, content, { flag: 'wx', mode: 0o600 }))
    const [program = '', ...rest] = words
    const child = spawn(program, [...rest, path], { stdio: 'inherit' })
    const stop = (signal: NodeJS.Signals): void => {
      remove()
      child.kill(signal)
      process.exit(exitCode.interrupted)
    }
    const ignore = (): void => {}
    for (const signal of signals) process.once(signal, stop)
    process.on('SIGINT', ignore)
    ended = () => {
      for (const signal of signals) process.off(signal, stop)
      process.off('SIGINT', ignore)
    }
    await new Promise<void>((done, reject) => {
      child.once('error', (error: NodeJS.ErrnoException) => {
        const what = `the editor ${program} can't be run (${error.code ?? error.message}), ${unchanged}`
        reject(usageError({ where: name, what, remedy: 'set VISUAL or EDITOR to one that is there' }))
      })
      child.once('close', (code, signal) => {
        if (code === 0) return done()
        const what = `the editor ended with ${signal ?? `exit code ${code}`}, ${unchanged}`
        const problem = { where: name, what, remedy: 'edit it again' }
        reject(new PlinthError([problem], signal === 'SIGINT' ? exitCode.interrupted : exitCode.usage))
      })
    })
    if (statSync(path, { throwIfNoEntry: false })?.isFile()) return readFileSync(path)
    throw usageError({
      where: name,
      what: `the editor has removed what it was given, ${unchanged}`,
      remedy: 'edit it again',
    })
  } finally {
    ended()
    remove()
    process.off('exit', remove)
  }
}
