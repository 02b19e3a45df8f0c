/** What the digests of a plan are made of: what means the same must be the same, and only the machine can make them. */
import type { Resource } from '../../lib/core/resource.ts'
import { Secret } from '../../lib/core/secret.ts'
import { Seal, type SealedItem, sealHost } from '../../lib/engine/sealing.ts'
import { databaseAccount } from '../../lib/resources/mysql/account.ts'
import { release } from '../../lib/resources/release.ts'
import { unit } from '../../lib/resources/unit.ts'
import { inputOf } from '../../lib/resources/unit-input.ts'
import { type Canned, canned } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'

const test = suite('engine/sealing')
const machine = { 'firstLine:/etc/machine-id': '1'.repeat(32), 'firstLine:/sys/class/dmi/id/product_uuid': 'a-b' }
const seal = new Seal(canned(machine))

function sealed(resource: Resource, answers: Canned): SealedItem {
  const plan = resource.plan(canned(answers), new Set())
  return sealHost(seal, 'h1', 'p', [resource], [plan], canned(answers)).items[0]!
}

test('only its machine can make a digest, and equal values of two things differ', () => {
  const digest = (identity: Canned, about = ['a']): string => new Seal(canned(identity)).digest(about, 'secret')
  const own = digest(machine)
  assert.match(own, /^[0-9a-f]{32}$/)
  assert.is(digest(machine), own)
  for (const key of Object.keys(machine)) assert.is.not(digest({ ...machine, [key]: 'other' }), own, key)
  assert.is.not(digest(machine, ['b']), own)
})

const identities: Readonly<Record<string, readonly [identity: Canned, weak: boolean]>> = {
  'a machine id': [{ 'firstLine:/etc/machine-id': 'f'.repeat(32) }, false],
  'firmware only': [{ 'firstLine:/sys/class/dmi/id/product_uuid': 'x' }, false],
  nothing: [{}, true],
  'an image before its first boot': [{ 'firstLine:/etc/machine-id': 'uninitialized' }, true],
}
for (const [name, [identity, weak]] of Object.entries(identities))
  test(`identity: ${name}`, () => assert.is(new Seal(canned(identity)).weak, weak))

test('an archive that has arrived meanwhile: unpacking it means the same', () => {
  const archive = { name: 'a.tar.gz', path: '/a.tar.gz', bytes: 10, sha256: 'a'.repeat(64) }
  const folder = inputOf('app', release('/opt/a', { archive, owner: 'root', group: 'root' }))
  const before = sealed(folder, {})
  const after = sealed(folder, { [`stat:/var/cache/plinth/${archive.sha256}`]: 'regular file|600|root|root|10' })
  assert.equal([before.steps.length, after.steps], [2, before.steps.slice(1)])
  const other = release('/opt/a', { archive: { ...archive, sha256: 'b'.repeat(64) }, owner: 'root', group: 'root' })
  assert.is.not(sealed(other, {}).steps[1]?.digest, before.steps[1]?.digest)
})

test('another password in the inventory is another declaration, also where it only says that it holds', () => {
  const account = (word: string): Resource =>
    databaseAccount('app', '%', { password: new Secret(word), schema: 'app', privileges: ['SELECT'] })
  assert.is(sealed(account('one'), {}).declared, sealed(account('one'), {}).declared)
  assert.is.not(sealed(account('one'), {}).declared, sealed(account('two'), {}).declared)
})

test('a salted hash is another each time and means the same', () => {
  const step = (input: string, meaning: string): Resource => ({
    id: 'row:a',
    probe: [],
    digest: () => '',
    plan: () => ({
      id: 'row:a',
      action: 'create',
      changes: [],
      steps: [{ say: 'add', run: 'INSERT', input, meaning }],
      problems: [],
    }),
  })
  const one = sealed(step('$2a$1', 'word'), {}).steps
  assert.equal(sealed(step('$2a$2', 'word'), {}).steps, one)
  assert.not.equal(sealed(step('$2a$1', 'other'), {}).steps, one)
})

test('a service that fails and is started again moves by itself: it is not active, whatever it is called', () => {
  const service = unit('app', {
    definition: '[Service]\nEnvironmentFile=/etc/plinth/app.env\n[Install]\nWantedBy=multi-user.target\n',
    runs: [],
  }).at(-1)!
  const found = (state: string, more = '') =>
    sealed(service, { 'unit:app.service': `LoadState=loaded\nUnitFileState=enabled\nActiveState=${state}${more}` })
      .found
  assert.equal(found('failed'), found('activating', '\nPLINTH_INPUTS=1'))
  assert.not.equal(found('failed'), found('active', '\nPLINTH_INPUTS=1'))
})

test.run()
