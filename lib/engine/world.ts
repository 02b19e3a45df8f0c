/** The effects the engine needs, so that it runs the same over real hosts and over canned ones. */
import type { Channel, Database, DatabaseLogin, HttpRequest, HttpResponse, MachineChannel } from '../core/channel.ts'
import type { Problem } from '../core/error.ts'
import type { Facts } from '../core/facts.ts'
import type { Plan, Step } from '../core/resource.ts'
import type { SavedPlan } from '../core/saved-plan.ts'
import type { Topology } from '../core/topology.ts'
import type { Machine, Missing } from './play.ts'

export interface World {
  open(machine: Machine): Promise<MachineChannel>
  /** No machine is needed any more: what they share, as jump hosts, is left. */
  close?(): Promise<void>
  /** A login to a database through a machine's connection. */
  database(channel: MachineChannel, login: DatabaseLogin): Promise<Database>
  /** The same as a channel that resources are asked and told through. */
  databaseChannel(channel: MachineChannel, login: DatabaseLogin): Promise<Channel>
  http(channel: MachineChannel, request: HttpRequest): Promise<HttpResponse>
  /** Facts of an earlier run; null on first contact. */
  cachedFacts(machine: Machine): Facts | null
  cacheFacts(machine: Machine, facts: Facts): void
  /** Seconds since some fixed point. */
  now(): number
  sleep(seconds: number): Promise<void>
}

/** What a person answers; `all` is yes to this and to everything after it. Whoever asks aborts the run for `quit`. */
export type Consent = 'yes' | 'no' | 'all' | 'quit'

/** One step of one resource's plan, where it is taken. */
export interface Deed {
  readonly host: string
  readonly play: string
  /** The resource's id. */
  readonly id: string
  readonly step: Step
}

/** What a step that failed had to say. */
export interface FailedStep {
  readonly id: string
  readonly say: string
  /** The command as it was run; holds no secret. */
  readonly run: string
  /** Of a long one what matters, where the step says so. */
  readonly command?: string
  /** Null when its outcome is unknown. */
  readonly code: number | null
  /** The last lines of its stderr. */
  readonly stderr: string
}

/** Something that a machine remembers this site declared there, and that it declares no longer. */
export interface Leftover {
  /** The host it was declared for. */
  readonly host: string
  readonly id: string
  /** The machine's key. */
  readonly machine: string
  /** What --prune does with it: removes it, can't because of something in the way, or leaves it to a person. */
  readonly fate: 'removed' | 'blocked' | 'by hand'
  readonly why?: string
}

/** Everything the engine has to tell while it works. A reporter turns it into a screen, a document or nothing. */
export type Event =
  | { readonly kind: 'connecting'; readonly machines: number }
  | { readonly kind: 'planned'; readonly plans: readonly HostPlan[] }
  /** What is no longer declared, and whether this run removes it. */
  | { readonly kind: 'leftovers'; readonly found: readonly Leftover[]; readonly prune: boolean }
  /** All actions of a procedure have been looked at. */
  | { readonly kind: 'looked'; readonly procedure: string; readonly actions: readonly ActionResult[] }
  /** An action was carried out, and what it is for is not seen yet; or what keeps it from being begun may pass. */
  | { readonly kind: 'awaiting'; readonly action: string; readonly found: string; readonly seconds: number }
  /** An action was carried out, and seen to be done. */
  | { readonly kind: 'acted'; readonly action: ActionResult }
  | { readonly kind: 'play'; readonly play: string; readonly hosts: readonly string[] }
  | { readonly kind: 'preparing'; readonly play: string }
  | ({ readonly kind: 'step' } & Deed)
  /** How far an upload is, in bytes. */
  | ({ readonly kind: 'sent'; readonly sent: number; readonly of: number } & Deed)
  | ({
      readonly kind: 'done'
      readonly seconds: number
      readonly ok: boolean
    } & Deed)
  | {
      readonly kind: 'waiting'
      readonly gate: string
      readonly play: string
      readonly missing: readonly Missing[]
      readonly seconds: number
    }
  | {
      readonly kind: 'passed'
      readonly gate: string
      readonly play: string
      readonly seconds: number
      /** Who was expected to be well, and is. */
      readonly expected: readonly string[]
    }
  /** What the cluster behind a gate looks like, where that is another picture than the one before. */
  | { readonly kind: 'topology'; readonly gate: string; readonly play: string; readonly topology: Topology }
  | { readonly kind: 'failed'; readonly failure: Failure }
  /** Why nothing of a saved plan is done; hosts on which the same stands in its way share a problem. */
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] }
  /** Something the operator should know that stops nothing. */
  | { readonly kind: 'warned'; readonly problems: readonly Problem[] }

/** A resource that is not selected, and that either differs or would have to follow what is changed. */
export interface Left {
  readonly id: string
  /** Whether it differs by itself. */
  readonly differs: boolean
  /** The ids that change and that it would be restarted for. */
  readonly owes: readonly string[]
  /** It can't be known whether that restart is needed. */
  readonly perhaps: boolean
  /** Why nothing could be done about it anyway. */
  readonly problems: readonly Problem[]
  /** The word by which --tags finds it, and whether that was named in --skip-tags. */
  readonly tag: string
  readonly skipped: boolean
}

/** The plan of one host in one play. */
export interface HostPlan {
  readonly play: string
  readonly host: string
  /** The key of its machine, or what stands for a database behind it: what two hosts have there under one id is one thing. */
  readonly place: string
  /** As whom it acts and how it gets there, when that is not simply who logs in. */
  readonly as?: string
  /** What the run is to change, and what is as declared, of all that is selected. */
  readonly plans: readonly Plan[]
  /** What is not selected and differs, or should follow. */
  readonly left: readonly Left[]
  /** --limit leaves no host of this play: it is only looked at, because what comes after it stands on it. */
  readonly prerequisite?: true
}

/** A host that came to grief, and what is left undone there. */
export interface Failure {
  readonly host: string
  readonly play: string
  readonly kind: 'failed' | 'unreachable' | 'blocked'
  readonly problems: readonly Problem[]
  /** The step it came to grief in, if it was one. */
  readonly step?: FailedStep
  /** What was done on that host before, and what was not. */
  readonly done: readonly string[]
  readonly undone: readonly string[]
}

/** What an interrupted run leaves of a host's part in a play; `done` is empty where it was not begun. */
export interface Unfinished {
  readonly host: string
  readonly play: string
  readonly done: readonly string[]
  readonly undone: readonly string[]
}

export interface HostResult {
  readonly host: string
  readonly kept: number
  readonly changed: number
  readonly state: 'ok' | 'failed' | 'unreachable' | 'blocked'
}

export interface Result {
  readonly hosts: readonly HostResult[]
  readonly plans: readonly HostPlan[]
  readonly failures: readonly Failure[]
  readonly leftovers: readonly Leftover[]
  /** What was left as it is by host, because somebody at the terminal said so. */
  readonly refused: ReadonlyMap<string, ReadonlySet<string>>
  readonly interrupted: boolean
  /** The plan as it is saved, where one is to be. */
  readonly record?: Pick<SavedPlan, 'hosts' | 'plays'>
  /** Of a saved plan: how many changes it has, how many of them were there before this run, and whether it was refused. */
  readonly saved?: { readonly of: number; readonly done: number; readonly refused: boolean }
  /** What is left to do because of the interrupt, in the order in which it would have been done. */
  readonly unfinished: readonly Unfinished[]
}

/** What became of an action: `kept` was done before, `unknown` waits for another, `unreached` was not come to. */
export type ActionState = 'kept' | 'done' | 'due' | 'unknown' | 'blocked' | 'failed' | 'unreachable' | 'unreached'

export interface ActionResult {
  readonly action: string
  readonly host: string | null
  readonly state: ActionState
  /** What was found, and what is to be done, in words. */
  readonly say: string
  readonly seconds: number
}

export interface ProcedureResult {
  readonly procedure: string
  readonly actions: readonly ActionResult[]
  readonly failures: readonly Failure[]
  readonly interrupted: boolean
  readonly notes: readonly string[]
}
