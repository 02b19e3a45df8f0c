/** What a fleet says of hosts that share a machine. */
import type { Become, Connection, Host, Inventory } from '../../lib/core/inventory.ts'
import { type LocatedEntry, LocatedMap, LocatedScalar } from '../../lib/core/located.ts'
import { params, port, text } from '../../lib/core/schema.ts'
import { Secret } from '../../lib/core/secret.ts'
import { Fleet } from '../../lib/engine/fleet.ts'
import { assert, suite } from '../kit.ts'

const test = suite('engine/fleet')
const root: Become = { method: 'sudo', user: 'root', password: new Secret('x') }
const at = { file: 'lab.yaml', line: 3, column: 5 }
const nothing = new LocatedMap(at, new Map())

const connectionTo = (address: string, become: Become | null): Connection => ({
  address,
  port: null,
  user: 'deploy',
  privateKey: null,
  sshArguments: [],
  hostKeys: [],
  password: null,
  become,
  machine: `deploy@${address}${become ? ` as ${become.user}` : ''}`,
})

/** A fleet of hosts named `h1`, `h2`, …, all in the group `all`. */
function fleetOf(...connections: readonly Connection[]): Fleet {
  const hosts: Host[] = connections.map((connection, index) => ({
    name: `h${index + 1}`,
    groups: ['all'],
    vars: nothing,
    params: nothing,
    connection,
  }))
  const inventory: Inventory = { hosts, groups: new Map(), hostsIn: () => hosts, select: () => hosts }
  return new Fleet(inventory, () => Promise.reject(new Error('no archive')))
}

test('hosts of one machine act as one user', () => {
  const alike = fleetOf(connectionTo('a', root), connectionTo('a', root), connectionTo('b', null))
  assert.is(alike.group('all', params({})).length, 3)
  for (const [other, shown] of [
    [null, 'deploy'],
    [{ ...root, user: 'app' }, 'app (sudo)'],
    [{ ...root, method: 'su' }, 'root (su)'],
  ] as const) {
    const divided = fleetOf(connectionTo('a', root), connectionTo('a', other))
    assert.throws(
      () => divided.group('all', params({})),
      (error: Error) =>
        error.message ===
        `lab.yaml:3:5: h1 and h2 are one machine, and act as root (sudo) and as ${shown}; set ansible_become, ansible_become_user and ansible_become_method alike for both`,
    )
  }
})

const written = (name: string, line: number): readonly [string, LocatedEntry] => {
  const place = { file: 'lab.yaml', line, column: 1 }
  return [name, { at: place, value: new LocatedScalar(place, 'x', 'x') }]
}

test('what is wrong in several groups is said at once, and with it what nobody knows', () => {
  const hosts: Host[] = ['web', 'db'].map((name, i) => ({
    name,
    groups: ['all', name],
    vars: nothing,
    params: new LocatedMap(at, new Map([written('port', 10 + i), written('prot', 20 + i)])),
    connection: connectionTo(name, null),
  }))
  const inventory: Inventory = {
    hosts,
    groups: new Map(['web', 'db'].map((name) => [name, { name, hosts: [name], own: [name], children: [] }])),
    hostsIn: (group) => hosts.filter(({ name }) => name === group),
    select: () => hosts,
  }
  const fleet = () => new Fleet(inventory, () => Promise.reject(new Error('no archive')))
  const schema = params({ port: port() })
  const said = (work: () => unknown): string => {
    try {
      work()
    } catch (thrown) {
      return (thrown as Error).message.replace(/;.*/gm, '')
    }
    return 'nothing'
  }
  const everything = [
    'lab.yaml:20:1: prot: unknown key',
    'lab.yaml:21:1: prot: unknown key',
    'lab.yaml:10:1: port: expected a port, 1 to 65535, found "x"',
    'lab.yaml:11:1: port: expected a port, 1 to 65535, found "x"',
  ].join('\n')
  assert.is(
    said(() => fleet().groups({ web: schema, db: schema })),
    everything,
  )
  assert.is(
    said(() => fleet().groups({ web: schema }, { db: schema })),
    everything,
  )
  const right = params({ port: text(), prot: text() })
  const { web, gone } = fleet().groups({ web: right }, { gone: right })
  assert.equal([web.map(({ params }) => params.port), gone.length], [['x'], 0])
})

test.run()
