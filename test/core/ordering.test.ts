/** Lists that contradict themselves are found before any host is asked. */
import { orderProblems } from '../../lib/core/ordering.ts'
import type { Resource } from '../../lib/core/resource.ts'
import { group, user } from '../../lib/resources/account.ts'
import { directory } from '../../lib/resources/directory.ts'
import { file } from '../../lib/resources/file.ts'
import { assert, suite } from '../kit.ts'

const test = suite('ordering')
const app = { owner: 'app', group: 'app' }
const account = user('app', { home: '/nonexistent', group: 'app' })

const cases: readonly [name: string, list: readonly Resource[], problems: readonly string[]][] = [
  ['in order', [group('app'), account, directory('/opt/a', app), file('/opt/a/b', { content: '', ...app })], []],
  ['nobody declares the owner: it must be there already', [file('/opt/a/b', { content: '', ...app })], []],
  [
    'a child before its directory',
    [file('/opt/a/b', { content: '' }), directory('/opt/a')],
    ['file:/opt/a/b comes before directory:/opt/a'],
  ],
  [
    'a file before its owner and group',
    [file('/opt/a', { content: '', ...app }), account, group('app')],
    [
      'file:/opt/a comes before user:app, which it needs',
      'file:/opt/a comes before group:app, which it needs',
      'user:app comes before group:app, which it needs',
    ],
  ],
  [
    'one path twice',
    [directory('/opt/a'), file('/opt/a', { content: '' })],
    ['file:/opt/a and directory:/opt/a claim the same thing'],
  ],
]
for (const [name, list, problems] of cases) {
  test(name, () =>
    assert.equal(
      orderProblems('h1', list).map(({ what }) => what),
      problems,
    ),
  )
}

test.run()
