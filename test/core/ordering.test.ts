/** Lists that contradict themselves are found before any host is asked. */
import { problemText } from '../../lib/core/error.ts'
import { innermostFirst, listProblems, standsOn } from '../../lib/core/ordering.ts'
import { type Resource, resource } from '../../lib/core/resource.ts'
import { group, user } from '../../lib/resources/account.ts'
import { directory } from '../../lib/resources/directory.ts'
import { file } from '../../lib/resources/file.ts'
import type { Ownership } from '../../lib/resources/path.ts'
import { release } from '../../lib/resources/release.ts'
import { requirement } from '../../lib/resources/requirement.ts'
import { symlink } from '../../lib/resources/symlink.ts'
import { unit } from '../../lib/resources/unit.ts'
import { inputOf } from '../../lib/resources/unit-input.ts'
import { assert, suite } from '../kit.ts'

const test = suite('ordering')
const app = { owner: 'app', group: 'app' }
const text = (path: string, ownership: Ownership = {}): Resource => file(path, { content: '', ...ownership })
const archive = { name: 'a.tar.gz', path: '/tmp/a.tar.gz', bytes: 1, sha256: 'a'.repeat(64) }
const unpacked = (path: string): Resource => release(path, { archive, owner: 'root', group: 'root' })
const needing = (name: string, need: string): Resource =>
  resource({ id: `x:${name}`, needs: [`x:${need}`], probe: [], read: () => null, desired: null, steps: () => [] })
const account = user('app', { home: '/nonexistent', group: 'app' })

/** Lists of one machine as `play host`, and what is wrong with them, `where: what; remedy`. */
const cases: readonly [
  name: string,
  lists: Readonly<Record<string, readonly Resource[]>>,
  problems: readonly string[],
][] = [
  ['in order', { 'app h1': [group('app'), account, directory('/opt/a', app), text('/opt/a/b', app)] }, []],
  ['nobody declares the owner: it must be there already', { 'app h1': [text('/opt/a/b', app)] }, []],
  [
    'a child before its directory',
    { 'app h1': [text('/opt/a/b'), directory('/opt/a')] },
    [
      'h1: file:/opt/a/b (place 1 of play app) comes before directory:/opt/a (place 2 of play app), in which it is; list directory:/opt/a first',
    ],
  ],
  [
    'a grandchild before its directory: the nearest is enough',
    { 'app h1': [text('/opt/a/b/c'), directory('/opt/a'), directory('/opt/a/b')] },
    [
      'h1: file:/opt/a/b/c (place 1 of play app) comes before directory:/opt/a/b (place 3 of play app), in which it is; list directory:/opt/a/b first',
    ],
  ],
  ['a folder of which only the one above is declared', { 'app h1': [directory('/opt'), text('/opt/a/b/c')] }, []],
  ['names that only begin alike', { 'app h1': [text('/opt/ab'), directory('/opt/a')] }, []],
  [
    'a child in an earlier play than its directory',
    { 'early h1': [text('/x'), text('/opt/a/b')], 'late h1': [directory('/opt/a')] },
    [
      'h1: file:/opt/a/b (place 2 of play early) comes before directory:/opt/a (place 1 of play late), in which it is; list directory:/opt/a first',
    ],
  ],
  ['a child in a later play', { 'early h1': [text('/x'), directory('/opt/a')], 'late h1': [text('/opt/a/b')] }, []],
  [
    'a directory that is declared again',
    { 'app h1': [directory('/opt/a'), text('/opt/a/b'), directory('/opt/a')] },
    [],
  ],
  [
    'a directory of another host of the machine, which comes later',
    { 'app h1': [text('/opt/a/b')], 'app h2': [text('/x'), directory('/opt/a')] },
    [
      'h1: file:/opt/a/b (place 1 of play app) comes before directory:/opt/a (place 2 of play app) for h2, on the same machine, in which it is; list directory:/opt/a for h1 too, before it',
    ],
  ],
  ['one that comes earlier', { 'app h1': [directory('/opt/a')], 'app h2': [text('/opt/a/b')] }, []],
  [
    'one that comes later, around a directory, which makes it',
    { 'app h1': [directory('/opt/a/b'), text('/opt/a/b/c')], 'app h2': [directory('/opt'), directory('/opt/a')] },
    [],
  ],
  [
    'a link of another host of the machine in their place is not made by a directory',
    { 'app h1': [directory('/opt/a/b')], 'app h2': [symlink('/opt/a', '/srv')] },
    [
      'h1: directory:/opt/a/b (place 1 of play app) comes before symlink:/opt/a (place 1 of play app) for h2, on the same machine, in which it is; list symlink:/opt/a for h1 too, before it',
    ],
  ],
  [
    'one that comes later, and that the host declares itself',
    { 'app h1': [directory('/opt/a'), text('/opt/a/b')], 'late h2': [directory('/opt/a')] },
    [],
  ],
  [
    'one that comes earlier, and that the host declares itself too late: with --limit it would be alone',
    { 'app h1': [directory('/opt/a')], 'app h2': [text('/opt/a/b'), directory('/opt/a')] },
    [
      'h2: file:/opt/a/b (place 1 of play app) comes before directory:/opt/a (place 2 of play app), in which it is; list directory:/opt/a first',
    ],
  ],
  [
    'an owner of another host of the machine, in a later play, and in an earlier one',
    { 'early h1': [text('/opt/a', app)], 'late h2': [group('app'), account], 'last h3': [text('/opt/c', app)] },
    [
      'h1: file:/opt/a (place 1 of play early) comes before user:app (place 2 of play late) for h2, on the same machine, which it needs; list user:app for h1 too, before it',
      'h1: file:/opt/a (place 1 of play early) comes before group:app (place 1 of play late) for h2, on the same machine, which it needs; list group:app for h1 too, before it',
    ],
  ],
  [
    'inside of a file of another host of the machine, in whatever order',
    { 'app h1': [text('/opt/a')], 'app h2': [text('/opt/a/b'), text('/opt/c/d')], 'late h3': [text('/opt/c')] },
    [
      'h2: file:/opt/a/b (place 1 of play app) is inside file:/opt/a (place 1 of play app) for h1, on the same machine, which is no folder; choose another path for one of them',
      'h2: file:/opt/c/d (place 2 of play app) is inside file:/opt/c (place 1 of play late) for h3, on the same machine, which is no folder; choose another path for one of them',
    ],
  ],
  [
    'a circle through two hosts of the machine',
    { 'app h1': [needing('a', 'b')], 'app h2': [needing('b', 'a')] },
    [
      'h1: x:a (place 1 of play app) needs x:b (place 1 of play app) for h2, on the same machine, which needs x:a (place 1 of play app): no order can satisfy that; take one of these needs away',
    ],
  ],
  [
    'a child before the link that leads to it',
    { 'app h1': [directory('/opt/a/1'), text('/opt/a/current/b'), symlink('/opt/a/current', '1')] },
    [
      'h1: file:/opt/a/current/b (place 2 of play app) comes before symlink:/opt/a/current (place 3 of play app), in which it is; list symlink:/opt/a/current first',
    ],
  ],
  [
    'a link before what it leads to',
    { 'app h1': [symlink('/opt/a/current', '1'), directory('/opt/a/1')] },
    [
      'h1: symlink:/opt/a/current (place 1 of play app) comes before directory:/opt/a/1 (place 2 of play app), which it needs; list directory:/opt/a/1 first',
    ],
  ],
  ['a link to what nobody declares', { 'app h1': [symlink('/opt/a/current', '1'), text('/opt/a/current/b')] }, []],
  [
    'a file in a release',
    { 'app h1': [unpacked('/opt/a/1'), text('/opt/a/1/conf/b')] },
    [
      'h1: file:/opt/a/1/conf/b (place 2 of play app) is inside release:/opt/a/1 (place 1 of play app), whose content is that of its archive and nothing else; declare it beside the release, and let the program find it there',
    ],
  ],
  [
    'a directory in a release, by way of a link',
    { 'app h1': [unpacked('/opt/a/1'), symlink('/opt/a/current', '/opt/a/1'), directory('/opt/a/current/logs')] },
    [
      'h1: directory:/opt/a/current/logs (place 3 of play app) is inside release:/opt/a/1 (place 1 of play app), whose content is that of its archive and nothing else; declare it beside the release, and let the program find it there',
    ],
  ],
  [
    'a file in a file',
    { 'app h1': [text('/opt/a'), text('/opt/a/b')] },
    [
      'h1: file:/opt/a/b (place 2 of play app) is inside file:/opt/a (place 1 of play app), which is no folder; choose another path for one of them',
    ],
  ],
  [
    'a file before its owner and group, and a user before the group',
    { 'app h1': [text('/opt/a', app), account, group('app')] },
    [
      'h1: file:/opt/a (place 1 of play app) comes before user:app (place 2 of play app), which it needs; list user:app first',
      'h1: file:/opt/a (place 1 of play app) comes before group:app (place 3 of play app), which it needs; list group:app first',
      'h1: user:app (place 2 of play app) comes before group:app (place 3 of play app), which it needs; list group:app first',
    ],
  ],
  [
    'an owner in a later play',
    { 'early h1': [directory('/opt/a', app)], 'late h1': [group('app'), account] },
    [
      'h1: directory:/opt/a (place 1 of play early) comes before user:app (place 2 of play late), which it needs; list user:app first',
      'h1: directory:/opt/a (place 1 of play early) comes before group:app (place 1 of play late), which it needs; list group:app first',
    ],
  ],
  [
    'a unit before its input',
    {
      'app h1': [
        ...unit('app', {
          definition: 'EnvironmentFile=/etc/plinth/app.env\nWantedBy=multi-user.target',
          runs: [inputOf('app', text('/opt/b'))],
        }),
        text('/opt/b'),
      ],
    },
    [
      'h1: unit:app (place 3 of play app) comes before file:/opt/b (place 4 of play app), which it needs; list file:/opt/b first',
    ],
  ],
  [
    'needs in a circle',
    { 'app h1': [needing('a', 'b'), needing('b', 'c'), needing('c', 'a'), needing('d', 'a')] },
    [
      'h1: x:a (place 1 of play app) needs x:b (place 2 of play app), which needs x:c (place 3 of play app), which needs x:a (place 1 of play app): no order can satisfy that; take one of these needs away',
    ],
  ],
  [
    'a circle behind another',
    { 'app h1': [needing('d', 'a'), needing('a', 'b'), needing('b', 'a')] },
    [
      'h1: x:a (place 2 of play app) needs x:b (place 3 of play app), which needs x:a (place 2 of play app): no order can satisfy that; take one of these needs away',
      'h1: x:d (place 1 of play app) comes before x:a (place 2 of play app), which it needs; list x:a first',
    ],
  ],
  [
    'what needs itself',
    { 'app h1': [needing('a', 'a')] },
    [
      'h1: x:a (place 1 of play app) needs x:a (place 1 of play app): no order can satisfy that; take one of these needs away',
    ],
  ],
  [
    'one path, two kinds',
    { 'app h1': [directory('/opt/a'), text('/opt/a')] },
    [
      'h1: file:/opt/a (place 2 of play app) owns the same path as directory:/opt/a (place 1 of play app); choose another path for one of them',
    ],
  ],
  [
    'one path, two kinds, two plays',
    { 'early h1': [directory('/opt/a')], 'late h1': [symlink('/opt/a', 'b')] },
    [
      'h1: symlink:/opt/a (place 1 of play late) owns the same path as directory:/opt/a (place 1 of play early); choose another path for one of them',
    ],
  ],
  [
    'one path, two hosts of the machine',
    { 'app h1': [directory('/opt/a')], 'app h2': [text('/opt/a')] },
    [
      'h2: file:/opt/a (place 1 of play app) owns the same path as directory:/opt/a (place 1 of play app) for h1, on the same machine; choose another path for one of them',
    ],
  ],
  [
    'one thing, declared differently in one list',
    { 'app h1': [text('/opt/a'), text('/opt/a', { mode: '0600' })] },
    [
      'h1: file:/opt/a (place 2 of play app) is something else at place 1 of play app; declare it once, or the very same at both places',
    ],
  ],
  [
    'one thing, declared differently in two plays',
    { 'early h1': [account], 'late h1': [user('app', { home: '/home/app', group: 'app' })] },
    [
      'h1: user:app (place 1 of play late) is something else at place 1 of play early; declare it once, or the very same at both places',
    ],
  ],
  [
    'one thing, declared differently for two hosts of the machine',
    { 'app h1': [text('/x'), text('/opt/a')], 'app h2': [text('/opt/a', { mode: '0600' })] },
    [
      'h2: file:/opt/a (place 1 of play app) is something else at place 2 of play app for h1, on the same machine; declare it once, or the very same at both places',
    ],
  ],
  [
    'one path, written in two ways',
    { 'app h1': [text('/opt/a/b'), text('/opt//a/./b')], 'app h2': [directory('/opt/c/'), symlink('/opt/./c', 'b')] },
    [
      'h1: file:/opt//a/./b (place 2 of play app) owns the same path as file:/opt/a/b (place 1 of play app); write it alike at both places',
      'h2: symlink:/opt/./c (place 2 of play app) owns the same path as directory:/opt/c/ (place 1 of play app); choose another path for one of them',
    ],
  ],
  [
    'one path, by way of links that are declared, of which one leads through the other',
    {
      'app h1': [directory('/opt/d'), symlink('/opt/l', 'd'), text('/opt/l/x'), text('/opt/d/x')],
      'app h2': [symlink('/srv/m', '/opt/l/'), text('/srv/m/x'), text('/srv/mn')],
    },
    [
      'h1: file:/opt/d/x (place 4 of play app) owns the same path as file:/opt/l/x (place 3 of play app), by way of a link that is declared; write it alike at both places',
      'h2: file:/srv/m/x (place 2 of play app) owns the same path as file:/opt/l/x (place 3 of play app) for h1, on the same machine, by way of a link that is declared; write it alike at both places',
    ],
  ],
  [
    'a link to the root',
    { 'app h1': [symlink('/opt/root', '/'), text('/opt/root/x'), text('/x')] },
    [
      'h1: file:/x (place 3 of play app) owns the same path as file:/opt/root/x (place 2 of play app), by way of a link that is declared; write it alike at both places',
    ],
  ],
  [
    'two links that lead in a circle lead nowhere, and a link is not what it leads to',
    { 'app h1': [symlink('/a', '/b'), symlink('/b', '/a'), text('/a/x'), directory('/c'), symlink('/d', '/c')] },
    [],
  ],
  [
    'names with dots, and where `..` leads to only the host knows',
    { 'app h1': ['/a/.b', '/ab', '/a/b.', '/a/...', '/a/../c', '/c'].map((path) => text(path)) },
    [],
  ],
  [
    'a child before its directory, which is written otherwise',
    { 'app h1': [text('/opt//a/b'), directory('/opt/a/')] },
    [
      'h1: file:/opt//a/b (place 1 of play app) comes before directory:/opt/a/ (place 2 of play app), in which it is; list directory:/opt/a/ first',
    ],
  ],
  [
    'the very same, at every place',
    {
      'early h1': [directory('/opt/a'), directory('/opt/a')],
      'late h1': [directory('/opt/a')],
      'late h2': [directory('/opt/a')],
    },
    [],
  ],
]
for (const [name, lists, problems] of cases) {
  test(name, () => {
    const listings = Object.entries(lists).map(([key, resources]) => {
      const [play = '', host = ''] = key.split(' ')
      return { host, play, resources }
    })
    assert.equal(listProblems(listings).map(problemText), problems)
    assert.equal(listProblems(listings).map(problemText), problems, 'and again: only what is right is remembered')
  })
}

test('two lists with the same ids as others that agreed may say different things of one', () => {
  const listings = (content: string) => [
    { host: 'h1', play: 'early', resources: [text('/twice')] },
    { host: 'h1', play: 'late', resources: [file('/twice', { content })] },
  ]
  assert.equal(listProblems(listings('')), [])
  assert.is(listProblems(listings('another')).length, 1)
})

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
  ...unit('app', {
    definition: 'EnvironmentFile=/etc/plinth/app.env\nWantedBy=multi-user.target',
    runs: [inputOf('app', config)],
  }),
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

const removals: readonly [name: string, ids: readonly string[], sorted: readonly string[]][] = [
  ['nothing', [], []],
  [
    'what is in order stays',
    ['unit:a', 'file:/a/b', 'directory:/a', 'x:1'],
    ['unit:a', 'file:/a/b', 'directory:/a', 'x:1'],
  ],
  [
    'a folder after what is in it, at any depth, and nothing else is moved: a unit goes before its files',
    ['directory:/a', 'symlink:/a/b', 'unit:u', 'file:/a/b/c', 'file:/z', 'line-set:/a/d', 'x:1'],
    ['unit:u', 'file:/a/b/c', 'symlink:/a/b', 'file:/z', 'line-set:/a/d', 'directory:/a', 'x:1'],
  ],
  [
    'names that begin alike, one path as two kinds, and what owns none',
    ['directory:/a', 'file:/ab', 'file:/a', 'user:/a/b'],
    ['directory:/a', 'file:/ab', 'file:/a', 'user:/a/b'],
  ],
  [
    'the same for two hosts',
    ['directory:/a', 'directory:/a', 'file:/a/b'],
    ['file:/a/b', 'directory:/a', 'directory:/a'],
  ],
]
for (const [name, ids, sorted] of removals) {
  test(`in which order things are removed: ${name}`, () => assert.equal(innermostFirst(ids), sorted))
}

test.run()
