/**
 * Ansible's vault format, read and written: `$ANSIBLE_VAULT;1.1;AES256` and `1.2` with an id. A key from PBKDF2-SHA256
 * over 10,000 rounds, AES-256 in counter mode over PKCS#7 padded text, HMAC-SHA256 over the result, hex twice.
 * (ansible-core 2.19, lib/ansible/parsing/vault.)
 */
import { isUtf8 } from 'node:buffer'
import { createCipheriv, createDecipheriv, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto'
import { inspect } from 'node:util'
import { usageError } from '../core/error.ts'
import { Secret } from '../core/secret.ts'
import { brief } from '../core/visible.ts'

const header = '$ANSIBLE_VAULT'

/** The id of a vault that names none, and of a password that was given without one. Format 1.1 stands for it. */
export const defaultId = 'default'

/** The three keys that a password and a salt make. */
interface Derived {
  readonly cipher: Buffer
  readonly mac: Buffer
  readonly iv: Buffer
}

/** A vault password with the id it was given under. It is used, and not seen: no dump, no text and no JSON has it. */
export class VaultKey {
  readonly id: string
  /** Whether a person has typed it, and may have made a slip. */
  readonly typed: boolean
  /** Whether it has opened a vault. */
  proven = false
  readonly #password: Uint8Array

  /** `password`: bytes as they are, text as UTF-8. */
  constructor(password: string | Uint8Array, id = defaultId, typed = false) {
    this.id = id
    this.typed = typed
    this.#password = Buffer.from(password as string)
  }

  /** About 5 ms. */
  derive(salt: Uint8Array): Derived {
    const derived = pbkdf2Sync(this.#password, salt, 10_000, 80, 'sha256')
    return { cipher: derived.subarray(0, 32), mac: derived.subarray(32, 64), iv: derived.subarray(64, 80) }
  }

  /** For who masks it in what hosts print. */
  secret(): Secret {
    return new Secret(Buffer.from(this.#password).toString())
  }

  /** Whether another one is of the same password. */
  equals(other: VaultKey): boolean {
    return Buffer.from(this.#password).equals(other.#password)
  }

  /** The same password under another id. */
  as(id: string): VaultKey {
    return new VaultKey(this.#password, id)
  }

  toJSON(): string {
    return '***'
  }

  [inspect.custom](): string {
    return `VaultKey(${this.id})`
  }
}

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
 * The text in a vault, by the first of the keys that fits: those of its own id before the others, as in Ansible. `where`
 * is the place messages name. Throws usageError when no password was given or none fits, when the vault is damaged, and when
 * what is in it is not UTF-8: a password that is read as another one may lock an account.
 */
export function openVault(text: string, keys: readonly VaultKey[], where: string): Secret {
  const { bytes } = openVaultBytes(text, keys, where)
  if (isUtf8(bytes)) return new Secret(bytes.toString())
  const remedy = 'encrypt it again as UTF-8 (from GBK: iconv -f GBK -t UTF-8)'
  throw usageError({ where, what: 'what is encrypted is not UTF-8 text', remedy })
}

/** What was in a vault, the key that opened it, and the id in its first line. */
export interface Opened {
  readonly bytes: Buffer
  readonly key: VaultKey
  readonly id: string
}

/** The same for what may be no text. */
export function openVaultBytes(text: string, keys: readonly VaultKey[], where: string): Opened {
  const parsed = parse(text)
  if (typeof parsed === 'string')
    throw usageError({ where, what: `damaged vault: ${parsed}`, remedy: 'encrypt the value again' })
  const { id, salt, hmac, encrypted } = parsed
  if (keys.length === 0)
    throw usageError({
      where,
      what: 'encrypted, and no vault password was given',
      remedy: 'add --vault-password-file FILE or --ask-vault-pass',
    })
  const own = keys.filter((key) => key.id === id)
  for (const key of [...own, ...keys.filter((key) => key.id !== id)]) {
    const { cipher, mac, iv } = key.derive(salt)
    if (!timingSafeEqual(createHmac('sha256', mac).update(encrypted).digest(), hmac)) continue
    key.proven = true
    const decipher = createDecipheriv('aes-256-ctr', cipher, iv)
    const padded = Buffer.concat([decipher.update(encrypted), decipher.final()])
    return { bytes: padded.subarray(0, padded.length - (padded.at(-1) ?? 0)), key, id }
  }
  const which = keys.length > 1 ? 'none of the vault passwords fits' : 'the vault password is wrong'
  const tried = [...new Set(keys.map((key) => key.id))].join(', ')
  const remedy =
    own.length > 0
      ? 'give the password it was encrypted with, or encrypt it again if it was changed'
      : `add --vault-id ${id}@FILE`
  throw usageError({ where, what: `${which} (vault id "${id}", tried: ${tried})`, remedy })
}

/**
 * Text or bytes as a vault: lines of at most 80 characters, a line break at the end. The format is 1.2 with the id of the
 * key, 1.1 where that is the default one. `salt` is random, 32 bytes, unless a test gives one.
 */
export function sealVault(content: string | Uint8Array, key: VaultKey, salt: Uint8Array = randomBytes(32)): string {
  const { cipher, mac, iv } = key.derive(salt)
  const plain = Buffer.from(content as string)
  const padding = 16 - (plain.length % 16)
  const encryptor = createCipheriv('aes-256-ctr', cipher, iv)
  const encrypted = Buffer.concat([
    encryptor.update(Buffer.concat([plain, Buffer.alloc(padding, padding)])),
    encryptor.final(),
  ])
  const hmac = createHmac('sha256', mac).update(encrypted).digest()
  const inner = [salt, hmac, encrypted].map((part) => Buffer.from(part).toString('hex')).join('\n')
  const body = Buffer.from(inner).toString('hex')
  const first = key.id === defaultId ? `${header};1.1;AES256` : `${header};1.2;AES256;${key.id}`
  return `${[first, ...(body.match(/.{1,80}/g) ?? [])].join('\n')}\n`
}

interface Parsed {
  readonly id: string
  readonly salt: Buffer
  readonly hmac: Buffer
  readonly encrypted: Buffer
}

/** The parts of a vault, or what is wrong with it. */
function parse(text: string): Parsed | string {
  const [first = '', ...rest] = text.trim().split(/\r\n?|\n/)
  const [name, version, cipher, id] = first.split(';').map((part) => part.trim())
  if (name !== header) return `it does not begin with ${header}`
  if (version !== '1.1' && version !== '1.2')
    return `format ${brief(version ?? 'without a version', 20)} instead of 1.1 or 1.2`
  if (/^AES256\s/.test(cipher ?? '')) return 'its lines are joined into one, and belong below "!vault |"'
  if (cipher !== 'AES256') return `cipher ${brief(cipher ?? 'without a name', 20)} instead of AES256`
  const strange = rest.findIndex((line) => !/^[0-9a-f]*$/i.test(line.trim()))
  if (strange >= 0) return `line ${strange + 2} of it is not hexadecimal`
  const inner = fromHex(rest.map((line) => line.trim()).join(''))?.toString('latin1')
  const [salt, hmac, encrypted] = (inner ?? '').split('\n').map(fromHex)
  // What is encrypted was padded to whole blocks.
  if (!salt || hmac?.length !== 32 || !encrypted || encrypted.length % 16 !== 0) return 'lines are missing or changed'
  return { id: id || defaultId, salt, hmac, encrypted }
}

const fromHex = (text: string): Buffer | null =>
  text !== '' && text.length % 2 === 0 && /^[0-9a-f]+$/i.test(text) ? Buffer.from(text, 'hex') : null
