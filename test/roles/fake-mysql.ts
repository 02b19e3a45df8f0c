/** A little MySQL that knows the statements of a backup and a restore, transactions included, and can be killed in the middle. */
import mysql from 'mysql2'
import type { Database } from '../../lib/core/channel.ts'
import { columnsQuery, plainSession, snapshot } from '../../lib/mysql/dump.ts'

type Row = readonly (string | null)[]
export interface FakeTable {
  readonly columns: readonly string[]
  readonly rows: readonly Row[]
}

const quoted = /`nacos`\.`?(\w+)/

export class FakeMysql {
  /** Everything that changed something. */
  readonly writes: string[] = []
  /** Dies at this insertion, counted from 0. */
  dieAt = -1
  /** What others do while a table is read. */
  whileReading: () => void = () => {}
  /** Its `max_allowed_packet`. */
  packet = 4 * 1024 * 1024
  tables: ReadonlyMap<string, FakeTable>
  #inserts = 0

  constructor(tables: Readonly<Record<string, FakeTable>>) {
    this.tables = new Map(Object.entries(tables))
  }

  session(): Database {
    /** What the transaction sees, where there is one. */
    let own: Map<string, FakeTable> | undefined
    let readOnly = false
    const seen = (): ReadonlyMap<string, FakeTable> => own ?? this.tables
    const tableOf = (sql: string): FakeTable => {
      const table = seen().get(quoted.exec(sql)?.[1] ?? '')
      if (!table) throw new Error(`no table in ${sql}`)
      return table
    }
    /** Its rows, but for those that a condition leaves out. */
    const rowsOf = (sql: string): readonly Row[] => {
      const { columns, rows } = tableOf(sql)
      const [, column = '', value] = /WHERE NOT \((\w+) <=> '(\w+)'\)/.exec(sql) ?? []
      if (column !== '') return rows.filter((row) => row[columns.indexOf(column)] !== value)
      const set = (/ WHERE ((?:\w+ <> 0(?: OR )?)+)$/.exec(sql)?.[1] ?? '').match(/\w+(?= <>)/g) ?? []
      return set.length === 0 ? rows : rows.filter((row) => set.some((one) => Number(row[columns.indexOf(one)]) !== 0))
    }
    const put = (name: string, table: FakeTable): void => {
      if (own) own.set(name, table)
      else this.tables = new Map([...this.tables, [name, table]])
    }
    const query = (sql: string, values: readonly (string | number | null)[]): Record<string, string | null>[] => {
      const name = quoted.exec(sql)?.[1] ?? ''
      if (sql === plainSession || sql.startsWith('USE ')) return []
      if (sql === snapshot) {
        own = new Map(this.tables)
        readOnly = true
        return []
      }
      if (sql.startsWith('SELECT SCHEMA_NAME')) return [{ k: 'nacos', v: 'utf8mb4|utf8mb4_bin' }]
      if (sql.startsWith('SELECT TABLE_NAME AS name'))
        return [...seen().keys()].map((one) => ({ name: one, engine: 'InnoDB' }))
      if (sql.startsWith('SELECT COLUMN_NAME AS name')) {
        const found = [...seen()].find(([one]) => columnsQuery('nacos', one) === sql)
        return (found?.[1].columns ?? []).map((column) => ({ name: column, type: 'varchar' }))
      }
      if (sql.startsWith('SHOW CREATE TABLE'))
        return [{ Table: name, 'Create Table': `CREATE TABLE ${name} (${tableOf(sql).columns.join(', ')})` }]
      if (sql === 'SELECT @@max_allowed_packet AS bytes') return [{ bytes: String(this.packet) }]
      const bytes = Buffer.byteLength(mysql.format(sql, [...values]))
      if (bytes > this.packet) throw new Error(`${bytes} bytes are more than max_allowed_packet`)
      if (sql.startsWith('SELECT COUNT(*)')) return [{ total: String(rowsOf(sql).length) }]
      if (sql.startsWith('SELECT VERSION()')) return [{ version: '8.4.0' }]
      if (sql.startsWith('SELECT DISTINCT tenant_id')) return tableOf(sql).rows.map(([id]) => ({ id: id ?? null }))
      if (sql.startsWith('SELECT data_id')) {
        const { columns, rows } = tableOf(sql)
        return rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index] ?? null])))
      }
      if (sql === 'START TRANSACTION') own = new Map(this.tables)
      else if (sql === 'COMMIT') {
        if (!readOnly) this.tables = own ?? this.tables
        own = undefined
        readOnly = false
      } else if (sql.startsWith('DELETE FROM')) put(name, { ...tableOf(sql), rows: [] })
      else if (sql.startsWith('INSERT INTO')) {
        if (this.#inserts++ === this.dieAt) throw new Error('killed')
        const columns = (/\(([^)]*)\) VALUES/.exec(sql)?.[1] ?? '')
          .split(', ')
          .map((column) => column.replaceAll('`', ''))
        const table = tableOf(sql)
        const rows = Array.from({ length: values.length / columns.length }, (_, index) =>
          table.columns.map((column) => {
            const at = columns.indexOf(column)
            return at < 0 ? null : (values[index * columns.length + at] as string | null)
          }),
        )
        put(name, { ...table, rows: [...table.rows, ...rows] })
      } else if (sql.startsWith('CREATE TABLE')) {
        const [, made = '', columns = ''] = /CREATE TABLE (\w+) \(([^)]*)\)/.exec(sql) ?? []
        put(made, { columns: columns.split(', '), rows: [] })
      } else throw new Error(`unknown statement: ${sql}`)
      if (!/^(COMMIT|START)/.test(sql)) this.writes.push(sql.split(' ').slice(0, 3).join(' '))
      return []
    }
    const whileReading = (): void => this.whileReading()
    return {
      query: async (sql, values = []) => query(sql, values),
      rows: async function* (sql) {
        whileReading()
        const { columns } = tableOf(sql)
        const asked = (/SELECT ([\s\S]*?)\nFROM/.exec(sql)?.[1] ?? '')
          .split(', ')
          .map((column) => column.replaceAll('`', ''))
        for (const row of rowsOf(sql)) yield asked.map((column) => row[columns.indexOf(column)] ?? null)
      },
      fetchedPublicKey: false,
      close: async () => {
        own = undefined
      },
    }
  }
}
