/**
 * Values that know where they were written. The reader of a file makes them, merging keeps them, and `check` in
 * schema.ts turns them into typed parameters, or into errors with a place.
 *
 * A scalar keeps its text beside its value: the schema decides how it is read, so that `version: 2.10` is text where
 * text is wanted, and `yes` a truth value where a flag is.
 */
import { knownInAllCopies } from './copies.ts'
import type { Secret } from './secret.ts'

/** `line` 0 means that the place is no file: a command line, a default. Lines and columns count from 1. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** `inventory/lab.yaml:12:7`, or only the name when it is not a file. */
export const placeText = ({ file, line, column }: Place): string => (line === 0 ? file : `${file}:${line}:${column}`)

/** A value that is still encrypted. `open` may throw a PlinthError: no password, or a wrong one. */
export interface Sealed {
  open(): Secret
}

export class LocatedScalar {
  readonly at: Place
  readonly value: string | number | boolean | null | Sealed
  /** As it was written; the empty string when the value is sealed. */
  readonly text: string
  /** It comes from an encrypted file, a variable of the environment or another file: no message shows it. */
  readonly hidden: boolean

  constructor(at: Place, value: LocatedScalar['value'], text: string, hidden = false) {
    this.at = at
    this.value = value
    this.text = text
    this.hidden = hidden
  }
}

export class LocatedList {
  readonly at: Place
  readonly items: readonly Located[]

  constructor(at: Place, items: readonly Located[]) {
    this.at = at
    this.items = items
  }
}

export interface LocatedEntry {
  /** Where the key stands; the value has its own place. */
  readonly at: Place
  readonly value: Located
}

export class LocatedMap {
  readonly at: Place
  readonly entries: ReadonlyMap<string, LocatedEntry>

  constructor(at: Place, entries: ReadonlyMap<string, LocatedEntry>) {
    this.at = at
    this.entries = entries
  }
}

knownInAllCopies(LocatedScalar, 'LocatedScalar')
knownInAllCopies(LocatedList, 'LocatedList')
knownInAllCopies(LocatedMap, 'LocatedMap')

export type Located = LocatedScalar | LocatedList | LocatedMap

/** The value is there in name only: `key:` with nothing after it. */
export const isNothing = (value: Located): boolean => value instanceof LocatedScalar && value.value === null

/** What kind of value this is, for messages; never shows the value. */
export function kindOf(value: Located): string {
  if (value instanceof LocatedMap) return 'a map'
  if (value instanceof LocatedList) return 'a list'
  return value.value === null ? 'nothing' : 'a single value'
}
