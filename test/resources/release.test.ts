import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Question } from '../../lib/core/probe.ts'
import type { Plan, Resource, Step } from '../../lib/core/resource.ts'
import { q } from '../../lib/core/script.ts'
import { sha256 } from '../../lib/core/secret.ts'
import { play } from '../../lib/engine/play.ts'
import { archiveFolder, release } from '../../lib/resources/release.ts'
import { FakeWorld, fakeHost, run } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'
import { busybox, me, mkdirs, Sandbox, type ShellName, shells } from '../shells.ts'
import { plans, shown } from './cases.ts'

const test = suite('resources/release')
const box = new Sandbox(test)

/** A small distribution, packed as the real ones are: everything below one folder. */
function pack(name: string, text: string) {
  const source = mkdirs(join(box.folder, 'source', name, 'app'))
  mkdirs(join(source, 'conf'))
  mkdirs(join(source, 'target'))
  writeFileSync(join(source, 'conf/app.conf'), text)
  writeFileSync(join(source, "target/a 'jar' 名.jar"), 'jar')
  writeFileSync(join(source, 'run.sh'), '#!/bin/sh\n', { mode: 0o755 })
  symlinkSync('conf/app.conf', join(source, 'link'))
  // As old as real ones: an edit is seen by its time too.
  assert.is(spawnSync('find', [source, '-exec', 'touch', '-hd', '@1000000000', '{}', '+']).status, 0)
  const path = join(box.folder, `${name}.tar.gz`)
  assert.is(spawnSync('tar', ['-czf', path, '-C', join(source, '..'), 'app']).status, 0)
  const bytes = readFileSync(path)
  const files = ['conf/app.conf', "target/a 'jar' 名.jar", 'run.sh', 'link']
  return { name: `${name}.tar.gz`, path, bytes: bytes.length, sha256: sha256(bytes), files }
}

const one = pack('one', 'x=1\n')
const two = pack('two', 'x=2\n')
const tree = 'a'.repeat(64)
const path = '/opt/app/releases/1'
const arrived = { [`stat:${archiveFolder}/${one.sha256}`]: `regular file|600|root|root|${one.bytes}` }
const marker = (archive: string, digest: string): string => `marker sha256 ${archive} tree ${digest} \ntree ${tree}`
const [send, unpack] = ['send one.tar.gz (1 MB)', `unpack one.tar.gz into ${path}`]

plans(test, release(path, { archive: one, owner: 'app', group: 'app' }), {
  'empty host': {
    answers: {},
    action: 'create',
    changes: [`archive:  → ${one.sha256}`, 'tree:  → whole'],
    says: [send, unpack],
  },
  'the archive is there already': {
    answers: arrived,
    action: 'create',
    changes: [`archive:  → ${one.sha256}`, 'tree:  → whole'],
    says: [unpack],
  },
  'the archive is there in part': {
    answers: { [`stat:${archiveFolder}/${one.sha256}`]: `regular file|600|root|root|1${one.bytes}` },
    action: 'create',
    changes: [`archive:  → ${one.sha256}`, 'tree:  → whole'],
    says: [send, unpack],
  },
  keep: { answers: { [`release:${path}`]: marker(one.sha256, tree) }, action: 'keep' },
  'keep, by its own owner and mode': {
    answers: { [`release:${path}`]: marker(one.sha256, tree), [`stat:${path}`]: 'directory|750|app|app|4096|1' },
    action: 'keep',
  },
  'keep, in a folder that hands down its group': {
    answers: { [`release:${path}`]: marker(one.sha256, tree), [`stat:${path}`]: 'directory|2750|app|app|4096|1' },
    action: 'keep',
  },
  'keep, behind a link: on another disk': {
    answers: { [`release:${path}`]: marker(one.sha256, tree), [`stat:${path}`]: 'symbolic link|777|root|root|9|1' },
    action: 'keep',
  },
  'of another owner': {
    answers: {
      [`release:${path}`]: marker(one.sha256, tree),
      [`stat:${path}`]: 'directory|750|old|app|4096|1',
      ...arrived,
    },
    action: 'update',
    changes: ['tree: old:app 0750 → whole'],
    says: [unpack],
  },
  'something in it changed': {
    answers: { [`release:${path}`]: marker(one.sha256, 'b'.repeat(64)), ...arrived },
    action: 'update',
    changes: ['tree: damaged → whole'],
    says: [unpack],
  },
  'of another archive': {
    answers: { [`release:${path}`]: marker(two.sha256, tree), ...arrived },
    action: 'update',
    changes: [`archive: ${two.sha256} → ${one.sha256}`],
    says: [unpack],
  },
  'unpacked by hand, without a marker': {
    answers: { [`release:${path}`]: `marker \ntree ${tree}\nholds run.sh\nholds conf/app.conf`, ...arrived },
    action: 'update',
    changes: [`archive:  → ${one.sha256}`, 'tree: damaged → whole'],
    says: [unpack],
  },
  'a folder of somebody else': {
    answers: { [`release:${path}`]: `marker \ntree ${tree}\nholds run.sh\nholds data/a b\nholds c`, ...arrived },
    action: 'blocked',
    changes: [`archive:  → ${one.sha256}`, 'tree: damaged → whole'],
    problems: [
      `${path}: a folder that Plinth has not unpacked is there, and holds data/a b and 1 more, which one.tar.gz has not; move it away, then run again`,
    ],
  },
  'more files than can be looked through, all of which the archive has': {
    answers: {
      [`release:${path}`]: `marker \ntree ${tree}\n${'holds run.sh\n'.repeat(10_001)}`,
      ...arrived,
    },
    action: 'blocked',
    changes: [`archive:  → ${one.sha256}`, 'tree: damaged → whole'],
    problems: [
      `${path}: a folder that Plinth has not unpacked is there, and holds more than 10000 files: too many to know whether all are of one.tar.gz; move it away, then run again`,
    ],
  },
  'as many as can be': {
    answers: {
      [`release:${path}`]: `marker \ntree ${tree}\n${'holds run.sh\n'.repeat(10_000)}`,
      ...arrived,
    },
    action: 'update',
    changes: [`archive:  → ${one.sha256}`, 'tree: damaged → whole'],
    says: [unpack],
  },
  'a folder of somebody else, by a link': {
    answers: {
      [`release:${path}`]: `marker \ntree ${tree}\nholds c`,
      [`stat:${path}`]: 'symbolic link|777|root|root|9|1',
      ...arrived,
    },
    action: 'update',
    changes: [`archive:  → ${one.sha256}`, 'tree: damaged → whole'],
    says: [unpack],
  },
})

test('what a unit runs with is the same release whoever owns it: its digest is that of earlier versions', () => {
  const digests = [{}, { others: true }, { owner: 'b', group: 'b' }].map((more) =>
    release(path, { archive: { ...one, sha256: tree }, owner: 'a', group: 'a', ...more }).digest(),
  )
  assert.equal([...new Set(digests)], ['8a3f7cbbaae6ef92e46b45bc1f4812166d51e2fc4a145adc585509b47ff3c64c'])
})

test('the archive is streamed, never part of a command', () => {
  const [step] = release(path, { archive: one, owner: 'app', group: 'app' }).plan(() => '', new Set()).steps
  const { have, ...upload } = step!.upload!
  assert.equal(upload, { path: one.path, bytes: one.bytes, sha256: one.sha256 })
})

for (const shell of shells) {
  for (const missing of ['tar', 'gzip']) {
    test(`${shell}: nothing is sent to a host without ${missing}`, () => {
      const bin = box.fresh()
      for (const name of ['tar', 'gzip'])
        if (name !== missing) writeFileSync(join(bin, name), '#!/bin/sh\n', { mode: 0o755 })
      const [step] = release(path, { archive: one, owner: 'app', group: 'app' }).plan(() => '', new Set()).steps
      const { code, stdout, stderr } = box.run(shell, `PATH=${q(bin)}\n${step!.upload!.have}`)
      assert.equal([code, stdout, stderr], [1, '', `there is no ${missing} to unpack it with: install it\n`])
    })
  }
}

/** A host whose archives wait in the sandbox. */
class Here {
  /** Of plain letters, so that it can take the place of the other in any script. */
  readonly cache = mkdtempSync(join(box.folder, 'cache-'))

  readonly shell: ShellName
  readonly folder: string

  constructor(shell: ShellName, folder: string) {
    this.shell = shell
    this.folder = folder
  }

  plan(resource: Resource): Plan {
    const here = ({ reader, key }: Question): Question => ({ reader, key: key.replace(archiveFolder, this.cache) })
    const answers = box.ask(this.shell, resource.probe.map(here))
    return resource.plan((asked) => answers(here(asked)), new Set())
  }

  run(plan: Plan, first?: string): void {
    box.act(
      this.shell,
      plan.steps.map((step) => this.here(step)),
      first,
    )
  }

  here({ upload, ...step }: Step): Step {
    const run = step.run.replaceAll(archiveFolder, this.cache)
    const have = upload?.have?.replaceAll(archiveFolder, this.cache) ?? ''
    return { ...step, run, ...(upload && { upload: { ...upload, have } }) }
  }

  apply(resource: Resource): Plan {
    const plan = this.plan(resource)
    this.run(plan)
    const after = this.plan(resource)
    assert.is(after.action, 'keep', shown(after).join(', '))
    return plan
  }
}

/** A host and the release that should be on it. */
function fresh(shell: ShellName) {
  const folder = box.fresh()
  const at = join(mkdirs(join(folder, 'releases')), '2.2.4')
  return { host: new Here(shell, folder), at, wanted: (archive = one) => release(at, { archive, ...me }) }
}

for (const shell of shells) {
  test(`${shell}: is sent, unpacked without its first folder, and kept`, () => {
    const { host, at, wanted } = fresh(shell)
    assert.is(host.apply(wanted()).steps.length, 2)
    assert.equal(readdirSync(at).sort(), ['.plinth', 'conf', 'link', 'run.sh', 'target'])
    assert.is(readFileSync(join(at, 'link'), 'utf8'), 'x=1\n')
    assert.is(statSync(at).mode & 0o7777, 0o750)
    assert.is(statSync(join(at, 'run.sh')).mode & 0o7777, 0o750)
    assert.is(statSync(join(at, 'conf/app.conf')).mode & 0o7777, 0o640)
    assert.equal(readdirSync(join(at, '..')), ['2.2.4'])
    assert.equal(readdirSync(host.cache), [one.sha256])
    assert.is(statSync(join(host.cache, one.sha256)).mode & 0o7777, 0o600)
  })

  /** Commands beside the host's own, each as shell that has the real ones by `real` and a log in `log`, which `said` reads. */
  const commands = (
    host: { readonly folder: string },
    scripts: (real: (name: string) => string, log: string) => Readonly<Record<string, string>>,
  ) => {
    const bin = mkdirs(join(host.folder, 'bin'))
    const log = join(host.folder, 'log')
    const real = (name: string): string => (shell === 'dash' ? `/bin/${name}` : `${busybox} ${name}`)
    for (const [name, script] of Object.entries(scripts(real, q(log))))
      writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    return { bin, said: () => readFileSync(log, 'utf8').trim().split('\n') }
  }
  const failsOnce = '[ -e "$0.once" ] || { : >"$0.once"; echo "sync: error syncing: Input/output error" >&2; exit 1; }'

  test(`${shell}: an archive is on the disk before it gets its name; on a disk that fails it gets none`, () => {
    for (const fails of [false, true]) {
      const { host, wanted } = fresh(shell)
      const { bin, said } = commands(host, (real, log) => ({
        sync: `for last in "$@"; do :; done; case $last in *.part | *[0-9a-f]) ${fails ? 'exit 1' : `sleep 0.3; echo flushed >>${log}`} ;; esac; exec ${real('sync')} "$@"`,
        mv: `echo named >>${log}; exec ${real('mv')} "$@"`,
      }))
      const plan = host.plan(wanted())
      const sent = { ...plan, steps: plan.steps.slice(0, 1) }
      if (fails) {
        assert.throws(() => host.run(sent, bin), /exit code/)
        assert.equal(readdirSync(host.cache), [])
      } else {
        host.run(sent, bin)
        assert.equal(said().slice(0, 2), ['flushed', 'named'])
      }
    }
  })

  test(`${shell}: what arrives goes to the disk meanwhile; an error of the disk that is told but once gives it no name`, () => {
    for (const fails of [false, true]) {
      const { host, wanted } = fresh(shell)
      const { bin, said } = commands(host, (real, log) => ({
        cat: `${real('cat')}; sleep 2; echo arrived >>${log}`,
        sync: `case $1 in *.part) echo flush >>${log}; ${fails ? failsOnce : ':'} ;; esac; exec ${real('sync')} "$@"`,
      }))
      const plan = host.plan(wanted())
      const send = () => host.run({ ...plan, steps: plan.steps.slice(0, 1) }, bin)
      if (fails) assert.throws(send, /exit code 1: sync: error syncing: Input\/output error\s*$/)
      else send()
      assert.is(said()[0], 'flush')
      if (!fails) assert.is(said().at(-1), 'flush')
      assert.equal(readdirSync(host.cache), fails ? [] : [one.sha256], 'no run goes on with what the disk has not got')
    }
  })

  test(`${shell}: a power cut after a step takes nothing back: each name is on the disk, and what is in it before`, () => {
    const { host, wanted, at } = fresh(shell)
    const noting = (name: string, real: (name: string) => string, log: string): string =>
      `for last in "$@"; do :; done; echo "${name} $PWD $last" >>${log}; exec ${real(name)} "$@"`
    const { bin, said } = commands(host, (real, log) => ({
      sync: noting('sync', real, log),
      mv: noting('mv', real, log),
    }))
    host.run(host.plan(wanted()), bin)
    const beside = join(at, '..')
    // While it is unpacked it is flushed now and then.
    const once = said().filter((line, index, all) => line !== all[index - 1])
    const told = once.map((line) =>
      line.replaceAll(host.cache, 'CACHE').replaceAll(beside, 'RELEASES').replace(box.folder, '/'),
    )
    assert.equal(
      told.map((line) => line.replace(one.sha256, 'SUM').replace(/\.plinth\.\w+/, 'NEW')),
      [
        ...['sync / CACHE/SUM.part', 'mv / CACHE/SUM', 'sync / CACHE'],
        ...['sync RELEASES/NEW .', 'mv RELEASES ./2.2.4', 'sync RELEASES .'],
      ],
    )
  })

  /** A `tar` that takes its time, and what is done instead of a `sync` of a whole file system. */
  const slowly = (host: { readonly folder: string }, sync: string, amidst = ':') =>
    commands(host, (real, log) => ({
      tar: `echo unpacking >>${log}; sleep 2; ${amidst}; ${real('tar')} "$@"; echo unpacked >>${log}`,
      sync: `case $1 in -f) echo flush >>${log}; ${sync} ;; '') echo 'flush all' >>${log} ;; esac; exec ${real('sync')} "$@"`,
    }))

  test(`${shell}: what is unpacked goes to the disk meanwhile, and once more in the end`, () => {
    const { host, wanted, at } = fresh(shell)
    const { bin, said } = slowly(host, ':')
    host.run(host.plan(wanted()), bin)
    const [first, second] = said()
    assert.equal([first, second, said().at(-1)], ['unpacking', 'flush', 'flush'])
    assert.ok(said().lastIndexOf('flush') > said().indexOf('unpacked'))
    assert.ok(existsSync(at))
  })

  test(`${shell}: of a script that is killed nothing goes on to flush`, () => {
    const { host, wanted } = fresh(shell)
    const { bin, said } = slowly(host, ':', 'kill -9 $PPID; exit 1')
    assert.throws(() => host.run(host.plan(wanted()), bin), /exit code/)
    spawnSync('sleep', ['1.2'])
    const before = said().length
    assert.ok(before > 1)
    spawnSync('sleep', ['1.2'])
    assert.is(said().length, before)
  })

  test(`${shell}: a disk that fails meanwhile says so but once: nothing gets its name`, () => {
    const { host, wanted, at } = fresh(shell)
    const { bin, said } = slowly(host, failsOnce)
    assert.throws(() => host.run(host.plan(wanted()), bin), /exit code 1: sync: error syncing: Input\/output error\s*$/)
    assert.equal(
      said().filter((word) => word === 'flush'),
      ['flush'],
    )
    assert.not(existsSync(at))
  })

  test(`${shell}: so does one that fails in a flush that outlasts the unpacking`, () => {
    const { host, wanted, at } = fresh(shell)
    const once =
      '[ -e "$0.once" ] || { : >"$0.once"; sleep 3; echo "sync: error syncing: Input/output error" >&2; exit 1; }'
    const { bin, said } = slowly(host, once)
    assert.throws(() => host.run(host.plan(wanted()), bin), /exit code 1: sync: error syncing: Input\/output error\s*$/)
    assert.equal(said(), ['unpacking', 'flush', 'unpacked'])
    assert.not(existsSync(at))
  })

  // busybox runs its own.
  if (shell === 'dash')
    test(`${shell}: a flush that outlasts the unpacking is followed by the last one, and by no pause`, () => {
      const { host, wanted } = fresh(shell)
      const { bin, said } = slowly(host, '[ -e "$0.once" ] || { : >"$0.once"; /bin/sleep 3; }')
      const pause = `echo pause >>${q(join(host.folder, 'log'))}; exec /bin/sleep "$@"`
      writeFileSync(join(bin, 'sleep'), `#!/bin/sh\n${pause}\n`, { mode: 0o755 })
      host.run(host.plan(wanted()), bin)
      const events = said()
      assert.equal(events.slice(events.indexOf('unpacked')), ['unpacked', 'flush'])
    })

  test(`${shell}: a sync that can't flush one file system flushes all`, () => {
    const { host, wanted, at } = fresh(shell)
    const { bin, said } = slowly(host, `echo "sync: invalid option -- 'f'" >&2; exit 1`)
    host.run(host.plan(wanted()), bin)
    assert.is(said().at(-1), 'flush all')
    assert.ok(existsSync(at))
  })

  test(`${shell}: damage of every kind shows, and is mended from the archive that waits there`, () => {
    const { host, at, wanted } = fresh(shell)
    host.apply(wanted())
    const damages: Readonly<Record<string, () => void>> = {
      edited: () => writeFileSync(join(at, 'conf/app.conf'), 'x=3\n'),
      lost: () => rmSync(join(at, "target/a 'jar' 名.jar")),
      added: () => writeFileSync(join(at, 'conf/stray'), ''),
      'another mode': () => chmodSync(join(at, 'run.sh'), 0o777),
      'another link': () => {
        rmSync(join(at, 'link'))
        symlinkSync('/etc/passwd', join(at, 'link'))
      },
      'another mode of its own': () => chmodSync(at, 0o700),
      'no marker': () => rmSync(join(at, '.plinth')),
    }
    for (const [name, damage] of Object.entries(damages).slice(shell === 'dash' ? 0 : 4)) {
      damage()
      const plan = host.apply(wanted())
      assert.is(plan.action, 'update', name)
      assert.is(plan.steps.length, 1, 'not sent again')
    }
    rmSync(at, { recursive: true })
    assert.is(host.apply(wanted()).action, 'create')
    assert.is(host.apply(wanted(two)).steps.length, 2)
    assert.is(readFileSync(join(at, 'conf/app.conf'), 'utf8'), 'x=2\n')
  })

  test(`${shell}: what no release left there stays, whatever is in the place of the marker`, () => {
    for (const put of ['', 'mkfifo .plinth', 'mkdir .plinth; echo >.plinth/x', 'ln -s /etc/passwd .plinth']) {
      const { host, at, wanted } = fresh(shell)
      mkdirs(join(at, 'data'))
      const { code } = box.run(shell, `cd ${q(at)}; ${put}`)
      assert.is(code, 0)
      assert.is(host.plan(wanted()).action, 'update', put)
      writeFileSync(join(at, "data/it's  \\n"), '')
      const { action, problems } = host.plan(wanted())
      assert.equal([action, problems.length], ['blocked', 1])
      assert.match(problems[0]!.what, "holds data/it's  \\n, which one.tar.gz has not")
    }
  })

  if (process.getuid?.() === 0)
    test(`${shell}: another owner, and other readers, than are declared now: it is unpacked anew for them`, () => {
      const { host, at } = fresh(shell)
      host.apply(release(at, { archive: one, owner: 'nobody', group: 'nogroup' }))
      for (const [more, change] of [
        [{ owner: 'daemon', group: 'daemon' }, 'tree: nobody:nogroup 0750 → whole'],
        [{ owner: 'daemon', group: 'daemon', others: true }, 'tree: daemon:daemon 0750 → whole'],
      ] as const) {
        assert.equal(shown(host.apply(release(at, { archive: one, ...more }))), [change])
        assert.is(host.plan(release(at, { archive: one, ...more })).action, 'keep')
      }
      const look = (name: string) => [
        statSync(join(at, name)).uid,
        (statSync(join(at, name)).mode & 0o7777).toString(8),
      ]
      assert.equal(
        [look('.'), look('conf'), look('conf/app.conf')],
        [
          [1, '755'],
          [1, '755'],
          [1, '644'],
        ],
      )
    })

  if (process.getuid?.() === 0)
    test(`${shell}: who the release will belong to can't have root write through a link in it`, () => {
      const { host, at } = fresh(shell)
      const victim = join(mkdirs(join(host.folder, 'safe')), 'shadow')
      writeFileSync(victim, 'untouched')
      chmodSync(box.folder, 0o755)
      const bin = mkdirs(join(host.folder, 'bin'))
      const real = shell === 'dash' ? '/usr/bin/sha256sum' : `${busybox} sha256sum`
      const log = join(host.folder, 'log')
      writeFileSync(
        join(bin, 'sha256sum'),
        `#!/bin/sh\n/usr/bin/setpriv --reuid=65534 --regid=65534 --clear-groups /bin/ln -s ${q(victim)} .plinth 2>>${q(log)}\nexec ${real} "$@"\n`,
        { mode: 0o755 },
      )
      const owned = release(at, { archive: one, owner: 'nobody', group: 'nogroup' })
      host.run(host.plan(owned), bin)
      assert.is(readFileSync(victim, 'utf8'), 'untouched')
      assert.match(readFileSync(log, 'utf8'), /Permission denied/)
      for (const name of ['.', 'conf', 'conf/app.conf', 'run.sh'])
        assert.equal([statSync(join(at, name)).uid, statSync(join(at, name)).gid], [65534, 65534], name)
    })

  if (process.getuid?.() === 0)
    for (const [what, plant] of [
      ['a link', (there: string, victim: string) => `ln -s ${q(victim)} "${there}"`],
      ["somebody's folder", (there: string) => `mkdir "${there}" && chown 4711 "${there}"`],
    ] as const)
      test(`${shell}: ${what} put in the place of the folder that is unpacked into has nothing written into it`, () => {
        const { host, at, wanted } = fresh(shell)
        const victim = mkdirs(join(host.folder, 'victim'))
        const bin = mkdirs(join(host.folder, 'bin'))
        const real = shell === 'dash' ? '/usr/bin/mktemp' : `${busybox} mktemp`
        writeFileSync(
          join(bin, 'mktemp'),
          `#!/bin/sh\nt=$(${real} "$@") && mv "$t" "$t.away" && ${plant('$t', victim)} && echo "$t"\n`,
          { mode: 0o755 },
        )
        assert.throws(() => host.run(host.plan(wanted()), bin), /changed while the archive was to be unpacked/)
        assert.equal(readdirSync(victim), [])
        assert.not(existsSync(at))
      })

  if (process.getuid?.() === 0)
    test(`${shell}: the folder of releases is a link that its owner may have put there: nothing is unpacked behind it`, () => {
      const { host, at, wanted } = fresh(shell)
      const victim = box.fresh()
      const plan = host.plan(wanted())
      rmSync(join(at, '..'), { recursive: true })
      symlinkSync(victim, join(at, '..'))
      lchownSync(join(at, '..'), 4711, 4711)
      chownSync(host.folder, 4711, 4711)
      assert.throws(() => host.run(plan), /is reached by a link of user 4711, to a folder of user 0/)
      assert.is(host.plan(wanted()).action, 'blocked')
      assert.equal(readdirSync(victim), [])
    })

  test(`${shell}: the old release or the new one, whichever command dies; leftovers are swept`, () => {
    // What the shells do differently is in the last ones: the rest is the script's own order.
    const early = shell === 'dash' ? ['mktemp', 'tar', 'chmod', 'chown', 'find', 'sync', 'mv'] : ['tar']
    for (const death of [...early, 'second mv', 'every later mv']) {
      const { host, at, wanted } = fresh(shell)
      host.apply(wanted())
      writeFileSync(join(at, 'conf/app.conf'), 'old\n')
      const bin = mkdirs(join(host.folder, 'bin'))
      const command = death.split(' ').at(-1)!
      const real = shell === 'dash' ? '/bin/mv' : `${busybox} mv`
      const scripts: Readonly<Record<string, string>> = {
        'second mv': `case "$*" in */2.2.4) [ -e "$0.once" ] || { : >"$0.once"; exit 1; } ;; esac; exec ${real} "$@"`,
        'every later mv': `case "$*" in */2.2.4) exit 1 ;; esac; exec ${real} "$@"`,
      }
      writeFileSync(join(bin, command), `#!/bin/sh\n${scripts[death] ?? 'exit 1'}\n`, { mode: 0o755 })
      const plan = host.plan(wanted())
      assert.throws(() => host.run(plan, bin), /exit code/)
      const names = readdirSync(join(at, '..'))
      if (death === 'every later mv')
        assert.match(names.join(), /^\.plinth\.\w+\.old$/, 'kept, though not in its place')
      else assert.equal([names, readFileSync(join(at, 'conf/app.conf'), 'utf8')], [['2.2.4'], 'old\n'], death)
      rmSync(bin, { recursive: true })
      host.apply(wanted())
      assert.equal(readdirSync(join(at, '..')), ['2.2.4'], death)
      assert.is(readFileSync(join(at, 'conf/app.conf'), 'utf8'), 'x=1\n')
    }
  })

  test(`${shell}: an archive that arrives changed, or was changed while it waited, is never unpacked`, () => {
    const { host, at, wanted } = fresh(shell)
    const plan = host.plan(wanted())
    const swapped = plan.steps.map((step) =>
      step.upload ? { ...step, upload: { ...step.upload, path: two.path } } : step,
    )
    assert.throws(() => host.run({ ...plan, steps: swapped }), /another SHA-256/)
    assert.equal(readdirSync(host.cache), [])
    host.run({ ...plan, steps: plan.steps.slice(0, 1) })
    writeFileSync(join(host.cache, one.sha256), 'x'.repeat(one.bytes))
    assert.throws(() => host.run(host.plan(wanted())), /damaged and was removed; run again/)
    assert.not(existsSync(at))
    assert.equal(readdirSync(host.cache), [])
    host.apply(wanted())
  })
}

test('two hosts of one machine: the archive travels once', async () => {
  const world = new FakeWorld()
  const machine = world.machine('m1')
  const at = (name: string): string => `/opt/${name}/releases/1`
  machine.on(send, () => {
    machine.answer(`stat:${archiveFolder}/${one.sha256}`, `regular file|600|root|root|${one.bytes}`)
    return undefined
  })
  for (const name of ['a', 'b']) {
    machine.on(`unpack one.tar.gz into ${at(name)}`, () => {
      machine.answer(`release:${at(name)}`, marker(one.sha256, tree))
      return undefined
    })
  }
  const pair = [fakeHost('a', null, 'm1'), fakeHost('b', null, 'm1')]
  const site = [play('p', pair, ({ name }) => [release(at(name), { archive: one, owner: 'root', group: 'root' })])]
  const { result } = await run(site, world)
  assert.equal(result.failures, [])
  assert.equal(
    machine.steps.map(({ say }) => say),
    [send, `unpack one.tar.gz into ${at('a')}`, `unpack one.tar.gz into ${at('b')}`],
  )
})

test('a disk that is full: the archive is not there, the cause is named, and the disk is not left full', () => {
  if (process.getuid?.() !== 0) return console.log('SKIPPED without root: a full disk')
  for (const shell of shells) {
    const { host, wanted } = fresh(shell)
    const large = { ...one, bytes: 300_000 }
    const path = join(box.folder, 'large')
    writeFileSync(path, Buffer.alloc(large.bytes, 'x'))
    assert.is(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'plinth-test', host.cache]).status, 0)
    try {
      const plan = host.plan(wanted({ ...large, path }))
      assert.throws(() => host.run(plan), /No space left on device/)
      assert.equal(readdirSync(host.cache), [])
    } finally {
      spawnSync('umount', ['-l', host.cache])
    }
  }
})

test('a JDK may be read by all', () => {
  const { host, at } = fresh('dash')
  host.apply(release(at, { archive: one, ...me, others: true }))
  assert.is(statSync(at).mode & 0o7777, 0o755)
  assert.is(statSync(join(at, 'conf/app.conf')).mode & 0o7777, 0o644)
})

test('a file or a dangling link in its place makes room', () => {
  for (const [name, put] of [
    ['file', (at: string) => writeFileSync(at, 'x')],
    ['link', (at: string) => symlinkSync('/nonexistent', at)],
    ['empty folder', (at: string) => mkdirSync(at)],
  ] as const) {
    const { host, at, wanted } = fresh('dash')
    put(at)
    host.apply(wanted())
    assert.ok(existsSync(join(at, 'run.sh')), name)
    assert.equal(readdirSync(join(at, '..')), ['2.2.4'])
  }
})

test.run()
