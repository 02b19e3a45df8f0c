/** The newest Node there is for this machine: npm serves the builds as packages. One is kept in the cache folder. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const cache = join(homedir(), '.cache', 'plinth')
const name = `node-linux-${process.arch}`
const folderOf = (version: string): string => join(cache, `node-${version}`)

/** What a command printed; throws with the last line that it complained with. */
function said(command: string, words: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, words, { encoding: 'utf8', timeout: 180_000 })
  if (status === 0) return stdout.trim()
  throw new Error((stderr || error?.message || `ended with ${status}`).trim().split('\n').at(-1))
}

/**
 * The path of its program, fetched first where that is allowed; else that of the newest fetched before. With the reason
 * where there is none.
 */
export function newestNode(fetch: boolean): { readonly node: string } | { readonly why: string } {
  try {
    const version = fetch ? said('npm', ['view', name, 'version']) : newestKept()
    if (version === undefined) return { why: 'none was fetched yet, and none is fetched here' }
    const node = join(folderOf(version), 'bin', 'node')
    if (existsSync(node)) return { node }
    // Into a folder beside it first: what a killed run leaves is no Node.
    mkdirSync(cache, { recursive: true })
    const half = mkdtempSync(join(cache, 'fetching-node-'))
    try {
      const archive = said('npm', ['pack', `${name}@${version}`, '--silent', '--pack-destination', half])
      said('tar', ['-xzf', join(half, archive), '-C', half, '--strip-components=1', 'package/bin/node'])
      rmSync(join(half, archive))
      renameSync(half, folderOf(version))
      for (const old of readdirSync(cache))
        if (/^node-\d/.test(old) && old !== `node-${version}`) rmSync(join(cache, old), { recursive: true })
      return { node }
    } finally {
      rmSync(half, { recursive: true, force: true })
    }
  } catch (error) {
    const kept = newestKept()
    return kept === undefined ? { why: String(error) } : { node: join(folderOf(kept), 'bin', 'node') }
  }
}

function newestKept(): string | undefined {
  if (!existsSync(cache)) return undefined
  const versions = readdirSync(cache).flatMap((one) => /^node-(\d+\.\d+\.\d+)$/.exec(one)?.[1] ?? [])
  return versions.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1)
}
