/** A connection through a program (ProxyCommand): what it reads and writes is the connection. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Duplex } from 'node:stream'

export interface Proxy {
  readonly stream: Duplex
  /** The last of what the program has said on stderr, once it has ended; if it does not end, what it has said so far. */
  said(): Promise<string>
}

const kept = 2000
const lastWordsSeconds = 0.2

/** Starts the program as ssh does: by the user's shell, which gives way to it. */
export function throughProgram(command: string): Proxy {
  const program = spawn(process.env.SHELL || '/bin/sh', ['-c', `exec ${command}`], { stdio: 'pipe' })
  let words = ''
  program.stderr.on('data', (chunk: Buffer) => {
    words = `${words}${chunk}`.slice(-kept)
  })
  const stream = Duplex.from({ readable: program.stdout, writable: program.stdin })
  // Whoever uses the stream hears of its end; the reason is what the program said.
  for (const end of [stream, program, program.stdin]) end.on('error', () => stream.destroy())
  stream.on('close', () => program.kill())
  const ended = once(program, 'close').catch(() => {})
  const said = async (): Promise<string> => {
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, lastWordsSeconds * 1000))])
    return words.trim()
  }
  return { stream, said }
}
