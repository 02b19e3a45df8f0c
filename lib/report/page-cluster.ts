/** Every play with its hosts and what has become of them, what its gate had to say, and the cluster as it saw it last. Pure. */
import { count } from '../core/display.ts'
import { grouped } from '../core/grouped.ts'
import { foldHosts } from '../core/host-range.ts'
import type { Member, Topology } from '../core/topology.ts'
import { type Markup, markup } from './markup.ts'
import { type HostOutcome, stateOf } from './outcome.ts'
import { looks, nonEmpty } from './page-frame.ts'
import type { Run } from './run.ts'
import type { Timeline } from './timeline.ts'

/** The section; null where there was no play. */
export function cluster({ events }: Run, hosts: readonly HostOutcome[], { waits }: Timeline): Markup | null {
  const seen = new Map<string, Topology>()
  for (const { event } of events) if (event.kind === 'topology') seen.set(event.play, event.topology)
  return nonEmpty(
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
      })}${picture(seen.get(play))}</div>
`
    }),
  )
}

/** Members that are shown without being asked for. */
const mostMembers = 30

/** The members as the gate saw them last, each a card. */
function picture(topology: Topology | undefined): Markup | null {
  if (!topology || topology.members.length === 0) return null
  const { members } = topology
  const cards = markup`<ul class="members">${members.map(card)}</ul>`
  const well = members.filter((member) => member.well).length
  const title = `${count(members.length, 'member')}, ${well === members.length ? 'all' : well} well, as the gate saw them last`
  return members.length <= mostMembers
    ? markup`<p class="soft">${title}</p>${cards}`
    : markup`<details><summary>${title}</summary>${cards}</details>`
}

function card({ host, address, version, state, well, leads, seen }: Member): Markup {
  const [sign, tone] = well ? ['✓', 'good'] : ['✗', 'bad']
  const strange = host === null ? ', not in the inventory' : ''
  const of = [...(host === null ? [] : [address]), ...(version === '' ? [] : [version])].join(' · ')
  const by = [...grouped(seen, (one) => one.state)].map(
    ([said, those]) => markup`<dd>${said} by ${foldHosts(those.map((one) => one.by)).join(', ')}</dd>`,
  )
  return markup`<li class="${well ? 'up' : 'down'}"><p><strong>${host ?? address}</strong> <span class="${tone}">${sign} ${state}${strange}</span></p>
<p class="soft">${of}</p>
<dl>${leads.length === 0 ? null : markup`<dt>leads</dt>${leads.map((group) => markup`<dd>★&nbsp;${breakable(group)}</dd>`)}`}<dt>seen</dt>${seen.length === 0 ? markup`<dd>by nobody</dd>` : by}</dl></li>
`
}

/** A name that may go on in the next line after each of its underscores, and only there as long as its parts fit. */
const breakable = (name: string): readonly Markup[] =>
  name.split('_').map((part, i) => (i === 0 ? markup`${part}` : markup`_<wbr>${part}`))
