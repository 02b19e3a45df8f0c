import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { inspect } from 'node:util'
import * as v from 'valibot'
import { usageError } from '../../lib/core/error.ts'
import { type Located, LocatedList, LocatedMap, LocatedScalar, type Sealed } from '../../lib/core/located.ts'
import * as s from '../../lib/core/schema.ts'
import { Secret } from '../../lib/core/secret.ts'
import { assert, suite } from '../kit.ts'

const test = suite('schema')
const at = { file: 'inventory/lab.yaml', line: 7, column: 3 }
type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain } | Located

function located(value: Plain): Located {
  if (value instanceof LocatedMap || value instanceof LocatedList || value instanceof LocatedScalar) return value
  if (Array.isArray(value)) return new LocatedList(at, value.map(located))
  if (typeof value === 'object' && value !== null)
    return new LocatedMap(
      at,
      new Map(Object.entries(value).map(([key, inner]) => [key, { at, value: located(inner as Plain) }])),
    )
  return new LocatedScalar(at, value as string, value === null ? '' : String(value))
}
const sealed = (open: () => Secret): LocatedScalar => new LocatedScalar(at, { open } satisfies Sealed, '', true)
const hidden = (text: string): LocatedScalar => new LocatedScalar(at, text, text, true)

const good: readonly [name: string, schema: s.Schema, value: Plain, result: unknown][] = [
  ['text', s.text(), 'nacos', 'nacos'],
  ['text as written', s.text(), new LocatedScalar(at, 2.1, '2.10'), '2.10'],
  ['text of a truth value', s.text(), true, 'true'],
  ['hidden text of a form', s.text({ like: /[a-z]+/, expected: 'letters' }), hidden('x'), 'x'],
  ['hidden number', s.port(), hidden('8848'), 8848],
  ['text of a form', s.text({ like: /[a-f0-9]{4}/, expected: 'four hex digits' }), 'beef', 'beef'],
  ['port', s.port(), 8848, 8848],
  ['port in quotes', s.port(), '8848', 8848],
  ['integer', s.integer({ min: -5 }), -5, -5],
  ['flag', s.flag(), true, true],
  ['flag yes', s.flag(), 'yes', true],
  ['flag Off', s.flag(), 'Off', false],
  ['flag no', s.flag(), 'no', false],
  ['one of', s.oneOf('cluster', 'standalone'), 'cluster', 'cluster'],
  ['list', s.list(s.port()), [1, 2], [1, 2]],
  ['record', s.record(s.text()), { 'a.b': true, c: 1 }, { 'a.b': 'true', c: '1' }],
  ['host path', s.hostPath(), '/opt//nacos/./', '/opt/nacos'],
  ['host path with a space', s.hostPath(), '/opt/my 应用', '/opt/my 应用'],
  ['root', s.hostPath(), '/', '/'],
  ['controller path', s.controllerPath(), 'files/x.tgz', resolve('inventory/files/x.tgz')],
  ['controller path at home', s.controllerPath(), '~/x', `${homedir()}/x`],
  ['controller path, absolute', s.controllerPath(), '/x/../y', '/y'],
  ['IPv4', s.ipAddress(), '10.0.0.5', '10.0.0.5'],
  ['IPv6', s.ipAddress(), 'fe80::1', 'fe80::1'],
  ['seconds', s.duration(), 90, 90],
  ['minutes', s.duration(), '5m', 300],
  ['milliseconds', s.duration(), '500ms', 0.5],
  ['bytes', s.bytes(), '512m', 536870912],
  ['bytes, GiB', s.bytes(), '2GiB', 2147483648],
  ['default', s.params({ port: s.optional(s.port(), 8848) }), {}, { port: 8848 }],
  ['default for nothing', s.params({ port: s.optional(s.port(), 8848) }), { port: null }, { port: 8848 }],
  ['left out', s.params({ port: s.optional(s.port()) }), {}, {}],
]
for (const [name, schema, value, result] of good) {
  test(name, () => assert.equal(s.check(schema, located(value)), { ok: true, value: result }))
}

test('a path of the command line counts from the current folder', () => {
  const scalar = new LocatedScalar({ file: '--extra-vars', line: 0, column: 0 }, 'x', 'x')
  assert.equal(s.check(s.controllerPath(), scalar), { ok: true, value: resolve('x') })
})

test('what comes out can go in again, so that defaults and literals of the code are read too', () => {
  const schema = s.params({
    size: s.bytes(),
    wait: s.duration(),
    on: s.flag(),
    path: s.hostPath(),
    list: s.list(s.port()),
  })
  const once = v.parse(schema, { size: '1g', wait: '5m', on: true, path: '/a/', list: [1] })
  assert.equal(v.parse(schema, once), once)
})

const node = s.params({ version: s.text(), port: s.optional(s.port(), 8848) })
const bad: readonly [name: string, schema: s.Schema, value: Plain, what: string, remedy: string][] = [
  ['empty text', s.text(), '', 'expected text, found ""', 'write a value'],
  ['nothing for text', s.text(), null, 'expected text, found nothing', 'write a value'],
  ['map for text', s.text(), { a: 1 }, 'expected text, found a map', 'write a value'],
  [
    'text of a wrong form',
    s.text({ like: /\d+/, expected: 'digits' }),
    '12x',
    'expected digits, found "12x"',
    'write digits',
  ],
  ['port 0', s.port(), 0, 'expected a port, 1 to 65535, found "0"', 'write a port'],
  ['port 65536', s.port(), 65536, 'found "65536"', 'write a port'],
  ['octal', s.port(), '08848', 'found "08848"', 'write a port'],
  ['hexadecimal', s.port(), '0x1F', 'found "0x1F"', 'write a port'],
  ['fraction', s.integer(), 1.5, 'expected a whole number, found "1.5"', 'write a whole number'],
  ['too small', s.integer({ min: 3, max: 9 }), 2, 'a whole number, 3 to 9, found "2"', 'write a whole number, 3 to 9'],
  ['flag 1', s.flag(), 1, 'expected true or false, found "1"', 'write true or false'],
  ['one of', s.oneOf('cluster', 'standalone'), 'clutser', 'found "clutser"', 'did you mean "cluster"?'],
  ['list', s.list(s.text()), 'a', 'expected a list, found "a"', '"- "'],
  ['list of wrong things', s.list(s.port()), [1, 'x'], '[1]: expected a port', 'write a port'],
  ['record', s.record(s.text()), ['a'], 'expected a map, found a list', 'write keys'],
  ['relative host path', s.hostPath(), 'opt/nacos', 'expected an absolute path on the host', 'begins with /'],
  ['line break in a path', s.hostPath(), '/opt/a\nb', 'control character', 'remove'],
  ["another user's home", s.controllerPath(), '~bob/x', "not another user's home", 'write the whole path'],
  ['name for an address', s.ipAddress(), 'db1', 'expected an IP address, found "db1"', '10.0.0.5'],
  ['address with leading zeros', s.ipAddress(), '10.0.0.05', 'expected an IP address', '10.0.0.5'],
  ['time', s.duration(), 'soon', 'expected a time', '30s'],
  ['time too short', s.duration({ min: 1 }), '0', 'expected a time such as 30s or 5m, at least 1s', '30s'],
  ['time too long', s.duration({ min: 1, max: 60 }), '61s', 'at least 1s, at most 60s', '30s'],
  ['time too short', s.duration({ min: 1 }), '500ms', 'at least 1s', '30s'],
  ['size', s.bytes(), '2 gigs', 'expected a size', '512m'],
  ['huge size', s.bytes(), '99999999999t', 'expected a size', '512m'],
  ['long value', s.port(), 'x'.repeat(500), '…"', 'write a port'],
  ['hidden value', s.port(), hidden('hunter2'), 'found something else (the value is not shown)', 'write a port'],
  [
    'encrypted value',
    s.text(),
    sealed(() => new Secret('x')),
    'expected text, found a secret (encrypted, or of !env, !file or !command), and plans show this value',
    'write it in the clear, in a file that is not encrypted, or have its schema say secret()',
  ],
  ['encrypted port', s.port(), sealed(() => new Secret('1')), 'found a secret', 'write it in the clear'],
  ['hidden text', s.text(), hidden('hunter2'), 'expected text, found a secret', 'or have its schema say secret()'],
  [
    'hidden text in a list',
    s.list(s.text()),
    [hidden('hunter2')],
    '[0]: expected text, found a secret',
    'in the clear',
  ],
  ['hidden text in a map', s.record(s.text()), { a: hidden('hunter2') }, 'a: expected text, found a secret', 'in the'],
  ['empty secret', s.secret(), '', 'expected a secret, found an empty value', '!vault'],
  ['no secret', s.secret(), null, 'expected a secret, found nothing', '!vault'],
  ['list for a secret', s.secret(), ['hunter2'], 'expected a secret, found a list', '!vault'],
  ['unknown key', node, { version: 1, prot: 2 }, 'prot: unknown key', 'did you mean "port"? known: version, port'],
  ['missing key', node, { port: 1 }, 'version: missing', 'add it: version: …'],
  ['empty key', node, { version: null }, 'version: expected text, found nothing', 'write a value'],
  ['no map', node, 'x', 'expected a map, found "x"', 'version, port'],
  [
    'deep',
    s.params({ a: s.list(node) }),
    { a: [{ version: 1, port: 'x' }] },
    'a[0].port: expected a port',
    'write a port',
  ],
  ['refused', s.params({ a: s.refused('not yet', 'wait') }), { a: 1 }, 'a: not yet', 'wait'],
]
for (const [name, schema, value, what, remedy] of bad) {
  test(`${name} is a problem`, () => {
    const checked = s.check(schema, located(value))
    assert.not(checked.ok)
    const [problem, ...others] = checked.ok ? [] : checked.problems
    assert.is(problem!.where, 'inventory/lab.yaml:7:3')
    assert.ok(problem!.what.includes(what), problem!.what)
    assert.ok(problem!.remedy.includes(remedy), problem!.remedy)
    assert.is(others.length, 0)
  })
}

test('everything wrong is said at once, in the order of the file', () => {
  const line = (number: number) => ({ ...at, line: number })
  const entry = (number: number, value: string) => ({
    at: line(number),
    value: new LocatedScalar({ ...line(number), column: 20 }, value, value),
  })
  const value = new LocatedMap(
    line(1),
    new Map([
      ['z', entry(4, '1')],
      ['port', entry(3, 'x')],
      ['y', entry(2, '1')],
    ]),
  )
  const checked = s.check(node, value, { path: 'nacos' })
  assert.equal(checked.ok ? [] : checked.problems.map(({ where, what }) => `${where} ${what}`), [
    'inventory/lab.yaml:1:3 nacos.version: missing',
    'inventory/lab.yaml:2:3 nacos.y: unknown key',
    'inventory/lab.yaml:3:20 nacos.port: expected a port, 1 to 65535, found "x"',
    'inventory/lab.yaml:4:3 nacos.z: unknown key',
  ])
})

test('names that another schema reads are not unknown', () => {
  const other = s.params({ mysql: s.text() })
  assert.ok(s.check(node, located({ version: 1, mysql: 'x' }), { alsoKnown: s.namesOf(other) }).ok)
  assert.not(s.check(node, located({ version: 1, msyql: 'x' }), { alsoKnown: s.namesOf(other) }).ok)
})

test('a secret is a Secret, from the clear, from a hidden value and from an encrypted one', () => {
  for (const value of ['hunter2', hidden('hunter2'), sealed(() => new Secret('hunter2'))]) {
    const checked = s.check(s.params({ token: s.secret() }), located({ token: value }))
    assert.ok(checked.ok)
    assert.is(checked.ok && checked.value.token.reveal(), 'hunter2')
    assert.not(inspect(checked, { depth: 9 }).includes('hunter2'))
  }
})

test('a vault that does not open is a problem of its key', () => {
  const value = sealed(() => {
    throw usageError({ where: 'x', what: 'the vault password is wrong', remedy: 'give the right one' })
  })
  const checked = s.check(s.params({ token: s.secret() }), located({ token: value }))
  assert.equal(checked.ok ? [] : checked.problems, [
    { where: 'inventory/lab.yaml:7:3', what: 'token: the vault password is wrong', remedy: 'give the right one' },
  ])
})

test("valibot's own checks combine, and their message is split or completed", () => {
  const odd = (text: string) =>
    v.pipe(
      s.port(),
      v.check((port) => port % 2 === 1, text),
    )
  const problem = (text: string) => {
    const checked = s.check(odd(text), located(2))
    return checked.ok ? null : checked.problems[0]
  }
  assert.equal(problem('must be odd; add one'), {
    where: 'inventory/lab.yaml:7:3',
    what: 'must be odd',
    remedy: 'add one',
  })
  assert.equal(problem('must be odd')!.remedy, 'correct the value')
})

test('types follow the schema', () => {
  type Node = s.Infer<typeof node>
  const typed: Node = { version: 'x', port: 1 }
  const port: number = typed.port
  assert.is(port, 1)
})

test.run()
