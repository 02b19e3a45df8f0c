/** A folder whose every entry is as declared: what the scale run looks at, on all endpoints the same. */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { directory, file, type Resource, symlink } from 'plinth'

const numbers = Array.from({ length: 10 }, (_, index) => index)
const content = (index: number): string => `${`line ${index} of a file of the benchmark\n`.repeat(20 + index)}`

/** The folder and what is in it: ten folders with a file and a link each, 31 resources. */
export const treeResources = (root: string): readonly Resource[] => [
  directory(root),
  ...numbers.flatMap((index) => [
    directory(`${root}/d${index}`, { mode: '0750' }),
    file(`${root}/d${index}/file`, { content: content(index), mode: '0640' }),
    symlink(`${root}/d${index}/link`, 'file'),
  ]),
]

/** Makes all of it. */
export function writeTree(root: string): void {
  mkdirSync(root)
  chmodSync(root, 0o755)
  for (const index of numbers) {
    const folder = `${root}/d${index}`
    mkdirSync(folder)
    chmodSync(folder, 0o750)
    writeFileSync(`${folder}/file`, content(index))
    chmodSync(`${folder}/file`, 0o640)
    symlinkSync('file', `${folder}/link`)
  }
}
