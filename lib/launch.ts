/** What every playbook begins and ends with: arguments, inventory, interrupts, exit code. */
import { randomUUID } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import { relative } from 'node:path'
import { type ExitCode, exitCode, PlinthError, problemText, usageError } from './core/error.ts'
import type { Inventory } from './core/inventory.ts'
import { LocatedMap } from './core/located.ts'
import { formerSiteName, siteName } from './core/receipt.ts'
import type { Secret } from './core/secret.ts'
import { visible } from './core/visible.ts'
import { openArchive } from './edge/archive.ts'
import { helpText, type Options, parseArguments } from './edge/arguments.ts'
import { readExtraVars } from './edge/extra-vars.ts'
import { loadInventory } from './edge/inventory.ts'
import { askPasswords } from './edge/passwords.ts'
import { siteOf } from './edge/site.ts'
import { letGoOfTerminals, terminalAsker } from './edge/terminal.ts'
import { vaultPasswords } from './edge/vault-password.ts'
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
    for (const problem of error.problems) console.error(visible(problemText(problem)))
    process.exitCode = error.code
  }
  // Nobody waits for a login or an answer that an interrupted run was waiting for.
  if (process.exitCode === exitCode.interrupted) process.exit()
}

/** One for the run: what it was told once is remembered with it. */
export const asker = terminalAsker()
const loaded = new WeakMap<Fleet, { readonly inventory: Inventory; readonly passwords: readonly Secret[] }>()

/** The fleet of the inventory that the arguments name; asks for the passwords that this takes. */
export async function fleetOf(options: Options, say: (line: string) => void): Promise<Fleet> {
  const passwords = await vaultPasswords({ files: options.vaultPasswordFiles, ask: options.askVaultPass }, asker)
  const asked = await askPasswords(options, asker)
  const inventory = await loadInventory(options.inventory, {
    extraVars: options.extraVars,
    vaultPasswords: passwords,
    user: options.user,
    privateKey: options.privateKey,
    ...asked,
  })
  const given = readExtraVars(options.extraVars, { env: process.env, vaultPasswords: passwords, problems: [] })
  const fleet = new Fleet(
    inventory,
    (source) => openArchive(source, say),
    new LocatedMap({ file: '--extra-vars', line: 0, column: 0 }, given),
  )
  loaded.set(fleet, { inventory, passwords })
  return fleet
}

/** What a fleet was made of. Throws for one that was not made here: a bug of ours. */
export function loadedOf(fleet: Fleet): { readonly inventory: Inventory; readonly passwords: readonly Secret[] } {
  const found = loaded.get(fleet)
  if (!found) throw new Error('this fleet was not loaded from an inventory')
  return found
}

/** Who runs this, for locks and audit logs. */
export function identityOf(playbook: string, { inventory }: Options): Identity {
  const site = siteOf(playbook, inventory)
  return {
    id: randomUUID().slice(0, 8),
    user: userInfo().username,
    from: hostname(),
    pid: process.pid,
    playbook,
    site: siteName(site),
    formerSites: [...new Set([formerSiteName(playbook, inventory), formerSiteName(site.playbook, site.inventories)])],
  }
}

/** Refuses what only a site of declared things can honour. `whom` it means nothing to, and what to do instead; `also` more of it. */
export function refuseSiteOptions(
  options: Options,
  whom: string,
  remedy: string,
  also: Readonly<Record<string, boolean>> = {},
): void {
  const { limit, tags, skipTags, listHosts, listTasks, listTags, step, prune, planOut, apply } = options
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
    ...also,
  }
  const where = Object.entries(given).find(([, value]) => value)?.[0]
  if (where !== undefined) throw usageError({ where, what: `means nothing to ${whom}`, remedy })
}
