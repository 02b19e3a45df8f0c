import { columnOf, columnsQuery, insertRows, readRow, rowText, selectRows, TableSum } from '../../lib/mysql/dump.ts'
import { assert, suite } from '../kit.ts'

const test = suite('mysql/dump')
const columns = [
  { name: 'id', binary: false },
  { name: 'raw`', binary: true },
]

test('binary columns go as hexadecimal digits, both ways', () => {
  assert.is(selectRows('nacos', 'config_info', columns), 'SELECT `id`, HEX(`raw```)\nFROM `nacos`.`config_info`')
  assert.is(
    insertRows('nacos', 't', columns, 2),
    'INSERT INTO `nacos`.`t` (`id`, `raw```) VALUES (?, UNHEX(?)), (?, UNHEX(?))',
  )
})

test('what is binary is told by the type', () => {
  for (const type of ['blob', 'longblob', 'varbinary', 'BINARY', 'bit', 'geometry'])
    assert.is(columnOf({ name: 'a', type }).binary, true, type)
  for (const type of ['bigint', 'varchar', 'longtext', 'datetime', 'timestamp', 'json', 'enum', 'decimal', 'tinyint'])
    assert.is(columnOf({ name: 'a', type }).binary, false, type)
})

test('generated columns are left out, those with a generated default are not', () => {
  const sql = columnsQuery('nacos', 't')
  assert.match(sql, /VIRTUAL GENERATED/)
  assert.match(sql, /STORED GENERATED/)
  assert.not.match(sql, /'DEFAULT_GENERATED|LIKE '%GENERATED%'/)
})

const rows = [
  ['1', null, '', 'line\nbreak', 'tab\t"quoted" \\ \u0000 \u2028'],
  ['9223372036854775807', '你好', '😀', '0000-00-00 00:00:00', ' '],
] as const

test('a row is one line, and comes back the same', () => {
  for (const row of rows) {
    assert.not.match(rowText(row), /\n/)
    assert.equal(readRow(rowText(row)), row)
  }
})

test('what is no row is refused', () => {
  for (const line of ['', '{}', '[1]', '["a"', '[{"a":1}]', 'null']) assert.throws(() => readRow(line), undefined, line)
})

const sumOf = (...lines: readonly string[]): string => {
  const sum = new TableSum()
  for (const line of lines) sum.add(line)
  return `${sum.rows} ${sum.digest}`
}

test('the sum of a table does not depend on the order, and on nothing less than every row', () => {
  assert.is(sumOf(), `0 ${'0'.repeat(64)}`)
  assert.is(sumOf('["a"]', '["b"]'), sumOf('["b"]', '["a"]'))
  const different = [
    sumOf('["a"]'),
    sumOf('["a"]', '["a"]'),
    sumOf('["a"]', '["a"]', '["a"]'),
    sumOf('["a"]', '["b"]'),
    sumOf('["b"]', '["b"]'),
    sumOf('[null]'),
    sumOf('[""]'),
  ]
  assert.is(new Set(different.map((text) => text.split(' ')[1])).size, different.length)
})

test.run()
