/** `plinth new`: what it refuses, and that what it writes works in this repository as it does in somebody's own. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { command } from '../../lib/commands/new.ts'
import { identifierOf } from '../../lib/commands/skeleton.ts'
import { PlinthError } from '../../lib/core/error.ts'
import { checkout, remove } from '../checkout.ts'
import { assert, suite } from '../kit.ts'

const test = suite('plinth new')
const root = join(import.meta.dirname, '..', '..')
const old = process.cwd()
const folder = mkdtempSync(join(tmpdir(), 'plinth-new-'))
test.before(() => process.chdir(folder))
test.after(() => {
  process.chdir(old)
  rmSync(folder, { recursive: true })
})

async function refused(...words: readonly string[]): Promise<string> {
  try {
    await command.run(words)
  } catch (thrown) {
    assert.instance(thrown, PlinthError)
    assert.is((thrown as PlinthError).code, 4)
    return (thrown as PlinthError).message
  }
  throw new Error('it was not refused')
}

const project = (text: string): void => writeFileSync(join(folder, 'package.json'), text)

const wrong: readonly (readonly [words: readonly string[], says: RegExp])[] = [
  [[], /^plinth new: what\?; .*role, playbook/],
  [['rloe', 'x'], /"rloe" is not known; did you mean "role"/],
  [['role'], /which name\?/],
  [['role', 'a', 'b'], /"b" is not expected here/],
  [['role', 'x', '--force'], /--force: unknown option/],
  [['role', '--', ''], /only an empty word follows/],
  ...['Big', '../x', 'a/b', 'a--b', '-', '1st', 'a_b', 'é', 'x'.repeat(41)].map(
    (name) => [['role', '--', name], /can't be a name/] as const,
  ),
  ...['class', 'await', 'file', 'params', 'role-test', 'eval', 'arguments'].map(
    (name) => [['role', name], /is a word of the language/] as const,
  ),
]
test('what can be no name, and what is no call, is refused', async () => {
  project('{ "type": "module" }')
  for (const [words, says] of wrong) assert.match(await refused(...words), says)
  assert.equal(readdirSync(folder), ['package.json'])
})

test('a folder in which no playbook would run is refused, with the way out', async () => {
  rmSync(join(folder, 'package.json'))
  assert.match(await refused('role', 'x'), /package\.json: there is none in this folder; npm init/)
  for (const text of ['{}', 'null', '{ "type": "commonjs" }']) {
    project(text)
    assert.match(await refused('role', 'x'), /has no "type": "module".*npm pkg set type=module/)
  }
  project('{')
  assert.match(await refused('role', 'x'), /no JSON/)
})

test('nothing that is there is overwritten, and then nothing is written at all', async () => {
  project('{ "type": "module" }')
  mkdirSync(join(folder, 'test'))
  writeFileSync(join(folder, 'test/x.test.ts'), 'mine')
  assert.match(await refused('role', 'x'), /^test\/x\.test\.ts: is there already; /)
  assert.is(readFileSync(join(folder, 'test/x.test.ts'), 'utf8'), 'mine')
  assert.not.ok(readdirSync(folder).includes('roles'))
})

test('what can be written only in part is not written', async () => {
  rmSync(join(folder, 'test'), { recursive: true })
  writeFileSync(join(folder, 'test'), 'mine')
  assert.match(await refused('role', 'x'), /^test\/x\.test\.ts: can't be written \(E[A-Z]+\); /)
  assert.equal(readdirSync(folder).sort(), ['package.json', 'test'])
})

test('names in the code', () => {
  assert.is(identifierOf('web-server-2'), 'webServer2')
  assert.is(identifierOf('x'), 'x')
})

test(
  'in this repository: typed, clean, and its tests pass',
  () => {
    const copy = checkout()
    try {
      const run = (program: string, ...words: readonly string[]): string => {
        const { status, stdout, stderr } = spawnSync(program, words, { cwd: copy, encoding: 'utf8' })
        assert.is(status, 0, stdout + stderr)
        return stdout
      }
      for (const kind of ['role', 'playbook']) run('node', 'lib/entry/command.js', 'new', kind, `own-${kind}`)
      const written = [
        'roles/own-role.ts',
        'playbooks/own-playbook.ts',
        'test/own-role.test.ts',
        'test/own-playbook-playbook.test.ts',
      ]
      writeFileSync(join(copy, 'own.json'), JSON.stringify({ extends: './tsconfig.json', include: written }))
      run(join(root, 'node_modules/.bin/tsc'), '--project', 'own.json')
      writeFileSync(join(copy, 'biome.json'), readFileSync(join(root, 'biome.json')))
      run(join(root, 'node_modules/.bin/biome'), 'check', '--error-on-warnings', ...written)
      assert.match(run('node', '--import', 'tsx', '--test', ...written.slice(2)), /pass 11\n/)
    } finally {
      remove(copy)
    }
  },
  { timeout: 180 },
)

test.run()
