/** Lists that contradict themselves are found before any host is asked. */
import { orderProblems, standsOn } from '../../lib/core/ordering.ts'
import type { Resource } from '../../lib/core/resource.ts'
import { group, user } from '../../lib/resources/account.ts'
import { directory } from '../../lib/resources/directory.ts'
import { file } from '../../lib/resources/file.ts'
import { requirement } from '../../lib/resources/requirement.ts'
import { symlink } from '../../lib/resources/symlink.ts'
import { unit } from '../../lib/resources/unit.ts'
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

const must = (id: string): Resource => requirement(id, { probe: [], check: () => [] })
const config = file('/opt/a/current/conf/app.conf', { content: '', ...app })
const list = [
  must('memory:app'),
  group('app'),
  account,
  directory('/opt/a', app),
  directory('/opt/a/1', app),
  symlink('/opt/a/current', '1'),
  config,
  must('ports:80'),
  directory('/etc/plinth', { mode: '0700' }),
  ...unit('app', { definition: '', runs: [config] }),
  file('/etc/motd', { content: '' }),
]
const foundations: Readonly<Record<string, readonly string[]>> = {
  'memory:app': [],
  'group:app': ['memory:app'],
  'user:app': ['group:app', 'memory:app'],
  'directory:/opt/a': ['group:app', 'memory:app', 'user:app'],
  'directory:/opt/a/1': ['directory:/opt/a', 'group:app', 'memory:app', 'user:app'],
  'symlink:/opt/a/current': ['directory:/opt/a', 'directory:/opt/a/1', 'group:app', 'memory:app', 'user:app'],
  'ports:80': ['memory:app'],
  'file:/opt/a/current/conf/app.conf': [
    'directory:/opt/a',
    'directory:/opt/a/1',
    'group:app',
    'memory:app',
    'symlink:/opt/a/current',
    'user:app',
  ],
  'unit:app': [
    'directory:/etc/plinth',
    'directory:/opt/a',
    'directory:/opt/a/1',
    'file:/etc/plinth/app.env',
    'file:/etc/systemd/system/app.service',
    'file:/opt/a/current/conf/app.conf',
    'group:app',
    'memory:app',
    'ports:80',
    'symlink:/opt/a/current',
    'user:app',
  ],
  'file:/etc/motd': ['memory:app', 'ports:80'],
}
for (const [id, expected] of Object.entries(foundations)) {
  test(`what ${id} stands on`, () => assert.equal([...(standsOn(list).get(id) ?? [])].sort(), expected))
}

test('only what comes before counts, and nothing stands on itself', () => {
  const found = standsOn([config, account, group('app'), must('late:1'), config])
  assert.equal([...found.keys()], [config.id, account.id, 'group:app', 'late:1'])
  assert.equal([...(found.get(account.id) ?? [])], [])
  assert.equal([...(found.get(config.id) ?? [])].sort(), ['group:app', 'late:1', 'user:app'])
})

test.run()
