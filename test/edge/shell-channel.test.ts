/** Asking, acting and locking through a shell, in dash, bash and busybox ash. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Done, Earlier } from '../../lib/core/channel.ts'
import { LockError } from '../../lib/core/error.ts'
import type { Answers, Reader } from '../../lib/core/probe.ts'
import { partsUsed } from '../../lib/edge/parts-used.ts'
import { Shell } from '../../lib/edge/shell.ts'
import { lackText, lockScript } from '../../lib/edge/shell-text.ts'
import { assert, suite } from '../kit.ts'
import { all, eventually, failure, only, question, sha, step } from './channels.ts'
import { busyboxPath, cleanUp, ended, folder, kinds, start } from './local-shell.ts'

const test = suite('edge/shell-channel')
/** Not those that have ended and wait for init to notice. */
const alive = (pid: number): boolean =>
  existsSync(`/proc/${pid}`) && !/^\S+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
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

  test(
    `${kind}: a step beyond its deadline is ended with all it began, its outcome is unknown, and the shell is well`,
    async () => {
      const { channel, shell } = start(kind)
      const pids = join(folder, `late ${kind}`)
      const stubborn = `sh -c 'trap "" TERM; echo $$ >>"$1"; while :; do sleep 1; done' x '${pids}'`
      const hang = `${stubborn} & sh -c 'echo $$ >>"$1"; sleep 60' x '${pids}'; echo no`
      // A large input is watched over by another process than no input is.
      for (const one of [
        step(`echo so far; ${hang}`, { deadline: 0.5 }),
        step(`cat >/dev/null; echo so far; ${hang.slice(hang.indexOf(' & ') + 3)}`, {
          deadline: 0.5,
          input: Buffer.alloc(70_000),
        }),
      ]) {
        writeFileSync(pids, '')
        const [done, ...more] = await all(channel, one, step('echo no'))
        assert.equal([done!.code, done!.late, done!.stdout.trim(), more.length], [null, 0.5, 'so far', 0])
        assert.is((await channel.ask([question('k')]))(question('k')), 'ä漢 k')
        const begun = readFileSync(pids, 'utf8').trim().split('\n').map(Number)
        assert.is(begun.length, one.input ? 1 : 2)
        assert.not(begun.some(alive), 'nothing of it still runs')
      }
      await shell.close()
    },
    { timeout: 30 },
  )

  test(
    `${kind}: lost, a step may end by itself until its deadline, then it is ended, and the shell with it`,
    async () => {
      const runs: readonly [name: string, input: Buffer | undefined, lost: RegExp][] = [
        ['hung', undefined, /plinth: the cable was cut$/],
        ['hung with a full pipe', Buffer.alloc(1_000_000), /plinth: the cable was cut$/],
      ]
      for (const [name, input, lost] of runs) {
        const { channel, shell, child } = start(kind)
        const pid = join(folder, `${name} ${kind}`)
        const script = `sh -c 'echo $$ >"$1"; exec sleep 60' x '${pid}'`
        const acting = only(channel, step(script, { deadline: 2, ...(input && { input }) }))
        await eventually(() => existsSync(pid) && readFileSync(pid, 'utf8') !== '')
        shell.lose('the cable was cut')
        const done = await acting
        assert.is(done.code, null)
        assert.match(done.stderr, lost)
        await eventually(() => ended(child))
        assert.not(alive(Number(readFileSync(pid, 'utf8'))), name)
      }
    },
    { timeout: 30 },
  )

  test(`${kind}: the lock is taken in the same trip as the questions behind it, which nobody asks without it`, async () => {
    const lockFile = join(folder, `lock of questions ${kind}`)
    const holder = start(kind, '', lockFile)
    const other = start(kind, '', lockFile)
    const asked = join(folder, `asked ${kind}`)
    const telling: Reader = () => `echo >'${asked}'`
    const sent: string[] = []
    const write = holder.shell.streams.stdin.write.bind(holder.shell.streams.stdin)
    holder.shell.streams.stdin.write = (chunk: string) => {
      sent.push(chunk)
      return write(chunk, 'latin1')
    }
    const answers = await holder.channel.askLocked('run 7 of ann', [question('k')])
    assert.is(answers(question('k')), 'ä漢 k')
    assert.equal([sent.length, sent[1]], [2, 'ok\n'], 'one script, and one word')
    const error = await failure(other.channel.askLocked('run 8', [{ reader: telling, key: 'k' }]))
    assert.match(error.message, /^h1: another run is at work there: run 7 of ann, from /)
    assert.ok(error instanceof LockError)
    assert.not.ok(existsSync(asked))
    assert.is((await only(other.channel, step('echo well'))).stdout, 'well\n', 'a refused lock leaves the shell well')
    await holder.channel.lock('run 7 of ann')
    await holder.channel.askLocked('run 7 of ann', [question('k')])
    await holder.shell.close()
    await eventually(() => ended(holder.child))
    const broken: Reader = () => 'echo this is wrong >&2; exit 75'
    const wrong = await failure(other.channel.askLocked('run 8', [{ reader: broken, key: 'k' }]))
    assert.match(wrong.message, /exit code 75: this is wrong/, 'an exit code of the questions is none of the lock')
    const third = start(kind, '', lockFile)
    assert.match((await failure(third.channel.lock('run 9'))).message, /another run is at work there: run 8/)
    await third.shell.close()
    await other.shell.close()
  })

  test(`${kind}: a run that meets its own lock, by another address of the machine, is told so and what to do`, async () => {
    const lockFile = join(folder, `own lock ${kind}`)
    const holder = 'ann on desk, pid 7, site.ts, run 0a1b'
    const one = start(kind, '', lockFile)
    await one.channel.lock(holder)
    for (const lock of ['lock', 'askLocked'] as const) {
      const other = start(kind, '', lockFile)
      const error = await failure(other.channel[lock](holder, []))
      assert.is(
        error.message,
        'h1: this run itself is at work there: another of its hosts is the same machine, by another address or name; give hosts of one machine the same ansible_host, ansible_port and ansible_user',
      )
      assert.ok(error instanceof LockError)
      await other.shell.close()
    }
    const longer = start(kind, '', lockFile)
    assert.match((await failure(longer.channel.lock('ann on desk'))).message, /another run is at work there: ann on/)
    await Promise.all([one.shell.close(), longer.shell.close()])
  })

  test(`${kind}: of a lock that is held no earlier holder is told, though the one in question has said nothing yet`, async () => {
    const lockFile = join(folder, `slow lock ${kind}`)
    const { shell, channel } = start(kind, '', lockFile)
    await channel.lock('run 6')
    await shell.close()
    assert.is(readFileSync(lockFile, 'utf8'), 'the last was run 6\n')
    writeFileSync(lockFile, 'run 6, which was killed\n')
    const ready = join(folder, `slow holder ${kind}`)
    const refused = async (slow: string): Promise<string> => {
      rmSync(ready, { force: true })
      const holder = spawn('flock', [lockFile, 'sh', '-c', slow, 'sh', lockFile, ready], { detached: true })
      await eventually(() => existsSync(ready))
      const other = start(kind, '', lockFile)
      const { message } = await failure(other.channel.lock('run 8'))
      process.kill(-holder.pid!, 'SIGKILL')
      await other.shell.close()
      return message
    }
    const slow = `: >"$2"; sleep 0.3; echo 'run 7 of ann, since 2025-01-02T03:04:05Z' >"$1"; exec sleep 5`
    assert.match(
      await refused(slow),
      /^h1: another run is at work there: run 7 of ann, since 2025-01-02T03:04:05Z; /,
      'as earlier versions write it themselves',
    )
    const silent = `echo 'the last was run 6' >"$1"; : >"$2"; exec sleep 5`
    assert.match(await refused(silent), /^h1: another run is at work there: it has not said its name; /)
  })

  test(`${kind}: nothing is asked under a lock that nobody has had since the word that comes with the questions`, async () => {
    const lockFile = join(folder, `last holder ${kind}`)
    const asked = join(folder, `asked by the next ${kind}`)
    const telling: Reader = () => `echo >'${asked}'`
    const said = () => readFileSync(lockFile, 'utf8').trimEnd()
    const held = async (work: (run: ReturnType<typeof start>) => Promise<unknown>): Promise<string> => {
      const run = start(kind, '', lockFile)
      await run.channel.lock('run 6')
      await work(run)
      await run.shell.close()
      await eventually(() => ended(run.child))
      return said()
    }
    const answers: Answers = () => 'of before'
    const earlier = (seconds: number): Earlier => {
      const up = Number(readFileSync('/proc/uptime', 'utf8').split('.')[0])
      return { answers, last: `${up - seconds} the last was run 6` }
    }
    const asks = async (run: ReturnType<typeof start>, last: Earlier): Promise<boolean> => {
      rmSync(asked, { force: true })
      const found = await run.channel.askLocked('run 7', [{ reader: telling, key: 'k' }], last)
      assert.is(found === answers, !existsSync(asked))
      return existsSync(asked)
    }
    const well = await held(async ({ channel }) => {
      await only(channel, step('echo well', { input: 'a line' }))
      await only(channel, step('cat', { input: 'a long line\n'.repeat(6000) }))
    })
    assert.is(well, 'the last was run 6')
    const next = start(kind, '', lockFile)
    assert.not.ok(await asks(next, earlier(8)))
    assert.ok(await asks(next, earlier(0)), 'it has had the lock itself since')
    const refused = start(kind, '', lockFile)
    assert.match((await failure(refused.channel.lock('run 8'))).message, /another run is at work there: run 7/)
    assert.is((await only(next.channel, step('echo held'))).stdout, 'held\n')
    await Promise.all([next.shell.close(), refused.shell.close()])
    await eventually(() => said() === 'the last was run 7')
    const after = start(kind, '', lockFile)
    assert.ok(await asks(after, earlier(0)), 'another has had it')
    await after.shell.close()
    await eventually(() => ended(after.child))
    const words = { '': 0, 'run 6, from there, since then': 0, 'the last was run 6': 13 }
    for (const [word, seconds] of Object.entries(words)) {
      writeFileSync(lockFile, `${word}\n`)
      const one = start(kind, '', lockFile)
      assert.ok(await asks(one, earlier(seconds)), `the file said: ${word}`)
      await one.shell.close()
      await eventually(() => ended(one.child))
    }
    // What it had begun may have gone on after anybody's look.
    const lost = await held(async ({ shell, channel }) => {
      const begun = join(folder, `begun and lost ${kind}`)
      const cut = only(channel, step(`echo >'${begun}'; sleep 0.3`))
      await eventually(() => existsSync(begun))
      shell.lose('cut')
      assert.is((await cut).code, null)
    })
    assert.is(lost, '')
    // And what had to be ended has left who knows what, whatever ended well after it.
    for (const input of ['', 'a long line\n'.repeat(6000)]) {
      const late = await held(async ({ channel }) => {
        assert.is((await only(channel, step('cat >/dev/null; sleep 60', { deadline: 1, input }))).late, 1)
        assert.is((await only(channel, step('echo well'))).code, 0)
      })
      assert.is(late, '', `${input.length} bytes`)
    }
  })

  test(`${kind}: whose lock file was removed does no further step, for another run may be at work by now`, async () => {
    const lockFile = join(folder, `removed lock ${kind}`)
    const marker = join(folder, `unlocked ${kind}`)
    const one = start(kind, '', lockFile)
    await one.channel.lock('run 7')
    assert.is((await only(one.channel, step('echo well'))).stdout, 'well\n')
    rmSync(lockFile)
    const other = start(kind, '', lockFile)
    for (const again of [false, true]) {
      if (again) await other.channel.lock('run 8')
      for (const input of [undefined, 'x', Buffer.alloc(9)]) {
        const { code, stderr } = await only(one.channel, step(`: >'${marker}'`, { ...(input && { input }) }))
        assert.equal([code, existsSync(marker)], [1, false])
        assert.match(
          stderr,
          /removed lock .* was removed while this run held it, so another may be at work; run again\n$/,
        )
      }
    }
    assert.is((await only(other.channel, step('echo well'))).stdout, 'well\n')
    await one.shell.close()
    assert.match(readFileSync(lockFile, 'utf8'), /^run 8, /, 'what it takes back in the end is its own')
    await other.shell.close()
  })

  test(`${kind}: nobody else can open the lock file, and so hold it: a new one, and one that everybody could read`, async () => {
    const old = { empty: '', 'of a run': 'run 6 of ann, from here\n' }
    for (const [name, text] of Object.entries({ new: undefined, ...old })) {
      const lockFile = join(folder, `${name} lock ${kind}`)
      if (text !== undefined) writeFileSync(lockFile, text, { mode: 0o644 })
      // A process is what the shell itself does not do.
      const ran = join(folder, `ran for ${name} lock ${kind}`)
      const noted = ['chmod', 'date', 'flock', 'uname'].map(
        (command) => `${command}() { echo ${command} >>'${ran}'; command ${command} "$@"; }\n`,
      )
      const { shell, channel } = start(kind, noted.join(''), lockFile)
      await channel.lock('run 7')
      assert.is(readFileSync(ran, 'utf8'), text === undefined ? 'flock\n' : 'chmod\nflock\n')
      assert.is(statSync(lockFile).mode & 0o777, 0o600, name)
      assert.is((await only(channel, step('umask'))).stdout, '0022\n')
      await shell.close()
    }
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
    const since = statSync(lockFile).mtime.toISOString().replace(/\.\d+/, '')
    const error = await failure(other.channel.lock('run 8'))
    assert.match(error.message, /^h1: another run is at work there: run 7 of o'brien, from .*, since 20\d\d-.*Z; wait/)
    assert.ok(error.message.includes(`, since ${since}; wait`), error.message)
    utimesSync(lockFile, 1_767_323_045, 1_767_323_045)
    assert.match((await failure(other.channel.lock('run 8'))).message, /, since 2026-01-02T03:04:05Z; wait/)
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

test(
  'a step that cannot be ended is given up: the shell is lost',
  async () => {
    const { channel, child } = start('dash')
    const begun = only(channel, step('echo begun; sleep 60', { deadline: 0.5 }))
    // As a host that hangs would be: nobody there hears anything.
    await new Promise((resolve) => setTimeout(resolve, 200))
    process.kill(child.pid!, 'SIGSTOP')
    const done = await begun
    assert.equal([done.code, done.late], [null, undefined])
    assert.match(done.stderr, /plinth: no end after 0.5 s$/)
    assert.is((await failure(channel.ask([]))).code, 3)
    process.kill(child.pid!, 'SIGCONT')
    await eventually(() => ended(child))
  },
  { timeout: 40 },
)

test('a question that is never answered is no lost connection', async () => {
  const { shell, channel } = start('dash')
  shell.run = (script, input) => Shell.prototype.run.call(shell, script, input, 0.3)
  const error = await failure(channel.ask([{ reader: () => 'sleep 60', key: 'x' }]))
  assert.is(error.code, 1)
  assert.match(error.message, /^h1: reading its state had not ended after 0.3 s and was given up; look for a disk/)
  await shell.close()
})

for (const kind of ['dash', 'bash'] as const)
  for (const path of ['/opt/x', ''])
    test(`${kind}: a login whose own files leave the PATH ${path || 'empty'} lacks nothing`, async () => {
      const { shell, channel } = start(kind, `export PATH=${path}\n`)
      const [done] = await all(channel, step('echo "$PATH"; date >/dev/null'))
      assert.match(`${done!.code} ${done!.stdout}`, /^0 (\/opt\/x:)?\/usr\/local\/bin:/)
      await shell.close()
    })

test('a host that lacks something says so at once, with the packages, and runs nothing', async () => {
  const path = join(folder, 'poor')
  mkdirSync(path)
  for (const name of readdirSync(busyboxPath)) {
    if (!['flock', 'sha256sum', 'stat'].includes(name)) symlinkSync('/bin/busybox', join(path, name))
  }
  const marker = join(folder, 'poor ran')
  const { channel } = start('busybox ash', `PATH='${path}'\nexport PATH\n`)
  const touch = () => `echo >'${marker}'`
  const error = await failure(channel.ask([{ reader: touch, key: 'x' }]))
  assert.is(error.code, 1)
  assert.is(
    error.message,
    'h1: it lacks sha256sum, stat, flock, without which nothing can be read or changed there; install coreutils and util-linux (or a busybox with these applets)',
  )
  assert.not(existsSync(marker))
  assert.equal(lackText(['/proc']).remedy, 'mount proc on /proc')
  assert.match((await failure(channel.lock('me'))).message, /it lacks sha256sum/)
})

for (const kind of kinds) {
  test(`${kind}: who holds a lock is heard now and then, and leaves nothing behind`, async () => {
    const { shell, channel, child } = start(kind)
    let beats = 0
    child.stdout.on('data', (text) => {
      beats += String(text).split(' here 0\n').length - 1
    })
    const outcome = await shell.runHere(lockScript('me', { file: join(folder, `beat ${kind}`), beatSeconds: 1 }))
    assert.is(outcome.code, 0)
    await eventually(() => beats >= 2)
    const done = await only(channel, step('ps -eo pid,ppid 2>/dev/null || ps -o pid,ppid'))
    const children = done.stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number))
    const of = (parent: number): number[] =>
      children.filter(([, ppid]) => ppid === parent).flatMap(([pid = 0]) => [pid, ...of(pid)])
    const left = of(child.pid!)
    assert.ok(left.length >= 2, 'the beat and its sleep')
    await shell.close()
    await eventually(() => !left.some(alive))
    assert.is((await failure(channel.ask([]))).code, 3)
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
    const outcome = await own.shell.run(`cat >/dev/null; echo >'${marker}'`, { stream: { chunks, bytes: 9 } }, 3)
    assert.is(outcome.code, null)
    assert.match(outcome.stderr, message)
    await eventually(() => ended(own.child))
  }
  assert.not(existsSync(marker))
})

test('which parts of the library a run has used', async () => {
  const { shell, channel } = start('dash')
  const path = join(folder, 'parts')
  writeFileSync(path, 'four')
  const seen = async (work: Promise<unknown>): Promise<readonly string[]> => {
    partsUsed.clear()
    await work
    return [...partsUsed].sort()
  }
  assert.equal(await seen(channel.ask([question('k')])), ['asking'])
  assert.equal(await seen(only(channel, step(':'))), ['steps'])
  const upload = { path, bytes: 4, sha256: sha(Buffer.from('four')) }
  assert.equal(await seen(only(channel, step('cat >/dev/null', { upload }))), ['steps', 'uploads'])
  await shell.close()
})

test.run()
