/**
 * Typed parameters. A role or playbook publishes a schema made of these constructors; they are valibot schemas, so that
 * valibot's own pieces (`pipe`, `check`, `variant`) combine with them.
 *
 *     const nacos = params({ version: text(), port: optional(port(), 8848), token: secret() })
 *     type Nacos = Infer<typeof nacos>
 */
import * as v from 'valibot'
import { calledFrom } from './caller.ts'
import { type Problem, usageError } from './error.ts'
import { isNothing, type Located, LocatedList, LocatedMap, LocatedScalar, type Place, placeText } from './located.ts'
import { suggestion } from './nearest.ts'
import { kindOf } from './secret.ts'
import { found, message } from './values.ts'

export {
  bytes,
  controllerPath,
  duration,
  flag,
  hostPath,
  integer,
  ipAddress,
  oneOf,
  port,
  refused,
  secret,
  text,
} from './values.ts'

/** Any schema whose parameters come out as `T`. */
export type Schema<T = unknown> = v.GenericSchema<unknown, T>
/** What comes out of a schema: the type of a role's parameters. */
export type Infer<S extends Schema> = v.InferOutput<S>

type Entries = Readonly<Record<string, Schema>>
/** A map with known keys. `entries` are the schemas of its keys. */
export interface Params<E extends Entries>
  extends v.BaseSchema<unknown, v.InferOutput<v.ObjectSchema<E, undefined>>, v.BaseIssue<unknown>> {
  readonly entries: E
}

const isMap = (input: unknown): input is Record<string, unknown> =>
  typeof input === 'object' && input !== null && !Array.isArray(input) && !(input instanceof LocatedScalar)

const map = (known: readonly string[]) =>
  v.custom<Record<string, unknown>>(isMap, ({ input }) =>
    message(
      `expected a map, found ${found(input)}`,
      `write keys and values below it${known.map((key, i) => `${i > 0 ? ', ' : ': '}${key}`).join('')}`,
    ),
  )

/** A map with exactly these keys; any other is an error that names the nearest right one. Throws a usage error for what is no schema. */
export function params<const E extends Entries>(entries: E): Params<E> {
  const known = Object.keys(entries)
  for (const key of known) {
    const entry: unknown = entries[key]
    if (typeof entry === 'object' && entry !== null && '~run' in entry) continue
    const what = `${key} is ${kindOf(entry)}, not a schema`
    throw usageError({ where: calledFrom(params, 'params'), what, remedy: `call one: ${key}: text()` })
  }
  const fields = v.objectWithRest(entries, v.unknown(), ({ path }) =>
    message('missing', `add it: ${String(path?.at(-1)?.key)}: …`),
  )
  const noOthers = v.rawCheck<Record<string, unknown>>(({ dataset, addIssue }) => {
    const input = dataset.value as Record<string, unknown>
    for (const key of Object.keys(input)) {
      if (Object.hasOwn(entries, key)) continue
      const path: [v.IssuePathItem] = [{ type: 'object', origin: 'key', input, key, value: undefined }]
      addIssue({ message: message('unknown key', suggestion(key, known, 'key')), path })
    }
  })
  return Object.assign(v.pipe(map(known), fields, noOthers), { entries }) as unknown as Params<E>
}

/** A list of things of one kind, in order. */
export const list = <S extends Schema>(item: S) =>
  v.array(item, ({ input }) =>
    message(`expected a list, found ${found(input)}`, 'write one line for each, beginning with "- "'),
  )

/** A map whose keys are free and whose values are of one kind: properties, environment. */
export const record = <S extends Schema>(value: S) => v.pipe(map([]), v.record(v.string(), value))

/**
 * A parameter that may be left out, or be given with nothing after the colon to undo what a group says. Without
 * `fallback` it is undefined then.
 */
export function optional<S extends Schema>(schema: S): v.OptionalSchema<S, undefined>
export function optional<S extends Schema>(schema: S, fallback: Infer<S>): v.OptionalSchema<S, Infer<S>>
export function optional<S extends Schema>(schema: S, fallback?: Infer<S>): unknown {
  return v.optional(schema, fallback)
}

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] }

export interface CheckOptions {
  /** What stands before every key in messages: `nacos` for the value of the variable `nacos`. */
  readonly path?: string
  /** Names at the top level that something else reads: left alone instead of being unknown. */
  readonly alsoKnown?: Iterable<string>
}

/**
 * Reads `value` as `schema`. All that is wrong comes back at once, in the order of the file, each problem with the place
 * of the value (or of the map that lacks it), the path of the key, what was expected and what was found.
 */
export function check<S extends Schema>(schema: S, value: Located, options: CheckOptions = {}): Checked<Infer<S>> {
  const input = toInput(value)
  if (isMap(input)) for (const key of options.alsoKnown ?? []) if (!hasEntry(schema, key)) delete input[key]
  const result = v.safeParse(schema, input)
  if (result.success) return { ok: true, value: result.output }
  const problems = result.issues.map((issue) => {
    const keys = (issue.path ?? []).map((item) => item.key as string | number)
    const at = placeOf(value, keys, issue.path?.at(-1)?.origin === 'key')
    const cut = issue.message.lastIndexOf('; ')
    const [what, remedy] =
      cut < 0 ? [issue.message, 'correct the value'] : [issue.message.slice(0, cut), issue.message.slice(cut + 2)]
    const path = keys.reduce<string>(joined, options.path ?? '')
    return { at, problem: { where: placeText(at), what: path === '' ? what : `${path}: ${what}`, remedy } }
  })
  problems.sort((a, b) => (a.at.file === b.at.file ? a.at.line - b.at.line || a.at.column - b.at.column : 0))
  return { ok: false, problems: problems.map(({ problem }) => problem) }
}

/** The names a schema made by `params` knows: for `alsoKnown` of another one's check. */
export const namesOf = (schema: Params<Entries>): readonly string[] => Object.keys(schema.entries)

const hasEntry = (schema: Schema, key: string): boolean =>
  'entries' in schema && Object.hasOwn(schema.entries as object, key)

const joined = (path: string, key: string | number): string =>
  typeof key === 'number' ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`

/** Maps and lists as valibot walks them; scalars stay located, so that a schema sees their text and their place. */
function toInput(value: Located): unknown {
  if (value instanceof LocatedList) return value.items.map(toInput)
  if (value instanceof LocatedMap)
    return Object.fromEntries([...value.entries].map(([key, entry]) => [key, toInput(entry.value)]))
  return isNothing(value) ? undefined : value
}

/** Where `keys` lead to, or as far as they lead; with `atKey` the place of the last key, not of its value. */
function placeOf(value: Located, keys: readonly (string | number)[], atKey: boolean): Place {
  const [key, ...rest] = keys
  if (value instanceof LocatedList && typeof key === 'number') {
    const item = value.items[key]
    return item ? placeOf(item, rest, atKey) : value.at
  }
  const entry = value instanceof LocatedMap && key !== undefined ? value.entries.get(String(key)) : undefined
  if (!entry) return value.at
  return (atKey && rest.length === 0) || isNothing(entry.value) ? entry.at : placeOf(entry.value, rest, atKey)
}
