/** In what a plan that was saved and the plan of now differ, and what of it matters. Pure. */
import type { Problem } from '../core/error.ts'
import type { SavedHost, SavedItem, SavedMachine, SavedPlay } from '../core/saved-plan.ts'
import { factChanges, type SealedHost, type SealedItem } from './sealing.ts'

/** Something that is not as it was when the plan was made. `id` is empty where it is the host, or the play, as a whole. */
export interface Deviation {
  readonly host: string
  readonly play: string
  readonly id: string
  readonly what: string
  readonly remedy: string
}

const planAnew = 'make a new plan'
const restore = 'put inventory and playbook back as they were, or make a new plan'

/** What a host's comparison has to know of its machine. */
export interface Progress {
  /** The ids that are changed on the machine already, as planned: by this run, or by one before it. */
  readonly touched: ReadonlySet<string>
}

/** The ids that were to be changed and are as they should be. */
export function doneOf(saved: SavedHost, now: SealedHost): readonly string[] {
  const right = new Set(now.items.flatMap(({ id, action }) => (action === 'keep' ? [id] : [])))
  return saved.items.map(({ id }) => id).filter((id) => right.has(id))
}

/** Why a host can't be brought to what was planned for it by what was planned. Blocked resources are for others to tell of. */
export function deviations(
  saved: SavedHost,
  now: SealedHost,
  play: string,
  { touched }: Progress,
): readonly Deviation[] {
  const { host } = now
  const planned = new Map(saved.items.map((item) => [item.id, item]))
  const here = new Set(now.items.map(({ id }) => id))
  const deviation = (id: string, what: string, remedy: string): Deviation => ({ host, play, id, what, remedy })
  // Under the lock only what is still to be removed is looked at.
  const gone = [...planned.keys(), ...Object.keys(saved.kept)]
    .filter((id) => !here.has(id) && !(now.removal && touched.has(id)))
    .map((id) =>
      now.removal
        ? deviation(id, 'it was to be removed, and would be left now', 'see what stands in the way, or make a new plan')
        : deviation(id, 'it is in the plan and no longer declared', restore),
    )
  const others = now.items.flatMap((item): readonly Deviation[] => {
    const { id, action, declared } = item
    const before = planned.get(id)
    const expected = before?.declared ?? (Object.hasOwn(saved.kept, id) ? saved.kept[id] : undefined)
    if (expected === undefined && now.removal)
      return [deviation(id, 'it would be removed, which is not in the plan', planAnew)]
    if (expected === undefined) return [deviation(id, 'it is declared and not in the plan', restore)]
    if (expected !== declared) return [deviation(id, 'it is declared otherwise since the plan was made', restore)]
    if (action === 'keep' || action === 'blocked') return []
    if (before && !onlyPlanned(item, before) && asFound(item, before))
      return [
        deviation(
          id,
          `what would be done is not what was planned: ${item.steps.map(({ say }) => say).join('; ')}`,
          planAnew,
        ),
      ]
    return before && onlyPlanned(item, before) && mayGoOn(item, before, touched)
      ? []
      : [deviation(id, `the host moved since the plan was made: ${moves(before, item)}`, planAnew)]
  })
  // What is done has no turn any more.
  const order = now.items.filter(({ id, action }) => planned.has(id) && action !== 'keep').map(({ id }) => id)
  const left = new Set(order)
  const expected = [...planned.keys()].filter((id) => left.has(id))
  const turned = gone.length + others.length === 0 && order.join('\n') !== expected.join('\n')
  return [...gone, ...others, ...(turned ? [deviation('', 'what is to be changed has another order', restore)] : [])]
}

/** Whether every step that is left was planned, in that order. */
function onlyPlanned(now: SealedItem, before: SavedItem): boolean {
  const rest = before.steps.values()
  return now.steps.every((step) => {
    for (const planned of rest) if (planned.digest === step.digest) return true
    return false
  })
}

/** Whether each value is as it was found then, or has meanwhile become what it should be. */
function asFound(now: SealedItem, before: SavedItem): boolean {
  const found = now.found ?? {}
  const was = before.found ?? {}
  const open = new Set(now.changes.map(({ key }) => key))
  const planned = new Set(before.changes.map(({ key }) => key))
  return [...new Set([...Object.keys(found), ...Object.keys(was)])].every(
    (key) => found[key] === was[key] || (planned.has(key) && !open.has(key)),
  )
}

/**
 * Whether only the planned can have come in between: nothing did, or something that this item reacts to is changed
 * already, or the machine is under way and has what was not there then (a package brings files of its own).
 */
const mayGoOn = (now: SealedItem, before: SavedItem, touched: ReadonlySet<string>): boolean =>
  asFound(now, before) || now.inputs.some((id) => touched.has(id)) || (before.found === null && touched.size > 0)

/** What moved, as far as it may be shown: `mode was 0644, is 0600`. */
function moves(before: SavedItem | undefined, now: SealedItem): string {
  const was = new Map(before?.changes.map(({ key, from }) => [key, from]))
  const is = new Map(now.changes.map(({ key, from }) => [key, from]))
  if (before && before.found === null && now.found !== null) return 'it was not there, and is now'
  if (now.found === null && before?.found !== null) return 'it was there, and is not any more'
  const differing = [
    ...new Set([...is.keys(), ...was.keys(), ...Object.keys(now.found ?? {}), ...Object.keys(before?.found ?? {})]),
  ].filter((key) => (before ? before.found?.[key] !== now.found?.[key] && (is.has(key) || !was.has(key)) : is.has(key)))
  const words = differing.map((key) => {
    const change = now.changes.find((one) => one.key === key)
    // Not a value of the thing, but something it reacts to.
    if (!before && now.found?.[key] === undefined) return `${key}: ${change?.to ?? 'removed'}`
    // What was not to be changed was right.
    const then = was.has(key) ? was.get(key) : change?.to
    const today = is.get(key)
    return then === undefined || today === undefined || then === today || (then ?? '').includes('***')
      ? `${key} is another`
      : `${key} was ${then ?? 'not there'}, is ${today ?? 'not there'}`
  })
  return words.length > 0 ? words.join(', ') : now.steps.map(({ say }) => say).join('; ')
}

/** What a machine has become another by. Where that is so, all else that differs there only follows from it. */
export function machineDeviation(saved: SavedMachine, now: SavedMachine): Omit<Deviation, 'play'> | undefined {
  const { host } = now
  if (saved.machine !== now.machine)
    return {
      host,
      id: '',
      what: 'another machine than the plan was made for (set up anew, restored, or another one at its address), or reached as another user',
      remedy: 'find out which, then make a new plan',
    }
  const facts = factChanges(saved.facts, now.facts)
  if (facts.length === 0) return undefined
  return { host, id: '', what: `its facts changed since the plan was made: ${facts.join(', ')}`, remedy: planAnew }
}

/** What an outline has of a play: its name, how its hosts are gone through, and who they are. */
interface PlayOutline {
  readonly play: string
  readonly how: string
  readonly hosts: readonly string[]
}

/** The hosts of all plays in one list. */
const flat = (plays: readonly PlayOutline[]) =>
  plays.flatMap(({ play, how, hosts }) =>
    hosts.map((host) => ({ play, how, host, name: JSON.stringify([play, host]) })),
  )

/** Plays and hosts that only one of the two has, plays that are gone through otherwise, and another order of them. */
export function outlineDeviations(saved: readonly SavedPlay[], now: readonly PlayOutline[]): readonly Deviation[] {
  const then = flat(saved.map(({ play, how, hosts }) => ({ play, how, hosts: hosts.map(({ host }) => host) })))
  const today = flat(now)
  const only = (these: typeof then, those: typeof then) => {
    const names = new Set(those.map(({ name }) => name))
    return these.filter(({ name }) => !names.has(name))
  }
  const at = (host: string, play: string, what: string): Deviation => ({ host, play, id: '', what, remedy: restore })
  const missing = [
    ...only(today, then).map(({ host, play }) => at(host, play, `the plan has nothing for it in the play ${play}`)),
    ...only(then, today).map(({ host, play }) =>
      at(host, play, `it is in the plan, and no longer in the play ${play}`),
    ),
  ]
  if (missing.length > 0) return missing
  const hows = new Map(then.map(({ name, how }) => [name, how]))
  const otherwise = today.filter(({ name, how }) => hows.get(name) !== how)
  if (otherwise.length > 0)
    return otherwise.map(({ host, play }) =>
      at(host, play, `the play ${play} goes through its hosts otherwise since the plan was made`),
    )
  const turned = today.filter(({ name }, index) => then[index]?.name !== name).slice(0, 1)
  return turned.map(({ host, play }) => at(host, play, 'the plays, or their hosts, have another order'))
}

const shownHosts = 5

/** One problem for each thing that deviates, with the hosts it does so on. */
export function folded(found: readonly Deviation[]): readonly Problem[] {
  const groups = new Map<string, { readonly first: Deviation; readonly hosts: Set<string> }>()
  for (const deviation of found) {
    const key = JSON.stringify([deviation.id, deviation.what, deviation.remedy])
    const group = groups.get(key) ?? { first: deviation, hosts: new Set() }
    groups.set(key, group)
    group.hosts.add(deviation.host)
  }
  return [...groups.values()].map(({ first: { id, what, remedy }, hosts }) => {
    const more = hosts.size > shownHosts + 1 ? ` and ${hosts.size - shownHosts} more hosts` : ''
    const names = [...hosts].slice(0, more ? shownHosts : undefined).join(', ')
    return { where: `${names}${more}${id && ` ${id}`}`, what, remedy }
  })
}

/** A deviation as a problem of its one host. */
export const problemOf = ({ host, id, what, remedy }: Deviation): Problem => ({
  where: `${host}${id && ` ${id}`}`,
  what,
  remedy,
})
