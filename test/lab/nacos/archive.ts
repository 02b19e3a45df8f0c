/**
 * The lab's Nacos archives: put together with Maven from the published server modules, laid out like the official
 * release, and kept under ~/.cache/plinth/archives until something that goes into them changes.
 *
 *     npx tsx test/lab/nacos/archive.ts 2.2.4
 */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { usageError } from '../../../lib/core/error.ts'
import { sha256 } from '../../../lib/core/secret.ts'
import { differences, filled, type LabVersion, logback, versions } from './contents.ts'
import { ensureTools, fileOfJar, mavenPackage, pack } from './tools.ts'

export type { LabVersion }

export interface LabArchive {
  readonly path: string
  /** 64 hex digits; the same text stands in the file `path` + `.sha256`. */
  readonly sha256: string
  readonly bytes: number
}

const source = dirname(fileURLToPath(import.meta.url))
const cache = join(homedir(), '.cache', 'plinth', 'archives')

/**
 * The lab's archive of a version: the cached one, or built now (30 to 60 s the first time, 15 s with Maven's cache).
 * `say` gets one line per thing done. Throws hostError if a tool cannot be installed or the build fails.
 */
export async function labArchive(version: LabVersion, say: (line: string) => void): Promise<LabArchive> {
  const path = join(cache, `nacos-server-${version}-lab.tar.gz`)
  const stamp = await stampOf(version)
  const known = await cached(path, stamp)
  if (known) return known

  await ensureTools(say)
  await mkdir(cache, { recursive: true })
  await removeAbandoned()
  const folder = await mkdtemp(join(cache, '.build-'))
  try {
    await layOut(version, folder, say)
    const packed = join(folder, 'packed.tar.gz')
    say(`packing ${path}`)
    await pack(folder, 'nacos', packed)
    const hash = await sha256OfFile(packed)
    await rm(`${path}.stamp`, { force: true })
    await rename(packed, path)
    await writeFile(`${path}.sha256`, `${hash}\n`)
    await writeFile(`${path}.stamp`, `${stamp} ${hash}\n`)
    const { size: bytes } = await stat(path)
    say(`lab archive of Nacos ${version}: ${Math.round(bytes / 1e6)} MB, sha256 ${hash}`)
    return { path, sha256: hash, bytes }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The archive, if it is whole and was made of what would go into it now. */
async function cached(path: string, stamp: string): Promise<LabArchive | null> {
  try {
    const [made, hash] = (await readFile(`${path}.stamp`, 'utf8')).trim().split(' ')
    if (made !== stamp || !hash || (await sha256OfFile(path)) !== hash) return null
    if ((await readFile(`${path}.sha256`, 'utf8')) !== `${hash}\n`) return null
    return { path, sha256: hash, bytes: (await stat(path)).size }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** A build that was killed leaves its folder; one that is older than an hour has no owner any more. */
async function removeAbandoned(): Promise<void> {
  for (const name of (await readdir(cache)).filter((entry) => entry.startsWith('.build-'))) {
    const { mtimeMs } = await stat(join(cache, name))
    if (Date.now() - mtimeMs > 3_600_000) await rm(join(cache, name), { recursive: true, force: true })
  }
}

/** The archive's tree, `nacos/`, in `folder`. */
async function layOut(version: LabVersion, folder: string, say: (line: string) => void): Promise<void> {
  const jar = await mavenPackage(source, join(folder, 'maven'), version, say)
  const tree = join(folder, 'nacos')
  for (const name of ['bin', 'conf', 'plugins', 'target']) await mkdir(join(tree, name), { recursive: true })
  await rename(jar, join(tree, 'target', 'nacos-server.jar'))

  const files = join(source, 'files')
  for (const name of await filesUnder(files)) {
    await writeFile(join(tree, name), filled(version, await readFile(join(files, name), 'utf8')))
    if (name.endsWith('.sh')) await chmod(join(tree, name), 0o755)
  }
  await writeFile(join(tree, 'conf', 'nacos-logback.xml'), logback())

  const modules = join(tree, 'target', 'nacos-server.jar')
  const config = await fileOfJar(modules, `BOOT-INF/lib/nacos-config-${version}.jar`)
  const configJar = join(folder, 'nacos-config.jar')
  await writeFile(configJar, config)
  for (const [name, inJar] of Object.entries(differences[version].sql)) {
    await writeFile(join(tree, 'conf', name), await fileOfJar(configJar, inJar))
  }
}

/** Of the version and every file that goes in or says how: another stamp, another archive. */
async function stampOf(version: LabVersion): Promise<string> {
  const names = (await filesUnder(source)).filter((name) => !name.endsWith('.test.ts'))
  const parts = await Promise.all(names.map(async (name) => `${name} ${sha256(await readFile(join(source, name)))}`))
  return sha256([version, ...parts].join('\n'))
}

async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
}

async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer)
  return hash.digest('hex')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = process.argv.slice(2)
  const isVersion = (text: string): text is LabVersion => versions.some((version) => version === text)
  for (const version of wanted.length > 0 ? wanted : versions) {
    if (!isVersion(version)) {
      const error = usageError({
        where: version,
        what: 'no such lab version',
        remedy: `name one of ${versions.join(', ')}`,
      })
      console.error(error.message)
      process.exit(error.code)
    }
    const { path, sha256 } = await labArchive(version, (line) => console.error(line))
    console.log(`${path} ${sha256}`)
  }
}
