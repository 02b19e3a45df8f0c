/** The plan on the page: for each play its resources, hosts for which the same would be done folded. Pure. */
import { count, cut } from '../core/display.ts'
import { grouped } from '../core/grouped.ts'
import { foldHosts } from '../core/host-range.ts'
import type { Action, Change, Plan } from '../core/resource.ts'
import { beyondLines, changedLines } from '../engine/report.ts'
import { type Markup, markup } from './markup.ts'
import type { HostOutcome } from './outcome.ts'

const signs: Readonly<Record<Action, string>> = { keep: '=', create: '+', update: '~', remove: '−', blocked: '!' }
const words: Readonly<Record<Action, string>> = {
  keep: 'keep',
  create: 'create',
  update: 'update',
  remove: 'remove',
  blocked: 'blocked',
}
/** Different changes of one resource that are shown, and characters of one value. */
const mostVariants = 20
const mostCharacters = 400
const mostDifference = 4000

interface Item {
  readonly host: string
  readonly plan: Plan
}

/** All plays in which something differs. */
export const planSection = (hosts: readonly HostOutcome[]): readonly Markup[] =>
  [...grouped(hosts, ({ play }) => play)].flatMap(([play, own]) => {
    const items = own.flatMap(({ host, outcomes }) =>
      outcomes.filter(({ plan }) => plan.action !== 'keep').map(({ plan }): Item => ({ host, plan })),
    )
    if (items.length === 0) return []
    const differing = new Set(items.map(({ host }) => host))
    const as = [...new Set(own.flatMap((host) => host.as ?? []))]
    const byResource = grouped(items, ({ plan }) => plan.id)
    // What is new on one host may be in the way on another.
    const byAction = [...byResource.values()].flatMap((all) => [...grouped(all, ({ plan }) => plan.action).values()])
    return [
      markup`<details class="plan" open><summary><strong>${play}</strong>: ${count(byResource.size, 'resource')} on ${count(differing.size, 'host')}</summary>
${as.map((one) => markup`<p class="soft">${one}</p>`)}
${byAction.map((all) => resourceItem(all, differing.size))}</details>
`,
    ]
  })

/** One resource where the same action is to be taken: how that changes it may differ. */
function resourceItem(items: readonly Item[], of: number): Markup {
  const variants = [
    ...grouped(items, ({ plan }) => JSON.stringify([beyondLines(plan), changedLines(plan), plan.problems])),
  ]
  const { id = '', action = 'keep' } = items[0]?.plan ?? {}
  const where = items.length < of ? markup` <span class="soft">${hostsText(items)}</span>` : null
  const head = markup`<span class="${action === 'blocked' ? 'bad' : 'change'}">${signs[action]} <span class="id">${id}</span></span> <span class="soft">${words[action]}</span>${where}`
  const shown = variants.slice(0, mostVariants)
  const left = variants.length - shown.length
  return markup`<details><summary>${head}</summary>${shown.map(([, own]) => variant(own, variants.length > 1))}${
    left > 0 ? markup`<p class="soft">and ${left} more that differ from these: see report.json</p>` : null
  }</details>
`
}

function variant(items: readonly Item[], named: boolean): Markup {
  const plan = items[0]?.plan
  const changes = (plan ? beyondLines(plan) : []).map((change) => markup`<li>${changeText(change)}</li>`)
  const problems = plan?.problems.map(({ what, remedy }) => markup`<li class="bad">${what}; ${remedy}</li>`) ?? []
  const lines = plan?.detail ?? []
  const diff =
    lines.length === 0
      ? null
      : markup`<pre tabindex="0" aria-label="difference">${cut(lines.join('\n'), mostDifference)}</pre>`
  const steps = plan?.steps.map(({ say }) => markup`<li class="soft">${say}</li>`) ?? []
  return markup`${named ? markup`<p>${hostsText(items)}</p>` : null}<ul>${changes}${problems}${steps}</ul>${diff}`
}

const hostsText = (items: readonly Item[]): string => foldHosts(items.map(({ host }) => host)).join(', ')

const changeText = ({ key, from, to }: Change): Markup =>
  markup`${key}: ${from === null ? null : markup`<code>${cut(from, mostCharacters)}</code> → `}${
    to === null ? 'removed' : markup`<code>${cut(to, mostCharacters)}</code>`
  }`
