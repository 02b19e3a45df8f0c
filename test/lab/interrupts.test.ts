/** Signals, keys and closed terminals in the middle of everything that a run does; what is said, what is left, and that the next run converges. */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { assert, suite } from '../kit.ts'
import { $ } from './shell.ts'
import {
  executions,
  fresh,
  inside,
  inventory,
  lower,
  onDisk,
  quiet,
  type Ran,
  type Running,
  raise,
  run,
  stage,
  start,
  stop,
} from './transport/stage.ts'

const test = suite('interrupts')
const host = 'nacos1'
test.before(() => raise(host, 'nacos2'))
test.after(lower)

const written = 'yes new | head -c 20000 >/srv/app/app.conf'
const send = 'send app-1.0.tar.gz (9 MB)'
const unpack = 'unpack app-1.0.tar.gz into /srv/app/release'
const last = 'write /srv/app/last'
const code = join(stage.layout.folder, 'exit-code')
const finishing = /finishing the step in hand; interrupt again to stop at once/
const ctrlC = '\x03'
const there = (path: string): boolean => existsSync(onDisk(host, path))

/** A run of one host that stands still before a command of one of its scripts. */
async function standing(at: string, before: string, how: Parameters<typeof start>[1] = {}): Promise<Running> {
  rmSync(code, { force: true })
  await fresh(host, before)
  const path = inventory([host])
  stop.at(host, at)
  const running = start(path, how)
  await stop.reached(host, at, running)
  return running
}

async function converges(): Promise<void> {
  await quiet(host)
  const path = inventory([host])
  const next = await run(path)
  assert.is(next.code, 0, next.text)
  const again = await run(path, '--check')
  assert.is(again.code, 0, again.text)
}

/** Text without colours and without what a live line is drawn with. */
const shown = (text: string): string => stripVTControlCharacters(text).replaceAll('\r', '')

/** What is said of a run that ended after the step in hand: what is done, what is not, and how to go on. */
function assertReported({ text }: Pick<Ran, 'text'>, done: readonly string[], undone: readonly string[]): void {
  const plain = shown(text)
  assert.match(plain, finishing)
  assert.ok(
    plain.includes(`${host}: interrupted in app\n  done: ${done.join('; ')}\n  not done: ${undone.join('; ')}\n`),
    plain,
  )
  assert.match(
    plain,
    /Interrupted after [\d.]+ s: nothing is half-written\. Go on with: npx tsx test\/lab\/transport\/site\.ts -i \S+$/m,
  )
}

const signals: Readonly<Record<string, (running: Running) => void>> = {
  SIGINT: (running) => running.kill('SIGINT'),
  SIGTERM: (running) => running.kill('SIGTERM'),
  SIGHUP: (running) => running.kill('SIGHUP'),
  'one Ctrl-C, handed on by npx and tsx as well': (running) => {
    for (let times = 0; times < 3; times++) running.kill('SIGINT')
  },
  'SIGTERM and SIGHUP, as at the end of a session': (running) => {
    running.kill('SIGTERM')
    running.kill('SIGHUP')
  },
}

for (const [name, send_] of Object.entries(signals)) {
  test(
    `${name} in a step: it is finished, nothing new is begun, the lock is free`,
    async () => {
      const running = await standing('app-job', written)
      send_(running)
      await running.said(finishing)
      stop.letGo(host)
      const ran = await running.ended
      assert.is(ran.code, 130, ran.text)
      assertReported(ran, ['run the job'], [send, unpack, last])
      await quiet(host)
      assert.not(there('srv/app/release'))
      await converges()
      assert.is(executions(host), 1)
    },
    { timeout: 60 },
  )
}

test(
  'Ctrl-C on a terminal: the same, and the line is left clean',
  async () => {
    const running = await standing('app-job', written, { terminal: code })
    await running.said(/run the job/)
    running.type(ctrlC)
    await running.said(finishing)
    stop.letGo(host)
    const ran = await running.ended
    assert.is(readFileSync(code, 'utf8'), '130\n')
    assertReported(ran, ['run the job'], [send, unpack, last])
    await converges()
    assert.is(executions(host), 1)
  },
  { timeout: 60 },
)

test(
  'Ctrl-C again: it ends at once, and says what is under way; that ends on the host as a whole, and keeps the lock until then',
  async () => {
    const running = await standing('app-job', written, { terminal: code })
    await running.said(/run the job/)
    running.type(ctrlC)
    await running.said(finishing)
    // What comes sooner is the same key.
    await sleep(1100)
    running.type(ctrlC)
    const { text } = await running.ended
    assert.is(readFileSync(code, 'utf8'), '130\n')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal is told; in colour unless NO_COLOR is set
    assert.match(text, /\r\u001b\[K(\u001b\[31m)?Stopped at once/, 'the live line is gone')
    assert.match(
      shown(text),
      /Stopped at once: what was under way ends there by itself, as a whole or not at all, and holds the lock until then \("run the job" on nacos1\)\. Go on with: npx tsx .*\n$/,
    )
    const second = await run(inventory([host]))
    assert.is(second.code, 1, second.text)
    assert.match(second.text, /another run is at work there/)
    stop.letGo(host)
    await quiet(host)
    assert.ok(there('srv/app/job'))
    assert.not(there('var/cache/plinth'))
    await converges()
    assert.is(executions(host), 1)
  },
  { timeout: 60 },
)

for (const [at, step] of [
  ['dd', 'a write'],
  ['mv', 'a write, right before its rename'],
] as const) {
  test(
    `Ctrl-C twice in the middle of ${step}: the old file or the whole new one`,
    async () => {
      const running = await standing(at, '')
      running.kill('SIGINT')
      await running.said(finishing)
      await sleep(1100)
      running.kill('SIGINT')
      assert.is((await running.ended).code, 130)
      assert.is(readFileSync(onDisk(host, 'srv/app/app.conf'), 'utf8'), 'old\n')
      stop.letGo(host)
      await quiet(host)
      assert.is(readFileSync(onDisk(host, 'srv/app/app.conf'), 'utf8'), 'new\n'.repeat(5000))
      assert.is(executions(host), 0, 'nothing new was begun')
      await converges()
    },
    { timeout: 60 },
  )
}

test(
  'the terminal is closed in a step: as if interrupted once',
  async () => {
    const running = await standing('app-job', written, { terminal: code })
    await running.said(/run the job/)
    running.kill('SIGKILL')
    await running.ended
    await inside(host, 'sleep 0.3')
    stop.letGo(host)
    await quiet(host)
    while (!existsSync(code)) await sleep(50)
    assert.is(readFileSync(code, 'utf8'), '130\n')
    assert.ok(there('srv/app/job'))
    assert.not(there('var/cache/plinth'), 'nothing new was begun')
    await converges()
    assert.is(executions(host), 1)
  },
  { timeout: 60 },
)

test(
  'an interrupt in an upload: it arrives, and the next run does not send it again',
  async () => {
    const running = await standing('cat', `${written}; : >/srv/app/job`)
    running.kill('SIGINT')
    await running.said(finishing)
    stop.letGo(host)
    const ran = await running.ended
    assert.is(ran.code, 130, ran.text)
    assertReported(ran, [send], [unpack, last])
    const next = await run(inventory([host]))
    assert.is(next.code, 0, next.text)
    assert.not.match(next.text, /send app/)
  },
  { timeout: 60 },
)

test(
  'an interrupt while a machine is read: nobody waits for the answer, and nothing was changed',
  async () => {
    const running = await standing('stat', '')
    running.kill('SIGINT')
    const ran = await running.ended
    assert.is(ran.code, 130, ran.text)
    assert.match(ran.text, /Interrupted after [\d.]+ s: nothing was changed\. Go on with: npx tsx /)
    assert.not.match(ran.text, /unreachable|Plan/)
    stop.letGo(host)
    await converges()
  },
  { timeout: 60 },
)

test(
  'an interrupt while a machine does not answer: nobody waits for it',
  async () => {
    await fresh(host)
    await stage.cut('nacos2')
    try {
      const running = start(inventory([host, 'nacos2']), { terminal: code })
      await running.said(/reading 2 machines/)
      running.type(ctrlC)
      const { text } = await running.ended
      assert.is(readFileSync(code, 'utf8'), '130\n')
      assert.match(text, /Interrupted after [\d.]+ s: nothing was changed\./)
      assert.not.match(text, /unreachable/)
    } finally {
      await stage.mend('nacos2')
    }
  },
  { timeout: 60 },
)

test(
  'an interrupt at a gate that waits: it ends the wait, what was done is told, and the next run waits again',
  async () => {
    await fresh(host, 'rm -f /srv/open')
    const running = start(inventory([host], { gate: true, job: ':' }))
    await running.said(/waiting \d+ s: the gate is open\? nacos1: is not open/)
    running.kill('SIGINT')
    const ran = await running.ended
    assert.is(ran.code, 130, ran.text)
    assert.match(ran.text, /^nacos1 +1 +4 +ok +[\d.]+\n(slowest steps\n( .*\n)+)?Interrupted after /m)
    await inside(host, ': >/srv/open')
    const next = await run(inventory([host], { gate: true, job: ':' }))
    assert.is(next.code, 0, next.text)
    assert.match(next.text, /the gate is open: 1 host/)
  },
  { timeout: 60 },
)

test(
  'Ctrl-C at a question for a password, before the first connection and in it: exit code 130, and the terminal is as before',
  async () => {
    await fresh(host)
    const key = join(stage.layout.folder, 'locked-key')
    rmSync(key, { force: true })
    await $`cp ${join(stage.layout.folder, 'id_ed25519')} ${key}; cp ${join(stage.layout.folder, 'id_ed25519.pub')} ${key}.pub`
    await $`ssh-keygen -q -p -P ${''} -N words -f ${key}`
    const asked = [
      { key: undefined, args: ['-k'], question: /SSH password: $/ },
      { key, args: [], question: /Passphrase for .*: $/ },
    ]
    for (const { key, args, question } of asked) {
      const path = inventory([host], key === undefined ? {} : { key })
      const running = start(path, { args, terminal: `${code}; stty -a` })
      await running.said(question)
      running.type(ctrlC)
      const { text } = await running.ended
      assert.is(readFileSync(code, 'utf8'), '130\n', text)
      assert.match(text, / echo /)
      assert.not.match(text, /nothing was typed/)
    }
  },
  { timeout: 60 },
)

test.run()
