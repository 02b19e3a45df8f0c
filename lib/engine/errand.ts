/**
 * One thing on each host by itself (a command, a look at its facts): nothing is declared, no host waits for another, and
 * what fails on one stops no other.
 */
import { StringDecoder } from 'node:string_decoder'
import type { Done, Heard } from '../core/channel.ts'
import { PlinthError, type Problem } from '../core/error.ts'
import type { Facts } from '../core/facts.ts'
import { grouped } from '../core/grouped.ts'
import type { Masking } from '../core/masking.ts'
import type { Answers, Question } from '../core/probe.ts'
import type { Step } from '../core/resource.ts'
import { unlessAborted } from '../core/unless-aborted.ts'
import { actionLine } from './audit.ts'
import { isUnknown, isUnreachable, problemsOf } from './failures.ts'
import { askFacts, Connections, mapLimit } from './observe.ts'
import type { Host } from './play.ts'
import type { Line } from './report.ts'
import type { Identity } from './run.ts'
import type { World } from './world.ts'

export interface Errand<T = unknown> {
  /** `uptime`. */
  readonly name: string
  readonly hosts: readonly Host<unknown>[]
  /** Whether it may change something: then --check only says where it would be done. */
  readonly acts: boolean
  /** Does it on one host. What it throws as a PlinthError is a failure of that host. */
  on(host: Host<unknown>, hand: Hand): Promise<Came<T>>
  /** What is shown of it at the end, beside what it has printed; for programs `value` stands in the document. */
  show?(found: readonly Found<T>[]): readonly Line[]
}

/** What came of it on a host that it was done on. */
export interface Came<T> {
  /** For programs, and for `show`. */
  readonly value: T
  /** How it failed, in the words of the table at the end: `exit code 3`. */
  readonly failed?: string
  /** What is to be said of the failure beside that and what the host has printed. */
  readonly problem?: Problem
  /** Whether nobody knows how it ended there. */
  readonly lost?: boolean
}

export interface Found<T> {
  readonly host: string
  readonly value: T
}

/** What an errand may do on the host that it is at. */
export interface Hand {
  ask(questions: readonly Question[]): Promise<Answers>
  /** As they are now. */
  facts(): Promise<Facts>
  /**
   * Runs a step. What it prints is shown as it comes; the code is null where nobody knows how it ended. `cut` is true where
   * it printed more than is kept: the first 16 Mi characters of stdout, shared by all hosts, and the last 16 Ki of stderr.
   */
  run(step: Step): Promise<Done & { readonly cut: boolean }>
}

/** How it went on one host. */
export interface HostCame<T> {
  readonly host: string
  readonly state: 'ok' | 'failed' | 'unreachable' | 'not begun'
  /** The state, or how it failed. */
  readonly end: string
  readonly seconds: number
  readonly value: T | null
  readonly problems: readonly Problem[]
}

export interface ErrandResult<T = unknown> {
  /** What was done, as it may be shown: a command may have a secret in it. */
  readonly name: string
  readonly hosts: readonly HostCame<T>[]
  readonly interrupted: boolean
  readonly warnings: readonly Problem[]
}

export type ErrandEvent =
  | { readonly kind: 'begun'; readonly host: string; readonly say: string }
  /** Lines that a host has printed, without their ends. */
  | { readonly kind: 'said'; readonly host: string; readonly stream: Stream; readonly lines: readonly string[] }
  | { readonly kind: 'ended'; readonly host: string; readonly problems: readonly Problem[] }

type Stream = 'stdout' | 'stderr'

export interface ErrandOptions {
  /** Machines at the same time. */
  readonly forks: number
  readonly identity: Identity
  /** Gives what takes secrets out of what hosts print, when something is run. May throw a PlinthError: then nothing is. */
  mask(): Masking
  /** Aborted by the first interrupt: what runs is waited for, nothing new is begun. */
  readonly signal: AbortSignal
  report(event: ErrandEvent): void
}

/** Does an errand on all of its hosts. Those of one machine take turns. Failures of hosts are data, never thrown. */
export async function visit<T>(errand: Errand<T>, world: World, options: ErrandOptions): Promise<ErrandResult<T>> {
  const connections = new Connections(world)
  const { signal, forks, report } = options
  const untraced: Problem[] = []
  const shown = maskOf(errand, options)
  const one = async (host: Host<unknown>): Promise<HostCame<T>> => {
    const begun = world.now()
    const came = (
      state: HostCame<T>['state'],
      end: string,
      value: T | null,
      found: readonly Problem[],
    ): HostCame<T> => {
      const problems = found.map(({ where, what, remedy }) => ({ where, what: shown(what), remedy: shown(remedy) }))
      report({ kind: 'ended', host: host.name, problems })
      return { host: host.name, state, end, seconds: world.now() - begun, value, problems }
    }
    const state = 'not begun'
    const notBegun: HostCame<T> = { host: host.name, state, end: state, seconds: 0, value: null, problems: [] }
    if (signal.aborted) return notBegun
    try {
      const opened = await unlessAborted(connections.machine(host.machine), signal)
      if (opened === null) return notBegun
      const hand = handOn(errand, host, world, connections, options, untraced)
      const { value, failed, problem, lost = false } = await errand.on(host, hand)
      const state = lost ? 'unreachable' : failed !== undefined || problem ? 'failed' : 'ok'
      return came(state, failed ?? state, value, problem ? [problem] : [])
    } catch (error) {
      if (error instanceof NotBegun) return notBegun
      const state = isUnreachable(error) ? 'unreachable' : 'failed'
      return came(state, state, null, problemsOf(error))
    }
  }
  try {
    const machines = [...grouped(errand.hosts, ({ machine }) => machine.key).values()]
    const found = await mapLimit(machines, forks, async (hosts) => {
      const results: HostCame<T>[] = []
      for (const host of hosts) results.push(await one(host))
      // Many hosts don't all stay connected; one that was never reached has nothing to be released.
      const [first] = hosts
      if (first && !signal.aborted) await connections.release(first.machine).catch(ignoreUnreachable)
      return results
    })
    const byName = new Map(found.flat().map((came) => [came.host, came]))
    return {
      name: shown(errand.name),
      hosts: errand.hosts.flatMap(({ name }) => byName.get(name) ?? []),
      interrupted: signal.aborted,
      warnings: untracedText(untraced),
    }
  } finally {
    await connections.close()
  }
}

/** What is shown of the command of an errand. One that only looks has none, and opens no secret. */
const maskOf = ({ acts }: Errand, { mask }: ErrandOptions): Masking['mask'] => (acts ? mask().mask : (text) => text)

/** An interrupt came before anything was run on the host. */
class NotBegun extends Error {}

function ignoreUnreachable(error: unknown): void {
  if (!(error instanceof PlinthError)) throw error
}

function handOn(
  errand: Errand,
  host: Host<unknown>,
  world: World,
  connections: Connections,
  { identity, mask: masked, report, signal }: ErrandOptions,
  untraced: Problem[],
): Hand {
  const reading = async <R>(asked: Promise<R>): Promise<R> => {
    const answers = await unlessAborted(asked, signal)
    if (answers !== null) return answers
    throw new PlinthError([{ where: host.name, what: 'interrupted', remedy: 'run it again' }])
  }
  return {
    ask: async (questions) => reading((await connections.machine(host.machine)).ask(questions)),
    facts: () => reading(askFacts(host.machine, world, connections)),
    async run(step) {
      const masking = masked()
      const { mask } = masking
      const channel = await connections.machine(host.machine)
      const trace = async (what: string): Promise<void> => {
        try {
          // Before they are put in quotes, in which a secret may be written otherwise.
          const [name, said] = [mask(errand.name), mask(what)]
          await channel.trace({ line: mask(actionLine(identity, name, 'run', host.name, said)) })
        } catch (error) {
          if (!isUnreachable(error)) untraced.push(...problemsOf(error))
        }
      }
      // A login may take its time: only what has begun is waited for.
      const traced = await unlessAborted(
        trace(`begin: ${step.say}`).then(() => true),
        signal,
      )
      if (traced === null || signal.aborted) throw new NotBegun()
      report({ kind: 'begun', host: host.name, say: mask(step.say) })
      const most = Math.max(mostOfHost, Math.floor(mostOfAll / errand.hosts.length))
      const listening = listen(masking, (stream, lines) => report({ kind: 'said', host: host.name, stream, lines }))
      // In any encoding that is more than `most`, so that what was cut on the way shows.
      const heard = Object.assign(listening.heard, { most: 3 * (most + 1) })
      let done: Done | undefined
      for await (done of channel.act([step], undefined, heard));
      listening.end()
      if (done === undefined) throw new Error(`${host.name} ran nothing and said nothing of it`)
      if (!isUnknown(done)) await trace(`end: exit code ${done.code}`)
      const { stdout, stderr } = done
      const cut = stdout.length > most || stderr.length > mostOfHost
      return { ...done, cut, stdout: masking.first(stdout, most), stderr: masking.last(stderr, mostOfHost) }
    },
  }
}

/** Characters of stdout that are kept of all hosts together: a document of more would fit no text. */
const mostOfAll = 16 * 1024 * 1024
/** And of one host, however many there are; of its stderr too. */
const mostOfHost = 16 * 1024

/** A line that has no end is shown in pieces of so many characters. */
const longest = 16_384

/** Makes lines of the pieces in which output comes, without secrets. */
function listen({ mask, whole }: Masking, said: (stream: Stream, lines: readonly string[]) => void) {
  const ears = {
    stdout: { decoder: new StringDecoder('utf8'), open: '' },
    stderr: { decoder: new StringDecoder('utf8'), open: '' },
  }
  const heard: Heard = (stream, piece) => {
    const ear = ears[stream]
    const lines = (ear.open + ear.decoder.write(Buffer.from(piece))).split('\n')
    const last = lines.pop() ?? ''
    const told = last.length > longest ? whole(last) : 0
    if (told > 0) lines.push(last.slice(0, told))
    ear.open = last.slice(told)
    if (lines.length > 0) said(stream, lines.map(mask))
  }
  return {
    heard,
    end() {
      for (const stream of ['stdout', 'stderr'] as const) {
        const rest = ears[stream].open + ears[stream].decoder.end()
        if (rest !== '') said(stream, [mask(rest)])
      }
    },
  }
}

/** On hundreds of hosts the same: said once. */
const untracedText = (problems: readonly Problem[]): readonly Problem[] =>
  [...grouped(problems, ({ what }) => what).values()].flatMap((alike) => {
    const hosts = [...new Set(alike.map(({ where }) => where))]
    const [first] = alike
    return first ? [{ ...first, where: hosts.length > 3 ? `${hosts.length} hosts` : hosts.join(', ') }] : []
  })
