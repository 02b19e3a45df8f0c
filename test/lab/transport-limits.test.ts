/** Hosts that have come to their limits, and a clock that jumps: what is said, what is left, and that the next run converges. */
import { setTimeout as sleep } from 'node:timers/promises'
import { assert, suite } from '../kit.ts'
import { MemoryBound } from './memory.ts'
import {
  executions,
  fresh,
  inside,
  inventory,
  lower,
  quiet,
  raise,
  run,
  stage,
  start,
  stepAround,
  stop,
} from './transport/stage.ts'

const test = suite('transport-limits')
const host = 'nacos1'
test.before(() => raise(host))
test.after(lower)

const small = (folder: string, size: string): string =>
  `mkdir -p ${folder}; mount -t tmpfs -o size=${size} small ${folder}; [ ${folder} != /srv/app ] || echo old >/srv/app/app.conf`

interface Limit {
  readonly name: string
  readonly before?: string
  /** Shell on the host that brings it to its limit, and takes it back. */
  readonly make: string
  readonly mend: string
  /** What the job runs, instead of nothing. */
  readonly job?: string
  readonly says: RegExp
  readonly step: string
}

const write = 'write /srv/app/app.conf'
/** What a killed write leaves; an unpacked release has its own marker. */
const temporary = "find /srv/app -name '.plinth.*'"
const send = 'send app-1.0.tar.gz (9 MB)'
const written = 'yes new | head -c 20000 >/srv/app/app.conf; : >/srv/app/job'
const limits: readonly Limit[] = [
  {
    name: 'the disk is full when a file is written',
    make: small('/srv/app', '8k'),
    mend: 'umount /srv/app',
    step: write,
    says: /No space left on device/,
  },
  {
    name: 'the disk is full when an archive arrives',
    before: written,
    make: small('/var/cache/plinth', '3m'),
    mend: 'umount /var/cache/plinth',
    step: send,
    says: /No space left on device/,
  },
  {
    name: 'the disk is full when an archive is unpacked',
    before: written,
    make: `${small('/srv/app', '4m')}; ${written}`,
    mend: 'umount /srv/app',
    step: 'unpack app-1.0.tar.gz into /srv/app/release',
    // The words of tar, which depend on where in the archive it happens.
    says: /tar: .*(No space left on device|Wrote only \d+ of \d+ bytes)/,
  },
  {
    name: 'the file system is read-only',
    make: 'mount --bind /srv/app /srv/app; mount -o remount,bind,ro /srv/app',
    mend: 'umount /srv/app',
    step: write,
    says: /Read-only file system/,
  },
  {
    name: 'the memory is not enough for a command',
    make: ':',
    mend: ':',
    job: 'ulimit -v 40000; head -c 100000000 /dev/zero | tail -c 90000000 >/dev/null',
    step: 'run the job',
    says: /memory exhausted|Cannot allocate memory/,
  },
]

for (const { name, before = '', make, mend, job, says, step } of limits) {
  test(
    `${name}: said by name, nothing half-written, and the next run converges`,
    async () => {
      await fresh(host, before)
      await inside(host, make)
      const ran = await run(inventory([host], job === undefined ? {} : { job }))
      const conf = await inside(host, 'cat /srv/app/app.conf')
      const left = await inside(host, `${temporary}; find /var/cache/plinth -type f ! -name '*.part' | wc -l`)
      await inside(host, mend)
      assert.is(ran.code, 1, ran.text)
      assert.match(ran.text, says)
      assert.match(ran.text, /^nacos1: failed in app$/m)
      assert.ok(ran.text.includes(`nacos1: "${step}" ended with exit code `), ran.text)
      assert.match(
        ran.text,
        new RegExp(`^  not done: ${step.replaceAll(/[().]/g, '\\$&')}; .*write /srv/app/last$`, 'm'),
      )
      assert.match(ran.text, /go on with: npx tsx \S+ -i \S+$/m)
      assert.ok(['old', 'new\n'.repeat(5000).trim()].includes(conf), `app.conf: ${conf.length} bytes`)
      // What has arrived of an archive may wait for the rest; it has its final name only when it is whole.
      assert.is(left, step.startsWith('unpack') ? '1' : '0')
      await quiet(host)
      const next = await run(inventory([host]))
      assert.is(next.code, 0, next.text)
      assert.is((await run(inventory([host]), '--check')).code, 0)
    },
    { timeout: 60 },
  )
}

test(
  'the kernel, out of memory, kills the process of a step: said by name, nothing half-written, and the next run converges',
  async () => {
    await fresh(host)
    stop.at(host, 'app-job')
    const running = start(inventory([host], { job: 'app-job; all=$(yes | head -c 400000000); [ "$all" ]' }))
    await stop.reached(host, 'app-job', running)
    const bound = new MemoryBound(`plinth-${stage.layout.name}`, 64_000_000)
    bound.take(stepAround(host, 'app-job'))
    stop.letGo(host)
    const ran = await running.ended
    assert.is(bound.killed, 1)
    assert.is(ran.code, 1, ran.text)
    assert.match(
      ran.text,
      /nacos1: "run the job" ended with exit code 137 \(killed, as by a kernel that is out of memory\)/,
    )
    assert.match(ran.text, /^ {2}not done: run the job; send .*write \/srv\/app\/last$/m)
    assert.is(await inside(host, `cat /srv/app/app.conf; ${temporary}`), 'new\n'.repeat(5000).trim())
    await quiet(host)
    await bound.end()
    const path = inventory([host])
    const next = await run(path)
    assert.is(next.code, 0, next.text)
    assert.is(executions(host), 2)
    assert.is((await run(path, '--check')).code, 0)
  },
  { timeout: 60 },
)

test(
  'the shell on the host is killed, as by a kernel that is out of memory: the machine is lost, the next run converges',
  async () => {
    await fresh(host)
    const path = inventory([host])
    stop.at(host, 'app-job')
    const running = start(path)
    await stop.reached(host, 'app-job', running)
    await inside(host, 'kill -9 $(pgrep -P $(pgrep -x sshd-session | tail -n 1))')
    const ran = await running.ended
    assert.is(ran.code, 3, ran.text)
    assert.match(ran.text, /nacos1: the connection was lost during "run the job".*\n.*the shell there ended \(\w+\)/)
    stop.letGo(host)
    await quiet(host)
    const next = await run(path)
    assert.is(next.code, 0, next.text)
    assert.is(executions(host), 1)
  },
  { timeout: 60 },
)

test(
  "the controller's clock jumps ten years ahead and back in the middle of a step and of an upload: nobody notices",
  async () => {
    await fresh(host)
    const path = inventory([host])
    stop.at(host, 'app-job')
    const running = start(path, { preload: './test/lab/transport/clock.ts' })
    await stop.reached(host, 'app-job', running)
    running.kill('SIGUSR2')
    await sleep(300)
    stop.at(host, 'dd')
    stop.letGo(host, 'app-job')
    await stop.reached(host, 'dd', running)
    running.kill('SIGUSR2')
    await sleep(300)
    stop.letGo(host)
    const ran = await running.ended
    assert.is(ran.code, 0, ran.text)
    const year = new Date().getFullYear()
    for (const jumped of [year + 10, year - 10]) assert.match(ran.stderr, new RegExp(`^the clock says ${jumped}$`, 'm'))
    assert.match(ran.text, /Done: 4 resources changed \(\d+\.\d s\)/)
    assert.is(executions(host), 1)
  },
  { timeout: 60 },
)

test(
  'the shell on the host is killed while its step goes on: the next run is refused, the step never runs twice at once',
  async () => {
    await fresh(host)
    const path = inventory([host])
    stop.at(host, 'app-job')
    const running = start(path)
    await stop.reached(host, 'app-job', running)
    await inside(host, 'kill -9 $(pgrep -P $(pgrep -x sshd-session | tail -n 1))')
    assert.is((await running.ended).code, 3)
    const second = start(path)
    let over = false
    const twice = async (): Promise<void> => {
      while (!over && executions(host) < 2) await sleep(50)
    }
    await Promise.race([second.ended, twice()])
    over = true
    assert.is(executions(host), 1, 'a second execution beside the first')
    const { code, text } = await second.ended
    assert.is(code, 1, text)
    assert.match(text, /another run is at work there/)
    stop.letGo(host)
    await quiet(host)
    assert.is((await run(path)).code, 0)
    assert.is(executions(host), 1)
  },
  { timeout: 60 },
)

test(
  'no room for the word in the lock: said by name, and nothing is written',
  async () => {
    await fresh(host)
    await inside(
      host,
      `${small('/srv/full', '4k')}; : >/srv/full/lock; ! cat /dev/zero >/srv/full/all 2>/dev/null
       : >/run/plinth.lock; mount --bind /srv/full/lock /run/plinth.lock`,
    )
    const path = inventory([host])
    const ran = await run(path)
    await inside(host, 'umount /run/plinth.lock /srv/full')
    assert.is(ran.code, 1, ran.text)
    assert.match(
      ran.text,
      /nacos1: its lock can't be taken: (.*\n)*.*(No space left on device|I\/O error); see to .* free space of \/run/,
    )
    assert.is(await inside(host, 'cat /srv/app/app.conf'), 'old')
    await quiet(host)
    assert.is((await run(path)).code, 0)
  },
  { timeout: 60 },
)

test.run()
