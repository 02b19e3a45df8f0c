/** What people read of a run: pure functions from what happened to lines. Colour is added by whoever prints them. */
import { count, cut, padded, width } from '../core/display.ts'
import { type Problem, problemText } from '../core/error.ts'
import { grouped } from '../core/grouped.ts'
import { foldHosts } from '../core/host-range.ts'
import type { Change, Plan } from '../core/resource.ts'
import type { FailedStep, Failure, HostPlan, Leftover, Unfinished } from './world.ts'

/** What a line is about, so that a terminal can colour it. */
export type Tone = 'plain' | 'head' | 'good' | 'change' | 'bad' | 'faint'
export interface Line {
  readonly tone: Tone
  readonly text: string
}

const line = (text: string, tone: Tone = 'plain'): Line => ({ tone, text })
const signs: Readonly<Record<Plan['action'], string>> = {
  keep: ' ',
  create: '+',
  update: '~',
  remove: '-',
  blocked: '!',
}

const changeText = ({ key, from, to }: Change): string =>
  (from === null ? `${key}: ${to ?? 'removed'}` : `${key}: ${from} → ${to ?? 'removed'}`).replaceAll('\n', '\\n')

/** How much of a plan is shown. */
export interface Shown {
  /** Also what new things will be like. */
  readonly verbose?: boolean
  /** All lines of every file. */
  readonly diff?: boolean
}

/** Lines of a diff that are shown unless all are asked for, and columns of one of them and of a value. */
const mostLines = 12
const mostColumns = 400

function briefly(text: string): string {
  const short = cut(text, mostColumns)
  return short === text
    ? text
    : `${short} (${count(text.length - short.length + 1, 'more character')}, all with --diff)`
}

const isDiff = ([first]: readonly string[]): boolean => first?.startsWith('@@') ?? false

/** What is worth a line beside the lines of a text: these show all that its digest hints at, which is another one on each host. */
export const beyondLines = ({ changes, detail = [] }: Plan): readonly Change[] =>
  isDiff(detail) ? changes.filter(({ key }) => key !== 'sha256') : changes

/** The lines of a diff that change: those around them may have a host's name in them, and stand elsewhere on each. */
export const changedLines = ({ detail = [] }: Plan): readonly string[] =>
  isDiff(detail) ? detail.filter((text) => !/^(?: |@@)/.test(text)) : detail

const diffTone = (text: string): Tone => (text.startsWith('+') ? 'good' : text.startsWith('-') ? 'bad' : 'faint')

/** What a new thing is like follows from the role; only what makes it differ from a plain one is worth a line. */
const isBrief = ({ action }: Plan, { verbose }: Shown): boolean => action === 'create' && !verbose

const shownChanges = (plan: Plan, { verbose }: Shown): readonly Change[] => (verbose ? plan.changes : beyondLines(plan))

/** Alike is what is alike in all its changes, also in those that are not shown. */
const likeness = (plan: Plan, shown: Shown): string =>
  JSON.stringify([
    ...(isBrief(plan, shown) ? [] : [shownChanges(plan, shown), changedLines(plan)]),
    plan.problems.map(problemText),
  ])

function planLines(plan: Plan, where: string, shown: Shown): readonly Line[] {
  const { id, action, problems } = plan
  const { verbose, diff } = shown
  const brief = isBrief(plan, shown)
  const detail = brief ? [] : (plan.detail ?? [])
  const changes = brief ? [] : shownChanges(plan, shown)
  const lines = diff ? detail : detail.slice(0, mostLines)
  const hidden = detail.length - lines.length
  const fit = verbose || diff ? (text: string) => text : briefly
  return [
    line(`  ${signs[action]} ${id}${where}`, action === 'blocked' ? 'bad' : 'change'),
    ...changes.map((change) => line(`      ${fit(changeText(change))}`)),
    ...lines.map((text) => line(`      ${fit(text)}`, diffTone(text))),
    ...(hidden > 0 ? [line(`      … ${count(hidden, 'more line')}, all with --diff`, 'faint')] : []),
    ...problems.map((problem) => line(`      ${problemText(problem)}`, 'bad')),
  ]
}

/** `web[01:40], web43 (41 hosts)`; how many they are only where it is not seen at once. */
export function hostsText(hosts: readonly string[]): string {
  const words = foldHosts(hosts)
  const obvious = words.length === hosts.length && hosts.length <= 3
  return `${words.join(', ')}${obvious ? '' : ` (${hosts.length} hosts)`}`
}

/** The plan of a site; hosts of a play on which the same things would change share one paragraph, and in it what changes alike. */
export function planText(plans: readonly HostPlan[], shown: Shown = {}): readonly Line[] {
  const dirty = plans
    .map((one) => ({ ...one, plans: one.plans.filter(({ action }) => action !== 'keep') }))
    .filter((one) => one.plans.length > 0)
  const alike = grouped(dirty, ({ play, as, plans: items }) =>
    JSON.stringify([play, as, items.map(({ id, action }) => [id, action])]),
  )
  return [...alike.values()].flatMap((hosts) => paragraph(hosts, shown))
}

/** What would change on hosts on which it is the same things: one that does not change alike on all of them says where. */
function paragraph(hosts: readonly HostPlan[], shown: Shown): readonly Line[] {
  return hosts.slice(0, 1).flatMap(({ play, as, plans }) => [
    line(`${play}: ${namesText(hosts)}`, 'head'),
    ...(as === undefined ? [] : [line(`  ${as}`, 'faint')]),
    ...plans.flatMap((_, place) => {
      const items = hosts.flatMap(({ host, plans: own }) => own.slice(place, place + 1).map((plan) => ({ host, plan })))
      const variants = [...grouped(items, ({ plan }) => likeness(plan, shown)).values()]
      return variants.flatMap((same) => {
        const where = variants.length > 1 ? ` on ${namesText(same)}` : ''
        return same.slice(0, 1).flatMap(({ plan }) => planLines(plan, where, shown))
      })
    }),
  ])
}

const namesText = (of: readonly { readonly host: string }[]): string => hostsText(of.map(({ host }) => host))

/** What is no longer declared: removed with --prune, or left, and why. Hosts with the same leftovers share a paragraph. */
export function leftoverLines(found: readonly Leftover[], prune: boolean): readonly Line[] {
  const shown = prune ? found.filter(({ fate }) => fate !== 'removed') : found
  const bodies = [...grouped(shown, ({ host }) => host)].map(([host, own]) => ({
    host,
    body: own.map(({ id, why }) => `  ? ${id}${why === undefined ? '' : ` (${why})`}`).join('\n'),
  }))
  if (bodies.length === 0) return []
  const after = prune
    ? 'These stay: what is in the way must go first, the rest is for a person to remove, and is forgotten here.'
    : 'See to it, or remove with --prune what it can remove.'
  return [
    line('No longer declared', 'head'),
    ...[...grouped(bodies, ({ body }) => body)].flatMap(([body, alike]) => [
      line(hostsText(alike.map(({ host }) => host)), 'head'),
      ...body.split('\n').map((text) => line(text, 'faint')),
    ]),
    line(after, 'faint'),
  ]
}

/** What plans warn of, each once, with the hosts on which it was found. */
export function planWarnings(plans: readonly HostPlan[]): readonly Problem[] {
  const found = plans.flatMap(({ host, plans: items }) =>
    items.flatMap(({ warnings = [] }) => warnings.map((problem) => ({ host, problem }))),
  )
  return [...grouped(found, ({ problem }) => problemText(problem)).values()].flatMap((alike) => {
    const hosts = [...new Set(alike.map(({ host }) => host))]
    return alike.slice(0, 1).map(({ problem }) => ({ ...problem, where: `${hostsText(hosts)}: ${problem.where}` }))
  })
}

export const warningLines = (plans: readonly HostPlan[]): readonly Line[] =>
  planWarnings(plans).map((problem) => line(`warning: ${problemText(problem)}`, 'change'))

/** How many resources would change, and on how many hosts. */
export function countChanges(plans: readonly HostPlan[]): { readonly resources: number; readonly hosts: number } {
  const dirty = plans.filter(({ plans: items }) => items.some(({ action }) => action !== 'keep'))
  return {
    resources: dirty.flatMap(({ plans: items }) => items.filter(({ action }) => action !== 'keep')).length,
    hosts: new Set(dirty.map(({ host }) => host)).size,
  }
}

export const problemLines = (problems: readonly Problem[], tone: Tone): readonly Line[] =>
  problems.map((problem) => line(problemText(problem), tone))

/** Of a command of more lines than this only what matters is shown, unless more is asked for. */
const shortCommand = 5

/** A failed host: what stood in the way, the command, what is done, what is not. */
export function failureLines(
  { host, play, kind, problems, step, done, undone }: Failure,
  verbose = false,
): readonly Line[] {
  return [
    line(`${host}: ${kind} in ${play}`, 'bad'),
    ...problems.map((problem) => line(`  ${problemText(problem)}`, 'bad')),
    ...(step ? stepLines(step, verbose) : []),
    ...(done.length > 0 ? [line(`  done: ${done.join('; ')}`, 'faint')] : []),
    ...(undone.length > 0 ? [line(`  not done: ${undone.join('; ')}`, 'faint')] : []),
  ]
}

function stepLines({ id, say, run, command: short = say }: FailedStep, verbose: boolean): readonly Line[] {
  const lines = run.trim().split('\n')
  const command =
    lines.length === 1
      ? [`  command: ${lines[0]}`]
      : verbose || lines.length <= shortCommand
        ? ['  command:', ...lines.map((text) => `    ${text}`)]
        : [`  command: ${short} (in full with -v, and in --report)`]
  return [`  resource: ${id}`, ...command].map((text) => line(text, 'faint'))
}

/** Rows with columns aligned, the first of them a title unless told. */
export function table(rows: readonly (readonly string[])[], titled = true): readonly Line[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => width(row[column] ?? ''))))
  return rows.map((row, index) =>
    line(
      row
        .map((cell, column) => padded(cell, widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
      titled && index === 0 ? 'head' : 'plain',
    ),
  )
}

/** What is said of a run that a second interrupt ended at once: of steps that were under way nobody saw the end. */
export function stoppedSentence(failures: readonly Failure[], time: string): string {
  const open = failures.some(({ step }) => step?.code === null)
  const left = open ? 'what was under way ends there by itself, as a whole or not at all' : 'nothing was under way'
  return `Stopped at once after ${time}: ${left}.`
}

/** What an interrupt left: of a host that was in the middle what is done and what is not, and who was not begun. */
export function unfinishedLines(unfinished: readonly Unfinished[]): readonly Line[] {
  const middle = unfinished.filter(({ done }) => done.length > 0)
  const plays = new Set(unfinished.map(({ play }) => play))
  const waiting = [...plays].flatMap((name) => {
    const hosts = unfinished.filter(({ play, done }) => play === name && done.length === 0)
    return hosts.length === 0
      ? []
      : [line(`${name}: not begun on ${hosts.map(({ host }) => host).join(', ')}`, 'faint')]
  })
  const lists = middle.flatMap(({ host, play, done, undone }) => [
    line(`${host}: interrupted in ${play}`, 'bad'),
    line(`  done: ${done.join('; ')}`, 'faint'),
    line(`  not done: ${undone.join('; ')}`, 'faint'),
  ])
  return [...lists, ...waiting]
}
