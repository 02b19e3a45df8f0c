/** Plans that are saved, reviewed and done on real hosts: exactly what was planned, or nothing and why. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256 } from '../../lib/core/secret.ts'
import { assert, suite } from '../kit.ts'
import { inside, mainPid, type PlaybookOptions, playbook, prepareLab, type Ran, testLab } from './playbook.ts'

const test = suite('planfile')
const folder = mkdtempSync(join(tmpdir(), 'plinth-planfile-'))
test.after(() => rmSync(folder, { recursive: true }))
const plan = join(folder, 'site.plan')
const password = 'lab-canary-word'

/** Runs the playbook over an inventory with these words. */
function site(words: string, args: readonly string[], options: PlaybookOptions = {}): Promise<Ran & { text: string }> {
  const { folder: lab } = testLab.layout
  const inventory = join(folder, 'hosts.yaml')
  const vars = [
    'all:',
    '  vars:',
    '    ansible_user: root',
    `    ansible_ssh_private_key_file: ${lab}/id_ed25519`,
    `    ansible_ssh_common_args: -o UserKnownHostsFile=${lab}/known_hosts`,
    `    words: ${words}`,
    `    password: ${password}`,
    `    mysql: { user: plinth_admin, password: !file ${lab}/secrets/mysql_admin_password }`,
    '  children:',
    `    mysql: { hosts: { db1: { ansible_host: ${testLab.addressOf('db1')} } } }`,
    `    apps: { hosts: { nacos1: { ansible_host: ${testLab.addressOf('nacos1')} } } }`,
  ]
  writeFileSync(inventory, `${vars.join('\n')}\n`)
  return playbook('../test/lab/plan-site', args, options).then((ran) => ({ ...ran, text: ran.stdout + ran.stderr }))
}
const make = (words: string): Promise<Ran & { text: string }> =>
  site(words, ['-i', join(folder, 'hosts.yaml'), '--plan-out', plan])
const perform = (words: string, options: PlaybookOptions = {}): Promise<Ran & { text: string }> =>
  site(words, ['--apply', plan], options)

const mysql = (sql: string): Promise<string> => inside('db1', `mysql -N -e "${sql}"`)
const words = (): Promise<string> => inside('nacos1', 'cat /opt/planned/words /opt/planned/last')

test(
  'the hosts are there, and bare',
  async () => {
    await prepareLab(['db1', 'nacos1'], [])
  },
  { timeout: 900 },
)

test(
  'a plan is for its owner, holds no secret and no digest of one, and is done as it was shown, once',
  async () => {
    const made = await make('hello')
    assert.is(made.code, 2, made.text)
    assert.match(made.text, /Apply with: npx tsx test\/lab\/plan-site\.ts -i .*hosts\.yaml --apply .*site\.plan/)
    assert.is(statSync(plan).mode & 0o777, 0o600)
    const text = readFileSync(plan, 'utf8')
    const machine = (await inside('nacos1', 'cat /etc/machine-id')).trim()
    for (const word of [password, sha256(password), Buffer.from(password).toString('base64'), machine])
      assert.not(text.includes(word.slice(0, 32)), word)
    const compared = await site('hello', ['--apply', plan, '--check'])
    assert.is(compared.code, 2, compared.text)
    assert.is((await testLab.run('nacos1', 'test -e /opt/planned')).code, 1)
    const done = await perform('hello')
    assert.is(done.code, 0, done.text)
    assert.is(await words(), 'hello\nhello, and last\n')
    assert.match(await mysql("SHOW GRANTS FOR 'planned'@'10.%'"), /SELECT, INSERT/)
    const again = await perform('hello')
    assert.is(again.code, 0, again.text)
    assert.match(again.text, /site\.plan: was done already/)
  },
  { timeout: 120 },
)

test(
  'a file and an account that moved are named, and nothing is written',
  async () => {
    await make('changed')
    await inside('nacos1', "printf 'by hand\\n' >/opt/planned/words")
    await mysql("GRANT DELETE ON planned.* TO 'planned'@'10.%'")
    const pid = await mainPid('nacos1', 'planned')
    const { code, text } = await perform('changed')
    assert.is(code, 1, text)
    assert.match(
      text,
      /nacos1 file:\/opt\/planned\/words: the host moved since the plan was made: sha256 was .*, is .*; make a new plan/,
    )
    assert.match(
      text,
      /db1 account:planned@10\.%: the host moved since the plan was made: not declared was \(none\), is DELETE; make a new plan/,
    )
    assert.is(await words(), 'by hand\nhello, and last\n')
    assert.is(await mainPid('nacos1', 'planned'), pid)
    await mysql("REVOKE DELETE ON planned.* FROM 'planned'@'10.%'")
  },
  { timeout: 120 },
)

test(
  'an inventory that was edited is refused, and so is another inventory',
  async () => {
    await make('one')
    const { code, text } = await perform('two')
    assert.is(code, 1, text)
    assert.match(
      text,
      /nacos1 file:\/opt\/planned\/words: it is declared otherwise since the plan was made; put inventory/,
    )
    const other = await site('one', ['--apply', plan, '-i', 'lab'])
    assert.is(other.code, 4, other.text)
    assert.match(other.text, /site\.plan: made with -i .*hosts\.yaml, not with -i lab; /)
  },
  { timeout: 120 },
)

test(
  'killed in the middle, the same plan goes on',
  async () => {
    await make('again')
    const pid = await mainPid('nacos1', 'planned')
    await perform('again', { interruptAt: /write \/opt\/planned\/words/, signal: 'SIGKILL' })
    assert.not.match(await words(), /again, and last/)
    // What was begun on the host ends by itself.
    let repeated = await perform('again')
    for (let tries = 0; /another run/.test(repeated.text) && tries < 20; tries++) repeated = await perform('again')
    assert.is(repeated.code, 0, repeated.text)
    assert.is(await words(), 'again\nagain, and last\n')
    assert.is.not(await mainPid('nacos1', 'planned'), pid)
    const last = await site('again', ['-i', join(folder, 'hosts.yaml'), '--check'])
    assert.is(last.code, 0, last.text)
  },
  { timeout: 120 },
)

test.run()
