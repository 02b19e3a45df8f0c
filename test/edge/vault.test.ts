/** The samples were written by ansible-vault of ansible-core 2.19: one YAML file in both formats, a text, one value. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { PlinthError } from '../../lib/core/error.ts'
import { isVault, openVault, openVaultBytes, sealVault, VaultKey, vaultDamage } from '../../lib/edge/vault.ts'
import { assert, suite } from '../kit.ts'

const test = suite('vault')
const samples = join(import.meta.dirname, 'vault-samples')
const sample = (name: string): string => readFileSync(join(samples, name), 'utf8')
const password = new VaultKey('correct horse')
const plain = sample('plain.yaml')
const utf8 = '密码 pass{{word}} 0123456789ABC'

const opened: readonly [file: string, text: string, id: string | null][] = [
  ['vars-1.1.yaml', plain, null],
  ['vars-1.2.yaml', plain, 'lab'],
  ['text-utf8.vault', utf8, null],
]
for (const [file, text, id] of opened) {
  test(`opens ${file} of ansible-vault`, () => {
    assert.is(openVault(sample(file), [password], file).reveal(), text)
  })
  test(`writes ${file} byte for byte, given its salt`, () => {
    const inner = Buffer.from(sample(file).split('\n').slice(1).join(''), 'hex').toString()
    const salt = Buffer.from(inner.split('\n')[0]!, 'hex')
    assert.is(sealVault(text, password.as(id ?? 'default'), salt), sample(file))
  })
}

test('what it seals it opens again, at every padding, with CRLF and indentation in between', () => {
  for (const length of [0, 1, 15, 16, 17, 1000]) {
    const text = 'x'.repeat(length)
    const sealed = sealVault(text, password)
    assert.is(openVault(sealed, [password], 'here').reveal(), text)
    assert.is(openVault(sealed.replaceAll('\n', '\r\n    '), [password], 'here').reveal(), text)
  }
})

test('a salt is never used twice', () => {
  assert.is.not(sealVault('x', password), sealVault('x', password))
})

test('tries every password and takes the one that fits', () => {
  assert.is(openVault(sample('vars-1.2.yaml'), [new VaultKey('a'), password], 'x').reveal(), plain)
})

const vars = sample('vars-1.1.yaml')
const bad: readonly [name: string, text: string, passwords: readonly VaultKey[], what: string, remedy: string][] = [
  ['wrong password', vars, [new VaultKey('wrong')], 'the vault password is wrong', 'encrypted with'],
  [
    'wrong password of an id',
    sample('vars-1.2.yaml'),
    [new VaultKey('w')],
    'vault id "lab", tried: default',
    '--vault-id lab@FILE',
  ],
  [
    'wrong password under the right id',
    sample('vars-1.2.yaml'),
    [new VaultKey('w', 'a'), new VaultKey('w', 'lab')],
    'vault id "lab", tried: a, lab',
    'encrypted with',
  ],
  [
    'two wrong passwords',
    vars,
    [new VaultKey('a'), new VaultKey('b')],
    'none of the vault passwords',
    'encrypted with',
  ],
  ['no password', vars, [], 'no vault password was given', '--vault-password-file'],
  ['cut off', vars.slice(0, 300), [password], 'damaged vault', 'encrypt the value again'],
  ['a changed line', vars.replace(/\n6/, '\nz'), [password], 'damaged vault', 'encrypt the value again'],
  ['an old format', vars.replace(';1.1;', ';1.0;'), [password], 'format 1.0', 'encrypt the value again'],
  ['an old cipher', vars.replace('AES256', 'AES'), [password], 'cipher AES', 'encrypt the value again'],
  ['header alone', '$ANSIBLE_VAULT;1.1;AES256\n', [password], 'lines are missing', 'encrypt the value again'],
  [
    'text that is not UTF-8',
    sealVault(Buffer.from([0xc3, 0xdc, 0xc2, 0xeb, 0x31]), password),
    [password],
    'what is encrypted is not UTF-8 text',
    'from GBK: iconv -f GBK -t UTF-8',
  ],
  ['nothing', '', [password], 'does not begin with $ANSIBLE_VAULT', 'encrypt the value again'],
]
for (const [name, text, passwords, what, remedy] of bad) {
  test(`${name} is one clear line`, () => {
    const problem = problemOf(() => openVault(text, passwords, 'vars.yaml:3:9'))
    assert.is(problem.where, 'vars.yaml:3:9')
    assert.ok(problem.what.includes(what), problem.what)
    assert.ok(problem.remedy.includes(remedy), problem.remedy)
  })
}

test('a changed byte of the encrypted text is not opened', () => {
  const inner = Buffer.from(vars.split('\n').slice(1).join(''), 'hex').toString()
  const changed = Buffer.from(inner.replace(/.$/, (last) => (last === '0' ? '1' : '0'))).toString('hex')
  const problem = problemOf(() => openVault(`$ANSIBLE_VAULT;1.1;AES256\n${changed}\n`, [password], 'x'))
  assert.ok(problem.what.includes('wrong'), problem.what)
})

test('knows a vault by its first line, and damage without a password', () => {
  assert.ok(isVault(vars))
  assert.not(isVault(plain))
  assert.is(vaultDamage(vars), null)
  assert.is(vaultDamage(vars.slice(0, 300)), 'lines are missing or changed')
})

test('an id is in the first line, and default is the format without one', () => {
  const first = (id: string): string => sealVault('x', password.as(id)).split('\n')[0]!
  assert.equal(['prod', 'default'].map(first), ['$ANSIBLE_VAULT;1.2;AES256;prod', '$ANSIBLE_VAULT;1.1;AES256'])
})

test('the password of the same id is tried first, and says by which one it was', () => {
  const keys = [new VaultKey('correct horse', 'other'), new VaultKey('correct horse', 'lab'), new VaultKey('x')]
  const { key, id } = openVaultBytes(sample('vars-1.2.yaml'), keys, 'x')
  assert.equal([key.id, id], ['lab', 'lab'])
})

test('a key shows its id and nothing else', () => {
  for (const shown of [inspect(password, { showHidden: true, depth: 9 }), JSON.stringify(password), String(password)])
    assert.not.match(shown, /horse|636f72/)
})

function problemOf(run: () => unknown) {
  try {
    run()
  } catch (thrown) {
    assert.instance(thrown, PlinthError)
    assert.is((thrown as PlinthError).problems.length, 1)
    assert.is((thrown as PlinthError).code, 4)
    return (thrown as PlinthError).problems[0]!
  }
  throw new Error('nothing was thrown')
}

test.run()
