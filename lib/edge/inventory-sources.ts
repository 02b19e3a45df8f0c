/** What `-i` means, and what of it is read how: files by their ending, then by what stands in them. */
import { accessSync, constants, readdirSync, statSync } from 'node:fs'
import { dirname, extname, isAbsolute, join, relative, resolve } from 'node:path'
import { parseAddress } from '../core/address.ts'
import { usageError } from '../core/error.ts'
import type { Variables } from '../core/inventory.ts'
import type { Draft } from '../core/inventory-draft.ts'
import { readDynamicInventory } from '../core/inventory-dynamic.ts'
import { readIniInventory } from '../core/inventory-ini.ts'
import { readYamlInventory } from '../core/inventory-yaml.ts'
import { LocatedMap, LocatedScalar } from '../core/located.ts'
import { locate } from '../core/located-value.ts'
import { nearest } from '../core/nearest.ts'
import { brief } from '../core/visible.ts'
import { runInventoryModule, runInventoryScript } from './inventory-script.ts'
import { filesBelow, isFolder, isThere } from './text-file.ts'
import { readOpened, readYaml } from './yaml.ts'
import type { Surroundings } from './yaml-tags.ts'

/** One value of `-i`: hosts by name, or a file or folder. */
export type Source = { readonly hosts: readonly string[] } | { readonly path: string; readonly folder: boolean }

/**
 * The source a value of `-i` means: `lab` finds inventory/lab.yaml, .yml, .ini or the folder inventory/lab; with a comma
 * in it, it is a list of hosts. Throws usageError when there is none.
 */
export function findSource(value: string): Source {
  const named = /^[^./][^/]*$/.test(value)
    ? ['.yaml', '.yml', '.ini', ''].map((ending) => join('inventory', `${value}${ending}`)).filter(isThere)
    : []
  if (named.length > 1)
    throw usageError({ where: `-i ${value}`, what: `may be ${named.join(' or ')}`, remedy: 'give the path' })
  const path = named[0] ?? value
  if (isThere(path)) return { path, folder: isFolder(path) }
  if (value.includes(',')) {
    const hosts = value.split(',').map((name) => name.trim())
    return { hosts: hosts.filter((name) => name !== '') }
  }
  const meant = nearest(value, sourceNames())
  throw usageError({
    where: `-i ${brief(value, 200)}`,
    what: 'no such inventory, as a path or in the folder inventory/',
    remedy:
      meant === null
        ? `give a file or folder${isHostName(value) ? `, or "${value}," (with the comma) for the host of that name` : ''}${offered()}`
        : `did you mean "${meant}"?${offered()}`,
  })
}

/** What may be meant as a host, as after `ansible -i`. */
const isHostName = (value: string): boolean => /^[a-z0-9][a-z0-9.-]{0,60}$/i.test(value)

/** The folder beside which group_vars/ and host_vars/ are looked for; null for a list of hosts. */
export const baseOf = (source: Source): string | null =>
  'hosts' in source ? null : source.folder ? source.path : dirname(source.path)

/** How messages name a source. */
export const shownSource = (source: Source): string => ('hosts' in source ? '-i' : shownPath(source.path))

/** How messages name a file: from the current folder when it is below it. */
export function shownPath(path: string): string {
  const short = relative('.', path)
  return short === '' ? '.' : short.startsWith('..') || isAbsolute(short) ? resolve(path) : short
}

/** The names `-i` takes without a path: what lies in the folder inventory/. */
export function sourceNames(): string[] {
  // A file of that name is an inventory in many projects.
  if (!statSync('inventory', { throwIfNoEntry: false })?.isDirectory()) return []
  return readdirSync('inventory', { withFileTypes: true })
    .filter((entry) => (entry.isDirectory() ? !/_vars$/.test(entry.name) : /\.(ya?ml|ini)$/.test(entry.name)))
    .map((entry) => (entry.isDirectory() ? entry.name : entry.name.replace(/\.(ya?ml|ini)$/, '')))
    .sort()
}

export function offered(): string {
  const names = sourceNames()
  return names.length > 0 ? ` (there are: ${names.join(', ')})` : ''
}

/** Reads a source into the draft. Problems of files go to those of `around`; throws usageError for a failed program. */
export async function readSource(source: Source, draft: Draft, around: Surroundings): Promise<void> {
  if ('hosts' in source) {
    const at = { file: '-i', line: 0, column: 0 }
    for (const name of source.hosts) {
      const { host, port } = parseAddress(name) ?? { host: name, port: null }
      if (draft.tree.hosts.has(host)) continue
      const portEntry = { at, value: new LocatedScalar(at, port, String(port)) }
      draft.host('ungrouped', host, at, port === null ? new Map() : new Map([['ansible_port', portEntry]]))
    }
  } else
    for (const path of filesOf(source.path)) {
      await readFile(path, draft, around)
      draft.endOfFile()
    }
}

/** Files in a folder that are no inventories: Ansible's list, and what lies beside inventories of Plinth's. */
const passedOver = /^\.|^(group|host)_vars$|^vars_plugins$|~$|\.(pyc|pyo|swp|bak|rpm|md|txt|rst|orig|cfg|retry)$/
const companions = /^known_hosts|\.pub$/

/** Whether a file of a folder is none of its inventories, by its name. */
export const isPassedOver = (name: string): boolean => passedOver.test(name) || companions.test(name)

const filesOf = (path: string): readonly string[] => filesBelow(path, (name) => !isPassedOver(name))

/** How a file is read: run as a program, loaded as a module, or as the text it is. */
export function formOf(path: string): 'program' | 'module' | 'text' {
  const ending = extname(path)
  // Files of these kinds are never run: on some file systems every file may be executed.
  if (asData.includes(ending)) return 'text'
  if (executable(path)) return 'program'
  return /^\.[cm]?[jt]s$/.test(ending) ? 'module' : 'text'
}
const asData = ['.yaml', '.yml', '.json', '.ini']

async function readFile(path: string, draft: Draft, around: Surroundings): Promise<void> {
  const shown = shownPath(path)
  const ending = extname(path)
  if (ending === '.toml')
    throw usageError({ where: shown, what: 'TOML is not read', remedy: 'write it in YAML (.yaml) or INI (.ini)' })
  const form = formOf(path)
  if (form !== 'text' && around.programs === false) return
  if (form === 'program') return readScript(path, shown, draft, around)
  if (form === 'module') return readModule(path, shown, draft, around)
  const opened = readOpened(path, shown, around)
  if (opened === undefined) return
  const { text, hidden } = opened
  const data = asData.includes(ending)
  if (!data && text.startsWith('#!'))
    throw usageError({ where: shown, what: 'a program that may not be executed', remedy: `chmod +x ${shown}` })
  if (ending === '.ini' || (!data && !looksLikeYaml(text))) return readIniInventory(draft, text, shown, hidden)
  const value = readYaml(text, shown, around, hidden)
  if (value !== undefined) readYamlInventory(draft, value, shown)
}

/** Whether the first line that says something is one of YAML: `all:`, `---`, `{`. */
export function looksLikeYaml(text: string): boolean {
  const line =
    text
      .replace(/^\uFEFF/, '')
      .split('\n')
      .find((line) => /^\s*[^\s#;]/.test(line)) ?? ''
  return /^\s*(?:---|%YAML|\{|(?:"[^"]*"|'[^']*'|[^\s[\]=:#;'"]+)\s*:(?:\s|$))/.test(line)
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    const stat = statSync(path)
    return stat.isFile() && (stat.mode & 0o111) !== 0
  } catch {
    return false
  }
}

async function readScript(path: string, shown: string, draft: Draft, around: Surroundings): Promise<void> {
  const call = async (...words: readonly string[]): Promise<ReturnType<typeof readYaml>> => {
    const name = [shown, ...words].join(' ')
    const form = words[0] === '--list' ? '{"group": {"hosts": ["name"]}}' : '{"variable": "value"}'
    return readJson(await runInventoryScript(path, words, shown), name, around, form)
  }
  const value = await call('--list')
  if (value === undefined) return
  const at = { file: `${shown} --list`, line: 1, column: 1 }
  await readDynamicInventory(draft, value, at, async (host): Promise<Variables> => {
    const answer = await call('--host', host)
    return answer instanceof LocatedMap ? answer.entries : new Map()
  })
}

/** JSON is YAML, but not the other way round: a program that prints something else is told so. */
function readJson(text: string, name: string, around: Surroundings, form: string): ReturnType<typeof readYaml> {
  if (text.trim() === '') return null
  if (/^\s*\{/.test(text)) return readYaml(text, name, around)
  throw usageError({ where: name, what: 'what it prints is no JSON, or no map', remedy: `print ${form}` })
}

async function readModule(path: string, shown: string, draft: Draft, around: Surroundings): Promise<void> {
  const value = await runInventoryModule(path, shown)
  const located = locate(value, shown, (at, what, remedy) => around.problems.push({ where: at.file, what, remedy }))
  await readDynamicInventory(draft, located, located.at, null)
}
