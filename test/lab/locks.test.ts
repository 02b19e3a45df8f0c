/** Two runs at once, on machines and on a database; holders that are killed and frozen; and a check, which needs no lock. */
import { assert, suite } from '../kit.ts'
import {
  executions,
  fresh,
  inside,
  inventory,
  lower,
  quiet,
  type Running,
  raise,
  run,
  stage,
  start,
  stop,
} from './transport/stage.ts'

const test = suite('locks')
const host = 'nacos1'
test.before(() => raise('db1', host))
test.after(lower)

const holder = (running: Running): RegExp =>
  new RegExp(
    `another run is at work there: \\S+ on \\S+, pid ${running.pid}, test/lab/transport/site.ts, run \\w+, from \\S+, since \\d{4}-\\d\\d-\\d\\dT[\\d:]+Z`,
  )

/** A run that stands in the middle of a step on a machine. */
async function standing(): Promise<Running> {
  await fresh(host)
  stop.at(host, 'app-job')
  const running = start(inventory([host]))
  await stop.reached(host, 'app-job', running)
  return running
}

test(
  'two runs at once: the second is refused and shown who holds the lock; a check passes, and takes none',
  async () => {
    const running = await standing()
    const second = await run(inventory([host]))
    assert.is(second.code, 1, second.text)
    assert.match(second.text, holder(running))
    const before = await inside(host, 'cat /run/plinth.lock')
    const check = await run(inventory([host]), '--check')
    assert.is(check.code, 2, check.text)
    assert.is(await inside(host, 'cat /run/plinth.lock'), before)
    stop.letGo(host)
    assert.is((await running.ended).code, 0)
    assert.is(executions(host), 1)
  },
  { timeout: 120 },
)

test(
  'a controller that is frozen keeps its lock, and goes on with it',
  async () => {
    const running = await standing()
    running.kill('SIGSTOP')
    stop.letGo(host)
    const second = await run(inventory([host]))
    assert.is(second.code, 1, second.text)
    assert.match(second.text, holder(running))
    running.kill('SIGCONT')
    const ran = await running.ended
    assert.is(ran.code, 0, ran.text)
    assert.is(executions(host), 1)
  },
  { timeout: 120 },
)

test(
  'a lock file that a lost machine left is no lock',
  async () => {
    await fresh(host)
    await inside(host, 'echo "somebody on somewhere, pid 1, since long ago" >/run/plinth.lock')
    const ran = await run(inventory([host]))
    assert.is(ran.code, 0, ran.text)
  },
  { timeout: 120 },
)

/** While this is held, the server answers and makes no schema. */
const hold = {
  async begin(): Promise<void> {
    await inside('db1', "mysql -e 'DROP DATABASE IF EXISTS staged'")
    await inside('db1', "systemd-run -q --unit=hold mysql -e 'LOCK INSTANCE FOR BACKUP; DO SLEEP(600)'")
    await shows("State = 'User sleep'")
  },
  end: (): Promise<string> => inside('db1', 'systemctl stop hold'),
}

/** Waits until a session of the server is like this. */
async function shows(condition: string): Promise<void> {
  const query = `SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ${condition}`
  for (let look = 0; look < 200; look++) if ((await inside('db1', `mysql -N -e "${query}"`)) !== '0') return
  throw new Error(`no session where ${condition}`)
}

/** A run that stands in the middle of a step on the database, reached through its own machine. */
async function standingInDatabase(): Promise<Running> {
  await hold.begin()
  const running = start(inventory([], { databases: { db1: '127.0.0.1' } }))
  await shows("Info LIKE 'CREATE DATABASE%'")
  return running
}

const free = async (): Promise<void> => {
  await quiet('db1')
  for (let look = 0; look < 200; look++) {
    if ((await inside('db1', `mysql -N -e "SELECT COALESCE(IS_USED_LOCK('plinth'), 'free')"`)) === 'free') return
  }
  throw new Error('the lock of the database is still taken')
}

test(
  'two runs on one database: refused by its machine, and another way round by the server itself; a check passes',
  async () => {
    const password = await inside(
      'db1',
      "sed -n \"s/.*BY '\\([^']*\\)'.*/\\1/p\" /etc/mysql/lab-accounts.sql | head -n 1",
    )
    const admin = `plinth_admin@${stage.addressOf(host)}`
    await inside(
      'db1',
      `mysql -e "CREATE USER IF NOT EXISTS ${admin} IDENTIFIED BY '${password}'; GRANT ALL ON *.* TO ${admin}"`,
    )
    const running = await standingInDatabase()
    const same = await run(inventory([], { databases: { db1: '127.0.0.1' } }))
    assert.is(same.code, 1, same.text)
    assert.match(same.text, holder(running))
    const other = inventory([], { databases: { [host]: stage.addressOf('db1') } })
    const second = await run(other)
    assert.is(second.code, 1, second.text)
    assert.match(
      second.text,
      /MySQL \S+:3306: another run is at work there: plinth_admin from \S+, silent for \d+ s, connection \d+;/,
    )
    const check = await run(other, '--check')
    assert.is(check.code, 2, check.text)
    await hold.end()
    const ran = await running.ended
    assert.is(ran.code, 0, ran.text)
    assert.is((await run(other)).code, 0)
  },
  { timeout: 180 },
)

test(
  'a holder that is killed frees the database with the step in hand',
  async () => {
    const running = await standingInDatabase()
    running.kill('SIGKILL')
    await hold.end()
    await free()
    const next = await run(inventory([], { databases: { db1: '127.0.0.1' } }))
    assert.is(next.code, 0, next.text)
  },
  { timeout: 120 },
)

test.run()
