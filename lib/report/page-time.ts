/** The steps that took longest, on the page. Pure. */
import { span } from '../core/display.ts'
import { type Markup, markup } from './markup.ts'
import { slowest, type Timeline } from './timeline.ts'

export function slowestSteps(timeline: Timeline): Markup | null {
  const rows = slowest(timeline, 10).map(
    ({ host, say, from, to }) =>
      markup`<tr><td class="n">${span(to - from, true)}</td><th scope="row">${host}</th><td>${say}</td></tr>`,
  )
  return rows.length === 0
    ? null
    : markup`<table><thead><tr><th scope="col" class="n">time</th><th scope="col">host</th><th scope="col">step</th></tr></thead><tbody>${rows}</tbody></table>`
}
