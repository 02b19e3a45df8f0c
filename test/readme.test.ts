/** What the READMEs show runs as it stands there. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert, suite } from './kit.ts'

const test = suite('readme')
const root = new URL('..', import.meta.url).pathname
const blocks = (file: string): string[] =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => code)

const shown = blocks('README.md')
const withText = (text: string): string => {
  const found = shown.find((code) => code.includes(text))
  assert.ok(found, `README.md shows no code with ${text}`)
  return found!
}

test('the playbook shown is the one there is', () => {
  assert.ok(readFileSync(join(root, 'playbooks/site.ts'), 'utf8').endsWith(withText('await main(async (fleet)')))
})

test(
  'the role shown passes the test shown',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'plinth-readme-'))
    try {
      mkdirSync(join(folder, 'node_modules'))
      symlinkSync(root, join(folder, 'node_modules/plinth'))
      writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
      writeFileSync(join(folder, 'limits.ts'), withText('export const limits = role('))
      const file = join(folder, 'limits.test.ts')
      const shownTest = withText('roleTest(test, limits')
      writeFileSync(file, shownTest.replace("'../../roles/limits.ts'", "'./limits.ts'"))
      const { stdout, stderr } = spawnSync('node', ['--import', 'tsx', file], { cwd: root, encoding: 'utf8' })
      assert.match(stdout, /\bpass 9$/m, `${stdout}${stderr}`)
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
  { timeout: 60 },
)

test(
  'the playbook shown runs with the role there is',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'plinth-readme-'))
    try {
      for (const name of ['node_modules', 'playbooks', 'inventory']) mkdirSync(join(folder, name))
      symlinkSync(root, join(folder, 'node_modules/plinth'))
      symlinkSync(join(root, 'roles'), join(folder, 'roles'))
      writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
      const hosts = 'apps: { hosts: { app1: { ansible_host: 192.0.2.1, limits: { user: app } } } }'
      writeFileSync(join(folder, 'inventory/apps.yaml'), `all: { children: { ${hosts} } }\n`)
      writeFileSync(join(folder, 'playbooks/apps.ts'), withText("play('limits', fleet.group('apps'"))
      const tsx = join(root, 'node_modules/tsx/dist/esm/index.mjs')
      const words = ['--import', tsx, 'playbooks/apps.ts', '-i', 'apps', '--list-hosts']
      const { stdout, stderr } = spawnSync('node', words, { cwd: folder, encoding: 'utf8' })
      assert.equal([stdout, stderr], ['app1\n', ''])
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
  { timeout: 60 },
)

test('both READMEs show the same code', () => {
  const code = (text: string): string => text.replaceAll(/\/\*\*.*\*\/\n/g, '')
  assert.equal(blocks('README.zh-CN.md').map(code), shown.map(code))
})

test.run()
