/** What a run leaves on a machine, under dash and busybox: the audit log, and the receipts that the reader reads again. */
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Trace } from '../../lib/core/channel.ts'
import { readReceipts } from '../../lib/core/receipt.ts'
import { q } from '../../lib/core/script.ts'
import type { Outcome } from '../../lib/edge/shell.ts'
import { traceProblem, traceScript } from '../../lib/edge/trace-text.ts'
import { receipts } from '../../lib/readers.ts'
import { assert, suite } from '../kit.ts'
import { busybox, mkdirs, Sandbox, shells } from '../shells.ts'

const test = suite('edge/trace-text')
const box = new Sandbox(test)

/** A PATH in which everybody is a plain user, and a journal that is a file. */
function home(): { readonly bin: string; readonly state: string; readonly journal: string; readonly set: string } {
  const folder = box.fresh()
  const bin = mkdirs(join(folder, 'bin'))
  const journal = join(folder, 'journal')
  writeFileSync(join(bin, 'id'), '#!/bin/sh\necho 1000\n')
  writeFileSync(join(bin, 'logger'), `#!/bin/sh\necho "$@" >>"$JOURNAL"\n`)
  for (const name of ['id', 'logger']) chmodSync(join(bin, name), 0o755)
  const set = `export XDG_STATE_HOME="${folder.replaceAll(/["$]/g, '\\$&')}" JOURNAL="${journal.replaceAll(/["$]/g, '\\$&')}"\n`
  return { bin, state: join(folder, 'plinth'), journal, set }
}

const owned = [
  { host: 'h1', id: "directory:/opt/it's 中文 $HOME" },
  { host: 'h1', id: 'file:/opt/x', found: true as const },
]

for (const shell of shells) {
  const leave = ({ set, bin }: ReturnType<typeof home>, trace: Trace) => {
    return box.run(shell, `${set}${traceScript(trace)}`, '', bin)
  }

  test(`${shell}: a line in the log and in the journal, for its owner alone`, () => {
    const place = home()
    const line = `run=1 begin: update file:/a, it's "so" $(echo no) \`x\``
    assert.equal(leave(place, { line }), { code: 0, stdout: '', stderr: '' })
    assert.is(leave(place, { line: 'run=1 end:\nok\u001b[31m' }).code, 0)
    const log = readFileSync(join(place.state, 'audit.log'), 'utf8').split('\n')
    assert.is(log.length, 3)
    assert.match(log[0]!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ run=1 begin: /)
    assert.is(log[0]!.slice(21), line)
    assert.is(log[1]!.slice(21), 'run=1 end: ok [31m')
    assert.is(readFileSync(place.journal, 'utf8').split('\n')[0], `-S 65536 -t plinth -p user.notice -- ${line}`)
    assert.is(statSync(join(place.state, 'audit.log')).mode & 0o777, 0o600)
    assert.is(statSync(place.state).mode & 0o777, 0o700)
    assert.not.ok(existsSync(join(place.state, 'receipts')))
  })

  test(`${shell}: a logger that knows no size, as busybox's, gets the line all the same`, () => {
    const place = home()
    const simple = `#!/bin/sh\ncase $1 in -S) echo "logger: invalid option -- 'S'" >&2; exit 1 ;; esac\necho "$@" >>"$JOURNAL"\n`
    writeFileSync(join(place.bin, 'logger'), simple)
    assert.equal(leave(place, { line: 'run=1 begin: x' }), { code: 0, stdout: '', stderr: '' })
    assert.is(readFileSync(place.journal, 'utf8'), '-t plinth -p user.notice -- run=1 begin: x\n')
  })

  test(`${shell}: a receipt is replaced as a whole, and read again`, () => {
    const place = home()
    const read = () => {
      const question = { reader: receipts, key: 'machine' }
      const { code, stdout, stderr } = box.run(shell, `${place.set}${receipts(['machine'])}`, '', place.bin)
      assert.equal([code, stderr], [0, ''])
      return readReceipts(stdout.trimEnd().replaceAll(`${question.key}\t`, ''))
    }
    assert.equal(read(), [])
    assert.is(leave(place, { line: 'x', receipt: { site: 'site@生产', owned } }).code, 0)
    assert.is(leave(place, { line: 'x', receipt: { site: 'apps@a', owned: owned.slice(1) } }).code, 0)
    assert.equal(read(), [
      { site: 'apps@a', owned: owned.slice(1) },
      { site: 'site@生产', owned },
    ])
    assert.is(leave(place, { line: 'x', receipt: { site: 'site@生产', owned: [] } }).code, 0)
    assert.equal(read(), [{ site: 'apps@a', owned: owned.slice(1) }])
    assert.is(statSync(join(place.state, 'receipts', 'apps@a')).mode & 0o777, 0o600)
    assert.equal(readdirSync(join(place.state, 'receipts')).sort(), ['apps@a', 'site@生产'])
    const renamed = { site: 'site@生产.1a2b3c4d', owned, former: ['site@生产', 'site@gone'] }
    assert.equal(leave(place, { line: 'x', receipt: renamed }), { code: 0, stdout: '', stderr: '' })
    assert.equal(readdirSync(join(place.state, 'receipts')).sort(), ['apps@a', 'site@生产.1a2b3c4d'])
  })

  test(`${shell}: a log that has grown is put aside`, () => {
    const place = home()
    const log = join(place.state, 'audit.log')
    leave(place, { line: 'first' })
    writeFileSync(log, 'x'.repeat(1_048_540))
    leave(place, { line: 'short' })
    assert.match(readFileSync(log, 'utf8'), /x\S+ short\n$/)
    assert.not(existsSync(`${log}.1`), 'it has not grown enough')
    leave(place, { line: 'second' })
    assert.match(readFileSync(`${log}.1`, 'utf8'), / short\n\S+ second\n$/)
    assert.not(existsSync(log))
    leave(place, { line: 'third' })
    assert.match(readFileSync(log, 'utf8'), /^\S+ third\n$/)
  })

  test(`${shell}: a log that another has put aside meanwhile is not lost to the new one in its place`, () => {
    const place = home()
    const log = join(place.state, 'audit.log')
    leave(place, { line: 'first' })
    writeFileSync(log, 'x'.repeat(1_048_576))
    const other = `#!/bin/sh\nmv ${q(log)} ${q(`${log}.1`)}\necho another >${q(log)}\n`
    writeFileSync(join(place.bin, 'logger'), other)
    assert.equal(leave(place, { line: 'second' }), { code: 0, stdout: '', stderr: '' })
    assert.match(readFileSync(`${log}.1`, 'utf8'), /x\S+ second\n$/)
    assert.is(readFileSync(log, 'utf8'), 'another\n')
  })

  test(`${shell}: of a log that can't be put aside the journal has the line all the same`, () => {
    const place = home()
    leave(place, { line: 'first' })
    writeFileSync(join(place.state, 'audit.log'), 'x'.repeat(1_048_576))
    mkdirs(join(place.state, 'audit.log.1', 'audit.log'))
    const { code, stderr } = leave(place, { line: 'second' })
    assert.is.not(code, 0)
    assert.is.not(stderr, '')
    assert.match(readFileSync(place.journal, 'utf8'), / second\n$/)
  })

  test(`${shell}: a receipt is on the disk before it gets its name, and its name after`, () => {
    const place = home()
    const log = join(place.state, '..', 'order')
    for (const name of ['sync', 'mv']) {
      const real = shell === 'dash' ? `/bin/${name}` : `${busybox} ${name}`
      const note = `for last in "$@"; do :; done; echo "${name} \${last##*/}" >>"$XDG_STATE_HOME/order"`
      writeFileSync(join(place.bin, name), `#!/bin/sh\n${note}; exec ${real} "$@"\n`, { mode: 0o755 })
    }
    assert.equal(leave(place, { line: 'x', receipt: { site: 's', owned } }), { code: 0, stdout: '', stderr: '' })
    assert.equal(readFileSync(log, 'utf8').trim().split('\n'), ['sync .plinth.new', 'mv s', 'sync receipts'])
  })

  test(`${shell}: a disk that takes nothing is an error, and the old receipt stays`, () => {
    const place = home()
    leave(place, { line: 'x', receipt: { site: 's', owned } })
    const full = mkdirs(join(place.bin, '..', 'full'))
    writeFileSync(join(full, 'sync'), '#!/bin/sh\necho "sync: No space left on device" >&2\nexit 1\n')
    chmodSync(join(full, 'sync'), 0o755)
    const script = traceScript({ line: 'y', receipt: { site: 's', owned: [] } })
    const { code, stderr } = box.run(shell, `${place.set}${script}`, '', `${full}:${place.bin}`)
    assert.equal([code, stderr], [1, 'sync: No space left on device\n'])
    assert.equal(readdirSync(join(place.state, 'receipts')), ['s'])
    assert.match(readFileSync(join(place.state, 'receipts', 's'), 'utf8'), /^h1\tdirectory/)
    assert.match(readFileSync(join(place.state, 'audit.log'), 'utf8'), / y\n$/, 'the log does not wait for it')
  })

  test(`${shell}: a log that can not be written is an error, and the receipt is there all the same`, () => {
    const place = home()
    mkdirs(join(place.state, 'audit.log', 'in the way'))
    assert.is.not(leave(place, { line: 'x', receipt: { site: 's', owned } }).code, 0)
    assert.match(readFileSync(join(place.state, 'receipts', 's'), 'utf8'), /^h1\tdirectory/)
  })
}

test('what can be told of a trace that is not there', () => {
  const outcome: Outcome = { code: 0, stdout: '', stderr: '', cut: false, resumed: 0 }
  const told = (change: Partial<Outcome>) => traceProblem('h1', { ...outcome, ...change })?.message
  const remedy = 'see to the rights and the free space of /var/log/plinth and /var/lib/plinth'
  assert.is(told({}), undefined)
  assert.is(told({ code: 1, stderr: 'a\nno room\n' }), `h1: what is done there can't be noted: no room; ${remedy}`)
  const late = `h1: what is done there can't be noted: it had not ended after 30 s; ${remedy}`
  assert.is(told({ code: null, late: 30 }), late)
  // A machine that is lost says so elsewhere.
  assert.is(told({ code: null, stderr: 'plinth: cut' }), undefined)
})

test.run()
