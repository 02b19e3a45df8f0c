/** Connections that are lost, frozen, crowded or never made, against a real sshd. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { assert, suite } from '../kit.ts'
import { all, eventually, failure, question, step } from './channels.ts'
import { newMachines, openTo, type Sshd, startSshd, withSshd } from './sshd.ts'

const stray: unknown[] = []
process.on('unhandledRejection', (reason) => stray.push(reason))
process.on('uncaughtExceptionMonitor', (error) => stray.push(error))

const test = suite('edge/ssh-loss')
let sshd: Sshd
test.before(async () => {
  sshd = await startSshd()
})
test.after(() => sshd.stop())

test('sshd killed in the middle of a step: unknown outcome, a dead channel, no stray error', async () => {
  const channel = await openTo(sshd)
  const tunnel = await channel.tunnel('127.0.0.1', sshd.port)
  const ended = new Promise((resolve) => tunnel.resume().once('close', resolve))
  const done = await all(channel, step('echo begun; kill -9 $PPID; sleep 1; exit 0'), step('echo never'))
  assert.equal(
    done.map(({ code }) => code),
    [null],
  )
  assert.match(done[0]!.stderr, /plinth: /)
  assert.is((await failure(channel.ask([question('k')]))).code, 3)
  assert.is((await failure(all(channel, step('echo never')))).code, 3)
  assert.is((await failure(channel.lock('me'))).code, 3)
  await ended
  await channel.close()
})

test('sshd killed while a file is on its way: the script never takes half of it for the whole', async () => {
  const channel = await openTo(sshd)
  const path = join(sshd.folder, 'big')
  writeFileSync(path, randomBytes(20_000_000))
  const final = join(sshd.folder, 'big final')
  const script = `head -c 1000000 >/dev/null; kill -9 $PPID; cat >/dev/null; echo >'${final}'`
  const done = await all(channel, step(script, { upload: { path, bytes: 20_000_000, sha256: '' } }))
  assert.is(done[0]!.code, null)
  await channel.close()
  const shells = (): string => execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
  await eventually(() => !shells().includes('head -c 20000000'))
  assert.not(existsSync(final))
})

test('the lock is on the machine, names its holder, and is gone with the holder', async () => {
  const one = await openTo(sshd)
  const two = await openTo(sshd)
  await one.lock('run 7 of ann')
  const error = await failure(two.lock('run 8 of bob'))
  assert.is(error.code, 1)
  assert.match(error.message, /^h1: another run is at work there: run 7 of ann, from 127\.0\.0\.1, since 20\S+Z; wait/)
  const [, session] = await all(one, step('echo $PPID'), step('kill -9 $PPID; sleep 0.2'))
  assert.is(session!.code, null)
  let held: unknown = 'held'
  while (held) held = await two.lock('run 8 of bob').catch((reason) => reason)
  await two.close()
  const three = await openTo(sshd)
  await three.lock('run 9')
  await three.close()
  await one.close()
})

test(
  'fifty at a time: all of them, or an error with a name',
  () =>
    withSshd({ config: ['MaxStartups 100'] }, async (own) => {
      const channels = await Promise.all(Array.from({ length: 50 }, () => openTo(own)))
      const answers = await Promise.all(channels.map((channel) => channel.ask([question('k')])))
      assert.ok(answers.every((answer) => answer(question('k')) === 'ä漢 k'))
      await Promise.all(channels.map((channel) => channel.close()))
    }),
  { timeout: 60 },
)

test(
  'more at a time than sshd takes: all get in, in the end',
  () =>
    withSshd({ config: ['MaxStartups 2:100:3'] }, async (own) => {
      const machines = newMachines()
      const channels = await Promise.all(Array.from({ length: 30 }, () => openTo(own, {}, { machines })))
      await Promise.all(channels.map((channel) => channel.close()))
      const count = (text: string): number => own.log().split(text).length - 1
      assert.is(count('Accepted publickey'), 30)
      // The first eight come together; sshd drops six of them, and from then on fewer come at a time.
      assert.ok(count('drop connection') < 20, `${count('drop connection')} were dropped`)
    }),
  { timeout: 60 },
)

test('never more than eight logins are under way at one sshd, and a refused one is not tried again', async () => {
  let inside = 0
  let most = 0
  let all = 0
  const server = net.createServer((socket) => {
    inside++
    all++
    most = Math.max(most, inside)
    socket.on('error', () => {})
    setTimeout(() => {
      inside--
      socket.end('this is no sshd\r\n')
    }, 20)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  const machines = newMachines()
  const opened = await Promise.allSettled(Array.from({ length: 40 }, () => openTo(sshd, { port }, { machines })))
  server.close()
  assert.ok(opened.every(({ status }) => status === 'rejected'))
  assert.equal([most, all], [8, 40])
})

for (const [by, more, keepaliveSeconds] of [
  ['the usual signs of life', {}, 0.1],
  ['those of its configuration', { keepalive: { seconds: 0.1, count: 1 } }, 60],
] as const) {
  test(`a frozen host is noticed by ${by}`, () =>
    withSshd({}, async (own) => {
      const channel = await openTo(own, more, { keepaliveSeconds })
      const [pid] = await all(channel, step('echo $PPID'))
      const session = Number(pid!.stdout)
      process.kill(session, 'SIGSTOP')
      const late = setTimeout(() => process.kill(session, 'SIGKILL'), 5000)
      const [done] = await all(channel, step('echo never'))
      clearTimeout(late)
      assert.is(done!.code, null)
      assert.match(done!.stderr, /no sign of life/)
      await channel.close()
      process.kill(session, 'SIGKILL')
    }))
}

test('nothing escaped: no unhandled rejection, no uncaught exception', async () => {
  await new Promise((resolve) => setTimeout(resolve, 200))
  assert.equal(stray, [])
})

test.run()
