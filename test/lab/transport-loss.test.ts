/** Machines that are lost in the middle of a read, a write, an upload and a step; and what the next run finds. */
import { existsSync, readFileSync } from 'node:fs'
import { assert, suite } from '../kit.ts'
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

const test = suite('transport-loss')
const hosts = ['nacos1', 'nacos2']
test.before(() => raise(...hosts))
test.after(lower)

interface Point {
  /** The command of the script before which the host stops. */
  readonly at: string
  /** What is done already when the run starts. */
  readonly before: string
  /** The step in hand, as the report calls it, and what comes after it; none for a read. */
  readonly step?: string
  readonly left?: readonly string[]
}

const written = 'yes new | head -c 20000 >/srv/app/app.conf'
const unpack = 'unpack app-1.0.tar.gz into /srv/app/release'
const send = 'send app-1.0.tar.gz (9 MB)'
const last = 'write /srv/app/last'
const write = { before: '', step: 'write /srv/app/app.conf', left: ['run the job', send, unpack, last] }
const points = {
  'a read': { at: 'stat', before: '' },
  /** A thousand bytes of it have arrived. */
  'a write': { at: 'dd', ...write },
  'a write, right before its rename': { at: 'mv', ...write },
  'an upload': { at: 'cat', before: `${written}; : >/srv/app/job`, step: send, left: [unpack, last] },
  'a step': { at: 'app-job', before: written, step: 'run the job', left: [send, unpack, last] },
} satisfies Readonly<Record<string, Point>>

interface Fault {
  make(host: string, run: Running): Promise<unknown>
  mend?(host: string): Promise<unknown>
  /** The reason the report gives; none when it is the controller that is gone. */
  readonly says?: RegExp
}

const faults = {
  "sshd's process for the session is killed": {
    make: (host) => inside(host, 'pkill -9 -x sshd-session'),
    says: /the host closed the connection|the shell there ended|the connection was cut/,
  },
  'the host loses its power and is back in seconds': {
    async make(host) {
      await stage.kill(host)
      stop.letGo(host)
      await stage.boot(host)
    },
    says: /the connection was cut|the host closed the connection/,
  },
  'the controller is killed': { make: async (_host, run) => run.kill('SIGKILL') },
  'the network is cut': {
    make: (host) => stage.cut(host),
    mend: (host) => stage.mend(host),
    says: /the host gave no sign of life/,
  },
  'the host is frozen': {
    make: (host) => stage.freeze(host),
    mend: (host) => stage.thaw(host),
    says: /the host gave no sign of life/,
  },
} satisfies Readonly<Record<string, Fault>>

type Blow = readonly [host: string, fault: keyof typeof faults, point: keyof typeof points]

const cases: readonly (readonly Blow[])[] = [
  ...(
    [
      "sshd's process for the session is killed",
      'the host loses its power and is back in seconds',
      'the controller is killed',
    ] as const
  ).flatMap((fault): Blow[][] => [
    [['nacos1', fault, 'a read']],
    [
      ['nacos1', fault, 'a write'],
      ['nacos2', fault, 'an upload'],
    ],
    [
      ['nacos1', fault, 'a step'],
      ['nacos2', fault, 'a write, right before its rename'],
    ],
  ]),
  // These take as long as a dead peer takes to be noticed, so they come together.
  [['nacos1', 'the host is frozen', 'a read']],
  [
    ['nacos1', 'the network is cut', 'a step'],
    ['nacos2', 'the host is frozen', 'an upload'],
  ],
  [
    ['nacos1', 'the host is frozen', 'a step'],
    ['nacos2', 'the network is cut', 'a write, right before its rename'],
  ],
]

const conf = (host: string): string => readFileSync(onDisk(host, 'srv/app/app.conf'), 'utf8')
const whole = 'new\n'.repeat(5000)

/** Under their final names there is only what is whole. */
async function nothingHalf(host: string): Promise<void> {
  assert.ok(['old\n', whole].includes(conf(host)), `app.conf: ${conf(host).length} bytes`)
  assert.not(existsSync(onDisk(host, 'srv/app/release')))
  await inside(
    host,
    'cd /var/cache/plinth 2>/dev/null && for f in [0-9a-f]*[0-9a-f]; do [ ! -e $f ] || echo "$f  $f" | sha256sum -c --quiet; done || :',
  )
}

/** The next run finishes the job, and the one after it has nothing to do. */
async function converges(path: string): Promise<void> {
  const next = await run(path)
  assert.is(next.code, 0, next.text)
  const again = await run(path, '--check')
  assert.is(again.code, 0, again.text)
  for (const host of hosts) {
    assert.is(conf(host), whole)
    const halves = "find /srv /var/cache/plinth -name '.plinth.*' -o -name '*.part' 2>/dev/null || :"
    assert.is(await inside(host, halves), '')
  }
}

/** What the report says of one host that was lost: by name, why, what is done, what is not, and how to go on. */
function assertReported({ text }: Ran, [host, fault, point]: Blow): void {
  const { says }: Fault = faults[fault]
  const { step, left = [] }: Point = points[point]
  const own = text.slice(text.indexOf(`${host}: unreachable in app\n`)).split('\n')
  assert.is(own[0], `${host}: unreachable in app`, text)
  if (step === undefined) assert.match(own[1]!, new RegExp(`^ {2}${host}: the connection is gone: .*run again`), text)
  else assert.is(own[1], `  ${host}: the connection was lost during "${step}", so its outcome is unknown:`)
  assert.match(own.slice(1, 3).join(' '), says!)
  if (left.length > 0) assert.ok(own.slice(2, 30).includes(`  not done: ${left.join('; ')}`), text)
  assert.match(text, new RegExp(`^${host} +\\d+ +\\d+ +unreachable +[\\d.]+$`, 'm'))
  assert.match(text, /Failed on \d of 2 hosts .*, go on with: npx tsx \S+ -i \S+$/m)
}

for (const blows of cases) {
  test(
    blows.map(([host, fault, point]) => `${fault} in the middle of ${point} (${host})`).join(', '),
    async () => {
      await Promise.all(
        hosts.map((host) => {
          const blow = blows.find(([name]) => name === host)
          return fresh(host, blow ? points[blow[2]].before : '')
        }),
      )
      const path = inventory(hosts)
      for (const [host, , point] of blows) stop.at(host, points[point].at)
      const running = start(path)
      await Promise.all(blows.map(([host, , point]) => stop.reached(host, points[point].at, running)))
      await Promise.all(blows.map(([host, fault]) => faults[fault].make(host, running)))
      const ran = await running.ended
      const known = blows.every(([, fault]) => (faults[fault] as Fault).says !== undefined)
      assert.is(ran.code, known ? 3 : null, ran.text)
      for (const blow of blows) if (known) assertReported(ran, blow)
      await Promise.all(blows.map(([host, fault]) => (faults[fault] as Fault).mend?.(host)))

      for (const [host] of blows) stop.letGo(host)
      await Promise.all(hosts.map(quiet))
      for (const host of hosts) await nothingHalf(host)
      const reading = blows.some(([, , point]) => point === 'a read')
      if (reading) for (const host of hosts) assert.is(conf(host), 'old\n', 'nothing is written while one is not known')
      // A step that was ended with its host has to run again; one that came to its end alone must not.
      const expected = hosts.map((host) => executions(host) + (existsSync(onDisk(host, 'srv/app/job')) ? 0 : 1))
      const [, fault, point] = blows[0]!
      if (point === 'a step') assert.is(expected[0], fault.includes('power') ? 2 : 1)
      await converges(path)
      assert.equal(hosts.map(executions), expected)
    },
    { timeout: 90 },
  )
}

test(
  'while the step in hand of a lost run goes on, the next run is refused and told whose it is',
  async () => {
    await Promise.all(hosts.map((host) => fresh(host)))
    const path = inventory(hosts)
    stop.at('nacos1', 'app-job')
    const running = start(path)
    await stop.reached('nacos1', 'app-job', running)
    running.kill('SIGKILL')
    const second = await run(path)
    assert.is(second.code, 1, second.text)
    assert.match(second.text, new RegExp(`nacos1: another run is at work there: .* pid ${running.pid}, .*since`))
    assert.is(executions('nacos1'), 1)
    stop.letGo('nacos1')
    await quiet('nacos1')
    await converges(path)
    assert.equal(hosts.map(executions), [1, 1])
  },
  { timeout: 60 },
)

test(
  "a run outlives sshd's listener; without one the host is refused by name",
  async () => {
    await Promise.all(hosts.map((host) => fresh(host)))
    const path = inventory(hosts)
    stop.at('nacos1', 'app-job')
    const running = start(path)
    await stop.reached('nacos1', 'app-job', running)
    await inside('nacos1', 'systemctl stop ssh')
    try {
      stop.letGo('nacos1')
      const ran = await running.ended
      assert.is(ran.code, 0, ran.text)
      const next = await run(path)
      assert.is(next.code, 3, next.text)
      assert.match(next.text, /nacos1 \(root@\S+:22\): the connection was refused: nothing listens on that port; see /)
    } finally {
      await inside('nacos1', 'systemctl start ssh')
    }
    await converges(path)
    assert.equal(hosts.map(executions), [1, 1])
  },
  { timeout: 60 },
)

test.run()
