/**
 * A run as one HTML page that needs nothing else: no script, no network, readable in ten years. What hosts say is text in
 * it, whatever it holds. Pure.
 */
import { createHash } from 'node:crypto'
import { count, cut, span } from '../core/display.ts'
import type { Problem } from '../core/error.ts'
import { grouped } from '../core/grouped.ts'
import { foldHosts } from '../core/host-range.ts'
import { type Tone, unfinishedLines } from '../engine/report.ts'
import type { FailedStep, Failure } from '../engine/world.ts'
import { version } from '../version.ts'
import { chart } from './chart.ts'
import { Markup, markup } from './markup.ts'
import { type HostOutcome, outcomesOf, type State, stateOf, worst } from './outcome.ts'
import { planSection } from './page-plan.ts'
import { style } from './page-style.ts'
import { outcomeLine } from './recap.ts'
import type { Run } from './run.ts'
import { slowest, type Timeline, timelineOf, workOf } from './timeline.ts'

/** A state as a word, a sign and a colour: never by colour alone. */
const looks: Readonly<Record<State, readonly [sign: string, tone: Tone]>> = {
  kept: ['✓', 'good'],
  changed: ['●', 'good'],
  differs: ['~', 'change'],
  skipped: ['○', 'faint'],
  blocked: ['!', 'bad'],
  failed: ['✗', 'bad'],
  unreachable: ['?', 'bad'],
}
/** Rows that are shown without being asked for: the picture above has every host already. */
const mostRows = 30
/** Characters of somebody else's text that are shown; all of it is in report.json. */
const most = 4000

/** The text of the file. */
export function page(run: Run): string {
  const timeline = timelineOf(run)
  const hosts = outcomesOf(run, timeline)
  const { text, tone } = outcomeLine(run)
  const sections = [
    section('failures', 'Failures', failures(run)),
    section('unfinished', 'Interrupted', unfinished(run)),
    section('cluster', 'Hosts by play', cluster(hosts, timeline)),
    section('hosts', 'Results', results(run, hosts, timeline)),
    section('time', 'Time line', chart(timeline)),
    section('slowest', 'Slowest steps', slowestSteps(timeline)),
    section('plan', run.check ? 'What differs' : 'Plan', nonEmpty(planSection(hosts))),
    section('leftovers', 'No longer declared', leftovers(run)),
    section('warnings', 'Warnings', nonEmpty(warnings(run))),
  ].filter((one) => one !== null)
  const [sign] = looks[tone === 'bad' ? 'failed' : tone === 'change' ? 'differs' : 'kept']
  const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'`
  return markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(policy)}">
<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">
<title>${sign} ${run.playbook}${run.check ? ' --check' : ''}</title><style>${new Markup(style)}</style></head>
<body><header>
<h1 class="banner ${tone}">${sign} ${text}</h1>
<p class="soft">${run.playbook}${run.check ? ' --check' : ''} · began ${new Markup(`<time datetime="${run.started}">${run.started.replace('T', ' ').slice(0, 19)} UTC</time>`)} · took ${span(run.seconds, true)} · exit code ${run.code} · run ${run.id} · Plinth ${version}</p>
${run.code === 0 ? null : markup`<p>${run.check && run.result.failures.length === 0 ? 'Apply' : 'Go on'} with: <code>${run.next}</code></p>`}
<nav aria-label="Sections">${sections.map(({ id, title }) => markup`<a href="#${id}">${title}</a> `)}</nav></header>
<main>${sections.map(({ body }) => body)}</main></body></html>
`.text
}

interface Section {
  readonly id: string
  readonly title: string
  readonly body: Markup
}

const section = (id: string, title: string, body: Markup | null): Section | null =>
  body && {
    id,
    title,
    body: markup`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>\n${body}</section>\n`,
  }

const nonEmpty = (parts: readonly Markup[]): Markup | null => (parts.length === 0 ? null : markup`${parts}`)

const stateText = (state: State): Markup => {
  const [sign, tone] = looks[state]
  return markup`<span class="state ${tone}">${sign} ${state}</span>`
}

/** Failures that are the same but for the host are told once. */
function failures({ result, next }: Run): Markup | null {
  const same = ({ host, play, kind, problems, step, done, undone }: Failure): string =>
    JSON.stringify([play, kind, problems, step, done, undone]).replaceAll(host, '')
  return nonEmpty(
    [...grouped(result.failures, same).values()].map((group) => {
      const [first] = group
      if (!first) return new Markup('')
      const names = foldHosts(group.map(({ host }) => host)).join(', ')
      const others =
        group.length > 1
          ? markup`<p class="soft">As told by ${first.host}; the others failed in the same way.</p>`
          : null
      return markup`<details class="failure" open><summary><strong>${names}</strong>: ${stateText(first.kind)} in ${first.play}</summary><div>${others}
${first.problems.map((one) => problem(first.step ? { ...one, what: firstLine(one.what) } : one))}
<dl>${first.step ? stepRows(first.step) : null}
${row('done', first.done)}${row('not done', first.undone)}<dt>go on with</dt><dd><code>${next}</code></dd></dl></div></details>
`
    }),
  )
}

const problem = ({ where, what, remedy }: Problem): Markup =>
  markup`<p><strong>${where}</strong>: <span class="text">${cut(what, most)}</span>; ${remedy}</p>`

/** What a step said is shown below, and not twice. */
const firstLine = (text: string): string => (text.split('\n')[0] ?? '').replace(/:$/, '')

/** What was done, or not; a long list on demand. */
function row(name: string, steps: readonly string[]): Markup | null {
  const [first, ...more] = steps
  if (first === undefined) return null
  const list = markup`<ul>${steps.map((step) => markup`<li>${cut(step, most)}</li>`)}</ul>`
  const text =
    more.length === 0 ? first : markup`<details><summary>${count(steps.length, 'step')}</summary>${list}</details>`
  return markup`<dt>${name}</dt><dd>${text}</dd>`
}

const stepRows = ({ id, say, run, code, stderr }: FailedStep): Markup =>
  markup`<dt>resource</dt><dd class="id">${id}</dd><dt>step</dt><dd>${say}</dd><dt>exit code</dt><dd>${code ?? 'unknown: nobody saw it end'}</dd><dt>command</dt><dd><pre tabindex="0" aria-label="command">${run}</pre></dd>${
    stderr === ''
      ? null
      : markup`<dt>stderr</dt><dd><pre tabindex="0" aria-label="stderr">${cut(stderr, most)}</pre></dd>`
  }`

/** What an interrupt left. */
const unfinished = ({ result }: Run): Markup | null =>
  nonEmpty(unfinishedLines(result.unfinished).map(({ text }) => markup`<p class="text">${text}</p>`))

/** Every play with its hosts and what has become of them, and what its gate had to say. */
const cluster = (hosts: readonly HostOutcome[], { waits }: Timeline): Markup | null =>
  nonEmpty(
    [...grouped(hosts, ({ play }) => play)].map(([play, own]) => {
      const gates = [
        ...grouped(
          waits.filter((wait) => wait.play === play),
          ({ gate }) => gate,
        ),
      ]
      return markup`<div class="cluster"><h3>${play}</h3><ul class="hosts">${own.map((host) => {
        const state = stateOf(host)
        const [sign, tone] = looks[state]
        return markup`<li class="${tone}">${sign} ${host.host} <span class="soft">${state}</span></li>`
      })}</ul>${gates.map(([gate, all]) => {
        const last = all.at(-1)
        return last?.opened
          ? markup`<p class="good">✓ ${gate}: ${foldHosts(last.well).join(', ')}</p>`
          : markup`<p class="bad">✗ ${gate}: waited in vain for ${foldHosts(last?.hosts ?? []).join(', ')}</p>`
      })}</div>
`
    }),
  )

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

function slowestSteps(timeline: Timeline): Markup | null {
  const rows = slowest(timeline, 10).map(
    ({ host, say, from, to }) =>
      markup`<tr><td class="n">${span(to - from, true)}</td><th scope="row">${host}</th><td>${say}</td></tr>`,
  )
  return rows.length === 0
    ? null
    : markup`<table><thead><tr><th scope="col" class="n">time</th><th scope="col">host</th><th scope="col">step</th></tr></thead><tbody>${rows}</tbody></table>`
}

/** What the hosts remember and the site declares no longer. */
const leftovers = ({ result }: Run): Markup | null =>
  result.leftovers.length === 0
    ? null
    : markup`<ul>${[
        ...grouped(result.leftovers, ({ id, fate, why = '' }) => JSON.stringify([id, fate, why])).values(),
      ].map(
        (same) =>
          markup`<li><span class="id">${same[0]?.id ?? ''}</span> on ${foldHosts(same.map(({ host }) => host)).join(', ')}: ${same[0]?.fate ?? ''} <span class="soft">${same[0]?.why ?? ''}</span></li>`,
      )}</ul>`

/** What stops nothing, each once. */
function warnings({ warnings, events, result }: Run): readonly Markup[] {
  const told = events.flatMap(({ event }) => (event.kind === 'warned' ? event.problems : []))
  const all = [
    ...warnings,
    ...told,
    ...result.plans.flatMap(({ plans }) => plans.flatMap(({ warnings = [] }) => warnings)),
  ]
  return [...grouped(all, ({ where, what }) => `${where}\n${what}`).values()].flatMap(([first]) =>
    first ? [problem(first)] : [],
  )
}
