/** The samples were written by ansible-vault of ansible-core 2.19: one YAML file in both formats, a text, one value. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { PlinthError } from '../../lib/core/error.ts'
import { Secret } from '../../lib/core/secret.ts'
import { isVault, openVault, sealVault, vaultDamage } from '../../lib/edge/vault.ts'
import { vaultPasswords } from '../../lib/edge/vault-password.ts'
import { assert, suite } from '../kit.ts'
import { answering } from './askers.ts'

const test = suite('vault')
const samples = join(import.meta.dirname, 'vault-samples')
const sample = (name: string): string => readFileSync(join(samples, name), 'utf8')
const password = new Secret('correct horse')
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
    assert.is(sealVault(text, password, id, salt), sample(file))
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
  assert.is(openVault(sample('vars-1.2.yaml'), [new Secret('a'), password], 'x').reveal(), plain)
})

const vars = sample('vars-1.1.yaml')
const bad: readonly [name: string, text: string, passwords: readonly Secret[], what: string, remedy: string][] = [
  ['wrong password', vars, [new Secret('wrong')], 'the vault password is wrong', 'encrypted with'],
  ['wrong password of an id', sample('vars-1.2.yaml'), [new Secret('w')], 'vault id "lab"', 'encrypted with'],
  ['two wrong passwords', vars, [new Secret('a'), new Secret('b')], 'none of the vault passwords', 'encrypted with'],
  ['no password', vars, [], 'no vault password was given', '--vault-password-file'],
  ['cut off', vars.slice(0, 300), [password], 'damaged vault', 'encrypt the value again'],
  ['a changed line', vars.replace(/\n6/, '\nz'), [password], 'damaged vault', 'encrypt the value again'],
  ['an old format', vars.replace(';1.1;', ';1.0;'), [password], 'format 1.0', 'encrypt the value again'],
  ['an old cipher', vars.replace('AES256', 'AES'), [password], 'cipher AES', 'encrypt the value again'],
  ['header alone', '$ANSIBLE_VAULT;1.1;AES256\n', [password], 'lines are missing', 'encrypt the value again'],
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

test('passwords come from a file, a program, the environment and the terminal, and never show', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-vault-'))
  try {
    const program = join(folder, 'print')
    writeFileSync(program, '#!/bin/sh\necho from a program\n')
    chmodSync(program, 0o755)
    const env = { ANSIBLE_VAULT_PASSWORD_FILE: join(samples, 'password.txt') }
    const found = await vaultPasswords({ files: [program], ask: true }, answering('typed'), env)
    assert.equal(
      found.map((secret) => secret.reveal()),
      ['from a program', 'correct horse', 'typed'],
    )
    assert.not(inspect(found).includes('typed'))
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a source without a password is a problem that names it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-vault-'))
  try {
    const program = join(folder, 'fails')
    writeFileSync(program, '#!/bin/sh\necho no key in the ring >&2\nexit 7\n')
    chmodSync(program, 0o755)
    const empty = join(folder, 'empty')
    writeFileSync(empty, '\n')
    const cases: readonly [file: string, what: string][] = [
      [program, 'exit code 7 and said: no key in the ring'],
      [empty, 'an empty vault password'],
      [join(folder, 'absent'), 'there is no such file'],
      [folder, 'a folder'],
    ]
    for (const [file, what] of cases) {
      const thrown = await vaultPasswords({ files: [file], ask: false }, answering(), {}).catch(
        (error: unknown) => error,
      )
      assert.instance(thrown, PlinthError)
      const [problem] = (thrown as PlinthError).problems
      assert.is(problem!.where, `--vault-password-file ${file}`)
      assert.ok(problem!.what.includes(what), problem!.what)
      assert.ok(problem!.remedy.length > 5)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
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
