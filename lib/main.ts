/** Wiring: every playbook that declares is one call of `main`, every one that only looks one of `inspect`. */
import { type Listener, listener } from './core/declaring.ts'
import { count } from './core/display.ts'
import { type ExitCode, exitCode, type Problem, usageError } from './core/error.ts'
import { jsonText } from './core/visible.ts'
import type { Options } from './edge/arguments.ts'
import { consenting } from './edge/consent.ts'
import { type Console, openConsole } from './edge/console.ts'
import { onInterrupt } from './edge/interrupt.ts'
import { rememberTags } from './edge/known-tags.ts'
import { commandLine } from './edge/next-command.ts'
import { mayWritePlan, readPlan, removePlan, writePlan } from './edge/plan-file.ts'
import { optionsOfPlan, planAnew, playbookOf, selectionOf } from './edge/plan-options.ts'
import { openReporter } from './edge/reporter.ts'
import { mayAsk } from './edge/terminal.ts'
import { realWorld } from './edge/world.ts'
import { bugFailure } from './engine/bugs.ts'
import { converge } from './engine/converge.ts'
import type { Fleet } from './engine/fleet.ts'
import { listsOf, wordsKnown } from './engine/listing.ts'
import { Connections } from './engine/observe.ts'
import { Planned } from './engine/planned.ts'
import { checkPlays, type Play, type Scope } from './engine/play.ts'
import { limited } from './engine/prerequisites.ts'
import { inNoPlay } from './engine/prune.ts'
import type { Line } from './engine/report.ts'
import type { Tags } from './engine/tags.ts'
import { tagLines, taskLines } from './engine/tree.ts'
import { outsideLines } from './engine/unselected.ts'
import type { Result, World } from './engine/world.ts'
import { asker, ending, fleetOf, groupsOnly, identityOf, maskOf, noHostLeft, selectedBy } from './launch.ts'
import { document } from './report/document.ts'
import { recap } from './report/recap.ts'
import type { Run } from './report/run.ts'
import { stoppedSite } from './report/stopped.ts'
import { leftover } from './resources/leftover.ts'
import { version } from './version.ts'

/**
 * Runs a playbook: reads the command line and the inventory, lets `plays` say what should be, and converges.
 * Sets the exit code of docs/design.md section 5; never throws for what a user can mend.
 */
export const main = (plays: Plays): Promise<void> => {
  const heard = listener()
  return heard ? declare(plays, heard) : converging(plays)
}

type Plays = (fleet: Fleet) => readonly Play[] | Promise<readonly Play[]>

/** Tells which groups the plays are of. There is no inventory, so that every group is without hosts. */
async function declare(plays: Plays, heard: Listener): Promise<void> {
  const fleet = groupsOnly()
  try {
    await plays(fleet)
  } catch (error) {
    // Where there is no host, some playbooks have nothing to say; what they asked for before that counts.
    if (fleet.declared.length === 0) throw error
  }
  heard(fleet.declared)
}

const converging = (plays: Plays): Promise<void> =>
  ending('site', async (given, playbook) => {
    const listing = given.listTasks || given.listTags
    const screen = openConsole(given, asker)
    const { options, planned } = withPlan(given, playbook)
    const asks = stepping(options)
    const world = realWorld(asker)
    const fleet = await fleetOf(options, screen.progress)
    const declared: unknown = await plays(fleet)
    checkPlays(declared)
    const strangers = fleet.strangers()
    if (strangers.length > 0) throw usageError(...strangers)
    if (options.prune && options.limit === null) fleet.warn(...inNoPlay(declared, fleet.all()))
    screen.warn(fleet.warnings)
    const site = limit(declared, options, fleet)
    if (options.listHosts) {
      const meant = site.filter(({ prerequisite }) => !prerequisite)
      for (const name of new Set(meant.flatMap(({ hosts }) => hosts.map((host) => host.name)))) console.log(name)
      return exitCode.done
    }
    if (listing) return list(playbook, site, world, options, screen)
    const { warnings } = fleet
    const identity = identityOf(playbook, options)
    const begun = { id: identity.id, started: new Date().toISOString(), playbook, check: options.check }
    const reporter = await openReporter(given, begun, screen)
    if (options.planOut !== null) removePlan(options.planOut)
    const mask = maskOf(fleet)
    const interrupt = onInterrupt({
      first: () => screen.progress('finishing the step in hand; interrupt again to stop at once'),
      again() {
        const next = nextCommand(playbook, options)
        const ended = { ...begun, code: exitCode.interrupted, stopped: true, next, warnings } as const
        reporter.stop(next, (told) => ({ ...ended, ...told, result: stoppedSite(told.events, options.check, mask) }))
        process.exit(exitCode.interrupted)
      },
    })
    const tell = (run: Run): ExitCode => {
      if (options.json) console.log(jsonText(document(run), 2))
      else screen.result([...recap(run), ...outsideLines(run.result, options.check)])
      const unwritten = reporter.write(run)
      screen.warn(unwritten)
      return unwritten.length > 0 && run.code === exitCode.done ? exitCode.failed : run.code
    }
    const result = await converge(site, world, {
      check: options.check,
      forks: options.forks,
      identity,
      force: options.force,
      prune: options.prune,
      ...(planned && { planned }),
      leftover,
      tags: tagsOf(options),
      ...(asks && { ask: consenting(asker, interrupt) }),
      mask,
      signal: interrupt.signal,
      report: reporter.report,
    }).catch((error: unknown) => {
      const told = reporter.broken(bugFailure(error, site[0]?.name ?? playbook))
      const result = { ...stoppedSite(told.events, options.check, mask), interrupted: false }
      tell({ ...begun, ...told, result, code: exitCode.failed, next: nextCommand(playbook, options), warnings })
      throw error
    })
    screen.end()
    if (planned && options.planOut !== null) screen.warn(planned.warnings(site))
    const plan = planned ? planTold(options, playbook, result) : undefined
    if (plan) screen.progress(plan.line)
    const unsaved = plan?.unsaved ?? []
    screen.warn(unsaved)
    const next = nextCommand(playbook, options, plan?.made, result)
    // Who finds that something differs goes on to apply the plan: there must be one.
    const code = unsaved.length > 0 ? exitCode.failed : codeOf(result, options.check)
    const run: Run = { ...begun, ...reporter.told(), result, code, next, warnings: [...warnings, ...unsaved] }
    keepTags(playbook, site, world)
    return tell(run)
  })

/** The plan that a run records or does, and the options that it then has. */
function withPlan(options: Options, playbook: string): { readonly options: Options; readonly planned?: Planned } {
  const { planOut, apply } = options
  if (planOut !== null) {
    mayWritePlan(planOut)
    return { options, planned: new Planned(null) }
  }
  if (apply === null) return { options }
  const plan = readPlan(apply)
  return { options: optionsOfPlan(options, apply, plan, playbook), planned: new Planned(plan) }
}

interface PlanTold {
  /** For the screen. */
  readonly line: string
  /** Whether a plan was made that can be applied. */
  readonly made?: true
  /** Why it could not be written. */
  readonly unsaved?: readonly Problem[]
}

/** Saves the plan that was made, or says how far the saved one was done before. */
function planTold(options: Options, path: string, result: Result): PlanTold {
  const { planOut, apply } = options
  const { record, saved, failures, interrupted } = result
  if (planOut !== null) {
    const line = `${planOut}: not saved`
    if (!record || failures.length > 0 || interrupted) return { line: `${line}, for the plan is not whole` }
    const [playbook, selection] = [playbookOf(path), selectionOf(options)]
    const made = new Date().toISOString()
    const unsaved = writePlan(planOut, { plinth: version, made, playbook, selection, ...record })
    return unsaved.length > 0 ? { line, unsaved } : { line: `${planOut}: the plan is saved`, made: true }
  }
  if (!saved || failures.length > 0 || saved.of === 0)
    return { line: `${apply}: ${saved?.of === 0 ? 'a plan of no change' : 'not done as a whole'}` }
  const done = saved.done === saved.of
  return {
    line: `${apply}: ${done ? 'was done already' : `${count(saved.of, 'change')}, ${saved.done} of them were there already`}`,
  }
}

/** What a look found: lines to print, and the exit code they mean. */
export interface Seen {
  readonly lines: readonly Line[]
  readonly code: ExitCode
}

/** Runs a playbook that only looks: `look` asks what it wants through the hosts' connections. */
export const inspect = <P>(
  look: (fleet: Fleet, scope: (hosts: Scope<P>['hosts']) => Scope<P>) => Promise<Seen>,
): Promise<void> =>
  ending('look', async (options) => {
    const screen = openConsole(options, asker)
    const world = realWorld(asker)
    const fleet = await fleetOf(options, screen.progress)
    const connections = new Connections(world)
    try {
      const { lines, code } = await look(fleet, (hosts) => ({
        hosts,
        ask: async (host, questions) => (await connections.machine(host.machine)).ask(questions),
        http: async (host, request) => world.http(await connections.machine(host.machine), request),
        database: async (host, login) => world.database(await connections.machine(host.machine), login),
      }))
      if (options.json)
        console.log(jsonText({ format: 1, plinth: version, exitCode: code, lines: lines.map(({ text }) => text) }, 2))
      else screen.result(lines)
      return code
    } finally {
      await connections.close()
    }
  })

/** A site has hosts: that nothing differs on none would pass for a success. With --limit only the hosts that the pattern names are worked on; the others stay members that gates look at. */
function limit(plays: readonly Play[], options: Options, fleet: Fleet): readonly Play[] {
  const left = options.limit === null ? plays : limited(plays, selectedBy(options, fleet))
  if (left.every(({ hosts }) => hosts.length === 0)) throw noHostLeft(options)
  return left
}

/** Prints the tree of a site, or its tags. Machines without facts of an earlier run are asked for them. */
async function list(
  playbook: string,
  site: readonly Play[],
  world: World,
  options: Options,
  screen: Console,
): Promise<ExitCode> {
  const connections = new Connections(world)
  try {
    const finding = { world, connections, forks: options.forks }
    const { assignments, errors } = await listsOf(site, finding, tagsOf(options))
    keepTags(playbook, site, world)
    screen.result(options.listTags ? tagLines(assignments) : taskLines(site, assignments))
    screen.warn(errors.flatMap(({ problems }) => problems))
    return errors[0]?.code ?? exitCode.done
  } finally {
    await connections.close()
  }
}

/** For completion: the tags of this playbook, as the first host of each play shows them. */
const keepTags = (playbook: string, site: readonly Play[], world: World): void =>
  rememberTags(playbook, [
    ...wordsKnown(
      site.map((play) => ({ ...play, members: play.members.slice(0, 1) })),
      { world },
    ),
  ])

const tagsOf = ({ tags, skipTags }: Options): Tags => ({ only: tags, skip: skipTags })

/** What asks before each change, if --step wants it. Throws usageError where there is nobody to ask. */
function stepping({ step, yes, check }: Options): boolean {
  if (!step || yes || check) return false
  if (mayAsk()) return true
  throw usageError({ where: '--step', what: 'there is no terminal to ask on', remedy: 'add --yes, or leave it out' })
}

function codeOf({ failures, interrupted, plans }: Result, check: boolean): ExitCode {
  if (interrupted) return exitCode.interrupted
  if (failures.some(({ kind }) => kind === 'unreachable')) return exitCode.unreachable
  if (failures.length > 0) return exitCode.failed
  return check && plans.some((host) => host.plans.some(({ action }) => action !== 'keep'))
    ? exitCode.differs
    : exitCode.done
}

/**
 * The command to go on with: this one, without --check; the plan that was made is done next, what was refused is planned anew.
 * @param made whether there is such a plan
 */
function nextCommand(playbook: string, options: Options, made = false, { saved }: Partial<Result> = {}): string {
  if (saved?.refused) return `${commandLine(playbook, [])} ${planAnew(options)}`
  const words = process.argv.slice(2)
  return commandLine(playbook, made ? words.map((word) => word.replace(/^--plan-out(?=$|=)/, '--apply')) : words)
}
