import { type DatabaseServer, explainTables, serverProblems, tablesOf } from '../../lib/nacos/mysql-server.ts'
import { parseVersion } from '../../lib/nacos/version.ts'
import { assert, suite } from '../kit.ts'

const test = suite('nacos/mysql-server')

const good: DatabaseServer = {
  version: '8.0.36',
  charset: 'utf8mb4',
  collation: 'utf8mb4_0900_ai_ci',
  rowFormat: 'dynamic',
  engine: 'InnoDB',
  sqlMode: 'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES',
  readOnly: false,
  requirePrimaryKey: false,
  maxConnections: 151,
}
const servers: readonly [string, Partial<DatabaseServer>, readonly [string, RegExp][]][] = [
  ['MySQL 8', {}, []],
  ['MySQL 9', { version: '9.7.0' }, []],
  ['MySQL 5.7', { version: '5.7.44-log' }, []],
  ['nothing known but the version', { version: '8.0.36', charset: undefined, sqlMode: undefined }, []],
  ['5.6.5', { version: '5.6.5', charset: 'utf8', rowFormat: undefined }, [['warning', /end of its life/]]],
  [
    '5.6.4',
    { version: '5.6.4-log', charset: 'utf8', rowFormat: undefined },
    [['error', /config_info, .* fail, only config_info_aggr, .* would be made/]],
  ],
  ['5.5', { version: '5.5.62', charset: 'utf8' }, [['error', /older than 5\.6\.5/]]],
  [
    '5.6 with utf8mb4',
    { version: '5.6.51', rowFormat: undefined },
    [
      ['error', /longer than 767 bytes/],
      ['warning', /end of its life/],
    ],
  ],
  ['compact rows with utf8mb4', { rowFormat: 'COMPACT' }, [['error', /longer than 767 bytes/]]],
  ['compact rows with utf8', { rowFormat: 'COMPACT', charset: 'utf8' }, []],
  ['MariaDB', { version: '10.11.6-MariaDB-0+deb12u1' }, [['warning', /no server that Nacos is made for/]]],
  ['MariaDB behind its old mask', { version: '5.5.5-10.11.6-MariaDB' }, [['warning', /MariaDB 10\.11\.6/]]],
  ['an old MariaDB', { version: '10.1.48-MariaDB' }, [['error', /can't hold/]]],
  ['MyISAM', { engine: 'MyISAM' }, [['warning', /MyISAM/]]],
  ['a replica', { readOnly: true }, [['error', /read-only/]]],
  ['required keys', { requirePrimaryKey: true }, [['error', /sql_require_primary_key/]]],
  ['few connections', { maxConnections: 69 }, [['warning', /max_connections is 69; 3 nodes may take 60/]]],
  ['just enough connections', { maxConnections: 70 }, []],
  ['a lenient mode', { sqlMode: 'NO_ENGINE_SUBSTITUTION' }, [['warning', /not strict/]]],
]
for (const [name, rest, says] of servers) {
  test(name, () => {
    const found = serverProblems({ ...good, ...rest }, 3)
    assert.is(found.length, says.length, JSON.stringify(found))
    for (const [i, [severity, what]] of says.entries()) {
      assert.is(found[i]?.severity, severity)
      assert.match(found[i]?.what ?? '', what)
    }
  })
}

test('how many tables a version has', () =>
  assert.equal(
    ['2.0.3', '2.4.3', '2.5.0', '3.1.0', '3.2.0'].map((text) => tablesOf(parseVersion(text)).length),
    [12, 12, 10, 10, 13],
  ))

const two = parseVersion('2.2.4')
const newest = parseVersion('2.5.4')
const six = ['config_info_aggr', 'config_tags_relation', 'permissions', 'roles', 'tenant_info', 'users']
const present: readonly [string, readonly string[], typeof two, RegExp | undefined][] = [
  ['none', [], two, undefined],
  ['all', tablesOf(two), two, undefined],
  ['all and others', [...tablesOf(two), 'mine'], two, undefined],
  ['only others', ['mine'], two, undefined],
  ['the six of an old MySQL', six, two, /^6 of 12 tables are there, .* older than 5\.6\.5/],
  [
    'no login tables',
    tablesOf(two).filter((t) => !['users', 'roles', 'permissions'].includes(t)),
    two,
    /^9 of 12.*utf8mb4/,
  ],
  [
    'five of them, where permissions failed too',
    six.filter((t) => t !== 'permissions'),
    two,
    /^5 of 12.* older than 5\.6\.5/,
  ],
  ['those of an old MySQL for 2.5', six, newest, /^5 of 10 .* older than 5\.6\.5/],
  ['one that any server takes', ['tenant_info'], two, /^1 of 12 tables are there, [^:]* are missing$/],
  ['one of the login', ['roles'], newest, /^1 of 10 tables are there, [^:]* are missing$/],
  ['without one that an old MySQL takes', six.slice(1), two, /^5 of 12 tables are there, [^:]* are missing$/],
  ['one missing', tablesOf(two).slice(1), two, /^11 of 12 tables are there, config_info is missing$/],
  ['an older schema', tablesOf(two), newest, /came with 2\.5\.0/],
  ['the old and not all', tablesOf(two).filter((t) => t !== 'users'), newest, /version before 2\.5\.0/],
]
for (const [name, tables, version, what] of present) {
  test(`tables: ${name}`, () => {
    const found = explainTables(tables, version)
    assert.is(found === undefined, what === undefined, found)
    if (what) assert.match(found ?? '', what)
  })
}

test.run()
