/** A cluster without a MySQL: Nacos 2.1.1 keeps its data in Derby, replicated over Raft. */
import { assert, suite } from '../kit.ts'
import { complaints, differing, inside, inventory, prepareLab, site } from './playbook.ts'

const test = suite('embedded')
const nodes = ['nacos1', 'nacos2', 'nacos3']
const embedded = (): string =>
  inventory('lab', (text) =>
    text
      .replace(/ {4}database:\n(?: {6}.*\n)+/, '')
      .replace(/ {4}mysql:\n(?: {6,}.*\n)+/, '')
      .replaceAll('2.2.4', '2.1.1')
      .replace('version: 2.1.1', 'version: 2.1.1\n          mode: embedded')
      // The user that the distribution's own tables begin with.
      .replace(/admin_password: .*/, 'admin_password: nacos'),
  )

test(
  'bare hosts',
  async () => {
    await prepareLab(nodes, ['2.1.1'])
  },
  { timeout: 900 },
)

test(
  'members that need each other to start are started together',
  async () => {
    const { code, report } = await site(embedded())
    assert.is(code, 0, complaints(report))
    const log = await inside('nacos2', 'cat /opt/nacos/logs/start.out')
    assert.match(log, /Nacos started successfully in cluster mode\. use embedded storage/)
  },
  { timeout: 600 },
)

test(
  'again: nothing changed',
  async () => {
    const again = await site(embedded())
    assert.is(again.code, 0, complaints(again.report))
    assert.equal(differing(again.report), [])
  },
  { timeout: 120 },
)

test.run()
