/** Archives on the controller: fetched, verified by SHA-256 and looked through once, before any host is asked. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, join, posix } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import type { Distribution } from '../core/distribution.ts'
import { type PlinthError, type Problem, usageError } from '../core/error.ts'
import { makeFolder } from './folder.ts'

const cache = (): string => join(homedir(), '.cache', 'plinth')

/** The texts roles need: configuration templates and schema files; anything larger is no template. */
const isWanted = (path: string, size: number): boolean => path.startsWith('conf/') && size <= 1024 * 1024

interface Index {
  readonly texts: Readonly<Record<string, string>>
  readonly files: readonly string[]
}

export interface ArchiveSource {
  /** A file of the controller, or an http(s) URL it can reach. */
  readonly source: string
  readonly sha256: string
  /** Where the inventory names it, for messages. */
  readonly where: string
}

/**
 * The archive behind `source`, its digest verified and its entries checked: a name that leaves the folder, a link that
 * does, or a device refuses the whole. Reading is done once per file (path, size, time) and remembered by digest.
 * Throws usageErrors: nothing was touched yet.
 */
export async function openArchive(
  { source, sha256, where }: ArchiveSource,
  say: (line: string) => void,
): Promise<Distribution> {
  const path = /^https?:\/\//.test(source) ? await fetched(source, sha256, where, say) : source
  const file = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(path, where, error.code)
  })
  if (!file.isFile()) throw unreadable(path, where, 'it is no file')
  const stamp = `${path}\n${file.size}\n${file.mtimeMs}\n${sha256}`
  const index = join(cache(), 'archive-index', `${createHash('sha256').update(stamp).digest('hex')}.json`)
  // A cache that can't be read or written costs time and nothing else.
  const known = await readFile(index, 'utf8')
    .then((text) => JSON.parse(text) as Partial<Index>)
    .catch(() => undefined)
  const { texts, files } = isWhole(known) ? known : await lookThrough(path, sha256, where, say, path !== source)
  if (!isWhole(known)) await writeWhole(index, JSON.stringify({ texts, files })).catch(() => {})
  return { name: basename(path), path, bytes: file.size, sha256, texts, files }
}

/** An earlier version of Plinth kept less. */
const isWhole = (known: Partial<Index> | undefined): known is Index =>
  known?.texts !== undefined && known.files !== undefined

const unreadable = (path: string, where: string, reason: string | undefined): PlinthError =>
  usageError({ where, what: `the archive ${path} can't be read (${reason})`, remedy: 'correct the path' })

const wrongDigest = (path: string, where: string, found: string, declared: string): PlinthError =>
  usageError({
    where,
    what: `the archive ${path} has the SHA-256 ${found}, declared is ${declared}`,
    remedy: 'get the right file, or declare its digest after you have checked where it comes from',
  })

async function writeWhole(path: string, text: string): Promise<void> {
  makeFolder(dirname(path))
  await writeFile(`${path}.${process.pid}`, text)
  await rename(`${path}.${process.pid}`, path)
}

/** A `download` that is another file by now was damaged here: no digest of it is worth declaring. */
async function lookThrough(
  path: string,
  sha256: string,
  where: string,
  say: (line: string) => void,
  download: boolean,
): Promise<Index> {
  say(`verify ${basename(path)}`)
  const digest = createHash('sha256')
  try {
    for await (const chunk of createReadStream(path)) digest.update(chunk as Buffer)
  } catch (error) {
    throw unreadable(path, where, (error as NodeJS.ErrnoException).code)
  }
  const found = digest.digest('hex')
  if (found !== sha256 && download) {
    await rm(path, { force: true })
    const what = `the download that was kept as ${path} is damaged, and was removed`
    throw usageError({ where, what, remedy: 'run again: it is fetched anew' })
  }
  if (found !== sha256) throw wrongDigest(path, where, found, sha256)
  const texts: Record<string, string> = {}
  const files: string[] = []
  const problems: Problem[] = []
  // Imported late: only an archive that has not been seen before is read.
  const { extract } = await import('tar-stream')
  const entries = extract()
  const reading = pipeline(createReadStream(path), createGunzip(), entries)
  reading.catch(() => {})
  const links = new Set<string>()
  let folder: string | undefined
  try {
    for await (const entry of entries) {
      const { name, type, linkname, size = 0 } = entry.header
      folder ??= name.split('/')[0] ?? ''
      const reason =
        entryProblem(name, type ?? 'file', linkname ?? undefined) ?? belowLink(name, links) ?? outside(name, folder)
      if (type === 'symlink') links.add(posix.normalize(name))
      if (reason !== undefined && problems.length < 5) {
        problems.push({ where, what: `${basename(path)} holds ${name}, ${reason}`, remedy: 'do not use this archive' })
      }
      const inner = name.slice(folder.length + 1)
      if (type !== 'directory') files.push(posix.normalize(inner))
      if (type === 'file' && isWanted(inner, size)) {
        const chunks: Buffer[] = []
        for await (const chunk of entry) chunks.push(chunk as Buffer)
        texts[inner] = Buffer.concat(chunks).toString()
      } else entry.resume()
    }
    await reading
  } catch (error) {
    throw usageError({
      where,
      what: `the archive ${path} is not a readable tar.gz (${(error as Error).message})`,
      remedy: 'get the file again, and its digest from whoever made it: the declared one is of a broken file',
    })
  }
  if (problems.length > 0) throw usageError(...problems)
  return { texts, files }
}

/** Nothing is unpacked through a link: where it really leads can't be told from its name. */
const belowLink = (name: string, links: ReadonlySet<string>): string | undefined =>
  [...links].some((link) => posix.normalize(name).startsWith(`${link}/`))
    ? 'a path that leads through a link'
    : undefined

/** Unpacking takes the first folder off, so everything must be in one. */
const outside = (name: string, folder: string): string | undefined =>
  folder !== '.' && `${name}/`.startsWith(`${folder}/`) ? undefined : 'which is not in one folder with the rest'

/**
 * Why an entry must not be unpacked; undefined if it may. Links may point inside the archive's own folder only, and
 * upwards only at their beginning, because what `a/..` is depends on what `a` is.
 */
export function entryProblem(name: string, type: string, linkname?: string): string | undefined {
  const parts = name.split('/')
  if (name.startsWith('/') || parts.includes('..')) return 'a path that leaves its folder'
  if (type === 'link' || type === 'symlink') {
    const target = linkname ?? ''
    if (target.startsWith('/')) return `a link to ${target}, outside of the archive`
    let depth = type === 'link' ? 0 : parts.filter((part) => part !== '' && part !== '.').length - 1
    let down = false
    for (const part of target.split('/')) {
      if (part === '..' && down) return `a link to ${target}, which goes down and up again`
      if (part === '..') depth--
      else if (part !== '' && part !== '.') {
        depth++
        down = true
      }
      if (depth < 1) return `a link to ${target}, outside of the archive`
    }
    return undefined
  }
  return type === 'file' || type === 'directory' || type === 'contiguous-file' ? undefined : `a ${type}`
}

async function fetched(url: string, sha256: string, where: string, say: (line: string) => void): Promise<string> {
  const folder = join(cache(), 'downloads', sha256)
  const path = join(folder, basename(new URL(url).pathname) || 'archive.tar.gz')
  if (await stat(path).catch(() => undefined)) return path
  const part = `${path}.part.${process.pid}`
  const failed = (reason: string) =>
    usageError({
      where,
      what: `${url} can't be fetched (${reason})`,
      remedy: 'correct the URL, or name a file of the controller',
    })
  try {
    makeFolder(folder)
  } catch (error) {
    throw usageError({
      where,
      what: `${url} can't be kept: ${folder} can't be made (${(error as NodeJS.ErrnoException).code})`,
      remedy: 'see to the rights and the disk there, or name a file of the controller',
    })
  }
  try {
    const response = await fetch(url).catch((error: Error & { cause?: { code?: string } }) => {
      throw failed(error.cause?.code ?? error.message)
    })
    if (!response.ok || !response.body) throw failed(`HTTP ${response.status}`)
    const total = Number(response.headers.get('content-length') ?? 0)
    const digest = createHash('sha256')
    let read = 0
    let told = 0
    // Opened before anything is read: a stream that opens it for itself may do so after an early end has removed it.
    const file = await open(part, 'w').catch((error: Error) => {
      throw failed(error.message)
    })
    const source = Readable.from(response.body)
    source.on('data', (chunk: Uint8Array) => {
      digest.update(chunk)
      read += chunk.length
      if (read - told < 20e6) return
      told = read
      say(`fetch ${basename(path)}: ${Math.round(read / 1e6)} of ${Math.round(total / 1e6)} MB`)
    })
    await pipeline(source, file.createWriteStream({ flush: true })).catch((error: Error) => {
      throw failed(error.message)
    })
    // What is not the archive is not kept: the next run would take it for the archive, and fail again.
    const found = digest.digest('hex')
    if (found !== sha256) throw wrongDigest(url, where, found, sha256)
    await rename(part, path)
  } finally {
    await rm(part, { force: true })
  }
  return path
}
