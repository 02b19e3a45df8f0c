/** Where vault passwords come from, in Ansible's order, and what of them counts. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ValueCommands } from '../../lib/edge/value-command.ts'
import { sealVault, VaultKey } from '../../lib/edge/vault.ts'
import { type VaultPasswordSources, vaultKeys } from '../../lib/edge/vault-password.ts'
import { replaceFile } from '../../lib/edge/whole-file.ts'
import { assert, suite } from '../kit.ts'
import { answering } from './askers.ts'
import { failure } from './channels.ts'

const test = suite('vault passwords')
const folder = mkdtempSync(join(tmpdir(), 'plinth-vault-'))
test.after(() => rmSync(folder, { recursive: true }))

function write(name: string, content: string | Buffer, mode = 0o600): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  chmodSync(path, mode)
  return path
}
const program = (name: string, script: string): string => write(name, `#!/bin/sh\n${script}\n`, 0o755)

const none: VaultPasswordSources = { ids: [], files: [], ask: false }
const digest = (key: VaultKey): string => key.derive(Buffer.from('salt')).mac.toString('hex')
/** The id of each key, and whether it is made of that password: nothing gives a password back. */
const are = (keys: readonly VaultKey[], ...expected: [id: string, password: string | Buffer][]): void =>
  assert.equal(
    keys.map((key) => `${key.id} ${digest(key)}`),
    expected.map(([id, password]) => `${id} ${digest(new VaultKey(password))}`),
  )

test('from everywhere, in the order of Ansible', async () => {
  const [list, id, file, env] = ['list', 'id', 'file', 'env'].map((name) => write(name, `pw ${name}\n`)) as [
    string,
    string,
    string,
    string,
  ]
  const found = await vaultKeys(
    { ids: [`prod@${id}`, id, 'dev@prompt'], files: [file], ask: true },
    answering('d', 'a'),
    {
      env: { ANSIBLE_VAULT_PASSWORD_FILE: env, ANSIBLE_VAULT_IDENTITY_LIST: `one@${list} , two@${list}` },
    },
  )
  const [listed, given]: [id: string, password: string][][] = [
    [
      ['one', 'pw list'],
      ['two', 'pw list'],
    ],
    [
      ['prod', 'pw id'],
      ['default', 'pw id'],
      ['dev', 'd'],
      ['default', 'pw file'],
      ['default', 'pw env'],
      ['default', 'a'],
    ],
  ] as const
  are(found, ...listed!, ...given!)
})

test('a prompt names the id, and what is new is asked for twice', async () => {
  const asker = answering('old', 'new', 'new', 'n', 'n')
  are(await vaultKeys({ ...none, ids: ['prod@prompt'] }, asker, { env: {} }), ['prod', 'old'])
  const fresh = { env: {}, fresh: true }
  are(await vaultKeys({ ...none, ids: ['prod@prompt'], ask: true }, asker, fresh), ['prod', 'new'], ['default', 'n'])
  assert.equal(asker.questions, [
    'Vault password (prod): ',
    ...['New vault password (prod): ', 'Confirm new vault password (prod): '],
    ...['New vault password: ', 'Confirm new vault password: '],
  ])
  const differ = await failure(vaultKeys({ ...none, ask: true }, answering('a', 'b'), fresh))
  assert.is(differ.message, '--ask-vault-pass: the two passwords differ; type it again')
})

test('what is cut off around a password, and what is not', async () => {
  const wide = '\u3000密码\u00a0'
  const bytes = Buffer.from([0xff, 0xfe, 0x80])
  const files: readonly [file: string, password: string | Buffer][] = [
    [write('blanks', ' \t a b \r\n\n'), 'a b'],
    [write('none', 'a'), 'a'],
    [write('wide', `${wide}\n`), wide],
    [write('bom', '\ufeffa\n'), '\ufeffa'],
    [write('bytes', Buffer.concat([bytes, Buffer.from('\n')])), bytes],
    [program('blanks-kept', "printf '\\n a b \\r\\n\\n'"), ' a b '],
  ]
  const found = await vaultKeys({ ...none, files: files.map(([file]) => file) }, answering(), { env: {} })
  are(found, ...files.map(([, password]): [string, string | Buffer] => ['default', password]))
  are(await vaultKeys({ ...none, ask: true }, answering(' typed '), { env: {} }), ['default', 'typed'])
})

test('a password file may be encrypted with an earlier password', async () => {
  const first = write('first', 'first\n')
  const second = write('second', sealVault('second\n', new VaultKey('first')))
  are(
    await vaultKeys({ ...none, files: [first, second] }, answering(), { env: {} }),
    ['default', 'first'],
    ['default', 'second'],
  )
  const alone = await failure(vaultKeys({ ...none, files: [second] }, answering(), { env: {} }))
  assert.match(alone.message, /second: encrypted, and no vault password was given/)
})

test('a program is told the id when its name ends with -client, and only then', async () => {
  const say = 'printf %s "said:$*"'
  const [plain, client] = [program('keys.sh', say), program('keys-client.sh', say)]
  const ids = [`prod@${plain}`, `prod@${client}`, client]
  are(
    await vaultKeys({ ids, files: [client], ask: false }, answering(), { env: {} }),
    ['prod', 'said:'],
    ['prod', 'said:--vault-id prod'],
    ['default', 'said:'],
    ['default', 'said:--vault-id default'],
  )
})

test('a program that has ended is not waited for, though what it left running holds its streams open', async () => {
  const stray = join(folder, 'stray')
  const agent = program(
    'agent',
    `setsid sh -c 'echo $$ >${stray}; exec sleep 20' &\nwhile ! [ -s ${stray} ]; do :; done; echo pw`,
  )
  try {
    are(await vaultKeys({ ...none, files: [agent] }, answering(), { env: {} }), ['default', 'pw'])
  } finally {
    // Throws where it is gone: it was waited for.
    process.kill(Number(readFileSync(stray, 'utf8')), 'SIGKILL')
  }
})

test('a source without a password is one line that names it', async () => {
  const failing = program('fails', 'echo canary; echo no key in the ring >&2; exit 7')
  const circle = join(folder, 'circle')
  symlinkSync(circle, circle)
  const unknowing = program('no-client', 'exit 2')
  const cases: readonly [ids: string, says: string][] = [
    [failing, 'ended with exit code 7 and said: no key in the ring'],
    [`prod@${unknowing}`, 'knows no password for the vault id "prod"'],
    [program('not-run', '').replace('not-run', 'absent'), 'there is no such file'],
    [write('empty', ' \n'), 'an empty vault password'],
    [program('silent', ':'), 'an empty vault password'],
    [write('script', 'canary of a password\n', 0o755), 'it may be executed, and is no program'],
    [folder, 'a folder'],
    [circle, 'a link that leads back to itself'],
    ['prod@', 'no source of a password'],
    ['@x', '"" can\'t be a vault id'],
    ['a;b@x', '"a;b" can\'t be a vault id'],
    ['prod@prompt', 'there is no terminal to ask on'],
  ]
  for (const [id, says] of cases) {
    const { problems, code } = await failure(vaultKeys({ ...none, ids: [id] }, answering(), { env: {} }))
    assert.is(code, 4)
    assert.is(problems.length, 1)
    assert.is(problems[0]!.where, `--vault-id ${id}`)
    assert.ok(problems[0]!.what.includes(says), problems[0]!.what)
    assert.not.match(problems[0]!.what, /canary/)
  }
})

test('what may not be read is no stack trace: a password below a closed folder, a program, a folder that was written to', async () => {
  const closed = join(folder, 'closed')
  mkdirSync(closed)
  const [below, unread] = [join(closed, 'pw'), program('unread', 'echo pw')]
  writeFileSync(below, 'pw')
  chmodSync(unread, 0o711)
  const blind = join(folder, 'blind')
  mkdirSync(blind)
  chmodSync(folder, 0o755)
  chmodSync(closed, 0o600)
  chmodSync(blind, 0o333)
  const root = process.geteuid?.() === 0
  // Root may read all.
  if (root) process.seteuid?.(65534)
  try {
    const password = await failure(vaultKeys({ ...none, files: [below] }, answering(), { env: {} }))
    assert.match(password.message, /closed\/pw: cannot be read \(EACCES\); check its permissions/)
    const command = new ValueCommands()
    assert.throws(() => command.output([unread], 'x'), /x: the command \S+ ended with exit code \d+/)
    // The rename is done: what the folder then says of its own does not make it undone.
    replaceFile(join(blind, 'new'), 'content')
  } finally {
    if (root) process.seteuid?.(0)
    chmodSync(closed, 0o700)
    chmodSync(blind, 0o700)
  }
  assert.is(readFileSync(join(blind, 'new'), 'utf8'), 'content')
})

test.run()
