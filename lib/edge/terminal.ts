/** Questions to the person at the terminal: one at a time, whoever asks. */
import { closeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { isatty } from 'node:tty'
import { width } from '../core/display.ts'
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

/** A question that waits for its answer on the last lines of the terminal. */
export interface OpenQuestion {
  /** Takes it off the terminal, for lines that come in its place. */
  lift(): void
  /** Shows it again below them, with what has been typed. */
  put(): void
}

export interface TerminalAsker extends Asker {
  /** Tells who else writes to the terminal which question is open from now on; null when none is, and at once the next may be. */
  heededBy(screen: (open: OpenQuestion | null) => void): void
}

const nobody: Otherwise = { where: 'terminal', remedy: 'run it on a terminal' }

/** An asker on stdin and stderr. Questions that come at the same time wait for each other; nothing in them steers the terminal. */
export function terminalAsker(): TerminalAsker {
  let turn: Promise<unknown> = Promise.resolve()
  let tell = (_open: OpenQuestion | null): void => {}
  const inTurn = (
    question: string,
    shown: boolean,
    otherwise: Otherwise,
    interrupted?: AbortSignal,
  ): Promise<string> => {
    const asked = turn.then(() => typed(question, shown, otherwise, (open) => tell(open), interrupted))
    turn = asked.catch(() => {})
    return asked
  }
  return {
    secret: async (question, otherwise = nobody) => new Secret(await inTurn(question, false, otherwise)),
    line: (question, otherwise = nobody, interrupted) => inTurn(question, true, otherwise, interrupted),
    heededBy(screen) {
      tell = screen
    },
  }
}

async function typed(
  question: string,
  shown: boolean,
  { where, remedy }: Otherwise,
  tell: (open: OpenQuestion | null) => void,
  interrupted?: AbortSignal,
): Promise<string> {
  if (!process.stdin.isTTY) throw usageError({ where, what: 'there is no terminal to ask on', remedy })
  // How many lines it takes is told from its width.
  const text = visible(question).replace(/[\n\t]+/g, ' ')
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({
    input: process.stdin,
    output: shown ? process.stderr : nowhere,
    terminal: true,
    // What a key that takes back another one has it draw anew.
    prompt: text,
  })
  // A terminal that is gone can't be set back to how it was; that nothing was typed is told by its end.
  terminal.on('error', () => {})
  let isOver = false
  /** What follows begins on a line of its own, and may be drawn on again. */
  const over = (by = '\n'): void => {
    if (isOver) return
    isOver = true
    process.stderr.write(by)
    tell(null)
  }
  tell(standing(text, () => (shown ? terminal : { line: '', cursor: 0 })))
  // Not before: the interface has switched the echo off.
  process.stderr.write(text)
  let leave = (): void => {}
  try {
    return await new Promise<string>((answer, reject) => {
      terminal.once('line', (line) => {
        // The key that ends a line that is shown has ended it there too.
        over(shown ? '' : '\n')
        answer(line)
      })
      // The keyboard's own signal does not come while the terminal is read key by key.
      terminal.once('SIGINT', () => {
        // Nobody waits for the answer any more.
        if (!interrupted) over()
        process.kill(process.pid, 'SIGINT')
      })
      terminal.once('close', () => reject(usageError({ where, what: 'nothing was typed', remedy })))
      // Whoever waits for an answer would wait for it after any interrupt, a key or a signal from elsewhere.
      leave = () => {
        over()
        reject(usageError({ where, what: 'it was interrupted', remedy }))
      }
      if (interrupted?.aborted) leave()
      interrupted?.addEventListener('abort', leave, { once: true })
    })
  } finally {
    interrupted?.removeEventListener('abort', leave)
    terminal.close()
    over()
  }
}

/** @param typed what is shown behind the question, and where in it the next key goes */
function standing(text: string, typed: () => { readonly line: string; readonly cursor: number }): OpenQuestion {
  const { stderr } = process
  return {
    lift() {
      const { line, cursor } = typed()
      // At the end of a full line the terminal waits with the next one.
      const above = Math.max(0, Math.ceil(width(text + line.slice(0, cursor)) / (stderr.columns || 80)) - 1)
      stderr.write(`\r${above > 0 ? `\x1b[${above}A` : ''}\x1b[J`)
    },
    put() {
      const { line, cursor } = typed()
      const back = width(line.slice(cursor))
      stderr.write(`${text}${visible(line)}${back > 0 ? `\x1b[${back}D` : ''}`)
    },
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
