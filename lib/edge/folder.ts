/** Folders of the controller. */
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a folder and those that it is in, where they are not there yet. Throws what the file system says.
 *
 * Node's own `recursive` never returns where the system answers ENOENT below a folder that is there, as `/proc` does
 * (seen with 20.20).
 * @param mode of those that are made
 * @returns those that were made, the outermost first
 */
export function makeFolder(path: string, mode = 0o777): readonly string[] {
  const parent = dirname(path)
  const made = parent !== path && !existsSync(parent) ? makeFolder(parent, mode) : []
  try {
    mkdirSync(path, { mode })
    return [...made, path]
  } catch (error) {
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error
    return made
  }
}
