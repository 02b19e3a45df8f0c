/**
 * Hosts that something has happened to: the check names what, changes nothing, and the apply does what the check announced,
 * item by item. Damages that have nothing to do with each other are mended by one run: each is still named alone.
 */
import { assert } from '../kit.ts'
import { assertDid } from './deeds.ts'
import { changesBetween, complaints, differing, inside, mainPid, site, snapshot, sql, testLab } from './playbook.ts'

export interface Damage {
  readonly name: string
  readonly host: string
  /** Shell on the host, or SQL where `sql` says so. `NACOS1` is the address of nacos1. */
  readonly break: string
  readonly sql?: boolean
  /** The ids that the plan must name, and no others. */
  readonly expect: readonly string[]
  /** What of it is right again when its turn comes: an earlier play has brought it about. */
  readonly settled?: readonly string[]
  /** Whether the node's process must be another afterwards; for an edit that it may never have read, as the plan says. */
  readonly restarts?: boolean | 'unless unread'
  /** The node serves no more. Of one cluster there must not be two of these at a time. */
  readonly down?: boolean
}

export const addressed = (text: string, quote: string): string =>
  text.replaceAll(/NACOS(\d)/g, (_, number: string) => `${quote}${testLab.addressOf(`nacos${number}`)}${quote}`)

/** Whether one of them would show in what is found of the other. */
const clash = (one: Damage, other: Damage): boolean =>
  (one.down === true && other.down === true) ||
  (one.host === other.host && !(one.sql && other.sql && !one.expect.some((id) => other.expect.includes(id))))

/** The damages in as few rounds as it takes, in their order. */
export function rounds(damages: readonly Damage[]): readonly (readonly Damage[])[] {
  const found: Damage[][] = []
  for (const damage of damages) {
    const round = found.find((others) => !others.some((other) => clash(damage, other)))
    if (round) round.push(damage)
    else found.push([damage])
  }
  return found
}

type Report = Awaited<ReturnType<typeof site>>['report']

/** The keys that change of a resource of a host. */
const changesOf = ({ plans }: Report, host: string, id: string): readonly string[] =>
  plans.flatMap((plan) =>
    plan.resources
      .filter((one) => plan.host === host && one.id === id)
      .flatMap(({ changes }) => changes.map(({ key }) => key)),
  )

/**
 * Breaks, checks and applies.
 * @param path the inventory that the site is as declared by
 * @param nodes the hosts whose service `nacos` is started anew for the damages that say so, and for no others
 */
export async function assertMended(round: readonly Damage[], path: string, nodes: readonly string[]): Promise<void> {
  try {
    await mended(round, path, nodes)
  } catch (error) {
    // What one round leaves behind must not be found by the next.
    await site(path)
    throw error
  }
}

async function mended(round: readonly Damage[], path: string, nodes: readonly string[]): Promise<void> {
  const pids = await Promise.all(nodes.map((host) => mainPid(host)))
  const broken = [...new Set(round.flatMap(({ sql, host }) => (sql ? [] : [host])))]
  for (const damage of round.filter((one) => one.sql)) await sql(addressed(damage.break, "'"))
  await Promise.all(round.filter((one) => !one.sql).map((damage) => inside(damage.host, damage.break)))
  const expected = round.flatMap(({ host, expect }) => expect.map((id) => `${host} ${addressed(id, '')}`)).sort()

  const before = await Promise.all(broken.map(snapshot))
  const checked = await site(path, '--check')
  assert.equal(differing(checked.report), expected)
  assert.is(checked.code, expected.length > 0 ? 2 : 0, complaints(checked.report))
  for (const [index, host] of broken.entries())
    assert.equal(changesBetween(before[index]!, await snapshot(host)), [], `the check changed ${host}`)

  const applied = await site(path)
  assert.is(applied.code, 0, complaints(applied.report))
  assert.equal(differing(applied.report), expected, 'the plan of the apply is another than that of the check')
  // That nothing is left to do after it, the next check shows: it finds what was broken then, and nothing else.
  const settled = round.flatMap((damage) => damage.settled ?? [])
  assertDid(applied.stderr, checked.report, undefined, settled)
  const restarted = (await Promise.all(nodes.map((host) => mainPid(host)))).flatMap((pid, index) =>
    pid === pids[index] ? [] : [nodes[index]],
  )
  const due = round.filter(
    ({ restarts, host }) =>
      restarts === true ||
      (restarts === 'unless unread' && !changesOf(applied.report, host, 'unit:nacos').includes('no restart')),
  )
  assert.equal(restarted, due.map(({ host }) => host).sort())
}
