/**
 * The testing kit for roles and playbooks of one's own (docs/testing.md). Here are the fakes: hosts that answer what they
 * are told to, write nothing, and remember what was asked and done. No network, no clock but a virtual one.
 *
 *     const plans = myRole.resources(params, plainFacts).map((one) => one.plan(canned({}), new Set()))
 *
 *     const world = new FakeWorld()
 *     world.machine('h1').answer('stat:/etc/app.conf', 'regular file|644|root|root|12')
 *     const { result, events } = await run([play('app', [fakeHost('h1', {})], () => resources)], world)
 */
import type {
  Channel,
  Database,
  DatabaseLogin,
  Done,
  Earlier,
  Heard,
  HttpRequest,
  HttpResponse,
  MachineChannel,
  Trace,
} from './core/channel.ts'
import { hostError, unreachable } from './core/error.ts'
import type { Facts } from './core/facts.ts'
import { lockFile } from './core/lock.ts'
import { type Answers, answersOf, byReader, type Question } from './core/probe.ts'
import type { Step } from './core/resource.ts'
import { converge } from './engine/converge.ts'
import type { Host, Machine, Play } from './engine/play.ts'
import type { Options } from './engine/run.ts'
import type { Event, Result, World } from './engine/world.ts'
import { nameOf, plainFacts } from './testing/canned.ts'

export { type Canned, canned, plainFacts } from './testing/canned.ts'
export { type HostCase, hostTest, shellHost, type TestHost } from './testing/host-test.ts'
export { type AddTest, type RoleCase, roleTest } from './testing/role-test.ts'

/** What a host says of itself, in the words of the reader `facts`. */
export const factsText = (facts: Facts): string =>
  [
    `arch ${facts.arch}`,
    `os ${facts.os}`,
    `os-version ${facts.osVersion}`,
    `packages ${facts.packageManager}`,
    `memory ${facts.memory * 1024}`,
    `systemd ${facts.systemd}`,
    `addresses ${facts.addresses.join(' ')}`,
  ].join('\n')

/** How a step ends when a test says so: with an exit code, or with null for a connection lost in the middle of it. */
export interface Ending {
  readonly code: number | null
  readonly stdout?: string
  readonly stderr?: string
}

/** So many bytes of what a step prints are heard at a time. */
const pieceBytes = 10_000

/** A host, or a database, that answers from a list. Steps succeed and change nothing unless a test says otherwise. */
export class FakeChannel implements MachineChannel {
  /** Every round trip: the questions of it as `reader:key`. */
  readonly asked: (readonly string[])[] = []
  /** Every step that was begun. */
  readonly steps: Step[] = []
  /** Audit lines and receipts that were left there. */
  readonly traces: Trace[] = []
  /** Who took the lock. */
  holder: string | null = null
  closed = false
  #lost = false
  #busy = false
  readonly #answers = new Map<string, string>()
  readonly #effects: { readonly say: string; readonly effect: (step: Step) => Ending | undefined }[] = []

  /** `log` gets a line for everything that happens. */
  readonly name: string
  private readonly log: (line: string) => void

  constructor(name: string, log: (line: string) => void = () => {}, facts: Facts = plainFacts) {
    this.name = name
    this.log = log
    this.answer('facts:machine', factsText(facts))
  }

  /** From now on the question `reader:key` has this answer. */
  answer(question: string, text: string): this {
    this.#answers.set(question, text)
    return this
  }

  /** What running the step with this `say` does, beside being remembered: new answers, or another ending than success. */
  on(say: string, effect: (step: Step) => Ending | undefined): this {
    this.#effects.unshift({ say, effect })
    return this
  }

  /** The step with this `say` fails. */
  fail(say: string, code = 1, stderr = ''): this {
    return this.on(say, () => ({ code, stderr }))
  }

  /** The connection is lost during the step with this `say`; nothing can be asked any more. */
  lose(say: string): this {
    return this.on(say, () => {
      this.#lost = true
      return { code: null, stderr: 'plinth: the connection was cut' }
    })
  }

  async ask(questions: readonly Question[]): Promise<Answers> {
    await this.#turn()
    this.asked.push(questions.map(nameOf))
    this.log(`${this.name}: ask`)
    const found = [...byReader(questions)].map(
      ([reader, keys]) =>
        [reader, new Map(keys.map((key) => [key, this.#answers.get(nameOf({ reader, key })) ?? '']))] as const,
    )
    return answersOf(new Map(found))
  }

  async *act(steps: readonly Step[], _told?: unknown, heard?: Heard): AsyncGenerator<Done, void, undefined> {
    for (const step of steps) {
      if (this.#busy) throw new Error(`two steps at the same time on ${this.name}`)
      this.#busy = true
      try {
        await this.#turn()
        this.steps.push(step)
        this.log(`${this.name}: ${step.say}`)
        const effect = this.#effects.find(({ say }) => say === step.say)?.effect
        const { code, stdout = '', stderr = '' } = effect?.(step) ?? { code: 0 }
        for (const [stream, text] of Object.entries({ stdout, stderr }))
          for (let rest = Buffer.from(text); rest.length > 0; rest = rest.subarray(pieceBytes))
            heard?.(stream === 'stdout' ? 'stdout' : 'stderr', rest.subarray(0, pieceBytes))
        yield { step, code, stdout, stderr, seconds: 0 }
        if (code !== 0) return
      } finally {
        this.#busy = false
      }
    }
  }

  async trace(trace: Trace): Promise<void> {
    this.traces.push(trace)
  }

  async lock(holder: string): Promise<void> {
    this.log(`${this.name}: lock`)
    this.holder = holder
  }

  async askLocked(holder: string, questions: readonly Question[], earlier?: Earlier): Promise<Answers> {
    await this.lock(holder)
    return earlier?.last && earlier.last === this.#answers.get(`lastHolder:${lockFile}`)
      ? earlier.answers
      : this.ask(questions)
  }

  async tunnel(): Promise<never> {
    throw new Error('a fake channel has no tunnels: give the FakeWorld what answers http and queries')
  }

  async close(): Promise<void> {
    this.closed = true
  }

  /** Lets others run, as a round trip would; so what happens side by side shows in the log as it would on real hosts. */
  async #turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    if (!this.#lost) return
    throw unreachable({ where: this.name, what: 'the connection is gone', remedy: 'see to the host and run again' })
  }
}

/** A world of fake machines. What is not set answers as an empty host without a cluster on it would. */
export class FakeWorld implements World {
  /** Everything that happened on all machines, in order. */
  readonly log: string[] = []
  /** Of earlier runs, by the machine's key; written by a run as well. */
  readonly facts = new Map<string, Facts>()
  /** Seconds that have passed; only `sleep` moves it. */
  seconds = 0
  readonly #channels = new Map<string, FakeChannel>()
  readonly #unreachable = new Set<string>()

  /** The machine with this key, made on first use. A FakeHost's machine has the host's name unless told otherwise. */
  machine(key: string, facts: Facts = plainFacts): FakeChannel {
    return this.#channel(key, facts)
  }

  /** What plays that go `via` this login talk to. */
  databaseAt({ user, host, port }: Pick<DatabaseLogin, 'user' | 'host' | 'port'>): FakeChannel {
    return this.#channel(`${user}@${host}:${port}`, plainFacts)
  }

  #channel(key: string, facts: Facts): FakeChannel {
    const known = this.#channels.get(key) ?? new FakeChannel(key, (line) => this.log.push(line), facts)
    this.#channels.set(key, known)
    return known
  }

  /** No connection to this machine can be made. */
  cutOff(key: string): void {
    this.#unreachable.add(key)
  }

  /** Answers HTTP requests. Replace it; until then nothing listens anywhere. */
  answerHttp: (machine: string, request: HttpRequest) => HttpResponse | Promise<HttpResponse> = (machine, request) => {
    throw hostError({
      where: machine,
      what: `nothing listens on ${request.host}:${request.port}`,
      remedy: 'start it, or correct the address',
    })
  }

  /** Answers SQL of preparations and gates. Replace it; until then every query has no rows. */
  answerQuery: (login: DatabaseLogin, sql: string) => Awaited<ReturnType<Database['query']>> = () => []

  async open(machine: Machine): Promise<FakeChannel> {
    this.log.push(`${machine.key}: connect`)
    if (!this.#unreachable.has(machine.key)) return this.machine(machine.key)
    throw unreachable({ where: machine.name, what: 'no route to host', remedy: 'see to the host and the network' })
  }

  async databaseChannel(_channel: MachineChannel, login: DatabaseLogin): Promise<Channel> {
    return this.databaseAt(login)
  }

  async database(_channel: MachineChannel, login: DatabaseLogin): Promise<Database> {
    const answer = (sql: string) => this.answerQuery(login, sql)
    return {
      query: async (sql) => answer(sql),
      rows: async function* (sql) {
        for (const row of answer(sql)) yield Object.values(row)
      },
      fetchedPublicKey: false,
      close: async () => {},
    }
  }

  async http(channel: MachineChannel, request: HttpRequest): Promise<HttpResponse> {
    return this.answerHttp(channel instanceof FakeChannel ? channel.name : '', request)
  }

  cachedFacts(machine: Machine): Facts | null {
    return this.facts.get(machine.key) ?? null
  }

  cacheFacts(machine: Machine, facts: Facts): void {
    this.facts.set(machine.key, facts)
  }

  now(): number {
    return this.seconds
  }

  async sleep(seconds: number): Promise<void> {
    this.seconds += seconds
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** A host on a machine of its own, or on `machine` to share it. `where` names the parameter's path. */
export const fakeHost = <P>(name: string, params: P, machine = name, address = '10.0.0.1'): Host<P> => ({
  name,
  machine: {
    key: machine,
    name,
    connection: {
      address,
      port: 22,
      user: 'root',
      privateKey: null,
      sshArguments: [],
      hostKeys: [],
      password: null,
      become: null,
      machine,
    },
  },
  params,
  where: (...path) => `${name}:${path.join('.')}`,
})

/** Converges a site over a fake world, and gives what came of it and everything that was told on the way. */
export async function run(
  site: readonly Play[],
  world: FakeWorld,
  options: Partial<Options> = {},
): Promise<{ readonly result: Result; readonly events: readonly Event[] }> {
  const events: Event[] = []
  const result = await converge(site, world, {
    check: false,
    forks: 5,
    identity: { id: 'r1', user: 'tester', from: 'controller', pid: 1, playbook: 'a test', site: 'test' },
    force: false,
    prune: false,
    leftover: () => undefined,
    signal: new AbortController().signal,
    ...options,
    report(event) {
      events.push(event)
      options.report?.(event)
    },
  })
  return { result, events }
}
