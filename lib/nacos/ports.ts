/**
 * The ports one Nacos instance listens on. The offsets are fixed in the server: `nacos.server.grpc.port.offset` is a
 * setting of clients only (#12935). All of 2.x and 3.x.
 */
import { type Finding, wrong } from './finding.ts'
import type { Version } from './version.ts'

export interface Ports {
  /** HTTP API; in 2.x the console too. Clients. */
  readonly http: number
  /** Raft, between members only. */
  readonly raft: number
  /** gRPC of clients. */
  readonly grpcClient: number
  /** gRPC between members only. */
  readonly grpcPeer: number
  /** The console of 3.x, which has its own port. */
  readonly console?: number
}

const names: Readonly<Record<keyof Ports, string>> = {
  http: 'HTTP port',
  raft: 'Raft port',
  grpcClient: 'client gRPC port',
  grpcPeer: 'peer gRPC port',
  console: 'console port',
}

/** The console port of 3.x unless told otherwise. */
export const consolePort = 8080

/** All ports of an instance whose main port is `main`. `console` counts for 3.x only. */
export const portsOf = (main: number, version: Version, console = consolePort): Ports => ({
  http: main,
  raft: main - 1000,
  grpcClient: main + 1000,
  grpcPeer: main + 1001,
  ...(version.major >= 3 ? { console } : {}),
})

/** Why `main` can't be a main port; undefined if it can. */
export function portProblem(main: number): Finding | undefined {
  // Below 2024 the Raft port would be a privileged one.
  if (Number.isInteger(main) && main >= 2024 && main <= 64534) return undefined
  return wrong(
    `${main} can't be a main port: Raft takes 1000 less, gRPC 1000 and 1001 more`,
    'choose one from 2024 to 64534, for example 8848',
  )
}

export interface Instance {
  readonly name: string
  /** The main port. */
  readonly port: number
  readonly version: Version
  /** 3.x only; 8080 unless told. */
  readonly console?: number
  /** Further ports it listens on: what they are, and the number. */
  readonly extra?: Readonly<Record<string, number>>
}

export interface Clash {
  readonly a: string
  readonly b: string
  readonly port: number
  readonly what: string
  /** Whether one of the two is a console port, which is declared by itself. */
  readonly console: boolean
}

const taken = (instance: Instance): { port: number; role: string }[] => [
  ...Object.entries(portsOf(instance.port, instance.version, instance.console)).map(([key, port]) => ({
    port,
    role: names[key as keyof Ports],
  })),
  ...Object.entries(instance.extra ?? {}).map(([role, port]) => ({ port, role })),
]

const isConsole = ({ role }: { readonly role: string }): boolean => role === names.console

/** A console port for one more instance: the first from 8080 on that none of these has for anything. */
export function nearestConsolePort(instances: readonly Instance[]): number {
  const busy = new Set(instances.flatMap((instance) => taken(instance).map(({ port }) => port)))
  let port = consolePort
  while (busy.has(port)) port++
  return port
}

/** Every port that two instances of ONE machine want both, or that one wants twice. Order of the instances. */
export function portClashes(instances: readonly Instance[]): Clash[] {
  return instances.flatMap((b, at) => {
    const own = taken(b)
    const twice = own.flatMap((one, i) =>
      own
        .slice(0, i)
        .filter(({ port }) => port === one.port)
        .map((other) => ({
          a: b.name,
          b: b.name,
          port: one.port,
          console: isConsole(one) || isConsole(other),
          what: `${b.name} (${b.port}): ${one.port} is both its ${other.role} and its ${one.role}`,
        })),
    )
    const between = instances.slice(0, at).flatMap((a) =>
      taken(a).flatMap((theirs) =>
        own
          .filter(({ port }) => port === theirs.port)
          .map((ours) => ({
            a: a.name,
            b: b.name,
            port: ours.port,
            console: isConsole(ours) || isConsole(theirs),
            what: `${b.name} (${b.port}): its ${ours.role} ${ours.port} is the ${theirs.role} of ${a.name} (${a.port})`,
          })),
      ),
    )
    return [...twice, ...between]
  })
}

/**
 * A main port for one more instance of 2.x: steps of 100 from `from`, clear of all ports of the main ports `used` and
 * of what `listening` holds. With 8848 used it says 8948. Undefined when nothing is free.
 */
export function nearestFreePort(
  used: readonly number[],
  listening: readonly number[] = [],
  from = 8848,
): number | undefined {
  const all = (main: number): number[] => [main, main - 1000, main + 1000, main + 1001]
  const busy = new Set([...used.flatMap(all), ...listening])
  for (let main = from; !portProblem(main); main += 100) if (!all(main).some((port) => busy.has(port))) return main
  return undefined
}
