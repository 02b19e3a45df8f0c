/**
 * What every login of ssh2 costs for nothing, and it has no switch for. First three waits: round trips, and on a far line a good
 * part of the time a machine takes to say that nothing is to be done.
 *
 * - The request to log in follows the request for that service at once, when sshd has said which signatures it takes
 *   (EXT_INFO, RFC 8308): it is answered in order, as RFC 4253 section 10 has it, and dropbear's client does the same.
 * - A key that signs without asking anyone signs at once, instead of asking first whether it would be welcome (RFC 4252
 *   section 7 leaves the choice): to sshd it is one attempt either way.
 * - What is written to a command goes out behind the request to start it (RFC 4254 section 6.5 has no order there).
 *   OpenSSH's sshd lets nothing be written before its answer, so there nothing is saved by it.
 *
 * And work: an sshd that tells all its host keys (hostkeys-00@openssh.com) is not asked to prove them, a signature with each for it
 * and a check of each for us. No key is kept that nobody asked to keep.
 *
 * They are made on ssh2's inner objects, which its version in package.json pins; a test counts the trips.
 */
import type { AnyAuthMethod, AuthenticationType, Client, ClientChannel, ParsedKey } from 'ssh2'

type Sign = (data: Buffer, done: (signature: Buffer) => void) => void
type Handler = (protocol: Protocol, ...rest: unknown[]) => void

interface Protocol {
  requestSuccess(): void
  authPK(user: string, key: ParsedKey | Buffer, algorithm?: string | Sign, sign?: Sign): void
  readonly _handlers: Record<'EXT_INFO' | 'GLOBAL_REQUEST' | 'SERVICE_ACCEPT' | 'USERAUTH_FAILURE', Handler>
}

interface Inside {
  readonly _protocol: Protocol
  readonly _chanMgr: { update(id: number, channel: unknown): void }
}

const inside = (client: Client): Inside => {
  const { _protocol, _chanMgr } = client as unknown as Inside
  const { EXT_INFO, GLOBAL_REQUEST, SERVICE_ACCEPT, USERAUTH_FAILURE } = _protocol._handlers
  const { authPK, requestSuccess } = _protocol
  const handlers = [EXT_INFO, GLOBAL_REQUEST, SERVICE_ACCEPT, USERAUTH_FAILURE]
  for (const part of [authPK, requestSuccess, _chanMgr.update, ...handlers])
    if (typeof part !== 'function') throw new Error('this version of ssh2 is not the one Plinth was made for')
  return { _protocol, _chanMgr }
}

/** What an agent given to ssh2 may have beside what ssh2 wants of it. */
export interface Eager {
  /** A signature before sshd was asked about the key; null for none, and the next attempt is under way then. */
  signAtOnce?(data: Buffer, hash: string | undefined): Promise<Buffer | null>
  /** sshd has accepted that signature as one of several things it wants. */
  accepted(): void
  /** The key was not offered: the only algorithm that sshd takes it with is not allowed. */
  barred(algorithm: string): void
}

/** To be told of each attempt before ssh2 makes it. */
export type Told = (method: AnyAuthMethod | AuthenticationType) => void

/**
 * Shortens the login of a client that is connecting.
 * @param signatures the algorithms that the user's keys may sign with: SHA-1 (`ssh-rsa`) must not be among them
 */
export function shortenLogin(client: Client, signatures: readonly string[]): Told {
  const { _protocol: protocol } = inside(client)
  const handlers = protocol._handlers
  let current: Partial<Eager> | undefined
  let signed = false
  let left: unknown = null
  let begun = false

  const { EXT_INFO, GLOBAL_REQUEST, SERVICE_ACCEPT, USERAUTH_FAILURE } = handlers
  handlers.GLOBAL_REQUEST = (_, name, wantsReply, ...rest) => {
    if (name !== 'hostkeys-00@openssh.com') GLOBAL_REQUEST(protocol, name, wantsReply, ...rest)
    else if (wantsReply === true) protocol.requestSuccess()
  }
  handlers.EXT_INFO = (...message) => {
    EXT_INFO(...message)
    handlers.SERVICE_ACCEPT(protocol, 'ssh-userauth')
  }
  handlers.SERVICE_ACCEPT = (...message) => {
    if (begun) return
    begun = true
    SERVICE_ACCEPT(...message)
  }
  handlers.USERAUTH_FAILURE = (_, methods, partial) => {
    left = methods
    if (signed && partial === true) current?.accepted?.()
    signed = false
    USERAUTH_FAILURE(protocol, methods, partial)
  }
  const send = protocol.authPK.bind(protocol)
  protocol.authPK = (user, key, algorithm, sign) => {
    const type = typeof algorithm === 'string' ? algorithm : typeOf(key)
    if (!signatures.includes(type)) {
      current?.barred?.(type)
      // As if sshd had refused it, which is what ssh2 waits for.
      setImmediate(() => handlers.USERAUTH_FAILURE(protocol, left, false))
    } else if (!sign && typeof algorithm !== 'function' && current?.signAtOnce) {
      const { signAtOnce } = current
      send(user, key, type, (data, done) => {
        void signAtOnce(data, hashes[type]).then((signature) => {
          if (!signature) return
          signed = true
          done(signature)
        })
      })
    } else send(user, key, algorithm, sign)
  }
  return (method) => {
    const agent = typeof method === 'object' && method.type === 'agent' ? method.agent : undefined
    current = typeof agent === 'object' ? (agent as Partial<Eager>) : undefined
    signed = false
  }
}

const hashes: Readonly<Record<string, string>> = {
  'ssh-rsa': 'sha1',
  'rsa-sha2-256': 'sha256',
  'rsa-sha2-512': 'sha512',
}

const typeOf = (key: ParsedKey | Buffer): string =>
  Buffer.isBuffer(key) ? key.toString('latin1', 4, 4 + key.readUInt32BE(0)) : key.type

/**
 * Starts a command; its channel is there as soon as sshd has opened it, and what is written to it follows the request.
 * @param failed called when sshd then starts nothing
 */
export function execAtOnce(client: Client, command: string, failed: (error: Error) => void): Promise<ClientChannel> {
  const { _chanMgr: channels } = inside(client)
  return new Promise((resolve, reject) => {
    const { update } = channels
    channels.update = (id, channel) => {
      channels.update = update
      update.call(channels, id, channel)
      resolve(channel as ClientChannel)
    }
    client.exec(command, (error) => {
      if (!error) return
      reject(error)
      failed(error)
    })
  })
}
