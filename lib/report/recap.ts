/** The end of a run on the terminal: a row for each host, or for many that came out alike, and the sentence that counts. */
import { count, cut, span } from '../core/display.ts'
import { grouped } from '../core/grouped.ts'
import { foldHosts } from '../core/host-range.ts'
import { countChanges, type Line, stoppedSentence, table, unfinishedLines } from '../engine/report.ts'
import { nextWord, type Run } from './run.ts'
import { slowest, timelineOf, workOf } from './timeline.ts'

/** More hosts than this, and equal rows become one. */
const mostRows = 20
/** Columns that the names of folded hosts may take, of the 80 there are. */
const nameColumns = 40

/** Rows, the steps that took longest, and what to do next. */
export function recap(run: Run): readonly Line[] {
  const timeline = timelineOf(run)
  const slow = slowest(timeline, 5)
  const steps = slow.map(({ host, say, from, to }) => [`  ${host}`, span(to - from, true), say])
  return [
    ...unfinishedLines(run.result.unfinished),
    ...(run.result.hosts.length > 0 ? rows(run, workOf(timeline)) : []),
    ...(slow.length > 1 ? [{ tone: 'faint' as const, text: 'slowest steps' }, ...table(steps, false)] : []),
    outcomeLine(run, true),
  ]
}

interface Row {
  readonly host: string
  readonly cells: readonly string[]
  readonly seconds: number
}

function rows({ result, check }: Run, work: ReadonlyMap<string, number>): readonly Line[] {
  const differing = new Map<string, number>()
  for (const { host, plans } of result.plans) {
    const own = plans.filter(({ action }) => action !== 'keep').length
    differing.set(host, (differing.get(host) ?? 0) + own)
  }
  const all = result.hosts.map(
    ({ host, kept, changed, state }): Row => ({
      host,
      cells: [String(kept), String(check ? (differing.get(host) ?? 0) : changed), state],
      seconds: work.get(host) ?? 0,
    }),
  )
  const title = ['kept', check ? 'differs' : 'changed', 'state', ...(check ? [] : ['seconds'])]
  if (all.length <= mostRows) {
    const plain = all.map(({ host, cells, seconds }) => [host, ...cells, ...(check ? [] : [seconds.toFixed(1)])])
    return table([['host', ...title], ...plain])
  }
  const groups = [...grouped(all, ({ cells }) => cells.join(' ')).values()].map((own) => {
    const seconds = own.map((row) => row.seconds)
    const [least, most] = [Math.min(...seconds).toFixed(1), Math.max(...seconds).toFixed(1)]
    const names = cut(foldHosts(own.map(({ host }) => host)).join(', '), nameColumns)
    return [
      names,
      String(own.length),
      ...(own[0]?.cells ?? []),
      ...(check ? [] : [least === most ? most : `${least}-${most}`]),
    ]
  })
  return table([['hosts', 'number', ...title], ...groups])
}

/** The sentence that the operator looks for; with `next` also the command to go on with. */
export function outcomeLine({ result, check, seconds, next, stopped, code }: Run, withNext = false): Line {
  const { resources, hosts } = countChanges(result.plans)
  const time = `${seconds.toFixed(1)} s`
  const all = result.hosts.length
  const failed = new Set(result.failures.map(({ host }) => host)).size
  const command = (before: string): string => (withNext ? ` ${before}: ${next}` : '')
  if (stopped) return { tone: 'bad', text: `${stoppedSentence(result.failures, time)}${command('Go on with')}` }
  if (result.interrupted) {
    const touched = result.hosts.some(({ changed }) => changed > 0) || result.failures.some(({ step }) => step)
    const state = touched ? 'nothing is half-written' : 'nothing was changed'
    return { tone: 'bad', text: `Interrupted after ${time}: ${state}.${command('Go on with')}` }
  }
  if (failed > 0) {
    const after = command('When the cause is mended, go on with')
    return { tone: 'bad', text: `Failed on ${failed} of ${count(all, 'host')} after ${time}.${after}` }
  }
  if (resources === 0 && result.plans.some(({ left }) => left.some(({ differs }) => differs))) {
    return { tone: 'good', text: `Nothing that is selected ${check ? 'differs' : 'had to change'} (${time}).` }
  }
  if (resources === 0) {
    const what = check ? 'differs' : 'had to change'
    return {
      tone: 'good',
      text: `Nothing ${what}: ${count(all, 'host')} ${all === 1 ? 'is' : 'are'} as declared (${time}).`,
    }
  }
  if (check) {
    const what = `${count(resources, 'resource')} ${resources === 1 ? 'differs' : 'differ'} on ${count(hosts, 'host')}`
    return { tone: 'change', text: `${what}; nothing was changed (${time}).${command(nextWord(check, code, 0))}` }
  }
  const changed = result.hosts.reduce((sum, host) => sum + host.changed, 0)
  return { tone: 'good', text: `Done: ${count(changed, 'resource')} changed (${time}).` }
}
