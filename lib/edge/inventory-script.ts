/** Programs and modules that make an inventory. Each has a minute; what a program said is shown when it fails. */
import { isUtf8 } from 'node:buffer'
import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { PlinthError, usageError } from '../core/error.ts'
import { visible } from '../core/visible.ts'
import { importing } from './importing.ts'
import { notStarted } from './program.ts'

/** Seconds for one call. */
const patience = 60
const largest = 16 * 1024 * 1024

/** The programs that run, by their process groups: what ends this process from the terminal does not come to them. */
const running = new Set<number>()
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

function endGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL')
  } catch {
    // It has ended by itself since.
  }
}
const endAll = (): void => running.forEach(endGroup)

/** Ends them with this process; it ends as it would have without them. */
function heard(signal: NodeJS.Signals): void {
  endAll()
  if (process.listenerCount(signal) > 1) return
  process.off(signal, heard)
  process.kill(process.pid, signal)
}

/** Has a program end with this process for as long as it runs; returns what ends that. */
function bound(group: number): () => void {
  if (running.size === 0) {
    process.on('exit', endAll)
    for (const signal of signals) process.on(signal, heard)
  }
  running.add(group)
  return () => {
    running.delete(group)
    if (running.size > 0) return
    process.off('exit', endAll)
    for (const signal of signals) process.off(signal, heard)
  }
}

/**
 * What the program at `path` prints when it is called with `words` (`--list`). Throws usageError, with the end of what it
 * said on stderr, when it can't be run, fails, takes longer than a minute or prints more than 16 MiB.
 */
export function runInventoryScript(
  path: string,
  words: readonly string[],
  shown: string,
  seconds = patience,
): Promise<string> {
  const where = [shown, ...words].join(' ')
  return new Promise((done, reject) => {
    // A group of its own, so that what it started ends with it.
    const child = spawn(resolve(path), words, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    const release = child.pid === undefined ? (): void => {} : bound(child.pid)
    const output: Buffer[] = []
    let size = 0
    let said = ''
    let ended: string | null = null
    const end = (why: string): void => {
      ended = why
      if (child.pid !== undefined) endGroup(child.pid)
    }
    const timer = setTimeout(() => end(`took longer than ${seconds} s`), seconds * 1000)
    child.stdout.on('data', (chunk: Buffer) => {
      if (ended !== null) return
      output.push(chunk)
      size += chunk.length
      if (size > largest) end(`printed more than ${largest / 1024 / 1024} MiB`)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(-4000)
    })
    const fail = (how: string, remedy: string): void => {
      const last = visible(said.trim()).split('\n').slice(-5).join(' | ').slice(-300)
      reject(usageError({ where, what: `${how}${last === '' ? '' : ` and said: ${last}`}`, remedy }))
    }
    child.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer)
      fail(...notStarted(path, error))
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      release()
      if (ended !== null) fail(`the program ${ended}`, 'run it by hand')
      else if (code !== 0) fail(`the program ended with ${signal ?? `exit code ${code}`}`, 'run it by hand')
      else if (!isUtf8(Buffer.concat(output))) fail('what it prints is not UTF-8', 'print JSON as UTF-8')
      else done(Buffer.concat(output).toString())
    })
  })
}

/**
 * What the default export of the module at `path` is, or gives when it is a function. Throws usageError when there is
 * none, it throws, or it takes longer than a minute.
 */
export async function runInventoryModule(path: string, shown: string, seconds = patience): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(usageError({ where: shown, what: `took longer than ${seconds} s`, remedy: 'run it by hand' })),
        seconds * 1000,
      )
    })
    return await Promise.race([exportOf(path, shown), late])
  } catch (thrown) {
    if (thrown instanceof PlinthError) throw thrown
    const error = thrown instanceof Error ? thrown : new Error(String(thrown))
    throw usageError({
      where: `${shown}${placeIn(error, resolve(path))}`,
      what: `the module threw: ${lastLine(error.message, resolve(path))}`,
      remedy: 'correct it',
    })
  } finally {
    clearTimeout(timer)
  }
}

/** Of several lines the last says what is wrong; the place it begins with is said already. */
const lastLine = (message: string, file: string): string =>
  (message.trim().split('\n').at(-1) ?? '').replace(file, '').replace(/^:\d+:\d+: /, '')

/** `:LINE:COLUMN` of the first line of an error's trace that is in `file`. */
function placeIn({ stack = '' }: Error, file: string): string {
  const from = stack.indexOf(file)
  // The loader may add a query to the path.
  return from < 0 ? '' : (/^(?:\?[^:\s]*)?(:\d+:\d+)/.exec(stack.slice(from + file.length))?.[1] ?? '')
}

async function exportOf(path: string, shown: string): Promise<unknown> {
  const module = (await importing()(pathToFileURL(resolve(path)).href)) as { readonly default?: unknown }
  const outer = module.default
  // A project that is not of modules has its exports one level deeper.
  const given =
    typeof outer === 'object' && outer !== null && '__esModule' in outer ? (outer as typeof module).default : outer
  if (given === undefined)
    throw usageError({
      where: shown,
      what: 'no default export',
      remedy: 'export default a function that gives {group: {hosts: [name]}}',
    })
  return typeof given === 'function' ? await (given as () => unknown)() : given
}
