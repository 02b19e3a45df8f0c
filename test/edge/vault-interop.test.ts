/**
 * Vaults beside the real ansible-vault: what either writes, byte for byte where the salt is the same, and what either reads.
 *
 * ansible/vault-answers.json has the answers of ansible-core, so that no network is needed. Where ansible-core is at hand
 * (always in CI) it is asked anew, must say the same, and also opens what was sealed just now. `UPDATE_GOLDEN=1` writes it.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256 } from '../../lib/core/secret.ts'
import { openVaultBytes, sealVault, VaultKey } from '../../lib/edge/vault.ts'
import { inlineValue, withValues, withVaults } from '../../lib/edge/vault-inline.ts'
import { vaultKeys } from '../../lib/edge/vault-password.ts'
import { assert, suite } from '../kit.ts'
import { ansiblePython, release } from './ansible/ansible.ts'
import { answering } from './askers.ts'

const test = suite('vaults as Ansible')
const record = join(import.meta.dirname, 'ansible', 'vault-answers.json')
const folder = mkdtempSync(join(tmpdir(), 'plinth-vault-interop-'))
test.after(() => rmSync(folder, { recursive: true }))

const salt = 'a salt of thirty-two bytes, really'.slice(0, 32)
const contents: Readonly<Record<string, Buffer>> = {
  empty: Buffer.alloc(0),
  'one byte': Buffer.from('x'),
  'one less than a block': Buffer.alloc(15, 'a'),
  'a block': Buffer.alloc(16, 'b'),
  'one more than a block': Buffer.alloc(17, 'c'),
  'all bytes': Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
  CRLF: Buffer.from('a: 1\r\nb: 2\r\n'),
  'text of any script': Buffer.from('a: 密码 🔑 пароль\n'),
  'no line break at the end': Buffer.from('a: 1'),
  large: Buffer.alloc(2_000_003, 'large, and no multiple of anything\n'),
}
const passwords: Readonly<Record<string, Buffer>> = {
  words: Buffer.from('correct horse'),
  'of any script': Buffer.from('密码 пароль 🔑'),
  'no text': Buffer.from([0xff, 0xfe, 0x80, 0x01]),
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

/** Every content with the first password and both formats, every password with one content. */
const sealed = [
  ...Object.keys(contents).flatMap((content) => [
    { content, password: 'words', id: 'default' },
    { content, password: 'words', id: 'prod' },
  ]),
  ...Object.keys(passwords).map((password) => ({ content: 'CRLF', password, id: 'a.b-c' })),
].map((one) => ({ name: Object.values(one).join(', '), ...one }))

/** Password files, and whether each is a program. */
const files: Readonly<Record<string, readonly [content: string | Buffer, program?: true]>> = {
  plain: ['correct horse'],
  'a line break': ['correct horse\n'],
  CRLF: ['correct horse\r\n'],
  'blanks around': [' \t correct horse \n\n'],
  'wide blanks': ['\u3000密码\u00a0\n'],
  BOM: ['\ufeffx\n'],
  'no text': [Buffer.from([0xff, 0xfe, 0x0a])],
  'two lines': ['a\nb\n'],
  empty: ['\n'],
  'a program': ['#!/bin/sh\nprintf "\\n a b \\r\\n\\n"\n', true],
  'a program that fails': ['#!/bin/sh\necho x; exit 1\n', true],
  'a program that prints nothing': ['#!/bin/sh\n', true],
}
const pathOf = (name: string): string => join(folder, name.replaceAll(' ', '-'))
for (const [name, [content, program]] of Object.entries(files)) {
  writeFileSync(pathOf(name), content)
  chmodSync(pathOf(name), program ? 0o755 : 0o600)
}

const key = (password: string, id: string): VaultKey => new VaultKey(passwords[password]!, id)

interface Answers {
  readonly seal: Readonly<Record<string, { readonly vault: string; readonly string: string }>>
  readonly open: Readonly<Record<string, string | null>>
  readonly yaml: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly files: Readonly<Record<string, string | null>>
}

/** What was sealed here just now, with the keys that ansible-vault is to open it with. */
const ours = sealed.map(({ name, content, password, id }) => ({
  name,
  vault: sealVault(contents[content]!, key(password, id)),
  keys: [
    ['default', base64(Buffer.from('another'))],
    [id, base64(passwords[password]!)],
  ],
}))
const wrong = { name: 'wrong', vault: ours[0]!.vault, keys: [['default', base64(Buffer.from('another'))]] }
const value = 'a "value" with \\ and 密码\nand a second line'
const yaml = {
  name: 'values',
  text: `first: 1\n${inlineValue(sealVault(value, key('words', 'default')), 'one')}${inlineValue(sealVault('2', key('words', 'prod')), 'two')}`,
  keys: [['default', base64(passwords.words!)]],
}
/** Where a value stands, and in which form, must not matter to a rekey: all are read by ansible-core afterwards. */
const places = [
  `a: !vault |-\n   ${'VAULT'}\nb: plain # with a comment\n`,
  'a: &x !vault |\n    VAULT\n\n# a comment\nb: plain\n',
  'a: !vault "QUOTED"\nb: plain\n',
  '{a: !vault "QUOTED", b: plain}\n',
  'a: !vault |\r\n  VAULT\r\nb: plain\r\n',
].map((text, index) => {
  const vault = sealVault('moved', key('words', 'default'))
  const indent = /\n( +)VAULT/.exec(text)?.[1] ?? ''
  const written = text
    .replace('VAULT', vault.trimEnd().replaceAll('\n', `${text.includes('\r') ? '\r' : ''}\n${indent}`))
    .replace('QUOTED', JSON.stringify(vault).slice(1, -1))
  return { name: `place ${index}`, written }
})
const fresh = new VaultKey('new one', 'fresh')
const rekeyed = places.map(({ name, written }) => ({
  name,
  text: withVaults(written, (vault) => sealVault(openVaultBytes(vault, [key('words', 'default')], name).bytes, fresh)),
  keys: [['fresh', base64(Buffer.from('new one'))]],
}))

function ask(python: string): Answers {
  const asked = {
    home: folder,
    seal: sealed.map(({ name, content, password, id }) => ({
      ...{ name, id, salt },
      ...{ content: base64(contents[content]!), password: base64(passwords[password]!) },
    })),
    open: [...ours, wrong],
    yaml: [yaml, ...rekeyed],
    files: Object.keys(files).map((name) => ({ name, path: pathOf(name) })),
  }
  const run = spawnSync(python, [join(import.meta.dirname, 'ansible', 'vault.py')], {
    input: JSON.stringify(asked),
    encoding: 'utf8',
    timeout: 150_000,
    maxBuffer: 256 * 1024 * 1024,
    env: { PATH: process.env.PATH, HOME: folder, LANG: 'C.UTF-8' },
  })
  if (run.status !== 0) throw new Error(`ansible ended with ${run.status}: ${run.stderr}`)
  return JSON.parse(run.stdout) as Answers
}

/** A long text by its sum. */
const short = (text: string): string => (text.length > 4000 ? `sha256 ${sha256(text)}` : text)

/** What of the answers does not hang on a random salt. */
const recordOf = ({ seal, files }: Answers): unknown => ({
  release,
  seal: Object.fromEntries(
    Object.entries(seal).map(([name, { vault, string }]) => [name, { vault: short(vault), string: short(string) }]),
  ),
  files,
})

test(
  'either reads what the other has written, and writes the same',
  async () => {
    const ansible = ansiblePython(process.env.PLINTH_NETWORK === '1')
    const asked = 'python' in ansible ? ask(ansible.python) : null
    if (process.env.UPDATE_GOLDEN === '1') {
      assert.ok(asked, 'no ansible-core')
      writeFileSync(record, `${JSON.stringify(recordOf(asked), null, 1)}\n`)
    }
    const recorded = JSON.parse(readFileSync(record, 'utf8')) as Pick<Answers, 'seal' | 'files'> & { release: string }
    assert.is(recorded.release, release)
    console.log(
      asked
        ? `note: compared with ansible-vault ${release} itself`
        : `note: compared with the recorded answers of ansible-vault ${release}`,
    )
    if (asked) assert.equal(recordOf(asked), recorded, 'vault-answers.json is not what ansible-core says')
    for (const { name, content, password, id } of sealed) {
      const vault = sealVault(contents[content]!, key(password, id), Buffer.from(salt))
      const theirs = recorded.seal[name]!
      assert.is(short(vault), theirs.vault, name)
      assert.is(short(inlineValue(vault, 'a_name')), theirs.string, name)
      const { bytes } = openVaultBytes(asked?.seal[name]?.vault ?? vault, [fresh, key(password, id)], name)
      assert.ok(bytes.equals(contents[content]!), name)
    }
    for (const [name, theirs] of Object.entries(recorded.files)) {
      const sources = { ids: [], files: [pathOf(name)], ask: false }
      const found = await vaultKeys(sources, answering(), { env: {} }).catch(() => null)
      const mac = (one: VaultKey): string => one.derive(Buffer.from('s')).mac.toString('hex')
      assert.is(
        found?.map(mac).join() ?? null,
        theirs && mac(new VaultKey(Buffer.from(theirs, 'base64'))),
        `the password file: ${name}`,
      )
    }
    if (!asked) return
    for (const { name, content } of sealed) assert.is(asked.open[name], base64(contents[content]!), name)
    assert.is(asked.open.wrong, null)
    assert.equal(asked.yaml.values, { first: '1', one: value, two: '2' })
    for (const { name } of rekeyed) assert.equal(asked.yaml[name], { a: 'moved', b: 'plain' }, name)
  },
  { timeout: 200 },
)

test('a value is replaced where it stands, and nothing else is touched', () => {
  for (const { name, written } of places) {
    const rest = (text: string): string => text.replace(/\$ANSIBLE_VAULT[^"#b]*/s, '').replace(/[0-9a-f]{10,}\s*/g, '')
    const changed = rekeyed.find((one) => one.name === name)!.text
    assert.is.not(changed, written)
    assert.is(rest(changed), rest(written), name)
    const clear = withValues(written, () => 'v')
    assert.match(clear, /^\{?a: (&x )?"v"/, name)
    assert.is(
      withVaults(written, (vault) => vault),
      written,
      name,
    )
  }
})

test.run()
