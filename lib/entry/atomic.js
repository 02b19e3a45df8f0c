/** Files that are there as a whole or not at all, however many processes write them at once. */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Writes a file beside its place and renames it.
 * @param {string} path
 * @param {string | Uint8Array} content
 * @returns {boolean} false where nothing can be written: somebody else's folder, a read-only or full disk
 */
export function written(path, content) {
  const beside = `${path}.${process.pid}`
  try {
    // Only the last folder of the path may be missing; where it is there, or can't be made, opening the file tells.
    try {
      mkdirSync(dirname(path))
    } catch {}
    const file = openSync(beside, 'w', 0o644)
    try {
      writeFileSync(file, content)
      fsyncSync(file)
      renameSync(beside, path)
    } catch (error) {
      rmSync(beside, { force: true })
      throw error
    } finally {
      closeSync(file)
    }
    return true
  } catch {
    return false
  }
}
