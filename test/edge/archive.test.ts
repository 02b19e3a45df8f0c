/** Archives on the controller: verified, looked through once, and refused whole when one entry would do harm. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type Header, pack } from 'tar-stream'
import type { Distribution } from '../../lib/core/distribution.ts'
import { PlinthError, type Problem } from '../../lib/core/error.ts'
import { sha256 } from '../../lib/core/secret.ts'
import { entryProblem, openArchive } from '../../lib/edge/archive.ts'
import { assert, suite } from '../kit.ts'

const test = suite('edge/archive')
const folder = mkdtempSync(join(tmpdir(), 'plinth-archive-'))
const home = process.env.HOME
process.env.HOME = join(folder, 'home')
test.after(() => {
  process.env.HOME = home
  rmSync(folder, { recursive: true })
})

type Entry = readonly [header: Partial<Header> & Pick<Header, 'name'>, text?: string]

async function tarGz(entries: readonly Entry[]): Promise<Buffer> {
  const stream = pack()
  for (const [header, text = ''] of entries) stream.entry(header, text)
  stream.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return gzipSync(Buffer.concat(chunks))
}

const good: readonly Entry[] = [
  [{ name: 'nacos/', type: 'directory' }],
  [{ name: 'nacos/conf/application.properties' }, 'server.port=8848\n# 中文\n'],
  [{ name: 'nacos/conf/mysql-schema.sql' }, 'CREATE TABLE a (id int);'],
  [{ name: 'nacos/conf/large.bin' }, 'x'.repeat(1024 * 1024 + 1)],
  [{ name: 'nacos/target/nacos-server.jar' }, 'jar'],
  [{ name: 'nacos/bin/link', type: 'symlink', linkname: '../conf/application.properties' }],
]

const where = 'hosts.yaml:3:5'
const said: string[] = []
const open = (source: string, digest: string): Promise<Distribution> =>
  openArchive({ source, sha256: digest, where }, (line) => said.push(line))

async function problemsOf(source: string, digest: string): Promise<readonly Problem[]> {
  try {
    await open(source, digest)
  } catch (error) {
    if (!(error instanceof PlinthError)) throw error
    assert.is(error.code, 4)
    for (const problem of error.problems) assert.is(problem.where, where)
    return error.problems
  }
  throw new Error('it should be refused')
}

/** Writes bytes under a name, and gives path and digest. */
function written(name: string, bytes: string | Uint8Array): { readonly path: string; readonly digest: string } {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return { path, digest: sha256(bytes) }
}

test('a good archive: its texts at hand, read once', async () => {
  const bytes = await tarGz(good)
  const { path, digest } = written('good.tar.gz', bytes)
  const expected: Distribution = {
    name: 'good.tar.gz',
    path,
    bytes: bytes.length,
    sha256: digest,
    texts: {
      'conf/application.properties': 'server.port=8848\n# 中文\n',
      'conf/mysql-schema.sql': 'CREATE TABLE a (id int);',
    },
    files: good.slice(1).map(([{ name }]) => name.slice('nacos/'.length)),
  }
  said.length = 0
  assert.equal(await open(path, digest), expected)
  assert.equal(said, ['verify good.tar.gz'])
  assert.equal(await open(path, digest), expected)
  assert.equal(said, ['verify good.tar.gz'], 'remembered')
})

test('a file that was touched is verified again; one that was changed is refused', async () => {
  const { path, digest } = written('touched.tar.gz', await tarGz(good))
  await open(path, digest)
  said.length = 0
  utimesSync(path, 1e9, 1e9)
  await open(path, digest)
  assert.equal(said, ['verify touched.tar.gz'])
  const other = await tarGz(good.slice(0, 2))
  writeFileSync(path, other)
  const [problem] = await problemsOf(path, digest)
  assert.is(problem?.what, `the archive ${path} has the SHA-256 ${sha256(other)}, declared is ${digest}`)
  assert.match(problem?.remedy ?? '', /^get the right file, or declare its digest/)
})

test('the memory of an archive may be spoilt or refuse to be written', async () => {
  const { path, digest } = written('spoilt.tar.gz', await tarGz(good))
  await open(path, digest)
  const index = join(folder, 'home/.cache/plinth/archive-index')
  // Cut, and of an earlier version.
  for (const text of ['{"texts":', '{"texts":{}}']) {
    for (const name of readdirSync(index)) writeFileSync(join(index, name), text)
    assert.ok('conf/mysql-schema.sql' in (await open(path, digest)).texts)
  }
  const before = process.env.HOME
  process.env.HOME = '/dev/null'
  try {
    assert.ok('conf/mysql-schema.sql' in (await open(path, digest)).texts)
  } finally {
    process.env.HOME = before
  }
})

test('what can not be read', async () => {
  mkdirSync(join(folder, 'a folder'))
  const { digest } = written('x', 'x')
  const says = async (name: string): Promise<string> => (await problemsOf(join(folder, name), digest))[0]!.what
  assert.match(await says('nowhere.tar.gz'), /nowhere\.tar\.gz can't be read \(ENOENT\)$/)
  assert.match(await says('a folder'), /can't be read \(it is no file\)$/)
  if (process.getuid?.() !== 0) {
    chmodSync(join(folder, 'x'), 0)
    assert.match(await says('x'), /can't be read \(EACCES\)$/)
  }
})

test('what is no tar.gz', async () => {
  const whole = await tarGz(good)
  const cases = {
    'text.tar.gz': 'hello',
    'empty.tar.gz': '',
    'zip.tar.gz': 'PK\x03\x04',
    'gzip of text.tar.gz': gzipSync('x'.repeat(2000)),
    'cut.tar.gz': whole.subarray(0, whole.length / 2),
  }
  for (const [name, bytes] of Object.entries(cases)) {
    const { path, digest } = written(name, bytes)
    const [problem] = await problemsOf(path, digest)
    assert.match(problem?.what ?? '', new RegExp(`^the archive ${path} is not a readable tar.gz \\(`), name)
  }
})

const harmful: Readonly<Record<string, readonly [entries: readonly Entry[], says: string]>> = {
  'a path up': [
    [[{ name: 'nacos/../../etc/cron.d/x' }, 'x']],
    'holds nacos/../../etc/cron.d/x, a path that leaves its folder',
  ],
  'an absolute path': [[[{ name: '/etc/passwd' }, 'x']], 'holds /etc/passwd, a path that leaves its folder'],
  'an absolute link': [
    [[{ name: 'nacos/l', type: 'symlink', linkname: '/etc/passwd' }]],
    'a link to /etc/passwd, outside of the archive',
  ],
  'a link up': [[[{ name: 'nacos/l', type: 'symlink', linkname: '../x' }]], 'a link to ../x, outside of the archive'],
  'a hard link out': [
    [[{ name: 'nacos/l', type: 'link', linkname: '../etc/passwd' }]],
    'a link to ../etc/passwd, outside',
  ],
  'a link that goes down and up': [
    [
      [{ name: 'nacos/a/up', type: 'symlink', linkname: '..' }],
      [{ name: 'nacos/a/l', type: 'symlink', linkname: 'up/../x' }],
    ],
    'a link to up/../x, which goes down and up again',
  ],
  'a file through a link': [
    [[{ name: 'nacos/a/b/up', type: 'symlink', linkname: '../..' }], [{ name: 'nacos/a/./b//up/x' }, 'x']],
    'a path that leads through a link',
  ],
  'a device': [
    [[{ name: 'nacos/tty', type: 'character-device', devmajor: 5, devminor: 0 }]],
    'holds nacos/tty, a character-device',
  ],
  'a pipe': [[[{ name: 'nacos/pipe', type: 'fifo' }]], 'holds nacos/pipe, a fifo'],
  'two folders': [
    [
      [{ name: 'nacos/a' }, 'x'],
      [{ name: 'other/b' }, 'x'],
    ],
    'holds other/b, which is not in one folder with the rest',
  ],
  'no folder': [[[{ name: './nacos/a' }, 'x']], 'holds ./nacos/a, which is not in one folder with the rest'],
}

for (const [name, [entries, says]] of Object.entries(harmful)) {
  test(`refused: ${name}`, async () => {
    const { path, digest } = written(
      `${name}.tar.gz`,
      await tarGz([...good.slice(0, 1), ...entries].slice(name === 'no folder' ? 1 : 0)),
    )
    const problems = await problemsOf(path, digest)
    assert.is(problems.length, 1, JSON.stringify(problems))
    assert.ok(problems[0]!.what.includes(says), problems[0]!.what)
    assert.is(problems[0]!.remedy, 'do not use this archive')
    assert.is((await problemsOf(path, digest)).length, 1, 'and again: a refusal is not remembered as a good one')
  })
}

test('of many harmful entries the first five are named', async () => {
  const entries = Array.from({ length: 9 }, (_, index): Entry => [{ name: `nacos/../${index}` }, 'x'])
  const { path, digest } = written('many.tar.gz', await tarGz(entries))
  assert.is((await problemsOf(path, digest)).length, 5)
})

test('links that stay inside are fine', () => {
  for (const target of ['../conf/x', 'x', './x', '../../nacos2/x', 'a/b/c'])
    assert.is(entryProblem('nacos/2/bin/l', 'symlink', target), undefined, target)
  assert.is(entryProblem('nacos/bin/l', 'link', 'nacos/bin/java'), undefined)
  assert.is(entryProblem('nacos/bin/l', 'symlink', '../../../etc'), 'a link to ../../../etc, outside of the archive')
})

/** A server for one test; the requests it saw. */
async function served(answer: RequestListener, work: (url: string, seen: string[]) => Promise<void>): Promise<void> {
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(request.url ?? '')
    answer(request, response)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}/d/nacos.tar.gz?x=1`, seen)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const downloads = (digest: string): readonly string[] => {
  try {
    return readdirSync(join(folder, 'home/.cache/plinth/downloads', digest))
  } catch {
    return []
  }
}

test('from a URL: fetched once', async () => {
  const bytes = await tarGz(good)
  const digest = sha256(bytes)
  await served(
    (_request, response) => response.end(bytes),
    async (url, seen) => {
      const first = await open(url, digest)
      assert.is(first.name, 'nacos.tar.gz')
      assert.equal(readFileSync(first.path), bytes)
      assert.equal(await open(url, digest), first)
      assert.equal(seen, ['/d/nacos.tar.gz?x=1'])
      assert.equal(downloads(digest), ['nacos.tar.gz'])
    },
  )
})

test('from a URL: a download that was damaged since is removed, and fetched anew by the next run', async () => {
  const bytes = await tarGz(good.slice(0, 2))
  const digest = sha256(bytes)
  await served(
    (_request, response) => response.end(bytes),
    async (url, seen) => {
      await open(url, digest)
      const kept = join(folder, 'home/.cache/plinth/downloads', digest, 'nacos.tar.gz')
      truncateSync(kept, 100)
      const [problem] = await problemsOf(url, digest)
      assert.is(problem?.what, `the download that was kept as ${kept} is damaged, and was removed`)
      await open(url, digest)
      assert.is(seen.length, 2)
    },
  )
})

test('from a URL: what goes wrong is said, and nothing of it is kept', async () => {
  const bytes = await tarGz(good.slice(0, 3))
  const digest = sha256(bytes)
  const cases: Readonly<Record<string, readonly [RequestListener, RegExp]>> = {
    'not there': [(_, response) => response.writeHead(404).end('no'), /can't be fetched \(HTTP 404\)$/],
    'a page instead': [(_, response) => response.end('<html>log in</html>'), /has the SHA-256 \w+, declared is/],
    'cut short': [
      (_, response) => {
        response.writeHead(200, { 'content-length': bytes.length })
        response.write(bytes.subarray(0, 100))
        setImmediate(() => response.destroy())
      },
      /can't be fetched \(/,
    ],
    'cut short without a word': [(_, response) => response.end(bytes.subarray(0, 100)), /has the SHA-256/],
  }
  for (const [name, [answer, message]] of Object.entries(cases)) {
    await served(answer, async (url) => {
      const [problem] = await problemsOf(url, digest)
      assert.match(problem?.what ?? '', message, name)
      assert.ok(problem?.what.includes(url), name)
      assert.equal(downloads(digest), [], name)
    })
  }
  await served(
    (_request, response) => response.end(bytes),
    async (url) => {
      await open(url, digest)
    },
  )
})

test('from a URL where nobody listens', async () => {
  let url = ''
  await served(
    () => {},
    async (own) => {
      url = own
    },
  )
  const [problem] = await problemsOf(url, 'f'.repeat(64))
  assert.match(problem?.what ?? '', /can't be fetched \(ECONNREFUSED\)$/)
})

test.run()
