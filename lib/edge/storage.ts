/**
 * Sets of files in a folder of the controller. A set is written under another name, synced, and renamed when it is whole, so
 * that one that was cut is never taken for a backup. Folders are 0700, files 0600; `SHA256SUMS` is what `sha256sum -c` reads.
 */
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { hostError, type PlinthError } from '../core/error.ts'
import { sha256 } from '../core/secret.ts'
import { type Draft, type Storage, StorageError } from '../core/storage.ts'
import { makeFolder } from './folder.ts'
import { isVault, openVaultBytes, sealVault, type VaultKey } from './vault.ts'

const sums = 'SHA256SUMS'
/** Who writes it stands in the name, so that another run's work is not cleared away while it goes on. */
const draft = `.unfinished-${hostname()}-`

/**
 * @param where the folder; made when the first set is begun
 * @param keys the vault passwords of the run: the first seals, all of them open; none and nothing is sealed
 */
export function storage(where: string, keys: readonly VaultKey[]): Storage {
  const [key] = keys
  const abandoned = async (): Promise<string[]> =>
    (await namesIn(where)).filter((name) => {
      const pid = name.startsWith(draft) ? /^\d+/.exec(name.slice(draft.length))?.[0] : undefined
      return pid !== undefined && Number(pid) !== process.pid && !alive(Number(pid))
    })
  const listed = async (set: string): Promise<Map<string, string>> => {
    const text = (await contentOf(join(where, set, sums), set)).toString()
    return new Map(
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line): [string, string] => [line.slice(66), line.slice(0, 64)]),
    )
  }
  return {
    where,
    sealed: key !== undefined,
    async sets() {
      const found = await Promise.all(
        (await namesIn(where)).map(async (name) => ((await isFile(join(where, name, sums))) ? [name] : [])),
      )
      return found
        .flat()
        .filter((name) => !name.startsWith('.'))
        .sort()
    },
    unfinished: abandoned,
    async clear() {
      const left = await abandoned()
      await writing(where, async () => {
        for (const name of left) await rm(join(where, name), { recursive: true, force: true })
        if (left.length > 0) await synced(where)
      })
    },
    begin: (name) => writing(where, () => begin(where, name, key)),
    async damaged(set) {
      const expected = await listed(set)
      const there = (await filesBelow(join(where, set))).filter((file) => file !== sums)
      const wrong: string[] = there.filter((file) => !expected.has(file))
      for (const [file, digest] of expected) {
        const content = await readFile(join(where, set, file)).catch(() => undefined)
        if (content === undefined || sha256(content) !== digest) wrong.push(file)
      }
      return wrong.sort()
    },
    async read(set, file) {
      const path = join(where, set, file)
      const content = await contentOf(path, set)
      return isVault(content.subarray(0, 80).toString('latin1'))
        ? openVaultBytes(content.toString('latin1'), keys, path).bytes
        : content
    },
  }
}

async function begin(where: string, name: string, key: VaultKey | undefined): Promise<Draft> {
  const target = join(where, name)
  const folder = join(where, `${draft}${process.pid}-${name}`)
  const digests: string[] = []
  makeFolder(where, 0o700)
  if (await stat(target).catch(() => undefined)) throw taken(target)
  await mkdir(folder, { mode: 0o700 })
  const put = async (file: string, content: Uint8Array): Promise<void> => {
    const path = join(folder, file)
    makeFolder(dirname(path), 0o700)
    const handle = await open(path, 'wx', 0o600)
    await handle
      .writeFile(content)
      .then(() => handle.sync())
      .finally(() => handle.close())
  }
  return {
    async write(file, content, plain) {
      const bytes = Buffer.from(content as Uint8Array)
      const stored = key && plain === undefined ? Buffer.from(sealVault(bytes, key)) : bytes
      await writing(where, () => put(file, stored))
      digests.push(`${sha256(stored)}  ${file}\n`)
    },
    finish: () =>
      writing(where, async () => {
        await put(sums, Buffer.from(digests.sort((a, b) => (a.slice(66) < b.slice(66) ? -1 : 1)).join('')))
        for (const inner of await foldersBelow(folder)) await synced(inner)
        if (await stat(target).catch(() => undefined)) throw taken(target)
        await rename(folder, target)
        await synced(where)
      }),
    // Why it is dropped is what counts.
    drop: () => rm(folder, { recursive: true, force: true }).catch(() => {}),
  }
}

const taken = (where: string) =>
  hostError({
    where,
    what: 'is there already',
    remedy: 'nothing is ever overwritten: run again, or name another folder',
  })

/** Does it; what the file system has against it is a failure that a user can mend. What is no answer of it is a bug of ours. */
async function writing<T>(where: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { code, errno } = error as NodeJS.ErrnoException
    if (errno === undefined) throw error
    const remedy = 'see to its path, its rights and the room on its disk, then run again'
    throw new StorageError({ where, what: `it can't be written (${code})`, remedy })
  }
}

async function synced(folder: string): Promise<void> {
  let handle: FileHandle | undefined
  try {
    handle = await open(folder)
    await handle.sync()
  } finally {
    await handle?.close()
  }
}

const unreadable = (where: string, { code }: NodeJS.ErrnoException): PlinthError =>
  hostError({ where, what: `it can't be read (${code})`, remedy: 'see to its path and its rights' })

const namesIn = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw unreadable(folder, error)
  })
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}

const isFile = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined))?.isFile() === true

const filesBelow = async (folder: string): Promise<string[]> =>
  (
    await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      throw unreadable(folder, error)
    })
  )
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))

const foldersBelow = async (folder: string): Promise<string[]> => [
  folder,
  ...(await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name)),
]

async function contentOf(path: string, set: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    const what = `it can't be read (${(error as NodeJS.ErrnoException).code})`
    throw hostError({ where: path, what, remedy: `see whether ${set} is a whole backup` })
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
