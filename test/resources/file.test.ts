import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Secret, sha256 } from '../../lib/core/secret.ts'
import { file } from '../../lib/resources/file.ts'
import { replaceFile } from '../../lib/resources/path.ts'
import { canned } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'
import { me, mkdirs, Sandbox, shells } from '../shells.ts'
import { apply, planFor, plans, shown } from './cases.ts'

const test = suite('resources/file')
const box = new Sandbox(test)

/** Whose a file is that `chown` is needed for. */
const theirs = process.getuid?.() === 0 ? { owner: 'daemon', group: 'daemon' } : me

const hello = sha256('hello\n')
const other = sha256('other\n')
const stat = 'stat:/etc/app.conf'
const hash = 'hash:/etc/app.conf'

plans(test, file('/etc/app.conf', { content: 'hello\n', owner: 'app', group: 'adm', mode: '0640' }), {
  'empty host': {
    answers: {},
    action: 'create',
    changes: ['group:  → adm', 'mode:  → 0640', 'owner:  → app', `sha256:  → ${hello}`, 'type:  → file'],
    says: ['write /etc/app.conf'],
  },
  keep: { answers: { [stat]: 'regular file|640|app|adm|6', [hash]: hello }, action: 'keep' },
  'another content': {
    answers: { [stat]: 'regular file|640|app|adm|6', [hash]: other },
    action: 'update',
    changes: [`sha256: ${other} → ${hello}`],
    says: ['write /etc/app.conf'],
  },
  'another mode': {
    answers: { [stat]: 'regular file|600|app|adm|6', [hash]: hello },
    action: 'update',
    changes: ['mode: 0600 → 0640'],
    says: ['set owner and mode of /etc/app.conf'],
  },
  'a setuid bit': {
    answers: { [stat]: 'regular file|4640|app|adm|6', [hash]: hello },
    action: 'update',
    changes: ['mode: 4640 → 0640'],
    says: ['set owner and mode of /etc/app.conf'],
  },
  'another owner and group': {
    answers: { [stat]: 'regular file|640|root|root|6', [hash]: hello },
    action: 'update',
    changes: ['group: root → adm', 'owner: root → app'],
    says: ['set owner and mode of /etc/app.conf'],
  },
  'a link to the right content': {
    answers: { [stat]: 'symbolic link|777|app|adm|6', [hash]: hello },
    action: 'update',
    changes: ['mode: 0777 → 0640', 'type: link → file'],
    says: ['write /etc/app.conf'],
  },
  'a directory': {
    answers: { [stat]: 'directory|640|app|adm|4096' },
    action: 'blocked',
    changes: [`sha256:  → ${hello}`, 'type: directory → file'],
    problems: ['/etc/app.conf: a directory is where a file should be; move it away'],
  },
})

plans(test, file('/etc/empty', { content: '' }), {
  'an empty file is a file': {
    answers: { 'stat:/etc/empty': 'regular empty file|644|root|root|0', 'hash:/etc/empty': sha256('') },
    action: 'keep',
  },
})

plans(test, file('/etc/secret', { content: new Secret('hunter2'), mode: '0600' }), {
  'a secret content shows no digest': {
    answers: { 'stat:/etc/secret': 'regular file|600|root|root|6', 'hash:/etc/secret': other },
    action: 'update',
    changes: ['sha256: *** → another ***'],
    says: ['write /etc/secret'],
  },
})

/** The lines that are shown when a file has this content, and the questions they take. */
function linesOf(wanted: ReturnType<typeof file>, content: string | Uint8Array | null, type = 'regular file|644') {
  const bytes = content === null ? null : Buffer.from(content)
  const answers = bytes && {
    [stat]: `${type}|root|root|${bytes.length}`,
    [hash]: sha256(bytes),
    ...Object.fromEntries(wanted.detail!.along!.map(({ key }) => [`differing:${key}`, bytes.toString('base64')])),
  }
  return wanted.detail!.lines(canned(answers ?? {}))
}
const app = '/etc/app.conf'
const details: readonly [
  name: string,
  wanted: ReturnType<typeof file>,
  now: Parameters<typeof linesOf>[1],
  lines: readonly string[],
  type?: string,
][] = [
  ['another text', file(app, { content: 'b\n' }), 'a\n', ['@@ -1,1 +1,1 @@', '-a', '+b']],
  ['the same content', file(app, { content: 'a\n', mode: '0644' }), 'a\n', []],
  ['a new one', file(app, { content: 'b\n' }), null, ['@@ -0,0 +1,1 @@', '+b']],
  ['bytes that are text', file(app, { content: Buffer.from('b\n') }), 'a\n', ['@@ -1,1 +1,1 @@', '-a', '+b']],
  ['a secret', file(app, { content: new Secret('b\n') }), 'a\n', ['(no lines: it is secret)']],
  ['a new secret', file(app, { content: new Secret('b\n') }), null, ['(no lines: it is secret)']],
  ['a secret that stays', file(app, { content: new Secret('b\n'), mode: '0600' }), 'b\n', []],
  [
    'for its owner alone, in future',
    file(app, { content: 'b\n', mode: '0600' }),
    'a\n',
    ['(no lines: only its owner may read it)'],
  ],
  [
    'for its owner alone, until now',
    file(app, { content: 'b\n', mode: '0644' }),
    'a\n',
    ['(no lines: only its owner may read it)'],
    'regular file|600',
  ],
  [
    "a password that moves out of a file of its group's",
    file(app, { content: 'port=1\npassword_file=/etc/app.secret\n', mode: '0640' }),
    'port=1\npassword=hunter2\n',
    ['@@ -1,2 +1,2 @@', ' port=1', '-password=***', '+password_file=/etc/app.secret'],
    'regular file|640',
  ],
  [
    'another password',
    file(app, { content: 'password=b\n', mode: '0640' }),
    'password=a\n',
    ['@@ -1,1 +1,1 @@', '-password=***', '+password=***'],
    'regular file|640',
  ],
  ['a link', file(app, { content: 'b\n' }), 'a\n', ['(no lines: a link is there now)'], 'symbolic link|777'],
  ['binary now', file(app, { content: 'b\n' }), 'a\0\n', ['(no lines: not UTF-8 text)']],
  ['binary to be', file(app, { content: new Uint8Array([0, 1]) }), 'a\n', ['(no lines: not UTF-8 text)']],
  ['GBK', file(app, { content: 'b\n' }), new Uint8Array([0xc4, 0xe3, 0xba, 0xc3]), ['(no lines: not UTF-8 text)']],
  ['large now', file(app, { content: 'b\n' }), 'a'.repeat(65_537), ['(no lines: more than 64 KiB)']],
  ['large to be', file(app, { content: 'b'.repeat(65_537) }), 'a\n', ['(no lines: more than 64 KiB)']],
  [
    'just small enough',
    file(app, { content: 'b'.repeat(65_536) }),
    '',
    ['@@ -0,0 +1,1 @@', `+${'b'.repeat(65_536)}`, '\\ No newline at end of file'],
  ],
]
for (const [name, wanted, now, lines, type] of details)
  test(`what is shown of ${name}`, () => assert.equal(linesOf(wanted, now, type), lines))

test('nothing is shown of what a link on the way leads to that root would not follow', () => {
  const answers = {
    [stat]: 'regular file|644|root|root|2',
    [hash]: sha256('a\n'),
    [`differing:${sha256('b\n')} /etc/app.conf`]: Buffer.from('a\n').toString('base64'),
    'refusal:/etc': 'is reached by a link of user 4711, to a folder of user 0: etc leads to /root',
  }
  const wanted = file(app, { content: 'b\n' })
  assert.is(wanted.plan(canned(answers), new Set()).action, 'blocked')
  // Its folder is about to be mended: nobody knows yet.
  for (const id of ['directory:/etc', 'symlink:/etc', 'directory:/./etc/', 'directory:/usr/..//etc'])
    assert.is(wanted.plan(canned(answers), new Set([id])).action, 'update', id)
  for (const id of ['directory:/etc/app.conf', 'directory:/et', 'unit:etc', 'directory:/'])
    assert.is(wanted.plan(canned(answers), new Set([id])).action, 'blocked', id)
  assert.equal(wanted.detail!.lines(canned(answers)), ['(no lines: it is reached by a link)'])
})

test('what is not shown is not asked for', () => {
  const readers = ({ detail }: ReturnType<typeof file>) =>
    [detail!.probe, detail!.along!].map((questions) => questions.map(({ reader }) => reader.name))
  assert.equal(readers(file(app, { content: 'a' })), [['hash', 'stat', 'refusal', 'differing'], ['differing']])
  for (const hidden of [{ content: new Secret('a') }, { content: 'a', mode: '0600' }, { content: 'a'.repeat(65_537) }])
    assert.equal(readers(file(app, hidden)), [['hash'], []])
})

for (const shell of shells) {
  test(`${shell}: the lines of a real file; large ones and links are not even read`, () => {
    const path = join(box.fresh(), 'f')
    const wanted = file(path, { content: 'hello\n', ...me })
    const lines = () => wanted.detail!.lines(box.ask(shell, wanted.detail!.probe))
    writeFileSync(path, 'edited\n')
    assert.equal(lines(), ['@@ -1,1 +1,1 @@', '-edited', '+hello'])
    const excerpt = wanted.detail!.along![0]!
    writeFileSync(path, 'x'.repeat(65_537))
    assert.is(box.ask(shell, [excerpt])(excerpt), '')
    assert.equal(lines(), ['(no lines: more than 64 KiB)'])
    rmSync(path)
    symlinkSync('/etc/passwd', path)
    assert.is(box.ask(shell, [excerpt])(excerpt), '')
    assert.equal(lines(), ['(no lines: a link is there now)'])
  })
}

test('the content is no part of the command', () => {
  const plan = file('/etc/secret', { content: new Secret('hunter2') }).plan(() => '', new Set())
  assert.not(plan.steps.some(({ run, say }) => `${run}${say}`.includes('hunter2')))
  assert.is(plan.steps[0]?.input, 'hunter2')
})

const contents: Readonly<Record<string, string | Uint8Array>> = {
  text: 'hello\n',
  empty: '',
  'no end of line': 'a',
  'shell text': "it's $HOME `id` \\n %s\n",
  bytes: new Uint8Array([0, 255, 10, 0, 128]),
}

for (const shell of shells) {
  for (const [name, content] of Object.entries(contents)) {
    test(`${shell}: writes ${name}, once`, () => {
      const path = join(box.fresh(), "-a file's 名字 $x")
      const plan = apply(box, shell, file(path, { content, ...me, mode: '0600' }))
      assert.is(plan.action, 'create')
      assert.equal(readFileSync(path), Buffer.from(content))
      assert.is(statSync(path).mode & 0o7777, 0o600)
      assert.equal(readdirSync(join(path, '..')).length, 1, 'nothing is left beside it')
    })
  }

  test(`${shell}: each drift is named and mended`, () => {
    const folder = box.fresh()
    const path = join(folder, 'f')
    const wanted = file(path, { content: 'hello\n', ...me, mode: '0640' })
    apply(box, shell, wanted)
    const drifts: Readonly<Record<string, () => void>> = {
      sha256: () => writeFileSync(path, 'edited\n'),
      mode: () => chmodSync(path, 0o666),
      type: () => {
        rmSync(path)
        writeFileSync(join(folder, 'elsewhere'), 'hello\n', { mode: 0o640 })
        symlinkSync('elsewhere', path)
      },
    }
    for (const [key, damage] of Object.entries(drifts)) {
      damage()
      assert.ok(shown(planFor(box, shell, wanted)).some((change) => change.startsWith(`${key}: `)))
      apply(box, shell, wanted)
      assert.is(readFileSync(path, 'utf8'), 'hello\n')
      assert.ok(lstatSync(path).isFile())
    }
    assert.is(readFileSync(join(folder, 'elsewhere'), 'utf8'), 'hello\n', 'a link is replaced, not followed')
  })

  test(`${shell}: links at its path are replaced, whatever they point to`, () => {
    const folder = box.fresh()
    mkdirSync(join(folder, 'dir'))
    const targets = {
      'to a directory': 'dir',
      dangling: 'nowhere',
      'to itself': 'to itself',
      'to a device': '/dev/null',
    }
    for (const [name, target] of Object.entries(targets)) {
      const path = join(folder, name)
      symlinkSync(target, path)
      apply(box, shell, file(path, { content: 'hello\n', ...me }))
      assert.is(readFileSync(path, 'utf8'), 'hello\n')
    }
    assert.equal(readdirSync(join(folder, 'dir')), [])
  })

  test(`${shell}: a directory at its path is neither entered nor removed`, () => {
    const path = join(box.fresh(), 'dir')
    mkdirSync(path)
    assert.is(planFor(box, shell, file(path, { content: 'x' })).action, 'blocked')
    // It may have come since it was looked at.
    const { code, stderr } = box.run(shell, replaceFile(path, me).text, 'x')
    assert.is(code, 1)
    assert.match(stderr, /is a directory, not a file/)
    assert.equal(readdirSync(path), [])
  })

  test(`${shell}: what a killed run left behind is swept, and nothing else`, () => {
    const folder = box.fresh()
    for (const name of ['.plinth.Ab12cd', '.plinth.x y', 'plinth.keep', '.plinthkeep'])
      writeFileSync(join(folder, name), '')
    mkdirs(join(folder, '.plinth.release/half'))
    apply(box, shell, file(join(folder, 'f'), { content: 'x', ...me }))
    assert.equal(readdirSync(folder).sort(), ['.plinthkeep', 'f', 'plinth.keep'])
  })

  test(`${shell}: the old file or the new one, whichever command dies`, () => {
    const commands = ['mkdir', 'dd', 'chown', 'chmod', 'sync', 'mv']
    const deaths = commands.flatMap((command) => [
      { command, how: 'exit 1', before: 'old\n' },
      { command, how: 'kill -9 $PPID; exit 1', before: command === 'mv' ? undefined : 'old\n' },
    ])
    for (const { command, how, before } of deaths) {
      const folder = box.fresh()
      const path = join(folder, 'f')
      if (before !== undefined) writeFileSync(path, before)
      const bin = mkdirs(join(folder, 'bin'))
      writeFileSync(join(bin, command), `#!/bin/sh\n${how}\n`, { mode: 0o755 })
      const { run } = file(path, { content: 'new\n', ...theirs }).plan(() => '', new Set()).steps[0]!
      assert.is.not(box.run(shell, run, 'new\n', bin).code, 0, `${command} ${how}`)
      const now = existsSync(path) ? readFileSync(path, 'utf8') : undefined
      assert.ok(now === before || now === 'new\n', `${command} ${how}: ${now}`)
      rmSync(bin, { recursive: true })
      assert.is(box.run(shell, run, 'new\n').code, 0)
      assert.equal(readdirSync(folder), ['f'], 'the next write sweeps')
      assert.is(readFileSync(path, 'utf8'), 'new\n')
    }
  })

  test(`${shell}: the content is never readable by others, at no moment`, () => {
    const folder = box.fresh()
    const path = join(folder, 'f')
    const bin = mkdirs(join(folder, 'bin'))
    // Each command that touches the file first writes down how it looks.
    for (const command of ['chown', 'chmod', 'sync', 'mv']) {
      writeFileSync(
        join(bin, command),
        `#!/bin/sh\nif [ -e new ]; then /usr/bin/stat -c %a new >>/proc/$PPID/fd/9; fi\nexec /usr/bin/${command} "$@"\n`,
        { mode: 0o755 },
      )
    }
    const wanted = file(path, { content: new Secret('hunter2'), ...theirs, mode: '0600' })
    const [step] = wanted.plan(() => '', new Set()).steps
    const { code, stderr } = box.run(shell, `exec 9>modes\n${step!.run}`, 'hunter2', bin)
    assert.is(code, 0, stderr)
    const modes = readFileSync(join(box.folder, 'modes'), 'utf8').trim().split('\n')
    assert.ok(modes.length >= 3 && modes.every((mode) => mode === '600'), modes.join(' '))
  })
}

test('a link switched in the middle of the path is nobody’s business: the folder is the one that is named', () => {
  const folder = box.fresh()
  mkdirSync(join(folder, 'real'))
  symlinkSync('real', join(folder, 'alias'))
  apply(box, 'dash', file(join(folder, 'alias/f'), { content: 'x', ...me }))
  assert.is(readFileSync(join(folder, 'real/f'), 'utf8'), 'x')
  assert.is(readlinkSync(join(folder, 'alias')), 'real')
})

test('a path without a folder is one of the root: the shell of a machine is there', () => {
  assert.is(replaceFile('bare', me).text, replaceFile('/bare', me).text)
})

test('of a file that only its owner may read the digest is not shown: a weak password could be guessed from it', () => {
  for (const [mode, to] of [
    ['0600', '***'],
    ['0400', '***'],
    ['0640', hello],
  ] as const)
    assert.is(
      file('/f', { content: 'hello\n', mode })
        .plan(canned({}), new Set())
        .changes.find(({ key }) => key === 'sha256')?.to,
      to,
    )
  const now = canned({ 'stat:/f': 'regular file|600|root|root|6', 'hash:/f': other })
  assert.equal(shown(file('/f', { content: 'hello\n', mode: '0640' }).plan(now, new Set())), [
    'mode: 0600 → 0640',
    'sha256: *** → another ***',
  ])
})

test.run()
