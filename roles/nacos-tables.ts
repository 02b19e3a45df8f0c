/** The tables of a database beside those of a backup: what is there, and whether it is anybody's. */
import type { Database } from '../lib/core/channel.ts'
import type { Reach } from '../lib/engine/procedure.ts'
import {
  columnOf,
  columnsQuery,
  type Row,
  readRow,
  rowBytes,
  rowText,
  selectRows,
  TableSum,
} from '../lib/mysql/dump.ts'
import { name } from '../lib/mysql/readers.ts'
import { lackingColumns, type Present, type SavedTable, tableState } from '../lib/nacos/manifest.ts'
import { type Source, withSession } from './nacos-database.ts'
import { gateGroup } from './nacos-use.ts'

/** The tables that hold what a gate publishes and takes back: nobody's data, left out on both sides. */
const published = new Set(['config_info', 'his_config_info'])
const groupColumn = 'group_id'
/**
 * Where Nacos counts its configurations, a row for the cluster (`''`) and for every group or namespace that was ever published to,
 * the gate's too. It counts them anew by itself (CapacityService.correctUsage), so that only what somebody set is data.
 */
const counting = new Set(['group_capacity', 'tenant_capacity'])
const limits = ['quota', 'max_size', 'max_aggr_count', 'max_aggr_size', 'max_history_count']

/** Which rows of a table are somebody's data. */
export interface Data {
  /** The condition for these: ` WHERE …`. */
  readonly where: string
  /** Whether a row, with a value for each of the columns, is one. */
  has(row: Row): boolean
}

/** What is data in a table with these columns: without what gates published and what Nacos counts; undefined where all of it is. */
export function dataOf(table: string, columns: readonly string[]): Data | undefined {
  if (published.has(table) && columns.includes(groupColumn)) {
    const at = columns.indexOf(groupColumn)
    return { where: ` WHERE NOT (${groupColumn} <=> '${gateGroup}')`, has: (row) => row[at] !== gateGroup }
  }
  const set = counting.has(table) ? limits.filter((column) => columns.includes(column)) : []
  if (set.length === 0) return undefined
  const at = set.map((column) => columns.indexOf(column))
  return {
    where: ` WHERE ${set.map((column) => `${column} <> 0`).join(' OR ')}`,
    has: (row) => at.some((index) => Number(row[index] ?? 0) !== 0),
  }
}

/** What is in a table beside what was saved of it. */
export interface Seen {
  readonly present: Present | null
  readonly state: ReturnType<typeof tableState>
}

/** The tables as they are now. What was read once is remembered until something is written. */
export class Tables {
  /** Whether all of them may be written, by the look before anything is. */
  free = false
  /** Whether the files of the backup are as they were written, so that rows may be read from them. */
  sound = false
  readonly #seen = new Map<string, Seen>()
  /** Saved tables without what is nobody's data. */
  readonly #bare = new Map<string, SavedTable>()
  readonly #largest = new Map<string, number>()
  private readonly source: Source
  private readonly saved: readonly SavedTable[]
  private readonly linesOf: (saved: SavedTable) => AsyncIterable<string>

  /** @param linesOf the saved rows of a table, each as a line */
  constructor(source: Source, saved: readonly SavedTable[], linesOf: (saved: SavedTable) => AsyncIterable<string>) {
    this.source = source
    this.saved = saved
    this.linesOf = linesOf
  }

  /** Read anew. */
  async look(reach: Reach, saved: SavedTable): Promise<Seen> {
    const known = this.#bare.get(saved.name)
    let seen = await this.#compared(reach, known ?? saved)
    const data = dataOf(
      saved.name,
      saved.columns.map((column) => column.name),
    )
    if (seen.present && seen.state !== 'equal' && !known && data && this.sound) {
      // A backup of before has the other rows as well, and its digest is over all of them.
      const bare = { ...saved, ...(await this.#sumOf(saved, data)) }
      this.#bare.set(saved.name, bare)
      if (bare.rows !== saved.rows) seen = await this.#compared(reach, bare)
    }
    this.#seen.set(saved.name, seen)
    return seen
  }

  /** What the largest row of the backup takes in a statement, in bytes. */
  async largest(saved: SavedTable): Promise<number> {
    let largest = this.#largest.get(saved.name) ?? 0
    if (this.#largest.has(saved.name) || !this.sound) return largest
    for await (const line of this.linesOf(saved)) largest = Math.max(largest, rowBytes(readRow(line)))
    this.#largest.set(saved.name, largest)
    return largest
  }

  async allEqual(reach: Reach): Promise<boolean> {
    for (const saved of this.saved) {
      const { state } = this.#seen.get(saved.name) ?? (await this.look(reach, saved))
      if (state !== 'equal') return false
    }
    return true
  }

  async #compared(reach: Reach, saved: SavedTable): Promise<Seen> {
    const present = await withSession(reach, this.source, (session) => presentTable(session, this.source.schema, saved))
    return { present, state: tableState(saved, present) }
  }

  async #sumOf(saved: SavedTable, data: Data): Promise<Pick<SavedTable, 'rows' | 'digest'>> {
    const sum = new TableSum()
    for await (const line of this.linesOf(saved)) if (data.has(readRow(line))) sum.add(line)
    return { rows: sum.rows, digest: sum.digest }
  }
}

/** What the site itself writes into a table, nobody's data: one user and one role to log in with. */
const administrator = { column: 'username', value: 'nacos', most: 1 }
const ownRows = new Map([
  ['users', administrator],
  ['roles', administrator],
])

/** Counts first: rows are read only where they may be the same. */
async function presentTable(session: Database, schema: string, saved: SavedTable): Promise<Present | null> {
  const columns = (await session.query(columnsQuery(schema, saved.name))).map(columnOf).map((column) => column.name)
  if (columns.length === 0) return null
  const table = `${name(schema)}.${name(saved.name)}`
  const but = dataOf(saved.name, columns)?.where ?? ''
  const [counted] = await session.query(`SELECT COUNT(*) AS total FROM ${table}${but}`)
  const rows = Number(counted?.total)
  const fits =
    rows === saved.rows && lackingColumns(saved, { rows, digest: null, columns, untouched: false }).length === 0
  let digest: string | null = null
  if (fits) {
    const sum = new TableSum()
    for await (const row of session.rows(`${selectRows(schema, saved.name, saved.columns)}${but}`))
      sum.add(rowText(row))
    digest = sum.digest
  }
  const own = ownRows.get(saved.name)
  const perhaps = own && rows <= own.most && columns.includes(own.column)
  const [other] = perhaps
    ? await session.query(`SELECT COUNT(*) AS total FROM ${table} WHERE NOT (${own.column} <=> '${own.value}')`)
    : []
  return { rows, digest, columns, untouched: rows === 0 || other?.total === '0' }
}
