import { isStoredPassword, shaCrypt } from '../../lib/mysql/password.ts'
import { assert, suite } from '../kit.ts'

const test = suite('mysql/password')

/**
 * What crypt(3) of glibc makes of `$5$rounds=N$SALT$`, for salts that it does not cut (it stops at 16 letters), and what
 * the published description of SHA-crypt gives for the 20 bytes of MySQL, worked out apart from the code.
 */
const vectors: readonly (readonly [password: string, salt: string | Buffer, rounds: number, hash: string])[] = [
  ['Hello world!', 'saltstring', 5000, '5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5'],
  ['', 'abcdefghijklmnop', 5000, 'p99E2fxZB/BTl9j.a2VRY5z71zEP761isnVBuiGlzV3'],
  ['p'.repeat(33), 'saltsalt', 5000, 'FIKihu.UIbFKWkqiw8YYJ6nRZ6cO6rV8DXeZXvYkEU.'],
  ['x'.repeat(64), 'A', 1000, 'Tvfya2NnFX2qDJG6rtuXG7qte.Jf2CEYROmWHHuSBV/'],
  ['密码 pässword', 'saltstringsaltst', 10000, 'kjKTIqm5dLcPo8F9scqhjIv4FeyYm54.pvHrOVWg6NC'],
  ['a'.repeat(100), '0123456789./abcd', 5000, 'S1RhxvfHB4jLuvP1pc6l7EKVTQ.4rOzi/PqQfR61iN9'],
  [
    'hunter2',
    Buffer.from('0102030405060708090a0b0c0d0e0f1011121314', 'hex'),
    5000,
    '3LGNLUy/EzHWlpicptMd4V6jBGbN23H74PowgMrXSF4',
  ],
  ['密码', 'abcdefghijklmnopqrst', 5000, 'Jhb/xJW7pkqwC67W9i6z0zYaTQlibIqSXhh0l8IwqP1'],
  ['', 'abcdefghijklmnopqrst', 5000, 'PQTT56Xr1YM3Km3Rg7maUNB.zsCyjw9bkESVZT2wvH8'],
]

test('SHA-crypt with SHA-256', () => {
  for (const [password, salt, rounds, hash] of vectors) {
    assert.is(shaCrypt(password, Buffer.from(salt as string), rounds), hash, password)
  }
})

/** mysql.user.authentication_string as it is stored. */
const stored = (salt: string, hash: string, rounds = '005'): Buffer =>
  Buffer.from(`$A$${rounds}$${salt}${hash}`, 'latin1')
const salt = Buffer.from('0102030405060708090a0b0c0d0e0f1011121314', 'hex').toString('latin1')
const hash = '3LGNLUy/EzHWlpicptMd4V6jBGbN23H74PowgMrXSF4'

const cases: readonly (readonly [
  name: string,
  plugin: string,
  stored: Buffer,
  password: string,
  is: boolean | undefined,
])[] = [
  ['caching_sha2: the password', 'caching_sha2_password', stored(salt, hash), 'hunter2', true],
  ['caching_sha2: another', 'caching_sha2_password', stored(salt, hash), 'hunter3', false],
  ['caching_sha2: letters count', 'caching_sha2_password', stored(salt, hash), 'Hunter2', false],
  ['caching_sha2: not ASCII', 'caching_sha2_password', stored('abcdefghijklmnopqrst', vectors[7]![3]), '密码', true],
  ['caching_sha2: no password at all', 'caching_sha2_password', Buffer.alloc(0), 'hunter2', false],
  ['caching_sha2: cut', 'caching_sha2_password', stored(salt, hash).subarray(0, 69), 'hunter2', false],
  ['caching_sha2: not a number of rounds', 'caching_sha2_password', stored(salt, hash, 'zzz'), 'hunter2', false],
  [
    'native: the password',
    'mysql_native_password',
    Buffer.from('*58815970BE77B3720276F63DB198B1FA42E5CC02'),
    'hunter2',
    true,
  ],
  [
    'native: small letters',
    'mysql_native_password',
    Buffer.from('*58815970be77b3720276f63db198b1fa42e5cc02'),
    'hunter2',
    true,
  ],
  [
    'native: not ASCII',
    'mysql_native_password',
    Buffer.from('*E04600BB4BC876C4A82BB0860EDE6F7829AE5D2A'),
    '密码',
    true,
  ],
  ['native: another', 'mysql_native_password', Buffer.from('*58815970BE77B3720276F63DB198B1FA42E5CC02'), 'x', false],
  ['native: no password at all', 'mysql_native_password', Buffer.alloc(0), 'hunter2', false],
  ['a plugin that can not be judged from here', 'auth_socket', Buffer.alloc(0), 'hunter2', undefined],
]

for (const [name, plugin, bytes, password, is] of cases)
  test(name, () => assert.is(isStoredPassword(plugin, bytes, password), is))

test.run()
