/** playbooks/run.ts and facts.ts as they are called, on sshds on loopback. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { type Sshd, startSshd } from '../edge/sshd.ts'
import { assert, suite } from '../kit.ts'
import { conforms } from '../report/schemas.ts'

const test = suite('playbooks/each')
const root = new URL('../..', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'plinth-each-'))
/** Is there once the command of the inventory was run. */
const ran = join(folder, 'ran')
const sealed = join(folder, 'sealed.yaml')
let one: Sshd
let two: Sshd

test.before(async () => {
  ;[one, two] = await Promise.all([startSshd(), startSshd()])
  const host = ({ port, key, knownHosts }: Sshd) =>
    JSON.stringify({
      ...{ ansible_host: '127.0.0.1', ansible_port: port, ansible_user: 'root', ansible_ssh_private_key_file: key },
      ansible_ssh_common_args: `-F none -o UserKnownHostsFile=${knownHosts}`,
    })
  writeFileSync(
    join(folder, 'hosts.yaml'),
    `all:
  vars: { app: { password: correct-horse-battery, token: !command [sh, -c, "echo >${ran}; echo staple-battery"] } }
  children:
    web: { hosts: { web1: ${host(one)}, web-two: ${host(two)} } }
    gone: { hosts: { gone: { ansible_host: 127.0.0.1, ansible_port: 9, ansible_user: root } } }
`,
  )
  writeFileSync(
    sealed,
    'all: { hosts: { web1: { app: { a: !command [sh, -c, exit 3], b: !command [sh, -c, exit 4] } } } }\n',
  )
})
test.after(async () => {
  await Promise.all([one.stop(), two.stop()])
  rmSync(folder, { recursive: true })
})

interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function run(
  playbook: string,
  words: readonly string[],
  meanwhile?: (out: string, kill: () => void) => void,
): Promise<Ran> {
  const child = spawn(
    'node',
    ['--import', 'tsx', `playbooks/${playbook}.ts`, '-i', join(folder, 'hosts.yaml'), ...words],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, HOME: folder },
    },
  )
  const text = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text.out += piece
    meanwhile?.(text.out, () => child.kill('SIGINT'))
  })
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    text.err += piece
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...text })))
}
const slow = { timeout: 60 }
/** The lines of the table, by host, without their times. */
const ends = ({ out }: Ran): readonly string[] =>
  out.split('\n').flatMap((line) => /^(\S+) +\d+\.\d +(.*)$/.exec(line)?.slice(1).join(': ') ?? [])

test(
  'what hosts print comes while they run, with the host before it; stdin is at its end; secrets are stars',
  async () => {
    const flag = join(folder, 'go')
    // It goes on only once its first line was seen here.
    const command = `cat; echo "first $HOME"; until [ -e ${flag} ]; do sleep 0.1; done; echo 'x correct-horse-battery x staple-battery'; echo oops >&2; echo 第二`
    const ran = await run('run', ['-l', 'web', '--', command], (out) => {
      if (out.includes('web1    | first') && out.includes('web-two | first') && !existsSync(flag))
        writeFileSync(flag, '')
    })
    assert.is(ran.code, 0, ran.err)
    assert.match(ran.out, /^web1 {4}\| first \/root$/m)
    assert.match(ran.out, /^web-two \| x \*\*\* x \*\*\*$/m)
    assert.match(ran.out, /^web-two \| 第二$/m)
    assert.match(ran.err, /^web1 {4}\| oops$/m)
    assert.equal(ends(ran), ['web1: ok', 'web-two: ok'])
    assert.not.match(ran.out + ran.err, /correct-horse|staple/)
  },
  slow,
)

test(
  'exit codes are collected; a failed host is 1, one out of reach 3, and no host stops another',
  async () => {
    const failed = await run('run', [
      '-l',
      'web',
      '--',
      `[ "$SSH_CONNECTION" != "\${SSH_CONNECTION% ${one.port}}" ] && exit 7; echo well`,
    ])
    assert.equal(ends(failed), ['web1: exit code 7', 'web-two: ok'])
    assert.match(failed.out, /^web-two \| well$/m)
    assert.is(failed.code, 1, failed.err)
    const gone = await run('run', ['--json', '--', 'echo', 'well'])
    assert.is(gone.code, 3, gone.err)
    const document = JSON.parse(gone.out)
    assert.equal(
      document.hosts.map(({ host, state, exitCode, stdout }: Record<string, unknown>) => ({
        host,
        state,
        exitCode,
        stdout,
      })),
      [
        { host: 'web1', state: 'ok', exitCode: 0, stdout: 'well\n' },
        { host: 'web-two', state: 'ok', exitCode: 0, stdout: 'well\n' },
        { host: 'gone', state: 'unreachable', exitCode: undefined, stdout: undefined },
      ],
    )
    assert.is(document.exitCode, 3)
    conforms('errand', document)
    assert.match(gone.err, /^gone .*known host keys/m)
  },
  slow,
)

test(
  'a check runs nothing and reaches nobody; a command that hangs is ended; a shell mistake is one of the host',
  async () => {
    const check = await run('run', ['--check', '--', 'touch', join(folder, 'touched')])
    assert.is(check.code, 2, check.err)
    assert.match(check.out, /^ {2}touch .*touched$/m)
    assert.match(check.out, /^3 hosts; nothing was run\. Run it with: npx tsx playbooks\/run\.ts -i .* -- touch /m)
    assert.not.ok(existsSync(join(folder, 'touched')))
    const planned = JSON.parse((await run('run', ['--check', '--json', '-l', 'gone', '--', 'x'])).out)
    conforms('errand', planned)
    assert.equal(planned.hosts, [{ host: 'gone', machine: 'root@127.0.0.1:9' }])
    // What a pipe holds can be read only once, as in -e @<(program).
    const pipe = join(folder, 'pipe')
    assert.is(spawnSync('mkfifo', [pipe]).status, 0)
    const [late] = await Promise.all([
      run('run', ['-l', 'web1', '-e', `@${pipe}`, '--', 'sleep 60']),
      writeFile(pipe, 'deadline: 1\n'),
    ])
    assert.is(late.code, 1, late.err)
    assert.match(late.err, /web1: "sleep 60" had not ended after 1 s, so it was given up/)
    const wrong = await run('run', ['-l', 'web1', '--', "echo 'open"])
    assert.is(wrong.code, 1)
    assert.match(wrong.err, /^web1 \| .*(quote|Syntax)/m)
  },
  slow,
)

test(
  'Ctrl-C lets the command end, and begins it on no other host',
  async () => {
    const flag = join(folder, 'interrupted')
    let killed = false
    const ran = await run(
      'run',
      ['-l', 'web', '-f', '1', '--', `echo begun; until [ -e ${flag} ]; do sleep 0.1; done; echo ended`],
      (out, kill) => {
        if (killed || !out.includes('begun')) return
        killed = true
        kill()
        setTimeout(() => writeFileSync(flag, ''), 300)
      },
    )
    assert.is(ran.code, 130, ran.err)
    assert.match(ran.out, /^web1 {4}\| ended$/m)
    assert.equal(ends(ran), ['web1: ok', 'web-two: not begun'])
    assert.match(ran.out, /^Interrupted .* Go on with: npx tsx playbooks\/run\.ts .*/m)
  },
  slow,
)

test(
  'facts are shown by host, as text and as JSON',
  async () => {
    rmSync(ran, { force: true })
    const { code, out, err } = await run('facts', ['-l', 'web1'])
    assert.is(code, 0, err)
    assert.not.ok(existsSync(ran), 'who only looks runs no command of the inventory')
    assert.match(out, /^host +arch +system .*\nweb1 +(amd64|arm64) +\S+ \S+/)
    const document = JSON.parse((await run('facts', ['-l', 'web1', '--json'])).out)
    conforms('errand', document)
    assert.is(document.hosts[0].host, 'web1')
    assert.ok(document.hosts[0].facts.memory > 0)
  },
  slow,
)

test(
  'what is wrong with the call is said before anybody is asked',
  async () => {
    writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
    writeFileSync(
      join(folder, 'none.ts'),
      `import { each } from '${root}lib/index.ts'
await each(() => ({ name: 'x', hosts: [], acts: true, on: async () => ({ value: '' }) }))
`,
    )
    const none = relative(join(root, 'playbooks'), join(folder, 'none'))
    for (const [playbook, words, says] of [
      ['run', [], /^--: what is to be run\?; put it last: -- uptime$/m],
      [
        'run',
        ['-e', '{"deadline": !env NOWHERE}', '--', 'x'],
        /^--extra-vars:1:19: the environment has no variable NOWHERE/,
      ],
      ['run', ['uptime'], /^uptime: not expected here; .*-- COMMAND$/m],
      ['run', ['-l', 'wbe', '--', 'x'], /^--limit: .*wbe/m],
      ['run', ['-e', 'deadlin=3', '--', 'x'], /^--extra-vars: deadlin: unknown key; did you mean "deadline"/m],
      [
        'run',
        ['-e', 'deadline=0', '--', 'x'],
        /^--extra-vars: deadline: expected a time such as 30s or 5m, at least 1s/m,
      ],
      ['run', ['--prune', '--', 'x'], /^--prune: means nothing to/m],
      [
        'run',
        ['-i', sealed, '-l', 'web1', '--', 'x'],
        /:1:\d+: the command sh ended with exit code 3[\s\S]*exit code 4/,
      ],
      [
        none,
        [],
        /^inventory: this playbook finds no host in it; see its groups with: npx plinth inventory graph -i NAME$/m,
      ],
      ['facts', ['-C'], /^--check: means nothing to a playbook that only looks; leave it out$/m],
      ['facts', ['--', 'x'], /^--: this playbook takes no words/m],
    ] as const) {
      const { code, err } = await run(playbook, words)
      assert.is(code, 4, err)
      assert.match(err, says)
    }
  },
  slow,
)

test.run()
