/** Each rule of the role test, held by a role that breaks it. */

import { runInNewContext } from 'node:vm'
import * as v from 'valibot'
import type { Question } from '../../lib/core/probe.ts'
import { type Definition, type Resource, resource, type State } from '../../lib/core/resource.ts'
import { role } from '../../lib/core/role.ts'
import { params, type Schema } from '../../lib/core/schema.ts'
import { sh } from '../../lib/core/script.ts'
import { Secret, sha256 } from '../../lib/core/secret.ts'
import { file } from '../../lib/resources/file.ts'
import { pathQuestion, readStat } from '../../lib/resources/path.ts'
import { type Canned, type RoleCase, roleTest } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'

const test = suite('testing/role-test')

/** A list as a role makes it whose runner has a context of its own for each file, like jest: with another Array. */
const foreign: (list: readonly Resource[]) => readonly Resource[] = runInNewContext('(list) => Array.from(list)')

const value = (keys: readonly string[]): string => keys.join(' ')
const question = (key: string): Question => ({ reader: value, key })

/** Right where `value:NAME` is `yes`. */
const thing = (name: string, more: Partial<Definition<State>> = {}): Resource =>
  resource({
    id: `thing:${name}`,
    probe: [question(name)],
    read: (answers) => (answers(question(name)) === '' ? null : { it: answers(question(name)) }),
    desired: { it: 'yes' },
    steps: () => [{ say: `make ${name}`, run: `make ${name}` }],
    ...more,
  })

interface Told {
  readonly resources: (params: Record<string, unknown>) => readonly Resource[]
  readonly params?: Record<string, unknown>
  readonly schema?: Schema
  readonly right?: Canned
  readonly drifts?: RoleCase<unknown>['drifts']
}

/** The tests that fail, each with the beginning of why. */
async function failing({
  resources,
  params: given = {},
  schema = params({}),
  right = { 'value:a': 'yes', 'value:b': 'yes' },
  drifts = {},
}: Told): Promise<readonly string[]> {
  const tests: [name: string, body: () => void | Promise<void>][] = []
  const one = role<Schema>({ params: schema, resources: (params) => resources(params as Record<string, unknown>) })
  roleTest((name, body) => tests.push([name, body]), one, { params: given, right, drifts })
  const failed: string[] = []
  for (const [name, body] of tests) {
    try {
      await body()
    } catch (error) {
      failed.push(`${name}: ${(error as Error).message.split('\n')[0]}`)
    }
  }
  return failed
}

const secret = new Secret('correct horse')
const lines = 'battery staple\nof a correct horse\n'
let calls = 0

/** Hard to find: each notation writes some of its characters otherwise. */
const hard = `it's a "long" one\\`

/** A role for each way to write a secret into a command. */
const written = (commands: Readonly<Record<string, string>>): typeof cases =>
  Object.fromEntries(
    Object.entries(commands).map(([name, run]) => [
      `a secret with quotes, ${name}`,
      {
        resources: () => [thing('a', { steps: () => [{ say: 'x', run }] }), thing('b')],
        params: { password: new Secret(hard) },
        says: ['no secret is in a plan: a secret, or a form of it, is in a plan'],
      },
    ]),
  )

const cases: Readonly<Record<string, Told & { readonly says: readonly string[] }>> = {
  'a role that holds': {
    resources: () => [thing('a'), thing('b')],
    drifts: { 'thing:a': { 'value:a': 'no' } },
    says: [],
  },
  'a role that does nothing': { resources: () => [], right: {}, says: ['an empty host: there is something to do'] },
  'a role that holds, in a runner with contexts of its own': {
    resources: () => foreign([thing('a'), thing('b', { needs: foreign([]).map(({ id }) => id) })]),
    drifts: { 'thing:a': { 'value:a': 'no' } },
    says: [],
  },
  'a role that does nothing, in such a runner': {
    resources: () => foreign([]),
    right: {},
    says: ['an empty host: there is something to do'],
  },
  'a child before its directory': {
    resources: () => [thing('a', { needs: ['thing:b'] }), thing('b')],
    says: ['an empty host: there is something to do, in an order that holds: a host'],
  },
  'a change without a step': {
    resources: () => [thing('a', { steps: () => [] }), thing('b')],
    says: ['an empty host: there is something to do, in an order that holds: thing:a: to be changed, and has no step'],
  },
  'right answers that are not': {
    resources: () => [thing('a'), thing('b')],
    right: { 'value:a': 'yes', 'value:b': 'no' },
    says: [
      'on the right answers everything is kept: update thing:b: it no → yes',
      'without value:a what asks it is planned, and nothing else: planned as well: update thing:b: it no → yes',
    ],
  },
  'an answer that nobody asks for': {
    resources: () => [thing('a'), thing('b')],
    right: { 'value:a': 'yes', 'value:b': 'yes', 'valeu:a': 'yes' },
    says: ['on the right answers everything is kept: right: nothing asks these: valeu:a', 'without valeu:a'],
  },
  'a resource that does not look': {
    resources: () => [thing('a', { read: () => ({ it: 'yes' }) }), thing('b')],
    says: ['without value:a what asks it is planned, and nothing else: none of thing:a is planned; planned: nothing'],
  },
  'a resource that looks at something else too': {
    resources: () => [
      thing('a'),
      thing('b', {
        probe: [question('b')],
        read: (answers) => (answers(question('a')) + answers(question('b')) === 'yesyes' ? { it: 'yes' } : null),
      }),
    ],
    says: ['without value:a what asks it is planned, and nothing else: planned as well'],
  },
  'one that says that it does': {
    resources: () => [
      thing('a'),
      thing('b', {
        needs: ['thing:a'],
        read: (answers) => (answers(question('a')) + answers(question('b')) === 'yesyes' ? { it: 'yes' } : null),
      }),
    ],
    says: [],
  },
  'a drift that is none': {
    resources: () => [thing('a'), thing('b')],
    drifts: { 'thing:a': { 'value:a': 'yes' } },
    says: ['thing:a is planned where it differs, and nothing else: none of thing:a is planned'],
  },
  'a step that takes the answer for a path apart': {
    resources: () => [
      thing('a', {
        probe: [question('a'), pathQuestion('/f')],
        steps: ({ answers }) => {
          const there = answers(pathQuestion('/f')).endsWith('|36')
          return [{ say: 'x', run: there ? 'verify' : 'send' }]
        },
      }),
    ],
    right: { 'value:a': 'yes', 'stat:/f': 'regular file|644|root|root|36' },
    says: [
      'without stat:/f what asks it is planned',
      'what is known of a path may grow: more at the end of an answer of stat changes no plan: read it with readStat',
    ],
  },
  'a step that reads it': {
    resources: () => [
      thing('a', {
        probe: [question('a'), pathQuestion('/f')],
        read: (answers) =>
          answers(question('a')) === '' || readStat(answers, '/f') === null ? null : { it: answers(question('a')) },
        steps: ({ answers }) => [{ say: 'x', run: readStat(answers, '/f')?.bytes === 36 ? 'verify' : 'send' }],
      }),
    ],
    right: { 'value:a': 'yes', 'stat:/f': 'regular file|644|root|root|36' },
    says: [],
  },
  'a secret in a command': {
    resources: () => [thing('a', { steps: () => [{ say: 'x', run: `login ${secret.reveal()}` }] }), thing('b')],
    params: { deep: { password: secret } },
    says: ['no secret is in a plan'],
  },
  'a secret in a plain text': {
    resources: ({ password }) => [thing('a'), thing('b', { declared: `password=${password}` })],
    params: { password: secret },
    says: [
      'an empty host',
      'on the right answers',
      'without value:a',
      'without value:b',
      'no secret is in a plan',
      'the same parameters',
    ],
  },
  'a secret as JSON has it': {
    resources: (given) => [thing('a'), thing('b'), file('/f', { content: JSON.stringify(given) })],
    params: { password: secret },
    right: {
      'value:a': 'yes',
      'value:b': 'yes',
      'stat:/f': 'regular file|644|root|root|20',
      'hash:/f': sha256('{"password":"***"}'),
    },
    says: ['no secret is in a plan: a step writes "***" where a secret should be: reveal it, in a Secret'],
  },
  'the digest of a text with a secret': {
    resources: ({ password }) => [
      thing('a'),
      thing('b', {
        desired: { it: 'yes', sum: sha256(`password=${(password as Secret).reveal()}`) },
        read: (answers) =>
          answers(question('b')) === ''
            ? null
            : { it: answers(question('b')), sum: sha256(`password=${(password as Secret).reveal()}`) },
        steps: () => [{ say: 'x', run: 'cat', input: `password=${(password as Secret).reveal()}` }],
      }),
    ],
    params: { password: secret },
    says: ['no secret is in a plan: the digest of a text with a secret is in a plan'],
  },
  'the digest of a secret in a change': {
    resources: () => [
      thing('a', {
        desired: { it: 'yes', sum: sha256(secret.reveal()) },
        read: (answers) =>
          answers(question('a')) === '' ? null : { it: answers(question('a')), sum: sha256(secret.reveal()) },
      }),
      thing('b'),
    ],
    params: { password: secret },
    says: ['no secret is in a plan'],
  },
  'a secret in the lines of a file': {
    resources: ({ password }) => [
      thing('a'),
      thing('b'),
      file('/f', { content: `user=app\npassword=${(password as Secret).reveal()}\n` }),
    ],
    params: { password: secret },
    right: {
      'value:a': 'yes',
      'value:b': 'yes',
      'stat:/f': 'regular file|644|root|root|32',
      'hash:/f': sha256('user=app\npassword=correct horse\n'),
    },
    says: ['no secret is in a plan'],
  },
  'a secret of several lines in those of a file': {
    resources: () => [thing('a'), thing('b'), file('/f', { content: `key:\n${lines}` })],
    params: { key: new Secret(lines) },
    right: {
      'value:a': 'yes',
      'value:b': 'yes',
      'stat:/f': 'regular file|644|root|root|32',
      'hash:/f': sha256(`key:\n${lines}`),
    },
    says: ['no secret is in a plan'],
  },
  'a secret with quotes': {
    resources: () => [thing('a', { steps: () => [{ say: 'x', run: 'login pa"ss\\word' }] }), thing('b')],
    params: { password: new Secret('pa"ss\\word') },
    says: ['no secret is in a plan'],
  },
  ...written({
    'as a shell has it': sh`login ${hard}`.text,
    'as an address has it': `curl https://h1/?password=${encodeURIComponent(hard)}`,
    'as a form has it': `curl https://h1/?${new URLSearchParams({ password: hard })}`,
    'as JSON has it, in a command': `curl -d ${JSON.stringify({ password: hard })}`,
    'by itself': `login ${hard}`,
  }),
  'a secret in a warning': {
    resources: () => [
      thing('a', { warn: () => [{ where: 'a', what: `it has ${secret.reveal()}`, remedy: 'give another' }] }),
      thing('b'),
    ],
    params: { password: secret },
    says: ['no secret is in a plan'],
  },
  'a secret in a file that only its owner may read': {
    resources: () => [thing('a'), thing('b'), file('/f', { content: `password=${secret.reveal()}\n`, mode: '0600' })],
    params: { password: secret },
    right: {
      'value:a': 'yes',
      'value:b': 'yes',
      'stat:/f': 'regular file|600|root|root|23',
      'hash:/f': sha256('password=correct horse\n'),
    },
    says: [],
  },
  'a secret where it belongs': {
    resources: ({ password }) => [
      thing('a', { steps: () => [{ say: 'x', run: 'cat', input: (password as Secret).reveal() }] }),
      thing('b'),
      file('/f', { content: password as Secret }),
    ],
    params: { password: secret },
    right: {
      'value:a': 'yes',
      'value:b': 'yes',
      'stat:/f': 'regular file|644|root|root|13',
      'hash:/f': sha256(secret.reveal()),
    },
    says: [],
  },
  'a secret that is too short to be told from other text': {
    resources: () => [thing('a'), thing('b')],
    params: { password: new Secret('ab') },
    says: ['no secret is in a plan: a secret in params has less than eight'],
  },
  'resources that change from call to call': {
    resources: () => [
      thing('a'),
      thing('b', {
        desired: { it: 'yes', ...(calls++ > 1e6 ? {} : { at: undefined as never }) },
        inputs: [thing(`i${calls}`)],
      }),
    ],
    says: ['the same parameters give the same resources'],
  },
  'resources that change with the day': {
    resources: () => [thing('a'), thing('b', { declared: String(Math.floor(Date.now() / 86_400_000)) })],
    says: ['the same parameters give the same resources'],
  },
  'resources that change with the year, and say so by a date': {
    resources: () => [thing('a'), thing('b', { declared: `since ${new Date().getFullYear()}` })],
    says: ['the same parameters give the same resources'],
  },
  'a day that is a parameter': {
    resources: ({ day }) => [thing('a'), thing('b', { declared: new Date(String(day)).toISOString() })],
    params: { day: '2026-01-02' },
    says: [],
  },
  'a schema that takes anything': {
    resources: () => [thing('a'), thing('b')],
    schema: v.looseObject({}),
    says: ['an unknown parameter is refused'],
  },
}
for (const [name, { says, ...told }] of Object.entries(cases)) {
  test(name, async () => {
    const failed = await failing(told)
    assert.is(failed.length, says.length, failed.join('\n'))
    for (const [index, text] of says.entries()) assert.ok(failed[index]!.startsWith(text), failed.join('\n'))
  })
}

test('the clock is what it was', async () => {
  const own = globalThis.Date
  await failing({ resources: () => [thing('a'), thing('b')] })
  assert.is(globalThis.Date, own)
})

test.run()
