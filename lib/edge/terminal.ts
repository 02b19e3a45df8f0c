/** Questions to the person at the terminal: one at a time, whoever asks. */
import { closeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { isatty } from 'node:tty'
import { usageError } from '../core/error.ts'
import { Secret } from '../core/secret.ts'
import { visible } from '../core/visible.ts'

/** What an error says when there is nobody to ask, or nothing was typed. */
export interface Otherwise {
  readonly where: string
  readonly remedy: string
}

export interface Asker {
  /** One line that is not shown. Throws usageError without a terminal. */
  secret(question: string, otherwise?: Otherwise): Promise<Secret>
  /** One line that is shown. Throws usageError without a terminal, and when `interrupted` is aborted. */
  line(question: string, otherwise?: Otherwise, interrupted?: AbortSignal): Promise<string>
}

const nobody: Otherwise = { where: 'terminal', remedy: 'run it on a terminal' }

/** An asker on stdin and stderr. Questions that come at the same time wait for each other; nothing in them steers the terminal. */
export function terminalAsker(): Asker {
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(ask: () => Promise<T>): Promise<T> => {
    const asked = turn.then(ask)
    turn = asked.catch(() => {})
    return asked
  }
  return {
    secret: (question, otherwise = nobody) => inTurn(async () => new Secret(await typed(question, false, otherwise))),
    line: (question, otherwise = nobody, interrupted) => inTurn(() => typed(question, true, otherwise, interrupted)),
  }
}

async function typed(
  question: string,
  shown: boolean,
  { where, remedy }: Otherwise,
  interrupted?: AbortSignal,
): Promise<string> {
  if (!process.stdin.isTTY) throw usageError({ where, what: 'there is no terminal to ask on', remedy })
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: shown ? process.stderr : nowhere, terminal: true })
  // A terminal that is gone can't be set back to how it was; that nothing was typed is told by its end.
  terminal.on('error', () => {})
  // Not before: the interface has switched the echo off.
  process.stderr.write(visible(question))
  let leave = (): void => {}
  try {
    return await new Promise<string>((answer, reject) => {
      terminal.once('line', answer)
      // The keyboard's own signal does not come while the terminal is read key by key.
      terminal.once('SIGINT', () => {
        if (!interrupted) process.stderr.write('\n')
        process.kill(process.pid, 'SIGINT')
      })
      terminal.once('close', () => reject(usageError({ where, what: 'nothing was typed', remedy })))
      // Whoever waits for an answer would wait for it after any interrupt, a key or a signal from elsewhere.
      leave = () => {
        process.stderr.write('\n')
        reject(usageError({ where, what: 'it was interrupted', remedy }))
      }
      if (interrupted?.aborted) leave()
      interrupted?.addEventListener('abort', leave, { once: true })
    })
  } finally {
    interrupted?.removeEventListener('abort', leave)
    terminal.close()
    if (!shown) process.stderr.write('\n')
  }
}

const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor))

/**
 * Called as the process ends: Node sets its terminals back to how they were, and aborts (exit code 134) where one is gone,
 * as after a closed window. It looks at none that is closed.
 */
export function letGoOfTerminals(): void {
  for (const descriptor of terminals) if (!isatty(descriptor)) closeSync(descriptor)
}
