/** Whom a connection trusts and by what it is trusted, against a real sshd: host keys, logins, and every way to fail. */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { type ConnectOptions, connect, hostKeyAlgorithms, type Target } from '../../lib/edge/ssh.ts'
import { assert, suite } from '../kit.ts'
import { eventually, failure } from './channels.ts'
import { freePort, makeKey, openTo, optionsOf, publicKeyOf, type Sshd, startSshd, targetOf } from './sshd.ts'

const test = suite('edge/ssh-trust')
let sshd: Sshd
test.before(async () => {
  sshd = await startSshd({ hostKeys: ['ed25519', 'rsa'] })
})
test.after(() => sshd.stop())

let files = 0
const fileWith = (text: string): string => {
  const path = join(sshd.folder, `known ${files++}`)
  writeFileSync(path, text)
  return path
}

test('a known key of another kind than the first offered is asked for first', async () => {
  const rsa = sshd.publicKeys.find((key) => key.startsWith('ssh-rsa'))
  const channel = await openTo(sshd, { knownHostsFiles: [fileWith(`[127.0.0.1]:${sshd.port} ${rsa}\n`)] })
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
    const channel = await openTo(sshd, more)
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
    const error = await failure(openTo(sshd, { knownHostsFiles, ...more }))
    assert.is(error.code, 3, error.message)
    assert.match(error.message, message)
    assert.match(error.message, /^h1 \(\S+@127\.0\.0\.1:\d+\): /)
  }
  const both = await failure(openTo(sshd, { knownHostsFiles: [changed] }))
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
    const error = await failure(openTo(sshd, more, how))
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
    const { privateKeyFile: _, ...base } = targetOf(sshd)
    const error = await failure(
      connect({ ...base, ...(privateKeyFile && { privateKeyFile }) }, optionsOf(sshd, { ...how })),
    )
    assert.is(error.code, 3, error.message)
    assert.match(error.message, message)
  }
})

test('default keys and the agent are tried in turn', async () => {
  const { privateKeyFile: _, ...base } = targetOf(sshd)
  const other = join(sshd.folder, 'other')
  const byFile = await connect(base, optionsOf(sshd, { keyFiles: [other, sshd.key] }))
  await byFile.close()

  const socket = join(sshd.folder, 'agent')
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' })
  try {
    await eventually(() => existsSync(socket))
    const env = { ...process.env, SSH_AUTH_SOCK: socket }
    const refused = await failure(connect(base, optionsOf(sshd, { agent: socket })))
    assert.match(refused.message, /tried: 0 keys of the agent/)
    execFileSync('ssh-add', ['-q', other, sshd.key], { env, stdio: 'ignore' })
    const byAgent = await connect(base, optionsOf(sshd, { agent: socket }))
    await byAgent.close()
  } finally {
    agent.kill()
  }
})

test.run()
