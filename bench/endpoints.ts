/** A thousand machines on loopback: a few real sshd, each reached under many addresses, and a folder that they all show. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, makeKey, publicKeyOf } from '../test/edge/sshd.ts'
import { inside } from '../test/lab/cgroup.ts'
import { $ } from '../test/lab/shell.ts'
import { writeTree } from './plinth/tree.ts'

export interface Endpoints {
  readonly key: string
  readonly knownHosts: string
  /** Where the files of the site are. */
  readonly tree: string
  /** Lines `NAME ADDRESS PORT` of the first so many. */
  inventory(count: number): string
}

const servers = 4
const addressOf = (index: number): string => `127.77.${index >> 8}.${index & 255}`

/**
 * Starts the servers and lays out the folder. They end with the cgroup.
 * @param folder everything lies in it; made anew
 * @param count for how many addresses a key is known, a line for each as a real file would have
 */
export async function openEndpoints(folder: string, cgroup: string, count: number): Promise<Endpoints> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const [user, host] = [makeKey(folder, 'user'), makeKey(folder, 'host')]
  writeFileSync(join(folder, 'authorized_keys'), readFileSync(`${user}.pub`))
  const ports: number[] = []
  for (let server = 0; server < servers; server++) {
    const port = await freePort()
    const config = join(folder, `sshd_config.${port}`)
    writeFileSync(config, sshdConfig(port, host, join(folder, 'authorized_keys')))
    execFileSync('/usr/sbin/sshd', ['-t', '-f', config])
    await $`setsid -f ${inside(cgroup)} /usr/sbin/sshd -D -f ${config} </dev/null >${join(folder, 'sshd.log')} 2>&1`
    ports.push(port)
  }
  await sleep(500)
  const portOf = (index: number): number => ports[index % servers] ?? 0
  const each = <T>(count: number, line: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => line(i))
  const knownHosts = join(folder, 'known_hosts')
  writeFileSync(knownHosts, each(count, (i) => `[${addressOf(i)}]:${portOf(i)} ${publicKeyOf(host)}\n`).join(''))
  const tree = join(folder, 'tree')
  writeTree(tree)
  return {
    key: user,
    knownHosts,
    tree,
    inventory: (count) => each(count, (i) => `e${i} ${addressOf(i)} ${portOf(i)}\n`).join(''),
  }
}

/** Nobody from elsewhere gets in, though it listens on every address. */
const sshdConfig = (port: number, hostKey: string, authorizedKeys: string): string =>
  [
    `Port ${port}`,
    'ListenAddress 0.0.0.0',
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${authorizedKeys}`,
    'AllowUsers *@127.0.0.0/8',
    'StrictModes no',
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'UsePAM no',
    'PrintMotd no',
    // What this machine's own user has in .bashrc is none of the benchmark's business.
    'SetEnv HOME=/nonexistent',
    'PidFile none',
    'LogLevel ERROR',
    // All come from one address, and many at once.
    'MaxStartups 1000',
    '',
  ].join('\n')
