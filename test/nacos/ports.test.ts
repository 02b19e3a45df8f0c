import { nearestFreePort, portClashes, portProblem, portsOf } from '../../lib/nacos/ports.ts'
import { parseVersion } from '../../lib/nacos/version.ts'
import { assert, suite } from '../kit.ts'

const test = suite('nacos/ports')
const two = parseVersion('2.2.4')
const three = parseVersion('3.0.3')

test('the ports of 2.x', () =>
  assert.equal(portsOf(8848, two), { http: 8848, raft: 7848, grpcClient: 9848, grpcPeer: 9849 }))
test('3.x has a console of its own', () => {
  assert.is(portsOf(8848, three).console, 8080)
  assert.is(portsOf(8848, three, 8081).console, 8081)
})

const mains: readonly [number, boolean][] = [
  [2023, false],
  [2024, true],
  [8848, true],
  [64534, true],
  [64535, false],
  [8848.5, false],
  [Number.NaN, false],
]
for (const [port, good] of mains)
  test(`${port} ${good ? 'can' : "can't"} be a main port`, () => assert.is(portProblem(port) === undefined, good))

const pair = (a: number, b: number): string[] =>
  portClashes([
    { name: 'n1', port: a, version: two },
    { name: 'n2', port: b, version: two },
  ]).map(({ what }) => what)

const clashes: readonly [number, number, readonly string[]][] = [
  [8848, 8948, []],
  [8848, 8850, []],
  [8848, 8849, ['n2 (8849): its client gRPC port 9849 is the peer gRPC port of n1 (8848)']],
  [8849, 8848, ['n2 (8848): its peer gRPC port 9849 is the client gRPC port of n1 (8849)']],
  [8848, 9849, ['n2 (9849): its HTTP port 9849 is the peer gRPC port of n1 (8848)']],
  [
    8848,
    9848,
    [
      'n2 (9848): its Raft port 8848 is the HTTP port of n1 (8848)',
      'n2 (9848): its HTTP port 9848 is the client gRPC port of n1 (8848)',
    ],
  ],
  [8848, 10848, ['n2 (10848): its Raft port 9848 is the client gRPC port of n1 (8848)']],
  [8848, 10849, ['n2 (10849): its Raft port 9849 is the peer gRPC port of n1 (8848)']],
]
for (const [a, b, expected] of clashes) test(`${a} beside ${b}`, () => assert.equal(pair(a, b), expected))

test('clashes are exactly the distances 0, 1, 1000, 1001, 2000, 2001', () => {
  for (let distance = 0; distance < 3000; distance++) {
    const clash = pair(20000, 20000 + distance).length > 0
    assert.is(clash, [0, 1, 1000, 1001, 2000, 2001].includes(distance), String(distance))
  }
})

test('two consoles of 3.x on one host clash, and a further port too', () => {
  const found = portClashes([
    { name: 'a', port: 8848, version: three },
    { name: 'b', port: 8948, version: three, extra: { 'MCP port': 9848 } },
  ])
  assert.equal(
    found.map(({ a, b, port }) => [a, b, port]),
    [
      ['a', 'b', 9848],
      ['a', 'b', 8080],
    ],
  )
})

test('an instance can clash with itself', () => {
  const [clash] = portClashes([{ name: 'a', port: 8848, version: three, console: 9848 }])
  assert.is(clash?.what, 'a (8848): 9848 is both its client gRPC port and its console port')
})

test('three instances name every pair', () => {
  const all = [8848, 8849, 8850].map((port, i) => ({ name: `n${i}`, port, version: two }))
  assert.equal(
    portClashes(all).map(({ a, b }) => `${a}${b}`),
    ['n0n1', 'n1n2'],
  )
})

const free: readonly [readonly number[], readonly number[], number | undefined][] = [
  [[], [], 8848],
  [[8848], [], 8948],
  [[8848, 8948], [], 9048],
  [[8848], [9948], 9048],
  [[8748], [], 8848],
]
for (const [used, listening, expected] of free)
  test(`free beside ${used.join()} and ${listening.join()}`, () =>
    assert.is(nearestFreePort(used, listening), expected))

test('no free port is said', () => assert.is(nearestFreePort([64448], [], 64448), undefined))

test.run()
