/** Which site a run is about: the same from any folder, by any way to its files. */
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { formerSiteName, type Site, siteName } from '../core/receipt.ts'
import { findSource } from './inventory-sources.ts'

/** The site of a playbook's file and the values of `-i`, both as they were given. Throws usageError for an inventory that is not there. */
export const siteOf = (playbook: string, inventories: readonly string[]): Site =>
  siteWith(playbook, inventories, fromItsRoot)

/** What machines may remember a site by from before, the arguments as those of `siteOf`: others may have had these names too. */
export function formerSites(playbook: string, inventories: readonly string[]): readonly string[] {
  const whole = siteWith(playbook, inventories, (path) => path)
  const bare = whole.inventories.map((path) => path.replace(/\.(ya?ml|ini|json|[cm]?[jt]s)$/, ''))
  const names = [
    formerSiteName(playbook, inventories),
    formerSiteName(whole.playbook, whole.inventories),
    siteName({ ...whole, inventories: bare }),
  ]
  return [...new Set(names)].filter((name) => name !== siteName(siteOf(playbook, inventories)))
}

/** @param outside what becomes of the path of an inventory that is not in the project */
function siteWith(playbook: string, inventories: readonly string[], outside: (path: string) => string): Site {
  const file = real(playbook)
  const root = rootOf(dirname(file), 'package.json') ?? dirname(file)
  const fromRoot = (path: string): string => {
    const whole = real(path)
    const short = relative(root, whole)
    return short === '..' || short.startsWith('../') ? outside(whole) : short
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

/** The nearest folder from here upwards that has one of these. */
function rootOf(folder: string, ...marks: readonly string[]): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (marks.some((mark) => existsSync(join(at, mark)))) return at
    if (at === dirname(at)) return undefined
  }
}

/** The name of a checkout and the path in it, which is the same on every machine; the whole path of what is in none. */
function fromItsRoot(path: string): string {
  const root = rootOf(path, '.git', 'package.json')
  return root === undefined ? path : join('..', projectOf(root) || basename(root), relative(root, path))
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
