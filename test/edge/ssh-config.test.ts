/** What OpenSSH's configuration comes to: never otherwise than `ssh -G` says, and without asking it where that is plain. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { parseSettings, SshConfig } from '../../lib/edge/ssh-config.ts'
import { SshConfigFiles } from '../../lib/edge/ssh-config-files.ts'
import { assert, suite } from '../kit.ts'
import { failure } from './channels.ts'

const test = suite('edge/ssh-config')
const folder = mkdtempSync(join(tmpdir(), 'plinth-ssh-config-'))
const calls = join(folder, 'calls')
const path = process.env.PATH ?? ''
test.before(() => {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  const ssh = path
    .split(delimiter)
    .map((place) => join(place, 'ssh'))
    .find((file) => execFileSync('sh', ['-c', `test -x "${file}" && echo y || true`], { encoding: 'utf8' }) === 'y\n')
  writeFileSync(join(bin, 'ssh'), `#!/bin/sh\necho "$@" >>'${calls}'\nexec ${ssh} "$@"\n`)
  chmodSync(join(bin, 'ssh'), 0o755)
  process.env.PATH = `${bin}${delimiter}${path}`
})
test.after(() => {
  process.env.PATH = path
  rmSync(folder, { recursive: true })
})

let files = 0
const fileWith = (text: string): string => {
  const file = join(folder, `config ${files++}`)
  writeFileSync(file, text, { mode: 0o600 })
  return file
}
/** How often ssh was started by `body`. */
async function callsOf(body: () => Promise<unknown>): Promise<number> {
  writeFileSync(calls, '')
  await body()
  return readFileSync(calls, 'utf8').split('\n').length - 1
}
const read = [
  ...['hostname', 'port', 'user', 'addressfamily', 'bindaddress', 'proxyjump', 'proxycommand', 'connecttimeout'],
  ...['serveraliveinterval', 'hostkeyalias', 'identityagent', 'preferredauthentications'],
  ...['userknownhostsfile', 'globalknownhostsfile', 'revokedhostkeys'],
]
const switches = ['identitiesonly', 'batchmode', 'passwordauthentication', 'kbdinteractiveauthentication']
const strictness: Readonly<Record<string, string>> = { yes: 'true' }

/** Whether the settings are those of ssh itself, in all that is read of them. */
async function assertAsSsh(host: string, words: readonly string[], config = new SshConfig()): Promise<void> {
  const text = execFileSync('ssh', ['-G', '-T', ...words, '--', host], { encoding: 'utf8', stdio: 'pipe' })
  const said = parseSettings(text)
  const settings = await config.settingsOf(host, words)
  const neutral = (value: string | null | undefined): string | null =>
    value === undefined || value === 'none' || value === 'any' || value === '0' ? null : value
  for (const keyword of read)
    assert.is(neutral(settings.get(keyword)), neutral(said.get(keyword)?.[0]), `${host} ${words.join(' ')}: ${keyword}`)
  for (const keyword of switches)
    assert.is(settings.is(keyword), /^(yes|true)$/.test(said.get(keyword)?.[0] ?? ''), `${words}: ${keyword}`)
  const strict = settings.get('stricthostkeychecking') ?? ''
  assert.is(strictness[strict] ?? strict, said.get('stricthostkeychecking')?.[0])
  if (strict === 'accept-new')
    assert.is(settings.is('hashknownhosts'), /^(yes|true)$/.test(said.get('hashknownhosts')?.[0] ?? ''))
}

const plain: readonly (readonly string[])[] = [
  [],
  ['-o', 'Port=2222', '-o', 'User=ops'],
  ['-o', 'User=ops', '-o', 'User=other'],
  ['-o', 'UserKnownHostsFile=/a', '-o', 'StrictHostKeyChecking=yes'],
  ['-o', 'UserKnownHostsFile=/a /b', '-o', 'GlobalKnownHostsFile=/dev/null'],
  ['-o', 'ConnectTimeout=5', '-o', 'ServerAliveInterval=7', '-o', 'ServerAliveCountMax=2', '-o', 'IdentitiesOnly=yes'],
  ['-o', 'HostKeyAlias=Db'],
]
for (const words of plain) {
  test(`plain options need no ssh: ${words.join(' ') || 'none'}`, async () => {
    const file = fileWith(
      'Host *\n  SendEnv LANG LC_*\n  HashKnownHosts no\n  GSSAPIAuthentication yes\n  ControlMaster auto\n',
    )
    const all = ['-F', file, ...words]
    assert.is(await callsOf(() => new SshConfig().settingsOf('Host1.example', all)), 0)
    await assertAsSsh('Host1.example', all)
  })
}

/** A configuration, a host, arguments, and how often ssh must be asked for them: once for the host, once for its defaults. */
const asked: readonly [name: string, config: string, host: string, words: readonly string[], times: number][] = [
  ['a block for another host', 'Host web*\n  Port 2222\nHost db !db\n  User x\n', 'db', [], 0],
  ['a block for it', 'Host web*\n  Port 2222\n', 'web1', [], 2],
  ['a block for all but it', 'Host * !web1\n  Port 2222\n', 'web1', [], 0],
  ['names are compared in their own case', 'Host WEB\n  Port 2222\n', 'web', [], 0],
  ['quotes, equals signs, comments', '# x\n  Host "web1"\n Port=2222 # yes\n', 'web1', [], 2],
  ['a keyword nobody knows yet', 'IgnoreUnknown NewThing\nNewThing yes\n', 'web1', [], 2],
  ['Match', 'Match user root\n  Port 2222\n', 'web1', [], 2],
  ['Match exec', `Match exec "test %h = web1"\n  Port 2222\n`, 'web1', [], 2],
  ['Match exec that is about another', `Match exec "test %h = web2"\n  Port 2222\n`, 'web1', [], 2],
  ['Match final', 'Match final all\n  User fin\n', 'web1', [], 2],
  ['Match without anything that matters', 'Match exec "true"\n  SendEnv X\n', 'web1', [], 0],
  ['tokens', 'Host web*\n  HostName %h.example.com\n  UserKnownHostsFile ~/.ssh/known_%n\n', 'web1', [], 2],
  ['an argument that is not plain', '', 'web1', ['-o', 'ProxyJump=a,b:22'], 2],
  ['an argument with a token', '', 'web1', ['-o', 'UserKnownHostsFile=/k/%h'], 2],
  ['accept-new, which may hash', '', 'web1', ['-o', 'StrictHostKeyChecking=accept-new'], 2],
  ['an argument before the file', 'Port 1\n', 'web1', ['-o', 'Port=2'], 2],
]
for (const [name, config, host, words, times] of asked) {
  test(`${name}: ssh is asked ${times} times`, async () => {
    const all = ['-F', fileWith(config), ...words]
    assert.is(await callsOf(() => new SshConfig().settingsOf(host, all)), times)
    await assertAsSsh(host, all)
  })
}

test('included files count with the block they are included in', async () => {
  const part = fileWith('Port 2200\nHost b*\n  User bob\n')
  mkdirSync(join(folder, 'd'))
  writeFileSync(join(folder, 'd', '1.conf'), 'Host c1\n  Port 2300\n')
  writeFileSync(join(folder, 'd', '2.txt'), 'Port 1\n')
  const file = fileWith(
    `Host a* b*\n  Include "${part.replace(/.*\//, '')}" nothing-here\nHost *\nInclude ${folder}/d/*.conf\nHost z\n  Port 9\n`,
  )
  const words = ['-F', file]
  // A relative name counts from ~/.ssh, where there is none; only the folder is found here.
  for (const host of ['a1', 'b1', 'c1', 'z', 'other']) await assertAsSsh(host, words)
  const own = fileWith(
    `Host a* b*\n  Include ${part.replace(/ /g, '?')}\nHost *\nInclude ${folder}/d/*.conf\nHost z\n  Port 9\n`,
  )
  for (const host of ['a1', 'b1', 'c1', 'z', 'other']) await assertAsSsh(host, ['-F', own])
  const bearing = new SshConfigFiles(own)
  assert.equal(bearing.bearingOn('other').lines, [])
  assert.equal(
    bearing.bearingOn('b1').lines.map(({ keyword }) => keyword),
    ['port', 'user'],
  )
  assert.is(bearing.bearingOn('b1').lines[1]!.where, `${part}:3`)
})

test('a file that includes itself, or can not be read, is left to ssh', async () => {
  const file = join(folder, 'loop')
  writeFileSync(file, `Include ${file}\n`)
  assert.ok(new SshConfigFiles(file).bearingOn('h').lines.length > 0)
  const error = await failure(new SshConfig().settingsOf('h', ['-F', file]))
  assert.is(error.code, 4)
  assert.match(error.message, /^ssh -G h: .*Too many recursive configuration includes.*; correct it/)
  assert.ok(new SshConfigFiles(folder).bearingOn('h').lines.length > 0, 'a folder')
})

test('a hundred hosts that the files treat alike cost two questions, each with its own name', async () => {
  const file = fileWith(
    'Host *\n  User ops\n  Ciphers aes256-gcm@openssh.com\n  IdentityFile ~/.ssh/%h\nHost n7\n  Port 7\n',
  )
  const config = new SshConfig()
  const times = await callsOf(async () => {
    const all = await Promise.all(Array.from({ length: 100 }, (_, n) => config.settingsOf(`n${n}`, ['-F', file])))
    assert.equal(
      all.map((one) => one.get('hostname')),
      Array.from({ length: 100 }, (_, n) => `n${n}`),
    )
    assert.equal(
      all.map((one) => one.get('user')),
      Array.from({ length: 100 }, () => 'ops'),
    )
    assert.equal(all.filter((one) => one.get('port') === '7').length, 1)
    assert.equal(all[9]!.chosen('identityfile'), ['~/.ssh/%h'])
  })
  assert.is(times, 3)
  for (const host of ['n3', 'n7']) await assertAsSsh(host, ['-F', file], config)
})

const different: readonly [name: string, config: string, words: readonly string[]][] = [
  ['tokens in the file', 'Host *\n  HostName %h.example\n', []],
  ['tokens in the arguments', '', ['-o', 'UserKnownHostsFile=/k/%h']],
  ['Match exec', 'Match exec "test %h = a"\n  Port 2222\n', []],
  ['Match host', 'Match host a\n  Port 2222\n', []],
]
for (const [name, config, words] of different) {
  test(`hosts that may be treated differently are asked about one by one: ${name}`, async () => {
    const one = new SshConfig()
    const all = ['-F', fileWith(config), ...words]
    for (const host of ['a', 'b']) await assertAsSsh(host, all, one)
  })
}

/** Hosts that are asked about one after the other, in both orders: none may be sent to where another is. */
const sent: readonly [name: string, config: string, hosts: readonly string[], words?: readonly string[]][] = [
  ['an address of numbers that ssh writes otherwise', 'Host *\n  Port 2222\n', ['127.0.0.01', '127.0.0.2', 'db1']],
  ['an octal one', 'Host *\n  Port 2222\n', ['10.0.0.011', '10.0.0.12', '0x7f.1']],
  ['an address of IPv6', 'Host *\n  Port 2222\n', ['fd00:10:0:0::0011', 'fd00:10::12', 'FD00:10::13', 'Db1']],
  ['a HostName that is the name of one of them', 'Host db db-alias\n  HostName db\n', ['db', 'db-alias']],
  ['a HostName for all', 'Host *\n  HostName gw\n  Port 2222\n', ['gw', 'n1', 'GW']],
  ['a HostName in the arguments', '', ['gw', 'n1'], ['-o', 'HostName=gw']],
  ['an Include that only ssh understands', `Include ${folder}/h[o]sts\n`, ['a', 'b']],
  ['capitals, and a second pass', 'Host a*\n  UserKnownHostsFile /a\nMatch final all\n', ['A1', 'a1', 'b1']],
]
for (const [name, config, hosts, words = []] of sent) {
  test(`hosts of one configuration reach each its own address: ${name}`, async () => {
    writeFileSync(join(folder, 'hosts'), 'Host a\n  HostName 10.0.0.1\nHost b\n  Port 2\n')
    const all = ['-F', fileWith(config), ...words]
    for (const order of [hosts, hosts.toReversed()]) {
      const one = new SshConfig()
      for (const host of order) await assertAsSsh(host, all, one)
    }
  })
}

test('names that ssh looks up are asked about one by one', async () => {
  const words = ['-F', 'none', '-o', 'CanonicalizeHostname=yes', '-o', 'CanonicalDomains=invalid']
  const config = new SshConfig()
  const times = await callsOf(async () => {
    for (const host of ['a', 'b']) await config.settingsOf(host, words)
  })
  assert.is(times, 3)
})

test('an address is left to ssh where it is not in the form that ssh prints, and only there', async () => {
  const odd = ['2001:db8:0:0:0:0:0:1', '127.1', '010.0.0.1', '::ffff:102:304', '1']
  for (const host of odd) await assertAsSsh(host, ['-F', 'none'])
  assert.is(await callsOf(() => new SshConfig().settingsOf('127.1', ['-F', 'none'])), 2)
  // The number of an interface becomes its name there, and a name in capitals is another one.
  const scoped = ['fe80:0::1%lo', 'fe80::1%1', 'FE80::1%lo', 'fe80::1%LO']
  for (const host of scoped) await assertAsSsh(host, ['-F', 'none'])
  const usual = [
    ...['2001:db8::1', '::1', '::ffff:1.2.3.4', '10.0.0.1', '10.0.0.1.example', 'Db_1', '12a', 'n1'],
    ...['fe80::1%lo', 'fe80::1%bond0.7', 'ff02::1%br-lan'],
  ]
  const times = await callsOf(() => Promise.all(usual.map((host) => new SshConfig().settingsOf(host, ['-F', 'none']))))
  assert.is(times, 0)
  for (const host of usual) await assertAsSsh(host, ['-F', 'none'])
})

test('hosts that a HostName sends elsewhere keep it', async () => {
  const file = fileWith('Host a b\n  HostName 10.0.0.9\n')
  const config = new SshConfig()
  for (const host of ['a', 'b']) assert.is((await config.settingsOf(host, ['-F', file])).get('hostname'), '10.0.0.9')
})

const broken: readonly [name: string, words: () => readonly string[], message: RegExp][] = [
  [
    'a file that is not there',
    () => ['-F', '/no/such/config'],
    /^ssh -G h: Can't open user config file \/no\/such\/config: No such file/,
  ],
  [
    'a value that is none',
    () => ['-F', fileWith('Port 1x\n')],
    /^ssh -G h: .* line 1: Bad (number|port) '1x'.*; correct it; "ssh -G -F '.*' h" says the same$/,
  ],
  ['a keyword that is none', () => ['-F', fileWith('Prot 22\n')], /line 1: Bad configuration option: prot/],
  ['an argument that is none', () => ['-F', 'none', '-o', 'HostKeyAlgorithms=none-such'], /Bad key types 'none-such'/],
]
for (const [name, words, message] of broken) {
  test(`${name} is said in the words of ssh (exit 4)`, async () => {
    const error = await failure(new SshConfig().settingsOf('h', words()))
    assert.is(error.code, 4)
    assert.match(error.message, message)
  })
}

test('an address that ssh refuses is no reason to refuse others, and is named as the machine it is of', async () => {
  const config = new SshConfig()
  const words = ['-F', fileWith('Host *\n  Port 2222\n')]
  for (const [host, name] of [
    ['x;y', 'bad'],
    ['x;z', 'x;z'],
  ] as const) {
    const where = name === host ? host : `bad (ssh -G ${host})`
    const refused = await failure(config.settingsOf(host, words, name))
    assert.is(refused.code, 4)
    assert.ok(
      refused.message.startsWith(name === host ? `ssh -G ${host}: ` : `${where}: hostname contains`),
      refused.message,
    )
  }
  for (const host of ['10.0.0.1', 'db1', '10.0.0.01']) await assertAsSsh(host, words, config)
})

test('without the program ssh: nothing is missed as long as nothing that matters is configured', async () => {
  const before = process.env.PATH
  process.env.PATH = '/nowhere'
  try {
    const harmless = await new SshConfig().settingsOf('h', ['-F', fileWith('SendEnv LANG\n')])
    assert.is(harmless.get('port'), '22')
    const file = fileWith('# mine\nHost h\n  ProxyJump bastion\n')
    const error = await failure(new SshConfig().settingsOf('h', ['-F', file]))
    assert.is(error.code, 4)
    assert.match(
      error.message,
      /config \d+:3: proxyjump has a bearing on the way to h, and only the program ssh can read it, which is not/,
    )
    const config = new SshConfig()
    for (const host of ['127.1', 'FD00::1']) {
      const odd = await failure(config.settingsOf(host, ['-F', 'none'], 'n1'))
      assert.ok(odd.message.startsWith(`n1: only the program ssh can tell which address ${host} is, `), odd.message)
      assert.match(odd.message, /; write the address as it is printed/)
    }
  } finally {
    process.env.PATH = before
  }
})

test('the files of this machine are understood: ssh says the same of them', async () => {
  await assertAsSsh('some-host', [])
  await assertAsSsh('10.1.2.3', ['-o', 'Port=2222'])
})

test.run()
