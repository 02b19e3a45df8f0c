/** Which files beside an inventory are inventories too, so that all of them read the same group_vars/ and host_vars/. */
import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { PlinthError } from '../core/error.ts'
import { LocatedMap } from '../core/located.ts'
import { resolvePath } from '../core/values.ts'
import { formOf, isPassedOver, looksLikeYaml, shownPath } from './inventory-sources.ts'
import { readText } from './text-file.ts'
import { ValueCommands } from './value-command.ts'
import { isVault } from './vault.ts'
import { readYaml } from './yaml.ts'

/** Another file in the folder of an inventory. */
export interface Beside {
  readonly name: string
  /** False of a program or module: only running it would tell whether it is an inventory. */
  readonly certain: boolean
}

/**
 * The files beside `path` that are inventories, or may be: of whatever kind one can be, and none is run to find out.
 * @param others files that are known to be something else, such as a program that gives a password
 */
export function inventoriesBeside(path: string, others: readonly string[] = []): readonly Beside[] {
  const folder = dirname(path)
  const known = new Set(others.map((other) => resolve(resolvePath(other, null))))
  return readdirSync(folder)
    .filter((name) => name !== basename(path) && !isPassedOver(name) && !known.has(resolve(folder, name)))
    .sort()
    .flatMap((name): Beside[] => {
      const file = join(folder, name)
      if (!statSync(file, { throwIfNoEntry: false })?.isFile() || extname(name) === '.toml') return []
      const form = formOf(file)
      // By their name these give Ansible a password.
      if (form === 'program') return /-client(\.\w+)?$/.test(name) ? [] : [{ name, certain: false }]
      const text = textOf(file)
      if (form === 'module') return /\b(hosts|children)\b/.test(text) ? [{ name, certain: false }] : []
      return isInventory(file, text) ? [{ name, certain: true }] : []
    })
}

/** Nothing for what can't be read: no inventory can either. */
function textOf(file: string): string {
  try {
    return readText(file, shownPath(file))
  } catch (error) {
    if (error instanceof PlinthError) return ''
    throw error
  }
}

/** By what stands in it: groups with hosts or children, sections, or values for connections. What is encrypted may be one. */
function isInventory(file: string, text: string): boolean {
  if (isVault(text)) return true
  const ending = extname(file)
  if (ending === '.ini' || (!['.yaml', '.yml', '.json'].includes(ending) && !looksLikeYaml(text)))
    return /^\[[\w.:-]+\]\s*$|^[^#;\s].*\sansible_\w+\s*=/m.test(text)
  const around = { env: {}, vaultKeys: [], commands: new ValueCommands(), problems: [], complete: false }
  const value = readYaml(text, shownPath(file), around)
  if (value === undefined) return /^\s*["']?(hosts|children)["']?\s*:/m.test(text)
  const groups = value instanceof LocatedMap ? [...value.entries.values()] : []
  return groups.some(
    ({ value: group }) => group instanceof LocatedMap && ['hosts', 'children'].some((key) => group.entries.has(key)),
  )
}
