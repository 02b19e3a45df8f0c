/** The walk of the course: 2.0.3 on JDK 8, two nodes on one host; and 2.2.4 on JDK 17 in a home that is hard to spell. */
import { assert, suite } from '../kit.ts'
import { complaints, differing, inside, inventory, mainPid, prepareLab, site, testLab } from './playbook.ts'

const test = suite('pair')

test(
  'bare hosts',
  async () => {
    await prepareLab(['db1', 'nacos1'], ['2.0.3', '2.2.4'])
  },
  { timeout: 900 },
)

test(
  'two members of 2.0.3 on one host',
  async () => {
    const path = inventory('lab-pair')
    const { code, report } = await site(path)
    assert.is(code, 0, complaints(report))
    const address = testLab.addressOf('nacos1')
    for (const port of [8848, 8948]) {
      const response = await fetch(`http://${address}:${port}/nacos/v1/core/cluster/nodes`)
      const { data } = (await response.json()) as {
        data: { address: string; state: string; extendInfo: { version: string } }[]
      }
      const seen = data.map((member) => `${member.address} ${member.state} ${member.extendInfo.version}`).sort()
      assert.equal(seen, [`${address}:8848 UP 2.0.3`, `${address}:8948 UP 2.0.3`])
    }
    const log = await inside('nacos1', 'grep -h "started successfully" /opt/nacos/*/logs/start.out')
    assert.is(log.match(/Nacos started successfully in cluster mode/g)?.length, 2)
    assert.match(
      await inside('nacos1', 'cat /proc/$(systemctl show -p MainPID --value nacos-8848)/cmdline | tr "\\0" " "'),
      /^\/opt\/java\/8\/bin\/java /,
    )
  },
  { timeout: 600 },
)

test(
  'again: nothing changed, one connection for both hosts of the machine',
  async () => {
    const mark = await testLab.mark('nacos1')
    const { code, report } = await site(inventory('lab-pair'))
    assert.is(code, 0, complaints(report))
    assert.equal(differing(report), [])
    assert.equal(await testLab.connections('nacos1', mark), { logins: 1, sessions: 1 })
  },
  { timeout: 120 },
)

test(
  'a property of one restarts that one only',
  async () => {
    const units = ['nacos-8848', 'nacos-8948']
    const before = await Promise.all(units.map((unit) => mainPid('nacos1', unit)))
    const changed = inventory('lab-pair', (text) =>
      text.replace(
        'nacos_port: 8948',
        'nacos_port: 8948\n          nacos_properties: { nacos.naming.expireInstance: "true" }',
      ),
    )
    const { code, report } = await site(changed)
    assert.is(code, 0, complaints(report))
    const after = await Promise.all(units.map((unit) => mainPid('nacos1', unit)))
    assert.equal(
      after.map((pid, index) => pid === before[index]),
      [true, false],
    )
  },
  { timeout: 400 },
)

test(
  '2.2.4 on JDK 17, standalone, in a home with a blank and Chinese characters',
  async () => {
    await Promise.all(['db1', 'nacos1'].map((host) => testLab.reset(host)))
    const path = inventory('lab', (text) =>
      text
        .replace(/ +nacos[23]: .*\n/g, '')
        .replace('version: 8', 'version: 17')
        .replace('version: 2.2.4', 'version: 2.2.4\n          mode: standalone\n          home: /opt/注册 中心/nacos'),
    )
    const { code, report } = await site(path)
    assert.is(code, 0, complaints(report))
    assert.match(
      await inside('nacos1', 'cat /proc/$(systemctl show -p MainPID --value nacos)/cmdline | tr "\\0" " "'),
      /^\/opt\/java\/17\/bin\/java .*注册 中心/,
    )
    const again = await site(path)
    assert.equal(differing(again.report), [])
    assert.is(again.code, 0, complaints(again.report))
  },
  { timeout: 400 },
)

test.run()
