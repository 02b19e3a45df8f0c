/**
 * What is known of a run that a second interrupt ends at once: put together from what was told until then, for nobody waits
 * for the engine any more. A step that was under way is of unknown outcome. Pure.
 */
import { grouped } from '../core/grouped.ts'
import { asItIs, type Mask } from '../core/masking.ts'
import type { Deed, Event, Failure, ProcedureResult, Result, Unfinished } from '../engine/world.ts'
import type { Timed } from './run.ts'

/** The steps that were taken: which ended well, and which nobody saw end. */
function stepsOf(events: readonly Event[]): { readonly done: readonly Deed[]; readonly open: readonly Deed[] } {
  const done: Deed[] = []
  const open = new Map<string, Deed>()
  for (const event of events) {
    if (event.kind === 'step') open.set(event.host, event)
    if (event.kind !== 'done') continue
    open.delete(event.host)
    if (event.ok) done.push(event)
  }
  return { done, open: [...open.values()] }
}

/** A step under way as a failure: nothing else says of it that it is neither done nor not. */
const openFailure = (
  { host, play, id, step }: Deed,
  { done, undone }: Pick<Unfinished, 'done' | 'undone'>,
  mask: Mask,
): Failure => ({
  host,
  play,
  kind: 'failed',
  problems: [
    {
      where: host,
      what: `"${step.say}" was under way when the run was stopped, so its outcome is unknown`,
      remedy: 'it ends there by itself, as a whole or not at all; then run again: what is done is kept',
    },
  ],
  step: { id, say: step.say, run: mask(step.run), code: null, stderr: '' },
  done,
  undone,
})

/** The result of a run over a site. */
export function stoppedSite(told: readonly Timed[], check: boolean, mask: Mask = asItIs): Result {
  const events = told.map(({ event }) => event)
  const plans = events.flatMap((event) => (event.kind === 'planned' ? event.plans : []))
  const leftovers = events.flatMap((event) => (event.kind === 'leftovers' ? event.found : []))
  const failed = events.flatMap((event) => (event.kind === 'failed' ? [event.failure] : []))
  const { done, open } = stepsOf(events)
  const key = ({ host, play }: { readonly host: string; readonly play: string }): string => JSON.stringify([host, play])
  const doneBy = grouped(done, key)
  const own = plans.filter(({ prerequisite }) => !prerequisite)
  const places = new Map(own.map((plan) => [key(plan), plan.place]))
  const said = (place: string | undefined, id: string, say: string): string => JSON.stringify([place, id, say])
  // What was done for another host of the machine, or is under way there, is so for all.
  const over = new Set([...done, ...open].map((deed) => said(places.get(key(deed)), deed.id, deed.step.say)))
  const parts = new Map(
    own.map((plan) => {
      const finished = (doneBy.get(key(plan)) ?? []).map(({ step }) => step.say)
      const undone = plan.plans.flatMap(({ id, steps }) =>
        steps.flatMap(({ say }) => (over.has(said(plan.place, id, say)) ? [] : [say])),
      )
      return [key(plan), { host: plan.host, play: plan.play, done: finished, undone }]
    }),
  )
  const nothing = { done: [], undone: [] }
  const failures = [...failed, ...open.map((deed) => openFailure(deed, parts.get(key(deed)) ?? nothing, mask))]
  const grief = new Map(failures.map(({ host, kind }) => [host, kind]))
  const names = new Set([...own.map(({ host }) => host), ...grief.keys()])
  const changed = grouped(done, ({ host }) => host)
  const keeps = grouped(own, ({ host }) => host)
  return {
    hosts: [...names].map((host) => ({
      host,
      kept: (keeps.get(host) ?? []).flatMap(({ plans }) => plans.filter(({ action }) => action === 'keep')).length,
      changed: new Set((changed.get(host) ?? []).map(({ id }) => id)).size,
      state: grief.get(host) ?? 'ok',
    })),
    plans,
    failures,
    leftovers,
    refused: new Map(),
    interrupted: true,
    unfinished: check ? [] : [...parts.values()].filter(({ host, undone }) => undone.length > 0 && !grief.has(host)),
  }
}

/** The result of a procedure of this name. */
export function stoppedProcedure(procedure: string, told: readonly Timed[], mask: Mask = asItIs): ProcedureResult {
  const events = told.map(({ event }) => event)
  const looked = events.flatMap((event) => (event.kind === 'looked' ? event.actions : []))
  const acted = new Map(
    events.flatMap((event) => (event.kind === 'acted' ? [[event.action.action, event.action]] : [])),
  )
  const failed = events.flatMap((event) => (event.kind === 'failed' ? [event.failure] : []))
  const { done, open } = stepsOf(events)
  // What an action that was begun is like: its steps are done, and it is waited for.
  const begun = new Map(done.map(({ id, step }) => [id, `${step.say}: done`]))
  const at = new Set<string>()
  for (const event of events) {
    if (event.kind === 'play') at.add(event.play)
    if (event.kind === 'awaiting' && at.has(event.action)) begun.set(event.action, event.found)
  }
  const names = looked.map(({ action }) => action)
  const failures = [
    ...failed,
    ...open.map((deed) =>
      openFailure(
        { ...deed, play: deed.id },
        { done: [...acted.keys()], undone: names.slice(names.indexOf(deed.id) + 1) },
        mask,
      ),
    ),
  ]
  const grief = new Map(failures.map((failure) => [failure.play, failure]))
  return {
    procedure,
    actions: looked.map((action) => {
      const failure = grief.get(action.action)
      const found = begun.get(action.action)
      if (!failure)
        return acted.get(action.action) ?? (found === undefined ? action : { ...action, say: `begun; ${found}` })
      return { ...action, state: failure.kind, say: (failure.problems[0]?.what ?? '').replace(/:?\n[\s\S]*/, '') }
    }),
    failures,
    interrupted: true,
    notes: [],
  }
}
