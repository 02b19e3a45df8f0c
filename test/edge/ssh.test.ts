/** A channel over SSH against a real sshd on loopback: what it can do, and with how little. */
import { createHash, randomBytes } from 'node:crypto'
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { mock } from 'node:test'
import { Secret } from '../../lib/core/secret.ts'
import { Trials } from '../../lib/edge/trials.ts'
import { assert, suite } from '../kit.ts'
import { all, eventually, failure, question, step } from './channels.ts'
import { freePort, openTo, type Sshd, startSshd, withSshd } from './sshd.ts'

const test = suite('edge/ssh')
let sshd: Sshd
test.before(async () => {
  sshd = await startSshd()
})
test.after(() => sshd.stop())

test('asks, acts and closes on one connection and one session', async () => {
  const channel = await openTo(sshd)
  const questions = Array.from({ length: 200 }, (_, index) => question(`key ${index}`))
  const answers = await channel.ask(questions)
  for (const one of questions) assert.is(answers(one), `ä漢 ${one.key}`)
  const done = await all(channel, step('echo a'), step('cat; exit 3', { input: 'b\0' }), step('echo never'))
  assert.equal(
    done.map(({ code, stdout }) => [code, stdout]),
    [
      [0, 'a\n'],
      [3, 'b\0'],
    ],
  )
  await channel.close()
  await channel.close()
  assert.match((await failure(channel.ask([question('k')]))).message, /^h1: the connection is gone: it was closed/)
})

test('one session slot is enough for asking, acting and tunnels', () =>
  withSshd({ config: ['MaxSessions 1'] }, async (own) => {
    const server = net.createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1')
    await eventually(() => server.listening)
    const channel = await openTo(own)
    assert.is((await channel.ask([question('k')]))(question('k')), 'ä漢 k')
    const { port } = server.address() as net.AddressInfo
    const tunnels = await Promise.all([1, 2, 3].map(() => channel.tunnel('127.0.0.1', port)))
    for (const tunnel of tunnels) {
      const chunks: Buffer[] = []
      for await (const chunk of tunnel) chunks.push(chunk)
      assert.is(Buffer.concat(chunks).toString(), 'hello')
    }
    assert.is((await all(channel, step('echo a')))[0]!.code, 0)
    await channel.close()
    server.close()
    assert.is(own.log().split('Starting session').length - 1, 1, 'sshd started one session')
  }))

test('a tunnel that cannot be says which of the reasons it is', async () => {
  const channel = await openTo(sshd)
  const port = await freePort()
  const cases: readonly [host: string, port: number, kind: string, message: RegExp][] = [
    ['127.0.0.1', port, 'refused', /^h1 → 127\.0\.0\.1:\d+: nothing listens there; see that the service is up/],
    ['no-such-host.invalid', 80, 'unreachable', /h1 can't connect: /],
  ]
  for (const [host, to, kind, message] of cases) {
    const error = await failure(channel.tunnel(host, to))
    assert.is((error as { kind?: string }).kind, kind, error.message)
    assert.match(error.message, message)
  }
  await channel.close()
  const gone = await failure(channel.tunnel('127.0.0.1', port))
  assert.is((gone as { kind?: string }).kind, 'lost')
})

test('forwarding that sshd forbids is not a port where nothing listens; "local" is enough', async () => {
  await withSshd({ config: ['AllowTcpForwarding no'] }, async (own) => {
    const channel = await openTo(own)
    const error = await failure(channel.tunnel('127.0.0.1', own.port))
    assert.is((error as { kind?: string }).kind, 'forbidden')
    assert.match(error.message, /its sshd refuses to forward TCP connections; set "AllowTcpForwarding local"/)
    assert.is((await channel.ask([question('k')]))(question('k')), 'ä漢 k', 'the rest works')
    await channel.close()
  })
  await withSshd({ config: ['AllowTcpForwarding local'] }, async (own) => {
    const channel = await openTo(own)
    ;(await channel.tunnel('127.0.0.1', own.port)).destroy()
    await channel.close()
  })
})

test('an sshd that runs nothing: no session, a forced command, an account without a shell', async () => {
  const cases: readonly [config: string, message: RegExp][] = [
    ['MaxSessions 0', /the login worked, but sshd starts no command \(.*open failed\)/],
    [
      'ForceCommand echo This account is closed; exit 1',
      /shell has not come up: the shell there ended.*; it said: This account is closed.*; see to .*ForceCommand/,
    ],
    ['ForceCommand internal-sftp', /not come up: .*; it said: This service allows sftp connections only/],
  ]
  for (const [config, message] of cases) {
    await withSshd({ config: [config] }, async (own) => {
      const error = await failure(openTo(own).then((channel) => channel.ask([question('k')])))
      assert.is(error.code, 3)
      assert.match(error.message, message)
    })
  }
})

test('who logs in as somebody has not to become that one', async () => {
  const channel = await openTo(sshd, {}, { become: { method: 'doas', user: sshd.user, password: null } })
  assert.is((await channel.ask([question('k')]))(question('k')), 'ä漢 k')
  await channel.close()
})

test("the password that su wants is the other user's, and that of sudo and doas the own", async () => {
  const accounts = mock.method(Trials.prototype, 'of')
  const password = new Secret('pass-canary')
  try {
    for (const method of ['su', 'doas'] as const)
      await openTo(sshd, {}, { become: { method, user: 'nobody', password } }).catch(() => {})
    assert.equal(
      accounts.mock.calls.map(({ arguments: [account] }) => account),
      ['nobody', sshd.user],
    )
  } finally {
    mock.restoreAll()
  }
})

test('what the login shell prints and sets is no part of an answer', async () => {
  const home = join(sshd.folder, 'noisy home')
  mkdirSync(home)
  writeFileSync(
    join(home, '.bashrc'),
    'echo "Welcome to h1"; echo careful >&2; printf "no line break"; umask 077; cd /tmp\n',
  )
  await withSshd({ config: [`SetEnv "HOME=${home}"`] }, async (own) => {
    const channel = await openTo(own)
    assert.is((await channel.ask([question('k')]))(question('k')), 'ä漢 k')
    const [done] = await all(channel, step('echo "$HOME"; umask; pwd; echo err >&2'))
    assert.equal([done!.stdout, done!.stderr], [`${home}\n0022\n/\n`, 'err\n'])
    await channel.close()
  })
})

test('five megabytes of output, and characters cut by packets', async () => {
  const channel = await openTo(sshd)
  const [done] = await all(channel, step("yes 'ä漢🙂ß' | head -n 400000"))
  assert.equal([done!.code, done!.stdout === 'ä漢🙂ß\n'.repeat(400_000)], [0, true])
  await channel.close()
})

test(
  'a file of 50 MB arrives as it is',
  async () => {
    const path = join(sshd.folder, 'upload')
    const hash = createHash('sha256')
    for (let index = 0; index < 50; index++) {
      const part = randomBytes(1_000_000)
      hash.update(part)
      appendFileSync(path, part)
    }
    const sha256 = hash.digest('hex')
    const channel = await openTo(sshd)
    const copy = join(sshd.folder, 'copy')
    const upload = { path, bytes: 50_000_000, sha256 }
    const [done, after] = await all(
      channel,
      step(`cat >'${copy}'; sha256sum <'${copy}'`, { upload }),
      step('echo well'),
    )
    assert.equal([done!.code, done!.stdout, after!.stdout], [0, `${sha256}  -\n`, 'well\n'])
    await channel.close()
  },
  { timeout: 60 },
)

test.run()
