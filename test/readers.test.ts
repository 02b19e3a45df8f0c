/** Every reader: its script word for word, and its answers from real files under each shell. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { parseFacts } from '../lib/core/facts.ts'
import type { Question, Reader } from '../lib/core/probe.ts'
import { q } from '../lib/core/script.ts'
import * as readers from '../lib/readers.ts'
import { golden } from './golden.ts'
import { assert, suite } from './kit.ts'
import { busybox, me, mkdirs, Sandbox, type ShellName, shells } from './shells.ts'

const test = suite('readers')
const box = new Sandbox(test)

/** Names that a forgotten quote, an `echo` or a `read` without -r would spoil. */
const awkward = [
  'plain',
  'a blank',
  ' leading and trailing ',
  "it's",
  'a"b',
  '$HOME',
  '*',
  '`id`',
  '-n',
  '中文 目录',
  'back\\slash\\n',
  '%s;&|<>()#!~[x]{y}?',
  '.plinth.old',
]

const all = readers as unknown as Readonly<Record<string, Reader | object>>
const vocabulary = Object.entries(all).filter((entry): entry is [string, Reader] => typeof entry[1] === 'function')

test('the script of every reader, word for word', () => {
  const keys = ['plain', "it's 中文 $HOME"]
  golden(
    join(import.meta.dirname, 'golden/readers.txt'),
    vocabulary.map(([name, reader]) => `== ${name}\n${reader(keys)}\n`).join('\n'),
  )
})

/** Asks for all keys in one question each, and gives the answers in their order. */
const ask = (shell: ShellName, reader: Reader, keys: readonly string[], first?: string): readonly string[] => {
  const questions = keys.map((key): Question => ({ reader, key }))
  return questions.map(box.ask(shell, questions, first))
}

for (const shell of shells) {
  test(`${shell}: who had a lock last is known where nobody has it and nobody was killed with it, and to root alone`, () => {
    const folder = box.fresh()
    const lock = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text)
      return join(folder, name)
    }
    const said = "the last was ann's run \\n of 中文"
    const files = [
      lock('ended', `${said}\n`),
      lock('held', 'ann, from here, since now\n'),
      lock('cut', ''),
      join(folder, 'none'),
    ]
    const as = (uid: number): string => {
      const bin = box.fresh()
      writeFileSync(join(bin, 'id'), `#!/bin/sh\necho ${uid}\n`, { mode: 0o755 })
      return bin
    }
    const [found = '', ...others] = ask(shell, readers.lastHolder, files, as(0))
    const up = Number(readFileSync('/proc/uptime', 'utf8').split('.')[0])
    assert.equal([found.replace(/^\d+ /, ''), ...others], [said, '', '', ''])
    assert.ok([up, up - 1, up - 2].includes(Number(found.split(' ')[0])), `${found} at ${up}`)
    assert.equal(ask(shell, readers.lastHolder, files, as(7)), ['', '', '', ''])
  })
}

/** A tree of awkward names; what is asked of it must be the same under every shell. */
const tree = box.fresh()
const file = (name: string): string => join(tree, name)
for (const name of awkward) writeFileSync(file(name), `content of ${name}\n`, { mode: 0o640 })
writeFileSync(file('empty'), '')
writeFileSync(file('bytes'), Buffer.from([0, 255, 10, 13, 0, 128]))
chmodSync(file('plain'), 0o4755)
mkdirSync(file('folder'), { mode: 0o750 })
symlinkSync("target with 'blank'", file('dangling'))
symlinkSync(file('plain'), file('link'))
symlinkSync(file('folder'), file('link-to-folder'))
spawnSync('mkfifo', [file('pipe')])

const sha = (name: string): string =>
  createHash('sha256')
    .update(readFileSync(file(name)))
    .digest('hex')
const missing = ['/nonexistent', file('not there'), file('plain/below a file')]

for (const shell of shells) {
  const of = (reader: Reader, names: readonly string[]): Readonly<Record<string, string>> => {
    const answers = ask(shell, reader, names.map(file))
    return Object.fromEntries(names.map((name, index) => [name, answers[index] ?? '']))
  }

  test(`${shell}: stat`, () => {
    const who = `${me.owner}|${me.group}`
    const expected: Record<string, string> = Object.fromEntries(
      awkward.map((name) => [name, `regular file|640|${who}|${Buffer.byteLength(`content of ${name}\n`)}`]),
    )
    expected.plain = `regular file|4755|${who}|17`
    expected.empty = `regular empty file|644|${who}|0`
    expected.pipe = `fifo|644|${who}|0`
    const names = Object.keys(expected)
    const seconds = (name: string): number => Math.floor(lstatSync(file(name)).ctimeMs / 1000)
    assert.equal(
      of(readers.stat, names),
      Object.fromEntries(names.map((name) => [name, `${expected[name]}|${seconds(name)}`])),
    )
    assert.match(of(readers.stat, ['folder']).folder!, /^directory\|750\|/)
    assert.match(of(readers.stat, ['link']).link!, /^symbolic link\|777\|/)
    assert.equal(ask(shell, readers.stat, missing), ['', '', ''])
  })

  test(`${shell}: hash`, () => {
    const names = [...awkward, 'empty', 'bytes', 'link']
    assert.equal(of(readers.hash, names), Object.fromEntries(names.map((name) => [name, sha(name)])))
    // A pipe has no end, and the other questions must not wait for it.
    assert.equal(ask(shell, readers.hash, [...missing, ...['folder', 'dangling', 'pipe'].map(file)]), Array(6).fill(''))
  })

  test(`${shell}: content`, () => {
    const names = [...awkward, 'empty', 'bytes']
    const text = Object.fromEntries(names.map((name) => [name, readFileSync(file(name)).toString('base64')]))
    assert.equal(of(readers.content, names), text)
    const others = [...missing, ...['folder', 'link', 'pipe'].map(file)]
    assert.equal(ask(shell, readers.content, others), Array(others.length).fill(''))
  })

  /** The key of a file that should have another content. */
  const other = (path: string): string => `${'0'.repeat(64)} ${path}`

  test(`${shell}: stat: what is not there among much that is`, () => {
    const folder = box.fresh()
    const there = (index: number): boolean => index % 3 !== 0
    const paths = Array.from({ length: 600 }, (_, index) =>
      join(folder, `${index} it's a \\ file: No such file or directory`),
    )
    for (const path of paths.filter((_, index) => there(index))) writeFileSync(path, '')
    assert.equal(
      ask(shell, readers.stat, paths).map((answer) => answer.split('|')[0]),
      paths.map((_, index) => (there(index) ? 'regular empty file' : '')),
    )
  })

  test(`${shell}: stat: the target of a link answers for no other path`, () => {
    const folder = box.fresh()
    const [forged, victim] = [join(folder, 'link'), join(folder, 'victim')]
    symlinkSync(`x\n${victim}\tregular file|4755|root|root|1|1`, forged)
    assert.is(ask(shell, readers.stat, [forged, victim])[1], '')
    writeFileSync(victim, '')
    assert.match(ask(shell, readers.stat, [forged, victim])[1]!, /^regular empty file/)
  })

  /** `differing`, as it is asked: behind the state of its paths, and mostly behind their digests. */
  const differ = (keys: readonly string[], bin = '', more: readonly Question[] = []): readonly string[] => {
    const before = keys.map((key): Question => ({ reader: readers.stat, key: key.slice(key.indexOf(' ') + 1) }))
    const questions = keys.map((key): Question => ({ reader: readers.differing, key }))
    return questions.map(box.ask(shell, [...before, ...more, ...questions], bin))
  }

  test(`${shell}: differing`, () => {
    const base64 = (path: string): string => readFileSync(path).toString('base64')
    const paths = [...awkward, 'empty', 'bytes'].map(file)
    assert.equal(differ(paths.map(other)), paths.map(base64))
    writeFileSync(file('large'), Buffer.alloc(65_537, 'x'))
    const others = [...missing, ...['folder', 'link', 'pipe', 'large'].map(file)]
    assert.equal(differ(others.map(other)), Array(others.length).fill(''))
    writeFileSync(file('large'), Buffer.alloc(65_536, 'x'))
    assert.equal(differ([other(file('large'))]), [base64(file('large'))])
    const bin = box.fresh('bin')
    for (const name of ['stat', 'base64', 'tr']) counted(bin, name)
    const mixed = [file('plain'), '/nonexistent', file('large'), file('pipe'), file('a blank')]
    const told = [base64(file('plain')), '', base64(file('large')), '', base64(file('a blank'))]
    assert.equal(differ(mixed.map(other), bin), told)
    // busybox may run its own.
    if (shell === 'dash') assert.equal(callsIn(bin), ['stat', 'base64', 'base64', 'base64'])
    assert.equal(
      ask(shell, readers.differing, paths.map(other)),
      Array(paths.length).fill(''),
      'whose size nobody knows',
    )
  })

  test(`${shell}: differing: what has the content that it should have is not read, where its digest was asked for before`, () => {
    const bin = box.fresh('bin')
    const paths = [...awkward, 'empty', 'bytes'].map(file)
    const [changed, second] = [file('a blank'), file('*')]
    const sum = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')
    const base64 = (path: string): string => readFileSync(path).toString('base64')
    const hashes = paths.map((key): Question => ({ reader: readers.hash, key }))
    const asking = (keys: readonly string[], before = hashes): readonly string[] => {
      counted(bin, 'base64')
      return differ(keys, bin, before)
    }
    const right = paths.map((path) => `${sum(path)} ${path}`)
    assert.equal(asking(right), Array(paths.length).fill(''))
    assert.not(existsSync(join(bin, 'calls')))
    const keys = right.map((key, index) => ([changed, second].includes(paths[index]!) ? other(paths[index]!) : key))
    assert.equal(
      asking(keys),
      paths.map((path) => ([changed, second].includes(path) ? base64(path) : '')),
    )
    // Two hosts of one machine that don't agree; and one whose digest nobody has asked for.
    assert.equal(asking([`${sum(changed)} ${changed}`, other(changed)]), ['', base64(changed)])
    assert.equal(asking([`${sum(changed)} ${changed}`], []), [base64(changed)])
  })

  test(`${shell}: differing: a file that goes before it is read is not there, and the others are`, () => {
    const bin = box.fresh('bin')
    const real = shell === 'dash' ? '/usr/bin/stat' : `${busybox} stat`
    const going = file('going')
    writeFileSync(join(bin, 'stat'), `#!/bin/sh\n${real} "$@"\ns=$?\nrm -f ${q(going)}\nexit $s\n`, { mode: 0o755 })
    writeFileSync(going, 'x')
    const base64 = (name: string): string => readFileSync(file(name)).toString('base64')
    const names = ['plain', 'going', 'back\\slash\\n', '*']
    assert.equal(
      differ(names.map(file).map(other), bin),
      names.map((name) => (name === 'going' ? '' : base64(name))),
    )
  })

  test(`${shell}: files below a folder, and a file by itself`, () => {
    const folder = box.fresh()
    mkdirSync(join(folder, 'a/b'), { recursive: true })
    for (const name of ['a/b/c', "a/d 'e'", 'f']) writeFileSync(join(folder, name), '')
    symlinkSync(join(folder, 'a'), join(folder, 'link'))
    symlinkSync('f', join(folder, 'link to a file'))
    const places = ['', '/f', '/link', '/link to a file', '/nonexistent'].map((place) => folder + place)
    const listed = ask(shell, readers.files, places).map((text) =>
      text
        .split('\n')
        .sort()
        .map((path) => path.replace(folder, '')),
    )
    assert.equal(listed, [
      ['/a/b/c', "/a/d 'e'", '/f'],
      ['/f'],
      ['/link/b/c', "/link/d 'e'"],
      ['/link to a file'],
      [''],
    ])
  })

  test(`${shell}: content of a large file comes in one line`, () => {
    const path = file('large')
    // Of the last one the breaks are taken out in another way.
    for (const bytes of [57, 58, 200_000, 600_000]) {
      writeFileSync(path, Buffer.alloc(bytes, 'Nacos 配置\n'))
      const text = readFileSync(path).toString('base64')
      assert.equal(ask(shell, readers.content, [path, file('plain')]), [
        text,
        Buffer.from('content of plain\n').toString('base64'),
      ])
    }
  })

  test(`${shell}: content of a file that is too large for an answer is refused by its name`, () => {
    const path = file('huge')
    assert.is(spawnSync('truncate', ['-s', '33M', path]).status, 0)
    assert.throws(() => ask(shell, readers.content, [path]), /huge is larger than 32 MiB, and is not read/)
    rmSync(path)
  })

  test(`${shell}: link`, () => {
    assert.equal(of(readers.link, ['dangling', 'link', 'link-to-folder', 'plain', 'folder']), {
      dangling: "target with 'blank'",
      link: file('plain'),
      'link-to-folder': file('folder'),
      plain: '',
      folder: '',
    })
    assert.equal(ask(shell, readers.link, missing), ['', '', ''])
  })

  test(`${shell}: realPath`, () => {
    const at = box.fresh()
    const real = (keys: readonly string[], first?: string): readonly string[] =>
      ask(
        shell,
        readers.realPath,
        keys.map((key) => `${at}/${key}`),
        first,
      )
    for (const name of awkward) mkdirs(join(at, name, 'inner'))
    assert.equal(
      real(awkward.map((name) => `${name}/inner`)),
      awkward.map(() => ''),
    )
    symlinkSync('plain', join(at, 'link'))
    symlinkSync('nowhere', join(at, 'dangling'))
    assert.equal(real(['link', 'link/inner', 'plain/../plain/inner', 'link/inner/..', 'dangling', 'none']), [
      join(at, 'plain'),
      join(at, 'plain/inner'),
      join(at, 'plain/inner'),
      join(at, 'plain'),
      '',
      '',
    ])
    const broken = mkdirs(join(at, 'broken'))
    writeFileSync(join(broken, 'readlink'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
    // busybox would run its own.
    if (shell === 'dash') assert.equal(real(['plain'], broken), ['?'])
  })

  test(`${shell}: first line`, () => {
    writeFileSync(file('id'), '0123abcd\nsecond\n')
    writeFileSync(file('id without an end'), ' 0123abcd')
    assert.equal(of(readers.firstLine, ['id', 'id without an end', 'plain', 'empty', 'folder', 'dangling', 'pipe']), {
      id: '0123abcd',
      'id without an end': ' 0123abcd',
      plain: 'content of plain',
      empty: '',
      folder: '',
      dangling: '',
      pipe: '',
    })
    assert.equal(ask(shell, readers.firstLine, missing), ['', '', ''])
  })

  test(`${shell}: entries`, () => {
    const folder = file('full')
    if (shell === shells[0]) for (const name of awkward) mkdirs(join(folder, name, 'below'))
    const names = (path: string) => ask(shell, readers.entries, [path])[0]!.split('\n').sort()
    assert.equal(names(folder), [...awkward].sort())
    const others = [...missing, ...['folder', 'link-to-folder', 'dangling', 'pipe', 'plain'].map(file)]
    assert.equal(ask(shell, readers.entries, others), Array(others.length).fill(''))
    if (process.getuid?.() === 0) {
      const closed = mkdirs(file(`closed ${shell}`))
      for (const [path, mode] of [
        [box.folder, 0o755],
        [tree, 0o755],
        [join(tree, '..'), 0o755],
        [closed, 0o711],
      ] as const)
        chmodSync(path, mode)
      const [command, args] = shell === 'dash' ? ['dash', []] : [busybox, ['ash']]
      const how = { uid: 65534, gid: 65534, encoding: 'utf8' } as const
      const { status, stderr } = spawnSync(command, [...args, '-c', `set -eu\n${readers.entries([closed])}`], how)
      assert.equal([status, stderr], [1, `${closed} can't be read\n`], 'what can not be read is not empty')
    }
    const many = mkdirs(file(`many ${shell}`))
    for (let i = 0; i < 1010; i++) writeFileSync(join(many, String(i)), '')
    assert.is(names(many).length, 1000)
  })

  test(`${shell}: tail`, () => {
    writeFileSync(file('log'), 'first\ttab\n\n  indented \\n $HOME\nlast without an end')
    writeFileSync(file('long log'), `${'x'.repeat(99)}\n`.repeat(1000))
    writeFileSync(file('nul log'), 'a\0b\n\u{4e2d}\xff\n')
    assert.equal(of(readers.tail, ['log', 'nul log', 'empty', 'folder']), {
      log: 'first\ttab\n\n  indented \\n $HOME\nlast without an end',
      'nul log': 'ab\n\u{4e2d}\xff',
      empty: '',
      folder: '',
    })
    const long = of(readers.tail, ['long log'])['long log']!
    assert.is(long.length, 65535)
    assert.equal(ask(shell, readers.tail, missing), ['', '', ''])
  })

  test(`${shell}: user and group`, () => {
    const passwd = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((line) => line.startsWith('root:'))!
      .split(':')
    assert.equal(ask(shell, readers.user, ['root', 'nobody-of-this-name', 'roo', '*']), [
      `${passwd[5]}|${passwd[6]}|root`,
      '',
      '',
      '',
    ])
    assert.equal(ask(shell, readers.group, ['root', 'nobody-of-this-name', '.*']), ['0', '', ''])
  })

  test(`${shell}: the group of a user is that of /etc/group, or asked for where it has none of that number`, () => {
    const etc = mkdirs(join(tree, `etc ${shell}`))
    const accounts = ['ann:x:1:70:Ann:/home/ann:/bin/sh', 'bob:x:2:71::/b:', 'bob:x:3:70::/second:', 'ann2:x:1:70::/c:']
    writeFileSync(join(etc, 'passwd'), `${accounts.join('\n')}\n`)
    writeFileSync(join(etc, 'group'), '70:x:1:\nstaff:x:70:ann\nalso:x:70:\n')
    writeFileSync(join(etc, 'id'), '#!/bin/sh\necho "asked for $*"\n', { mode: 0o755 })
    const user: Reader = (names) => readers.user(names).replaceAll('/etc/', () => `${q(etc)}/`)
    assert.equal(ask(shell, user, ['ann', 'bob', 'an'], etc), ['/home/ann|/bin/sh|staff', '/b||asked for -gn bob', ''])
  })

  test(`${shell}: the last line of the files of accounts may have no end`, () => {
    const etc = mkdirs(join(tree, `cut etc ${shell}`))
    writeFileSync(join(etc, 'passwd'), 'ann:x:1:70:Ann:/home/ann:/bin/sh\nbob:x:2:71::/b:/bin/false')
    writeFileSync(join(etc, 'group'), 'staff:x:70:\nlast:x:71:')
    const here =
      (reader: Reader): Reader =>
      (names) =>
        reader(names).replaceAll('/etc/', () => `${q(etc)}/`)
    assert.equal(ask(shell, here(readers.user), ['bob', 'ann', 'none']), [
      '/b|/bin/false|last',
      '/home/ann|/bin/sh|staff',
      '',
    ])
    assert.equal(ask(shell, here(readers.group), ['last', 'staff', 'none']), ['71', '70', ''])
    writeFileSync(join(etc, 'group'), '')
    assert.equal(ask(shell, here(readers.group), ['ann', '']), ['', ''], 'no user is a group')
  })

  test(`${shell}: the groups of a host are read once for all that is asked of accounts`, () => {
    const etc = mkdirs(join(tree, `once etc ${shell}`))
    writeFileSync(join(etc, 'passwd'), 'ann:x:1:70:Ann:/home/ann:/bin/sh\n')
    writeFileSync(join(etc, 'group'), 'staff:x:70:\n')
    const here =
      (reader: Reader, then: string): Reader =>
      (names) =>
        `${reader(names).replaceAll('/etc/', () => `${q(etc)}/`)}\n${then}`
    const users = { reader: here(readers.user, `rm ${q(join(etc, 'group'))}`), key: 'ann' }
    const groups = { reader: here(readers.group, ':'), key: 'staff' }
    const answers = box.ask(shell, [users, groups])
    assert.equal([answers(users), answers(groups)], ['/home/ann|/bin/sh|staff', '70'])
    assert.throws(() => box.ask(shell, [groups]), /group/)
  })

  test(`${shell}: free space of a share with blanks in its name, and of one without a size`, () => {
    for (const [line, free] of [
      ['//nas/My Share       1000      400       600      40% /mnt/a b', '600'],
      ['/dev/sda1 1000 400 600 40% /', '600'],
      ['proc 0 0 0 - /proc', '0'],
      ['My * Share:/x 1000 400 7 40% /mnt', '7'],
    ]) {
      const bin = box.fresh('bin')
      writeFileSync(join(bin, 'df'), `#!/bin/sh\necho head\necho '${line}'\n`, { mode: 0o755 })
      assert.equal(ask(shell, readers.freeSpace, ['/'], bin), [free])
    }
    const broken = box.fresh('bin')
    writeFileSync(join(broken, 'df'), '#!/bin/sh\necho "df: /: Stale file handle" >&2; exit 1\n', { mode: 0o755 })
    assert.throws(() => ask(shell, readers.freeSpace, ['/'], broken), /Stale file handle/)
  })

  test(`${shell}: memory and free space`, () => {
    const [total, available, none] = ask(shell, readers.memory, ['MemTotal', 'MemAvailable', 'Mem'])
    assert.ok(Number(total) > Number(available) && Number(available) > 0)
    assert.is(none, '')
    const free = ask(shell, readers.freeSpace, [tree, file('not/there/yet'), '/', '/nonexistent'])
    for (const kilobytes of free) assert.ok(Number(kilobytes) > 0, kilobytes)
  })

  test(`${shell}: release`, () => {
    const made = (name: string): string => {
      const folder = mkdirs(file(name))
      mkdirs(join(folder, 'conf'))
      writeFileSync(join(folder, 'conf/a directory b'), 'x')
      writeFileSync(join(folder, '中文 $x'), 'y')
      symlinkSync('conf', join(folder, 'link'))
      for (const one of ['conf/a directory b', '中文 $x']) utimesSync(join(folder, one), 1e9, 1e9)
      spawnSync('touch', ['-hd', '@1000000000', join(folder, 'link')])
      return folder
    }
    const digest = (folder: string): string => /^tree (.*)$/m.exec(ask(shell, readers.release, [folder])[0]!)![1]!
    const [one, two] = [made(`release ${shell} 1`), made(`release ${shell} 2`)]
    assert.equal(ask(shell, readers.release, [one, '/nonexistent', file('plain')]).slice(1), ['', ''])
    assert.match(ask(shell, readers.release, [one])[0]!, /^marker \ntree [0-9a-f]{64}(?:\nholds .*)+$/)
    assert.is(digest(one), digest(two))
    assert.equal(
      shells.map((other) => ask(other, readers.release, [one])),
      shells.map(() => ask(shell, readers.release, [one])),
    )
    // The marker itself does not count: it is written after the digest was taken.
    writeFileSync(join(two, '.plinth'), 'sha256 abc\ntree def\n')
    assert.is(digest(one), digest(two))
    assert.match(ask(shell, readers.release, [two])[0]!, /^marker sha256 abc tree def\ntree [0-9a-f]{64}$/)
    writeFileSync(join(two, 'conf/a directory b'), 'z')
    assert.is.not(digest(one), digest(two), 'an edit shows')
    assert.is(digest(mkdirs(file('release empty'))), createHash('sha256').digest('hex'))
  })

  test(`${shell}: javaVersion`, () => {
    const home = (name: string, says: string): string => {
      const bin = mkdirs(join(file(name), 'bin'))
      writeFileSync(join(bin, 'java'), `#!/bin/sh\ncat >&2 <<'END'\n${says}\nEND\n`, { mode: 0o755 })
      return file(name)
    }
    const cases = {
      'jdk 8': 'openjdk version "1.8.0_432"\nOpenJDK Runtime Environment',
      "jdk'17": 'Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version "17.0.15" 2026-04-15',
      'jdk 21': 'java version "21" 2023-09-19 LTS',
      broken: 'cannot execute',
    }
    const homes = Object.entries(cases).map(([name, says]) => home(name, says))
    assert.equal(ask(shell, readers.javaVersion, [...homes, '/nonexistent', tree]), [
      '1.8.0_432',
      '17.0.15',
      '21',
      '',
      '',
      '',
    ])
  })

  /** Tells of units as systemctl does, each call with its arguments in the file `calls` beside it. */
  const systemctl = (bin: string, units: Readonly<Record<string, string>>, forms = ''): void => {
    const told = Object.entries(units).map(([name, text]) => `${name}) printf '${text.replaceAll('\n', '\\n')}' ;;\n`)
    writeFileSync(
      join(bin, 'systemctl'),
      `#!/bin/sh
echo "$*" >>"\${0%/*}/calls"
while [ "$1" != -- ]; do shift; done
shift
${forms}
between=
for unit; do
printf "$between"
between='\\n'
case $unit in
${told.join('')}*) printf "Names=$unit\\nLoadState=not-found\\nMainPID=0\\nActiveState=inactive\\n" ;;
esac
done
`,
      { mode: 0o755 },
    )
  }
  const callsIn = (bin: string): readonly string[] =>
    readFileSync(join(bin, 'calls'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.replace(/.* -- /, ''))

  /** Runs the command of that name as it is, and notes that in `calls` beside it. */
  const counted = (bin: string, name: string): void => {
    const real = shell === 'dash' ? `/usr/bin/${name}` : `${busybox} ${name}`
    writeFileSync(join(bin, name), `#!/bin/sh\necho ${name} >>"\${0%/*}/calls"\nexec ${real} "$@"\n`, { mode: 0o755 })
  }

  test(`${shell}: unit`, () => {
    const process = spawn('sleep', ['60'], {
      env: {
        PATH: '/usr/bin:/bin',
        OTHER: 'x\n *',
        NOT_PLINTH_INPUTS: 'no',
        PLINTH_INPUTS: 'abc123',
        SECRET: 'hunter2',
      },
    })
    try {
      const bin = box.fresh('bin')
      const active = (pid: number) => `LoadState=loaded\nMainPID=${pid}\nActiveState=active`
      const notes = box.fresh('notes')
      const reads = `EnvironmentFiles=/etc/other (ignore_errors=no)\nEnvironmentFiles=${notes}/running.env (ignore_errors=yes)`
      systemctl(bin, {
        'running.service': `Names=running.service\n${reads}\n${active(process.pid!)}\n`,
        'gone.service': `Names=gone.service\n${active(99999999)}\n`,
      })
      writeFileSync(join(notes, 'running.started'), 'InvocationID=cafe\nInputs=cafe abc123\n')
      writeFileSync(join(notes, 'gone.started'), 'Inputs=beef abc123\n')
      writeFileSync(join(notes, 'other.started'), 'InvocationID=cafe\n')
      const noted: Reader = (names) => readers.unit(names).replaceAll('/etc/plinth', () => q(notes))
      const answers = ask(shell, noted, ['running.service', 'gone.service', 'other.service'], bin)
      const clock = /^Now=\d{10} \d+\.\d\d$/m
      assert.equal(
        answers.map((answer) => answer.replace(clock, 'Now=SECONDS UPTIME')),
        [
          `${active(process.pid!)}\nStarted=cafe\nInputs=cafe abc123\nPLINTH_INPUTS=abc123\nNow=SECONDS UPTIME`,
          `${active(99999999)}\nInputs=beef abc123\nNow=SECONDS UPTIME`,
          'LoadState=not-found\nMainPID=0\nActiveState=inactive\nStarted=cafe',
        ],
      )
      assert.equal(callsIn(bin), ['running.service gone.service other.service'], 'all of them in one process')
    } finally {
      process.kill('SIGKILL')
    }
  })

  test(`${shell}: unit: what does not name itself in its turn is asked for alone`, () => {
    const bin = box.fresh('bin')
    const units = {
      'real.service': 'Names=alias.service real.service\nDescribed=1\n',
      'alias.service': 'Names=real.service alias.service\nDescribed=1\n',
      'silent.service': 'Described=2\n',
      'a.service': 'Names=not-a.service a.services\nDescribed=3\n',
    }
    const keys = [...Object.keys(units), 'last.service']
    const none = 'LoadState=not-found\nMainPID=0\nActiveState=inactive'
    const expected = ['Described=1', 'Described=1', 'Described=2', 'Described=3', none]
    systemctl(bin, units)
    assert.equal(ask(shell, readers.unit, keys, bin), expected)
    assert.equal(callsIn(bin), [keys.join(' '), 'silent.service', 'a.service'])
    const others: Readonly<Record<string, string>> = {
      'in another order': 'if [ $# -gt 1 ]; then set -- "$5" "$4" "$3" "$2" "$1"; fi',
      'without one of them': 'if [ $# -gt 1 ]; then shift; fi',
      'a failure': 'if [ $# -gt 1 ]; then echo "Unit name is not valid" >&2; exit 1; fi',
      'a failure in the middle': 'if [ $# -gt 1 ]; then printf "Names=real.service\\nDescribed=9\\n"; exit 1; fi',
      nothing: 'if [ $# -gt 1 ]; then exit 0; fi',
    }
    for (const [what, forms] of Object.entries(others)) {
      systemctl(bin, units, forms)
      assert.equal(ask(shell, readers.unit, keys, bin), expected, what)
    }
  })

  test(`${shell}: unit: the environment is not read of the very start that our note has the digest of`, () => {
    const bin = box.fresh('bin')
    for (const name of ['tr', 'date']) counted(bin, name)
    const notes = box.fresh('notes')
    const noted: Reader = (names) => readers.unit(names).replaceAll('/etc/plinth', () => q(notes))
    const started = (env: Readonly<Record<string, string>>) => spawn('sleep', ['60'], { env })
    const ours = started({ PATH: '/usr/bin:/bin', OTHER: 'x\n *', PLINTH_INPUTS: 'abc123' })
    const others = started({ PATH: '/usr/bin:/bin', OTHER: 'x\n *', INPUTS: 'abc123' })
    let reads = (name: string): string => `EnvironmentFiles=${notes}/${name}.env (ignore_errors=no)\n`
    const read = (note: string, id: string, state = 'active', { pid } = ours): readonly string[] => {
      rmSync(join(bin, 'calls'), { force: true })
      const says = (name: string) => `Names=${name}.service\nActiveState=${state}\nMainPID=${pid}\n${id}${reads(name)}`
      systemctl(bin, { 'one.service': says('one'), 'two.service': says('two') })
      for (const name of ['one', 'two']) writeFileSync(join(notes, `${name}.started`), note)
      const [one, two] = ask(shell, noted, ['one.service', 'two.service'], bin)
      assert.match(one!, /^Now=\d{10} \d+\.\d\d$/m)
      assert.is(/^Now=.*/m.exec(one!)![0], /^Now=.*/m.exec(two!)![0])
      // busybox may run its own.
      return shell === 'dash' ? callsIn(bin).filter((line) => /^(?:tr|date)$/.test(line)) : []
    }
    const alone = shell === 'dash' ? ['date'] : []
    const both = shell === 'dash' ? ['tr', 'date', 'tr'] : []
    const cafe = 'InvocationID=cafe\n'
    assert.equal(read('Inputs=cafe abc123\n', cafe), alone)
    assert.equal(read(`${cafe}Inputs=cafe abc123\n`, cafe), alone)
    assert.equal(read('Inputs=cafe \n', cafe), both, 'no digest')
    assert.equal(read('Inputs=beef abc123\n', cafe), both, 'another start')
    assert.equal(read('Inputs=cafe abc123\n', cafe, 'deactivating'), both, 'of which the note tells nothing')
    assert.equal(read('Inputs= abc123\n', ''), both, 'a systemd that gives starts no name')
    assert.equal(read('Inputs= abc123\n', 'InvocationID=\n'), both)
    assert.equal(read(cafe, cafe), both)
    assert.equal(read(cafe, cafe, 'active', others), alone, 'started without us')
    reads = (name) => `EnvironmentFile=${notes}/${name}.env (ignore_errors=no)\n`
    assert.equal(read(cafe, cafe), both, 'as systemd 219 says it')
    reads = () => 'EnvironmentFiles=/etc/default/app (ignore_errors=no)\n'
    assert.equal(read(cafe, cafe), alone, 'a unit that reads no file of ours')
    reads = () => ''
    assert.equal(read(cafe, cafe), alone)
    for (const process of [ours, others]) process.kill('SIGKILL')
  })

  test(`${shell}: unit: what time it is is asked where a note of ours is there, once`, () => {
    const bin = box.fresh('bin')
    counted(bin, 'date')
    const notes = box.fresh('notes')
    const noted: Reader = (names) => readers.unit(names).replaceAll('/etc/plinth', () => q(notes))
    const names = ['one', 'two', 'three']
    const of = (name: string): string => `Names=${name}.service\nActiveState=active\nMainPID=${process.pid}\n`
    const told = (): readonly boolean[] => {
      rmSync(join(bin, 'calls'), { force: true })
      systemctl(bin, Object.fromEntries(names.map((name) => [`${name}.service`, of(name)])))
      const answers = ask(
        shell,
        noted,
        names.map((name) => `${name}.service`),
        bin,
      )
      const found = answers.map((answer) => /^Now=\d{10} \d+\.\d\d$/m.test(answer))
      const expected = found.includes(true) ? ['date'] : []
      if (shell === 'dash')
        assert.equal(
          callsIn(bin).filter((line) => line === 'date'),
          expected,
        )
      return found
    }
    assert.equal(told(), [false, false, false])
    writeFileSync(join(notes, 'two.stale'), '7\n')
    assert.equal(told(), [false, true, false])
    writeFileSync(join(notes, 'three.started'), '')
    assert.equal(told(), [false, true, true])
  })

  test(`${shell}: unit: the note that inputs were touched, in one line`, () => {
    const bin = box.fresh('bin')
    systemctl(bin, {})
    const notes = box.fresh('notes')
    const noted: Reader = (names) => readers.unit(names).replaceAll('/etc/plinth', () => q(notes))
    const stale = (text: string): string | undefined => {
      writeFileSync(join(notes, 'one.stale'), text)
      return /^Stale=(.*)$/m.exec(ask(shell, noted, ['one.service'], bin)[0]!)?.[1]
    }
    assert.is(stale('1700000000\n-\n1700000001u\n'), '1700000000 - 1700000001u ')
    assert.is(stale('1700000000\n17'), '1700000000 17 ', 'of a run that was killed')
    assert.is(stale(''), '')
    rmSync(join(notes, 'one.stale'))
    mkdirSync(join(notes, 'one.stale'))
    assert.is(/^Stale=(.*)$/m.exec(ask(shell, noted, ['one.service'], bin)[0]!)?.[1], '', 'what is no file')
  })

  const unread: readonly (readonly [Reader, key: string, tool: string, does: string, says: RegExp])[] = [
    [
      readers.stat,
      'plain',
      'stat',
      'echo "stat: /x: Input/output error" >&2; exit 1',
      /stat: \/x: Input\/output error/,
    ],
    [readers.stat, 'plain', 'stat', 'kill -9 $$', /^exit code 1: /],
    [readers.hash, 'plain', 'sha256sum', 'exit 1', /sha256sum failed/],
    [readers.hash, 'plain', 'sha256sum', 'kill -9 $$', /^exit code 1: /],
    [readers.hash, 'plain', 'sha256sum', 'echo "sha256sum: read error" >&2; exit 1', /read error/],
    [readers.content, 'plain', 'base64', 'head -c 3; exit 1', /plain can't be read/],
    // busybox would run its own.
    ...(shell === 'dash' ? ([[readers.link, 'link', 'readlink', 'exit 1', /link can't be read/]] as const) : []),
    [readers.files, 'plain', 'find', 'echo /x/a; echo "find: /b: Permission denied" >&2; exit 1', /Permission denied/],
    [readers.release, 'a release', 'find', 'echo a; exit 1', /a release can't be read/],
    [readers.release, 'a release', 'head', 'exit 1', /a release can't be read/],
    [readers.installed, 'plain', 'dpkg-query', 'echo "dpkg-query: error: no lock" >&2; exit 2', /error: no lock/],
    [readers.unit, 'plain', 'systemctl', 'echo "Connection timed out" >&2; exit 1', /Connection timed out/],
  ]
  test(`${shell}: what could not be read is not "not there": nothing is answered at all`, () => {
    writeFileSync(join(mkdirs(file('a release')), '.plinth'), 'sha256 abc\n')
    for (const [reader, key, tool, does, says] of unread) {
      const bin = box.fresh('bin')
      writeFileSync(join(bin, tool), `#!/bin/sh\n${does}\n`, { mode: 0o755 })
      // A Debian on which systemd runs.
      const there: Reader = (names) =>
        reader(names)
          .replaceAll('/run/systemd/system', () => q(bin))
          .replaceAll('/var/lib/dpkg', '/nonexistent')
          .replaceAll('apt-get', 'sh')
      assert.throws(() => ask(shell, there, [file(key)], bin), says, `${reader.name}, ${tool}`)
    }
  })

  test(`${shell}: a file that goes while a folder is looked through is not there, and the others are`, () => {
    const bin = box.fresh('bin')
    const gone = `#!/bin/sh\necho /x/a; echo "find: '/x/b': No such file or directory" >&2; exit 1\n`
    writeFileSync(join(bin, 'find'), gone, { mode: 0o755 })
    assert.equal(ask(shell, readers.files, [tree], bin), ['/x/a'])
  })

  test(`${shell}: a file that goes before its digest is taken is not there, and the others are`, () => {
    const bin = box.fresh('bin')
    const real = shell === 'dash' ? '/usr/bin/sha256sum' : `${busybox} sha256sum`
    const going = file('going')
    writeFileSync(join(bin, 'sha256sum'), `#!/bin/sh\nrm -f ${q(going)}\nexec ${real} "$@"\n`, { mode: 0o755 })
    writeFileSync(going, '')
    const names = ['plain', 'going', 'back\\slash\\n', '中文 目录']
    assert.equal(
      ask(shell, readers.hash, names.map(file), bin),
      names.map((name) => (name === 'going' ? '' : sha(name))),
    )
  })

  test(`${shell}: what is behind a link that leads in a circle is not there`, () => {
    symlinkSync('circle', file('circle'))
    const behind = [file('circle'), file('circle/x')]
    for (const reader of [readers.stat, readers.hash, readers.content, readers.link, readers.files, readers.entries])
      assert.is(ask(shell, reader, behind)[1], '', reader.name)
    assert.match(ask(shell, readers.stat, behind)[0]!, /^symbolic link/)
    rmSync(file('circle'))
  })

  test(`${shell}: where no systemd runs there are no units`, () => {
    const bin = box.fresh('bin')
    writeFileSync(join(bin, 'systemctl'), '#!/bin/sh\necho "not been booted with systemd" >&2; exit 1\n', {
      mode: 0o755,
    })
    const elsewhere: Reader = (names) => readers.unit(names).replaceAll('/run/systemd/system', '/nonexistent')
    assert.equal(ask(shell, elsewhere, ['nacos.service'], bin), [''])
  })

  const dpkgList = (states: Readonly<Record<string, string>>): string =>
    Object.entries(states)
      .map(([name, status]) => `Package: ${name}\n${status}\nPriority: optional\nDescription: ä\n Package: inner\n\n`)
      .join('')

  test(`${shell}: installed`, () => {
    const bin = box.fresh('bin')
    const stub = (name: string, script: string): string => {
      writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
      return bin
    }
    stub('apt-get', '')
    const of = (db: string, names: readonly string[]): readonly string[] =>
      ask(shell, (keys) => readers.installed(keys).replaceAll('/var/lib/dpkg', () => q(db)), names, bin)
    const db = mkdirs(join(box.fresh('lists'), 'dpkg'))
    mkdirSync(join(db, 'updates'))
    const list = (text: string): void => writeFileSync(join(db, 'status'), text)
    const asked = ['openjdk-8-jre', 'old', 'none', 'g++', 'libc6', 'held', 'half']
    // dpkg writes what is essential or protected between a package's name and its state.
    list(
      dpkgList({
        'openjdk-8-jre': 'Status: install ok installed',
        'openjdk-8-jre-headless': 'Status: deinstall ok config-files',
        old: 'Status: deinstall ok config-files',
        'g++': 'Status: install ok installed',
        gcc: 'Status: install ok half-installed',
        libc6: 'Essential: yes\nProtected: yes\nStatus: install ok installed',
        held: 'Status: hold ok installed',
        half: 'Status: install reinstreq half-configured',
      }) + dpkgList({ libc6: 'Status: install ok unpacked\nArchitecture: i386' }),
    )
    stub('dpkg-query', 'echo "dpkg-query is not needed" >&2; exit 2')
    assert.equal(of(db, asked), [
      'installed',
      'config-files',
      '',
      'installed',
      'installed\nunpacked',
      'installed',
      'half-configured',
    ])
    assert.equal(of(db, ['none']), [''])
    // dpkg at work, a list that is not there or written otherwise, a grep that has no -A: dpkg-query is asked.
    stub('dpkg-query', `printf 'openjdk-8-jre\\tinstalled\\nold\\thalf-installed\\n'; exit 1`)
    const byQuery = ['installed', 'half-installed', '']
    const names = ['openjdk-8-jre', 'old', 'none']
    writeFileSync(join(db, 'updates', '0001'), '')
    assert.equal(of(db, names), byQuery, 'an update waits')
    rmSync(join(db, 'updates', '0001'))
    assert.equal(of(db, ['openjdk-8-jre']), ['installed'])
    for (const [what, text] of Object.entries({
      'its state is far behind': dpkgList({ old: 'A: 1\nB: 2\nC: 3\nD: 4\nStatus: deinstall ok config-files' }),
      'without a state': dpkgList({ old: 'A: 1' }),
      'two names and one state': dpkgList({ old: 'Package: other\nStatus: install ok installed' }),
    })) {
      list(text)
      assert.equal(of(db, names), byQuery, what)
    }
    rmSync(join(db, 'status'))
    assert.equal(of(db, names), byQuery, 'no list')
    if (shell === 'dash') {
      list(dpkgList({ old: 'Status: install ok installed' }))
      for (const says of ['echo "grep: unrecognized option: A" >&2; exit 1', 'echo "Binary file matches"', 'exit 2']) {
        stub('grep', says)
        assert.equal(of(db, names), byQuery, says)
      }
      rmSync(join(bin, 'grep'))
    }
    // Where rpm installs, what dpkg knows is nothing.
    rmSync(join(bin, 'apt-get'))
    stub('rpm', `printf 'jre\\tinstalled\\n'; echo 'package old is not installed'; exit 1`)
    const withoutApt: Reader = (names) => readers.installed(names).replaceAll('apt-get', 'no-apt-get')
    assert.equal(ask(shell, withoutApt, ['jre', 'old'], bin), ['installed', ''])
    stub('rpm', `echo 'error: cannot open Packages database' >&2; echo 'package jre is not installed'; exit 1`)
    assert.throws(() => ask(shell, withoutApt, ['jre'], bin), /cannot open Packages/)
  })

  test(`${shell}: installed says of this machine's packages what dpkg-query says`, () => {
    const all = execFileSync('dpkg-query', ['-W', '-f=${Package}\t${db:Status-Status}\n'], { encoding: 'utf8' })
    const states = new Map<string, string[]>()
    for (const [, name = '', state = ''] of all.matchAll(/^(.*)\t(.*)$/gm))
      states.set(name, [...(states.get(name) ?? []), state])
    const names = [...states.keys()]
    assert.ok(names.length > 100)
    assert.equal(
      ask(shell, readers.installed, names, '/usr/bin'),
      [...states.values()].map((found) => found.join('\n')),
    )
  })

  test(`${shell}: facts`, () => {
    const [text] = ask(shell, readers.facts, ['machine'])
    const facts = parseFacts(text!)
    assert.match(facts.arch, /^(amd64|arm64)$/)
    assert.match(facts.os, /^[a-z]+$/)
    assert.ok(facts.memory > 100)
    const release = file('os-release')
    writeFileSync(release, 'VERSION_ID="9"\nID=alma')
    const cut: Reader = (keys) => readers.facts(keys).replaceAll('/etc/os-release', () => q(release))
    assert.is(parseFacts(ask(shell, cut, ['machine'])[0]!).os, 'alma')
    // A database's host or a container may have no systemd: all the rest is known of it.
    const bin = mkdirs(join(tree, 'no systemd'))
    writeFileSync(join(bin, 'systemctl'), '#!/bin/sh\nexit 127\n', { mode: 0o755 })
    const [without] = ask(shell, readers.facts, ['machine'], bin)
    assert.match(without!, /^systemd $/m)
    assert.match(without!, /^addresses /m)
  })

  test(`${shell}: facts: the version of the systemd that runs is in the name of its library`, () => {
    const place = box.fresh()
    const bin = mkdirs(join(place, 'bin'))
    writeFileSync(join(bin, 'systemctl'), '#!/bin/sh\necho "systemd 219 (219-78)"\n', { mode: 0o755 })
    const there = (running: string): Reader => {
      const at = (keys: readonly string[]): string =>
        readers.facts(keys).replaceAll('/run/systemd/system', () => q(join(place, running)))
      return (keys) => at(keys).replaceAll('/usr/lib', () => `${q(place)}/lib`)
    }
    const version = (running: string): number => parseFacts(ask(shell, there(running), ['machine'], bin)[0]!).systemd
    const library = (folder: string, name: string): void => {
      writeFileSync(join(mkdirs(join(place, folder, 'systemd')), `libsystemd-shared-${name}.so`), '')
    }
    const only = (folder: string, name: string): void => {
      for (const one of ['lib', 'lib64']) rmSync(join(place, one), { recursive: true, force: true })
      library(folder, name)
    }
    assert.is(version('bin'), 219, 'no library')
    for (const folder of ['lib', 'lib64', 'lib/x86_64-linux-gnu']) {
      only(folder, '252')
      assert.is(version('bin'), 252, folder)
      assert.is(version('not there'), 219, 'none runs')
    }
    only('lib64', '257.7-1.el10')
    assert.is(version('bin'), 257)
    library('lib', '258')
    assert.is(version('bin'), 219, 'two of them')
    only('lib', 'custom')
    assert.is(version('bin'), 219, 'no version')
  })

  test(`${shell}: facts: the machine is the one that uname tells of`, () => {
    const told = (...command: readonly string[]) =>
      spawnSync(command[0]!, command.slice(1), { encoding: 'utf8' }).stdout
    const machine = told('uname', '-m').trim()
    const place = box.fresh()
    const [arch, personality] = [join(place, 'arch'), join(place, 'personality')]
    const there = (keys: readonly string[]): string =>
      readers
        .facts(keys)
        .replaceAll('/proc/sys/kernel/arch', () => q(arch))
        .replaceAll('/proc/self/personality', () => q(personality))
    const found = (): string | undefined => /^arch (.*)$/m.exec(ask(shell, there, ['machine'])[0]!)?.[1]
    assert.is(found(), machine, 'an older kernel')
    writeFileSync(arch, 'vax\n')
    assert.is(found(), machine)
    writeFileSync(personality, '00000008\n')
    assert.is(found(), machine, 'programs may be told of another one')
    writeFileSync(personality, '00000000\n')
    assert.is(found(), 'vax')
    const other = told('setarch', 'i686', 'uname', '-m').trim()
    const here = shell === 'dash' ? ['dash'] : [busybox, 'ash']
    const facts = told('setarch', 'i686', ...here, '-c', `set -eu\n${readers.facts(['machine'])}`)
    assert.ok(facts.startsWith(`machine\tarch ${other}\n`), facts)
  })
}

test('listening: the program where ss tells, somebody where nothing does', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  try {
    const port = String((server.address() as { port: number }).port)
    const bin = mkdirs(join(tree, 'ss bin'))
    writeFileSync(
      join(bin, 'ss'),
      `#!/bin/sh
printf 'LISTEN 0 50 *:8848 *:* users:(("java",pid=77,fd=9))\\n'
printf 'LISTEN 0 50 [::]:2049 [::]:*\\n'
`,
      { mode: 0o755 },
    )
    for (const shell of shells) {
      // Only busybox has no ss here: it looks into /proc. So does who has one that answers nothing.
      assert.equal(ask('busybox ash', readers.listening, [port, '1']), ['somebody', ''])
      const broken = mkdirs(join(tree, 'broken ss'))
      writeFileSync(join(broken, 'ss'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
      assert.equal(ask(shell, readers.listening, [port, '1'], broken), ['somebody', ''])
      assert.equal(ask(shell, readers.listening, ['8848', '2049', '848', '88480'], bin), [
        'users:(("java",pid=77,fd=9))',
        'somebody',
        '',
        '',
      ])
    }
  } finally {
    server.close()
  }
})

test('a key with a tab or a line break is refused before it reaches a host', () => {
  for (const key of ['a\tb', 'a\nb', 'a\0b'])
    assert.throws(() => box.ask('dash', [{ reader: readers.stat, key }]), /cannot hold a tab or a line break/)
})

test.run()
