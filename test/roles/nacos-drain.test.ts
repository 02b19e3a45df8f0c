/** Leader transfer, drain and the way back over a little Nacos: what is found, what is done, and what is refused. */
import { carryOut } from '../../lib/engine/perform.ts'
import { drain, undrain } from '../../roles/nacos-drain.ts'
import { leadershipOff, leadershipTo } from '../../roles/nacos-leader.ts'
import { memberOfNode, type Node } from '../../roles/nacos-node.ts'
import { namedNode } from '../../roles/named-node.ts'
import { tester } from '../engine/valve.ts'
import { assert, suite } from '../kit.ts'
import type { Faults } from './fake-nacos.ts'
import { cluster, good } from './nodes.ts'
import { type Scene, scene, states, steps, told } from './scene.ts'

const test = suite('nacos-drain')
const groups = ['naming_persistent_service_v2', 'naming_instance_metadata', 'naming_service_metadata']
const transfers = ({ nacos }: Scene): readonly string[] => nacos.requests.filter((line) => line.includes('ops/raft'))
const at = (index: number): string => `10.0.0.${index}:8848`
const peer = (index: number): string => `10.0.0.${index}:7848`

test('leadership goes to the node that was named, group by group, once', async () => {
  const it = await scene()
  const action = leadershipTo(it.nodes[1]!, it.nodes)
  const checked = await it.carry([action], true)
  assert.equal([states(checked), transfers(it)], [['due'], []])
  assert.match(checked.actions[0]!.say, /naming_instance_metadata is led by n1, .*; will hand 3 Raft groups to n2/)
  assert.equal(states(await it.carry([action])), ['done'])
  assert.equal([...it.nacos.leaders].sort(), groups.map((group) => [group, peer(2)] as [string, string]).sort())
  assert.is(transfers(it).length, 3)
  const again = await it.carry([action])
  assert.equal([states(again), again.actions[0]?.say], [['kept'], 'n2 leads all 3 Raft groups'])
  assert.is(transfers(it).length, 3)
})

test('killed between two groups, the next run hands over the rest', async () => {
  const it = await scene()
  it.nacos.leaders.set(groups[0]!, peer(2))
  assert.equal(states(await it.carry([leadershipTo(it.nodes[1]!, it.nodes)])), ['done'])
  assert.is(transfers(it).length, 2)
})

test('an election that is still under way is waited for, and asked for again', async () => {
  let refusals = 2
  const it = await scene({
    fault: (_node, line) =>
      line.includes('ops/raft') && refusals-- > 0
        ? { status: 200, body: '{"code":500,"message":"Fail to get leader of group, Unknown leader"}' }
        : undefined,
  })
  assert.equal(states(await it.carry([leadershipTo(it.nodes[1]!, it.nodes)])), ['done'])
  assert.is(it.world.seconds, 2)
  assert.is(transfers(it).length, 5)
})

test('a transfer that stays refused, or that nobody may ask for, ends with what the server said', async () => {
  for (const [status, body, says] of [
    [
      200,
      '{"code":500,"message":"no such peer"}',
      /did not take naming_\w+: HTTP 200 .*no such peer.*protocol-raft\.log/,
    ],
    [403, 'user not found!', /HTTP 403 user not found!; declare nacos\.auth\.admin_password/],
  ] as const) {
    const it = await scene({ fault: (_node, line) => (line.includes('ops/raft') ? { status, body } : undefined) })
    const result = await it.carry([leadershipTo(it.nodes[1]!, it.nodes)])
    assert.equal(states(result), ['failed'])
    assert.match(told(result), says)
  }
})

test('who is not UP to everybody, or is no whole peer, does not get it', async () => {
  const cases: readonly (readonly [Faults, RegExp])[] = [
    [{ sees: { n3: { states: { [at(2)]: 'SUSPICIOUS' } } } }, /10\.0\.0\.3:8848 sees 10\.0\.0\.2:8848 SUSPICIOUS/],
    [{ sees: { n2: { groups: null } } }, /10\.0\.0\.2:8848 is no peer of/],
    [{ sees: { n1: { strayPeers: ['10.0.0.9:7848'] } } }, /stray peer 10\.0\.0\.9:7848/],
    [{ down: ['n2'] }, /10\.0\.0\.2:8848 does not answer/],
  ]
  for (const [faults, says] of cases) {
    const it = await scene(faults as Faults & { down?: string[] })
    const result = await it.carry([leadershipTo(it.nodes[1]!, it.nodes)])
    assert.equal([states(result), transfers(it)], [['blocked'], []])
    assert.match(told(result), says)
  }
})

test('moved off a node, it goes to the first other that may lead', async () => {
  const it = await scene({ sees: { n1: { states: { [at(2)]: 'DOWN' } }, n3: { states: { [at(2)]: 'DOWN' } } } })
  const result = await it.carry([leadershipOff(it.nodes[0]!, it.nodes)])
  assert.equal(states(result), ['done'], told(result))
  assert.equal([...new Set(it.nacos.leaders.values())], [peer(3)])
  assert.equal(
    states(await it.carry([leadershipOff(it.nodes[1]!, it.nodes)])),
    ['kept'],
    'who leads nothing is left alone',
  )
})

test('drained: leader elsewhere, then stopped, all members locked; and back', async () => {
  const it = await scene({ down: [] })
  const [first] = it.nodes as readonly [Node, ...Node[]]
  const checked = await it.carry(drain(first, it.nodes, false), true)
  assert.equal([states(checked), steps(it)], [['due', 'kept', 'due'], []])
  const result = await it.carry(drain(first, it.nodes, false))
  assert.equal(states(result), ['done', 'kept', 'done'], told(result))
  assert.equal(steps(it), ['n1 stop nacos.service'])
  assert.ok(
    it.nodes.every(
      ({ machine }) => it.world.machine(machine.key).holder === 'tester on controller, pid 1, a test, run r1',
    ),
  )
  assert.equal(states(await it.carry(drain(first, it.nodes, false))), ['kept', 'kept', 'kept'])
  assert.equal(states(await it.carry(undrain(first, it.nodes), true)), ['due', 'unknown'])
  assert.equal(states(await it.carry(undrain(first, it.nodes))), ['done', 'kept'])
  assert.equal(steps(it), ['n1 stop nacos.service', 'n1 start nacos.service'])
})

test('no second member is taken out while one is down, unless it is forced', async () => {
  const it = await scene({ down: ['n3'] })
  const [first] = it.nodes as readonly [Node, ...Node[]]
  const refused = await it.carry(drain(first, it.nodes, false))
  assert.is(states(refused)[2], 'blocked')
  assert.match(
    told(refused),
    /n1: without it 1 of 3 members would serve, which is no majority: n3 does not answer; bring n3 back first, or say --force/,
  )
  assert.equal([steps(it), transfers(it)], [[], []])
  const forced = await it.carry(drain(first, it.nodes, true))
  assert.equal(states(forced), ['done', 'kept', 'done'], told(forced))
})

test('of two members none may go, unless it is forced', async () => {
  const two = good.replace('        n3: { ansible_host: 10.0.0.3 }\n', '')
  const it = await scene({ down: [] }, two)
  const refused = await it.carry(drain(it.nodes[0]!, it.nodes, false))
  assert.match(told(refused), /without it 1 of 2 members would serve, which is no majority; have at least 3 members/)
})

test('while the others are no whole cluster none may go: who answers need not serve', async () => {
  const failing =
    (end: string, status: number, body: string): NonNullable<Faults['fault']> =>
    (name, line) =>
      name === 'n3' && line.endsWith(end) ? { status, body } : undefined
  const sick: Faults['sees'] = {
    n1: { states: { [at(3)]: 'DOWN' } },
    n2: { states: { [at(3)]: 'DOWN' } },
    n3: { groups: null },
  }
  const cases: readonly (readonly [string, Faults, RegExp])[] = [
    [
      'in no Raft group',
      { sees: sick },
      /n1: 10\.0\.0\.1:8848 sees 10\.0\.0\.3:8848 DOWN;[\s\S]*n3: .* reports no Raft groups/,
    ],
    ['not ready', { fault: failing('/readiness', 500, 'naming not ready') }, /n3: not ready: naming not ready/],
    [
      'naming is down',
      { fault: failing('/metrics', 503, 'server is DOWN now') },
      /n3: naming is not up: server is DOWN/,
    ],
    [
      'a stranger',
      { fault: (name) => (name === 'n3' ? { status: 404, body: 'nginx' } : undefined) },
      /n3: not ready: nginx/,
    ],
    ['a leader of its own', { sees: { n3: { leader: peer(3) } } }, /has 2 leaders: 10\.0\.0\.1:7848, 10\.0\.0\.3:7848/],
    // A peer that nobody runs counts for the majority all the same.
    ['a stray peer', { sees: { n1: { strayPeers: ['10.0.0.9:7848'] } } }, /has the stray peer 10\.0\.0\.9:7848/],
  ]
  for (const [name, faults, says] of cases) {
    const it = await scene({ ...faults, down: [] })
    const refused = await it.carry(drain(it.nodes[1]!, it.nodes, false))
    assert.is(states(refused).at(-1), 'blocked', name)
    assert.match(told(refused), says)
    assert.match(told(refused), /mend that before n2 goes: playbooks\/site\.ts, or say --force/)
    assert.equal([steps(it), transfers(it)], [[], []], name)
  }
  const it = await scene({ down: [], sees: sick })
  assert.is(states(await it.carry(drain(it.nodes[1]!, it.nodes, true))).at(-1), 'done', 'forced')
})

test('who is to go may be the one that is not well, and what passes is waited for', async () => {
  const others = { states: { [at(1)]: 'SUSPICIOUS' } }
  const sick = await scene({ down: [], sees: { n1: { states: { [at(3)]: 'DOWN' } }, n2: others, n3: others } })
  const result = await sick.carry(drain(sick.nodes[0]!, sick.nodes, false))
  assert.equal(states(result), ['done', 'kept', 'done'], told(result))

  let looks = 3
  const fault = (name: string, line: string) =>
    name === 'n3' && line.endsWith('/readiness') && looks-- > 0 ? { status: 500, body: 'starting' } : undefined
  const it = await scene({ down: [], fault })
  assert.is(states(await it.carry(drain(it.nodes[1]!, it.nodes, false))).at(-1), 'done')
  assert.is(it.world.seconds, 3)
})

test('a member that is sick itself, and tells other leaders than the others, is drained', async () => {
  for (const leader of ['', peer(2), peer(3)]) {
    const it = await scene({ down: [], sees: { n3: { leader } } })
    const result = await it.carry(drain(it.nodes[2]!, it.nodes, false))
    assert.equal([states(result), steps(it)], [['kept', 'kept', 'done'], ['n3 stop nacos.service']], told(result))
    assert.equal([it.world.seconds, transfers(it)], [0, []])
  }
})

test('forced, it stops whatever becomes of leadership and clients', async () => {
  const ops = (name: string) => (_node: string, line: string) =>
    line.includes(name) ? { status: 403, body: 'no' } : undefined
  const cases: readonly (readonly [string, Faults & { down: string[] }, number])[] = [
    ['the last survivor', { down: ['n1', 'n2'], sees: { n3: { leader: '' } } }, 2],
    ['the last survivor, which leads', { down: ['n1', 'n2'], sees: { n3: { leader: peer(3) } } }, 2],
    ['without a leader', { down: [], sees: { n1: { leader: '' }, n2: { leader: '' }, n3: { leader: '' } } }, 2],
    ['nobody may lead', { down: [], sees: { n2: { groups: null }, n3: { groups: null } } }, 0],
    ['nobody takes it', { down: [], fault: ops('ops/raft') }, 0],
    ['its clients can not be listed', { down: [], fault: ops('/loader/') }, 2],
    ['nobody can log in', { down: [], fault: ops('/auth/login') }, 2],
    [
      'its clients can not be moved',
      {
        down: [],
        fault: (_node, line) =>
          line.endsWith('/reloadCurrent')
            ? { status: 500, body: '' }
            : line.includes('/loader/')
              ? { status: 200, body: clients(2) }
              : undefined,
      },
      2,
    ],
  ]
  for (const [name, faults, index] of cases) {
    const it = await scene(faults)
    const node = it.nodes[index]!
    const refused = await it.carry(drain(node, it.nodes, false))
    assert.ok(refused.actions.at(-1)?.state !== 'done', name)
    const result = await it.carry(drain(node, it.nodes, true))
    assert.equal([told(result), steps(it)], ['', [`${node.name} stop nacos.service`]], name)
    assert.ok(it.world.seconds <= 20, name)
  }
})

test('a login that a server refuses just after its start is waited for; one that stays refused names the password', async () => {
  const refusing = (looks: number) => {
    let left = looks
    return (name: string, line: string) =>
      name === 'n3' && line.endsWith('/auth/login') && left-- > 0 ? { status: 403, body: 'unknown user!' } : undefined
  }
  const it = await scene({ down: [], fault: refusing(5) })
  const result = await it.carry(drain(it.nodes[1]!, it.nodes, false))
  assert.is(states(result).at(-1), 'done', told(result))
  const wrong = await scene({ down: [], fault: refusing(1000) })
  const refused = await wrong.carry(drain(wrong.nodes[1]!, wrong.nodes, false))
  assert.equal([states(refused).at(-1), wrong.world.seconds, steps(wrong)], ['blocked', 20, []])
  assert.match(
    told(refused),
    /^n3: the login as nacos was refused \(HTTP 403\): set nacos\.auth\.admin_password .*; mend that before n2 goes: .*--force/,
  )
})

test('what passes is waited for by the engine: told each second, and ended by an interrupt', async () => {
  const stop = new AbortController()
  const waits: number[] = []
  const it = await scene({
    down: [],
    fault: (name, line) =>
      name === 'n3' && line.endsWith('/readiness') ? { status: 500, body: 'starting' } : undefined,
  })
  const result = await carryOut({ name: 'drain', actions: drain(it.nodes[1]!, it.nodes, false) }, it.world, {
    check: false,
    identity: tester,
    signal: stop.signal,
    report: (event) => {
      if (event.kind === 'awaiting' && waits.push(event.seconds) === 3) stop.abort()
    },
  })
  assert.equal([waits, result.interrupted, result.failures], [[0, 1, 2], true, []])
})

test('a leader that only we can not reach is none that is away', async () => {
  const five = [4, 5].map((index) => `        n${index}: { ansible_host: 10.0.0.${index} }\n`).join('')
  const text = good.replace('n3: { ansible_host: 10.0.0.3 }\n', `n3: { ansible_host: 10.0.0.3 }\n${five}`)
  const leader = peer(5)
  const led = Object.fromEntries([1, 2, 3, 4, 5].map((index) => [`n${index}`, { leader }]))
  const it = await scene({ down: [], cut: ['n5'], sees: led }, text)
  const result = await it.carry(drain(it.nodes[0]!, it.nodes, false))
  assert.equal(states(result), ['kept', 'kept', 'done'], told(result))
  const sees = { ...led, n3: { leader, states: { [at(5)]: 'DOWN' } } }
  const away = await scene({ down: [], cut: ['n5'], sees }, text)
  const refused = await away.carry(drain(away.nodes[0]!, away.nodes, false))
  assert.match(
    told(refused),
    /^n2: 10\.0\.0\.2:8848 follows 10\.0\.0\.5:7848, which can't be asked and is not UP to all others; mend that[^\n]*$/,
  )
})

const clients = (count: number): string =>
  JSON.stringify(
    Object.fromEntries(Array.from({ length: count }, (_, id) => [id, { metaInfo: { labels: { source: 'sdk' } } }])),
  )

/** A node whose clients leave after so many looks since they were asked. */
function withClients(stays: number) {
  let asked = false
  let looks = 0
  return (node: string, line: string) => {
    if (node !== 'n1' || !line.includes('/loader/')) return undefined
    if (line.endsWith('/reloadCurrent')) {
      asked = true
      return { status: 200, body: 'success' }
    }
    return { status: 200, body: asked && looks++ >= stays ? '{}' : clients(2) }
  }
}

test('clients are asked to go, and waited for; who stays stops the drain before the node does', async () => {
  const it = await scene({ down: [], fault: withClients(3) })
  const result = await it.carry(drain(it.nodes[0]!, it.nodes, false))
  assert.equal(states(result), ['done', 'done', 'done'], told(result))
  assert.is(it.nacos.requests.filter((line) => line.endsWith('/reloadCurrent')).length, 1)

  const stuck = await scene({ down: [], fault: withClients(1000) })
  const failed = await stuck.carry(drain(stuck.nodes[0]!, stuck.nodes, false))
  assert.equal(states(failed), ['done', 'failed', 'due'])
  assert.match(
    told(failed),
    /expected that no client is connected to n1, found after 30 s: 2 clients are connected; stop them, or say --force/,
  )
  assert.equal(steps(stuck), [])

  const forced = await scene({ down: [], fault: withClients(1000) })
  assert.equal(states(await forced.carry(drain(forced.nodes[0]!, forced.nodes, true))), ['done', 'done', 'done'])
  assert.equal(steps(forced), ['n1 stop nacos.service'])
})

test('a version that can move no clients says so', async () => {
  const it = await scene({ down: [] }, good.replace('version: 2.2.4', 'version: 2.1.1'))
  const [, moved] = (await it.carry(drain(it.nodes[0]!, it.nodes, false), true)).actions
  assert.equal(
    [moved?.state, moved?.say],
    ['kept', "Nacos 2.1.1 can't move clients: they connect elsewhere when it stops"],
  )
})

test('a node that the others do not know is for the site to bring in', async () => {
  const ignorant = { ignorantOf: [at(2)] }
  const it = await scene({ down: ['n2'], sees: { n1: ignorant, n3: ignorant } })
  const result = await it.carry(undrain(it.nodes[1]!, it.nodes))
  assert.equal(states(result), ['done', 'failed'])
  assert.match(told(result), /n1: 10\.0\.0\.1:8848 does not know 10\.0\.0\.2:8848; run playbooks\/site\.ts, which/)
})

test('a start that fails is told with what the node says of it', async () => {
  const it = await scene({ down: ['n1'] })
  const machine = it.world.machine(it.nodes[0]!.machine.key)
  machine.answer('tail:/opt/nacos/logs/start.out', "Unrecognized VM option 'UseConcMarkSweepGC'\n")
  machine.fail('start nacos.service', 1, 'Job for nacos.service failed.')
  const text = told(await it.carry(undrain(it.nodes[0]!, it.nodes)))
  assert.match(text, /"start nacos\.service" ended with exit code 1:\s+Job for nacos\.service failed/)
  assert.match(text, /n1: wrong JDK: the JDK does not know the flag UseConcMarkSweepGC/)
  // Whether it has started nobody knows, and nobody can be asked.
  const lost = await scene({ down: ['n1'] })
  lost.world.machine(lost.nodes[0]!.machine.key).lose('start nacos.service')
  assert.not.match(told(await lost.carry(undrain(lost.nodes[0]!, lost.nodes))), /wrong JDK|is unknown: its unit/)
})

test('a node that is not installed is not started', async () => {
  const it = await scene({ down: ['n1'] })
  it.world.machine(it.nodes[0]!.machine.key).answer('unit:nacos.service', '')
  assert.match(
    told(await it.carry(undrain(it.nodes[0]!, it.nodes))),
    /there is no nacos\.service; make the node with playbooks\/site\.ts/,
  )
})

test('a node that is not there is a mistake at the desk, with the names there are', async () => {
  const { nodes } = await cluster()
  assert.is(memberOfNode(namedNode(nodes, 'node', 'n2')), at(2))
  for (const [name, says] of [
    ['n4', '-e node=n4: there is no node "n4"; name one of n1, n2, n3'],
    [undefined, '-e node=NAME: no node is named; name one of n1, n2, n3'],
  ] as const) {
    try {
      namedNode(nodes, 'node', name)
      assert.unreachable('it should be refused')
    } catch (error) {
      assert.is((error as Error).message, says)
      assert.is((error as { code?: number }).code, 4)
    }
  }
})

test.run()
