/** What a playbook may declare of a path: what its types forbid is refused before it reaches a host. */
import { PlinthError } from '../../lib/core/error.ts'
import type { Resource } from '../../lib/core/resource.ts'
import { Secret } from '../../lib/core/secret.ts'
import { tagged } from '../../lib/core/tagged.ts'
import { play } from '../../lib/engine/play.ts'
import { group, user } from '../../lib/resources/account.ts'
import { directory } from '../../lib/resources/directory.ts'
import { file } from '../../lib/resources/file.ts'
import { lineSet } from '../../lib/resources/line-set.ts'
import { databaseAccount } from '../../lib/resources/mysql/account.ts'
import { databaseSchema } from '../../lib/resources/mysql/schema.ts'
import { databaseTable } from '../../lib/resources/mysql/table.ts'
import { distributionPackage } from '../../lib/resources/package.ts'
import { properties } from '../../lib/resources/properties.ts'
import { release } from '../../lib/resources/release.ts'
import { requirement } from '../../lib/resources/requirement.ts'
import { symlink } from '../../lib/resources/symlink.ts'
import { unit } from '../../lib/resources/unit.ts'
import { inputOf } from '../../lib/resources/unit-input.ts'
import { canned, plainFacts } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'

const test = suite('resources/declared')

function refused(make: () => unknown): readonly string[] {
  try {
    make()
  } catch (error) {
    if (!(error instanceof PlinthError)) throw error
    assert.is(error.code, 4)
    return error.message.split('\n')
  }
  return []
}

// What only a playbook without a compiler can say.
const needsMode = new Set(['properties', 'line-set'])
type Loose = (...given: readonly unknown[]) => Resource
const root = { owner: 'root', group: 'root', mode: '0644' }
const kinds: Readonly<Record<string, (path: string, more: object) => Resource>> = {
  file: (path, more) => (file as Loose)(path, { content: 'a', ...more }),
  directory: (path, more) => (directory as Loose)(path, more),
  properties: (path, more) =>
    (properties as Loose)(path, { wanted: { a: '1' }, template: '', secret: () => false, ...root, ...more }),
  'line-set': (path, more) =>
    (lineSet as Loose)(path, { members: ['a'], parse: () => [], render: () => '', ...root, ...more }),
}

const archive = { name: 'a.tar.gz', path: '/a.tar.gz', bytes: 1, sha256: 'a'.repeat(64) }
/** Its modes follow from who may read it. */
const withoutMode: typeof kinds = {
  release: (path, more) => (release as Loose)(path, { archive, owner: 'root', group: 'root', ...more }),
}

for (const [kind, make] of Object.entries(kinds)) {
  test(`${kind}: a mode of three digits is the one of four`, () => {
    for (const [mode, whole] of [
      ['644', '0644'],
      ['0644', '0644'],
      ['2755', '2755'],
    ] as const) {
      const one = make('/x', { mode })
      assert.is(one.plan(canned({}), new Set()).changes.find(({ key }) => key === 'mode')?.to, whole)
      assert.is(one.digest(), make('/x', { mode: whole }).digest())
    }
  })

  test(`${kind}: any other mode is refused`, () => {
    const what = `${kind}:/x: mode: expected four octal digits in quotes, found`
    for (const [mode, found, instead] of [
      [0o644, 'the number 420', '0644'],
      [0o1777, 'the number 1023', '1777'],
      [99_999, 'the number 99999', '0644'],
      ['00644', '"00644"', '0644'],
      ['u=rwx', '"u=rwx"', '0644'],
      ['0888', '"0888"', '0644'],
      ['', '""', '0644'],
      [null, 'null', '0644'],
    ] as const)
      assert.equal(
        refused(() => make('/x', { mode })),
        [
          mode === null && needsMode.has(kind)
            ? `${kind}:/x: mode: missing; add it: mode: …`
            : `${what} ${found}; write mode: '${instead}'`,
        ],
      )
  })
}

for (const [kind, make] of Object.entries({ ...kinds, ...withoutMode })) {
  test(`${kind}: an owner or group that is no name is refused`, () => {
    for (const [value, found] of [
      ['0', '"0"'],
      ['1000', '"1000"'],
      [0, '0'],
      ['+0', '"+0"'],
      ['a b', '"a b"'],
      ['root:root', '"root:root"'],
      ['', '""'],
    ] as const) {
      const remedy = 'write its name, as ls shows it there'
      assert.equal(
        refused(() => make('/x', { owner: value })),
        [`${kind}:/x: owner: expected the name of a user, found ${found}; ${remedy}`],
      )
      assert.equal(
        refused(() => make('/x', { group: value })),
        [`${kind}:/x: group: expected the name of a group, found ${found}; ${remedy}`],
      )
    }
    assert.equal(
      refused(() => make('/x', { owner: 'app-1', group: 'EXAMPLE\\domain users'.replace(' ', '_') })),
      [],
    )
  })

  test(`${kind}: an unknown option is refused, with the one that was meant`, () => {
    const [message = ''] = refused(() => make('/x', { onwer: 'app' }))
    assert.ok(message.startsWith(`${kind}:/x: onwer: unknown option; did you mean "owner"? known: `), message)
  })

  test(`${kind}: its path is absolute`, () => {
    for (const path of ['tmp/x', '~/x', ''])
      assert.equal(
        refused(() => make(path, {})),
        [`${kind}:${path}: its path does not begin with /; write it as a whole, as /etc/app.conf`],
      )
    assert.equal(
      refused(() => make(undefined as unknown as string, {})),
      [`${kind}:undefined: its path is undefined; give a text`],
    )
    assert.equal(
      refused(() => make('/a\nb', {})),
      [`${kind}:/a\\nb: its path has a line break or another control character; take it out`],
    )
    for (const path of ['/x/.plinth.env', '/x/.plinth.d/y'])
      assert.equal(
        refused(() => make(path, {})),
        [
          `${kind}:${path}: a name in it begins with .plinth., as what Plinth makes for a moment and sweeps away; choose another name`,
        ],
      )
    assert.equal(
      refused(() => make('/x/.plinth', {})),
      [],
    )
    const ending = refused(() => make('/x/', {}))
    if (kind === 'directory') assert.equal(ending, [])
    else assert.equal(ending, [`${kind}:/x/: its path ends with /; take that away: only a directory may have it`])
  })
}

test('what must be given is asked for, all of it at once', () => {
  assert.equal(
    refused(() => (file as Loose)('/x')),
    ['file:/x: its options are undefined; give { content, owner, group, mode }'],
  )
  assert.equal(
    refused(() => (file as Loose)('/x', 'hello')),
    ['file:/x: its options are a string; give { content, owner, group, mode }'],
  )
  assert.equal(
    refused(() => (file as Loose)('/x', {})),
    ['file:/x: content: missing; add it: content: …'],
  )
  assert.equal(
    refused(() => (file as Loose)('/x', { content: 5 })),
    ['file:/x: content is a number; give text, bytes or a Secret'],
  )
  assert.equal(
    refused(() => (properties as Loose)('/x', { wanted: {}, secret: () => false, ...root, mode: undefined })),
    ['properties:/x: template: missing; add it: template: …', 'properties:/x: mode: missing; add it: mode: …'],
  )
  assert.equal(
    refused(() => kinds.properties?.('/x', { wanted: { a: 1 } })),
    ['properties:/x: a is a number; give text, a Secret, or null for none'],
  )
  assert.equal(
    refused(() => (user as unknown as Loose)('app', { home: '/srv' })),
    ['user:app: group: missing; add it: group: …'],
  )
})

const definition = '[Service]\nEnvironmentFile=/etc/plinth/app.env\n[Install]\nWantedBy=multi-user.target\n'
const one = file('/x', { content: 'a' })
const password = new Secret('pw')
const table = { name: 't', columns: [], primaryKey: [], indexes: [] }
/** What each kind takes, and one mistake after the other in it. */
const told: Readonly<
  Record<string, { readonly right: () => unknown; readonly wrong: readonly (readonly [() => unknown, string])[] }>
> = {
  group: {
    right: () => [group('app'), group('Web'), group('_x$'), group('EXAMPLE\\users')],
    wrong: [
      ...(['Web Team', '', '-r', '0', 'a:b'] as const).map((name): readonly [() => unknown, string] => [
        () => group(name),
        `expected the name of a group, found ${JSON.stringify(name)}; write it without spaces, : / , and + or - at its beginning; a number is none`,
      ]),
      [() => (group as Loose)(undefined), 'expected the name of a group, found undefined; '],
      [() => (group as Loose)(1000), 'expected the name of a group, found 1000; '],
    ],
  },
  user: {
    right: () => user('app', { home: '/srv/app', group: 'app' }),
    wrong: [
      [() => user('web team', { home: '/x', group: 'g' }), 'expected the name of a user, found "web team"; '],
      [() => user('app', { home: '/x', group: 'a b' }), 'expected the name of a group, found "a b"; '],
      [
        () => user('app', { home: 'srv', group: 'app' }),
        'home of user app: expected a path that begins with /, found "srv"; ',
      ],
      [() => user('app', { home: '/a:b', group: 'app' }), 'home of user app: expected a path'],
      [
        () => (user as Loose)('app', { home: 5, group: 'app' }),
        'home of user app: expected a path that begins with /, found 5; ',
      ],
    ],
  },
  package: {
    right: () =>
      ['chrony', 'g++', 'libstdc++6', 'java-1.8.0-openjdk', 'perl-Test_x'].map((name) =>
        distributionPackage(name, plainFacts),
      ),
    wrong: [
      ...(['vim curl', '--purge', 'nginx-', 'lib.*', '@Tools', 'a=1', ''] as const).map(
        (name): readonly [() => unknown, string] => [
          () => distributionPackage(name, plainFacts),
          `expected the name of one package, found ${JSON.stringify(name)}; write it as dpkg -l or rpm -qa shows it`,
        ],
      ),
      [
        () => (distributionPackage as unknown as Loose)(['vim'], plainFacts),
        'expected the name of one package, found a list; ',
      ],
      [
        () => (distributionPackage as unknown as Loose)('chrony'),
        "package chrony: the facts of its host are undefined; give the second argument of the play's function",
      ],
    ],
  },
  release: {
    right: () => release('/opt/x', { archive, owner: 'root', group: 'root' }),
    wrong: [
      [
        () => (release as Loose)('/opt/x', { archive: '/a.tgz', owner: 'root', group: 'root' }),
        'archive of release /opt/x is a string; give what await fleet.archive(…) comes to',
      ],
      [
        () => (release as Loose)('/opt/x', { archive: Promise.resolve(archive), owner: 'root', group: 'root' }),
        'archive of release /opt/x is a promise; ',
      ],
    ],
  },
  requirement: {
    right: () => requirement('x', { probe: [], check: () => [], warn: () => [] }),
    wrong: [
      [() => (requirement as unknown as Loose)(5, { probe: [], check: () => [] }), 'the id of a requirement is 5; '],
      [
        () => (requirement as unknown as Loose)('x', { probe: 5, check: () => [] }),
        'requirement x: probe is no list, or check or warn no function; ',
      ],
      [() => (requirement as unknown as Loose)('x', { probe: [], check: 'a' }), 'requirement x: probe is no list'],
    ],
  },
  unit: {
    right: () => [
      unit('app', { definition, runs: [inputOf('app', one)], settles: 5 }),
      unit('at-once', { definition: definition.replaceAll('app', 'at-once'), runs: [], settles: 0 }),
      inputOf('app@1', one),
    ],
    wrong: [
      [() => unit('a/b', { definition, runs: [] }), 'expected the name of a unit, found "a/b"; '],
      [
        () => (unit as unknown as Loose)(undefined, { definition, runs: [] }),
        'expected the name of a unit, found undefined; ',
      ],
      [
        () => (unit as unknown as Loose)('app', { definition, runs: one }),
        'runs of unit app is an object; give a list of resources',
      ],
      [
        () => (unit as unknown as Loose)('app', { definition, runs: [one, '/x'] }),
        'place 2 of runs of unit app is a string, not a resource; ',
      ],
      [
        () => (unit as unknown as Loose)('app', { definition, runs: [[one]] }),
        'place 1 of runs of unit app is a list, not a resource; spread it: ...unit(…)',
      ],
      [
        () => unit('app', { definition, runs: [inputOf('app', one), one] }),
        "place 2 of runs of unit app, file:/x, leaves no note when it is touched; make it inputOf('app', …) where it is made, and list that",
      ],
      [
        () => unit('app', { definition, runs: [inputOf('ap', one)] }),
        'place 1 of runs of unit app, file:/x, leaves no note',
      ],
      [() => (unit as unknown as Loose)('app', { definition, runs: [], settles: '5' }), 'settles of unit app is "5"; '],
      [() => (inputOf as unknown as Loose)('app'), 'the input of unit app is undefined, not a resource; '],
      [() => inputOf('', one), 'expected the name of a unit, found ""; '],
    ],
  },
  tagged: {
    right: () => tagged('x', [one]),
    wrong: [
      [() => (tagged as unknown as Loose)('x'), 'the list tagged x is undefined; give a list of resources'],
      [() => (tagged as unknown as Loose)(5, [one]), 'the tag is 5; give a text'],
      [
        () => (tagged as unknown as Loose)('x', [one, undefined]),
        'place 2 of the list tagged x is undefined, not a resource; ',
      ],
    ],
  },
  database: {
    right: () => [
      databaseSchema('app', { charset: 'utf8mb4', collation: 'utf8mb4_bin' }),
      databaseAccount('app', '%', { password, schema: 'app', privileges: ['SELECT', 'LOCK TABLES'] }),
      databaseTable('app', table),
    ],
    wrong: [
      [() => (databaseSchema as unknown as Loose)(5, {}), 'the name of a schema is 5; '],
      [
        () => databaseSchema('app', { charset: 'utf8; x', collation: 'y' }),
        'schema app: expected the names of a charset and a collation, found "utf8; x" and "y"; ',
      ],
      [
        () => (databaseAccount as unknown as Loose)(),
        'expected the name of an account and the address of its clients, found undefined and undefined; ',
      ],
      [
        () =>
          (databaseAccount as unknown as Loose)('a', '%', {
            password: 'pw-canary',
            schema: 'x',
            privileges: ['SELECT'],
          }),
        'password of account:a@% is a string; give a Secret',
      ],
      [
        () => databaseAccount('a', '%', { password, schema: '', privileges: ['SELECT'] }),
        'schema of account:a@% is ""; ',
      ],
      [
        () => databaseAccount('a', '%', { password, schema: 'x', privileges: ['select'] }),
        'privileges of account:a@%: expected a list of words in capitals; ',
      ],
      [
        () => databaseAccount('a', '%', { password, schema: 'x', privileges: [] }),
        'privileges of account:a@%: expected a list',
      ],
      [
        () => (databaseTable as unknown as Loose)('app'),
        'a table of schema app is undefined that is no definition of one; ',
      ],
    ],
  },
}
for (const [kind, { right, wrong }] of Object.entries(told))
  test(`${kind}: what can't be meant is refused where the playbook says it`, () => {
    assert.equal(refused(right), [])
    for (const [make, says] of wrong) {
      const [message = '', ...more] = refused(make)
      assert.equal(more, [])
      assert.match(message, /^\/\S+\/declared\.test\.ts:\d+:\d+: /)
      assert.ok(message.replace(/^\S+ /, '').startsWith(says), message)
      assert.not.match(message, /canary/)
    }
  })

test('options that are missing or unknown are told by name, of every kind', () => {
  for (const [make, says] of [
    [() => (unit as unknown as Loose)('app', { definition }), 'unit:app: runs: missing; add it: runs: …'],
    [() => (requirement as unknown as Loose)('x', { probe: [] }), 'x: check: missing; add it: check: …'],
    [
      () => (databaseSchema as unknown as Loose)('app'),
      'schema:app: its options are undefined; give { charset, collation }',
    ],
    [
      () => (databaseAccount as unknown as Loose)('a', '%', { password, schema: 'x' }),
      'account:a@%: privileges: missing; add it: privileges: …',
    ],
    [
      () => (lineSet as Loose)('/x', 5),
      'line-set:/x: its options are a number; give { members, parse, render, owner, group, mode, warn }',
    ],
    [
      () => (properties as Loose)('/x', 5),
      'properties:/x: its options are a number; give { wanted, template, secret, owner, group, mode }',
    ],
  ] as const)
    assert.equal(refused(make), [says])
})

test('. and .. are no files', () => {
  for (const end of ['/.', '/..'])
    for (const make of [kinds.file, kinds.properties, withoutMode.release, symlink as unknown as typeof kinds.file])
      assert.match(
        refused(() => make?.(`/etc${end}`, {}))[0] ?? '',
        `:/etc${end}: its path ends with ${end}; take that away: only a directory may have it`,
      )
  assert.equal(
    refused(() => [file('/etc/..data', { content: '' }), file('/etc/a.', { content: '' }), directory('/etc/.')]),
    [],
  )
})

test('a link has an absolute path, and leads somewhere', () => {
  assert.equal(
    refused(() => (symlink as Loose)('/x', 5)),
    ['symlink:/x: what it leads to is a number; give a text'],
  )
  assert.equal(
    refused(() => symlink('/x/', '/y')),
    ['symlink:/x/: its path ends with /; take that away: only a directory may have it'],
  )
  assert.equal(
    refused(() => (symlink as Loose)('/x')),
    ['symlink:/x: it leads nowhere; give the path that it leads to'],
  )
})

test('an option of a play that nothing reads is refused', () =>
  assert.equal(
    refused(() => play('app', [], () => [], { serail: 1 } as object)),
    [
      'play app: serail: unknown option; did you mean "serial"? known: serial, maxFailures, startTogether, gate, prepare, via, tags',
    ],
  ))

test.run()
