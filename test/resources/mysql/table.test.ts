import { parseSchema } from '../../../lib/nacos/schema-parser.ts'
import { databaseSchema } from '../../../lib/resources/mysql/schema.ts'
import { databaseTable } from '../../../lib/resources/mysql/table.ts'
import { canned } from '../../../lib/testing.ts'
import { assert, suite } from '../../kit.ts'
import { plans } from '../cases.ts'

const test = suite('resources/mysql/table')

const [definition] = parseSchema(`CREATE TABLE \`config\` (
  \`id\` bigint(20) NOT NULL AUTO_INCREMENT,
  \`data_id\` varchar(255) NOT NULL,
  \`group_id\` varchar(128) DEFAULT NULL,
  \`encrypted_data_key\` text NOT NULL,
  PRIMARY KEY (\`id\`),
  UNIQUE KEY \`uk_config\` (\`data_id\`,\`group_id\`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8 COLLATE=utf8_bin;`)
const table = databaseTable('nacos', definition!)

const id = 'id|bigint|NO|||auto_increment|N|'
const dataId = 'data_id|varchar(255)|NO|utf8mb3|utf8mb3_bin||N|'
const groupId = 'group_id|varchar(128)|YES|utf8mb3|utf8mb3_bin||N|'
const key = 'encrypted_data_key|varchar(1024)|NO|utf8mb3|utf8mb3_bin||D|'
const good = [id, dataId, groupId, key]
const indexes = ['PRIMARY|1|id|', 'uk_config|1|data_id|', 'uk_config|1|group_id|']
const answers = (columns: readonly string[], keys: readonly string[] = indexes) => ({
  'columns:nacos.config': columns.join('\n'),
  'indexes:nacos.config': keys.join('\n'),
})
const without = (line: string): readonly string[] => good.filter((one) => one !== line)

plans(test, table, {
  'no such table': {
    answers: {},
    action: 'create',
    changes: [
      'column data_id:  → varchar(255) not null',
      "column encrypted_data_key:  → varchar(1024) not null default ''",
      'column group_id:  → varchar(128) null',
      'column id:  → bigint not null auto_increment',
      'primary key:  → id',
      'unique (data_id, group_id):  → present',
    ],
    says: ['create table nacos.config'],
  },
  keep: { answers: answers(good), action: 'keep' },
  'keep: as MySQL 5.7 describes it': {
    answers: answers(good.map((line) => line.replace('|bigint|', '|bigint(20)|').replaceAll('utf8mb3', 'utf8'))),
    action: 'keep',
  },
  'keep: columns and indexes beyond it': {
    answers: answers([...good, 'mine|int|YES||||N|'], [...indexes, 'idx_mine|0|mine|']),
    action: 'keep',
  },
  'keep: a wider column': {
    answers: answers([...without(groupId), groupId.replace('128', '255')]),
    action: 'keep',
  },
  'keep: the index under another name': {
    answers: answers(
      good,
      indexes.map((line) => line.replace('uk_config', 'another')),
    ),
    action: 'keep',
  },
  'keep: the column that 2.1 declares as it stands': {
    answers: answers([...without(key), 'encrypted_data_key|text|NO|utf8mb3|utf8mb3_bin||N|']),
    action: 'keep',
  },
  'a column is missing': {
    answers: answers(without(groupId)),
    action: 'update',
    changes: ['column group_id:  → varchar(128) null'],
    says: ['add column nacos.config.group_id'],
  },
  'a column is too narrow': {
    answers: answers([...without(dataId), dataId.replace('255', '64')]),
    action: 'update',
    changes: ['column data_id: varchar(64) not null → varchar(255) not null'],
    says: ['change column nacos.config.data_id'],
  },
  'a column is too narrow, and longer than the wanted one elsewhere: nothing is made shorter, NULLs stay': {
    answers: answers([id, dataId.replace('255', '64').replace('|NO|', '|YES|'), groupId, key]),
    action: 'update',
    changes: ['column data_id: varchar(64) null → varchar(255) not null'],
    says: ['change column nacos.config.data_id to varchar(255) null'],
  },
  'a column whose rows might not fit': {
    answers: answers([...without(dataId), dataId.replace('varchar(255)', 'blob')]),
    action: 'blocked',
    changes: ['column data_id: blob not null → varchar(255) not null'],
    problems: [
      'table nacos.config: data_id is blob not null, and varchar(255) not null would not hold everything that it can; see what is in it (SELECT MAX(CHAR_LENGTH(`data_id`)), SUM(`data_id` IS NULL) FROM `nacos`.`config`), and change it by hand: ALTER TABLE `config` MODIFY COLUMN `data_id` varchar(255) not null',
    ],
  },
  'an index is missing whose column is none to make one of': {
    answers: answers(
      [...without(dataId), dataId.replace('varchar(255)', 'text')],
      ['PRIMARY|1|id|', 'uk_config|1|data_id|191', 'uk_config|1|group_id|'],
    ),
    action: 'blocked',
    changes: ['unique (data_id, group_id):  → present'],
    problems: ["data_id is text not null, and its index can't be made of that; see what is in it"],
  },
  'an index is missing, another on the same columns is not unique': {
    answers: answers(good, ['PRIMARY|1|id|', 'uk_config|0|data_id|', 'uk_config|0|group_id|']),
    action: 'update',
    changes: ['unique (data_id, group_id):  → present'],
    says: ['add index uk_config of nacos.config'],
  },
  'an index of that name is on other columns': {
    answers: answers(good, ['PRIMARY|1|id|', 'uk_config|1|data_id|']),
    action: 'update',
    changes: ['unique (data_id, group_id):  → present'],
    says: ['add index uk_config of nacos.config'],
  },
  'the primary key is on another column': {
    answers: answers(good, ['PRIMARY|1|data_id|', ...indexes.slice(1)]),
    action: 'update',
    changes: ['primary key: data_id → id'],
    says: ['add the primary key of nacos.config'],
  },
  'no primary key': {
    answers: answers(good, indexes.slice(1)),
    action: 'update',
    changes: ['primary key:  → id'],
    says: ['add the primary key of nacos.config'],
  },
  'several things at once': {
    answers: answers([id, dataId.replace('255', '64')], []),
    action: 'update',
    changes: [
      'column data_id: varchar(64) not null → varchar(255) not null',
      "column encrypted_data_key:  → varchar(1024) not null default ''",
      'column group_id:  → varchar(128) null',
      'primary key:  → id',
      'unique (data_id, group_id):  → present',
    ],
    says: [
      'change column nacos.config.data_id',
      'add column nacos.config.group_id',
      'add column nacos.config.encrypted_data_key',
      'add the primary key of nacos.config',
      'add index uk_config of nacos.config',
    ],
  },
})

test('encrypted_data_key of 2.4, found as people have it: never shorter, and no NULL in the way', () => {
  const [later] = parseSchema("CREATE TABLE config (encrypted_data_key varchar(1024) NOT NULL DEFAULT '')")
  const plan = (type: string, nullable: string) =>
    databaseTable('nacos', later!).plan(
      canned(answers([`encrypted_data_key|${type}|${nullable}|utf8|utf8_bin||N|`], [])),
      new Set(),
    )
  assert.is(plan('text', 'YES').action, 'keep')
  const [step, ...more] = plan('text', 'NO').steps
  assert.equal(
    [step?.say, step?.run, more],
    [
      'change column nacos.config.encrypted_data_key to text null',
      'USE `nacos`; ALTER TABLE `config` MODIFY COLUMN `encrypted_data_key` text null',
      [],
    ],
  )
})

test('keys that do not tell small letters from capitals are warned of, and left alone', () => {
  const warned = (columns: readonly string[]): readonly string[] =>
    (table.plan(canned(answers(columns)), new Set()).warnings ?? []).map(({ where, what }) => `${where}: ${what}`)
  assert.equal(
    [warned(good), warned([]), warned(good.map((one) => one.replaceAll('utf8mb3', 'utf8mb4')))],
    [[], [], []],
  )
  const loose = good.map((one) => one.replaceAll('utf8mb3_bin', 'utf8mb4_0900_ai_ci'))
  assert.is(table.plan(canned(answers(loose)), new Set()).action, 'keep')
  // encrypted_data_key is in no key.
  assert.equal(warned(loose), [
    "table nacos.config: data_id, group_id don't tell small letters from capitals (utf8mb4_0900_ai_ci): two names that differ in nothing else are one",
  ])
})

test('what makes names exact names the table as it is reached from anywhere, and keeps its character set', () => {
  const remedy = (columns: readonly string[]): string =>
    (table.plan(canned(answers(columns)), new Set()).warnings ?? []).map((one) => one.remedy).join()
  const alter = (set: string): string =>
    `if that matters: ALTER TABLE \`nacos\`.\`config\` CONVERT TO CHARACTER SET ${set} COLLATE ${set}_bin, at a quiet time`
  const as = (set: string, collation: string) => (one: string) =>
    one.replace('|utf8mb3|utf8mb3_bin|', `|${set}|${collation}|`)
  assert.is(remedy(good.map(as('utf8mb4', 'utf8mb4_0900_ai_ci'))), alter('utf8mb4'))
  // Of four bytes a character, keys of 2.0.3 would be longer than InnoDB takes.
  assert.is(remedy(good.map(as('utf8', 'utf8_general_ci'))), alter('utf8'))
  assert.is(remedy(good.map(as('utf8mb3', 'utf8mb3_general_ci'))), alter('utf8'))
  assert.is(remedy(good.map(as('gbk', 'gbk_chinese_ci'))), alter('gbk'))
  // One narrower set would cut what stands in the other.
  const mixed = good.map((one, index) =>
    as(index === 1 ? 'utf8' : 'utf8mb4', index === 1 ? 'utf8_general_ci' : 'utf8mb4_bin')(one),
  )
  assert.is(remedy(mixed), alter('utf8mb4'))
})

test('the statements, word for word', () => {
  const sql = (columns: readonly string[], keys = indexes) =>
    table.plan(canned(answers(columns, keys)), new Set()).steps.map(({ run }) => run)
  assert.equal(sql(without(groupId)), ['USE `nacos`; ALTER TABLE `config` ADD COLUMN `group_id` varchar(128) null'])
  assert.equal(sql([...without(dataId), dataId.replace('255', '64')]), [
    'USE `nacos`; ALTER TABLE `config` MODIFY COLUMN `data_id` varchar(255) not null',
  ])
  assert.equal(sql(good, []), [
    'USE `nacos`; ALTER TABLE `config` ADD PRIMARY KEY (`id`)',
    'USE `nacos`; ALTER TABLE `config` ADD UNIQUE KEY `uk_config` (`data_id`, `group_id`)',
  ])
  // In one statement: nobody may come between the drop and the add, and an AUTO_INCREMENT is never without its key.
  assert.equal(sql(good, ['PRIMARY|1|id|', 'uk_config|1|data_id|']), [
    'USE `nacos`; ALTER TABLE `config` DROP INDEX `uk_config`, ADD UNIQUE KEY `uk_config` (`data_id`, `group_id`)',
  ])
  assert.equal(sql(good, ['PRIMARY|1|data_id|', ...indexes.slice(1)]), [
    'USE `nacos`; ALTER TABLE `config` DROP PRIMARY KEY, ADD PRIMARY KEY (`id`)',
  ])
  assert.match(sql([])[0] ?? '', /^USE `nacos`; CREATE TABLE IF NOT EXISTS `config` \(/)
})

const schema = databaseSchema('na`cos', { charset: 'utf8mb4', collation: 'utf8mb4_bin' })

plans(test, schema, {
  'no such schema': { answers: {}, action: 'create', changes: ['present:  → yes'], says: ['create database na`cos'] },
  'keep, whatever its character set': { answers: { 'schema:na`cos': 'latin1|latin1_swedish_ci' }, action: 'keep' },
})

test('the schema’s statement, word for word', () => {
  assert.equal(
    schema.plan(canned({}), new Set()).steps.map(({ run }) => run),
    ['CREATE DATABASE IF NOT EXISTS `na``cos` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin'],
  )
})

test.run()
