/** The way to a folder: which links are followed, what is seen of a change, and what is made. */
import {
  chmodSync,
  chownSync,
  lchownSync,
  lstatSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { q } from '../../lib/core/script.ts'
import { enter, enterOrMake } from '../../lib/core/way.ts'
import { refusal } from '../../lib/readers.ts'
import { assert, suite } from '../kit.ts'
import { busybox, mkdirs, Sandbox, type ShellName, shells } from '../shells.ts'

const test = suite('core/way')
const box = new Sandbox(test)

/** A test of what root does. */
const asRoot = (name: string, body: () => void): void => {
  if (process.getuid?.() === 0) test(name, body)
  else console.log(`SKIPPED without root: ${name}`)
}

const entered = (shell: ShellName, folder: string, first?: string) =>
  box.run(shell, `${enter(folder).text}\npwd -P`, '', first)

/** What the plan would say of it. */
const refused = (shell: ShellName, folder: string): string =>
  box.ask(shell, [{ reader: refusal, key: folder }])({ reader: refusal, key: folder })

const [root, service, other] = [0, 4711, 4712]

const links: readonly {
  readonly name: string
  /** The folder that the link is in, who made the link, and whose folder it leads to. */
  readonly folder: readonly [owner: number, mode: number]
  readonly maker: number
  readonly leadsTo: number
  readonly followed: boolean
}[] = [
  { name: "root's in root's folder", folder: [root, 0o755], maker: root, leadsTo: root, followed: true },
  {
    name: "root's in root's folder, to a service's",
    folder: [root, 0o755],
    maker: root,
    leadsTo: service,
    followed: true,
  },
  { name: 'where only root can have put it', folder: [root, 0o755], maker: service, leadsTo: root, followed: true },
  { name: "root's in a service's folder", folder: [service, 0o755], maker: root, leadsTo: root, followed: true },
  {
    name: "root's in a service's, to another's",
    folder: [service, 0o775],
    maker: root,
    leadsTo: other,
    followed: true,
  },
  { name: "root's in a folder of a group", folder: [root, 0o2775], maker: root, leadsTo: root, followed: true },
  { name: "root's in a folder of everybody", folder: [root, 0o1777], maker: root, leadsTo: root, followed: true },
  { name: "a service's own, to its own", folder: [service, 0o755], maker: service, leadsTo: service, followed: true },
  {
    name: "a service's, to its own, in a group's",
    folder: [root, 0o775],
    maker: service,
    leadsTo: service,
    followed: true,
  },
  { name: "a service's, to root's", folder: [service, 0o755], maker: service, leadsTo: root, followed: false },
  { name: "a service's, to another's", folder: [service, 0o700], maker: service, leadsTo: other, followed: false },
  {
    name: "a member's in root's folder of a group",
    folder: [root, 0o775],
    maker: service,
    leadsTo: root,
    followed: false,
  },
  {
    name: 'of anybody in a folder of everybody',
    folder: [root, 0o1777],
    maker: service,
    leadsTo: root,
    followed: false,
  },
  {
    name: "a member's in a folder of a group",
    folder: [other, 0o2775],
    maker: service,
    leadsTo: other,
    followed: false,
  },
  {
    name: "another's, which its folder's owner could exchange",
    folder: [service, 0o755],
    maker: other,
    leadsTo: other,
    followed: false,
  },
]

for (const shell of shells) {
  for (const { name, folder, maker, leadsTo, followed } of links) {
    asRoot(`${shell}: a link on the way is ${followed ? 'followed' : 'refused'}: ${name}`, () => {
      const [home, target] = [box.fresh(), box.fresh()]
      mkdirs(join(target, 'below'))
      symlinkSync(target, join(home, 'link'))
      lchownSync(join(home, 'link'), maker, maker)
      chownSync(target, leadsTo, leadsTo)
      chownSync(home, folder[0], folder[0])
      chmodSync(home, folder[1])
      const way = join(home, 'link/below')
      const { code, stdout, stderr } = entered(shell, way)
      const who = maker === other ? service : maker
      const why = `is reached by a link of user ${who}, to a folder of user ${leadsTo}: link leads to ${target}`
      assert.equal([code, stdout, stderr], followed ? [0, `${target}/below\n`, ''] : [1, '', `${way} ${why}\n`])
      assert.is(refused(shell, way), followed ? '' : why)
      assert.equal(readdirSync(home), ['link'], 'nothing is left of the look at it')
    })
  }

  asRoot(`${shell}: a link's own way is gone step by step: one of root's leads to one of a service's`, () => {
    const [home, data, target] = [box.fresh(), box.fresh(), box.fresh()]
    symlinkSync(target, join(data, 'current'))
    lchownSync(join(data, 'current'), service, service)
    chownSync(data, service, service)
    // By `..`, by doubled slashes, and by one more link.
    symlinkSync(`..//../${data.split('/').slice(-2).join('//')}/./current`, join(home, 'app'))
    symlinkSync(join(home, 'app'), join(home, 'again'))
    for (const name of ['app', 'again']) {
      const why = `is reached by a link of user 4711, to a folder of user 0: current leads to ${target}`
      assert.equal(entered(shell, join(home, name)), { code: 1, stdout: '', stderr: `${join(home, name)} ${why}\n` })
      assert.is(refused(shell, join(home, name)), why)
    }
    lchownSync(join(data, 'current'), root, root)
    assert.equal(entered(shell, join(home, 'again')), { code: 0, stdout: `${target}\n`, stderr: '' })
    assert.is(refused(shell, join(home, 'again')), '')
  })

  asRoot(`${shell}: a service's link to what lies beside it is one too`, () => {
    const home = box.fresh()
    mkdirs(join(home, 'mount'))
    symlinkSync('mount', join(home, 'conf'))
    lchownSync(join(home, 'conf'), service, service)
    chownSync(home, service, service)
    assert.match(entered(shell, join(home, 'conf')).stderr, /of user 4711, to a folder of user 0: conf leads to /)
  })

  asRoot(`${shell}: links in a circle, to nowhere and to a file end it`, () => {
    const home = box.fresh()
    symlinkSync('circle', join(home, 'circle'))
    symlinkSync('nowhere', join(home, 'dangling'))
    symlinkSync('file', join(home, 'to a file'))
    writeFileSync(join(home, 'file'), '')
    for (const name of ['circle', 'dangling', 'to a file', 'file', 'none']) {
      const way = join(home, name)
      const { code, stderr } = entered(shell, way)
      assert.is(code, 1)
      assert.ok(stderr.includes(`${way} can't be entered${name === 'circle' ? ': too many links' : ''}\n`), stderr)
      assert.is(refused(shell, way), '')
    }
  })

  asRoot(`${shell}: names that a forgotten quote would spoil, in the way and in a link`, () => {
    for (const name of [
      " it's ",
      '-n',
      '*',
      '$(x)',
      'a\nb',
      '中文 目录',
      'back\\slash\\n',
      '"',
      '...',
      '..x',
      'end\n',
    ]) {
      const home = box.fresh()
      const target = mkdirs(join(box.fresh(), name, 'inner'))
      symlinkSync(join(target, '..'), join(home, name))
      chownSync(home, service, service)
      assert.equal(entered(shell, join(home, name, 'inner')), { code: 0, stdout: `${target}\n`, stderr: '' })
    }
  })

  asRoot(`${shell}: who exchanges things while they are looked at gets nowhere`, () => {
    // What is there while each command runs is exchanged for a link to a folder of root's, before it and after.
    const swap = `for n in link; do if [ -e "$H/other" ]; then mv -T "$H/$n" "$H/x"; mv -T "$H/other" "$H/$n"; mv -T "$H/x" "$H/other"; fi; done`
    for (const command of ['stat', 'readlink', 'mkdir', 'ln']) {
      for (const order of ['before', 'after']) {
        const [home, target, etc] = [box.fresh(), box.fresh(), box.fresh()]
        symlinkSync(target, join(home, 'link'))
        symlinkSync(etc, join(home, 'other'))
        lchownSync(join(home, 'other'), service, service)
        chownSync(home, service, service)
        const bin = box.fresh('bin')
        const real = shell === 'dash' ? `/usr/bin/${command}` : `/bin/busybox ${command}`
        const run =
          order === 'before' ? `( ${swap} )\nPATH=$OLD exec ${real} "$@"` : `${real} "$@"; s=$?\n${swap}\nexit $s`
        writeFileSync(join(bin, command), `#!/bin/sh\nH=${q(home)}\nPATH=/usr/bin:/bin\nOLD=$PATH\n${run}\n`, {
          mode: 0o755,
        })
        const { code, stdout } = entered(shell, join(home, 'link'), bin)
        assert.is.not(stdout, `${etc}\n`, `${order} ${command}`)
        if (code === 0) assert.is(stdout, `${target}\n`)
      }
    }
  })

  asRoot(`${shell}: what is not there is made, one by one, and nothing behind a link`, () => {
    const home = box.fresh()
    const make = (folder: string) => box.run(shell, `umask 022\n${enterOrMake(folder).text}\npwd -P`)
    assert.is(make(join(home, 'a/b c/d')).stdout, `${join(home, 'a/b c/d')}\n`)
    assert.is(lstatSync(join(home, 'a/b c')).mode & 0o7777, 0o755)
    symlinkSync('a', join(home, 'link'))
    assert.is(make(join(home, 'link/e')).stdout, `${join(home, 'a/e')}\n`)
    symlinkSync('not/there', join(home, 'dangling'))
    assert.is(make(join(home, 'dangling/e')).code, 1)
    assert.equal(readdirSync(home).sort(), ['a', 'dangling', 'link'])
    const etc = box.fresh()
    renameSync(join(home, 'link'), join(home, 'root made this'))
    symlinkSync(etc, join(home, 'link'))
    lchownSync(join(home, 'link'), service, service)
    chownSync(home, service, service)
    assert.is(make(join(home, 'link/x/y')).code, 1)
    assert.equal(readdirSync(etc), [])
  })

  asRoot(
    `${shell}: where root may not read a folder behind a link, whoever enters it says so, and the others are looked at`,
    () => {
      const [home, target] = [box.fresh(), box.fresh()]
      symlinkSync(target, join(home, 'link'))
      mkdirs(join(target, 'closed/below'))
      chmodSync(join(target, 'closed'), 0o711)
      chownSync(join(target, 'closed'), service, service)
      symlinkSync('/', join(target, 'bad'))
      lchownSync(join(target, 'bad'), service, service)
      chownSync(target, service, service)
      const without = `/usr/bin/setpriv --bounding-set=-dac_override,-dac_read_search ${shell === 'dash' ? 'dash' : `${busybox} ash`}`
      const run = (script: string) => box.run(shell, `exec ${without} -c ${q(`set -eu\n${script}`)}`)
      const [way, bad] = [join(home, 'link/closed/below'), join(target, 'bad/etc')]
      const why = 'is reached by a link of user 4711, to a folder of user 0: bad leads to /'
      assert.equal(run(refusal([way, bad])), { code: 0, stdout: `${bad}\t${why}\n`, stderr: '' })
      assert.equal(run(enter(way).text), { code: 1, stdout: '', stderr: `${way} can't be read\n` })
    },
  )

  asRoot(`${shell}: a link of which no copy can be made did not change`, () => {
    const [home, target] = [box.fresh(), box.fresh()]
    symlinkSync(target, join(home, 'link'))
    lchownSync(join(home, 'link'), service, service)
    chownSync(target, service, service)
    chownSync(home, service, service)
    chmodSync(home, 0o775)
    for (const command of ['mkdir', 'ln']) {
      const bin = mkdirs(join(box.fresh(), 'bin'))
      writeFileSync(join(bin, command), `#!/bin/sh\necho "No space left on device" >&2; exit 1\n`, { mode: 0o755 })
      const { code, stderr } = entered(shell, join(home, 'link'), bin)
      const why = "can't be entered: nothing can be made beside its link link"
      assert.equal([code, stderr], [1, `No space left on device\n${join(home, 'link')} ${why}\n`])
      assert.equal(readdirSync(home), ['link'])
    }
  })

  test(`${shell}: a way without links costs no process`, () => {
    const folder = mkdirs(join(box.fresh(), 'a/b'))
    const bin = box.fresh('bin')
    for (const name of ['stat', 'readlink', 'mkdir', 'rm', 'ln', 'tr'])
      writeFileSync(join(bin, name), '#!/bin/sh\necho "$0 was run" >&2; exit 1\n', { mode: 0o755 })
    assert.equal(entered(shell, folder, bin), { code: 0, stdout: `${folder}\n`, stderr: '' })
    assert.is(box.ask(shell, [{ reader: refusal, key: folder }], bin)({ reader: refusal, key: folder }), '')
  })
}

test.run()
