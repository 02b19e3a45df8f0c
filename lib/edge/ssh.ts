/**
 * A channel to a machine over SSH: one connection, one long-lived shell on it, tunnels beside it.
 *
 * node-ssh opens the connection. Everything above is ours (docs/design.md section 4), because a host key must be
 * checked, a lost connection must never look like success, and one session slot must be enough.
 */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import net from 'node:net'
import { NodeSSH } from 'node-ssh'
import type { Client, ClientChannel, ServerHostKeyAlgorithm } from 'ssh2'
import type { MachineChannel } from '../core/channel.ts'
import { PlinthError, unreachable } from '../core/error.ts'
import { judge, type KnownKey, knownName, knownTypes, parseKnownHosts, type Verdict } from './known-hosts.ts'
import { Shell } from './shell.ts'
import { shellChannel } from './shell-channel.ts'
import { type LoginOptions, loginOf } from './ssh-login.ts'
import { connectionProblem, hostKeyProblem, lossOf } from './ssh-problems.ts'
import { openTunnel } from './tunnel.ts'

export interface Target {
  /** What messages call it. */
  readonly name: string
  readonly user: string
  readonly address: string
  readonly port: number
  /** The only key to log in with; without it the user's own keys and agent. */
  readonly privateKeyFile?: string
  /** All are read; those that are missing are passed over if there is at least one. */
  readonly knownHostsFiles: readonly string[]
  /** The name its key is known under, instead of its address. */
  readonly hostKeyAlias?: string
}

export interface ConnectOptions extends LoginOptions {
  /** Seconds until TCP must be connected. Default 10. */
  readonly connectSeconds?: number
  /** Seconds until the login must be done after that. Default 20. */
  readonly loginSeconds?: number
  /** Seconds between signs of life; after three without an answer the connection counts as lost. Default 5. */
  readonly keepaliveSeconds?: number
  /** Instead of the machine's own lock file. */
  readonly lockFile?: string
}

const keepaliveCount = 3

/**
 * Opens a connection to a machine, verifies its host key, logs in and starts the shell.
 * @throws PlinthError (exit code 3) that says by name what stood in the way
 */
export async function connect(target: Target, options: ConnectOptions = {}): Promise<MachineChannel> {
  const { connectSeconds = 10, loginSeconds = 20, keepaliveSeconds = 5 } = options
  const agent = 'agent' in options ? options.agent : process.env.SSH_AUTH_SOCK
  const where = `${target.name} (${target.user}@${target.address}:${target.port})`
  const keys = await readKnownHosts(where, target.knownHostsFiles)
  const login = await loginOf(where, target.user, target.privateKeyFile, { ...options, agent })
  const socket = await connectTcp(where, target, connectSeconds)

  const name = knownName(target.address, target.port, target.hostKeyAlias)
  const fallback = target.hostKeyAlias === undefined && target.port !== 22 ? target.address : undefined
  let refusal: { readonly verdict: Verdict; readonly key: Buffer } | undefined
  const ssh = new NodeSSH()
  const opening = ssh.connect({
    sock: socket,
    username: target.user,
    authHandler: [...login.methods],
    // ssh2 takes everything but a plain `false` for consent: an async function would let every key pass.
    hostVerifier: (key: Buffer): boolean => {
      const verdict = judge(keys, key, name, fallback)
      if (verdict.kind === 'known') return true
      refusal = { verdict, key }
      return false
    },
    algorithms: { serverHostKey: hostKeyAlgorithms(knownTypes(keys, fallback ? [name, fallback] : [name])) },
    readyTimeout: loginSeconds * 1000,
    keepaliveInterval: keepaliveSeconds * 1000,
    keepaliveCountMax: keepaliveCount,
  })
  // connect() makes the client before it waits for anything.
  const client = ssh.connection
  if (!client) throw new Error('node-ssh made no client')
  let failure: Error | undefined
  let onFailure = (_: Error): void => {}
  // node-ssh stops to listen for errors at "ready"; one that nobody hears ends the process.
  client.on('error', (error) => {
    failure ??= error
    onFailure(failure)
  })
  client.setMaxListeners(0)
  try {
    await opening
    const channel = await openShell(client)
    const shell = new Shell(target.name, {
      stdin: channel,
      stdout: channel,
      stderr: channel.stderr,
      kill: () => socket.destroy(),
    })
    onFailure = (error) => shell.lose(lossOf(error))
    client.on('close', () => shell.lose('the host closed the connection'))
    channel.on('exit', (code: number | null, signal?: string) => {
      shell.ends(`the shell there ended (${signal ?? `exit code ${code}`})`)
    })
    return machineChannel(client, socket, shell, options.lockFile)
  } catch (error) {
    socket.destroy()
    if (refusal) throw hostKeyProblem(where, target, name, refusal.verdict, refusal.key)
    if (error instanceof PlinthError) throw error
    throw connectionProblem(where, failure ?? (error as Error), { loginSeconds, tried: login.tried, user: target.user })
  }
}

function machineChannel(client: Client, socket: net.Socket, shell: Shell, lockFile?: string): MachineChannel {
  return {
    ...shellChannel(shell, lockFile),
    tunnel: (host, port) => openTunnel(client, shell.host, host, port),
    async close() {
      await shell.close()
      if (socket.destroyed) return
      const closed = once(socket, 'close', { signal: AbortSignal.timeout(1000) }).catch(() => {})
      client.end()
      await closed
      socket.destroy()
    },
  }
}

/** `exec /bin/sh` means the same to sh, csh and fish, whichever the user's login shell is. */
const openShell = (client: Client): Promise<ClientChannel> =>
  new Promise((resolve, reject) => {
    client.exec('exec /bin/sh', (error, channel) => (error ? reject(error) : resolve(channel)))
  })

/** The kinds of host key to ask for, those that are known first; SHA-1 signatures (`ssh-rsa`) are not among them. */
export function hostKeyAlgorithms(known: readonly string[]): ServerHostKeyAlgorithm[] {
  const all: ServerHostKeyAlgorithm[] = [
    'ssh-ed25519',
    'ecdsa-sha2-nistp256',
    'ecdsa-sha2-nistp384',
    'ecdsa-sha2-nistp521',
    'rsa-sha2-512',
    'rsa-sha2-256',
  ]
  const isKnown = (algorithm: string): boolean => known.includes(algorithm.replace(/^rsa-sha2-\d+$/, 'ssh-rsa'))
  return [...all.filter(isKnown), ...all.filter((algorithm) => !isKnown(algorithm))]
}

async function readKnownHosts(where: string, files: readonly string[]): Promise<KnownKey[]> {
  const keys: KnownKey[] = []
  let read = 0
  for (const file of files) {
    try {
      keys.push(...parseKnownHosts(await readFile(file, 'utf8'), file))
      read++
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') continue
      throw unreachable({
        where,
        what: `the known hosts in ${file} can't be read (${code}), and without them no host can be trusted`,
        remedy: 'see to the rights on that file, or take it out of the list',
      })
    }
  }
  if (read > 0) return keys
  throw unreachable({
    where,
    what: `there is no file with known host keys (${files.join(', ') || 'none is named'})`,
    remedy: "write the host's key to one of them, compared with what the host's own console shows",
  })
}

async function connectTcp(where: string, { address, port }: Target, seconds: number): Promise<net.Socket> {
  const socket = net.connect({ host: address, port, noDelay: true, autoSelectFamilyAttemptTimeout: 2000 })
  socket.on('error', () => {})
  const timeout = AbortSignal.timeout(seconds * 1000)
  try {
    await once(socket, 'connect', { signal: timeout })
    return socket
  } catch (error) {
    socket.destroy()
    const failure = timeout.aborted ? Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }) : (error as Error)
    throw connectionProblem(where, failure, { connectSeconds: seconds })
  }
}
