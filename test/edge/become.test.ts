/** Becoming another user: what is understood of sudo's words, over canned streams; real ones are in test/lab. */
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { mock } from 'node:test'
import type { Become } from '../../lib/core/inventory.ts'
import { Secret } from '../../lib/core/secret.ts'
import { becoming } from '../../lib/edge/become.ts'
import { commandLine } from '../../lib/edge/become-text.ts'
import { Shell, type Streams } from '../../lib/edge/shell.ts'
import { Trial } from '../../lib/edge/trials.ts'
import { assert, suite } from '../kit.ts'
import { eventually, failure } from './channels.ts'

const test = suite('edge/become')
const nonce = 'n0'
const password = new Secret('pass-canary')
const root: Become = { method: 'sudo', user: 'root', password }

/** A sudo that says what a test wants it to. */
class Canned {
  readonly written: string[] = []
  killed = false
  readonly stdin = new PassThrough()
  readonly stdout = new PassThrough()
  readonly stderr = new PassThrough()
  readonly streams: Streams = {
    stdin: this.stdin,
    stdout: this.stdout,
    stderr: this.stderr,
    kill: () => {
      this.killed = true
    },
  }

  /** @param noise what the login printed on each stream before it read anything */
  constructor(noise = '') {
    this.stdin.on('data', (chunk) => {
      // What the command line says before it gives way to sudo.
      if (this.written.length === 0)
        for (const stream of [this.stderr, this.stdout]) stream.write(`${noise}\nn0-starts\n`)
      this.written.push(String(chunk))
    })
  }

  /** What was written after the command line. */
  get answers(): readonly string[] {
    return this.written.slice(1)
  }

  /** Says it in pieces, each when the one before was read. */
  async say(stream: 'stdout' | 'stderr' | 'end', ...pieces: string[]): Promise<void> {
    if (stream === 'end') this.stdout.destroy()
    else for (const piece of pieces) this[stream].write(piece)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

type Words = readonly [stream: 'stdout' | 'stderr' | 'end', ...pieces: string[]]
const ready: Words = ['stdout', '\nn0-ready\n']

interface Case {
  readonly name: string
  /** What the login prints on both streams before it reads anything. */
  readonly noise?: string
  readonly become?: Partial<Become>
  readonly says: readonly Words[]
  /** What it hears beside the word that lets the shell go. */
  readonly hears: readonly string[]
  readonly fails?: RegExp
}

const cases: readonly Case[] = [
  { name: 'ready without a question', says: [ready], hears: [] },
  {
    name: 'a question, split anywhere',
    says: [['stderr', 'n0-pa'], ['stderr', 'ssword', ' '], ['stderr', '\n'], ready],
    hears: ['pass-canary\n'],
  },
  {
    name: 'a lecture, and the question at its end',
    says: [['stderr', 'We trust: you\nThink before you type: '], ['stderr', 'or not.\n\nn0-password '], ready],
    hears: ['pass-canary\n'],
  },
  {
    name: 'ready, split',
    says: [
      ['stdout', 'Last login: never\n'],
      ['stdout', '\nn0-re', 'ady'],
      ['stdout', '\n'],
    ],
    hears: [],
  },
  {
    name: 'a question in words of its own',
    says: [['stderr', '请输入 ops 的口令：']],
    hears: ['pass-canary\n'],
  },
  {
    name: 'the question of su',
    become: { method: 'su' },
    says: [['stderr', 'Password: '], ready],
    hears: ['pass-canary\n'],
  },
  {
    name: 'the same question again',
    says: [
      ['stderr', 'n0-password '],
      ['stderr', '\nSorry, try again.\nn0-password '],
    ],
    hears: ['pass-canary\n'],
    fails:
      /^h1: it can't become root by sudo: the password was refused; correct it \(give it with ansible_become_password/,
  },
  { name: 'a login that greets as if it asked', noise: 'Welcome to prod> ', says: [ready], hears: [] },
  {
    name: 'a question after such a greeting',
    noise: 'last login: ',
    says: [['stderr', 'n0-password '], ready],
    hears: ['pass-canary\n'],
  },
  {
    name: 'such a greeting, and a password that is refused',
    noise: 'Welcome: \nuser ann not found\nlast login: ',
    says: [
      ['stderr', 'n0-password '],
      ['stderr', '\nSorry, try again.\nn0-password '],
    ],
    hears: ['pass-canary\n'],
    fails: /^h1: it can't become root by sudo: the password was refused; correct it/,
  },
  {
    name: 'a login that is turned away after its greeting',
    noise: 'unknown user in the motd',
    says: [['stderr', 'sudo: unheard of\n'], ['end']],
    hears: [],
    fails: /^h1: it can't become root by sudo: it said: sudo: unheard of; run it/,
  },
  {
    name: 'a code instead of a password',
    says: [['stderr', 'Verification code: ']],
    hears: [],
    fails:
      /sudo asks "Verification code:", which no password answers; allow this user sudo with a password alone, or wi/,
  },
  {
    name: 'a code by the name of a password',
    says: [['stderr', 'Dynamic password: ']],
    hears: [],
    fails: /sudo asks "Dynamic password:", which no password answers/,
  },
  {
    name: 'another question after it',
    says: [
      ['stderr', 'n0-password '],
      ['stderr', '\nVerification code: '],
    ],
    hears: ['pass-canary\n'],
    fails: /after it asked for a password, sudo asks "Verification code:"; allow this user sudo with a password alone/,
  },
  {
    name: 'another question, which repeats the password',
    says: [
      ['stderr', 'n0-password '],
      ['stderr', 'pass-canary Verification code: '],
    ],
    hears: ['pass-canary\n'],
    fails: /after it asked for a password, sudo asks "\*\*\* Verification code:"; allow/,
  },
  {
    name: 'a password that has expired',
    says: [
      ['stderr', 'n0-password '],
      ['stderr', '\nYou are required to change your password immediately\nCurrent password: '],
    ],
    hears: ['pass-canary\n'],
    fails: /the password has expired; log in there by hand/,
  },
  {
    name: 'a question, and no password',
    become: { password: null },
    says: [['stderr', 'n0-password ']],
    hears: [],
    fails:
      /sudo asks for a password, and there is none; give it with ansible_become_password or -K, or allow .*NOPASSWD/,
  },
  {
    name: 'an end before anything',
    says: [['end']],
    hears: [],
    fails: /it can't become root by sudo: it ended; run it there by hand: sudo -u root/,
  },
  {
    name: 'an end with a reason that nobody knows, which repeats the password',
    says: [['stderr', 'n0-password '], ['stderr', '\nsudo: pass-canary? unheard \u001b[31mof\n'], ['end']],
    hears: ['pass-canary\n'],
    fails: /it said: sudo: \*\*\*\? unheard \[31mof; run it/,
  },
  {
    name: 'no right',
    says: [['stderr', 'ops is not in the sudoers file.\n'], ['end']],
    hears: [],
    fails:
      /this user may not run \/bin\/sh as that one through sudo; add a rule with visudo there: USER ALL=\(root\) ALL/,
  },
  {
    name: 'no such command',
    says: [['stderr', '/bin/sh: 1: exec: sudo: not found\n'], ['end']],
    hears: [],
    fails: /there is no sudo; install sudo, or name another way/,
  },
  {
    name: 'no such user',
    become: { user: 'nosuch' },
    says: [['stderr', 'sudo: unknown user nosuch\n'], ['end']],
    hears: [],
    fails: /can't become nosuch by sudo: there is no user nosuch; correct ansible_become_user/,
  },
  {
    name: 'doas that wants a terminal for its password',
    become: { method: 'doas' },
    says: [['stderr', 'doas: Authentication required\n'], ['end']],
    hears: [],
    fails: /doas wants a password, and reads it from a terminal only; permit nopass in doas\.conf/,
  },
  {
    name: 'silence',
    says: [['stderr', 'sudo: unable to resolve host h1\n']],
    hears: [],
    fails: /sudo came to no end within 0\.7 s, it said: sudo: unable to resolve host h1; run it there by hand/,
  },
]

for (const { name, noise, become, says, hears, fails } of cases) {
  test(name, async () => {
    const canned = new Canned(noise)
    const work = becoming(async () => canned.streams, { ...root, ...become }, 'h1', {
      deadline: noise ? 10 : 0.7,
      nonce,
    })
    const settled = work.catch(() => {})
    await eventually(() => canned.written.length === 1)
    // A sudo that is slow to ask: longer than the silence after which what looks like a question is one.
    if (noise) await new Promise((resolve) => setTimeout(resolve, 600))
    for (const words of says) await canned.say(...words)
    if (!fails && canned.answers.length < hears.length) {
      await eventually(() => canned.answers.length === hears.length)
      await canned.say(...ready)
    }
    await settled
    if (fails) {
      const error = await failure(work)
      assert.match(error.message, fails)
      assert.is(error.code, 3)
      assert.not.match(JSON.stringify([error.message, error.stack]), /canary/)
      assert.ok(canned.killed)
    } else assert.is(await work, canned.streams)
    assert.equal(canned.answers, fails ? hears : [...hears, 'n0-go\n'])
    for (const stream of [canned.stdin, canned.stdout, canned.stderr])
      assert.is(stream.listenerCount('error'), 0, 'nothing listens any more')
  })
}

for (const [name, says, fails] of [
  [
    'a password that has expired where a key logs in',
    ['WARNING: Your password has expired.\nPassword change required but no TTY available.\n'],
    /^h1: its password has expired, and sshd asks for a new one \(".*"\); log in by hand/,
  ],
  [
    'an account that sshd starts no shell for',
    ['This service allows sftp connections only.\n'],
    /^h1: the login works, but its shell has not come up: .*; it said: This service .*; see to .*ForceCommand/,
  ],
] as const)
  test(`what the login says before it is asked for anything is no word of sudo's: ${name}`, async () => {
    const streams = new Canned().streams
    streams.stdin.removeAllListeners('data')
    const work = failure(becoming(async () => streams, root, 'h1', { nonce }))
    for (const text of says) (streams.stderr as PassThrough).write(text)
    setTimeout(() => streams.stdout.destroy(), 50)
    const error = await work
    assert.match(error.message, fails)
    assert.is(error.code, 3)
  })

test('a login that reads nothing is given up after 30 s', async () => {
  const streams = new Canned().streams
  streams.stdin.removeAllListeners('data')
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    let error: Error | undefined
    becoming(async () => streams, root, 'h1', { nonce }).catch((reason) => {
      error = reason
    })
    await new Promise(setImmediate)
    mock.timers.tick(29_900)
    await new Promise(setImmediate)
    assert.is(error, undefined)
    mock.timers.tick(200)
    await new Promise(setImmediate)
    assert.match(
      error?.message ?? '',
      /^h1: the login works, .* not come up: it has read nothing within 30 s; see to \.bashrc/,
    )
  } finally {
    mock.timers.reset()
  }
})

test('sudo that wants a terminal gets one on a second try; its word for that is not believed twice', async () => {
  const opened: Canned[] = []
  const open = async (): Promise<Streams> => {
    opened.push(new Canned())
    return opened.at(-1)!.streams
  }
  const work = becoming(open, root, 'h1', { deadline: 2, nonce })
  const no: Words = ['stderr', 'sudo: sorry, you must have a tty to run sudo\n']
  await eventually(() => opened[0]?.written.length === 1)
  await opened[0]!.say(...no)
  await opened[0]!.say('end')
  await eventually(() => opened[1]?.written.length === 1)
  assert.not(opened[0]!.killed, 'the connection stays')
  assert.match(opened[1]!.written[0]!, /exec script -qc /)
  await opened[1]!.say(...ready)
  assert.is(await work, opened[1]!.streams)
})

const asks: Words = ['stderr', 'n0-password ']
const again: Words = ['stderr', '\nSorry, try again.\nn0-password ']

/** Machines that become root with one password, which all of them ask for at once. */
async function crowd(size: number, says: Words = asks): Promise<{ sudos: Canned[]; ends: Promise<unknown>[] }> {
  const trial = new Trial()
  const sudos = Array.from({ length: size }, () => new Canned())
  const ends = sudos.map((sudo, index) =>
    becoming(async () => sudo.streams, root, `h${index + 1}`, { nonce, trial }).catch((error) => error),
  )
  await eventually(() => sudos.every(({ written }) => written.length === 1))
  for (const sudo of sudos) await sudo.say(...says)
  return { sudos, ends }
}
const heard = (sudos: readonly Canned[]): number[] => sudos.map(({ answers }) => answers.length)

test('a wrong password is tried at two machines, and the others say which', async () => {
  const { sudos, ends } = await crowd(5)
  assert.equal(heard(sudos), [1, 0, 0, 0, 0], 'one at a time')
  await sudos[0]!.say(...again)
  await eventually(() => sudos[1]!.answers.length === 1)
  await sudos[1]!.say('stderr', 'sudo: 1 incorrect password attempt\n')
  await sudos[1]!.say('end')
  const texts = (await Promise.all(ends)).map(String)
  assert.equal(heard(sudos), [1, 1, 0, 0, 0])
  for (const text of texts.slice(0, 2)) assert.match(text, /the password was refused; correct it/)
  for (const text of texts.slice(2))
    assert.match(
      text,
      /: h\d: it can't become root by sudo: the password is not tried here: h1 and h2 refused it; correct it \(give it with ansible_become_password or -K\): more wrong tries/,
    )
  for (const { killed } of sudos) assert.ok(killed)
})

test('one machine accepts a password, and all others try it at once', async () => {
  const { sudos, ends } = await crowd(5)
  await sudos[0]!.say(...ready)
  await eventually(() =>
    heard(sudos)
      .slice(1)
      .every((answers) => answers === 1),
  )
  for (const sudo of sudos.slice(1)) await sudo.say(...ready)
  assert.equal(
    await Promise.all(ends),
    sudos.map(({ streams }) => streams),
  )
})

test('a machine that ends passes its turn on, also one that ends while it waits', async () => {
  const { sudos, ends } = await crowd(4)
  await sudos[1]!.say('end')
  await ends[1]
  await sudos[0]!.say('end')
  await eventually(() => sudos[2]!.answers.length === 1)
  assert.equal(heard(sudos), [1, 0, 1, 0])
  await sudos[2]!.say(...ready)
  await eventually(() => sudos[3]!.answers.length === 1)
  await sudos[3]!.say(...ready)
  await Promise.all(ends)
  assert.equal(heard(sudos), [1, 0, 2, 2])
})

test('a greeting that looks like a question accepts no password for others', async () => {
  const { sudos, ends } = await crowd(3, ['stderr', 'Welcome: '])
  await eventually(() => heard(sudos)[0] === 1)
  await sudos[0]!.say(...ready)
  await eventually(() => heard(sudos)[1] === 1)
  assert.is(heard(sudos)[2], 0)
  for (const sudo of sudos.slice(1).reverse()) await sudo.say(...ready)
  await Promise.all(ends)
  assert.equal(heard(sudos), [2, 2, 1], 'the last was ready before its turn came')
})

test("a prompt of PAM's own is one for a password all the same: what is accepted there lets all others go on", async () => {
  const { sudos, ends } = await crowd(4, ['stderr', 'LDAP Password: '])
  await eventually(() => heard(sudos)[0] === 1)
  await sudos[0]!.say(...ready)
  await eventually(() => heard(sudos).filter((answers) => answers > 0).length === 4)
  for (const sudo of sudos.slice(1)) await sudo.say(...ready)
  await Promise.all(ends)
})

test('the password is in no command line, and names are words', () => {
  for (const method of ['sudo', 'su', 'doas'] as const) {
    for (const terminal of [false, true]) {
      const line = commandLine({ method, user: 'a b', password }, nonce, terminal)
      assert.not.match(line, /canary/)
      assert.is(line.split('\n').length, 2, 'one line')
    }
  }
})

/** A sudo that asks for nothing, in a folder of its own, which is all that the login has left in PATH. */
const folder = mkdtempSync(join(tmpdir(), 'plinth-become-'))
test.after(() => rmSync(folder, { recursive: true }))
for (const [name, ...command] of [
  ['dash', '/bin/dash'],
  ['bash', '/bin/bash', '--posix'],
  ['busybox ash', '/bin/busybox', 'ash'],
] as const) {
  test(`${name} starts it, and a password that nobody asked for is swallowed`, async () => {
    const bin = join(folder, name)
    mkdirSync(bin)
    // It greets as if it asked something, and then asks nothing.
    const greets = `printf 'Welcome: ' >&2; sleep 0.7; while [ "$1" != -- ]; do shift; done; shift; exec "$@"`
    writeFileSync(join(bin, 'sudo'), `#!/bin/sh\n${greets}\n`)
    chmodSync(join(bin, 'sudo'), 0o755)
    const env = { PATH: bin, SSH_CONNECTION: '192.0.2.1 1 192.0.2.2 22' }
    const child = spawn(command[0], command.slice(1), { env })
    const written: string[] = []
    child.stdin.write = ((write) => (chunk: string) => {
      written.push(chunk)
      return write(chunk)
    })(child.stdin.write.bind(child.stdin))
    const open = async (): Promise<Streams> => ({
      stdin: child.stdin,
      stdout: child.stdout,
      stderr: child.stderr,
      kill: () => child.kill('SIGKILL'),
    })
    let noise = ''
    child.stderr.on('data', (chunk) => {
      noise += chunk
    })
    const streams = await becoming(open, { ...root, user: 'a b' }, 'h1')
    const shell = new Shell('h1', streams)
    assert.is(written[1], 'pass-canary\n')
    const { code, stdout, stderr } = await shell.run('echo "$SSH_CONNECTION"; umask; pwd')
    assert.equal([code, stderr], [0, ''])
    assert.match(stdout, /^192\.0\.2\.1 1 192\.0\.2\.2 22\n0?022\n\/\n$/)
    assert.not.match(noise, /not found|canary/)
    await shell.close()
    await eventually(() => child.exitCode !== null)
  })
}

test.run()
