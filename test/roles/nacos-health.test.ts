/** When the gate of a Nacos play opens, and what it says while it does not. */
import type { PlinthError } from '../../lib/core/error.ts'
import type { Topology } from '../../lib/core/topology.ts'
import type { Missing } from '../../lib/engine/play.ts'
import { nacosHealthy } from '../../roles/nacos-health.ts'
import { LoginRefused } from '../../roles/nacos-http.ts'
import { assert, suite } from '../kit.ts'
import { FakeNacos, type Faults } from './fake-nacos.ts'
import { cluster, changed as inventory, type Swap } from './nodes.ts'

const test = suite('nacos-health')

const out = 'tail:/opt/nacos/logs/start.out'
const started = { [out]: '2026-01-01 Nacos started successfully in cluster mode. use external storage\n' }
const wrongFlag = {
  [out]: "Unrecognized VM option 'UseConcMarkSweepGC'\nError: Could not create the Java Virtual Machine.\n",
  'unit:nacos.service': 'LoadState=loaded\nSubState=auto-restart',
}
/** As 2.1.1 wrote it when its members lost their leader while they started. */
const leaderless = {
  [out]: `ERROR Startup errors :
Caused by: ConsistencyException: The Raft Group [nacos_config] did not find the Leader node
`,
  'unit:nacos.service': 'LoadState=loaded\nSubState=running',
}
const all = ['n1', 'n2', 'n3']
const everywhere = <T>(value: T): Record<string, T> => Object.fromEntries(all.map((name) => [name, value]))
const authOff: Swap = ['enabled: true', 'enabled: false']
const noPassword: Swap = ['            admin_password: adminpw\n', '']
const standalone: Swap = ['version: 2.2.4', 'version: 2.2.4\n          mode: standalone']
const embedded: readonly Swap[] = [
  ['    database: { host: 10.0.0.10, name: nacos, user: nacos, password: dbpass }\n', ''],
  ['version: 2.2.4', 'version: 2.1.1\n          mode: embedded'],
]
/** n1 and n2 are instances of one machine. */
const sharing: Swap = [
  'n2: { ansible_host: 10.0.0.2 }',
  'n2: { ansible_host: 10.0.0.1, nacos_port: 8948, nacos_home: /opt/nacos2, nacos_unit: nacos2 }',
]

interface Case extends Faults {
  readonly says: string
  readonly swaps?: readonly Swap[]
  /** Default: all three. */
  readonly expected?: readonly string[]
  /** Default: none. */
  readonly changed?: readonly string[]
  /** Default: all that were changed. */
  readonly started?: readonly string[]
  readonly deep?: boolean
  /** `host: what`; run ids as `N`, ` (final)` where waiting ends. Default: the gate opens. */
  readonly missing?: readonly string[]
  /** How many of its things are left behind. */
  readonly left?: number
}

const groups = ['naming_persistent_service_v2', 'naming_instance_metadata', 'naming_service_metadata']
const at = (index: number): string => `10.0.0.${index}:8848`

/** Another answer to one request of one node. */
const instead =
  (name: string, request: string, status: number, body: string): NonNullable<Faults['fault']> =>
  (node, line) =>
    node === name && line.startsWith(request) ? { status, body } : undefined

const cases: readonly Case[] = [
  { says: 'three of three, nothing changed', on: everywhere({}) },
  { says: 'three of three, used', changed: all, deep: true, on: everywhere(started) },
  { says: 'three of three, used without auth', swaps: [authOff], changed: all, deep: true, on: everywhere(started) },
  {
    says: '3.x, used without auth: its admin API asks for a token all the same',
    swaps: [authOff, ['version: 2.2.4', 'version: 3.0.3']],
    changed: all,
    deep: true,
    on: everywhere({
      [out]: ['Nacos started', 'Nacos Server API started', 'Nacos Console started']
        .map((line) => `${line} successfully in 9 ms\n`)
        .join(''),
    }),
  },
  {
    says: 'three of three, but one that was changed has not said so',
    changed: all,
    deep: true,
    on: { n1: started, n2: started },
    missing: ['n3: has not written its success line yet'],
  },
  {
    says: 'a start of long ago need not show its line',
    changed: ['n1'],
    deep: true,
    on: { n1: started },
  },
  {
    says: 'one that was changed and not started need not show it: its output may have been emptied since',
    changed: all,
    started: ['n1'],
    deep: true,
    on: { n1: started },
  },
  {
    says: 'a node that was changed and not started is never final: what its output says is of another time',
    down: ['n1'],
    changed: ['n1'],
    started: [],
    on: { n1: wrongFlag },
    missing: [`n1: does not answer: nothing listens on ${at(1)}`],
  },
  { says: 'one member is silent', down: ['n2'], missing: [`n2: does not answer: nothing listens on ${at(2)}`] },
  {
    says: 'a machine is out of reach',
    cut: ['n2'],
    changed: ['n1'],
    missing: ['n2: does not answer: no route to host'],
  },
  {
    says: 'one of three on a first installation, started',
    down: ['n2', 'n3'],
    expected: ['n1'],
    changed: ['n1'],
    on: { n1: started },
  },
  {
    says: 'one of three on a first installation, still at it',
    down: ['n2', 'n3'],
    expected: ['n1'],
    changed: ['n1'],
    on: { n1: { [out]: 'Nacos is starting...\n' } },
    missing: ['n1: has not written its success line yet'],
  },
  {
    says: 'two of three with a leader',
    down: ['n3'],
    expected: ['n1', 'n2'],
    changed: ['n1', 'n2'],
    sees: { n1: { states: { [at(3)]: 'DOWN' } }, n2: { states: { [at(3)]: 'SUSPICIOUS' } } },
  },
  {
    says: 'two of three that have not elected',
    down: ['n3'],
    expected: ['n1', 'n2'],
    changed: ['n1', 'n2'],
    sees: { n1: { leader: '' }, n2: { leader: '' } },
    missing: groups.flatMap((group) => ['n1', 'n2'].map((n, i) => `${n}: ${at(i + 1)} knows no leader of ${group}`)),
  },
  {
    says: 'two of three that follow the one that is down',
    down: ['n3'],
    expected: ['n1', 'n2'],
    changed: ['n1', 'n2'],
    sees: { n1: { leader: '10.0.0.3:7848' }, n2: { leader: '10.0.0.3:7848' } },
    missing: ['n1', 'n2'].flatMap((n, i) =>
      groups.map((group) => `${n}: ${at(i + 1)} still follows 10.0.0.3:7848 in ${group}, which does not serve`),
    ),
  },
  {
    says: 'two of three, one of which has not taken the other in, nor the one that need not be there yet',
    down: ['n3'],
    expected: ['n1', 'n2'],
    changed: ['n2'],
    sees: { n1: { lacks: [at(2), at(3)] } },
    missing: groups.map((group) => `n1: ${group} at ${at(1)} lacks the peer 10.0.0.2:7848`),
  },
  {
    says: 'two leaders',
    sees: { n2: { leader: '10.0.0.2:7848' } },
    missing: groups.map((group) => `n1: ${group} has 2 leaders: 10.0.0.1:7848, 10.0.0.2:7848`),
  },
  {
    says: 'one is not UP to another',
    sees: { n1: { states: { [at(2)]: 'SUSPICIOUS' } } },
    missing: [`n1: ${at(1)} sees ${at(2)} SUSPICIOUS`],
  },
  {
    says: 'a stray member, nothing changed',
    sees: { n2: { strays: [at(9)], strayPeers: ['10.0.0.9:7848'] } },
    missing: [
      `n2: ${at(2)} counts ${at(9)} as a member, the inventory does not`,
      ...groups.map((group) => `n2: ${group} at ${at(2)} has the stray peer 10.0.0.9:7848`),
    ],
  },
  {
    says: 'a stray member, between two batches',
    changed: ['n1'],
    sees: { n2: { strays: [at(9)], strayPeers: ['10.0.0.9:7848'] } },
  },
  {
    says: 'a stray member, at the end',
    changed: all,
    deep: true,
    on: everywhere(started),
    sees: { n2: { strays: [at(9)] } },
    missing: [`n2: ${at(2)} counts ${at(9)} as a member, the inventory does not`],
  },
  {
    says: 'UP and in no Raft group',
    sees: { n3: { groups: null } },
    missing: [`n3: ${at(3)} reports no Raft groups (no raftMetaData)`],
  },
  {
    says: 'UP and not in one of the Raft groups',
    sees: { n3: { groups: groups.slice(1) } },
    missing: [`n3: ${at(3)} says nothing of the Raft group ${groups[0]}`],
  },
  {
    says: 'not ready',
    fault: instead('n2', 'GET /nacos/v1/console/health/readiness', 500, 'Naming is not ready'),
    missing: ['n2: not ready: Naming is not ready'],
  },
  {
    says: 'naming is down',
    fault: instead('n2', 'GET /nacos/v1/ns/operator/metrics', 503, 'server is DOWN now'),
    missing: ['n2: naming is not up: server is DOWN now'],
  },
  {
    says: 'what is written on one is not seen on another',
    changed: all,
    deep: true,
    on: everywhere(started),
    fault: instead('n3', 'GET /nacos/v1/cs/configs', 404, 'config data not exist'),
    missing: all.map((name) => `n3: does not have the configuration that ${name} published`),
  },
  {
    says: 'what is registered on one is not listed on another',
    changed: all,
    deep: true,
    on: everywhere(started),
    fault: instead('n2', 'GET /nacos/v1/ns/instance/list', 200, '{"hosts":[]}'),
    missing: all.map((name) => `n2: does not list the service that ${name} registered`),
  },
  {
    says: 'a write is refused, and what was written beside it is taken back',
    changed: all,
    deep: true,
    on: everywhere(started),
    fault: instead('n1', 'POST /nacos/v1/ns/instance', 500, 'no leader'),
    missing: [
      "n1: can't register a service: HTTP 500 no leader",
      ...all.map((name) => `${name}: does not list the service that n1 registered`),
    ],
  },
  {
    says: 'taking back is refused',
    changed: all,
    deep: true,
    on: everywhere(started),
    fault: instead('n1', 'DELETE', 503, 'read only\n'),
    missing: [
      "n1: can't take its configuration back: HTTP 503 read only",
      "n1: can't take its service back: HTTP 503 read only",
    ],
    left: 2,
  },
  {
    says: 'a login that is not up to it yet is waited for',
    fault: instead('n2', 'POST /nacos/v1/auth/login', 500, 'caused: null'),
    missing: ['n2: the login as nacos was refused (HTTP 500)'],
  },
  {
    says: 'auth without a password: all that can be told without',
    swaps: [noPassword],
    changed: all,
    deep: true,
    on: everywhere(started),
  },
  {
    says: 'auth without a password: what can be told is told',
    swaps: [noPassword],
    changed: all,
    deep: true,
    on: everywhere(started),
    sees: { n3: { groups: null } },
    missing: [`n3: ${at(3)} reports no Raft groups (no raftMetaData)`],
  },
  {
    says: 'standalone nodes share nothing',
    swaps: [standalone],
    changed: all,
    deep: true,
    on: everywhere({ [out]: 'Nacos started successfully in stand alone mode. use external storage' }),
  },
  {
    says: 'a standalone node is judged by itself',
    swaps: [standalone],
    changed: all,
    deep: true,
    on: everywhere({ [out]: 'Nacos started successfully in stand alone mode. use external storage' }),
    fault: instead('n2', 'GET /nacos/v1/cs/configs', 404, 'config data not exist'),
    missing: ['n2: does not have the configuration that n2 published'],
  },
  {
    says: 'two on one machine',
    swaps: [sharing],
    changed: all,
    deep: true,
    on: { ...everywhere(started), n2: { 'tail:/opt/nacos2/logs/start.out': started[out] ?? '' } },
  },
  {
    says: 'two on one machine, one of them silent',
    swaps: [sharing],
    down: ['n2'],
    missing: ['n2: does not answer: nothing listens on 10.0.0.1:8948'],
  },
  {
    says: 'the start of a changed node failed',
    down: ['n1'],
    expected: ['n1', 'n2', 'n3'],
    changed: ['n1'],
    on: { n1: wrongFlag },
    missing: ['n1: its start failed (final)'],
  },
  {
    says: 'a member of an embedded cluster whose leader went while it started: systemd tries again',
    swaps: embedded,
    down: ['n1'],
    changed: ['n1'],
    on: { n1: leaderless },
    missing: ['n1: its start failed without a Raft leader; systemd starts it again'],
  },
  {
    says: 'with a database no start waits for a Raft leader: whatever the log says, it is over',
    down: ['n1'],
    changed: ['n1'],
    on: { n1: leaderless },
    missing: ['n1: its start failed (final)'],
  },
  {
    says: 'a changed node that is silent and still starting',
    down: ['n1'],
    changed: ['n1'],
    on: { n1: { [out]: 'Nacos is starting...\n', 'unit:nacos.service': 'SubState=running' } },
    missing: [`n1: does not answer: nothing listens on ${at(1)}`],
  },
  {
    says: 'a silent node that was not changed is never final',
    down: ['n1'],
    changed: ['n2'],
    on: { n1: wrongFlag },
    missing: [`n1: does not answer: nothing listens on ${at(1)}`],
  },
]

const line = ({ host, what, final }: Missing): string => `${host}: ${what}${final ? ' (final)' : ''}`

/** Waits inside `work` end at once. */
async function hurried<T>(work: () => Promise<T>): Promise<T> {
  const real = globalThis.setTimeout
  globalThis.setTimeout = ((then: () => void) => real(then, 0)) as typeof setTimeout
  try {
    return await work()
  } finally {
    globalThis.setTimeout = real
  }
}

for (const {
  says,
  swaps = [],
  expected = all,
  changed = [],
  started: begun = changed,
  deep = false,
  missing = [],
  left = 0,
  ...faults
} of cases) {
  test(says, async () => {
    const { nodes } = await cluster(inventory(...swaps))
    const nacos = new FakeNacos(nodes, faults)
    const look = { expected: new Set(expected), changed: new Set(changed), started: new Set(begun), deep }
    const found = await hurried(() => nacosHealthy().missing(nacos.scope(), look))
    assert.equal(found.map(line).sort(), [...missing].sort())
    assert.is(nacos.kept.size, left)
    if (!deep)
      assert.not(
        nacos.requests.some((request) => /cs\/configs|ns\/instance/.test(request)),
        'nothing is used',
      )
  })
}

test('using it: every node writes, every node reads what each has written, and all is taken back', async () => {
  const { nodes } = await cluster()
  const nacos = new FakeNacos(nodes, { on: everywhere(started) })
  await nacosHealthy().missing(nacos.scope(), {
    expected: new Set(all),
    changed: new Set(all),
    started: new Set(all),
    deep: true,
  })
  const times = (request: string): readonly number[] =>
    all.map((name) => nacos.requests.filter((one) => one === `${name} ${request}`).length)
  assert.equal(times('POST /nacos/v1/cs/configs'), [1, 1, 1])
  assert.equal(times('POST /nacos/v1/ns/instance'), [1, 1, 1])
  assert.equal(times('GET /nacos/v1/cs/configs'), [3, 3, 3])
  assert.equal(times('GET /nacos/v1/ns/instance/list'), [3, 3, 3])
  assert.equal(times('DELETE /nacos/v1/cs/configs'), [1, 1, 1])
  assert.equal(times('DELETE /nacos/v1/ns/instance'), [1, 1, 1])
})

test('who serves: whoever answers, whatever it says; a machine out of reach serves nobody', async () => {
  const { nodes } = await cluster()
  const fault = instead('n1', 'GET', 500, 'not yet')
  const serving = (faults: Faults) => nacosHealthy().serving(new FakeNacos(nodes, faults).scope())
  assert.equal([...(await serving({}))], all)
  assert.equal([...(await serving({ down: ['n1'], cut: ['n3'] }))], ['n2'])
  assert.equal([...(await serving({ fault }))], all)
})

test('who leads how many Raft groups, as far as anybody tells', async () => {
  const { nodes } = await cluster()
  const leading = async (faults: Faults): Promise<readonly number[]> => {
    const found = await nacosHealthy().leading?.(new FakeNacos(nodes, faults).scope())
    return all.map((name) => found?.get(name) ?? 0)
  }
  assert.equal(await leading({}), [3, 0, 0])
  assert.equal(await leading({ sees: everywhere({ leader: '10.0.0.2:7848' }) }), [0, 3, 0])
  assert.equal(await leading({ down: ['n1'] }), [0, 3, 0])
  assert.equal(await leading({ cut: ['n1', 'n2', 'n3'] }), [0, 0, 0])
})

test('a login that stays refused ends the waiting, with the way out', async () => {
  const { nodes } = await cluster()
  const refusals = [
    { status: 403, remedy: 'set nacos.auth.admin_password to the password that is in use' },
    {
      status: 404,
      remedy: 'this server has no login: see whether it is a distribution with its console, or turn auth off',
    },
  ]
  for (const { status, remedy } of refusals) {
    const nacos = new FakeNacos(nodes, { fault: instead('n2', 'POST /nacos/v1/auth/login', status, 'unknown user!') })
    const look = { expected: new Set(all), changed: new Set<string>(), started: new Set<string>(), deep: false }
    const gate = nacosHealthy()
    for (let time = 0; time < 16; time++) {
      assert.equal(await gate.missing(nacos.scope(), look), [
        { host: 'n2', what: `the login as nacos was refused (HTTP ${status})` },
      ])
    }
    const error = await gate
      .missing(nacos.scope(), look)
      .then(() => undefined)
      .catch((thrown: unknown) => thrown)
    assert.instance(error, LoginRefused)
    assert.equal((error as PlinthError).problems, [
      { where: 'n2', what: `the login as nacos was refused (HTTP ${status})`, remedy },
    ])
  }
})

/** As if a start had lost it: n3 is in the group, and says nothing of it. */
const untold: Faults = { sees: { n3: { groups: groups.slice(1) } }, on: everywhere(started) }
const silence = { host: 'n3', what: `${at(3)} says nothing of the Raft group ${groups[0]}` }
const transfers = ({ requests }: FakeNacos): readonly string[] =>
  requests.filter((one) => one.includes('core/ops/raft'))
const lookOf = (changed: readonly string[], deep = false) => ({
  expected: new Set(all),
  changed: new Set(changed),
  started: new Set(changed),
  deep,
})

test('a member that goes on saying nothing of a group is made to hear of it: another leads, once', async () => {
  const { nodes } = await cluster()
  for (const deep of [false, true]) {
    const nacos = new FakeNacos(nodes, untold)
    const gate = nacosHealthy()
    const missing = () => hurried(() => gate.missing(nacos.scope(), lookOf(['n3'], deep)))
    for (let time = 1; time < 15; time++) assert.equal(await missing(), [silence])
    assert.equal(transfers(nacos), [])
    const done = `${silence.what}; n2 is made its leader, so that it is heard of`
    assert.equal(await missing(), [{ ...silence, what: done }])
    assert.equal(transfers(nacos), ['n2 POST /nacos/v1/core/ops/raft'])
    assert.equal([...nacos.leaders], [[groups[0], '10.0.0.2:7848']])
    assert.equal(await missing(), [])
  }
})

test('nobody is made to hear of a group by a look at what nothing was changed on, nor while anything else is missing', async () => {
  const { nodes } = await cluster()
  const alsoSick = { ...untold.sees, n1: { states: { [at(2)]: 'SUSPICIOUS' } } }
  const lonely = { ...untold.sees, n2: { groups: groups.slice(1) } }
  for (const [changed, sees, transferred] of [
    [[], untold.sees, 0],
    [['n3'], alsoSick, 0],
    // Who says nothing itself can't be made the leader, and each attempt would be the same.
    [['n3'], lonely, 0],
    [['n3'], untold.sees, 1],
  ] as const) {
    const nacos = new FakeNacos(nodes, { ...untold, sees: sees ?? {} })
    const gate = nacosHealthy()
    for (let time = 0; time < 50; time++) if ((await gate.missing(nacos.scope(), lookOf(changed))).length === 0) break
    assert.is(transfers(nacos).length, transferred)
  }
})

test('that it could not be done is said, and it is tried again after a while', async () => {
  const { nodes } = await cluster()
  const nacos = new FakeNacos(nodes, { ...untold, fault: instead('n2', 'POST /nacos/v1/core/ops/raft', 500, 'busy\n') })
  const gate = nacosHealthy()
  const looks: string[] = []
  for (let time = 0; time < 70; time++)
    looks.push(...(await gate.missing(nacos.scope(), lookOf(['n3']))).map(({ what }) => what))
  const tried = looks.flatMap((what, index) => (what === silence.what ? [] : [[index + 1, what]]))
  const failed = `${silence.what}; n2 could not be made its leader: HTTP 500 busy`
  assert.equal(tried, [
    [15, failed],
    [60, failed],
  ])
})

test('why a member says nothing of a group, and what to do about it', async () => {
  const { nodes } = await cluster()
  const nacos = new FakeNacos(nodes, { ...untold, on: { n3: { 'unit:nacos.service': 'SubState=running' } } })
  assert.equal(await nacosHealthy().explain(nacos.scope(), [silence]), [
    {
      where: 'n3: a lost note',
      what: `its leader counts it in ${groups[0]}; a member that hears of its leader while it starts may lose its note of that`,
      remedy: 'let another member lead: playbooks/leader.ts with -e off=n1',
    },
  ])
  assert.equal(transfers(nacos), [])
})

test('why a start failed, by name; only of the nodes that are missing', async () => {
  const { nodes } = await cluster()
  const explained = (on: Faults['on'], cut: readonly string[] = []) =>
    nacosHealthy().explain(new FakeNacos(nodes, { on: on ?? {}, cut }).scope(), [{ host: 'n1', what: 'is silent' }])
  const flag = {
    where: 'n1: wrong JDK',
    what: 'the JDK does not know the flag UseConcMarkSweepGC: the flags are for another JDK',
    remedy: 'declare the JDK that is really there, so that the flags follow it',
  }
  assert.equal(await explained(everywhere(wrongFlag)), [flag])
  // Systemd has just begun the next attempt: its output so far is short, the one before tells.
  assert.equal(await explained({ n1: { [out]: 'java -server\n', [`${out}.1`]: wrongFlag[out] } }), [flag])
  assert.equal(await explained({ n1: { 'unit:nacos.service': 'SubState=running' } }), [])
  assert.equal(await explained({ n1: { 'unit:nacos.service': 'SubState=failed' } }), [
    { where: 'n1', what: 'its unit is failed', remedy: 'look at /opt/nacos/logs/start.out and journalctl -u nacos' },
  ])
  const unknown =
    'ERROR Startup errors :\nCaused by: A: a\nCaused by: B: the innermost\n\tat x.y\nERROR Nacos failed to start\n'
  assert.equal(await explained({ n1: { [out]: unknown, 'unit:nacos.service': 'SubState=running' } }), [
    {
      where: 'n1',
      what: 'its unit is running, and its output says: Caused by: B: the innermost',
      remedy: 'look at /opt/nacos/logs/start.out and journalctl -u nacos',
    },
  ])
  assert.equal(await explained({ n1: { [out]: 'ERROR of last week\n', 'unit:nacos.service': 'SubState=running' } }), [])
  assert.equal(await explained(everywhere(wrongFlag), ['n1']), [], 'a machine out of reach tells nothing')
})

const shownBy = async (faults: Faults, swaps: readonly Swap[] = []): Promise<readonly string[]> => {
  const { nodes } = await cluster(inventory(...swaps))
  const nacos = new FakeNacos(nodes, faults)
  const pictures: string[] = []
  const shown = ({ members }: Topology): void => {
    pictures.push(members.map(({ host, state, leads }) => `${host} ${state} ${leads.length}`).join(', '))
  }
  const gate = nacosHealthy()
  const look = { expected: new Set(all), changed: new Set<string>(), started: new Set<string>(), deep: false }
  const missing = await gate.missing(nacos.scope(), look, shown)
  if (missing.length > 0) await gate.explain(nacos.scope(), missing, shown)
  return pictures
}

test('what the cluster looks like is shown as it was looked at: when all agree, and when they do not', async () => {
  assert.equal(await shownBy({}), ['n1 UP 3, n2 UP 0, n3 UP 0'])
  assert.equal(await shownBy({ sees: { n1: { states: { [at(2)]: 'SUSPICIOUS' } } } }), [
    'n1 UP 3, n2 SUSPICIOUS 0, n3 UP 0',
    'n1 UP 3, n2 SUSPICIOUS 0, n3 UP 0',
  ])
})

test('while a node is silent the others are asked once, when it is explained', async () => {
  const down = { down: ['n2'], sees: { n1: { states: { [at(2)]: 'DOWN' } } } }
  assert.equal(await shownBy(down), ['n1 UP 3, n2 DOWN 0, n3 UP 0'])
  assert.equal(await shownBy({ cut: ['n3'] }), ['n1 UP 3, n2 UP 0, n3 no answer 0'])
})

test('one that answers and does not tell of the others is not silent', async () => {
  const list = 'GET /nacos/v1/core/cluster/nodes'
  const refused = { fault: instead('n3', list, 500, 'no') }
  const picture = 'n1 UP 3, n2 UP 0, n3 does not tell 0'
  assert.equal(await shownBy(refused), [picture, picture])
})

test('looking costs no request more; nodes that stand alone are no cluster to show', async () => {
  const { nodes } = await cluster()
  const [seen, unseen] = [new FakeNacos(nodes, {}), new FakeNacos(nodes, {})]
  const look = { expected: new Set(all), changed: new Set<string>(), started: new Set<string>(), deep: false }
  await nacosHealthy().missing(seen.scope(), look, () => {})
  await nacosHealthy().missing(unseen.scope(), look)
  assert.equal(seen.requests, unseen.requests)
  assert.equal(await shownBy({}, [standalone]), [])
})

test.run()
