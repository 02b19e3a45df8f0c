import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Secret } from '../../lib/core/secret.ts'
import { properties } from '../../lib/resources/properties.ts'
import { canned } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'
import { me, Sandbox, shells } from '../shells.ts'
import { apply, planFor, plans, shown } from './cases.ts'

const test = suite('resources/properties')
const box = new Sandbox(test)
const path = '/opt/app/app.properties'
const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64')

const wanted = (
  at: string,
  more: Readonly<Record<string, string | Secret | null>> = {},
  who = { owner: 'app', group: 'app' },
) =>
  properties(at, {
    wanted: { port: '8848', 'db.password': new Secret('hunter2'), old: null, ...more },
    template: '# made for you, 你好\nport=1\nkeep = this\n',
    secret: (key) => key.includes('password'),
    ...who,
    mode: '0600',
  })

const stat = `stat:${path}`
const content = `content:${path}`
const good = 'regular file|600|app|app|60'
const missing = ['property db.password', 'property old', 'property port']

plans(test, wanted(path), {
  'empty host': {
    answers: {},
    action: 'create',
    changes: [
      'group:  → app',
      'mode:  → 0600',
      'owner:  → app',
      `${missing[0]}:  → ***`,
      `${missing[1]}:  → (not set)`,
      `${missing[2]}:  → 8848`,
      'type:  → file',
    ],
    says: [`write ${path}`],
  },
  keep: { answers: { [stat]: good, [content]: base64('port : 8848\ndb.password=hunter2') }, action: 'keep' },
  'one value differs': {
    answers: { [stat]: good, [content]: base64('port=8849\ndb.password=hunter2') },
    action: 'update',
    changes: ['property port: 8849 → 8848'],
    says: [`set port in ${path}`],
  },
  'a secret differs': {
    answers: { [stat]: good, [content]: base64('port=8848\ndb.password=hunter3') },
    action: 'update',
    changes: ['property db.password: *** → another ***'],
    says: [`set db.password in ${path}`],
  },
  'a secret is not set': {
    answers: { [stat]: good, [content]: base64('port=8848') },
    action: 'update',
    changes: ['property db.password: (not set) → ***'],
    says: [`set db.password in ${path}`],
  },
  'a key that must not be there': {
    answers: { [stat]: good, [content]: base64('port=8848\ndb.password=hunter2\nold=x') },
    action: 'update',
    changes: ['property old: x → (not set)'],
    says: [`set old in ${path}`],
  },
  'everybody may read it': {
    answers: { [stat]: 'regular file|644|app|app|60', [content]: base64('port=8848\ndb.password=hunter2') },
    action: 'update',
    changes: ['mode: 0644 → 0600'],
    says: [`set owner and mode of ${path}`],
  },
  'a link to a right file': {
    answers: { [stat]: 'symbolic link|777|app|app|9', [content]: base64('port=8848\ndb.password=hunter2') },
    action: 'update',
    changes: ['mode: 0777 → 0600', 'type: link → file'],
    says: [`write ${path}`],
  },
  'a file that Java would refuse': {
    answers: { [stat]: good, [content]: base64('port=8848\nname=\\u12\n') },
    action: 'blocked',
    changes: ['property db.password: (not set) → ***', 'property port: (not set) → 8848'],
    problems: [`${path}: properties, line 2: a \\u is not followed by four hexadecimal digits`],
  },
  'a directory': {
    answers: { [stat]: 'directory|600|app|app|4096' },
    action: 'blocked',
    changes: ['property db.password: (not set) → ***', 'property port: (not set) → 8848', 'type: directory → file'],
    problems: [`${path}: a directory is where a file should be`],
  },
})

/** The bytes a plan would write. */
const written = (before: string, more: Readonly<Record<string, string | null>> = {}): string => {
  const plan = wanted(path, more).plan(canned({ [stat]: good, [content]: base64(before) }), new Set())
  return Buffer.from(plan.steps[0]!.input!).toString('latin1')
}

test('every other byte stays: comments, order, Latin-1 and UTF-8, line ends, continuations', () => {
  const latin1 = 'name=caf\xe9\n'
  const utf8 = Buffer.from('# 注释 备注\n名=值\n').toString('latin1')
  for (const kept of [latin1, utf8, '\r\n# x\r\n', 'long=a\\\n   b\n', '! bang\nempty=\n', '\xff\xfe\x00\n']) {
    const text = written(`${kept}port=1\ndb.password=hunter2\n${kept}`)
    assert.is(text, `${kept}port=8848\ndb.password=hunter2\n${kept}`)
  }
})

test('a value with what Java would misread is escaped', () => {
  assert.is(
    written('port=8848\ndb.password=hunter2\n', { 'a key': ' 中\\n' }).split('\n')[2],
    'a\\ key=\\ \\u4E2D\\\\n',
  )
})

for (const shell of shells) {
  test(`${shell}: is written from its template, edited key by key, and never shown`, () => {
    const at = join(box.fresh(), 'app.properties')
    const resource = wanted(at, { name: '配置' }, me)
    assert.is(apply(box, shell, resource).action, 'create')
    const first = '# made for you, 你好\nport=8848\nkeep = this\ndb.password=hunter2\nname=\\u914D\\u7F6E\n'
    assert.is(readFileSync(at, 'utf8'), first)
    const bytes = Buffer.from('# caf\xe9 \xff\nport=8848\ndb.password=hunter3\nname=\\u914d\\u7f6e', 'latin1')
    writeFileSync(at, bytes)
    const plan = apply(box, shell, resource)
    assert.equal(shown(plan), ['property db.password: *** → another ***'])
    assert.not(plan.steps.some(({ say, run }) => `${say}${run}`.includes('hunter')))
    assert.is(readFileSync(at, 'latin1'), '# caf\xe9 \xff\nport=8848\ndb.password=hunter2\nname=\\u914d\\u7f6e')
  })

  test(`${shell}: a link at its path is replaced; what it points to stays`, () => {
    const folder = box.fresh()
    const at = join(folder, 'app.properties')
    writeFileSync(join(folder, 'shared'), 'port=canary\n')
    symlinkSync('shared', at)
    const plan = apply(box, shell, wanted(at, {}, me))
    assert.equal(
      plan.steps.map(({ say }) => say),
      [`write ${at}`],
    )
    assert.not(shown(plan).join().includes('canary'))
    assert.is(readFileSync(join(folder, 'shared'), 'utf8'), 'port=canary\n')
    rmSync(at)
    assert.is(planFor(box, shell, wanted(at, {}, me)).action, 'create')
  })
}

test.run()
