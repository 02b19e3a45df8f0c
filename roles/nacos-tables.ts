/** The tables of a database beside those of a backup: what is there, and whether it is anybody's. */
import type { Database } from '../lib/core/channel.ts'
import type { Reach } from '../lib/engine/procedure.ts'
import { columnOf, columnsQuery, rowText, selectRows, TableSum } from '../lib/mysql/dump.ts'
import { name } from '../lib/mysql/readers.ts'
import { lackingColumns, type Present, type SavedTable, tableState } from '../lib/nacos/manifest.ts'
import { type Source, withSession } from './nacos-database.ts'
import { gateGroup } from './nacos-use.ts'

/** The tables as they are now. What was read once is remembered until something is written. */
export class Tables {
  /** Whether all of them may be written, by the look before anything is. */
  free = false
  readonly #seen = new Map<string, Present | null>()
  private readonly source: Source
  private readonly saved: readonly SavedTable[]

  constructor(source: Source, saved: readonly SavedTable[]) {
    this.source = source
    this.saved = saved
  }

  /** Read anew. */
  async look(reach: Reach, saved: SavedTable): Promise<Present | null> {
    const present = await withSession(reach, this.source, (session) => presentTable(session, this.source.schema, saved))
    this.#seen.set(saved.name, present)
    return present
  }

  async state(reach: Reach, saved: SavedTable): Promise<ReturnType<typeof tableState>> {
    const known = this.#seen.get(saved.name)
    return tableState(saved, known === undefined ? await this.look(reach, saved) : known)
  }

  async allEqual(reach: Reach): Promise<boolean> {
    for (const saved of this.saved) if ((await this.state(reach, saved)) !== 'equal') return false
    return true
  }
}

const administrator = { column: 'username', value: 'nacos', most: 1 }
const published = { column: 'group_id', value: gateGroup, most: Number.POSITIVE_INFINITY }
/** What the site itself writes into a table, nobody's data: one user and one role to log in with, and what the gate publishes. */
const ownRows = new Map([
  ['users', administrator],
  ['roles', administrator],
  ['config_info', published],
  ['his_config_info', published],
])

/** Counts first: rows are read only where they may be the same. */
async function presentTable(session: Database, schema: string, saved: SavedTable): Promise<Present | null> {
  const columns = (await session.query(columnsQuery(schema, saved.name))).map(columnOf).map((column) => column.name)
  if (columns.length === 0) return null
  const table = `${name(schema)}.${name(saved.name)}`
  const [counted] = await session.query(`SELECT COUNT(*) AS total FROM ${table}`)
  const rows = Number(counted?.total)
  const fits =
    rows === saved.rows && lackingColumns(saved, { rows, digest: null, columns, untouched: false }).length === 0
  let digest: string | null = null
  if (fits) {
    const sum = new TableSum()
    for await (const row of session.rows(selectRows(schema, saved.name, saved.columns))) sum.add(rowText(row))
    digest = sum.digest
  }
  const own = ownRows.get(saved.name)
  const perhaps = own && rows <= own.most && columns.includes(own.column)
  const [other] = perhaps
    ? await session.query(`SELECT COUNT(*) AS total FROM ${table} WHERE NOT (${own.column} <=> '${own.value}')`)
    : []
  return { rows, digest, columns, untouched: rows === 0 || other?.total === '0' }
}
