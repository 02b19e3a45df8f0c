import { canned, plainFacts } from '../../lib/testing.ts'
import { nacosInstall } from '../../roles/nacos-install.ts'
import { settingsOf } from '../../roles/nacos-node.ts'
import { review } from '../../roles/nacos-review.ts'
import { assert, suite } from '../kit.ts'
import { plans } from '../resources/cases.ts'
import { changed, cluster, distribution, type Swap } from './nodes.ts'

const test = suite('roles/nacos-install')
const { nodes } = await cluster()
const [node] = nodes
const resources = nacosInstall.resources(
  { ...node!.params.nacos, distribution, settings: settingsOf(node!) },
  plainFacts,
)
const find = (prefix: string) => resources.find(({ id }) => id.startsWith(prefix))!

plans(test, find('disk:'), {
  'room enough': { answers: { 'freeSpace:/opt/nacos': String(799 * 1024) }, action: 'keep' },
  'too little': {
    answers: { 'freeSpace:/opt/nacos': String(798 * 1024) },
    action: 'blocked',
    problems: ['disk:/opt/nacos: 798 MB are free, 799 MB are needed; free some space'],
  },
})

const room = { 'freeSpace:/opt/nacos': String(1024 * 1024) }
const home = (owner: string) => ({ ...room, 'stat:/opt/nacos': `directory|755|${owner}|root|4096` })
plans(test, find('disk:'), {
  'the home is not there': { answers: room, action: 'keep' },
  'the home is a folder of root, as a mounted disk is': { answers: home('root'), action: 'keep' },
  'the home is of the service': { answers: home('nacos'), action: 'keep' },
  'the home is of an earlier service user': {
    answers: { ...home('app'), 'stat:/opt/nacos/conf/nacos-logback.xml': 'regular file|640|app|app|4096' },
    action: 'keep',
  },
  'the home is of an earlier service user, and was cut before it was whole': {
    answers: { ...home('app'), 'link:/opt/nacos/current': 'releases/2.2.4' },
    action: 'keep',
  },
  'the home is of a Tomcat, which has a conf too': {
    answers: { ...home('tomcat'), 'stat:/opt/nacos/conf': 'directory|700|tomcat|tomcat|4096' },
    action: 'blocked',
    problems: ['/opt/nacos: it is there, belongs to tomcat and holds no Nacos; choose another nacos.home, which'],
  },
  'the home is of another program': {
    answers: home('mysql'),
    action: 'blocked',
    problems: [
      '/opt/nacos: it is there, belongs to mysql and holds no Nacos; choose another nacos.home, which is given to the user of the service, or chown root /opt/nacos where it was made for it',
    ],
  },
})

const current = (link: string) => ({ ...room, 'link:/opt/nacos/current': link })
plans(test, find('disk:'), {
  'the release that is declared': { answers: current('releases/2.2.4'), action: 'keep' },
  'an older release': { answers: current('releases/2.2.0.1'), action: 'keep' },
  'no release of ours': { answers: current('/opt/elsewhere/nacos'), action: 'keep' },
  'a newer release': {
    answers: current('releases/2.3.2'),
    action: 'blocked',
    problems: ['/opt/nacos: 2.3.2 is there, and the older 2.2.4 is declared'],
  },
})

test('an older release is no obstacle where the inventory allows it by name', () => {
  const params = { ...node!.params.nacos, allow: ['2.2.4'] }
  const [disk] = nacosInstall.resources({ ...params, distribution, settings: settingsOf(node!) }, plainFacts)
  assert.is(disk!.plan(canned(current('releases/2.3.2')), new Set()).action, 'keep')
})

test('application.properties begins as the shipped one, and is for the service alone', () => {
  const [step] = find('properties:').plan(canned({}), new Set()).steps
  const text = Buffer.from(step!.input as Uint8Array).toString()
  assert.ok(text.startsWith('# shipped\nserver.port=8848\n'))
  assert.match(text, /^db\.password\.0=dbpass$/m)
  assert.match(step!.run, /\no=nacos g=nacos m=0600 /)
})

const parameters = (text: string): Swap => ['password: dbpass }', `password: dbpass, parameters: { ${text} } }`]
const extra = (text: string): Swap => ['version: 2.2.4\n', `version: 2.2.4\n          properties: { ${text} }\n`]
const hidden: readonly (readonly [says: string, swap: Swap, key: string, before: string])[] = [
  [
    'a password of the URL',
    parameters('trustCertificateKeyStorePassword: !env HUNTED'),
    'db.url.0',
    'jdbc:mysql://db/nacos?trustCertificateKeyStorePassword=hunter1',
  ],
  [
    'one that the inventory has in the clear',
    parameters('trustCertificateKeyStorePassword: hunter2'),
    'db.url.0',
    'jdbc:mysql://db/nacos?trustCertificateKeyStorePassword=hunter1',
  ],
  ['a parameter of no telling name', parameters('x: !env HUNTED'), 'db.url.0', 'jdbc:mysql://db/nacos?x=hunter1'],
  [
    'a password that the URL on the host has, and the declared one has not',
    parameters('useSSL: "false"'),
    'db.url.0',
    'jdbc:mysql://root:hunter1@db/nacos?password=hunter1',
  ],
  ['a property of the environment', extra('nacos.x: !env HUNTED'), 'nacos.x', 'hunter1'],
  ['a token of a plugin', extra('my.plugin.token: !env HUNTED'), 'my.plugin.token', 'hunter1'],
  ['a password of a plugin', extra('my.plugin.password: !env HUNTED'), 'my.plugin.password', 'hunter1'],
  ['a key of a plugin, in the clear', extra('my.plugin.api-key: hunter2'), 'my.plugin.api-key', 'hunter1'],
]
for (const [says, swap, key, before] of hidden)
  test(`written and never shown: ${says}`, async () => {
    const { nodes } = await cluster(changed(swap), { HUNTED: 'hunter2' })
    assert.equal(review(nodes).errors, [])
    const params = nodes[0]!.params.nacos
    const made = nacosInstall.resources({ ...params, distribution, settings: settingsOf(nodes[0]!) }, plainFacts)
    const file = made.find(({ id }) => id.startsWith('properties:'))!
    const path = '/opt/nacos/conf/application.properties'
    const there = {
      [`stat:${path}`]: 'regular file|600|nacos|nacos|9',
      [`content:${path}`]: Buffer.from(`${key}=${before}\n`).toString('base64'),
    }
    for (const answers of [canned({}), canned(there)]) {
      const { changes, steps, problems, warnings } = file.plan(answers, new Set())
      const change = changes.find((one) => one.key === `property ${key}`)
      assert.ok(change && /\*\*\*|db10|10\.0\.0\.10/.test(String(change.to)), JSON.stringify(change))
      const told = steps.map(({ say, run, command }) => [say, run, command])
      assert.not.match(JSON.stringify([changes, told, problems, warnings, review(nodes)]), /hunter/)
      if (!says.startsWith('a password that the URL on the host has'))
        assert.match(Buffer.from(steps[0]!.input as Uint8Array).toString(), /hunter2/)
    }
  })

test('the address of a database without a secret is shown', () => {
  const path = '/opt/nacos/conf/application.properties'
  const text = Buffer.from('db.url.0=jdbc:mysql://old:3306/nacos?useSSL=false\n').toString('base64')
  const answers = canned({ [`stat:${path}`]: 'regular file|600|nacos|nacos|9', [`content:${path}`]: text })
  const change = find('properties:')
    .plan(answers, new Set())
    .changes.find(({ key }) => key === 'property db.url.0')
  assert.is(change?.from, 'jdbc:mysql://old:3306/nacos?useSSL=false')
  assert.match(change?.to ?? '', /^jdbc:mysql:\/\/10\.0\.0\.10:3306/)
})

test.run()
