/** A run of a procedure as a page: its actions in their order, what was found, and what became of each. Pure. */
import { span } from '../core/display.ts'
import { procedureLine, stateWords } from '../engine/procedure-report.ts'
import type { ActionResult } from '../engine/world.ts'
import { chart } from './chart.ts'
import { type Markup, markup } from './markup.ts'
import { failures, problems } from './page-failures.ts'
import { frame, looks, nonEmpty, section } from './page-frame.ts'
import { slowestSteps } from './page-time.ts'
import { stateOfAction } from './procedure-outcome.ts'
import type { ProcedureRun } from './run.ts'
import { timelineOf } from './timeline.ts'

/** The text of the file. */
export function procedurePage(run: ProcedureRun): string {
  const { result, check, seconds, events } = run
  const timeline = timelineOf(run)
  const told = events.flatMap(({ event }) => (event.kind === 'warned' ? event.problems : []))
  const well = result.failures.length === 0 && !result.interrupted && !check
  return frame(run, procedureLine(result, { check, seconds, stopped: run.stopped === true }), [
    section('failures', 'Failures', failures(run)),
    section('actions', check ? 'What would be done' : 'Actions', actions(run)),
    section('notes', 'Notes', well ? nonEmpty(result.notes.map((note) => markup`<p class="text">${note}</p>`)) : null),
    section('time', 'Time line', chart(timeline)),
    section('slowest', 'Slowest steps', slowestSteps(timeline)),
    section('warnings', 'Warnings', nonEmpty(problems([...run.warnings, ...told]))),
  ])
}

function actions({ result, check }: ProcedureRun): Markup | null {
  if (result.actions.length === 0) return null
  const row = (one: ActionResult): Markup => {
    const [sign, tone] = looks[stateOfAction(one, check)]
    const time = check ? null : markup`<td class="n">${one.seconds > 0 ? span(one.seconds, true) : ''}</td>`
    return markup`<tr><th scope="row">${one.action}</th><td>${one.host ?? '-'}</td><td><span class="state ${tone}">${sign} ${stateWords[one.state]}</span></td><td>${one.say}</td>${time}</tr>
`
  }
  const titles = ['action', 'host', 'state', 'found'].map((title) => markup`<th scope="col">${title}</th>`)
  return markup`<div class="scroll" role="region" tabindex="0" aria-label="What became of each action"><table><thead><tr>${titles}${check ? null : markup`<th scope="col" class="n">took</th>`}</tr></thead><tbody>
${result.actions.map(row)}</tbody></table></div>`
}
