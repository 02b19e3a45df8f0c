/** The long-lived shell over a local process: dash, bash and busybox ash, with coreutils and with busybox's own. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Done } from '../../lib/core/channel.ts'
import { PlinthError } from '../../lib/core/error.ts'
import type { Reader } from '../../lib/core/probe.ts'
import type { Step } from '../../lib/core/resource.ts'
import { Shell } from '../../lib/edge/shell.ts'
import { assert, suite } from '../kit.ts'

const test = suite('edge/shell')
const folder = mkdtempSync(join(tmpdir(), 'plinth-shell-'))
const children: ChildProcessWithoutNullStreams[] = []

/** A PATH with nothing but busybox on it. */
const busyboxPath = join(folder, 'busybox-bin')
mkdirSync(busyboxPath)
for (const name of ['cat', 'dd', 'head', 'id', 'date', 'sha256sum', 'sleep', 'sh']) {
  symlinkSync('/bin/busybox', join(busyboxPath, name))
}
symlinkSync('/usr/bin/flock', join(busyboxPath, 'flock'))

const kinds: Readonly<Record<string, readonly [command: string, args: readonly string[], path?: string]>> = {
  dash: ['dash', []],
  bash: ['bash', ['--posix']],
  'busybox ash': ['/bin/busybox', ['ash'], busyboxPath],
}

interface Local {
  readonly shell: Shell
  readonly child: ChildProcessWithoutNullStreams
}

/** A shell of a kind. Its end by force is only the end of its streams, as with a connection that is lost. */
function start(kind: string, before = ''): Local {
  const [command, args, path] = kinds[kind]!
  const child = spawn(command, args, { env: { ...process.env, ...(path && { PATH: path }) }, detached: true })
  children.push(child)
  const kill = (): void => {
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
  }
  if (before) child.stdin.write(before)
  return { child, shell: new Shell('h1', { stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, kill }) }
}

const step = (run: string, more: Partial<Step> = {}): Step => ({ say: run, run, ...more })

async function all(shell: Shell, ...steps: Step[]): Promise<Done[]> {
  const done: Done[] = []
  for await (const one of shell.act(steps)) done.push(one)
  return done
}

const only = async (shell: Shell, one: Step): Promise<Done> => (await all(shell, one))[0]!

async function failure(promise: Promise<unknown>): Promise<PlinthError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof PlinthError) return error
    throw error
  }
  throw new Error('it did not fail')
}

async function eventually(what: string, holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10))
  assert.ok(true, what)
}

const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
const alive = (pid: number): boolean => existsSync(`/proc/${pid}`)

test.after(() => {
  for (const { pid, exitCode, signalCode } of children) {
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(pid, 'SIGKILL')
  }
  rmSync(folder, { recursive: true, force: true })
})

interface Run {
  readonly name: string
  readonly step: Step
  readonly code: number
  readonly stdout?: string
  readonly stderr?: RegExp
}

const everyByte = Buffer.from(Array.from({ length: 255 }, (_, index) => index + 1))
const runs: readonly Run[] = [
  { name: 'output and exit code', step: step('echo hi; exit 3'), code: 3, stdout: 'hi\n' },
  { name: 'no output at all', step: step(':'), code: 0, stdout: '' },
  { name: 'no line break at the end', step: step('printf hi'), code: 0, stdout: 'hi' },
  { name: 'line breaks at the end are kept', step: step("printf 'hi\\n\\n\\n'"), code: 0, stdout: 'hi\n\n\n' },
  {
    name: 'stderr apart from stdout',
    step: step('echo out; echo err >&2'),
    code: 0,
    stdout: 'out\n',
    stderr: /^err\n$/,
  },
  { name: 'the first failure ends it', step: step('false\necho no'), code: 1, stdout: '' },
  { name: 'an unset variable ends it', step: step('echo "$nowhere"; echo no'), code: 2, stdout: '', stderr: /nowhere/ },
  { name: 'an open quote', step: step('echo "a'), code: 2, stdout: '', stderr: /./ },
  { name: 'broken syntax', step: step('if then fi ) }'), code: 2, stdout: '', stderr: /./ },
  { name: 'a closing brace', step: step('}'), code: 2, stdout: '', stderr: /./ },
  { name: 'an unknown command', step: step('no-such-command'), code: 127, stderr: /no-such-command/ },
  { name: 'a command killed by a signal', step: step("sh -c 'kill -9 $$'"), code: 137 },
  { name: 'exit traps run', step: step("trap 'echo bye' EXIT; exit 4"), code: 4, stdout: 'bye\n' },
  { name: 'nothing on stdin unless given', step: step('cat; echo end'), code: 0, stdout: 'end\n' },
  { name: 'empty input', step: step('cat; echo end', { input: '' }), code: 0, stdout: 'end\n' },
  {
    name: 'text input',
    step: step('cat', { input: 'it\'s $x `y` \\n "ä漢🙂"\n\n' }),
    code: 0,
    stdout: 'it\'s $x `y` \\n "ä漢🙂"\n\n',
  },
  { name: 'input that nobody reads', step: step('exit 5', { input: 'x'.repeat(60_000) }), code: 5 },
  {
    name: 'input of every byte but NUL',
    step: step('sha256sum', { input: everyByte }),
    code: 0,
    stdout: `${sha(everyByte)}  -\n`,
  },
  { name: 'here-documents', step: step('cat <<E\na\nE\ncat <<"E"\n$b\nE'), code: 0, stdout: 'a\n$b\n' },
  { name: 'text of a script as it is', step: step("echo 'ä漢🙂' \\\\ \"it's\""), code: 0, stdout: "ä漢🙂 \\ it's\n" },
  { name: 'the surroundings', step: step('pwd; umask; echo $LC_ALL'), code: 0, stdout: '/\n0022\nC\n' },
]

for (const kind of Object.keys(kinds)) {
  test(`${kind}: what scripts may do, one after the other in one shell`, async () => {
    const { shell, child } = start(kind)
    for (const { name, step, code, stdout, stderr } of runs) {
      const done = await only(shell, step)
      // bash says 1 or 127 where the others say 2 for what ends a shell.
      assert.ok(done.code === code || (code === 2 && kind === 'bash' && done.code), `${name}: exit code ${done.code}`)
      if (stdout !== undefined) assert.is(done.stdout, stdout, `${name}: stdout`)
      if (stderr) assert.match(done.stderr, stderr, `${name}: stderr`)
    }
    assert.is((await only(shell, step('echo $$'))).stdout, `${child.pid}\n`, 'still the same shell')
    await shell.close()
    await eventually('the shell ends', () => child.exitCode !== null)
    assert.is(child.exitCode, 0)
  })

  test(`${kind}: 200 questions in one script, in characters of any length`, async () => {
    const { shell } = start(kind)
    const echo: Reader = (keys) => keys.map((key) => `printf '%s\\t%s\\n' '${key}' 'ä漢 ${key}'`).join('\n')
    const lines: Reader = (keys) => keys.map((key) => `printf '${key}\\t1\\n${key}\\t2\\n'`).join('\n')
    const questions = Array.from({ length: 200 }, (_, index) => ({ reader: echo, key: `key ${index}` }))
    const two = { reader: lines, key: 'two' }
    const answers = await shell.ask([...questions, two])
    for (const question of questions) assert.is(answers(question), `ä漢 ${question.key}`)
    assert.is(answers(two), '1\n2')
    await shell.close()
  })

  test(`${kind}: a question that fails is an error that names the host and what was said`, async () => {
    const { shell } = start(kind)
    const broken: Reader = () => 'echo this is wrong >&2; exit 9'
    const error = await failure(shell.ask([{ reader: broken, key: 'x' }]))
    assert.match(error.message, /^h1: .*exit code 9: this is wrong; /)
    await shell.close()
  })

  test(`${kind}: binary and long input is streamed, its end is the script's end of file`, async () => {
    const { shell } = start(kind)
    for (const bytes of [Buffer.from([0]), randomBytes(100_000), randomBytes(131_072), randomBytes(3_000_000)]) {
      const done = await only(shell, step('sha256sum; echo end', { input: bytes }))
      assert.is(done.stdout, `${sha(bytes)}  -\nend\n`)
    }
    const unread = await only(
      shell,
      step('exit 6', { input: Buffer.concat([Buffer.from('\necho stray\n\0'), randomBytes(3_000_000)]) }),
    )
    assert.is(unread.code, 6, 'what the script did not read is no script')
    const wrong = await only(shell, step('echo "', { input: randomBytes(100_000) }))
    assert.ok(wrong.code !== 0 && wrong.code !== null)
    assert.is((await only(shell, step('echo well'))).stdout, 'well\n')
    await shell.close()
  })

  test(`${kind}: a file is streamed; printing meanwhile does no harm`, async () => {
    const { shell } = start(kind)
    const bytes = randomBytes(5_000_000)
    const path = join(folder, `upload ${kind}`)
    writeFileSync(path, bytes)
    const upload = { path, bytes: bytes.length, sha256: sha(bytes) }
    const copy = join(folder, `copy ${kind}`)
    const done = await only(shell, step(`printf before; cat >'${copy}'; printf after`, { upload }))
    assert.equal([done.code, done.stdout], [0, 'beforeafter'])
    assert.is(sha(readFileSync(copy)), upload.sha256)
    await shell.close()
  })

  test(`${kind}: a connection cut in the middle of a file kills the script before it takes the rest for the whole`, async () => {
    for (const when of ['ready', 'half'] as const) {
      const { shell, child } = start(kind)
      const final = join(folder, `final ${kind} ${when}`)
      const started = join(folder, `started ${kind} ${when}`)
      const cut = async function* (): AsyncGenerator<Buffer> {
        if (when === 'half') {
          yield randomBytes(1_000_000)
          await eventually('the script is at work', () => existsSync(started))
        }
        shell.lose('cut')
      }
      const script = `echo "$$" >'${started}'; cat >/dev/null; echo whole >'${final}'`
      const outcome = await shell.run(script, { stream: { chunks: cut(), bytes: 2_000_000 } })
      assert.is(outcome.code, null)
      assert.match(outcome.stderr, /plinth: cut/)
      await eventually('the shell goes', () => child.exitCode !== null || child.signalCode !== null)
      assert.not(existsSync(final), `cut when ${when}: the script went on with half a file`)
    }
  })

  test(`${kind}: lost in the middle of a step, it ends that step, starts no other, and is gone`, async () => {
    const { shell, child } = start(kind)
    const first = join(folder, `first ${kind}`)
    const second = join(folder, `second ${kind}`)
    const go = join(folder, `go ${kind}`)
    const done: Done[] = []
    const acting = (async () => {
      for await (const one of shell.act([
        step(`echo >'${first}.begun'; while ! [ -e '${go}' ]; do sleep 0.1 || sleep 1; done; echo >'${first}'`),
        step(`echo >'${second}'`),
      ]))
        done.push(one)
    })()
    await eventually('the step begins', () => existsSync(`${first}.begun`))
    shell.lose('the cable was cut')
    await acting
    assert.equal([done.length, done[0]!.code], [1, null])
    assert.match(done[0]!.stderr, /plinth: the cable was cut/)
    assert.match((await failure(shell.ask([]))).message, /^h1: the connection is gone: the cable was cut/)
    assert.match((await failure(all(shell, step('echo')))).message, /the cable was cut/)
    writeFileSync(go, '')
    await eventually('the step in hand ends', () => existsSync(first))
    await eventually('the shell goes', () => child.exitCode !== null || child.signalCode !== null)
    assert.not(existsSync(second))
  })

  test(`${kind}: a step beyond its deadline has an unknown outcome, and the shell is used no more`, async () => {
    const { shell } = start(kind)
    const [done, ...more] = await all(shell, step('echo so far; exec sleep 2', { deadline: 0.3 }), step('echo no'))
    assert.equal([done!.code, done!.stdout.trim(), more.length], [null, 'so far', 0])
    assert.match(done!.stderr, /no end after 0.3 s/)
    assert.is((await failure(shell.ask([]))).code, 3)
  })

  test(`${kind}: the lock is held as long as the shell lives, and by nothing that a step leaves behind`, async () => {
    const lockFile = join(folder, `lock ${kind}`)
    const holder = start(kind)
    const other = start(kind)
    await holder.shell.lock("run 7 of o'brien", lockFile)
    await holder.shell.lock("run 7 of o'brien", lockFile)
    const left = await only(holder.shell, step('sleep 5 >/dev/null 2>&1 & echo $!'))
    const fed = await only(holder.shell, step('sleep 5 >/dev/null 2>&1 & echo $!', { input: 'x' }))
    const streamed = await only(holder.shell, step('sleep 5 >/dev/null 2>&1 & echo $!', { input: Buffer.alloc(9) }))
    const error = await failure(other.shell.lock('run 8', lockFile))
    assert.match(error.message, /^h1: another run is at work there: run 7 of o'brien, from .*, since 20\d\d-.*Z; wait/)
    assert.is((await only(other.shell, step('echo well'))).stdout, 'well\n', 'a refused lock leaves the shell well')
    process.kill(holder.child.pid!, 'SIGKILL')
    await eventually('the holder goes', () => holder.child.signalCode !== null)
    await other.shell.lock('run 8', lockFile)
    await other.shell.close()
    const third = start(kind)
    await third.shell.lock('run 9', lockFile)
    await third.shell.close()
    for (const { stdout } of [left, fed, streamed]) {
      assert.ok(alive(Number(stdout)), 'what the step left behind is still there')
      process.kill(Number(stdout), 'SIGKILL')
    }
  })

  test(
    `${kind}: output is kept up to a limit, and the end of stderr`,
    async () => {
      const { shell } = start(kind)
      const five = await only(shell, step('head -c 5000000 /dev/zero'))
      assert.equal([five.code, five.stdout.length], [0, 5_000_000])
      const loud = await only(shell, step('head -c 300000 /dev/zero >&2; echo last >&2; exit 1'))
      assert.equal([loud.code, loud.stderr.length], [1, 64 * 1024])
      assert.match(loud.stderr, /last\n$/)
      await shell.close()
    },
    { timeout: 20 },
  )
}

test('a lock that cannot be taken is not a lock that is held', async () => {
  const { shell } = start('dash')
  assert.match(
    (await failure(shell.lock('me', join(folder, 'no/such/folder')))).message,
    /can't be taken: .*(nonexistent|no such)/i,
  )
  await shell.run('true')
  const bare = start('dash', 'flock() { return 127; }\n')
  assert.match((await failure(bare.shell.lock('me', join(folder, 'lock')))).message, /there is no flock command/)
  assert.is((await only(bare.shell, step('echo well'))).stdout, 'well\n')
  await Promise.all([shell.close(), bare.shell.close()])
})

test('what a login prints before the first script is no part of any answer', async () => {
  const { shell } = start('dash', "echo 'Welcome!'; echo 'last login' >&2; printf 'no line break'\n")
  const reader: Reader = (keys) => keys.map((key) => `printf '${key}\\tyes\\n'`).join('\n')
  assert.is((await shell.ask([{ reader, key: 'k' }]))({ reader, key: 'k' }), 'yes')
  const done = await only(shell, step('echo a; echo b >&2'))
  assert.equal([done.stdout, done.stderr], ['a\n', 'b\n'])
  await shell.close()
})

test('a login that ends at once is an error with its words', async () => {
  const { shell } = start('dash', "echo 'This account is currently not available.'; exit 1\n")
  const error = await failure(shell.ask([]))
  assert.is(error.code, 3)
  assert.match(error.message, /it said: This account is currently not available\./)
})

test('scripts asked for at the same time run one after the other', async () => {
  const { shell } = start('dash')
  const outcomes = await Promise.all(['a', 'b', 'c'].map((word) => shell.run(`echo ${word}; sleep 0.05; echo ${word}`)))
  assert.equal(
    outcomes.map(({ stdout }) => stdout),
    ['a\na\n', 'b\nb\n', 'c\nc\n'],
  )
  await shell.close()
})

test('a file that is not what the plan saw is refused before anything runs, or kills the script', async () => {
  const { shell } = start('dash')
  const path = join(folder, 'short')
  writeFileSync(path, 'abc')
  const marker = join(folder, 'short ran')
  const missing = step(`echo >'${marker}'`, { upload: { path: join(folder, 'none'), bytes: 3, sha256: '' } })
  assert.match((await failure(all(shell, missing))).message, /none: it can't be read \(ENOENT\)/)
  const other = step(`echo >'${marker}'`, { upload: { path, bytes: 4, sha256: '' } })
  assert.match((await failure(all(shell, other))).message, /short: it has 3 bytes, not 4/)
  const failing = async function* (): AsyncGenerator<Buffer> {
    yield Buffer.from('ab')
    throw new Error('EIO')
  }
  const outcome = await shell.run(`cat >/dev/null; echo >'${marker}'`, { stream: { chunks: failing(), bytes: 9 } })
  assert.is(outcome.code, null)
  assert.match(outcome.stderr, /can't be read \(EIO\)/)
  assert.not(existsSync(marker))
})

test('closing is safe at any time and more than once', async () => {
  const { shell, child } = start('dash')
  const running = shell.run('sleep 0.2; echo done')
  await new Promise((resolve) => setTimeout(resolve, 50))
  await Promise.all([shell.close(), shell.close()])
  assert.is((await running).code, null, 'nobody saw how it ended')
  await shell.close()
  await eventually('the shell goes', () => child.exitCode !== null)
  assert.is((await failure(shell.run('echo'))).code, 3)
})

test.run()
