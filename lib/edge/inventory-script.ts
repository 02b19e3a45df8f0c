/** Programs and modules that make an inventory. Each has a minute; what a program said is shown when it fails. */
import { isUtf8 } from 'node:buffer'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { PlinthError, usageError } from '../core/error.ts'
import { visible } from '../core/visible.ts'
import { importing } from './importing.ts'
import { notStarted } from './program.ts'
import { runProgram } from './program-output.ts'

/** Seconds for one call. */
const patience = 60
const largest = 16 * 1024 * 1024

/**
 * What the program at `path` prints when it is called with `words` (`--list`). Throws usageError, with the end of what it
 * said on stderr, when it can't be run, fails, takes longer than a minute or prints more than 16 MiB.
 */
export async function runInventoryScript(
  path: string,
  words: readonly string[],
  shown: string,
  seconds = patience,
): Promise<string> {
  const where = [shown, ...words].join(' ')
  const ran = await runProgram(resolve(path), words, { seconds, largest, alone: true })
  const fail = (how: string, remedy = 'run it by hand'): PlinthError => {
    const last = visible(ran.said.trim()).split('\n').slice(-5).join(' | ').slice(-300)
    return usageError({ where, what: `${how}${last === '' ? '' : ` and said: ${last}`}`, remedy })
  }
  if (ran.error !== null) throw fail(...notStarted(path, ran.error))
  if (ran.stopped === 'late') throw fail(`the program took longer than ${seconds} s`)
  if (ran.stopped === 'large') throw fail(`the program printed more than ${largest / 1024 / 1024} MiB`)
  if (ran.code !== 0) throw fail(`the program ended with ${ran.signal ?? `exit code ${ran.code}`}`)
  if (!isUtf8(ran.output)) throw fail('what it prints is not UTF-8', 'print JSON as UTF-8')
  return ran.output.toString()
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
