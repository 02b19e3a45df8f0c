/**
 * Is this the host it says it is? Strict: a key that is not plainly known, and may not plainly be added, is refused, and
 * so is every key when a file that may say something about it can't be read.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type PlinthError, unreachable } from '../core/error.ts'
import { makeFolder } from './folder.ts'
import { hostKeyProblem, type KeyRefusal } from './host-key-problems.ts'
import {
  hashedName,
  judge,
  KnownKeys,
  keyType,
  knownName,
  knownTypes,
  parseKnownHosts,
  rsaBits,
} from './known-hosts.ts'
import type { Hop, Trust } from './route.ts'
import { string, strings } from './wire.ts'

/** What is known of one host, before it shows a key. */
export interface Expectation {
  /** The types of its known keys: those to ask for first. */
  readonly types: readonly string[]
  /**
   * Why the key it shows is not accepted; null, and nothing else, is consent. It has to answer at once: ssh2 takes what
   * sshd has sent meanwhile for broken while it waits.
   */
  problemWith(key: Buffer): PlinthError | null
}

/** A file of known keys, and whether it is there at all. */
interface KnownFile {
  readonly there: boolean
  readonly keys: KnownKeys
}

/** All that is known of hosts' keys; each file is read once in a run. */
export class HostKeys {
  readonly #files = new Map<string, Promise<KnownFile>>()
  readonly #revoked = new Map<string, Promise<readonly Buffer[]>>()

  /**
   * What is known of a host.
   * @param where the host, for messages
   * @throws PlinthError (exit code 3) when a file can't be read, or there is nothing that could vouch for a host
   */
  async of(where: string, hop: Hop): Promise<Expectation> {
    const { address, port } = hop
    const { alias, acceptNew, rsaBits: least, revoked: list, files: names } = hop.trust
    const pins = hop.trust.pins.map((pin) => Buffer.from(pin.replace(/^\S+ /, ''), 'base64'))
    const files = await Promise.all(names.map((file) => this.#file(where, file)))
    if (!files.some(({ there }) => there) && pins.length === 0 && !acceptNew) throw noFile(where, names)
    const revoked = list === null ? [] : await this.#revokedIn(where, list)
    const added = acceptNew && (await this.#file(where, acceptNew.file))
    const name = knownName(address, port, alias ?? undefined)
    const fallback = alias === null && port !== 22 ? address : undefined
    const both = fallback === undefined ? [name] : [name, fallback]
    const known = () => [...new Set(both.flatMap((one) => files.flatMap(({ keys }) => keys.about(one))))]
    const refusal = (key: Buffer): KeyRefusal | null => {
      if (revoked.some((blob) => blob.equals(key))) return { kind: 'listed as revoked', file: list ?? '' }
      const bits = rsaBits(key)
      if (bits !== null && bits < least) return { kind: 'short', bits, least }
      const verdict = judge(known(), key, name, fallback)
      if (verdict.kind === 'revoked' || pins.length === 0) return verdict.kind === 'known' ? null : verdict
      return pins.some((pin) => pin.equals(key)) ? null : { kind: 'not pinned', pins }
    }
    return {
      types: pins.length > 0 ? pins.map(keyType) : knownTypes(known(), name, fallback),
      problemWith: (key) => {
        const problem = refusal(key)
        if (problem === null) return null
        if (problem.kind !== 'unknown' || !acceptNew || !added) return hostKeyProblem(where, hop, name, problem, key)
        return addKey(where, acceptNew, name, key, added.keys)
      },
    }
  }

  #file(where: string, file: string): Promise<KnownFile> {
    return remembered(this.#files, file, async () => {
      const text = await textOf(where, file, 'the known hosts')
      return { there: text !== null, keys: new KnownKeys(parseKnownHosts(text?.toString() ?? '', file)) }
    })
  }

  #revokedIn(where: string, file: string): Promise<readonly Buffer[]> {
    return remembered(this.#revoked, file, async () => {
      const text = await textOf(where, file, 'the revoked host keys')
      const unfit = (what: string): PlinthError =>
        unreachable({
          where,
          what,
          remedy: 'name a file with one public key a line as RevokedHostKeys, or take it out of the ssh configuration',
        })
      if (text === null) throw unfit(`the revoked host keys in ${file} are not there`)
      if (text.subarray(0, 6).equals(Buffer.from('SSHKRL')))
        throw unfit(`the revoked host keys in ${file} are a KRL, which only ssh can read`)
      const lines = text.toString().split('\n')
      return lines.flatMap((line, index) => {
        if (/^\s*(#|$)/.test(line)) return []
        const key = publicKeyIn(line)
        // What it was meant to revoke nobody knows: a line that is passed over would let that key in.
        if (key === null) throw unfit(`${file}:${index + 1}, of the revoked host keys, is no public key`)
        return [key]
      })
    })
  }
}

/**
 * Adds a line for a host that is new, as ssh would write it, and to what is known in this run. All at once: no other
 * host's key is looked at meanwhile.
 * @returns why it can't be added
 */
function addKey(
  where: string,
  { file, hashed }: NonNullable<Trust['acceptNew']>,
  name: string,
  key: Buffer,
  keys: KnownKeys,
): PlinthError | null {
  const line = `${hashed ? hashedName(name) : name} ${keyType(key)} ${key.toString('base64')}\n`
  try {
    makeFolder(dirname(file), 0o700)
    const open = existsSync(file) && /[^\n]$/.test(readFileSync(file, 'latin1'))
    // One write to the end: what another run adds at the same time does not get mixed up with it.
    appendFileSync(file, `${open ? '\n' : ''}${line}`, { mode: 0o600 })
  } catch (error) {
    return unreachable({
      where,
      what: `its new host key can't be added to ${file} (${codeOf(error)})`,
      remedy: 'see to the rights on that file and its folder, or to the space on the disk',
    })
  }
  for (const added of parseKnownHosts(line, file)) keys.add(name, added)
  return null
}

function remembered<T>(known: Map<string, Promise<T>>, key: string, find: () => Promise<T>): Promise<T> {
  const found = known.get(key) ?? find()
  known.set(key, found)
  return found
}

/** The key of a line `TYPE BASE64 COMMENT`; null unless it is whole, as ssh would have it. */
function publicKeyIn(line: string): Buffer | null {
  const [type, base64 = ''] = line.trim().split(/\s+/)
  const blob = Buffer.from(base64, 'base64')
  const parts = strings(blob)
  const whole = parts.length > 1 && Buffer.concat(parts.map(string)).equals(blob)
  return whole && keyType(blob) === type && blob.toString('base64') === base64 ? blob : null
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error)

/** The bytes of a file; null if it is not there. */
async function textOf(where: string, file: string, what: string): Promise<Buffer | null> {
  try {
    return await readFile(file)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw unreachable({
      where,
      what: `${what} in ${file} can't be read (${codeOf(error)}), and without them no host can be trusted`,
      remedy: 'see to the rights on that file, or take it out of the list',
    })
  }
}

const noFile = (where: string, files: readonly string[]): PlinthError =>
  unreachable({
    where,
    what: `there is no file with known host keys (${files.join(', ') || 'none is named'})`,
    remedy: "write the host's key to one of them, compared with what the host's own console shows",
  })
