/**
 * A program of this machine, and what it prints. It is over when it has ended: what it leaves running (a shared ssh
 * connection, an agent) may hold its streams open for ever, and is neither waited for nor ended.
 */
import { spawn } from 'node:child_process'

/** What came of a program. */
export interface Ran {
  /** Why it could not be started; null when it was. */
  readonly error: NodeJS.ErrnoException | null
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Why it was ended from here. */
  readonly stopped: 'late' | 'large' | null
  readonly output: Buffer
  /** The end of what it said on stderr. */
  readonly said: string
}

export interface Limits {
  /** Seconds until it is ended. */
  readonly seconds: number
  /** Bytes that it may print. */
  readonly largest: number
  /** It is a process group of its own, away from the terminal, so that what it started ends with it when it is ended from here. */
  readonly alone: boolean
  /** It reads what this process would read; otherwise nothing. */
  readonly input?: boolean
}

/** Milliseconds for what an ended program has printed: a pipe holds it, and it only needs to be read. */
const rest = 500

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

/** Runs a program, and says what came of it; that is never an error here. */
export function runProgram(
  path: string,
  words: readonly string[],
  { seconds, largest, alone, input = false }: Limits,
): Promise<Ran> {
  return new Promise((done) => {
    const child = spawn(path, words, { stdio: [input ? 'inherit' : 'ignore', 'pipe', 'pipe'], detached: alone })
    const release = alone && child.pid !== undefined ? bound(child.pid) : (): void => {}
    const chunks: Buffer[] = []
    let size = 0
    let said = ''
    let stopped: Ran['stopped'] = null
    let late: NodeJS.Timeout | undefined
    const over = (code: number | null, signal: NodeJS.Signals | null, error: NodeJS.ErrnoException | null): void => {
      clearTimeout(timer)
      clearTimeout(late)
      release()
      done({ error, code, signal, stopped, output: Buffer.concat(chunks), said })
    }
    const stop = (why: 'late' | 'large'): void => {
      stopped = why
      if (alone && child.pid !== undefined) endGroup(child.pid)
      else child.kill('SIGKILL')
    }
    const timer = setTimeout(stop, seconds * 1000, 'late')
    child.stdout?.on('data', (chunk: Buffer) => {
      if (stopped !== null) return
      chunks.push(chunk)
      size += chunk.length
      if (size > largest) stop('large')
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(-4000)
    })
    child.on('error', (error) => over(null, null, error))
    child.on('exit', () => {
      clearTimeout(timer)
      const leave = (): void => {
        child.stdout?.destroy()
        child.stderr?.destroy()
      }
      // Not before what has come meanwhile was read, should this process have been busy.
      late = setTimeout(() => setImmediate(leave), rest)
    })
    child.on('close', (code, signal) => over(code, signal, null))
  })
}
