import { type ExitCode, exitCode } from '../../lib/core/error.ts'
import { type Group, groupsExpected, type Member, type View } from '../../lib/nacos/cluster.ts'
import { parseVersion } from '../../lib/nacos/version.ts'
import { toldBy } from '../../roles/nacos-http.ts'
import { membersOf, type Told, topologyOf } from '../../roles/nacos-members.ts'
import { assert, suite } from '../kit.ts'
import { FakeNacos, type Faults } from './fake-nacos.ts'
import { cluster } from './nodes.ts'

const test = suite('nacos-members')

const addresses = ['10.0.0.1:8848', '10.0.0.2:8848', '10.0.0.3:8848'] as const
const peers = ['10.0.0.1:7848', '10.0.0.2:7848', '10.0.0.3:7848']
const groups = groupsExpected(parseVersion('2.2.4'), 'cluster')

type Leaders = Readonly<Record<string, string>>
const everywhere = (leader: string): Leaders => Object.fromEntries(groups.map((group) => [group, leader]))

const member = (address: string, state: string, leaders: Leaders): Member => ({
  address,
  state,
  version: '2.2.4',
  raftPort: '7848',
  groups: Object.fromEntries(
    Object.entries(leaders).map(([name, leader]): [string, Group] => [name, { leader, term: 1, peers }]),
  ),
})

/** A view in which everybody is UP, but for those named. */
const view = (from: string, leaders: Leaders, states: Readonly<Record<string, string>> = {}): View => ({
  from,
  members: addresses.map((address) => member(address, states[address] ?? 'UP', leaders)),
})

const told = (views: readonly (View | string)[]): Told[] =>
  views.map((view, index) => ({ name: `n${index + 1}`, member: addresses[index] as string, view }))

const [one, two, three] = addresses
const led = everywhere(peers[0] as string)
const split = { ...led, [groups[0] as string]: peers[1] as string }

interface Case {
  readonly says: string
  readonly views: readonly (View | string)[]
  /** Columns state and Raft leader. */
  readonly rows: readonly (readonly [string, string])[]
  readonly problems: readonly RegExp[]
}

const cases: readonly Case[] = [
  {
    says: 'all well, one leads everything',
    views: [view(one, led), view(two, led), view(three, led)],
    rows: [
      ['UP', 'all groups'],
      ['UP', '-'],
      ['UP', '-'],
    ],
    problems: [],
  },
  {
    says: 'two leaders of different groups',
    views: [view(one, split), view(two, split), view(three, split)],
    rows: [
      ['UP', groups.slice(1).sort().join(', ')],
      ['UP', groups[0] as string],
      ['UP', '-'],
    ],
    problems: [],
  },
  {
    says: 'UP only if all say so',
    views: [view(one, led, { [three]: 'SUSPICIOUS' }), view(two, led), view(three, led)],
    rows: [
      ['UP', 'all groups'],
      ['UP', '-'],
      ['SUSPICIOUS to n1, UP to n2 and n3', '-'],
    ],
    problems: [/^10\.0\.0\.1:8848 sees 10\.0\.0\.3:8848 SUSPICIOUS$/],
  },
  {
    says: 'one does not answer: the reason once, and what the others say of it',
    views: [view(one, led, { [three]: 'DOWN' }), view(two, led, { [three]: 'DOWN' }), 'nothing listens there'],
    rows: [
      ['UP', 'all groups'],
      ['UP', '-'],
      ['no answer, DOWN', '-'],
    ],
    problems: [/^n3: nothing listens there$/, /sees 10\.0\.0\.3:8848 DOWN$/, /sees 10\.0\.0\.3:8848 DOWN$/],
  },
  {
    says: 'an empty answer is no view: auth is on and no password is declared',
    views: [view(one, led), view(two, led), { from: three, members: [] }],
    rows: [
      ['UP', 'all groups'],
      ['UP', '-'],
      ['does not tell, UP', '-'],
    ],
    problems: [/^n3: tells nothing of its members; .*admin_password$/],
  },
  {
    says: 'nobody answers',
    views: ['a', 'b', 'c'],
    rows: [
      ['no answer', '-'],
      ['no answer', '-'],
      ['no answer', '-'],
    ],
    problems: [/^n1: a$/, /^n2: b$/, /^n3: c$/],
  },
  {
    says: 'UP without a leader is not well',
    views: addresses.map((from) => view(from, everywhere(''))),
    rows: [
      ['UP', '-'],
      ['UP', '-'],
      ['UP', '-'],
    ],
    problems: groups.flatMap(() => addresses.map(() => /knows no leader of/)),
  },
]

for (const { says, views, rows, problems } of cases) {
  test(says, () => {
    const found = membersOf(told(views), groups)
    assert.equal(
      found.rows.slice(1).map((row) => [row[2], row[4]]),
      rows.map((row) => [...row]),
    )
    assert.is(found.problems.length, problems.length, found.problems.join('\n'))
    problems.forEach((pattern, index) => {
      assert.match(found.problems[index] ?? '', pattern)
    })
  })
}

test('a member that only Nacos knows has a row of its own and is a problem', () => {
  const stray = member('10.0.0.9:8848', 'UP', {})
  const views = addresses.map((from): View => {
    const { members } = view(from, led)
    return { from, members: [...members, stray] }
  })
  const { rows, problems } = membersOf(told(views), groups)
  assert.equal(rows.at(-1), ['(not in the inventory)', '10.0.0.9:8848', 'UP', '2.2.4', '-'])
  assert.is(problems.length, 3)
  assert.match(problems[0] ?? '', /counts 10\.0\.0\.9:8848 as a member, the inventory does not/)
})

test('what the answers come to: a refused login is a failure, and only a machine out of reach is unreachable', async () => {
  const { nodes } = await cluster()
  const list = 'GET /nacos/v1/core/cluster/nodes'
  const refused = (request: string, status: number): Faults => ({
    fault: (node, line) => (node === 'n3' && line.startsWith(request) ? { status, body: 'no' } : undefined),
  })
  const cases: readonly (readonly [says: string, Faults, ExitCode, state: string, reason: RegExp | undefined])[] = [
    ['all well', {}, exitCode.done, 'UP', undefined],
    ['nothing listens', { down: ['n3'] }, exitCode.failed, 'no answer, UP', /^n3: nothing listens on .*; start it$/],
    ['out of reach', { cut: ['n3'] }, exitCode.unreachable, 'no answer, UP', /^n3: no route to host; /],
    [
      'a refused login',
      refused('POST', 403),
      exitCode.failed,
      'does not tell, UP',
      /^n3: the login .*; set nacos\.auth/,
    ],
    ['a login that fails', refused('POST', 500), exitCode.failed, 'does not tell, UP', /^n3: the login .*; wait/],
    [
      'no list',
      refused(list, 403),
      exitCode.failed,
      'does not tell, UP',
      /^n3: its list of members answers HTTP 403 no; /,
    ],
  ]
  for (const [says, faults, code, state, reason] of cases) {
    const scope = new FakeNacos(nodes, faults).scope()
    const asked = await Promise.all(nodes.map((node) => toldBy(scope, node)))
    const found = membersOf(asked, groups)
    assert.is(found.code, code, says)
    assert.is(found.rows[3]?.[2], state, says)
    if (reason) assert.match(found.problems[0] ?? '', reason, says)
    const drawn = topologyOf(asked, asked).members[2]
    assert.is(drawn?.state, state.replace(', UP', ''), says)
  }
})

/** `host address version state well leads | by=state …`, one line for each member. */
const drawn = (views: readonly (View | string)[], asked = told(views)): readonly string[] =>
  topologyOf(told(['', '', '']), asked).members.map(
    ({ host, address, version, state, well, leads, seen }) =>
      `${host} ${address} ${version || '-'} ${state} ${well ? 'well' : 'not well'} ${leads.length} | ${seen.map((one) => `${one.by}=${one.state}`).join(' ')}`,
  )

test('as data: who is what to whom, and who leads what', () => {
  assert.equal(drawn([view(one, split), view(two, split), view(three, split)]), [
    `n1 ${one} 2.2.4 UP well 2 | n1=UP n2=UP n3=UP`,
    `n2 ${two} 2.2.4 UP well 1 | n1=UP n2=UP n3=UP`,
    `n3 ${three} 2.2.4 UP well 0 | n1=UP n2=UP n3=UP`,
  ])
  const leads = topologyOf(told(['', '', '']), told([view(one, split)])).members.map((member) => member.leads)
  assert.equal(leads[1], [groups[0]])
})

test('as data: the worst that is said of it is its state; one that does not answer is not well; one of nobody’s neither', () => {
  const doubted = view(one, led, { [two]: 'SUSPICIOUS', [three]: 'DOWN' })
  assert.equal(drawn([doubted, view(two, led, { [three]: 'SUSPICIOUS' }), 'nothing listens there']), [
    `n1 ${one} 2.2.4 UP well 3 | n1=UP n2=UP`,
    `n2 ${two} 2.2.4 SUSPICIOUS not well 0 | n1=SUSPICIOUS n2=UP`,
    `n3 ${three} 2.2.4 DOWN not well 0 | n1=DOWN n2=SUSPICIOUS`,
  ])
  const believed = [view(one, led), view(two, led), 'nothing listens there']
  assert.is(drawn(believed)[2], `n3 ${three} 2.2.4 no answer not well 0 | n1=UP n2=UP`)
  assert.is(drawn(believed, told(believed).slice(0, 2))[2], `n3 ${three} 2.2.4 UP well 0 | n1=UP n2=UP`, 'not asked')
  const stray = { from: one, members: [...view(one, led).members.slice(0, 2), member('10.0.0.9:8848', 'ODD', {})] }
  assert.equal(drawn([stray, { from: two, members: [] }, 'c']).slice(1), [
    `n2 ${two} 2.2.4 does not tell not well 0 | n1=UP`,
    `n3 ${three} - unknown not well 0 | n1=unknown`,
    'null 10.0.0.9:8848 2.2.4 ODD not well 0 | n1=ODD',
  ])
  assert.is(drawn(['a', 'b', 'c'])[0], `n1 ${one} - no answer not well 0 | `)
})

test.run()
