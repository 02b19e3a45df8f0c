/**
 * The tables of Nacos as data: what a version's own SQL file declares, what INFORMATION_SCHEMA says of a database, and
 * whether the second will do for the first. Normal forms hide what differs between MySQL 5.6 to 9 and MariaDB without
 * meaning anything: display widths of integers, `CURRENT_TIMESTAMP` or `current_timestamp()`, utf8 or utf8mb3.
 */
import { type Finding, risky } from './finding.ts'
import { atLeast, type Version } from './version.ts'

export interface ColumnDef {
  readonly name: string
  /** Normal form: `varchar(255)`, `bigint unsigned`, `datetime(3)`; no display width. */
  readonly type: string
  readonly nullable: boolean
  /** As SQL text: a quoted literal or `current_timestamp`; null when there is none. */
  readonly default: string | null
  readonly autoIncrement: boolean
  readonly onUpdate?: string
  /** Only where the column itself declares one. */
  readonly collation?: string
}

export interface IndexDef {
  readonly name: string
  readonly unique: boolean
  /** In order; a prefix length as `name(191)`. */
  readonly columns: readonly string[]
}

export interface TableDef {
  readonly name: string
  readonly columns: readonly ColumnDef[]
  readonly primaryKey: readonly string[]
  readonly indexes: readonly IndexDef[]
  readonly engine?: string
  readonly charset?: string
  readonly collation?: string
}

/** A row of INFORMATION_SCHEMA.COLUMNS, as far as it is needed. */
export interface InformationSchemaColumn {
  readonly COLUMN_NAME: string
  readonly COLUMN_TYPE: string
  readonly IS_NULLABLE: string
  readonly COLUMN_DEFAULT: string | null
  readonly EXTRA: string
  readonly COLLATION_NAME: string | null
  readonly CHARACTER_SET_NAME: string | null
}

/** The file in the archive's conf/ that holds the MySQL schema: renamed in 2.1.2. */
export const schemaFileName = (version: Version): string =>
  atLeast(version, '2.1.2') ? 'mysql-schema.sql' : 'nacos-mysql.sql'

/** A type in its normal form. */
export function normalType(text: string): string {
  const type = text
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .replace(/\s*([(),])\s*/g, '$1')
    .replace(/\)(?=[a-z])/g, ') ')
    .trim()
  // The one width that still means something: drivers read tinyint(1) as a boolean.
  if (/^(boolean|bool|tinyint\(1\))$/.test(type)) return 'tinyint(1)'
  return type
    .replace(/^integer\b/, 'int')
    .replace(/^((?:tiny|small|medium|big)?int)\(\d+\)/, '$1')
    .replace(/ zerofill$/, '')
}

const time = /^(?:current_timestamp|now|localtime|localtimestamp)(?:\((\d*)\))?$/i

/** A default in its normal form. `quoted` says that the text came in quotes. */
export function normalDefault(text: string, quoted: boolean): string | null {
  if (quoted) return `'${text.replaceAll("'", "''")}'`
  if (/^null$/i.test(text)) return null
  const match = time.exec(text)
  if (match) return match[1] ? `current_timestamp(${match[1]})` : 'current_timestamp'
  if (/^(true|false)$/i.test(text)) return /^true$/i.test(text) ? "'1'" : "'0'"
  return `'${text}'`
}

/** utf8 and utf8mb3 are one: a collation in today's name. */
export const normalCollation = (name: string): string => name.toLowerCase().replace(/^utf8_/, 'utf8mb3_')

/** The same as every server knows it: the names of today are new in 8.0.30. */
export const writtenCollation = (name: string): string => name.replace(/^utf8mb3_/, 'utf8_')
const writtenCharset = (name: string): string => name.replace(/^utf8mb3$/, 'utf8')

/** A column as MySQL 5.6 to 9 or MariaDB 10 describe it in INFORMATION_SCHEMA.COLUMNS. */
export function columnOf(row: InformationSchemaColumn): ColumnDef {
  const extra = row.EXTRA.toLowerCase()
  const onUpdate = /on update (\S+)/.exec(extra)?.[1]
  return {
    name: row.COLUMN_NAME,
    type: normalType(row.COLUMN_TYPE),
    nullable: row.IS_NULLABLE.toUpperCase() === 'YES',
    default: describedDefault(row),
    autoIncrement: extra.includes('auto_increment'),
    ...(onUpdate === undefined ? {} : { onUpdate: normalDefault(onUpdate, false) ?? '' }),
    ...(row.COLLATION_NAME === null ? {} : { collation: normalCollation(row.COLLATION_NAME) }),
  }
}

function describedDefault({ COLUMN_DEFAULT: text, COLUMN_TYPE: type }: InformationSchemaColumn): string | null {
  if (text === null) return null
  // MariaDB quotes literals and writes NULL out; MySQL gives the bare value.
  const quoted = /^'([\s\S]*)'$/.exec(text)?.[1]
  if (quoted !== undefined) return normalDefault(quoted.replaceAll("''", "'"), true)
  if (/^(datetime|timestamp)/i.test(type) && time.test(text)) return normalDefault(text, false)
  return text === 'NULL' ? null : normalDefault(text, true)
}

/** `varchar(255) not null default ''`: all that matters of a column but its collation, for comparing and for people. */
export const columnState = (column: ColumnDef): string =>
  [
    column.type,
    column.nullable ? 'null' : 'not null',
    column.default === null ? '' : `default ${column.default}`,
    column.onUpdate === undefined ? '' : `on update ${column.onUpdate}`,
    column.autoIncrement ? 'auto_increment' : '',
  ]
    .filter((part) => part !== '')
    .join(' ')

/** The same of a row of INFORMATION_SCHEMA.COLUMNS. */
export const informationSchemaColumnState = (row: InformationSchemaColumn): string => columnState(columnOf(row))

/** `unique (data_id, group_id)`: an index apart from its name, which differs between versions and means nothing. */
export const indexState = ({ unique, columns }: Omit<IndexDef, 'name'>): string =>
  `${unique ? 'unique' : 'index'} (${columns.join(', ')})`

/**
 * The column as it is to be made while nodes of an older version still write. `encrypted_data_key text NOT NULL` of
 * 2.1.0 to 2.3 has no default, so every insert of a 2.0 node fails in strict mode; 2.4.0 itself made it
 * `varchar(1024) NOT NULL DEFAULT ''`, which serves both.
 */
export const rollingSafe = (column: ColumnDef): ColumnDef =>
  column.name === 'encrypted_data_key' && columnState(column) === 'text not null'
    ? { ...column, type: 'varchar(1024)', default: "''" }
    : column

/** The states that are right for a column, the preferred one first; wider ones are right too, see `accepts`. */
export function acceptable(column: ColumnDef): string[] {
  const safe = rollingSafe(column)
  // Many made it nullable by hand to be able to publish; NULL reads as no key, and a change back could fail on rows.
  const byHand = safe === column ? [] : [columnState({ ...column, nullable: true })]
  return [...new Set([columnState(safe), columnState(column), ...byHand])]
}

/**
 * Whether an existing column will do where `wanted` is declared. Beside the same state these will do:
 * - one that takes more: a longer varchar or char, a text, a larger integer (group_id is 255 in old schemas, 128 is wanted
 *   from 2.2 on), NULL where it is not wanted. What fits the wanted one fits it, and a change back could fail on rows;
 * - a default where none is wanted on a NOT NULL column;
 * - both forms of encrypted_data_key (`rollingSafe`).
 * Other defaults and auto_increment must be the same; a text that may be NULL can do without the default '': NULL reads as it.
 */
export function accepts(wanted: ColumnDef, actual: ColumnDef): boolean {
  if (acceptable(wanted).includes(columnState(actual))) return true
  return [wanted, rollingSafe(wanted)].some((one) => {
    const altered = alteredColumn(one, actual)
    return altered !== undefined && columnState(altered) === columnState(actual)
  })
}

/**
 * What an existing column is changed to where `wanted` is declared: it never takes less than before, so that no row is cut
 * and none stops the change. Undefined where there is no such form.
 */
export function alteredColumn(wanted: ColumnDef, actual: ColumnDef): ColumnDef | undefined {
  const type = holds(wanted.type, actual.type) ? wanted.type : holds(actual.type, wanted.type) ? actual.type : undefined
  if (type === undefined)
    return numeric.test(actual.type) ? { ...wanted, nullable: takesNull(wanted, actual) } : undefined
  const altered = { ...wanted, type, nullable: takesNull(wanted, actual) }
  const kept = wanted.default === null && !wanted.nullable && !wanted.autoIncrement ? actual.default : wanted.default
  // MySQL before 8.0.13 knows no default of a text.
  if (!texts.includes(type)) return { ...altered, default: kept }
  if (wanted.default !== null && wanted.default !== "''") return undefined
  return { ...altered, default: null, nullable: altered.nullable || wanted.default !== null }
}

const takesNull = (wanted: ColumnDef, actual: ColumnDef): boolean =>
  wanted.nullable || (actual.nullable && !wanted.autoIncrement)

/** Numbers and times: what does not fit stops a change in strict mode, and nothing of Nacos comes near their limits. */
const numeric = /^(tinyint|smallint|mediumint|int|bigint|datetime|timestamp)\b/

const texts: readonly string[] = ['tinytext', 'text', 'mediumtext', 'longtext']
/** Bytes; a character has four at most. */
const textBytes: readonly number[] = [2 ** 8 - 1, 2 ** 16 - 1, 2 ** 24 - 1, 2 ** 32 - 1]
const ladders: readonly (readonly string[])[] = [
  texts,
  ['tinyint(1)', 'tinyint', 'smallint', 'mediumint', 'int', 'bigint'],
  ['tinyint unsigned', 'smallint unsigned', 'mediumint unsigned', 'int unsigned', 'bigint unsigned'],
]

/** Whether every value of one type fits another. */
function holds(wide: string, narrow: string): boolean {
  if (wide === narrow) return true
  const [long, short] = [wide, narrow].map((type) => /^(varchar|char)\((\d+)\)$/.exec(type))
  // The end of a char loses its blanks.
  if (long && short) return (long[1] === 'varchar' || short[1] === 'char') && Number(long[2]) >= Number(short[2])
  const bytes = textBytes[texts.indexOf(wide)]
  if (short && bytes !== undefined) return Number(short[2]) * 4 <= bytes
  return ladders.some((ladder) => ladder.includes(narrow) && ladder.indexOf(wide) > ladder.indexOf(narrow))
}

/**
 * Whether a table's or column's collation will do: where a `_bin` one is declared, dataIds that differ in case only
 * are different, so the actual one must be `_bin` too. utf8mb4 will do for utf8. Undeclared, any will do.
 */
export const acceptsCollation = (wanted: string | undefined, actual: string | null): boolean =>
  wanted === undefined || actual === null || !wanted.endsWith('_bin') || actual.endsWith('_bin')

const id = (name: string): string => `\`${name.replaceAll('`', '``')}\``
const list = (columns: readonly string[]): string =>
  columns
    .map((column) => column.replace(/^(.*?)(\(\d+\))?$/, (_, name: string, length = '') => id(name) + length))
    .join(', ')

const columnSql = (column: ColumnDef): string => {
  const { collation } = column
  const state = columnState(rollingSafe(column))
  return `${id(column.name)} ${collation ? state.replace(/^(.*?)(?= (?:not )?null)/, `$1 COLLATE ${writtenCollation(collation)}`) : state}`
}

const indexSql = ({ name, unique, columns }: IndexDef): string =>
  `${unique ? 'UNIQUE ' : ''}KEY ${id(name)} (${list(columns)})`

/** CREATE TABLE IF NOT EXISTS, rolling-safe; InnoDB where the file names no engine, because a MyISAM default breaks. */
export function createTable(table: TableDef): string {
  const parts = [
    ...table.columns.map(columnSql),
    ...(table.primaryKey.length > 0 ? [`PRIMARY KEY (${list(table.primaryKey)})`] : []),
    ...table.indexes.map(indexSql),
  ]
  const options = [
    `ENGINE=${table.engine ?? 'InnoDB'}`,
    ...(table.charset ? [`DEFAULT CHARSET=${writtenCharset(table.charset)}`] : []),
    ...(table.collation ? [`COLLATE=${writtenCollation(table.collation)}`] : []),
  ]
  return `CREATE TABLE IF NOT EXISTS ${id(table.name)} (\n  ${parts.join(',\n  ')}\n) ${options.join(' ')}`
}

/** ALTER TABLE that adds a column, at the end. Rolling-safe. */
export const addColumn = (table: string, column: ColumnDef): string =>
  `ALTER TABLE ${id(table)} ADD COLUMN ${columnSql(column)}`

/** ALTER TABLE that brings a column to a form: for one that is there that of `alteredColumn`. */
export const modifyColumn = (table: string, column: ColumnDef): string =>
  `ALTER TABLE ${id(table)} MODIFY COLUMN ${columnSql(column)}`

/** ALTER TABLE that adds an index. */
export const addIndex = (table: string, index: IndexDef): string => `ALTER TABLE ${id(table)} ADD ${indexSql(index)}`

/** ALTER TABLE that adds the primary key. */
export const addPrimaryKey = (table: string, columns: readonly string[]): string =>
  `ALTER TABLE ${id(table)} ADD PRIMARY KEY (${list(columns)})`

/** The bcrypt hash of `nacos` that the schemas up to 2.3 insert for the user nacos. */
const shippedHash = '$2a$10$EuWPZHzz32dJN7jexM34MOeYirDdFAZm2kuWj7VEOJhhZkDrxfvUu'

/** Defaults still in use that everybody knows: the shipped password of the user nacos. */
export const usedDefaults = (users: readonly { readonly username: string; readonly password: string }[]): Finding[] =>
  users
    .filter(({ password }) => password === shippedHash)
    .map(({ username }) =>
      risky(`the user ${username} still has the shipped password`, 'change it before anyone else does'),
    )
