/** How many round trips it takes to connect, ask and leave: counted, and compared with OpenSSH's own client. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { pack } from '../../lib/core/probe.ts'
import { assert, suite } from '../kit.ts'
import { question } from './channels.ts'
import { hopTo, newMachines, openTo, type Sshd, startSshd } from './sshd.ts'

const test = suite('edge/ssh-trips')
let sshd: Sshd
test.before(async () => {
  sshd = await startSshd()
})
test.after(() => sshd.stop())

/** Milliseconds without a byte after which a side has said all that it can say before it hears something. */
const quiet = 120

/** A line on which each side hears the other only when it has fallen silent: what it takes is told in turns, not in time. */
async function onSlowLine(body: (port: number) => Promise<void>): Promise<number> {
  let turns = 0
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
  await body((server.address() as net.AddressInfo).port)
  server.close()
  return turns
}

/** A busy machine may fall silent in the middle of what it says, and never says more than it has to: the least counts. */
async function leastTurns(body: (port: number) => Promise<void>, enough: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < 4 && least > enough; attempt++) least = Math.min(least, await onSlowLine(body))
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
  'connect, ask and leave: six turns to hear the answer, and one that nobody waits for',
  async () => {
    const [own, ssh] = [await leastTurns(ours, 7), await leastTurns(theirs, 11)]
    console.log(`round trips: Plinth ${own}, ssh ${ssh}`)
    // TCP, identification, key exchange and NEWKEYS, login, channel, script; then the farewell.
    assert.ok(own <= 7, `${own} turns`)
    assert.ok(own < ssh, `${own} turns, ssh takes ${ssh}`)
  },
  { timeout: 90 },
)

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

test.run()
