/** Questions to the person at the terminal: one at a time, whoever asks. */
import { closeSync, openSync } from 'node:fs'
import { createInterface, type Interface, type ReadLineOptions } from 'node:readline'
import { Writable } from 'node:stream'
import { isatty, WriteStream } from 'node:tty'
import { rowsAbove } from '../core/display.ts'
import { usageError } from '../core/error.ts'
import { Secret } from '../core/secret.ts'
import { visible } from '../core/visible.ts'

/** What an error says when there is nobody to ask, or nothing was typed. */
export interface Otherwise {
  readonly where: string
  readonly remedy: string
}

export interface Asker {
  /** One line that is not shown. Throws usageError without a terminal, and when `interrupted` is aborted. */
  secret(question: string, otherwise?: Otherwise, interrupted?: AbortSignal): Promise<Secret>
  /** One line that is shown. Throws as `secret` does. */
  line(question: string, otherwise?: Otherwise, interrupted?: AbortSignal): Promise<string>
}

/** A question that waits for its answer on the last lines of the terminal. */
export interface OpenQuestion {
  /** Takes it off the terminal, for lines that come in its place. */
  lift(): void
  /** Shows it again below them, with what has been typed. */
  put(): void
  /** Nobody waits for the answer any more: what comes next stands below it. */
  leave(): void
}

export interface TerminalAsker extends Asker {
  /** Tells who else writes to the terminal which question is open from now on; null when none is, and at once the next may be. */
  heededBy(screen: (open: OpenQuestion | null) => void): void
}

const nobody: Otherwise = { where: 'terminal', remedy: 'run it on a terminal' }

/** Whether lines can be drawn over and coloured there. */
export const drawable = (stream: NodeJS.WriteStream): boolean => stream.isTTY === true && process.env.TERM !== 'dumb'

let opened: WriteStream | undefined

/** Where a person reads a question: stderr, or the terminal itself where that is led into a file. */
function screen(): WriteStream | null {
  if (process.stderr.isTTY) return process.stderr
  try {
    opened ??= new WriteStream(openSync('/dev/tty', 'w')).on('error', () => {})
    return opened
  } catch {
    return null
  }
}

/** Whether there is somebody who can read a question and answer it. */
export const mayAsk = (): boolean => process.stdin.isTTY === true && screen() !== null

/** An asker on stdin and the terminal. Questions that come at the same time wait for each other; nothing in them steers the terminal. */
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
    secret: async (question, otherwise = nobody, interrupted) =>
      new Secret(await inTurn(question, false, otherwise, interrupted)),
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
  const to = process.stdin.isTTY ? screen() : null
  if (!to) throw usageError({ where, what: 'there is no terminal to ask on', remedy })
  // Nobody waits any more for what had to wait for its turn.
  if (interrupted?.aborted) throw usageError({ where, what: 'it was interrupted', remedy })
  // How many lines it takes is told from its width.
  const text = visible(question).replace(/[\n\t]+/g, ' ')
  const drawn = shown && drawable(to)
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  // Where a line that is shown can't be drawn anew, the terminal itself echoes it and takes back keys.
  const terminal = keysOf({
    input: process.stdin,
    output: drawn ? to : nowhere,
    terminal: drawn || !shown,
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
    to.write(by)
    tell(null)
  }
  tell(standing(to, text, drawn ? terminal : null))
  // Not before: the interface has switched the echo off. It counts the rows of what it has drawn itself.
  if (drawn) terminal.prompt()
  else to.write(text)
  let leave = (): void => {}
  try {
    return await new Promise<string>((answer, reject) => {
      terminal.once('line', (line) => {
        // The key that ends a line that is shown has ended it there too.
        over(shown ? '' : '\n')
        answer(line)
      })
      // The keyboard's own signal does not come while the terminal is read key by key. Each time: another one means more.
      terminal.on('SIGINT', () => {
        // Nobody waits for the answer any more.
        over()
        process.kill(process.pid, 'SIGINT')
      })
      // This process alone would be stopped, not npx and tsx before it: the shell would not come back, and what is typed would be shown.
      terminal.on('SIGTSTP', () => {})
      terminal.once('close', () => reject(usageError({ where, what: 'nothing was typed', remedy })))
      // Whoever waits for an answer would wait for it after any interrupt, a key or a signal from elsewhere.
      leave = () => {
        over()
        reject(usageError({ where, what: 'it was interrupted', remedy }))
      }
      interrupted?.addEventListener('abort', leave, { once: true })
    })
  } finally {
    interrupted?.removeEventListener('abort', leave)
    terminal.close()
    over()
  }
}

/** Of a terminal that calls itself dumb readline knows no key but the last, and would take one that takes back another for a letter. */
function keysOf(options: ReadLineOptions): Interface {
  const { TERM } = process.env
  delete process.env.TERM
  try {
    return createInterface(options)
  } finally {
    if (TERM !== undefined) process.env.TERM = TERM
  }
}

/** @param line what draws the question and what is typed behind it; null where only the question is written */
function standing(to: WriteStream, text: string, line: Interface | null): OpenQuestion {
  const leave = (): void => void to.write('\n')
  if (!drawable(to)) return { lift: leave, put: () => void to.write(text), leave }
  const rows = (): number => (line ? line.getCursorPos().rows : rowsAbove(text, to.columns || 80))
  return {
    lift() {
      const above = rows()
      to.write(`\r${above > 0 ? `\x1b[${above}A` : ''}\x1b[J`)
    },
    put() {
      if (!line) return void to.write(text)
      // It goes up as many rows as it had, and draws from there.
      to.write('\n'.repeat(rows()))
      line.prompt(true)
    },
    leave,
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
