/** Files that are none, or not what they seem: pipes, devices, links, other encodings, other sizes. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { loadInventory } from '../../../lib/edge/inventory.ts'
import { readPlan } from '../../../lib/edge/plan-file.ts'
import { vaultKeys } from '../../../lib/edge/vault-password.ts'
import { assert, suite } from '../../kit.ts'
import { answering } from '../askers.ts'
import { type Bad, good, hosts, testBad } from './bad.ts'

const test = suite('bad files')

const pipe = (path: string) => (): void => {
  const { status, stderr } = spawnSync('mkfifo', [path], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
}
const link = (to: string, path: string) => (): void => symlinkSync(to, path)
const both =
  (...works: readonly (() => void)[]) =>
  (): void => {
    for (const work of works) work()
  }
const inside = (folder: string, work: () => void) => (): void => {
  mkdirSync(folder, { recursive: true })
  work()
}
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le')
const password = (file: string) => (): unknown =>
  vaultKeys({ ids: [], files: [file], ask: false }, answering(), { env: {} })

const cases: Readonly<Record<string, Bad>> = {
  // Encodings
  'UTF-16 with its mark': { files: { 'lab.yaml': utf16(`\uFEFF${good}`) } },
  'UTF-16, the other byte first': { files: { 'lab.yaml': utf16(`\uFEFF${good}`).swap16() } },
  'UTF-16 without a mark': { files: { 'lab.yaml': utf16(good) } },
  'UTF-32': { files: { 'lab.yaml': Buffer.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0]) } },
  'GBK in a comment': {
    files: { 'lab.yaml': Buffer.concat([Buffer.from(`${good}# `), Buffer.from([0xd6, 0xd0, 0xce, 0xc4])]) },
  },
  'Latin-1 in a value': { files: { 'lab.yaml': Buffer.from(hosts('a: "Zürich"'), 'latin1') } },
  'an overlong slash': { files: { 'lab.yaml': Buffer.concat([Buffer.from('all: # '), Buffer.from([0xc0, 0xaf])]) } },
  'half a character at the end': { files: { 'lab.yaml': Buffer.from(`${good}# 中`).subarray(0, -1) } },
  'NUL in a value': { files: { 'lab.yaml': hosts('a: "b\0c"') } },
  'NUL in an INI file': { files: { 'hosts.ini': 'web1\nweb2 x=\0\n' } },
  'an archive for an inventory': { files: { 'hosts.gz': Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]) } },

  // Sizes
  'fifty megabytes': { files: { 'lab.yaml': good }, prepare: () => truncateSync('lab.yaml', 50_000_000) },
  'fifty megabytes of variables': {
    files: { 'lab.yaml': good, 'group_vars/all.yml': '' },
    prepare: () => truncateSync('group_vars/all.yml', 50_000_000),
  },
  'fifty megabytes for !file': {
    files: { 'lab.yaml': hosts('a: !file big') },
    prepare: () => {
      writeFileSync('big', '')
      truncateSync('big', 50_000_000)
    },
  },
  'nothing in it': { files: { 'lab.yaml': '' } },
  'only a byte order mark': { files: { 'lab.yaml': '\uFEFF' } },
  'only line breaks': { files: { 'lab.yaml': '\r\n\r\n' } },
  'an empty folder': { sources: ['lab'], prepare: () => mkdirSync('lab') },
  'a folder of nothing but notes': { files: { 'lab/README.md': '# hosts' }, sources: ['lab'] },

  // Pipes, devices, sockets
  'a pipe that nobody fills': { sources: ['./pipe'], prepare: pipe('pipe') },
  'a pipe for variables of a group': {
    files: { 'lab.yaml': good },
    prepare: inside('group_vars', pipe('group_vars/all.yml')),
  },
  'a pipe for !file': { files: { 'lab.yaml': hosts('a: !file pipe') }, prepare: pipe('pipe') },
  'a pipe for extra variables': {
    files: { 'lab.yaml': good },
    options: { extraVars: ['@pipe'] },
    prepare: pipe('pipe'),
  },
  'a pipe for a list of hosts': { files: { 'lab.yaml': good }, limit: '@pipe', prepare: pipe('pipe') },
  'a pipe for a vault password': { work: password('pipe'), prepare: pipe('pipe') },
  'a pipe for a plan': { work: () => readPlan('pipe'), prepare: pipe('pipe') },
  'a device without an end': { sources: ['/dev/zero'] },
  'a device without an end for variables': { files: { 'lab.yaml': good }, options: { extraVars: ['@/dev/zero'] } },
  'a device without an end for a plan': { work: () => readPlan('/dev/zero') },
  'nothing at all': { sources: ['/dev/null'] },
  'a socket': {
    sources: ['./socket'],
    prepare: () =>
      new Promise((done) => {
        const server = createServer().listen('socket', done)
        server.unref()
      }),
  },

  // Folders for files, and files for folders
  'a folder for extra variables': { files: { 'lab.yaml': good, 'x/y': '' }, options: { extraVars: ['@x'] } },
  'a folder for a list of hosts': { files: { 'lab.yaml': good, 'x/y': '' }, limit: '@x' },
  'a folder for a vault password': { files: { 'x/y': '' }, work: password('x') },
  'a folder for a plan': { files: { 'x/y': '' }, work: () => readPlan('x') },
  'a file for group_vars': { files: { 'lab.yaml': good, group_vars: 'a: 1\n' } },
  'a file for host_vars': { files: { 'lab.yaml': good, host_vars: 'a: 1\n' } },
  'a file in the middle of a path': { files: { 'lab.yaml': good }, sources: ['lab.yaml/x'] },
  'a file named inventory, and an unknown name': { files: { inventory: 'web1\n' }, sources: ['prod'] },
  'a name without end': { sources: ['a'.repeat(5000)] },
  'a NUL in a path': { files: { 'lab.yaml': hosts('a: !file "x\\0y"') } },

  // Links
  'a link to nothing': { sources: ['lab.yaml'], prepare: link('gone.yaml', 'lab.yaml') },
  'a link to itself': { sources: ['lab.yaml'], prepare: link('lab.yaml', 'lab.yaml') },
  'two links in a circle': { sources: ['a.yaml'], prepare: both(link('b.yaml', 'a.yaml'), link('a.yaml', 'b.yaml')) },
  'a link to nothing in a folder of inventories': {
    files: { 'lab/a.yaml': good },
    sources: ['lab'],
    prepare: link('gone.yaml', 'lab/b.yaml'),
  },
  'a folder that holds itself': { files: { 'lab/a.yaml': good }, sources: ['lab'], prepare: link('.', 'lab/again') },
  'a link to nothing for variables of a group': {
    files: { 'lab.yaml': good },
    prepare: inside('group_vars', link('gone.yml', 'group_vars/all.yml')),
  },
  'a link to nothing for variables of a host': {
    files: { 'lab.yaml': good },
    prepare: inside('host_vars', link('gone.yml', 'host_vars/db1')),
  },
  'a link to nothing in a folder of variables': {
    files: { 'lab.yaml': good, 'group_vars/all/a.yml': 'a: 1\n' },
    prepare: link('gone.yml', 'group_vars/all/b.yml'),
  },
  'variables in a folder that holds itself': {
    files: { 'lab.yaml': good, 'group_vars/all/a.yml': 'a: 1\n' },
    prepare: link('.', 'group_vars/all/again'),
  },
  'group_vars that leads nowhere': { files: { 'lab.yaml': good }, prepare: link('gone', 'group_vars') },
  'a link to nothing for !file': { files: { 'lab.yaml': hosts('a: !file key') }, prepare: link('gone', 'key') },
  'a link to nothing for a vault password': { work: password('p'), prepare: link('gone', 'p') },
}

testBad(test, 'files', cases)

/** Whom root becomes, for root may read everything. */
const nobody = 65534

test('what may not be read is said to be so', async () => {
  const asNobody = async (work: () => Promise<unknown>): Promise<string> => {
    const root = process.geteuid?.() === 0
    if (root) process.seteuid?.(nobody)
    try {
      return await work().then(
        () => 'accepted',
        (thrown: Error) => thrown.message,
      )
    } finally {
      if (root) process.seteuid?.(0)
    }
  }
  mkdirSync('rights/group_vars', { recursive: true })
  mkdirSync('rights/closed')
  writeFileSync('rights/lab.yaml', good)
  writeFileSync('rights/mine.yaml', good)
  writeFileSync('rights/group_vars/all.yml', 'a: 1\n')
  for (const open of ['..', '.', 'rights', 'rights/group_vars']) chmodSync(open, 0o755)
  chmodSync('rights/lab.yaml', 0o644)
  chmodSync('rights/mine.yaml', 0)
  chmodSync('rights/closed', 0)
  const options = { user: 'ops', env: {} }
  const load = (source: string) => (): Promise<unknown> => loadInventory([source], options)
  assert.is(
    await asNobody(load('rights/mine.yaml')),
    'rights/mine.yaml: cannot be read (EACCES); check its permissions',
  )
  assert.is(await asNobody(load('rights/closed')), 'rights/closed: cannot be read (EACCES); check its permissions')
  assert.is(await asNobody(load('rights/closed/x')), 'rights/closed/x: cannot be read (EACCES); check its permissions')
  chmodSync('rights/group_vars', 0)
  const closed = 'rights/group_vars: cannot be read (EACCES); check its permissions'
  assert.is(await asNobody(load('rights/lab.yaml')), closed)
  chmodSync('rights/group_vars', 0o755)
  chmodSync('rights/closed', 0o755)
})

test('of a file that is too large nothing is read', async () => {
  writeFileSync('large.yaml', '')
  truncateSync('large.yaml', 50_000_000)
  const read = (): number => Number(/^rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])
  const before = read()
  await loadInventory(['large.yaml'], { env: {} }).catch(() => {})
  assert.ok(read() - before < 1_000_000, `${read() - before} bytes`)
})

test('of a device without an end no more is read than a file may have', async () => {
  const read = (): number => Number(/^rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])
  const before = read()
  await loadInventory(['/dev/zero'], { env: {} }).catch(() => {})
  assert.ok(read() - before < 6_000_000, `${read() - before} bytes`)
})

test('what a pipe holds is read, be it filled before or later', async () => {
  writeFileSync('lab.yaml', good)
  const shell = (script: string): string => {
    const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8', timeout: 8000 })
    return stdout + stderr
  }
  const url = JSON.stringify(new URL('../../../lib/edge/text-file.ts', import.meta.url).href)
  const code = `import(${url}).then(({ readText }) => console.log(process.argv.slice(1).map((file) => readText(file, file)).join("")))`
  const tsx = new URL('../../../node_modules/tsx/dist/loader.mjs', import.meta.url).href
  assert.is(
    shell(`'${process.execPath}' --import '${tsx}' -e '${code}' <(echo early) <(sleep 1; echo late)`),
    'early\nlate\n\n',
  )
})

test('marks and line ends of other systems are read', async () => {
  for (const text of [`\uFEFF${good}`, good.replaceAll('\n', '\r\n'), `\uFEFF${good.replaceAll('\n', '\r\n')}`]) {
    writeFileSync('other.yaml', text)
    const { hosts } = await loadInventory(['other.yaml'], { env: {} })
    assert.is(hosts.map(({ name }) => name).join(), 'db1')
  }
})

test.run()
