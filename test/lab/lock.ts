/** A lock that the kernel gives back when its holder dies: a child that holds the file for as long as our end of its stdin is open. */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Says who holds a lock, or nothing. */
export const holderOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

/**
 * Runs `work` with the lock held.
 * @param path the lock's file; it holds who has it
 * @param options `shared`: with others of its kind; `wait`: seconds to wait for another holder, 0 = not at all
 * @returns what `work` returns, or null when the lock was not to be had
 */
export async function withLock<T>(
  path: string,
  options: { readonly shared?: boolean; readonly wait?: number },
  work: () => Promise<T>,
): Promise<{ readonly value: T } | null> {
  mkdirSync(dirname(path), { recursive: true })
  const mode = options.shared ? '-s' : '-x'
  const holder = spawn('flock', [mode, '-w', String(options.wait ?? 0), path, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Ctrl-C ends this process; the lock ends with it, not before.
    detached: true,
  })
  const held = await new Promise<boolean>((resolve, reject) => {
    holder.once('error', reject)
    holder.once('exit', () => resolve(false))
    holder.stdout.once('data', () => resolve(true))
  })
  if (!held) return null
  try {
    writeFileSync(path, `process ${process.pid}, since ${new Date().toISOString()}\n`)
    return { value: await work() }
  } finally {
    const ended = new Promise((resolve) => holder.once('exit', resolve))
    holder.stdin.end()
    await ended
  }
}
