/** `plinth inventory` as it is called. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { assert, suite } from '../kit.ts'

const test = suite('plinth inventory')
const plinth = join(import.meta.dirname, '..', '..', 'lib', 'entry', 'command.js')
const folder = mkdtempSync(join(tmpdir(), 'plinth-commands-'))
test.after(() => rmSync(folder, { recursive: true }))

const files: Readonly<Record<string, string>> = {
  'inventory/prod/hosts.yaml': `all:
  vars: { ansible_user: root }
  children:
    web:
      hosts: { "web[1:2]": }
      children: { canary: { hosts: { web3: { ansible_host: 10.0.0.3 } } } }
      vars:
        app:
          version: 2.10
          password: in-the-clear
          token: !env NOT_SET
          auth: { identity_value: in-the-clear, enabled: true }
          use_password: yes
          list: [a, { api_token: x }]
          note: " spaces "
          db.password.0: in-the-clear
          dsn: mysql://u:in-the-clear@h/x
          password_policy: strict
`,
  'inventory/prod/group_vars/web.yaml': 'size: 5\nempty:\nnothing: []\n',
  'inventory/old.ini': '[web]\na x=1\n',
  'cloud.ts': `export default (): { web: string[] } => ({ web: ['a', 'b'] })\n`,
  'broken.yaml': 'all: { hosts: { a: { ansible_port: x } }, vars: { b: "{{ c }}" } }\n',
}
for (const [name, text] of Object.entries(files)) {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), text)
}

const run = (...words: readonly string[]): { code: number | null; out: string; err: string } => {
  const { status, stdout, stderr } = spawnSync('node', [plinth, ...words], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: folder },
  })
  assert.not.match(stderr, /^\s+at /m, 'no stack trace')
  return { code: status, out: stdout, err: stderr }
}
const slow = { timeout: 60 }

test(
  'show prints every value with its place, and no secret',
  () => {
    const { code, out, err } = run('inventory', 'show', 'web3', '-i', 'prod')
    assert.is(code, 0, err)
    assert.is(
      out,
      `web3: groups all, web, canary; reached as root@10.0.0.3
key                      value       written at
ansible_host             10.0.0.3    inventory/prod/hosts.yaml:6:46
ansible_user             root        inventory/prod/hosts.yaml:2:11
app.version              2.10        inventory/prod/hosts.yaml:9:11
app.password             ***         inventory/prod/hosts.yaml:10:11
app.token                ***         inventory/prod/hosts.yaml:11:11
app.auth.identity_value  ***         inventory/prod/hosts.yaml:12:19
app.auth.enabled         true        inventory/prod/hosts.yaml:12:49
app.use_password         yes         inventory/prod/hosts.yaml:13:11
app.list[0]              a           inventory/prod/hosts.yaml:14:18
app.list[1].api_token    ***         inventory/prod/hosts.yaml:14:23
app.note                 " spaces "  inventory/prod/hosts.yaml:15:11
app.db.password.0        ***         inventory/prod/hosts.yaml:16:11
app.dsn                  ***         inventory/prod/hosts.yaml:17:11
app.password_policy      strict      inventory/prod/hosts.yaml:18:11
empty                    null        inventory/prod/group_vars/web.yaml:2:1
nothing                  []          inventory/prod/group_vars/web.yaml:3:1
size                     5           inventory/prod/group_vars/web.yaml:1:1
`,
    )
  },
  slow,
)

test(
  'graph prints the tree, whole or from a group on',
  () => {
    const tree = '@web:\n  |--@canary:\n  |  |--web3\n  |--web1\n  |--web2\n'
    assert.is(run('inventory', 'graph', 'web', '-i', 'prod').out, tree)
    assert.match(run('inventory', 'graph', '-i', 'prod').out, /^@all:\n {2}\|--@ungrouped:\n {2}\|--@web:\n/)
  },
  slow,
)

test(
  'list prints JSON with secrets masked, and as they are on request',
  () => {
    const { out } = run('inventory', 'list', '-i', 'prod')
    const listed = JSON.parse(out)
    assert.equal(listed.web, { children: ['canary'], hosts: ['web1', 'web2'] })
    assert.equal(listed._meta.hostvars.web1.app, {
      ...{ list: ['a', { api_token: '***' }], note: ' spaces ', password: '***', token: '***', version: 2.1 },
      ...{ auth: { identity_value: '***', enabled: true }, use_password: true },
      ...{ 'db.password.0': '***', dsn: '***', password_policy: 'strict' },
    })
    assert.match(run('inventory', 'list', '-i', 'prod', '--show-secrets').err, /no variable NOT_SET/)
    assert.match(run('inventory', 'list', '-i', 'old', '-e', 'password=p', '--show-secrets').out, /"password": "p"/)
  },
  slow,
)

test(
  'hosts prints one name a line',
  () => {
    assert.is(run('inventory', 'hosts', '-i', 'prod', 'web:!canary').out, 'web1\nweb2\n')
    assert.is(run('inventory', 'hosts', '-i', 'prod', '-i', 'old').out, 'web1\nweb2\na\nweb3\n')
  },
  slow,
)

const wrong: readonly (readonly [words: string, says: RegExp])[] = [
  ['inventory', /^plinth inventory: what of it\?;/],
  ['inventory shwo web1 -i prod', /"shwo" is not known; did you mean "show"/],
  ['inventory show -i prod', /which host\?; add its name: web1, web2, web3/],
  ['inventory show web33 -i prod', /there is no host "web33"; did you mean "web3"/],
  ['inventory graph wbe -i prod', /there is no group "wbe"; did you mean "web"/],
  ['inventory hosts -i prod nobody', /plinth inventory hosts: "nobody" is neither a host nor a group/],
  ['inventory hosts -i prod web:!web', /"web:!web" leaves no host; widen the pattern$/m],
  ['inventory hosts web prod', /"prod" is not expected here/],
  ['inventory list', /--inventory: no inventory given; add -i NAME \(there are: old, prod\)/],
  ['inventory list -i', /-i: needs a value/],
  ['inventory list -i prod --ask-vault', /--ask-vault: unknown option; .*--ask-vault-pass/],
  ['inventory show web1 -i prod --show-secrets', /--show-secrets is for list/],
  ['inventory list -i broken.yaml', /broken\.yaml:1:36: ansible_port[\s\S]*Jinja|Jinja[\s\S]*ansible_port/],
  ['inventroy', /there is no such command; did you mean "inventory"/],
]
for (const [words, says] of wrong)
  test(
    `plinth ${words} is refused`,
    () => {
      const { code, out, err } = run(...words.split(' '))
      assert.is(code, 4, err)
      assert.match(err, says)
      assert.is(out, '')
    },
    slow,
  )

test(
  'a module in TypeScript is read, though node runs the command without tsx',
  () => {
    const { out, err } = run('inventory', 'hosts', '-i', './cloud.ts')
    assert.is(out, 'a\nb\n', err)
  },
  slow,
)

test(
  'the help fits a screen and names what there is',
  () => {
    const { out } = run('inventory', '--help')
    assert.ok(out.split('\n').length <= 40)
    assert.ok(out.split('\n').every((line) => line.length <= 110))
    for (const word of ['show', 'graph', 'list', 'hosts', '--show-secrets']) assert.ok(out.includes(word), word)
    assert.match(run('--help').out, /plinth inventory/)
  },
  slow,
)

test.run()
