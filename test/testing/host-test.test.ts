/** The loop over a real shell, in a folder as root: for roles that hold, and for those that don't. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Resource, resource } from '../../lib/core/resource.ts'
import { role } from '../../lib/core/role.ts'
import { params } from '../../lib/core/schema.ts'
import { directory } from '../../lib/resources/directory.ts'
import { file } from '../../lib/resources/file.ts'
import { symlink } from '../../lib/resources/symlink.ts'
import { hostTest, shellHost, type TestHost } from '../../lib/testing.ts'
import { limits } from '../../roles/limits.ts'
import { assert, suite } from '../kit.ts'
import { folderHost } from './folder-host.ts'

const test = suite('testing/host-test')
const box = folderHost('/etc/security/limits.d', '/srv')
test.after(box.remove)
const host = (): Promise<TestHost> => shellHost(box.command)
const slow = (name: string, body: () => void | Promise<void>): void => test(name, body, { timeout: 60 })

hostTest((name, body) => slow(`limits: ${name}`, body), limits, {
  params: { user: 'app', open_files: 2048, processes: 100 },
  host,
})

const tree = role({
  params: params({}),
  resources: () => [
    directory('/srv/app', { mode: '0750' }),
    file("/srv/app/it's here", { content: '节点\n', mode: '0640' }),
    symlink('/srv/app/current', '/srv/app'),
  ],
})
hostTest((name, body) => slow(`paths: ${name}`, body), tree, { params: {}, host })

test('what was applied is there, and nowhere else', () => {
  assert.is(readFileSync(join(box.root, "srv/app/it's here"), 'utf8'), '节点\n')
  assert.not(existsSync('/srv/app'))
})

/** What the loop says of these resources. */
async function verdict(resources: readonly Resource[], breaks: Readonly<Record<string, string>> = {}): Promise<string> {
  const bodies: (() => void | Promise<void>)[] = []
  const bad = role({ params: params({}), resources: () => resources })
  hostTest((_name, body) => bodies.push(body), bad, { params: {}, host, breaks })
  try {
    for (const body of bodies) await body()
  } catch (error) {
    return (error as Error).message
  }
  return 'passed'
}

const reads = (id: string, run: string, need?: string): Resource => {
  const question = { reader: () => `if [ -e /srv/${id} ]; then printf '${id}\\tyes\\n'; fi`, key: id }
  return resource({
    id: `thing:${id}`,
    probe: [question],
    ...(need !== undefined && { needs: [`thing:${need}`] }),
    read: (answers) => (answers(question) === '' ? null : { there: answers(question) }),
    desired: { there: 'yes' },
    steps: () => [{ say: `make ${id}`, run }],
  })
}
const gone = { 'thing:a': 'rm /srv/a', 'thing:b': 'rm -f /srv/b' }
const cases: readonly [
  name: string,
  resources: readonly Resource[],
  breaks: Readonly<Record<string, string>>,
  says: RegExp,
][] = [
  ['a role that holds', [reads('a', 'touch /srv/a')], gone, /^passed$/],
  ['a step that fails', [reads('a', 'echo no >&2; exit 3')], gone, /"make a" ended with exit code 3: no/],
  ['a step that does something else', [reads('a', 'touch /srv/c')], gone, /it still differs after the apply/],
  [
    'a break that nobody sees',
    [reads('a', 'touch /srv/a')],
    { 'thing:a': ':' },
    /none of thing:a is planned; planned: nothing/,
  ],
  [
    'a break that shows elsewhere',
    [reads('a', 'touch /srv/a'), reads('b', 'touch /srv/b')],
    { ...gone, 'thing:a': 'rm /srv/a /srv/b' },
    /planned as well/,
  ],
  [
    'one that shows where it may',
    [reads('a', 'touch /srv/a'), reads('b', 'touch /srv/b', 'a')],
    { ...gone, 'thing:a': 'rm /srv/a /srv/b' },
    /^passed$/,
  ],
  ['a break that nobody named', [reads('a', 'touch /srv/a')], {}, /say in breaks how to break thing:a/],
]
for (const [name, resources, breaks, says] of cases) {
  slow(name, async () => assert.match(await verdict(resources, breaks), says))
}

slow('a command that is not there is a host that can not be reached', async () => {
  const nowhere = await shellHost(['no-such-command-x'])
  try {
    await nowhere.ask([])
    assert.unreachable('it answered')
  } catch (error) {
    assert.match((error as Error).message, /^no-such-command-x: /)
  }
})

test.run()
