/**
 * The walk of the course: 2.0.3 on JDK 8, two nodes on one host; and 2.2.4, standalone, on a JDK from an archive, fetched
 * from a URL, in a home that is hard to spell.
 */
import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert, suite } from '../kit.ts'
import { assertMended } from './damages.ts'
import { assertDid } from './deeds.ts'
import { labArchive } from './nacos/archive.ts'
import { complaints, differing, inside, inventory, mainPid, prepareLab, site, testLab } from './playbook.ts'
import { $ } from './shell.ts'

const test = suite('pair')
const folder = mkdtempSync(join(tmpdir(), 'plinth-pair-'))
test.after(() => rmSync(folder, { recursive: true, force: true }))

/** Applies to hosts as they are now, and asserts that what the check announced is done, step by step. */
async function installed(path: string, machineOf?: (host: string) => string): Promise<void> {
  const checked = await site(path, '--check')
  assert.is(checked.code, 2, complaints(checked.report))
  const { code, report, stderr } = await site(path)
  assert.is(code, 0, complaints(report))
  assertDid(stderr, checked.report, machineOf)
}

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
    await installed(inventory('lab-pair'), (host) => host.replace(/^nacos-.*/, 'nacos1'))
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
  'a node that was there before its database serves as soon as that is up, without anybody',
  async () => {
    // The process of a failed start of 2.0.3 lives on: systemd alone would call it well for ever.
    await inside('db1', 'systemctl stop mysql')
    try {
      await inside('nacos1', 'systemctl restart nacos-8848')
      await inside(
        'nacos1',
        'for i in $(seq 60); do grep -qs "Nacos failed to start" /opt/nacos/8848/logs/start.out* && exit; sleep 1; done; exit 1',
      )
    } finally {
      await inside('db1', 'systemctl start mysql')
    }
    const ready = `http://${testLab.addressOf('nacos1')}:8848/nacos/v1/console/health/readiness`
    const answer = async (): Promise<boolean> => (await fetch(ready).catch(() => undefined))?.ok ?? false
    while (!(await answer())) await new Promise((resolve) => setTimeout(resolve, 1000))
    assert.match(await inside('nacos1', 'systemctl show -p NRestarts --value nacos-8848'), /^[1-9]/)
  },
  { timeout: 240 },
)

/** A JDK in an archive: its java is that of a package that somebody else has installed. */
async function jdkArchive(): Promise<string> {
  mkdirSync(join(folder, 'jdk-17/bin'), { recursive: true })
  const java = '#!/bin/sh\nexec /usr/lib/jvm/java-17-openjdk-amd64/bin/java "$@"\n'
  writeFileSync(join(folder, 'jdk-17/bin/java'), java, { mode: 0o755 })
  writeFileSync(join(folder, 'jdk-17/release'), 'JAVA_VERSION="17"\n')
  const path = join(folder, 'jdk-17.tar.gz')
  await $`tar -czf ${path} -C ${folder} jdk-17`
  return path
}

const digestOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

test(
  '2.2.4 from a URL on a JDK 17 from an archive, standalone, in a home with a blank and Chinese characters',
  async () => {
    const nacos = await labArchive('2.2.4', () => {})
    const fetched = join(homedir(), '.cache/plinth/downloads', nacos.sha256)
    rmSync(fetched, { recursive: true, force: true })
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      createReadStream(nacos.path).pipe(response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      await Promise.all(['db1', 'nacos1'].map((host) => testLab.reset(host)))
      await inside('nacos1', 'apt-get -qy install openjdk-17-jre-headless >/dev/null 2>&1')
      const jdk = await jdkArchive()
      const home = '/opt/注册 中心/nacos'
      const path = inventory('lab', (text) =>
        text
          .replace(/ +nacos[23]: .*\n/g, '')
          .replace(
            'version: 8',
            `version: 17\n          archives: { amd64: { archive: ${jdk}, sha256: ${digestOf(jdk)} } }`,
          )
          .replace('version: 2.2.4', `version: 2.2.4\n          mode: standalone\n          home: ${home}`)
          .replace(
            /archive: \S+nacos-server\S+/,
            `url: http://127.0.0.1:${(server.address() as AddressInfo).port}/nacos.tar.gz`,
          ),
      )
      await installed(path)
      assert.equal(asked, ['/nacos.tar.gz'], 'fetched once, for the check and the apply')
      const java = await inside('nacos1', 'readlink -f /opt/java/17/bin/java')
      assert.is(java, `/opt/java/${digestOf(jdk).slice(0, 12)}/bin/java\n`)
      assert.match(
        await inside('nacos1', 'cat /proc/$(systemctl show -p MainPID --value nacos)/cmdline | tr "\\0" " "'),
        /^\/usr\/lib\/jvm\/java-17-openjdk-amd64\/bin\/java .*注册 中心/,
      )
      const unpacked = `/opt/java/${digestOf(jdk).slice(0, 12)}`
      await assertMended(
        [
          {
            name: 'both releases are damaged, and the link of the JDK is gone',
            host: 'nacos1',
            break: `rm ${unpacked}/release /opt/java/17 '${home}/releases/2.2.4/.plinth'`,
            expect: [
              `release:${unpacked}`,
              'symlink:/opt/java/17',
              'java:/opt/java/17',
              `release:${home}/releases/2.2.4`,
              'unit:nacos',
            ],
            restarts: true,
          },
        ],
        path,
        ['nacos1'],
      )
      const again = await site(path)
      assert.equal(differing(again.report), [])
      assert.is(again.code, 0, complaints(again.report))
    } finally {
      server.close()
      rmSync(fetched, { recursive: true, force: true })
    }
  },
  { timeout: 400 },
)

test.run()
