/** The lab's own promises, on a lab of its own: one bare host for most of them. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { assert, suite } from '../kit.ts'
import { killGroup } from './cgroup.ts'
import { type Lab, lab } from './lab.ts'
import { addressNumbers, hostLayout, layoutOf } from './layout.ts'
import { watcherGroup } from './owner.ts'
import { identityOf, isAlive } from './processes.ts'
import { $ } from './shell.ts'

const test = suite('lab')
const it = lab('selftest')
const other = lab('selftest-2')
const host = 'nacos1'

/** What the system's own ssh makes of a command on the host, trusting only the pinned key. */
async function ssh(command: string, options: readonly string[] = []): Promise<{ code: number | null; stdout: string }> {
  const { folder } = it.layout
  const strict = [
    'BatchMode=yes',
    'StrictHostKeyChecking=yes',
    'ConnectTimeout=20',
    'IdentitiesOnly=yes',
    'GlobalKnownHostsFile=/dev/null',
  ]
  const flags = [...options, ...strict, `UserKnownHostsFile=${folder}/known_hosts`].flatMap((option) => ['-o', option])
  const ran = await $({
    nothrow: true,
  })`ssh -F none -i ${folder}/id_ed25519 ${flags} root@${it.addressOf(host)} ${command}`
  return { code: ran.exitCode, stdout: ran.stdout }
}

/** Waits for what happens by itself, for at most the test's own timeout. */
const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await sleep(50)
}

/** When the host's PID 1 started its work: another value after each boot. */
const bootTime = async (): Promise<string> =>
  (await it.run(host, 'systemctl show --property=UserspaceTimestampMonotonic')).stdout

/** A silent host is given two seconds to answer; a busy one, in `ssh`, twenty. */
const unreachable = async (): Promise<boolean> => (await ssh('true', ['ConnectTimeout=2'])).code === 255

const states = async (of: Lab): Promise<string[]> => (await of.status()).map(({ host, state }) => `${host} ${state}`)

test.before(async () => {
  await it.down()
  await other.down()
  await it.up({ hosts: [host], owner: process.pid, say: (line) => console.error(line) })
})
test.after(async () => {
  await it.down()
  await other.down()
})

test('names and addresses follow from the name of the lab', () => {
  const demo = layoutOf('demo')
  assert.equal(
    [...addressNumbers.keys()].slice(0, 4).map((name) => hostLayout(demo, name).address),
    ['10.77.0.10', '10.77.0.11', '10.77.0.12', '10.77.0.13'],
  )
  assert.is(hostLayout(layoutOf('test'), 'nacos9').address, '10.78.0.19')
  for (const name of ['a', 'a-name-of-20-letters', 'selftest-2']) {
    const layout = layoutOf(name)
    assert.ok(layout.bridge.length <= 15, layout.bridge)
    assert.ok(hostLayout(layout, 'nacos29').link.length <= 15)
    assert.match(layout.network, /^10\.\d{1,3}\.\d{1,3}$/)
  }
  for (const bad of ['', 'Demo', '../x', 'a-name-that-is-too-long'])
    assert.throws(() => layoutOf(bad), /is no name of a lab/)
  assert.throws(() => hostLayout(demo, 'web1'), /web1: is no host of a lab/)
  assert.throws(() => layoutOf('demo', '10.0.0.0/8'), /is no \/24 network/)
})

test('a host is a real one, bare, with nothing failed', async () => {
  const { stdout } = await ssh(
    'systemctl is-system-running; hostname; cat /proc/1/comm; for c in java mysqld python3; do command -v $c; done',
  )
  assert.equal(stdout.trim().split('\n'), ['running', host, 'systemd'])
  const hardened = ['ProtectSystem=strict', 'ProtectHome=yes', 'PrivateTmp=yes', 'NoNewPrivileges=yes'].flatMap(
    (property) => ['-p', property],
  )
  assert.is((await ssh(`systemd-run --quiet --wait ${hardened.join(' ')} true`)).code, 0)
})

test(
  'a JDK installs without a network',
  async () => {
    const { stdout, code } = await ssh(
      'apt-get -qq -y install openjdk-8-jre-headless >/dev/null 2>&1; java -version 2>&1',
    )
    assert.is(code, 0)
    assert.match(stdout, /version "1\.8\.0_/)
  },
  { timeout: 60 },
)

test('only the pinned key of the host is trusted', async () => {
  assert.is((await ssh('true')).code, 0)
  assert.is((await ssh('true', ['UserKnownHostsFile=/dev/null'])).code, 255)
})

test('logins and sessions since a mark are counted', async () => {
  const mark = await it.mark(host)
  assert.equal(await it.connections(host, mark), { logins: 0, sessions: 0 })
  await ssh('true')
  await ssh('true')
  assert.equal(await it.connections(host, mark), { logins: 2, sessions: 2 })
})

test('a second up changes nothing', async () => {
  const before = await bootTime()
  const said: string[] = []
  await it.up({ hosts: [host], owner: process.pid, say: (line) => said.push(line) })
  assert.equal(said, [])
  assert.is(await bootTime(), before)
})

test(
  'an up beside another one fails and says who holds the lab',
  async () => {
    const results = await Promise.allSettled([it, it].map((same) => same.up({ hosts: [host], owner: process.pid })))
    const failed = results.filter((result) => result.status === 'rejected')
    assert.is(failed.length, 1)
    assert.match(
      String(failed[0]?.reason),
      new RegExp(`lab selftest: is being changed by another run .process ${process.pid}`),
    )
  },
  { timeout: 60 },
)

test('an up by another owner fails while this one lives', async () => {
  const stranger = spawn('sleep', ['60'])
  try {
    await it.up({ hosts: [host], owner: stranger.pid! })
    assert.unreachable()
  } catch (thrown) {
    assert.match(String(thrown), new RegExp(`lab selftest: belongs to process ${process.pid}`))
  } finally {
    stranger.kill()
  }
})

test(
  'a killed host is silent, and boots with the disk it had',
  async () => {
    await it.run(host, 'echo kept >/root/file')
    await it.kill(host)
    assert.equal(await states(it), [`${host} off`])
    assert.ok(await unreachable())
    await it.boot(host)
    assert.is((await ssh('cat /root/file')).stdout, 'kept\n')
  },
  { timeout: 30 },
)

test(
  'a reset host is bare, with the same key and address',
  async () => {
    await it.run(host, 'echo gone >/root/file')
    await it.reset(host)
    assert.equal((await ssh('ls /root; command -v java')).stdout, '')
    assert.is((await ssh('true')).code, 0)
  },
  { timeout: 30 },
)

test('a frozen host answers nobody, a thawed one goes on where it was', async () => {
  await it.run(host, 'systemd-run --unit=ticks sh -c "while echo tick >>/run/ticks; do sleep 0.05; done"')
  const ticks = async (): Promise<number> => (await it.run(host, 'cat /run/ticks')).stdout.length
  await until(async () => (await ticks()) > 0)
  await it.freeze(host)
  try {
    assert.equal(await states(it), [`${host} frozen`])
    const before = await ticks()
    assert.ok(await unreachable())
    assert.is(await ticks(), before)
    await it.thaw(host)
    assert.is((await ssh('true')).code, 0)
    await until(async () => (await ticks()) > before)
  } finally {
    await it.thaw(host)
    await it.run(host, 'systemctl stop ticks')
  }
})

test('a host that is cut off goes on, unreachable', async () => {
  await it.cut(host)
  try {
    assert.equal(await states(it), [`${host} cut`])
    assert.ok(await unreachable())
    assert.is((await it.run(host, 'systemctl is-system-running')).stdout, 'running\n')
  } finally {
    await it.mend(host)
  }
  assert.is((await ssh('true')).code, 0)
})

test(
  'what a killed run left is cleared, its disk and its processes, by an up of the same name',
  async () => {
    // The other lab of this file, as a run leaves it that was killed with all its kin: hosts run, the owner is gone, nobody watches.
    const left = spawn('sleep', ['60'])
    await other.up({ hosts: [host], owner: left.pid! })
    const there = hostLayout(other.layout, host)
    await other.run(host, 'echo left >/root/file')
    // A host that was being made: it has a disk without a mark, and no power.
    const half = hostLayout(other.layout, 'nacos2')
    await $`mkdir -p ${half.folder}/upper/etc`
    await killGroup(watcherGroup(other.layout))
    left.kill()
    await until(() => identityOf(left.pid!) === null)
    const said: string[] = []
    await other.up({ hosts: ['nacos3'], owner: process.pid, say: (line) => said.push(line) })
    assert.match(said[0] ?? '', new RegExp(`clearing what process ${left.pid} left of lab selftest-2`))
    assert.equal(await states(other), ['nacos3 running'])
    assert.not(existsSync(`${there.folder}/upper`))
    assert.not(existsSync(`${half.folder}/upper`))
    assert.not(existsSync(there.cgroup))
  },
  { timeout: 40 },
)

test('a lab runs beside another', async () => {
  assert.is(other.layout.network === it.layout.network, false)
  assert.is((await ssh('true')).code, 0)
  assert.is((await other.run('nacos3', 'systemctl is-system-running')).stdout, 'running\n')
  await other.down()
  assert.is((await ssh('true')).code, 0)
})

test(
  'a lab whose owner is gone is taken down, and nothing is left of it',
  async () => {
    const owner = spawn('sleep', ['60'])
    await other.up({ hosts: [host], owner: owner.pid! })
    const there = hostLayout(other.layout, host)
    assert.ok(existsSync(`/sys/class/net/${there.link}`))
    owner.kill('SIGKILL')
    await until(() => !existsSync(`/sys/class/net/${other.layout.bridge}`) && !existsSync(other.layout.cgroup))
    assert.equal(await other.status(), [])
    assert.not(existsSync(`/sys/class/net/${there.link}`))
    assert.not(existsSync(`/run/netns/${there.machine}`))
    assert.not(readFileSync('/proc/mounts', 'utf8').includes(there.root))
    assert.not(existsSync(there.root))
  },
  { timeout: 30 },
)

test('a process number that the kernel used again is not the owner', () => {
  const self = identityOf(process.pid)!
  assert.ok(isAlive(self))
  assert.not(isAlive({ ...self, started: '1' }))
})

test.run()
