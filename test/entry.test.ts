/** The package's entry points: what they offer, that they are never behind the sources, and what they cost to load. */
import { isAscii } from 'node:buffer'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkout, remove } from './checkout.ts'
import { freePort } from './edge/sshd.ts'
import { assert, suite } from './kit.ts'

const test = suite('entry')
let folder = ''
test.before(() => {
  folder = checkout()
})
test.after(() => remove(folder))

interface Ran {
  readonly code: number | null
  readonly out: string
}

const words = ['--import', 'tsx', 'playbooks/site.ts']
function site(option: string, env: NodeJS.ProcessEnv = {}): Ran {
  const { status, stdout, stderr } = spawnSync('node', [...words, option], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  })
  return { code: status, out: stdout + stderr }
}
const version = (): string => site('--version').out.trim()
const source = (): string => join(folder, 'lib/version.ts')
const says = (word: string): void => writeFileSync(source(), `export const version = '${word}'\n`)

for (const [name, entry, load] of [
  ['lib/index.ts', 'plinth', () => import('../lib/index.ts')],
  ['roles/index.ts', 'plinth/roles', () => import('../roles/index.ts')],
  ['lib/testing.ts', 'plinth/testing', () => import('../lib/testing.ts')],
] as const) {
  test(
    `${entry} has every name of ${name}, and no other`,
    async () => {
      const [offered, exported]: object[] = await Promise.all([import(entry), load()])
      assert.equal(Object.keys(offered!).sort(), Object.keys(exported!).sort())
    },
    { timeout: 60 },
  )
}

test(
  'without a bundle the first run makes it',
  () => {
    says('one')
    assert.is(version(), 'one')
    assert.ok(existsSync(join(folder, 'dist/plinth.cjs')))
    const before = statSync(join(folder, 'dist/plinth.cjs')).mtimeMs
    assert.is(version(), 'one')
    assert.is(statSync(join(folder, 'dist/plinth.cjs')).mtimeMs, before, 'it was made once more, for nothing')
  },
  { timeout: 60 },
)

test(
  'an edit counts in the next run, also one of the same size with the old time',
  () => {
    says('two')
    const { atime, mtime, size } = statSync(source())
    assert.is(version(), 'two')
    says('six')
    utimesSync(source(), atime, mtime)
    assert.is(statSync(source()).size, size)
    assert.is(version(), 'six')
  },
  { timeout: 60 },
)

test(
  'the bundle is read as the text it was written as',
  () => {
    writeFileSync(source(), 'export const version = /版本：»/.source\n')
    assert.is(version(), '版本：»')
    assert.is(version(), '版本：»')
  },
  { timeout: 60 },
)

test(
  'a file more and a file less count too',
  () => {
    says('seven')
    assert.is(version(), 'seven')
    const made = (): string => readFileSync(join(folder, 'dist/plinth.cjs'), 'utf8').split('\n', 1)[0]!
    const first = made()
    writeFileSync(join(folder, 'roles/more.ts'), '')
    version()
    const second = made()
    rmSync(join(folder, 'roles/more.ts'))
    version()
    assert.is.not(first, second)
    assert.is(made(), first)
  },
  { timeout: 60 },
)

test(
  'a source that is broken ends the run, and says where',
  () => {
    writeFileSync(source(), 'export const version = \n')
    const { code, out } = site('--version')
    assert.is.not(code, 0)
    assert.match(out, /lib\/version\.ts:2/)
    says('mended')
    assert.is(version(), 'mended')
  },
  { timeout: 60 },
)

test(
  'where nothing can be written, the sources count all the same',
  () => {
    remove(join(folder, 'dist'))
    writeFileSync(join(folder, 'dist'), '')
    says('unwritten')
    assert.is(version(), 'unwritten')
    says('unwritten too')
    assert.is(version(), 'unwritten too')
    rmSync(join(folder, 'dist'))
  },
  { timeout: 60 },
)

test(
  'runs that start at once after an edit all see it, and leave one bundle',
  async () => {
    version()
    says('at once')
    const runs = Array.from({ length: 4 }, async () => {
      const child = spawn('node', [...words, '--version'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
      let out = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        out += text
      })
      await new Promise((resolve) => child.on('close', resolve))
      return out.trim()
    })
    assert.equal(await Promise.all(runs), ['at once', 'at once', 'at once', 'at once'])
    assert.equal(readdirSync(join(folder, 'dist')).sort(), [
      'LICENSES.txt',
      'plinth.cjs',
      'plinth.cjs.map',
      `${process.version}-${process.arch}.cache`,
    ])
  },
  { timeout: 120 },
)

test('the bundle is ASCII, which is read in a fifth of the time, and has no line that fills a screen', () => {
  const text = readFileSync(join(folder, 'dist/plinth.cjs'))
  assert.ok(isAscii(text))
  // A table of Unicode is one.
  const long = text
    .toString('latin1')
    .split('\n')
    .filter((line) => line.length > 2000)
  assert.ok(long.length <= 1, `${long.length} lines of more than 2000 characters`)
})

test(
  'compiled code that is damaged, or of another bundle, is not run',
  () => {
    says('good')
    version()
    const cache = join(folder, 'dist', `${process.version}-${process.arch}.cache`)
    const good = readFileSync(cache)
    const damaged = Buffer.from(good)
    for (let at = 2000; at < damaged.length; at += 100) damaged[at]! ^= 255
    writeFileSync(cache, damaged)
    assert.is(version(), 'good')
    // Of the same size, which is all that V8 looks at.
    says('fine')
    assert.is(version(), 'fine')
    writeFileSync(cache, good)
    assert.is(version(), 'fine')
  },
  { timeout: 60 },
)

test(
  'compiled code is kept again when a run has used what none before it has',
  () => {
    says('grown')
    version()
    const cache = join(folder, 'dist', `${process.version}-${process.arch}.cache`)
    const using = (...parts: string[]): Buffer => {
      const script = join(folder, 'using.mjs')
      const texts = parts.map((part) => `library.partsUsed.add('${part}')`)
      // Something that is compiled when it is called.
      const call = 'library.plinth.sha256(library.plinth.sh`echo ${process.pid}`.text)'
      writeFileSync(
        script,
        ["import { library } from './lib/entry/library.js'", ...texts, ...(parts.length ? [call] : [])].join('\n'),
      )
      assert.is(spawnSync('node', [script], { cwd: folder }).status, 0)
      rmSync(script)
      return readFileSync(cache)
    }
    const first = readFileSync(cache)
    assert.equal(using(), first)
    const steps = using('steps')
    assert.ok(steps.length > first.length + 100, `${steps.length} bytes after ${first.length}`)
    assert.equal(using('steps'), steps, 'the same again teaches nothing')
    assert.equal(using(), steps)
    const both = using('http', 'steps')
    assert.ok(both.length >= steps.length, 'what it has not called itself stays')
    assert.equal(using('steps', 'http'), both)
    assert.equal(using('http'), both)
    version()
    assert.equal(readFileSync(cache), both)
    // One that begins without any, and ends after a run that has used more.
    rmSync(cache)
    const script = join(folder, 'slow.mjs')
    const run = `execFileSync('node', ['using.mjs'])`
    writeFileSync(
      script,
      `import './lib/entry/library.js'\nimport { execFileSync } from 'node:child_process'\n${run}\n`,
    )
    writeFileSync(
      join(folder, 'using.mjs'),
      `import { library } from './lib/entry/library.js'\nlibrary.partsUsed.add('steps')\n`,
    )
    assert.is(spawnSync('node', [script], { cwd: folder }).status, 0)
    assert.match(readFileSync(cache, 'latin1').slice(-20), /\nsteps$/)
  },
  { timeout: 60 },
)

test(
  'a bug shows a trace through the sources',
  () => {
    const main = join(folder, 'lib/launch.ts')
    const text = readFileSync(main, 'utf8')
    const line = text.split('\n').findIndex((one) => one.includes('parseArguments(process.argv'))
    writeFileSync(main, text.replace('parseArguments(process.argv', 'Object(null).bug(process.argv'))
    const { code, out } = site('--version')
    assert.is(code, 1)
    assert.match(out, /TypeError: .*bug is not a function/)
    assert.match(out, new RegExp(`at ending \\(${folder}/lib/launch\\.ts:${line + 1}:\\d+\\)`))
    assert.match(out, /playbooks\/site\.ts:/)
    assert.not.match(out, /at .*plinth\.cjs:/)
    writeFileSync(main, text)
  },
  { timeout: 60 },
)

test(
  'a run up to the first connection loads seven modules through the loader, and no package but the native ones',
  async () => {
    says('counted')
    version()
    const log = join(folder, 'loads')
    const port = await freePort()
    mkdirSync(join(folder, 'inventory'))
    writeFileSync(
      join(folder, 'inventory/apps.yaml'),
      `all: { vars: { ansible_user: root, ansible_password: x, ansible_ssh_common_args: -o UserKnownHostsFile=${folder}/known }, children: { apps: { hosts: { h1: { ansible_host: 127.0.0.1, ansible_port: ${port} } } } } }\n`,
    )
    writeFileSync(join(folder, 'known'), '')
    writeFileSync(
      join(folder, 'playbooks/apps.ts'),
      `import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { directory, main, params, play } from 'plinth'
import { javaHome } from 'plinth/roles'
const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\\r\\n\\r\\n')).listen(${port})
await main((fleet) => [play('apps', fleet.group('apps', params({})), () => [directory(javaHome(8))])])
server.close()
console.log(Object.keys(createRequire(import.meta.url).cache).filter((path) => !/\\/(tsx|esbuild)\\//.test(path)).join('\\n'))
`,
    )
    const { status, stdout } = spawnSync(
      'node',
      ['--import', join(import.meta.dirname, 'loads.js'), '--import', 'tsx', 'playbooks/apps.ts', '-i', 'apps'],
      { cwd: folder, encoding: 'utf8', env: { ...process.env, LOADS: log, HOME: folder } },
    )
    assert.is(status, 3, 'it gets as far as the connection')
    const loaded = readFileSync(log, 'utf8')
      .split('\n')
      .filter((url) => url.includes(folder))
      .map((url) => url.slice(url.indexOf(folder) + folder.length + 1))
    assert.equal(loaded.sort(), [
      'lib/entry/atomic.js',
      'lib/entry/library.js',
      'lib/entry/plinth.js',
      'lib/entry/roles.js',
      'lib/entry/sources.js',
      'lib/entry/trace.js',
      'playbooks/apps.ts',
    ])
    const required = stdout.split('\n').filter((path) => path.includes('node_modules/'))
    const packages = new Set(required.map((path) => /.*node_modules\/([^/]+)/.exec(path)?.[1]))
    assert.equal(
      [...packages].filter((name) => name !== 'ssh2' && name !== 'cpu-features' && name !== 'buildcheck'),
      [],
    )
    assert.equal(
      required.filter((path) => path.includes('/ssh2/') && !path.endsWith('.node')),
      [],
    )
    const native = 'node_modules/ssh2/lib/protocol/crypto/build/Release/sshcrypto.node'
    const built = existsSync(join(folder, native))
    assert.is(
      required.some((path) => path.endsWith(native)),
      built,
      'ciphers in native code, where npm built it',
    )
  },
  { timeout: 60 },
)

test('readers have the names in the bundle that canned answers know them by', async () => {
  const { readers } = await import('../lib/entry/plinth.js')
  const names = Object.entries(readers).filter(([, reader]) => typeof reader === 'function')
  assert.ok(names.length > 10)
  for (const [name, reader] of names) assert.is((reader as { readonly name: string }).name, name)
})

test.run()
