/** What a backup of a cluster says of itself, and how it is compared with what is in a database. Holds no secret. */
import * as v from 'valibot'
import { hostError } from '../core/error.ts'

const column = v.strictObject({ name: v.string(), binary: v.boolean() })
const table = v.strictObject({
  name: v.string(),
  rows: v.number(),
  /** Of all rows, in whatever order (lib/mysql/dump.ts). */
  digest: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  columns: v.array(column),
  /** The statement that makes it, and its rows, in the backup. */
  definition: v.string(),
  parts: v.array(v.string()),
})
const node = v.strictObject({
  name: v.string(),
  member: v.string(),
  version: v.string(),
  /** Null where they could not be had and the backup went on without them. */
  files: v.nullable(
    v.array(v.strictObject({ path: v.string(), kept: v.string(), mode: v.string(), owner: v.string() })),
  ),
})
const manifest = v.strictObject({
  format: v.literal(1),
  plinth: v.string(),
  /** ISO 8601, UTC. */
  made: v.string(),
  database: v.string(),
  mysql: v.string(),
  nodes: v.array(node),
  tables: v.array(table),
  /** How many persistent instances are in `instances.json`; null where no node could tell. */
  instances: v.nullable(v.number()),
})

export type Manifest = v.InferOutput<typeof manifest>
export type SavedTable = v.InferOutput<typeof table>
export type SavedNode = v.InferOutput<typeof node>

export const manifestFile = 'manifest.json'
export const instancesFile = 'instances.json'

/** The manifest in the text of `manifest.json`. Throws for one of another format; `where` names the backup. */
export function readManifest(text: string, where: string): Manifest {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  const result = v.safeParse(manifest, value)
  if (result.success) return result.output
  const what = 'its manifest.json is not one of format 1'
  throw hostError({ where, what, remedy: 'restore it with the version of Plinth that made it' })
}

/** What is in a table now, without what gates have published. Null where there is no such table; `digest` is null where the rows were only counted. */
export interface Present {
  readonly rows: number
  readonly digest: string | null
  readonly columns: readonly string[]
  /** No rows but those that the installation itself writes. */
  readonly untouched: boolean
}

/** Whether a table is as it was saved, may be filled, or holds something else. */
export function tableState(saved: SavedTable, present: Present | null): 'equal' | 'missing' | 'empty' | 'other' {
  if (present === null) return 'missing'
  if (present.rows === saved.rows && present.digest === saved.digest) return 'equal'
  return present.untouched ? 'empty' : 'other'
}

/** The columns that a saved table has and the present one lacks: its rows would not fit. */
export const lackingColumns = (saved: SavedTable, present: Present): readonly string[] =>
  saved.columns.map(({ name }) => name).filter((name) => !present.columns.includes(name))
