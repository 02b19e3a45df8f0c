import { Secret } from '../../lib/core/secret.ts'
import { isSecret, isSecretName } from '../../lib/core/secret-name.ts'
import { type Database, defaultJdbcParameters, driverTls, jdbcUrl, jdbcUrlProblems } from '../../lib/nacos/jdbc.ts'
import {
  applicationProperties,
  type SettingsInput,
  settingsProblems,
  tokenSecretProblem,
} from '../../lib/nacos/settings.ts'
import { parseVersion } from '../../lib/nacos/version.ts'
import { assert, suite } from '../kit.ts'

const test = suite('nacos/settings')

const database: Database = {
  host: 'db1',
  port: 3306,
  name: 'nacos',
  user: 'nacos',
  password: new Secret('p,w'),
  parameters: defaultJdbcParameters,
}
const tokenSecret = new Secret(Buffer.alloc(32, 7).toString('base64'))
const auth = { enabled: true, tokenSecret, identityKey: new Secret('who'), identityValue: new Secret('member') }
const input = (version: string, rest: Partial<SettingsInput> = {}): SettingsInput => ({
  version: parseVersion(version),
  mode: 'cluster',
  port: 8848,
  address: '10.0.0.1',
  database,
  auth,
  extra: {},
  ...rest,
})
const without = ({ database: _, ...rest }: SettingsInput): SettingsInput => rest

test('every property of a 2.1 cluster node', () =>
  assert.equal(applicationProperties(input('2.1.1')), {
    'server.port': '8848',
    'server.servlet.contextPath': '/nacos',
    'spring.datasource.platform': 'mysql',
    'spring.sql.init.platform': null,
    'db.num': '1',
    'db.url.0': jdbcUrl(database),
    'db.user.0': 'nacos',
    'db.password.0': database.password,
    'db.user': null,
    'db.password': null,
    'nacos.core.auth.system.type': 'nacos',
    'nacos.core.auth.enabled': 'true',
    'nacos.core.auth.enable.userAgentAuthWhite': 'false',
    'nacos.core.auth.server.identity.key': auth.identityKey,
    'nacos.core.auth.server.identity.value': auth.identityValue,
    'nacos.core.auth.plugin.nacos.token.secret.key': tokenSecret,
    'nacos.inetutils.ip-address': '10.0.0.1',
    'management.endpoints.web.exposure.include': 'health,prometheus',
    'server.tomcat.basedir': 'file:.',
    'server.tomcat.accesslog.enabled': 'false',
    'nacos.naming.data.warmup': 'true',
  }))

const values: readonly [string, SettingsInput, string, string | null | undefined][] = [
  ['the old secret key', input('2.0.3'), 'nacos.core.auth.default.token.secret.key', '***'],
  ['not the new one in 2.0.3', input('2.0.3'), 'nacos.core.auth.plugin.nacos.token.secret.key', undefined],
  ['the old platform key until 2.1', input('2.1.2'), 'spring.datasource.platform', 'mysql'],
  ['the new platform key from 2.2', input('2.2.0'), 'spring.sql.init.platform', 'mysql'],
  ['and not the old one', input('2.2.0'), 'spring.datasource.platform', null],
  ['no server.port in 3.x', input('3.0.3'), 'server.port', null],
  ['the main port of 3.x', input('3.0.3', { port: 8948 }), 'nacos.server.main.port', '8948'],
  ['the console port of 3.x', input('3.0.3', { console: 8081 }), 'nacos.console.port', '8081'],
  ['the console auth of 3.x', input('3.0.3'), 'nacos.core.auth.console.enabled', 'true'],
  ['no platform without database', without(input('2.1.1', { mode: 'embedded' })), 'spring.datasource.platform', null],
  ['no database number either', without(input('2.1.1', { mode: 'embedded' })), 'db.num', null],
  ['standalone does not warm up', input('2.2.4', { mode: 'standalone' }), 'nacos.naming.data.warmup', undefined],
  ['Derby operations off', without(input('2.4.3', { mode: 'embedded' })), 'nacos.config.derby.ops.enabled', 'false'],
  ['auth off', input('2.1.1', { auth: { enabled: false } }), 'nacos.core.auth.enabled', 'false'],
  [
    'no secret of no auth',
    input('2.1.1', { auth: { enabled: false } }),
    'nacos.core.auth.server.identity.key',
    undefined,
  ],
  [
    'a default may be replaced',
    input('2.1.1', { extra: { 'server.tomcat.accesslog.enabled': 'true' } }),
    'server.tomcat.accesslog.enabled',
    'true',
  ],
  ['more may be added', input('2.1.1', { extra: { 'nacos.x': 'y' } }), 'nacos.x', 'y'],
]
for (const [name, given, key, value] of values) {
  test(name, () => {
    const found = applicationProperties(given)[key]
    assert.is(found instanceof Secret ? '***' : found, value)
  })
}

test('whatever is secret is a Secret and known as one by its key', () => {
  for (const version of ['2.0.3', '2.1.1', '2.5.4', '3.0.3'])
    for (const [key, value] of Object.entries(applicationProperties(input(version))))
      assert.is(value instanceof Secret, isSecretName(key) && value !== null, `${version} ${key}`)
})

test('its own URL, whose password is in another property, is shown', () =>
  assert.is(isSecret('db.url.0', jdbcUrl(database)), false))

test('the default parameters make this URL', () =>
  assert.is(
    jdbcUrl(database),
    'jdbc:mysql://db1:3306/nacos?characterEncoding=utf8&connectTimeout=1000&socketTimeout=3000&autoReconnect=true&useUnicode=true&useSSL=false&serverTimezone=UTC&allowPublicKeyRetrieval=true',
  ))
test('a URL quotes what it must', () =>
  assert.is(
    jdbcUrl({ host: 'fd00::1', port: 3306, name: 'a b', parameters: { serverTimezone: 'Asia/Shanghai', x: '&=' } }),
    'jdbc:mysql://[fd00::1]:3306/a%20b?serverTimezone=Asia/Shanghai&x=%26%3D',
  ))

const { allowPublicKeyRetrieval: _, ...cold } = defaultJdbcParameters
const { useSSL: __, ...unsaid } = cold
const parameters: readonly [string, Record<string, string>, readonly [string, RegExp][]][] = [
  ['the defaults', defaultJdbcParameters, []],
  ['no key retrieval without TLS', cold, [['error', /only while MySQL remembers/]]],
  ['no key retrieval with the default TLS', unsaid, [['warning', /only while MySQL remembers/]]],
  ['TLS', { ...unsaid, sslMode: 'VERIFY_CA' }, []],
  [
    'TLS that is required of a driver that makes none',
    { ...cold, requireSSL: 'true' },
    [
      ['error', /only while/],
      ['error', /^requireSSL=true counts for nothing beside useSSL=false: nothing is encrypted/],
    ],
  ],
  [
    'a certificate that is verified of a server to which there is no TLS',
    { ...defaultJdbcParameters, verifyServerCertificate: 'yes' },
    [['error', /^verifyServerCertificate=true counts for nothing/]],
  ],
  ['what is required of TLS where sslMode alone counts', { ...cold, sslMode: 'VERIFY_CA', requireSSL: 'true' }, []],
  ['no TLS, as yes and no', { ...cold, useSSL: 'no' }, [['error', /only while/]]],
  ['key retrieval, as yes and no', { ...cold, allowPublicKeyRetrieval: 'yes' }, []],
  ['the key in a file', { ...cold, serverRSAPublicKeyFile: '/etc/mysql/public_key.pem' }, []],
  ['no timeouts', { ...defaultJdbcParameters, socketTimeout: '0' }, [['warning', /no socketTimeout/]]],
  ['deserialising', { ...defaultJdbcParameters, autoDeserialize: 'true' }, [['error', /run code/]]],
  ['deserialising, as yes', { ...defaultJdbcParameters, autoDeserialize: 'yes' }, [['error', /run code/]]],
  ['no time zone', { ...defaultJdbcParameters, serverTimezone: '' }, [['warning', /serverTimezone/]]],
]
for (const [name, given, says] of parameters) {
  test(`JDBC parameters: ${name}`, () => {
    const found = jdbcUrlProblems(given)
    assert.is(found.length, says.length, JSON.stringify(found))
    for (const [i, [severity, what]] of says.entries()) {
      assert.is(found[i]?.severity, severity)
      assert.match(found[i]?.what ?? '', what)
    }
  })
}

/** PropertySet of the driver: what `sslMode` says counts alone, and without TLS there is none to require. */
const tls: readonly [Record<string, string>, ReturnType<typeof driverTls>][] = [
  [{}, 'offered'],
  [{ useSSL: 'false' }, 'never'],
  [{ useSSL: 'No' }, 'never'],
  [{ useSSL: 'true' }, 'offered'],
  [{ requireSSL: 'yes' }, 'always'],
  [{ useSSL: 'true', requireSSL: 'TRUE' }, 'always'],
  [{ useSSL: 'false', requireSSL: 'true' }, 'never'],
  [{ useSSL: 'false', verifyServerCertificate: 'true' }, 'never'],
  [{ verifyServerCertificate: 'true' }, 'always'],
  [{ requireSSL: 'false' }, 'offered'],
  [{ sslMode: 'disabled', requireSSL: 'true' }, 'never'],
  [{ sslMode: 'PREFERRED', requireSSL: 'true', verifyServerCertificate: 'true' }, 'offered'],
  [{ sslMode: 'REQUIRED', useSSL: 'false' }, 'always'],
  [{ sslMode: 'verify_identity' }, 'always'],
]
for (const [given, uses] of tls)
  test(`TLS with ${JSON.stringify(given)}: ${uses}`, () => assert.is(driverTls(given), uses))

const secrets: readonly [string, RegExp | undefined][] = [
  [Buffer.alloc(32, 7).toString('base64'), undefined],
  [Buffer.alloc(33, 7).toString('base64'), undefined],
  [Buffer.alloc(32, 7).toString('base64').replace('=', ''), undefined],
  [Buffer.alloc(31, 7).toString('base64'), /31 bytes, at least 32/],
  ['', /not Base64/],
  ['x'.repeat(45), /not Base64/],
  ['_-'.repeat(30), /not Base64/],
  [`${Buffer.alloc(48, 7).toString('base64')}\n`, /not Base64/],
  ['SecretKey012345678901234567890123456789012345678901234567890123456789', /documentation/],
  ['VGhpc0lzTXlDdXN0b21TZWNyZXRLZXkwMTIzNDU2Nzg=', /documentation/],
]
for (const [text, what] of secrets) {
  test(`token secret ${JSON.stringify(text.slice(0, 20))} of ${text.length}`, () => {
    const found = tokenSecretProblem(new Secret(text), parseVersion('2.2.4'))
    assert.is(found === undefined, what === undefined, found?.what)
    if (what) assert.match(found?.what ?? '', what)
    assert.not.ok(text.length > 5 && JSON.stringify(found ?? '').includes(text))
  })
}

const identity = (key: string, value: string): SettingsInput['auth'] => ({
  ...auth,
  identityKey: new Secret(key),
  identityValue: new Secret(value),
})
const off = { enabled: false }
const problems: readonly [string, SettingsInput, readonly [string, RegExp][]][] = [
  ['all well', input('2.2.4'), []],
  ['a cluster without database', without(input('2.2.4')), [['error', /needs a MySQL/]]],
  ['embedded with database', input('2.1.1', { mode: 'embedded' }), [['error', /Derby/]]],
  ['embedded without', without(input('2.1.1', { mode: 'embedded' })), []],
  ['auth off', input('2.1.1', { auth: off }), [['warning', /auth is off/]]],
  [
    'auth off in 2.2.1 needs the secret all the same',
    input('2.2.1', { auth: off }),
    [
      ['error', /without a token secret/],
      ['warning', /auth is off/],
    ],
  ],
  [
    'auth off in 3.x needs all secrets',
    input('3.0.3', { auth: off }),
    [
      ['error', /without a token secret/],
      ['error', /need an identity/],
      ['warning', /auth is off/],
    ],
  ],
  ['no identity', input('2.2.4', { auth: { enabled: true, tokenSecret } }), [['error', /need an identity/]]],
  ['the shipped identity', input('2.2.4', { auth: identity('serverIdentity', 'security') }), [['error', /shipped/]]],
  ['an identity that is no header', input('2.2.4', { auth: identity('a b', 'c') }), [['error', /HTTP header/]]],
  [
    'a password with a placeholder',
    input('2.2.4', { database: { ...database, password: new Secret(`a\${b}`) } }),
    [['error', /placeholder/]],
  ],
  ...[' p', 'p ', 'p\t', 'p\u0001'].map((password): (typeof problems)[number] => [
    `the password ${JSON.stringify(password)}, which Nacos cuts`,
    input('2.2.4', { database: { ...database, password: new Secret(password) } }),
    [['error', /database password begins or ends with a blank/]],
  ]),
  ['a blank inside a password', input('2.2.4', { database: { ...database, password: new Secret('a b\u3000') } }), []],
  ...[' v', 'v ', '身份', 'a\nb'].map((value): (typeof problems)[number] => [
    `the identity ${JSON.stringify(value)}, which no header carries`,
    input('2.2.4', { auth: identity('who', value) }),
    [['error', /identity value is sent as an HTTP header/]],
  ]),
  ['an identity with a blank inside', input('2.2.4', { auth: identity('who', 'a b~!') }), []],
  ['a declared key', input('2.2.4', { extra: { 'server.port': '1' } }), [['error', /follows from what is declared/]]],
  ['another database', input('2.2.4', { extra: { 'db.url.1': 'x' } }), [['error', /follows from what is declared/]]],
  ['a secret among the others', input('2.2.4', { extra: { 'x.password': new Secret('1') } }), []],
  [
    'an identity among the others',
    input('2.1.1', { auth: off, extra: { 'nacos.core.auth.server.identity.value': 'x' } }),
    [
      ['error', /follows from what is declared/],
      ['warning', /auth is off/],
    ],
  ],
  [
    'all of actuator',
    input('2.2.4', { extra: { 'management.endpoints.web.exposure.include': '*' } }),
    [['error', /heapdump/]],
  ],
]
for (const [name, given, says] of problems) {
  test(`settings: ${name}`, () => {
    const found = settingsProblems(given)
    assert.is(found.length, says.length, JSON.stringify(found))
    for (const [i, [severity, what]] of says.entries()) {
      assert.is(found[i]?.severity, severity)
      assert.match(found[i]?.what ?? '', what)
    }
  })
}

test.run()
