/**
 * The main job on real hosts: from bare machines to a cluster, nothing to do the second time, checks that change
 * nothing, and every resource broken, named, and repaired. The tests build on each other, in this order.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { assert, suite } from '../kit.ts'
import { assertDid } from './deeds.ts'
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

const test = suite('site')
const hosts = ['db1', 'nacos1', 'nacos2', 'nacos3']
const nodes = hosts.slice(1)
let lab = ''

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
    const { code, report } = await site(lab)
    assert.is(code, 0, complaints(report))
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

interface Damage {
  readonly name: string
  readonly host: string
  /** Shell on the host, or SQL where `sql` says so. */
  readonly break: string
  readonly sql?: boolean
  /** The ids that the plan must name, and no others. */
  readonly expect: readonly string[]
  /** Whether the node's process must be another afterwards; for an edit that it may never have read, as the plan says. */
  readonly restarts?: boolean | 'unless unread'
}

const conf = '/opt/nacos/conf'
const tables = [
  'config_info',
  'config_info_aggr',
  'config_info_beta',
  'config_info_tag',
  'config_tags_relation',
  'group_capacity',
  'his_config_info',
  'permissions',
  'roles',
  'tenant_capacity',
  'tenant_info',
  'users',
]
const folders = ['', '/conf', '/data', '/logs', '/plugins', '/plugins/health', '/plugins/cmdb', '/tmp', '/releases']
const directories = ['/opt/java', '/etc/plinth', '/var/cache/plinth', ...folders.map((folder) => `/opt/nacos${folder}`)]
const properties = `properties:${conf}/application.properties`

const damages: readonly Damage[] = [
  {
    name: 'every directory has another mode',
    host: 'nacos1',
    // Widened, never narrowed: the process goes on.
    break: `chmod a+rx ${directories.slice(1).join(' ')}; chmod 0775 /opt/java; chmod 0755 /etc/plinth /var/cache/plinth`,
    expect: directories.map((path) => `directory:${path}`),
  },
  {
    name: 'a folder is deleted',
    host: 'nacos2',
    break: 'rm -rf /opt/nacos/plugins/cmdb',
    expect: ['directory:/opt/nacos/plugins/cmdb'],
  },
  { name: 'the account has another group', host: 'nacos1', break: 'usermod -g daemon nacos', expect: ['user:nacos'] },
  {
    name: 'a property is edited by hand',
    host: 'nacos2',
    break: `sed -i 's/^db.num=.*/db.num=2/' ${conf}/application.properties`,
    expect: [properties, 'unit:nacos'],
    restarts: 'unless unread',
  },
  {
    name: 'the secrets are readable for all',
    host: 'nacos1',
    break: `chmod 0644 ${conf}/application.properties`,
    expect: [properties, 'unit:nacos'],
    restarts: 'unless unread',
  },
  {
    name: 'application.properties is deleted',
    host: 'nacos3',
    break: `rm ${conf}/application.properties`,
    expect: [properties, 'unit:nacos'],
    restarts: true,
  },
  {
    name: 'the log configuration has another mode',
    host: 'nacos3',
    break: `chmod 0600 ${conf}/nacos-logback.xml`,
    expect: [`file:${conf}/nacos-logback.xml`, 'unit:nacos'],
    restarts: 'unless unread',
  },
  {
    name: 'a stray line in cluster.conf',
    host: 'nacos1',
    break: `echo '192.0.2.9:8848' >> ${conf}/cluster.conf; sleep 3`,
    expect: [`line-set:${conf}/cluster.conf`],
  },
  {
    name: 'cluster.conf rewritten by Nacos with a comment and in another order is no difference',
    host: 'nacos2',
    break: `cp -p ${conf}/cluster.conf /tmp/members; { echo '#2026-01-01T00:00'; sort -r /tmp/members; } > ${conf}/cluster.conf; sleep 2`,
    expect: [],
  },
  {
    name: 'cluster.conf is deleted',
    host: 'nacos3',
    break: `rm ${conf}/cluster.conf`,
    expect: [`line-set:${conf}/cluster.conf`],
  },
  {
    name: 'the JDK link points to another JDK',
    host: 'nacos1',
    break:
      'apt-get -qy install openjdk-17-jre-headless >/dev/null 2>&1; ln -sfn /usr/lib/jvm/java-17-openjdk-amd64 /opt/java/8',
    expect: ['symlink:/opt/java/8', 'java:/opt/java/8', 'unit:nacos'],
    restarts: true,
  },
  {
    name: 'the release is half there',
    host: 'nacos2',
    break:
      'rm -rf /opt/nacos/releases/2.2.4/conf; truncate -s 1000000 /opt/nacos/releases/2.2.4/target/nacos-server.jar',
    expect: ['release:/opt/nacos/releases/2.2.4', 'unit:nacos'],
    restarts: true,
  },
  {
    name: 'the release has lost its marker, as after a killed unpacking',
    host: 'nacos3',
    break: 'rm /opt/nacos/releases/2.2.4/.plinth',
    expect: ['release:/opt/nacos/releases/2.2.4', 'unit:nacos'],
    restarts: true,
  },
  {
    name: 'the link to the release is gone',
    host: 'nacos1',
    break: 'rm /opt/nacos/current',
    expect: ['symlink:/opt/nacos/current', 'unit:nacos'],
    restarts: true,
  },
  {
    name: 'the unit is stopped',
    host: 'nacos2',
    break: 'systemctl stop nacos',
    expect: ['unit:nacos'],
    restarts: true,
  },
  { name: 'the unit is disabled', host: 'nacos3', break: 'systemctl disable -q nacos', expect: ['unit:nacos'] },
  {
    name: 'the unit is masked and stopped',
    host: 'nacos1',
    break: 'systemctl stop nacos; ln -sf /dev/null /etc/systemd/system/nacos.service; systemctl daemon-reload',
    expect: ['file:/etc/systemd/system/nacos.service', 'unit:nacos'],
    restarts: true,
  },
  {
    name: 'the unit file is edited and not reloaded',
    host: 'nacos2',
    break: "sed -i 's/^RestartSec=.*/RestartSec=99/' /etc/systemd/system/nacos.service",
    expect: ['file:/etc/systemd/system/nacos.service', 'unit:nacos'],
    restarts: 'unless unread',
  },
  {
    name: 'the digest of the inputs is gone',
    host: 'nacos3',
    break: 'rm /etc/plinth/nacos.env',
    expect: ['file:/etc/plinth/nacos.env'],
  },
  {
    name: 'a column of every table is dropped',
    host: 'db1',
    sql: true,
    break: tables
      .map((table) => {
        const column = {
          roles: 'role',
          users: 'enabled',
          permissions: 'action',
          tenant_info: 'kp',
          tenant_capacity: 'quota',
          group_capacity: 'quota',
          config_tags_relation: 'tag_type',
          his_config_info: 'md5',
        }
        return `ALTER TABLE ${table} DROP COLUMN ${column[table as keyof typeof column] ?? 'app_name'};`
      })
      .join(' '),
    expect: tables.map((table) => `table:nacos.${table}`),
  },
  {
    name: 'a column is narrowed',
    host: 'db1',
    sql: true,
    break: 'ALTER TABLE config_info MODIFY data_id varchar(64) NOT NULL',
    expect: ['table:nacos.config_info'],
  },
  {
    name: 'an index is dropped',
    host: 'db1',
    sql: true,
    break: 'ALTER TABLE tenant_info DROP INDEX uk_tenant_info_kptenantid',
    expect: ['table:nacos.tenant_info'],
  },
  {
    name: 'an old MySQL made only six tables',
    host: 'db1',
    sql: true,
    break:
      'DROP TABLE config_info, config_info_beta, config_info_tag, group_capacity, his_config_info, tenant_capacity',
    expect: [
      'config_info',
      'config_info_beta',
      'config_info_tag',
      'group_capacity',
      'his_config_info',
      'tenant_capacity',
    ].map((table) => `table:nacos.${table}`),
  },
  {
    name: 'a table and a column of somebody else are left alone',
    host: 'db1',
    sql: true,
    break: 'CREATE TABLE theirs (id int PRIMARY KEY); ALTER TABLE users ADD COLUMN note text',
    expect: [],
  },
  {
    name: 'the account of a node is gone',
    host: 'db1',
    sql: true,
    break: 'DROP USER nacos@NACOS1',
    expect: ['account:nacos@NACOS1'],
  },
  {
    name: 'the account of a node has another password',
    host: 'db1',
    sql: true,
    break: "ALTER USER nacos@NACOS2 IDENTIFIED BY 'other'",
    expect: ['account:nacos@NACOS2'],
  },
  {
    name: 'the account of a node may do more and less',
    host: 'db1',
    sql: true,
    break: 'REVOKE DELETE ON nacos.* FROM nacos@NACOS3; GRANT DROP ON nacos.* TO nacos@NACOS3',
    expect: ['account:nacos@NACOS3'],
  },
  {
    name: 'the administrator is gone',
    host: 'db1',
    sql: true,
    break: 'DELETE FROM users',
    expect: ['row:nacos.users:nacos'],
  },
]

const addressed = (text: string, quote: string): string =>
  text.replaceAll(/NACOS(\d)/g, (_, number: string) => `${quote}${testLab.addressOf(`nacos${number}`)}${quote}`)

/** What one damage leaves behind must not be found by the next: a test that fails is followed by a repair. */
async function repairing(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    await site(lab)
    throw error
  }
}

/** The keys that change of a resource, on whatever host. */
const changesOf = ({ plans }: Awaited<ReturnType<typeof site>>['report'], id: string): readonly string[] =>
  plans.flatMap(({ resources }) =>
    resources.filter((one) => one.id === id).flatMap(({ changes }) => changes.map(({ key }) => key)),
  )

for (const damage of damages) {
  test(
    `broken and repaired: ${damage.name}`,
    () =>
      repairing(async () => {
        const pids = await Promise.all(nodes.map((host) => mainPid(host)))
        if (damage.sql) await sql(addressed(damage.break, "'"))
        else await inside(damage.host, damage.break)
        const expected = damage.expect.map((id) => `${damage.host} ${addressed(id, '')}`).sort()

        const before = damage.sql ? '' : await snapshot(damage.host)
        const checked = await site(lab, '--check')
        assert.equal(differing(checked.report), expected)
        assert.is(checked.code, expected.length > 0 ? 2 : 0, complaints(checked.report))
        if (!damage.sql)
          assert.equal(changesBetween(before, await snapshot(damage.host)), [], 'the check changed the host')

        const applied = await site(lab)
        assert.is(applied.code, 0, complaints(applied.report))
        assert.equal(differing(applied.report), expected, 'the plan of the apply is another than that of the check')
        // That nothing is left to do after it, the next check shows: it finds what was broken then, and nothing else.
        assertDid(applied.stderr, checked.report)
        const restarted = (await Promise.all(nodes.map((host) => mainPid(host)))).flatMap((pid, index) =>
          pid === pids[index] ? [] : [nodes[index]],
        )
        const unread =
          damage.restarts === 'unless unread' && changesOf(applied.report, 'unit:nacos').includes('no restart')
        assert.equal(restarted, damage.restarts && !unread ? [damage.host] : [])
      }),
    { timeout: 400 },
  )
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

test(
  'every resource was broken at least once',
  async () => {
    const { report } = await site(lab, '--check')
    const broken = new Set(damages.flatMap(({ expect }) => expect.map((id) => addressed(id, ''))))
    // Requirements can't be broken one by one; package and group come back with what needs them; the schema with its tables.
    const spared = /^(disk|address|ports|systemd|memory|mysql-server|tables|package|group|schema):?/
    const ids = new Set(report.plans.flatMap(({ resources }) => resources.map(({ id }) => id)))
    assert.equal(
      [...ids].filter((id) => !broken.has(id) && !spared.test(id)),
      [],
    )
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
