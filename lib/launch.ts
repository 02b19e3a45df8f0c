/** What every playbook begins and ends with: arguments, inventory, interrupts, exit code. */
import { randomUUID } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import { relative } from 'node:path'
import { type ExitCode, exitCode, PlinthError, problemText, usageError } from './core/error.ts'
import type { Inventory } from './core/inventory.ts'
import { LocatedMap } from './core/located.ts'
import { siteName } from './core/receipt.ts'
import { openArchive } from './edge/archive.ts'
import { helpText, type Options, parseArguments } from './edge/arguments.ts'
import { readExtraVars } from './edge/extra-vars.ts'
import { loadInventory } from './edge/inventory.ts'
import { askPasswords } from './edge/passwords.ts'
import { letGoOfTerminals, terminalAsker } from './edge/terminal.ts'
import { ValueCommands } from './edge/value-command.ts'
import type { VaultKey } from './edge/vault.ts'
import { vaultKeys } from './edge/vault-password.ts'
import { Fleet } from './engine/fleet.ts'
import type { Identity } from './engine/run.ts'
import { version } from './version.ts'

/** Whoever reads the output may go away (`| head`, a closed terminal): a run goes on to its end all the same. */
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
process.on('exit', letGoOfTerminals)

/** Runs a playbook's work with its arguments, and sets the exit code; never throws for what a user can mend. */
export async function ending(work: (options: Options, playbook: string) => Promise<ExitCode>): Promise<void> {
  const playbook = relative(process.cwd(), process.argv[1] ?? 'playbooks/site.ts')
  try {
    const options = parseArguments(process.argv.slice(2))
    if (options.help) console.log(helpText(playbook))
    else if (options.version) console.log(version)
    else process.exitCode = await work(options, playbook)
  } catch (error) {
    // A bug of ours shows its trace; a user's mistake shows what to do.
    if (!(error instanceof PlinthError)) throw error
    for (const problem of error.problems) console.error(problemText(problem))
    process.exitCode = error.code
  }
  // Nobody waits for a login or an answer that an interrupted run was waiting for.
  if (process.exitCode === exitCode.interrupted) process.exit()
}

/** One for the run: what it was told once is remembered with it. */
export const asker = terminalAsker()
const loaded = new WeakMap<Fleet, { readonly inventory: Inventory; readonly keys: readonly VaultKey[] }>()

/** The fleet of the inventory that the arguments name; asks for the passwords that this takes. */
export async function fleetOf(options: Options, say: (line: string) => void): Promise<Fleet> {
  const { vaultIds: ids, vaultPasswordFiles: files, askVaultPass: ask } = options
  const keys = await vaultKeys({ ids, files, ask }, asker)
  const commands = new ValueCommands()
  const asked = await askPasswords(options, asker)
  const inventory = await loadInventory(options.inventory, {
    extraVars: options.extraVars,
    vaultKeys: keys,
    commands,
    user: options.user,
    privateKey: options.privateKey,
    ...asked,
  })
  const given = readExtraVars(options.extraVars, {
    env: process.env,
    vaultKeys: keys,
    commands,
    problems: [],
  })
  const fleet = new Fleet(
    inventory,
    (source) => openArchive(source, say),
    new LocatedMap({ file: '--extra-vars', line: 0, column: 0 }, given),
  )
  loaded.set(fleet, { inventory, keys })
  return fleet
}

/** A fleet that only remembers what it is asked for: every group is there, and has no host. */
export function groupsOnly(): Fleet {
  const group = { name: '', hosts: [], own: [], children: [] }
  const groups = new Map<string, typeof group>()
  groups.has = () => true
  const inventory: Inventory = { hosts: [], groups, hostsIn: () => [], select: () => [] }
  return new Fleet(inventory, async ({ where }) => {
    throw usageError({ where, what: 'no archive is opened here', remedy: 'run the playbook itself' })
  })
}

/** What a fleet was made of. Throws for one that was not made here: a bug of ours. */
export function loadedOf(fleet: Fleet): { readonly inventory: Inventory; readonly keys: readonly VaultKey[] } {
  const found = loaded.get(fleet)
  if (!found) throw new Error('this fleet was not loaded from an inventory')
  return found
}

/** Who runs this, for locks and audit logs. */
export const identityOf = (playbook: string, { inventory }: Options): Identity => ({
  id: randomUUID().slice(0, 8),
  user: userInfo().username,
  from: hostname(),
  pid: process.pid,
  playbook,
  site: siteName(playbook, inventory),
})

/** Refuses what only a site of declared things can honour. `whom` it means nothing to, and what to do instead. */
export function refuseSiteOptions(options: Options, whom: string, remedy: string): void {
  const { limit, tags, skipTags, listHosts, listTasks, listTags, step, prune, planOut, apply, report, events } = options
  const given = {
    '--limit': limit !== null,
    '--tags': tags.length > 0,
    '--skip-tags': skipTags.length > 0,
    '--list-hosts': listHosts,
    '--list-tasks': listTasks,
    '--list-tags': listTags,
    '--step': step,
    '--prune': prune,
    '--plan-out': planOut !== null,
    '--apply': apply !== null,
    '--report': report !== null,
    '--events': events !== null,
  }
  const where = Object.entries(given).find(([, value]) => value)?.[0]
  if (where !== undefined) throw usageError({ where, what: `means nothing to ${whom}`, remedy })
}
