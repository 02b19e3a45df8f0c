/** What the bundle is made from, in a checkout. The installed package has no sources, and nothing to compare with. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

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
  if (!existsSync(join(root, 'lib/index.ts'))) return null
  const paths = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
  )
  const hash = createHash('sha256')
  for (const path of [...paths.sort(), ...files]) {
    const stat = statSync(join(root, path), { bigint: true, throwIfNoEntry: false })
    if (stat?.isFile()) hash.update(`${path} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}\n`)
  }
  return hash.digest('hex')
}
