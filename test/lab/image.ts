/**
 * The disk that hosts start from: Debian sid with systemd and sshd, and as a layer on it the same with MySQL. Made once, kept under a name
 * that is the digest of its definition (the lists below and the files in image/).
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { hostError } from '../../lib/core/error.ts'
import { cgroupRoot, inside, killGroup } from './cgroup.ts'
import { cacheFolder } from './layout.ts'
import { withLock } from './lock.ts'
import { lastLines } from './requirements.ts'
import { $, environment, type Say, since } from './shell.ts'

const suite = 'sid'
const packages = 'systemd,systemd-sysv,dbus,openssh-server,iproute2,ca-certificates,procps,sudo,busybox,tcsh'
const options = [
  // A mirror's sid may be older than its Release file allows.
  '--aptopt=Acquire::Check-Valid-Until "false"',
  '--aptopt=APT::Install-Recommends "false"',
  '--dpkgopt=force-unsafe-io',
  ...['doc', 'locale'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
]
const definition = join(import.meta.dirname, 'image')
const folder = join(cacheFolder, 'images')
const lock = join(folder, '.lock')

export interface Image {
  /** The digest of its definition. */
  readonly id: string
  /** Folders, uppermost first, for overlayfs: a bare host's. */
  readonly bare: string
  /** The same with MySQL. */
  readonly db: string
}

/** The image with this digest, as overlayfs wants its layers. */
export const imageOf = (id: string): Image => ({
  id,
  bare: join(folder, id, 'base'),
  db: `${join(folder, id, 'db')}:${join(folder, id, 'base')}`,
})

/**
 * The image of this definition; built when it is not there yet (about a minute).
 * @throws PlinthError when a package can't be had
 */
export async function ensureImage(say: Say): Promise<Image> {
  const image = imageOf(definitionDigest())
  const path = join(folder, image.id)
  if (!existsSync(path)) {
    const made = await withLock(lock, { wait: 0 }, () => build(image.id, say))
    if (made === null) {
      say('another run is making the image; waiting for it')
      await withLock(lock, { wait: 600 }, () => build(image.id, say))
    }
  }
  const now = new Date()
  utimesSync(path, now, now)
  return image
}

/** Removes the images that no host of any lab stands on and no run has asked for in a day. */
export async function dropOldImages(inUse: ReadonlySet<string>): Promise<void> {
  const day = 86_400_000
  await withLock(lock, { wait: 0 }, async () => {
    for (const id of readdirSync(folder).filter((name) => !name.startsWith('.') && !inUse.has(name))) {
      const path = join(folder, id)
      if (Date.now() - statSync(path).mtimeMs > day) await $`rm -rf --one-file-system ${path}`
    }
  })
}

function definitionDigest(): string {
  const hash = createHash('sha256').update(JSON.stringify([suite, packages, options]))
  const files = readdirSync(definition, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  for (const path of files.map((entry) => join(entry.parentPath, entry.name)).sort()) {
    hash
      .update(`${path.slice(definition.length)}\0`)
      .update(readFileSync(path))
      .update('\0')
  }
  return hash.digest('hex').slice(0, 16)
}

async function build(id: string, say: Say): Promise<void> {
  if (existsSync(join(folder, id))) return
  const start = Date.now()
  // What a killed build left: its processes go on without it, and its folder was never renamed.
  const group = join(cgroupRoot(), 'plinth-lab', '.image')
  await killGroup(group)
  await $({ cwd: folder })`rm -rf --one-file-system .building-*`
  const building = join(folder, `.building-${id}`)
  const [base, db, fetched] = ['base', 'db', 'fetched'].map((name) => join(building, name)) as [string, string, string]
  mkdirSync(fetched, { recursive: true })

  say(`making the image of the hosts (Debian ${suite}; once, about a minute)`)
  const uri = await mirror()
  await step('1/3 Debian, the packages of two JDKs and MySQL', say, async () => {
    const hook = `sh '${definition}/fetch.sh' "$1"`
    const making = $({
      env: { ...environment, FETCHED: fetched },
    })`${inside(group)} mmdebstrap --variant=minbase --include=${packages} \
      ${options} --customize-hook=${hook} ${suite} ${base} ${uri}`
    // Its notes tell how far it is.
    making.stderr.on('data', (chunk) => {
      for (const [, note] of String(chunk).matchAll(/^I: ((?:download|extract|install|fetch).*)$/gm)) say(`    ${note}`)
    })
    await making
  })
  await step('2/3 the base of every host', say, async () => {
    await $`${inside(group)} sh ${definition}/base.sh ${base} ${fetched}/jdk ${definition}/base`
  })
  await step('3/3 MySQL, as a layer on it', say, async () => {
    await $`mkdir ${db} ${building}/work ${building}/root`
    // In a mount namespace of its own: nothing stays mounted, even when this is killed.
    const layers = `lowerdir=${base},upperdir=${db},workdir=${building}/work`
    const script = 'mount -t overlay overlay -o "$1" "$2"; exec sh "$3/db.sh" "$2" "$4" "$3/db"'
    await $`${inside(group)} unshare -m sh -ec ${script} sh ${layers} ${building}/root ${definition} ${fetched}/db`
  })
  await $`rm -rf --one-file-system ${fetched} ${building}/work ${building}/root`
  await killGroup(group)
  renameSync(building, join(folder, id))
  say(`image made in ${since(start)}`)
}

async function step(name: string, say: Say, work: () => Promise<void>): Promise<void> {
  const start = Date.now()
  say(`${name} ...`)
  try {
    await work()
  } catch (thrown) {
    const output = thrown instanceof Error && 'stderr' in thrown ? String(thrown.stderr) : String(thrown)
    throw hostError({
      where: `the image of the hosts, ${name}`,
      what: lastLines(output, 8),
      remedy: 'check that "apt-get update" works on this machine, then run it again',
    })
  }
  say(`${name}: ${since(start)}`)
}

/** The Debian mirror that this machine itself installs from. */
export async function mirror(): Promise<string> {
  const find = async (): Promise<string | undefined> => {
    const format = '$(REPO_URI) $(ORIGIN) $(LABEL)'
    const lines = (await $`apt-get indextargets --format ${format} ${'Created-By: Packages'}`).stdout.split('\n')
    return lines.find((line) => line.endsWith(' Debian Debian'))?.split(' ')[0]
  }
  let uri = await find()
  if (uri === undefined) {
    await $`apt-get -qq update`
    uri = await find()
  }
  if (uri !== undefined) return uri
  throw hostError({
    where: 'the image of the hosts',
    what: 'no Debian mirror is among the apt sources of this machine',
    remedy: 'add one to /etc/apt/sources.list.d',
  })
}
