/** How many round trips each phase of a run takes: counted on the wire, and what OpenSSH does as well compared with its own client. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import type { Client } from 'ssh2'
import { pack } from '../../lib/core/probe.ts'
import type { Step } from '../../lib/core/resource.ts'
import { shortenLogin } from '../../lib/edge/fewer-trips.ts'
import { assert, suite } from '../kit.ts'
import { all, eventually, question, sha, step } from './channels.ts'
import { hopTo, newMachines, openTo, type Sshd, startSshd, withSshd } from './sshd.ts'

const test = suite('edge/ssh-trips')
let sshd: Sshd
test.before(async () => {
  // What a run notes on its machine is for that sshd alone.
  const own = ['/var/log', '/var/lib'].map((folder) => `mount -t tmpfs none ${folder}`)
  sshd = await startSshd({ mounts: ['mount --make-rprivate /', ...own].join('\n') })
})
test.after(() => sshd.stop())

/** Milliseconds without a byte after which a side has said all that it can say before it hears something. */
const quiet = 120

/** What it takes in all, and by the phases that were named. What is sent when all has been heard goes along with the next. */
interface Turns {
  readonly all: number
  readonly phases: ReadonlyMap<string, number>
}

type Phase = <T>(name: string, work: () => Promise<T>) => Promise<T>

/** A line on which each side hears the other only when it has fallen silent: what it takes is told in turns, not in time. */
async function onSlowLine(body: (port: number, phase: Phase) => Promise<void>): Promise<Turns> {
  let turns = 0
  const phases = new Map<string, number>()
  const phase: Phase = async (name, work) => {
    const before = turns
    const came = await work()
    phases.set(name, turns - before)
    return came
  }
  const server = net.createServer((near) => {
    const far = net.connect(sshd.port, '127.0.0.1')
    // Connecting is a turn as well.
    turns++
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      let held: Buffer[] = []
      let timer: NodeJS.Timeout | undefined
      const pass = (): void => {
        if (held.length > 0) {
          if (from === near) turns++
          to.write(Buffer.concat(held))
        }
        held = []
      }
      from.on('data', (chunk: Buffer) => {
        held.push(chunk)
        clearTimeout(timer)
        timer = setTimeout(pass, quiet)
      })
      from.on('close', () => {
        clearTimeout(timer)
        to.destroy()
      })
      from.on('error', () => to.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  await body((server.address() as net.AddressInfo).port, phase)
  server.close()
  return { all: turns, phases }
}

/** A busy machine may fall silent in the middle of what it says, and never says more than it has to: the least counts. */
async function leastTurns(body: (port: number) => Promise<void>, enough: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < 4 && least > enough; attempt++) least = Math.min(least, (await onSlowLine(body)).all)
  return least
}

/** The same for each phase: it is compared with what it should take to the turn. */
async function leastByPhase(
  body: (port: number, phase: Phase) => Promise<void>,
  wanted: Readonly<Record<string, number>>,
): Promise<Readonly<Record<string, number>>> {
  const least: Record<string, number> = {}
  const over = (): boolean =>
    Object.entries(wanted).some(([name, turns]) => (least[name] ?? Number.POSITIVE_INFINITY) > turns)
  for (let attempt = 0; attempt < 4 && over(); attempt++)
    for (const [name, turns] of (await onSlowLine(body)).phases) least[name] = Math.min(least[name] ?? turns, turns)
  return least
}

const theirs = async (port: number): Promise<void> => {
  const options = ['StrictHostKeyChecking=yes', `UserKnownHostsFile=${sshd.knownHosts}`, `IdentityFile=${sshd.key}`]
  const words = [...options, `HostKeyAlias=[127.0.0.1]:${sshd.port}`, 'IdentityAgent=none', 'BatchMode=yes']
  const all = ['-F', 'none', '-p', String(port), ...words.flatMap((word) => ['-o', word]), '127.0.0.1', 'sh -s']
  const ssh = spawn('ssh', all, { stdio: ['pipe', 'pipe', 'inherit'] })
  ssh.stdin.end(pack([question('k')], 'mark'))
  ssh.stdout.resume()
  const [code] = await once(ssh, 'close')
  assert.is(code, 0)
}

const ours = async (port: number): Promise<void> => {
  const trust = { alias: `[127.0.0.1]:${sshd.port}` }
  const channel = await openTo(sshd, { port, trust }, { machines: newMachines() })
  assert.is((await channel.ask([question('k')]))(question('k')), 'ä漢 k')
  await channel.close()
}

test(
  'connect and ask: seven turns to hear the answer, and to leave nobody waits for one',
  async () => {
    const [own, ssh] = [await leastTurns(ours, 7), await leastTurns(theirs, 11)]
    console.log(`round trips: Plinth ${own}, ssh ${ssh}`)
    assert.ok(own <= 7, `${own} turns`)
    assert.ok(own < ssh, `${own} turns, ssh takes ${ssh}`)
  },
  { timeout: 90 },
)

test('no sshd has to prove host keys of which nobody keeps a list', async () => {
  const hostKeys = ['ed25519', 'ecdsa', 'rsa'] as const
  await withSshd({ config: ['LogLevel DEBUG3'], hostKeys }, async (sshd) => {
    const channel = await openTo(sshd)
    assert.is((await channel.ask([question('k')]))(question('k')), 'ä漢 k')
    await channel.close()
    await eventually(() => /Disconnected from|Connection closed|Received disconnect/.test(sshd.log()))
    assert.match(sshd.log(), 'sent 3 hostkeys')
    assert.not.match(sshd.log(), 'hostkeys-prove')
  })
})

test('a server that wants an answer to what it asks gets one, whatever it asks', () => {
  const said: unknown[] = []
  const _handlers = {
    EXT_INFO() {},
    GLOBAL_REQUEST: (_: unknown, ...asked: unknown[]) => said.push(asked),
    SERVICE_ACCEPT() {},
    USERAUTH_FAILURE() {},
  }
  const _protocol = { authPK() {}, requestSuccess: () => said.push('yes'), _handlers }
  shortenLogin({ _protocol, _chanMgr: { update() {} } } as unknown as Client, [])
  _handlers.GLOBAL_REQUEST(_protocol, 'hostkeys-00@openssh.com', false, [])
  assert.equal(said, [])
  _handlers.GLOBAL_REQUEST(_protocol, 'hostkeys-00@openssh.com', true, [])
  _handlers.GLOBAL_REQUEST(_protocol, 'keepalive@openssh.com', true, 'data')
  assert.equal(said, ['yes', ['keepalive@openssh.com', true, 'data']])
})

test(
  'through a jump host that is there already: a turn for the tunnel, and then the same',
  async () => {
    const machines = newMachines()
    const through = [hopTo(sshd, { name: 'bastion' })]
    const first = await openTo(sshd, {}, { machines, through })
    const turns = await leastTurns(async (port) => {
      const trust = { alias: `[127.0.0.1]:${sshd.port}` }
      const channel = await openTo(sshd, { port, trust }, { machines, through })
      assert.is((await channel.ask([question('k')]))(question('k')), 'ä漢 k')
      await channel.close()
    }, 7)
    await first.close()
    assert.ok(turns <= 7, `${turns} turns`)
  },
  { timeout: 90 },
)

test(
  'each phase of a run that changes something takes the turns that it must, and no other',
  async () => {
    const file = join(sshd.folder, 'archive')
    const there = join(sshd.folder, 'there')
    const content = randomBytes(100_000)
    writeFileSync(file, content)
    const upload = { path: file, bytes: content.length, sha256: sha(content) }
    const questions = ['a', 'b'].map(question)
    const wanted = {
      // TCP, identification, key exchange, NEWKEYS with the login, channel: the shell is not waited for.
      connect: 5,
      // The shell: OpenSSH takes nothing for it before it is begun. Then the script.
      ask: 2,
      'ask and lock': 1,
      'audit line and receipt': 1,
      'a step': 1,
      'a step with input': 1,
      'three steps': 3,
      // The script, the bytes once its reader is up, and the word that these were all.
      'an upload': 3,
      'the rest of one that was cut': 3,
      'ask again': 1,
      // The shell, and with it the lock, is seen to end.
      leave: 1,
    }
    const found = await leastByPhase(async (port, phase) => {
      rmSync(there, { force: true })
      const trust = { alias: `[127.0.0.1]:${sshd.port}` }
      const channel = await phase('connect', () => openTo(sshd, { port, trust }, { machines: newMachines() }))
      const does = async (...steps: readonly Step[]): Promise<void> => {
        for (const { code, stderr } of await all(channel, ...steps)) assert.is(code, 0, stderr)
      }
      const send = step(`cat >>${there}`, { upload })
      await phase('ask', () => channel.ask(questions))
      await phase('ask and lock', () => channel.askLocked('me', questions))
      const receipt = { site: 'site@prod', owned: [{ host: 'h1', id: 'file:/etc/a' }] }
      await phase('audit line and receipt', () => channel.trace({ line: 'run=1 begin: create file:/etc/a', receipt }))
      await phase('a step', () => does(step(':')))
      await phase('a step with input', () => does(step('cat >/dev/null', { input: 'password' })))
      await phase('three steps', () => does(step('echo 1'), step('echo 2'), step('echo 3')))
      await phase('an upload', () => does(send))
      writeFileSync(there, content.subarray(0, 60_000))
      const rest = step(send.run, { upload: { ...upload, have: `stat -c %s ${there}` } })
      await phase('the rest of one that was cut', () => does(rest))
      assert.ok(readFileSync(there).equals(content))
      await phase('ask again', () => channel.ask(questions))
      await phase('leave', () => channel.close())
    }, wanted)
    assert.equal(found, wanted)
  },
  { timeout: 120 },
)

test('an audit log that has grown is put aside by any line', async () => {
  const log = '/var/log/plinth/audit.log'
  const channel = await openTo(sshd, {}, { machines: newMachines() })
  const does = async (run: string): Promise<string> => (await all(channel, step(run)))[0]!.stdout.trim()
  for (const line of ['begin', 'end']) {
    await does(`mkdir -p ${log.replace(/\/[^/]*$/, '')} && head -c 1048576 /dev/zero >${log} && rm -f ${log}.1`)
    await channel.trace({ line })
    assert.is(await does(`ls ${log}*; tail -c +1048577 ${log}.1 | cut -d' ' -f2`), `${log}.1\n${line}`)
  }
  await channel.close()
})

test.run()
