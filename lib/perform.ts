/** Procedures from a terminal: every playbook of actions is one call of `perform`. */
import { type ExitCode, exitCode, usageError } from './core/error.ts'
import type { Storage } from './core/storage.ts'
import { jsonText } from './core/visible.ts'
import { openConsole } from './edge/console.ts'
import { onInterrupt } from './edge/interrupt.ts'
import { commandLine } from './edge/next-command.ts'
import { openReporter } from './edge/reporter.ts'
import { storage } from './edge/storage.ts'
import { realWorld } from './edge/world.ts'
import { bugFailure } from './engine/bugs.ts'
import type { Fleet } from './engine/fleet.ts'
import { carryOut } from './engine/perform.ts'
import type { Procedure } from './engine/procedure.ts'
import { procedureCode, procedureRecap } from './engine/procedure-report.ts'
import { asker, ending, fleetOf, identityOf, loadedOf, maskOf } from './launch.ts'
import { document } from './report/document.ts'
import type { ProcedureRun } from './report/run.ts'
import { stoppedProcedure } from './report/stopped.ts'
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
    const screen = openConsole(options, asker)
    const world = realWorld(asker)
    const fleet = await fleetOf(options, screen.progress)
    const { keys } = loadedOf(fleet)
    const storageAt = (folder: string): Storage => storage(folder, keys)
    const procedure = await prepare(fleet, { force: options.force, now: new Date(), version, storage: storageAt })
    const strangers = fleet.strangers()
    if (strangers.length > 0) throw usageError(...strangers)
    const { warnings } = fleet
    screen.warn(warnings)
    const identity = identityOf(playbook, options)
    const begun = { id: identity.id, started: new Date().toISOString(), playbook, check: options.check }
    const reporter = await openReporter(options, begun, screen)
    const next = commandLine(playbook, process.argv.slice(2))
    const mask = maskOf(fleet)
    const interrupt = onInterrupt({
      first: () => screen.progress('finishing the action in hand; interrupt again to stop at once'),
      again() {
        const ended = { ...begun, code: exitCode.interrupted, stopped: true, next, warnings } as const
        reporter.stop(next, (told) => ({
          ...ended,
          ...told,
          result: stoppedProcedure(procedure.name, told.events, mask),
        }))
        process.exit(exitCode.interrupted)
      },
    })
    const tell = (run: ProcedureRun): ExitCode => {
      if (options.json) console.log(jsonText(document(run), 2))
      else screen.result(procedureRecap(run.result, options.check, run.seconds, next))
      const unwritten = reporter.write(run)
      screen.warn(unwritten)
      return unwritten.length > 0 && run.code === exitCode.done ? exitCode.failed : run.code
    }
    const result = await carryOut(procedure, world, {
      check: options.check,
      identity,
      mask,
      signal: interrupt.signal,
      report: reporter.report,
    }).catch((error: unknown) => {
      const told = reporter.broken(bugFailure(error, procedure.name))
      const result = { ...stoppedProcedure(procedure.name, told.events, mask), interrupted: false }
      tell({ ...begun, ...told, result, code: exitCode.failed, next, warnings })
      throw error
    })
    screen.end()
    return tell({ ...begun, ...reporter.told(), result, code: procedureCode(result, options.check), next, warnings })
  })
