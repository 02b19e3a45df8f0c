/** What the bundle is made from, in a checkout. The installed package has no sources, and nothing to compare with. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, statSync } from 'node:fs'

const folders = ['lib', 'roles']
/** The last is what npm writes whenever it changes the installed packages. */
const files = ['package.json', 'tsconfig.json', 'node_modules/.package-lock.json']

/**
 * A word that is another one whenever a source, or a package that is bundled, may have changed: made of names, sizes and times, so that
 * no file is read. The time of the last change of an inode can't be set back, as that of its content can.
 * @param {string} root the package's folder
 * @returns {string | null} null where there are no sources
 */
export function fingerprint(root) {
  if (!existsSync(`${root}/lib/index.ts`)) return null
  const lines = [...folders.flatMap((folder) => filesIn(root, folder)), ...files].sort().map((path) => {
    const stat = statSync(`${root}/${path}`, { throwIfNoEntry: false })
    return stat ? `${path} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}\n` : ''
  })
  return createHash('sha256').update(lines.join('')).digest('hex')
}

/** @param {string} root @param {string} folder @returns {string[]} */
const filesIn = (root, folder) =>
  readdirSync(`${root}/${folder}`, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    return entry.isDirectory() ? filesIn(root, path) : [path]
  })
