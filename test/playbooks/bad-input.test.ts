/** What a user may get wrong, run as the user runs it: exit 4, the place, the remedy, and no connection is tried. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { sha256 } from '../../lib/core/secret.ts'
import { assert, suite } from '../kit.ts'

const test = suite('bad input')
const root = new URL('../..', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'plinth-bad-'))

// 192.0.2.0/24 is for documentation: whatever tried to connect would hang until its deadline.
const good = `all:
  vars:
    ansible_user: root
    database: { host: 192.0.2.10, name: nacos, user: nacos, password: !env TEST_PASSWORD }
  children:
    mysql:
      hosts: { db1: { ansible_host: 192.0.2.10 } }
      vars: { mysql: { user: admin, password: !env TEST_PASSWORD } }
    nacos:
      hosts:
        n1: { ansible_host: 192.0.2.11 }
        n2: { ansible_host: 192.0.2.12 }
        n3: { ansible_host: 192.0.2.13 }
      vars:
        java: { version: 8 }
        nacos:
          version: 2.2.4
          archive: nacos.tar.gz
          sha256: SHA256
          home: /opt/nacos
          auth:
            enabled: true
            token_secret: !env TEST_TOKEN
            identity_key: member
            identity_value: !env TEST_PASSWORD
`

interface Case {
  readonly name: string
  readonly change: (text: string) => string
  /** Line of the inventory that the message must point to. */
  readonly line?: number
  readonly says: RegExp
  readonly remedy: RegExp
  readonly env?: Record<string, string>
}

const swap =
  (from: string, to: string) =>
  (text: string): string => {
    assert.ok(text.includes(from), `the inventory has no ${from}`)
    return text.replace(from, to)
  }

const cases: readonly Case[] = [
  {
    name: 'an unknown key',
    change: swap('home:', 'hme:'),
    line: 20,
    says: /nacos\.hme: unknown key/,
    remedy: /did you mean "home"/,
  },
  { name: 'an unknown variable', change: swap('java:', 'jvaa:'), line: 15, says: /jvaa: unknown key/, remedy: /java/ },
  {
    name: 'an unknown key of one host',
    change: swap('192.0.2.11 }', '192.0.2.11, nacos_adress: 10.0.0.1 }'),
    line: 11,
    says: /nacos\.adress: unknown key/,
    remedy: /"address"/,
  },
  {
    name: 'a wrong type',
    change: swap('version: 8', 'version: eight'),
    line: 15,
    says: /java\.version: expected .*found/,
    remedy: /./,
  },
  {
    name: 'a flag that is none',
    change: swap('enabled: true', 'enabled: perhaps'),
    line: 22,
    says: /auth\.enabled: expected true or false/,
    remedy: /true or false/,
  },
  {
    name: 'neighbouring ports on one machine',
    change: (text) => swap('192.0.2.12 }', '192.0.2.11, nacos_port: 8849, nacos_home: /opt/b, nacos_unit: b }')(text),
    line: 12,
    says: /8849.*9849/,
    remedy: /8948/,
  },
  {
    name: 'two instances in one folder',
    change: swap('192.0.2.12 }', '192.0.2.11, nacos_port: 8948, nacos_unit: b }'),
    says: /n2 and n1 are on one machine and share the home \/opt\/nacos/,
    remedy: /folder of its own/,
  },
  {
    name: 'two instances with one unit',
    change: swap('192.0.2.12 }', '192.0.2.11, nacos_port: 8948, nacos_home: /opt/b }'),
    says: /share the unit nacos/,
    remedy: /unit name of its own/,
  },
  {
    name: 'localhost as a member',
    change: swap('192.0.2.11 }', '192.0.2.11, nacos_address: 127.0.0.1 }'),
    line: 11,
    says: /loopback/,
    remedy: /IP:PORT/,
  },
  {
    name: 'a host name as a member',
    change: swap('ansible_host: 192.0.2.11', 'ansible_host: nacos1.example'),
    says: /name nacos1\.example|hostname/,
    remedy: /IP/,
  },
  {
    name: 'a BETA version',
    change: swap('version: 2.2.4', 'version: 3.3.0-BETA'),
    line: 17,
    says: /BETA/,
    remedy: /./,
  },
  {
    name: 'a version that is none',
    change: swap('version: 2.2.4', 'version: latest'),
    line: 17,
    says: /nacos\.version: expected a version such as .*, found "latest"/,
    remedy: /2\.5\.4/,
  },
  {
    name: 'no sha256',
    change: (text) => text.replace(/ +sha256: .*\n/, ''),
    line: 17,
    says: /nacos\.sha256: missing/,
    remedy: /add it/,
  },
  {
    name: 'a sha256 that is none',
    change: (text) => text.replace(/sha256: .*/, 'sha256: abc'),
    line: 19,
    says: /expected a SHA-256/,
    remedy: /64/,
  },
  {
    name: 'another sha256',
    change: (text) => text.replace(/sha256: .*/, `sha256: ${'0'.repeat(64)}`),
    line: 18,
    says: /has the SHA-256/,
    remedy: /right file/,
  },
  {
    name: 'an archive that is not there',
    change: swap('archive: nacos.tar.gz', 'archive: nowhere.tar.gz'),
    line: 18,
    says: /nowhere\.tar\.gz can't be read/,
    remedy: /correct the path/,
  },
  {
    name: 'an archive that is none',
    change: (text) =>
      swap(
        'archive: nacos.tar.gz',
        'archive: broken.tar.gz',
      )(text).replace(/sha256: .*/, `sha256: ${sha256('no archive')}`),
    line: 18,
    says: /not a readable tar\.gz/,
    remedy: /again/,
  },
  {
    name: 'neither archive nor URL',
    change: (text) => text.replace(/ +archive: .*\n/, ''),
    says: /exactly one of nacos\.archive and nacos\.url/,
    remedy: /one of the two/,
  },
  {
    name: 'a JDK that can not run the version',
    change: swap('version: 2.2.4', 'version: 3.0.3'),
    line: 15,
    says: /JDK 17 or newer, this is JDK 8/,
    remedy: /17/,
  },
  {
    name: 'a secret that is not there',
    change: swap('!env TEST_TOKEN', '!env TEST_MISSING'),
    line: 23,
    says: /TEST_MISSING/,
    remedy: /./,
  },
  {
    name: 'a token secret that is too short',
    change: (text) => text,
    env: { TEST_TOKEN: Buffer.from('short').toString('base64') },
    says: /5 bytes, at least 32/,
    remedy: /openssl rand/,
  },
  {
    name: 'auth without a token secret',
    change: (text) => text.replace(/ +token_secret: .*\n/, ''),
    says: /does not start without a token secret/,
    remedy: /add it/,
  },
  {
    name: 'a driver that may not fetch the public key',
    change: swap(
      'password: !env TEST_PASSWORD }\n  children',
      'password: !env TEST_PASSWORD, parameters: { allowPublicKeyRetrieval: "false" } }\n  children',
    ),
    says: /allowPublicKeyRetrieval/,
    remedy: /allowPublicKeyRetrieval=true/,
  },
  {
    name: 'a home with a comma',
    change: swap('home: /opt/nacos', 'home: "/opt/na,cos"'),
    line: 20,
    says: /comma/,
    remedy: /\/opt\/nacos/,
  },
  {
    name: 'a home that is not absolute',
    change: swap('home: /opt/nacos', 'home: opt/nacos'),
    line: 20,
    says: /absolute path/,
    remedy: /\//,
  },
  {
    name: 'a template that nobody evaluates',
    change: swap('home: /opt/nacos', 'home: "{{ base }}/nacos"'),
    line: 20,
    says: /./,
    remedy: /./,
  },
  { name: 'a tab', change: swap('          home', '\thome'), line: 20, says: /tab/i, remedy: /./ },
  {
    name: 'an embedded cluster of a version that can not',
    change: (text) =>
      swap('version: 2.2.4', 'version: 2.2.4\n          mode: embedded')(text).replace(/ {4}database: .*\n/, ''),
    says: /NullPointerException/,
    remedy: /2\.2\.2/,
  },
]

test.before(async () => {
  const archive = pack()
  archive.entry(
    { name: 'nacos/conf/mysql-schema.sql' },
    'CREATE TABLE `users` (`username` varchar(50) NOT NULL PRIMARY KEY);\n',
  )
  archive.entry({ name: 'nacos/conf/application.properties' }, 'server.port=8848\n')
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  writeFileSync(join(folder, 'nacos.tar.gz'), gzipSync(Buffer.concat(chunks)))
  writeFileSync(join(folder, 'broken.tar.gz'), 'no archive')
})
test.after(() => rmSync(folder, { recursive: true }))

const inventoryOf = (change: (text: string) => string): string => {
  const path = join(folder, 'inventory.yaml')
  writeFileSync(path, change(good.replace('SHA256', sha256(readFileSync(join(folder, 'nacos.tar.gz'))))))
  return path
}

const run = (
  args: readonly string[],
  env: Record<string, string> = {},
  playbook = 'site',
): Promise<{ code: number | null; output: string }> =>
  new Promise((resolve) => {
    const all = {
      ...process.env,
      HOME: folder,
      TEST_PASSWORD: 'secret-canary-1',
      TEST_TOKEN: Buffer.alloc(48, 7).toString('base64'),
      ...env,
    }
    const child = spawn('node', ['--import', 'tsx', `playbooks/${playbook}.ts`, ...args], { cwd: root, env: all })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    child.on('close', (code) => resolve({ code, output }))
  })

for (const { name, change, line, says, remedy, env } of cases) {
  test(
    name,
    async () => {
      const path = inventoryOf(change)
      const { code, output } = await run(['-i', path, '--check'], env)
      const problems = output
        .split('\n')
        .filter((text) => text !== '' && !text.startsWith('warning: ') && !text.startsWith('verify '))
      assert.is(code, 4, output)
      const found = problems.find((text) => says.test(text))
      assert.ok(found, `nothing says ${says}:\n${output}`)
      assert.match(found!.slice(found!.lastIndexOf('; ')), remedy)
      if (line !== undefined) assert.match(found!, new RegExp(`inventory\\.yaml:${line}:\\d+: `))
      assert.not.match(output, /\n {4}at /, 'a stack trace')
      assert.not(output.includes('secret-canary-1'), 'a secret')
    },
    { timeout: 60 },
  )
}

/** What procedures are told wrongly: the playbook, its words, and what it says. */
const mistold: readonly (readonly [playbook: string, words: readonly string[], says: RegExp])[] = [
  ['drain', [], /^-e node=NAME: no node is named; name one of n1, n2, n3$/m],
  ['drain', ['-e', 'node=n4'], /^-e node=n4: there is no node "n4"; name one of n1, n2, n3$/m],
  ['undrain', ['-e', 'nod=n1'], /^--extra-vars: nod: unknown key; did you mean "node"\?/m],
  ['leader', ['-e', 'to=n1 off=n2'], /^-e to, off: both are given; say who shall lead, or who shall not$/m],
  ['leader', ['-e', 'off=db1'], /^-e off=db1: there is no node "db1"; name one of n1, n2, n3$/m],
  ['drain', ['-e', 'node=n1', '-l', 'n1'], /^--limit: means nothing to a procedure; name what it is about with -e/m],
  [
    'restore',
    ['-e', 'from=/nonexistent/nacos-1'],
    /^-e from=.*: there is no whole backup of this name; name one; there is none in \/nonexistent$/m,
  ],
  ['restore', ['-e', 'from=/x', '-e', 'replace=perhaps'], /replace: expected true or false, found "perhaps"/],
]
for (const [playbook, words, says] of mistold) {
  test(
    `${playbook} ${words.join(' ')}`,
    async () => {
      const { code, output } = await run(['-i', inventoryOf((text) => text), ...words], {}, playbook)
      assert.is(code, 4, output)
      assert.match(output, says)
      assert.not.match(output, /\n {4}at /, 'a stack trace')
    },
    { timeout: 60 },
  )
}

test(
  'mistakes in the variables of both groups are said in one run',
  async () => {
    const broken = (text: string): string => swap('user: admin', 'usr: admin')(swap('home:', 'hme:')(text))
    const { code, output } = await run(['-i', inventoryOf(broken), '--check'])
    assert.is(code, 4, output)
    for (const says of [/nacos\.hme: unknown key/, /mysql\.usr: unknown key/, /mysql\.user: missing/])
      assert.match(output, says)
  },
  { timeout: 60 },
)

test(
  'an even cluster is warned of, with what it survives',
  async () => {
    const { output } = await run(['-i', inventoryOf((text) => text.replace(/ +n3: .*\n/, '')), '--list-hosts'])
    assert.match(output, /warning: .*2 members survive the loss of none/)
  },
  { timeout: 60 },
)

test(
  '--prune names the hosts that no play has, unless --limit has left hosts out',
  async () => {
    const more = inventoryOf(
      swap('    nacos:\n', '    old: { hosts: { d1: { ansible_host: 192.0.2.20 } } }\n    nacos:\n'),
    )
    const says = /warning: --prune: d1: in no play/
    assert.match((await run(['-i', more, '--list-hosts', '--prune'])).output, says)
    assert.not.match((await run(['-i', more, '--list-hosts', '--prune', '-l', 'n1'])).output, says)
    assert.not.match((await run(['-i', more, '--list-hosts'])).output, says)
  },
  { timeout: 60 },
)

test(
  'the inventory these cases start from is good',
  async () => {
    const { code, output } = await run(['-i', inventoryOf((text) => text), '--list-hosts'])
    assert.is(code, 0, output)
    assert.equal(
      output.split('\n').filter((text) => /^(db|n)\d/.test(text)),
      ['db1', 'n1', 'n2', 'n3'],
    )
  },
  { timeout: 60 },
)

test.run()
