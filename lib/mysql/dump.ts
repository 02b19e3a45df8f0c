/**
 * Tables as lines of text and back, through nothing but SQL: what `mysqldump` would do, where there is none. A row is a JSON
 * array of strings and nulls; binary values are in hexadecimal. Its digest does not depend on the order of the rows.
 */
import { createHash } from 'node:crypto'
import { tableWait, writerSilence } from './lock.ts'
import { literal, name } from './readers.ts'

export interface Column {
  readonly name: string
  /** Not text in a character set: carried as hexadecimal digits. */
  readonly binary: boolean
}

export type Row = readonly (string | null)[]

/**
 * What a session says before it reads or writes tables: everything as it is, in UTF-8 and UTC, values with backslashes as the
 * driver writes them, nothing cut to fit, no check that only whole tables can pass. One that says nothing any more ends, and none
 * waits long for a table.
 */
export const plainSession = `SET NAMES utf8mb4; SET SESSION time_zone = '+00:00', foreign_key_checks = 0, unique_checks = 1,
sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO', wait_timeout = ${writerSilence},
lock_wait_timeout = ${tableWait}`

/** One moment for all tables, however long the reading takes (InnoDB). Ends with `COMMIT`. */
export const snapshot = `SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ;
START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY`

/** `name`, `engine` of every table of a schema, views left out. */
export const tablesQuery = (schema: string): string =>
  `SELECT TABLE_NAME AS name, COALESCE(ENGINE, '') AS engine FROM information_schema.TABLES
WHERE TABLE_SCHEMA = ${literal(schema)} AND TABLE_TYPE = 'BASE TABLE' ORDER BY TABLE_NAME`

/** `name`, `type` of the columns of a table that are stored, generated ones left out. */
export const columnsQuery = (schema: string, table: string): string =>
  `SELECT COLUMN_NAME AS name, DATA_TYPE AS type FROM information_schema.COLUMNS
WHERE TABLE_SCHEMA = ${literal(schema)} AND TABLE_NAME = ${literal(table)}
AND EXTRA NOT LIKE '%VIRTUAL GENERATED%' AND EXTRA NOT LIKE '%STORED GENERATED%' ORDER BY ORDINAL_POSITION`

const binaryTypes =
  /^(binary|varbinary|tinyblob|blob|mediumblob|longblob|bit|geometry|point|linestring|polygon|multi\w+|vector)$/i

/** A row of `columnsQuery`. */
export const columnOf = (row: Readonly<Record<string, string | null>>): Column => ({
  name: row.name ?? '',
  binary: binaryTypes.test(row.type ?? ''),
})

/** All rows of a table: a value for each of `columns`, in their order. */
export const selectRows = (schema: string, table: string, columns: readonly Column[]): string =>
  `SELECT ${columns.map(({ name: column, binary }) => (binary ? `HEX(${name(column)})` : name(column))).join(', ')}
FROM ${name(schema)}.${name(table)}`

/** A statement that adds `count` rows, with their values, row by row, for its `?`. */
export function insertRows(schema: string, table: string, columns: readonly Column[], count: number): string {
  const row = `(${columns.map(({ binary }) => (binary ? 'UNHEX(?)' : '?')).join(', ')})`
  const into = columns.map((column) => name(column.name)).join(', ')
  return `INSERT INTO ${name(schema)}.${name(table)} (${into}) VALUES ${Array(count).fill(row).join(', ')}`
}

/** Before these the driver writes a backslash. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are those of SQL strings
const escaped = /[\0\b\t\n\r\x1a"'\\]/g
/** `UNHEX('')`, and what stands between two values. */
const around = 12

/** What a row takes in a statement of `insertRows`, in bytes, at most. */
export const rowBytes = (row: Row): number =>
  row.reduce((sum, value) => {
    if (value === null) return sum + around
    return sum + around + Buffer.byteLength(value) + (value.match(escaped)?.length ?? 0)
  }, 0)

/** A row as a line, without its end. */
export const rowText = (row: Row): string => JSON.stringify(row)

/** The row in a line. Throws SyntaxError for what is none. */
export function readRow(line: string): Row {
  const value: unknown = JSON.parse(line)
  if (Array.isArray(value) && value.every((one) => one === null || typeof one === 'string')) return value
  throw new SyntaxError('not a row of strings')
}

/** Counts rows, and adds up their digests: equal sums, equal rows, in whatever order they came. */
export class TableSum {
  #rows = 0
  #sum = 0n

  add(line: string): void {
    this.#rows++
    this.#sum = BigInt.asUintN(256, this.#sum + BigInt(`0x${createHash('sha256').update(line).digest('hex')}`))
  }

  get rows(): number {
    return this.#rows
  }

  /** 64 hex digits. */
  get digest(): string {
    return this.#sum.toString(16).padStart(64, '0')
  }
}
