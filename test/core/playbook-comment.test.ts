import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { callOf, type Description, describe } from '../../lib/core/playbook-comment.ts'
import { assert, suite } from '../kit.ts'

const test = suite('core/playbook-comment')
const nothing: Description = { about: '', variables: [], rest: null }

const cases: readonly (readonly [name: string, text: string, says: Description])[] = [
  ['no comment', "import 'x'\n/** of a function */", nothing],
  ['empty', '', nothing],
  ['never closed', '/** a', nothing],
  ['one line', '/** Does it. */\nimport x', { ...nothing, about: 'Does it.' }],
  ['behind #! and a line comment', '#!/usr/bin/env tsx\n// x\n\n/** Does it. */', { ...nothing, about: 'Does it.' }],
  ['the first paragraph counts', '/**\n * Does\n * it.\n *\n * More of it.\n */', { ...nothing, about: 'Does it.' }],
  [
    'variables',
    '/**\r\n * Does.\r\n *\r\n * @param node the\r\n *   node\r\n * @param [to=backups] - a folder\r\n * @param {string} [off]\r\n */',
    {
      about: 'Does.',
      rest: null,
      variables: [
        { name: 'node', about: 'the node', needed: true },
        { name: 'to', about: 'a folder', needed: false, fallback: 'backups' },
        { name: 'off', about: '', needed: false },
      ],
    },
  ],
  [
    'what stands after --',
    '/** Runs.\n * @param ...command for the shell\n * @see x */',
    { about: 'Runs.', variables: [], rest: { name: 'command', about: 'for the shell' } },
  ],
]
for (const [name, text, says] of cases) test(name, () => assert.equal(describe(text), says))

test('what a playbook calls', () => {
  assert.is(callOf("import { params, perform, text } from 'plinth'"), 'perform')
  assert.is(callOf("import {\n  main,\n  play,\n} from 'plinth'"), 'main')
  assert.is(callOf('import { $ } from \'zx\'\nimport { each } from "plinth"'), 'each')
  assert.is(callOf("import { maintain } from 'plinth'"), null)
  assert.is(callOf("import { main } from './plinth.ts'"), null)
})

const folder = join(import.meta.dirname, '../../playbooks')
for (const name of readdirSync(folder)) {
  test(`${name} says what it does, and what it takes with -e`, () => {
    const text = readFileSync(join(folder, name), 'utf8')
    const { about, variables, rest } = describe(text)
    assert.ok(about.length > 20)
    assert.ok(variables.every((one) => one.about !== ''))
    const taken = /fleet\.parameters\(\s*params\(\{([\s\S]*?)\}\)/.exec(text)?.[1] ?? ''
    assert.equal(variables.map((one) => one.name).sort(), [...taken.matchAll(/(\w+):/g)].map(([, key]) => key).sort())
    for (const { name, fallback } of variables)
      if (fallback && fallback !== '5m') assert.match(taken, new RegExp(`${name}: .*\\b${fallback}\\b`))
    assert.is(rest !== null, text.includes('words()'))
    assert.ok(callOf(text))
  })
}

test.run()
