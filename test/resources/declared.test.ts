/** What a playbook may declare of a path: what its types forbid is refused before it reaches a host. */
import { PlinthError } from '../../lib/core/error.ts'
import type { Resource } from '../../lib/core/resource.ts'
import { play } from '../../lib/engine/play.ts'
import { user } from '../../lib/resources/account.ts'
import { directory } from '../../lib/resources/directory.ts'
import { file } from '../../lib/resources/file.ts'
import { lineSet } from '../../lib/resources/line-set.ts'
import { properties } from '../../lib/resources/properties.ts'
import { release } from '../../lib/resources/release.ts'
import { symlink } from '../../lib/resources/symlink.ts'
import { canned } from '../../lib/testing.ts'
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

test('a link has an absolute path, and leads somewhere', () => {
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
