/** Resources in a database: what is asked, what is told, and what is never said of it. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import mysql from 'mysql2'
import type { Database, DatabaseLogin, MachineChannel } from '../../lib/core/channel.ts'
import { hostError, PlinthError } from '../../lib/core/error.ts'
import { Secret, sha256 } from '../../lib/core/secret.ts'
import { databaseChannel, databaseProblem, openDatabase } from '../../lib/edge/database.ts'
import { partsUsed } from '../../lib/edge/parts-used.ts'
import { type LockTimes, lockTimes } from '../../lib/mysql/lock.ts'
import { assert, suite } from '../kit.ts'

const test = suite('edge/database')

/** The driver's connection at the side of a server. */
interface ServerSide {
  serverHandshake(hello: object): void
  _resetSequenceId(): void
  on(event: string, listener: () => void): void
}

const login: DatabaseLogin = { host: '10.0.0.10', port: 3306, user: 'admin', password: new Secret('pw') }
const where = 'MySQL 10.0.0.10:3306'

type Rows = Awaited<ReturnType<Database['query']>>
type Sent = readonly [sql: string, values: readonly (string | number | null)[]]

/** A database that answers every query with `answer`, and remembers what it was sent. */
function fake(answer: (sql: string) => Rows = () => [], times?: LockTimes) {
  const sent: Sent[] = []
  const state = { closed: false }
  const database: Database = {
    async query(sql, values = []) {
      sent.push([sql, values])
      return answer(sql)
    },
    async *rows() {},
    fetchedPublicKey: false,
    async close() {
      state.closed = true
    },
  }
  return { channel: databaseChannel(database, login, times), sent, state }
}

/** What the edge throws when the server refuses. */
const refusal = (errno: number, message: string): Error =>
  Object.assign(hostError(databaseProblem(Object.assign(new Error(message), { errno }), where, login)), { errno })

const refusing = (errno: number, message: string) => () => {
  throw refusal(errno, message)
}

const variables = (keys: readonly string[]): string => `SHOW ${keys.join(' ')}`
const tables = (keys: readonly string[]): string => `SELECT ${keys.join(' ')}`

test('one query a reader; key and answer by their place in the row, whatever the columns are called', async () => {
  const { channel, sent } = fake((sql) =>
    sql.startsWith('SHOW')
      ? [
          { Variable_name: 'version', Value: '8.0.40' },
          { Variable_name: 'sql_mode', Value: null },
        ]
      : [
          { v_first: 'nacos', k: 'users' },
          { v_first: 'nacos', k: 'roles' },
        ],
  )
  const ask = (reader: typeof variables, key: string) => ({ reader, key })
  const answers = await channel.ask([
    ask(variables, 'version'),
    ask(tables, 'nacos'),
    ask(variables, 'sql_mode'),
    ask(variables, 'port'),
  ])
  assert.is(answers(ask(variables, 'version')), '8.0.40')
  assert.is(answers(ask(variables, 'sql_mode')), '', 'NULL is nothing')
  assert.is(answers(ask(variables, 'port')), '', 'no row is nothing')
  assert.is(answers(ask(tables, 'nacos')), 'users\nroles', 'several rows, several lines, in their order')
  assert.equal(sent, [
    ['SHOW version sql_mode port', []],
    ['SELECT nacos', []],
  ])
})

test('no such database, table or column is an answer; any other refusal is not', async () => {
  const question = { reader: variables, key: 'a' }
  for (const errno of [1049, 1054, 1146]) {
    const { channel } = fake(refusing(errno, "Table 'nacos.users' doesn't exist"))
    assert.is((await channel.ask([question]))(question), '')
  }
  const { channel } = fake(refusing(1142, 'SELECT command denied'))
  const error = await channel.ask([question]).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.instance(error, PlinthError)
  assert.match((error as Error).message, /^MySQL 10\.0\.0\.10:3306: 'admin' lacks a privilege: SELECT command denied;/)
})

test('one reader that finds nothing there leaves the others their answers', async () => {
  const { channel } = fake((sql) =>
    sql.startsWith('SHOW') ? [{ k: 'a', v: 'yes' }] : refusing(1146, 'no such table')(),
  )
  const answers = await channel.ask([
    { reader: tables, key: 'a' },
    { reader: variables, key: 'a' },
  ])
  assert.is(answers({ reader: variables, key: 'a' }), 'yes')
  assert.is(answers({ reader: tables, key: 'a' }), '')
})

const act = async (
  channel: ReturnType<typeof fake>['channel'],
  ...steps: readonly { run: string; input?: string; deadline?: number }[]
) => {
  const done = []
  for await (const one of channel.act(steps.map((step, index) => ({ say: `step ${index}`, ...step })))) done.push(one)
  return done
}

test('a step without input is sent as it stands; one with input as a value, under a mode that escapes it', async () => {
  const { channel, sent } = fake()
  const done = await act(channel, { run: 'A' }, { run: 'B ?', input: "it's\\" })
  assert.equal(
    done.map(({ code, stderr }) => [code, stderr]),
    [
      [0, ''],
      [0, ''],
    ],
  )
  assert.equal(sent, [
    ['A', []],
    ["SET SESSION sql_mode = REPLACE(@@SESSION.sql_mode, 'NO_BACKSLASH_ESCAPES', ''); B ?", ["it's\\"]],
  ])
})

test('a step that fails ends the list', async () => {
  const { channel, sent } = fake((sql) => (sql === 'B' ? refusing(1064, 'You have an error')() : []))
  const done = await act(channel, { run: 'A' }, { run: 'B' }, { run: 'C' })
  assert.equal(
    done.map(({ step, code }) => `${step.say} ${code}`),
    ['step 0 0', 'step 1 1'],
  )
  assert.equal(
    sent.map(([sql]) => sql),
    ['A', 'B'],
  )
})

test('what is said of a step that failed never holds its input', async () => {
  const syntax = (near: string): string =>
    `You have an error in your SQL syntax; check the manual for the right syntax to use near '${near}' at line 1`
  const cases = [
    { says: 'whole', input: 'hunter2', message: 'the value hunter2 is refused, hunter2!' },
    { says: 'quoted back', input: 'hunter2', message: syntax("'hunter2'") },
    { says: 'quoted back and cut short', input: 'hunter2-and-more', message: syntax("BY 'hunter2-an") },
    { says: 'quoted back as it was escaped', input: "hunter2'x", message: syntax("'hunter2\\'x'") },
    { says: 'quoted back over two lines', input: 'hunter2\nx', message: syntax("'hunter2\nx'") },
    { says: 'by a server of another language', input: 'hunter2-and-more', message: "bei 'BY 'hunter2-an' in Zeile 1" },
  ]
  for (const { says, input, message } of cases) {
    const { channel } = fake(refusing(1064, message))
    const [done] = await act(channel, { run: 'SET PASSWORD = ?', input })
    assert.is(done?.code, 1, says)
    assert.not(done?.stderr.includes('hunter2'), `${says}: ${done?.stderr}`)
    assert.match(done?.stderr ?? '', /^MySQL error 1064 /, says)
  }
})

test('a server that does not answer is given up: a step after its deadline, a question after its own', async () => {
  const state = { closed: 0 }
  const database: Database = {
    query: () => new Promise<Rows>(() => {}),
    async *rows() {},
    fetchedPublicKey: false,
    close: async () => void state.closed++,
  }
  const channel = databaseChannel(database, login, { ...lockTimes, answer: 0.01 })
  const done = await act(channel, { run: 'ALTER', deadline: 0.01 }, { run: 'B' })
  assert.equal(
    done.map(({ code, late }) => [code, late]),
    [[null, 0.01]],
  )
  assert.match(done[0]?.stderr ?? '', /^the connection was closed; the server may be at it still/)
  assert.is(state.closed, 1)
  const error = await channel.ask([{ reader: variables, key: 'a' }]).catch((thrown: unknown) => thrown)
  assert.instance(error, PlinthError)
  assert.match((error as Error).message, /^MySQL 10\.0\.0\.10:3306: reading its state had not ended after 0\.01 s/)
  assert.is(state.closed, 2)
})

test('without an input the message is told in full', async () => {
  const { channel } = fake(refusing(1064, "an error near 'CREATE TABEL' at line 1"))
  const [done] = await act(channel, { run: 'CREATE TABEL' })
  assert.ok(done?.stderr.includes("near 'CREATE TABEL' at line 1"))
})

test('the lock is of the whole server, by whichever address it is known, and says who holds it', async () => {
  const free = fake(() => [{ got: '1', holder: null }])
  await free.channel.lock('me')
  const own = `plinth run ${sha256('me').slice(0, 40)}`
  assert.equal(free.sent[1]?.[1], [own, 'plinth', 'plinth', own])
  assert.is(free.sent.length, 2)
  assert.equal(free.sent[0], [
    "SET @plinth_holder = CONCAT(?, DATE_FORMAT(UTC_TIMESTAMP(), ', since %Y-%m-%dT%TZ')), SESSION wait_timeout = 900, SESSION lock_wait_timeout = 60",
    ['me'],
  ])
  await free.channel.close()
  const held: Rows = [{ got: '0', holder: '42' }]
  const cases = [
    {
      named: () => [{ holder: 'eve on desk, since noon' }],
      listed: () => [],
      says: /there: eve on desk, since noon; wait/,
    },
    {
      named: () => [],
      listed: () => [{ user: 'eve', host: 'desk:4', seconds: '7' }],
      says: /there: eve from desk:4, silent for 7 s, connection 42/,
    },
    // A server that keeps no such tables, and an account that may not read them.
    { named: refusing(1142, 'SELECT command denied'), listed: refusing(1227, 'no'), says: /there: connection 42; / },
  ]
  for (const { named, listed, says } of cases) {
    const { channel } = fake((sql) =>
      /GET_LOCK/.test(sql) ? held : /performance_schema/.test(sql) ? named() : /^SET/.test(sql) ? [] : listed(),
    )
    const error = await channel.lock('me').then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    assert.instance(error, PlinthError)
    assert.match((error as Error).message, says)
    assert.is((error as PlinthError).problems[0]?.where, where)
  }
})

test('a server that is reached in two ways is locked once: the run is not in its own way', async () => {
  // To whom the server tells nothing of its sessions.
  const cases = [
    { says: 'its own', own: '42', refused: false },
    { says: 'its own, whose session had come no further yet', own: '42', slow: true, refused: false },
    { says: 'of another, while this one holds its own alone', own: '41', refused: true },
    { says: 'of a server that keeps one lock for a session', own: null, refused: true },
  ]
  for (const { says, own, slow = false, refused } of cases) {
    let holder = slow ? null : '42'
    const { channel } = fake((sql) => {
      if (/^SET/.test(sql)) return []
      if (!/GET_LOCK/.test(sql)) return refusing(1142, 'SELECT command denied')()
      const row = { got: '0', holder, own }
      holder = '42'
      return [row]
    })
    const error = await channel.lock('me').catch((thrown: unknown) => thrown)
    assert.is(error instanceof PlinthError, refused, says)
    await channel.close()
  }
})

const quick: LockTimes = { ...lockTimes, beat: 0.001 }

test('who holds the lock says something now and then, one word at a time, until the end', async () => {
  let answered = (): void => {}
  let asked = 0
  const next = (): Promise<void> => new Promise((resolve) => (answered = resolve))
  const { channel, sent, state } = fake((sql) => {
    if (sql === 'DO 0') {
      asked++
      answered()
    }
    return [{ got: '1', holder: null }]
  }, quick)
  const words = (): number => sent.filter(([sql]) => sql === 'DO 0').length
  await channel.ask([])
  assert.is(words(), 0, 'no lock, no word')
  await channel.lock('me')
  while (asked < 3) await next()
  await channel.close()
  const before = words()
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.is(words(), before)
  assert.ok(state.closed)
})

test('a word that is not answered is not followed by another, and one that fails ends nothing', async () => {
  let words = 0
  const silent = (answer: () => Promise<Rows>): Database => ({
    query: async (sql) => {
      if (sql !== 'DO 0') return [{ got: '1', holder: null }]
      words++
      return answer()
    },
    async *rows() {},
    fetchedPublicKey: false,
    async close() {},
  })
  for (const answer of [() => new Promise<Rows>(() => {}), () => Promise.reject(refusal(2013, 'lost'))]) {
    words = 0
    const channel = databaseChannel(silent(answer), login, quick)
    await channel.lock('me')
    await new Promise((resolve) => setTimeout(resolve, 30))
    assert.is(words, 1)
    await channel.close()
  }
})

test('closing the channel closes the login', async () => {
  const { channel, state } = fake()
  await channel.close()
  assert.ok(state.closed)
})

test('what a refusal is about, by its number', () => {
  const cases: readonly (readonly [number, string, RegExp])[] = [
    [1045, 'Access denied', /^access denied for 'admin': wrong password, or no account/],
    [1044, 'Access denied to database', /lacks a privilege: Access denied to database/],
    [1227, 'you need SUPER', /lacks a privilege/],
    [1040, 'Too many connections', /^too many connections$/],
    [
      3159,
      'Connections using insecure transport are prohibited',
      /^it takes TLS connections only, and Plinth makes none/,
    ],
    [1290, 'running with --read-only', /read-only/],
    [9999, 'something else', /^something else$/],
  ]
  for (const [errno, message, what] of cases) {
    const problem = databaseProblem(Object.assign(new Error(message), { errno }), where, login)
    assert.is(problem.where, where)
    assert.match(problem.what, what)
    assert.not(JSON.stringify(problem).includes('pw"'))
  }
})

test('whether a server offers TLS is what it says first', async () => {
  const plain = { protocolVersion: 10, serverVersion: '8.0.40', connectionId: 1, statusFlags: 2, characterSet: 45 }
  for (const offers of [true, false]) {
    // PROTOCOL_41, SECURE_CONNECTION and, or not, SSL.
    const capabilityFlags = 0x8200 | (offers ? 0x800 : 0)
    const server = createServer((socket) => {
      const client = mysql.createConnection({ stream: socket, isServer: true }) as unknown as ServerSide
      const authCallback = (_: unknown, done: (error: null) => void): void => {
        done(null)
        client._resetSequenceId()
      }
      client.serverHandshake({ ...plain, capabilityFlags, authCallback })
      client.on('error', () => {})
      client.on('quit', () => socket.end())
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const stream = connect((server.address() as AddressInfo).port, '127.0.0.1')
    const machine = { tunnel: async () => stream } as unknown as MachineChannel
    partsUsed.clear()
    const database = await openDatabase(machine, login)
    await database.close()
    server.close()
    assert.is(database.offersTls, offers)
    assert.equal([...partsUsed], ['databases'])
  }
})

test.run()
