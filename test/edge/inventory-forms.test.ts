/** INI files, programs and modules: what is wrong with them, and what only they can do. (What they come to: as Ansible.) */
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PlinthError } from '../../lib/core/error.ts'
import type { Inventory } from '../../lib/core/inventory.ts'
import { placeText } from '../../lib/core/located.ts'
import { check, params, secret } from '../../lib/core/schema.ts'
import { type InventoryOptions, loadInventory } from '../../lib/edge/inventory.ts'
import { runInventoryModule, runInventoryScript } from '../../lib/edge/inventory-script.ts'
import { sealVault, VaultKey } from '../../lib/edge/vault.ts'
import { assert, suite } from '../kit.ts'
import { type Case, cleanUp, folder, testCases } from './broken.ts'

const test = suite('forms of inventories')
cleanUp(test)

const ini = (text: string, where: string, what: string, remedy: string): Case => ({
  in: { 'hosts.ini': text },
  source: 'hosts.ini',
  where,
  what,
  remedy,
})
const file = (name: string, text: string, where: string, what: string, remedy: string): Case => ({
  in: { [name]: text },
  source: `./${name}`,
  where,
  what,
  remedy,
})

const cases: Readonly<Record<string, Case>> = {
  'an empty INI file': ini('# nothing\n\n', 'hosts.ini:1:1', 'an empty inventory', 'the name of a host'),
  'a word that is no pair': ini('db1 x=1 hunter2\n', 'hosts.ini:1:9', 'a word that is not key=value', 'in quotes'),
  'an open quote': ini('a\ndb1 x="hunter2\n', 'hosts.ini:2:1', 'a quote that does not end', 'end it'),
  'YAML in it': ini('---\n', 'hosts.ini:1:1', 'this looks like YAML', '.yaml'),
  'a section of no known kind': ini('a\n[web:var]\nx=1\n', 'hosts.ini:2:1', '[web:var] is of no known kind', '"vars"'),
  'a section with a space': ini(
    'a\n[web group]\nb\n',
    'hosts.ini:2:1',
    '"[web group]" is no section',
    'without spaces',
  ),
  'vars of a group that is not there': ini(
    '[web]\na\n[wbe:vars]\nx=1\n',
    'hosts.ini:3:1',
    'there is no group "wbe"',
    'did you mean "web"',
  ),
  'a child that is not there': ini(
    '[top:children]\nwbe\n[web]\na\n',
    'hosts.ini:2:1',
    'group "wbe" in the children of "top" is not defined',
    'did you mean "web"',
  ),
  'a child with a variable': ini(
    '[web]\na\n[top:children]\nweb x=1\n',
    'hosts.ini:4:1',
    '"web x=1" is no group',
    'one name on a line',
  ),
  'a variable without a value': ini('[web]\na\n[web:vars]\n  x\n', 'hosts.ini:4:3', 'not key=value', 'write key=value'),
  'a loop in INI': ini(
    '[a:children]\nb\n[b:children]\na\n[c]\nh\n',
    'hosts.ini:4:1',
    'group "a" would contain itself',
    'remove it',
  ),
  'Jinja in INI': ini('db1 x="{{ y }}"\n', 'hosts.ini:1:7', 'a Jinja expression', 'write the value itself'),
  'a host with a slash': ini('../etc/passwd\n', 'hosts.ini:1:1', 'cannot be the name of a host', 'letters'),
  'a range without a meaning': ini('web[3:1]\n', 'hosts.ini:1:1', 'ends before it begins', 'web[01:20]'),
  'a port that is none in INI': ini(
    'db1 ansible_port=ssh\n',
    'hosts.ini:1:18',
    'ansible_port: expected a port',
    'write a port',
  ),
  'a slip in a connection variable': ini(
    'db1 ansible_hots=10.0.0.5\n',
    'hosts.ini:1:5',
    'ansible_hots: unknown key',
    'did you mean "ansible_host"?',
  ),
  'all as a child of a group': ini('h\n[x:children]\nall\n', 'hosts.ini:3:1', '"all" can\'t be a child', 'remove it'),
  'a line without end': ini(
    `a\nb x=${'hunter2'.repeat(10_000)}\n`,
    'hosts.ini:2:1',
    'a line of more than 65536 characters',
    'the right file',
  ),
  'a name without end': ini(`${'a'.repeat(2000)}\n`, 'hosts.ini:1:1', 'a name of more than 1000 characters', 'a host'),
  TOML: file('hosts.toml', '[web]\n', 'hosts.toml', 'TOML is not read', '.yaml'),
  'a program that may not be run': file(
    'inv.py',
    '#!/usr/bin/env python3\n',
    'inv.py',
    'may not be executed',
    'chmod +x inv.py',
  ),
  'a module without a default export': file(
    'inv.ts',
    'export const x = 1\n',
    'inv.ts',
    'no default export',
    'export default',
  ),
  'a module that throws': file(
    'inv.ts',
    'export default () => {\n  throw new Error("no token")\n}\n',
    'inv.ts:2:',
    'the module threw: no token',
    'correct it',
  ),
  'a module that is broken': file(
    'inv.ts',
    'export default = 5\n',
    'inv.ts:1:15',
    'the module threw: ERROR: Unexpected',
    'correct it',
  ),
  'a module that gives a list': file(
    'inv.ts',
    'export default []\n',
    'inv.ts',
    'expected groups, found a list',
    'hosts',
  ),
  'a module with a function inside': file(
    'inv.ts',
    'export default { web: { hosts: ["a"], vars: { x: () => 1 } } }\n',
    'inv.ts → web.vars.x',
    'no inventory can hold',
    'a Secret',
  ),
  'a module with a wrong port': file(
    'inv.ts',
    'export default { web: { hosts: ["a"], vars: { ansible_port: "x" } } }\n',
    'inv.ts → web.vars.ansible_port',
    'ansible_port: expected a port',
    'write a port',
  ),
  'a module with Jinja': file(
    'inv.ts',
    'export default { web: { hosts: ["a"], vars: { x: "{{ y }}" } } }\n',
    'inv.ts → web.vars.x',
    'a Jinja expression',
    'the value itself',
  ),
  'a module that contains itself': file(
    'inv.ts',
    'const web: Record<string, unknown> = { hosts: ["a"] }\nweb.vars = { web }\nexport default { web }\n',
    'inv.ts → web.vars.web',
    'contains itself',
    'once',
  ),
}
testCases(test, cases)

/** Reads files in a fresh folder; what begins with #! may be executed. */
async function read(
  files: Readonly<Record<string, string>>,
  sources: readonly string[],
  options: InventoryOptions = {},
): Promise<Inventory> {
  process.chdir(mkdtempSync(join(folder, 'project-')))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(name), { recursive: true })
    writeFileSync(name, content)
    if (content.startsWith('#!')) chmodSync(name, 0o755)
  }
  return loadInventory(sources, { user: 'ops', env: {}, ...options })
}
const thrownBy = async (work: () => Promise<unknown>): Promise<string> => {
  const thrown = await work().then(
    () => new Error('nothing was thrown'),
    (error: unknown) => error,
  )
  assert.instance(thrown, PlinthError, String(thrown))
  assert.is((thrown as PlinthError).code, 4)
  return (thrown as PlinthError).message
}

test('values of INI keep line and column', async () => {
  const { hosts } = await read({ 'h.ini': '[web]\n  a  x=1 y="two words"\n[web:vars]\nz = 3\n' }, ['h.ini'])
  const places = [...hosts[0]!.params.entries].map(([name, { value }]) => [name, placeText(value.at)])
  assert.equal(Object.fromEntries(places), { x: 'h.ini:2:8', y: 'h.ini:2:12', z: 'h.ini:4:3' })
})

test('ssh arguments with spaces and quotes come through an INI file', async () => {
  const line = `a ansible_host=10.0.0.1 ansible_ssh_common_args='-o UserKnownHostsFile="k n" -o ProxyCommand="ssh -W %h:%p b"'\n`
  const { hosts } = await read({ 'x/h.ini': line }, ['x/h.ini'])
  assert.equal(hosts[0]!.connection.sshArguments, [
    ...['-o', `UserKnownHostsFile=${resolve('x/k')} ${resolve('x/n')}`, '-o', 'ProxyCommand=ssh -W %h:%p b'],
  ])
})

test('an encrypted INI file is read, and none of its values is shown', async () => {
  const key = new VaultKey('correct horse')
  const sealed = sealVault('[web]\na ansible_port=hunter2\n', key)
  const message = await thrownBy(() => read({ 'h.ini': sealed }, ['h.ini'], { vaultKeys: [key] }))
  assert.match(message, /h\.ini:2:16: ansible_port: expected a port/)
  assert.not.match(message, /hunter2/)
})

test('a program is asked for its list, and errors name the line of what it printed', async () => {
  const script = `#!/bin/sh\ncat <<'END'\n{"web": {"hosts": ["a"]},\n "_meta": {"hostvars": {"a": {"ansible_port": "ssh"}}}}\nEND\n`
  const message = await thrownBy(() => read({ 'inv/cloud.sh': script }, ['inv']))
  assert.match(message, /^inv\/cloud\.sh --list:2:\d+: ansible_port: expected a port/)
})

test('files that a program names count from its folder', async () => {
  const script = `#!/bin/sh\necho '{"web": {"hosts": ["a"], "vars": {"ansible_ssh_private_key_file": "keys/id"}}, "_meta": {"hostvars": {}}}'\n`
  const { hosts } = await read({ 'inv/cloud.sh': script }, ['inv'])
  assert.is(hosts[0]!.connection.privateKey, resolve('inv/keys/id'))
})

test('a program that fails shows what it said', async () => {
  const script = '#!/bin/sh\necho one >&2\necho "no credentials" >&2\nexit 3\n'
  assert.is(
    await thrownBy(() => read({ 'inv.sh': script }, ['./inv.sh'])),
    'inv.sh --list: the program ended with exit code 3 and said: one | no credentials; run it by hand',
  )
})

test('a program that prints no JSON, or nothing', async () => {
  assert.match(
    await thrownBy(() => read({ 'inv.sh': '#!/bin/sh\necho hello\n' }, ['./inv.sh'])),
    /what it prints is no JSON/,
  )
  assert.match(await thrownBy(() => read({ 'inv.sh': '#!/bin/sh\n' }, ['./inv.sh'])), /expected groups, found nothing/)
})

test('a program without an interpreter', async () => {
  assert.match(
    await thrownBy(() => read({ 'inv.sh': '#!/nowhere/sh\n' }, ['./inv.sh'])),
    /can't be run: there is no \/nowhere\/sh; correct its first line/,
  )
})

test('a program that hangs is ended, with what it started', async () => {
  await read(
    {
      'a.yaml': 'all: { hosts: { a: } }',
      'inv.sh': '#!/bin/sh\nsleep 600 &\necho $! >child\necho waiting >&2\nwait\n',
    },
    ['a.yaml'],
  )
  const message = await thrownBy(() => runInventoryScript('./inv.sh', ['--list'], 'inv.sh', 0.5))
  assert.is(message, 'inv.sh --list: the program took longer than 0.5 s and said: waiting; run it by hand')
  const child = Number(readFileSync('child', 'utf8'))
  // The kernel takes a moment to take it away.
  for (let i = 0; i < 100 && alive(child); i++) await new Promise((done) => setTimeout(done, 20))
  assert.not(alive(child))
})

test('a program that has ended is not waited for, though what it left running holds its streams open', async () => {
  const stray = "setsid sh -c 'echo $$ >stray; exec sleep 20' &\nwhile ! [ -s stray ]; do :; done"
  const group = `{"g": {"hosts": ["a"]}, "${'x'.repeat(200_000)}": {}}`
  await read(
    {
      'a.yaml': 'all: { hosts: { a: } }',
      group,
      'inv.sh': `#!/bin/sh\n${stray}\ncat group\n`,
      'bad.sh': `#!/bin/sh\n${stray}\necho no >&2\nexit 3\n`,
      'late.sh': `#!/bin/sh\n${stray}\nsleep 600\n`,
    },
    ['a.yaml'],
  )
  const strays: number[] = []
  const run = async (name: string, seconds?: number): Promise<string> => {
    rmSync('stray', { force: true })
    try {
      return await runInventoryScript(`./${name}`, ['--list'], name, seconds)
    } finally {
      strays.push(Number(readFileSync('stray', 'utf8')))
    }
  }
  try {
    assert.is(await run('inv.sh'), group)
    assert.match(await thrownBy(() => run('bad.sh')), /the program ended with exit code 3 and said: no;/)
    assert.match(await thrownBy(() => run('late.sh', 0.5)), /the program took longer than 0\.5 s;/)
    assert.ok(strays.every(alive), 'and is left alone')
  } finally {
    for (const stray of strays) process.kill(stray, 'SIGKILL')
  }
})

test(
  'what ends the run ends a program and what it started',
  async () => {
    await read({ 'a.yaml': 'all: { hosts: { a: } }', 'inv.sh': '#!/bin/sh\nsleep 600 &\necho $! >child\nwait\n' }, [
      'a.yaml',
    ])
    const module = new URL('../../lib/edge/inventory-script.ts', import.meta.url)
    const code = `const { runInventoryScript } = await import('${module}'); await runInventoryScript('./inv.sh', ['--list'], 'inv.sh')`
    const loader = import.meta.resolve('tsx')
    for (const signal of ['SIGINT', 'SIGHUP'] as const) {
      rmSync('child', { force: true })
      const run = spawn('node', ['--import', loader, '--input-type=module', '-e', code], { stdio: 'ignore' })
      const ended = new Promise<NodeJS.Signals | null>((resolve) => run.once('exit', (_, by) => resolve(by)))
      try {
        const child = (): number => Number(existsSync('child') ? readFileSync('child', 'utf8') : 0)
        for (let i = 0; i < 500 && child() === 0; i++) await sleep(20)
        run.kill(signal)
        assert.is(await ended, signal)
        for (let i = 0; i < 100 && alive(child()); i++) await sleep(20)
        const left = alive(child())
        if (left) process.kill(child(), 'SIGKILL')
        assert.not(left)
      } finally {
        run.kill('SIGKILL')
      }
    }
  },
  { timeout: 30 },
)

function alive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

test('a module may be a function that takes its time, and gives secrets as such', async () => {
  const module = `
    import { Secret } from '${join(import.meta.dirname, '../../lib/core/secret.ts')}'
    export default async () => ({
      web: { hosts: ['a', 'b'], vars: { token: new Secret('hunter2'), port: 80 }, children: ['canary'] },
      canary: ['c'],
      _meta: { hostvars: { a: { ansible_host: '10.0.0.1' } } },
    })\n`
  const inventory = await read({ 'cloud.ts': module }, ['cloud.ts'])
  assert.equal(
    inventory.hostsIn('web').map(({ name }) => name),
    ['a', 'b', 'c'],
  )
  const [a] = inventory.hosts
  assert.is(a!.connection.address, '10.0.0.1')
  const checked = check(params({ token: secret() }), a!.params, { alsoKnown: ['port'] })
  assert.ok(checked.ok)
  if (checked.ok) assert.is(checked.value.token.reveal(), 'hunter2')
})

test('a module that never ends is given up', async () => {
  await read({ 'a.yaml': 'all: { hosts: { a: } }', 'late.ts': 'export default () => new Promise(() => {})\n' }, [
    'a.yaml',
  ])
  assert.match(
    await thrownBy(() => runInventoryModule('late.ts', 'late.ts', 0.2)),
    /^late\.ts: took longer than 0\.2 s/,
  )
})

test('data is never run, whatever its permissions', async () => {
  const { hosts } = await read({ 'h.yaml': '#!/bin/false\nall: { hosts: { a: } }\n', 'h.ini': '#!/bin/false\nb\n' }, [
    'h.yaml',
    'h.ini',
  ])
  assert.equal(
    hosts.map(({ name }) => name),
    ['a', 'b'],
  )
})

test('what docs/inventory.md shows is read', async () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/inventory.md'), 'utf8')
  const block = (kind: string): string => new RegExp(`\`\`\`${kind}\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? ''
  const names = async (name: string, text: string): Promise<string> =>
    (await read({ [name]: text }, [`./${name}`])).hosts.map(({ name }) => name).join(' ')
  assert.is(await names('h.yaml', block('yaml')), 'nacos1 nacos2 nacos3 nacos4')
  assert.is(await names('h.ini', block('ini')), 'lone nacos1 nacos2 nacos3')
  assert.is(await names('h.sh', `#!/bin/sh\ncat <<'END'\n${block('json')}END\n`), 'nacos1 nacos2')
  const module = block('ts').replace("'plinth'", `'${join(import.meta.dirname, '../../lib/index.ts')}'`)
  assert.is(await names('h.ts', module), 'nacos1 nacos2')
})

test('names of variables that mean something in JavaScript are refused', async () => {
  assert.match(
    await thrownBy(() => read({ 'h.ini': 'a __proto__=1\n' }, ['h.ini'])),
    /h\.ini:1:3: "__proto__" cannot be a key/,
  )
})

test.run()
