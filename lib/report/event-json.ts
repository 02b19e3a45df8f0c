/** What happens in a run as JSON, and the pieces that the documents are made of too. docs/report.md describes them. Pure. */
import type { Problem } from '../core/error.ts'
import type { Member } from '../core/topology.ts'
import type { ActionResult, Event, Failure, HostPlan, Leftover } from '../engine/world.ts'
import type { Timed } from './run.ts'

/** Changes when something in it means something else, or goes; not when something is added. */
export const format = 2

export type Json = { readonly [key: string]: unknown }

export const planJson = ({
  id,
  action,
  changes,
  detail = [],
  steps,
  problems,
  warnings = [],
}: HostPlan['plans'][number]): Json => ({
  id,
  action,
  changes: changes.map(({ key, from, to }) => ({ key, from, to })),
  ...(detail.length > 0 && { detail }),
  steps: steps.map(({ say }) => say),
  problems: problems.map(problem),
  warnings: warnings.map(problem),
})

export const leftover = ({ host, id, fate, why }: Leftover): Json => ({
  host,
  resource: id,
  fate,
  ...(why !== undefined && { why }),
})

export const problem = ({ where, what, remedy }: Problem): Json => ({ where, what, remedy })

const member = ({ host, address, version, state, well, leads, seen }: Member): Json => ({
  host,
  address,
  version,
  state,
  well,
  leads,
  seen: seen.map(({ by, state }) => ({ by, state })),
})

export const failed = ({ host, play, kind, problems, step, done, undone }: Failure): Json => ({
  host,
  play,
  kind,
  problems: problems.map(problem),
  ...(step && {
    step: { resource: step.id, say: step.say, command: step.run, exitCode: step.code, stderr: step.stderr },
  }),
  done,
  undone,
})

export const action = ({ action, host, state, say, seconds }: ActionResult): Json => ({
  action,
  host,
  state,
  say,
  seconds: rounded(seconds),
})

/** Something that was told, as it is in the document. */
export const eventJson = ({ at, event }: Timed): Json => ({ at: rounded(at), event: event.kind, ...detailOf(event) })

function detailOf(event: Event): Json {
  switch (event.kind) {
    case 'connecting':
      return { machines: event.machines }
    case 'planned': {
      const differing = event.plans.map(({ plans }) => plans.filter(({ action }) => action !== 'keep').length)
      return { resources: differing.reduce((a, b) => a + b, 0), hosts: differing.filter((number) => number > 0).length }
    }
    case 'play':
      return { play: event.play, hosts: event.hosts }
    case 'preparing':
      return { play: event.play }
    case 'step':
      return { play: event.play, host: event.host, resource: event.id, say: event.step.say }
    case 'sent':
      return { play: event.play, host: event.host, resource: event.id, sent: event.sent, of: event.of }
    case 'done': {
      const { play, host, id, step, ok, seconds } = event
      return { play, host, resource: id, say: step.say, ok, seconds: rounded(seconds) }
    }
    case 'waiting': {
      const { play, gate, seconds, missing } = event
      const waited = missing.map(({ host, what }) => ({ host, what }))
      return { play, gate, seconds: rounded(seconds), missing: waited }
    }
    case 'passed': {
      const { play, gate, seconds, expected } = event
      return { play, gate, seconds: rounded(seconds), expected }
    }
    case 'topology': {
      const { play, gate, topology } = event
      return { play, gate, members: topology.members.map(member) }
    }
    case 'failed':
      return { failure: failed(event.failure) }
    case 'leftovers':
      return { prune: event.prune, found: event.found.map(leftover) }
    case 'looked':
      return { procedure: event.procedure, actions: event.actions.map(action) }
    case 'awaiting': {
      const { action, found, seconds } = event
      return { action, found, seconds: rounded(seconds) }
    }
    case 'acted':
      return action(event.action)
    case 'refused':
    case 'warned':
      return { problems: event.problems.map(problem) }
  }
}

/** Milliseconds are enough. */
export const rounded = (seconds: number): number => Math.round(seconds * 1000) / 1000
