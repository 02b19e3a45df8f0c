/** The keys to offer for a login, in order, and how each of them signs: by its file, or through the agent. */

import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { PlinthError, unreachable } from '../core/error.ts'
import { remember } from '../core/remember.ts'
import { impossible, type KeyFile, publicKeyIn, readKeyFile, type SigningKey } from './key-file.ts'
import { fingerprint } from './known-hosts.ts'
import { type AgentKey, agentKeys, agentSignature } from './ssh-agent.ts'
import type { Asker } from './terminal.ts'

/** A key to offer. */
export interface Identity {
  /** Its file, or what the agent calls it. */
  readonly name: string
  readonly held: 'file' | 'agent'
  /** Whether it signs without a person. */
  readonly ready: boolean
  /** The public half in wire format; null when the passphrase must be known first. */
  readonly blob: Buffer | null
  /** The public half in any case. Throws Error with the reason when the passphrase is not to be had. */
  reveal(): Promise<Buffer>
  /** Throws Error with the reason when it can't sign: no passphrase, or the agent refuses. */
  sign(data: Buffer, hash: string | undefined): Promise<Buffer>
}

export interface Offer {
  readonly identities: readonly Identity[]
  /** What was found and can't be offered, each with its reason. */
  readonly passedOver: readonly string[]
}

export interface Sources {
  readonly keyFiles: readonly string[]
  readonly named: boolean
  readonly identitiesOnly: boolean
  readonly agent: string | null
}

/** A key that is being opened, or was: its passphrase may have to be asked for. */
interface Opening {
  readonly key: Promise<SigningKey>
  /** The logins that wait for it. */
  readonly waiting: Set<AbortSignal>
  /** Aborted once none does. */
  readonly forNobody: AbortController
}

/** What one run has read and asked, so that it does neither twice however many hosts want the same key. */
export class KeyRing {
  readonly #files = new Map<string, Promise<KeyFile>>()
  readonly #opened = new Map<string, Opening>()
  readonly #agents = new Map<string, Promise<readonly AgentKey[]>>()

  readonly #asker: Asker

  constructor(asker: Asker) {
    this.#asker = asker
  }

  file(path: string): Promise<KeyFile> {
    return remember(this.#files, path, () => readKeyFile(path))
  }

  agent(socket: string): Promise<readonly AgentKey[]> {
    return remember(this.#agents, socket, () => agentKeys(socket))
  }

  /**
   * The key of a file; whoever wants it first asks for its passphrase, the others wait for the same answer. A question for
   * which none of them waits any more is taken back, and is asked again for the next.
   * @param gone aborted when the login that wants the key is over
   */
  async open(file: KeyFile, gone: AbortSignal): Promise<SigningKey> {
    gone.throwIfAborted()
    const opening = this.#opened.get(file.path) ?? this.#opening(file)
    const { key, waiting, forNobody } = opening
    const leave = (): void => {
      waiting.delete(gone)
      if (waiting.size > 0) return
      this.#opened.delete(file.path)
      forNobody.abort()
    }
    waiting.add(gone)
    gone.addEventListener('abort', leave, { once: true })
    try {
      return await key
    } finally {
      gone.removeEventListener('abort', leave)
    }
  }

  #opening(file: KeyFile): Opening {
    const forNobody = new AbortController()
    const opening = { key: this.#key(file, forNobody.signal), waiting: new Set<AbortSignal>(), forNobody }
    this.#opened.set(file.path, opening)
    return opening
  }

  async #key(file: KeyFile, forNobody: AbortSignal): Promise<SigningKey> {
    if (!file.encrypted) return file.open()
    const otherwise = { where: file.path, remedy: `load it into an agent: ssh-add ${file.path}` }
    for (const again of ['', 'That is not it. ', 'That is not it. ']) {
      const question = `${again}Passphrase for ${file.path}: `
      const passphrase = await this.#asker.secret(question, otherwise, forNobody).catch((error) => {
        throw new Error(`it needs a passphrase${error instanceof PlinthError ? `, and ${reasonOf(error)}` : ''}`)
      })
      if (passphrase.reveal() === '') throw new Error('its passphrase was not given')
      try {
        return await file.open(passphrase.reveal())
      } catch {}
    }
    throw new Error('three times a wrong passphrase')
  }
}

const reasonOf = (error: PlinthError): string => error.problems[0]?.what ?? error.message

/**
 * The keys to offer: those of the files in their order, then the agent's others, then those that show even their public
 * half only to who knows the passphrase. A key that is named stands alone.
 * @param where the machine, for messages
 * @param gone aborted when the login is over: nobody is asked for a passphrase for it any more
 * @throws PlinthError when the named key can't be used
 */
export async function identitiesOf(where: string, sources: Sources, ring: KeyRing, gone: AbortSignal): Promise<Offer> {
  const passedOver: string[] = []
  const held = await heldBy(sources.agent, ring, passedOver)
  const ofFiles: Identity[] = []
  for (const path of sources.keyFiles) {
    try {
      ofFiles.push(await identityOf(path, held, ring, gone))
      if (existsSync(`${path}-cert.pub`)) passedOver.push(`${path}-cert.pub (certificates can't be used here)`)
    } catch (error) {
      const { message, code } = error as NodeJS.ErrnoException
      if (sources.named) throw keyProblem(where, path, message)
      if (code !== 'ENOENT') passedOver.push(`${path} (${message})`)
    }
  }
  const offered = ofFiles.filter(({ blob }) => blob !== null)
  if (!sources.named && !sources.identitiesOnly) {
    for (const key of held) {
      const reason = impossible(key.blob)
      if (reason !== null) passedOver.push(`${nameOf(key)} (${reason})`)
      else if (!offered.some(({ blob }) => blob?.equals(key.blob))) offered.push(ofAgent(nameOf(key), key))
    }
  }
  return { identities: [...offered, ...ofFiles.filter(({ blob }) => blob === null)], passedOver }
}

const nameOf = ({ blob, comment }: AgentKey): string => `the agent's ${comment || fingerprint(blob)}`

async function heldBy(agent: string | null, ring: KeyRing, passedOver: string[]): Promise<readonly AgentKey[]> {
  if (agent === null) return []
  try {
    const keys = await ring.agent(agent)
    if (keys.length === 0) passedOver.push('the agent (it shows no keys: ssh-add one, or unlock it with ssh-add -X)')
    return keys
  } catch (error) {
    passedOver.push(`the agent, which ${(error as Error).message}: ${agent}`)
    return []
  }
}

/** The key of a file, or of the agent when the file holds only its public half. */
async function identityOf(
  path: string,
  held: readonly AgentKey[],
  ring: KeyRing,
  gone: AbortSignal,
): Promise<Identity> {
  const heldAs = (blob: Buffer | null): AgentKey | undefined => held.find((key) => blob?.equals(key.blob))
  let file: KeyFile
  try {
    file = await ring.file(path)
  } catch (error) {
    const key = heldAs((await publicKeyAt(path)) ?? (await publicKeyAt(`${path}.pub`)))
    if (!key || impossible(key.blob) !== null) throw error
    return ofAgent(path, key)
  }
  const byAgent = file.encrypted ? heldAs(file.blob) : undefined
  const byFile: Identity = {
    name: path,
    held: 'file',
    ready: !file.encrypted,
    blob: file.blob,
    reveal: async () => file.blob ?? (await ring.open(file, gone)).blob,
    sign: async (data, hash) => (await ring.open(file, gone)).sign(data, hash),
  }
  if (!byAgent) return byFile
  const through = ofAgent(path, byAgent)
  return { ...byFile, sign: (data, hash) => through.sign(data, hash).catch(() => byFile.sign(data, hash)) }
}

const publicKeyAt = async (path: string): Promise<Buffer | null> =>
  publicKeyIn(await readFile(path, 'utf8').catch(() => ''))

/** Seconds; an agent may ask a person whether it may sign. */
const signSeconds = 60

const ofAgent = (name: string, key: AgentKey): Identity => ({
  name,
  held: 'agent',
  ready: false,
  blob: key.blob,
  reveal: async () => key.blob,
  sign: (data, hash) =>
    agentSignature(key, data, hash, AbortSignal.timeout(signSeconds * 1000)).catch((error: Error) => {
      throw new Error(`the agent ${error.message}`)
    }),
})

/** A key that was named and can't be used. */
export function keyProblem(where: string, path: string, reason: string): PlinthError {
  return unreachable({
    where,
    what: `the key ${path} can't be used: ${reason}`,
    remedy: /passphrase/.test(reason)
      ? `load it into an agent (ssh-add ${path}), or run it on a terminal`
      : 'name a private key that this user can read',
  })
}
