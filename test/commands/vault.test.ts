/** `plinth vault` as it is called. (What its vaults are beside ansible-vault's: test/edge/vault-interop.test.ts.) */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { newKeyOf } from '../../lib/commands/vault-keys.ts'
import { openVault, sealVault, VaultKey } from '../../lib/edge/vault.ts'
import { answering } from '../edge/askers.ts'
import { eventually } from '../edge/channels.ts'
import { assert, suite } from '../kit.ts'

const test = suite('plinth vault')
const plinth = join(import.meta.dirname, '..', '..', 'lib', 'entry', 'command.js')
const folder = mkdtempSync(join(tmpdir(), 'plinth-vault-command-'))
const children: ChildProcess[] = []
test.after(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})
const slow = { timeout: 60 }
/** Seconds for what takes parts of one, so that what never comes to an end is ended within a test. */
const bounds = 15

const at = (name: string): string => join(folder, name)
const read = (name: string): string => readFileSync(at(name), 'utf8')
const modeOf = (name: string): string => (statSync(at(name)).mode & 0o777).toString(8)
function write(name: string, content: string | Buffer, mode = 0o600): string {
  writeFileSync(at(name), content)
  chmodSync(at(name), mode)
  return at(name)
}
/** An editor, or another program, that is a script. */
const editor = (name: string, script: string): string => write(name, `#!/bin/sh\n${script}\n`, 0o755)

const [old, fresh] = [new VaultKey('old one', 'prod'), new VaultKey('new one', 'fresh')]
write('old', 'old one\n')
write('new', 'new one\n')

const env = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  ...{ PATH: process.env.PATH, HOME: folder, XDG_RUNTIME_DIR: at('runtime') },
  ...more,
})
/** Runs `plinth vault` with these words in the folder. */
function run(line: string, { input = '', ...more }: NodeJS.ProcessEnv & { readonly input?: string } = {}) {
  const words = ['vault', ...line.split(' ')]
  const { status, stdout, stderr } = spawnSync(process.execPath, [plinth, ...words], {
    ...{ cwd: folder, encoding: 'utf8', input, timeout: 50_000 },
    env: env(more),
  })
  return { code: status, out: stdout, err: stderr }
}
const canary = 'canary-5f1c'
const plain = `a: 1\nb: ${canary}\n`
const value = (vault: string): string => vault.trimEnd().replaceAll('\n', '\n      ')
const mixed = (key: VaultKey): string =>
  `# ours\none: !vault |\n      ${value(sealVault('first', key))}\ntwo: { x: 1 }   # two\nmore:\n  - !vault |\n      ${value(sealVault(canary, old.as('default')))}\n`

/** Nothing that was written beside is left. */
const tidy = (): void =>
  assert.equal(
    readdirSync(folder).filter((name) => name.includes('.plinth.')),
    [],
  )

test(
  'encrypt and decrypt work in place, keep modes and links, and touch nothing where one file is wrong',
  () => {
    write('a.yml', plain, 0o640)
    write('b.yml', plain, 0o644)
    symlinkSync('b.yml', at('link.yml'))
    const { code, err } = run('encrypt a.yml link.yml --vault-id prod@old')
    assert.is(code, 0, err)
    assert.is(err, 'a.yml: encrypted (vault id "prod")\nlink.yml: encrypted (vault id "prod")\n')
    assert.is(openVault(read('b.yml'), [old], 'b').reveal(), plain)
    assert.equal(['a.yml', 'b.yml'].map(modeOf), ['640', '644'])
    const before = read('a.yml')
    const again = run('encrypt new a.yml absent --vault-id prod@old')
    assert.is(again.code, 4)
    assert.is(
      again.err,
      'a.yml: it is encrypted already; leave it, or give it another password with rekey\nabsent: there is no such file; correct the path\n',
    )
    assert.equal([read('a.yml'), read('new')], [before, 'new one\n'])
    assert.is(run('decrypt a.yml b.yml --vault-id prod@old').code, 0)
    assert.equal([read('a.yml'), read('b.yml')], [plain, plain])
    // Others, whom nobody has thought of, can't read what is no longer encrypted; the group can.
    assert.equal(['a.yml', 'b.yml'].map(modeOf), ['640', '640'])
    assert.ok(statSync(at('link.yml')).isFile())
    tidy()
  },
  slow,
)

test(
  'standard input and output, and --output',
  () => {
    const piped = run('encrypt --vault-id prod@old', { input: plain })
    assert.is(openVault(piped.out, [old], 'stdin').reveal(), plain)
    assert.is(piped.err, '')
    assert.is(run('decrypt --vault-id prod@old', { input: piped.out }).out, plain)
    write('c.yml', piped.out)
    assert.is(run('decrypt c.yml --vault-id prod@old --output -').out, plain)
    assert.is(run('decrypt c.yml --vault-id prod@old --output d.yml').code, 0)
    assert.equal([read('c.yml'), read('d.yml'), modeOf('d.yml')], [piped.out, plain, '600'])
    const there = run('decrypt c.yml --vault-id prod@old --output old')
    assert.equal([there.code, read('old')], [4, 'old one\n'])
    assert.match(there.err, /^--output old: it is there already, and would be replaced; give another name/)
    for (const line of ['encrypt', 'encrypt-string'])
      assert.match(run(`${line} --vault-id prod@old --output old`, { input: 'x' }).err, /old: it is there already/)
    assert.is(
      run('decrypt d.yml --vault-id prod@old --output ./d.yml').err,
      'd.yml: it is not encrypted; name a file that is\n',
    )
    // A device in its place would be no device any more.
    symlinkSync('/dev/null', at('null'))
    assert.match(run('encrypt null --vault-id prod@old').err, /^null: it can't be written \(EINVAL\)/)
    assert.ok(statSync('/dev/null').isCharacterDevice())
  },
  slow,
)

test(
  'view shows whole files and single values, and says at which line one can not be opened',
  () => {
    write('whole.yml', sealVault(plain, old))
    write('mixed.yml', mixed(old))
    const { out } = run('view whole.yml mixed.yml --vault-id prod@old')
    assert.is(out, `${plain}# ours\none: "first"\ntwo: { x: 1 }   # two\nmore:\n  - "${canary}"\n`)
    write('odd.yml', mixed(fresh))
    const { code, err } = run('view odd.yml --vault-id prod@old')
    assert.is(code, 4)
    assert.is(
      err,
      'odd.yml:2: the vault password is wrong (vault id "fresh", tried: prod); add --vault-id fresh@FILE\n',
    )
  },
  slow,
)

test(
  'rekey gives whole files and single values another password; what was done already is left alone',
  () => {
    write('whole.yml', sealVault(plain, old), 0o644)
    write('mixed.yml', mixed(old), 0o640)
    const line = 'rekey whole.yml mixed.yml --vault-id prod@old --new-vault-id fresh@new'
    const { code, err } = run(line)
    assert.is(code, 0, err)
    assert.is(
      err,
      'whole.yml: has the new password (vault id "fresh")\nmixed.yml: has the new password (vault id "fresh")\n',
    )
    assert.is(openVault(read('whole.yml'), [fresh], 'w').reveal(), plain)
    const shape = (text: string): string => text.replace(/ +[0-9a-f]{3,}\n/g, '').replace(/1\.[12];AES256.*/g, '')
    assert.is(shape(read('mixed.yml')), shape(mixed(old)))
    assert.equal(['whole.yml', 'mixed.yml'].map(modeOf), ['644', '640'])
    const done = [read('whole.yml'), read('mixed.yml')]
    assert.is(run(line).code, 0)
    assert.equal([read('whole.yml'), read('mixed.yml')], done, 'a second time changes nothing')
    write('other.yml', sealVault('x', new VaultKey('a third one')))
    write('whole.yml', sealVault(plain, old))
    const [before, refused] = [
      read('whole.yml'),
      run('rekey whole.yml other.yml --vault-id prod@old --new-vault-id fresh@new'),
    ]
    assert.is(refused.code, 4)
    assert.match(
      refused.err,
      /^other\.yml: none of the vault passwords fits \(vault id "default", tried: prod, fresh\);/,
    )
    assert.is(read('whole.yml'), before, 'nothing is written before all is read')

    // As `rekey … group_vars/*` names them: files without a secret are passed over, what hides one is refused.
    const rest = '--vault-id prod@old --new-vault-id fresh@new'
    write('plain.yml', 'a: 1\n')
    write('several.yml', `${mixed(old)}---\n${mixed(old)}`)
    const several = run(`rekey whole.yml plain.yml several.yml ${rest}`)
    assert.is(several.code, 0, several.err)
    assert.match(several.err, /^plain\.yml: nothing in it is encrypted, passed over\nwhole\.yml: has the new/)
    assert.is(read('several.yml').match(/AES256;fresh/g)?.length, 4)
    assert.is(read('plain.yml'), 'a: 1\n')
    write('gbk.yml', Buffer.concat([Buffer.from(mixed(old)), Buffer.from([0x23, 0xc3, 0xdc, 0xc2, 0xeb, 0x0a])]))
    const unread: readonly [line: string, says: RegExp][] = [
      ['plain.yml', /^plain\.yml: it is not encrypted;/],
      [
        write('hurt.yml', 'a: !vault |\n  $ANSIBL\n').replace(/^.*\//, ''),
        /^hurt\.yml: a value in it has the tag !vault and is no vault, or/,
      ],
      ['whole.yml gbk.yml', /^gbk\.yml:\d+:2: not UTF-8 text; save the file as UTF-8/],
      [`whole.yml ${write('torn.yml', `a: [\n${mixed(old)}`)}`, /torn\.yml: it has a vault in it, and is no YAML/],
    ]
    for (const [line, says] of unread) {
      const names = readdirSync(folder).filter((name) => name.endsWith('.yml'))
      const contents = names.map((name) => readFileSync(at(name)))
      const { code, err } = run(`rekey ${line} ${rest}`)
      assert.is(code, 4, err)
      assert.match(err, says)
      assert.equal(
        names.map((name) => readFileSync(at(name))),
        contents,
      )
    }
  },
  slow,
)

test(
  'a rekey that is stopped half-way says which files are done, and is repeated as it is',
  () => {
    const names = ['one/x.yml', 'two/x.yml', 'three/x.yml']
    for (const name of names) {
      mkdirSync(at(name.split('/')[0]!))
      write(name, sealVault(plain, old))
    }
    const line = `rekey ${names.join(' ')} --vault-id prod@old --new-vault-id fresh@new`
    // Also root can't write here: the name of the file beside is taken by a folder that is not empty.
    const script = `
      mkdir -p two/.x.yml.plinth.$$/x
      exec ${process.execPath} ${plinth} vault ${line}`
    const { status, stderr } = spawnSync('sh', ['-c', script], { cwd: folder, encoding: 'utf8', env: env() })
    assert.is(status, 1)
    assert.match(stderr, /^two\/x\.yml: it can't be written \(\w+\), and it keeps its old password; see to the disk/)
    assert.match(
      stderr,
      /\nof 3 files: done: one\/x\.yml, not done: two\/x\.yml, three\/x\.yml; see to the disk .* run it again/,
    )
    assert.equal(
      names.map((name) => /AES256;(.*)/.exec(read(name))![1]),
      ['fresh', 'prod', 'prod'],
    )
    const first = read('one/x.yml')
    for (const name of readdirSync(at('two')).filter((name) => name.startsWith('.')))
      rmSync(at(`two/${name}`), { recursive: true })
    assert.is(run(line).code, 0)
    assert.is(read('one/x.yml'), first)
    for (const name of names) assert.is(openVault(read(name), [fresh], name).reveal(), plain)
  },
  slow,
)

test(
  'encrypt-string takes its value from stdin, without one line break, and never from the command line',
  () => {
    const { out } = run('encrypt-string --name db_password --vault-id prod@old', { input: `${canary}\n` })
    assert.match(out, /^db_password: !vault \|\n {10}\$ANSIBLE_VAULT;1\.2;AES256;prod\n( {10}[0-9a-f]+\n)+$/)
    assert.is(openVault(out.replace(/^.*\n/, '').replace(/^ +/gm, ''), [old], 'x').reveal(), canary)
    write('pasted.yml', `a: 1\n${out}`)
    assert.is(run('view pasted.yml --vault-id prod@old').out, `a: 1\ndb_password: "${canary}"\n`)
    assert.match(run('encrypt_string --vault-id prod@old', { input: 'x' }).out, /^!vault \|\n/)
    // A program that prints the password does not get the value that is piped in.
    const greedy = editor('greedy', 'cat > /dev/null; echo old one')
    assert.match(run(`encrypt-string --vault-id prod@${greedy}`, { input: canary }).out, /^!vault \|\n/)
    const told = run(`encrypt-string ${canary} --vault-id prod@old`)
    assert.is(told.code, 4)
    assert.match(told.err, /a secret in the command line can be seen by everybody here/)
    assert.not.match(told.err, /canary/)
    assert.match(run('encrypt-string --vault-id prod@old').err, /an empty value; give one/)
    assert.match(run('encrypt-string --name a:b --vault-id prod@old', { input: 'x' }).err, /"a:b" is no name/)
  },
  slow,
)

test(
  'which password encrypts is said where there are several',
  () => {
    const both = '--vault-id prod@old --vault-id fresh@new'
    write('x.yml', plain)
    assert.match(
      run(`encrypt x.yml ${both}`).err,
      /which of the 2 passwords is to encrypt \(vault ids: prod, fresh\)\?;/,
    )
    assert.match(
      run(`encrypt x.yml ${both} --encrypt-vault-id dev`).err,
      /no password was given for the vault id "dev"/,
    )
    assert.is(run(`encrypt x.yml ${both} --encrypt-vault-id fresh`).code, 0)
    assert.match(read('x.yml'), /;fresh\n/)
    assert.is(run(`rekey x.yml ${both} --encrypt-vault-id prod`).code, 0)
    assert.match(read('x.yml'), /;prod\n/)
    assert.match(run('encrypt b.yml').err, /^--ask-vault-pass: there is no terminal to ask on;/)
    assert.is(run('view x.yml', { ANSIBLE_VAULT_PASSWORD_FILE: at('old') }).out, plain)
    assert.is(run('view x.yml', { ANSIBLE_VAULT_IDENTITY_LIST: `prod@${at('old')}` }).out, plain)
  },
  slow,
)

test('the new password of a rekey is typed twice where no option gives it', async () => {
  const given = { has: () => false, all: () => [], words: [] }
  const key = await newKeyOf(given, answering('typed', 'typed'))
  assert.is(openVault(sealVault('x', key), [new VaultKey('typed')], 'x').reveal(), 'x')
})

test(
  'edit gives the editor a file that only its owner reads, and writes only what was edited',
  () => {
    const path = write('e.yml', sealVault(plain, old), 0o640)
    const look = editor(
      'look',
      'stat -c "%a %a" "$1" "${1%/*}" > seen; echo "$1" >> seen; cat "$1" >> seen; echo "c: 3" >> "$1"',
    )
    const { code, err } = run('edit e.yml --vault-id prod@old', { EDITOR: 'false', VISUAL: look })
    assert.is(code, 0, err)
    assert.is(err, 'e.yml: saved, encrypted (vault id "prod")\n')
    const [modes, folderModes, place, ...content] = read('seen').split('\n')
    assert.equal([modes, folderModes, content.join('\n')], ['600 600', '700 700', plain])
    assert.match(place!, /\/plinth-vault-\w+\/secret\.yml$/)
    assert.not(existsSync(place!.replace(/\/[^/]+$/, '')))
    assert.is(openVault(read('e.yml'), [old], 'e').reveal(), `${plain}c: 3\n`)
    assert.is(modeOf('e.yml'), '640')

    const before = [readFileSync(path, 'utf8'), statSync(path).ino, statSync(path).mtimeMs]
    const unchanged: readonly [editor: string, code: number, says: RegExp][] = [
      ['true', 0, /^e\.yml: nothing was edited, it is as it was\n$/],
      ['false', 4, /^\$EDITOR: the editor ended with exit code 1, the file is as it was; edit it again\n$/],
      [editor('gone', 'rm "$1"'), 4, /has removed what it was given/],
      ['/nowhere/vi', 4, /the editor \/nowhere\/vi can't be run \(ENOENT\), the file is as it was; set VISUAL/],
      ['vi "', 4, /a quote that does not end/],
      [' ', 4, /^\$EDITOR: only blanks, and no editor; correct it/],
      [editor('torn', 'echo x >> "$1"; kill -9 $$'), 4, /the editor ended with SIGKILL/],
    ]
    for (const [EDITOR, code, says] of unchanged) {
      const ended = run('edit e.yml --vault-id prod@old', { EDITOR })
      assert.is(ended.code, code, ended.err)
      assert.match(ended.err, says)
      assert.equal([readFileSync(path, 'utf8'), statSync(path).ino, statSync(path).mtimeMs], before, EDITOR)
    }
    assert.match(run('edit mixed.yml --vault-id prod@old').err, /only single values in it are encrypted, not the file;/)
    assert.match(run('edit - --vault-id prod@old').err, /^-: only files can be edited; name one\n$/)
  },
  slow,
)

test(
  'an edit that can not be saved is kept in a hidden file, encrypted, and no earlier one is lost',
  () => {
    mkdirSync(at('aside'))
    const cases: readonly [script: string, says: RegExp][] = [
      ['echo "d: 4" >> "$1"; echo changed > kept/hosts.yaml', /: somebody else changed it meanwhile, your edit is in /],
      [
        `echo "d: 4" >> "$1"; rm kept/hosts.yaml`,
        /: there is no such file, your edit is in kept\/\.hosts\.yaml\.edited\./,
      ],
      [
        'echo "d: 4" >> "$1"; mkdir -p kept/.hosts.yaml.plinth.$PPID/x',
        /: it can't be written \(\w+\), your edit is in /,
      ],
      [
        'echo "d: 4" >> "$1"; rm -r kept',
        /: there is no such file, your edit is in \S+\/aside\/\.hosts\.yaml\.edited\./,
      ],
    ]
    for (const [script, says] of cases) {
      rmSync(at('kept'), { recursive: true, force: true })
      mkdirSync(at('kept'))
      write('kept/.hosts.yaml.edited', 'an earlier one')
      write('kept/hosts.yaml', sealVault(plain, old))
      const { code, err } = run('edit kept/hosts.yaml --vault-id prod@old', {
        ...{ EDITOR: editor('meanwhile', script), TMPDIR: at('aside') },
      })
      assert.is(code, 4, err)
      assert.match(err, says)
      const [, aside = ''] = /your edit is in (\S+), encrypted; /.exec(err) ?? []
      assert.match(
        openVault(readFileSync(join(folder, aside.replace(folder, '')), 'utf8'), [old], 'e').reveal(),
        /d: 4\n$/,
      )
      if (existsSync(at('kept'))) assert.is(read('kept/.hosts.yaml.edited'), 'an earlier one')
    }
  },
  slow,
)

test(
  'edit opens no editor before all can be opened and written, and says which are saved',
  () => {
    const names = ['m1.yml', 'm2.yml', 'm3.yml']
    for (const name of names) write(name, sealVault(plain, old))
    const mark = editor('mark', 'echo "d: 4" >> "$1"; echo x >> opened; test $(wc -l < opened) = 1')
    const { code, err } = run(`edit ${names.join(' ')} --vault-id prod@old`, { EDITOR: mark })
    assert.is(code, 1)
    assert.match(
      err,
      /^m1\.yml: saved, .*\n\$EDITOR: the editor ended with exit code 1, the file is as it was; edit it again\n/,
    )
    assert.match(err, /\nof 3 files: saved: m1\.yml, not saved: m2\.yml, m3\.yml; edit the others\n$/)
    rmSync(at('opened'))
    write('m3.yml', sealVault(plain, fresh))
    const early = run(`edit ${names.join(' ')} --vault-id prod@old`, { EDITOR: mark })
    assert.equal([early.code, existsSync(at('opened'))], [4, false])
    assert.match(early.err, /^m3\.yml: the vault password is wrong/)
    const line = `mkdir -p .m1.yml.plinth.$$/x; EDITOR=${mark} exec ${process.execPath} ${plinth} vault edit m1.yml --vault-id prod@old`
    const full = spawnSync('sh', ['-c', line], { cwd: folder, encoding: 'utf8', env: env() })
    assert.equal([full.status, existsSync(at('opened'))], [4, false])
    assert.match(full.stderr, /^m1\.yml: it can't be written \(\w+\), and nothing was edited;/)
    for (const name of readdirSync(folder).filter((name) => name.startsWith('.m1.yml')))
      rmSync(at(name), { recursive: true })
    // Where the editor's file can't be written: no file may have a byte.
    const small = spawnSync('sh', ['-c', `trap '' 25; ulimit -f 0; ${line.replace(/^[^;]*; /, '')}`], {
      ...{ cwd: folder, encoding: 'utf8', env: env() },
    })
    assert.equal([small.status, existsSync(at('opened'))], [4, false])
    assert.match(small.stderr, /plinth-vault-\w+: it can't be written \(EFBIG\), and the file is as it was; set TMPDIR/)
  },
  slow,
)

test(
  'after a signal nothing is left of what was edited, and the file is as it was',
  async () => {
    const path = write('s.yml', sealVault(plain, old))
    const before = read('s.yml')
    const wait = editor(
      'wait',
      'echo x >> "$1"; echo $$ > editor.pid; echo "$1" > seen.new; mv seen.new seen; exec sleep 50',
    )
    const editorRuns = (): boolean => {
      const stat = `/proc/${read('editor.pid').trim()}/stat`
      return existsSync(stat) && !/ Z /.test(readFileSync(stat, 'utf8'))
    }
    for (const [signal, code] of [
      ['SIGTERM', 130],
      ['SIGHUP', 130],
      ['SIGQUIT', 130],
    ] as const) {
      for (const name of ['seen', 'editor.pid']) rmSync(at(name), { force: true })
      const words = [plinth, 'vault', 'edit', path, '--vault-id', `prod@${at('old')}`]
      const child = spawn(process.execPath, words, { cwd: folder, stdio: 'ignore', env: env({ EDITOR: wait }) })
      children.push(child)
      const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
      // What does not end by the signal is ended here, with the editor, so that a failure leaves nothing that runs.
      const bound = setTimeout(() => child.kill('SIGKILL'), bounds * 1000)
      try {
        await eventually(() => existsSync(at('seen')), bounds)
        const place = read('seen').trim()
        assert.ok(existsSync(place))
        child.kill('SIGINT')
        child.kill(signal)
        assert.is(await ended, code, signal)
        assert.not(existsSync(dirname(place)), signal)
        assert.is(read('s.yml'), before)
        await eventually(() => !editorRuns(), bounds)
      } finally {
        clearTimeout(bound)
        child.kill('SIGKILL')
        if (existsSync(at('editor.pid')) && editorRuns()) process.kill(Number(read('editor.pid')), 'SIGKILL')
        if (existsSync(at('seen'))) rmSync(dirname(read('seen').trim()), { recursive: true, force: true })
      }
    }
    tidy()
  },
  slow,
)

const wrong: readonly (readonly [line: string, says: RegExp])[] = [
  ['encyrpt x', /^plinth vault: "encyrpt" is not known; did you mean "encrypt"/],
  ['view', /^plinth vault view: which file\?;/],
  ['view x --output y', /--output is for encrypt, decrypt, encrypt-string;/],
  ['encrypt a.yml b.yml --output y --vault-id prod@old', /--output: 2 files, and one place for them;/],
  ['view old --vault-id prod@old', /^old: it is not encrypted;/],
  [
    'decrypt mixed.yml --vault-id prod@old',
    /only single values in it are encrypted, not the file; see them with plinth vault view/,
  ],
  ['view . --vault-id prod@old', /^\.: a folder, not a file;/],
  ['rekey a.yml --vault-id prod@old --new-vault-id a@new --new-vault-password-file new', /more than one new password/],
  ['view a.yml --vault-pasword-file x', /unknown option; did you mean "--vault-password-file"/],
]
test(
  'a slip in the command line is one line',
  () => {
    for (const [line, says] of wrong) {
      const { code, out, err } = run(line)
      assert.is(code, 4, line)
      assert.match(err, says)
      assert.is(err.split('\n').length, 2, err)
      assert.is(out, '')
    }
    const { out } = run('--help')
    assert.ok(out.split('\n').length <= 40)
    assert.ok(out.split('\n').every((line) => line.length <= 120))
  },
  slow,
)

test.run()
