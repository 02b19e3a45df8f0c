/**
 * From the shell of the user who logs in to a shell of another one: once per connection, by sudo, su or doas.
 *
 * The login's /bin/sh is replaced by the command; its three streams stay what they are, pipes without a terminal.
 */
import { randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { Become } from '../core/inventory.ts'
import {
  askedAgain,
  asksOther,
  commandLine,
  failed,
  goWord,
  notTried,
  type Question,
  Talk,
  tooLate,
  unanswered,
  WrongPassword,
  wantsTerminal,
} from './become-text.ts'
import { Deadline } from './deadline.ts'
import { wantedBy } from './prompts.ts'
import type { Streams } from './shell.ts'
import { noShell, shellEnded } from './ssh-problems.ts'
import { Trial, type Turn } from './trials.ts'

export interface BecomeOptions {
  /** Seconds until the other user's shell must be there. Default 30: name services may be slow. */
  readonly deadline?: number
  /** Random unless a test gives one. */
  readonly nonce?: string
  /** What the run knows of the password; of its own unless other machines have it too. */
  readonly trial?: Trial
}

/** Seconds of silence after which what looks like a question is one. */
const questionSeconds = 0.4
/** Seconds for the last words of a command that has ended. */
const lastWordsSeconds = 0.1

/**
 * Opens a shell and makes it one of another user.
 * @param open opens a shell of the user who logs in; called once more when sudo wants a terminal
 * @param machine its name, for messages
 * @throws PlinthError (exit code 3) that says what stood in the way: the password, the right, the command
 */
export async function becoming(
  open: () => Promise<Streams>,
  become: Become,
  machine: string,
  options: BecomeOptions = {},
): Promise<Streams> {
  const nonce = randomBytes(12).toString('hex')
  const attempt = { become, machine, deadline: 30, nonce, trial: new Trial(), ...options }
  const became = await tried(await open(), { ...attempt, terminal: false })
  if (became) return became
  const onTerminal = await tried(await open(), { ...attempt, terminal: true })
  if (onTerminal) return onTerminal
  throw new Error('an attempt on a terminal asks for no further one')
}

interface Attempt extends Required<BecomeOptions> {
  readonly become: Become
  readonly machine: string
  /** With a pseudo-terminal around it. */
  readonly terminal: boolean
}

/** One attempt: the streams as the other user's, or null when it must be tried with a terminal. */
async function tried(streams: Streams, attempt: Attempt): Promise<Streams | null> {
  const { become, machine, terminal, deadline, nonce, trial } = attempt
  const { stdin, stdout, stderr } = streams
  const { password } = become
  const talk = new Talk(nonce)
  const said = (): string => talk.said(password)
  const undo: (() => void)[] = []
  const on = (stream: Readable | Streams['stdin'], event: string, listener: (chunk: Buffer) => void): void => {
    stream.on(event, listener)
    undo.push(() => stream.off(event, listener))
  }
  const timers = new Set<NodeJS.Timeout>()
  const after = (seconds: number, work: () => void): NodeJS.Timeout => {
    const timer = setTimeout(work, seconds * 1000)
    timers.add(timer)
    return timer
  }
  const limit = new Deadline()
  let over = false
  let turn: Turn | null | undefined
  /** Gives the password, once it is this machine's turn to try it. */
  const answer = async (given: string): Promise<void> => {
    turn = await limit.standFor(trial.turn(machine))
    if (over) return turn?.over()
    if (!turn || !(await turn.give())) throw notTried(machine, become, trial.refusedBy ?? [])
    talk.answered()
    stdin.write(`${given}\n`)
  }
  try {
    return await new Promise((resolve, reject) => {
      let quiet: NodeJS.Timeout | undefined
      let first: Question | undefined
      const ask = (question: Question): void => {
        if (turn) reject(askedAgain(machine, become, first?.text ?? '', question.text, said()))
        else if (!question.certain && wantedBy(question.words) === 'code')
          reject(asksOther(machine, become, question.text))
        else if (!password) reject(unanswered(machine, become, question.text))
        else if (!first) {
          first = question
          answer(password.reveal()).catch(reject)
        }
      }
      const hear = (name: 'stdout' | 'stderr', chunk: Buffer): void => {
        clearTimeout(quiet)
        talk.hear(name, chunk.toString('utf8'))
        if (talk.ready) {
          // A greeting that looked like a question has proved nothing.
          if (first && (first.certain || wantedBy(first.words) === 'password')) turn?.accepted()
          stdin.write(`${goWord(nonce)}\n`)
          resolve(streams)
          return
        }
        const question = talk.question(password)
        if (question?.certain) ask(question)
        else if (question) quiet = after(questionSeconds, () => ask(question))
      }
      const end = (): void => {
        clearTimeout(quiet)
        after(lastWordsSeconds, () => {
          if (!terminal && wantsTerminal(said())) resolve(null)
          else reject(talk.began ? failed(machine, become, said()) : noShell(machine, shellEnded, said()))
        })
      }
      on(stdout, 'data', (chunk) => hear('stdout', chunk))
      on(stderr, 'data', (chunk) => hear('stderr', chunk))
      for (const event of ['close', 'error']) on(stdout, event, end)
      on(stdin, 'error', end)
      limit.start(deadline, () =>
        reject(
          talk.began
            ? tooLate(machine, become, deadline, said())
            : noShell(machine, `it has read nothing within ${deadline} s`, said()),
        ),
      )
      stdin.write(commandLine(become, nonce, terminal))
    })
  } catch (error) {
    if (error instanceof WrongPassword) turn?.refused()
    streams.kill()
    throw error
  } finally {
    over = true
    turn?.over()
    limit.end()
    for (const timer of timers) clearTimeout(timer)
    for (const off of undo) off()
  }
}
