/** What a fleet says of hosts that share a machine. */
import type { Become, Connection, Host, Inventory } from '../../lib/core/inventory.ts'
import { type LocatedEntry, LocatedMap, LocatedScalar } from '../../lib/core/located.ts'
import { flag, optional, params, port, secret, text } from '../../lib/core/schema.ts'
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
  const inventory: Inventory = { hosts, groups: new Map(), given: nothing, hostsIn: () => hosts, select: () => hosts }
  return new Fleet(inventory, () => Promise.reject(new Error('no archive')))
}

test('the secrets that a playbook was given, of hosts and of the command line, wherever they stand in them', () => {
  const scalar = (text: string): LocatedEntry => ({ at, value: new LocatedScalar(at, text, text) })
  const map = (entries: Readonly<Record<string, LocatedEntry>>): LocatedMap =>
    new LocatedMap(at, new Map(Object.entries(entries)))
  const vars = map({
    db: { at, value: map({ password: scalar('hunter2'), user: scalar('app') }) },
  })
  const host: Host = { name: 'h1', groups: ['all'], vars, params: vars, connection: connectionTo('a', root) }
  const given = map({ token: scalar('sesame') })
  const inventory: Inventory = { hosts: [host], groups: new Map(), given, hostsIn: () => [host], select: () => [host] }
  const fleet = new Fleet(inventory, () => Promise.reject(new Error('no archive')))
  assert.equal(fleet.secrets, [])
  fleet.group('all', params({ db: params({ password: secret(), user: text() }) }))
  fleet.parameters(params({ token: secret() }))
  assert.equal(fleet.secrets, ['hunter2', 'sesame'])
})

/** By a playbook for groups, and by one for all hosts. */
function refused(fleet: Fleet, says: string): void {
  for (const asked of [() => fleet.group('all', params({})), () => fleet.all()])
    assert.throws(asked, (error: Error) => error.message === `lab.yaml:3:5: h1 and h2 are one machine, and ${says}`)
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
    refused(
      divided,
      `act as root (sudo) and as ${shown}; set ansible_become, ansible_become_user and ansible_become_method alike for both`,
    )
  }
  // Written for each host by itself.
  const apart = { sshArguments: ['-F', 'none'], sshArgumentsAt: 'lab.yaml:9:1', privateKey: '/k' }
  refused(
    fleetOf(
      { ...connectionTo('a', root), sshArguments: ['-F', 'none'], sshArgumentsAt: 'lab.yaml:8:1' },
      { ...connectionTo('a', null), ...apart },
    ),
    'act as root (sudo) and as deploy; set ansible_become, ansible_become_user and ansible_become_method alike for both',
  )
  const behind = { ...connectionTo('a', root), sshArguments: ['-J', 'jump'] }
  assert.is(fleetOf(connectionTo('a', null), behind).all().length, 2, 'by another way it may be another machine')
})

test('hosts of one machine are reached alike: there is one connection, and never two users at work', () => {
  const one = connectionTo('a', root)
  for (const [other, says] of [
    [
      { user: 'ann', machine: 'ann@a as root' },
      'log in as deploy and as ann; set ansible_user alike for both: who logs in twice is two runs at once there',
    ],
    [
      { user: null, machine: 'a as root' },
      'log in as deploy and as whoever the ssh configuration says; set ansible_user alike for both: who logs in twice is two runs at once there',
    ],
    [
      { hostKeys: ['ssh-ed25519 AAAA'] },
      'name other keys that it may show; give both the same ansible_ssh_host_keys: there is one connection to it',
    ],
    [
      { privateKey: '/k' },
      'log in with other keys; give both the same ansible_ssh_private_key_file: there is one connection to it',
    ],
  ] as const)
    refused(fleetOf(one, { ...one, ...other }), says)
  const pinned = (...hostKeys: readonly string[]): Connection => ({ ...one, hostKeys })
  assert.is(fleetOf(pinned('x', 'y'), pinned('y', 'x')).all().length, 2)
})

test('port 22 is written for all hosts of an address or for none', () => {
  const at22 = { ...connectionTo('a', root), port: 22 }
  const other = { ...connectionTo('a', root), port: 2222 }
  const plain = connectionTo('a', root)
  for (const alike of [
    [at22, at22, other],
    [plain, plain, other],
    [at22, connectionTo('b', root)],
  ])
    assert.is(fleetOf(...alike).group('all', params({})).length, alike.length)
  for (const [hosts, [with22, without]] of [
    [
      [plain, at22],
      ['h2', 'h1'],
    ],
    [
      [at22, other, plain],
      ['h1', 'h3'],
    ],
  ] as const) {
    assert.throws(
      () => fleetOf(...hosts).group('all', params({})),
      (error: Error) =>
        error.message ===
        `lab.yaml:3:5: ${with22} and ${without} have one address, and only ${with22} has port 22 written; write ansible_port for both or for neither: they are one machine only if that is alike`,
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
    given: nothing,
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

/** A fleet of one host that is told these words with -e; its host has them too, as every host has. */
function told(words: Readonly<Record<string, string>>): Fleet {
  const place = { file: '--extra-vars', line: 0, column: 0 }
  const entries = Object.entries(words).map(
    ([key, value]) => [key, { at: place, value: new LocatedScalar(place, value, value) }] as const,
  )
  const given = new LocatedMap(place, new Map(entries))
  const host: Host = { name: 'h1', groups: ['all'], vars: given, params: given, connection: connectionTo('a', null) }
  const inventory: Inventory = { hosts: [host], groups: new Map(), given, hostsIn: () => [host], select: () => [host] }
  return new Fleet(inventory, () => Promise.reject(new Error('no archive')))
}

const schema = params({ node: optional(text()), replace: optional(flag(), false) })

test('what a procedure is told with -e is typed, and no stranger to its hosts', () => {
  const fleet = told({ node: 'n2', replace: 'yes' })
  fleet.group('all', params({}))
  assert.equal(fleet.parameters(schema), { node: 'n2', replace: true })
  assert.equal(fleet.strangers(), [])
  assert.equal(told({}).parameters(schema), { replace: false })
})

test('a variable of the hosts beside it is theirs', () => {
  const fleet = told({ node: 'n2', words: 'x' })
  fleet.group('all', params({ words: text() }))
  assert.is(fleet.parameters(schema).node, 'n2')
})

test('a slip in its name, and a wrong value, are usage errors with the way out', () => {
  for (const [words, says] of [
    [{ nod: 'n2' }, /--extra-vars: nod: unknown key; did you mean "node"\?/],
    [{ replace: 'perhaps' }, /--extra-vars: replace: expected true or false, found "perhaps"/],
  ] as const) {
    const fleet = told(words)
    fleet.group('all', params({}))
    assert.throws(() => fleet.parameters(schema), says)
  }
})

test.run()
