/** The values that no diff shows, by the names before them. */
import { secretLines } from '../../lib/core/secret-lines.ts'
import { textDiff } from '../../lib/core/text-diff.ts'
import { assert, suite } from '../kit.ts'

const test = suite('core/secret-lines')

/** A line, and what is seen of it. */
const lines: readonly [text: string, shown: string][] = [
  ['password=hunter2', 'password=***'],
  ['spring.datasource.password = correct horse = battery', 'spring.datasource.password = ***'],
  ['  password: hunter2 # the old one', '  password: ***'],
  ['- db_password: "correct horse" # kept', '- db_password: *** # kept'],
  ["export DB_PASSWORD='it''s' A=b", 'export DB_PASSWORD=***'],
  [`PW="a\\"b" A=b`, 'PW=*** A=b'],
  [`PW="a"'b' A=b`, 'PW=***'],
  ['app.tokens[0]=hunter2', 'app.tokens[0]=***'],
  ['token="unfinished', 'token=***'],
  ['{"user":"app","password":"hunter2","port":1}', '{"user":"app","password":***,"port":1}'],
  ['{"user":"app","password":12345,"port":1}', '{"user":"app","password":***'],
  [String.raw`body="{\"password\":\"hunter2\"}"`, String.raw`body="{\"password\":***`],
  ['<db user="app" password="hunter2" port="1"/>', '<db user="app" password=*** port="1"/>'],
  ['<property name="db.password" value="hunter2"/>', '<property name="db.password" value=***/>'],
  ['<property name="db.port" value="1"/>', '<property name="db.port" value="1"/>'],
  [
    '<user>app</user><password>hunter2</password><port>1</port>',
    '<user>app</user><password>***</password><port>1</port>',
  ],
  ['url=jdbc:mysql://db/app?user=app&password=hunter2', 'url=jdbc:mysql://db/app?user=app&password=***'],
  ['url: https://app:hunter2@db:80/x', 'url: https://app:***@db:80/x'],
  ['java -Xmx1g --db.password=hunter2 -jar x', 'java -Xmx1g --db.password=***'],
  [
    'key: "-----BEGIN RSA PRIVATE KEY-----\\nMIIE\\n-----END RSA PRIVATE KEY-----"',
    'key: "-----BEGIN RSA PRIVATE KEY-----***',
  ],
  // Nothing to hide.
  ['password=', 'password='],
  ['password_file=/etc/app.secret', 'password_file=/etc/app.secret'],
  ['sort_key=name', 'sort_key=name'],
  ['# the password is elsewhere', '# the password is elsewhere'],
  ['http://db:8080/a@b 12:30:05 a=b', 'http://db:8080/a@b 12:30:05 a=b'],
]
for (const [text, shown] of lines) test(text, () => assert.equal(secretLines(text), [shown]))

const texts: readonly [name: string, text: string, shown: string][] = [
  ['a block of YAML', 'password: |\n  a\n\n  b\nport: 1', 'password: ***\n  ***\n\n  ***\nport: 1'],
  ['a mapping', 'a:\n  secrets:\n    db: x\n  port: 1', 'a:\n  secrets:\n    ***\n  port: 1'],
  ['a list on a level with its name', '- tokens:\n  - x\n  - y\n  port: 1', '- tokens:\n  ***\n  ***\n  port: 1'],
  ['JSON', '{\n "secrets": {\n  "a": "x"\n },\n "port": 1\n}', '{\n "secrets": ***\n  ***\n },\n "port": 1\n}'],
  ['lines that go on', 'password=a\\\nb\\\nc\nport=1', 'password=***\n***\n***\nport=1'],
  ['an element', '<a>\n <password>\n  x\n </password>\n</a>', '<a>\n <password>\n  ***\n </password>\n</a>'],
  [
    'a private key',
    'a\n-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\nb',
    'a\n-----BEGIN PRIVATE KEY-----\n***\n***\nb',
  ],
]
for (const [name, text, shown] of texts) test(name, () => assert.equal(secretLines(text).join('\n'), shown))

test('a long line takes no longer than it must', () => {
  for (const text of [
    'a'.repeat(65_536),
    ' '.repeat(65_536),
    'password="'.repeat(6000),
    '<a'.repeat(30_000),
    '//'.repeat(30_000),
  ])
    assert.is(secretLines(text).length, 1)
})

const diffs: readonly [name: string, before: string, after: string, lines: readonly string[]][] = [
  [
    'another value',
    'a=1\npassword=x\n',
    'a=1\npassword=y\n',
    ['@@ -1,2 +1,2 @@', ' a=1', '-password=***', '+password=***'],
  ],
  ['a value beside it', 'a=1\npassword=x\n', 'a=2\npassword=x\n', ['@@ -1,2 +1,2 @@', '-a=1', '+a=2', ' password=***']],
  [
    'a value that is moved out',
    'a=1\npassword=x\n',
    'a=1\npassword_file=/etc/pw\n',
    ['@@ -1,2 +1,2 @@', ' a=1', '-password=***', '+password_file=/etc/pw'],
  ],
  [
    'what is a secret in one of them',
    'secrets:\n  a: x\n',
    'b:\n  a: x\n',
    ['@@ -1,2 +1,2 @@', '-secrets:', '+b:', '   ***'],
  ],
  ['a new one, with no end of line', '', 'pw=x', ['@@ -0,0 +1,1 @@', '+pw=***', '\\ No newline at end of file']],
]
for (const [name, before, after, expected] of diffs)
  test(`a diff: ${name}`, () => {
    assert.equal(textDiff(before, after, secretLines), expected)
    const back = textDiff(after, before, secretLines) ?? []
    assert.not(/[xy]$/m.test(back.join('\n')), 'the other way round')
  })

test('the lines of a change far below are those of its place', () => {
  const many = Array.from({ length: 40 }, (_, at) => `line${at}=${at}\n`).join('')
  const found = textDiff(`${many}pw=x\n${many}`, `new=1\n${many}pw=y\n${many}`, secretLines) ?? []
  assert.equal(found.slice(5), [
    '@@ -38,7 +39,7 @@',
    ' line37=37',
    ' line38=38',
    ' line39=39',
    '-pw=***',
    '+pw=***',
    ' line0=0',
    ' line1=1',
    ' line2=2',
  ])
})

test.run()
