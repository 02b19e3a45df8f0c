/** MySQL through a machine's SSH connection: no client is needed anywhere, and the source address is the machine's own. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection as Callbacks } from 'mysql2'
import type { Channel, Database, DatabaseLogin, Done, MachineChannel } from '../core/channel.ts'
import { hostError, LockError, type PlinthError, type Problem } from '../core/error.ts'
import { answersOf, byReader, type Reader } from '../core/probe.ts'
import type { Step } from '../core/resource.ts'
import {
  listedHolder,
  lockName,
  lockTimes,
  namedHolder,
  noteHolder,
  nothing,
  ownLock,
  takeLock,
} from '../mysql/lock.ts'
import { partsUsed } from './parts-used.ts'

type Rows = readonly Readonly<Record<string, string | null>>[]

/** Codes that mean "not there", which is an answer: unknown database, no such column, no such table. */
const absent = new Set([1049, 1054, 1146])

interface ServerError extends Error {
  readonly errno?: number
  readonly code?: string
}

/** What a failed login or query is about, by name. `where` is the database as the machine sees it. */
export function databaseProblem(error: ServerError, where: string, login: DatabaseLogin): Problem {
  const user = `'${login.user}'`
  switch (error.errno) {
    case 1045:
      return {
        where,
        what: `access denied for ${user}: wrong password, or no account for this client's address`,
        remedy:
          'check the password in the inventory and the account on the server (SELECT user, host, ssl_type FROM mysql.user): one that requires TLS is refused too',
      }
    case 1044:
    case 1142:
    case 1227:
      return {
        where,
        what: `${user} lacks a privilege: ${error.message}`,
        remedy: 'grant it, or log in as an account that has it',
      }
    case 3159:
      return {
        where,
        what: 'it takes TLS connections only, and Plinth makes none: its own go through SSH',
        remedy: 'turn require_secure_transport off, and give the accounts of people and programs REQUIRE SSL instead',
      }
    case 1040:
      return { where, what: 'too many connections', remedy: 'raise max_connections, or find what holds them' }
    case 1290:
    case 1836:
      return {
        where,
        what: `the server is read-only: ${error.message}`,
        remedy: 'point the inventory at the writable server',
      }
    default:
      return { where, what: error.message, remedy: 'see the error log of the MySQL server' }
  }
}

/**
 * Logs in to MySQL over a tunnel of the machine. Throws PlinthErrors that tell "nothing listens" from "forwarding is
 * refused" from "access denied".
 */
export async function openDatabase(channel: MachineChannel, login: DatabaseLogin): Promise<Database> {
  const where = `MySQL ${login.host}:${login.port}`
  const stream = await channel.tunnel(login.host, login.port)
  partsUsed.add('databases')
  // Imported late: most of its cost would be paid before the first connection of every run.
  const [{ createConnection }, { default: mysql }] = await Promise.all([import('mysql2/promise'), import('mysql2')])
  let fetchedPublicKey = false
  const connection = await createConnection({
    stream,
    user: login.user,
    password: login.password.reveal(),
    ...(login.database === undefined ? {} : { database: login.database }),
    multipleStatements: true,
    dateStrings: true,
    connectTimeout: 10_000,
    authPlugins: {
      caching_sha2_password: mysql.authPlugins.caching_sha2_password({
        onServerPublicKey: () => {
          fetchedPublicKey = true
        },
      }),
    },
  }).catch((error: ServerError) => {
    stream.destroy()
    throw hostError(databaseProblem(error, where, login))
  })
  connection.on('error', () => stream.destroy())
  return {
    async query(sql, values = []) {
      try {
        const [rows] = await connection.query(sql, [...values])
        return textRows(rows)
      } catch (error) {
        throw Object.assign(hostError(databaseProblem(error as ServerError, where, login)), {
          errno: (error as ServerError).errno,
        })
      }
    },
    async *rows(sql) {
      const told = streaming(connection).query({ sql, rowsAsArray: true, typeCast: asText })
      try {
        for await (const row of told.stream({ highWaterMark: 16 })) yield row as (string | null)[]
      } catch (error) {
        throw hostError(databaseProblem(error as ServerError, where, login))
      }
    },
    offersTls: (Number(streaming(connection).serverCapabilityFlags) & takesTls) !== 0,
    get fetchedPublicKey() {
      return fetchedPublicKey
    },
    async close() {
      // Saying goodbye comes after the statement in hand: one that does not end must not keep the run from ending.
      await within(goodbye, connection.end()).catch(() => {})
      connection.destroy()
      stream.destroy()
    },
  }
}

/** CLIENT_SSL of the capabilities that a server begins with. */
const takesTls = 0x800

/** Seconds. */
const goodbye = 3

class Late extends Error {}

/** What `work` gives; throws Late where it takes more than so many seconds. */
async function within<T>(seconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Late()), seconds * 1000)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

/** The connection below the one with promises: it alone gives rows one by one, and tells what the server is able to do. */
const streaming = (connection: unknown): Callbacks & { readonly serverCapabilityFlags?: number } =>
  (connection as { readonly connection: Callbacks }).connection

/** What the server sends for a value, before the driver makes a number or a date of it. */
const asText = (field: { string(encoding?: string): string | null }): string | null => field.string('utf8')

/** Every value as text, so that nothing depends on the driver's idea of a type. */
function textRows(rows: unknown): Rows {
  if (!Array.isArray(rows)) return []
  return rows.map((row: Record<string, unknown>) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]): [string, string | null] => [
        name,
        value === null || value === undefined ? null : Buffer.isBuffer(value) ? value.toString() : String(value),
      ]),
    ),
  )
}

/**
 * Resources that live in a database: a question is a query of two columns, a step is SQL with `?` for its input.
 * @param times how a lock that it takes is kept, and when a server that does not answer is given up
 */
export function databaseChannel(database: Database, login: DatabaseLogin, times = lockTimes): Channel {
  let timer: NodeJS.Timeout | undefined
  let closed = false
  /** One word at a time: behind a long step they would pile up. A lost connection shows in the next step. */
  const beating = (): void => {
    if (closed) return
    timer = setTimeout(() => database.query(nothing).then(beating, () => {}), times.beat * 1000).unref()
  }
  const answered = (rows: Promise<Rows>): Promise<Rows> =>
    within(times.answer, rows).catch((error: unknown) => {
      if (!(error instanceof Late)) throw error
      database.close()
      throw hostError({
        where: `MySQL ${login.host}:${login.port}`,
        what: `reading its state had not ended after ${times.answer} s and was given up`,
        remedy: 'see with SHOW FULL PROCESSLIST what it waits for',
      })
    })
  return {
    async ask(questions) {
      const found = new Map<Reader, Map<string, string>>()
      for (const [reader, keys] of byReader(questions)) {
        const answers = new Map<string, string>()
        for (const row of await answered(rowsOrNone(database, reader(keys)))) {
          // By position: a query may be a SHOW, whose columns have names of their own.
          const [key, value] = Object.values(row).map((cell) => cell ?? '')
          if (key === undefined) continue
          const before = answers.get(key)
          answers.set(key, before === undefined ? (value ?? '') : `${before}\n${value ?? ''}`)
        }
        found.set(reader, answers)
      }
      return answersOf(found)
    },
    async *act(steps) {
      for (const step of steps) {
        const done = await tell(database, step)
        yield done
        if (done.code !== 0) return
      }
    },
    async lock(holder) {
      // First, so that a session beside this one that is refused knows whose it is.
      await answered(database.query(noteHolder(times), [holder]))
      const own = ownLock(holder)
      const take = async (): Promise<Rows[number] | undefined> =>
        (await answered(database.query(takeLock, [own, lockName, lockName, own])))[0]
      // This very run may reach the server in another way too.
      const well = (row?: Rows[number]): boolean => row?.got === '1' || (!!row?.own && row.own === row.holder)
      let row = await take()
      // That other session may have come no further than its own lock.
      if (!well(row)) row = await sleep(moment).then(take)
      if (!well(row))
        throw new LockError({
          where: `MySQL ${login.host}:${login.port}`,
          what: `another run is at work there: ${await holderOf(database, row?.holder ?? 'unknown')}`,
          remedy: 'wait until it has ended and run again',
        })
      clearTimeout(timer)
      beating()
    },
    async askLocked(holder, questions) {
      await this.lock(holder)
      return this.ask(questions)
    },
    close() {
      closed = true
      clearTimeout(timer)
      return database.close()
    },
  }
}

/** Milliseconds in which a server ends a statement that waits for nothing. */
const moment = 200

/** What the holder said of itself, where the server tells it; or who is logged in there, and since when it is idle. */
async function holderOf(database: Database, connection: string): Promise<string> {
  const known = await database.query(namedHolder, [connection]).catch(() => [])
  const holder = known[0]?.holder
  if (holder) return holder
  const [row] = await database.query(listedHolder, [connection]).catch(() => [])
  const who = row
    ? `${row.user ?? 'somebody'} from ${row.host ?? 'somewhere'}, silent for ${row.seconds ?? '?'} s, `
    : ''
  return `${who}connection ${connection}`
}

async function rowsOrNone(database: Database, sql: string): Promise<Rows> {
  try {
    return await database.query(sql)
  } catch (error) {
    if (absent.has((error as PlinthError & { errno?: number }).errno ?? 0)) return []
    throw error
  }
}

async function tell(database: Database, step: Step): Promise<Done> {
  const start = performance.now()
  const seconds = (): number => (performance.now() - start) / 1000
  const input = step.input === undefined ? undefined : String(step.input)
  const { deadline = defaultDeadline } = step
  try {
    const [sql, values] = input === undefined ? [step.run, []] : [`${backslashes}; ${step.run}`, [input]]
    await within(deadline, database.query(sql, values))
    return { step, code: 0, stdout: '', stderr: '', seconds: seconds() }
  } catch (error) {
    if (error instanceof Late) {
      database.close()
      const said = 'the connection was closed; the server may be at it still: see SHOW FULL PROCESSLIST'
      return { step, code: null, stdout: '', stderr: said, seconds: seconds(), late: deadline }
    }
    // A server quotes what it does not take, in its own language and cut short: of a step with a secret only the number is told.
    const { message, errno } = error as ServerError
    const said =
      input === undefined ? message : `MySQL error ${errno ?? 'without a number'} (its words may hold the secret)`
    // Without a number of the server's own nobody knows whether it did what it was told: the connection was lost.
    return { step, code: errno !== undefined && errno > 0 ? 1 : null, stdout: '', stderr: said, seconds: seconds() }
  }
}

/** Seconds that a step has unless it says otherwise, as on a machine. */
const defaultDeadline = 300

/** The driver escapes values with backslashes, so the session must read them as such. */
const backslashes = "SET SESSION sql_mode = REPLACE(@@SESSION.sql_mode, 'NO_BACKSLASH_ESCAPES', '')"
