import crypto from 'node:crypto'
import { inspect } from 'node:util'
import { knownInAllCopies } from './copies.ts'

/**
 * A value that must never be seen: it prints `***` wherever something turns it into text, JSON or a dump.
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

  toString(): string {
    return '***'
  }

  toJSON(): string {
    return '***'
  }

  [inspect.custom](): string {
    return '***'
  }
}

knownInAllCopies(Secret, 'Secret')

/** The text of a value that may be a secret. */
export const reveal = (value: string | Secret): string => (value instanceof Secret ? value.reveal() : value)

/** SHA-256 of text or bytes, 64 hex digits. */
export const sha256 = (data: string | Uint8Array): string => crypto.hash('sha256', data)
