/** Sites whose runs take time and go wrong, for the tests of the report. */

import { Secret, sha256 } from '../../lib/core/secret.ts'
import { type Play, play } from '../../lib/engine/play.ts'
import { directory } from '../../lib/resources/directory.ts'
import { file } from '../../lib/resources/file.ts'
import { FakeWorld } from '../../lib/testing.ts'
import { gateOf, hosts, thing } from '../engine/thing.ts'

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
