/** A cluster without a MySQL, on a JDK that somebody else looks after: Nacos 2.1.1 keeps its data in Derby, replicated over Raft. */
import { assert, suite } from '../kit.ts'
import { assertMended } from './damages.ts'
import { assertDid } from './deeds.ts'
import { complaints, differing, inside, inventory, prepareLab, site } from './playbook.ts'

const test = suite('embedded')
const nodes = ['nacos1', 'nacos2', 'nacos3']
const home = '/usr/lib/jvm/java-8-openjdk-amd64'
const embedded = (): string =>
  inventory('lab', (text) =>
    text
      .replace('version: 8', `version: 8\n          home: ${home}`)
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
    await Promise.all(nodes.map((host) => inside(host, 'apt-get -qy install openjdk-8-jre-headless >/dev/null 2>&1')))
  },
  { timeout: 900 },
)

test(
  'members that need each other to start are started together',
  async () => {
    const path = embedded()
    const checked = await site(path, '--check')
    assert.is(checked.code, 2, complaints(checked.report))
    const { code, report, stderr } = await site(path)
    assert.is(code, 0, complaints(report))
    assertDid(stderr, checked.report)
    const log = await inside('nacos2', 'cat /opt/nacos/logs/start.out')
    assert.match(log, /Nacos started successfully in cluster mode\. use embedded storage/)
  },
  { timeout: 600 },
)

test(
  'broken and repaired: another JDK on one node, a property on another, a stray member on the third',
  () =>
    assertMended(
      [
        {
          name: 'the link to the JDK is gone',
          host: 'nacos1',
          break: 'rm /opt/java/8',
          expect: ['symlink:/opt/java/8', 'java:/opt/java/8', 'unit:nacos'],
          restarts: true,
        },
        {
          name: 'a property is edited by hand',
          host: 'nacos2',
          break:
            "sed -i 's/^nacos.core.auth.enabled=.*/nacos.core.auth.enabled=false/' /opt/nacos/conf/application.properties",
          expect: ['properties:/opt/nacos/conf/application.properties', 'unit:nacos'],
          restarts: 'unless unread',
        },
        {
          name: 'a stray line in cluster.conf',
          host: 'nacos3',
          break: "echo '192.0.2.9:8848' >>/opt/nacos/conf/cluster.conf; sleep 3",
          expect: ['line-set:/opt/nacos/conf/cluster.conf'],
        },
      ],
      embedded(),
      nodes,
    ),
  { timeout: 400 },
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
