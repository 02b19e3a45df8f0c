/** Of inventories: any text is read or refused, patterns are sets, ranges are lists, layers of variables are layers. */
import fc from 'fast-check'
import { PlinthError } from '../../lib/core/error.ts'
import { expandHosts, foldHosts, mostHosts } from '../../lib/core/host-range.ts'
import { GroupTree, mergeVariables } from '../../lib/core/inventory.ts'
import { Draft } from '../../lib/core/inventory-draft.ts'
import { readDynamicInventory } from '../../lib/core/inventory-dynamic.ts'
import { readIniInventory } from '../../lib/core/inventory-ini.ts'
import { jsonText } from '../../lib/core/inventory-view.ts'
import { readYamlInventory } from '../../lib/core/inventory-yaml.ts'
import { LocatedScalar } from '../../lib/core/located.ts'
import { selectHosts } from '../../lib/core/pattern.ts'
import { pythonValue } from '../../lib/core/python-literal.ts'
import { shellWords } from '../../lib/core/shell-words.ts'
import { plainValue } from '../../lib/core/yaml-words.ts'
import { parseArguments } from '../../lib/edge/arguments.ts'
import { readExtraVars } from '../../lib/edge/extra-vars.ts'
import { ValueCommands } from '../../lib/edge/value-command.ts'
import { openVault, vaultDamage } from '../../lib/edge/vault.ts'
import { readYaml } from '../../lib/edge/yaml.ts'
import type { Surroundings } from '../../lib/edge/yaml-tags.ts'
import { assert, suite } from '../kit.ts'
import { law, textOf, unlessRefused } from './laws.ts'

const test = suite('laws of inventories')
const place = { file: 'x', line: 1, column: 1 }
const surroundings = (): Surroundings => ({
  env: { A: 'a' },
  vaultKeys: [],
  commands: new ValueCommands(),
  problems: [],
})

const yamlText = textOf(
  ...[
    'all:',
    '\n',
    '\n  ',
    '\n    ',
    '  hosts: ',
    'children: ',
    'vars: ',
    'db1: ',
    'web[1:3]:',
    '- ',
    '? ',
    ': ',
    ', ',
  ],
  ...[
    '{',
    '}',
    '[',
    ']',
    '&a ',
    '*a',
    '<<: ',
    '!vault ',
    '!env A',
    '!file x',
    '!!set ',
    '!unsafe ',
    '"',
    "'",
    '|\n',
    '>-\n',
  ],
  ...[
    '---\n',
    '...\n',
    '%YAML 1.1\n',
    '#',
    '\t',
    '\r\n',
    '{{ x }}',
    'ansible_port',
    'yes',
    '0644',
    '1e3',
    '~',
    '__proto__',
  ],
)

test('any text is an inventory in YAML, or refused with places', () =>
  law(
    yamlText,
    (text) => {
      const around = surroundings()
      const value = readYaml(text, 'x', around)
      const draft = new Draft(around.problems)
      if (value !== undefined) readYamlInventory(draft, value, 'x')
      draft.close()
      for (const { where } of around.problems) assert.match(where, /^x:\d+:\d+$/)
      const lines = text.split(/\r\n|\r|\n/)
      for (const { where } of around.problems) {
        const [, line = '0', column = '0'] = where.split(':')
        assert.ok(Number(line) <= lines.length, `${where} of ${lines.length} lines`)
        assert.ok(Number(column) >= 1)
      }
    },
    1500,
  ))

test('any text is an inventory in INI, or refused with places', () =>
  law(
    textOf(
      ...[
        '[',
        ']',
        '[web]',
        '[web:vars]',
        '[web:children]',
        '[all:vars]',
        '\n',
        '\r\n',
        '\r',
        'db1',
        ' x=1',
        '=',
        ' ',
        '\t',
      ],
      ...[
        '#',
        ';',
        '"',
        "'",
        '\\',
        'web[1:3]',
        ':22',
        '{',
        '}',
        '(',
        ')',
        ',',
        'True',
        'None',
        '0x',
        "b'",
        '{{',
        '\0',
        '__proto__',
      ],
    ),
    (text) => {
      const { problems } = surroundings()
      const draft = new Draft(problems)
      readIniInventory(draft, text, 'x')
      draft.close()
      const count = text.split(/\r\n|\r|\n/).length
      for (const { where } of problems) assert.ok(Number(/^x:(\d+):\d+$/.exec(where)?.[1]) <= count, where)
    },
    1500,
  ))

test('any JSON is an inventory of a program, or refused', () =>
  law(
    fc.dictionary(
      fc.constantFrom('web', 'all', '_meta', 'constructor', 'a b'),
      fc.oneof(
        fc.jsonValue({ maxDepth: 2 }),
        fc.dictionary(fc.constantFrom('hosts', 'vars', 'children', 'hostvars'), fc.jsonValue({ maxDepth: 2 })),
      ),
    ),
    async (json) => {
      const around = surroundings()
      const value = readYaml(JSON.stringify(json), 'x', around)
      const draft = new Draft(around.problems)
      if (value !== undefined) await readDynamicInventory(draft, value, place, null)
      draft.close()
    },
  ))

test('any words are a command line, or refused', () =>
  law(
    fc.array(
      fc.oneof(
        fc.constantFrom(
          '-i',
          '-l',
          '-e',
          '-Cv',
          '--check',
          '--limit',
          '--tags',
          '--forks',
          '-f',
          '--',
          '-',
          '=',
          '--x=',
        ),
        fc.string({ unit: 'binary', maxLength: 6 }),
        fc.string({ maxLength: 4 }).map((text) => `-${text}`),
      ),
      { maxLength: 8 },
    ),
    async (words) => void (await unlessRefused(() => parseArguments(words))),
    1000,
  ))

test('any text is extra variables, or refused', () =>
  law(
    textOf('a=1', ' ', '"', "'", '=', '{', '}', '[', ']', ':', ',', '{{', '__proto__', '\\', '\n').filter(
      (text) => !text.startsWith('@'),
    ),
    async (text) => void (await unlessRefused(() => readExtraVars([text], surroundings()))),
    1000,
  ))

test('any text is a vault, or says why not', () =>
  law(
    textOf('$ANSIBLE_VAULT', ';', '1.1', '1.2', 'AES256', '\n', '\r\n', '61', '0a', 'id', ' '),
    async (text) => {
      assert.is.not(vaultDamage(text), undefined)
      assert.is(await unlessRefused(() => openVault(text, [], 'x')), null)
    },
    500,
  ))

test('any text is a value of Python, of YAML, words of a shell', () =>
  law(
    textOf(
      '[',
      ']',
      '{',
      '}',
      '(',
      ')',
      ',',
      ':',
      "'",
      '"',
      '\\',
      '\\x',
      '\\u',
      '\\U',
      'u',
      'r',
      'True',
      '0x',
      '1_',
      '.',
      'e5',
      '-',
    ),
    (text) => {
      assert.ok(pythonValue(text, place))
      plainValue(text)
      for (const { text: word, from } of shellWords(text) ?? [])
        assert.ok(word.length <= text.length && from < text.length)
    },
    1500,
  ))

const hosts = ['a1', 'a2', 'a3', 'b1', 'b2', 'c']
const groups: ReadonlyMap<string, readonly string[]> = new Map([
  ['all', hosts],
  ['a', ['a1', 'a2', 'a3']],
  ['b', ['b1', 'b2']],
  ['mixed', ['a3', 'b1', 'c']],
  ['none', []],
])
const names = { hosts, groups }
/** What a pattern means; nothing where no host is left. */
function select(pattern: string): readonly string[] {
  try {
    return selectHosts(pattern, names, '--limit')
  } catch (thrown) {
    if (thrown instanceof PlinthError && /leaves no host/.test(thrown.message)) return []
    throw thrown
  }
}
const part = fc.constantFrom(
  ...hosts,
  ...groups.keys(),
  'a*',
  '*1',
  '?',
  '~[ab]',
  'a[0]',
  'b[1]',
  'a[0:1]',
  'mixed[1:]',
  'zz*',
)
const sorted = (list: Iterable<string>): readonly string[] => [...list].sort()

test('a pattern is a set: what is added, within what is kept, without what is taken away', () =>
  law(
    fc.tuple(
      fc.array(part, { maxLength: 3 }),
      fc.array(part, { maxLength: 2 }),
      fc.array(part, { maxLength: 2 }),
      fc.nat(5),
    ),
    ([added, kept, taken, turn]) => {
      const parts = [...added, ...kept.map((one) => `&${one}`), ...taken.map((one) => `!${one}`)]
      if (parts.length === 0) return
      const model = new Set(added.length > 0 ? added.flatMap(select) : hosts)
      for (const one of kept) for (const host of [...model]) if (!select(one).includes(host)) model.delete(host)
      for (const one of taken) for (const host of select(one)) model.delete(host)
      const turned = [...parts.slice(turn % parts.length), ...parts.slice(0, turn % parts.length)]
      assert.equal(sorted(select(parts.join(','))), sorted(model))
      assert.equal(sorted(select(turned.join(','))), sorted(model), 'whatever order they stand in')
      if (!parts.some((one) => one.startsWith('~'))) assert.equal(select(parts.join(':')), select(parts.join(',')))
    },
  ))

test('a part of a group is within it, and is what counting gives', () =>
  law(fc.tuple(fc.constantFrom('a', 'b', 'mixed', 'all'), fc.nat(7), fc.nat(7)), async ([group, from, to]) => {
    const members = groups.get(group) ?? []
    const found = await unlessRefused(() => select(`${group}[${from}:${to}]`))
    if (from > to && to > 0) assert.is(found, null)
    else if (to > 0) assert.equal(found, members.slice(from, to + 1))
    const one = await unlessRefused(() => select(`${group}[${from}]`))
    assert.equal(one, members[from] === undefined ? null : [members[from]])
  }))

test('any text is a pattern, or refused', () =>
  law(
    textOf(
      'a',
      'b1',
      ':',
      ',',
      '!',
      '&',
      '~',
      '*',
      '?',
      '[',
      ']',
      '[0:1]',
      '[-1]',
      '(',
      ')',
      '@f',
      '\\',
      '|',
      '+',
      '{',
      '}',
    ),
    async (pattern) => {
      const linesOf = (): readonly string[] => ['a1', '# no', '']
      const found = await unlessRefused(() => selectHosts(pattern, { ...names, linesOf }, '--limit'))
      for (const host of found ?? []) assert.ok(hosts.includes(host))
      if (found) assert.ok(found.length > 0 && new Set(found).size === found.length)
    },
    1500,
  ))

test('a range counts from end to end, and folding gives it back', () =>
  law(
    fc.tuple(fc.nat(2000), fc.nat(300), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 6 })),
    ([first, more, step, width]) => {
      const [from, to] = [first, first + more].map((end) => String(end).padStart(width, '0')) as [string, string]
      const padded = /^0./.test(from)
      if (padded && from.length !== to.length) return
      const model: string[] = []
      for (let i = first; i <= first + more; i += step)
        model.push(`w${String(i).padStart(padded ? from.length : 0, '0')}.x`)
      assert.equal(expandHosts(`w[${from}:${to}:${step}].x`), model)
      assert.equal(foldHosts(model).flatMap(expandHosts).sort(), [...model].sort())
    },
  ))

test('any range is at most as many hosts as are allowed, each once, or refused', () =>
  law(
    textOf('[', ']', ':', '1', '09', '10', 'a', 'f', 'Z', '-', 'web', '99999', '18446744073709551617'),
    (text) => {
      try {
        assert.ok(expandHosts(text).length <= mostHosts)
      } catch (thrown) {
        if (!(thrown instanceof RangeError) || /call stack|BigInt/.test(thrown.message)) throw thrown
      }
    },
    1500,
  ))

test('of layers of variables the last that has a name counts', () =>
  law(fc.array(fc.dictionary(fc.constantFrom('a', 'b', 'c', 'constructor'), fc.nat(9)), { maxLength: 6 }), (layers) => {
    const located = layers.map(
      (layer) =>
        new Map(
          Object.entries(layer).map(([name, value]) => [
            name,
            { at: place, value: new LocatedScalar(place, value, String(value)) },
          ]),
        ),
    )
    const merged = mergeVariables(...located)
    for (const name of ['a', 'b', 'c', 'constructor']) {
      const last = layers.filter((layer) => Object.hasOwn(layer, name)).at(-1)
      const value = merged.get(name)?.value
      assert.is(value instanceof LocatedScalar ? value.value : undefined, last?.[name])
    }
  }))

test('no group is below itself, and a deeper group comes after the one it is in', () =>
  law(fc.array(fc.tuple(fc.nat(8), fc.nat(8)), { maxLength: 30 }), (edges) => {
    const tree = new GroupTree()
    const children = new Map<string, Set<string>>()
    const below = (name: string, seen = new Set<string>()): Set<string> => {
      for (const child of children.get(name) ?? []) if (!seen.has(child)) below(child, seen.add(child))
      return seen
    }
    for (const [parent, child] of edges.map(([from, to]) => [`g${from}`, `g${to}`] as const)) {
      const loop = parent === child || below(child).has(parent)
      assert.is(tree.addChild(parent, child), !loop)
      if (!loop) children.set(parent, (children.get(parent) ?? new Set()).add(child))
    }
    for (const name of tree.names) tree.addHost(name, `h-${name}`)
    tree.close()
    for (const [parent, set] of children) for (const child of set) assert.ok(tree.depthOf(child) > tree.depthOf(parent))
    for (const name of tree.names) {
      const order = tree.groupsOf(`h-${name}`)
      assert.is(order[0], 'all')
      for (const [parent, set] of children)
        for (const child of set)
          if (order.includes(child)) assert.ok(order.indexOf(parent) < order.indexOf(child) && order.includes(parent))
    }
  }))

test('JSON of an inventory is the same whatever order its keys stand in', () =>
  law(fc.jsonValue({ maxDepth: 3 }), (json) => {
    const turned = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(turned)
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(
              Object.entries(value)
                .reverse()
                .map(([key, inner]) => [key, turned(inner)]),
            )
          : value
    const text = jsonText(json as never)
    assert.is(jsonText(turned(json) as never), text)
    assert.equal(JSON.parse(text), JSON.parse(JSON.stringify(json)))
  }))

test.run()
