import { play } from '../../lib/engine/play.ts'
import { canned, FakeWorld, run } from '../../lib/testing.ts'
import { loginOf, mysqlSchema } from '../../roles/mysql-schema.ts'
import { assert, suite } from '../kit.ts'
import { plans } from '../resources/cases.ts'
import { archives, changed, cluster, distribution } from './nodes.ts'

const test = suite('roles/mysql-schema')
const { nodes, databases } = await cluster()
const resources = mysqlSchema(nodes, archives())
const ids = resources.map(({ id }) => id)

test('the server, the schema, its tables, an account for each node, and the first user, in order', () => {
  assert.equal(ids, [
    'mysql-server',
    'tables:nacos',
    'schema:nacos',
    'table:nacos.config_info',
    'table:nacos.users',
    'account:nacos@10.0.0.1',
    'account:nacos@10.0.0.2',
    'account:nacos@10.0.0.3',
    'row:nacos.users:nacos',
  ])
})

test('two nodes of one address share an account; without a password there is no first user', async () => {
  const pair = await cluster(
    changed(
      ['10.0.0.2 }', '10.0.0.1, nacos_port: 8948, nacos_home: /opt/b, nacos_unit: b }'],
      ['            admin_password: adminpw\n', ''],
    ),
  )
  const found = mysqlSchema(pair.nodes, archives()).map(({ id }) => id)
  assert.equal(
    found.filter((id) => /^(account|row):/.test(id)),
    ['account:nacos@10.0.0.1', 'account:nacos@10.0.0.3'],
  )
})

const noPassword = ['            admin_password: adminpw\n', ''] as const
const unnamed = mysqlSchema((await cluster(changed(noPassword))).nodes, archives()).find(({ id }) =>
  id.startsWith('login:'),
)!
const users = (count: string) => ({ [`${unnamed.probe[0]!.reader.name}:nacos`]: count })
plans(test, unnamed, {
  'auth without a password of an administrator, and users are there': { answers: users('2'), action: 'keep' },
  'auth without a password of an administrator, and no user': {
    answers: users('0'),
    action: 'blocked',
    problems: [
      'database nacos: auth is on and nobody could log in: there is no user; declare nacos.auth.admin_password',
    ],
  },
  'auth without a password of an administrator, and no table yet': {
    answers: {},
    action: 'blocked',
    problems: ['nobody could log in'],
  },
})

test('where the first user is made, or auth is off, nobody is asked for', async () => {
  const off = await cluster(changed(noPassword, ['enabled: true', 'enabled: false']))
  for (const made of [resources, mysqlSchema(off.nodes, archives())])
    assert.not(made.some(({ id }) => id.startsWith('login:')))
})

const keyless = mysqlSchema(
  (
    await cluster(
      changed(['password: dbpass }', 'password: dbpass, parameters: { allowPublicKeyRetrieval: "false" } }']),
    )
  ).nodes,
  archives(),
).find(({ id }) => id === 'mysql-reload')!

test('an administrator who can not make the server forget its logins is warned of, where that matters', () => {
  const warned = (held: string) => keyless.plan(canned({ 'ownPrivilege:RELOAD': held }), new Set())
  const plan = warned('')
  assert.equal([plan.action, warned('held').warnings], ['keep', []])
  assert.match(plan.warnings?.[0]?.what ?? '', /^its administrator has no RELOAD/)
  assert.match(plan.warnings?.[0]?.remedy ?? '', /^GRANT RELOAD ON \*\.\* to the account in mysql\.user/)
  assert.not(ids.includes('mysql-reload'))
})

test('without a database there is nothing to do', async () => {
  const embedded = await cluster(
    changed(['    database: { host: 10.0.0.10, name: nacos, user: nacos, password: dbpass }\n', '']),
  )
  assert.equal(mysqlSchema(embedded.nodes, archives()), [])
})

test('an archive without the schema file of its version is a mistake with a place', () => {
  const empty = { ...archives(), nacos: () => ({ ...distribution, texts: {} }) }
  assert.throws(
    () => mysqlSchema(nodes, empty),
    /^hosts\.yaml:18:11: nacos-server-2\.2\.4\.tar\.gz has no conf\/mysql-schema\.sql, which Nacos 2\.2\.4 brings/,
  )
})

test('the login goes as the host itself reaches the server', () => {
  const { host, port, user } = loginOf(databases[0]!)
  assert.equal({ host, port, user }, { host: '127.0.0.1', port: 3306, user: 'admin' })
})

const server = {
  'variable:version': '8.0.45',
  'variable:read_only': '0',
  'variable:max_connections': '151',
  'variable:default_storage_engine': 'InnoDB',
  'variable:sql_mode': 'STRICT_TRANS_TABLES',
}
plans(test, resources[0]!, {
  'a server that will do': { answers: server, action: 'keep' },
  'older than 5.6.5': {
    answers: { ...server, 'variable:version': '5.5.62' },
    action: 'blocked',
    problems: ['MySQL: MySQL 5.5.62 is older than 5.6.5'],
  },
  'read-only': {
    answers: { ...server, 'variable:read_only': '1' },
    action: 'blocked',
    problems: ['the server is read-only'],
  },
})

test('what is unwise about a server is told and stops nothing', () => {
  const plan = resources[0]!.plan(canned({ ...server, 'variable:max_connections': '50' }), new Set())
  assert.is(plan.action, 'keep')
  assert.match(plan.warnings?.[0]?.what ?? '', /max_connections is 50; 3 nodes may take 60/)
})

test('a schema of which only some tables exist is told of, and completed', () => {
  const plan = resources[1]!.plan(canned({ ...server, 'tables:nacos': 'roles\nusers' }), new Set())
  assert.is(plan.action, 'keep')
  assert.match(plan.warnings?.[0]?.what ?? '', /2 of 12 tables are there/)
  assert.is(plan.warnings?.[0]?.remedy, 'nothing to do: the missing ones are created')
  assert.is(resources[3]!.plan(canned({ ...server, 'tables:nacos': 'roles\nusers' }), new Set()).action, 'create')
})

test('on a server that is refused nobody says that the missing tables are created', () => {
  for (const version of ['5.5.62', '5.6.51']) {
    const answers = canned({ ...server, 'variable:version': version, 'tables:nacos': 'roles\nusers' })
    assert.is(resources[0]!.plan(answers, new Set()).action, 'blocked', version)
    const [warning] = resources[1]!.plan(answers, new Set()).warnings ?? []
    assert.match(warning?.what ?? '', /2 of 12 tables are there/)
    assert.is(warning?.remedy, 'move to a newer server first: the missing ones are created there', version)
  }
})

test('the first user: made once, with a hash that Nacos reads; an existing one keeps its password', () => {
  const user = resources.at(-1)!
  const [step] = user.plan(canned({}), new Set()).steps
  assert.match(String(step!.input), /^\$2a\$10\$/)
  assert.not(step!.run.includes('adminpw'))
  const found = (role: string) =>
    canned(
      Object.fromEntries(
        ['$2a$10$another', role].map((answer, index) => [`${user.probe[index]!.reader.name}:nacos`, answer]),
      ),
    )
  assert.is(user.plan(found('ROLE_ADMIN'), new Set()).action, 'keep')
  // As a run leaves it that was killed between the two rows, and whoever drops the table of roles.
  const mended = user.plan(found(''), new Set())
  assert.equal(
    mended.changes.map(({ key, from, to }) => `${key}: ${from} → ${to}`),
    ['role: none → ROLE_ADMIN'],
  )
  assert.equal(
    mended.steps.map(({ say, run, input }) => [say, run, input]),
    [
      [
        'make the user nacos an administrator',
        "USE `nacos`; INSERT IGNORE INTO roles (username, role) VALUES ('nacos', 'ROLE_ADMIN')",
        undefined,
      ],
    ],
  )
})

test('the fake world answers for a database as for a host', async () => {
  const world = new FakeWorld()
  world.databaseAt(loginOf(databases[0]!)).answer('schema:nacos', 'utf8mb4|utf8mb4_bin')
  const channel = await world.databaseChannel(world.machine('db1'), loginOf(databases[0]!))
  assert.is(resources[2]!.plan(await channel.ask(resources[2]!.probe), new Set()).action, 'keep')
})

test('the first user alone, on an empty database, is blocked with the tag that would help', async () => {
  const world = new FakeWorld()
  for (const [question, answer] of Object.entries(server))
    world.databaseAt(loginOf(databases[0]!)).answer(question, answer)
  const site = [play('schema', databases, () => resources, { via: loginOf })]
  const { result } = await run(site, world, { tags: { only: ['row'], skip: [] } })
  assert.equal(
    result.failures.flatMap(({ kind, problems }) => problems.map(({ what, remedy }) => `${kind}: ${what}; ${remedy}`)),
    [
      'blocked: it stands on table:nacos.users and 1 more, which differ and are not selected; add --tags mysql-schema, or go on with --force',
    ],
  )
})

test('the first user is added with a hash that is another each time, and stands for the same password', () => {
  const [one, two] = [1, 2].map(() => resources.at(-1)!.plan(canned({}), new Set()).steps[0]!)
  assert.is.not(one?.input, two?.input)
  assert.is(one?.meaning, 'adminpw')
  assert.is(two?.meaning, 'adminpw')
})

test.run()
