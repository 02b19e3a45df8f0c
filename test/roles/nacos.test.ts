/** A node from the JDK to the running unit: what is declared, in which order, and what restarts it. */

import { listProblems } from '../../lib/core/ordering.ts'
import type { Resource } from '../../lib/core/resource.ts'
import { canned, plainFacts } from '../../lib/testing.ts'
import { nacosGroundwork, nacosMembership, nacosService } from '../../roles/nacos.ts'
import { assert, suite } from '../kit.ts'
import { archives, changed, cluster, distribution, type Swap } from './nodes.ts'

const test = suite('roles/nacos')
const ids = (resources: readonly Resource[]): readonly string[] => resources.map(({ id }) => id)
const facts = { ...plainFacts, addresses: ['10.0.0.1', '172.17.0.1'] }

async function first(...swaps: readonly Swap[]) {
  const { nodes } = await cluster(changed(...swaps))
  const [node] = nodes
  return {
    node: node!,
    nodes,
    ground: nacosGroundwork(node!, archives(), facts),
    members: nacosMembership(node!, nodes, facts),
    service: nacosService(node!, nodes, archives(), facts),
  }
}

const home = (path = '/opt/nacos') => [
  `directory:${path}`,
  ...['conf', 'data', 'logs', 'plugins', 'plugins/health', 'plugins/cmdb', 'tmp', 'releases'].map(
    (folder) => `directory:${path}/${folder}`,
  ),
]

test('the groundwork, in order', async () => {
  const { ground } = await first()
  assert.equal(ids(ground), [
    // The first input that is touched leaves a note there.
    'directory:/etc/plinth',
    'directory:/opt/java',
    'package:openjdk-8-jre-headless',
    'disk:/opt/nacos',
    'group:nacos',
    'user:nacos',
    ...home(),
    'directory:/var/cache/plinth',
    'release:/opt/nacos/releases/2.2.4',
  ])
})

test('the service, in order', async () => {
  const { service } = await first()
  assert.equal(ids(service), [
    'symlink:/opt/java/8',
    'java:/opt/java/8',
    'symlink:/opt/nacos/current',
    'file:/opt/nacos/conf/nacos-logback.xml',
    'properties:/opt/nacos/conf/application.properties',
    'systemd:240',
    'memory:nacos',
    'file:/etc/systemd/system/nacos.service',
    'file:/etc/plinth/nacos.env',
    'unit:nacos',
  ])
})

test('the membership, in order', async () => {
  const { members } = await first()
  assert.equal(ids(members), ['address:10.0.0.1', 'ports:8848,7848,9848,9849', 'line-set:/opt/nacos/conf/cluster.conf'])
})

test('standalone has no cluster.conf', async () => {
  const { members } = await first(['version: 2.2.4', 'version: 2.2.4\n          mode: standalone'])
  assert.equal(ids(members), ['address:10.0.0.1', 'ports:8848,7848,9848,9849'])
})

test('the lists agree with themselves and with each other', async () => {
  for (const home of ['/opt/nacos', '/opt/nacos 集群']) {
    const { ground, members, service } = await first(['sha256:', `home: ${home}\n          sha256:`])
    assert.equal(listProblems([{ host: 'n1', play: 'p', resources: [...ground, ...members, ...service] }]), [])
  }
})

test('an empty host: nothing is blocked that the list itself brings about', async () => {
  const { ground, service } = await first()
  const pending = new Set<string>()
  const plans = [...ground, ...service].map((one) => {
    const plan = one.plan(
      canned({ 'freeSpace:/opt/nacos': '9000000', 'memory:MemTotal': '8000000', 'memory:MemAvailable': '7000000' }),
      pending,
    )
    if (plan.action !== 'keep') pending.add(one.id)
    return plan
  })
  assert.equal(
    plans.filter(({ action }) => action === 'blocked').map(({ id, problems }) => [id, problems]),
    [],
  )
})

/** The ids in `runs` of the unit: what it says it would restart for. */
const restarts = (service: readonly Resource[], all: readonly Resource[]): readonly string[] => {
  const answer = 'LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nNeedDaemonReload=no\nMainPID=7'
  const unit = service.at(-1)!
  return all
    .map(({ id }) => id)
    .filter((id) =>
      unit.plan(canned({ 'unit:nacos.service': answer }), new Set([id])).changes.some(({ key }) => key === 'restart'),
    )
}

test('a change of what java reads at its start restarts it, a change of the members does not', async () => {
  const { ground, service } = await first()
  assert.equal(restarts(service, [...ground, ...service]), [
    'release:/opt/nacos/releases/2.2.4',
    'symlink:/opt/java/8',
    'symlink:/opt/nacos/current',
    'file:/opt/nacos/conf/nacos-logback.xml',
    'properties:/opt/nacos/conf/application.properties',
    'file:/etc/systemd/system/nacos.service',
  ])
})

test('cluster.conf names every member, this one included, whatever their order', async () => {
  const { members } = await first(['10.0.0.2 }', '10.0.0.2, nacos_port: 8948 }'])
  const conf = members.find(({ id }) => id.startsWith('line-set:'))!
  const [step] = conf.plan(canned({}), new Set()).steps
  assert.is(step!.input, '10.0.0.1:8848\n10.0.0.2:8948\n10.0.0.3:8848\n')
})

test('no plan and no command shows a secret', async () => {
  const { ground, service } = await first()
  for (const one of [...ground, ...service]) {
    const { steps, ...rest } = one.plan(canned({}), new Set())
    const shown = JSON.stringify([rest, steps.map(({ say, run }) => [say, run])])
    assert.not(/dbpass|adminpass|idvalue|adminpw/.test(shown), one.id)
  }
})

test('JDK archives: one for the architecture, unpacked under its digest; none is a requirement that fails', async () => {
  const swap = [
    'java: { version: 8 }',
    `java: { version: 17, archives: { arm64: { archive: /jdk.tar.gz, sha256: ${'cd'.repeat(32)} } } }`,
  ] as const
  const { nodes } = await cluster(changed(swap))
  const jdk = { ...distribution, name: 'jdk.tar.gz', sha256: 'cd'.repeat(32) }
  const arm = nacosGroundwork(nodes[0]!, archives({ arm64: jdk }), { ...facts, arch: 'arm64' })
  assert.equal(ids(arm).slice(1, 4), [
    'directory:/opt/java',
    'directory:/var/cache/plinth',
    'release:/opt/java/cdcdcdcdcdcd',
  ])
  assert.is(new Set(ids(arm)).size, arm.length, 'the folder of the archives is made once')
  const amd = nacosService(nodes[0]!, nodes, archives({ arm64: jdk }), facts)
  const plan = amd.find(({ id }) => id === 'java:/opt/java/17')!.plan(canned({}), new Set())
  assert.match(plan.problems[0]?.what ?? '', /no JDK archive is declared for the architecture amd64/)
})

test.run()
