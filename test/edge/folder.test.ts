/** Folders of the controller, also where none can be made: nothing waits for ever there. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { makeFolder } from '../../lib/edge/folder.ts'
import { writeNew } from '../../lib/edge/project.ts'
import { assert, suite } from '../kit.ts'

const test = suite('edge/folder')
const root = new URL('../..', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'plinth-folder-'))
test.after(() => rmSync(folder, { recursive: true }))

test('folders that are missing are made, and told, the outermost first', () => {
  assert.equal(
    makeFolder(join(folder, 'a/b/c'), 0o700),
    ['a', 'a/b', 'a/b/c'].map((name) => join(folder, name)),
  )
  assert.is(statSync(join(folder, 'a/b')).mode & 0o777, 0o700)
  assert.equal(makeFolder(join(folder, 'a/b/c')), [])
  assert.equal(makeFolder(join(folder, 'a/d')), [join(folder, 'a/d')])
  writeFileSync(join(folder, 'file'), '')
  for (const path of ['file', 'file/x']) assert.throws(() => makeFolder(join(folder, path)), /EEXIST|ENOTDIR/)
})

test('new files that can not all be written leave no folder', () => {
  const paths = [join(folder, 'new/deep/er/x'), join(folder, 'file/y')]
  assert.throws(() => writeNew(new Map(paths.map((path) => [path, '']))), /file\/y: can't be written \(E[A-Z]+\)/)
  assert.not(existsSync(join(folder, 'new')))
})

/** What is kept below a home that can't have a folder, and what is said of it. */
const kept: Readonly<Record<string, readonly [call: string, says: RegExp]>> = {
  facts: ["cacheFacts('root@h1:22', {})", /^undefined$/],
  tags: ["rememberTags('site.ts', ['java'])", /^undefined$/],
  'what is in an archive': [
    `openArchive({ source: '${join(folder, 'x.tgz')}', sha256: '${'0'.repeat(64)}', where: 'w' }, () => {})`,
    /^w: the archive .* has the SHA-256/,
  ],
  'an archive': [
    `openArchive({ source: 'http://127.0.0.1:1/x.tgz', sha256: '${'0'.repeat(64)}', where: 'w' }, () => {})`,
    /^w: http:\/\/127\.0\.0\.1:1\/x\.tgz can't be kept: \/proc\/plinth\/\S+ can't be made \(ENOENT\); see to the rights/,
  ],
  'a new project': ["writeNew(new Map([['/proc/plinth/x', '']]))", /^\/proc\/plinth\/x: can't be written \(ENOENT\)/],
  secrets: ["folderOf('/proc/plinth/group_vars/all.yml')", /^\/proc\/plinth\/group_vars: it can't be made \(ENOENT\)/],
  'the key of a new host': [
    "addedKey('/proc/plinth/known_hosts')",
    /^h1: its new host key can't be added to \/proc\/plinth\/known_hosts \(ENOENT\)/,
  ],
}

test(
  'where no folder can be made that is said, or passed over, and the process goes on',
  () => {
    writeFileSync(join(folder, 'x.tgz'), gzipSync(Buffer.alloc(1024)))
    const script = `
    import { cacheFacts } from '${root}lib/edge/facts-cache.ts'
    import { rememberTags } from '${root}lib/edge/known-tags.ts'
    import { openArchive } from '${root}lib/edge/archive.ts'
    import { writeNew } from '${root}lib/edge/project.ts'
    import { folderOf } from '${root}lib/edge/generate.ts'
    import { HostKeys } from '${root}lib/edge/host-keys.ts'
    const addedKey = async (file: string) => {
      const trust = { alias: null, acceptNew: { file, hashed: false }, rsaBits: 1024, revoked: null, files: [file], pins: [] }
      const { problemWith } = await new HostKeys().of('h1', { address: '10.0.0.1', port: 22, trust } as never)
      throw problemWith(Buffer.from('AAAAC3NzaC1lZDI1NTE5AAAAIFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhY', 'base64'))
    }
    const calls: (() => unknown)[] = [${Object.values(kept).map(([call]) => `() => ${call}`)}]
    const said: string[] = []
    for (const call of calls) said.push(await Promise.resolve().then(call).then(String, ({ message }) => message))
    console.log(JSON.stringify(said))
  `
    writeFileSync(join(folder, 'all.mts'), script)
    const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', join(folder, 'all.mts')], {
      cwd: root,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: '/proc/plinth' },
      timeout: 40_000,
      killSignal: 'SIGKILL',
    })
    assert.ok(stdout, `it did not end: ${stderr}`)
    const said = JSON.parse(stdout) as readonly string[]
    for (const [index, [name, [, says]]] of Object.entries(kept).entries()) assert.match(said[index] ?? '', says, name)
  },
  { timeout: 50 },
)

test.run()
