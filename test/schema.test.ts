/** The JSON Schemas for editors: fresh, fitting for the examples, and of use against what is wrong. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import Ajv from 'ajv'
import { parse } from 'yaml'
import { inventorySchemas, schemaText } from '../docs/schema/schema.ts'
import { assert, suite } from './kit.ts'

const test = suite('schema')
const root = join(import.meta.dirname, '..')
const schemas = inventorySchemas()
const ajv = new Ajv.default({ allErrors: true, allowUnionTypes: true })

/** What an editor makes of Plinth's tags: the text behind them. */
const customTags = ['!vault', '!env', '!file', '!unsafe'].map((tag) => ({ tag, resolve: (text: string) => text }))
const problems = (schema: string, text: string): readonly string[] => {
  const check = ajv.compile(schemas[schema]!)
  check(parse(text, { customTags }))
  return (check.errors ?? []).map(({ instancePath, message, params }) => {
    const name = (params as { additionalProperty?: string }).additionalProperty
    return `${instancePath} ${message}${name === undefined ? '' : ` (${name})`}`
  })
}

for (const [file, schema] of Object.entries(schemas))
  test(`docs/schema/${file} is what npm run schema writes`, () => {
    assert.fixture(schemaText(schema), readFileSync(join(root, 'docs/schema', file), 'utf8'), 'npm run schema')
  })

const examples = readdirSync(join(root, 'inventory'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => join(root, 'inventory', file))

test('there are examples', () => assert.ok(examples.length >= 6))

for (const file of examples)
  test(`${relative(root, file)} names its schema, and fits it`, () => {
    const text = readFileSync(file, 'utf8')
    const named = /^# yaml-language-server: \$schema=(\S+)$/m.exec(text)?.[1] ?? ''
    const schema = relative(join(root, 'docs/schema'), resolve(dirname(file), named))
    assert.is(schema, /_vars\//.test(file) ? 'variables.json' : 'inventory.json')
    assert.equal(problems(schema, text), [])
  })

const lab = readFileSync(join(root, 'inventory/lab.yaml'), 'utf8')
const swap = (from: string, to: string): string => {
  assert.ok(lab.includes(from), from)
  return lab.replace(from, to)
}

const right: Readonly<Record<string, string>> = {
  'a port in quotes': swap(
    'nacos1: { ansible_host: 10.77.0.11 }',
    'nacos1: { ansible_host: 10.77.0.11, nacos_port: "8848" }',
  ),
  'a port from the environment': swap(
    '{ ansible_host: 10.77.0.11 }',
    '{ ansible_host: 10.77.0.11, nacos_port: !env PORT }',
  ),
  'a key with nothing after it': swap('{ ansible_host: 10.77.0.11 }', '{ ansible_host: 10.77.0.11, nacos_address: }'),
  'a version that looks like a number': swap('version: 2.2.4', 'version: 2.10'),
  'a word of YAML 1.1': swap('enabled: true', 'enabled: yes'),
  'one key of the map of a group': swap('          version: 2.2.4\n', '').replace(
    'nacos1: { ansible',
    'nacos1: { nacos_version: 2.2.4, ansible',
  ),
}
for (const [name, text] of Object.entries(right))
  test(`${name} is right`, () => assert.equal(problems('inventory.json', text), []))

const wrong: readonly (readonly [name: string, text: string, says: string])[] = [
  ['a slip in a key of a role', swap('heap:', 'haep:'), '(haep)'],
  ['a slip in a variable', swap('        java:', '        jvaa:'), '(jvaa)'],
  ['a slip in a key for one host', swap('{ ansible_host: 10.77.0.11 }', '{ nacos_prot: 8849 }'), '(nacos_prot)'],
  ['a slip in a section', swap('      hosts:\n        nacos1', '      host:\n        nacos1'), '(host)'],
  [
    'a connection variable that is not honoured',
    swap('ansible_user: root', 'ansible_become_flags: -H'),
    '(ansible_become_flags)',
  ],
  ['a port out of range', swap('{ ansible_host: 10.77.0.10 }', '{ ansible_port: 99999 }'), 'must be <= 65535'],
  ['a port that is a word', swap('{ ansible_host: 10.77.0.10 }', '{ ansible_port: ssh }'), 'must match pattern'],
  ['a flag that is none', swap('enabled: true', 'enabled: perhaps'), 'must match pattern'],
  ['a word of none of those', swap('version: 2.2.4', 'mode: clusters'), 'must be equal to one of the allowed values'],
  ['a map where a word belongs', swap('name: nacos', 'name: { x: 1 }'), 'must be string'],
  ['a word where a map belongs', swap('heap: { xms: 512m, xmx: 512m }', 'heap: 512m'), 'must be object'],
  [
    'a key that is missing within a map',
    swap('heap: { xms: 512m, xmx: 512m }', 'heap: { xms: 512m }'),
    "required property 'xmx'",
  ],
  ['a list of hosts', 'all:\n  hosts:\n    - db1\n', 'must be object'],
]
for (const [name, text, says] of wrong)
  test(`${name} is marked`, () => {
    const said = problems('inventory.json', text)
    assert.ok(
      said.some((line) => line.includes(says)),
      said.join('\n') || 'nothing was said',
    )
  })

test.run()
