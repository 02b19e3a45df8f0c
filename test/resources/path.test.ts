/** Writing a file: what it passes on, what is seen of it meanwhile, and what stays when it fails. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Resource } from '../../lib/core/resource.ts'
import { q } from '../../lib/core/script.ts'
import { directory } from '../../lib/resources/directory.ts'
import { file } from '../../lib/resources/file.ts'
import { lineSet } from '../../lib/resources/line-set.ts'
import {
  type Ownership,
  ownershipStep,
  pathQuestion,
  readPath,
  readStat,
  replaceFile,
} from '../../lib/resources/path.ts'
import { properties } from '../../lib/resources/properties.ts'
import { symlink } from '../../lib/resources/symlink.ts'
import { canned } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'
import { busybox, mkdirs, Sandbox, type ShellName, shells } from '../shells.ts'
import { apply, planFor, shown } from './cases.ts'

const test = suite('resources/path')
const box = new Sandbox(test)

const has = (command: string): boolean => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0
const isRoot = process.getuid?.() === 0
/** A test that needs root: owners, mounts. */
const asRoot = (name: string, body: () => void): void => {
  if (isRoot) test(name, body)
  else console.log(`SKIPPED without root: ${name}`)
}

const rootOnly = { owner: 'root', group: 'root', mode: '0600' } as const

const unknown = Number.NaN
const stats: readonly (readonly [answer: string, found: ReturnType<typeof readStat>])[] = [
  ['', null],
  [
    'regular file|644|root|adm|36|1700000000',
    { type: 'file', mode: '0644', owner: 'root', group: 'adm', bytes: 36, changed: 1_700_000_000 },
  ],
  [
    'regular empty file|4755|a|b|0|7|and|more',
    { type: 'file', mode: '4755', owner: 'a', group: 'b', bytes: 0, changed: 7 },
  ],
  ['symbolic link|777|a|b|4', { type: 'link', mode: '0777', owner: 'a', group: 'b', bytes: 4, changed: unknown }],
  ['socket|600|a|b', { type: 'special file', mode: '0600', owner: 'a', group: 'b', bytes: unknown, changed: unknown }],
]
for (const [answer, found] of stats) {
  test(`what stat says: ${answer || 'nothing'}`, () => {
    const answers = canned({ 'stat:/f': answer })
    assert.equal(readStat(answers, '/f'), found)
    const { type, mode, owner, group } = found ?? {}
    assert.equal(readPath(answers, '/f'), found && { type, mode, owner, group })
  })
}

for (const shell of shells) {
  test(`${shell}: what a host says of a file is read as it is`, () => {
    const path = join(box.folder, `stat ${shell}`)
    writeFileSync(path, 'twelve bytes')
    chmodSync(path, 0o640)
    const { type, mode, bytes, changed } = readStat(box.ask(shell, [pathQuestion(path)]), path)!
    assert.equal([type, mode, bytes, changed], ['file', '0640', 12, Math.floor(lstatSync(path).ctimeMs / 1000)])
  })
}

const look = (path: string): string => {
  const { uid, gid, mode } = statSync(path)
  return `${uid}:${gid} ${(mode & 0o7777).toString(8).padStart(4, '0')}`
}

/** What a user who is not root has from a script, with `new` on its input. */
function asNobody(shell: ShellName, script: string) {
  const [command, args] = shell === 'dash' ? ['dash', []] : [busybox, ['ash']]
  const how = { input: 'new', uid: 65534, gid: 65534, encoding: 'utf8' } as const
  const { status, stderr } = spawnSync(command, [...args, '-c', `set -eu\n${script}`], how)
  return { status, stderr }
}

/** Commands put before the real ones; each first runs its lines, with the real one's path in $real. */
function shims(folder: string, lines: Readonly<Record<string, string>>): string {
  const bin = mkdirs(join(folder, 'shims'))
  for (const [name, line] of Object.entries(lines))
    writeFileSync(join(bin, name), `#!/bin/sh\nreal=/usr/bin/${name}\n${line}\n`, { mode: 0o755 })
  return bin
}

interface Kept {
  readonly name: string
  /** What is there before: `uid:gid mode`, a link, or nothing. */
  readonly before: readonly [uid: number, gid: number, mode: number] | 'link' | 'nothing'
  readonly declared: Ownership
  readonly after: string
}

const kept: readonly Kept[] = [
  { name: 'nothing declared, nothing there', before: 'nothing', declared: {}, after: '0:0 0644' },
  { name: 'nothing declared: all is kept', before: [4711, 4712, 0o604], declared: {}, after: '4711:4712 0604' },
  { name: 'special bits are kept', before: [0, 4712, 0o2755], declared: {}, after: '0:4712 2755' },
  { name: 'the mode is declared', before: [4711, 4712, 0o666], declared: { mode: '0600' }, after: '4711:4712 0600' },
  { name: 'the owner is declared', before: [4711, 4712, 0o640], declared: { owner: 'root' }, after: '0:4712 0640' },
  { name: 'the group is declared', before: [4711, 4712, 0o640], declared: { group: 'root' }, after: '4711:0 0640' },
  ...['0644', '0640', '0600', '0400', '0000', '0666', '0755', '2644', '4711'].flatMap((mode): readonly Kept[] => {
    const declared = { owner: 'root', group: 'root', mode }
    return [
      { name: `${mode}, new`, before: 'nothing', declared, after: `0:0 ${mode}` },
      { name: `${mode}, in the place of another`, before: [0, 0, 0o4606], declared, after: `0:0 ${mode}` },
      {
        name: `${mode}, of somebody else`,
        before: [4711, 4712, 0o640],
        declared: { mode },
        after: `4711:4712 ${mode}`,
      },
    ]
  }),
  { name: 'a declared setuid bit', before: 'nothing', declared: { mode: '4755' }, after: '0:0 4755' },
  { name: 'what a link leads to passes on nothing', before: 'link', declared: {}, after: '0:0 0644' },
]

for (const shell of shells) {
  for (const { name, before, declared, after } of kept) {
    asRoot(`${shell}: owner and mode of what is written: ${name}`, () => {
      const path = join(box.fresh(), '-f')
      if (before === 'link') {
        writeFileSync(`${path}.target`, 'old', { mode: 0o600 })
        chownSync(`${path}.target`, 4711, 4711)
        symlinkSync('-f.target', path)
      } else if (before !== 'nothing') {
        writeFileSync(path, 'old')
        chownSync(path, before[0], before[1])
        chmodSync(path, before[2])
      }
      const wanted = file(path, { content: 'new', ...declared })
      apply(box, shell, wanted)
      assert.is(look(path), after)
      assert.ok(lstatSync(path).isFile())
      assert.is(readFileSync(path, 'utf8'), 'new')
      // What is not declared may change without being a difference; what is may not.
      chownSync(path, 1, 1)
      chmodSync(path, 0o777)
      const plan = planFor(box, shell, wanted)
      assert.equal(
        shown(plan).map((change) => change.slice(0, change.indexOf(':'))),
        Object.keys(declared).sort(),
      )
      box.act(shell, plan.steps)
      const [owner, mode] = look(path).split(' ') as [string, string]
      assert.is(owner, `${declared.owner ? 0 : 1}:${declared.group ? 0 : 1}`)
      assert.is(mode, declared.mode ?? (declared.owner || declared.group ? mode : '0777'))
    })
  }

  asRoot(`${shell}: what is made is root's also where another group would have it`, () => {
    const folder = box.fresh()
    const roots = { owner: 'root', group: 'root', mode: '0644' } as const
    const [step] = directory(join(folder, 'd'), { ...roots, mode: '0755' }).plan(() => '', new Set()).steps
    const wanted = ['0:0 0644', '0:0 0755']
    const made = (): readonly string[] => {
      const found = ['f', 'd'].map((name) => look(join(folder, name)))
      for (const name of ['f', 'd']) rmSync(join(folder, name), { recursive: true })
      return found
    }
    const script = `( ${replaceFile(join(folder, 'f'), roots).text} )\n( ${step!.run} )`
    chownSync(folder, 0, 4712)
    chmodSync(folder, 0o2755)
    assert.is(box.run(shell, script, 'new').code, 0)
    assert.equal(made(), wanted, 'by a folder that hands down its group')
    chownSync(folder, 0, 0)
    chmodSync(folder, 0o755)
    const of = (group: string, told: string): string => {
      const command = shell === 'dash' ? 'dash' : `${busybox} ash`
      return `exec /usr/bin/setpriv --regid ${group} --clear-groups ${command} -c ${q(`set -eu\n${told}\n${script}`)}`
    }
    for (const told of ['', 'plinth_uid=0 plinth_gid=4712']) {
      assert.is(box.run(shell, of('4712', told), 'new').code, 0)
      assert.equal(made(), wanted, 'by the group of who runs it')
    }
    writeFileSync(join(folder, 'f'), 'old')
    assert.is(box.run(shell, of('4712', ''), 'new').code, 0)
    assert.equal(made(), wanted, 'in the place of another')
  })

  asRoot(`${shell}: the temporary file has its final owner and mode before the first byte arrives`, () => {
    const folder = box.fresh()
    const log = join(folder, 'log')
    const bin = shims(folder, { dd: `stat -c '%u:%g %a %s' new >${q(log)}; exec $real "$@"` })
    writeFileSync(join(folder, 'f'), 'old')
    chownSync(join(folder, 'f'), 4711, 4712)
    const { code, stderr } = box.run(shell, replaceFile(join(folder, 'f'), { mode: '0640' }).text, 'new', bin)
    assert.is(code, 0, stderr)
    assert.is(readFileSync(log, 'utf8'), '4711:4712 640 0\n')
  })

  for (const command of ['mkdir', 'chown', 'chmod', 'dd', 'sync', 'mv'] as const) {
    asRoot(
      `${shell}: who owns the folder can't have another file changed, by things put in place at ${command}`,
      () => {
        for (const [what, plant] of [
          ['a folder', (t: string, victim: string) => `mkdir ${t}; chown 4711 ${t}; ln -s ${victim} ${t}/new`],
          ['a link to a folder', (t: string, victim: string) => `ln -s "$(dirname ${victim})" ${t}`],
          ['a link', (t: string, victim: string) => `ln -s ${victim} ${t}`],
        ] as const) {
          const folder = box.fresh()
          const victim = join(box.fresh(), 'new')
          writeFileSync(victim, 'untouched', { mode: 0o600 })
          const swap = `for t in "$(dirname "$0")"/../.plinth.*; do /bin/mv "$t" "$t.away"; ${plant('"$t"', q(victim))}; done`
          const order = command === 'mkdir' ? `"$real" "$@"; PATH=/bin; ${swap}` : `PATH=/bin; ${swap}; exec $real "$@"`
          const bin = shims(folder, { [command]: order })
          box.run(
            shell,
            replaceFile(join(folder, 'f'), { owner: '4711', group: '4711', mode: '0666' }).text,
            'new',
            bin,
          )
          assert.is(look(victim), '0:0 0600', what)
          assert.is(readFileSync(victim, 'utf8'), 'untouched', what)
        }
      },
    )
  }

  asRoot(
    `${shell}: a link to a folder of root's that is put in the place of the temporary one is not written into`,
    () => {
      const folder = box.fresh()
      const victim = box.fresh()
      const log = join(folder, 'log')
      const swap = `for t in ${q(folder)}/.plinth.*; do /bin/mv "$t" "$t.away"; /bin/ln -s ${q(victim)} "$t"; done`
      // The first to run once there is a file.
      const bin = shims(folder, {
        mkdir: `"$real" "$@"; ${swap}`,
        chmod: `/bin/ls ${q(victim)} >>${q(log)}; exec $real "$@"`,
      })
      assert.is(box.run(shell, replaceFile(join(folder, 'f'), {}).text, 'new', bin).code, 1)
      assert.equal(
        readdirSync(folder).filter((name) => ['log', 'f'].includes(name)),
        [],
      )
      assert.equal(readdirSync(victim), [])
    },
  )

  test(`${shell}: a link to a folder that is put at its name at the last moment is not entered`, () => {
    const folder = box.fresh()
    const victim = box.fresh()
    const path = join(folder, 'f')
    writeFileSync(path, 'old')
    const plant = `/bin/rm -f ${q(path)}; /bin/ln -s ${q(victim)} ${q(path)}`
    const real = shell === 'dash' ? '/usr/bin/mv' : `${busybox} mv`
    const bin = shims(folder, { mv: `${plant}; exec ${real} "$@"` })
    const own = { owner: String(process.getuid?.()), group: String(process.getgid?.()) }
    const { code } = box.run(shell, replaceFile(path, own).text, 'new', bin)
    assert.equal(readdirSync(victim), [])
    if (code === 0) assert.is(readFileSync(path, 'utf8'), 'new')
    else assert.equal(readdirSync(folder).sort(), ['f', 'shims'])
  })

  asRoot(`${shell}: nothing is written, given away or made by way of a service's link to a folder of root's`, () => {
    const home = box.fresh()
    const target = mkdirs(join(box.fresh(), 'a/conf'))
    symlinkSync(join(target, '..'), join(home, 'link'))
    writeFileSync(join(target, 'kept'), 'old', { mode: 0o600 })
    lchownSync(join(home, 'link'), 4711, 4711)
    chownSync(home, 4711, 4711)
    const conf = join(home, 'link/conf')
    const owned = { owner: 'daemon', group: 'daemon', mode: '0640' }
    const firstOf = (resource: Resource): string => resource.plan(() => '', new Set()).steps[0]!.run
    for (const script of [
      replaceFile(join(conf, 'f'), owned).text,
      ownershipStep(join(conf, 'kept'), owned).run,
      firstOf(directory(join(conf, 'd'), owned)),
      firstOf(directory(join(conf, 'not/there/d'), owned)),
      firstOf(symlink(join(conf, 'l'), 'kept')),
    ]) {
      const { code, stderr } = box.run(shell, script, 'new')
      assert.is(code, 1)
      assert.match(stderr, /is reached by a link of user 4711, to a folder of user 0: link leads to /)
    }
    assert.equal(readdirSync(target), ['kept'])
    assert.is(look(join(target, 'kept')), '0:0 0600')
  })

  asRoot(`${shell}: what can't be reached safely is blocked in the plan, unless there is nothing to do`, () => {
    const [home, target] = [box.fresh(), box.fresh()]
    const path = join(home, 'link/f')
    symlinkSync(target, join(home, 'link'))
    chownSync(home, 4711, 4711)
    const wanted = file(path, { content: 'x' })
    assert.is(planFor(box, shell, wanted).action, 'create', "root's own link")
    lchownSync(join(home, 'link'), 4711, 4711)
    for (const one of [
      wanted,
      directory(path),
      symlink(path, 'x'),
      lineSet(path, { ...rootOnly, members: ['x'], parse: () => [], render: String }),
      properties(path, { ...rootOnly, wanted: { a: 'b' }, template: '', secret: () => false }),
    ]) {
      const { action, problems } = planFor(box, shell, one)
      assert.is(action, 'blocked')
      const where = `${join(home, 'link')} is reached by a link of user 4711, to a folder of user 0: link leads to ${target}`
      assert.equal(
        problems.map(({ what }) => what),
        [where],
      )
    }
    const answers = box.ask(shell, wanted.probe)
    assert.is(wanted.plan(answers, new Set([`symlink:${home}/link`])).action, 'create', 'about to be another one')
    assert.is(wanted.plan(answers, new Set([`symlink:${home}/li`, 'file:/etc/x'])).action, 'blocked')
    writeFileSync(join(target, 'f'), 'x')
    assert.is(planFor(box, shell, wanted).action, 'keep')
  })

  asRoot(`${shell}: a folder or a link that waits at the temporary name stops it`, () => {
    for (const make of ['mkdir', 'ln -s /etc']) {
      const folder = box.fresh()
      // After the sweep, which takes away what was there before.
      const script = replaceFile(join(folder, 'f'), {}).text
      const planted = script.replace('\nmkdir ', () => `\n${make} "$t"\nmkdir `)
      assert.is.not(planted, script)
      assert.is.not(box.run(shell, planted, 'new').code, 0)
      assert.not(readdirSync(folder).includes('f'))
    }
  })

  if (isRoot && has('setfacl'))
    test(`${shell}: a default ACL opens the file to nobody before its own mode counts`, () => {
      const folder = box.fresh()
      const log = join(folder, 'log')
      assert.is(spawnSync('setfacl', ['-d', '-m', 'u:4712:rwx', folder]).status, 0)
      const look = `{ stat -c %a .; /usr/bin/getfacl -acp . | grep ^user:4712:; } >${q(log)}`
      const bin = shims(folder, { chmod: `${look}; exec $real "$@"` })
      assert.is(box.run(shell, replaceFile(join(folder, 'f'), { mode: '0600' }).text, 'new', bin).code, 0)
      assert.match(readFileSync(log, 'utf8'), /^700\nuser:4712:rwx\s+#effective:---\n/)
    })

  test(`${shell}: the content is on the disk before it gets its name, and its name after`, () => {
    const folder = box.fresh()
    const log = join(folder, 'log')
    const note = (name: string): string =>
      `for last in "$@"; do :; done; echo ${name} "\${last##*/}" >>"$(dirname "$0")/../log"; exec $real "$@"`
    const words = 'echo dd "$*" >>"$(dirname "$0")/../log"; exec $real "$@"'
    const bin = shims(folder, { dd: words, sync: note('sync'), mv: note('mv') })
    const own = { owner: String(process.getuid?.()), group: String(process.getgid?.()) }
    assert.is(box.run(shell, replaceFile(join(folder, 'f'), own).text, 'new', bin).code, 0)
    const [first, second, third] = readFileSync(log, 'utf8').trim().split('\n')
    assert.match(first!, /^dd .*\bconv=fsync\b/)
    assert.is(second, 'mv f')
    assert.is(third, 'sync .')
  })

  const acl = shell === 'dash' && has('setfacl') ? 'getfacl' : 'ls'
  const roots = { owner: 'root', group: '0', mode: '0640' } as const
  const costs: readonly (readonly [what: string, there: boolean, declared: Ownership, begun: string])[] = [
    ["a new file of root's", false, roots, 'mkdir chmod dd mv rmdir sync'],
    ['a new one', false, { owner: '4711', group: '4711', mode: '0640' }, 'mkdir chown chmod dd mv rmdir sync'],
    ['another group', false, { ...roots, group: '4711' }, 'mkdir chown chmod dd mv rmdir sync'],
    ["what root's file is replaced with", true, roots, `mkdir ${acl} dd mv rmdir sync`],
    ["what a service's is", true, { ...roots, owner: '4711' }, `mkdir ${acl} chown dd mv rmdir sync`],
    ['one that may be run', true, { ...roots, mode: '0750' }, `mkdir ${acl} chmod dd mv rmdir sync`],
    ['one of which nothing is declared', true, {}, `stat mkdir ${acl} chmod dd mv rmdir sync`],
  ]
  for (const [what, there, declared, begun] of costs) {
    asRoot(`${shell}: each command is a process on the host: ${what} takes ${begun}`, () => {
      const folder = box.fresh()
      const log = join(box.fresh(), 'log')
      const names = 'cat chmod chown dd find id ls mkdir mktemp mv rm rmdir setfacl stat sync'.split(' ')
      const note = (name: string): readonly [string, string] => [name, `echo ${name} >>${q(log)}; exec $real "$@"`]
      const known = names.filter((name) => shell === 'dash' || name !== 'setfacl')
      const bin = shims(box.fresh(), Object.fromEntries([...known, ...(acl === 'getfacl' ? [acl] : [])].map(note)))
      if (there) writeFileSync(join(folder, 'f'), 'old', { mode: 0o600 })
      const script = `plinth_uid=0 plinth_gid=0\n${replaceFile(join(folder, 'f'), declared).text}`
      assert.is(box.run(shell, script, 'new', bin).code, 0)
      assert.is(readFileSync(log, 'utf8').trim().replaceAll('\n', ' '), begun)
    })
  }

  test(`${shell}: what is not all of its bytes never gets its name, and to know that costs no process`, () => {
    const folder = box.fresh()
    const path = join(folder, 'f')
    writeFileSync(path, 'old')
    const own = { owner: String(process.getuid?.()), group: String(process.getgid?.()), mode: '0640' }
    const write = (bytes: number, input: string, first?: string) =>
      box.run(shell, `plinth_bytes=${bytes}\n${replaceFile(path, own).text}`, input, first)
    const sizes = [0, 1, 100, 70_000]
    // The second as from a dd that says nothing.
    const silent = shims(box.fresh(), { dd: 'exec $real "$@" 2>/dev/null' })
    for (const first of shell === 'dash' ? [undefined, silent] : [undefined]) {
      for (const size of sizes) {
        for (const cut of new Set([0, size - 1].filter((some) => some >= 0 && some < size))) {
          const { code, stderr } = write(size, 'x'.repeat(cut), first)
          assert.equal(
            [code, stderr],
            [1, `only a part of what should be in ${path} has come: nothing is changed there\n`],
          )
          assert.equal(readdirSync(folder), ['f'])
          assert.is(readFileSync(path, 'utf8'), 'old')
        }
      }
      for (const size of sizes) {
        assert.equal(write(size, 'x'.repeat(size), first), { code: 0, stdout: '', stderr: '' })
        assert.is(statSync(path).size, size)
      }
      writeFileSync(path, 'old')
    }
    // The dd of some busyboxes counts no bytes.
    const counts = /\n3 bytes /.test(box.run(shell, 'dd bs=65536', 'new').stderr)
    const bin = shims(box.fresh(), { stat: 'echo a process >&2; exec $real "$@"' })
    assert.equal(write(3, 'new', bin), { code: 0, stdout: '', stderr: counts ? '' : 'a process\n' })
    assert.ok(counts || shell !== 'dash')
  })

  asRoot(
    `${shell}: SELinux: a replaced file passes on its label, a new one gets the policy's, elsewhere nothing is done`,
    () => {
      const folder = box.fresh()
      const enforce = join(box.folder, 'enforce')
      writeFileSync(enforce, '1')
      const note = `echo "\${0##*/} $*" >>"$(dirname "$0")/../log"`
      const bin = shims(folder, { chcon: note, restorecon: note })
      const path = join(folder, 'f')
      const script = replaceFile(path, {}).text
      const labelled = script.replaceAll('/sys/fs/selinux/enforce', enforce)
      const log = (): string[] => {
        const file = join(folder, 'log')
        const text = readdirSync(folder).includes('log') ? readFileSync(file, 'utf8') : ''
        writeFileSync(file, '')
        return text.split('\n').filter(Boolean)
      }
      assert.is(box.run(shell, labelled, 'new', bin).code, 0)
      assert.equal(log(), ['restorecon -- ./f'])
      assert.is(box.run(shell, labelled, 'newer', bin).code, 0)
      const [line, ...more] = log()
      assert.match(line!, /^chcon --reference=.* -- \/proc\/self\/fd\/8$/)
      assert.ok(line!.includes('--reference=../f '))
      assert.equal(more, [])
      assert.is(box.run(shell, script, 'newest', bin).code, 0)
      assert.equal(log(), [])
    },
  )

  if (isRoot && has('setfacl')) {
    test(`${shell}: an ACL is kept; a declared mode is its mask; a folder's default is for new files alone`, () => {
      const folder = box.fresh()
      const path = join(folder, 'f')
      // The real ones, also where busybox has the PATH: it has none of its own.
      const bin = shims(folder, { getfacl: 'exec $real "$@"', setfacl: 'exec $real "$@"' })
      const acl = (): string => spawnSync('getfacl', ['-acp', path], { encoding: 'utf8' }).stdout.trim()
      const setfacl = (...words: string[]): void => assert.is(spawnSync('setfacl', words).status, 0)
      const write = (ownership: Ownership): void => {
        const { code, stderr } = box.run(shell, replaceFile(path, ownership).text, 'new', bin)
        assert.is(code, 0, stderr)
      }
      writeFileSync(path, 'old', { mode: 0o640 })
      setfacl('-m', 'u:4711:rw', path)
      const before = acl()
      write({})
      assert.is(acl(), before)
      write({ mode: '0600' })
      assert.match(acl(), /^user:4711:rw-\s+#effective:---$/m)
      setfacl('-b', path)
      setfacl('-d', '-m', 'u:4712:rwx', folder)
      const plain = acl()
      write({ mode: '0600' })
      assert.is(acl(), plain)
      for (const mode of ['0644', '0755', '0660']) {
        write({ owner: 'root', group: 'root', mode })
        assert.not.match(acl(), /user:\d/)
        assert.is(look(path), `0:0 ${mode}`)
      }
      setfacl('-m', 'u:4711:rw', path)
      write({ owner: 'root', group: 'root', mode: '0640' })
      assert.match(acl(), /^user:4711:rw-\s+#effective:r--$/m)
      assert.not.match(acl(), /4712/)
      rmSync(path)
      write({ owner: 'root', group: 'root', mode: '0640' })
      assert.match(acl(), /^user:4712:rwx\s+#effective:r--$/m)
      assert.is(look(path), '0:0 0640')
    })

    if (shell === 'dash')
      test(`${shell}: an ACL that can't be kept, for want of the commands, is no reason to lose it`, () => {
        const folder = box.fresh()
        const path = join(folder, 'f')
        const bin = mkdirs(join(folder, 'bin'))
        for (const name of 'chmod chown dd ls mkdir mv rm rmdir stat sync'.split(' '))
          symlinkSync(`/usr/bin/${name}`, join(bin, name))
        const write = () => box.run(shell, `PATH=${q(bin)}\n${replaceFile(path, {}).text}`, 'new')
        writeFileSync(path, 'old', { mode: 0o640 })
        assert.is(spawnSync('setfacl', ['-m', 'u:4711:rw', path]).status, 0)
        const { code, stderr } = write()
        assert.is(code, 1)
        assert.match(
          stderr,
          /f has an access control list, and there is no getfacl and setfacl .* install the package acl/,
        )
        assert.is(readFileSync(path, 'utf8'), 'old')
        assert.equal(readdirSync(folder).sort(), ['bin', 'f'])
        assert.is(spawnSync('setfacl', ['-b', path]).status, 0)
        assert.is(write().code, 0)
        assert.is(readFileSync(path, 'utf8'), 'new')
      })

    test(`${shell}: where nothing can tell an ACL, a folder's default leaves what is written its mode`, () => {
      const folder = box.fresh()
      assert.is(spawnSync('setfacl', ['-d', '-m', 'u:4712:rwx,g::rwx,o::rx', folder]).status, 0)
      const bin = mkdirs(join(box.fresh(), 'bin'))
      for (const name of 'chmod chown dd id ls mkdir mv rm rmdir stat sync'.split(' '))
        if (shell === 'dash') symlinkSync(`/usr/bin/${name}`, join(bin, name))
        else symlinkSync(busybox, join(bin, name))
      for (const name of ['f', 'a\n-rw------- 1 root root 3 x y z new', 'zz new', 'b\n?????????+'])
        for (const mode of ['0600', '0640', '0644', '0660', '0755']) {
          const path = join(folder, name)
          // One that is there is written anew without what the folder would have given it.
          if (mode !== '0600') {
            assert.is(spawnSync('setfacl', ['-b', path]).status, 0)
            chmodSync(path, 0o4604)
          }
          const script = `PATH=${q(bin)}\n${replaceFile(path, { owner: 'root', group: 'root', mode }).text}`
          assert.equal(box.run(shell, script, 'new'), { code: 0, stdout: '', stderr: '' })
          assert.is(look(path), `0:0 ${mode}`)
        }
    })
  } else console.log(`SKIPPED: ACLs need root and the package acl (${shell})`)

  for (const [name, options, cause] of [
    ['a full disk', ['size=64k', 'rw'], /No space left on device/],
    ['a disk without room for one more name', ['nr_inodes=2', 'rw'], /No space left on device/],
    ['a read-only file system', ['size=1m', 'ro'], /Read-only file system/],
  ] as const) {
    asRoot(`${shell}: ${name}: the old file stays, nothing is left beside it, and the cause is named`, () => {
      const folder = box.fresh('disk')
      const mount = (...words: string[]): void => {
        const { status, stderr } = spawnSync('mount', words, { encoding: 'utf8' })
        assert.is(status, 0, stderr)
      }
      mount('-t', 'tmpfs', '-o', options[0], 'plinth-test', folder)
      try {
        const path = join(folder, 'f')
        writeFileSync(path, 'old')
        if (options[1] === 'ro') mount('-o', 'remount,ro', folder)
        const { code, stderr } = box.run(shell, replaceFile(path, {}).text, 'x'.repeat(100_000))
        assert.is.not(code, 0)
        assert.match(stderr, cause)
        assert.equal(readdirSync(folder), ['f'])
        assert.is(readFileSync(path, 'utf8'), 'old')
      } finally {
        spawnSync('umount', ['-l', folder])
      }
    })
  }

  asRoot(`${shell}: a plain user makes and mends what is below a folder that may only be passed through`, () => {
    const above = box.fresh('home')
    const own = mkdirs(join(above, 'own'))
    for (const [path, mode] of [
      [box.folder, 0o755],
      [join(above, '..'), 0o755],
      [above, 0o711],
    ] as const)
      chmodSync(path, mode)
    chownSync(own, 65534, 65534)
    const group = spawnSync('id', ['-gn', 'nobody'], { encoding: 'utf8' }).stdout.trim()
    const who = { owner: 'nobody', group, mode: '0700' }
    const [make] = directory(join(own, 'd'), who).plan(() => '', new Set()).steps
    const [link] = symlink(join(own, 'l'), 'd').plan(() => '', new Set()).steps
    for (const script of [ownershipStep(own, who).run, make!.run, link!.run, replaceFile(join(own, 'f'), who).text])
      assert.equal(asNobody(shell, script), { status: 0, stderr: '' })
    assert.is(look(own), '65534:65534 0700')
    assert.equal(readdirSync(own).sort(), ['d', 'f', 'l'])
    // Also one that they may not write to any more.
    for (const mode of ['0400', '0000', '0644', '0755']) {
      for (const made of [true, false]) {
        if (made) rmSync(join(own, 'f'))
        assert.equal(asNobody(shell, replaceFile(join(own, 'f'), { ...who, mode }).text), { status: 0, stderr: '' })
        assert.is(look(join(own, 'f')), `65534:65534 ${mode}`)
        assert.is(readFileSync(join(own, 'f'), 'utf8'), 'new')
      }
    }
  })

  asRoot(`${shell}: no right to write: the old file stays, and the cause is named`, () => {
    const folder = box.fresh('theirs')
    const path = join(folder, 'f')
    writeFileSync(path, 'old')
    chmodSync(box.folder, 0o755)
    chmodSync(join(folder, '..'), 0o755)
    const { status, stderr } = asNobody(shell, replaceFile(path, {}).text)
    assert.is.not(status, 0)
    assert.match(stderr, /Permission denied/)
    assert.equal(readdirSync(folder), ['f'])
    assert.is(readFileSync(path, 'utf8'), 'old')
  })
}

test('owner and mode alone: only what is declared is touched', () => {
  const kept = (letter: string): string => `"$(stat -L -c %${letter} -- "$t")"`
  const cases: readonly [Ownership, string][] = [
    [{ owner: 'a', group: 'b', mode: '0600' }, 'chown a:b -- "$t"\nchmod 00600 -- "$t"'],
    [{ owner: 'a' }, `chown a:${kept('g')} -- "$t"`],
    [{ group: 'b' }, `chown ${kept('u')}:b -- "$t"`],
    [{ mode: '0600' }, 'chmod 00600 -- "$t"'],
  ]
  for (const [ownership, run] of cases) assert.is(ownershipStep('/f', ownership).run.split('\nfi\n').at(-1), run)
})

for (const shell of shells) {
  for (const command of ['stat', 'chown', 'chmod'] as const) {
    asRoot(`${shell}: owner and mode of another file are safe from a link put in place before ${command}`, () => {
      const folder = box.fresh()
      const path = join(folder, 'f')
      const victim = join(box.fresh(), 'shadow')
      writeFileSync(path, 'own')
      writeFileSync(victim, 'untouched', { mode: 0o600 })
      const bin = shims(folder, { [command]: `rm -f ${q(path)}; ln -s ${q(victim)} ${q(path)}; exec $real "$@"` })
      const { code, stderr } = box.run(shell, ownershipStep(path, { owner: '4711', mode: '0666' }).run, '', bin)
      assert.is(look(victim), '0:0 0600')
      if (command === 'stat') assert.equal([code, stderr], [1, `${path} is a link, or was replaced at this moment\n`])
    })
  }

  asRoot(`${shell}: what somebody else owns and was moved to the name meanwhile is given to nobody`, () => {
    const folder = box.fresh()
    const owned = { owner: 'daemon', group: 'daemon', mode: '0640' }
    const [secret, keys] = [join(folder, 'secret'), join(folder, 'keys')]
    for (const wanted of [file(join(folder, 'f'), { content: 'x', ...owned }), directory(join(folder, 'd'), owned)]) {
      // As it is found: a service's own, with another mode.
      apply(box, shell, wanted)
      const path = wanted.id.slice(wanted.id.indexOf(':') + 1)
      chmodSync(path, 0o666)
      const { steps } = planFor(box, shell, wanted)
      rmSync(path, { recursive: true })
      if (wanted.id.startsWith('file')) writeFileSync(path, 'root only', { mode: 0o600 })
      else mkdirSync(path, { mode: 0o700 })
      assert.throws(() => box.act(shell, steps), /is a link, or was replaced at this moment/)
      assert.match(look(path), /^0:0 0[67]00$/)
      rmSync(path, { recursive: true })
    }
    writeFileSync(secret, 'root only', { mode: 0o600 })
    assert.is(box.run(shell, ownershipStep(secret, owned, 'root').run).code, 0, 'as it was found')
    assert.is(box.run(shell, ownershipStep(secret, owned, 'root').run).code, 0, 'as it is declared')
    assert.is(look(secret), '1:1 0640')
    const { steps } = planFor(box, shell, directory(join(folder, 'new'), owned))
    mkdirSync(keys, { mode: 0o700 })
    renameSync(keys, join(folder, 'new'))
    assert.throws(() => box.act(shell, steps), /new has come there meanwhile/)
    assert.is(look(join(folder, 'new')), '0:0 0700')
    chownSync(join(folder, 'new'), 1, 1)
    box.act(shell, steps)
  })

  asRoot(`${shell}: a link that is there already is not followed either`, () => {
    const folder = box.fresh()
    const victim = join(folder, 'shadow')
    writeFileSync(victim, 'untouched', { mode: 0o600 })
    symlinkSync('shadow', join(folder, 'f'))
    assert.is(box.run(shell, ownershipStep(join(folder, 'f'), { owner: '4711', mode: '0666' }).run).code, 1)
    assert.is(look(victim), '0:0 0600')
  })

  asRoot(`${shell}: a directory that is made has its mode from the start, and its owner not through a link`, () => {
    const folder = box.fresh()
    const path = join(folder, 'd')
    const victim = mkdirs(join(folder, 'victim'))
    const [step] = directory(path, { owner: 'daemon', group: 'daemon', mode: '0750' }).plan(() => '', new Set()).steps
    assert.is(box.run(shell, step!.run).code, 0)
    assert.is(look(path), '1:1 0750')
    rmSync(path, { recursive: true })
    const bin = shims(folder, { chown: `rmdir ${q(path)}; ln -s ${q(victim)} ${q(path)}; exec $real "$@"` })
    box.run(shell, step!.run, '', bin)
    assert.is(look(victim), '0:0 0755')
  })
}

test.run()
