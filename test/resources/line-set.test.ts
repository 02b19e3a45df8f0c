import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lineSet } from '../../lib/resources/line-set.ts'
import { assert, suite } from '../kit.ts'
import { me, Sandbox, shells } from '../shells.ts'
import { apply, plans, shown } from './cases.ts'

const test = suite('resources/line-set')
const box = new Sandbox(test)
const path = '/opt/app/members'

const members = (at: string, who = { owner: 'app', group: 'app' }) =>
  lineSet(at, {
    members: ['b:1', 'a:1'],
    parse: (text) =>
      text
        .split('\n')
        .map((line) => line.replace(/#.*/, '').trim())
        .filter((line) => line !== ''),
    render: (names) =>
      [...names]
        .sort()
        .map((name) => `${name}\n`)
        .join(''),
    ...who,
    mode: '0640',
  })

const stat = `stat:${path}`
const content = `content:${path}`
const good = 'regular file|640|app|app|8'
const base64 = (text: string): string => Buffer.from(text).toString('base64')

plans(test, members(path), {
  'empty host': {
    answers: {},
    action: 'create',
    changes: [
      'group:  → app',
      'member a:1:  → listed',
      'member b:1:  → listed',
      'mode:  → 0640',
      'not declared:  → (none)',
      'owner:  → app',
      'type:  → file',
    ],
    says: [`write ${path}`],
  },
  keep: { answers: { [stat]: good, [content]: base64('a:1\nb:1\n') }, action: 'keep' },
  'rewritten by its own program: another order, comments, twice': {
    answers: { [stat]: good, [content]: base64('#2026-11-23\nb:1\na:1 # me\n\nb:1') },
    action: 'keep',
  },
  'a member is missing': {
    answers: { [stat]: good, [content]: base64('a:1\n') },
    action: 'update',
    changes: ['member b:1: missing → listed'],
    says: [`write ${path}`],
  },
  'strays are named': {
    answers: { [stat]: good, [content]: base64('a:1\nz:1\nb:1\nc:1\n') },
    action: 'update',
    changes: ['not declared: c:1 z:1 → (none)'],
    says: [`write ${path}`],
  },
  'an empty file': {
    answers: { [stat]: 'regular empty file|640|app|app|0' },
    action: 'update',
    changes: ['member a:1: missing → listed', 'member b:1: missing → listed'],
    says: [`write ${path}`],
  },
  'another owner': {
    answers: { [stat]: 'regular file|640|root|app|8', [content]: base64('a:1\nb:1\n') },
    action: 'update',
    changes: ['owner: root → app'],
    says: [`set owner and mode of ${path}`],
  },
  'a directory': {
    answers: { [stat]: 'directory|640|app|app|4096' },
    action: 'blocked',
    changes: ['member a:1: missing → listed', 'member b:1: missing → listed', 'type: directory → file'],
    problems: ['a directory is where a file should be'],
  },
})

for (const shell of shells) {
  test(`${shell}: is written, left to its program, and mended`, () => {
    const at = join(box.fresh(), 'members')
    const resource = members(at, me)
    apply(box, shell, resource)
    assert.is(readFileSync(at, 'utf8'), 'a:1\nb:1\n')
    writeFileSync(at, '#by the program\nb:1\na:1\n')
    assert.is(apply(box, shell, resource).action, 'keep')
    assert.is(readFileSync(at, 'utf8'), '#by the program\nb:1\na:1\n')
    writeFileSync(at, '名字:1\na:1\n')
    assert.equal(shown(apply(box, shell, resource)), ['member b:1: missing → listed', 'not declared: 名字:1 → (none)'])
  })
}

for (const shell of shells) {
  test(`${shell}: what a link leads to is not shown, and is left alone`, () => {
    const folder = box.fresh()
    const shadow = join(folder, 'shadow')
    writeFileSync(shadow, 'root:$6$canary:19000\n', { mode: 0o600 })
    symlinkSync('shadow', join(folder, 'members'))
    const plan = apply(box, shell, members(join(folder, 'members'), me))
    assert.equal(shown(plan), [
      'member a:1: missing → listed',
      'member b:1: missing → listed',
      'mode: 0777 → 0640',
      'type: link → file',
    ])
    assert.is(readFileSync(shadow, 'utf8'), 'root:$6$canary:19000\n')
  })
}

test.run()
