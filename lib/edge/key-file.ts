/** Private keys in files: OpenSSH's own format, PuTTY's, PEM and PKCS8, with a passphrase or without. */
import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { keyType } from './known-hosts.ts'
import { mpint, string, strings } from './wire.ts'

/** A private key that can be used. */
export interface SigningKey {
  /** The public half in wire format. */
  readonly blob: Buffer
  /** `hash` (sha256, sha512) is for RSA, the others have one of their own. */
  sign(data: Buffer, hash: string | undefined): Buffer
}

/** What a file holds, as far as it can be read without its passphrase. */
export interface KeyFile {
  readonly path: string
  /** The public half in wire format; null when only the passphrase brings it to light. */
  readonly blob: Buffer | null
  readonly encrypted: boolean
  /** The key. Rejects with an Error when the passphrase is wrong, or missing. */
  open(passphrase?: string): Promise<SigningKey>
}

/**
 * Reads a file with a private key.
 * @throws Error with the reason in words; `code` is the system's (ENOENT), where it has one
 */
export async function readKeyFile(path: string): Promise<KeyFile> {
  const text = await readFile(path, 'latin1').catch((error: NodeJS.ErrnoException) => {
    const what = error.code === 'ENOENT' ? 'there is no such file' : `it can't be read: ${error.code}`
    throw Object.assign(new Error(what), { code: error.code })
  })
  const kind = /^-----BEGIN ([A-Z0-9 ]*)PRIVATE KEY-----|^(PuTTY)-User-Key-File-/m.exec(text)
  if (!kind) throw new Error(`it is not a private key${/^(ssh|ecdsa|sk)-/.test(text) ? ': a public key' : ''}`)
  const own = ownFormat(text)
  if (own) refuseUnusable(own.blob)
  const putty = kind[2] !== undefined
  const encrypted = own ? own.cipher !== 'none' : putty ? !/^Encryption: none/m.test(text) : encryptedPem.test(text)
  const open = async (passphrase?: string): Promise<SigningKey> => {
    const key = own || putty ? await bySsh2(text, passphrase) : byNode(text, passphrase)
    refuseUnusable(key.blob)
    return key
  }
  return { path, encrypted, open, blob: own?.blob ?? (encrypted ? await besideIt(path) : (await open()).blob) }
}

const encryptedPem = /^Proc-Type: 4,ENCRYPTED|^-----BEGIN ENCRYPTED /m

interface Own {
  readonly cipher: string
  readonly blob: Buffer
}

/** What stands in the clear in OpenSSH's format: magic, cipher, kdf, its options, a count, public keys (PROTOCOL.key). */
function ownFormat(text: string): Own | null {
  const base64 = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]*)-----END/.exec(text)?.[1]
  const data = Buffer.from(base64 ?? '', 'base64')
  if (data.toString('latin1', 0, magic.length) !== magic) return null
  const header = strings(data.subarray(magic.length)).slice(0, 3)
  const keys = data.subarray(magic.length + Buffer.concat(header.map(string)).length + 4)
  const [blob] = strings(keys)
  return blob ? { cipher: String(header[0]), blob } : null
}

const magic = 'openssh-key-v1\0'

/** FILE.pub, where it is. */
async function besideIt(path: string): Promise<Buffer | null> {
  return publicKeyIn(await readFile(`${path}.pub`, 'utf8').catch(() => ''))
}

/** The key of a line like `ssh-ed25519 AAAA… comment`; null if it is none. */
export function publicKeyIn(text: string): Buffer | null {
  const [type = '', base64 = ''] = text.trim().split(/\s+/)
  const blob = Buffer.from(base64, 'base64')
  return type !== '' && keyType(blob) === type ? blob : null
}

async function bySsh2(text: string, passphrase?: string): Promise<SigningKey> {
  const { default: ssh2 } = await import('ssh2')
  const key = ssh2.utils.parseKey(text, passphrase)
  if (key instanceof Error) throw key
  // ssh2's own key is parsed anew for every signature, which takes longer than the signature.
  return byNode(key.getPrivatePEM())
}

function byNode(text: string, passphrase?: string): SigningKey {
  // Without one OpenSSL would ask for it on the terminal.
  const key = createPrivateKey({ key: text, passphrase: passphrase ?? '' })
  const blob = blobOf(key)
  const bits = /^ecdsa-sha2-nistp(\d+)/.exec(keyType(blob))?.[1]
  const own = bits === undefined ? null : { 256: 'sha256', 384: 'sha384', 521: 'sha512' }[bits]
  return { blob, sign: (data, hash) => sign(keyType(blob) === 'ssh-rsa' ? hash : own, data, key) }
}

/** The wire format of a key's public half: RFC 4253 section 6.6 (RSA), RFC 5656 section 3.1 (EC), RFC 8709 section 4 (Ed25519). */
function blobOf(key: KeyObject): Buffer {
  const { kty, crv = '', n = '', e = '', x = '', y = '' } = key.export({ format: 'jwk' })
  const bytes = (text: string): Buffer => Buffer.from(text, 'base64url')
  if (kty === 'RSA') return Buffer.concat([string('ssh-rsa'), mpint(bytes(e)), mpint(bytes(n))])
  if (crv === 'Ed25519') return Buffer.concat([string('ssh-ed25519'), string(bytes(x))])
  const curve = crv.replace('P-', 'nistp')
  const point = Buffer.concat([Buffer.from([4]), bytes(x), bytes(y)])
  return Buffer.concat([string(`ecdsa-sha2-${curve}`), string(curve), string(point)])
}

/** Throws for a kind of key that can't be used here, with the reason. */
function refuseUnusable(blob: Buffer): void {
  const problem = impossible(blob)
  if (problem !== null) throw new Error(problem)
}

/** Why a key of this kind can't be used here; null if it can. */
export function impossible(blob: Buffer): string | null {
  const type = keyType(blob)
  if (type.startsWith('sk-')) return `keys on a security token (${type}) can't be used here`
  if (type.includes('-cert-v01@')) return `certificates (${type}) can't be used here`
  return /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521))$/.test(type)
    ? null
    : `${type || 'it'} is no kind of key that can be used here`
}
