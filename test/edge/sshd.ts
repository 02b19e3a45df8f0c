/** A real sshd on loopback for tests: own host keys, own authorized_keys, a free port, ended by its pid. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { MachineChannel } from '../../lib/core/channel.ts'
import type { Become } from '../../lib/core/inventory.ts'
import { usualOffer } from '../../lib/edge/algorithms.ts'
import { type Credentials, usualMethods } from '../../lib/edge/credentials.ts'
import type { Hop, Trust } from '../../lib/edge/route.ts'
import { type ConnectOptions, Machines } from '../../lib/edge/ssh.ts'
import { answering } from './askers.ts'

export interface SshdOptions {
  /** Further lines of sshd_config. */
  readonly config?: readonly string[]
  /** Kinds of host key, as ssh-keygen names them. */
  readonly hostKeys?: readonly ('ed25519' | 'ecdsa' | 'rsa')[]
  /** Shell that is run first, in a mount namespace that sshd and its sessions have for themselves. */
  readonly mounts?: string
}

export interface Sshd {
  readonly port: number
  readonly user: string
  /** A folder for anything the test needs; gone at the end. */
  readonly folder: string
  /** The private key that may log in. */
  readonly key: string
  /** known_hosts with all of its keys. */
  readonly knownHosts: string
  /** `TYPE BASE64` of each host key. */
  readonly publicKeys: readonly string[]
  /** What sshd has logged so far. */
  log(): string
  /** Closes the channels opened by `openTo`, ends the listener and removes the folder. */
  stop(): Promise<void>
  /** The process itself, to be frozen or killed. */
  readonly process: ChildProcess
}

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as net.AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A new key pair in `folder`; returns the path of the private key. */
export function makeKey(folder: string, name: string, type = 'ed25519', passphrase = ''): string {
  const file = join(folder, name)
  const bits = type === 'rsa' ? ['-b', '2048'] : []
  execFileSync('ssh-keygen', ['-q', '-t', type, ...bits, '-N', passphrase, '-C', name, '-f', file])
  return file
}

/** `TYPE BASE64` of a key pair. */
export const publicKeyOf = (key: string): string =>
  readFileSync(`${key}.pub`, 'utf8').trim().split(' ').slice(0, 2).join(' ')

/** Starts an sshd that lets the current user in with a key of its own. Needs root and Debian's openssh-server. */
export async function startSshd({ config = [], hostKeys = ['ed25519'], mounts }: SshdOptions = {}): Promise<Sshd> {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-sshd-'))
  const key = makeKey(folder, 'user')
  writeFileSync(join(folder, 'authorized_keys'), readFileSync(`${key}.pub`))
  const keys = hostKeys.map((type) => makeKey(folder, `host_${type}`, type))
  const publicKeys = keys.map(publicKeyOf)
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const port = await freePort()
  writeFileSync(
    join(folder, 'sshd_config'),
    [
      ...config,
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      ...keys.map((path) => `HostKey ${path}`),
      `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
      'StrictModes no',
      'PermitRootLogin prohibit-password',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'UsePAM no',
      'PidFile none',
      'LogLevel VERBOSE',
      '',
    ].join('\n'),
  )
  const knownHosts = join(folder, 'known_hosts')
  writeFileSync(knownHosts, publicKeys.map((line) => `[127.0.0.1]:${port} ${line}\n`).join(''))

  const command = ['/usr/sbin/sshd', '-D', '-e', '-f', join(folder, 'sshd_config')]
  const own = mounts === undefined ? [] : ['unshare', '-m', 'sh', '-ec', `${mounts}\nexec "$@"`, 'sh']
  const [program = '', ...words] = [...own, ...command]
  const sshd = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'] })
  // A test file that fails in its set-up never comes to stop().
  const atExit = (): boolean => sshd.kill('SIGTERM')
  process.on('exit', atExit)
  let log = ''
  const ended = new Promise<void>((resolve) => sshd.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    sshd.stderr.on('data', (chunk) => {
      log += chunk
      if (log.includes('Server listening')) resolve()
    })
    sshd.once('error', reject)
    sshd.once('exit', (code) => reject(new Error(`sshd ended with ${code}: ${log}`)))
  })
  return {
    port,
    user: userInfo().username,
    folder,
    key,
    knownHosts,
    publicKeys,
    process: sshd,
    log: () => log,
    async stop() {
      process.off('exit', atExit)
      await Promise.all((channels.get(port) ?? []).map((channel) => channel.close()))
      for (const machines of runs.get(port) ?? []) machines.close()
      sshd.kill('SIGTERM')
      await ended
      sshd.stderr.destroy()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Runs something with an sshd of its own. */
export async function withSshd(options: SshdOptions, body: (sshd: Sshd) => Promise<void>): Promise<void> {
  const sshd = await startSshd(options)
  try {
    await body(sshd)
  } finally {
    await sshd.stop()
  }
}

/** What a test wants to be otherwise about the way to an sshd. */
export interface Otherwise extends Partial<Omit<Hop, 'trust' | 'credentials'>> {
  readonly trust?: Partial<Trust>
  readonly credentials?: Partial<Credentials>
}

/** How to reach an sshd, and how not to use the keys of who runs the tests. */
export const hopTo = (sshd: Sshd, { trust, credentials, ...more }: Otherwise = {}): Hop => ({
  name: 'h1',
  address: '127.0.0.1',
  port: sshd.port,
  trust: {
    ...{ alias: null, files: [sshd.knownHosts], pins: [], revoked: null, acceptNew: null, rsaBits: 1024 },
    ...trust,
  },
  credentials: {
    ...{ user: sshd.user, keyFiles: [sshd.key], named: true, identitiesOnly: false },
    ...{ agent: null, password: null, methods: usualMethods, jump: false },
    ...credentials,
  },
  offer: usualOffer,
  ...{ connectSeconds: null, keepalive: null, family: 0, from: null, proxyCommand: null, missed: [] },
  ...more,
})

export interface How extends ConnectOptions {
  /** Those of one run: they share jump hosts, and wait for each other. */
  readonly machines?: Machines
  readonly become?: Become
  /** Jump hosts. */
  readonly through?: readonly Hop[]
}

/** What `openTo` opened, by port: a test that fails would leave it open, and the process would wait for it. */
const channels = new Map<number, MachineChannel[]>()
/** The runs that came by, by port: each keeps its jump hosts. */
const runs = new Map<number, Machines[]>()

/** Nobody is there to be asked. */
export const newMachines = (): Machines => new Machines(answering())
const theMachines = newMachines()

export async function openTo(sshd: Sshd, more: Otherwise = {}, how: How = {}): Promise<MachineChannel> {
  const { machines = theMachines, become = null, through = [], ...options } = how
  const hop = hopTo(sshd, more)
  const route = { name: hop.name, hops: [...through, hop], become }
  for (const { port } of through) runs.set(port, [...(runs.get(port) ?? []), machines])
  const channel = await machines.connect(route, { lockFile: join(sshd.folder, 'lock'), ...options })
  channels.set(sshd.port, [...(channels.get(sshd.port) ?? []), channel])
  return channel
}
