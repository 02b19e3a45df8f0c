/**
 * The files in group_vars/ and host_vars/ beside an inventory: NAME, NAME.yml, NAME.yaml, NAME.json, or a folder NAME.
 * (ansible-core 2.19, lib/ansible/plugins/vars/host_group_vars.py and parsing/dataloader.py.)
 */
import { extname, join } from 'node:path'
import { PlinthError, usageError } from '../core/error.ts'
import { ofOnePlace, type Variables } from '../core/inventory.ts'
import { isNothing, kindOf, LocatedMap, placeText } from '../core/located.ts'
import { filesBelow, isFolder, isOpenFolder, isThere } from './text-file.ts'
import { readYamlFile } from './yaml.ts'
import type { Surroundings } from './yaml-tags.ts'

const endings = ['', '.yml', '.yaml', '.json']

/** Reads each file once, when the first host needs it; what is wrong goes to the problems of `around`. */
export class VariableFiles {
  private readonly read = new Map<string, readonly Variables[]>()
  private readonly folders = new Map<string, boolean>()

  /** `bases` are the folders of the inventories, in the order of the sources. */
  private readonly bases: readonly string[]
  private readonly around: Surroundings

  constructor(bases: readonly string[], around: Surroundings) {
    this.bases = bases
    this.around = around
  }

  /** Variables of groups, lowest precedence first: inventory by inventory, in each the groups in the order given. */
  ofGroups(groups: readonly string[]): readonly Variables[] {
    return this.bases.flatMap((base) => groups.flatMap((group) => this.of(join(base, 'group_vars'), group)))
  }

  /** Variables of one host, lowest precedence first. */
  ofHost(host: string): readonly Variables[] {
    return this.bases.flatMap((base) => this.of(join(base, 'host_vars'), host))
  }

  private of(folder: string, name: string): readonly Variables[] {
    const key = join(folder, name)
    const known = this.read.get(key)
    if (known) return known
    if (!this.present(folder)) return []
    const variables = this.collect(() => this.find(key)) ?? []
    this.read.set(key, variables)
    return variables
  }

  /** Whether there is such a folder. A file in its place would be passed over with all that was meant to be in it. */
  private present(folder: string): boolean {
    const known = this.folders.get(folder)
    if (known !== undefined) return known
    const present =
      this.collect(() => {
        if (!isThere(folder)) return false
        if (isOpenFolder(folder)) return true
        throw usageError({ where: folder, what: 'a file, not a folder', remedy: 'make a folder of it, or remove it' })
      }) ?? false
    this.folders.set(folder, present)
    return present
  }

  private collect<T>(work: () => T): T | undefined {
    try {
      return work()
    } catch (thrown) {
      if (!(thrown instanceof PlinthError)) throw thrown
      this.around.problems.push(...thrown.problems)
      return undefined
    }
  }

  private find(key: string): readonly Variables[] {
    const found = endings.map((ending) => `${key}${ending}`).filter(isThere)
    const [path, ...others] = found
    for (const other of others)
      this.around.problems.push({
        where: other,
        what: `not read, because ${path} is there too`,
        remedy: 'keep one of them',
      })
    return path === undefined ? [] : filesIn(path).flatMap((file) => this.file(file))
  }

  private file(path: string): readonly Variables[] {
    const value = readYamlFile(path, path, this.around)
    if (value instanceof LocatedMap) return [ofOnePlace(value.entries)]
    if (value && !isNothing(value)) {
      const what = `expected variables, found ${kindOf(value)}`
      this.around.problems.push({ where: placeText(value.at), what, remedy: 'write lines of "name: value"' })
    }
    return []
  }
}

/** A file itself, or the files in a folder and the folders below it, by name. */
const filesIn = (path: string): readonly string[] =>
  filesBelow(
    path,
    (name, inner) =>
      !name.startsWith('.') &&
      !name.endsWith('~') &&
      (isFolder(inner) ? extname(name) === '' : endings.includes(extname(name))),
  )
