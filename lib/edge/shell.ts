/**
 * One long-lived POSIX sh on a machine, through which everything there is read and done.
 *
 * What is to be run is written to the shell's standard input; marks that hold a random word tell on its stdout and
 * stderr where the output begins and ends (frames.ts). Works over any three streams: an SSH channel, a local process.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { type PlinthError, unreachable } from '../core/error.ts'
import { Frames, Kept } from './frames.ts'
import { framed, type Input, preamble, scriptWith } from './shell-text.ts'

/** The three streams of a shell, and the way to end it by force when it can't be trusted any more. */
export interface Streams {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  kill(): void
}

/** What a script came to; `code` is null when nobody knows. */
export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** True when stdout was longer than what is kept. */
  readonly cut: boolean
}

const stdoutLimit = 64 * 1024 * 1024
const stderrLimit = 64 * 1024
const noiseLimit = 2 * 1024
const graceSeconds = 0.5
/** Seconds; what a script gets when nothing else was said. */
const defaultDeadline = 300

/** A script under way: what it has printed, and what it still has to say. */
class Job {
  readonly stdout = new Kept('head', stdoutLimit)
  readonly stderr = new Kept('tail', stderrLimit)
  readonly begun = new Set<string>()
  readonly ended = new Set<string>()
  readonly marks = new Map<string, string>()
  code: number | null = null
  /** Called when a mark came in, and when the shell is lost. */
  wake = (): void => {}

  constructor(readonly id: number) {}
}

export class Shell {
  readonly #noise = new Kept('tail', noiseLimit)
  #jobs = 0
  #job: Job | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #lost: string | undefined

  /** `host` names the machine in messages. `nonce` is random unless a test gives one. */
  constructor(
    readonly host: string,
    readonly streams: Streams,
    readonly nonce = randomBytes(16).toString('hex'),
  ) {
    this.#listen('stdout', streams.stdout)
    this.#listen('stderr', streams.stderr)
    streams.stdin.on('error', (error) => this.ends(`writing to the shell failed (${error.message})`))
    streams.stdout.on('close', () => this.lose('the shell there ended'))
    streams.stdin.write(preamble(nonce))
  }

  #listen(name: 'stdout' | 'stderr', stream: Readable): void {
    const frames = new Frames(this.nonce)
    stream.on('error', (error) => this.lose(`reading from the shell failed (${error.message})`))
    stream.on('data', (chunk: Buffer) => {
      for (const piece of frames.push(chunk)) {
        const job = this.#job
        if (typeof piece === 'string') this.#mark(name, piece)
        else if (job?.begun.has(name) && !job.ended.has(name)) job[name].push(piece)
        else this.#noise.push(piece)
      }
    })
  }

  #mark(name: string, mark: string): void {
    const [word = '', id, value = ''] = mark.split(' ')
    const job = this.#job
    if (!job || Number(id) !== job.id) return
    if (word === 'begin') job.begun.add(name)
    else if (word === 'end') {
      job.ended.add(name)
      job.code = Number(value)
    } else if (name === 'stdout') job.marks.set(word, value)
    job.wake()
  }

  /** Declares the shell lost: what runs there has an unknown outcome, and nothing more is sent. The first reason stays. */
  lose(reason: string): void {
    if (this.#lost !== undefined) return
    this.#lost = reason
    this.streams.kill()
    this.#job?.wake()
  }

  /** The shell is said to be gone; what it printed last may still be on its way. */
  ends(reason: string): void {
    setTimeout(() => this.lose(reason), graceSeconds * 1000).unref()
  }

  /** The error for whoever wants something of a shell that is lost. */
  gone(): PlinthError {
    const noise = this.#noise.text().trim()
    const said = noise && this.#jobs <= 1 ? `; it said: ${noise}` : ''
    return unreachable({
      where: this.host,
      what: `the connection is gone: ${this.#lost}${said}`,
      remedy: 'see to the host and the network, then run again: what was under way is looked at first',
    })
  }

  /** Resolves when `done()` holds (true) or the shell is lost (false). */
  async #until(job: Job, done: () => boolean): Promise<boolean> {
    while (!done()) {
      if (this.#lost !== undefined) return false
      await new Promise<void>((resolve) => {
        job.wake = resolve
      })
    }
    return true
  }

  /**
   * Runs one script in a subshell with `set -eu`, after all that were asked for before it.
   * @param script POSIX shell; a syntax error in it is its failure, not the shell's
   * @param deadline in seconds, after which the outcome counts as unknown and the shell as lost
   * @throws PlinthError when the shell was lost before the script was sent
   */
  run(script: string, input: Input = {}, deadline = defaultDeadline): Promise<Outcome> {
    return this.#exclusively((id) => framed(id, scriptWith(id, script, input)), input, deadline)
  }

  #exclusively(text: (id: number) => string, input: Input, deadline: number): Promise<Outcome> {
    const turn = this.#turn.then(async () => {
      if (this.#lost !== undefined) throw this.gone()
      this.#jobs++
      const job = new Job(this.#jobs)
      this.#job = job
      const timer = setTimeout(() => this.lose(`no end after ${deadline} s`), deadline * 1000)
      try {
        // latin1: scriptWith has turned the text into one character per byte.
        this.streams.stdin.write(text(job.id), 'latin1')
        if (input.stream) await this.#send(job, input.stream)
        const known = await this.#until(job, () => job.ended.size === 2)
        const stderr = job.stderr.text()
        return {
          code: known || job.ended.has('stdout') ? job.code : null,
          stdout: job.stdout.text(),
          stderr: known ? stderr : `${stderr}${stderr && !stderr.endsWith('\n') ? '\n' : ''}plinth: ${this.#lost}`,
          cut: job.stdout.cut,
        }
      } finally {
        clearTimeout(timer)
        this.#job = undefined
      }
    })
    this.#turn = turn.catch(() => {})
    return turn
  }

  /**
   * The bytes of a large input. They may only follow once the reader for them is up, or the shell would take them for
   * script; the reader is told that all has arrived, or it ends the script before that sees the end of its input.
   */
  async #send(job: Job, { chunks, bytes }: NonNullable<Input['stream']>): Promise<void> {
    const { stdin } = this.streams
    const ended = (): boolean => job.ended.has('stdout')
    if (!(await this.#until(job, () => job.marks.has('ready') || ended())) || ended()) return
    stdin.write(`${job.marks.get('ready')}\n`)
    let sent = 0
    try {
      for await (const chunk of chunks) {
        if (this.#lost !== undefined) return
        sent += chunk.length
        if (sent > bytes) break
        if (!stdin.write(chunk)) await this.#drained(job)
      }
    } catch (error) {
      return this.lose(`what was being sent can't be read (${error instanceof Error ? error.message : error})`)
    }
    if (sent !== bytes) return this.lose(`the file being sent is not ${bytes} bytes long any more`)
    if (await this.#until(job, () => job.marks.has('got'))) stdin.write('go\n')
  }

  async #drained(job: Job): Promise<void> {
    const stop = new AbortController()
    const drain = once(this.streams.stdin, 'drain', { signal: stop.signal }).catch(() => {})
    let drained = false
    void drain.then(() => {
      drained = true
      job.wake()
    })
    await this.#until(job, () => drained)
    stop.abort()
  }

  /** Runs lines in the shell itself, where they can change it: what a lock needs. */
  runHere(text: string, deadline = defaultDeadline): Promise<Outcome> {
    return this.#exclusively((id) => framed(id, text), {}, deadline)
  }

  /** Ends the shell, and with it the lock; waits up to `seconds` for it to go. Never throws. */
  async close(seconds = 2): Promise<void> {
    if (this.#lost !== undefined) return
    const { stdin, stdout } = this.streams
    const gone = once(stdout, 'close', { signal: AbortSignal.timeout(seconds * 1000) }).catch(() => undefined)
    const running = this.#job
    this.#lost = 'it was closed'
    running?.wake()
    stdin.end()
    if (!(await gone)) this.streams.kill()
  }
}
