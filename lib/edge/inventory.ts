/**
 * Inventories in Ansible's shape: YAML, INI, programs, modules and folders of these, with group_vars/ and host_vars/
 * beside them, merged in the order Ansible documents. All that is wrong in all of them is said at once.
 */
import type { BecomeDefaults } from '../core/become.ts'
import { isConnectionVariable, readConnection } from '../core/connection.ts'
import { PlinthError, type Problem, problemText, usageError } from '../core/error.ts'
import { type Host, type Inventory, mergeVariables } from '../core/inventory.ts'
import { Draft } from '../core/inventory-draft.ts'
import { LocatedMap } from '../core/located.ts'
import { suggestion } from '../core/nearest.ts'
import { selectHosts } from '../core/pattern.ts'
import type { Secret } from '../core/secret.ts'
import { resolvePath } from '../core/values.ts'
import { readExtraVars } from './extra-vars.ts'
import { baseOf, findSource, offered, readSource, type Source, shownPath, shownSource } from './inventory-sources.ts'
import { readText } from './text-file.ts'
import { ValueCommands } from './value-command.ts'
import { VariableFiles } from './variable-files.ts'
import type { VaultKey } from './vault.ts'
import type { Surroundings } from './yaml-tags.ts'

export interface InventoryOptions {
  /** The values of --extra-vars, in order. */
  readonly extraVars?: readonly string[]
  /** Passwords for encrypted files and values; the first that fits counts. */
  readonly vaultKeys?: readonly VaultKey[]
  /** Runs what `!command` names. Default: each once for this inventory. */
  readonly commands?: ValueCommands
  /** What `!env` sees. Default: the environment of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The user where the inventory names none. Default: who runs this. */
  readonly user?: string | null
  /** The private key where the inventory names none. */
  readonly privateKey?: string | null
  /** The password to log in with where the inventory has none. */
  readonly password?: Secret | null
  /** Whether what `!env` and `!file` name has to be there (see Surroundings). Default: yes. */
  readonly complete?: boolean
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
    vaultKeys: options.vaultKeys ?? [],
    commands: options.commands ?? new ValueCommands(),
    problems,
    complete: options.complete ?? true,
  }
  /** Runs `read`, and keeps what it complains about for later, so that one error does not hide the next. */
  const collect = async <T>(read: () => T | Promise<T>): Promise<T | null> => {
    try {
      return await read()
    } catch (thrown) {
      if (!(thrown instanceof PlinthError)) throw thrown
      problems.push(...thrown.problems)
      return null
    }
  }
  if (sources.length === 0)
    throw usageError({ where: '--inventory', what: 'no inventory given', remedy: `add -i NAME${offered()}` })

  const found: Source[] = []
  const draft = new Draft(problems)
  // One after the other: of two sources the later one wins.
  for (const value of sources) {
    const source = await collect(() => findSource(value))
    if (source === null) continue
    found.push(source)
    await collect(() => readSource(source, draft, around))
  }
  const { tree } = draft
  if (!draft.close()) throw usageError(...first(problems))

  const bases = new Set(found.map(baseOf).filter((base) => base !== null))
  const files = new VariableFiles([...bases].map(shownPath), around)
  const extra = (await collect(() => readExtraVars(options.extraVars ?? [], around))) ?? new Map()
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
      draft.placeOfHost(name),
      mergeVariables(
        ...own.map((group) => tree.add(group)),
        ...files.ofGroups(['all']),
        ...files.ofGroups(own.slice(1)),
        tree.hosts.get(name) ?? new Map(),
        ...files.ofHost(name),
        extra,
      ),
    )
    const { connection, problems: wrong } = readConnection(name, vars, defaults)
    problems.push(...wrong)
    if (problems.length <= mostProblems) problems.push(...draft.undeclared(name, vars))
    if (connection) hosts.push({ name, groups: own, vars, params: withoutConnection(vars), connection })
  }
  if (problems.length > 0) throw usageError(...first(problems))
  if (hosts.length === 0)
    throw usageError({
      where: found.map(shownSource).join(', '),
      what: 'no host in it',
      remedy: 'name one (in YAML: all: hosts: NAME:)',
    })
  const given = new LocatedMap({ file: '--extra-vars', line: 0, column: 0 }, extra)
  return { ...inventoryOf(hosts, groups, [...tree.hosts.keys()]), given }
}

/** `written` are the names of the hosts in the order of the sources; `hosts` begin with those of no group. */
function inventoryOf(
  hosts: readonly Host[],
  groups: Inventory['groups'],
  written: readonly string[],
): Omit<Inventory, 'given'> {
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
      return pick(selectHosts(pattern, { hosts: written, groups: members, linesOf }, where))
    },
  }
}

/** The lines of a file that a pattern names with `@`. */
const linesOf = (file: string): readonly string[] => readText(resolvePath(file, null), file).split('\n')

const withoutConnection = ({ at, entries }: LocatedMap): LocatedMap =>
  new LocatedMap(at, new Map([...entries].filter(([name]) => !isConnectionVariable(name))))

/** Problems that are shown: the one that explains all others should not run off the screen. */
const mostProblems = 100

/** The first of the problems, and how many more there are. A variable of a group is wrong for all its hosts, and said once. */
function first(problems: readonly Problem[]): readonly Problem[] {
  const different = [...new Map(problems.map((problem) => [problemText(problem), problem])).values()]
  const more = different.length - mostProblems
  if (more <= 0) return different
  const rest = { where: '-i', what: `${more} more problems are not shown`, remedy: 'correct these first' }
  return [...different.slice(0, mostProblems), rest]
}
