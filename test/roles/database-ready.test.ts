/** The test of the database from every node's own place, before the first node starts. */
import type { Database, DatabaseLogin } from '../../lib/core/channel.ts'
import { hostError, type PlinthError, type Problem } from '../../lib/core/error.ts'
import type { Scope } from '../../lib/engine/play.ts'
import { databaseAccepts } from '../../roles/database-ready.ts'
import type { NacosNode } from '../../roles/nacos-node.ts'
import { assert, suite } from '../kit.ts'
import { changed, cluster } from './nodes.ts'

const test = suite('roles/database-ready')

interface Session {
  readonly host: string
  readonly user: string
  readonly sql: readonly string[]
  readonly closed: boolean
}

/** Runs the preparation against logins that answer with `login`, and gives what came of it. */
async function tried(text: string | undefined, login: (host: string, user: string) => Partial<Database>) {
  const { nodes, databases } = await cluster(text)
  const sessions: { host: string; user: string; sql: string[]; closed: boolean }[] = []
  const scope: Scope<NacosNode> = {
    hosts: nodes,
    ask: async () => () => '',
    http: async () => {
      throw new Error('no request is made')
    },
    database: async (host, { user }: DatabaseLogin) => {
      const session = { host: host.name, user, sql: [] as string[], closed: false }
      const own = login(host.name, user)
      sessions.push(session)
      return {
        fetchedPublicKey: false,
        rows: async function* () {},
        ...own,
        query: async (sql, values) => {
          session.sql.push(sql)
          return own.query?.(sql, values) ?? []
        },
        close: async () => {
          session.closed = true
        },
      }
    },
  }
  const problems = await databaseAccepts(databases)(scope).then(
    (): readonly Problem[] => [],
    (error: PlinthError) => error.problems,
  )
  return { problems, sessions: sessions as readonly Session[] }
}

const keyless = (text: string) => changed(['password: dbpass }', `password: dbpass, parameters: { ${text} } }`])
const hidden = keyless('allowPublicKeyRetrieval: "false"')
const listed = (sessions: readonly Session[]): readonly string[] =>
  sessions.map(({ host, user, sql }) => `${user} on ${host}: ${sql.join('; ')}`)
const flushed = 'admin on db1: FLUSH PRIVILEGES'

test('every node writes as Nacos does', async () => {
  const { problems, sessions } = await tried(undefined, () => ({}))
  assert.equal(problems, [])
  const write = "DELETE FROM `nacos`.config_info WHERE data_id = 'com.alibaba.nacos.testMasterDB'"
  assert.equal(
    listed(sessions),
    ['n1', 'n2', 'n3'].map((node) => `nacos on ${node}: ${write}`),
  )
  assert.ok(sessions.every(({ closed }) => closed))
})

test('the server forgets its logins first where a driver may not have its public key, and nowhere else', async () => {
  const server = (offersTls: boolean) => () => ({ offersTls })
  const offered = keyless('allowPublicKeyRetrieval: "false", useSSL: "true"')
  assert.is(listed((await tried(hidden, server(false))).sessions)[0], flushed)
  assert.is(listed((await tried(hidden, server(true))).sessions)[0], flushed)
  assert.is(listed((await tried(offered, server(false))).sessions)[0], flushed)
  for (const text of [
    undefined,
    keyless('sslMode: VERIFY_CA, allowPublicKeyRetrieval: "false"'),
    keyless('allowPublicKeyRetrieval: "false", serverRSAPublicKeyFile: /etc/mysql/key.pem'),
    offered,
  ])
    assert.not((await tried(text, server(true))).sessions.some(({ sql }) => sql.includes('FLUSH PRIVILEGES')))
})

test('an administrator who may not make it forget stops nothing; what else goes wrong there does', async () => {
  const failing = (errno: number) => () => ({
    query: async (sql: string) => {
      if (!sql.startsWith('FLUSH')) return []
      throw Object.assign(hostError({ where: 'MySQL', what: 'no', remedy: 'yes' }), { errno })
    },
  })
  const denied = await tried(hidden, failing(1227))
  assert.equal([denied.problems, denied.sessions.length], [[], 4])
  const broken = await tried(hidden, failing(1290))
  assert.equal([broken.problems.length, broken.sessions.length], [1, 1])
  assert.ok([...denied.sessions, ...broken.sessions].every(({ closed }) => closed))
})

test('every node that would fail is named', async () => {
  const denied = () => {
    throw hostError({ where: 'MySQL 10.0.0.10:3306', what: 'access denied', remedy: 'check the account' })
  }
  const { problems, sessions } = await tried(undefined, (host) =>
    host === 'n1' ? { query: denied } : host === 'n3' ? denied() : {},
  )
  assert.equal(
    problems.map(({ where, what }) => `${where}: ${what}`),
    ['n1 → MySQL 10.0.0.10:3306: access denied', 'n3 → MySQL 10.0.0.10:3306: access denied'],
  )
  assert.ok(sessions.every(({ closed }) => closed))
})

test('a login that needs the public key is fine where the driver may fetch it, and named where it may not', async () => {
  const fetched = () => ({ fetchedPublicKey: true })
  assert.equal((await tried(undefined, fetched)).problems, [])
  const parameters = (text: string) => changed(['password: dbpass }', `password: dbpass, parameters: { ${text} } }`])
  const { problems } = await tried(parameters('allowPublicKeyRetrieval: "false"'), fetched)
  assert.equal(
    problems.map(({ where }) => where),
    ['n1', 'n2', 'n3'].map((name) => `${name}: public key retrieval`),
  )
  // The driver looks at useSSL first, which is off by default.
  const required = 'allowPublicKeyRetrieval: "false", requireSSL: "true"'
  assert.is((await tried(parameters(required), fetched)).problems.length, 3)
  for (const safe of [
    `${required}, useSSL: "yes"`,
    'allowPublicKeyRetrieval: "false", sslMode: VERIFY_CA',
    'allowPublicKeyRetrieval: "false", serverRSAPublicKeyFile: /etc/mysql/key.pem',
  ])
    assert.equal((await tried(parameters(safe), fetched)).problems, [], safe)
})

test('a driver that prefers TLS needs no public key of a server that offers it, and of another one it does', async () => {
  const text = changed([
    'password: dbpass }',
    'password: dbpass, parameters: { allowPublicKeyRetrieval: "false", sslMode: PREFERRED } }',
  ])
  const server = (offersTls: boolean) => () => ({ fetchedPublicKey: true, offersTls })
  assert.equal((await tried(text, server(true))).problems, [])
  assert.is((await tried(text, server(false))).problems.length, 3)
  const never = text.replace('PREFERRED', 'DISABLED')
  assert.is((await tried(never, server(true))).problems.length, 3)
})

test.run()
