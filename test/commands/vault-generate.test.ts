/** `plinth vault generate`: what a playbook's schemas want and nobody has given, made once, never shown. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { proven } from '../../lib/commands/vault-keys.ts'
import { recipeMetadata } from '../../lib/core/recipe.ts'
import { check, params, secret } from '../../lib/core/schema.ts'
import { Secret } from '../../lib/core/secret.ts'
import { folderOf, generated } from '../../lib/edge/generate.ts'
import { inventoriesBeside } from '../../lib/edge/inventories-beside.ts'
import { loadInventory } from '../../lib/edge/inventory.ts'
import { sealVault, VaultKey } from '../../lib/edge/vault.ts'
import { inlineValue } from '../../lib/edge/vault-inline.ts'
import { tokenSecretProblem } from '../../lib/nacos/settings.ts'
import { parseVersion } from '../../lib/nacos/version.ts'
import { nacosNode } from '../../roles/nacos-node.ts'
import { answering } from '../edge/askers.ts'
import { failure } from '../edge/channels.ts'
import { assert, suite } from '../kit.ts'

const test = suite('plinth vault generate')
const root = join(import.meta.dirname, '..', '..')
const plinth = join(root, 'lib/entry/command.js')
const folder = mkdtempSync(join(tmpdir(), 'plinth-generate-'))
test.after(() => rmSync(folder, { recursive: true }))
const slow = { timeout: 60 }
const key = new VaultKey('pw')

const files: Readonly<Record<string, string>> = {
  'package.json': '{ "type": "module" }\n',
  pw: 'pw\n',
  // A role of somebody's own, which says how its secrets are made.
  'own.ts': `import { file, main, optional, params, play, role, secret, text } from 'plinth'

const app = role({
  params: params({
    name: text(),
    key: secret({ generate: { form: 'hex', bytes: 32 } }),
    chosen: optional(secret()),
    mail: optional(params({ password: secret({ generate: { form: 'password', length: 20 } }) })),
  }),
  resources: ({ name }) => [file('/etc/app', { content: name })],
})
const site = params({ app: app.params })
await main((fleet) => [play('app', fleet.group('apps', site), ({ params }, facts) => app.resources(params.app, facts))])
`,
  'inventory/own.yaml': `all:
  children:
    apps:
      hosts: { a1: , a2: }
      vars: { app: { name: x } }
`,
  'empty.ts': "import { inspect } from 'plinth'\nawait inspect(async () => ({ lines: [], code: 0 }))\n",
  'procedure.ts': "import { perform } from 'plinth'\nawait perform(() => { throw new Error('never') })\n",
  'other.ts':
    "import { main, params, play, secret } from 'plinth'\nconst site = params({ key: secret({ generate: { form: 'hex', bytes: 32 } }) })\nawait main((fleet) => [play('x', fleet.group('others', site), () => [])])\n",
  'bare.ts':
    "import { main, params, play } from 'plinth'\nawait main((fleet) => [play('x', fleet.group('apps', params({})), () => [])])\n",
  'broken.ts': "throw new Error('of its own')\n",
}
for (const [name, text] of Object.entries(files)) {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), text)
}
mkdirSync(join(folder, 'node_modules'))
symlinkSync(root, join(folder, 'node_modules/plinth'))
mkdirSync(join(folder, 'playbooks'))
cpSync(join(root, 'playbooks/site.ts'), join(folder, 'playbooks/site.ts'))
cpSync(join(root, 'inventory/prod.example'), join(folder, 'inventory/prod'), { recursive: true })
const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
const write = (name: string, text: string): void => {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), text)
}
/** A production inventory in which nobody has given a secret yet. */
for (const [name, line] of [
  ['nacos', /^ +(token_secret|identity_\w+|admin_password): .*\n/gm],
  ['all', /^ +password: .*\n/gm],
] as const) {
  const path = `inventory/prod/group_vars/${name}.yaml`
  write(path, read(path).replace(line, ''))
}

function run(...words: readonly string[]) {
  return runWith(join(folder, 'pw'), ...words)
}
function runWith(password: string, ...words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [plinth, 'vault', 'generate', ...words], {
    ...{ cwd: folder, encoding: 'utf8', timeout: 50_000 },
    env: { PATH: process.env.PATH, HOME: folder, ANSIBLE_VAULT_PASSWORD_FILE: password },
  })
  return { code: status, out: stdout, err: stderr }
}

test(
  'the secrets of a production cluster are made once, where its variables are, and a run can read them',
  async () => {
    const [nacos, all] = ['nacos', 'all'].map((name) => `inventory/prod/group_vars/${name}.yaml`) as [string, string]
    const before = [read(nacos), read(all)]
    // What seals nothing asks for no password.
    const looked = runWith('', '-i', 'prod', '--check')
    assert.is(looked.code, 2, looked.err)
    assert.equal([read(nacos), read(all)], before)
    assert.match(
      looked.out,
      /^\+ nacos_auth_token_secret +48 random bytes, Base64 +would be made in inventory\/prod\/group_vars\/nacos\.yaml$/m,
    )
    const { code, out, err } = run('-i', 'prod')
    assert.is(code, 0, err)
    assert.is(err, '')
    assert.is(out.match(/^\+ .* made, in /gm)?.length, 5, out)
    assert.ok(read(nacos).startsWith(before[0]!) && read(all).startsWith(before[1]!), 'what is there stays')
    const options = { vaultKeys: [key], env: {}, complete: false }
    const inventory = await loadInventory([join(folder, 'inventory/prod')], options)
    const [first, ...others] = inventory.hostsIn('nacos').map(({ params: values }) => {
      const text = (name: string): string => {
        const checked = check(params({ [name]: secret() }), values, { alsoKnown: values.entries.keys() })
        assert.ok(checked.ok)
        return checked.value[name]!.reveal()
      }
      return ['token_secret', 'identity_key', 'identity_value', 'admin_password']
        .map((name) => text(`nacos_auth_${name}`))
        .concat(text('database_password'))
    })
    for (const other of others) assert.equal(other, first)
    const [token, header, value, admin, database] = first!
    assert.is(tokenSecretProblem(new Secret(token!), parseVersion('2.5.4')), undefined)
    assert.match(header!, /^[a-z]{16}$/)
    assert.match(value!, /^[0-9a-f]{48}$/)
    assert.is(admin!.length, 24)
    assert.is(database!.length, 32)
    for (const made of first!)
      for (const shown of [out, looked.out, read(nacos), read(all)]) assert.not(shown.includes(made))
    const again = run('-i', 'prod')
    assert.is(again.code, 0)
    assert.is(
      again.out.match(/^= .* kept +given at inventory\/prod\/group_vars\/(nacos|all)\.yaml:\d+:1$/gm)?.length,
      5,
    )
    assert.is(run('-i', 'prod', '--check').code, 0)
  },
  slow,
)

test(
  "a role of one's own says how its secrets are made; the folder of the group is made, its mode the owner's",
  async () => {
    const { code, out, err } = run('-i', 'own', '--playbook', 'own.ts')
    assert.is(code, 0, err)
    const path = 'inventory/group_vars/apps/vault.yml'
    // `chosen` is somebody else's to choose, and nobody has asked for `mail`.
    assert.match(out, /^\+ app_key +32 random bytes, hexadecimal +made, in inventory\/group_vars\/apps\/vault\.yml\n$/)
    assert.match(read(path), /^app_key: !vault \|\n/)
    assert.is(statSync(join(folder, path)).mode & 0o777, 0o600)
    write('inventory/own.yaml', files['inventory/own.yaml']!.replace('name: x', 'name: x, mail: {}'))
    assert.match(
      run('-i', 'own', '--playbook', 'own.ts').out,
      /^= app_key .*\n\+ app_mail_password .*apps\/vault\.yml\n$/,
    )
  },
  slow,
)

test(
  'into a file that is encrypted as a whole they go with its own password',
  () => {
    const path = 'inventory/group_vars/apps/vault.yml'
    write(path, sealVault('# ours\nother: 1', key.as('team')))
    const { code, err } = run('-i', 'own', '--playbook', 'own.ts')
    assert.is(code, 0, err)
    assert.match(read(path), /^\$ANSIBLE_VAULT;1\.2;AES256;team\n/)
    const view = spawnSync(process.execPath, [plinth, 'vault', 'view', path, '--vault-password-file', 'pw'], {
      cwd: folder,
      encoding: 'utf8',
    })
    assert.match(view.stdout, /^# ours\nother: 1\napp_key: "[0-9a-f]{64}"\napp_mail_password: "[\w-]{20}"\n$/)
  },
  slow,
)

test(
  'what can not be done is one line, and nothing is written',
  () => {
    const path = 'inventory/group_vars/apps/vault.yml'
    const cases: readonly (readonly [content: string, words: readonly string[], says: RegExp])[] = [
      ['{ a: 1 }\n', [], /vault\.yml: nothing can be added at its end \(app_key, app_mail_password\);/],
      ['- a\n', [], /vault\.yml:1:1: expected variables, found a list/],
      ['', ['--group', 'app'], /--group app: no secret belongs there; did you mean "apps"/],
      ['', ['--playbook', 'absent.ts'], /absent\.ts: there is no such playbook/],
      ['', ['--playbook', 'empty.ts'], /empty\.ts: it declares no group of hosts;/],
      ['', ['--playbook', 'procedure.ts'], /^procedure\.ts: it declares no group of hosts;/],
      [
        '',
        ['--playbook', 'other.ts'],
        /plinth vault generate: the inventory has none of the groups of other\.ts \(others\); name another inventory with -i/,
      ],
      ['', ['--playbook', 'bare.ts'], /no schema of the playbook says how a secret is made; see docs\/secrets\.md/],
      ['', ['--playbook', 'broken.ts'], /broken\.ts: it can't be loaded: of its own;/],
      ['', ['-i', 'h1,h2'], /hosts by name have no variables on disk|no host in it/],
      ['', ['x'], /"x" is not expected here/],
      ['', ['--vault-id', 'b@pw'], /--encrypt-vault-id: which of the 2 passwords/],
    ]
    for (const [content, words, says] of cases) {
      write(path, content)
      const own = ['-i', 'own', '--playbook', 'own.ts']
      const { code, out, err } = run(...(words[0] === '-i' ? own.slice(2) : own), ...words)
      assert.is(code, 4, err)
      assert.match(err, says)
      assert.is(out, '')
      assert.is(read(path), content)
    }
    // The folder's variables are those of the other inventory too.
    write(path, '')
    write('inventory/stage.yaml', files['inventory/own.yaml']!)
    const shared = run('-i', 'own', '--playbook', 'own.ts')
    assert.equal([shared.code, read(path)], [4, ''])
    assert.match(
      shared.err,
      /^inventory\/own\.yaml: stage\.yaml beside it reads inventory\/group_vars too, and would get its secrets; move it to inventory\/own\/own\.yaml, with its variables\n$/,
    )
    rmSync(join(folder, 'inventory/stage.yaml'))
    write('pw', 'another\n')
    write(path, inlineValue(sealVault('x', key), 'app_key'))
    assert.match(run('-i', 'own', '--playbook', 'own.ts').err, /vault\.yml:1:\d+: the vault password is wrong/)
    write('pw', 'pw\n')
    assert.throws(() => folderOf('/dev/null/a/b'), /^\/dev\/null\/a: it can't be made \(ENOTDIR\);/)
    write(path, '')
    write('inventory/host_vars/a1.yaml', 'app_key: given\n')
    const { code, err } = run('-i', 'own', '--playbook', 'own.ts')
    assert.is(code, 4)
    assert.match(err, /a1\.yaml:1:1: app\.key is given for a1, and not for a2; give all the same/)
  },
  slow,
)

/** What may lie beside an inventory, whether it is one, and null where only running it would tell. */
const beside: readonly [name: string, text: string, is: boolean | null][] = [
  ['groups.yaml', 'web:\n  hosts: { w1: }\n', true],
  ['flow.yml', 'all: { children: { web: { hosts: { w1: } } } }\n', true],
  ['tagged.yaml', 'all:\n  hosts:\n    w1: { a: !env NOT_THERE, b: !command [false] }\n', true],
  ['broken.yaml', 'all:\n  hosts:\n    w1: [\n', true],
  ['sealed.yml', sealVault('all:\n', key), true],
  ['hosts.json', '{"web":{"hosts":{"w1":null}}}', true],
  ['hosts', 'w1 ansible_host=10.0.0.1\n', true],
  ['prod.example', '[web]\nw1\n', true],
  ['servers.ini', '[web]\nw1\n', true],
  ['dynamic.py', '#!/usr/bin/python3\n', null],
  ['cmdb', '#!/bin/sh\nexec cmdb-list "$@"\n', null],
  ['module.ts', 'export default { web: { hosts: ["w1"] } }\n', null],
  ['settings.json', '{"hosts":["w1"]}', false],
  ['play.yml', '- hosts: web\n  tasks: []\n', false],
  ['vars.yaml', 'a: 1\n', false],
  ['other.ts', 'export default 1\n', false],
  ['LICENSE', 'Do what you want\n', false],
  ['notes.md', '[web]\n', false],
  ['team-client.sh', '#!/bin/sh\necho pw\n', false],
  ['given', '#!/bin/sh\necho pw\n', false],
]
test('what lies beside an inventory: every kind is known, and no program is run to find out', () => {
  const names = beside.map(([name]) => name).sort()
  for (const [name, text] of beside) {
    write(`beside/${name}`, text)
    if (/^#!/.test(text)) chmodSync(join(folder, 'beside', name), 0o755)
  }
  write('beside/mine.yaml', 'all: { hosts: { m1: } }\n')
  mkdirSync(join(folder, 'beside/group_vars'))
  const found = new Map(
    inventoriesBeside(join(folder, 'beside/mine.yaml'), [join(folder, 'beside/given')]).map(({ name, certain }) => [
      name,
      certain,
    ]),
  )
  assert.equal(
    names.map((name) => [name, found.has(name) ? found.get(name) || null : false]),
    names.map((name) => [name, beside.find(([one]) => one === name)?.[2]]),
  )
})

test(
  'secrets are made for an inventory of JSON and for that of a program, and a program beside it is named',
  () => {
    const text = {
      'json/hosts.json': '{"apps":{"hosts":{"a1":null,"a2":null},"vars":{"app":{"name":"x"}}}}',
      'program/hosts.sh': `#!/bin/sh\necho '{"apps":{"hosts":["a1","a2"],"vars":{"app":{"name":"x"}}},"_meta":{"hostvars":{}}}'\n`,
    }
    for (const [path, content] of Object.entries(text)) {
      write(path, content)
      chmodSync(join(folder, path), path.endsWith('.sh') ? 0o755 : 0o644)
      const { code, out, err } = run('-i', path, '--playbook', 'own.ts')
      assert.is(code, 0, `${path}: ${err}`)
      assert.match(
        out,
        new RegExp(`\\+ app_key +32 random bytes, hexadecimal +made, in ${dirname(path)}/group_vars/apps/vault`),
      )
      rmSync(join(folder, dirname(path), 'group_vars'), { recursive: true })
    }
    write('json/dynamic', '#!/bin/sh\nexit 1\n')
    chmodSync(join(folder, 'json/dynamic'), 0o755)
    const { code, err } = run('-i', 'json/hosts.json', '--playbook', 'own.ts')
    assert.is(code, 4)
    assert.is(
      err,
      'json/hosts.json: dynamic beside it may be an inventory (nothing is run to find out), which would read json/group_vars too, and get its secrets; move it to json/hosts/hosts.json, with its variables, or dynamic to another folder\n',
    )
    const known = runWith(join(folder, 'json/dynamic'), '-i', 'json/hosts.json', '--playbook', 'own.ts')
    assert.match(known.err, /dynamic/)
    assert.not.match(known.err, /may be an inventory/)
  },
  slow,
)

test('a password seals nothing before it has opened a value of the inventory, or was typed twice', async () => {
  const load = async (value: string, ...keys: VaultKey[]) => {
    write('inventory/sealing/h.yaml', `all:\n  hosts: { h1: }\n  vars:\n    ${value.replaceAll('\n', '\n    ')}\n`)
    return (await loadInventory([join(folder, 'inventory/sealing')], { vaultKeys: keys, env: {}, complete: false }))
      .hosts
  }
  const typed = (password: string): VaultKey => new VaultKey(password, 'default', true)
  const one = inlineValue(sealVault('x', key), 'a')
  const [right, slip, first] = [typed('pw'), typed('wp'), typed('pw')]
  const asker = answering('pw')
  await proven(right, await load(one, right), asker)
  assert.equal(asker.questions, [])
  const wrong = await failure(proven(slip, await load(one, slip), asker))
  assert.match(wrong.message, /h\.yaml:4:\d+: the vault password is wrong/)
  await proven(first, await load('a: 1', first), asker)
  assert.equal(asker.questions, ['Confirm new vault password: '])
  const other = await failure(proven(typed('pw'), await load('a: 1'), answering('wp')))
  assert.match(other.message, /the two passwords differ; type it again/)
  // What a file gives is not mistyped.
  await proven(new VaultKey('file'), await load('a: 1'), answering())
  rmSync(join(folder, 'inventory/sealing'), { recursive: true })
})

test('a recipe makes what it says, another one each time, and a weak one is refused', () => {
  const many = Array.from({ length: 200 }, () => generated({ form: 'password', length: 24 }).reveal())
  assert.is(new Set(many).size, 200)
  for (const made of many) {
    assert.match(made, /^[A-Za-z][\w-]{23}$/)
    for (const some of [/[a-z]/, /[A-Z]/, /\d/, /[-_]/]) assert.match(made, some)
  }
  assert.is(Buffer.from(generated({ form: 'base64', bytes: 48 }).reveal(), 'base64').length, 48)
  for (const weak of [
    { form: 'hex', bytes: 8 },
    { form: 'password', length: 12 },
    { form: 'letters', length: 6 },
  ] as const)
    assert.throws(() => recipeMetadata(weak), /is weak/)
  assert.ok(nacosNode.entries)
})

test.run()
