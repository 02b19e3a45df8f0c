import type { Group, View } from '../../lib/nacos/cluster.ts'
import { leadersOf, ledBy, movesClients, readClients, transferProblems } from '../../lib/nacos/leadership.ts'
import { parseVersion } from '../../lib/nacos/version.ts'
import { assert, suite } from '../kit.ts'

const test = suite('nacos/leadership')
const members = ['10.0.0.1:8848', '10.0.0.2:8848', '10.0.0.3:8848']
const peers = members.map((member) => member.replace('8848', '7848'))
const names = ['naming_persistent_service_v2', 'naming_service_metadata']

interface Told {
  readonly leaders?: readonly string[]
  readonly states?: Readonly<Record<string, string>>
  readonly peers?: readonly string[]
}

/** What a member says; of itself it knows the groups, of others nothing that counts. */
function view(from: string, { leaders = [peers[0]!, peers[0]!], states = {}, peers: own = peers }: Told = {}): View {
  const groups: Record<string, Group> = Object.fromEntries(
    names.map((name, index) => [name, { leader: leaders[index] ?? '', term: 1, peers: own }]),
  )
  return {
    from,
    members: members.map((address) => ({
      address,
      state: states[address] ?? 'UP',
      version: '2.2.4',
      raftPort: '7848',
      groups: address === from ? groups : undefined,
    })),
  }
}

const all = (told: Told = {}): View[] => members.map((member) => view(member, told))

test('the leader of a group is whom all name; while they disagree there is none', () => {
  assert.equal(
    [...leadersOf(all({ leaders: [peers[1]!, peers[2]!] }))],
    [
      [names[0], peers[1]],
      [names[1], peers[2]],
    ],
  )
  const split = [
    view(members[0]!, { leaders: [peers[0]!, peers[0]!] }),
    view(members[1]!, { leaders: [peers[1]!, peers[0]!] }),
  ]
  assert.equal([...leadersOf(split).values()], ['', peers[0]])
  assert.equal([...leadersOf([])], [])
  const waiting = view(members[2]!, { leaders: ['', ''], peers: [] })
  assert.equal([...leadersOf([...all().slice(0, 2), waiting]).values()], [peers[0], peers[0]])
  assert.equal([...leadersOf([waiting]).values()], ['', ''])
})

test('a member leads what all say it leads', () => {
  assert.equal(ledBy(all(), members[0]!), names)
  assert.equal(ledBy(all({ leaders: [peers[0]!, peers[1]!] }), members[1]!), [names[1]])
  assert.equal(ledBy(all(), members[2]!), [])
})

test('whoever is UP to everybody, with its peers whole, may lead', () => {
  assert.equal(transferProblems(all(), members[1]!, members, names), [])
})

test('another that says nothing of a group is no reason: a new leader is what makes it tell', () => {
  const third = view(members[2]!)
  const own = third.members.find(({ address }) => address === members[2])!
  const quiet = { ...own, groups: { [names[1]!]: own.groups![names[1]!]! } }
  const views = [view(members[0]!), view(members[1]!), { ...third, members: [...third.members.slice(0, 2), quiet] }]
  assert.equal(transferProblems(views, members[1]!, members, names), [])
  assert.equal(transferProblems(views, members[2]!, members, names), [`${members[2]} is no peer of ${names[0]}`])
})

test('reasons against a leader, each by name', () => {
  const [first, second, third] = members as [string, string, string]
  const cases: readonly (readonly [views: View[], says: RegExp])[] = [
    [[view(first), view(third)], /10\.0\.0\.2:8848 does not answer/],
    [
      [view(first, { states: { [second]: 'SUSPICIOUS' } }), view(second), view(third)],
      /10\.0\.0\.1:8848 sees 10\.0\.0\.2:8848 SUSPICIOUS/,
    ],
    [
      [view(first), view(second, { peers: [peers[0]!, peers[2]!] }), view(third)],
      /10\.0\.0\.2:8848 is no peer of naming_persistent_service_v2/,
    ],
    [
      [view(first, { peers: peers.slice(0, 2) }), view(second), view(third)],
      /at 10\.0\.0\.1:8848 lacks the peer 10\.0\.0\.3:7848/,
    ],
    [[view(first), view(second), view(third, { peers: [...peers, '10.0.0.9:7848'] })], /stray peer 10\.0\.0\.9:7848/],
    [[view(first), { from: second, members: view(first).members }, view(third)], /10\.0\.0\.2:8848 is no peer of/],
  ]
  for (const [views, says] of cases) assert.match(transferProblems(views, second, members, names).join('\n'), says)
})

test('clients can be moved from 2.2.0 on', () => {
  assert.equal(
    ['2.0.3', '2.1.2', '2.2.0', '2.5.4', '3.0.3'].map((text) => movesClients(parseVersion(text))),
    [false, false, true, true, true],
  )
})

test('connections of other members are no clients', () => {
  const connection = (source: string) => ({ metaInfo: { labels: { source } } })
  const two = JSON.stringify({ a: connection('cluster'), b: connection('sdk'), c: connection('sdk') })
  assert.is(readClients(200, two), 2)
  assert.is(readClients(200, '{}'), 0)
  assert.is(readClients(200, JSON.stringify({ code: 0, data: { a: connection('sdk') } })), 1)
  assert.is(readClients(403, '{}'), undefined)
  assert.is(readClients(200, 'not json'), undefined)
})

test.run()
