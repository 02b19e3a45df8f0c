/** The way to a machine, as OpenSSH's configuration and the inventory have it: what `ssh HOST` reaches, Plinth reaches. */
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { Connection } from '../../lib/core/inventory.ts'
import { type Hop, Routes } from '../../lib/edge/route.ts'
import { assert, suite } from '../kit.ts'
import { failure, question } from './channels.ts'
import { newMachines, type Sshd, startSshd } from './sshd.ts'

const test = suite('edge/route')
const folder = mkdtempSync(join(tmpdir(), 'plinth-route-'))
const home = userInfo().homedir
const me = userInfo().username
let sshd: Sshd
let bastion: Sshd
test.before(async () => {
  ;[sshd, bastion] = await Promise.all([startSshd(), startSshd()])
})
test.after(async () => {
  await Promise.all([sshd.stop(), bastion.stop()])
  rmSync(folder, { recursive: true })
})

let files = 0
const fileWith = (text: string): string => {
  const file = join(folder, `config-${files++}`)
  writeFileSync(file, text, { mode: 0o600 })
  return file
}
const connection = (address: string, config: string, more: Partial<Connection> = {}): Connection => ({
  address,
  port: null,
  user: null,
  privateKey: null,
  hostKeys: [],
  password: null,
  become: null,
  machine: address,
  ...more,
  sshArguments: ['-F', fileWith(config), ...(more.sshArguments ?? [])],
})
const hopsOf = async (address: string, config: string, more: Partial<Connection> = {}): Promise<readonly Hop[]> =>
  (await new Routes().to('h1', connection(address, config, more))).hops

/** A part of a hop, by the path of its keys. */
const at = (hop: Hop, path: string): unknown =>
  path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], hop)

const settled: readonly [config: string, path: string, value: unknown, more?: Partial<Connection>][] = [
  ['', 'address', 'web1'],
  ['', 'name', 'h1'],
  ['', 'port', 22],
  ['', 'credentials.user', me],
  ['', 'credentials.methods', ['publickey', 'keyboard-interactive', 'password']],
  ['', 'trust.acceptNew', null],
  ['', 'connectSeconds', null],
  ['', 'keepalive', null],
  ['', 'missed', []],
  ['HostName 10.0.0.5', 'address', '10.0.0.5'],
  ['HostName %h.example.com', 'address', 'web1.example.com'],
  ['Port 2222', 'port', 2222],
  ['Port 2222', 'port', 22, { port: 22 }],
  ['User ops', 'credentials.user', 'ops'],
  ['User ops', 'credentials.user', 'root', { user: 'root' }],
  ['Match user root\n  Port 2200\n', 'port', 2200, { user: 'root' }],
  ['Port 1', 'port', 3, { port: 3, sshArguments: ['-o', 'Port=2'] }],
  ['Port 1', 'port', 2, { sshArguments: ['-o', 'Port=2'] }],
  ['IdentityFile /k/one\nIdentityFile ~/.ssh/%h-%r', 'credentials.keyFiles', ['/k/one', `${home}/.ssh/web1-${me}`]],
  ['IdentityFile /k/one', 'credentials.named', false],
  ['IdentityFile /k/one', 'credentials.keyFiles', ['/k/inventory'], { privateKey: '/k/inventory' }],
  ['IdentityFile /k/one', 'credentials.named', true, { privateKey: '/k/inventory' }],
  ['IdentityFile none', 'credentials.keyFiles', []],
  ['IdentitiesOnly yes', 'credentials.identitiesOnly', true],
  ['IdentityAgent none', 'credentials.agent', null],
  ['IdentityAgent ~/agent', 'credentials.agent', `${home}/agent`],
  ['IdentityAgent $PLINTH_TEST_AGENT', 'credentials.agent', '/agent/of/test'],
  ['IdentityAgent SSH_AUTH_SOCK', 'credentials.agent', process.env.SSH_AUTH_SOCK || null],
  ['PreferredAuthentications password,gssapi-with-mic,publickey', 'credentials.methods', ['password', 'publickey']],
  ['PubkeyAuthentication no', 'credentials.methods', ['keyboard-interactive', 'password']],
  ['PasswordAuthentication no\nKbdInteractiveAuthentication no', 'credentials.methods', ['publickey']],
  ['BatchMode yes', 'credentials.methods', ['publickey']],
  ['UserKnownHostsFile ~/a "/b c"\nGlobalKnownHostsFile /d', 'trust.files', [`${home}/a`, '/b c', '/d']],
  ['GlobalKnownHostsFile ~/c /d', 'trust.files.2', `${home}/c`],
  ['UserKnownHostsFile none\nGlobalKnownHostsFile /d', 'trust.files', ['/d']],
  ['HostKeyAlias Db', 'trust.alias', 'db'],
  ['RevokedHostKeys /r', 'trust.revoked', '/r'],
  ['RequiredRSASize 3072', 'trust.rsaBits', 3072],
  ['StrictHostKeyChecking ask', 'trust.acceptNew', null],
  [
    'StrictHostKeyChecking accept-new\nUserKnownHostsFile /a /b\nHashKnownHosts yes',
    'trust.acceptNew',
    { file: '/a', hashed: true },
  ],
  ['', 'trust.pins', ['ssh-ed25519 AAAA'], { hostKeys: ['ssh-ed25519 AAAA'] }],
  ['ConnectTimeout 3', 'connectSeconds', 3],
  ['ConnectTimeout 0', 'connectSeconds', null],
  ['', 'connectSeconds', null, { sshArguments: ['-o', 'ConnectTimeout=0'] }],
  ['ServerAliveInterval 15\nServerAliveCountMax 4', 'keepalive', { seconds: 15, count: 4 }],
  ['AddressFamily inet6', 'family', 6],
  ['BindAddress 127.0.0.1', 'from', '127.0.0.1'],
  ['ProxyCommand nc -X %% %h %p "$X" ${Y}', 'proxyCommand', 'nc -X % web1 22 "$X" ${Y}'],
  ['ProxyCommand none', 'proxyCommand', null],
  ['ProxyJump none\nHost *\n  ProxyJump other', 'proxyCommand', null],
  [
    'Ciphers none-such@x.y,aes256-ctr,aes128-gcm@openssh.com'.replace('none-such@x.y,', ''),
    'offer.ciphers',
    ['aes256-ctr', 'aes128-gcm@openssh.com'],
  ],
  ['HostKeyAlgorithms ssh-rsa,rsa-sha2-256', 'offer.hostKeys', ['rsa-sha2-256']],
  ['KexAlgorithms sntrup761x25519-sha512@openssh.com,curve25519-sha256', 'offer.kex', ['curve25519-sha256']],
  ['PubkeyAcceptedAlgorithms ssh-ed25519,ssh-rsa', 'offer.signatures', ['ssh-ed25519']],
  [
    'CertificateFile /c\nVerifyHostKeyDNS yes',
    'missed',
    ['host keys from DNS (VerifyHostKeyDNS)', "the user's certificates (CertificateFile)"],
  ],
  ['GSSAPIAuthentication yes\nHostbasedAuthentication no', 'missed', []],
]
for (const [config, path, value, more] of settled) {
  const given = more === undefined ? '' : ` and the inventory says ${JSON.stringify(more)}`
  test(`"${config.replaceAll('\n', '; ')}"${given}: ${path}`, async () => {
    process.env.PLINTH_TEST_AGENT = '/agent/of/test'
    const hops = await hopsOf('web1', config, more)
    assert.is(hops.length, 1)
    assert.equal(at(hops[0]!, path), value)
  })
}

test('the keys of who runs it are those of the password file, as with ssh, whatever HOME says', async () => {
  const before = process.env.HOME
  process.env.HOME = '/elsewhere'
  try {
    const [hop] = await hopsOf('web1', '')
    assert.equal(
      hop!.credentials.keyFiles,
      ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => join(home, '.ssh', name)),
    )
  } finally {
    if (before === undefined) delete process.env.HOME
    else process.env.HOME = before
  }
})

const refused: readonly [config: string, message: RegExp][] = [
  [
    'Host web*\n  StrictHostKeyChecking no',
    /^.*config-\d+:2: host keys are always checked, and StrictHostKeyChecking says no; write accept-new/,
  ],
  ['StrictHostKeyChecking off', /host keys are always checked/],
  [
    'StrictHostKeyChecking accept-new\nUserKnownHostsFile none',
    /config-\d+:1: StrictHostKeyChecking accept-new has no file/,
  ],
  [
    'StrictHostKeyChecking accept-new\nUserKnownHostsFile /dev/null',
    /any key would be taken every time; name one with/,
  ],
  [
    'UserKnownHostsFile known /b',
    /config-\d+:1: the file of known host keys is another one in each folder: known; write it with \/ or ~\//,
  ],
  ['StrictHostKeyChecking accept-new\nUserKnownHostsFile known', /is another one in each folder: known;/],
  ['GlobalKnownHostsFile ../known', /config-\d+:1: the file of known host keys .*: \.\.\/known;/],
  ['KnownHostsCommand /bin/true %H', /config-\d+:1: KnownHostsCommand is not honoured/],
  ['BindInterface lo', /BindInterface is not honoured; name the address/],
  ['ProxyCommand x\nProxyUseFdpass yes', /config-\d+:2: ProxyUseFdpass is not honoured/],
  [
    'PreferredAuthentications gssapi-with-mic,hostbased',
    /config-\d+:1: no way to log in is left that Plinth has \(allowed: gssapi-with-mic, hostbased\); allow one of publickey/,
  ],
  [
    'Ciphers aes128-cbc,3des-cbc',
    /config-\d+:1: Ciphers allows nothing that Plinth can \(aes128-cbc, 3des-cbc\); allow one of aes128-gcm/,
  ],
  ['KexAlgorithms sntrup761x25519-sha512@openssh.com', /KexAlgorithms allows nothing that Plinth can/],
  ['HostKeyAlgorithms ssh-rsa', /HostKeyAlgorithms allows nothing that Plinth can \(ssh-rsa\)/],
  ['IdentityFile /k/%C', /config-\d+:1: IdentityFile has a token that is not understood: \/k\/%C; use /],
  ['Host *\n  ProxyJump jump1', /config-\d+:2: the way goes in circles: jump1 is reached through jump1; exclude/],
]
for (const [config, message] of refused) {
  test(`refused by name: ${config.replaceAll('\n', '; ')}`, async () => {
    const error = await failure(hopsOf('web1', config))
    assert.is(error.code, 4, error.message)
    assert.match(error.message, message)
  })
}

const fromInventory: readonly [word: string, message: RegExp][] = [
  ['ConnectTimeout=1x', /: .*invalid time value; correct it; "ssh -G -F \S+ -o ConnectTimeout=1x web1" says the same$/],
  ['ProxyJump=a,b,,c', /: .*a,b,,c/],
  ['StrictHostKeyChecking=accept-new', /: StrictHostKeyChecking accept-new has no file/],
  ['PreferredAuthentications=hostbased', /: no way to log in is left/],
  ['UserKnownHostsFile=%n', /: the file of known host keys is another one/],
  ['ProxyCommand=nc %Q', /: ProxyCommand has a token that is not understood/],
]
for (const [word, message] of fromInventory) {
  test(`what is wrong with an argument of the inventory has its place: ${word}`, async () => {
    const sshArgumentsAt = 'inv.yaml:3:4 (ansible_ssh_args)'
    const more = { sshArguments: ['-o', word], sshArgumentsAt }
    const error = await failure(hopsOf('web1', word.endsWith('new') ? 'UserKnownHostsFile none' : 'Port 22', more))
    assert.is(error.code, 4, error.message)
    assert.ok(error.message.startsWith(`${sshArgumentsAt}: `), error.message)
    assert.match(error.message, message)
  })
}

/** Asks an ssh that says what an older one would: its answer, edited by sed. */
async function withOldSsh<T>(edit: string, body: () => Promise<T>): Promise<T> {
  const path = process.env.PATH ?? ''
  const bin = mkdtempSync(join(folder, 'old-'))
  const script = `#!/bin/sh\nPATH='${path}'\nanswer=$(ssh "$@") || exit\necho "$answer" | sed '${edit}'\n`
  writeFileSync(join(bin, 'ssh'), script, { mode: 0o755 })
  process.env.PATH = `${bin}:${path}`
  try {
    return await body()
  } finally {
    process.env.PATH = path
  }
}

test('an ssh before 8.4 leaves ~ in the files of known keys: they are those of the home folder, in each folder', async () => {
  const named = (names: string): string => `s#^\\(userknownhostsfile\\) .*#\\1 ${names}#`
  const usual = [`${home}/.ssh/known_hosts`, `${home}/.ssh/known_hosts2`]
  const old = named('~/.ssh/known_hosts ~/.ssh/known_hosts2')
  const [plain] = await withOldSsh(old, () => hopsOf('web1', 'Ciphers aes256-ctr'))
  assert.equal(plain!.trust.files.slice(0, 2), usual)
  const [added] = await withOldSsh(old, () => hopsOf('web1', 'StrictHostKeyChecking accept-new'))
  assert.equal(added!.trust.acceptNew, { file: usual[0], hashed: false })
  // Nor does it fill in tokens there, or find the home of another.
  for (const name of ['%d/known', '~other/known']) {
    const error = await withOldSsh(named(name), () => failure(hopsOf('web1', 'StrictHostKeyChecking accept-new')))
    assert.is(error.code, 4, error.message)
    assert.ok(error.message.includes(`is another one in each folder: ${name}; `), error.message)
  }
})

test('an ssh before 8.5 has another name for the signatures of keys', async () => {
  const old = 's#^pubkeyacceptedalgorithms #pubkeyacceptedkeytypes #'
  const [hop] = await withOldSsh(old, () => hopsOf('web1', 'PubkeyAcceptedKeyTypes ssh-ed25519'))
  assert.equal(hop!.offer.signatures, ['ssh-ed25519'])
})

const names = (hops: readonly Hop[]): readonly string[] =>
  hops.map(({ address, port, credentials }) => `${credentials.user}@${address}:${port}`)
const ways: readonly [name: string, config: string, ways: readonly string[], more?: Partial<Connection>][] = [
  [
    'a user with an @',
    'Host web*\n  ProxyJump ann@corp@b1,bob@corp@[fe80::1]:99',
    ['ann@corp@b1:22', 'bob@corp@fe80::1:99', `${me}@web1:22`],
  ],
  ['one', 'Host web*\n  ProxyJump ann@b1:2200', ['ann@b1:2200', `${me}@web1:22`]],
  [
    'a chain',
    'Host web*\n  ProxyJump b1,ssh://bob@b2,carl@[fe80::1]:99',
    [`${me}@b1:22`, 'bob@b2:22', 'carl@fe80::1:99', `${me}@web1:22`],
  ],
  [
    'each by its own configuration',
    'Host web1\n  ProxyJump b1\n  User w\nHost b1\n  HostName 10.9.9.9\n  User j\n  Port 2\n',
    ['j@10.9.9.9:2', 'w@web1:22'],
  ],
  [
    'a jump host behind another',
    'Host web1\n  ProxyJump b2\nHost b2\n  ProxyJump b1',
    [`${me}@b1:22`, `${me}@b2:22`, `${me}@web1:22`],
  ],
  [
    'what the chain says wins over its own way',
    'Host web1\n  ProxyJump b1,b2\nHost b2\n  ProxyJump other',
    [`${me}@b1:22`, `${me}@b2:22`, `${me}@web1:22`],
  ],
  [
    'by the inventory',
    '',
    ['j@b1:22', 'root@web1:2222'],
    { user: 'root', port: 2222, sshArguments: ['-o', 'ProxyJump=j@b1'] },
  ],
  ['tokens', 'Host web1\n  ProxyJump %r@b-%h', [`${me}@b-web1:22`, `${me}@web1:22`]],
  ['all but the jump host itself', 'Host * !b1\n  ProxyJump b1', [`${me}@b1:22`, `${me}@web1:22`]],
  [
    'a program before the first',
    'Host web1\n  ProxyJump b1\nHost b1\n  ProxyCommand nc %h %p',
    [`${me}@b1:22`, `${me}@web1:22`],
  ],
]
for (const [name, config, way, more] of ways) {
  test(`jump hosts: ${name}`, async () => assert.equal(names(await hopsOf('web1', config, more)), way))
}

test('what the inventory says of the machine is not for its jump hosts: neither key, pin nor password', async () => {
  const [jump, target] = await hopsOf('web1', 'Host web1\n  ProxyJump b1', {
    privateKey: '/k',
    hostKeys: ['ssh-ed25519 AAAA'],
    user: 'root',
    port: 99,
    sshArguments: ['-o', 'UserKnownHostsFile=/mine'],
  })
  assert.equal([jump!.credentials.named, jump!.trust.pins, jump!.credentials.user, jump!.port], [false, [], me, 22])
  assert.not(jump!.trust.files.includes('/mine'))
  assert.equal([jump!.credentials.jump, target!.credentials.jump], [true, false])
  assert.equal([target!.credentials.keyFiles, target!.trust.files[0]], [['/k'], '/mine'])
})

/** ssh and Plinth, with the same file and the same name: both get there. Each `%…%` is filled in from the running sshds. */
const reached: readonly [name: string, config: string][] = [
  ['HostName, Port, User, IdentityFile, UserKnownHostsFile', 'Host box\n%target%'],
  ['Match exec and Include', 'Match exec "test %n = box"\n  Include %include%'],
  ['HostKeyAlias', 'Host box\n%target%  HostKeyAlias known-as-this\n'],
  ['ProxyJump', 'Host box\n%target%  ProxyJump bastion\nHost bastion\n%bastion%'],
  ['ProxyCommand', 'Host box\n%target%  ProxyCommand ssh -F %file% -W %h:%p bastion\nHost bastion\n%bastion%'],
  ['accept-new', 'Host box\n%target%  StrictHostKeyChecking accept-new\n  UserKnownHostsFile %new%\n'],
  [
    'algorithms',
    'Host box\n%target%  Ciphers chacha20-poly1305@openssh.com\n  KexAlgorithms ecdh-sha2-nistp384\n  HostKeyAlgorithms ssh-ed25519\n',
  ],
]
for (const [name, template] of reached) {
  test(`what ssh reaches, Plinth reaches: ${name}`, async () => {
    const block = (one: Sshd): string =>
      `  HostName 127.0.0.1\n  Port ${one.port}\n  User ${one.user}\n  IdentityFile ${one.key}\n  IdentitiesOnly yes\n  IdentityAgent none\n`
    const known = (one: Sshd): string => `  UserKnownHostsFile ${one.knownHosts}\n  GlobalKnownHostsFile none\n`
    appendFileSync(sshd.knownHosts, `known-as-this ${sshd.publicKeys[0]}\n`)
    const file = join(folder, `same-${files++}`)
    const fresh = join(folder, `new-${files}`)
    const target = block(sshd) + (template.includes('%new%') ? '' : known(sshd))
    const include = fileWith(target)
    const fill: Record<string, string> = { target, bastion: block(bastion) + known(bastion), include, file, new: fresh }
    const config = template.replace(/%(target|bastion|include|file|new)%/g, (_, word: string) => fill[word] ?? '')
    writeFileSync(file, config, { mode: 0o600 })
    const bySsh = execFileSync('ssh', ['-F', file, '-o', 'BatchMode=yes', 'box', 'echo there'], {
      encoding: 'utf8',
      stdio: 'pipe',
    })
    assert.is(bySsh, 'there\n')
    if (template.includes('%new%')) rmSync(fresh)
    const route = await new Routes().to('h1', { ...connection('box', ''), sshArguments: ['-F', file] })
    const machines = newMachines()
    const channel = await machines.connect(route, { lockFile: join(folder, 'lock') })
    assert.is((await channel.ask([question('k')]))(question('k')), 'ä漢 k')
    await channel.close()
    machines.close()
    if (template.includes('%new%')) assert.match(readFileSync(fresh, 'utf8'), /^\[127\.0\.0\.1\]:\d+ ssh-ed25519 /)
  })
}

test.run()
