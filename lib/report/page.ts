/**
 * A run over a site as one HTML page that needs nothing else: no script, no network, readable in ten years. Pure.
 */
import { count, span } from '../core/display.ts'
import { grouped } from '../core/grouped.ts'
import { foldHosts } from '../core/host-range.ts'
import { planWarnings, unfinishedLines } from '../engine/report.ts'
import { chart } from './chart.ts'
import { leftoversOf } from './leftovers.ts'
import { Markup, markup } from './markup.ts'
import { type HostOutcome, outcomesOf, stateOf, worst } from './outcome.ts'
import { cluster } from './page-cluster.ts'
import { failures, problems } from './page-failures.ts'
import { frame, nonEmpty, section, stateText } from './page-frame.ts'
import { planSection } from './page-plan.ts'
import { procedurePage } from './page-procedure.ts'
import { slowestSteps } from './page-time.ts'
import { outcomeLine } from './recap.ts'
import { type Ended, isProcedure, type Run } from './run.ts'
import { type Timeline, timelineOf, workOf } from './timeline.ts'

/** Rows that are shown without being asked for: the picture above has every host already. */
const mostRows = 30

/** The text of the file. */
export const page = (run: Ended): string => (isProcedure(run) ? procedurePage(run) : sitePage(run))

function sitePage(run: Run): string {
  const timeline = timelineOf(run)
  const hosts = outcomesOf(run, timeline)
  return frame(run, outcomeLine(run), [
    section('failures', 'Failures', failures(run)),
    section('unfinished', 'Interrupted', unfinished(run)),
    section('cluster', 'Hosts by play', cluster(run, hosts, timeline)),
    section('hosts', 'Results', results(run, hosts, timeline)),
    section('time', 'Time line', chart(timeline)),
    section('slowest', 'Slowest steps', slowestSteps(timeline)),
    section('plan', run.check ? 'What differs' : 'Plan', nonEmpty(planSection(hosts))),
    section('leftovers', 'No longer declared', leftovers(run, hosts)),
    section('warnings', 'Warnings', nonEmpty(warnings(run))),
  ])
}

/** What an interrupt left. */
const unfinished = ({ result }: Run): Markup | null =>
  nonEmpty(unfinishedLines(result.unfinished).map(({ text }) => markup`<p class="text">${text}</p>`))

/** A row for each host. */
function results({ result, check }: Run, hosts: readonly HostOutcome[], timeline: Timeline): Markup | null {
  const work = workOf(timeline)
  const byHost = grouped(hosts, ({ host }) => host)
  const column = (name: string, text: string): Markup =>
    markup`<th scope="col"${new Markup(name === 'n' ? ' class="n"' : '')}>${text}</th>`
  const rows = result.hosts.map(({ host, kept, changed, state }) => {
    const own = byHost.get(host) ?? []
    const all = own.flatMap(({ outcomes }) => outcomes)
    const differing = all.filter(({ plan }) => plan.action !== 'keep').length
    const skipped = all.filter(({ state }) => state === 'skipped').length
    const shown = state === 'ok' ? worst(own.map(stateOf)) : state
    const numbers = check ? [kept, differing] : [kept, changed, skipped]
    const time = check ? null : markup`<td class="n">${span(work.get(host) ?? 0, true)}</td>`
    return markup`<tr><th scope="row">${host}</th>${numbers.map((one) => markup`<td class="n">${one}</td>`)}<td>${stateText(shown)}</td>${time}</tr>
`
  })
  const names = check ? ['kept', 'differ'] : ['kept', 'changed', 'not reached']
  const table = markup`<div class="scroll" role="region" tabindex="0" aria-label="Results of each host"><table><thead><tr>${column('', 'host')}${names.map((name) => column('n', name))}${column('', 'state')}${check ? null : column('n', 'at work')}</tr></thead><tbody>
${rows}</tbody></table></div>`
  return rows.length <= mostRows
    ? table
    : markup`<details><summary>${count(rows.length, 'host')}, each in a row</summary>${table}</details>`
}

/** What the hosts remember and the site declares no longer, and what became of it. */
function leftovers(run: Run, hosts: readonly HostOutcome[]): Markup | null {
  const found = leftoversOf(run, hosts)
  const alike = grouped(found, ({ leftover: { id, why = '' }, say }) => JSON.stringify([id, say, why]))
  const items = [...alike.values()].flatMap((same) => {
    const [first] = same
    if (!first) return []
    const { leftover, say } = first
    const names = foldHosts(same.map(({ leftover }) => leftover.host)).join(', ')
    return [
      markup`<li><span class="id">${leftover.id}</span> on ${names}: ${say} <span class="soft">${leftover.why ?? ''}</span></li>`,
    ]
  })
  return items.length === 0 ? null : markup`<ul>${items}</ul>`
}

function warnings({ warnings, events, result }: Run): readonly Markup[] {
  const told = events.flatMap(({ event }) => (event.kind === 'warned' ? event.problems : []))
  return problems([...warnings, ...told, ...planWarnings(result.plans)])
}
