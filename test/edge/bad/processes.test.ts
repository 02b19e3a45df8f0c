/** A few of the bad inputs as a user meets them: a real process ends with exit code 4 and one line, and has done nothing. */
import { spawnSync } from 'node:child_process'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert, suite } from '../../kit.ts'

const test = suite('bad input, in processes')
const root = join(import.meta.dirname, '../../..')
const folder = mkdtempSync(join(tmpdir(), 'plinth-bad-'))
test.after(() => rmSync(folder, { recursive: true }))

// 192.0.2.0/24 is for documentation; who connects all the same ends with another exit code.
const good = 'all: { hosts: { db1: { ansible_host: 192.0.2.10 } } }\n'
/** Sockets of this machine are left alone: tsx has one. */
const noConnection = `data:text/javascript,import net from "node:net"; const { connect } = net.Socket.prototype;
  net.Socket.prototype.connect = function (...words) {
    if (!JSON.stringify(words).includes("\\"path\\"")) process.exit(99);
    return connect.apply(this, words) }`.replaceAll('\n', '')

const tree = (): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => {
      const { mode, size, mtimeMs } = lstatSync(join(folder, name))
      return [name, mode, size, mtimeMs].join(' ')
    })
    .sort()

/** Runs words of a shell in the folder; PLAYBOOK and PLINTH stand for the program with its options of node. */
function run(line: string) {
  const node = `'${process.execPath}' --import '${noConnection}' --import '${root}/node_modules/tsx/dist/loader.mjs'`
  const words = line
    .replace('PLAYBOOK', `${node} '${root}/playbooks/site.ts'`)
    .replace('PLINTH', `${node} '${root}/lib/entry/command.js'`)
  const env = { PATH: process.env.PATH, HOME: join(folder, 'home'), LANG: 'C.UTF-8', NO_COLOR: '1' }
  return spawnSync('bash', ['-c', words], { cwd: folder, env, encoding: 'utf8', timeout: 50_000 })
}

test.before(() => {
  for (const name of ['home', 'dead/group_vars']) mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(join(folder, 'lab.yaml'), good)
  writeFileSync(join(folder, 'none.retry'), '')
  writeFileSync(join(folder, 'colours.yaml'), '"\\e[31mweb\\e[0m": { hosts: { db1: } }\n')
  writeFileSync(join(folder, 'dead/lab.yaml'), good)
  symlinkSync('gone.yml', join(folder, 'dead/group_vars/all.yml'))
  assert.is(spawnSync('mkfifo', [join(folder, 'pipe')]).status, 0)
})

const cases: readonly (readonly [line: string, said: string])[] = [
  ['PLAYBOOK -i ./pipe', 'pipe: a pipe into which nothing was written; run by hand what should write into it'],
  ['PLAYBOOK -i lab.yaml -e @/dev/zero --check', '/dev/zero: larger than 4 MiB; name the right file'],
  ['PLAYBOOK -i dead/lab.yaml', 'dead/group_vars/all.yml: a link to gone.yml, which is not there; correct the link'],
  [
    'PLINTH inventory hosts -i lab.yaml @none.retry',
    'plinth inventory hosts: "@none.retry" names no host; write a name, or "all" for every host',
  ],
  [
    'PLINTH inventory list -i colours.yaml',
    'colours.yaml:1:1: "\\x1b[31mweb\\x1b[0m" cannot be the name of a group; use letters, digits, "_", "-" and "."',
  ],
]
for (const [line, said] of cases)
  test(
    line,
    () => {
      const before = tree()
      const { status, stdout, stderr } = run(line)
      assert.is(stderr, `${said}\n`)
      assert.is(stdout, '')
      assert.is(status, 4)
      assert.equal(tree(), before)
    },
    { timeout: 60 },
  )

test(
  'what a shell hands over as a pipe is read',
  () => {
    const { status, stdout, stderr } = run('PLINTH inventory hosts -i <(printf "a1\\na2\\n") -e @<(echo "x: 1") all')
    assert.is(`${stdout}${stderr}`, 'a1\na2\n')
    assert.is(status, 0)
  },
  { timeout: 60 },
)

test.run()
