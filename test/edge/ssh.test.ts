/** A channel over SSH against a real sshd on loopback. */
import { execFileSync, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import type { Done, MachineChannel } from '../../lib/core/channel.ts'
import { PlinthError } from '../../lib/core/error.ts'
import type { Reader } from '../../lib/core/probe.ts'
import type { Step } from '../../lib/core/resource.ts'
import { type ConnectOptions, connect, hostKeyAlgorithms, type Target } from '../../lib/edge/ssh.ts'
import { assert, suite } from '../kit.ts'
import { freePort, makeKey, publicKeyOf, type Sshd, type SshdOptions, startSshd } from './sshd.ts'

const test = suite('edge/ssh')
let sshd: Sshd
const stray: unknown[] = []
process.on('unhandledRejection', (reason) => stray.push(reason))
process.on('uncaughtExceptionMonitor', (error) => stray.push(error))

test.before(async () => {
  sshd = await startSshd({ hostKeys: ['ed25519', 'rsa'] })
})
test.after(async () => {
  await sshd.stop()
})

const target = (more: Partial<Target> = {}, to: Sshd = sshd): Target => ({
  name: 'h1',
  user: to.user,
  address: '127.0.0.1',
  port: to.port,
  privateKeyFile: to.key,
  knownHostsFiles: [to.knownHosts],
  ...more,
})

const options = (): ConnectOptions => ({ agent: undefined, keyFiles: [], lockFile: join(sshd.folder, 'lock') })
const open = (more: Partial<Target> = {}, to: Sshd = sshd, how: ConnectOptions = options()): Promise<MachineChannel> =>
  connect(target(more, to), how)

async function failure(promise: Promise<unknown>): Promise<PlinthError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof PlinthError) return error
    throw error
  }
  throw new Error('it did not fail')
}

/** Starts an sshd of its own for one test. */
async function withSshd(how: SshdOptions, body: (own: Sshd) => Promise<void>): Promise<void> {
  const own = await startSshd(how)
  try {
    await body(own)
  } finally {
    await own.stop()
  }
}

async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10))
}

let files = 0
const fileWith = (text: string): string => {
  const path = join(sshd.folder, `known ${files++}`)
  writeFileSync(path, text)
  return path
}

const step = (run: string, more: Partial<Step> = {}): Step => ({ say: run, run, ...more })
async function all(channel: MachineChannel, ...steps: Step[]): Promise<Done[]> {
  const done: Done[] = []
  for await (const one of channel.act(steps)) done.push(one)
  return done
}
const echo: Reader = (keys) => keys.map((key) => `printf '%s\\t%s\\n' '${key}' 'ä漢 ${key}'`).join('\n')
const question = (key: string) => ({ reader: echo, key })

test('asks, acts and closes on one connection and one session', async () => {
  const channel = await open()
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

test('a known key of another kind than the first offered is asked for first', async () => {
  const rsa = sshd.publicKeys.find((key) => key.startsWith('ssh-rsa'))
  const channel = await open({ knownHostsFiles: [fileWith(`[127.0.0.1]:${sshd.port} ${rsa}\n`)] })
  await channel.close()
})

test('the kinds of key asked for: known ones first, SHA-1 never', () => {
  const kinds = hostKeyAlgorithms(['ssh-rsa', 'ecdsa-sha2-nistp384'])
  assert.equal(kinds.slice(0, 4), ['ecdsa-sha2-nistp384', 'rsa-sha2-512', 'rsa-sha2-256', 'ssh-ed25519'])
  assert.not((hostKeyAlgorithms([]) as string[]).includes('ssh-rsa'))
})

test('several files, hashed names, an alias, an address known without its port', async () => {
  const hashed = fileWith(readFileSync(sshd.knownHosts, 'utf8'))
  execFileSync('ssh-keygen', ['-q', '-H', '-f', hashed], { stdio: 'ignore' })
  const missing = join(sshd.folder, 'missing')
  const [key] = sshd.publicKeys
  for (const more of [
    { knownHostsFiles: [missing, hashed] },
    { knownHostsFiles: [fileWith(`db-alias ${key}\n`)], hostKeyAlias: 'db-alias' },
    { knownHostsFiles: [fileWith(`127.0.0.1 ${key}\n`)] },
  ]) {
    const channel = await open(more)
    await channel.close()
  }
})

test('a host key that is not plainly known is refused, each case by its name, and nobody logs in', async () => {
  const stranger = publicKeyOf(makeKey(sshd.folder, 'stranger'))
  const name = `[127.0.0.1]:${sshd.port}`
  const ed25519 = sshd.publicKeys.find((key) => key.startsWith('ssh-ed25519'))
  const print = (line: string | undefined): string =>
    execFileSync('ssh-keygen', ['-lf', '-'], { input: `${line}\n`, encoding: 'utf8' }).split(' ')[1]!
  const changed = fileWith(`# old\n${name} ${stranger}\n`)
  const cases: readonly [files: readonly string[], message: RegExp, more?: Partial<Target>][] = [
    [
      [fileWith('')],
      /its host key ssh-ed25519 SHA256:\S+ is unknown: no line for \[127\.0\.0\.1\]:\d+ in .*ssh-keyscan -p \d+ -t ed25519 127/,
    ],
    [[sshd.knownHosts], /is unknown: no line for other/, { hostKeyAlias: 'other' }],
    [
      [fileWith(`@revoked * ${ed25519}\n${name} ${ed25519}\n`)],
      /is marked as revoked at .*known \d+:1; do not connect/,
    ],
    [
      [fileWith(`@cert-authority * ${stranger}\n`)],
      /only by a certificate authority \(.*:1\), and host certificates can't be checked/,
    ],
    [[changed], /its host key has CHANGED: it presents .*, known is .*known \d+:2\); .*ssh-keygen -f .* -R '\[127/],
    [[join(sshd.folder, 'none')], /there is no file with known host keys \(.*none\)/],
    [[], /there is no file with known host keys \(none is named\)/],
    [[sshd.knownHosts, sshd.folder], /the known hosts in .* can't be read \(EISDIR\)/],
  ]
  const logins = (): number => sshd.log().split('Accepted publickey').length
  const before = logins()
  for (const [knownHostsFiles, message, more] of cases) {
    const error = await failure(open({ knownHostsFiles, ...more }))
    assert.is(error.code, 3, error.message)
    assert.match(error.message, message)
    assert.match(error.message, /^h1 \(\S+@127\.0\.0\.1:\d+\): /)
  }
  const both = await failure(open({ knownHostsFiles: [changed] }))
  assert.ok(both.message.includes(print(ed25519)) && both.message.includes(print(stranger)), 'both fingerprints')
  assert.is(logins(), before)
})

test('no way to the host: each reason by its name', async () => {
  const port = await freePort()
  const silent = net.createServer(() => {}).listen(0, '127.0.0.1')
  const closing = net.createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  const talking = net.createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1')
  await eventually(() => silent.listening && closing.listening && talking.listening)
  const portOf = (server: net.Server): number => (server.address() as net.AddressInfo).port
  const cases: readonly [more: Partial<Target>, message: RegExp, how?: Partial<ConnectOptions>][] = [
    [{ port }, /refused: nothing listens on that port; see that sshd runs/],
    [{ address: 'no-such-host.invalid' }, /its name was not found/],
    [{ port: portOf(silent) }, /the login took longer than 0\.3 s/, { loginSeconds: 0.3 }],
    [{ port: portOf(closing) }, /dropped the connection before it said anything/],
    [{ port: portOf(talking) }, /the connection failed|dropped the connection/],
  ]
  for (const [more, message, how] of cases) {
    const error = await failure(open(more, sshd, { ...options(), ...how }))
    assert.is(error.code, 3, error.message)
    assert.match(error.message, message)
  }
  for (const server of [silent, closing, talking]) server.close()
})

test('the login: the key that was tried, the key that cannot be used, no key at all', async () => {
  const other = makeKey(sshd.folder, 'other')
  const locked = makeKey(sshd.folder, 'locked', 'ed25519', 'passphrase')
  const garbage = join(sshd.folder, 'garbage')
  writeFileSync(garbage, 'not a key')
  const none = join(sshd.folder, 'no key here')
  const cases: readonly [more: { privateKeyFile?: string }, message: RegExp, how?: Partial<ConnectOptions>][] = [
    [
      { privateKeyFile: other },
      /the login was refused \(tried: .*\/other\); add the public key to ~\S+\/\.ssh\/authorized_keys/,
    ],
    [{ privateKeyFile: none }, /the key .*no key here can't be used: there is no such file/],
    [{ privateKeyFile: locked }, /can't be used: it needs a passphrase; load it into an agent/],
    [{ privateKeyFile: garbage }, /can't be used: it is not a private key: /],
    [{ privateKeyFile: `${other}.pub` }, /can't be used: it is not a private key: a public key/],
    [{ privateKeyFile: sshd.folder }, /can't be used: it can't be read: EISDIR/],
    [
      {},
      /there is no key to log in with: no agent, none of .*no key here, .*; passed over: .*locked \(it needs a passphrase\)/,
      { keyFiles: [none, locked] },
    ],
    [{}, /tried: .*\/other, the agent, which did not answer\)/, { keyFiles: [other], agent: none }],
  ]
  for (const [{ privateKeyFile }, message, how] of cases) {
    const { privateKeyFile: _, ...base } = target()
    const error = await failure(
      connect({ ...base, ...(privateKeyFile && { privateKeyFile }) }, { ...options(), ...how }),
    )
    assert.is(error.code, 3, error.message)
    assert.match(error.message, message)
  }
})

test('default keys and the agent are tried in turn', async () => {
  const { privateKeyFile: _, ...base } = target()
  const other = join(sshd.folder, 'other')
  const byFile = await connect(base, { ...options(), keyFiles: [other, sshd.key] })
  await byFile.close()

  const socket = join(sshd.folder, 'agent')
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' })
  try {
    await eventually(() => existsSync(socket))
    const env = { ...process.env, SSH_AUTH_SOCK: socket }
    const refused = await failure(connect(base, { ...options(), agent: socket }))
    assert.match(refused.message, /tried: 0 keys of the agent/)
    execFileSync('ssh-add', ['-q', other, sshd.key], { env, stdio: 'ignore' })
    const byAgent = await connect(base, { ...options(), agent: socket })
    await byAgent.close()
  } finally {
    agent.kill()
  }
})

test('one session slot is enough for asking, acting and tunnels', () =>
  withSshd({ config: ['MaxSessions 1'] }, async (own) => {
    const server = net.createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1')
    await eventually(() => server.listening)
    const channel = await open({}, own)
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
  const channel = await open()
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
    const channel = await open({}, own)
    const error = await failure(channel.tunnel('127.0.0.1', own.port))
    assert.is((error as { kind?: string }).kind, 'forbidden')
    assert.match(error.message, /its sshd refuses to forward TCP connections; set "AllowTcpForwarding local"/)
    assert.is((await channel.ask([question('k')]))(question('k')), 'ä漢 k', 'the rest works')
    await channel.close()
  })
  await withSshd({ config: ['AllowTcpForwarding local'] }, async (own) => {
    const channel = await open({}, own)
    ;(await channel.tunnel('127.0.0.1', own.port)).destroy()
    await channel.close()
  })
})

test('an sshd that runs nothing: no session, a forced command, an account without a shell', async () => {
  const cases: readonly [config: string, message: RegExp][] = [
    ['MaxSessions 0', /the login worked, but sshd starts no command \(.*open failed\)/],
    ['ForceCommand echo This account is closed; exit 1', /the connection is gone: .*; it said: This account is closed/],
  ]
  for (const [config, message] of cases) {
    await withSshd({ config: [config] }, async (own) => {
      const error = await failure(open({}, own).then((channel) => channel.ask([question('k')])))
      assert.is(error.code, 3)
      assert.match(error.message, message)
    })
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
    const channel = await open({}, own)
    assert.is((await channel.ask([question('k')]))(question('k')), 'ä漢 k')
    const [done] = await all(channel, step('echo "$HOME"; umask; pwd; echo err >&2'))
    assert.equal([done!.stdout, done!.stderr], [`${home}\n0022\n/\n`, 'err\n'])
    await channel.close()
  })
})

test('five megabytes of output, and characters cut by packets', async () => {
  const channel = await open()
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
    const channel = await open()
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

test('sshd killed in the middle of a step: unknown outcome, a dead channel, no stray error', async () => {
  const channel = await open()
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
  const channel = await open()
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
  const one = await open()
  const two = await open()
  await one.lock('run 7 of ann')
  const error = await failure(two.lock('run 8 of bob'))
  assert.is(error.code, 1)
  assert.match(error.message, /^h1: another run is at work there: run 7 of ann, from 127\.0\.0\.1, since 20\S+Z; wait/)
  const [, session] = await all(one, step('echo $PPID'), step('kill -9 $PPID; sleep 0.2'))
  assert.is(session!.code, null)
  let held: unknown = 'held'
  while (held) held = await two.lock('run 8 of bob').catch((reason) => reason)
  await two.close()
  const three = await open()
  await three.lock('run 9')
  await three.close()
  await one.close()
})

test(
  'fifty at a time: all of them, or an error with a name',
  () =>
    withSshd({ config: ['MaxStartups 100'] }, async (own) => {
      const channels = await Promise.all(Array.from({ length: 50 }, () => open({}, own)))
      const answers = await Promise.all(channels.map((channel) => channel.ask([question('k')])))
      assert.ok(answers.every((answer) => answer(question('k')) === 'ä漢 k'))
      await Promise.all(channels.map((channel) => channel.close()))
    }),
  { timeout: 60 },
)

test(
  'more than sshd takes at a time: every failure has a name',
  () =>
    withSshd({ config: ['MaxStartups 2:100:2'] }, async (own) => {
      const opened = await Promise.allSettled(Array.from({ length: 12 }, () => open({}, own)))
      for (const one of opened) {
        if (one.status === 'fulfilled') await one.value.close()
        else assert.match((one.reason as PlinthError).message, /MaxStartups/)
      }
      assert.ok(
        opened.some((one) => one.status === 'rejected'),
        'some were dropped',
      )
    }),
  { timeout: 30 },
)

test('a frozen host is noticed', () =>
  withSshd({}, async (own) => {
    const channel = await open({}, own, { ...options(), keepaliveSeconds: 0.1 })
    const [pid] = await all(channel, step('echo $PPID'))
    const session = Number(pid!.stdout)
    process.kill(session, 'SIGSTOP')
    const [done] = await all(channel, step('echo never'))
    assert.is(done!.code, null)
    assert.match(done!.stderr, /no sign of life/)
    await channel.close()
    process.kill(session, 'SIGKILL')
  }))

test('nothing escaped: no unhandled rejection, no uncaught exception', async () => {
  await new Promise((resolve) => setTimeout(resolve, 200))
  assert.equal(stray, [])
  chmodSync(sshd.folder, 0o700)
})

test.run()
