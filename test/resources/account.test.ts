import { group, user } from '../../lib/resources/account.ts'
import { canned } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'
import { plans } from './cases.ts'

const test = suite('resources/account')
const app = user('app', { home: '/nonexistent', group: 'app' })

plans(test, group('app'), {
  'empty host': { answers: {}, action: 'create', changes: ['present:  → yes'], says: ['add group app'] },
  'keep, whatever its number': { answers: { 'group:app': '4711' }, action: 'keep' },
})

plans(test, app, {
  'empty host': {
    answers: {},
    action: 'create',
    changes: ['group:  → app', 'home:  → /nonexistent', 'shell:  → /usr/sbin/nologin'],
    says: ['add user app'],
  },
  keep: { answers: { 'user:app': '/nonexistent|/usr/sbin/nologin|app' }, action: 'keep' },
  'another home and group': {
    answers: { 'user:app': '/home/app|/usr/sbin/nologin|users' },
    action: 'update',
    changes: ['group: users → app', 'home: /home/app → /nonexistent'],
    says: ['change user app'],
  },
  'another way to refuse a login': {
    answers: { 'user:app': '/nonexistent|/bin/false|app' },
    action: 'update',
    changes: ['shell: /bin/false → /usr/sbin/nologin'],
    says: ['change user app'],
  },
  'the account of a person': {
    answers: { 'user:app': '/home/app|/bin/bash|app' },
    action: 'blocked',
    changes: ['home: /home/app → /nonexistent', 'shell: /bin/bash → /usr/sbin/nologin'],
    problems: ['user:app: the account is there already and logs in with /bin/bash; choose another name'],
  },
  'the account of another program, which has its home': {
    answers: { 'user:app': '/var/lib/mysql|/bin/false|app' },
    action: 'blocked',
    changes: ['home: /var/lib/mysql → /nonexistent', 'shell: /bin/false → /usr/sbin/nologin'],
    problems: ['user:app: the account is there already and has the home /var/lib/mysql; choose another name'],
  },
  'a shell that is not named is a shell': {
    answers: { 'user:app': '/root||root' },
    action: 'blocked',
    changes: ['group: root → app', 'home: /root → /nonexistent', 'shell:  → /usr/sbin/nologin'],
    problems: ['logs in with a shell'],
  },
})

plans(test, user('mysql', { home: '/opt/app', group: 'app' }), {
  'the account of another program, also where a home is declared': {
    answers: { 'user:mysql': '/var/lib/mysql|/bin/false|mysql' },
    action: 'blocked',
    changes: ['group: mysql → app', 'home: /var/lib/mysql → /opt/app', 'shell: /bin/false → /usr/sbin/nologin'],
    problems: [
      'user:mysql: the account is there already and has the home /var/lib/mysql; choose another name, or give it over yourself: usermod -d /opt/app mysql',
    ],
  },
  'one without a home gets it': {
    answers: { 'user:mysql': '/nonexistent|/usr/sbin/nologin|app' },
    action: 'update',
    changes: ['home: /nonexistent → /opt/app'],
    says: ['change user mysql'],
  },
  'one with the home that useradd gives gets another': {
    answers: { 'user:mysql': '/home/mysql|/usr/sbin/nologin|app' },
    action: 'update',
    changes: ['home: /home/mysql → /opt/app'],
    says: ['change user mysql'],
  },
})

test('the commands, word for word', () => {
  const runs = (resource: typeof app, answers = {}) =>
    resource.plan(canned(answers), new Set()).steps.map(({ run }) => run)
  assert.equal(runs(group('app')), ['groupadd -r -- app'])
  assert.equal(runs(app), ['useradd -r -M -d /nonexistent -s /usr/sbin/nologin -g app -- app'])
  assert.equal(runs(app, { 'user:app': '/home/app|/bin/false|app' }), [
    'usermod -d /nonexistent -s /usr/sbin/nologin -g app -- app',
  ])
  assert.equal(runs(user('a;b', { home: "/it's", group: '$g' })), [
    "useradd -r -M -d '/it'\\''s' -s /usr/sbin/nologin -g '$g' -- 'a;b'",
  ])
})

test.run()
