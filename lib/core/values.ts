/**
 * The vocabulary for single values: text, numbers, paths, secrets. Each is a valibot schema. The schema decides how a
 * scalar is read: its text counts, not what YAML takes it for.
 */
import { homedir } from 'node:os'
import { dirname, posix, resolve } from 'node:path'
import * as v from 'valibot'
import { PlinthError } from './error.ts'
import { LocatedScalar, type Place, type Sealed } from './located.ts'
import { suggestion } from './nearest.ts'
import { type Recipe, recipeMetadata } from './recipe.ts'
import { Secret } from './secret.ts'

/** A scalar that cannot be read as what the schema wants. */
class Refusal {
  readonly what: string
  readonly remedy: string

  constructor(what: string, remedy: string) {
    this.what = what
    this.remedy = remedy
  }
}

/** Reads the text of a scalar; `from` is where it was written, or null for a default or a literal of the code. */
type Read<T> = (text: string, from: Place | null) => T | Refusal

/** What an editor is told of a value: a piece of JSON Schema, as the metadata of the valibot schema. */
export const forEditors = (jsonSchema: Readonly<Record<string, unknown>>) =>
  v.metadata<unknown, Readonly<Record<string, unknown>>>(jsonSchema)

/** Anything that is written as one word or line. */
const anyScalar = { type: ['string', 'number', 'boolean'] } as const

/** The one form of an issue's message; `check` splits it again at the last `; `. */
export const message = (what: string, remedy: string): string => `${what.replaceAll('; ', ', ')}; ${remedy}`

/** What a message says was found: short, on one line, and never a value that should not be seen. */
export function found(input: unknown): string {
  if (input === undefined || input === null) return 'nothing'
  if (input instanceof LocatedScalar) {
    if (input.hidden) return 'something else (the value is not shown)'
    return found(input.text)
  }
  if (Array.isArray(input)) return 'a list'
  if (typeof input === 'object') return 'a map'
  const text = JSON.stringify(String(input))
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text
}

/**
 * A schema for one value. `expected` stands after "expected" (`a port, 1 to 65535`), `read` makes of the text what the
 * parameter is. It must read its own results again, because defaults pass through here too. `json` is for editors: it
 * may be wider than `read`, never narrower, or a right value would be marked as wrong. `free`: it may be any text, and so
 * a secret.
 */
function scalar<T>(
  expected: string,
  remedy: string,
  read: Read<T>,
  json: Readonly<Record<string, unknown>> = anyScalar,
  free = false,
) {
  return v.pipe(
    v.unknown(),
    forEditors({ ...json, description: expected }),
    v.rawTransform<unknown, T>(({ dataset, addIssue, NEVER }) => {
      const input = dataset.value
      const refuse = (what: string, remedy: string): T => {
        addIssue({ message: message(what, remedy) })
        return NEVER
      }
      const hidden = input instanceof LocatedScalar && input.hidden
      if (sealed(input) || input instanceof Secret || (free && hidden))
        return refuse(
          `expected ${expected}, found a secret (encrypted, or of !env, !file or !command), and plans show this value`,
          'write it in the clear, in a file that is not encrypted, or have its schema say secret()',
        )
      const text = plainText(input)
      if (text === null) return refuse(`expected ${expected}, found ${found(input)}`, remedy)
      const result = read(text, input instanceof LocatedScalar ? input.at : null)
      return result instanceof Refusal ? refuse(`${result.what}, found ${found(input)}`, result.remedy) : result
    }),
  )
}

/** The sealed value in a parameter, or null when it is in the clear. */
function sealed(input: unknown): Sealed | null {
  const value = input instanceof LocatedScalar ? input.value : null
  return typeof value === 'object' ? value : null
}

/** The text of a scalar, or null when there is none: nothing, a list, a map. */
function plainText(input: unknown): string | null {
  if (input instanceof LocatedScalar) return input.value === null ? null : input.text
  return typeof input === 'string' || typeof input === 'number' || typeof input === 'boolean' ? String(input) : null
}

const controls = /\p{Cc}/u

/**
 * Text that is not empty, as written: `2.10` stays `2.10`. With `like`, it must match as a whole, and `expected` says
 * so in words. Without, it may be anything, a password too, and plans show it: what comes from a vault, `!env`, `!file` or
 * `!command` is refused.
 */
export function text({ like, expected = 'text' }: { readonly like?: RegExp; readonly expected?: string } = {}) {
  const remedy = expected === 'text' ? 'write a value, in quotes if it has special characters' : `write ${expected}`
  const read: Read<string> = (value) =>
    value === '' || (like && !new RegExp(`^(?:${like.source})$`, like.flags).test(value))
      ? new Refusal(`expected ${expected}`, remedy)
      : value
  return scalar(expected, remedy, read, anyScalar, like === undefined)
}

/** A whole number from `min` to `max`. A leading zero is refused: YAML versions disagree on whether it is octal. */
export function integer({ min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = {}) {
  const bounds =
    min === Number.MIN_SAFE_INTEGER
      ? max === Number.MAX_SAFE_INTEGER
        ? ''
        : `, at most ${max}`
      : max === Number.MAX_SAFE_INTEGER
        ? `, at least ${min}`
        : `, ${min} to ${max}`
  return whole(`a whole number${bounds}`, min, max)
}

/** A TCP or UDP port, 1 to 65535. */
export const port = () => whole('a port, 1 to 65535', 1, 65535)

const whole = (expected: string, min: number, max: number) =>
  scalar<number>(
    expected,
    `write ${expected}`,
    (value) => {
      const number = Number(value)
      return /^-?(0|[1-9]\d*)$/.test(value) && number >= min && number <= max
        ? number
        : new Refusal(`expected ${expected}`, `write ${expected}`)
    },
    // Also in quotes, and as the name behind !env, which an editor takes for the value.
    { type: ['integer', 'string'], minimum: min, maximum: max, pattern: '^(-?(0|[1-9][0-9]*)|[A-Z_][A-Z0-9_]*)$' },
  )

/** True or false; `yes`, `no`, `on` and `off` too, because Ansible's YAML 1.1 has them. */
export const flag = () =>
  scalar<boolean>(
    'true or false',
    'write true or false',
    (value) =>
      /^(true|yes|on)$/i.test(value)
        ? true
        : /^(false|no|off)$/i.test(value)
          ? false
          : new Refusal('expected true or false', 'write true or false'),
    { type: ['boolean', 'string'], pattern: '^([Tt]rue|[Yy]es|[Oo]n|[Ff]alse|[Nn]o|[Oo]ff|[A-Z_][A-Z0-9_]*)$' },
  )

/** One of the given words. */
export function oneOf<const T extends string>(...words: readonly T[]) {
  const expected = words.length === 1 ? `"${words[0]}"` : `one of ${words.join(', ')}`
  return scalar<T>(
    expected,
    `write ${expected}`,
    (value) =>
      words.find((word) => word === value) ?? new Refusal(`expected ${expected}`, suggestion(value, words, 'word')),
    { enum: words },
  )
}

/** A path of a host: absolute, POSIX, normalised, without a slash at the end and without control characters. */
export const hostPath = () =>
  scalar<string>('an absolute path on the host', 'write a path that begins with /', (value) => {
    if (!value.startsWith('/'))
      return new Refusal('expected an absolute path on the host', 'write a path that begins with /')
    if (controls.test(value)) return new Refusal('a path with a control character', 'remove the line break or tab')
    const path = posix.normalize(value)
    return path === '/' ? path : path.replace(/\/$/, '')
  })

/**
 * A file or folder of the controller, as an absolute path. `~` is the home folder; a relative path counts from the
 * folder of the file it is written in, on the command line from the current folder.
 */
export const controllerPath = () =>
  scalar<string>('a path on this machine', 'write a path', (value, from) => {
    if (value === '' || controls.test(value)) return new Refusal('expected a path on this machine', 'write a path')
    if (/^~[^/]/.test(value))
      return new Refusal("expected a path, not another user's home folder", 'write the whole path')
    return resolvePath(value, from)
  })

/** The absolute path of the controller that `path`, written at `from`, means (see `controllerPath`). */
export const resolvePath = (path: string, from: Place | null): string =>
  resolve(from !== null && from.line > 0 ? dirname(from.file) : '.', path.replace(/^~(?=\/|$)/, homedir()))

/** An IPv4 or IPv6 address, no name. */
export const ipAddress = () =>
  scalar<string>('an IP address', 'write an address such as 10.0.0.5', (value) =>
    v.IPV4_REGEX.test(value) || v.IPV6_REGEX.test(value)
      ? value
      : new Refusal('expected an IP address', 'write an address such as 10.0.0.5'),
  )

const unitsOf = (
  units: Readonly<Record<string, number>>,
  pattern: RegExp,
  expected: string,
  min = 0,
  max = Number.POSITIVE_INFINITY,
) =>
  scalar<number>(expected, `write ${expected}`, (value) => {
    const match = pattern.exec(value)
    const factor = units[match?.[2]?.toLowerCase() ?? '']
    const number = Number(match?.[1]) * (factor ?? Number.NaN)
    return number >= min && number <= max && (Number.isSafeInteger(number) || number < 1e9)
      ? number
      : new Refusal(`expected ${expected}`, `write ${expected}`)
  })

/** A span of time, in seconds: `90`, `500ms`, `30s`, `5m`, `2h`, `1d`; of `min` seconds at least and `max` at most. */
export const duration = ({ min = 0, max }: { readonly min?: number; readonly max?: number } = {}) =>
  unitsOf(
    { ms: 0.001, '': 1, s: 1, m: 60, h: 3600, d: 86400 },
    /^(\d+(?:\.\d+)?)(ms|[smhd])?$/i,
    (min > 0 ? `a time such as 30s or 5m, at least ${min}s` : 'a time such as 500ms, 30s or 5m') +
      (max === undefined ? '' : `, at most ${max}s`),
    min,
    max,
  )

/** An amount of memory or disk, in bytes: `512m`, `2g`, powers of 1024 as in the flags of the JVM. */
export const bytes = () =>
  unitsOf(
    { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 },
    /^(\d+)([kmgt])?(?:i?b)?$/i,
    'a size such as 512m or 2g',
  )

/**
 * A value that is never shown. An encrypted one is opened here; a wrong password is then this key's problem.
 * @param generate how `plinth vault generate` makes one that nobody has given. Only for what no other system has chosen.
 */
export const secret = ({ generate }: { readonly generate?: Recipe } = {}) =>
  v.pipe(
    v.unknown(),
    forEditors({ ...anyScalar, description: 'a secret: !vault, !env NAME, !file PATH or !command [PROGRAM, WORD]' }),
    generate ? recipeMetadata(generate) : v.metadata({}),
    v.rawTransform<unknown, Secret>(({ dataset, addIssue, NEVER }) => {
      const input = dataset.value
      if (input instanceof Secret) return input
      try {
        const written = sealed(input)?.open() ?? new Secret(plainText(input) ?? '')
        if (written.reveal() !== '') return written
      } catch (thrown) {
        if (!(thrown instanceof PlinthError)) throw thrown
        for (const { what, remedy } of thrown.problems) addIssue({ message: message(what, remedy) })
        return NEVER
      }
      const what = plainText(input) === '' ? 'an empty value' : found(input)
      addIssue({
        message: message(
          `expected a secret, found ${what}`,
          'give it with !vault, !env NAME, !file PATH or !command [PROGRAM, WORD]',
        ),
      })
      return NEVER
    }),
  )

/** A key that Plinth knows and does not honour: always an error, with the reason and what to do instead. */
export const refused = (what: string, remedy: string) => v.custom<never>(() => false, message(what, remedy))
