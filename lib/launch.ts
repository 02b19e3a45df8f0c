/** What every playbook begins and ends with: arguments, inventory, interrupts, exit code. */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { relative } from 'node:path'
import { listener } from './core/declaring.ts'
import { type ExitCode, exitCode, PlinthError, problemText, usageError } from './core/error.ts'
import type { Inventory } from './core/inventory.ts'
import { LocatedMap } from './core/located.ts'
import { type Mask, masking } from './core/masking.ts'
import { once } from './core/once.ts'
import { siteName } from './core/receipt.ts'
import { openArchive } from './edge/archive.ts'
import { type Kind, type Options, parseArguments } from './edge/arguments.ts'
import { helpText } from './edge/help.ts'
import { loadInventory } from './edge/inventory.ts'
import { localName, localUser } from './edge/local-user.ts'
import { heedOutput, outputTaken } from './edge/output.ts'
import { askPasswords } from './edge/passwords.ts'
import { descriptionOf } from './edge/playbook-file.ts'
import { formerSites, siteOf } from './edge/site.ts'
import { letGoOfTerminals, terminalAsker } from './edge/terminal.ts'
import type { VaultKey } from './edge/vault.ts'
import { vaultKeys } from './edge/vault-password.ts'
import { Fleet } from './engine/fleet.ts'
import type { Identity } from './engine/run.ts'
import { version } from './version.ts'

heedOutput()
process.on('exit', letGoOfTerminals)
// What a playbook or role says wrong beside its call of `main`: in a schema, in a list of resources at the top of a file.
process.on('uncaughtExceptionMonitor', (error) => {
  if (!(error instanceof PlinthError) || process.listenerCount('uncaughtException') > 0) return
  tell(error)
  process.exit(error.code)
})

const tell = ({ problems }: PlinthError): void => {
  for (const problem of problems) console.error(problemText(problem))
}

/** How often the playbook of this process has begun. */
let calls = 0

/** A playbook that is two runs: the second would go on where the first failed, and its exit code would be the one that counts. */
function refuseAgain(): void {
  const what = 'a second call of main, perform, inspect or each, and a playbook is one'
  console.error(problemText({ where: process.argv[1] ?? 'playbook', what, remedy: 'put all plays into one list' }))
  // Where the first is still at work, it has yet to say its own.
  process.on('exit', () => {
    process.exitCode ||= exitCode.usage
  })
}

/**
 * Runs the work of a playbook of some kind with its arguments, and sets the exit code; never throws for what a user can
 * mend. A second call in a process is refused. `--help` tells what the first comment of its file says of it.
 */
export async function ending(
  kind: Kind,
  work: (options: Options, playbook: string) => Promise<ExitCode>,
): Promise<void> {
  // Who asks what a playbook declares runs nothing.
  if (listener()) return
  if (++calls > 1) {
    refuseAgain()
    return
  }
  const file = process.argv[1] ?? 'playbooks/site.ts'
  const playbook = relative(process.cwd(), file)
  try {
    const options = parseArguments(process.argv.slice(2), kind)
    if (options.help) process.stdout.write(helpText(playbook, descriptionOf(file), kind))
    else if (options.version) console.log(version)
    else {
      // Much is looked for in its home: that there is none is said once, and before anything.
      localUser()
      process.exitCode = await work(options, playbook)
    }
  } catch (error) {
    // A bug shows its trace, behind what the run had to say; a user's mistake shows what to do.
    if (!(error instanceof PlinthError)) {
      await outputTaken()
      throw error
    }
    tell(error)
    process.exitCode = error.code
  }
  if (process.exitCode !== exitCode.interrupted) return
  // Nobody waits for a login or an answer that an interrupted run was waiting for; what it has to say is said as a whole.
  await outputTaken()
  process.exit()
}

/** One for the run: what it was told once is remembered with it. */
export const asker = terminalAsker()
const loaded = new WeakMap<Fleet, { readonly inventory: Inventory; readonly keys: readonly VaultKey[] }>()

/** The fleet of the inventory that the arguments name; asks for the passwords that this takes. */
export async function fleetOf(options: Options, say: (line: string) => void): Promise<Fleet> {
  const { vaultIds: ids, vaultPasswordFiles: files, askVaultPass: ask } = options
  const keys = await vaultKeys({ ids, files, ask }, asker)
  const asked = await askPasswords(options, asker)
  const inventory = await loadInventory(options.inventory, {
    extraVars: options.extraVars,
    vaultKeys: keys,
    user: options.user,
    privateKey: options.privateKey,
    ...asked,
  })
  const fleet = new Fleet(inventory, (source) => openArchive(source, say))
  loaded.set(fleet, { inventory, keys })
  return fleet
}

/** A fleet that only remembers what it is asked for: every group is there, and has no host. */
export function groupsOnly(): Fleet {
  const group = { name: '', hosts: [], own: [], children: [] }
  const groups = new Map<string, typeof group>()
  groups.has = () => true
  const nowhere = { file: '--extra-vars', line: 0, column: 0 }
  const inventory: Inventory = {
    hosts: [],
    groups,
    given: new LocatedMap(nowhere, new Map()),
    hostsIn: () => [],
    select: () => [],
  }
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

/** Takes the secrets that a playbook knows out of a text. They are gathered when something is to be shown: of most runs nothing is. */
export function maskOf(fleet: Fleet): Mask {
  const known = once(() => masking(fleet.secrets))
  return (text) => known().mask(text)
}

/** Who runs this, for locks and audit logs. */
export function identityOf(playbook: string, { inventory }: Options): Identity {
  return {
    id: randomUUID().slice(0, 8),
    user: localName(),
    from: hostname(),
    pid: process.pid,
    playbook,
    site: siteName(siteOf(playbook, inventory)),
    formerSites: formerSites(playbook, inventory),
  }
}

/** The hosts that --limit leaves; all without it. Throws a usage error for a pattern that means nothing in the inventory. */
export function selectedBy({ limit }: Options, fleet: Fleet): ReadonlySet<string> {
  const { inventory } = loadedOf(fleet)
  return new Set((limit === null ? inventory.hosts : inventory.select(limit)).map(({ name }) => name))
}

/** What to say where no host is left for the playbook: by --limit, or in the inventory. */
export const noHostLeft = ({ limit }: Options): PlinthError =>
  usageError(
    limit === null
      ? {
          where: 'inventory',
          what: 'this playbook finds no host in it',
          remedy: 'see its groups with: npx plinth inventory graph -i NAME',
        }
      : {
          where: '--limit',
          what: `${limit} leaves no host of this playbook`,
          remedy: 'see them with --list-hosts',
        },
  )
