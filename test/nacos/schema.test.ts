import {
  acceptable,
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
  type InformationSchemaColumn,
  indexState,
  informationSchemaColumnState,
  modifyColumn,
  rollingSafe,
  schemaFileName,
  usedDefaults,
} from '../../lib/nacos/schema.ts'
import { parseSchema, seedRows } from '../../lib/nacos/schema-parser.ts'
import { parseVersion } from '../../lib/nacos/version.ts'
import { assert, suite } from '../kit.ts'

const test = suite('nacos/schema')

/** Everything the dialect of these files has: comments, both ways to name an index, defaults of all kinds. */
const sql = `/* licence; CREATE TABLE no ( */
-- a line; CREATE TABLE no (
# another
CREATE TABLE \`config\` (
  \`id\` bigint(20) unsigned NOT NULL AUTO_INCREMENT COMMENT 'it''s; (an) id, 主键',
  \`data_id\` varchar(255) NOT NULL,
  \`group_id\` VARCHAR( 128 ) COLLATE utf8_bin DEFAULT NULL,
  \`quota\` int(10) unsigned NOT NULL DEFAULT '0',
  \`count\` bigint NOT NULL DEFAULT 1,
  \`at\` datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
  \`old\` datetime NOT NULL DEFAULT '2010-05-05 00:00:00',
  \`ms\` datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  \`tenant\` varchar(128) default '',
  \`text\` longtext,
  PRIMARY KEY (\`id\`),
  UNIQUE KEY \`uk\` (\`data_id\`,\`group_id\`(10)),
  KEY \`idx\` (\`at\`) USING BTREE COMMENT 'x'
) ENGINE=InnoDB AUTO_INCREMENT=1 DEFAULT CHARSET=utf8 COLLATE=utf8_bin COMMENT='a; table';

CREATE TABLE IF NOT EXISTS users (
	username varchar(50) NOT NULL PRIMARY KEY,
	enabled boolean NOT NULL
);
CREATE TABLE roles (
	username varchar(50) NOT NULL,
	role varchar(50) NOT NULL,
	constraint uk_username_role UNIQUE (username,role)
);
CREATE TABLE permissions (
  \`role\` varchar(50),
  UNIQUE INDEX \`uk_role\` (\`role\` ASC) USING BTREE
);
INSERT INTO users (username, enabled) VALUES ('nacos', TRUE), ('it''s', FALSE);
INSERT INTO roles (username, role) VALUES ('nacos', 'ROLE_ADMIN');
`

const tables = parseSchema(sql)
const [config, users, roles, permissions] = tables

test('reads every column in its normal form', () =>
  assert.equal(
    config?.columns.map((column) => `${column.name} ${columnState(column)}`),
    [
      'id bigint unsigned not null auto_increment',
      'data_id varchar(255) not null',
      'group_id varchar(128) null',
      "quota int unsigned not null default '0'",
      "count bigint not null default '1'",
      'at datetime not null default current_timestamp',
      "old datetime not null default '2010-05-05 00:00:00'",
      'ms datetime(3) not null default current_timestamp(3) on update current_timestamp(3)',
      "tenant varchar(128) null default ''",
      'text longtext null',
    ],
  ))

test('reads keys, indexes and options', () => {
  assert.equal(
    tables.map(({ name }) => name),
    ['config', 'users', 'roles', 'permissions'],
  )
  assert.equal(config?.primaryKey, ['id'])
  assert.equal(config?.indexes.map(indexState), ['unique (data_id, group_id(10))', 'index (at)'])
  assert.equal([config?.engine, config?.charset, config?.collation], ['InnoDB', 'utf8', 'utf8_bin'])
  assert.is(config?.columns[2]?.collation, 'utf8mb3_bin')
  assert.equal(users?.primaryKey, ['username'])
  assert.is(users?.charset, undefined)
  assert.equal(roles?.indexes, [{ name: 'uk_username_role', unique: true, columns: ['username', 'role'] }])
  assert.equal(permissions?.indexes, [{ name: 'uk_role', unique: true, columns: ['role'] }])
})

test('the columns of a primary key are never null, said or not', () => {
  const [inline, apart] = parseSchema('CREATE TABLE a (b int PRIMARY KEY); CREATE TABLE a (b int, PRIMARY KEY (b))')
  assert.equal([inline?.columns[0]?.nullable, apart?.columns[0]?.nullable], [false, false])
})

test('reads the rows', () =>
  assert.equal(seedRows(sql), [
    { table: 'users', values: { username: 'nacos', enabled: '1' } },
    { table: 'users', values: { username: "it's", enabled: '0' } },
    { table: 'roles', values: { username: 'nacos', role: 'ROLE_ADMIN' } },
  ]))

const broken: readonly [string, RegExp][] = [
  ['', /holds no table/],
  ['SELECT 1;', /line 1: a statement that begins with SELECT/],
  ['CREATE TABLE a (b int);\n\nALTER TABLE a ADD c int;', /line 3: a statement that begins with ALTER/],
  ['CREATE TABLE a (\n b int SURPRISE\n)', /line 2: SURPRISE is not understood in the column b/],
  ['CREATE TABLE a (b int, CONSTRAINT c FOREIGN KEY (b) REFERENCES d (e))', /constraint c is not understood/],
  ['CREATE TABLE a (b int) PARTITION BY HASH(b)', /table option PARTITION/],
  ['CREATE TABLE a (b int', /(ends in the middle|the end is not understood)/],
]
for (const [text, what] of broken)
  test(`refuses ${JSON.stringify(text.slice(0, 40))}`, () => assert.throws(() => parseSchema(text), what))

test('a table made of what was read reads the same', () => {
  const again = parseSchema(tables.map((table) => `${createTable(table)};`).join('\n'))
  assert.equal(
    again.map(({ columns, primaryKey, indexes }) => ({ columns, primaryKey, indexes })),
    tables.map(({ columns, primaryKey, indexes }) => ({ columns, primaryKey, indexes })),
  )
  assert.is(again[1]?.engine, 'InnoDB')
})

/** One column as four servers describe it. */
const row = (type: string, nullable: string, value: string | null, extra: string, collation: string | null = null) =>
  ({
    COLUMN_NAME: 'c',
    COLUMN_TYPE: type,
    IS_NULLABLE: nullable,
    COLUMN_DEFAULT: value,
    EXTRA: extra,
    COLLATION_NAME: collation,
    CHARACTER_SET_NAME: collation === null ? null : 'utf8',
  }) satisfies InformationSchemaColumn
const described: readonly [string, string, readonly InformationSchemaColumn[]][] = [
  [
    'bigint(20) unsigned NOT NULL AUTO_INCREMENT',
    'bigint unsigned not null auto_increment',
    [row('bigint(20) unsigned', 'NO', null, 'auto_increment'), row('bigint unsigned', 'NO', null, 'auto_increment')],
  ],
  [
    "varchar(128) DEFAULT ''",
    "varchar(128) null default ''",
    [row('varchar(128)', 'YES', '', '', 'utf8_bin'), row('varchar(128)', 'YES', "''", '', 'utf8mb3_bin')],
  ],
  [
    'varchar(128) DEFAULT NULL',
    'varchar(128) null',
    [row('varchar(128)', 'YES', null, ''), row('varchar(128)', 'YES', 'NULL', '')],
  ],
  [
    'datetime NOT NULL DEFAULT CURRENT_TIMESTAMP',
    'datetime not null default current_timestamp',
    [
      row('datetime', 'NO', 'CURRENT_TIMESTAMP', ''),
      row('datetime', 'NO', 'CURRENT_TIMESTAMP', 'DEFAULT_GENERATED'),
      row('datetime', 'NO', 'current_timestamp()', ''),
    ],
  ],
  [
    'datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)',
    'datetime(3) not null default current_timestamp(3) on update current_timestamp(3)',
    [
      row('datetime(3)', 'NO', 'CURRENT_TIMESTAMP(3)', 'DEFAULT_GENERATED on update CURRENT_TIMESTAMP(3)'),
      row('datetime(3)', 'NO', 'current_timestamp(3)', 'on update current_timestamp(3)'),
    ],
  ],
  [
    "datetime NOT NULL DEFAULT '2010-05-05 00:00:00'",
    "datetime not null default '2010-05-05 00:00:00'",
    [row('datetime', 'NO', '2010-05-05 00:00:00', ''), row('datetime', 'NO', "'2010-05-05 00:00:00'", '')],
  ],
  [
    "int(10) unsigned NOT NULL DEFAULT '0'",
    "int unsigned not null default '0'",
    [row('int(10) unsigned', 'NO', '0', ''), row('int unsigned', 'NO', '0', '')],
  ],
  ['boolean NOT NULL', 'tinyint(1) not null', [row('tinyint(1)', 'NO', null, '')]],
  [
    "varchar(9) DEFAULT 'CURRENT_TIMESTAMP'",
    "varchar(9) null default 'CURRENT_TIMESTAMP'",
    [row('varchar(9)', 'YES', 'CURRENT_TIMESTAMP', '')],
  ],
  ['longtext', 'longtext null', [row('longtext', 'YES', null, '', 'utf8mb4_bin')]],
]
for (const [declared, state, rows] of described) {
  test(`${declared} is the same everywhere`, () => {
    assert.is(columnState(column(declared)), state)
    for (const one of rows) assert.is(informationSchemaColumnState(one), state, JSON.stringify(one))
  })
}

function column(declared: string, name = 'c'): ColumnDef {
  const found = parseSchema(`CREATE TABLE t (\`${name}\` ${declared})`)[0]?.columns[0]
  if (!found) throw new Error(declared)
  return found
}

test('a described column keeps its collation under its present name', () => {
  assert.is(columnOf(row('text', 'YES', null, '', 'utf8_bin')).collation, 'utf8mb3_bin')
  assert.is(columnOf(row('int', 'YES', null, '')).collation, undefined)
})

const key = 'encrypted_data_key'
const acceptances: readonly [string, string, string, boolean][] = [
  ['c', 'varchar(128) NOT NULL', 'varchar(255) NOT NULL', true],
  ['c', 'varchar(255) NOT NULL', 'varchar(128) NOT NULL', false],
  ['c', 'varchar(128) NOT NULL', 'varchar(128) NULL', true],
  ['c', "varchar(128) NOT NULL DEFAULT ''", 'varchar(128) NULL', false],
  ['c', "varchar(128) NOT NULL DEFAULT ''", "varchar(255) DEFAULT ''", true],
  ['c', 'varchar(128) NULL', 'varchar(128) NOT NULL', false],
  ['c', "varchar(128) DEFAULT ''", 'varchar(255)', false],
  ['c', "varchar(128) DEFAULT ''", "varchar(255) DEFAULT ''", true],
  ['c', 'varchar(50) NOT NULL', "varchar(50) NOT NULL DEFAULT ''", true],
  ['c', 'varchar(50)', "varchar(50) DEFAULT 'x'", false],
  ['c', 'varchar(50)', 'char(50)', false],
  ['c', 'text', 'longtext', true],
  ['c', 'longtext', 'text', false],
  ['c', 'varchar(50)', 'text', true],
  ['c', 'text', 'varchar(50)', false],
  ['c', 'varchar(64)', 'tinytext', false],
  ['c', 'int', 'bigint(20)', true],
  ['c', 'bigint', 'int(11)', false],
  ['c', 'bigint unsigned', 'bigint', false],
  ['c', 'boolean NOT NULL', 'tinyint(4) NOT NULL', true],
  ['c', 'bigint NOT NULL AUTO_INCREMENT', 'bigint NOT NULL', false],
  ['c', 'datetime NOT NULL DEFAULT CURRENT_TIMESTAMP', "datetime NOT NULL DEFAULT '2010-05-05 00:00:00'", false],
  [key, 'text NOT NULL', 'text NOT NULL', true],
  [key, 'text NOT NULL', "varchar(1024) NOT NULL DEFAULT ''", true],
  [key, 'text NOT NULL', "varchar(2048) NOT NULL DEFAULT ''", true],
  [key, 'text NOT NULL', "varchar(255) NOT NULL DEFAULT ''", false],
  [key, 'text NOT NULL', 'text', true],
  [key, "varchar(1024) NOT NULL DEFAULT ''", 'text NOT NULL', false],
  [key, "varchar(1024) NOT NULL DEFAULT ''", 'text', true],
  [key, "varchar(1024) NOT NULL DEFAULT ''", 'longtext', true],
  [key, "varchar(1024) NOT NULL DEFAULT ''", "varchar(1024) NOT NULL DEFAULT ''", true],
  ['other', 'text NOT NULL', "varchar(1024) NOT NULL DEFAULT ''", false],
]
for (const [name, wanted, actual, good] of acceptances)
  test(`${name} ${wanted}: ${actual} will ${good ? '' : 'not '}do`, () =>
    assert.is(accepts(column(wanted, name), column(actual, name)), good))

const alterations: readonly [string, string, string | undefined][] = [
  // Nothing of a key is cut, and no NULL stops the change.
  ["varchar(1024) NOT NULL DEFAULT ''", 'text NOT NULL', 'text null'],
  ["varchar(1024) NOT NULL DEFAULT ''", 'varchar(255)', "varchar(1024) null default ''"],
  ["varchar(128) NOT NULL DEFAULT ''", 'varchar(255)', "varchar(255) null default ''"],
  ["varchar(128) NOT NULL DEFAULT 'formal'", 'text NOT NULL', undefined],
  ['varchar(128)', 'varchar(255) NOT NULL', 'varchar(255) null'],
  ['varchar(255) NOT NULL', 'varchar(64)', 'varchar(255) null'],
  ['varchar(50) NOT NULL', 'char(50) NOT NULL', 'varchar(50) not null'],
  ['char(50) NOT NULL', 'varchar(50) NOT NULL', 'varchar(50) not null'],
  ['varchar(50) NOT NULL', 'char(64) NOT NULL', undefined],
  ['bigint NOT NULL AUTO_INCREMENT', 'bigint', 'bigint not null auto_increment'],
  ['varchar(64) NOT NULL', 'tinytext NOT NULL', undefined],
  ['text NOT NULL', "varchar(1024) NOT NULL DEFAULT ''", 'text not null'],
  ['longtext NOT NULL', 'text', 'longtext null'],
  ['bigint NOT NULL', 'varchar(20) NOT NULL', undefined],
  ['text NOT NULL', 'blob NOT NULL', undefined],
  ['bigint unsigned NOT NULL', 'bigint NOT NULL', 'bigint unsigned not null'],
  ['datetime NOT NULL DEFAULT CURRENT_TIMESTAMP', 'timestamp NULL', 'datetime null default current_timestamp'],
]
for (const [wanted, actual, altered] of alterations)
  test(`${wanted}: ${actual} is changed to ${altered ?? 'nothing by itself'}`, () => {
    const found = alteredColumn(column(wanted), column(actual))
    assert.is(found && columnState(found), altered)
    // The next run finds nothing to do.
    if (found) assert.ok(accepts(column(wanted), found))
  })

test('the rolling-safe form comes first among the acceptable', () => {
  assert.equal(acceptable(column('text NOT NULL', key)), [
    "varchar(1024) not null default ''",
    'text not null',
    'text null',
  ])
  assert.equal(acceptable(column('text NOT NULL')), ['text not null'])
  assert.is(columnState(rollingSafe(column('longtext NOT NULL', key))), 'longtext not null')
})

const collations: readonly [string | undefined, string | null, boolean][] = [
  ['utf8_bin', 'utf8mb3_bin', true],
  ['utf8_bin', 'utf8mb4_bin', true],
  ['utf8_bin', 'utf8mb4_0900_ai_ci', false],
  ['utf8mb4_unicode_ci', 'utf8_bin', true],
  [undefined, 'latin1_swedish_ci', true],
  ['utf8_bin', null, true],
]
for (const [wanted, actual, good] of collations)
  test(`collation ${wanted}: ${actual}`, () => assert.is(acceptsCollation(wanted, actual), good))

test('statements', () => {
  assert.is(
    addColumn('config_info', column("text NOT NULL COMMENT 'x'", key)),
    "ALTER TABLE `config_info` ADD COLUMN `encrypted_data_key` varchar(1024) not null default ''",
  )
  assert.is(
    modifyColumn('t', column('varchar(128) COLLATE utf8_bin DEFAULT NULL')),
    'ALTER TABLE `t` MODIFY COLUMN `c` varchar(128) COLLATE utf8_bin null',
  )
  // Servers of any age know the old names, those before 8.0.30 no other.
  const [made] = parseSchema('CREATE TABLE t (a varchar(9) COLLATE utf8mb3_bin) CHARSET=utf8mb3 COLLATE=utf8mb3_bin')
  assert.is(
    made && createTable(made),
    'CREATE TABLE IF NOT EXISTS `t` (\n  `a` varchar(9) COLLATE utf8_bin null\n) ENGINE=InnoDB DEFAULT CHARSET=utf8 COLLATE=utf8_bin',
  )
  assert.is(
    addIndex('t', { name: 'uk', unique: true, columns: ['a', 'b(10)'] }),
    'ALTER TABLE `t` ADD UNIQUE KEY `uk` (`a`, `b`(10))',
  )
  assert.is(addPrimaryKey('t', ['a', 'b']), 'ALTER TABLE `t` ADD PRIMARY KEY (`a`, `b`)')
  assert.is(
    users && createTable(users),
    'CREATE TABLE IF NOT EXISTS `users` (\n  `username` varchar(50) not null,\n  `enabled` tinyint(1) not null,\n  PRIMARY KEY (`username`)\n) ENGINE=InnoDB',
  )
})

test('the schema file was renamed', () =>
  assert.equal(
    ['2.0.3', '2.1.1', '2.1.2', '3.0.3'].map((text) => schemaFileName(parseVersion(text))),
    ['nacos-mysql.sql', 'nacos-mysql.sql', 'mysql-schema.sql', 'mysql-schema.sql'],
  ))

test('the shipped password is noticed', () => {
  const shipped = '$2a$10$EuWPZHzz32dJN7jexM34MOeYirDdFAZm2kuWj7VEOJhhZkDrxfvUu'
  assert.is(usedDefaults([{ username: 'nacos', password: shipped }]).length, 1)
  assert.is(usedDefaults([{ username: 'nacos', password: '$2a$10$other' }]).length, 0)
})

test.run()
