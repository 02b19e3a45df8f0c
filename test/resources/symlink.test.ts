import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { q } from '../../lib/core/script.ts'
import { symlink } from '../../lib/resources/symlink.ts'
import { assert, suite } from '../kit.ts'
import { busybox, mkdirs, Sandbox, shells } from '../shells.ts'
import { apply, planFor, plans, shown } from './cases.ts'

const test = suite('resources/symlink')
const box = new Sandbox(test)
const stat = 'stat:/opt/app/current'
const link = 'link:/opt/app/current'

plans(test, symlink('/opt/app/current', 'releases/2'), {
  'empty host': {
    answers: {},
    action: 'create',
    changes: ['target:  → releases/2', 'type:  → link'],
    says: ['link /opt/app/current to releases/2'],
  },
  keep: { answers: { [stat]: 'symbolic link|777|root|root|10', [link]: 'releases/2' }, action: 'keep' },
  'another target': {
    answers: { [stat]: 'symbolic link|777|root|root|10', [link]: 'releases/1' },
    action: 'update',
    changes: ['target: releases/1 → releases/2'],
    says: ['link /opt/app/current to releases/2'],
  },
  'a directory is in the way': {
    answers: { [stat]: 'directory|755|root|root|4096' },
    action: 'blocked',
    changes: ['target:  → releases/2', 'type: directory → link'],
    problems: ['a directory is where a link should be; move it away'],
  },
})

for (const shell of shells) {
  test(`${shell}: is made, switched from directory to directory, and never entered`, () => {
    const folder = box.fresh()
    for (const name of ['1 a', "2 'b"]) mkdirSync(join(folder, name))
    const path = join(folder, '-current 当前')
    assert.is(apply(box, shell, symlink(path, '1 a')).action, 'create')
    assert.equal(shown(apply(box, shell, symlink(path, "2 'b"))), ["target: 1 a → 2 'b"])
    assert.is(readlinkSync(path), "2 'b")
    assert.equal(readdirSync(join(folder, '1 a')), [])
    assert.equal(readdirSync(folder).sort(), ['-current 当前', '1 a', "2 'b"])
  })

  test(`${shell}: a target that is not there yet, and one that begins with a dash`, () => {
    const folder = box.fresh()
    for (const target of ['/nonexistent/x', '-rf', '$x *']) {
      const path = join(folder, 'link')
      apply(box, shell, symlink(path, target))
      assert.is(readlinkSync(path), target)
      rmSync(path)
    }
  })

  test(`${shell}: the old link or the new one, whichever command dies; leftovers are swept`, () => {
    for (const command of ['ln', 'mv']) {
      const folder = box.fresh()
      const path = join(folder, 'current')
      symlinkSync('old', path)
      const bin = mkdirs(join(folder, 'bin'))
      writeFileSync(join(bin, command), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
      const { run } = planFor(box, shell, symlink(path, 'new')).steps[0]!
      assert.is.not(box.run(shell, run, '', bin).code, 0)
      assert.is(readlinkSync(path), 'old')
      rmSync(bin, { recursive: true })
      apply(box, shell, symlink(path, 'new'))
      assert.equal(readdirSync(folder), ['current'])
      assert.ok(lstatSync(path).isSymbolicLink())
    }
  })
}

for (const shell of shells) {
  test(`${shell}: a link to a folder that waits at the temporary name is not entered`, () => {
    const folder = box.fresh()
    const victim = box.fresh()
    const path = join(folder, 'current')
    const bin = mkdirs(join(folder, 'bin'))
    symlinkSync('old', path)
    writeFileSync(join(folder, '.plinth.current'), 'of a killed run')
    writeFileSync(join(bin, 'rm'), `#!/bin/sh\n/bin/ln -sf ${q(victim)} ${q(join(folder, '.plinth.current'))}\n`, {
      mode: 0o755,
    })
    const { run } = planFor(box, shell, symlink(path, '/home/service/job')).steps[0]!
    assert.is(box.run(shell, run, '', bin).code, 1)
    assert.equal(readdirSync(victim), [])
    assert.is(readlinkSync(path), 'old')
  })

  test(`${shell}: what comes to its name meanwhile is replaced: a link to a folder, which is not entered, and a file`, () => {
    for (const plant of ['ln -s "$V"', 'ln -s nowhere', 'touch']) {
      const folder = box.fresh()
      const victim = box.fresh()
      const path = join(folder, 'current')
      const bin = mkdirs(join(box.fresh(), 'bin'))
      const real = shell === 'dash' ? '/usr/bin/ln' : `${busybox} ln`
      const lines = `V=${q(victim)}; P=${q(path)}; if [ ! -e "$P" ] && [ ! -L "$P" ]; then ( PATH=/usr/bin:/bin; ${plant} "$P" ); fi`
      writeFileSync(join(bin, 'ln'), `#!/bin/sh\n${lines}\nexec ${real} "$@"\n`, { mode: 0o755 })
      const { run } = planFor(box, shell, symlink(path, '/home/service/job')).steps[0]!
      assert.equal(box.run(shell, run, '', bin), { code: 0, stdout: '', stderr: '' })
      assert.equal(readdirSync(victim), [])
      assert.equal(readdirSync(folder), ['current'])
      assert.is(readlinkSync(path), '/home/service/job')
    }
  })

  test(`${shell}: each command is a process on the host: a new link takes two, one that is switched three`, () => {
    const folder = box.fresh()
    const bin = mkdirs(join(box.fresh(), 'bin'))
    const log = join(bin, 'log')
    for (const name of ['ln', 'mv', 'readlink', 'rm', 'stat', 'sync']) {
      const real = shell === 'dash' ? `/usr/bin/${name}` : `${busybox} ${name}`
      writeFileSync(join(bin, name), `#!/bin/sh\necho ${name} >>${q(log)}\nexec ${real} "$@"\n`, { mode: 0o755 })
    }
    for (const [target, begun] of [
      ['old', 'ln sync'],
      ['new', 'ln mv sync'],
    ] as const) {
      const { run } = planFor(box, shell, symlink(join(folder, 'current'), target)).steps[0]!
      writeFileSync(join(folder, target), '')
      writeFileSync(log, '')
      assert.is(box.run(shell, `plinth_uid=0\n${run}`, '', bin).code, 0)
      assert.is(readFileSync(log, 'utf8').trim().replaceAll('\n', ' '), begun)
      assert.is(readlinkSync(join(folder, 'current')), target)
    }
  })

  test(`${shell}: a file beside it that is named like it is nobody's temporary one, and the folder is flushed`, () => {
    const folder = box.fresh()
    writeFileSync(join(folder, 'current.plinth'), '')
    symlinkSync('left', join(folder, '.plinth.current'))
    assert.match(apply(box, shell, symlink(join(folder, 'current'), 'x')).steps[0]!.run, /\nsync \.$/)
    assert.equal(readdirSync(folder).sort(), ['current', 'current.plinth'])
  })

  test(`${shell}: a link that leads in a circle is replaced`, () => {
    const path = join(box.fresh(), 'current')
    symlinkSync('current', path)
    apply(box, shell, symlink(path, 'releases/2'))
    assert.is(readlinkSync(path), 'releases/2')
  })
}

test.run()
