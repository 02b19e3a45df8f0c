import {
  atLeast,
  compareVersions,
  isPrerelease,
  jdkFor,
  type Mode,
  parseVersion,
  prereleaseProblem,
  support,
  versionProblems,
} from '../../lib/nacos/version.ts'
import { assert, suite } from '../kit.ts'

const test = suite('nacos/version')

const parsed: readonly [string, object][] = [
  ['2.5.4', { major: 2, minor: 5, patch: 4, text: '2.5.4' }],
  ['2.2.0.1', { major: 2, minor: 2, patch: 0, extra: 1, text: '2.2.0.1' }],
  ['3.3.0-BETA', { major: 3, minor: 3, patch: 0, pre: 'BETA', text: '3.3.0-BETA' }],
  ['2.0.0-ALPHA.2', { major: 2, minor: 0, patch: 0, pre: 'ALPHA', preNumber: 2, text: '2.0.0-ALPHA.2' }],
  [' v2.1.0 ', { major: 2, minor: 1, patch: 0, text: '2.1.0' }],
]
for (const [text, version] of parsed) test(`reads ${text}`, () => assert.equal(parseVersion(text), version))

for (const text of ['', '2', '2.5', '2.5.x', 'latest', '2.5.4-GA', '2.5.4.1.1', '2.5.4 rc'])
  test(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => parseVersion(text), /is not a version; write it/))

test('orders versions', () => {
  const order = [
    '1.4.8',
    '2.0.0-ALPHA',
    '2.0.0-ALPHA.1',
    '2.0.0-ALPHA.2',
    '2.0.0-BETA',
    '2.0.0',
    '2.2.0',
    '2.2.0.1',
    '2.2.1',
    '2.10.0',
    '3.3.0-SNAPSHOT',
    '3.3.0-ALPHA',
    '3.3.0-RC1',
    '3.3.0',
  ]
  for (const [i, a] of order.entries())
    for (const [j, b] of order.entries())
      assert.is(compareVersions(parseVersion(a), parseVersion(b)), Math.sign(i - j), `${a} ${b}`)
})

test('a pre-release has what its release has', () => {
  assert.ok(atLeast(parseVersion('2.1.0-BETA'), '2.1.0'))
  assert.not.ok(atLeast(parseVersion('2.0.4'), '2.1.0'))
  assert.ok(atLeast(parseVersion('2.2.0.1'), '2.2.0.1'))
})

test('a pre-release must be allowed by its own name', () => {
  assert.ok(isPrerelease(parseVersion('3.3.0-BETA')))
  assert.match(prereleaseProblem(parseVersion('3.3.0-BETA'), [])?.what ?? '', /pre-release \(BETA\)/)
  assert.is(prereleaseProblem(parseVersion('3.3.0-BETA'), ['3.3.0-BETA']), undefined)
  assert.is(prereleaseProblem(parseVersion('3.3.0-BETA'), ['3.3.0'])?.severity, 'error')
  assert.is(prereleaseProblem(parseVersion('2.5.4'), []), undefined)
})

const jdks: readonly [string, number, RegExp | undefined, RegExp | undefined][] = [
  ['2.0.3', 7, /needs JDK 8/, undefined],
  ['2.0.3', 8, undefined, undefined],
  ['2.0.3', 17, undefined, /startup\.sh of 2\.0\.3 fails/],
  ['2.0.4', 17, undefined, undefined],
  ['2.5.4', 21, undefined, /not yet on 21/],
  ['3.0.3', 11, /needs JDK 17/, undefined],
  ['3.0.3', 21, undefined, undefined],
]
for (const [version, major, refused, note] of jdks) {
  test(`${version} on JDK ${major}`, () => {
    const jdk = jdkFor(parseVersion(version))
    assert.is(jdk.refused(major) !== undefined, refused !== undefined)
    if (refused) assert.match(jdk.refused(major) ?? '', refused)
    assert.is(jdk.note(major) !== undefined && !refused, note !== undefined)
    if (note) assert.match(jdk.note(major) ?? '', note)
  })
}

const levels: readonly [string, string][] = [
  ['1.4.8', 'no'],
  ['2.0.0', 'proven'],
  ['2.5.4', 'proven'],
  ['2.6.0', 'no'],
  ['3.0.0', 'written'],
  ['3.2.4', 'written'],
  ['4.0.0', 'no'],
]
for (const [text, level] of levels) test(`${text}: ${level}`, () => assert.is(support(parseVersion(text)), level))

const problems: readonly [string, Mode, readonly string[]][] = [
  ['1.4.5', 'cluster', ['error: end of life', 'error: ignores conf/application.properties']],
  ['2.0.3', 'cluster', ['warning: known secrets', 'warning: can run code']],
  ['2.2.2', 'cluster', ['warning: can run code']],
  ['2.2.3', 'cluster', []],
  ['2.2.2', 'embedded', ['warning: can run code']],
  ['2.2.3', 'embedded', ['error: NullPointerException']],
  ['2.2.4', 'embedded', ['error: NullPointerException']],
  ['2.2.4', 'standalone', []],
  ['2.3.0', 'embedded', []],
  ['2.4.0', 'cluster', ['error: broken tables']],
  ['2.4.0.1', 'cluster', []],
  ['2.4.1', 'standalone', ['warning: server is DOWN']],
  ['2.5.4', 'cluster', []],
  ['2.6.0', 'cluster', ['error: no such line']],
  ['3.0.3', 'cluster', ['warning: from their documentation']],
  ['3.2.4', 'cluster', ['warning: drop the v1 and v2 APIs']],
]
for (const [text, mode, expected] of problems) {
  test(`problems of ${text} as ${mode}`, () => {
    const found = versionProblems(parseVersion(text), mode)
    assert.is(found.length, expected.length, JSON.stringify(found))
    for (const [i, one] of expected.entries()) {
      const [severity, what = ''] = one.split(': ')
      assert.is(found[i]?.severity, severity)
      assert.ok(found[i]?.what.includes(what), found[i]?.what)
    }
  })
}

test('the embedded bug names what to use instead', () =>
  assert.match(versionProblems(parseVersion('2.2.3'), 'embedded')[0]?.remedy ?? '', /2\.2\.2, or 2\.3\.0/))

test.run()
