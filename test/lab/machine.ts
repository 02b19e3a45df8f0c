/** One host: its disk (an overlay on the image), its processes (a cgroup), its power. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { hostError } from '../../lib/core/error.ts'
import { inside, isPopulated, killGroup, processesOf } from './cgroup.ts'
import { type Image, imageOf } from './image.ts'
import { addressNumbers, type HostLayout, hostLayout, type Layout } from './layout.ts'
import { plug, setLink, unplug } from './network.ts'
import { $, environment } from './shell.ts'

const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '')

/** The image a host's disk stands on; empty when it has no disk, or one that was never finished. */
export const imageOfDisk = (host: HostLayout): string => read(join(host.folder, 'image')).trim()

/** Whether any process of the host lives, frozen ones included. */
export const isOn = (host: HostLayout): boolean => isPopulated(host.cgroup)

/** The host's PID 1 as the controller numbers it, or undefined before there is one. */
export const leaderOf = (host: HostLayout): string | undefined =>
  processesOf(join(host.cgroup, 'payload', 'init.scope'))[0]

/** What lies over the image on the disks that this host gets from now on; nothing unless given. */
export function setLayer(host: HostLayout, layer: string | undefined): void {
  if (layer === undefined) rmSync(join(host.folder, 'layer'), { force: true })
  else writeFileSync(join(host.folder, 'layer'), layer)
}

/** Makes a fresh disk; whatever was on the old one is gone. The host must be off. */
export async function makeDisk(lab: Layout, host: HostLayout, image: Image): Promise<void> {
  await dropDisk(host)
  await mountDisk(host, image)
  const write = (path: string, content: string, mode = 0o644): void => {
    // The image's own file may have another mode, or be a link.
    rmSync(join(host.root, path), { force: true })
    writeFileSync(join(host.root, path), content, { mode })
  }
  const names = [...addressNumbers.keys()].map((name) => `${hostLayout(lab, name).address} ${name}`)
  write('etc/hostname', `${host.name}\n`)
  write('etc/hosts', `127.0.0.1 localhost\n::1 localhost\n${names.join('\n')}\n`)
  write('etc/resolv.conf', '# A closed network: names are in /etc/hosts.\n')
  write('etc/machine-id', `${(await $`systemd-id128 new`).stdout.trim()}\n`, 0o444)
  mkdirSync(join(host.root, 'root/.ssh'), { recursive: true, mode: 0o700 })
  write('root/.ssh/authorized_keys', read(join(lab.folder, 'id_ed25519.pub')), 0o600)
  for (const [name, mode] of [
    ['ssh_host_ed25519_key', 0o600],
    ['ssh_host_ed25519_key.pub', 0o644],
  ] as const) {
    write(`etc/ssh/${name}`, read(join(host.folder, name)), mode)
  }
  if (host.name === 'db1') await writeAccounts(lab, host)
  writeFileSync(join(host.folder, 'image'), image.id)
}

/** MySQL runs this file at each start. */
async function writeAccounts(lab: Layout, host: HostLayout): Promise<void> {
  const password = read(join(lab.folder, 'secrets', 'mysql_admin_password')).trim()
  const accounts = ["'plinth_admin'@'localhost'", "'plinth_admin'@'127.0.0.1'"].flatMap((account) => [
    `CREATE USER IF NOT EXISTS ${account} IDENTIFIED WITH caching_sha2_password BY '${password}';`,
    `GRANT ALL PRIVILEGES ON *.* TO ${account} WITH GRANT OPTION;`,
  ])
  const path = 'etc/mysql/lab-accounts.sql'
  writeFileSync(join(host.root, path), `${accounts.join('\n')}\n`, { mode: 0o600 })
  await $`chroot ${host.root} chown mysql:mysql ${`/${path}`}`
}

async function mountDisk(host: HostLayout, image: Image): Promise<void> {
  const [upper, work] = [join(host.folder, 'upper'), join(host.folder, 'work')]
  await $`mkdir -p ${upper} ${work} ${host.root}`
  if ((await $({ nothrow: true })`mountpoint -q ${host.root}`).exitCode === 0) return
  const layer = read(join(host.folder, 'layer'))
  const layers = `${layer && `${layer}:`}${host.name === 'db1' ? image.db : image.bare}`
  await $`mount -t overlay overlay -o ${`lowerdir=${layers},upperdir=${upper},workdir=${work}`} ${host.root}`
}

/** Removes a host's disk; its key stays. The host must be off. */
export async function dropDisk(host: HostLayout): Promise<void> {
  // The mark first: a disk that is half removed is none.
  await $`rm -f ${host.folder}/image`
  await $({ nothrow: true })`umount --lazy ${host.root}`
  await $`rm -rf --one-file-system ${host.folder}/upper ${host.folder}/work ${host.root}`
}

/** Gives a host power: returns as soon as its first process runs, see `untilReady`. It must be off and have a disk. */
export async function powerOn(lab: Layout, host: HostLayout): Promise<void> {
  await mountDisk(host, imageOf(imageOfDisk(host)))
  await plug(lab, host)
  const nspawn = [
    'systemd-nspawn',
    '--boot',
    '--quiet',
    '-D',
    host.root,
    `--machine=${host.machine}`,
    `--hostname=${host.name}`,
    // This machine's PID 1 need not be systemd: the host is registered nowhere, and its cgroup is ours.
    '--register=no',
    '--keep-unit',
    `--network-namespace-path=/run/netns/${host.machine}`,
    '--capability=CAP_NET_ADMIN',
    '--resolv-conf=off',
    '--timezone=off',
    '--link-journal=no',
    '--console=read-only',
  ]
  // In a session of its own, so that it outlives this process and its terminal.
  await $({
    env: { ...environment, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1' },
  })`setsid -f ${inside(host.cgroup)} ${nspawn} \
    </dev/null >${host.folder}/console.log 2>&1`
}

/**
 * Waits until sshd answers.
 * @param bare the disk is fresh: systemd must have started everything too, and nothing may have failed
 * @throws PlinthError with the failed units or the end of the console, after 60 s at the latest
 */
export async function untilReady(host: HostLayout, bare: boolean): Promise<void> {
  const deadline = Date.now() + 60_000
  for (let wasOn = false; Date.now() < deadline; await sleep(50)) {
    if (wasOn && !isOn(host)) break
    wasOn = isOn(host)
    if (leaderOf(host) === undefined) continue
    if (bare) {
      const state = (await runInside(host, 'timeout 50 systemctl is-system-running --wait')).stdout.trim()
      if (state === 'degraded') {
        const failed = (await runInside(host, 'systemctl list-units --failed --plain --no-legend')).stdout
        throw notReady(host, `units failed: ${failed.replaceAll(/ .*(\n|$)/g, ' ').trim()}`)
      }
      if (state !== 'running') continue
    }
    if (await sshdAnswers(host.address)) return
  }
  throw notReady(host, `did not start: ${read(join(host.folder, 'console.log')).slice(-600)}`)
}

const notReady = (host: HostLayout, what: string): Error =>
  hostError({
    where: host.name,
    what,
    remedy: `look at ${host.folder}/console.log, or start afresh with "reset ${host.name}"`,
  })

const sshdAnswers = (address: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: address, port: 22, timeout: 2000 })
    const end = (answered: boolean): void => {
      socket.destroy()
      resolve(answered)
    }
    socket.once('data', (banner) => end(banner.toString().startsWith('SSH-2.0-')))
    socket.once('error', () => end(false))
    socket.once('timeout', () => end(false))
    socket.once('close', () => end(false))
  })

/** Cuts the power: the link first, so that no peer hears a word of it, then every process at once. The disk stays as it is. */
export async function powerOff(host: HostLayout): Promise<void> {
  if (existsSync(`/sys/class/net/${host.link}`)) await setLink(host, 'down')
  await killGroup(host.cgroup)
  await unplug(host)
}

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** The argv prefix of a command that runs inside a host, as root and with a login's environment. */
export const insidePrefix = (leader: string): string[] => [
  'nsenter',
  '-t',
  leader,
  '-m',
  '-u',
  '-i',
  '-n',
  '-p',
  '-C',
  '--',
  '/usr/bin/env',
  '-i',
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  'HOME=/root',
  'LANG=C.UTF-8',
]

/**
 * Runs a shell command inside a host without ssh: for a test that looks, or breaks something.
 * @throws PlinthError when the host is off
 */
export async function runInside(host: HostLayout, command: string): Promise<Ran> {
  const leader = leaderOf(host)
  if (leader === undefined)
    throw hostError({ where: host.name, what: 'is off', remedy: `start it with "boot ${host.name}"` })
  const running = $({ nothrow: true })`${insidePrefix(leader)} /bin/sh -c ${command}`
  // zx makes text of each piece by itself: a letter of several bytes that comes in two would be two wrong ones.
  const [stdout, stderr] = [running.stdout, running.stderr].map((stream) => {
    const pieces: Buffer[] = []
    stream.on('data', (piece: Buffer) => pieces.push(piece))
    return () => Buffer.concat(pieces).toString()
  })
  const { exitCode } = await running
  return { code: exitCode ?? 1, stdout: stdout?.() ?? '', stderr: stderr?.() ?? '' }
}
