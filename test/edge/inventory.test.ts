/** What an inventory comes to. For the folder `precedence` the values are those of `ansible-inventory --list`. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { Host, Inventory } from '../../lib/core/inventory.ts'
import { secretsOf } from '../../lib/core/inventory-view.ts'
import { type Located, LocatedList, LocatedMap, placeText } from '../../lib/core/located.ts'
import { check, flag, list, optional, params, port, secret, text } from '../../lib/core/schema.ts'
import { type InventoryOptions, loadInventory } from '../../lib/edge/inventory.ts'
import { sealVault, VaultKey } from '../../lib/edge/vault.ts'
import { Fleet } from '../../lib/engine/fleet.ts'
import { assert, suite } from '../kit.ts'

const test = suite('inventory')
const samples = join(import.meta.dirname, 'inventories')
const vault = join(import.meta.dirname, 'vault-samples')
const old = process.cwd()
const folder = mkdtempSync(join(tmpdir(), 'plinth-inventory-'))
test.before(() => process.chdir(folder))
test.after(() => {
  process.chdir(old)
  rmSync(folder, { recursive: true })
})

/** Writes files below a fresh folder that is the current one, and reads `source` there. */
async function read(
  files: Readonly<Record<string, string>>,
  source: string | readonly string[] = 'lab',
  options: InventoryOptions = {},
): Promise<Inventory> {
  const project = mkdtempSync(join(folder, 'project-'))
  process.chdir(project)
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(name), { recursive: true })
    writeFileSync(name, content)
  }
  return loadInventory(typeof source === 'string' ? [source] : source, { user: 'ops', ...options })
}

const plain = (value: Located): unknown =>
  value instanceof LocatedMap
    ? Object.fromEntries([...value.entries].map(([key, entry]) => [key, plain(entry.value)]))
    : value instanceof LocatedList
      ? value.items.map(plain)
      : value.value
const host = (inventory: Inventory, name: string): Host => inventory.hosts.find((host) => host.name === name)!
const namesOf = (hosts: readonly Host[]): string[] => hosts.map((host) => host.name)
const placesOf = (host: Host): Record<string, string> =>
  Object.fromEntries([...host.params.entries].map(([name, entry]) => [name, placeText(entry.at)]))

test('merges variables as Ansible does', async () => {
  const inventory = await loadInventory([join(samples, 'precedence')], { user: 'ops' })
  assert.equal(Object.fromEntries(inventory.hosts.map((host) => [host.name, plain(host.params)])), {
    lone: { a: 'all-inline', b: 'all-file', c: 'all-inline', d: 'all-file', e: 'all-inline', f: 'lone-inline' },
    web01: {
      ...{ a: 'all-inline', b: 'all-file', c: 'web-inline', d: 'web-file', e: 'range', f: 'all-inline', p: 'web' },
    },
    web03: {
      ...{ a: 'all-inline', b: 'all-file', c: 'canary-inline', d: 'web-file', e: 'range', f: 'all-inline' },
      ...{ p: 'canary', q: 'apps' },
    },
    web02: {
      ...{ a: 'all-inline', b: 'all-file', c: 'canary-inline', d: 'web-file', e: 'web02-inline', f: 'all-inline' },
      ...{ p: 'canary', h: 'web02-file' },
    },
    'db-a': {
      ...{ a: 'all-inline', b: 'all-file', c: 'all-inline', d: 'all-file', e: 'all-inline', f: 'all-inline' },
      ...{ p: 'apps', q: 'db-1', r: 'db-2', s: 'nested' },
    },
    'db-b': {
      ...{ a: 'all-inline', b: 'all-file', c: 'all-inline', d: 'all-file', e: 'all-inline', f: 'all-inline' },
      ...{ p: 'apps', q: 'db-1', r: 'db-2', s: 'nested' },
    },
    extra: {
      ...{ a: 'all-inline', b: 'all-file', c: 'all-inline', d: 'all-file', e: 'all-inline', f: 'all-inline' },
      q: 'loose',
    },
  })
  assert.equal(host(inventory, 'web03').groups, ['all', 'zoo', 'apps', 'web', 'canary'])
  assert.equal(host(inventory, 'lone').groups, ['all', 'ungrouped'])
  assert.equal(namesOf(inventory.hostsIn('apps')), ['web03', 'db-a', 'db-b'])
  assert.equal(namesOf(inventory.hostsIn('loose')), ['db-b', 'extra', 'db-a'])
  assert.equal(namesOf(inventory.select('web:&canary')), ['web03', 'web02'])
  assert.is(host(inventory, 'db-b').connection.port, 2222)
  assert.equal(inventory.groups.get('web')?.children, ['canary'])
})

const one = 'all:\n  hosts:\n    db1:\n'

test('every value keeps the place it came from', async () => {
  const inventory = await read({
    'inventory/lab.yaml': 'all:\n  vars: { a: 1, b: 1, c: 1, d: 1 }\n  hosts:\n    db1:\n      c: 1\n',
    'inventory/group_vars/all.yaml': '# words\nb: 1\n',
    'inventory/host_vars/db1/x.yml': '\n\nd: 1\n',
  })
  assert.equal(placesOf(host(inventory, 'db1')), {
    a: 'inventory/lab.yaml:2:11',
    b: 'inventory/group_vars/all.yaml:2:1',
    c: 'inventory/lab.yaml:5:7',
    d: 'inventory/host_vars/db1/x.yml:3:1',
  })
  assert.is(placeText(host(inventory, 'db1').vars.at), 'inventory/lab.yaml:4:5')
})

const sources: readonly [name: string, files: Readonly<Record<string, string>>, source: string][] = [
  ['a name finds a .yaml', { 'inventory/lab.yaml': one }, 'lab'],
  ['a name finds a .yml', { 'inventory/lab.yml': one }, 'lab'],
  ['a name finds a folder', { 'inventory/lab/hosts.yaml': one }, 'lab'],
  ['a path to a file', { 'x/y.yaml': one }, 'x/y.yaml'],
  ['a path to a folder', { 'x/y.yaml': one, 'x/group_vars/all.yaml': 'a: 1' }, './x'],
  ['a file with a dot in its name', { 'lab.yaml': one }, 'lab.yaml'],
  ['a folder with notes, keys and backups', { 'x/hosts.yml': one, 'x/README.md': '#', 'x/known_hosts': 'k' }, 'x'],
  ['JSON', { 'x.json': '{"all": {"hosts": {"db1": null}}}' }, 'x.json'],
  ['a byte order mark and CRLF', { 'inventory/lab.yaml': `\uFEFF${one.replaceAll('\n', '\r\n')}` }, 'lab'],
  ['a single word for a map', { 'inventory/lab.yaml': 'all: { hosts: db1 }' }, 'lab'],
]
for (const [name, files, source] of sources) {
  test(name, async () => assert.equal(namesOf((await read(files, source)).hosts), ['db1']))
}

test('of two sources the later one wins, and both have their group_vars', async () => {
  const inventory = await read(
    {
      'a/hosts.yaml': 'all: { hosts: { db1: { x: a, y: a } } }',
      'a/group_vars/all.yaml': 'z: a\nw: a',
      'b/hosts.yaml': 'all: { hosts: { db1: { x: b }, db2: } }',
      'b/group_vars/all.yaml': 'z: b',
    },
    ['a', 'b'],
  )
  assert.equal(plain(host(inventory, 'db1').params), { x: 'b', y: 'a', z: 'b', w: 'a' })
  assert.equal(namesOf(inventory.hosts), ['db1', 'db2'])
})

test('extra variables win over all others, the last of them most', async () => {
  const inventory = await read(
    { 'inventory/lab.yaml': 'all: { hosts: { db1: { a: 0, b: 0, c: 0, d: 0 } } }', 'more.yaml': 'b: file\nc: file\n' },
    'lab',
    { extraVars: ['a="two words" b=pair', '@more.yaml', '{"c": [1, 2]}'] },
  )
  assert.equal(plain(host(inventory, 'db1').params), { a: 'two words', b: 'file', c: [1, 2], d: 0 })
  assert.is(placesOf(host(inventory, 'db1')).a, '--extra-vars')
  assert.is(placesOf(host(inventory, 'db1')).b, 'more.yaml:1:1')
})

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDEkzUKpsrpd0vrVHJ6lKcM4ThAdVb1Jz0M1yCzCgP3r'
const words = (text: string): Partial<Host['connection']> => ({ sshArguments: text === '' ? [] : text.split('|') })
const connections: readonly [name: string, vars: string, expected: Partial<Host['connection']>][] = [
  [
    'db1',
    '',
    { address: 'db1', port: null, user: 'ops', privateKey: null, sshArguments: [], hostKeys: [], machine: 'ops@db1' },
  ],
  ['db1', 'ansible_host: 10.0.0.5', { address: '10.0.0.5', machine: 'ops@10.0.0.5' }],
  ['db1', 'ansible_port: 2222, ansible_user: root', { machine: 'root@db1:2222' }],
  ['db1', 'ansible_user: ann@corp.example', { machine: 'ann@corp.example@db1' }],
  ['"db1:2200"', '', { address: 'db1', port: 2200 }],
  ['db1', 'ansible_host: "fe80::1"', { machine: 'ops@[fe80::1]' }],
  ['db1', 'ansible_connection: ssh, ansible_python_interpreter: /usr/bin/python3', { address: 'db1' }],
  ['db1', 'ansible_ssh_private_key_file: ~/.ssh/k', { privateKey: `${homedir()}/.ssh/k` }],
  ['db1', 'ansible_ssh_common_args: -o UserKnownHostsFile=/k', words('-o|UserKnownHostsFile=/k')],
  [
    'db1',
    'ansible_ssh_common_args: \'-oStrictHostKeyChecking=yes -o "UserKnownHostsFile ~/a /b"\'',
    words(`-o|StrictHostKeyChecking=yes|-o|UserKnownHostsFile=${homedir()}/a /b`),
  ],
  [
    'db1',
    `ansible_ssh_common_args: -o 'UserKnownHostsFile="~/a b" none' -i"/k 1"`,
    words(`-o|UserKnownHostsFile="${homedir()}/a b" none|-o|IdentityFile="/k 1"`),
  ],
  [
    'db1',
    'ansible_ssh_args: -C -o ControlMaster=auto -4qT, ansible_ssh_common_args: -J j@b1 -p 22, ansible_ssh_extra_args: -l x -6',
    words('-o|AddressFamily=inet|-o|ProxyJump=j@b1|-o|Port=22|-o|User=x|-o|AddressFamily=inet6'),
  ],
  ['db1', 'ansible_ssh_common_args: -vv -A -4', words('-o|AddressFamily=inet')],
  [
    'db1',
    `ansible_ssh_common_args: '-o "ProxyCommand=ssh -W %h:%p -q b1" -o IdentityAgent=$SOCK -o IdentityFile=%d/k'`,
    words('-o|ProxyCommand=ssh -W %h:%p -q b1|-o|IdentityAgent=$SOCK|-o|IdentityFile=%d/k'),
  ],
  ['db1', 'ansible_ssh_common_args: -J b1', { machine: 'ops@db1 -o ProxyJump=b1' }],
  ['db1', `ansible_ssh_host_keys: ${key} a comment`, { hostKeys: [key] }],
  ['db1', `ansible_ssh_host_keys: [${key}, ${key}]`, { hostKeys: [key, key] }],
]
for (const [name, vars, expected] of connections) {
  test(`${name} { ${vars} } is reached as said`, async () => {
    const inventory = await read({ 'inventory/lab.yaml': `all: { hosts: { ${name}: { ${vars} } } }` })
    const { connection, params } = host(inventory, 'db1')
    assert.equal(connection, { ...connection, ...expected })
    assert.is(params.entries.size, 0)
  })
}

test('paths of keys count from the file they are written in, those of the command line from here', async () => {
  const files = { 'inventory/lab.yaml': 'all: { hosts: { db1: { ansible_ssh_private_key_file: keys/id }, db2: } }' }
  const inventory = await read(files, 'lab', { privateKey: 'my-key' })
  assert.is(host(inventory, 'db1').connection.privateKey, resolve('inventory/keys/id'))
  assert.is(host(inventory, 'db2').connection.privateKey, resolve('my-key'))
})

test('file names among ssh arguments count from the file they are written in', async () => {
  const inventory = await read({
    'inventory/lab.yaml':
      'all: { hosts: { db1: { ansible_ssh_common_args: -F ssh/config -o UserKnownHostsFile=known } } }',
  })
  assert.equal(host(inventory, 'db1').connection.sshArguments, [
    ...['-F', resolve('inventory/ssh/config'), '-o', `UserKnownHostsFile=${resolve('inventory/known')}`],
  ])
})

test('one address by two ways is two machines', async () => {
  const inventory = await read({
    'inventory/lab.yaml':
      'all: { vars: { ansible_host: 10.0.0.5 }, hosts: { a: { ansible_ssh_common_args: -J b1 }, b: { ansible_ssh_common_args: -J b2 } } }',
  })
  assert.is(new Set(inventory.hosts.map((host) => host.connection.machine)).size, 2)
})

test('two hosts of one machine have the same machine key', async () => {
  const inventory = await read({
    'inventory/lab.yaml': 'all: { vars: { ansible_host: 10.0.0.5 }, hosts: { nacos1: , nacos2: } }',
  })
  assert.equal(new Set(inventory.hosts.map((host) => host.connection.machine)).size, 1)
})

test('reads anchors, merges, tags, and YAML 1.1 words where a flag is wanted', async () => {
  const inventory = await read(
    {
      'inventory/lab.yaml': [
        'all:',
        '  vars:',
        '    base: &base { port: 8848, version: 2.10 }',
        '    node: { <<: *base, port: 8849 }',
        '    auth: yes',
        '    user: !env DB_USER',
        '    key: !file secret/key.txt',
        '    raw: !unsafe "{{ as it is }}"',
        '    ports: [1, 2]',
        '  hosts: { db1: }',
      ].join('\n'),
      'inventory/secret/key.txt': 'k3y\n',
    },
    'lab',
    { env: { DB_USER: 'nacos' } },
  )
  const node = params({ port: port(), version: text() })
  const schema = params({
    ...{
      base: node,
      node,
      auth: flag(),
      user: text({ like: /[a-z]+/, expected: 'a user name' }),
      key: secret(),
      raw: text(),
      ports: list(port()),
    },
  })
  const checked = check(schema, host(inventory, 'db1').params)
  assert.ok(checked.ok, JSON.stringify(checked))
  if (!checked.ok) return
  const { key, ...rest } = checked.value
  assert.equal(rest, {
    base: { port: 8848, version: '2.10' },
    node: { port: 8849, version: '2.10' },
    auth: true,
    user: 'nacos',
    raw: '{{ as it is }}',
    ports: [1, 2],
  })
  assert.is(key.reveal(), 'k3y')
})

test('opens vaults: a whole file of variables, and one value when it is used', async () => {
  const { readFileSync } = await import('node:fs')
  const inline = readFileSync(join(vault, 'inline.yaml'), 'utf8')
  const files = {
    'inventory/lab/hosts.yaml': one,
    'inventory/lab/group_vars/all/vault.yaml': readFileSync(join(vault, 'vars-1.1.yaml'), 'utf8'),
    'inventory/lab/host_vars/db1.yaml': inline,
  }
  const schema = params({ nacos_token: secret(), port: port(), db_password: secret() })
  const right = await read(files, 'lab', { vaultKeys: [new VaultKey('correct horse')] })
  const checked = check(schema, host(right, 'db1').params)
  assert.ok(checked.ok, JSON.stringify(checked))
  if (checked.ok) {
    assert.is(checked.value.nacos_token.reveal(), '0123456789abcdef0123456789abcdef')
    assert.is(checked.value.db_password.reveal(), 's3cret')
    assert.is(checked.value.port, 8850)
  }
  const listed = await read({ 'inventory/lab/hosts.yaml': one, 'inventory/lab/host_vars/db1.yaml': inline })
  const wrong = check(params({ db_password: secret() }), host(listed, 'db1').params)
  assert.equal(wrong.ok ? [] : wrong.problems, [
    {
      where: 'inventory/lab/host_vars/db1.yaml:1:21',
      what: 'db_password: encrypted, and no vault password was given',
      remedy: 'add --vault-password-file FILE or --ask-vault-pass',
    },
  ])
})

test('a vault whose text is not UTF-8 is refused, a value as a whole file', async () => {
  const gbk = Buffer.concat([Buffer.from('db_password: '), Buffer.from([0xc3, 0xdc, 0x31])])
  const key = new VaultKey('correct horse')
  const inline = `db_password: !vault |\n${sealVault(gbk, key).replace(/^/gm, '  ')}\n`
  const whole = { 'inventory/lab/hosts.yaml': one, 'inventory/lab/group_vars/all.yaml': sealVault(gbk, key) }
  const thrown = await read(whole, 'lab', { vaultKeys: [key] }).then(String, String)
  assert.match(thrown, /all\.yaml: what is encrypted is not UTF-8 text; encrypt it again as UTF-8/)
  const files = { 'inventory/lab/hosts.yaml': one, 'inventory/lab/host_vars/db1.yaml': inline }
  const inventory = await read(files, 'lab', { vaultKeys: [key] })
  const checked = check(params({ db_password: secret() }), host(inventory, 'db1').params)
  assert.is(checked.ok ? '' : checked.problems[0]?.what, 'db_password: what is encrypted is not UTF-8 text')
})

test('a list of hosts may be at home', async () => {
  const home = process.env.HOME
  process.env.HOME = folder
  try {
    writeFileSync(join(folder, 'retry'), 'db1\n')
    const inventory = await read({ 'inventory/lab/hosts.yaml': one })
    assert.equal(namesOf(inventory.select('@~/retry')), ['db1'])
  } finally {
    process.env.HOME = home
  }
})

test('a hundred hosts by a range are a hundred hosts, in order', async () => {
  const { hosts } = await read({ 'inventory/lab.yaml': 'all: { hosts: { "n[001:100]": } }' })
  assert.is(hosts.length, 100)
  assert.is(hosts[9]!.name, 'n010')
})

test('what a host may not print is what is not shown: by its name, a number behind it or not, and in a URL', async () => {
  const vars = 'db_password_0: hunter1, list: { token2: [hunter3] }, dsn: "mysql://u:hunter4@h/x", url: "http://h/x"'
  const { hosts } = await read(
    { 'hosts.yaml': `all: { hosts: { a: { ${vars}, password_policy: strict } } }` },
    './hosts.yaml',
  )
  assert.equal([...secretsOf(hosts)].sort(), ['hunter1', 'mysql://u:hunter4@h/x', 'hunter3'].sort())
})

/** Places where a key of a map can be given, the weakest first; `-e` in two values of it. */
const placesOfKeys: readonly (readonly [name: string, write: (text: string) => Readonly<Record<string, string>>])[] = [
  [
    'the group in the inventory',
    (text) => ({ 'one.yaml': `all: { children: { web: { hosts: { a: }, vars: { ${text} } } } }` }),
  ],
  ['the group in a later inventory', (text) => ({ 'two.yaml': `web: { vars: { ${text} } }` })],
  ['group_vars/web, a file of it', (text) => ({ 'group_vars/web/a.yml': `{ ${text} }` })],
  ['group_vars/web, the next', (text) => ({ 'group_vars/web/b.yml': `{ ${text} }` })],
  [
    'the host in a program',
    (text) => ({ 'three.ts': `export default { web: { hosts: ['a'] }, _meta: { hostvars: { a: { ${text} } } } }` }),
  ],
  ['host_vars', (text) => ({ 'host_vars/a.yml': `{ ${text} }` })],
  ['-e', (text) => ({ '-e': `{ ${text} }` })],
  ['a later -e', (text) => ({ 'more.yaml': `{ ${text} }` })],
]
const keys = { map: 'app: { port: 1, name: "map" }', single: 'app_port: 2' } as const

test('of two places the stronger one has a key of a map, be it by itself or in the map', async () => {
  const schema = params({ app: params({ port: text(), name: optional(text()) }) })
  for (const [weak, [weaker, writeWeak]] of placesOfKeys.entries())
    for (const [strong, [stronger, writeStrong]] of placesOfKeys.entries())
      for (const [form, other] of [
        ['map', 'single'],
        ['single', 'map'],
      ] as const) {
        if (weak > strong) continue
        // In one place a single key is the stronger, in whatever order they stand.
        const both =
          weak === strong
            ? writeWeak(`${keys[form]}, ${keys[other]}`)
            : { ...writeWeak(keys[form]), ...writeStrong(keys[other]) }
        const { '-e': given, ...files }: Readonly<Record<string, string>> = {
          ...placesOfKeys[0]?.[1](''),
          'two.yaml': 'web: {}',
          'three.ts': 'export default {}',
          'more.yaml': '{}',
          ...both,
        }
        const inventory = await read(files, ['./one.yaml', './two.yaml', './three.ts'], {
          extraVars: [...(given ? [given] : []), '@more.yaml'],
        })
        const fleet = new Fleet(inventory, () => Promise.reject(new Error('no archive')))
        const port = weak === strong || other === 'single' ? '2' : '1'
        assert.equal(
          fleet.group('web', schema)[0]?.params,
          { app: { port, name: 'map' } },
          `${weaker} (${form}), ${stronger} (${other})`,
        )
      }
})

test.run()
