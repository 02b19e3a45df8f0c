/** Jump hosts: chains of real sshds, each verified and logged in to by its own, and shared by all that is behind them. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MachineChannel } from '../../lib/core/channel.ts'
import type { Hop } from '../../lib/edge/route.ts'
import { Machines } from '../../lib/edge/ssh.ts'
import type { Asker } from '../../lib/edge/terminal.ts'
import { assert, suite } from '../kit.ts'
import { makeAccount } from './accounts.ts'
import { answering } from './askers.ts'
import { all, eventually, failure, question, step } from './channels.ts'
import { hopTo, makeKey, newMachines, openTo, publicKeyOf, type Sshd, startSshd, withSshd } from './sshd.ts'

const test = suite('edge/ssh-jump')
let bastion: Sshd
let inner: Sshd
let target: Sshd
test.before(async () => {
  ;[bastion, inner, target] = await Promise.all([startSshd(), startSshd(), startSshd()])
})
test.after(async () => {
  await Promise.all([bastion, inner, target].map((sshd) => sshd.stop()))
})

const count = (sshd: Sshd, text: string): number => sshd.log().split(text).length - 1
const logins = (sshd: Sshd): number => count(sshd, 'Accepted publickey')
/** A farewell may be overtaken by the end of the connection. */
const gone = (sshd: Sshd): number =>
  sshd.log().split(/Disconnected from user|Connection (?:closed|reset) by|Read error from/).length - 1
const chain = (more: Parameters<typeof hopTo>[1] = {}): readonly Hop[] => [
  hopTo(bastion, { name: 'bastion', ...more }),
  hopTo(inner, { name: 'inner' }),
]

test('two jump hosts on the way: asking, acting, tunnels and closing', async () => {
  const before = [bastion, inner, target].map(logins)
  const machines = newMachines()
  const channel = await openTo(target, {}, { machines, through: chain() })
  assert.is((await channel.ask([question('k')]))(question('k')), 'ä漢 k')
  const [done] = await all(channel, step("yes 'ä漢🙂ß' | head -n 100000"))
  assert.is(done!.stdout, 'ä漢🙂ß\n'.repeat(100_000))
  const tunnel = await channel.tunnel('127.0.0.1', target.port)
  const [first] = await new Promise<Buffer[]>((resolve) => tunnel.once('data', (chunk) => resolve([chunk])))
  assert.match(first!.toString(), /^SSH-2\.0-/)
  tunnel.destroy()
  machines.close()
  assert.is((await channel.ask([question('k')]))(question('k')), 'ä漢 k', 'who is connected still is')
  await channel.close()
  assert.equal(
    [bastion, inner, target].map((sshd, index) => logins(sshd) - before[index]!),
    [1, 1, 1],
  )
  await eventually(() => [bastion, inner].every((sshd) => gone(sshd) >= logins(sshd)))
})

test(
  'fifty machines at once behind one jump host: one login there, which stays until the run is over',
  async () => {
    await withSshd({ config: ['MaxStartups 1', 'MaxSessions 0'] }, async (own) => {
      const machines = newMachines()
      const through = [hopTo(own, { name: 'bastion' })]
      const opened = await Promise.all(Array.from({ length: 50 }, () => openTo(target, {}, { machines, through })))
      assert.is(logins(own), 1)
      const last = opened.pop()!
      await Promise.all(opened.map((channel) => channel.close()))
      assert.is((await last.ask([question('k')]))(question('k')), 'ä漢 k')
      assert.is(gone(own), 0)
      await last.close()
      // Machines that come one after the other find the door open.
      for (let turn = 0; turn < 3; turn++) {
        const later = await openTo(target, {}, { machines, through })
        await later.close()
      }
      assert.equal([logins(own), gone(own)], [1, 0])
      machines.close()
      await eventually(() => gone(own) === 1)
      // Who is late, and was not waited for, leaves no door open.
      const late = await openTo(target, {}, { machines, through })
      await late.close()
      await eventually(() => gone(own) === 2)
    })
  },
  { timeout: 60 },
)

const failing: readonly [
  name: string,
  through: () => readonly Hop[],
  message: RegExp,
  more?: Parameters<typeof hopTo>[1],
][] = [
  [
    'the key of the first is another one',
    () => chain({ trust: { pins: [publicKeyOf(inner.key)] } }),
    /^h1 through bastion \(\S+@127\.0\.0\.1:\d+\): its host key is none of those in the inventory/,
  ],
  [
    'the key of the second is unknown',
    () => [chain()[0]!, hopTo(inner, { name: 'inner', trust: { files: [bastion.knownHosts] } })],
    /^h1 through inner \(\S+@127\.0\.0\.1:\d+ through bastion\): its host key .* is unknown: no line for \[127/,
  ],
  [
    'nothing vouches for the machine itself',
    chain,
    /^h1 \(\S+@127\.0\.0\.1:\d+ through inner\): there is no file with known host keys/,
    { trust: { files: [], pins: [], alias: 'nobody', acceptNew: null } },
  ],
  [
    'the login at the second is refused',
    () => [chain()[0]!, hopTo(inner, { name: 'inner', credentials: { keyFiles: [makeKey(inner.folder, 'wrong')] } })],
    /^h1 through inner \(.*\): the login was refused/,
  ],
  [
    'the first is not there',
    () => chain({ port: 1 }),
    /^h1 through bastion \(\S+:1\): the connection was refused: nothing listens on that port/,
  ],
  [
    'the machine does not listen, as the jump host sees it',
    chain,
    /^h1 \(\S+:1 through inner\): nothing listens there/,
    { port: 1 },
  ],
  [
    'the jump host does not know its name',
    chain,
    /^h1 \(\S+@nowhere\.invalid:\d+ through inner\): inner can't connect: /,
    { address: 'nowhere.invalid' },
  ],
]
for (const [name, through, message, more] of failing) {
  test(`named by the hop it happens at: ${name}`, async () => {
    const error = await failure(openTo(target, more, { machines: newMachines(), through: through() }))
    assert.is(error.code, 3, error.message)
    assert.match(error.message, message)
  })
}

test('a jump host that forwards nothing is named, with what to do', () =>
  withSshd({ config: ['AllowTcpForwarding no'] }, async (own) => {
    const through = [hopTo(own, { name: 'bastion' })]
    const error = await failure(openTo(target, {}, { machines: newMachines(), through }))
    assert.is(error.code, 3)
    assert.match(
      error.message,
      /^h1 \(.* through bastion\): its sshd refuses to forward TCP connections; set "AllowTcpForwarding local" in sshd_config of bastion/,
    )
  }))

test('a jump host that refuses the login is asked once, whatever is behind it', async () => {
  const machines = newMachines()
  const through = [hopTo(bastion, { name: 'bastion', credentials: { keyFiles: [makeKey(bastion.folder, 'other')] } })]
  const connections = (): number => count(bastion, 'Connection from')
  const before = connections()
  for (let wave = 0; wave < 2; wave++) {
    const opened = await Promise.allSettled(
      [1, 2, 3].map((n) => openTo(target, { name: `h${n}` }, { machines, through })),
    )
    for (const [index, one] of opened.entries())
      assert.match(String((one as PromiseRejectedResult).reason.message), new RegExp(`^h${index + 1} through bastion`))
  }
  assert.is(connections() - before, 1)
})

for (const [name, ...config] of [
  ['a password', 'PasswordAuthentication yes'],
  ['what sshd asks', 'UsePAM yes', 'KbdInteractiveAuthentication yes'],
] as const) {
  test(`a jump host that lets no key in and takes ${name}: a person is asked, once`, () =>
    withSshd({ config }, async (own) => {
      const wrong = makeKey(own.folder, 'wrong')
      const account = makeAccount('plinth-jump')
      try {
        for (const keyFiles of [[wrong], []]) {
          const credentials = { user: account.name, keyFiles, jump: true }
          const through = [hopTo(own, { name: 'bastion', credentials })]
          const open = (asker: Asker): Promise<MachineChannel>[] => {
            const machines = new Machines(asker)
            return [1, 2].map((n) => openTo(target, { name: `h${n}` }, { machines, through }))
          }
          const asker = answering(account.password, 'never')
          for (const channel of await Promise.all(open(asker))) await channel.close()
          assert.is(asker.questions.join(), `bastion (${account.name}@127.0.0.1:${own.port}): password: `)
          const mistyped = answering('wrong-canary', account.password)
          for (const { code, message } of await Promise.all(open(mistyped).map(failure))) {
            assert.match(
              message,
              /^h\d through bastion \(.*\): the password of plinth-jump was refused \(tried: .*; run again/,
            )
            assert.not.match(message, /canary| -k\b|ansible/)
            assert.is(code, 3)
          }
          assert.is(mistyped.questions.length, 1)
          // For the machine itself there is -k.
          const machines = new Machines(mistyped)
          await failure(openTo(own, { credentials: { ...credentials, jump: false } }, { machines }))
          assert.is(mistyped.questions.length, 1)
          const asked: string[] = []
          const nobody: Asker = {
            ...answering(),
            secret: (question) => {
              asked.push(question)
              return answering().secret(question)
            },
          }
          // A second jump host, whose way there is barred, is not asked about.
          through.push(hopTo(inner, { name: 'inner', credentials: { jump: true } }))
          for (const { code, message } of await Promise.all(open(nobody).map(failure))) {
            assert.match(
              message,
              /the login was refused \(tried: \/.*; sshd goes on with|there is no key to log in with/,
            )
            assert.match(message, / for this host in ~\/\.ssh\/config, .*or run it on a terminal, where its password/)
            assert.not.match(message, / -k\b|--private|inventory/)
            assert.is(code, 3)
          }
          assert.is(asked.length, 1)
        }
      } finally {
        account.remove()
      }
    }))
}

test('of a jump host that takes keys only nobody is asked for a password', async () => {
  const asker = answering('never')
  const credentials = { keyFiles: [makeKey(bastion.folder, 'unknown')], jump: true }
  const through = [hopTo(bastion, { name: 'bastion', credentials })]
  const error = await failure(openTo(target, {}, { machines: new Machines(asker), through }))
  assert.match(
    error.message,
    /was refused .*; add the public key to .* there, or name another key for this host in ~\/\.ssh\/config$/,
  )
  assert.equal(asker.questions, [])
})

test('a jump host that dies takes its machines along, by name; the next connection opens it anew', () =>
  withSshd({}, async (own) => {
    const machines = newMachines()
    const through = [hopTo(own, { name: 'bastion' })]
    const two = await Promise.all([1, 2].map(() => openTo(target, {}, { machines, through })))
    const marker = join(target.folder, 'marker')
    const acting = all(two[0]!, step(`sleep 0.5; echo >'${marker}'`))
    const children = execFileSync('pgrep', ['-P', String(own.process.pid)], { encoding: 'utf8' })
      .trim()
      .split('\n')
    for (const pid of children) process.kill(Number(pid), 'SIGKILL')
    const [done] = await acting
    assert.is(done!.code, null)
    assert.match(
      done!.stderr,
      /plinth: the way through bastion is gone: the (host closed the connection|connection was cut)/,
    )
    const error = await failure(two[1]!.ask([question('k')]))
    assert.is(error.code, 3)
    assert.match(error.message, /^h1: the connection is gone: the way through bastion is gone/)
    const again = await openTo(target, {}, { machines, through })
    assert.is((await again.ask([question('k')]))(question('k')), 'ä漢 k')
    await Promise.all([...two, again].map((channel) => channel.close()))
  }))

test('a frozen jump host is noticed while the way through it is being opened', () =>
  withSshd({}, async (own) => {
    const machines = newMachines()
    const through = [hopTo(own, { name: 'bastion' })]
    const first = await openTo(target, {}, { machines, through, keepaliveSeconds: 0.1 })
    const pids = execFileSync('pgrep', ['-P', String(own.process.pid)], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map(Number)
    for (const pid of pids) process.kill(pid, 'SIGSTOP')
    const error = await failure(openTo(target, {}, { machines, through, connectSeconds: 5 }))
    for (const pid of pids) process.kill(pid, 'SIGCONT')
    assert.is(error.code, 3)
    assert.match(error.message, /through bastion/)
    await first.close()
  }))

test('each hop by its own known_hosts: what one knows does not count for another', async () => {
  const both = join(bastion.folder, 'both')
  writeFileSync(both, readFileSync(bastion.knownHosts, 'utf8') + readFileSync(target.knownHosts, 'utf8'))
  const machines = newMachines()
  const through = [hopTo(bastion, { name: 'bastion', trust: { files: [both] } })]
  const channel = await openTo(target, {}, { machines, through })
  await channel.close()
  const error = await failure(openTo(target, { trust: { files: [bastion.knownHosts] } }, { machines, through }))
  assert.match(error.message, /is unknown/)
})

test.run()
