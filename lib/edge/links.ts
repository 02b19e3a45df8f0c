/**
 * Logged-in connections, one after the other along a route. A jump host is logged in to once, however many machines are
 * behind it, and never more than a few logins are under way at one sshd: it drops those beyond its MaxStartups, and
 * punishes addresses that come too often.
 */
import { once as event } from 'node:events'
import net from 'node:net'
import type { Duplex } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Client } from 'ssh2'
import { unreachable } from '../core/error.ts'
import { once } from '../core/once.ts'
import { Gate } from './gate.ts'
import { HostKeys } from './host-keys.ts'
import { Dropped, WantsPassword } from './login-problems.ts'
import { Packets } from './packets.ts'
import { throughProgram } from './proxy-command.ts'
import type { Hop } from './route.ts'
import { loginOf } from './ssh-login.ts'
import { connectionProblem, lossOf } from './ssh-problems.ts'
import type { Asker } from './terminal.ts'
import { FarError, openTunnel } from './tunnel.ts'

export interface LinkOptions {
  /** Seconds until TCP must be connected, where the configuration does not say. Default 10. */
  readonly connectSeconds?: number
  /** Seconds until the login must be done after that. Default 20. */
  readonly loginSeconds?: number
  /** Seconds between signs of life, where the configuration does not say; after three without an answer the connection counts as lost. Default 5. */
  readonly keepaliveSeconds?: number
}

/** A connection that is logged in. */
export interface Link {
  readonly client: Client
  /** `NAME (USER@ADDRESS:PORT)`, with the jump host before it. */
  readonly where: string
  /** Calls back once, with the reason, when the connection is lost. */
  onLoss(lost: (reason: string) => void): void
  /** Takes leave and closes; what was written before still goes out. */
  hangUp(): void
}

/** A jump host, and how many connections go through it. */
interface Jump {
  readonly link: Promise<Link>
  users: number
}

/** The last hop before another, while that one is connected. */
interface Lease {
  readonly link: Link
  readonly name: string
  release(): void
}

const loginsAtOnce = 8
/** Seconds before each new try at a host that was too busy; every one is drawn anew from half to one and a half of it. */
const pauses = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2]
const farewellSeconds = 0.2

/** Loading ssh2 takes a while, and sshd as long to be ready for a connection: the one is done while the other is. */
const handshake = once(async () => {
  // Connections that were asked for in this turn of the loop are made at its end.
  await nextTurn()
  return import('./handshake.ts')
})

/** The connections of a run. */
export class Links {
  readonly #asker: Asker
  readonly #hostKeys = new HostKeys()
  readonly #packets = new Packets()
  readonly #gates = new Map<string, Gate>()
  readonly #jumps = new Map<string, Jump>()
  #closed = false

  /** @param asker one for a whole run: what was asked once is remembered with it */
  constructor(asker: Asker) {
    this.#asker = asker
  }

  /**
   * Connects along `hops`, verifying and logging in at each of them.
   * @throws PlinthError (exit code 3) that says by name what stood in the way, and at which hop
   */
  async open(hops: readonly Hop[], options: LinkOptions = {}): Promise<Link> {
    const hop = hops.at(-1)
    if (!hop) throw new Error('a route without a hop')
    const lease = await this.#through(hops.slice(0, -1), options)
    try {
      return await this.#letIn(hop, lease, options)
    } catch (error) {
      lease?.release()
      throw error
    }
  }

  /**
   * Takes leave of the jump hosts, each once nobody uses it any more. Until then they stay: machines come one after the
   * other, and each new login at a jump host would ask for the second factor again.
   */
  close(): void {
    this.#closed = true
    for (const jump of this.#jumps.values())
      if (jump.users === 0) jump.link.then((link) => link.hangUp()).catch(() => {})
  }

  /** The connection that the next hop goes through: shared, and opened once. */
  async #through(hops: readonly Hop[], options: LinkOptions): Promise<Lease | null> {
    const hop = hops.at(-1)
    if (!hop) return null
    const key = JSON.stringify(hops)
    const jump = this.#jumps.get(key) ?? { link: this.open(hops, options), users: 0 }
    if (!this.#jumps.has(key)) {
      this.#jumps.set(key, jump)
      const forget = (): void => {
        if (this.#jumps.get(key) === jump) this.#jumps.delete(key)
      }
      // One that failed stays: every machine behind it would only be refused again.
      jump.link.then((link) => link.onLoss(forget)).catch(() => {})
    }
    jump.users++
    const link = await jump.link
    const release = (): void => {
      jump.users--
      if (jump.users === 0 && this.#closed) link.hangUp()
    }
    return { link, name: hop.name, release }
  }

  /**
   * A jump host that lets no key in may take a password: a person is asked for it, once, for nothing else can give it.
   * Where nobody answers it stays refused.
   */
  async #letIn(hop: Hop, lease: Lease | null, options: LinkOptions): Promise<Link> {
    try {
      return await this.#logIn(hop, lease, options)
    } catch (error) {
      if (!hop.credentials.jump || !(error instanceof WantsPassword)) throw error
      const password = await this.#asker.secret(`${error.problems[0]?.where}: password: `).catch(() => {
        throw error
      })
      return this.#logIn({ ...hop, credentials: { ...hop.credentials, password } }, lease, options)
    }
  }

  /** Waits for its turn at that sshd, and tries again for as long as it is only busy. */
  async #logIn(hop: Hop, lease: Lease | null, options: LinkOptions): Promise<Link> {
    const sshd = JSON.stringify([lease?.link.where, hop.address, hop.port])
    const gate = this.#gates.get(sshd) ?? new Gate(loginsAtOnce)
    this.#gates.set(sshd, gate)
    for (const pause of [...pauses, null]) {
      await gate.enter()
      const width = gate.wide
      try {
        return await this.#attempt(hop, lease, options)
      } catch (error) {
        if (pause === null || !(error instanceof Dropped)) throw error
        gate.narrow(width)
      } finally {
        gate.leave()
      }
      await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random()) * 1000))
    }
    throw new Error('no pause left, and no error')
  }

  async #attempt(hop: Hop, lease: Lease | null, options: LinkOptions): Promise<Link> {
    const { loginSeconds = 20, keepaliveSeconds = 5 } = options
    const { address, port, credentials } = hop
    const shown = `${address.includes(':') ? `[${address}]` : address}:${port}`
    const where = `${hop.name} (${credentials.user}@${shown}${lease ? ` through ${lease.name}` : ''})`
    const expected = await this.#hostKeys.of(where, hop)
    const login = await loginOf(where, credentials, this.#asker)
    const connectSeconds = hop.connectSeconds ?? options.connectSeconds ?? 10
    const command = lease ? null : hop.proxyCommand
    const connecting = lease
      ? tunnelTo(where, hop, lease, connectSeconds)
      : command === null
        ? connectTcp(where, hop, connectSeconds)
        : null
    const [connected, { shakeHands }] = await Promise.all([connecting, handshake()])
    // Not before: what it says first, or its end, would be heard by nobody.
    const program = command === null ? null : throughProgram(command)
    const stream = program?.stream ?? connected
    if (!stream) throw new Error('a hop without a way to it')
    const keepalive = hop.keepalive ?? { seconds: keepaliveSeconds, count: 3 }
    const times = { loginSeconds: Math.max(loginSeconds, hop.connectSeconds ?? 0), keepalive }
    stream.resume()
    const { client, failure } = await shakeHands(where, hop, stream, expected, login, times, program?.said)
    // What goes to a program may not be sent yet when it is said to be written: Node's join of its two ends calls back before.
    if (!program) this.#packets.serve(client, stream)
    return linkOver(client, failure, stream, where, lease)
  }
}

function linkOver(
  client: Client,
  failure: () => Error | undefined,
  stream: Duplex,
  where: string,
  lease: Lease | null,
): Link {
  let reason: string | undefined
  const told: ((reason: string) => void)[] = []
  const lose = (what: string): void => {
    if (reason !== undefined) return
    reason = what
    for (const tell of told) tell(what)
    lease?.release()
  }
  client.on('error', (error) => lose(lossOf(error)))
  client.on('close', () => {
    const error = failure()
    lose(error ? lossOf(error) : 'the host closed the connection')
  })
  lease?.link.onLoss((why) => lose(`the way through ${lease.name} is gone: ${why}`))
  return {
    client,
    where,
    onLoss: (lost) => {
      if (reason === undefined) told.push(lost)
      else lost(reason)
    },
    hangUp() {
      client.end()
      // A host that does not answer any more takes no farewell.
      const close = setTimeout(() => stream.destroy(), farewellSeconds * 1000)
      stream.once('finish', () => {
        clearTimeout(close)
        stream.destroy()
      })
      lose('it was closed')
    },
  }
}

async function connectTcp(where: string, { address, port, family, from }: Hop, seconds: number): Promise<net.Socket> {
  const socket = net.connect({
    host: address,
    port,
    family,
    ...(from !== null && { localAddress: from }),
    noDelay: true,
    autoSelectFamilyAttemptTimeout: 2000,
  })
  socket.on('error', () => {})
  // An end that comes before anybody listens would be heard by nobody.
  socket.pause()
  const timeout = AbortSignal.timeout(seconds * 1000)
  try {
    await event(socket, 'connect', { signal: timeout })
    return socket
  } catch (error) {
    socket.destroy()
    const failure = timeout.aborted ? Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }) : (error as Error)
    throw connectionProblem(where, failure, { phase: 'connect', seconds })
  }
}

/** The connection from a jump host to the next hop, which the jump host looks up by its name. */
async function tunnelTo(where: string, { address, port }: Hop, lease: Lease, seconds: number): Promise<Duplex> {
  try {
    return await openTunnel(lease.link.client, lease.name, address, port, seconds)
  } catch (error) {
    if (!(error instanceof FarError)) throw error
    throw unreachable(...error.problems.map(({ what, remedy }) => ({ where, what, remedy })))
  }
}
