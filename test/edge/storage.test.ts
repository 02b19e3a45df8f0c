/** Sets of files on disk: whole or not there, for nobody else to read, sealed where there is a password. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { StorageError } from '../../lib/core/storage.ts'
import { storage } from '../../lib/edge/storage.ts'
import { VaultKey } from '../../lib/edge/vault.ts'
import { assert, suite } from '../kit.ts'

const test = suite('storage')
const made: string[] = []
const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'plinth-storage-'))
  made.push(path)
  return join(path, 'backups')
}
test.after(() => {
  for (const path of made) rmSync(path, { recursive: true, force: true })
})

const bytes = Buffer.from([0, 255, 10, 13, 128, 0])

async function filled(where: string, keys: readonly VaultKey[] = []): Promise<ReturnType<typeof storage>> {
  const kept = storage(where, keys)
  const draft = await kept.begin('first')
  await draft.write('tables/a.jsonl', '["1","你好"]\n')
  await draft.write('nodes/n1/opt/x.jar', bytes)
  await draft.write('manifest.json', '{}\n', 'open')
  await draft.finish()
  return kept
}

test('a set comes back as it was written, and only its owner may read it', async () => {
  const where = folder()
  const kept = await filled(where)
  assert.equal(await kept.sets(), ['first'])
  assert.equal(await kept.damaged('first'), [])
  assert.is((await kept.read('first', 'tables/a.jsonl')).toString(), '["1","你好"]\n')
  assert.equal(await kept.read('first', 'nodes/n1/opt/x.jar'), bytes)
  const paths = readdirSync(where, { recursive: true, encoding: 'utf8' })
  for (const path of ['', ...paths]) {
    const stat = statSync(join(where, path))
    assert.is((stat.mode & 0o777).toString(8), stat.isDirectory() ? '700' : '600', path)
  }
})

test('sha256sum reads its list of digests', async () => {
  const where = folder()
  await filled(where)
  const ran = spawnSync('sha256sum', ['-c', '--strict', 'SHA256SUMS'], { cwd: join(where, 'first'), encoding: 'utf8' })
  assert.is(ran.status, 0, ran.stderr)
  assert.is(ran.stdout, 'manifest.json: OK\nnodes/n1/opt/x.jar: OK\ntables/a.jsonl: OK\n')
})

test('with a password all but what is open is sealed, and opens with that password only', async () => {
  const where = folder()
  const kept = await filled(where, [new VaultKey('right')])
  assert.is(kept.sealed, true)
  const path = join(where, 'first/tables/a.jsonl')
  assert.match(readFileSync(path, 'utf8'), /^\$ANSIBLE_VAULT;1\.1;AES256\n/)
  assert.is(readFileSync(join(where, 'first/manifest.json'), 'utf8'), '{}\n')
  assert.equal(await kept.read('first', 'nodes/n1/opt/x.jar'), bytes)
  const blind = storage(where, [])
  assert.equal(await blind.damaged('first'), [], 'digests need no password')
  for (const [keys, what] of [
    [[], /encrypted, and no vault password was given/],
    [[new VaultKey('wrong')], /the vault password is wrong/],
  ] as const) {
    await storage(where, keys)
      .read('first', 'tables/a.jsonl')
      .then(
        () => assert.unreachable('it should be refused'),
        (error: Error) => assert.match(error.message, what),
      )
  }
})

test('whatever is damaged is named: changed, lost, added', async () => {
  const where = folder()
  const kept = await filled(where)
  writeFileSync(join(where, 'first/tables/a.jsonl'), '["1","你坏"]\n')
  rmSync(join(where, 'first/manifest.json'))
  writeFileSync(join(where, 'first/nodes/more'), '')
  assert.equal(await kept.damaged('first'), ['manifest.json', 'nodes/more', 'tables/a.jsonl'])
})

test('what was not finished is no set, and the next run clears it away', async () => {
  const where = folder()
  const kept = await filled(where)
  const killed = spawnSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }).stdout.trim()
  const left = `.unfinished-${hostname()}-${killed}-second`
  mkdirSync(join(where, left, 'tables'), { recursive: true })
  writeFileSync(join(where, left, 'SHA256SUMS'), '')
  assert.equal(await kept.sets(), ['first'])
  assert.equal(await kept.unfinished(), [left])
  await kept.clear()
  assert.equal(readdirSync(where), ['first'])
})

test('the work of a run that goes on, or of another machine, is not cleared away', async () => {
  const where = folder()
  const kept = await filled(where)
  const draft = await kept.begin('second')
  await draft.write('a', 'a')
  const others = [`.unfinished-${hostname()}-${process.ppid}-third`, '.unfinished-elsewhere-1-fourth']
  for (const name of others) mkdirSync(join(where, name))
  assert.equal(await kept.unfinished(), [])
  await draft.drop()
  assert.equal(readdirSync(where).sort(), [...others, 'first'].sort())
})

/** What a piece of work fails with. */
const failure = async (work: () => Promise<unknown>): Promise<string> => {
  try {
    await work()
  } catch (error) {
    assert.instance(error, StorageError)
    return (error as StorageError).problems.map(({ where, what }) => `${where}: ${what}`).join('\n')
  }
  throw new Error('it should fail')
}

test('what can not be written is a failure that a user can mend, and what is half-written goes', async () => {
  const where = folder()
  const kept = await filled(where)
  const draft = await kept.begin('second')
  await draft.write('nodes', '')
  assert.is(await failure(() => draft.write('nodes/n1', '')), `${where}: it can't be written (EEXIST)`)
  assert.is(await failure(() => draft.write('nodes', '')), `${where}: it can't be written (EEXIST)`)
  await draft.write('SHA256SUMS', '')
  assert.is(await failure(() => draft.finish()), `${where}: it can't be written (EEXIST)`)
  await draft.drop()
  assert.equal(readdirSync(where), ['first'])
  const below = join(where, 'first', 'SHA256SUMS', 'below')
  assert.is(await failure(() => storage(below, []).begin('first')), `${below}: it can't be written (ENOTDIR)`)
})

test('below a folder in which none can be made, and where there is nothing to clear', async () => {
  assert.is(
    await failure(() => storage('/proc/none/x', []).begin('first')),
    `/proc/none/x: it can't be written (ENOENT)`,
  )
  await storage('/proc/none/x', []).clear()
})

test('a disk that is full', async () => {
  if (process.getuid?.() !== 0) return console.log('SKIPPED without root: a full disk')
  const where = folder()
  mkdirSync(where)
  assert.is(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'plinth-test', where]).status, 0)
  try {
    const kept = storage(where, [])
    const draft = await kept.begin('first')
    assert.is(await failure(() => draft.write('a', Buffer.alloc(100_000))), `${where}: it can't be written (ENOSPC)`)
    await draft.drop()
    assert.equal(readdirSync(where), [])
  } finally {
    spawnSync('umount', ['-l', where])
  }
})

test('nothing is overwritten', async () => {
  const where = folder()
  const kept = await filled(where)
  await kept.begin('first').then(
    () => assert.unreachable('it should be refused'),
    (error: Error) => assert.match(error.message, /first: is there already; nothing is ever overwritten/),
  )
  const late = await kept.begin('second')
  mkdirSync(join(where, 'second'))
  writeFileSync(join(where, 'second/theirs'), '')
  await late.finish().then(
    () => assert.unreachable('it should be refused'),
    (error: Error) => assert.match(error.message, /is there already/),
  )
  assert.ok(existsSync(join(where, 'second/theirs')))
})

test('a folder that is not there holds nothing; a file of a set that is not there is named', async () => {
  const where = folder()
  assert.equal([await storage(where, []).sets(), await storage(where, []).unfinished()], [[], []])
  const kept = await filled(where)
  await kept.read('first', 'tables/b.jsonl').then(
    () => assert.unreachable('it should be refused'),
    (error: Error) => assert.match(error.message, /tables\/b\.jsonl: it can't be read \(ENOENT\)/),
  )
})

test.run()
