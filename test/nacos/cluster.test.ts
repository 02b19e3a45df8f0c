import {
  clusterProblems,
  type Group,
  groupsExpected,
  type Member,
  problemsWithout,
  readMembers,
  untold,
  type View,
} from '../../lib/nacos/cluster.ts'
import { parseVersion } from '../../lib/nacos/version.ts'
import { assert, suite } from '../kit.ts'

const test = suite('nacos/cluster')

/** One member of the answer, laid out as 2.x and 3.x give it. */
const raw = {
  ip: '192.0.2.2',
  port: 8848,
  state: 'UP',
  extendInfo: {
    lastRefreshTime: 1795443713488,
    raftMetaData: {
      metaDataMap: {
        naming_service_metadata: {
          leader: '192.0.2.3:7848',
          raftGroupMember: ['192.0.2.4:7848', '192.0.2.2:7848', '192.0.2.3:7848'],
          term: 2,
        },
      },
    },
    raftPort: '7848',
    readyToUpgrade: true,
    version: '2.2.4',
  },
  address: '192.0.2.2:8848',
  failAccessCnt: 0,
}

test('reads a member of v1, v2 and v3', () => {
  for (const code of [200, 0])
    assert.equal(readMembers(JSON.stringify({ code, message: null, data: [raw] })), [
      {
        address: '192.0.2.2:8848',
        state: 'UP',
        version: '2.2.4',
        raftPort: '7848',
        groups: {
          naming_service_metadata: {
            leader: '192.0.2.3:7848',
            term: 2,
            peers: ['192.0.2.2:7848', '192.0.2.3:7848', '192.0.2.4:7848'],
          },
        },
      },
    ])
})

test('reads what little a starting member says', () =>
  assert.equal(readMembers('{"code":200,"data":[{"ip":"192.0.2.2","port":8848,"extendInfo":{}}]}'), [
    { address: '192.0.2.2:8848', state: '', version: '', raftPort: '', groups: undefined },
  ]))

for (const body of ['', 'null', '<html>', '{"code":403}', '{"data":{}}'])
  test(`nobody in ${JSON.stringify(body)}`, () => assert.equal(readMembers(body), []))

const expectations: readonly [string, 'cluster' | 'standalone' | 'embedded', number, boolean, boolean][] = [
  ['2.0.3', 'cluster', 4, true, false],
  ['2.0.3', 'standalone', 3, false, false],
  ['2.1.1', 'embedded', 4, false, true],
  ['2.5.4', 'cluster', 3, false, false],
]
for (const [version, mode, count, old, config] of expectations) {
  test(`groups of ${version} ${mode}`, () => {
    const groups = groupsExpected(parseVersion(version), mode)
    assert.is(groups.length, count)
    assert.is(groups.includes('naming_persistent_service'), old)
    assert.is(groups.includes('nacos_config'), config)
  })
}

const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3']
const expected = addresses.map((address) => `${address}:8848`)
const peers = addresses.map((address) => `${address}:7848`)
const groups = ['g1', 'g2']
const group = (change: Partial<Group> = {}): Group => ({ leader: '10.0.0.1:7848', term: 3, peers, ...change })
const member = (address: string, change: Partial<Member> = {}): Member => ({
  address,
  state: 'UP',
  version: '2.2.4',
  raftPort: '7848',
  groups: { g1: group(), g2: group({ leader: '10.0.0.2:7848' }) },
  ...change,
})
/** Three healthy views; `change` alters what `from` says of `about`. */
const views = (from?: number, about?: number, change: Partial<Member> = {}): View[] =>
  expected.map((own, i) => ({
    from: own,
    members: expected.map((address, j) => member(address, i === from && j === about ? change : {})),
  }))
const drop = (from: number, about: number): View[] =>
  views().map((view, i) => (i === from ? { ...view, members: view.members.filter((_, j) => j !== about) } : view))
const own = (from: number, change: Record<string, Group>): View[] =>
  views(from, from, { groups: { g1: group(), g2: group({ leader: '10.0.0.2:7848' }), ...change } })

/** Every member is in a third group. */
const further = (g3: Group): View[] => expected.flatMap((_, i) => own(i, { g3 }).filter((_view, j) => i === j))
/** The view of a member that says it runs another version. */
const otherVersion = ({ from, members }: View): View => ({
  from,
  members: members.map((one) => (one.address === from ? { ...one, version: '9.9.9' } : one)),
})

const cases: readonly [string, readonly View[], readonly string[]][] = [
  ['all well', views(), []],
  ['one sees another DOWN', views(0, 1, { state: 'DOWN' }), ['10.0.0.1:8848 sees 10.0.0.2:8848 DOWN']],
  ['one sees itself STARTING', views(2, 2, { state: 'STARTING' }), ['10.0.0.3:8848 sees 10.0.0.3:8848 STARTING']],
  ['one does not know another', drop(0, 2), ['10.0.0.1:8848 does not know 10.0.0.3:8848']],
  [
    'a fourth member',
    views().map((view, i) => (i === 1 ? { ...view, members: [...view.members, member('172.17.0.1:8848')] } : view)),
    ['10.0.0.2:8848 counts 172.17.0.1:8848 as a member, the inventory does not'],
  ],
  ['one is silent', views().slice(1), ['10.0.0.1:8848 was not asked or did not answer']],
  [
    'UP, and in no group',
    views(1, 1, { groups: undefined }),
    ['10.0.0.2:8848 reports no Raft groups (no raftMetaData)'],
  ],
  ['what others say of its groups does not count', views(0, 1, { groups: undefined }), []],
  [
    'missing in one group',
    views(0, 0, { groups: { g1: group() } }),
    ['10.0.0.1:8848 says nothing of the Raft group g2'],
  ],
  [
    'one that has heard of a leader and of no peers',
    own(0, { g2: group({ leader: '10.0.0.2:7848', peers: [] }) }),
    ['10.0.0.1:8848 says nothing of the Raft group g2'],
  ],
  [
    'one that waits for its leader to be told of it, while the others know one',
    own(0, { g2: group({ leader: '', peers: [] }) }),
    ['10.0.0.1:8848 says nothing of the Raft group g2'],
  ],
  [
    'all wait for a leader',
    further(group({ leader: '', peers: [] })),
    expected.map((from) => `${from} knows no leader of g3`),
  ],
  ['no leader known', own(0, { g1: group({ leader: '' }) }), ['10.0.0.1:8848 knows no leader of g1']],
  [
    'two leaders',
    own(2, { g1: group({ leader: '10.0.0.3:7848' }) }),
    ['g1 has 2 leaders: 10.0.0.1:7848, 10.0.0.3:7848'],
  ],
  [
    'a stray peer',
    own(0, { g2: group({ leader: '10.0.0.2:7848', peers: [...peers, '10.0.0.9:7848'] }) }),
    ['g2 at 10.0.0.1:8848 has the stray peer 10.0.0.9:7848'],
  ],
  [
    'a missing peer',
    own(0, { g1: group({ peers: peers.slice(0, 2) }) }),
    ['g1 at 10.0.0.1:8848 lacks the peer 10.0.0.3:7848'],
  ],
  [
    'two missing peers, each said by itself',
    own(0, { g1: group({ peers: peers.slice(0, 1) }) }),
    ['g1 at 10.0.0.1:8848 lacks the peer 10.0.0.2:7848', 'g1 at 10.0.0.1:8848 lacks the peer 10.0.0.3:7848'],
  ],
  ['a further group that is whole', further(group()), []],
  [
    'a further group that is not',
    further(group({ leader: '' })),
    expected.map((from) => `${from} knows no leader of g3`),
  ],
  [
    'the group of the embedded storage, while the others have gone over to MySQL',
    own(0, { nacos_config: group() }),
    [],
  ],
  [
    'a further group that others of the same version are not in',
    own(0, { g3: group() }),
    expected.slice(1).map((from) => `${from} says nothing of the Raft group g3`),
  ],
  [
    'a further group of one that runs another version',
    own(0, { g3: group() }).map((view, i) => (i === 0 ? otherVersion(view) : view)),
    [],
  ],
]
for (const [name, given, says] of cases) test(name, () => assert.equal(clusterProblems(given, expected, groups), says))

test('who says nothing of a group, though its leader counts it in', () => {
  const silent = { member: '10.0.0.3:8848', group: 'g1', leader: '10.0.0.1:7848' }
  const without = { groups: { g2: group({ leader: '10.0.0.2:7848' }) } }
  assert.equal(untold(views()), [])
  assert.equal(untold(views(2, 2, without)), [silent])
  assert.equal(untold(own(2, { g1: group({ peers: [] }) })), [silent])
  assert.equal(untold(own(2, { g1: group({ leader: '', peers: [] }) })), [silent])
  // What others say of it does not count, nor one that its leader does not know, nor a group whose leader was not asked.
  assert.equal(untold(views(0, 2, without)), [])
  const small = { groups: { g1: group({ peers: peers.slice(0, 2) }), g2: group({ leader: '10.0.0.2:7848' }) } }
  assert.equal(untold([views(0, 0, small)[0]!, ...views(2, 2, without).slice(1)]), [])
  assert.equal(untold(views(2, 2, without).slice(1)), [])
})

test('a leader that is no member is said', () => {
  const stray = views().map(({ from }) => ({
    from,
    members: expected.map((address) => member(address, { groups: { g1: group({ leader: '10.0.0.9:7848' }) } })),
  }))
  assert.is(clusterProblems(stray, expected, ['g1']).length, 3)
  assert.match(clusterProblems(stray, expected, ['g1'])[0] ?? '', /follows 10\.0\.0\.9:7848 in g1, which is no member/)
})

test('without one member only what the others say of each other counts; a peer that is none still does', () => {
  const [first = '', second = '', third = ''] = expected
  const without = (given: readonly View[], leaving = second): readonly string[] =>
    problemsWithout(
      leaving,
      given.filter(({ from }) => from !== second),
      expected,
      groups,
    )
  assert.equal(without(views(0, 1, { state: 'DOWN' })), [])
  assert.equal(without(views(0, 2, { state: 'DOWN' })), [`${first} sees ${third} DOWN`])
  const led = (leader: string): Partial<Member> => ({ groups: { g1: group({ leader }), g2: group({ leader }) } })
  const all = (leader: string): readonly View[] =>
    views().map((view) => ({ ...view, members: expected.map((address) => member(address, led(leader))) }))
  assert.equal(without(all('10.0.0.2:7848')), [], 'the leader that is to go')
  const other = '10.0.0.4:8848'
  assert.equal(without(all('10.0.0.2:7848'), other), [], 'a leader that only we do not see')
  const down = all('10.0.0.2:7848').map(({ from, members }) => ({
    from,
    members: members.map((one) => (from === third && one.address === second ? { ...one, state: 'DOWN' } : one)),
  }))
  assert.equal(without(down, other), [
    `${first} follows 10.0.0.2:7848, which can't be asked and is not UP to all others`,
  ])
  assert.match(without(all('10.0.0.9:7848'))[0] ?? '', /follows 10\.0\.0\.9:7848 in g1, which is no member/)
  const stray = { g1: group({ peers: [...peers, '10.0.0.9:7848'] }), g2: group({ leader: '10.0.0.2:7848' }) }
  assert.equal(without(views(0, 0, { groups: stray })), [`g1 at ${first} has the stray peer 10.0.0.9:7848`])
})

test.run()
