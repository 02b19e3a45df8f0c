/** The values of -e, in each form that Ansible has. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { PlinthError } from '../../lib/core/error.ts'
import type { Located } from '../../lib/core/located.ts'
import { LocatedList, LocatedMap } from '../../lib/core/located.ts'
import { readExtraVars } from '../../lib/edge/extra-vars.ts'
import { ValueCommands } from '../../lib/edge/value-command.ts'
import { assert, suite } from '../kit.ts'

const test = suite('edge/extra-vars')
const folder = mkdtempSync(join(tmpdir(), 'plinth-vars-'))
const [old, home] = [process.cwd(), process.env.HOME]
test.before(() => {
  process.chdir(folder)
  process.env.HOME = folder
  writeFileSync('more.yaml', 'a: 1\nb: [x, { c: 2 }]\n')
  writeFileSync('more.json', '{"a": 2}')
  writeFileSync('list.yaml', '- 1\n')
})
test.after(() => {
  process.chdir(old)
  process.env.HOME = home
  rmSync(folder, { recursive: true })
})

function plain(value: Located): unknown {
  if (value instanceof LocatedMap)
    return Object.fromEntries([...value.entries].map(([key, one]) => [key, plain(one.value)]))
  return value instanceof LocatedList ? value.items.map(plain) : value.value
}
const read = (...values: readonly string[]): unknown => {
  const problems: [] = []
  const found = readExtraVars(values, { env: {}, vaultKeys: [], commands: new ValueCommands(), problems })
  if (problems.length > 0) throw new PlinthError(problems)
  return Object.fromEntries([...found].map(([key, { value }]) => [key, plain(value)]))
}

const good: readonly (readonly [values: readonly string[], are: unknown])[] = [
  [['a=1 b=2'], { a: '1', b: '2' }],
  [['a="x y" b=\'z\''], { a: 'x y', b: 'z' }],
  [['a=b=c'], { a: 'b=c' }],
  [['a='], { a: '' }],
  [['{"a": 1, "b": {"c": true}}'], { a: 1, b: { c: true } }],
  [['@more.yaml'], { a: 1, b: ['x', { c: 2 }] }],
  [['@~/more.yaml'], { a: 1, b: ['x', { c: 2 }] }],
  [['@more.json'], { a: 2 }],
  [['@more.yaml', 'a=9'], { a: '9', b: ['x', { c: 2 }] }],
  [['a=9', '@more.json'], { a: 2 }],
]
for (const [values, are] of good) test(values.join(' '), () => assert.equal(read(...values), are))

const bad: readonly (readonly [value: string, says: RegExp])[] = [
  ['a', /^--extra-vars: word 1 is not key=value; write key=value, JSON, or @FILE$/],
  ['=a', /word 1 is not key=value/],
  ['./more.yaml', /write @\.\/more\.yaml for a file/],
  ['[1]', /expected variables, found a list/],
  ['{"a": ', /^--extra-vars:1:7: a bracket above is not closed/],
  ['@', /^--extra-vars: no file after "@"/],
  ['@nowhere.yaml', /^nowhere\.yaml: there is no such file/],
  ['@list.yaml', /@list\.yaml: expected variables, found a list/],
  ['b=1 a=…', /^--extra-vars: a=…: the value was left out where that was shown; write it in its place$/],
  ['a=***', /the value was left out/],
  ["a='b", /a quote is not closed/],
]
for (const [value, says] of bad)
  test(`${value} is refused`, () => {
    try {
      read(value)
    } catch (thrown) {
      assert.instance(thrown, PlinthError)
      assert.match((thrown as PlinthError).message, says)
      return
    }
    throw new Error('it was taken')
  })

test('a home folder that is asked for is that of who runs it', () => assert.is(homedir(), folder))

test.run()
