/** Which site a run is about: the same from any folder, by any way to its files. */
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import type { Site } from '../core/receipt.ts'
import { findSource } from './inventory-sources.ts'

/** The site of a playbook's file and the values of `-i`, both as they were given. Throws usageError for an inventory that is not there. */
export function siteOf(playbook: string, inventories: readonly string[]): Site {
  const file = real(playbook)
  const root = rootOf(dirname(file))
  const fromRoot = (path: string): string => {
    const whole = real(path)
    const short = relative(root, whole)
    return short === '..' || short.startsWith('../') ? whole : short
  }
  return {
    project: projectOf(root),
    playbook: fromRoot(file),
    inventories: inventories.map((value) => {
      const source = findSource(value)
      return 'path' in source ? fromRoot(source.path) : [...new Set(source.hosts)].sort().join(',')
    }),
  }
}

/** Without symbolic links. What is no file that can be looked up (a pipe) stays what it is. */
function real(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return resolve(path)
  }
}

/** The nearest folder with a package.json; the playbook's own where there is none. */
function rootOf(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json'))) return at
    if (at === dirname(at)) return folder
  }
}

/** What the project calls itself. A file that says nothing of it, or is none, is for others to complain of. */
function projectOf(root: string): string {
  try {
    const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly name?: unknown }
    return typeof name === 'string' ? name : ''
  } catch {
    return ''
  }
}
