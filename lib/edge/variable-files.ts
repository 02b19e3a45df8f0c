/**
 * The files in group_vars/ and host_vars/ beside an inventory: NAME, NAME.yml, NAME.yaml, NAME.json, or a folder NAME.
 * (ansible-core 2.19, lib/ansible/plugins/vars/host_group_vars.py and parsing/dataloader.py.)
 */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import type { Variables } from '../core/inventory.ts'
import { isNothing, kindOf, LocatedMap, placeText } from '../core/located.ts'
import { readYamlFile } from './yaml.ts'
import type { Surroundings } from './yaml-tags.ts'

const endings = ['', '.yml', '.yaml', '.json']

/** Reads each file once, when the first host needs it; what is wrong goes to the problems of `around`. */
export class VariableFiles {
  private readonly read = new Map<string, readonly Variables[]>()

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
    const found = endings.map((ending) => `${key}${ending}`).filter((path) => existsSync(path))
    const [path, ...others] = found
    for (const other of others)
      this.around.problems.push({
        where: other,
        what: `not read, because ${path} is there too`,
        remedy: 'keep one of them',
      })
    const variables = path === undefined ? [] : filesIn(path).flatMap((file) => this.file(file))
    this.read.set(key, variables)
    return variables
  }

  private file(path: string): readonly Variables[] {
    const value = readYamlFile(path, path, this.around)
    if (value instanceof LocatedMap) return [value.entries]
    if (value && !isNothing(value)) {
      const what = `expected variables, found ${kindOf(value)}`
      this.around.problems.push({ where: placeText(value.at), what, remedy: 'write lines of "name: value"' })
    }
    return []
  }
}

/** A file itself, or the files in a folder and the folders below it, by name. */
function filesIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path)
    .sort()
    .filter((name) => !name.startsWith('.') && !name.endsWith('~'))
    .map((name) => join(path, name))
    .filter((inner) => (statSync(inner).isDirectory() ? extname(inner) === '' : endings.includes(extname(inner))))
    .flatMap(filesIn)
}
