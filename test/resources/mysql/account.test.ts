import { Secret } from '../../../lib/core/secret.ts'
import { databaseAccount } from '../../../lib/resources/mysql/account.ts'
import { canned } from '../../../lib/testing.ts'
import { assert, suite } from '../../kit.ts'
import { plans } from '../cases.ts'

const test = suite('resources/mysql/account')
const key = 'nacos@10.0.0.1'
const account = databaseAccount('nacos', '10.0.0.1', {
  password: new Secret('hunter2'),
  schema: 'na_cos',
  privileges: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
})
const hex = (text: string): string => Buffer.from(text).toString('hex').toUpperCase()
const native = (hash: string): string => `mysql_native_password|${hex(hash)}`
const right = native('*58815970BE77B3720276F63DB198B1FA42E5CC02')
const granted = (...words: readonly string[]): string => words.map((word) => `na\\_cos|${word}`).join('\n')
/** As it is granted where nobody thought of `_` being any letter. */
const byPattern = (...words: readonly string[]): string => words.map((word) => `na_cos|${word}`).join('\n')
const all = granted('UPDATE', 'SELECT', 'INSERT', 'DELETE')
const wanted = 'DELETE, INSERT, SELECT, UPDATE'
const grant = `grant ${wanted} on na_cos to ${key}`

plans(test, account, {
  'empty server': {
    answers: {},
    action: 'create',
    changes: [
      'not declared:  → (none)',
      'password:  → as declared',
      ...wanted.split(', ').map((one) => `privilege ${one}:  → granted`),
    ],
    says: [`create account ${key}`, grant],
  },
  keep: { answers: { [`account:${key}`]: right, [`privileges:${key}`]: all }, action: 'keep' },
  'keep: privileges on another schema are somebody else’s': {
    answers: { [`account:${key}`]: right, [`privileges:${key}`]: `${all}\nother|DROP\nna\\_cos\\_2|DROP\nna%|DROP` },
    action: 'keep',
  },
  'keep: a plugin that can not be judged from here': {
    answers: { [`account:${key}`]: 'auth_socket|', [`privileges:${key}`]: all },
    action: 'keep',
  },
  'another password': {
    answers: { [`account:${key}`]: native(`*${'0'.repeat(40)}`), [`privileges:${key}`]: all },
    action: 'update',
    changes: ['password: another → as declared'],
    says: [`set the password of ${key}`],
  },
  'no privileges': {
    answers: { [`account:${key}`]: right },
    action: 'update',
    changes: wanted.split(', ').map((one) => `privilege ${one}: missing → granted`),
    says: [grant],
  },
  'too many privileges': {
    answers: { [`account:${key}`]: right, [`privileges:${key}`]: `${all}\nna\\_cos|DROP` },
    action: 'update',
    changes: ['not declared: DROP → (none)'],
    says: [grant],
  },
  'keep: granted by a pattern': {
    answers: { [`account:${key}`]: right, [`privileges:${key}`]: byPattern('UPDATE', 'SELECT', 'INSERT', 'DELETE') },
    action: 'keep',
  },
  'too many privileges by a pattern': {
    answers: {
      [`account:${key}`]: right,
      [`privileges:${key}`]: byPattern('UPDATE', 'SELECT', 'INSERT', 'DELETE', 'DROP', 'ALTER'),
    },
    action: 'update',
    changes: ['not declared: ALTER, DROP (on na_cos.*) → (none)'],
    says: [grant],
  },
  // The server goes by the row that names the schema, whatever a pattern beside it grants.
  'a pattern gives nothing beside the name itself': {
    answers: {
      [`account:${key}`]: right,
      [`privileges:${key}`]: `${granted('SELECT', 'DROP')}\n${byPattern('UPDATE', 'INSERT', 'DELETE', 'ALTER')}`,
    },
    action: 'update',
    changes: [
      'not declared: DROP, ALTER (on na_cos.*) → (none)',
      ...['DELETE', 'INSERT', 'UPDATE'].map((one) => `privilege ${one}: missing → granted`),
    ],
    says: [grant],
  },
})

const sql = (answers: Readonly<Record<string, string>>): readonly string[] =>
  account.plan(canned(answers), new Set()).steps.map(({ run }) => run)

test('the statements, word for word; the password is no part of them', () => {
  const [create, give] = account.plan(canned({}), new Set()).steps
  assert.is(create!.run, "CREATE USER 'nacos'@'10.0.0.1' IDENTIFIED BY ?")
  assert.is(create!.input, 'hunter2')
  assert.is(give!.run, "GRANT DELETE, INSERT, SELECT, UPDATE ON `na\\_cos`.* TO 'nacos'@'10.0.0.1'")
  assert.equal(sql({ [`account:${key}`]: native('*0'), [`privileges:${key}`]: all }), [
    "ALTER USER 'nacos'@'10.0.0.1' IDENTIFIED BY ?",
  ])
})

test('what runs never loses what it needs: granted first, then only the surplus is taken', () => {
  const answers = { [`account:${key}`]: right, [`privileges:${key}`]: granted('SELECT', 'DROP', 'CREATE VIEW') }
  assert.equal(sql(answers), [
    "GRANT DELETE, INSERT, SELECT, UPDATE ON `na\\_cos`.* TO 'nacos'@'10.0.0.1'; REVOKE CREATE VIEW, DROP ON `na\\_cos`.* FROM 'nacos'@'10.0.0.1'",
  ])
})

test('a surplus is taken away where it was granted: the name as it was written then', () => {
  const answers = { [`account:${key}`]: right, [`privileges:${key}`]: byPattern('SELECT', 'DROP') }
  const give = "GRANT DELETE, INSERT, SELECT, UPDATE ON `na\\_cos`.* TO 'nacos'@'10.0.0.1'"
  assert.equal(sql(answers), [`${give}; REVOKE DROP ON \`na_cos\`.* FROM 'nacos'@'10.0.0.1'`])
  const both = { ...answers, [`privileges:${key}`]: `${byPattern('DROP')}\n${granted('ALTER')}` }
  assert.equal(sql(both), [
    `${give}; REVOKE ALTER ON \`na\\_cos\`.* FROM 'nacos'@'10.0.0.1'; REVOKE DROP ON \`na_cos\`.* FROM 'nacos'@'10.0.0.1'`,
  ])
})

test('a new password is told for what it does to the node that has the old one', () => {
  const warned = (answer: string): readonly string[] =>
    (account.plan(canned({ [`account:${key}`]: answer, [`privileges:${key}`]: all }), new Set()).warnings ?? []).map(
      ({ where, what, remedy }) => `${where}: ${what}; ${remedy}`,
    )
  assert.equal([warned(right), warned('')], [[], []])
  const [says = ''] = warned(native('*0'))
  assert.match(
    says,
    /^nacos@10\.0\.0\.1: it gets another password: until the nodes there run with it they can't log in/,
  )
  assert.match(says, /ALTER USER 'nacos'@'10\.0\.0\.1' IDENTIFIED BY '…' RETAIN CURRENT PASSWORD/)
  assert.not.match(says, /hunter2/)
})

test('quotes in a name stay inside it', () => {
  const odd = databaseAccount("o'ps", '%', { password: new Secret('x'), schema: 'a`b', privileges: ['SELECT'] })
  assert.equal(
    odd.plan(canned({}), new Set()).steps.map(({ run }) => run),
    ["CREATE USER 'o''ps'@'%' IDENTIFIED BY ?", "GRANT SELECT ON `a``b`.* TO 'o''ps'@'%'"],
  )
})

test.run()
