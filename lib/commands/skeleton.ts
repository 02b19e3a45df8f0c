/** What `plinth new` writes: a role or playbook that works as it stands, with its test. Pure. */
import { sha256 } from '../core/secret.ts'

/** The text of each file, by its path. */
export type Files = ReadonlyMap<string, string>

/** `web-server` as the code names it: `webServer`. */
export const identifierOf = (name: string): string =>
  name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

const greeting = 'hello\n'

/** A role with one parameter and one file, and the test that every role has. */
export function roleFiles(name: string): Files {
  const own = identifierOf(name)
  return new Map([
    [
      `roles/${name}.ts`,
      `/** What ${name} is for. */
import { file, params, role, text } from 'plinth'

export const ${own}Params = params({ greeting: text() })

export const ${own} = role({
  params: ${own}Params,
  // The order of the list is the order of apply.
  resources: ({ greeting }) => [file('/etc/${name}.conf', { content: \`\${greeting}\\n\` })],
})
`,
    ],
    [
      `test/${name}.test.ts`,
      `/** What every role should hold, without a host: an order that works, nothing to do where all is well, each drift seen. */
import { test } from 'node:test'
import { roleTest } from 'plinth/testing'
import { ${own} } from '../roles/${name}.ts'

const path = '/etc/${name}.conf'

roleTest(test, ${own}, {
  params: { greeting: '${greeting.trim()}' },
  // What a host says on which all is as it should be.
  right: {
    [\`stat:\${path}\`]: 'regular file|644|root|root|${greeting.length}',
    [\`hash:\${path}\`]: '${sha256(greeting)}', // printf '${greeting.trim()}\\n' | sha256sum
  },
  // Answers that make one resource differ.
  drifts: { [\`file:\${path}\`]: { [\`hash:\${path}\`]: 'another' } },
})
`,
    ],
  ])
}

/** A playbook over all hosts of an inventory, and a test that runs it as far as it goes without one. */
export const playbookFiles = (name: string): Files =>
  new Map([
    [
      `playbooks/${name}.ts`,
      `/** What ${name} does, in one line: --help prints it. */
import { file, main, params, play, text } from 'plinth'

/** The variables that the inventory gives each host. */
const host = params({ greeting: text() })

await main((fleet) => [
  play('${name}', fleet.group('all', host), ({ params: { greeting } }) => [
    file('/etc/${name}.conf', { content: \`\${greeting}\\n\` }),
  ]),
])
`,
    ],
    [
      `test/${name}-playbook.test.ts`,
      `/** The playbook as it is called, as far as it goes without a host. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

const run = (...words: readonly string[]) =>
  spawnSync('node', ['--import', 'tsx', 'playbooks/${name}.ts', '-i', 'app1,app2', ...words], { encoding: 'utf8' })

test('it is for every host', () => {
  const { status, stdout, stderr } = run('-e', 'greeting=hello', '--list-hosts')
  assert.equal(status, 0, stderr)
  assert.equal(stdout, 'app1\\napp2\\n')
})

test('a variable that is missing is said before any host is asked', () => {
  const { status, stderr } = run('--check')
  assert.equal(status, 4, stderr)
  assert.match(stderr, /greeting: missing/)
})
`,
    ],
  ])
