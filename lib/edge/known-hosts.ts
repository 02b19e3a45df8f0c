/**
 * OpenSSH's known_hosts, as sshd(8) "SSH_KNOWN_HOSTS FILE FORMAT" has it: several files, plain and hashed names,
 * `[host]:port`, the patterns `*`, `?` and `!`, and the markers @revoked and @cert-authority. Pure.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { strings } from './wire.ts'

export interface KnownKey {
  readonly marker: 'none' | 'revoked' | 'cert-authority'
  /** The names of the line, as they stand there. */
  readonly hosts: string
  /** `ssh-ed25519`, `ssh-rsa`, … */
  readonly type: string
  /** The public key in SSH's wire format. */
  readonly blob: Buffer
  /** `FILE:LINE`, for messages. */
  readonly where: string
}

/** What the files say of one host's key. */
export type Verdict =
  | { readonly kind: 'known'; readonly by: KnownKey }
  | { readonly kind: 'changed'; readonly known: readonly KnownKey[] }
  | { readonly kind: 'revoked'; readonly by: KnownKey }
  /** Only certificate authorities vouch for the host, and host certificates can't be checked here. */
  | { readonly kind: 'authority'; readonly by: KnownKey }
  | { readonly kind: 'unknown' }

const markers: Readonly<Record<string, KnownKey['marker']>> = {
  '@revoked': 'revoked',
  '@cert-authority': 'cert-authority',
}

/** The keys of one file's text. Lines that hold no key (comments, broken ones, unknown markers) vouch for nothing. */
export function parseKnownHosts(text: string, file: string): KnownKey[] {
  return text.split('\n').flatMap((line, index) => {
    const words = line.trim().split(/[ \t]+/)
    const marked = words[0]?.startsWith('@') ? words.shift() : undefined
    const marker = marked === undefined ? 'none' : markers[marked]
    const [hosts = '', type = '', base64 = ''] = words
    if (!marker || type === '' || hosts.startsWith('#')) return []
    const blob = Buffer.from(base64, 'base64')
    return keyType(blob) === type ? [{ marker, hosts, type, blob, where: `${file}:${index + 1}` }] : []
  })
}

/** The type a public key in wire format says it has (RFC 4253 section 6.6); the empty string if it is not one. */
export function keyType(blob: Buffer): string {
  if (blob.length < 4) return ''
  const length = blob.readUInt32BE(0)
  return length <= blob.length - 4 ? blob.toString('latin1', 4, 4 + length) : ''
}

/** `SHA256:…` as ssh-keygen and ssh print it. */
export const fingerprint = (blob: Buffer): string =>
  `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`

/** The length of an RSA key in bits; null for a key of another kind. */
export function rsaBits(blob: Buffer): number | null {
  const [type, , modulus] = strings(blob)
  if (type?.toString('latin1') !== 'ssh-rsa' || !modulus) return null
  const first = modulus.findIndex((byte) => byte !== 0)
  return first < 0 ? 0 : (modulus.length - first) * 8 - Math.clz32(modulus[first] ?? 0) + 24
}

/** The keys of a file, found by name without looking at every line for every host. */
export class KnownKeys {
  readonly #named = new Map<string, KnownKey[]>()
  readonly #patterns: KnownKey[] = []
  /** Lines with a hashed name that nobody has asked for yet: each costs a hash per question. */
  #hashed: KnownKey[] = []
  readonly #looked = new Set<string>()

  constructor(keys: readonly KnownKey[] = []) {
    for (const key of keys) {
      if (key.hosts.startsWith('|')) this.#hashed.push(key)
      else if (/[*?!]/.test(key.hosts)) this.#patterns.push(key)
      else for (const name of key.hosts.toLowerCase().split(',')) this.add(name, key)
    }
  }

  /** Takes a key for known under a name. */
  add(name: string, key: KnownKey): void {
    const known = this.#named.get(name.toLowerCase())
    if (known) known.push(key)
    else this.#named.set(name.toLowerCase(), [key])
  }

  /** Those whose line covers the name. */
  about(name: string): readonly KnownKey[] {
    if (!this.#looked.has(name)) {
      this.#looked.add(name)
      const found = this.#hashed.filter(({ hosts }) => matches(hosts, name))
      for (const key of found) this.add(name, key)
      if (found.length > 0) this.#hashed = this.#hashed.filter((key) => !found.includes(key))
    }
    return [
      ...(this.#named.get(name.toLowerCase()) ?? []),
      ...this.#patterns.filter(({ hosts }) => matches(hosts, name)),
    ]
  }
}

/** A name as it stands in a file with `HashKnownHosts yes`: only who knows it finds it. */
export function hashedName(name: string, salt = randomBytes(20)): string {
  const hash = createHmac('sha1', salt).update(name.toLowerCase()).digest()
  return `|1|${salt.toString('base64')}|${hash.toString('base64')}`
}

/** The name a host is looked up by: the alias as it is, else the address, with its port unless that is 22. */
export const knownName = (address: string, port: number, alias?: string): string =>
  alias ?? (port === 22 ? address : `[${address}]:${port}`)

/**
 * The types of key that are known for a host, in the files' order: those to ask the host for first.
 * @param fallback counts as in `judge`: what another sshd at that address shows says nothing of one that is known itself
 */
export function knownTypes(keys: readonly KnownKey[], name: string, fallback?: string): string[] {
  const of = (host: string): KnownKey[] => keys.filter((key) => key.marker === 'none' && matches(key.hosts, host))
  const own = of(name)
  const found = own.length > 0 || fallback === undefined ? own : of(fallback)
  return [...new Set(found.map((key) => key.type))]
}

/**
 * What the files say when `blob` is presented by a host of that name.
 * @param fallback the address without its port: as with ssh, a key known under it counts when the name has none of its own
 */
export function judge(keys: readonly KnownKey[], blob: Buffer, name: string, fallback?: string): Verdict {
  const names = fallback === undefined ? [name] : [name, fallback]
  const same = (key: KnownKey): boolean => key.blob.equals(blob)
  const of = (marker: KnownKey['marker'], host: string): KnownKey[] =>
    keys.filter((key) => key.marker === marker && matches(key.hosts, host))

  const revoked = names.flatMap((host) => of('revoked', host)).find(same)
  if (revoked) return { kind: 'revoked', by: revoked }
  const own = of('none', name)
  const known = (own.length > 0 ? own : names.flatMap((host) => of('none', host))).find(same)
  if (known) return { kind: 'known', by: known }
  if (own.length > 0) return { kind: 'changed', known: own }
  const authority = names.flatMap((host) => of('cert-authority', host))[0]
  return authority ? { kind: 'authority', by: authority } : { kind: 'unknown' }
}

/** Whether a line's host field covers a name; a negated pattern that matches rules the whole line out. */
export function matches(hosts: string, name: string): boolean {
  const wanted = name.toLowerCase()
  if (hosts.startsWith('|')) return matchesHash(hosts, wanted)
  let covered = false
  for (const pattern of hosts.toLowerCase().split(',')) {
    const negated = pattern.startsWith('!')
    if (!matchesPattern(negated ? pattern.slice(1) : pattern, wanted)) continue
    if (negated) return false
    covered = true
  }
  return covered
}

function matchesHash(hosts: string, name: string): boolean {
  const [, version, salt, hash] = hosts.split('|')
  if (version !== '1' || !salt || !hash) return false
  const expected = Buffer.from(hash, 'base64')
  const actual = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest()
  return expected.length === actual.length && timingSafeEqual(expected, actual)
}

/** Only `*` and `?` are special; brackets stand for themselves. */
function matchesPattern(pattern: string, name: string): boolean {
  if (pattern === '') return false
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replace(/\?/g, '.')
  return new RegExp(`^${source}$`, 's').test(name)
}
