import { distributionPackage } from '../../lib/resources/package.ts'
import { requirement } from '../../lib/resources/requirement.ts'
import { canned, plainFacts } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'
import { plans } from './cases.ts'

const test = suite('resources/package')
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

test('the commands, word for word', () => {
  const run = (packageManager: 'apt' | 'dnf') =>
    distributionPackage('a b', { ...plainFacts, packageManager }).plan(canned({}), new Set()).steps[0]!.run
  assert.is(
    run('apt'),
    `export DEBIAN_FRONTEND=noninteractive
if ! apt-cache show -- 'a b' >/dev/null 2>&1; then apt-get -q update; fi
apt-get -qy -o DPkg::Lock::Timeout=300 install --no-install-recommends 'a b'`,
  )
  assert.is(run('dnf'), `dnf -qy install 'a b'`)
})

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
