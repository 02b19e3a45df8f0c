/**
 * Talking to an SSH agent over its socket: which keys it holds, and a signature by one of them
 * (draft-ietf-sshm-ssh-agent). ssh2's own agent passes over what it can't parse; here nothing is lost.
 */
import { once } from 'node:events'
import net from 'node:net'
import { string, strings } from './wire.ts'

/** A key the agent holds: its public half in wire format, and the words that stand beside it. */
export interface AgentKey {
  /** The agent's socket. */
  readonly socket: string
  readonly blob: Buffer
  readonly comment: string
}

const message = { failure: 5, list: 11, keys: 12, sign: 13, signature: 14 } as const
/** Bits of a request to sign that ask an RSA key for SHA-2. */
const flags: Readonly<Record<string, number>> = { sha256: 2, sha512: 4 }
const listSeconds = 5
const longestAnswer = 1024 * 1024

/**
 * The keys an agent holds, in its order.
 * @param socket the path of its socket
 * @throws Error that says in words why it gave none: no agent there, no right to it, no answer
 */
export async function agentKeys(socket: string): Promise<readonly AgentKey[]> {
  const [type, body] = await request(socket, Buffer.from([message.list]), AbortSignal.timeout(listSeconds * 1000))
  if (type !== message.keys || body.length < 4) throw new Error('does not show its keys')
  const fields = strings(body.subarray(4))
  return fields.flatMap((blob, index) =>
    index % 2 === 0 ? [{ socket, blob, comment: fields[index + 1]?.toString() ?? '' }] : [],
  )
}

/**
 * A signature over `data`, as bare as ssh2 wants it.
 * @param hash what an RSA key is to use: sha256 or sha512
 * @param signal ends the wait: an agent may ask a person first
 * @throws Error when the agent refuses (locked, a confirmation denied, the key gone), or does not answer
 */
export async function agentSignature(
  { socket, blob }: AgentKey,
  data: Buffer,
  hash: string | undefined,
  signal?: AbortSignal,
): Promise<Buffer> {
  const bits = Buffer.alloc(4)
  bits.writeUInt32BE(flags[hash ?? ''] ?? 0)
  const [type, body] = await request(
    socket,
    Buffer.concat([Buffer.from([message.sign]), string(blob), string(data), bits]),
    signal,
  )
  if (type !== message.signature) throw new Error('refused to sign')
  const [, bare] = strings(strings(body)[0] ?? Buffer.alloc(0))
  if (!bare) throw new Error('gave no signature')
  return bare
}

/** One request and its answer on a connection of its own: the number of the message, and what follows it. */
async function request(path: string, text: Buffer, signal?: AbortSignal): Promise<[type: number, body: Buffer]> {
  const socket = net.connect(path)
  try {
    await once(socket, 'connect', { signal })
    socket.write(string(text))
    let answer = Buffer.alloc(0)
    const complete = (): boolean => answer.length >= 5 && answer.length >= 4 + answer.readUInt32BE(0)
    while (!complete()) {
      const [chunk] = (await Promise.race([
        once(socket, 'data', { signal }),
        once(socket, 'end', { signal }).then(() => [undefined]),
      ])) as [Buffer | undefined]
      if (!chunk || answer.length > longestAnswer) throw new Error('hung up')
      answer = Buffer.concat([answer, chunk])
    }
    return [answer[4] ?? 0, answer.subarray(5, 4 + answer.readUInt32BE(0))]
  } catch (error) {
    const { code, name, message: text } = error as NodeJS.ErrnoException
    if (name === 'AbortError') throw new Error('does not answer')
    throw new Error(code === undefined ? text : (reasons[code] ?? `can't be reached (${code})`))
  } finally {
    socket.destroy()
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'is not there (no such socket)',
  ECONNREFUSED: 'is dead (nobody listens on its socket)',
  EACCES: 'belongs to another user',
  ENOTSOCK: 'is not there (no such socket)',
}
