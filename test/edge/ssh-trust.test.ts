/** Which host keys a connection trusts, against a real sshd. */
import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { algorithmsFor, usualOffer } from '../../lib/edge/algorithms.ts'
import type { Trust } from '../../lib/edge/route.ts'
import { assert, suite } from '../kit.ts'
import { failure } from './channels.ts'
import { makeKey, newMachines, openTo, publicKeyOf, type Sshd, startSshd, withSshd } from './sshd.ts'

const test = suite('edge/ssh-trust')
let sshd: Sshd
test.before(async () => {
  sshd = await startSshd({ hostKeys: ['ed25519', 'rsa'] })
})
test.after(() => sshd.stop())

let files = 0
const fileWith = (content: string | Buffer): string => {
  const path = join(sshd.folder, `known ${files++}`)
  writeFileSync(path, content)
  return path
}
const keyOf = (type: string): string => sshd.publicKeys.find((key) => key.startsWith(type))!
const nameOf = ({ port }: Sshd): string => `[127.0.0.1]:${port}`
const print = (line: string): string =>
  execFileSync('ssh-keygen', ['-lf', '-'], { input: `${line}\n`, encoding: 'utf8' }).split(' ')[1]!
const logins = (): number => sshd.log().split('Accepted publickey').length - 1

test('the kinds of key asked for: known ones first, SHA-1 never', () => {
  const kinds = (known: readonly string[]) => algorithmsFor(usualOffer, known).serverHostKey as string[]
  assert.equal(kinds(['ssh-rsa', 'ecdsa-sha2-nistp384']).slice(0, 4), [
    ...['ecdsa-sha2-nistp384', 'rsa-sha2-512', 'rsa-sha2-256', 'ssh-ed25519'],
  ])
  assert.not(kinds([]).includes('ssh-rsa'))
})

/** Every case is accepted, and the login that follows works. */
const trusted: readonly [name: string, trust: () => Partial<Trust>][] = [
  ['a known key of another kind than the first that is offered', () => ({ files: [known(keyOf('ssh-rsa'))] })],
  [
    'hashed names, in the second of two files; the first is not there',
    () => {
      const hashed = fileWith(readFileSync(sshd.knownHosts))
      execFileSync('ssh-keygen', ['-q', '-H', '-f', hashed], { stdio: 'ignore' })
      return { files: [join(sshd.folder, 'missing'), hashed] }
    },
  ],
  ['an alias', () => ({ files: [fileWith(`db-alias ${keyOf('ssh-ed25519')}\n`)], alias: 'db-alias' })],
  ['an address that is known without its port', () => ({ files: [fileWith(`127.0.0.1 ${keyOf('ssh-ed25519')}\n`)] })],
  [
    'a known key of another kind than the one that another sshd at that address is known by',
    () => ({ files: [fileWith(`${nameOf(sshd)} ${keyOf('ssh-rsa')}\n127.0.0.1 ${stranger()}\n`)] }),
  ],
  ['a pattern', () => ({ files: [fileWith(`[127.*]:*,!other ${keyOf('ssh-ed25519')}\n`)] })],
  [
    'an authority beside a plain key',
    () => ({ files: [fileWith(`@cert-authority * ${keyOf('ssh-rsa')}\n${nameOf(sshd)} ${keyOf('ssh-ed25519')}\n`)] }),
  ],
  ['a pinned key, whatever the files say', () => ({ files: [changed()], pins: [keyOf('ssh-rsa')] })],
  ['a pinned key, and no file at all', () => ({ files: [], pins: [keyOf('ssh-rsa')] })],
  ['a list of revoked keys without it', () => ({ revoked: fileWith(`# gone\r\n\n \t${stranger()} a comment\r\n`) })],
]
const known = (key: string): string => fileWith(`${nameOf(sshd)} ${key}\n`)
const stranger = (): string => publicKeyOf(makeKey(sshd.folder, `stranger ${files++}`))
const changed = (): string => fileWith(`# old\n${nameOf(sshd)} ${stranger()}\n`)
for (const [name, trust] of trusted) {
  test(`trusted: ${name}`, async () => {
    const channel = await openTo(sshd, { trust: trust() })
    await channel.close()
  })
}

const refused: readonly [name: string, message: RegExp, trust: () => Partial<Trust>][] = [
  [
    'unknown',
    /its host key ssh-ed25519 SHA256:\S+ is unknown: no line for \[127\.0\.0\.1\]:\d+ in .*then add it: echo '\[127\.0\.0\.1\]:\d+ ssh-ed25519 AAAA\S+' >>'?\/\S+/,
    () => ({ files: [fileWith('')] }),
  ],
  ['unknown by its alias', /is unknown: no line for other/, () => ({ alias: 'other' })],
  [
    'revoked in the file that knows it',
    /is marked as revoked at .*known \d+:1; do not connect/,
    () => ({ files: [fileWith(`@revoked * ${keyOf('ssh-ed25519')}\n${nameOf(sshd)} ${keyOf('ssh-ed25519')}\n`)] }),
  ],
  [
    'revoked, though it is pinned',
    /is marked as revoked at/,
    () => ({ files: [fileWith(`@revoked * ${keyOf('ssh-ed25519')}\n`)], pins: [keyOf('ssh-ed25519')] }),
  ],
  [
    'revoked by a list of keys',
    /is marked as revoked at .*known \d+; do not connect/,
    () => ({ revoked: fileWith(`${keyOf('ssh-ed25519')} a comment\n`) }),
  ],
  ['a list of revoked keys that only ssh can read', /are a KRL, which/, () => ({ revoked: fileWith('SSHKRL\n\0…') })],
  ...(
    [
      ['its fingerprint', () => print(keyOf('ssh-ed25519'))],
      ['the key without its last character', () => keyOf('ssh-ed25519').slice(0, -1)],
      ['the key without its last four', () => keyOf('ssh-ed25519').slice(0, -4)],
      ['the key under another type', () => keyOf('ssh-ed25519').replace('ssh-ed25519', 'ssh-rsa')],
      ['a type alone', () => 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5'],
      ['anything else', () => 'krl 3'],
    ] as const
  ).map(([what, line]): (typeof refused)[number] => [
    `a list of revoked keys with a line that is none: ${what}`,
    /known \d+:3, of the revoked host keys, is no public key; name a file with one public key a line/,
    () => ({ revoked: fileWith(`# gone\n${stranger()}\n${line()}\n`) }),
  ]),
  ['a list of revoked keys that is gone', /the revoked host keys in .* are not there/, () => ({ revoked: '/none' })],
  [
    'vouched for by an authority only',
    /only by a certificate authority \(.*:1\), and host certificates can't be checked/,
    () => ({ files: [fileWith(`@cert-authority * ${stranger()}\n`)] }),
  ],
  [
    'changed',
    /its host key has CHANGED: it presents .*, known is .*known \d+:2\); .*ssh-keygen -f .* -R '\[127/,
    () => ({ files: [changed()] }),
  ],
  [
    'changed, where new ones may be added',
    /its host key has CHANGED/,
    () => {
      const file = changed()
      return { files: [file], acceptNew: { file, hashed: false } }
    },
  ],
  [
    'not the pinned one',
    /is none of those in the inventory: it presents .*, ansible_ssh_host_keys has .*; if the host was set up anew/,
    () => ({ pins: [stranger()] }),
  ],
  [
    'an RSA key that is too short',
    /its host key ssh-rsa SHA256:\S+ has 2048 bits, RequiredRSASize is 3072; give the host/,
    () => ({ files: [known(keyOf('ssh-rsa'))], rsaBits: 3072 }),
  ],
  ['no file', /there is no file with known host keys \(.*none\)/, () => ({ files: [join(sshd.folder, 'none')] })],
  ['no file is named', /there is no file with known host keys \(none is named\)/, () => ({ files: [] })],
  [
    'a file that is there and can not be read',
    /the known hosts in .* can't be read \(EISDIR\), and without them/,
    () => ({ files: [sshd.knownHosts, sshd.folder] }),
  ],
  [
    'a file that can not be read, though the key is pinned',
    /can't be read \(EISDIR\)/,
    () => ({ files: [sshd.folder], pins: [keyOf('ssh-ed25519')] }),
  ],
  [
    'a new key that can not be added',
    /its new host key can't be added to \/proc\/version \(E\w+\)/,
    () => ({ files: [fileWith('')], acceptNew: { file: '/proc/version', hashed: false } }),
  ],
]
for (const [name, message, trust] of refused) {
  test(`refused, and nobody logs in: ${name}`, async () => {
    const before = logins()
    const error = await failure(openTo(sshd, { trust: trust() }))
    assert.is(error.code, 3, error.message)
    assert.match(error.message, message)
    assert.match(error.message, /^h1 \(\S+@127\.0\.0\.1:\d+\): /)
    assert.is(logins(), before)
  })
}

test('what an unknown host is to be added with makes it known, under an alias as well', async () => {
  for (const alias of [null, 'web-one']) {
    const file = fileWith('')
    const trust = { files: [file], alias }
    const { message } = await failure(openTo(sshd, { trust }))
    const [, add = ''] = /then add it: (.*)$/.exec(message) ?? []
    execFileSync('sh', ['-c', add], { stdio: 'pipe' })
    const channel = await openTo(sshd, { trust }, { machines: newMachines() })
    await channel.close()
  }
})

test('a changed key is shown beside the one that is known', async () => {
  const old = stranger()
  const error = await failure(openTo(sshd, { trust: { files: [known(old)] } }))
  assert.ok(error.message.includes(print(keyOf('ssh-ed25519'))) && error.message.includes(print(old)), error.message)
})

test('accept-new: a key that is new is added once, and a strict connection then knows it', async () => {
  const file = join(sshd.folder, 'not there yet', 'known_hosts')
  const trust = { files: [file], acceptNew: { file, hashed: false } }
  for (const machines of [newMachines(), newMachines()]) {
    const channel = await openTo(sshd, { trust }, { machines })
    await channel.close()
  }
  assert.is(readFileSync(file, 'utf8'), `${nameOf(sshd)} ${keyOf('ssh-ed25519')}\n`)
  assert.is(statSync(file).mode & 0o777, 0o600)
  const channel = await openTo(sshd, { trust: { files: [file] } }, { machines: newMachines() })
  await channel.close()
})

test(
  'accept-new, many hosts at once: one line each, names hashed as ssh does, after a last line without its end',
  () =>
    withSshd({}, async (other) => {
      const file = fileWith(`elsewhere ${stranger()}`)
      const trust = { files: [file], acceptNew: { file, hashed: true } }
      const machines = newMachines()
      const hosts = [sshd, other].flatMap((one) => [1, 2, 3, 4].map((n) => ({ one, alias: `host${n}-${one.port}` })))
      const twice = [...hosts, ...hosts]
      const channels = await Promise.all(
        twice.map(({ one, alias }) => openTo(one, { trust: { ...trust, alias } }, { machines })),
      )
      await Promise.all(channels.map((channel) => channel.close()))
      const lines = readFileSync(file, 'utf8').split('\n')
      assert.is(lines.length, 1 + hosts.length + 1)
      assert.is(lines.at(-1), '')
      for (const { alias } of hosts) {
        const found = execFileSync('ssh-keygen', ['-F', alias, '-f', file], { encoding: 'utf8' })
        assert.match(found, /^\|1\|/m)
      }
    }),
  { timeout: 30 },
)

test('accept-new never takes a key that another host of the run has just shown otherwise', () =>
  withSshd({}, async (other) => {
    const file = join(sshd.folder, `new ${files++}`)
    const trust = { files: [file], acceptNew: { file, hashed: false }, alias: 'same-name' }
    const machines = newMachines()
    const both = await Promise.allSettled([
      openTo(sshd, { trust }, { machines }),
      openTo(other, { trust }, { machines }),
    ])
    for (const one of both) if (one.status === 'fulfilled') await one.value.close()
    assert.equal(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    assert.is(readFileSync(file, 'utf8').split('\n').length, 2)
  }))

test('without accept-new nothing is written', async () => {
  const file = fileWith('')
  await failure(openTo(sshd, { trust: { files: [file] } }))
  await failure(openTo(sshd, { trust: { files: [join(sshd.folder, 'nowhere'), file] } }))
  assert.is(readFileSync(file, 'utf8'), '')
  assert.not(existsSync(join(sshd.folder, 'nowhere')))
  appendFileSync(file, '')
})

test('SHA-1 signatures are off, for host keys and for the keys of users', async () => {
  await withSshd({ hostKeys: ['rsa'], config: ['HostKeyAlgorithms ssh-rsa'] }, async (old) => {
    const error = await failure(openTo(old))
    assert.is(error.code, 3)
    assert.match(error.message, /there is no common host key format: it takes ssh-rsa; update its sshd/)
  })
  await withSshd({ config: ['PubkeyAcceptedAlgorithms ssh-rsa'] }, async (old) => {
    const key = makeKey(old.folder, 'rsa', 'rsa')
    writeFileSync(join(old.folder, 'authorized_keys'), readFileSync(`${key}.pub`))
    const error = await failure(openTo(old, { credentials: { keyFiles: [key] } }))
    assert.is(error.code, 3)
    assert.match(error.message, /the login was refused \(tried: .*rsa\)/)
    assert.not.match(old.log(), /Accepted publickey/)
  })
})

test('a key whose algorithm is not allowed is not offered', async () => {
  const offer = { ...usualOffer, signatures: ['rsa-sha2-512'] }
  const tries = (): number => sshd.log().split('Failed publickey').length
  const before = [tries(), logins()]
  const error = await failure(openTo(sshd, { offer }))
  assert.match(error.message, /passed over: .*user \(PubkeyAcceptedAlgorithms does not allow it\)/)
  assert.equal([tries(), logins()], before)
})

test('what looks like consent and is not a plain "no problem" does not let a key pass', async () => {
  const { shakeHands } = await import('../../lib/edge/handshake.ts')
  const { loginOf } = await import('../../lib/edge/ssh-login.ts')
  const { answering } = await import('./askers.ts')
  const { hopTo } = await import('./sshd.ts')
  const net = await import('node:net')
  for (const answer of [undefined, false, 0, '', true, new Error('x')]) {
    const hop = hopTo(sshd)
    const stream = net.connect(sshd.port, '127.0.0.1')
    await new Promise((resolve) => stream.once('connect', resolve))
    const expected = { types: [], problemWith: () => answer as never }
    const times = { loginSeconds: 5, keepalive: { seconds: 5, count: 3 } }
    const before = logins()
    const login = await loginOf('h1', hop.credentials, answering())
    const opened = await shakeHands('h1', hop, stream, expected, login, times).catch(() => null)
    opened?.client.end()
    assert.is(opened, null)
    assert.is(logins(), before, String(answer))
  }
})

test.run()
