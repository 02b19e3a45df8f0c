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
const granted = (...words: readonly string[]): string => words.map((word) => `na_cos|${word}`).join('\n')
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
    answers: { [`account:${key}`]: right, [`privileges:${key}`]: `${all}\nother|DROP\nna_cos_2|DROP` },
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
    answers: { [`account:${key}`]: right, [`privileges:${key}`]: `${all}\nna_cos|DROP` },
    action: 'update',
    changes: ['not declared: DROP → (none)'],
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

test('quotes in a name stay inside it', () => {
  const odd = databaseAccount("o'ps", '%', { password: new Secret('x'), schema: 'a`b', privileges: ['SELECT'] })
  assert.equal(
    odd.plan(canned({}), new Set()).steps.map(({ run }) => run),
    ["CREATE USER 'o''ps'@'%' IDENTIFIED BY ?", "GRANT SELECT ON `a``b`.* TO 'o''ps'@'%'"],
  )
})

test.run()
