/**
 * Inventories in Ansible's shape: YAML files or folders, with group_vars/ and host_vars/ beside them, merged in the
 * order Ansible documents. All that is wrong in all files is said at once.
 */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, extname, isAbsolute, join, relative, resolve } from 'node:path'
import type { BecomeDefaults } from '../core/become.ts'
import { isConnectionVariable, readConnection } from '../core/connection.ts'
import { PlinthError, type Problem, problemText, usageError } from '../core/error.ts'
import { GroupTree, type Host, type Inventory, mergeVariables } from '../core/inventory.ts'
import { LocatedMap } from '../core/located.ts'
import { nearest, suggestion } from '../core/nearest.ts'
import { selectHosts } from '../core/pattern.ts'
import type { Secret } from '../core/secret.ts'
import { resolvePath } from '../core/values.ts'
import { readExtraVars } from './extra-vars.ts'
import { InventoryFile } from './inventory-file.ts'
import { VariableFiles } from './variable-files.ts'
import { readYamlFile, type Surroundings } from './yaml.ts'

export interface InventoryOptions {
  /** The values of --extra-vars, in order. */
  readonly extraVars?: readonly string[]
  /** Passwords for encrypted files and values; the first that fits counts. */
  readonly vaultPasswords?: readonly Secret[]
  /** What `!env` sees. Default: the environment of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The user where the inventory names none. Default: who runs this. */
  readonly user?: string | null
  /** The private key where the inventory names none. */
  readonly privateKey?: string | null
  /** The password to log in with where the inventory has none. */
  readonly password?: Secret | null
  /** Whom to become where the inventory says nothing. Default: nobody. */
  readonly become?: BecomeDefaults
}

/**
 * The inventory in `sources`: names (`lab` finds inventory/lab.yaml, .yml or the folder inventory/lab), files or folders.
 * Of several sources the later one wins. Throws usageError with every problem in every file.
 */
export async function loadInventory(sources: readonly string[], options: InventoryOptions = {}): Promise<Inventory> {
  const problems: Problem[] = []
  const around: Surroundings = {
    env: options.env ?? process.env,
    vaultPasswords: options.vaultPasswords ?? [],
    problems,
  }
  /** Runs `read`, and keeps what it complains about for later, so that one error does not hide the next. */
  const collect = <T>(read: () => T): T | null => {
    try {
      return read()
    } catch (thrown) {
      if (!(thrown instanceof PlinthError)) throw thrown
      problems.push(...thrown.problems)
      return null
    }
  }
  if (sources.length === 0)
    throw usageError({ where: '--inventory', what: 'no inventory given', remedy: `add -i NAME${offered()}` })

  const paths = sources.map((source) => collect(() => findSource(source))).filter((path) => path !== null)
  const tree = new GroupTree()
  const file = new InventoryFile(tree, problems)
  for (const path of paths.flatMap((path) => collect(() => filesOf(path)) ?? [])) {
    const shown = shownPath(path)
    const value = readYamlFile(path, shown, around)
    if (value !== undefined) file.read(value, shown)
  }
  tree.close()

  const bases = [...new Set(paths.map((path) => (statSync(path).isDirectory() ? path : dirname(path))))]
  const files = new VariableFiles(bases.map(shownPath), around)
  const extra = collect(() => readExtraVars(options.extraVars ?? [], around)) ?? new Map()
  const defaults = {
    user: options.user ?? null,
    privateKey: options.privateKey ? resolvePath(options.privateKey, null) : null,
    password: options.password ?? null,
    become: options.become ?? { become: false, user: null, method: null, password: null },
  }
  const groups = tree.groups()
  const hosts: Host[] = []
  for (const name of groups.get('all')?.hosts ?? []) {
    const own = tree.groupsOf(name)
    const vars = new LocatedMap(
      file.placeOfHost(name),
      mergeVariables(
        ...own.map((group) => tree.add(group)),
        ...files.ofGroups(['all']),
        ...files.ofGroups(own.slice(1)),
        tree.hosts.get(name) ?? new Map(),
        ...files.ofHost(name),
        extra,
      ),
    )
    const { connection, problems: found } = readConnection(name, vars, defaults)
    problems.push(...found, ...file.undeclared(name, vars))
    if (connection) hosts.push({ name, groups: own, vars, params: withoutConnection(vars), connection })
  }
  if (problems.length > 0) throw usageError(...unique(problems))
  if (hosts.length === 0)
    throw usageError({
      where: paths.map(shownPath).join(', '),
      what: 'no host in it',
      remedy: 'write all: hosts: NAME:',
    })
  return inventoryOf(hosts, groups)
}

function inventoryOf(hosts: readonly Host[], groups: Inventory['groups']): Inventory {
  const byName = new Map(hosts.map((host) => [host.name, host]))
  const pick = (names: readonly string[]): Host[] => names.flatMap((name) => byName.get(name) ?? [])
  return {
    hosts,
    groups,
    hostsIn(group) {
      const found = groups.get(group)
      if (found) return pick(found.hosts)
      const remedy = suggestion(group, groups.keys(), 'group')
      throw usageError({ where: 'inventory', what: `there is no group "${group}"`, remedy })
    },
    select(pattern, where = '--limit') {
      const members = new Map([...groups].map(([name, group]) => [name, group.hosts]))
      return pick(selectHosts(pattern, { hosts: [...byName.keys()], groups: members }, where))
    },
  }
}

const withoutConnection = ({ at, entries }: LocatedMap): LocatedMap =>
  new LocatedMap(at, new Map([...entries].filter(([name]) => !isConnectionVariable(name))))

/** A variable of a group is wrong for all its hosts, and said once. */
const unique = (problems: readonly Problem[]): Problem[] => [
  ...new Map(problems.map((problem) => [problemText(problem), problem])).values(),
]

/** How messages name a file: from the current folder when it is below it. */
function shownPath(path: string): string {
  const short = relative('.', path)
  return short === '' ? '.' : short.startsWith('..') || isAbsolute(short) ? resolve(path) : short
}

/** The names `-i` takes without a path: what lies in the folder inventory/. */
function known(): string[] {
  if (!existsSync('inventory')) return []
  return readdirSync('inventory', { withFileTypes: true })
    .filter((entry) => (entry.isDirectory() ? !/_vars$/.test(entry.name) : /\.ya?ml$/.test(entry.name)))
    .map((entry) => (entry.isDirectory() ? entry.name : entry.name.replace(/\.ya?ml$/, '')))
    .sort()
}

const offered = (): string => (known().length > 0 ? ` (there are: ${known().join(', ')})` : '')

/** The file or folder that a source means. */
function findSource(source: string): string {
  const named = /^[^./][^/]*$/.test(source)
    ? ['.yaml', '.yml', ''].map((ending) => join('inventory', `${source}${ending}`)).filter((path) => existsSync(path))
    : []
  if (named.length > 1)
    throw usageError({ where: `-i ${source}`, what: `may be ${named.join(' or ')}`, remedy: 'give the path' })
  const path = named[0] ?? source
  if (existsSync(path)) return path
  const meant = nearest(source, known())
  throw usageError({
    where: `-i ${source}`,
    what: 'no such inventory, as a path or in the folder inventory/',
    remedy: meant === null ? `give a file or folder${offered()}` : `did you mean "${meant}"?${offered()}`,
  })
}

/** The inventory files in a source: itself, or what Ansible reads of a folder. */
function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) return [inventoryFile(path)]
  return readdirSync(path)
    .sort()
    .filter(
      (name) => !/^\.|~$|^(group|host)_vars$|^known_hosts|\.(md|txt|pub|orig|bak|ini|cfg|retry|pyc|pyo)$/.test(name),
    )
    .flatMap((name) => filesOf(join(path, name)))
}

function inventoryFile(path: string): string {
  if (['.yaml', '.yml', '.json'].includes(extname(path))) return path
  throw usageError({
    where: shownPath(path),
    what: 'only inventories in YAML are read for now (.yaml, .yml, .json)',
    remedy: 'convert it: ansible-inventory -i FILE --list --yaml',
  })
}
