import { chmodSync, existsSync, lstatSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { q } from '../../lib/core/script.ts'
import { directory } from '../../lib/resources/directory.ts'
import { assert, suite } from '../kit.ts'
import { me, mkdirs, Sandbox, shells } from '../shells.ts'
import { apply, planFor, plans, shown } from './cases.ts'

const test = suite('resources/directory')
const box = new Sandbox(test)
const stat = 'stat:/opt/app'

plans(test, directory('/opt/app', { owner: 'app', group: 'app', mode: '0750' }), {
  'empty host': {
    answers: {},
    action: 'create',
    changes: ['group:  → app', 'mode:  → 0750', 'owner:  → app', 'type:  → directory'],
    says: ['make directory /opt/app'],
  },
  keep: { answers: { [stat]: 'directory|750|app|app|4096' }, action: 'keep' },
  'another mode': {
    answers: { [stat]: 'directory|1777|app|app|4096' },
    action: 'update',
    changes: ['mode: 1777 → 0750'],
    says: ['set owner and mode of /opt/app'],
  },
  'another owner': {
    answers: { [stat]: 'directory|750|root|app|4096' },
    action: 'update',
    changes: ['owner: root → app'],
    says: ['set owner and mode of /opt/app'],
  },
  'a file is in the way': {
    answers: { [stat]: 'regular file|750|app|app|6' },
    action: 'blocked',
    changes: ['type: file → directory'],
    problems: ['/opt/app: a file is where a directory should be; move it away'],
  },
  'a link is in the way': {
    answers: { [stat]: 'symbolic link|777|app|app|6' },
    action: 'blocked',
    changes: ['mode: 0777 → 0750', 'type: link → directory'],
    problems: ['a link is where a directory should be'],
  },
})

for (const shell of shells) {
  test(`${shell}: is made, kept, and mended without touching what is in it`, () => {
    const path = join(box.fresh(), "-d 'x' 目录")
    const wanted = directory(path, { ...me, mode: '0700' })
    assert.is(apply(box, shell, wanted).action, 'create')
    assert.is(statSync(path).mode & 0o7777, 0o700)
    writeFileSync(join(path, 'f'), 'x', { mode: 0o640 })
    chmodSync(path, 0o777)
    assert.equal(shown(apply(box, shell, wanted)), ['mode: 0777 → 0700'])
    assert.is(statSync(join(path, 'f')).mode & 0o777, 0o640)
    rmSync(path, { recursive: true })
    assert.is(apply(box, shell, wanted).action, 'create')
  })

  test(`${shell}: has the mode that is declared, also where the folder above hands down its group`, () => {
    const parent = box.fresh()
    chmodSync(parent, 0o2755)
    for (const [mode, bits] of [
      ['0750', 0o750],
      ['2770', 0o2770],
    ] as const) {
      const path = join(parent, mode)
      const wanted = directory(path, { ...me, mode })
      assert.is(apply(box, shell, wanted).action, 'create')
      assert.is(statSync(path).mode & 0o7777, bits, 'made')
      chmodSync(path, 0o6711)
      assert.is(apply(box, shell, wanted).action, 'update')
      assert.is(statSync(path).mode & 0o7777, bits, 'mended')
    }
  })

  if (process.getuid?.() === 0)
    test(`${shell}: each command is a process on the host: one of root's takes one, any other two, and no flush`, () => {
      const folder = box.fresh()
      const bin = mkdirs(join(box.fresh(), 'bin'))
      const log = join(bin, 'log')
      for (const name of ['chmod', 'chown', 'id', 'mkdir', 'stat', 'sync'])
        writeFileSync(join(bin, name), `#!/bin/sh\necho ${name} >>${q(log)}\nexec /usr/bin/${name} "$@"\n`, {
          mode: 0o755,
        })
      for (const [name, owned, begun] of [
        ['own', {}, 'mkdir'],
        ['theirs', { owner: 'daemon', group: 'daemon' }, 'mkdir chown'],
        ["a group's", { group: 'daemon' }, 'mkdir chown'],
      ] as const) {
        const path = join(folder, name)
        const [step] = directory(path, owned).plan(() => '', new Set()).steps
        writeFileSync(log, '')
        assert.is(box.run(shell, `plinth_uid=0 plinth_gid=0\n${step!.run}`, '', bin).code, 0)
        assert.is(readFileSync(log, 'utf8').trim().replaceAll('\n', ' '), begun)
        assert.is(planFor(box, shell, directory(path, owned)).action, 'keep')
      }
    })

  test(`${shell}: what is in the way stays`, () => {
    const folder = box.fresh()
    const path = join(folder, 'd')
    writeFileSync(path, 'x')
    assert.is(planFor(box, shell, directory(path)).action, 'blocked')
    rmSync(path)
    symlinkSync(folder, path)
    assert.is(planFor(box, shell, directory(path)).action, 'blocked')
    assert.ok(lstatSync(path).isSymbolicLink() && existsSync(folder))
  })
}

test.run()
