/** What people and programs read of an errand: pure functions from what happened to lines and JSON. */
import { count, cut } from '../core/display.ts'
import { type ExitCode, exitCode } from '../core/error.ts'
import { grouped } from '../core/grouped.ts'
import { foldHosts } from '../core/host-range.ts'
import type { Errand, ErrandResult, Found, HostCame } from './errand.ts'
import { type Line, table } from './report.ts'

/** More hosts than this, and those that came out alike share a row. */
const mostRows = 20
/** Columns that the names of folded hosts may take. */
const nameColumns = 40

/** What would be done where, for --check. No host is asked for it. */
export function errandPlan({ name, hosts }: Errand, next: string): readonly Line[] {
  const rows = hosts.map((host) => {
    // The machine says as whom.
    const { become, machine } = host.machine.connection
    return [`  ${host.name}`, `${machine}${become ? ` through ${become.method}` : ''}`]
  })
  return [
    { tone: 'head', text: 'What would be run' },
    { tone: 'plain', text: `  ${name}` },
    { tone: 'head', text: 'On' },
    ...table(rows, false),
    { tone: 'change', text: `${count(hosts.length, 'host')}; nothing was run. Run it with: ${next}` },
  ]
}

/** What the errand shows, a row for each host or for many that came out alike, and the sentence that counts. */
export function errandRecap<T>(
  errand: Errand<T>,
  result: ErrandResult<T>,
  seconds: number,
  next: string,
): readonly Line[] {
  const { hosts, interrupted } = result
  const time = `${seconds.toFixed(1)} s`
  const bad = hosts.filter(({ state }) => state !== 'ok')
  const found = hosts.flatMap(({ host, state, value }): readonly Found<T>[] =>
    value !== null && state !== 'unreachable' ? [{ host, value }] : [],
  )
  const name = cut(result.name.replace(/\s+/g, ' '), 60)
  const sentence: Line = interrupted
    ? { tone: 'bad', text: `Interrupted after ${time}: what had begun has ended. Go on with: ${next}` }
    : bad.length > 0
      ? { tone: 'bad', text: `${name}: failed on ${bad.length} of ${count(hosts.length, 'host')} (${time}).` }
      : { tone: 'good', text: `${name}: done on ${count(hosts.length, 'host')} (${time}).` }
  return [...(errand.show?.(found) ?? []), ...(errand.acts || bad.length > 0 ? rows(hosts) : []), sentence]
}

function rows(hosts: readonly HostCame<unknown>[]): readonly Line[] {
  if (hosts.length <= mostRows)
    return table([['host', 'seconds', 'end'], ...hosts.map((came) => [came.host, came.seconds.toFixed(1), came.end])])
  const alike = [...grouped(hosts, ({ end }) => end)].map(([end, own]) => [
    cut(foldHosts(own.map(({ host }) => host)).join(', '), nameColumns),
    String(own.length),
    end,
  ])
  return table([['hosts', 'number', 'end'], ...alike])
}

/** The document of --json. */
export const errandDocument = ({ name, hosts, interrupted }: ErrandResult) => ({
  errand: name,
  interrupted,
  hosts: hosts.map(({ host, state, end, seconds, value, problems }) => ({
    ...(typeof value === 'object' ? value : { value }),
    host,
    state,
    end,
    seconds: Math.round(seconds * 1000) / 1000,
    problems,
  })),
})

/** What the process exits with. One unreachable host outranks the failed ones. */
export function errandCode({ hosts, interrupted }: ErrandResult): ExitCode {
  if (interrupted) return exitCode.interrupted
  if (hosts.some(({ state }) => state === 'unreachable')) return exitCode.unreachable
  return hosts.every(({ state }) => state === 'ok') ? exitCode.done : exitCode.failed
}
