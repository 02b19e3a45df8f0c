import { expandHosts, foldHosts } from '../../lib/core/host-range.ts'
import { assert, suite } from '../kit.ts'

const test = suite('host range')

const cases: readonly [name: string, hosts: readonly string[]][] = [
  ['web', ['web']],
  ['web[1:3]', ['web1', 'web2', 'web3']],
  ['web[01:03].example.com', ['web01.example.com', 'web02.example.com', 'web03.example.com']],
  ['web[08:11]', ['web08', 'web09', 'web10', 'web11']],
  ['db-[a:c]', ['db-a', 'db-b', 'db-c']],
  ['n[0:9:3]', ['n0', 'n3', 'n6', 'n9']],
  ['n[:2]', ['n0', 'n1', 'n2']],
  ['r[1:2]n[a:b]', ['r1na', 'r1nb', 'r2na', 'r2nb']],
  ['web[3:3]', ['web3']],
]
for (const [name, hosts] of cases) test(name, () => assert.equal(expandHosts(name), hosts))

const bad: readonly [name: string, what: string][] = [
  ['web[3:1]', 'ends before it begins'],
  ['web[c:a]', 'ends before it begins'],
  ['web[01:100]', 'differ in length'],
  ['web[a:3]', 'neither from number to number'],
  ['web[1:]', 'neither from number to number'],
  ['web[1:3:0]', 'first:last:step'],
  ['web[1:2:3:4]', 'first:last:step'],
  ['web[1:99999999]', 'more than 10000 hosts'],
  ['web[1:999]n[1:999]', 'more than 10000 hosts'],
]
for (const [name, what] of bad) {
  test(`${name} is refused`, () => {
    assert.throws(
      () => expandHosts(name),
      (error: Error) => error instanceof RangeError && error.message.includes(what),
    )
  })
}

const folds: readonly [names: string, folded: string][] = [
  ['', ''],
  ['db1', 'db1'],
  ['n1 n2', 'n1 n2'],
  ['n1 n2 n3', 'n[1:3]'],
  ['n3 n1 n2', 'n[1:3]'],
  ['n01 n02 n03 n10', 'n[01:03] n10'],
  ['n08 n09 n10 n11', 'n[08:11]'],
  ['n8 n9 n10 n11', 'n[8:11]'],
  ['n9 n010 n11', 'n9 n010 n11'],
  ['n098 n099 n100', 'n[098:100]'],
  ['n98 n99 n100', 'n[98:100]'],
  ['a1.x a2.x a3.x a1.y', 'a[1:3].x a1.y'],
  ['10.0.0.1 10.0.0.2 10.0.0.3', '10.0.0.[1:3]'],
  ['r1n1 r1n2 r1n3 r2n1', 'r1n[1:3] r2n1'],
  ['节点1 节点2 节点3', '节点[1:3]'],
  ['one two', 'one two'],
  ['n1 n2 n3 n5 n6 n7', 'n[1:3] n[5:7]'],
]
for (const [names, folded] of folds) {
  test(`"${names}" is ${folded} in few words, and that means the same hosts`, () => {
    const all = names.split(' ').filter(Boolean)
    assert.is(foldHosts(all).join(' '), folded)
    assert.equal(foldHosts(all).flatMap(expandHosts).sort(), all.sort())
  })
}

test.run()
