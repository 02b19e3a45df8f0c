/** Whole playbooks on a real terminal, over an sshd on loopback: the questions of --step, and a run that is stopped at once. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { assert, suite } from '../kit.ts'
import { conforms } from '../report/schemas.ts'
import { type Sshd, startSshd } from './sshd.ts'

const test = suite('edge/terminal-run')
const root = new URL('../..', import.meta.url).pathname
const slow = { timeout: 60 }

/** What a run leaves on a host is left in folders that only this sshd sees. */
const ownFolders = `for d in /var/lib /var/log /var/cache /run; do mount -t tmpfs none $d; done; mkdir /run/sshd`
let sshd: Sshd
const children = new Set<ChildProcess>()
const end = (): void => {
  for (const child of children) child.kill('SIGKILL')
}
test.before(async () => {
  process.on('exit', end)
  sshd = await startSshd({ mounts: ownFolders })
  const host = `ansible_host: 127.0.0.1, ansible_port: ${sshd.port}, ansible_user: ${sshd.user}`
  const key = `ansible_ssh_private_key_file: ${sshd.key}`
  const known = `ansible_ssh_common_args: -o UserKnownHostsFile=${sshd.knownHosts}`
  writeFileSync(at('hosts.yaml'), `all: { hosts: { h1: { ${host}, ${key}, ${known} } } }\n`)
  const imports = `import { directory, file, main, params, perform, play, readers, resource, due, done } from '${root}lib/entry/plinth.js'\n`
  writeFileSync(
    at('site.mjs'),
    `${imports}await main((fleet) => [play('app', fleet.group('all', params({})), () => [
      file('${at('made/first')}', { content: '1' }),
      directory('${at('made/second')}'),
      file('${at('made/second/inside')}', { content: '2' }),
      file('${at('made/third')}', { content: '3' }),
      file('${at('made/fourth')}', { content: '4' }),
    ])])\n`,
  )
  const standing = `: >${at('made/held')}; while [ ! -e ${at('made/go')} ]; do sleep 0.05; done; : >${at('made/left')}`
  writeFileSync(
    at('holding.mjs'),
    `${imports}const go = { reader: readers.stat, key: '${at('made/go')}' }
    await main((fleet) => [play('app', fleet.group('all', params({})), () => [
      file('${at('made/first')}', { content: '1' }),
      resource({
        id: 'hold:it',
        probe: [go],
        read: (answers) => (answers(go) === '' ? null : { there: 'yes' }),
        desired: { there: 'yes' },
        steps: () => [{ say: 'hold it', run: '${standing}' }],
      }),
      file('${at('made/last')}', { content: '1' }),
    ])])\n`,
  )
  writeFileSync(
    at('leak.mjs'),
    `${imports}import { reveal, secret, sh } from '${root}lib/entry/plinth.js'
    const it = { reader: readers.stat, key: '${at('made/second')}' }
    await main((fleet) => [play('app', fleet.group('all', params({ password: secret() })), ({ params: { password } }) => [
      resource({
        id: 'leak:it',
        probe: [it],
        read: (answers) => (answers(it) === '' ? null : { there: 'yes' }),
        desired: { there: 'yes' },
        steps: () => [{ say: 'say it', run: sh\`echo \${reveal(password)} >&2; false\`.text }],
      }),
    ])])\n`,
  )
  writeFileSync(
    at('bug.mjs'),
    `${imports}const it = { reader: readers.stat, key: '${at('made/second')}' }
    let looks = 0
    await main((fleet) => [play('app', fleet.group('all', params({})), () => [
      file('${at('made/first')}', { content: '1' }),
      resource({
        id: 'bug:it',
        probe: [it],
        read: (answers) => {
          if (++looks > 2) throw new TypeError('no such word')
          return answers(it) === '' ? null : { there: 'yes' }
        },
        desired: { there: 'yes' },
        steps: () => [{ say: 'make it', run: ': >${at('made/second')}' }],
      }),
    ])])\n`,
  )
  writeFileSync(
    at('bug-procedure.mjs'),
    `${imports}await perform((fleet) => {
      fleet.group('all', params({}))
      const look = async () => due('nothing', 'make it')
      return { name: 'make it', actions: [{ name: 'one', wants: 'it', look, work: async () => null.word }] }
    })\n`,
  )
  writeFileSync(
    at('procedure.mjs'),
    `${imports}import { existsSync, writeFileSync } from 'node:fs'
    const there = (name) => existsSync('${at('made')}/' + name)
    const wait = async () => { while (!there('go')) await new Promise((then) => setTimeout(then, 50)) }
    await perform((fleet) => {
      fleet.group('all', params({}))
      const one = (name, work) => ({
        name, wants: name + ' is made', work,
        look: async () => (there(name) ? done(name + ' is there') : due('no ' + name, 'make ' + name)),
      })
      return { name: 'make things', notes: ['All made.'], actions: [
        one('one', (work) => work.deed('here', 'write one', 'touch one', async () => writeFileSync('${at('made/one')}', ''))),
        one('two', (work) => work.deed('here', 'write two', 'touch two', async () => {
          writeFileSync('${at('made/held')}', '')
          await wait()
          writeFileSync('${at('made/two')}', '')
        })),
        one('three', (work) => work.deed('here', 'write three', 'touch three', async () => writeFileSync('${at('made/three')}', ''))),
      ] }
    })\n`,
  )
})
test.after(async () => {
  end()
  process.off('exit', end)
  await sshd?.stop()
})
const at = (name: string): string => join(sshd.folder, name)

/** As before any run. */
function fresh(): void {
  rmSync(at('made'), { recursive: true, force: true })
  rmSync(at('code'), { force: true })
  mkdirSync(at('made'))
}
const made = (): readonly string[] => readdirSync(at('made'), { recursive: true, encoding: 'utf8' }).sort()

interface Running {
  /** All that was shown, without colours, when it has ended. */
  readonly ended: Promise<string>
  /** What the terminal was told until now, with `|` for a line that is taken back. */
  told(): string
  kill(signal: NodeJS.Signals): void
  type(keys: string): void
  /** Waits until this was said `times` times. */
  said(words: RegExp, times?: number): Promise<void>
}

/**
 * Starts a playbook, on a terminal of its own if wanted; its exit code is left in the file `code`.
 * @param redirection where the terminal's shell leads its output
 */
function start(playbook: string, args: readonly string[], terminal = true, redirection = ''): Running {
  const words = [process.execPath, at(playbook), '-i', at('hosts.yaml'), ...args]
  const inside = `trap : INT; ( trap '' HUP; trap : INT; '${words.join("' '")}' ${redirection}; echo $? >${at('code')}; stty -a >${at('stty')} ); exit`
  const [command = '', ...rest] = terminal
    ? ['script', '-qefc', inside, '/dev/null']
    : ['sh', '-c', `'${words.join("' '")}' & trap 'kill -INT $!' INT; wait $!; wait $!; echo $? >${at('code')}`]
  const child = spawn(command, rest, {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: sshd.folder, LANG: 'C.UTF-8', NO_COLOR: '1', SHELL: '/bin/sh', TERM: 'xterm' },
    stdio: [terminal ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  })
  children.add(child)
  let text = ''
  let heard = (): void => {}
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
      heard()
    })
  let over = false
  const ended = new Promise<string>((resolve) => {
    child.on('close', () => {
      children.delete(child)
      over = true
      heard()
      resolve(stripVTControlCharacters(text).replaceAll('\r', ''))
    })
  })
  return {
    ended,
    told: () => text.replaceAll('\r\x1b[K', '|'),
    kill: (signal) => void child.kill(signal),
    type: (keys) => void child.stdin?.write(keys),
    async said(words, times = 1) {
      const all = new RegExp(words, 'g')
      while ([...stripVTControlCharacters(text).matchAll(all)].length < times) {
        if (over) throw new Error(`it ended without saying ${words} ${times} times: ${text}`)
        await new Promise<void>((resolve) => {
          heard = resolve
        })
      }
    },
  }
}

/** Whether the terminal echoes and waits for whole lines, as it was before. */
const asBefore = (): boolean =>
  / echo /.test(readFileSync(at('stty'), 'utf8')) && / icanon/.test(readFileSync(at('stty'), 'utf8'))
const code = (): string => readFileSync(at('code'), 'utf8').trim()
const asked = (name: string): RegExp =>
  new RegExp(`h1: .*${name}\\? \\(y\\)es, \\(n\\)o, \\(c\\)ontinue without asking, \\(q\\)uit: `)
const ctrlC = '\x03'
const ctrlD = '\x04'
const ctrlZ = '\x1a'

test(
  '--step: yes does it, no leaves it and what stands on it, an answer that is none is asked again, continue asks no more',
  async () => {
    fresh()
    const running = start('site.mjs', ['--step'])
    await running.said(asked('first'))
    assert.equal(made(), [], 'nothing is done before the answer')
    running.type('perhaps\n')
    await running.said(asked('first'), 2)
    running.type('y\n')
    await running.said(asked('second'))
    running.type('NO\n')
    await running.said(asked('third'))
    assert.equal(made(), ['first'])
    running.type('c\n')
    const text = await running.ended
    assert.is(code(), '0', text)
    assert.equal(made(), ['first', 'fourth', 'third'])
    assert.not.match(text, asked('inside'))
    assert.not.match(text, asked('fourth'))
    assert.ok(asBefore())
    fresh()
    writeFileSync(at('made/first'), '1')
  },
  slow,
)

test(
  'a question of the login stays on the screen until it is answered, and what was under way is shown again after it',
  async () => {
    fresh()
    const key = at('locked')
    copyFileSync(sshd.key, key)
    execFileSync('ssh-keygen', ['-q', '-p', '-a', '1', '-N', 'correct horse', '-f', key], { stdio: 'ignore' })
    const running = start('site.mjs', ['--check', '-e', `ansible_ssh_private_key_file=${key}`])
    await running.said(/Passphrase for \S+locked: /)
    // It would stop one of several processes, and what is typed next would be shown.
    running.type(ctrlZ)
    // More than twice the time after which a live line is drawn anew.
    await sleep(1200)
    assert.match(running.told(), /\|Passphrase for \S+locked: $/)
    running.type('correct horse\n')
    const text = await running.ended
    assert.is(code(), '2', text)
    assert.match(running.told(), /locked: \r?\n\|reading 1 machine/)
    assert.not.match(text, /correct horse/)
    assert.ok(asBefore())
  },
  slow,
)

test(
  'a question is put where a person sees it, wherever stderr leads',
  async () => {
    fresh()
    const running = start('site.mjs', ['--check', '-k'], true, `2>${at('errors')} >${at('result')}`)
    await running.said(/SSH password: $/)
    running.type('canary\n')
    const text = await running.ended
    assert.is(code(), '2', text + readFileSync(at('errors'), 'utf8'))
    assert.not.match(text, /canary/)
    assert.not.match(readFileSync(at('errors'), 'utf8'), /SSH password/)
    assert.ok(asBefore())
  },
  slow,
)

const leaving: Readonly<Record<string, (running: Running) => void>> = {
  'q, which means quit': (running) => running.type('q\n'),
  'Ctrl-C at the question': (running) => running.type(ctrlC),
  'the end of input': (running) => running.type(ctrlD),
}
for (const [name, leave] of Object.entries(leaving))
  test(
    `--step: ${name}: what is done stays, nothing more is, exit code 130, and the terminal is as before`,
    async () => {
      fresh()
      const running = start('site.mjs', ['--step', '--report', at('report')])
      await running.said(asked('first'))
      running.type('yes\n')
      await running.said(asked('second'))
      leave(running)
      const text = await running.ended
      assert.is(code(), '130', text)
      assert.equal(made(), ['first'])
      assert.match(text, /Interrupted after [\d.]+ s: nothing is half-written\. Go on with: npx tsx .*--step/)
      assert.not.match(text, /Stopped|ENOENT|Error/)
      assert.ok(asBefore())
      const report = JSON.parse(readFileSync(at('report/report.json'), 'utf8')) as { readonly unfinished: unknown }
      conforms('report', report)
      assert.equal(report.unfinished, [
        {
          host: 'h1',
          play: 'app',
          done: [`write ${at('made/first')}`],
          undone: [
            `make directory ${at('made/second')}`,
            ...['second/inside', 'third', 'fourth'].map((file) => `write ${at(`made/${file}`)}`),
          ],
        },
      ])
    },
    slow,
  )

test(
  '--step: the terminal is closed at the question: as if interrupted',
  async () => {
    fresh()
    const running = start('site.mjs', ['--step'])
    await running.said(asked('first'))
    running.kill('SIGKILL')
    await running.ended
    while (!existsSync(at('code'))) await sleep(20)
    assert.is(code(), '130')
    assert.equal(made(), [])
  },
  slow,
)

test(
  'a secret that a role put into a command is not shown when that fails: not on the screen, and not in a report',
  () => {
    fresh()
    const [report, word] = [at('report'), 'hunter2hunter2']
    const args = ['-i', at('hosts.yaml'), '-e', `password=${word}`, '--report', report, '--events', at('leak.jsonl')]
    const { status, stdout, stderr } = spawnSync(process.execPath, [at('leak.mjs'), ...args], {
      cwd: root,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: sshd.folder },
    })
    assert.is(status, 1, stderr)
    assert.match(stderr, /"say it" ended with exit code 1:\n +\*\*\*/)
    assert.match(stderr, /command: echo \*\*\* >&2; false/)
    const files = readdirSync(report).map((name) => readFileSync(join(report, name), 'utf8'))
    assert.is(files.length, 3)
    for (const text of [stdout, stderr, ...files, readFileSync(at('leak.jsonl'), 'utf8')])
      assert.not(text.includes(word), text)
  },
  slow,
)

for (const [playbook, schema, sentence, trace] of [
  [
    'bug.mjs',
    'report',
    /Failed on 1 of 1 host after .* go on with: npx tsx /,
    /TypeError: no such word\n +at .*bug\.mjs:10/,
  ],
  [
    'bug-procedure.mjs',
    'procedure',
    /make it: failed at "one" after .* go on with: npx tsx /,
    /TypeError: .*\n +at .*bug-procedure\.mjs:5/,
  ],
] as const)
  test(
    `a bug in ${playbook}: recap, page, results, document and the end of the stream, then its trace and exit code 1`,
    () => {
      fresh()
      const report = at('report')
      rmSync(report, { recursive: true, force: true })
      const args = ['-i', at('hosts.yaml'), '--report', report, '--events', at('bug.jsonl')]
      const { status, stdout, stderr } = spawnSync(process.execPath, [at(playbook), ...args], {
        cwd: root,
        encoding: 'utf8',
        env: { PATH: process.env.PATH, HOME: sshd.folder },
      })
      assert.is(status, 1, stderr)
      assert.match(stdout, sentence)
      assert.match(stderr, /a bug in the playbook, in a role or in Plinth: TypeError: /)
      assert.match(stderr, trace)
      assert.equal(readdirSync(report).sort(), ['junit.xml', 'report.html', 'report.json'])
      const told = JSON.parse(readFileSync(join(report, 'report.json'), 'utf8'))
      conforms(schema, told)
      assert.equal([told.exitCode, told.interrupted, told.stopped, told.failures.length], [1, false, undefined, 1])
      assert.match(readFileSync(join(report, 'junit.xml'), 'utf8'), /failures="1"/)
      assert.match(readFileSync(at('bug.jsonl'), 'utf8').trim().split('\n').at(-1) ?? '', /"event":"result"/)
    },
    slow,
  )

test(
  'Ctrl-C again: it ends at once, and leaves what is known: page, results, document, stream',
  async () => {
    fresh()
    const running = start('holding.mjs', ['--report', at('stopped'), '--events', at('stopped.jsonl')])
    while (!existsSync(at('made/held')))
      await Promise.race([sleep(20), running.ended.then((text) => assert.unreachable(text))])
    running.type(ctrlC)
    await running.said(/finishing the step in hand/)
    // What comes sooner is the same key.
    await sleep(1100)
    running.type(ctrlC)
    const text = await running.ended
    assert.is(code(), '130', text)
    assert.match(
      text,
      /Stopped at once: what was under way ends there by itself, .*\("hold it" on h1\)\. Go on with: npx tsx /,
    )
    assertStopped('report', ['begin', 'connecting', 'planned', 'play', 'step', 'done', 'step', 'result'], {
      done: [`write ${at('made/first')}`],
      undone: [`write ${at('made/last')}`],
    })
    writeFileSync(at('made/go'), '')
    while (!existsSync(at('made/left'))) await sleep(20)
  },
  slow,
)

test(
  'a plan that finds no room at the end: said, exit code 1, the report is there, and nobody is sent to apply it',
  () => {
    fresh()
    mkdirSync(at('small'))
    const [plan, report] = [at('small/site.plan'), at('report')]
    rmSync(report, { recursive: true, force: true })
    // An empty file can be made there, and no more.
    const full = `mount -t tmpfs -o size=64k none ${at('small')}; cat /dev/zero >${at('small/rest')} 2>/dev/null || :`
    const words = [process.execPath, at('site.mjs'), '-i', at('hosts.yaml'), '--plan-out', plan, '--report', report]
    const { status, stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-ec', `${full}\nexec "$@"`, 'sh', ...words], {
      cwd: root,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: sshd.folder },
    })
    assert.is(status, 1, stderr)
    assert.match(stderr, /^warning: \S+site\.plan: the plan could not be written \(ENOSPC\); see to the disk/m)
    assert.match(stdout, /5 resources differ on 1 host; nothing was changed/)
    assert.match(stdout, /--plan-out \S+site\.plan/)
    assert.not.match(stdout, /--apply/)
    assert.equal(readdirSync(report).sort(), ['junit.xml', 'report.html', 'report.json'])
    const told = JSON.parse(readFileSync(join(report, 'report.json'), 'utf8'))
    conforms('report', told)
    assert.is(told.exitCode, 1)
    assert.match(JSON.stringify(told.warnings), /the plan could not be written/)
  },
  slow,
)

/** The report of a run that was stopped, in all its forms. */
function assertStopped(schema: 'report' | 'procedure', events: readonly string[], expected: object): void {
  assert.equal(readdirSync(at('stopped')).sort(), ['junit.xml', 'report.html', 'report.json'])
  const report = JSON.parse(readFileSync(at('stopped/report.json'), 'utf8')) as Report
  conforms(schema, report)
  assert.equal([report.exitCode, report.interrupted, report.stopped], [130, true, true])
  assert.is(report.failures.length, 1)
  const [{ step, done, undone } = { step: { exitCode: 0 }, done: [], undone: [] }] = report.failures
  assert.equal({ done, undone }, expected)
  assert.is(step.exitCode, null)
  assert.match(readFileSync(at('stopped/report.html'), 'utf8'), /Stopped at once after/)
  assert.match(readFileSync(at('stopped/junit.xml'), 'utf8'), /failures="1"/)
  const lines = readFileSync(at('stopped.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly event: string })
  for (const line of lines) conforms('events', line)
  assert.equal(
    lines.map(({ event }) => event).filter((event) => event !== 'plan'),
    events,
  )
}

interface Report {
  readonly exitCode: number
  readonly interrupted: boolean
  readonly stopped?: boolean
  readonly failures: readonly {
    readonly step: { readonly exitCode: number | null }
    readonly done: readonly string[]
    readonly undone: readonly string[]
  }[]
}

test(
  'a procedure that is stopped at once leaves what is known; the same command goes on, and leaves its report, stream and document',
  async () => {
    fresh()
    const args = ['--report', at('stopped'), '--events', at('stopped.jsonl')]
    const running = start('procedure.mjs', args)
    while (!existsSync(at('made/held')))
      await Promise.race([sleep(20), running.ended.then((text) => assert.unreachable(text))])
    running.type(ctrlC)
    await running.said(/finishing the action in hand/)
    await sleep(1100)
    running.type(ctrlC)
    const text = await running.ended
    assert.is(code(), '130', text)
    const until = ['begin', 'looked', 'play', 'step', 'done', 'acted', 'play', 'step', 'result']
    assertStopped('procedure', until, { done: ['one'], undone: ['three'] })
    writeFileSync(at('made/go'), '')
    rmSync(at('code'))
    const again = await start('procedure.mjs', [...args, '--json']).ended
    assert.is(code(), '0', again)
    const report = JSON.parse(readFileSync(at('stopped/report.json'), 'utf8')) as {
      readonly actions: readonly { readonly state: string }[]
    }
    conforms('procedure', report)
    assert.equal(JSON.parse(again.slice(again.indexOf('{'), again.lastIndexOf('}') + 1)), report)
    assert.equal(
      report.actions.map(({ state }) => state),
      ['kept', 'done', 'done'],
    )
    assert.match(readFileSync(at('stopped/report.html'), 'utf8'), /make things: done/)
    assert.match(readFileSync(at('stopped/junit.xml'), 'utf8'), /tests="3" failures="0"/)
  },
  slow,
)

test.run()
