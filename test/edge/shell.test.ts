/** What the long-lived shell does with scripts and their input, in dash, bash and busybox ash. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Step } from '../../lib/core/resource.ts'
import { Shell } from '../../lib/edge/shell.ts'
import { replaceFile } from '../../lib/resources/path.ts'
import { assert, suite } from '../kit.ts'
import { me } from '../shells.ts'
import { eventually, failure, only, question, sha, step } from './channels.ts'
import { cleanUp, ended, folder, kinds, start } from './local-shell.ts'

const test = suite('edge/shell')
test.after(cleanUp)

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
  {
    name: 'how many bytes of input come, for the script alone',
    step: step('echo "$plinth_bytes"; env | grep plinth_bytes || cat', { input: 'ä漢' }),
    code: 0,
    stdout: '5\nä漢',
  },
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
  {
    name: 'a deadline in a month',
    step: step('sleep 0.2; echo hi', { deadline: 30 * 86_400 }),
    code: 0,
    stdout: 'hi\n',
  },
  { name: 'the surroundings', step: step('pwd; umask; echo $LC_ALL'), code: 0, stdout: '/\n0022\nC\n' },
]

for (const kind of kinds) {
  test(`${kind}: what scripts may do, one after the other in one shell`, async () => {
    const { shell, channel, child } = start(kind)
    for (const { name, step, code, stdout, stderr } of runs) {
      const done = await only(channel, step)
      // bash says 1 or 127 where the others say 2 for what ends a shell.
      assert.ok(done.code === code || (code === 2 && kind === 'bash' && done.code), `${name}: exit code ${done.code}`)
      if (stdout !== undefined) assert.is(done.stdout, stdout, `${name}: stdout`)
      if (stderr) assert.match(done.stderr, stderr, `${name}: stderr`)
    }
    assert.is((await only(channel, step('echo $$'))).stdout, `${child.pid}\n`, 'still the same shell')
    await shell.close()
    await eventually(() => child.exitCode !== null)
    assert.is(child.exitCode, 0)
  })

  test(`${kind}: binary and long input is streamed, its end is the script's end of file`, async () => {
    const { shell, channel } = start(kind)
    for (const bytes of [Buffer.from([0]), randomBytes(100_000), randomBytes(131_072), randomBytes(3_000_000)]) {
      const done = await only(channel, step('sha256sum; echo end', { input: bytes }))
      assert.is(done.stdout, `${sha(bytes)}  -\nend\n`)
    }
    const unread = await only(
      channel,
      step('exit 6', { input: Buffer.concat([Buffer.from('\necho stray\n\0'), randomBytes(3_000_000)]) }),
    )
    assert.is(unread.code, 6, 'what the script did not read is no script')
    const wrong = await only(channel, step('echo "', { input: randomBytes(100_000) }))
    assert.ok(wrong.code !== 0 && wrong.code !== null)
    assert.is((await only(channel, step('echo well'))).stdout, 'well\n')
    await shell.close()
  })

  test(`${kind}: what is there already is asked as a script is run: the first failure ends it, and nothing is sent`, async () => {
    const { shell, channel } = start(kind)
    let asked = 0
    const chunks = async function* (): AsyncGenerator<Buffer> {
      asked++
      yield Buffer.alloc(100)
    }
    const have = 'no-such-command\necho 7'
    const outcome = await shell.run('cat >/dev/null; echo ran', { stream: { bytes: 100, have, chunks } })
    assert.equal([outcome.code, outcome.stdout, asked], [127, '', 0])
    assert.match(outcome.stderr, /no-such-command/)
    assert.is((await only(channel, step('echo well'))).stdout, 'well\n')
    await shell.close()
  })

  test(`${kind}: a connection cut in the middle of a file kills the script before it takes the rest for the whole`, async () => {
    for (const when of ['ready', 'half', 'input alone'] as const) {
      const { shell, child } = start(kind)
      const final = join(folder, `final ${kind} ${when}`)
      const started = join(folder, `started ${kind} ${when}`)
      const cut = async function* (): AsyncGenerator<Buffer> {
        if (when !== 'ready') {
          yield randomBytes(1_000_000)
          await eventually(() => existsSync(started))
        }
        if (when === 'input alone') {
          child.stdin.end()
          await eventually(() => ended(child))
        }
        shell.lose('cut')
      }
      const script = `echo "$$" >'${started}'; cat >/dev/null; echo whole >'${final}'`
      const outcome = await shell.run(script, { stream: { chunks: cut, bytes: 2_000_000 } })
      assert.is(outcome.code, null)
      assert.match(outcome.stderr, /plinth: /)
      await eventually(() => ended(child))
      assert.not(existsSync(final), `cut when ${when}: the script went on with half a file`)
    }
  })

  test(`${kind}: a script whose process was ended by the host is not waited for, and its outcome is unknown`, async () => {
    for (const input of [undefined, Buffer.alloc(70_000)]) {
      const { shell, channel, child } = start(kind)
      const ran = join(folder, `killed ${kind} ${input?.length}`)
      const run = `cat >/dev/null; read -r p c s around rest </proc/self/stat; kill -9 $around; echo >'${ran}'`
      const acting = only(channel, step(run, { ...(input && { input }) }))
      // It is looked every few seconds; once is enough to wait for that.
      if (kind !== 'dash' || input) {
        await eventually(() => existsSync(ran))
        shell.streams.stdin.write('look\n')
      }
      const done = await acting
      assert.equal([done.code, done.late], [null, undefined])
      assert.match(
        done.stderr,
        /plinth: the process around the script was ended before it \(no memory, or no process left/,
      )
      assert.match((await failure(channel.ask([]))).message, /the connection is gone: the process around the script/)
      await eventually(() => ended(child))
    }
  })

  test(`${kind}: nothing of a stream is taken for script when its reader is killed, and no end for a success`, async () => {
    const { shell, child } = start(kind)
    const stray = join(folder, `stray ${kind}`)
    const begun = join(folder, `begun ${kind}`)
    const rest = Buffer.from(`\necho >'${stray}'\n`.repeat(1000))
    const chunks = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.alloc(100_000)
      await eventually(() => existsSync(begun) && readFileSync(begun, 'utf8') !== '')
      const around = readFileSync(begun, 'utf8').trim()
      const children = execFileSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' })
        .trim()
        .split('\n')
      for (const pid of children) if (pid !== around) process.kill(Number(pid), 'SIGKILL')
      yield Buffer.alloc(31_072)
      yield rest
    }
    const script = `read -r p c s around rest </proc/self/stat; echo $around >'${begun}'; cat >/dev/null`
    const outcome = await shell.run(script, { stream: { chunks, bytes: 131_072 + rest.length } }, 60)
    assert.is(outcome.code, null)
    assert.match(outcome.stderr, /plinth: the script there ended before all of its input had come$/)
    await eventually(() => ended(child))
    assert.not(existsSync(stray), 'bytes of the file were run as commands')
    // Whoever watches over it by the clock goes with it: later its number may be another's.
    await eventually(() => spawnSync('pgrep', ['-g', String(child.pid)]).status === 1)
  })

  test(`${kind}: a file of which only a part came, for its reader was killed, never gets its name`, async () => {
    const { shell, child } = start(kind)
    const path = join(folder, `whole ${kind}`)
    const whole = Buffer.alloc(400_000, 'x')
    const { owner, group } = me
    const write = (end: () => Promise<void>) => {
      const chunks = async function* (): AsyncGenerator<Buffer> {
        yield whole.subarray(0, 200_000)
        await end()
        yield whole.subarray(200_000)
      }
      return shell.run(replaceFile(path, { owner, group }).text, { stream: { chunks, bytes: whole.length } }, 60)
    }
    assert.is((await write(async () => {})).code, 0)
    const stamp = statSync(path).ino
    const outcome = await write(async () => {
      await eventually(() => {
        const temporary = join(folder, readdirSync(folder).find((name) => name.startsWith('.plinth.')) ?? 'none', 'new')
        return existsSync(temporary) && statSync(temporary).size >= 131_072
      })
      const children = execFileSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' })
      process.kill(Number(children.split('\n')[0]), 'SIGKILL')
    })
    assert.is(outcome.code, null)
    assert.match(outcome.stderr, /^only a part of what should be in .*whole.* has come: nothing is changed there$/m)
    assert.equal([statSync(path).ino, statSync(path).size], [stamp, 400_000])
    assert.equal(
      readdirSync(folder).filter((name) => name.startsWith('.plinth.')),
      [],
    )
  })

  test(
    `${kind}: output is kept up to a limit, and the end of stderr`,
    async () => {
      const { shell, channel } = start(kind)
      const five = await only(channel, step('head -c 5000000 /dev/zero'))
      assert.equal([five.code, five.stdout.length], [0, 5_000_000])
      const loud = await only(channel, step('head -c 300000 /dev/zero >&2; echo last >&2; exit 1'))
      assert.equal([loud.code, loud.stderr.length], [1, 64 * 1024])
      assert.match(loud.stderr, /last\n$/)
      await shell.close()
    },
    { timeout: 20 },
  )
}

let others = 0
// bash tries for fifteen seconds to begin a process.
for (const [name, ...command] of [
  ['dash', 'dash'],
  ['busybox ash', '/bin/busybox', 'ash'],
] as const) {
  for (const processes of [1, 2, 3, 4, 5]) {
    test(`${name}: a host with ${processes} processes to spare takes no cut file for a whole one, nor a file for script`, async () => {
      // The limit counts by user, those that have ended and wait for init too: one that nobody else is.
      const id = 200_000 + ((process.pid * 16 + others++) % 1_000_000)
      const user = ['setpriv', `--reuid=${id}`, `--regid=${id}`, '--clear-groups']
      const child = spawn('prlimit', [`--nproc=${processes}:${processes}`, ...user, ...command], { cwd: '/' })
      const kill = (): void => {
        for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
      }
      let heard = ''
      child.stdout.on('data', (chunk) => {
        heard += chunk
      })
      const shell = new Shell('h1', { stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, kill })
      const chunks = async function* (): AsyncGenerator<Buffer> {
        yield Buffer.from('\necho stray\n'.repeat(20_000))
      }
      const outcome = await shell.run('cat >/dev/null; echo whole', { stream: { chunks, bytes: 240_000 } }, 60)
      // Unknown, or that there was no process for it: which of them got the last one is chance.
      assert.is.not(outcome.code, 0)
      await shell.close()
      await eventually(() => ended(child))
      assert.not.match(heard, /stray|whole/)
    })
  }
}

test('no more is read of a file than the host takes', async () => {
  const { shell } = start('dash')
  const go = join(folder, 'go')
  const megabyte = randomBytes(1_000_000)
  let read = 0
  const chunks = async function* (): AsyncGenerator<Buffer> {
    while (read < 32) {
      read++
      yield megabyte
    }
  }
  const script = `while [ -d '${folder}' ] && ! [ -e '${go}' ]; do sleep 0.05; done; sha256sum`
  const running = shell.run(script, { stream: { chunks, bytes: 32_000_000 } })
  await eventually(() => read > 0)
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve))
  assert.ok(read < 8, `${read} MB are in memory or on the way`)
  writeFileSync(go, '')
  const whole = createHash('sha256')
  for (let part = 0; part < 32; part++) whole.update(megabyte)
  assert.is((await running).stdout, `${whole.digest('hex')}  -\n`)
  await shell.close()
})

test('once a shell is closed no more of a file is asked for: the buffers of what is under way would be used again', async () => {
  const { shell } = start('dash')
  let read = 0
  const chunks = async function* (): AsyncGenerator<Buffer> {
    while (read < 32) {
      read++
      yield Buffer.alloc(1_000_000)
    }
  }
  const running = shell.run(`sleep 2; cat >/dev/null`, { stream: { chunks, bytes: 32_000_000 } })
  await eventually(() => read > 0)
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve))
  const before = read
  await shell.close()
  await running
  assert.is(read, before)
})

test('a host whose dd cannot copy an exact number of bytes', async () => {
  const { shell, channel } = start('dash', 'dd() { return 1; }\n')
  const bytes = randomBytes(1_000_000)
  assert.is((await only(channel, step('sha256sum', { input: bytes }))).stdout, `${sha(bytes)}  -\n`)
  await shell.close()
})

test('what a login prints before the first script is no part of any answer', async () => {
  const { shell, channel } = start('dash', "echo 'Welcome!'; echo 'last login' >&2; printf 'no line break'\n")
  assert.is((await channel.ask([question('k')]))(question('k')), 'ä漢 k')
  const done = await only(channel, step('echo a; echo b >&2'))
  assert.equal([done.stdout, done.stderr], ['a\n', 'b\n'])
  await shell.close()
})

test('a login that ends at once is an error with its words', async () => {
  const { channel } = start('dash', "echo 'This account is currently not available.'; exit 1\n")
  const error = await failure(channel.ask([]))
  assert.is(error.code, 3)
  assert.match(
    error.message,
    /^h1: the login works, but its shell has not come up: the shell there ended.*; it said: This account is currently not available\.; see to .*ForceCommand/,
  )
})

test('a password that has expired is named where a key logs in too', async () => {
  const said = 'WARNING: Your password has expired.\nPassword change required but no TTY available.'
  const { channel } = start('dash', `echo '${said}' >&2; exit 1\n`)
  const error = await failure(channel.ask([]))
  assert.is(error.code, 3)
  assert.match(error.message, /^h1: its password has expired, .*no TTY available\."\); log in by hand with ssh, change/)
})

const noWordOn = (streams: string): string => `it said no word that was meant for us on ${streams} within 0\\.3 s`
for (const [does, script, missing, says] of [
  [
    'never end',
    "echo 'Which project?'; while read -r answer; do :; done",
    noWordOn('stdout and stderr'),
    'it said: Which project\\?; ',
  ],
  ['lead stderr into stdout', 'exec 2>&1', noWordOn('stderr'), ''],
  ['lead stderr away', 'exec 2>/dev/null', noWordOn('stderr'), ''],
  ['lead stdout away', 'exec >/dev/null', 'the shell there ended', ''],
] as const)
  test(`a login whose own files ${does} is given up soon, with its words`, async () => {
    const { channel } = start('dash', `${script}\n`, undefined, 0.3)
    // What was said on stdout alone counts as an answer; the shell is given up all the same.
    const error = await failure(channel.ask([]).then(() => channel.ask([])))
    assert.is(error.code, 3)
    const what = `the login works, but its shell has not come up: ${missing}`
    assert.match(error.message, new RegExp(`^h1: ${what}.*; ${says}see to \\.bashrc.* with exec`))
  })

test('a shell that has come up has the time of each script', async () => {
  const { shell, channel } = start('dash', '', undefined, 0.3)
  assert.is((await only(channel, step('sleep 0.6; echo late'))).stdout, 'late\n')
  assert.is((await only(channel, step('sleep 0.6; echo again'))).stdout, 'again\n')
  await shell.close()
})

test('of what is heard as it comes no more is kept than was asked for, and all of it is heard', async () => {
  const { shell } = start('dash')
  let bytes = 0
  const hear = (_: string, piece: Uint8Array): void => {
    bytes += piece.length
  }
  const heard = Object.assign(hear, { most: 1000 })
  const { code, stdout, cut } = await shell.run('head -c 300000 /dev/zero', {}, undefined, undefined, heard)
  assert.equal([code, stdout.length, cut, bytes], [0, 1000, true, 300_000])
  const after = await shell.run('head -c 300000 /dev/zero')
  assert.equal([after.stdout.length, after.cut], [300_000, false])
  await shell.close()
})

/** What a process that was stopped finds: its timers are due, and what came meanwhile is not read. Timers come before reading. */
async function standStill(seconds: number): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  const end = performance.now() + seconds * 1000
  while (performance.now() < end);
}

for (const [name, run, more] of [
  ['a step', 'sleep 0.3; echo ended', {}],
  // More than one reading of the streams brings.
  ['a step that says much', 'sleep 0.3; head -c 60000 /dev/zero; echo ended', {}],
  ['a step with a stream', 'cat >/dev/null; sleep 0.3; echo ended', { input: Buffer.alloc(70_000, 'a') }],
] as const) {
  test(`a controller that stood still across a deadline has heard of an end before it: ${name}`, async () => {
    const { shell, channel } = start('dash')
    await channel.ask([])
    const running = only(channel, step(run, { deadline: 2, ...more }))
    await new Promise((resolve) => setTimeout(resolve, 200))
    await standStill(2.5)
    const { code, stdout, late } = await running
    assert.equal([code, stdout.replaceAll('\0', ''), late], [0, 'ended\n', undefined])
    assert.is((await only(channel, step('echo on'))).stdout, 'on\n')
    await shell.close()
  })
}

test('a controller that stood still across a deadline ends what has not ended', async () => {
  const { shell, channel } = start('dash')
  await channel.ask([])
  const running = only(channel, step('while :; do echo more; sleep 0.01; done', { deadline: 1 }))
  await new Promise((resolve) => setTimeout(resolve, 200))
  await standStill(1.5)
  const { code, late } = await running
  assert.equal([code, late], [null, 1])
  await shell.close()
})

test('a controller that stood still while a shell came up has heard its first word', async () => {
  const { shell, channel } = start('dash', '', undefined, 0.3)
  const running = only(channel, step('echo up'))
  await new Promise((resolve) => setTimeout(resolve, 0))
  await standStill(2)
  assert.is((await running).stdout, 'up\n')
  await shell.close()
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

test('closing is safe at any time and more than once', async () => {
  const { shell, child } = start('dash')
  const running = shell.run('sleep 0.2; echo done')
  await new Promise((resolve) => setTimeout(resolve, 50))
  await Promise.all([shell.close(), shell.close()])
  assert.is((await running).code, null, 'nobody saw how it ended')
  await shell.close()
  await eventually(() => child.exitCode !== null)
  assert.is((await failure(shell.run('echo'))).code, 3)
})

test.run()
