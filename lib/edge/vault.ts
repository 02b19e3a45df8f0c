/**
 * Ansible's vault format, read and written: `$ANSIBLE_VAULT;1.1;AES256` and `1.2` with an id. A key from PBKDF2-SHA256
 * over 10,000 rounds, AES-256 in counter mode over PKCS#7 padded text, HMAC-SHA256 over the result, hex twice.
 * (ansible-core 2.19, lib/ansible/parsing/vault.)
 */
import { createCipheriv, createDecipheriv, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto'
import { usageError } from '../core/error.ts'
import { Secret } from '../core/secret.ts'

const header = '$ANSIBLE_VAULT'

/** Whether text is in vault format, by its first line. */
export const isVault = (text: string): boolean => text.startsWith(`${header};`)

/**
 * What is wrong with the form of encrypted text, or null. No password is needed to tell, so that a damaged value is
 * found before it is used.
 */
export function vaultDamage(text: string): string | null {
  const parsed = parse(text)
  return typeof parsed === 'string' ? parsed : null
}

/**
 * The text in a vault, by the first of the passwords that fits. `where` is the place messages name.
 * Throws usageError when no password was given or none fits, or when the vault is damaged.
 */
export const openVault = (text: string, passwords: readonly Secret[], where: string): Secret =>
  new Secret(openVaultBytes(text, passwords, where).toString('utf8'))

/** The same for what may be no text. */
export function openVaultBytes(text: string, passwords: readonly Secret[], where: string): Buffer {
  const parsed = parse(text)
  if (typeof parsed === 'string')
    throw usageError({ where, what: `damaged vault: ${parsed}`, remedy: 'encrypt the value again' })
  if (passwords.length === 0)
    throw usageError({
      where,
      what: 'encrypted, and no vault password was given',
      remedy: 'add --vault-password-file FILE or --ask-vault-pass',
    })
  for (const password of passwords) {
    const { cipher, mac, iv } = keys(password, parsed.salt)
    if (!timingSafeEqual(createHmac('sha256', mac).update(parsed.encrypted).digest(), parsed.hmac)) continue
    const decipher = createDecipheriv('aes-256-ctr', cipher, iv)
    const padded = Buffer.concat([decipher.update(parsed.encrypted), decipher.final()])
    return padded.subarray(0, padded.length - (padded.at(-1) ?? 0))
  }
  const which = passwords.length > 1 ? 'none of the vault passwords fits' : 'the vault password is wrong'
  const id = parsed.id === null ? '' : ` (vault id "${parsed.id}")`
  throw usageError({ where, what: `${which}${id}`, remedy: 'give the password this value was encrypted with' })
}

/**
 * Text or bytes as a vault: lines of at most 80 characters, a line break at the end. With an `id` the format is 1.2, without
 * it 1.1. `salt` is random, 32 bytes, unless a test gives one.
 */
export function sealVault(
  content: string | Uint8Array,
  password: Secret,
  id: string | null = null,
  salt = randomBytes(32),
): string {
  const { cipher, mac, iv } = keys(password, salt)
  const plain = Buffer.from(content as string, 'utf8')
  const padding = 16 - (plain.length % 16)
  const encryptor = createCipheriv('aes-256-ctr', cipher, iv)
  const encrypted = Buffer.concat([
    encryptor.update(Buffer.concat([plain, Buffer.alloc(padding, padding)])),
    encryptor.final(),
  ])
  const hmac = createHmac('sha256', mac).update(encrypted).digest()
  const inner = [salt, hmac, encrypted].map((part) => part.toString('hex')).join('\n')
  const body = Buffer.from(inner).toString('hex')
  const first = id === null ? `${header};1.1;AES256` : `${header};1.2;AES256;${id}`
  return `${[first, ...(body.match(/.{1,80}/g) ?? [])].join('\n')}\n`
}

interface Parsed {
  readonly id: string | null
  readonly salt: Buffer
  readonly hmac: Buffer
  readonly encrypted: Buffer
}

/** The parts of a vault, or what is wrong with it. */
function parse(text: string): Parsed | string {
  const [first = '', ...rest] = text.trim().split(/\r?\n/)
  const [name, version, cipher, id] = first.split(';').map((part) => part.trim())
  if (name !== header) return `it does not begin with ${header}`
  if (version !== '1.1' && version !== '1.2') return `format ${version ?? 'without a version'} instead of 1.1 or 1.2`
  if (cipher !== 'AES256') return `cipher ${cipher ?? 'without a name'} instead of AES256`
  const inner = fromHex(rest.map((line) => line.trim()).join(''))?.toString('latin1')
  const [salt, hmac, encrypted] = (inner ?? '').split('\n').map(fromHex)
  if (!salt || hmac?.length !== 32 || !encrypted) return 'lines are missing or changed'
  return { id: id || null, salt, hmac, encrypted }
}

const fromHex = (text: string): Buffer | null =>
  text !== '' && text.length % 2 === 0 && /^[0-9a-f]+$/i.test(text) ? Buffer.from(text, 'hex') : null

/** The three keys that password and salt make. About 5 ms. */
function keys(password: Secret, salt: Buffer): { cipher: Buffer; mac: Buffer; iv: Buffer } {
  const derived = pbkdf2Sync(password.reveal(), salt, 10_000, 80, 'sha256')
  return { cipher: derived.subarray(0, 32), mac: derived.subarray(32, 64), iv: derived.subarray(64, 80) }
}
