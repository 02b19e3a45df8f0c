import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { q } from '../../lib/core/script.ts'
import { distributionPackage } from '../../lib/resources/package.ts'
import { requirement } from '../../lib/resources/requirement.ts'
import { canned, plainFacts } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'
import { mkdirs, Sandbox, shells } from '../shells.ts'
import { plans } from './cases.ts'

const test = suite('resources/package')
const box = new Sandbox(test)
const jre = distributionPackage('openjdk-8-jre-headless', plainFacts)
const installed = 'installed:openjdk-8-jre-headless'
const says = ['install package openjdk-8-jre-headless']

plans(test, jre, {
  'empty host': { answers: {}, action: 'create', changes: ['status:  → installed'], says },
  keep: { answers: { [installed]: 'installed' }, action: 'keep' },
  'keep: several of them side by side': {
    answers: { [installed]: 'config-files\ninstalled\ninstalled' },
    action: 'keep',
  },
  'removed, its configuration left': {
    answers: { [installed]: 'config-files' },
    action: 'update',
    changes: ['status: config-files → installed'],
    says,
  },
  'never there, and dpkg has read its name somewhere': {
    answers: { [installed]: 'not-installed' },
    action: 'create',
    changes: ['status:  → installed'],
    says,
  },
  'half installed': {
    answers: { [installed]: 'half-configured' },
    action: 'update',
    changes: ['status: half-configured → installed'],
    says,
  },
})

plans(test, distributionPackage('openjdk-8-jre-headless', { ...plainFacts, os: 'alpine', packageManager: 'none' }), {
  'nothing that could install it': {
    answers: {},
    action: 'blocked',
    changes: ['status:  → installed'],
    problems: ['neither apt-get nor dnf is on this host (alpine); declare an archive'],
  },
})

test('a name with an architecture would never read as installed', () => {
  assert.throws(
    () => distributionPackage('dash:amd64', plainFacts),
    /package:dash:amd64: its name has an architecture; write dash: it is that of the host/,
  )
})

test('the commands, word for word', () => {
  const run = (packageManager: 'apt' | 'dnf') =>
    distributionPackage('g++', { ...plainFacts, packageManager }).plan(canned({}), new Set()).steps[0]!.run
  assert.is(
    run('apt'),
    `out=$( {
export DEBIAN_FRONTEND=noninteractive
if ! apt-cache show -- g++ >/dev/null 2>&1; then apt-get -q update; fi
install() { apt-get -qy -o DPkg::Lock::Timeout=300 install --no-install-recommends g++; }
install || {
  s=$?
  for f in /var/lib/dpkg/updates/[0-9]*; do
    if [ -e "$f" ]; then dpkg --force-confold --configure -a && install; exit; fi
  done
  exit $s
}
} 2>&1 ) || { s=$?; printf '%s\\n' "$out" >&2; exit $s; }`,
  )
  assert.is(run('dnf').split('\n')[1], 'dnf -qy install g++')
})

for (const shell of shells) {
  test(`${shell}: a failure shows what was said, success nothing; nobody listening kills nothing`, () => {
    const folder = box.fresh()
    const dnf = (lines: string): string => {
      const bin = mkdirs(join(folder, 'bin'))
      writeFileSync(join(bin, 'dnf'), `#!/bin/sh\n${lines}\n`, { mode: 0o755 })
      return bin
    }
    const { run } = distributionPackage('x', { ...plainFacts, packageManager: 'dnf' }).plan(canned({}), new Set())
      .steps[0]!
    const failed = box.run(shell, run, '', dnf('echo out; echo err >&2; exit 3'))
    assert.equal([failed.code, failed.stdout, failed.stderr], [3, '', 'out\nerr\n'])
    assert.equal(box.run(shell, run, '', dnf('echo out')), { code: 0, stdout: '', stderr: '' })
    const end = join(folder, 'end')
    dnf(`for i in 1 2 3 4 5 6 7 8 9; do echo $i; done; echo >${q(end)}`)
    // Its reader is gone before the first word.
    box.run(shell, `( sleep 0.2; PATH=${q(join(folder, 'bin'))}:$PATH; ${run}\n) | :`)
    assert.ok(existsSync(end))
  })
}

for (const shell of shells) {
  test(`${shell}: what a dpkg that was cut had begun is finished, and the package installed then; other failures stay failures`, () => {
    const folder = box.fresh()
    const bin = mkdirs(join(folder, 'bin'))
    const updates = mkdirs(join(folder, 'updates'))
    const log = join(folder, 'log')
    const stub = (name: string, lines: string): void =>
      writeFileSync(join(bin, name), `#!/bin/sh\necho "${name} $*" >>${q(log)}\n${lines}\n`, { mode: 0o755 })
    stub('apt-cache', '')
    stub(
      'apt-get',
      `for f in ${q(updates)}/[0-9]*; do if [ -e "$f" ]; then echo 'E: dpkg was interrupted'; exit 100; fi; done`,
    )
    stub('dpkg', `rm -f ${q(updates)}/*`)
    const { run } = distributionPackage('x', plainFacts).plan(canned({}), new Set()).steps[0]!
    const done = (): readonly [code: number | null, stderr: string, begun: readonly string[]] => {
      writeFileSync(log, '')
      const { code, stderr } = box.run(
        shell,
        run.replaceAll('/var/lib/dpkg/updates', () => q(updates)),
        '',
        bin,
      )
      return [
        code,
        stderr,
        readFileSync(log, 'utf8')
          .trim()
          .split('\n')
          .map((line) => line.replace(/ .*\b(install|configure)\b.*/, ' $1')),
      ]
    }
    writeFileSync(join(updates, '0000'), 'Package: x\n')
    assert.equal(done(), [0, '', ['apt-cache show -- x', 'apt-get install', 'dpkg configure', 'apt-get install']])
    assert.equal(done(), [0, '', ['apt-cache show -- x', 'apt-get install']])
    stub('apt-get', 'echo no room; exit 100')
    assert.equal(done(), [100, 'no room\n', ['apt-cache show -- x', 'apt-get install']])
    writeFileSync(join(updates, '0001'), 'Package: x\n')
    stub('dpkg', 'echo "it is locked"; exit 2')
    assert.equal(done(), [2, 'no room\nit is locked\n', ['apt-cache show -- x', 'apt-get install', 'dpkg configure']])
  })
}

const wall = { where: 'wall', what: 'it is in the way', remedy: 'take it down' }
plans(
  test,
  requirement('wall', { probe: [], check: (answers) => (answers({ reader: is, key: 'wall' }) === '' ? [] : [wall]) }),
  {
    'nothing in the way': { answers: {}, action: 'keep' },
    'something in the way': {
      answers: { 'is:wall': 'yes' },
      action: 'blocked',
      problems: ['wall: it is in the way; take it down'],
    },
  },
)

test('a requirement may warn and stop nothing', () => {
  const plan = requirement('wall', { probe: [], check: () => [], warn: () => [wall] }).plan(canned({}), new Set())
  assert.is(plan.action, 'keep')
  assert.equal(plan.warnings, [wall])
})

function is(keys: readonly string[]): string {
  return keys.join(' ')
}

test.run()
