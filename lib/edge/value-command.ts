/**
 * Values that a program of this machine prints: `!command [pass, show, nacos/db]`. No shell is between, its standard input
 * is empty, and what it prints is a secret from the first byte on.
 */
import { spawnSync } from 'node:child_process'
import { type PlinthError, usageError } from '../core/error.ts'
import { Secret } from '../core/secret.ts'
import { executable, startable } from './program.ts'

/** Seconds for one command: some ask a server, or a person to touch a key. */
const patience = 60
/** Bytes of a value: a key or a certificate chain is far below. */
const largest = 1024 * 1024

/** The commands of one run: each distinct one is run once, when its value is first wanted, and also a failure is kept. */
export class ValueCommands {
  readonly #done = new Map<string, Secret | PlinthError>()
  private readonly seconds: number

  constructor(seconds = patience) {
    this.seconds = seconds
  }

  /**
   * What a command prints, without the line break at its end.
   * @param words the program, found by PATH or by its absolute path, and its arguments
   * @param where the place messages name
   * @throws PlinthError (exit code 4) when it can't be run, fails, is late, or prints nothing or no text. With the end of
   *   what it said on stderr, never with what it printed
   */
  output(words: readonly string[], where: string): Secret {
    const key = JSON.stringify(words)
    const found = this.#done.get(key) ?? this.#run(words)
    this.#done.set(key, found)
    if (found instanceof Secret) return found
    // The same failure, at the place of whoever wants the value.
    throw usageError(...found.problems.map((problem) => ({ ...problem, where })))
  }

  #run([program = '', ...words]: readonly string[]): Secret | PlinthError {
    if (program.includes('/') && executable(program) && !startable(program))
      return usageError({
        where: '',
        what: `${program} is no program`,
        remedy: 'use !file, or begin it with #!/bin/sh',
      })
    const run = spawnSync(program, words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: this.seconds * 1000,
      killSignal: 'SIGKILL',
      maxBuffer: largest,
    })
    const failed = (how: string, remedy = 'run it by hand'): PlinthError => {
      const said = (run.stderr?.toString() ?? '').trim().split('\n').slice(-3).join(' | ').slice(-300)
      return usageError({ where: '', what: `the command ${program} ${how}${said && ` and said: ${said}`}`, remedy })
    }
    const { code } = (run.error ?? {}) as NodeJS.ErrnoException
    if (code === 'ENOENT') return failed('was not found', 'install it, or write its whole path')
    if (code === 'EACCES' || code === 'ENOEXEC')
      return failed(`can't be run (${code})`, 'see to its permissions and its first line')
    // It has ended, and what it left running held its streams open: waited for in vain, but what it printed counts.
    const ended = code === undefined || (code === 'ETIMEDOUT' && run.status !== null)
    if (code === 'ETIMEDOUT' && !ended) return failed(`had not ended after ${this.seconds} s`)
    if (code === 'ENOBUFS') return failed(`printed more than ${largest / 1024} KiB`)
    if (!ended) return failed(`can't be run (${code})`)
    if (run.status !== 0) return failed(`ended with ${run.signal ?? `exit code ${run.status}`}`)
    const value = textOf(run.stdout)?.replace(/\r?\n$/, '')
    if (value === undefined) return failed('printed what is no UTF-8 text')
    return value === '' ? failed('printed nothing') : new Secret(value)
  }
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return text.includes('\0') ? undefined : text
  } catch {
    return undefined
  }
}
