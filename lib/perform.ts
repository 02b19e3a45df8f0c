/** Procedures from a terminal: every playbook of actions is one call of `perform`. */
import { exitCode, usageError } from './core/error.ts'
import type { Storage } from './core/storage.ts'
import { openConsole } from './edge/console.ts'
import { onInterrupt } from './edge/interrupt.ts'
import { storage } from './edge/storage.ts'
import { realWorld } from './edge/world.ts'
import type { Fleet } from './engine/fleet.ts'
import { carryOut } from './engine/perform.ts'
import type { Procedure } from './engine/procedure.ts'
import { procedureCode, procedureRecap } from './engine/procedure-report.ts'
import { asker, ending, fleetOf, identityOf, loadedOf } from './launch.ts'
import { commandLine } from './report/command.ts'
import { version } from './version.ts'

/** What a procedure gets beside the fleet. */
export interface Circumstances {
  /** --force: go on where a safeguard would stop. */
  readonly force: boolean
  readonly now: Date
  /** Of Plinth. */
  readonly version: string
  /** Sets of files in a folder of this machine, encrypted where a vault password was given. */
  storage(folder: string): Storage
}

/**
 * Runs a procedure: `prepare` says what its actions are, by the inventory and what `-e` tells; `carryOut` does them. Ends
 * with the same exit codes as `main`, 2 when --check finds something to do.
 */
export const perform = (
  prepare: (fleet: Fleet, circumstances: Circumstances) => Procedure | Promise<Procedure>,
): Promise<void> =>
  ending('procedure', async (options, playbook) => {
    const screen = openConsole(options)
    const world = realWorld(asker)
    const fleet = await fleetOf(options, screen.progress)
    const passwords = loadedOf(fleet).passwords
    const storageAt = (folder: string): Storage => storage(folder, passwords)
    const procedure = await prepare(fleet, { force: options.force, now: new Date(), version, storage: storageAt })
    const strangers = fleet.strangers()
    if (strangers.length > 0) throw usageError(...strangers)
    screen.warn(fleet.warnings)
    const next = commandLine(playbook, process.argv.slice(2))
    const interrupt = onInterrupt({
      first: () => screen.progress('finishing the action in hand; interrupt again to stop at once'),
      again() {
        screen.stopped(next)
        process.exit(exitCode.interrupted)
      },
    })
    const start = performance.now()
    const result = await carryOut(procedure, world, {
      check: options.check,
      identity: identityOf(playbook, options),
      signal: interrupt.signal,
      report: (event) => screen.report(event),
    }).finally(() => screen.end())
    const seconds = (performance.now() - start) / 1000
    const code = procedureCode(result, options.check)
    if (options.json) {
      const head = { format: 1, plinth: version, check: options.check, seconds, exitCode: code }
      console.log(JSON.stringify({ ...head, warnings: fleet.warnings, ...result }, null, 2))
    } else screen.result(procedureRecap(result, options.check, seconds, next))
    return code
  })
