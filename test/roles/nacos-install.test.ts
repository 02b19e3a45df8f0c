import { canned, plainFacts } from '../../lib/testing.ts'
import { nacosInstall } from '../../roles/nacos-install.ts'
import { settingsOf } from '../../roles/nacos-node.ts'
import { assert, suite } from '../kit.ts'
import { plans } from '../resources/cases.ts'
import { cluster, distribution } from './nodes.ts'

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

test('application.properties begins as the shipped one, and is for the service alone', () => {
  const [step] = find('properties:').plan(canned({}), new Set()).steps
  const text = Buffer.from(step!.input as Uint8Array).toString()
  assert.ok(text.startsWith('# shipped\nserver.port=8848\n'))
  assert.match(text, /^db\.password\.0=dbpass$/m)
  assert.match(step!.run, /\no=nacos g=nacos m=0600 /)
})

test.run()
