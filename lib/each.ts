/** Errands from a terminal: every playbook that does one thing on each host by itself is one call of `each`. */

import { width } from './core/display.ts'
import { exitCode, usageError } from './core/error.ts'
import { secretsOf } from './core/inventory-view.ts'
import { type Masking, masking } from './core/masking.ts'
import { jsonText } from './core/visible.ts'
import { openConsole } from './edge/console.ts'
import { onInterrupt } from './edge/interrupt.ts'
import { commandLine } from './edge/next-command.ts'
import { realWorld } from './edge/world.ts'
import { type Errand, visit } from './engine/errand.ts'
import { errandCode, errandDocument, errandPlan, errandRecap } from './engine/errand-report.ts'
import type { Fleet } from './engine/fleet.ts'
import { asker, ending, fleetOf, identityOf, loadedOf, noHostLeft, selectedBy } from './launch.ts'
import { version } from './version.ts'

/** What an errand gets beside the fleet. */
export interface Call {
  /** The words after `--`. Throws a usage error where there are none; who does not ask for them wants none. */
  words(): readonly string[]
}

/**
 * Runs an errand: `prepare` says what is to be done on which hosts, and it is done on as many at once as --forks allows.
 * Of the hosts --limit leaves those that it means. Ends with the exit codes of `main`; 2 where --check finds something to do.
 */
export const each = <T>(prepare: (fleet: Fleet, call: Call) => Errand<T> | Promise<Errand<T>>): Promise<void> =>
  ending('errand', async (options, playbook) => {
    const screen = openConsole(options, asker)
    const world = realWorld(asker)
    const fleet = await fleetOf(options, screen.progress)
    let wanted = false
    const words = (): readonly string[] => {
      wanted = true
      // Who lists the hosts runs nothing on them.
      if (options.words.length > 0 || options.listHosts) return options.words
      throw usageError({ where: '--', what: 'what is to be run?', remedy: 'put it last: -- uptime' })
    }
    const whole = await prepare(fleet, { words })
    if (options.words.length > 0 && !wanted)
      throw usageError({ where: '--', what: 'this playbook takes no words', remedy: 'leave out what follows' })
    if (options.check && !whole.acts)
      throw usageError({
        where: '--check',
        what: 'means nothing to a playbook that only looks',
        remedy: 'leave it out',
      })
    const strangers = fleet.strangers()
    if (strangers.length > 0) throw usageError(...strangers)
    screen.warn(fleet.warnings)
    const selected = selectedBy(options, fleet)
    const errand = { ...whole, hosts: whole.hosts.filter(({ name }) => selected.has(name)) }
    if (errand.hosts.length === 0) throw noHostLeft(options)
    if (options.listHosts) {
      for (const { name } of errand.hosts) console.log(name)
      return exitCode.done
    }
    const argv = process.argv.slice(2)
    const head = { format: 1, plinth: version, check: options.check }
    if (options.check) {
      const hosts = errand.hosts.map(({ name, machine }) => ({ host: name, machine: machine.key }))
      const document = { ...head, exitCode: exitCode.differs, errand: errand.name, hosts }
      if (options.json) console.log(jsonText(document, 2))
      else screen.result(errandPlan(errand, commandLine(playbook, argv)))
      return exitCode.differs
    }
    let known: Masking | undefined
    // Opens every secret and runs the commands of the inventory: not for who only looks.
    const mask = (): Masking => (known ??= masking(secretsIn(fleet)))
    // Before interrupts are heard, so that the first one ends a command that hangs.
    const next = commandLine(playbook, errand.acts ? argv.map(mask().mask) : argv)
    const interrupt = onInterrupt({
      first: () => screen.progress('waiting for what runs already; interrupt again to stop at once'),
      again() {
        screen.stopped(next)
        process.exit(exitCode.interrupted)
      },
    })
    const columns = Math.max(...errand.hosts.map(({ name }) => width(name)))
    const start = performance.now()
    const result = await visit(errand, world, {
      forks: options.forks,
      identity: identityOf(playbook, options),
      mask,
      signal: interrupt.signal,
      report(event) {
        if (event.kind === 'begun') screen.begun(event.host, event.say)
        else if (event.kind === 'said') screen.said(event.host, columns, event.stream, event.lines)
        else screen.ended(event.host, event.problems)
      },
    }).finally(() => screen.end())
    const code = errandCode(result)
    screen.warn(result.warnings)
    const seconds = Math.round(performance.now() - start) / 1000
    if (options.json) console.log(jsonText({ ...head, exitCode: code, seconds, ...errandDocument(result) }, 2))
    else screen.result(errandRecap(errand, result, seconds, next))
    return code
  })

/**
 * What the inventory and the person at the terminal keep secret: no host prints it here.
 * Throws usageError where one of them can't be opened, for then nobody would know it in what hosts print.
 */
function secretsIn(fleet: Fleet): readonly string[] {
  const { inventory, keys } = loadedOf(fleet)
  const typed = inventory.hosts.flatMap(({ connection: { password, become } }) => [password, become?.password])
  return [
    ...secretsOf(inventory.hosts),
    ...[...keys.map((key) => key.secret()), ...typed].flatMap((secret) => secret?.reveal() ?? []),
  ]
}
