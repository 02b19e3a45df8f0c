/**
 * The two calls that touch the world. The engine knows this shape only; lib/edge has the real ones (ssh, sql)
 * and test/ the fake one.
 */
import type { Duplex } from 'node:stream'
import type { Answers, Question } from './probe.ts'
import type { Receipt } from './receipt.ts'
import type { Step } from './resource.ts'
import type { Secret } from './secret.ts'

/** What one step came to. `code` is null when the outcome is unknown: never success, never repeated blindly. */
export interface Done {
  readonly step: Step
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** Wall-clock seconds the step took. */
  readonly seconds: number
  /** Its deadline in seconds, if that passed: it was ended on the machine (of a database: cut off), which is well; the code is null. */
  readonly late?: number
}

/** Hears what a step prints while it runs, in pieces as they come: a character, or a line, may be in two of them. */
export interface Heard {
  (stream: 'stdout' | 'stderr', piece: Uint8Array): void
  /** Bytes of stdout that are wanted once more at the end: many machines print at a time. Left out: as many as of any step. */
  readonly most?: number
}

/** What was asked before the lock was taken. */
export interface Earlier {
  readonly answers: Answers
  /** What the machine's file said of the lock then (the reader `lastHolder`), and when; empty where nobody can know. */
  readonly last: string
}

/** One machine, or one database, that can be asked and told. */
export interface Channel {
  /** One script, one round trip, an answer to every question. */
  ask(questions: readonly Question[]): Promise<Answers>
  /**
   * Runs steps in order and yields each as it ends; stops after the first whose code is not 0. `told` hears how many
   * bytes of an upload have left, of how many; `heard` what a step prints, as it comes.
   */
  act(steps: readonly Step[], told?: (sent: number, of: number) => void, heard?: Heard): AsyncIterable<Done>
  /** Takes the machine's lock for as long as the channel lives; throws a LockError, which names the holder, when it is held. */
  lock(holder: string): Promise<void>
  /**
   * `lock` and then `ask`, in one round trip: nothing is asked where the lock is held by another. Nor where nobody can have had it
   * since an earlier look, which is some seconds ago: its answers are given then. A lock that this channel has already is not
   * taken again, and what it was taken for has changed since: all is asked.
   */
  askLocked(holder: string, questions: readonly Question[], earlier?: Earlier): Promise<Answers>
  close(): Promise<void>
}

/** What a run leaves on a machine beside what is declared. Holds no secret. */
export interface Trace {
  /** For the machine's audit log and its journal; the machine sets its time before it. */
  readonly line: string
  /** What a site owns there from now on, in place of what was noted before. */
  readonly receipt?: Receipt
}

/** A channel to a machine: it can also carry TCP connections that the machine itself opens. */
export interface MachineChannel extends Channel {
  /** Leaves a trace, before whatever is asked for after it. Throws PlinthErrors like all of a channel. */
  trace(trace: Trace): Promise<void>
  /** A TCP connection from the machine to `host:port` (as the machine sees them). */
  tunnel(host: string, port: number): Promise<Duplex>
}

export interface HttpRequest {
  readonly method?: string
  /** As the machine itself sees it. */
  readonly host: string
  readonly port: number
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly form?: Readonly<Record<string, string>>
  /** A body of type application/json, instead of a form. */
  readonly json?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Seconds for the whole exchange. Default 10. */
  readonly timeoutSeconds?: number
}

export interface HttpResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Where a database is and who logs in. `host` and `port` are as the machine sees them that the connection goes through. */
export interface DatabaseLogin {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: Secret
  readonly database?: string
}

/** One login to a database through a machine. */
export interface Database {
  /** Rows of a query; every value as text, NULL as null. Errors of the server are PlinthErrors with its code in `what`. */
  query(
    sql: string,
    values?: readonly (string | number | null)[],
  ): Promise<readonly Readonly<Record<string, string | null>>[]>
  /**
   * The rows of one query of any length, as they arrive: no more than a few are held at a time. Values by position, as the
   * text the server sends (numbers in full, dates as written); binary ones must be asked for with HEX. Errors as those of `query`.
   */
  rows(sql: string): AsyncIterable<readonly (string | null)[]>
  /** True when this login had to fetch the server's RSA key: no TLS, and the server's cache did not know the user. */
  readonly fetchedPublicKey: boolean
  /** Whether the server says that it takes TLS, which this login does without. */
  readonly offersTls?: boolean
  close(): Promise<void>
}
