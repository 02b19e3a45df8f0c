import crypto from 'node:crypto'
import { inspect } from 'node:util'
import { calledFrom } from './caller.ts'
import { knownInAllCopies } from './copies.ts'
import { type PlinthError, usageError } from './error.ts'

/**
 * A value that must never be seen: in JSON and in a dump it is `***`. It can't become part of a text by itself, where `***`
 * would be written to a host as if it were the value: `secretText` makes such a text, which is a secret again.
 * Only what hands it to a host, a database or a login calls `reveal`.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself. For the edge and for file contents that reach a host on stdin. */
  reveal(): string {
    return this.#value
  }

  /** Throws a usage error, as every way to make a plain text of it: it names the line that did. */
  toString(): never {
    throw inText(this.toString)
  }

  [Symbol.toPrimitive](): never {
    throw inText(this[Symbol.toPrimitive])
  }

  toJSON(): string {
    return '***'
  }

  [inspect.custom](): string {
    return '***'
  }
}

const inText = (entry: () => never): PlinthError =>
  usageError({
    where: calledFrom(entry, 'a Secret'),
    what: 'a Secret was made part of a text, which would say *** in its place',
    remedy: 'write the text as secretText`…` of plinth; where it must be plain, reveal(…)',
  })

knownInAllCopies(Secret, 'Secret')

/** Every secret in a value of lists and maps, as it is. */
export function secretsWithin(value: unknown): readonly string[] {
  if (value instanceof Secret) return [value.reveal()]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(secretsWithin) : []
}

/** The text of a value that may be a secret. */
export const reveal = (value: string | Secret): string => (value instanceof Secret ? value.reveal() : value)

/**
 * A text with secrets in it, which is a Secret itself: the content of a file, the value of a property.
 *
 *     file('/etc/app.conf', { content: secretText`password=${password}\n`, mode: '0600' })
 *
 * Throws a usage error for what is no text, number or Secret: `undefined` would be written as it stands.
 */
export function secretText(parts: TemplateStringsArray, ...values: readonly (string | number | Secret)[]): Secret {
  const texts = values.map((value, i) => {
    if (value instanceof Secret) return value.reveal()
    if (typeof value === 'string' || typeof value === 'number') return String(value)
    throw usageError({
      where: calledFrom(secretText, 'secretText'),
      what: `value ${i + 1} in it is ${kindOf(value)}`,
      remedy: 'give a text, a number or a Secret',
    })
  })
  return new Secret(String.raw({ raw: parts }, ...texts))
}

/** What a value is that should have been another, without saying it: it may be what nobody should see. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value)
  if (Array.isArray(value)) return 'a list'
  if (value instanceof Secret) return 'a Secret'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** SHA-256 of text or bytes, 64 hex digits. */
export const sha256 = (data: string | Uint8Array): string => crypto.hash('sha256', data)
