/** The members of a cluster for people to read: what each says of all, side by side. */
import { type ExitCode, exitCode } from '../lib/core/error.ts'
import type { Topology } from '../lib/core/topology.ts'
import { clusterProblems, ledBy, type Member, type View } from '../lib/nacos/cluster.ts'

/** What one node of the inventory answered, or why it did not. */
export interface Told {
  readonly name: string
  /** `address:port` */
  readonly member: string
  readonly view: View | string
  /** It did answer, but with nothing about its members: a refused login, an error. */
  readonly answered?: boolean
  /** Its machine is out of reach. */
  readonly unreachable?: boolean
}

export interface Members {
  /** With a title row. */
  readonly rows: readonly (readonly string[])[]
  /** What keeps them from being one healthy cluster; empty when all is well. */
  readonly problems: readonly string[]
  /** What that means for who asked: 3 where a machine is out of reach, else 1 for any problem. */
  readonly code: ExitCode
}

const titles = ['host', 'address', 'state', 'version', 'Raft leader']

/**
 * One row for each node of the inventory, and one for each member that only Nacos knows. A member is UP when every node
 * says so; else its state tells who says what. `groups` are the Raft groups that must be there.
 */
export function membersOf(told: readonly Told[], groups: readonly string[]): Members {
  const views = told.flatMap((one) => (typeof one.view === 'string' || reasonOf(one) ? [] : [one.view]))
  const nameOf = (member: string): string => told.find((one) => one.member === member)?.name ?? member
  const expected = told.map(({ member }) => member)
  const seen = views.flatMap(({ members }) => members.map(({ address }) => address))
  const strangers = [...new Set(seen)].filter((member) => !expected.includes(member)).sort()
  const row = (name: string, member: string, silence: readonly string[]): readonly string[] => [
    name,
    member,
    [...silence, ...statesOf(member, views, nameOf)].join(', '),
    versionOf(member, views),
    leadsText(member, views),
  ]
  const problems = [
    ...told.flatMap((one) => reasonOf(one) ?? []),
    ...clusterProblems(views, expected, groups).filter((what) => !told.some((one) => what === unasked(one))),
  ]
  const away = told.some(({ unreachable }) => unreachable)
  return {
    rows: [
      titles,
      ...told.map((one) => row(one.name, one.member, silenceOf(one))),
      ...strangers.map((member) => row('(not in the inventory)', member, [])),
    ],
    problems,
    code: away ? exitCode.unreachable : problems.length > 0 ? exitCode.failed : exitCode.done,
  }
}

const noAnswer = 'no answer'
const notTold = 'does not tell'
/** Words for a member, the worst first; one that is not among them stands before them all. */
const states = ['DOWN', 'ISOLATION', 'SUSPICIOUS', noAnswer, notTold, 'STARTING', 'UP']

/**
 * The same as data: every node, and every member that only Nacos knows, as each is seen by those of `asked` that answered. One
 * that was asked and did not is no member that is well, whatever the others still believe.
 */
export function topologyOf(nodes: readonly Pick<Told, 'name' | 'member'>[], asked: readonly Told[]): Topology {
  const views = asked.flatMap((one) => (typeof one.view === 'string' || reasonOf(one) ? [] : [one.view]))
  const silences = new Map(asked.map((one) => [one.member, silenceOf(one)]))
  const nameOf = (member: string): string | undefined => nodes.find((one) => one.member === member)?.name
  const heard = views.flatMap(({ members }) => members.map(({ address }) => address)).sort()
  const member = (address: string): Topology['members'][number] => {
    const seen = views.map(({ from, members }) => ({
      by: nameOf(from) ?? from,
      state: members.find((one) => one.address === address)?.state || unheard,
    }))
    const said = new Set([...seen.map(({ state }) => state), ...(silences.get(address) ?? [])])
    const strange = [...said].find((one) => !states.includes(one))
    const state = strange ?? states.find((one) => said.has(one)) ?? unheard
    const version = versionOf(address, views)
    const host = nameOf(address) ?? null
    return {
      host,
      address,
      version: version === '-' ? '' : version,
      state,
      well: host !== null && state === 'UP',
      leads: ledBy(address, views),
      seen,
    }
  }
  return { members: [...new Set([...nodes.map((one) => one.member), ...heard])].map(member) }
}

/** Of a member that another does not list, or gives no state. */
const unheard = 'unknown'

/** Why a node counts as silent; undefined when it told of its members. */
function reasonOf({ name, view }: Told): string | undefined {
  if (typeof view === 'string') return `${name}: ${view}`
  return view.members.length === 0
    ? `${name}: tells nothing of its members; with auth on, declare nacos.auth.admin_password`
    : undefined
}

/** The state of a node that told nothing: whether it answered at all. */
const silenceOf = (one: Told): readonly string[] =>
  reasonOf(one) === undefined ? [] : [one.answered || typeof one.view !== 'string' ? notTold : noAnswer]

/** The reason stands above it already. */
const unasked = ({ member }: Told): string => `${member} was not asked or did not answer`

const found = (member: string, { members }: View): Member | undefined =>
  members.find(({ address }) => address === member)

/** `UP` when all agree, else who says what: `UP to nacos1, DOWN to nacos3`. */
function statesOf(member: string, views: readonly View[], nameOf: (member: string) => string): readonly string[] {
  const said = views.map((view) => ({
    by: nameOf(view.from),
    state: found(member, view)?.state || unheard,
  }))
  const states = [...new Set(said.map(({ state }) => state))]
  if (states.length <= 1) return states
  return states.map((state) => {
    const by = said.filter((one) => one.state === state).map((one) => one.by)
    return `${state} to ${by.join(' and ')}`
  })
}

/** As the member itself says, or else as another one heard it. */
function versionOf(member: string, views: readonly View[]): string {
  const own = views.filter(({ from }) => from === member)
  const version = [...own, ...views].map((view) => found(member, view)?.version).find((text) => text)
  return version ?? '-'
}

/** Which groups it leads, by what the members say of themselves; `all`, or `-` for none. */
function leadsText(member: string, views: readonly View[]): string {
  const all = new Set(views.flatMap((view) => Object.keys(found(view.from, view)?.groups ?? {})))
  const led = ledBy(member, views)
  if (led.length === 0) return '-'
  return led.length === all.size ? 'all groups' : led.join(', ')
}
