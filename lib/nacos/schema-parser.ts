/**
 * Reads the MySQL schema file of a Nacos archive: CREATE TABLE and INSERT in the dialect these files use. Whatever it
 * does not understand is an error, never skipped: a schema half read would pass for a whole one.
 */
import { usageError } from '../core/error.ts'
import { type ColumnDef, type IndexDef, normalCollation, normalDefault, normalType, type TableDef } from './schema.ts'

interface Token {
  readonly kind: 'word' | 'name' | 'string' | 'sign'
  readonly text: string
  readonly line: number
}

const lexer =
  /(\s+|--[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/)|`((?:[^`]|``)*)`|'((?:[^'\\]|''|\\[\s\S])*)'|"((?:[^"\\]|""|\\[\s\S])*)"|([\p{L}\p{N}_$.-]+)|([\s\S])/gu

const meant = (text: string): string =>
  text.replaceAll("''", "'").replace(/\\([\s\S])/g, (_, c: string) => ({ n: '\n', t: '\t', r: '\r', 0: '\0' })[c] ?? c)

function tokens(sql: string): Token[] {
  const found: Token[] = []
  let line = 1
  for (const [whole, blank, name, string, double, word] of sql.matchAll(lexer)) {
    if (blank === undefined) {
      if (name !== undefined) found.push({ kind: 'name', text: name.replaceAll('``', '`'), line })
      else if (string !== undefined || double !== undefined)
        found.push({ kind: 'string', text: meant(string ?? double ?? ''), line })
      else found.push({ kind: word === undefined ? 'sign' : 'word', text: whole, line })
    }
    line += whole.split('\n').length - 1
  }
  return found
}

/** A place in the tokens, and the small steps of reading on from it. */
class Reader {
  #at = 0
  readonly tokens: readonly Token[]
  readonly file: string

  constructor(tokens: readonly Token[], file: string) {
    this.tokens = tokens
    this.file = file
  }

  get done(): boolean {
    return this.#at >= this.tokens.length
  }

  peek(): Token | undefined {
    return this.tokens[this.#at]
  }

  next(): Token {
    const token = this.tokens[this.#at++]
    if (!token) throw this.fail('ends in the middle of a statement')
    return token
  }

  /** Takes these keywords or signs if they are all next. */
  take(...words: readonly string[]): boolean {
    const all = words.every((word, i) => {
      const token = this.tokens[this.#at + i]
      return token && token.kind !== 'string' && token.kind !== 'name' && token.text.toUpperCase() === word
    })
    if (all) this.#at += words.length
    return all
  }

  need(...words: readonly string[]): void {
    if (!this.take(...words)) throw this.fail(`expected ${words.join(' ')}, not ${this.peek()?.text ?? 'the end'}`)
  }

  /** What stands between the parentheses that are next: a length or a precision. */
  inner(): string {
    this.need('(')
    let text = ''
    while (!this.take(')')) text += this.next().text
    return text
  }

  names(): string[] {
    this.need('(')
    const found: string[] = []
    do {
      const name = this.next().text
      found.push(this.peek()?.text === '(' ? `${name}(${this.inner()})` : name)
      if (!this.take('ASC')) this.take('DESC')
    } while (this.take(','))
    this.need(')')
    return found
  }

  fail(what: string): Error {
    const line = (this.tokens[this.#at] ?? this.tokens[this.tokens.length - 1])?.line ?? 1
    return usageError({
      where: `${this.file}, line ${line}`,
      what,
      remedy: 'check that this is the schema file of an unchanged Nacos archive',
    })
  }
}

export interface SeedRow {
  readonly table: string
  /** Column to value, literals as they mean: TRUE is 1. */
  readonly values: Readonly<Record<string, string>>
}

/**
 * The tables of a schema file, in order. `file` names it in errors. Throws a usage error with the line for anything
 * it does not understand, and when there is no table at all.
 */
export function parseSchema(sql: string, file = 'schema file'): TableDef[] {
  const { tables } = parse(sql, file)
  if (tables.length === 0) throw new Reader([], file).fail('holds no table')
  return tables
}

/** The rows a schema file inserts (the user nacos and its role, up to 2.3). */
export const seedRows = (sql: string, file = 'schema file'): SeedRow[] => parse(sql, file).seeds

function parse(sql: string, file: string): { tables: TableDef[]; seeds: SeedRow[] } {
  const reader = new Reader(tokens(sql), file)
  const tables: TableDef[] = []
  const seeds: SeedRow[] = []
  while (!reader.done) {
    if (reader.take(';')) continue
    if (reader.take('CREATE', 'TABLE')) tables.push(tableDef(reader))
    else if (reader.take('INSERT', 'INTO')) seeds.push(...insert(reader))
    else if (['SET', 'USE', 'COMMIT', 'BEGIN', 'DROP'].includes(reader.peek()?.text.toUpperCase() ?? ''))
      while (!reader.done && !reader.take(';')) reader.next()
    else throw reader.fail(`a statement that begins with ${reader.peek()?.text} is not understood`)
  }
  return { tables, seeds }
}

function tableDef(reader: Reader): TableDef {
  reader.take('IF', 'NOT', 'EXISTS')
  const name = reader.next().text
  const columns: ColumnDef[] = []
  const indexes: IndexDef[] = []
  const primaryKey: string[] = []
  reader.need('(')
  do {
    const constraint = reader.take('CONSTRAINT') ? reader.next().text : undefined
    if (reader.take('PRIMARY', 'KEY')) {
      primaryKey.push(...reader.names())
      indexOptions(reader)
    } else if (reader.take('UNIQUE')) indexes.push(indexDef(reader, true, constraint))
    else if (reader.take('KEY') || reader.take('INDEX')) indexes.push(indexDef(reader, false, constraint, true))
    else if (constraint !== undefined) throw reader.fail(`the constraint ${constraint} is not understood`)
    else columns.push(columnDef(reader, primaryKey, indexes))
  } while (reader.take(','))
  reader.need(')')
  // A primary key's columns are NOT NULL, said or not.
  const whole = columns.map((column) => (primaryKey.includes(column.name) ? { ...column, nullable: false } : column))
  return { name, columns: whole, primaryKey, indexes, ...tableOptions(reader) }
}

function indexDef(reader: Reader, unique: boolean, constraint: string | undefined, keyword = false): IndexDef {
  if (!keyword && !reader.take('KEY')) reader.take('INDEX')
  const own = reader.peek()?.text === '(' ? undefined : reader.next().text
  const columns = reader.names()
  indexOptions(reader)
  return { name: own ?? constraint ?? columns[0] ?? '', unique, columns }
}

function indexOptions(reader: Reader): void {
  for (;;) {
    if (reader.take('USING') || reader.take('COMMENT')) reader.next()
    else return
  }
}

function columnDef(reader: Reader, primaryKey: string[], indexes: IndexDef[]): ColumnDef {
  const name = reader.next().text
  let type = reader.next().text
  if (reader.peek()?.text === '(') type += `(${reader.inner()})`
  if (reader.take('UNSIGNED')) type += ' unsigned'
  let nullable = true
  let autoIncrement = false
  let value: string | null = null
  let onUpdate: string | null = null
  let collation: string | undefined
  for (;;) {
    if (reader.take('NOT', 'NULL')) nullable = false
    else if (reader.take('NULL')) nullable = true
    else if (reader.take('DEFAULT')) value = literal(reader)
    else if (reader.take('ON', 'UPDATE')) onUpdate = literal(reader)
    else if (reader.take('AUTO_INCREMENT')) autoIncrement = true
    else if (reader.take('COMMENT') || reader.take('CHARSET') || reader.take('CHARACTER', 'SET')) reader.next()
    else if (reader.take('COLLATE')) collation = normalCollation(reader.next().text)
    else if (reader.take('PRIMARY', 'KEY')) primaryKey.push(name)
    else if (reader.take('UNIQUE')) {
      reader.take('KEY')
      indexes.push({ name, unique: true, columns: [name] })
    } else break
  }
  const end = reader.peek()?.text
  if (end !== ',' && end !== ')') throw reader.fail(`${end ?? 'the end'} is not understood in the column ${name}`)
  return {
    name,
    type: normalType(type),
    nullable,
    default: value,
    autoIncrement,
    ...(onUpdate === null ? {} : { onUpdate }),
    ...(collation === undefined ? {} : { collation }),
  }
}

function literal(reader: Reader): string | null {
  const token = reader.next()
  if (token.kind === 'string') return normalDefault(token.text, true)
  return normalDefault(reader.peek()?.text === '(' ? `${token.text}(${reader.inner()})` : token.text, false)
}

function tableOptions(reader: Reader): Partial<TableDef> {
  const options: { engine?: string; charset?: string; collation?: string } = {}
  const value = (): string => {
    reader.take('=')
    return reader.next().text
  }
  while (!reader.done && !reader.take(';')) {
    reader.take('DEFAULT')
    if (reader.take('ENGINE')) options.engine = value()
    else if (reader.take('CHARSET') || reader.take('CHARACTER', 'SET')) options.charset = value().toLowerCase()
    else if (reader.take('COLLATE')) options.collation = value().toLowerCase()
    else if (reader.take('COMMENT') || reader.take('AUTO_INCREMENT') || reader.take('ROW_FORMAT')) value()
    else if (!reader.take(',')) throw reader.fail(`the table option ${reader.peek()?.text} is not understood`)
  }
  return options
}

function insert(reader: Reader): SeedRow[] {
  const table = reader.next().text
  const columns = reader.names()
  reader.need('VALUES')
  const rows: SeedRow[] = []
  do {
    reader.need('(')
    const values: string[] = []
    do values.push(seedValue(reader.next()))
    while (reader.take(','))
    reader.need(')')
    rows.push({ table, values: Object.fromEntries(columns.map((column, i) => [column, values[i] ?? ''])) })
  } while (reader.take(','))
  if (!reader.done) reader.need(';')
  return rows
}

const seedValue = ({ kind, text }: Token): string =>
  kind === 'word' && /^(true|false)$/i.test(text) ? (/^true$/i.test(text) ? '1' : '0') : text
