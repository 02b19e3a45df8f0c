/** Asking, acting and locking through a shell, in dash, bash and busybox ash. */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Done } from '../../lib/core/channel.ts'
import type { Reader } from '../../lib/core/probe.ts'
import { assert, suite } from '../kit.ts'
import { all, eventually, failure, only, question, sha, step } from './channels.ts'
import { cleanUp, ended, folder, kinds, start } from './local-shell.ts'

const test = suite('edge/shell-channel')
const alive = (pid: number): boolean => existsSync(`/proc/${pid}`)
test.after(cleanUp)

for (const kind of kinds) {
  test(`${kind}: 200 questions in one script, in characters of any length`, async () => {
    const { shell, channel } = start(kind)
    const lines: Reader = (keys) => keys.map((key) => `printf '${key}\\t1\\n${key}\\t2\\n'`).join('\n')
    const questions = Array.from({ length: 200 }, (_, index) => question(`key ${index}`))
    const two = { reader: lines, key: 'two' }
    const answers = await channel.ask([...questions, two])
    for (const one of questions) assert.is(answers(one), `ä漢 ${one.key}`)
    assert.is(answers(two), '1\n2')
    await shell.close()
  })

  test(`${kind}: a question that fails is an error that names the host and what was said`, async () => {
    const { shell, channel } = start(kind)
    const broken: Reader = () => 'echo this is wrong >&2; exit 9'
    const error = await failure(channel.ask([{ reader: broken, key: 'x' }]))
    assert.match(error.message, /^h1: .*exit code 9: this is wrong; /)
    await shell.close()
  })

  test(`${kind}: a file is streamed; printing meanwhile does no harm`, async () => {
    const { shell, channel } = start(kind)
    const bytes = randomBytes(5_000_000)
    const path = join(folder, `upload ${kind}`)
    writeFileSync(path, bytes)
    const upload = { path, bytes: bytes.length, sha256: sha(bytes) }
    const copy = join(folder, `copy ${kind}`)
    const done = await only(channel, step(`printf before; cat >'${copy}'; printf after`, { upload }))
    assert.equal([done.code, done.stdout], [0, 'beforeafter'])
    assert.is(sha(readFileSync(copy)), upload.sha256)
    await shell.close()
  })

  test(`${kind}: lost in the middle of a step, it ends that step, starts no other, and is gone`, async () => {
    const { shell, channel, child } = start(kind)
    const first = join(folder, `first ${kind}`)
    const second = join(folder, `second ${kind}`)
    const go = join(folder, `go ${kind}`)
    const done: Done[] = []
    const acting = (async () => {
      for await (const one of channel.act([
        step(
          `echo >'${first}.begun'; while [ -d '${folder}' ] && ! [ -e '${go}' ]; do sleep 0.1 || sleep 1; done; echo >'${first}'`,
        ),
        step(`echo >'${second}'`),
      ]))
        done.push(one)
    })()
    await eventually(() => existsSync(`${first}.begun`))
    shell.lose('the cable was cut')
    await acting
    assert.equal([done.length, done[0]!.code], [1, null])
    assert.match(done[0]!.stderr, /plinth: the cable was cut/)
    assert.match((await failure(channel.ask([]))).message, /^h1: the connection is gone: the cable was cut/)
    assert.match((await failure(all(channel, step('echo')))).message, /the cable was cut/)
    writeFileSync(go, '')
    await eventually(() => existsSync(first))
    await eventually(() => ended(child))
    assert.not(existsSync(second))
  })

  test(`${kind}: a step beyond its deadline has an unknown outcome, and the shell is used no more`, async () => {
    const { channel } = start(kind)
    const [done, ...more] = await all(channel, step('echo so far; exec sleep 2', { deadline: 0.3 }), step('echo no'))
    assert.equal([done!.code, done!.stdout.trim(), more.length], [null, 'so far', 0])
    assert.match(done!.stderr, /no end after 0.3 s/)
    assert.is((await failure(channel.ask([]))).code, 3)
  })

  test(`${kind}: the lock is held as long as the shell lives, and by nothing that a step leaves behind`, async () => {
    const lockFile = join(folder, `lock ${kind}`)
    const holder = start(kind, '', lockFile)
    const other = start(kind, '', lockFile)
    await holder.channel.lock("run 7 of o'brien")
    await holder.channel.lock("run 7 of o'brien")
    const left = await only(holder.channel, step('sleep 5 >/dev/null 2>&1 & echo $!'))
    const fed = await only(holder.channel, step('sleep 5 >/dev/null 2>&1 & echo $!', { input: 'x' }))
    const streamed = await only(holder.channel, step('sleep 5 >/dev/null 2>&1 & echo $!', { input: Buffer.alloc(9) }))
    const error = await failure(other.channel.lock('run 8'))
    assert.match(error.message, /^h1: another run is at work there: run 7 of o'brien, from .*, since 20\d\d-.*Z; wait/)
    assert.is((await only(other.channel, step('echo well'))).stdout, 'well\n', 'a refused lock leaves the shell well')
    process.kill(holder.child.pid!, 'SIGKILL')
    await eventually(() => ended(holder.child))
    await other.channel.lock('run 8')
    await other.shell.close()
    const third = start(kind, '', lockFile)
    await third.channel.lock('run 9')
    await third.shell.close()
    for (const { stdout } of [left, fed, streamed]) {
      assert.ok(alive(Number(stdout)), 'what the step left behind is still there')
      process.kill(Number(stdout), 'SIGKILL')
    }
  })
}

test('a lock that cannot be taken is not a lock that is held', async () => {
  const { shell, channel } = start('dash', '', join(folder, 'no/such/folder'))
  assert.match((await failure(channel.lock('me'))).message, /can't be taken: .*(nonexistent|no such)/i)
  await shell.run('true')
  const bare = start('dash', 'flock() { return 127; }\n')
  assert.match((await failure(bare.channel.lock('me'))).message, /there is no flock command/)
  assert.is((await only(bare.channel, step('echo well'))).stdout, 'well\n')
  await Promise.all([shell.close(), bare.shell.close()])
})

test('a file that is not what the plan saw is refused before anything runs, or kills the script', async () => {
  const { shell, channel } = start('dash')
  const path = join(folder, 'short')
  writeFileSync(path, 'abc')
  const marker = join(folder, 'short ran')
  const missing = step(`echo >'${marker}'`, { upload: { path: join(folder, 'none'), bytes: 3, sha256: '' } })
  assert.match((await failure(all(channel, missing))).message, /none: it can't be read \(ENOENT\)/)
  const other = step(`echo >'${marker}'`, { upload: { path, bytes: 4, sha256: '' } })
  assert.match((await failure(all(channel, other))).message, /short: it has 3 bytes, not 4/)
  await shell.close()
  const contents: readonly [parts: readonly (string | Error)[], message: RegExp][] = [
    [['ab', new Error('EIO')], /can't be read \(EIO\)/],
    [['ab'], /not 9 bytes long any more/],
    [['abcdef', 'ghijkl'], /not 9 bytes long any more/],
  ]
  for (const [parts, message] of contents) {
    const chunks = async function* (): AsyncGenerator<Buffer> {
      for (const part of parts) {
        if (part instanceof Error) throw part
        yield Buffer.from(part)
      }
    }
    const own = start('dash')
    const outcome = await own.shell.run(
      `cat >/dev/null; echo >'${marker}'`,
      { stream: { chunks: chunks(), bytes: 9 } },
      3,
    )
    assert.is(outcome.code, null)
    assert.match(outcome.stderr, message)
    await eventually(() => ended(own.child))
  }
  assert.not(existsSync(marker))
})

test.run()
