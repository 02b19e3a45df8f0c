/** What went wrong, on the page: each failure with all that is known of it, equal ones told once. Pure. */
import { count, cut } from '../core/display.ts'
import type { Problem } from '../core/error.ts'
import { grouped } from '../core/grouped.ts'
import { foldHosts } from '../core/host-range.ts'
import type { FailedStep, Failure } from '../engine/world.ts'
import { keptCommand } from './kept-command.ts'
import { Markup, markup } from './markup.ts'
import { nonEmpty, stateText } from './page-frame.ts'
import { type Ended, isProcedure } from './run.ts'

/** Characters of somebody else's text that are shown; all of it is in report.json. */
const most = 4000

/** Failures that are the same but for the host are told once. */
export function failures(run: Ended): Markup | null {
  const { result } = run
  const next = keptCommand(run.next)
  const about = isProcedure(run) ? 'action' : 'resource'
  return nonEmpty(
    [...grouped(result.failures, withoutHost).values()].map((group) => {
      const [first] = group
      if (!first) return new Markup('')
      const names = foldHosts(group.map(({ host }) => host)).join(', ')
      const others =
        group.length > 1
          ? markup`<p class="soft">As told by ${first.host}; the others failed in the same way.</p>`
          : null
      return markup`<details class="failure" open><summary><strong>${names}</strong>: ${stateText(first.kind)} in ${first.play}</summary><div>${others}
${first.problems.map((one, index) => problem(first.step && index === 0 ? { ...one, what: firstLine(one.what) } : one))}
<dl>${first.step ? stepRows(first.step, about) : null}
${row('done', first.done)}${row('not done', first.undone)}<dt>go on with</dt><dd><code>${next}</code></dd></dl></div></details>
`
    }),
  )
}

/** All of a failure but the name of its host, where that stands as a word of its own: `1` is no part of `11`. */
function withoutHost({ host, play, kind, problems, step, done, undone }: Failure): string {
  const name = new RegExp(`(?<![\\w.-])${host.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}(?![\\w-]|\\.\\w)`, 'g')
  const text = (_key: string, value: unknown) => (typeof value === 'string' ? value.replace(name, '\0') : value)
  return JSON.stringify([play, kind, problems, step, done, undone], text)
}

const problem = ({ where, what, remedy }: Problem): Markup =>
  markup`<p><strong>${where}</strong>: <span class="text">${cut(what, most)}</span>; ${remedy}</p>`

/** What a step said (of the first problem) is shown below, and not twice. */
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

const stepRows = ({ id, say, run, code, stderr }: FailedStep, about: string): Markup =>
  markup`<dt>${about}</dt><dd class="id">${id}</dd><dt>step</dt><dd>${say}</dd><dt>exit code</dt><dd>${code ?? 'unknown: nobody saw it end'}</dd><dt>command</dt><dd><pre tabindex="0" aria-label="command">${run}</pre></dd>${
    stderr === ''
      ? null
      : markup`<dt>stderr</dt><dd><pre tabindex="0" aria-label="stderr">${cut(stderr, most)}</pre></dd>`
  }`

/** Problems that stop nothing, each once. */
export const problems = (all: readonly Problem[]): readonly Markup[] =>
  [...grouped(all, ({ where, what }) => `${where}\n${what}`).values()].flatMap(([first]) =>
    first ? [problem(first)] : [],
  )
