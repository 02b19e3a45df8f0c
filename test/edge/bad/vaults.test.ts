/** Encrypted files and values that are cut, changed, of another kind, or opened with another password. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { VaultKey } from '../../../lib/edge/vault.ts'
import { suite } from '../../kit.ts'
import { type Bad, good, hosts, testBad } from './bad.ts'

const test = suite('bad vaults')

const sample = (name: string): string => readFileSync(join(import.meta.dirname, '..', 'vault-samples', name), 'utf8')
const whole = sample('vars-1.1.yaml')
const withId = sample('vars-1.2.yaml')
const right = [new VaultKey('correct horse')]
const wrong = [new VaultKey('hunter2')]

const file = (text: string | Uint8Array, vaultKeys: readonly VaultKey[] = right): Bad => ({
  files: { 'lab.yaml': good, 'group_vars/all.yml': text },
  options: { vaultKeys },
})
const value = (text: string): Bad => ({
  files: { 'lab.yaml': `${good}  vars:\n    a: !vault |\n${text.trimEnd().replace(/^/gm, '      ')}\n` },
  options: { vaultKeys: right },
})
const lines = whole.trimEnd().split('\n')
/** The three parts inside: salt, digest, encrypted text. */
const inner = Buffer.from(lines.slice(1).join(''), 'hex').toString().split('\n')
const rebuilt = (parts: readonly string[]): string => `${lines[0]}\n${Buffer.from(parts.join('\n')).toString('hex')}\n`
const flipped = (hex: string): string => hex.replace(/.$/, (last) => (last === '0' ? '1' : '0'))

const cases: Readonly<Record<string, Bad>> = {
  // Cut
  'the first line alone': file(`${lines[0]}\n`),
  'the first line alone, without its end': file(lines[0] ?? ''),
  'the last line missing': file(`${lines.slice(0, -1).join('\n')}\n`),
  'a line missing in the middle': file(lines.filter((_, i) => i !== 2).join('\n')),
  'the last digit missing': file(whole.trimEnd().slice(0, -1)),
  'the last two digits missing': file(whole.trimEnd().slice(0, -2)),
  'cut after a hundred bytes': file(whole.slice(0, 100)),
  'no encrypted text inside': file(rebuilt(inner.slice(0, 2))),
  'no digest inside': file(rebuilt([inner[0] ?? '', inner[2] ?? ''])),
  'nothing inside': file(rebuilt([])),

  // Changed
  'another digest': file(rebuilt([inner[0] ?? '', flipped(inner[1] ?? ''), inner[2] ?? ''])),
  'another salt': file(rebuilt([flipped(inner[0] ?? ''), inner[1] ?? '', inner[2] ?? ''])),
  'another text': file(rebuilt([inner[0] ?? '', inner[1] ?? '', flipped(inner[2] ?? '')])),
  'a digest that is too short': file(rebuilt([inner[0] ?? '', 'abcd', inner[2] ?? ''])),
  'two lines in another order': file([lines[0], lines[2], lines[1], ...lines.slice(3)].join('\n')),
  'a letter that is no digit': file(whole.replace(/\n6/, '\ng')),
  'base64 for hex': file(`${lines[0]}\n${Buffer.from(inner.join('\n')).toString('base64')}\n`),
  'two vaults in one file': file(`${whole}${whole}`),
  'a comment inside': file(whole.replace('\n', '\n# secrets of the lab\n')),
  'a blank line before it': file(`\n${whole}`),
  'a comment before it': file(`# secrets\n${whole}`),
  'three dashes before it': file(`---\n${whole}`),

  // Of another kind
  'an old version': file(whole.replace(';1.1;', ';1.0;')),
  'a newer version': file(whole.replace(';1.1;', ';2.0;')),
  'a version with an escape': file(whole.replace(';1.1;', ';\u001b[31m;')),
  'another cipher': file(whole.replace(';AES256', ';AES')),
  'no cipher': file(whole.replace(';AES256', '')),
  'a first line without end': file(`$ANSIBLE_VAULT;${'9'.repeat(5000)};AES256\n61\n`),
  'a key of OpenSSH': file(
    '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk=\n-----END OPENSSH PRIVATE KEY-----\n',
  ),

  // Passwords
  'no password': file(whole, []),
  'a wrong password': file(whole, wrong),
  'two wrong passwords': file(whole, [...wrong, new VaultKey('hunter2!')]),
  'no password for an id': file(withId, []),
  'a wrong password for an id': file(withId, wrong),
  'a wrong password for an id with an escape': file(withId.replace(';lab', ';\u001b[31mlab'), wrong),

  // Single values
  'a value that is cut': value(lines.slice(0, -1).join('\n')),
  'a value without its first line': value(lines.slice(1).join('\n')),
  'a value of another cipher': value(whole.replace(';AES256', ';AES')),
  'a value on one line': {
    files: { 'lab.yaml': hosts(`a: !vault "${lines.join(' ')}"`) },
    options: { vaultKeys: right },
  },
  'a value of plain text': { files: { 'lab.yaml': hosts('a: !vault hunter2') }, options: { vaultKeys: right } },
  'a value that is nothing': { files: { 'lab.yaml': hosts('a: !vault') }, options: { vaultKeys: right } },
  'a password of a login that can not be opened': {
    files: {
      'lab.yaml': `${good}  vars:\n    ansible_password: !vault |\n${whole.trimEnd().replace(/^/gm, '      ')}\n`,
    },
    options: { vaultKeys: wrong },
  },
  'a vault where a port should be': {
    files: { 'lab.yaml': `${good}  vars:\n    ansible_port: !vault |\n${whole.trimEnd().replace(/^/gm, '      ')}\n` },
    options: { vaultKeys: right },
  },
  'a damaged value as JSON has it': {
    files: { 'lab.json': '{"all": {"hosts": {"db1": {"a": {"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\\n61"}}}}}' },
    options: { vaultKeys: right },
  },
}

testBad(test, 'vaults', cases)

test.run()
