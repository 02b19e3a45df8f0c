/**
 * The main job on real hosts: from bare machines to a cluster, nothing to do the second time, checks that change
 * nothing, and every resource broken, named, and repaired. The tests build on each other, in this order.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { assert, suite } from '../kit.ts'
import { addressed, assertMended, rounds } from './damages.ts'
import { type Announcing, assertDid } from './deeds.ts'
import {
  changesBetween,
  complaints,
  differing,
  inside,
  inventory,
  mainPid,
  playbook,
  prepareLab,
  site,
  snapshot,
  sql,
  testLab,
} from './playbook.ts'
import { damages } from './site-damages.ts'

const test = suite('site')
const hosts = ['db1', 'nacos1', 'nacos2', 'nacos3']
const nodes = hosts.slice(1)
let lab = ''
/** What the check on bare hosts says. */
let announced: Announcing

const secret = (name: string): string => readFileSync(join(testLab.layout.folder, 'secrets', name), 'utf8').trim()
const http = async (path: string, init?: RequestInit): Promise<{ status: number; text: string }> => {
  const response = await fetch(`http://${testLab.addressOf('nacos1')}:8848/nacos${path}`, init)
  return { status: response.status, text: await response.text() }
}

test(
  'the lab is there and bare',
  async () => {
    await prepareLab(hosts, ['2.2.4'])
    lab = inventory('lab')
  },
  { timeout: 900 },
)

test(
  'check on empty hosts names everything, exits 2 and changes nothing',
  async () => {
    const before = await Promise.all(hosts.map(snapshot))
    const { code, report } = await site(lab, '--check')
    assert.is(code, 2)
    announced = report
    const found = differing(report)
    for (const id of [
      'db1 schema:nacos',
      'db1 table:nacos.users',
      'nacos1 unit:nacos',
      'nacos3 package:openjdk-8-jre-headless',
    ]) {
      assert.ok(found.includes(id), `${id} is not among ${found.join(', ')}`)
    }
    for (const [index, host] of hosts.entries())
      assert.equal(changesBetween(before[index]!, await snapshot(host)), [], host)
  },
  { timeout: 120 },
)

test(
  'one run makes a cluster of bare hosts',
  async () => {
    const { code, report, stderr } = await site(lab)
    assert.is(code, 0, complaints(report))
    assertDid(stderr, announced)
    const members = JSON.parse((await http('/v1/core/cluster/nodes')).text) as {
      data: { state: string; extendInfo: { version: string } }[]
    }
    assert.equal(
      members.data.map(({ state, extendInfo }) => `${state} ${extendInfo.version}`),
      ['UP 2.2.4', 'UP 2.2.4', 'UP 2.2.4'],
    )
  },
  { timeout: 900 },
)

test('auth is on: no token no entry, and the declared password logs in', async () => {
  const path = '/v1/cs/configs?dataId=x&group=y'
  assert.is((await http(path)).status, 403)
  const login = await http('/v1/auth/login', {
    method: 'POST',
    body: new URLSearchParams({ username: 'nacos', password: secret('admin_password') }),
  })
  assert.is(login.status, 200)
  const { accessToken } = JSON.parse(login.text) as { accessToken: string }
  assert.is((await http(`${path}&accessToken=${accessToken}`)).status, 404)
  const shipped = await http('/v1/auth/login', {
    method: 'POST',
    body: new URLSearchParams({ username: 'nacos', password: 'nacos' }),
  })
  assert.is.not(shipped.status, 200)
})

test('the gate took back what it wrote', async () => {
  assert.is((await sql("SELECT COUNT(*) FROM config_info WHERE data_id LIKE 'plinth-%'")).trim(), '0')
})

test('no secret is readable by others, and none is in an argument list', async () => {
  for (const host of nodes) {
    const modes = await inside(host, 'stat -c "%a %U" /opt/nacos/conf/application.properties /etc/plinth/nacos.env')
    assert.is(modes, '600 nacos\n600 root\n')
    const args = await inside(
      host,
      'cat /proc/[0-9]*/cmdline | tr "\\0" " "; systemctl show nacos -p Environment -p ExecStart',
    )
    for (const name of ['db_password', 'token_secret', 'admin_password', 'identity_value']) {
      assert.not(args.includes(secret(name)), `${name} of ${host}`)
    }
  }
})

test(
  'again: nothing changed, one connection and one exec per machine, no process restarted',
  async () => {
    const pids = await Promise.all(nodes.map((host) => mainPid(host)))
    const marks = await Promise.all(hosts.map((host) => testLab.mark(host)))
    const { code, report } = await site(lab)
    assert.is(code, 0, complaints(report))
    assert.equal(differing(report), [])
    const counted = await Promise.all(hosts.map((host, index) => testLab.connections(host, marks[index])))
    assert.equal(
      counted,
      hosts.map(() => ({ logins: 1, sessions: 1 })),
    )
    assert.equal(await Promise.all(nodes.map((host) => mainPid(host))), pids)
  },
  { timeout: 120 },
)

test(
  'check on a converged site exits 0 and leaves not a byte, time or process changed',
  async () => {
    const before = await Promise.all(hosts.map(snapshot))
    const tables = await sql('CHECKSUM TABLE config_info, his_config_info, users, roles, tenant_info')
    const { code, report } = await site(lab, '--check')
    assert.is(code, 0, complaints(report))
    for (const [index, host] of hosts.entries())
      assert.equal(changesBetween(before[index]!, await snapshot(host)), [], host)
    assert.is(await sql('CHECKSUM TABLE config_info, his_config_info, users, roles, tenant_info'), tables)
  },
  { timeout: 120 },
)

for (const round of rounds(damages)) {
  test(`broken and repaired: ${round.map(({ name }) => name).join('; ')}`, () => assertMended(round, lab, nodes), {
    timeout: 600,
  })
}

test(
  'after all repairs everything is kept',
  async () => {
    const { code, report } = await site(lab)
    assert.is(code, 0, complaints(report))
    assert.equal(differing(report), [])
  },
  { timeout: 120 },
)

/** What nothing here can bring about: not met on the host where that can be made so, else by what is declared. */
const unmet = [
  'db1 mysql-server',
  'nacos1 disk',
  'nacos1 systemd',
  'nacos2 memory',
  'nacos2 ports',
  'nacos3 address',
] as const
const kindOf = (id: string): string => id.replace(/:.*/, '')

/** All of a plan but what has become of it. */
const planned = ({ plans }: Awaited<ReturnType<typeof site>>['report']) =>
  plans.map(({ play, host, resources }) => ({
    play,
    host,
    resources: resources.map((resource) => ({ ...resource, state: undefined, detail: undefined })),
  }))

test(
  'what is required and is not so: check and apply plan the same, are refused for the same, and write nothing',
  async () => {
    const path = inventory('lab', (text) =>
      text
        .replace(/nacos1: \{ (.*) \}/, 'nacos1: { $1, nacos_home: /mnt/small }')
        .replace(/nacos2: \{ (.*) \}/, 'nacos2: { $1, nacos_port: 9948, nacos_heap: { xms: 512m, xmx: 900000m } }')
        .replace(/nacos3: \{ (.*) \}/, 'nacos3: { $1, nacos_address: 192.0.2.3 }'),
    )
    await inside(
      'nacos1',
      `mkdir /mnt/small; mount -t tmpfs -o size=1m none /mnt/small
cat >/usr/local/sbin/systemctl <<'END'
#!/bin/sh
if [ "$1" = --version ]; then echo 'systemd 239 (239)'; else exec /usr/bin/systemctl "$@"; fi
END
chmod 755 /usr/local/sbin/systemctl
# Two versions: now the file's name does not tell which one runs.
mkdir -p /usr/lib64/systemd; : >/usr/lib64/systemd/libsystemd-shared-239.so`,
    )
    await inside('nacos2', 'systemd-run -q --unit=squat systemd-socket-activate -l 9948 /bin/true')
    await sql('SET GLOBAL read_only = ON')
    try {
      const before = await Promise.all(hosts.map(snapshot))
      const checked = await site(path, '--check')
      const applied = await site(path)
      for (const [index, host] of hosts.entries())
        assert.equal(changesBetween(before[index]!, await snapshot(host)), [], host)
      const refused = checked.report.plans.flatMap(({ host, resources }) =>
        resources.filter(({ action }) => action === 'blocked').map(({ id }) => `${host} ${kindOf(id)}`),
      )
      assert.equal(refused.sort(), unmet)
      assert.equal(planned(applied.report), planned(checked.report))
      assert.equal(applied.report.failures, checked.report.failures)
      assert.equal([checked.code, applied.code], [1, 1])
    } finally {
      await sql('SET GLOBAL read_only = OFF')
      await inside('nacos1', 'umount /mnt/small; rmdir /mnt/small; rm -r /usr/local/sbin/systemctl /usr/lib64/systemd')
      await inside('nacos2', 'systemctl stop squat')
    }
  },
  { timeout: 120 },
)

test(
  'every resource was broken at least once, and every kind',
  async () => {
    const { report } = await site(lab, '--check')
    const broken = damages.flatMap(({ expect }) => expect.map((id) => addressed(id, '')))
    const kinds = new Set([...broken.map(kindOf), ...unmet.map((one) => one.replace(/^\S+ /, ''))])
    // Which tables there are is told, and stops nothing.
    const ids = [...new Set(report.plans.flatMap(({ resources }) => resources.map(({ id }) => id)))].filter(
      (id) => id !== 'tables:nacos',
    )
    assert.equal(
      ids.filter((id) => !broken.includes(id) && !unmet.some((one) => one.endsWith(` ${kindOf(id)}`))),
      [],
    )
    assert.equal([...new Set(ids.map(kindOf))].sort(), [...kinds].sort())
  },
  { timeout: 60 },
)

test(
  'a changed property restarts the node it is changed for, and no other',
  async () => {
    const pids = await Promise.all(nodes.map((host) => mainPid(host)))
    const changed = inventory('lab', (text) =>
      text.replace(/nacos2: \{ (.*) \}/, 'nacos2: { $1, nacos_properties: { nacos.naming.expireInstance: "true" } }'),
    )
    const { code, report } = await site(changed)
    assert.is(code, 0, complaints(report))
    assert.equal(differing(report), [
      'nacos2 file:/etc/plinth/nacos.env',
      'nacos2 properties:/opt/nacos/conf/application.properties',
      'nacos2 unit:nacos',
    ])
    const after = await Promise.all(nodes.map((host) => mainPid(host)))
    assert.equal(
      after.map((pid, index) => pid === pids[index]),
      [true, false, true],
    )
    assert.is((await site(lab)).code, 0)
  },
  { timeout: 400 },
)

test(
  'a member that is not UP is seen although its unit is active',
  async () => {
    await testLab.cut('nacos3')
    try {
      const cut = await playbook('site', ['-i', lab, '--check'])
      assert.is(cut.code, 3, cut.stderr)
    } finally {
      await testLab.mend('nacos3')
    }
    // Its process is there and answers nobody.
    await inside('nacos3', 'kill -STOP "$(systemctl show -p MainPID --value nacos)"')
    try {
      const { code, report } = await site(lab)
      assert.is(code, 1)
      assert.equal(differing(report), [])
      assert.match(complaints(report), /nacos3/)
    } finally {
      await inside('nacos3', 'kill -CONT "$(systemctl show -p MainPID --value nacos)"')
    }
    let last = await site(lab, '--check')
    for (let attempt = 0; attempt < 10 && last.code !== 0; attempt++) last = await site(lab, '--check')
    assert.is(last.code, 0, complaints(last.report))
  },
  { timeout: 300 },
)

test.run()
