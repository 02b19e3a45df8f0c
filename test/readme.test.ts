/** What the READMEs show runs as it stands there. */
import { readFileSync } from 'node:fs'
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

test('the role and the test shown are those there are', () => {
  const role = readFileSync(join(root, 'roles/limits.ts'), 'utf8')
  assert.is(withText('export const limits = role('), role)
  assert.ok(readFileSync(join(root, 'test/roles/limits.test.ts'), 'utf8').endsWith(withText('roleTest(test, limits')))
})

test('both READMEs show the same code', () => {
  const code = (text: string): string => text.replaceAll(/\/\*\*.*\*\/\n/g, '')
  assert.equal(blocks('README.zh-CN.md').map(code), shown.map(code))
})

test.run()
