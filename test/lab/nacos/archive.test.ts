import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { assert, suite } from '../../kit.ts'
import { labArchive } from './archive.ts'
import { filled, logback, versions } from './contents.ts'

const test = suite('lab nacos archive')
const version = '2.2.4'
const minutes = 60
const builds = { timeout: 15 * minutes }

const tar = (...args: string[]): string => execFileSync('tar', args, { encoding: 'utf8', maxBuffer: 1 << 26 })

test(
  'is laid out like the official archive',
  async () => {
    const { path } = await labArchive(version, () => {})
    assert.is(path.split('/').at(-1), 'nacos-server-2.2.4-lab.tar.gz')
    assert.equal(tar('-tzf', path).trim().split('\n'), [
      'nacos/',
      'nacos/README.md',
      'nacos/bin/',
      'nacos/bin/startup.sh',
      'nacos/conf/',
      'nacos/conf/application.properties',
      'nacos/conf/cluster.conf.example',
      'nacos/conf/derby-schema.sql',
      'nacos/conf/mysql-schema.sql',
      'nacos/conf/nacos-logback.xml',
      'nacos/plugins/',
      'nacos/target/',
      'nacos/target/nacos-server.jar',
    ])
  },
  builds,
)

test(
  'holds plain files and folders of root only, with plain modes',
  async () => {
    const { path } = await labArchive(version, () => {})
    for (const line of tar('--numeric-owner', '-tvzf', path).trim().split('\n')) {
      assert.match(line, /^(drwxr-xr-x|-rw-r--r--|-rwxr-xr-x) 0\/0 /)
    }
  },
  builds,
)

test(
  'says what it is and is set up for no database',
  async () => {
    const { path } = await labArchive(version, () => {})
    assert.match(tar('-xzOf', path, 'nacos/README.md'), /lab distribution/)
    const active = tar('-xzOf', path, 'nacos/conf/application.properties')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    assert.equal(
      active.filter((line) => /^(db\.(num|url|user|password)|spring\.(sql|datasource))/.test(line)),
      [],
    )
    assert.ok(active.includes('server.port=8848'))
    assert.ok(active.includes('nacos.core.auth.plugin.nacos.token.secret.key='))
  },
  builds,
)

test(
  'brings the schema with the twelve tables',
  async () => {
    const { path } = await labArchive(version, () => {})
    const tables = tar('-xzOf', path, 'nacos/conf/mysql-schema.sql').match(/CREATE TABLE `?\w+/g)
    assert.is(tables?.length, 12)
  },
  builds,
)

test(
  'has its sha256 beside it, 64 digits and a line break',
  async () => {
    const { path, sha256, bytes } = await labArchive(version, () => {})
    assert.is(readFileSync(`${path}.sha256`, 'utf8'), `${sha256}\n`)
    assert.is(createHash('sha256').update(readFileSync(path)).digest('hex'), sha256)
    assert.is(statSync(path).size, bytes)
  },
  builds,
)

test(
  'is built once',
  async () => {
    const first = await labArchive(version, () => {})
    const before = statSync(first.path)
    const said: string[] = []
    const second = await labArchive(version, (line) => said.push(line))
    assert.equal(second, first)
    assert.equal(said, [])
    assert.is(statSync(first.path).ino, before.ino)
  },
  builds,
)

test('names the keys of its version', () => {
  const cases = {
    '2.0.3': '# spring.datasource.platform=mysql nacos.core.auth.default.token.secret.key=',
    '2.1.1': '# spring.datasource.platform=mysql nacos.core.auth.plugin.nacos.token.secret.key=',
    '2.2.4': '# spring.sql.init.platform=mysql nacos.core.auth.plugin.nacos.token.secret.key=',
  }
  for (const known of versions) assert.is(filled(known, '{{platform}} {{secret}}'), cases[known])
  assert.throws(() => filled('2.2.4', '{{nonsense}}'), /nonsense/)
})

test('caps every log file and shows the success line on standard output', () => {
  const xml = logback()
  const count = (text: string): number => xml.split(text).length - 1
  assert.is(count('<file>'), count('<totalSizeCap>'))
  assert.ok(count('<file>') > 20)
  assert.match(xml, /StartingApplicationListener" level="INFO"><appender-ref ref="CONSOLE"/)
})

test.run()
