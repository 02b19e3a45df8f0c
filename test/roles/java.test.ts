import { plainFacts } from '../../lib/testing.ts'
import { java, javaHome } from '../../roles/java.ts'
import { assert, suite } from '../kit.ts'
import { plans } from '../resources/cases.ts'

const test = suite('roles/java')
const given = { package: undefined, home: undefined, archives: undefined, opened: {} }
const check = (version: number) => java.resources({ ...given, version }, plainFacts).at(-1)!
const home = javaHome(8)

test('where the JDK comes from', () => {
  const ids = (more: object) => java.resources({ ...given, version: 8, ...more }, plainFacts).map(({ id }) => id)
  assert.equal(ids({}), ['directory:/opt/java', 'package:openjdk-8-jre-headless', `symlink:${home}`, `java:${home}`])
  assert.equal(ids({ package: 'temurin-8-jdk' }), [
    'directory:/opt/java',
    'package:temurin-8-jdk',
    `symlink:${home}`,
    `java:${home}`,
  ])
  assert.equal(ids({ home: '/usr/java/8' }), ['directory:/opt/java', `symlink:${home}`, `java:${home}`])
  const link = (more: object) =>
    java
      .resources({ ...given, version: 8, ...more }, plainFacts)
      .find(({ id }) => id.startsWith('symlink:'))!
      .plan(() => '', new Set()).steps[0]!.say
  assert.is(link({}), 'link /opt/java/8 to /usr/lib/jvm/java-8-openjdk-amd64')
  assert.is(link({ home: '/usr/java/8' }), 'link /opt/java/8 to /usr/java/8')
})

test('the names of the Red Hat family where its package manager is', () => {
  const made = (version: number, more: object) =>
    java.resources({ ...given, version, ...more }, { ...plainFacts, os: 'rocky', packageManager: 'dnf' })
  const link = (version: number, more: object) =>
    made(version, more)
      .find(({ id }) => id.startsWith('symlink:'))!
      .plan(() => '', new Set()).steps[0]!.say
  const named = (version: number) => made(version, {}).find(({ id }) => id.startsWith('package:'))!.id
  assert.is(named(8), 'package:java-1.8.0-openjdk-headless')
  assert.is(named(17), 'package:java-17-openjdk-headless')
  assert.is(link(8, {}), 'link /opt/java/8 to /usr/lib/jvm/jre-1.8.0-openjdk')
  assert.is(link(17, {}), 'link /opt/java/17 to /usr/lib/jvm/jre-17-openjdk')
  assert.is(link(17, { package: 'java-17-openjdk-devel' }), 'link /opt/java/17 to /usr/lib/jvm/jre-17-openjdk')
  assert.is(link(8, { package: 'bisheng-8', home: '/opt/b' }), 'link /opt/java/8 to /opt/b')
})

const step = ['check that java is version 8']
plans(test, check(8), {
  'keep: 8': { answers: { [`javaVersion:${home}`]: '1.8.0_432' }, action: 'keep' },
  'another version, and nothing will change it': {
    answers: { [`javaVersion:${home}`]: '17.0.15' },
    action: 'blocked',
    changes: ['version: 17 → 8'],
    problems: ['java -version says 17, declared is 8; install a JDK 8'],
  },
  'no java, and nothing will bring it': {
    answers: {},
    action: 'blocked',
    changes: ['version:  → 8'],
    problems: ['no java answers there'],
  },
  'no java yet, the package brings it': {
    answers: {},
    pending: ['package:openjdk-8-jre-headless'],
    action: 'create',
    changes: ['version:  → 8'],
    says: step,
  },
  'another version yet, the link is about to be switched': {
    answers: { [`javaVersion:${home}`]: '17.0.15' },
    pending: [`symlink:${home}`],
    action: 'update',
    changes: ['version: 17 → 8'],
    says: step,
  },
})

plans(test, check(17), {
  'keep: 17': { answers: { 'javaVersion:/opt/java/17': '17.0.15' }, action: 'keep' },
  'keep: early access': { answers: { 'javaVersion:/opt/java/17': '17-ea' }, action: 'keep' },
  'an update of 1.7 is no 17': {
    answers: { 'javaVersion:/opt/java/17': '1.7.0_80' },
    action: 'blocked',
    changes: ['version: 7 → 17'],
    problems: ['java -version says 7'],
  },
})

test.run()
