import type { Resource } from '../../lib/core/resource.ts'
import { parseVersion } from '../../lib/nacos/version.ts'
import { canned, plainFacts } from '../../lib/testing.ts'
import { clusterConf } from '../../roles/cluster-conf.ts'
import { assert, suite } from '../kit.ts'
import { plans } from '../resources/cases.ts'
import { cluster } from './nodes.ts'

const test = suite('roles/cluster-conf')
const { nodes } = await cluster()
const of = (prefix: string, addresses: readonly string[]): Resource =>
  clusterConf
    .resources(
      { ...nodes[0]!.params.nacos, members: ['10.0.0.1:8848'], ownAddress: '10.0.0.1' },
      { ...plainFacts, addresses },
    )
    .find(({ id }) => id.startsWith(prefix))!

plans(test, of('address:', ['172.17.0.1', '10.0.0.1']), { 'the address is its own': { answers: {}, action: 'keep' } })
plans(test, of('address:', []), { 'nobody can say which addresses it has': { answers: {}, action: 'keep' } })
plans(test, of('address:', ['10.0.0.9', 'fe80::1']), {
  'the address is another host’s': {
    answers: {},
    action: 'blocked',
    problems: ['this host does not have that address; it has 10.0.0.9, fe80::1; set nacos.address'],
  },
})

const java = (pid: number): string => `users:(("java",pid=${pid},fd=9))`
const running = { 'unit:nacos.service': 'ActiveState=active\nMainPID=77' }
const ports = of('ports:', [])

plans(test, ports, {
  'all ports free': { answers: {}, action: 'keep' },
  'held by the instance itself': {
    answers: { ...running, 'listening:8848': java(77), 'listening:9849': `${java(77)}\n${java(77)}` },
    action: 'keep',
  },
  'held by somebody unnamed while it runs': { answers: { ...running, 'listening:8848': 'somebody' }, action: 'keep' },
  'held by somebody unnamed while it does not': {
    answers: { 'listening:7848': 'somebody' },
    action: 'blocked',
    problems: ['port:7848: taken by somebody; stop that program'],
  },
  'held by another program': {
    answers: { ...running, 'listening:9848': 'users:(("nginx",pid=5,fd=6),("nginx",pid=6,fd=6))' },
    action: 'blocked',
    problems: [
      'port:9848: taken by nginx,pid=5,fd=6,nginx,pid=6,fd=6; stop that program, or choose another nacos.port',
    ],
  },
  'on another address of the host another program is there as well': {
    answers: { ...running, 'listening:8848': `${java(77)}\nusers:(("nginx",pid=5,fd=6))` },
    action: 'blocked',
    problems: ['port:8848: taken by nginx,pid=5'],
  },
  'a pid that only begins alike': {
    answers: { ...running, 'listening:8848': java(771) },
    action: 'blocked',
    problems: ['port:8848: taken by java,pid=771'],
  },
})

const conf = '/opt/nacos/conf/cluster.conf'
const listed = (...members: readonly string[]): Readonly<Record<string, string>> => ({
  [`stat:${conf}`]: 'regular file|640|nacos|nacos|8',
  [`content:${conf}`]: Buffer.from(members.map((member) => `${member}\n`).join('')).toString('base64'),
})
const of3 = clusterConf
  .resources(
    {
      ...nodes[0]!.params.nacos,
      members: ['10.0.0.1:8848', '10.0.0.1:8948', '10.0.0.2:8848'],
      ownAddress: '10.0.0.1',
    },
    plainFacts,
  )
  .find(({ id }) => id.startsWith('line-set:'))!
const shrinks: Readonly<Record<string, readonly [listed: readonly string[], warnings: readonly string[]]>> = {
  'all are listed': [['10.0.0.1:8848', '10.0.0.1:8948', '10.0.0.2:8848'], []],
  'one joins': [['10.0.0.1:8848', '10.0.0.2:8848'], []],
  'one has another address': [['10.0.0.1:8848', '10.0.0.1:8948', '10.0.0.9:8848'], []],
  'one of four goes, which is on a host that stays': [
    ['10.0.0.1:8848', '10.0.0.1:8948', '10.0.0.2:8848', '10.0.0.2:8948'],
    ['10.0.0.2:8948 goes, for it is not declared'],
  ],
  'half of six go': [
    ['10.0.0.1:8848', '10.0.0.1:8948', '10.0.0.2:8848', '10.0.0.7:8848', '10.0.0.8:8848', '10.0.0.9:8848'],
    [
      '10.0.0.7:8848 goes, for it is not declared',
      '10.0.0.8:8848 goes, for it is not declared',
      '10.0.0.9:8848 goes, for it is not declared',
      '3 of 6 members go at once: where half or more go, those that stay may never agree on a leader again',
    ],
  ],
}
for (const [says, [members, warnings]] of Object.entries(shrinks)) {
  test(`members that go: ${says}`, () => {
    const plan = of3.plan(canned(listed(...members)), new Set())
    assert.equal(
      plan.warnings?.map(({ where, what }) => `${where}: ${what}`),
      warnings.map((what) => `${conf}: ${what}`),
    )
    assert.is(plan.action, says === 'all are listed' ? 'keep' : 'update')
  })
}
test('members that go: none where there is no file', () => {
  assert.equal(of3.plan(canned({}), new Set()).warnings, [])
})

const third = (console_port?: number) =>
  clusterConf
    .resources(
      { ...nodes[0]!.params.nacos, console_port, version: parseVersion('3.0.3'), members: [], ownAddress: '10.0.0.1' },
      plainFacts,
    )
    .find(({ id }) => id.startsWith('ports:'))!
plans(test, third(), {
  'the console port of 3.x is held by another program': {
    answers: { ...running, 'listening:8080': 'users:(("nginx",pid=5,fd=6))' },
    action: 'blocked',
    problems: ['port:8080: taken by nginx,pid=5,fd=6; stop that program, or choose another nacos.console_port'],
  },
})
plans(test, third(8081), {
  'another console port is declared': {
    answers: { ...running, 'listening:8080': 'users:(("nginx",pid=5,fd=6))' },
    action: 'keep',
  },
})

test.run()
