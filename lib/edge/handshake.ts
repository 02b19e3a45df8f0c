/** From a stream of bytes to an sshd that knows who we are and whose key is the right one. */
import type { Duplex } from 'node:stream'
import { NodeSSH } from 'node-ssh'
import type { Client } from 'ssh2'
import { PlinthError } from '../core/error.ts'
import { algorithmsFor } from './algorithms.ts'
import { shortenLogin, type Told } from './fewer-trips.ts'
import type { Expectation } from './host-keys.ts'
import { Dropped } from './login-problems.ts'
import { Overheard } from './overheard.ts'
import type { Hop } from './route.ts'
import type { Login } from './ssh-login.ts'
import { connectionProblem, type Phase } from './ssh-problems.ts'

export interface Times {
  /** Seconds until the login must be done. */
  readonly loginSeconds: number
  readonly keepalive: { readonly seconds: number; readonly count: number }
}

export interface Opened {
  readonly client: Client
  /** What went wrong since, if anything did. */
  failure(): Error | undefined
}

/**
 * Exchanges keys with an sshd, verifies its host key and logs in.
 * @param stream the connection to it; it is closed when this fails
 * @param said the words of the program that the connection goes through, if it does
 * @throws PlinthError (exit code 3) that says by name what stood in the way; Dropped when it is worth another try
 */
export async function shakeHands(
  where: string,
  hop: Hop,
  stream: Duplex,
  expected: Expectation,
  login: Login,
  { loginSeconds, keepalive }: Times,
  said?: () => Promise<string>,
): Promise<Opened> {
  let phase: Phase = 'greeting'
  let refusal: PlinthError | undefined
  let failure: Error | undefined
  const overheard = new Overheard(stream)
  writeTogether(stream)
  let told: Told = () => {}
  const ssh = new NodeSSH()
  const ready = ssh.connect({
    sock: stream,
    username: hop.credentials.user,
    authHandler: (left, partial, next) =>
      login.handler(left, partial, (method) => {
        told(method)
        next(method)
      }),
    // ssh2 takes everything but a plain `false` for consent, the promise of an async function too: it gets a boolean.
    hostVerifier: (key: Buffer): boolean => {
      const problem = expected.problemWith(key)
      refusal = problem ?? undefined
      return problem === null
    },
    algorithms: algorithmsFor(hop.offer, expected.types),
    // ssh2's own clock would go on while a person types.
    readyTimeout: 0,
    keepaliveInterval: keepalive.seconds * 1000,
    keepaliveCountMax: keepalive.count,
  })
  // connect() makes the client before it waits for anything.
  const client = ssh.connection
  if (!client) throw new Error('node-ssh made no client')
  client.setMaxListeners(0)
  // node-ssh stops to listen for errors at "ready"; one that nobody hears ends the process.
  client.on('error', (error) => {
    failure ??= error
  })
  client.on('change password', login.passwordExpired)
  client.on('handshake', () => {
    phase = 'login'
    overheard.end()
  })
  const late = new Promise<never>((_, reject) => {
    login.deadline.start(loginSeconds, () => {
      failure ??= Object.assign(new Error('no end of the login'), { level: 'client-timeout' })
      // A stream through a jump host that does not answer any more never closes by itself.
      reject(failure)
    })
    client.once('close', () => reject(new Error('closed')))
  })
  try {
    told = shortenLogin(client, hop.offer.signatures)
    await Promise.race([ready, late])
    login.ended(null)
    return { client, failure: () => failure }
  } catch (error) {
    stream.destroy()
    const cause = failure ?? (error as Error)
    login.ended(cause)
    if (refusal) throw refusal
    if (error instanceof PlinthError) throw error
    if (phase === 'greeting' && overheard.identified) phase = 'keys'
    const problem = connectionProblem(where, cause, {
      phase,
      seconds: loginSeconds,
      user: hop.credentials.user,
      tried: login.tried,
      missed: hop.missed,
      greeting: overheard.greeting,
      offer: overheard.offer,
      ...(said && { program: await said() }),
    })
    // OpenSSH 10 has one greeting for a full house and for a penalty, and a call while one lasts does not lengthen it.
    const greeted = /MaxStartups|not allowed at this time/i
    const busy = overheard.greeting === '' ? !said : greeted.test(overheard.greeting)
    const dropped = login.waits || (busy && phase === 'greeting')
    throw dropped && !login.deadline.over
      ? new Dropped(problem.problems, problem.code)
      : (login.problemOf(cause) ?? problem)
  } finally {
    overheard.end()
  }
}

/** What ssh2 writes in small pieces within one turn of the event loop goes out as one: every piece costs a system call here, and wakes sshd there. */
function writeTogether(stream: Duplex): void {
  const write = stream.write.bind(stream)
  stream.write = (...piece: unknown[]): boolean => {
    if (stream.writableCorked === 0) {
      stream.cork()
      setImmediate(() => stream.uncork())
    }
    return write(...(piece as Parameters<typeof write>))
  }
}
