/**
 * One long-lived POSIX sh on a machine, through which everything there is read and done.
 *
 * What is to be run is written to the shell's standard input; marks that hold a random word tell on its stdout and
 * stderr where the output begins and ends (frames.ts). Works over any three streams: an SSH channel, a local process.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import type { Heard } from '../core/channel.ts'
import { hostError, type PlinthError, unreachable } from '../core/error.ts'
import { chunkBytes } from './file-chunks.ts'
import { Frames, Kept } from './frames.ts'
import { blockBytes, framed, type Input, lackText, preamble, type Stream, scriptWith } from './shell-text.ts'
import { noShell, noWord, shellEnded } from './ssh-problems.ts'

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
  /** Its deadline in seconds, if that passed and it was ended there: the code is null, and the shell is well. */
  readonly late?: number
  /** How many bytes of a stream were there already, from an earlier try. */
  readonly resumed: number
  /** The exit code of the lines that came first, where there were any and it is known. */
  readonly first?: number
}

const stdoutLimit = 64 * 1024 * 1024
const stderrLimit = 64 * 1024
const noiseLimit = 2 * 1024
const lineBreak = Buffer.from('\n')
const graceSeconds = 0.5
/** What a script whose deadline has passed gets to end: twice three seconds on the host, and the way there and back. */
const endSeconds = 10
/** Between two looks at whether the process around a script is still there. */
const lookSeconds = 5
const goneReason = 'the process around the script was ended before it (no memory, or no process left there?)'
/** Bytes of a stream that wait here for the host to take them, beside what SSH's own window holds: `fileChunks` counts on two chunks, and on none being asked for once the shell is lost. */
const aheadBytes = 2 * chunkBytes
/** Seconds; what a script gets when nothing else was said. */
const defaultDeadline = 300

/** What a shell gets until it says its first word: a login whose own files ask or wait would take the time of the first script. */
const firstWordSeconds = 30

/** Milliseconds, 24 days: a timer of Node's that is to take longer goes off at once. */
const longestTimer = 2 ** 31 - 1

/**
 * Runs `work` when what has come by now was read. A process that was stopped for a while (Ctrl-Z, a laptop that slept) comes to its
 * timers first, and would take what has ended long ago for late. A turn of the loop reads all that SSH's window holds; the second is for what is read of a jump host.
 */
function onceRead(work: () => void): void {
  setImmediate(() => setImmediate(work))
}

/** A script under way: what it has printed, and what it still has to say. */
class Job {
  readonly id: number
  stdout = new Kept('head', stdoutLimit)
  readonly stderr = new Kept('tail', stderrLimit)
  readonly begun = new Set<string>()
  readonly ended = new Set<string>()
  /** On which streams it was said that nobody is left to tell its end. */
  readonly gone = new Set<string>()
  readonly marks = new Map<string, string>()
  code: number | null = null
  resumed = 0
  /** Set once its deadline has passed. */
  late = false
  /** Whether its input is a stream. */
  streamed = false
  /** False for a stream until its reader has all of it, and was told that this is all: before, no end is a success. */
  whole = true
  /** Whether someone on the host waits for a word about it: `ok`, `end` or `look`. */
  watched = false
  /** Hears what is printed, as it comes. */
  heard: Heard = () => {}
  /** Called when a mark came in, and when the shell is lost. */
  wake = (): void => {}

  constructor(id: number) {
    this.id = id
  }
}

export class Shell {
  readonly host: string
  readonly streams: Streams
  readonly nonce: string
  readonly #noise = new Kept('tail', noiseLimit)
  #jobs = 0
  #job: Job | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #lost: string | undefined
  /** On which streams it has said a word that was meant for us: the user's own files may have led one elsewhere. */
  readonly #spoke = new Set<string>()
  #lacks: readonly string[] = []

  readonly #patience: number

  /** `host` names the machine in messages. `nonce` is random unless a test gives one, `patience` the seconds until its first word. */
  constructor(host: string, streams: Streams, nonce = randomBytes(16).toString('hex'), patience = firstWordSeconds) {
    this.#patience = patience
    this.host = host
    this.streams = streams
    this.nonce = nonce
    this.#listen('stdout', streams.stdout)
    this.#listen('stderr', streams.stderr)
    streams.stdin.on('error', (error) => this.ends(`writing to the shell failed (${error.message})`))
    streams.stdout.on('close', () => this.lose(shellEnded))
    streams.stdin.write(preamble(nonce))
  }

  #listen(name: 'stdout' | 'stderr', stream: Readable): void {
    const frames = new Frames(this.nonce)
    /** Whether a line break was told that may still come: a line is heard when it ends, not when the next one begins. */
    let ahead = false
    stream.on('error', (error) => this.lose(`reading from the shell failed (${error.message})`))
    stream.on('data', (chunk: Buffer) => {
      let open = false
      for (const piece of frames.push(chunk)) {
        const job = this.#job
        const told = ahead && piece[0] === lineBreak[0]
        ahead = false
        open = typeof piece !== 'string' && piece.at(-1) !== lineBreak[0]
        if (typeof piece === 'string') this.#mark(name, piece)
        else if (job?.begun.has(name) && !job.ended.has(name)) {
          job[name].push(piece)
          job.heard(name, told ? piece.subarray(1) : piece)
        } else this.#noise.push(piece)
      }
      const job = this.#job
      ahead ||= open && frames.atLineBreak && job?.begun.has(name) === true && !job.ended.has(name)
      if (open && ahead) job?.heard(name, lineBreak)
    })
  }

  #mark(name: string, mark: string): void {
    this.#spoke.add(name)
    const [word = '', id, ...rest] = mark.split(' ')
    const value = rest.join(' ')
    if (word === 'lacks') this.#lacks = rest
    const job = this.#job
    if (!job || Number(id) !== job.id) return
    if (word === 'begin') job.begun.add(name)
    else if (word === 'end') {
      job.ended.add(name)
      job.code = Number(value)
    } else if (word === 'gone') {
      job.gone.add(name)
      // On both: its last words have come, and an end is always said before.
      if (job.gone.size === 2 && job.ended.size < 2) this.lose(goneReason)
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

  #missing(): string {
    const on = ['stdout', 'stderr'].filter((name) => !this.#spoke.has(name))
    return `${noWord} on ${on.join(' and ')} within ${this.#patience} s`
  }

  /** The error for whoever wants something of a shell that is lost, or of a host that lacks what Plinth needs there. */
  gone(): PlinthError {
    if (this.#lacks.length > 0) return hostError({ where: this.host, ...lackText(this.#lacks) })
    const noise = this.#noise.text().trim()
    const reason = this.#lost ?? ''
    if (this.#spoke.size < 2 && (reason.startsWith(noWord) || reason.startsWith(shellEnded)))
      return noShell(this.host, reason, noise)
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
   * @param deadline in seconds, after which the script is ended on the host and its outcome counts as unknown. Where it
   *   can't be ended, or its input is still on the way, the shell counts as lost
   * @param first lines that the shell itself runs before it, in the same round trip; the script is run if they succeed
   * @param heard hears what it prints, as it comes
   * @throws PlinthError when the shell was lost before the script was sent
   */
  run(script: string, input: Input = {}, deadline = defaultDeadline, first?: string, heard?: Heard): Promise<Outcome> {
    return this.#exclusively(deadline, async (job) => {
      if (heard) job.heard = heard
      if (heard?.most !== undefined) job.stdout = new Kept('head', heard.most)
      // latin1: scriptWith has turned the text into one character per byte.
      this.streams.stdin.write(scriptWith(job.id, script, input, deadline, first), 'latin1')
      if (input.stream) await this.#send(job, input.stream)
      else await this.#until(job, () => job.begun.has('stdout'))
      job.watched = true
    })
  }

  /** Runs lines in the shell itself, where they can change it: what a lock needs. */
  runHere(text: string, deadline = defaultDeadline): Promise<Outcome> {
    return this.#exclusively(deadline, async (job) => {
      this.streams.stdin.write(framed(job.id, text), 'latin1')
    })
  }

  #exclusively(deadline: number, begin: (job: Job) => Promise<void>): Promise<Outcome> {
    const turn = this.#turn.then(async () => {
      if (this.#lost !== undefined) throw this.gone()
      this.#jobs++
      const job = new Job(this.#jobs)
      this.#job = job
      const timers = [
        setTimeout(onceRead, Math.min(deadline * 1000, longestTimer), () => this.#pass(job, deadline, timers)),
        setInterval(() => this.#look(job), lookSeconds * 1000),
        setTimeout(onceRead, this.#patience * 1000, () => this.#spoke.size === 2 || this.lose(this.#missing())),
      ]
      try {
        await begin(job)
        const known = (await this.#until(job, () => job.ended.size === 2)) && job.whole
        if (known) this.#release(job)
        return this.#outcome(job, known, deadline)
      } finally {
        for (const timer of timers) clearTimeout(timer)
        this.#job = undefined
      }
    })
    this.#turn = turn.catch(() => {})
    return turn
  }

  /** Its end was seen: whoever waits for a word about it is told, and after a stream, that the next word is script again. */
  #release(job: Job): void {
    const word = job.watched && !job.late ? 'ok\n' : ''
    const next = job.streamed ? `${this.nonce} ${job.id}${job.late ? ' late' : ''}\n` : ''
    if (this.#lost === undefined && word + next !== '') this.streams.stdin.write(word + next)
  }

  /** Has it looked whether the script's process is still there. No word after the last one: it would be run as a command. */
  #look(job: Job): void {
    if (job.watched && !job.late && job.ended.size < 2 && this.#lost === undefined) this.streams.stdin.write('look\n')
  }

  /** The deadline of a script has passed: who watches over it ends it, and if nobody does or it won't end, the shell is lost. */
  #pass(job: Job, deadline: number, timers: NodeJS.Timeout[]): void {
    if (this.#job !== job || job.ended.size === 2) return
    const reason = `no end after ${deadline} s`
    if (job.watched && this.#lost === undefined) {
      job.late = true
      this.streams.stdin.write('end\n')
      timers.push(setTimeout(() => this.lose(reason), endSeconds * 1000))
    } else this.lose(reason)
  }

  #outcome(job: Job, known: boolean, deadline: number): Outcome {
    const stderr = job.stderr.text()
    return {
      code: !job.late && job.whole && (known || job.ended.has('stdout')) ? job.code : null,
      stdout: job.stdout.text(),
      stderr: known ? stderr : `${stderr}${stderr && !stderr.endsWith('\n') ? '\n' : ''}plinth: ${this.#lost}`,
      cut: job.stdout.cut,
      resumed: job.resumed,
      ...(job.marks.has('first') && { first: Number(job.marks.get('first')) }),
      ...(known && job.late && { late: deadline }),
    }
  }

  /**
   * The bytes of a large input. They may only follow once the reader for them is up, or the shell would take them for
   * script; the reader is told that all has arrived, or it ends the script before that sees the end of its input.
   */
  async #send(job: Job, { bytes, chunks }: Stream): Promise<void> {
    const { stdin } = this.streams
    job.streamed = true
    job.whole = false
    if (!(await this.#until(job, () => job.marks.has('ready') || job.ended.size === 2))) return
    if (!job.marks.has('ready')) return this.lose('the script there ended before all of its input had come')
    const [script = '', around = '', there = ''] = job.marks.get('ready')?.split(' ') ?? []
    // Where the host could not say what is there the script ends with that error: it needs no input.
    const from = /^\d+$/.test(there) ? Number(there) : bytes
    const left = bytes - from
    if (left < 0) return this.lose(`the host has ${from} bytes of a file of ${bytes}`)
    job.resumed = from
    stdin.write(`${script} ${around} ${Math.floor(left / blockBytes)} ${left % blockBytes}\n`)
    let sent = 0
    try {
      for await (const chunk of left > 0 ? chunks(from) : []) {
        if (this.#lost !== undefined) return
        sent += chunk.length
        if (sent > left) break
        stdin.write(chunk, () => job.wake())
        if (!(await this.#until(job, () => stdin.writableLength < aheadBytes))) return
      }
    } catch (error) {
      return this.lose(`what was being sent can't be read (${error instanceof Error ? error.message : error})`)
    }
    if (sent !== left) return this.lose(`the file being sent is not ${bytes} bytes long any more`)
    if (!(await this.#until(job, () => job.marks.has('got') || job.ended.size === 2))) return
    if (!job.marks.has('got')) return this.lose('the script there ended before all of its input had come')
    job.whole = true
    stdin.write('go\n')
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
