/** Archives on the controller: fetched, verified by SHA-256 and looked through once, before any host is asked. */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import type { Distribution } from '../core/distribution.ts'
import { type Problem, usageError } from '../core/error.ts'

const cache = (): string => join(homedir(), '.cache', 'plinth')

/** The texts roles need: configuration templates and schema files; anything larger is no template. */
const isWanted = (path: string, size: number): boolean => path.startsWith('conf/') && size <= 1024 * 1024

interface Index {
  readonly texts: Readonly<Record<string, string>>
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
    throw usageError({ where, what: `the archive ${path} can't be read (${error.code})`, remedy: 'correct the path' })
  })
  const stamp = `${path}\n${file.size}\n${file.mtimeMs}\n${sha256}`
  const index = join(cache(), 'archive-index', `${createHash('sha256').update(stamp).digest('hex')}.json`)
  const known = await readFile(index, 'utf8').then(
    (text) => JSON.parse(text) as Index,
    () => undefined,
  )
  const { texts } = known ?? (await lookThrough(path, sha256, where, say))
  if (!known) {
    await mkdir(join(cache(), 'archive-index'), { recursive: true })
    await writeWhole(index, JSON.stringify({ texts }))
  }
  return { name: basename(path), path, bytes: file.size, sha256, texts }
}

async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.${process.pid}`, text)
  await rename(`${path}.${process.pid}`, path)
}

async function lookThrough(path: string, sha256: string, where: string, say: (line: string) => void): Promise<Index> {
  say(`verify ${basename(path)}`)
  const digest = createHash('sha256')
  for await (const chunk of createReadStream(path)) digest.update(chunk as Buffer)
  const found = digest.digest('hex')
  if (found !== sha256) {
    throw usageError({
      where,
      what: `the archive ${path} has the SHA-256 ${found}, declared is ${sha256}`,
      remedy: 'get the right file, or declare its digest after you have checked where it comes from',
    })
  }
  const texts: Record<string, string> = {}
  const problems: Problem[] = []
  // Imported late: only an archive that has not been seen before is read.
  const { extract } = await import('tar-stream')
  const entries = extract()
  const reading = pipeline(createReadStream(path), createGunzip(), entries)
  reading.catch(() => {})
  try {
    for await (const entry of entries) {
      const { name, type, linkname, size = 0 } = entry.header
      const reason = entryProblem(name, type ?? 'file', linkname ?? undefined)
      if (reason !== undefined && problems.length < 5) {
        problems.push({ where, what: `${basename(path)} holds ${name}, ${reason}`, remedy: 'do not use this archive' })
      }
      const inner = name.replace(/^(\.\/)?[^/]+\//, '')
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
  return { texts }
}

/** Why an entry must not be unpacked; undefined if it may. Links may point inside the archive's own folder only. */
export function entryProblem(name: string, type: string, linkname?: string): string | undefined {
  const parts = name.split('/')
  if (name.startsWith('/') || parts.includes('..')) return 'a path that leaves its folder'
  if (type === 'link' || type === 'symlink') {
    const target = linkname ?? ''
    if (target.startsWith('/')) return `a link to ${target}, outside of the archive`
    let depth = type === 'link' ? 0 : parts.filter((part) => part !== '' && part !== '.').length - 1
    for (const part of target.split('/')) {
      if (part === '..') depth--
      else if (part !== '' && part !== '.') depth++
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
  await mkdir(folder, { recursive: true })
  try {
    const response = await fetch(url).catch((error: Error & { cause?: { code?: string } }) => {
      throw failed(error.cause?.code ?? error.message)
    })
    if (!response.ok || !response.body) throw failed(`HTTP ${response.status}`)
    const total = Number(response.headers.get('content-length') ?? 0)
    let read = 0
    let told = 0
    const source = Readable.from(response.body)
    source.on('data', (chunk: Uint8Array) => {
      read += chunk.length
      if (read - told < 20e6) return
      told = read
      say(`fetch ${basename(path)}: ${Math.round(read / 1e6)} of ${Math.round(total / 1e6)} MB`)
    })
    await pipeline(source, createWriteStream(part)).catch((error: Error) => {
      throw failed(error.message)
    })
    await rename(part, path)
  } finally {
    await rm(part, { force: true })
  }
  return path
}
