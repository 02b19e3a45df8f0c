/** A site on paper: for --list-tasks its plays, hosts and resources, for --list-tags the words that find them. Pure. */
import { padded, width } from '../core/display.ts'
import { type Assignment, tagged } from './assignment.ts'
import type { Play } from './play.ts'
import { hostsText, type Line, table } from './report.ts'
import { wordsOf } from './tags.ts'

/** One line of a list: a resource, its tags, and whether it is only looked at. */
interface Entry {
  readonly id: string
  readonly tags: readonly string[]
  readonly looked: boolean
}

/**
 * The plays in their order, in each the hosts with equal lists together, and for these what is selected in order, with what
 * it stands on.
 */
export function taskLines(site: readonly Play[], assignments: readonly Assignment[]): readonly Line[] {
  return site.flatMap((play): readonly Line[] => {
    const own = play.hosts.flatMap((host) =>
      assignments.filter((one) => one.play === play && one.host.name === host.name),
    )
    const groups = new Map<string, { readonly hosts: string[]; readonly entries: readonly Entry[] }>()
    for (const assignment of own) {
      const entries = entriesOf(assignment, assignments)
      const key = JSON.stringify(entries)
      const hosts = [...(groups.get(key)?.hosts ?? []), assignment.host.name]
      if (entries.length > 0) groups.set(key, { hosts, entries })
    }
    if (groups.size === 0) return []
    return [{ tone: 'head', text: titleOf(play) }, ...[...groups.values()].flatMap(groupLines)]
  })
}

function groupLines({ hosts, entries }: { readonly hosts: readonly string[]; readonly entries: readonly Entry[] }) {
  const columns = Math.min(60, Math.max(...entries.map(({ id }) => width(id))))
  return [
    { tone: 'plain', text: `  ${hostsText(hosts)}` },
    ...entries.map(({ id, tags, looked }): Line => {
      const words = [...tags, ...(looked ? ['(only looked at)'] : [])].join(' ')
      return { tone: looked ? 'faint' : 'plain', text: `    ${words === '' ? id : `${padded(id, columns)}  ${words}`}` }
    }),
  ] satisfies readonly Line[]
}

function titleOf({ name, options, prerequisite }: Play): string {
  const { serial, gate, via, tags = [] } = options
  const notes = [
    ...tags,
    ...(via ? ['in a database'] : []),
    ...(serial === undefined ? [] : [`serial ${[serial].flat().join(', ')}`]),
    ...(gate ? [`until ${gate.name}`] : []),
    ...(prerequisite ? ['only looked at: --limit leaves no host of it'] : []),
  ]
  return notes.length === 0 ? name : `${name} (${notes.join('; ')})`
}

/** What is selected of a list, and what selected things of this or a later list of the host stand on. */
function entriesOf(assignment: Assignment, all: readonly Assignment[]): readonly Entry[] {
  const { play, host, resources, selected } = assignment
  if (selected === undefined) return resources.map(({ id, tags = [] }) => ({ id, tags, looked: false }))
  if (play.prerequisite) return tagged(assignment).map(({ id, tags = [] }) => ({ id, tags, looked: true }))
  const together = all.filter((one) =>
    play.options.via ? one === assignment : one.host.name === host.name && !one.play.options.via,
  )
  const bases = new Set(
    together.flatMap((one) => [...(one.selected ?? [])].flatMap((id) => [...(one.standsOn().get(id) ?? [])])),
  )
  return resources
    .filter(({ id }) => selected.has(id) || bases.has(id))
    .map(({ id, tags = [] }) => ({ id, tags, looked: !selected.has(id) }))
}

/** Every word that --tags knows, what it is, and how much it finds. */
export function tagLines(assignments: readonly Assignment[]): readonly Line[] {
  const found = new Map<string, { readonly plays: Set<string>; readonly hosts: Set<string>; count: number }>()
  for (const { play, host, resources } of assignments) {
    for (const word of resources.flatMap((resource) => wordsOf(play, resource))) {
      const entry = found.get(word) ?? { plays: new Set(), hosts: new Set(), count: 0 }
      entry.plays.add(play.name)
      entry.hosts.add(host.name)
      entry.count++
      found.set(word, entry)
    }
  }
  const rows = [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([word, { plays, hosts, count }]) => [word, String(count), String(hosts.size), [...plays].join(', ')])
  return table([['tag', 'resources', 'hosts', 'in'], ...rows])
}
