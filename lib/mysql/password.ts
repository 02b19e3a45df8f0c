/** Does a stored MySQL password belong to a given one? Computed here, so that no login has to be tried from anywhere. */
import { createHash } from 'node:crypto'

const sha = (...parts: readonly Buffer[]): Buffer => {
  const digest = createHash('sha256')
  for (const part of parts) digest.update(part)
  return digest.digest()
}

const alphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
// The order in which SHA-crypt writes the 32 bytes of a SHA-256, three at a time.
const order = [
  [0, 10, 20],
  [21, 1, 11],
  [12, 22, 2],
  [3, 13, 23],
  [24, 4, 14],
  [15, 25, 5],
  [6, 16, 26],
  [27, 7, 17],
  [18, 28, 8],
  [9, 19, 29],
] as const

/** SHA-crypt with SHA-256 as caching_sha2_password stores it: like crypt's `$5$`, with a salt of 20 bytes that is not cut. */
export function shaCrypt(password: string, salt: Buffer, rounds: number): string {
  const key = Buffer.from(password)
  const inner = sha(key, salt, key)
  const first: Buffer[] = [key, salt]
  for (let left = key.length; left > 0; left -= 32) first.push(inner.subarray(0, Math.min(32, left)))
  for (let bits = key.length; bits > 0; bits >>= 1) first.push(bits & 1 ? inner : key)
  let digest = sha(...first)
  const p = stretch(sha(...Array.from(key, () => key)), key.length)
  const s = stretch(sha(...Array.from({ length: 16 + (digest[0] ?? 0) }, () => salt)), salt.length)
  for (let round = 0; round < rounds; round++) {
    const odd = round % 2 === 1
    const parts = [odd ? p : digest]
    if (round % 3 !== 0) parts.push(s)
    if (round % 7 !== 0) parts.push(p)
    parts.push(odd ? digest : p)
    digest = sha(...parts)
  }
  const byte = (index: number): number => digest[index] ?? 0
  const groups = order.map(([a, b, c]) => letters((byte(a) << 16) | (byte(b) << 8) | byte(c), 4))
  return [...groups, letters((byte(31) << 8) | byte(30), 3)].join('')
}

const stretch = (digest: Buffer, length: number): Buffer => Buffer.alloc(length, digest)

const letters = (value: number, count: number): string =>
  Array.from({ length: count }, (_, index) => alphabet[(value >> (6 * index)) & 63]).join('')

/**
 * Whether `stored` (mysql.user.authentication_string, as bytes) is the password for one of the two plugins Nacos meets.
 * Undefined for a plugin that can't be judged from here.
 */
export function isStoredPassword(plugin: string, stored: Buffer, password: string): boolean | undefined {
  if (plugin === 'mysql_native_password') {
    const sha1 = (data: Buffer | string): Buffer => createHash('sha1').update(data).digest()
    return stored.toString('latin1').toUpperCase() === `*${sha1(sha1(password)).toString('hex').toUpperCase()}`
  }
  if (plugin === 'caching_sha2_password') {
    // $A$005$ + 20 bytes of salt + 43 letters; the number is thousands of rounds, in hexadecimal.
    const rounds = Number.parseInt(stored.subarray(3, 6).toString('latin1'), 16) * 1000
    const salt = stored.subarray(7, 27)
    if (stored.length !== 70 || !Number.isFinite(rounds)) return false
    return shaCrypt(password, salt, rounds) === stored.subarray(27).toString('latin1')
  }
  return undefined
}
