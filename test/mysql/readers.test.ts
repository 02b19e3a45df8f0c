import { join } from 'node:path'
import type { Reader } from '../../lib/core/probe.ts'
import * as readers from '../../lib/mysql/readers.ts'
import { golden } from '../golden.ts'
import { assert, suite } from '../kit.ts'

const test = suite('mysql/readers')
const { account, columns, indexes, literal, name, ownPrivilege, privileges, schema, table, tables, variable } = readers

test('the query of every reader, word for word', () => {
  const cases: readonly (readonly [Reader, readonly string[]])[] = [
    [variable, ['version', 'sql_mode']],
    [schema, ['nacos', "it's"]],
    [tables, ['nacos']],
    [table, ['nacos.users', 'nacos.roles']],
    [columns, ['nacos.users', 'nacos.roles', 'other.users']],
    [indexes, ['nacos.users']],
    [account, ['nacos@10.0.0.1', 'nacos@%']],
    [privileges, ['nacos@10.0.0.1', 'na@cos@%']],
    [ownPrivilege, ['RELOAD']],
  ]
  const used = new Set(cases.map(([reader]) => reader.name))
  for (const [word, reader] of Object.entries(readers)) {
    if (reader !== literal && reader !== name) assert.ok(used.has(word), `${word} is not asserted`)
  }
  golden(
    join(import.meta.dirname, 'golden/readers.sql'),
    cases.map(([reader, keys]) => `-- ${reader.name}\n${reader(keys)}\n`).join('\n'),
  )
})

test('a literal means the same in every sql_mode, a name is never left', () => {
  assert.is(literal("a'\\"), 'CONVERT(0x61275c USING utf8)')
  assert.is(literal('库'), 'CONVERT(0xe5ba93 USING utf8)')
  assert.is(name('a`b'), '`a``b`')
})

test('one query for all keys, a schema once', () => {
  const sql = columns(['nacos.a', 'nacos.b'])
  assert.is(sql.split(literal('nacos')).length, 2)
  assert.is(sql.match(/SELECT/g)?.length, 1)
})

test.run()
