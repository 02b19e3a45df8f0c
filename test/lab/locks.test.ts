/** Two runs at once, on machines and on a database; holders that are killed and frozen; and a check, which needs no lock. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Channel, DatabaseLogin } from '../../lib/core/channel.ts'
import { Secret } from '../../lib/core/secret.ts'
import { databaseChannel, openDatabase } from '../../lib/edge/database.ts'
import { realWorld } from '../../lib/edge/world.ts'
import { lockTimes } from '../../lib/mysql/lock.ts'
import { answering } from '../edge/askers.ts'
import { assert, suite } from '../kit.ts'
import {
  executions,
  fresh,
  inside,
  inventory,
  lower,
  onDisk,
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

test(
  'a host is read before it is changed and after, and under the lock as well unless the run before is known to be the last',
  async () => {
    const counting = '#!/bin/sh\necho >>/srv/readings\nexec /usr/bin/stat "$@"\n'
    const questions = '%n\t%F|%a|%U|%G|%s|%Z'
    await inside(host, 'mv /usr/local/bin/stat /srv/stat.kept')
    try {
      writeFileSync(
        onDisk(host, 'usr/local/bin/stat'),
        counting.replace('echo', `[ "$2" != '${questions}' ] || echo`),
        { mode: 0o755 },
      )
      const readings = async (before: string): Promise<number> => {
        await fresh(host)
        await inside(host, `${before}; rm -f /srv/readings`)
        const ran = await run(inventory([host], { job: ':' }))
        assert.is(ran.code, 0, ran.text)
        return readFileSync(onDisk(host, 'srv/readings'), 'utf8').length
      }
      assert.is(await readings('rm -f /run/plinth.lock'), 3, 'nobody has had it since the boot')
      const last = await inside(host, 'cat /run/plinth.lock')
      assert.match(last, /^the last was \S+ on \S+, pid \d+, test\/lab\/transport\/site.ts, run \w+$/)
      assert.is(await readings(':'), 2)
      assert.is.not(await inside(host, 'cat /run/plinth.lock'), last)
    } finally {
      await inside(host, 'mv /srv/stat.kept /usr/local/bin/stat')
    }
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
  // A server notices within five seconds that who slept in it has gone.
  for (let look = 0; look < 300; look++) {
    if ((await inside('db1', `mysql -N -e "${query}"`)) !== '0') return
    await sleep(50)
  }
  throw new Error(`no session where ${condition}`)
}

/** A run that stands in the middle of a step on the database, reached through its own machine. */
async function standingInDatabase(): Promise<Running> {
  await hold.begin()
  const running = start(inventory([], { databases: { db1: '127.0.0.1' } }))
  await shows("Info LIKE 'CREATE DATABASE%'")
  return running
}

const isFree = async (): Promise<boolean> =>
  (await inside('db1', `mysql -N -e "SELECT COALESCE(IS_USED_LOCK('plinth'), 'free')"`)) === 'free'

/** Waits until nobody holds the lock of the database. */
async function free(): Promise<void> {
  for (let look = 0; look < 300; look++) {
    if (await isFree()) return
    await sleep(50)
  }
  throw new Error('the lock of the database is still taken')
}

/** What the administrator may do who comes from the other machine. */
async function granted(privileges: string): Promise<void> {
  const admin = `plinth_admin@${stage.addressOf(host)}`
  await inside(
    'db1',
    `mysql -e "DROP USER IF EXISTS ${admin}; CREATE USER ${admin} IDENTIFIED BY '${password()}'; GRANT ${privileges} TO ${admin}"`,
  )
}
const password = (): string => readFileSync(join(stage.layout.folder, 'secrets', 'mysql_admin_password'), 'utf8').trim()

/** The server known by another address, and reached through another machine. */
const otherWay = (): string => inventory([], { databases: { [host]: stage.addressOf('db1') } })

/** What a holder has said of itself to the server. */
const named = ({ pid }: Running): RegExp =>
  new RegExp(
    `MySQL \\S+:3306: another run is at work there: \\S+ on \\S+, pid ${pid}, test/lab/transport/site.ts, run \\w+, since \\d{4}-\\d\\d-\\d\\dT[\\d:]+Z;`,
  )

/** What is said of a holder by a server that keeps nothing more, or shows it to others only. */
const listed = /MySQL \S+:3306: another run is at work there: plinth_admin from \S+, silent for \d+ s, connection \d+;/

test(
  'two runs on one database: refused by its machine, and another way round by the server itself; a check passes',
  async () => {
    await granted('ALL ON *.*')
    const running = await standingInDatabase()
    const same = await run(inventory([], { databases: { db1: '127.0.0.1' } }))
    assert.is(same.code, 1, same.text)
    assert.match(same.text, holder(running))
    const second = await run(otherWay())
    assert.is(second.code, 1, second.text)
    assert.match(second.text, listed)
    const check = await run(otherWay(), '--check')
    assert.is(check.code, 2, check.text)
    await hold.end()
    const ran = await running.ended
    assert.is(ran.code, 0, ran.text)
    assert.is((await run(otherWay())).code, 0)
  },
  { timeout: 180 },
)

test(
  'a holder that is killed frees the database with the step in hand',
  async () => {
    const running = await standingInDatabase()
    running.kill('SIGKILL')
    await hold.end()
    await quiet('db1')
    await free()
    const next = await run(inventory([], { databases: { db1: '127.0.0.1' } }))
    assert.is(next.code, 0, next.text)
  },
  { timeout: 120 },
)

test(
  'a frozen holder is named by a server that keeps it, to who may see it; the next run goes on after its end',
  async () => {
    await inside(
      'db1',
      "printf '[mysqld]\\nperformance_schema = ON\\n' >/etc/mysql/mysql.conf.d/zzz.cnf; systemctl restart mysql",
    )
    const running = await standingInDatabase()
    running.kill('SIGSTOP')
    await hold.end()
    // Its step comes to an end; the lock is still its own, and there is something to do again for others.
    await shows("User = 'plinth_admin' AND Command = 'Sleep'")
    await inside('db1', "mysql -e 'DROP DATABASE staged'")
    for (const [privileges, says] of [
      ['ALL ON *.*', named(running)],
      ['ALL ON staged.*', listed],
    ] as const) {
      await granted(privileges)
      const second = await run(otherWay())
      assert.is(second.code, 1, second.text)
      assert.match(second.text, says, second.text)
    }
    running.kill('SIGKILL')
    await quiet('db1')
    await free()
    const next = await run(otherWay())
    assert.is(next.code, 0, next.text)
  },
  { timeout: 120 },
)

/** A session of the database from the other machine, as a run opens it. */
async function session(user: string, times?: Parameters<typeof databaseChannel>[2]): Promise<Channel> {
  const { folder } = stage.layout
  const machine = await realWorld(answering()).open({
    key: host,
    name: host,
    connection: {
      address: stage.addressOf(host),
      port: null,
      user: 'root',
      privateKey: join(folder, 'id_ed25519'),
      sshArguments: ['-F', 'none', '-o', `UserKnownHostsFile=${folder}/known_hosts`],
      hostKeys: [],
      password: null,
      become: null,
      machine: host,
    },
  })
  const login: DatabaseLogin = { host: stage.addressOf('db1'), port: 3306, user, password: new Secret(password()) }
  const channel = databaseChannel(await openDatabase(machine, login), login, times)
  return { ...channel, close: () => channel.close().finally(() => machine.close()) }
}

test(
  'a holder whose network is gone without a word loses the lock, and with it the session that it writes through',
  async () => {
    const times = { ...lockTimes, beat: 0.2, silence: 2 }
    const cut = await session('plinth_admin', times)
    try {
      await cut.lock('who will be cut')
      await sleep(2 * times.silence * 1000)
      assert.not(await isFree(), 'who says something keeps it')
      // Who may see nothing of others is told no more than that there is somebody.
      const nobody = `nobody@${stage.addressOf(host)}`
      await inside('db1', `mysql -e "CREATE USER ${nobody} IDENTIFIED BY '${password()}'"`)
      const other = await session('nobody')
      const refused = await other.lock('me').catch(String)
      assert.match(String(refused), /another run is at work there: connection \d+;/)
      await other.close()
      await stage.cut(host)
      await free()
      await stage.mend(host)
      const next = await session('plinth_admin')
      await next.lock('the next')
      const did = []
      for await (const { code } of cut.act([{ say: 'write on', run: 'CREATE DATABASE written_without_a_lock' }]))
        did.push(code)
      assert.equal(did.length, 1)
      assert.is.not(did[0], 0)
      assert.is(await inside('db1', 'mysql -N -e "SHOW DATABASES LIKE \'written%\'"'), '')
      await next.close()
    } finally {
      await stage.mend(host)
      await cut.close()
    }
  },
  { timeout: 90 },
)

test.run()
