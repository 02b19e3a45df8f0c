import type { Problem } from '../../core/error.ts'
import { type Resource, resource } from '../../core/resource.ts'
import { kindOf } from '../../core/secret.ts'
import { isText, mistake, shown } from '../../core/told.ts'
import { columns as columnsReader, indexes as indexesReader, name } from '../../mysql/readers.ts'
import {
  accepts,
  acceptsCollation,
  addColumn,
  addIndex,
  addPrimaryKey,
  alteredColumn,
  type ColumnDef,
  columnOf,
  columnState,
  createTable,
  indexState,
  modifyColumn,
  rollingSafe,
  type TableDef,
  writtenCollation,
} from '../../nacos/schema.ts'

interface TableState {
  readonly [key: string]: string
}

const primaryKey = 'primary key'
const columnKey = (column: string): string => `column ${column}`

/**
 * A table with at least the columns and indexes that are declared. A missing table is created, a missing column or
 * index added, a column that is too narrow widened; what is wider, and what is there beyond it, is left alone. A column that
 * can't be changed without perhaps cutting what is in it blocks the plan.
 */
export function databaseTable(schema: string, table: TableDef): Resource {
  if (!isText(schema)) throw mistake(databaseTable, `the schema of a table is ${shown(schema)}`, 'give its name')
  if (!isText(table?.name) || !Array.isArray(table.columns) || !Array.isArray(table.indexes)) {
    const what = `a table of schema ${schema} is ${kindOf(table)} that is no definition of one`
    throw mistake(databaseTable, what, 'give one of those that the text of a schema was parsed to')
  }
  const key = `${schema}.${table.name}`
  const columnsQuestion = { reader: columnsReader, key }
  const indexesQuestion = { reader: indexesReader, key }
  const desired = desiredState(table)
  const changeColumn = (wanted: ColumnDef, found: string) => {
    const actual = columnsIn(found).get(wanted.name)
    const altered = (actual && alter(wanted, actual)) ?? wanted
    const state = columnState(altered)
    const other = state === desired[columnKey(wanted.name)] ? '' : ` to ${state}`
    return step(schema, `change column ${key}.${wanted.name}${other}`, modifyColumn(table.name, altered))
  }
  return resource<TableState>({
    id: `table:${key}`,
    needs: [`schema:${schema}`],
    probe: [columnsQuestion, indexesQuestion],
    read(answers) {
      const found = answers(columnsQuestion)
      if (found === '') return null
      const actual = columnsIn(found)
      const columns = table.columns.flatMap((wanted): [string, string][] => {
        const column = actual.get(wanted.name)
        if (!column) return []
        const good = accepts(wanted, column)
        return [[columnKey(wanted.name), good ? columnState(rollingSafe(wanted)) : columnState(column)]]
      })
      return { ...Object.fromEntries(columns), ...indexStates(answers(indexesQuestion)) }
    },
    desired,
    warn(answers) {
      const loose = looseKeys(table, answers(columnsQuestion))
      if (loose.length === 0) return []
      const kinds = [...new Set(loose.map(({ collation }) => collation))].join(', ')
      return [
        {
          where: `table ${key}`,
          what: `${loose.map((column) => column.name).join(', ')} don't tell small letters from capitals (${kinds}): two names that differ in nothing else are one`,
          remedy: `if that matters: ALTER TABLE ${name(schema)}.${name(table.name)} ${exactly(answers(columnsQuestion))}, at a quiet time`,
        },
      ]
    },
    barred: (answers) => immovable(schema, table, answers(columnsQuestion), indexStates(answers(indexesQuestion))),
    steps({ actual, changed, answers }) {
      if (actual === null) return [step(schema, `create table ${key}`, createTable(table))]
      const columns = table.columns.filter((column) => changed.has(columnKey(column.name)))
      const indexes = table.indexes.filter((index) => changed.has(indexState(index)))
      const named = new Set(
        answers(indexesQuestion)
          .split('\n')
          .map((line) => line.split('|')[0]),
      )
      return [
        ...columns.map((column) =>
          actual[columnKey(column.name)] === undefined
            ? step(schema, `add column ${key}.${column.name}`, addColumn(table.name, column))
            : changeColumn(column, answers(columnsQuestion)),
        ),
        ...(changed.has(primaryKey)
          ? [
              step(
                schema,
                `add the primary key of ${key}`,
                instead(named.has('PRIMARY') && 'PRIMARY KEY', addPrimaryKey(table.name, table.primaryKey)),
              ),
            ]
          : []),
        ...indexes.map((index) =>
          step(
            schema,
            `add index ${index.name} of ${key}`,
            instead(named.has(index.name) && `INDEX ${name(index.name)}`, addIndex(table.name, index)),
          ),
        ),
      ]
    },
  })
}

/** What a column that is there is changed to, in its rolling-safe form; undefined where a change could cut or stop at a row. */
const alter = (wanted: ColumnDef, actual: ColumnDef): ColumnDef | undefined =>
  alteredColumn(rollingSafe(wanted), actual)

/** Columns that no change brings to what is declared without a look at their rows, and those that no index can be made of. */
function immovable(schema: string, table: TableDef, found: string, indexes: TableState): readonly Problem[] {
  if (found === '') return []
  const columns = columnsIn(found)
  const lacking = [
    ...(indexes[primaryKey] === table.primaryKey.join(', ') ? [] : [table.primaryKey]),
    ...table.indexes.filter((index) => indexes[indexState(index)] === undefined).map((index) => index.columns),
  ].flat()
  return table.columns.flatMap((wanted) => {
    const actual = columns.get(wanted.name)
    const unindexed = actual !== undefined && /text|blob/.test(actual.type) && lacking.includes(wanted.name)
    if (!actual || (!unindexed && (accepts(wanted, actual) || alter(wanted, actual)))) return []
    const column = name(wanted.name)
    const state = columnState(rollingSafe(wanted))
    return [
      {
        where: `table ${schema}.${table.name}`,
        what: `${wanted.name} is ${columnState(actual)}, ${unindexed ? "and its index can't be made of that" : `and ${state} would not hold everything that it can`}`,
        remedy: `see what is in it (SELECT MAX(CHAR_LENGTH(${column})), SUM(${column} IS NULL) FROM ${name(schema)}.${name(table.name)}), and change it by hand: ${modifyColumn(table.name, wanted)}`,
      },
    ]
  })
}

/** Columns of its keys whose collation is another kind than is declared. */
function looseKeys(table: TableDef, found: string): readonly ColumnDef[] {
  const actual = found.split('\n').map(columnOfLine)
  const keys = [table.primaryKey, ...table.indexes.map(({ columns }) => columns)].flat()
  return table.columns.flatMap((wanted) => {
    const column = actual.find((one) => one.name === wanted.name)
    const isKey = keys.some((one) => one.replace(/\(\d+\)$/, '') === wanted.name)
    const good = acceptsCollation(wanted.collation ?? table.collation, column?.collation ?? null)
    return column && isKey && !good ? [column] : []
  })
}

/**
 * What makes its names exact. The character set stays: with one of more bytes a character, long keys might not fit. Of
 * several it is the one that holds them all.
 */
function exactly(found: string): string {
  const columns = found.split('\n').map(columnOfLine)
  const sets = new Set(columns.flatMap(({ collation }) => collation?.replace(/_.*/, '') ?? []))
  const [only] = sets
  const collation = writtenCollation(`${sets.size === 1 ? only : 'utf8mb4'}_bin`)
  return `CONVERT TO CHARACTER SET ${collation.replace('_bin', '')} COLLATE ${collation}`
}

/** An ALTER that also drops what has the name already: a dropped column leaves its index behind, without that column. */
const instead = (there: string | false, alter: string): string =>
  there === false ? alter : alter.replace(' ADD ', ` DROP ${there}, ADD `)

const step = (schema: string, say: string, sql: string) => ({ say, run: `USE ${name(schema)}; ${sql}`, deadline: 600 })

function desiredState(table: TableDef): TableState {
  return Object.fromEntries([
    ...table.columns.map((column) => [columnKey(column.name), columnState(rollingSafe(column))]),
    ...table.indexes.map((index) => [indexState(index), 'present']),
    ...(table.primaryKey.length > 0 ? [[primaryKey, table.primaryKey.join(', ')]] : []),
  ])
}

/** An answer of the reader `columns`, by name. */
const columnsIn = (found: string): ReadonlyMap<string, ColumnDef> =>
  new Map(found.split('\n').map((line) => [columnOfLine(line).name, columnOfLine(line)]))

/** A line of the reader `columns`. */
function columnOfLine(line: string): ColumnDef {
  const [column = '', type = '', nullable = '', charset = '', collation = '', extra = '', has = 'N', ...rest] =
    line.split('|')
  return columnOf({
    COLUMN_NAME: column,
    COLUMN_TYPE: type,
    IS_NULLABLE: nullable,
    COLUMN_DEFAULT: has === 'D' ? rest.join('|') : null,
    EXTRA: extra,
    COLLATION_NAME: collation === '' ? null : collation,
    CHARACTER_SET_NAME: charset === '' ? null : charset,
  })
}

/** The primary key and every index of the reader `indexes`, by what they do: their names differ and mean nothing. */
function indexStates(answer: string): TableState {
  const found = new Map<string, { unique: boolean; columns: string[] }>()
  for (const line of answer.split('\n').filter((text) => text !== '')) {
    const [index = '', unique = '', column = '', prefix = ''] = line.split('|')
    const known = found.get(index) ?? { unique: unique === '1', columns: [] }
    known.columns.push(prefix === '' ? column : `${column}(${prefix})`)
    found.set(index, known)
  }
  return Object.fromEntries(
    [...found].map(([index, { unique, columns }]) =>
      index === 'PRIMARY' ? [primaryKey, columns.join(', ')] : [indexState({ unique, columns }), 'present'],
    ),
  )
}
