/** The folder that Plinth is called in: somebody's project, whose files are listed and to which new ones are added. */
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { usageError } from '../core/error.ts'
import { makeFolder } from './folder.ts'

/** Files and folders (these with `/` at their end) whose path begins so, hidden ones only where that is typed. */
export function pathsFrom(begun: string): readonly string[] {
  const cut = begun.lastIndexOf('/') + 1
  const [folder, name] = [begun.slice(0, cut), begun.slice(cut)]
  try {
    return readdirSync(folder || '.', { withFileTypes: true })
      .filter((entry) => entry.name.startsWith(name) && entry.name.startsWith('.') === name.startsWith('.'))
      .map((entry) => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`)
      .sort()
  } catch {
    return []
  }
}

/** Throws a usage error unless the folder is a package of modules, in which a playbook can be run as it is. */
export function needPackage(): void {
  const [where, remedy] = ['package.json', 'npm init -y && npm pkg set type=module']
  if (!existsSync('package.json')) throw usageError({ where, what: 'there is none in this folder', remedy })
  let type: unknown
  try {
    type = (JSON.parse(readFileSync('package.json', 'utf8')) as { readonly type?: unknown } | null)?.type
  } catch {
    throw usageError({ where, what: "can't be read, or is no JSON", remedy: 'correct it' })
  }
  if (type !== 'module')
    throw usageError({
      where,
      what: 'has no "type": "module", which playbooks need',
      remedy: 'npm pkg set type=module',
    })
}

/** Writes files that are not there yet, all or none. Throws a usage error that names those that are. */
export function writeNew(files: ReadonlyMap<string, string>): void {
  const there = [...files.keys()].filter((path) => existsSync(path))
  if (there.length > 0)
    throw usageError(
      ...there.map((where) => ({ where, what: 'is there already', remedy: 'choose another name, or move it away' })),
    )
  const undo: (() => void)[] = []
  let where = ''
  try {
    for (const path of files.keys()) {
      where = path
      for (const made of makeFolder(dirname(path))) undo.unshift(() => rmdirSync(made))
    }
    for (const [path, text] of files) {
      where = path
      const file = openSync(path, 'wx')
      undo.unshift(() => rmSync(path))
      writeFileSync(file, text)
      closeSync(file)
    }
  } catch (error) {
    for (const one of undo) one()
    const { code } = error as NodeJS.ErrnoException
    throw usageError({
      where,
      what: `can't be written (${code ?? error})`,
      remedy: 'see to the folder, its rights and its disk; nothing was written',
    })
  }
}
