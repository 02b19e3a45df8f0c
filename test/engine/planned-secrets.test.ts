/** No secret is in the file of a plan, and no digest of one that could be made without the machine. */
import { createHash } from 'node:crypto'
import type { Resource } from '../../lib/core/resource.ts'
import { savedPlanText } from '../../lib/core/saved-plan.ts'
import { Secret, sha256 } from '../../lib/core/secret.ts'
import { Planned } from '../../lib/engine/planned.ts'
import { play } from '../../lib/engine/play.ts'
import { file } from '../../lib/resources/file.ts'
import { databaseAccount } from '../../lib/resources/mysql/account.ts'
import { properties } from '../../lib/resources/properties.ts'
import { unit } from '../../lib/resources/unit.ts'
import { inputOf } from '../../lib/resources/unit-input.ts'
import { FakeWorld, fakeHost, run } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'

const test = suite('engine/planned-secrets')

/** Weak, as people's are: a digest of one is as good as the word itself. */
const [before, after, kept] = ['canary-before', 'canary-after', 'canary-kept']
const id = 'feedfacefeedfacefeedfacefeedface'
const uuid = '01234567-89ab-cdef-0123-456789abcdef'

const hash = (name: string, text: string | Buffer): Buffer => createHash(name).update(text).digest()
/** How a text may show: itself, encoded, as a digest that anybody can make, and as MySQL stores a password. */
const traces = (text: string): readonly string[] =>
  [text, `${text}\n`, `password=${text}\n`, JSON.stringify(text)].flatMap((form) => [
    form.trim(),
    Buffer.from(form).toString('base64').replace(/=+$/, '').slice(0, -1),
    Buffer.from(form).toString('hex'),
    ...['md5', 'sha1', 'sha256', 'sha512'].map((name) => hash(name, form).toString('hex')),
    hash('sha256', form).toString('base64'),
    hash('sha1', hash('sha1', form)).toString('hex'),
  ])

const owned = { owner: 'root', group: 'root', mode: '0600' }
const config = (value: string): string => Buffer.from(`password=${value}\nother=1\n`).toString('base64')

const definition = '[Service]\nEnvironmentFile=/etc/plinth/app.env\n[Install]\nWantedBy=multi-user.target\n'

const resources = (): readonly Resource[] => {
  const settings = properties('/app/app.properties', {
    wanted: { password: new Secret(after) },
    template: '',
    secret: (key) => key === 'password',
    ...owned,
  })
  const secret = file('/app/secret', { content: new Secret(after), ...owned })
  return [
    secret,
    file('/app/kept', { content: new Secret(kept), ...owned }),
    settings,
    ...unit('app', { definition, runs: [settings, secret].map((one) => inputOf('app', one)) }),
  ]
}

const login = { user: 'admin', host: 'db', port: 3306, password: new Secret(kept) }
const account = databaseAccount('app', '%', { password: new Secret(after), schema: 'app', privileges: ['SELECT'] })

/** The file of a plan of secrets that change and secrets that stay, made on a machine with this id. */
async function planFile(machineId: string): Promise<string> {
  const world = new FakeWorld()
  const stat = 'regular file|600|root|root|13'
  world
    .machine('h1')
    .answer('firstLine:/etc/machine-id', machineId)
    .answer('firstLine:/sys/class/dmi/id/product_uuid', uuid)
    .answer('stat:/app/secret', stat)
    .answer('hash:/app/secret', sha256(before))
    .answer('stat:/app/kept', stat)
    .answer('hash:/app/kept', sha256(kept))
    .answer('stat:/app/app.properties', stat)
    .answer('content:/app/app.properties', config(before))
    .answer('unit:app.service', `LoadState=loaded\nActiveState=active\nPLINTH_INPUTS=${sha256(before)}`)
  world.databaseAt(login).answer('account:app@%', `mysql_native_password|${Buffer.from(`*${before}`).toString('hex')}`)
  const hosts = [fakeHost('h1', null)]
  const site = [play('app', hosts, resources), play('database', hosts, () => [account], { via: () => login })]
  const { result } = await run(site, world, { check: true, planned: new Planned(null) })
  assert.equal(result.failures, [])
  const items = result.record!.plays.flatMap(({ hosts }) => hosts.flatMap(({ items }) => items))
  assert.equal(
    items.map(({ id }) => id),
    [
      'file:/app/secret',
      'properties:/app/app.properties',
      'file:/etc/systemd/system/app.service',
      'file:/etc/plinth/app.env',
      'unit:app',
      'account:app@%',
    ],
  )
  const selection = { inventory: [], limit: null, extraVars: [], prune: false }
  return savedPlanText({ plinth: '1', made: 'now', playbook: 'p', selection, ...result.record! })
}

/** The unit file holds no secret, so its sum is shown. */
const shown = sha256(definition)

test('no secret, no form of one and no digest of one is in the file', async () => {
  const text = (await planFile(id)).toLowerCase().replaceAll(shown, '')
  const digests = resources().map((resource) => resource.digest())
  const steps = resources().flatMap((resource) => resource.plan(() => '', new Set()).steps)
  const inputs = steps.flatMap(({ input }) => (input === undefined ? [] : [sha256(input)]))
  const forbidden = [before, after, kept, id, uuid, uuid.replaceAll('-', '')].flatMap(traces)
  for (const word of [...forbidden, ...digests, ...inputs, account.digest()]) {
    // Digests are cut short in the file.
    const cut = word.toLowerCase().slice(0, 32)
    if (!shown.startsWith(cut)) assert.not(text.includes(cut), word)
  }
})

test('another machine makes not one of its digests', async () => {
  const digests = async (machineId: string): Promise<readonly string[]> =>
    (await planFile(machineId)).replaceAll(shown, '').match(/\b[0-9a-f]{32,}\b/g) ?? []
  const [own, other] = [await digests(id), new Set(await digests('f'.repeat(32)))]
  assert.ok(own.length > 30, String(own.length))
  assert.equal(
    own.filter((digest) => other.has(digest)),
    [],
  )
  assert.is(new Set(own).size, own.length, 'and none stands there twice')
})

test.run()
