/** What the lab needs of this machine. Commands that are missing are installed; what can't be had is said at once, all of it. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { arch, platform, tmpdir } from 'node:os'
import { join } from 'node:path'
import { hostError, type Problem } from '../../lib/core/error.ts'
import { cgroupRoot } from './cgroup.ts'
import { cacheFolder } from './layout.ts'
import { $, environment, type Say } from './shell.ts'

/** Command, and the Debian package that brings it. */
const commands: Readonly<Record<string, string>> = {
  mmdebstrap: 'mmdebstrap',
  'systemd-nspawn': 'systemd-container',
  ip: 'iproute2',
  'ssh-keygen': 'openssh-client',
  nsenter: 'util-linux',
  flock: 'util-linux',
  unshare: 'util-linux',
  setsid: 'util-linux',
  'dpkg-deb': 'dpkg',
}

const stillWorks = 'the tests that need no lab still run: npm test -- --unit'

/**
 * Makes sure that a lab can run here.
 * @throws PlinthError with everything that is missing, and what works without it
 */
export async function requireLab(say: Say): Promise<void> {
  const problems = findProblems()
  if (problems.length > 0) throw hostError(...problems)
  const missing: string[] = []
  for (const [command, name] of Object.entries(commands)) {
    if ((await $({ nothrow: true })`command -v ${command}`).exitCode !== 0) missing.push(name)
  }
  if (missing.length > 0) await install([...new Set(missing)], say)
  await tryOverlay()
  roomForHosts(say)
}

function findProblems(): Problem[] {
  const where = 'the lab'
  if (platform() !== 'linux') {
    return [{ where, what: `needs Linux, and this is ${platform()}`, remedy: `run it on Debian 12; ${stillWorks}` }]
  }
  const problems: Problem[] = []
  if (process.getuid?.() !== 0) {
    problems.push({ where, what: 'needs root, to boot hosts', remedy: `run it as root; ${stillWorks}` })
  }
  if (!existsSync('/usr/bin/apt-get')) {
    problems.push({ where, what: 'needs apt-get, to make its hosts', remedy: `run it on Debian 12; ${stillWorks}` })
  }
  if (!['x64', 'arm64'].includes(arch())) {
    problems.push({ where, what: `needs amd64 or arm64, and this is ${arch()}`, remedy: stillWorks })
  }
  if (cgroupRoot() === '' || !existsSync(join(cgroupRoot(), 'cgroup.procs'))) {
    problems.push({
      where,
      what: 'needs cgroup v2, and it is not mounted',
      remedy: `boot with systemd.unified_cgroup_hierarchy=1; ${stillWorks}`,
    })
  }
  return problems
}

async function install(packages: readonly string[], say: Say): Promise<void> {
  say(`installing ${packages.join(', ')}`)
  const apt = $({ env: { ...environment, DEBIAN_FRONTEND: 'noninteractive' }, nothrow: true })
  await apt`apt-get -qq update`
  const done = await apt`apt-get -qq -y --no-install-recommends install ${packages}`
  if (done.exitCode !== 0) {
    throw hostError({
      where: 'the lab',
      what: `could not install ${packages.join(', ')}: ${lastLines(done.stderr)}`,
      remedy: `install them by hand; ${stillWorks}`,
    })
  }
}

/** Each host's systemd takes about seven of these, and Debian allows 128. */
function roomForHosts(say: Say): void {
  const path = '/proc/sys/fs/inotify/max_user_instances'
  if (Number(readFileSync(path, 'utf8')) >= 1024) return
  say('raising fs.inotify.max_user_instances to 1024, until the next boot of this machine')
  writeFileSync(path, '1024')
}

/** Mounts one for a moment: the kernel may have no overlayfs, or the cache may lie on a disk that can't carry one. */
async function tryOverlay(): Promise<void> {
  await $`mkdir -p ${cacheFolder}`
  const folder = mkdtempSync(join(existsSync(cacheFolder) ? cacheFolder : tmpdir(), '.overlay-'))
  const options = `lowerdir=${folder}/lower,upperdir=${folder}/upper,workdir=${folder}/work`
  const inOwnNamespace = `mkdir lower upper work root && mount -t overlay overlay -o "${options}" root`
  const tried = await $({ nothrow: true, cwd: folder })`unshare -m sh -c ${inOwnNamespace}`
  rmSync(folder, { recursive: true, force: true })
  if (tried.exitCode === 0) return
  const known = readFileSync('/proc/filesystems', 'utf8').includes('overlay')
  throw hostError({
    where: 'the lab',
    what: known ? `no overlayfs can be mounted in ${cacheFolder}` : 'needs overlayfs, and this kernel has none',
    remedy: known ? `put HOME on an ext4 or xfs disk; ${stillWorks}` : `load the module overlay; ${stillWorks}`,
  })
}

/** The end of a command's output, for an error. */
export const lastLines = (output: string, count = 5): string => output.trim().split('\n').slice(-count).join(' | ')
