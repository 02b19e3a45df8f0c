/** Sites whose runs take time and go wrong, for the tests of the report. */

import { Secret, sha256 } from '../../lib/core/secret.ts'
import type { Member, Topology } from '../../lib/core/topology.ts'
import { type Look, type Play, play, type Shown } from '../../lib/engine/play.ts'
import { type Action, done, due, type Procedure } from '../../lib/engine/procedure.ts'
import { directory } from '../../lib/resources/directory.ts'
import { file } from '../../lib/resources/file.ts'
import { FakeWorld } from '../../lib/testing.ts'
import { gateOf, hosts, thing } from '../engine/thing.ts'
import { h2, shut, works } from '../engine/valve.ts'

/** A word that must be seen nowhere. */
export const canary = 'canary-7c1e9b'

/** Steps of things take `seconds`, and do what they say. */
function work(world: FakeWorld, host: string, names: readonly string[], seconds: (index: number) => number): void {
  const machine = world.machine(host)
  for (const [index, name] of names.entries()) {
    for (const verb of ['make', 'restart']) {
      machine.on(`${verb} ${name}`, () => {
        world.seconds += seconds(index)
        machine.answer(`is:${name}`, 'new')
        return undefined
      })
    }
  }
}

export interface Example {
  readonly world: FakeWorld
  readonly plays: readonly Play[]
}

/** Three nodes that are set up and started one after the other; `nodes` may be called otherwise. */
export function rolling(nodes: readonly string[] = ['nacos1', 'nacos2', 'nacos3']): Example {
  const world = new FakeWorld()
  const names = ['account', 'folders', 'archive', 'settings']
  for (const [at, name] of nodes.entries()) {
    work(world, name, [...names, 'service'], (index) => [0.3, 0.1, 7.4 + at, 0.2, 1.5][index] ?? 0)
  }
  let looks = 0
  const { gate } = gateOf(world, () => {
    looks++
    return looks % 6 === 0
      ? []
      : [{ host: nodes[Math.floor(looks / 6)] ?? '', what: 'does not answer: nothing listens there' }]
  })
  const secret = (name: string) => file(`/etc/app/${name}.conf`, { content: new Secret(canary), mode: '0600' })
  for (const name of nodes) {
    const machine = world.machine(name)
    machine.answer('stat:/etc/app/password.conf', 'regular file|600|root|root|5')
    machine.answer('hash:/etc/app/password.conf', 'something else')
    machine.on('write /etc/app/password.conf', ({ input }) => {
      machine.answer('hash:/etc/app/password.conf', sha256(String(input)))
      return undefined
    })
  }
  const service = () => [
    secret('password'),
    thing(
      'service',
      names.map((name) => thing(name)),
    ),
  ]
  return {
    world,
    plays: [
      play('groundwork', hosts(...nodes), () => names.map((name) => thing(name))),
      play('nacos', hosts(...nodes), service, { serial: 1, gate }),
    ],
  }
}

/** What a host may say to its worst: markup, colours, other directions, half characters, and no end of it. */
export const hostile = `\x1b[31m</pre><script>document.title="owned"</script><img src=x onerror=alert(1)>\x00\u202e]]>\ud800 "it's" & \r\n${'nohup: 没有空间 '.repeat(3)}\n${'x'.repeat(1_000_000)}\nlast line`

/** The same, and one node's service does not start; another node is away if `away`. */
export function failing(away = false): Example {
  const example = rolling(['节点一', 'nacos2', 'nacos3'])
  const machine = example.world.machine('nacos2')
  machine.on('restart service', () => ({ code: 1, stderr: hostile }))
  machine.on('make service', () => {
    example.world.seconds += 4
    return { code: 1, stderr: hostile }
  })
  if (away) example.world.cutOff('nacos3')
  return example
}

/** A cluster as its gate sees it: one leads, one is suspected by another, one is away, and one is nobody's. */
export const topology = (sick = true): Topology => {
  const names = ['nacos1', 'nacos2', 'nacos3']
  const telling = sick ? names.slice(0, 2) : names
  const groups = ['naming_instance_metadata', 'naming_persistent_service_v2', 'naming_service_metadata']
  const states: Readonly<Record<string, readonly string[]>> = sick
    ? { nacos2: ['SUSPICIOUS', 'UP'], nacos3: ['DOWN', 'DOWN'] }
    : {}
  const member = (
    host: string | null,
    address: string,
    leads: readonly string[],
    own = states[host ?? ''] ?? [],
  ): Member => ({
    host,
    address,
    version: host === 'nacos3' && sick ? '' : '2.2.4',
    state: own[0] ?? 'UP',
    well: host !== null && own.length === 0,
    leads,
    seen: telling.map((by, index) => ({ by, state: own[index] ?? 'UP' })),
  })
  return {
    members: [
      member('nacos1', '10.0.0.1:8848', sick ? groups.slice(0, 2) : groups),
      member('nacos2', '10.0.0.2:8848', sick ? groups.slice(2) : []),
      member('nacos3', '10.0.0.3:8848', []),
      ...(sick ? [member(null, '10.0.0.9:8848', [])] : []),
    ],
  }
}

/** The rolling site, with a gate that shows its cluster: it opens at last, or with `sick` it does not. */
export function drawn(sick: boolean): Example {
  const { world, plays } = rolling()
  const gate = {
    name: 'Nacos is healthy',
    deadline: 20,
    patience: 5,
    serving: async () => new Set<string>(),
    missing: async (_scope: unknown, { deep }: Look, shown?: Shown) => {
      shown?.(topology(sick && deep))
      return sick && deep ? [{ host: 'nacos3', what: 'does not answer: <nothing> listens there' }] : []
    },
    explain: async () => [],
  }
  return { world, plays: plays.map((play) => (play.options.gate ? { ...play, options: { serial: 1, gate } } : play)) }
}

/** A procedure of three actions, of which the last waits; with `stuck` the second fails. */
export function procedure(stuck = false): { readonly world: FakeWorld; readonly procedure: Procedure } {
  const world = new FakeWorld()
  works(world, 'a', 'b')
  for (const host of ['h1', 'h2'])
    for (const name of ['a', 'b'])
      world.machine(host).on(`turn ${name}`, () => {
        world.seconds += 3
        if (stuck && name === 'b') return { code: 1, stderr: hostile }
        world.machine(host).answer(`is:${name}`, 'shut')
        return undefined
      })
  let looks = 0
  const wait: Action = {
    name: 'wait until it is cold',
    after: ['shut b'],
    wants: 'the plant is cold',
    deadline: 30,
    look: async () => (looks++ < 4 ? due('80 degrees', 'wait') : done('20 degrees')),
  }
  return {
    world,
    procedure: { name: 'stop <the> plant', actions: [shut('a'), shut('b', h2), wait], notes: ['It stays cold.'] },
  }
}

/** So many hosts with so many files each, the last three of them another on every host. */
export function wide(count: number, resources: number): Example {
  const world = new FakeWorld()
  const names = Array.from({ length: count }, (_, i) => `app${String(i + 1).padStart(3, '0')}`)
  const path = (index: number): string => `/opt/application/conf.d/${index}/settings-of-part-${index}.properties`
  const nodes = names.map((name) => hosts(name)[0]!)
  for (const [at, name] of names.entries()) {
    const machine = world.machine(name)
    for (let i = 0; i < resources; i++) {
      const folder = `/opt/application/conf.d/${i}`
      machine.on(`make directory ${folder}`, () => {
        world.seconds += 0.01
        machine.answer(`stat:${folder}`, 'directory|755|root|root|4096')
        return undefined
      })
      machine.on(`write ${path(i)}`, ({ input }) => {
        world.seconds += 0.02 + ((i * 7 + at) % 5) / 50
        if (at % 33 === 7 && i === resources / 2 - 2)
          return { code: 1, stderr: `mv: can't rename: No space left on device` }
        machine.answer(`stat:${path(i)}`, 'regular file|644|root|root|12')
        machine.answer(`hash:${path(i)}`, sha256(String(input)))
        return undefined
      })
    }
  }
  const files = (name: string) =>
    Array.from({ length: resources / 2 }, (_, i) => [
      directory(`/opt/application/conf.d/${i}`),
      file(path(i), { content: `part ${i}${i >= resources / 2 - 3 ? ` of ${name}` : ''}\n` }),
    ]).flat()
  return { world, plays: [play('settings', nodes, ({ name }) => files(name))] }
}
