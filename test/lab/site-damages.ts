/** What happens to the hosts of the lab's site: something for every resource that it has. */
import type { Damage } from './damages.ts'

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
const administrator = 'row:nacos.users:nacos'
const folders = ['', '/conf', '/data', '/logs', '/plugins', '/plugins/health', '/plugins/cmdb', '/tmp', '/releases']
const directories = ['/opt/java', '/etc/plinth', '/var/cache/plinth', ...folders.map((folder) => `/opt/nacos${folder}`)]
const jdk = 'openjdk-8-jre-headless'
const properties = `properties:${conf}/application.properties`

export const damages: readonly Damage[] = [
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
    name: 'the group has another name',
    host: 'nacos3',
    break: 'groupmod -n theirs nacos',
    expect: [
      'group:nacos',
      'user:nacos',
      ...folders.map((folder) => `directory:/opt/nacos${folder}`),
      'release:/opt/nacos/releases/2.2.4',
      `file:${conf}/nacos-logback.xml`,
      `line-set:${conf}/cluster.conf`,
      properties,
      'unit:nacos',
    ],
    restarts: true,
  },
  {
    name: 'the package of the JDK is removed under the process',
    host: 'nacos2',
    break: `apt-get -qy remove ${jdk} >/dev/null 2>&1`,
    expect: [`package:${jdk}`, 'java:/opt/java/8'],
    settled: ['java:/opt/java/8'],
  },
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
    down: true,
  },
  { name: 'the unit is disabled', host: 'nacos3', break: 'systemctl disable -q nacos', expect: ['unit:nacos'] },
  {
    name: 'the unit is masked and stopped',
    host: 'nacos1',
    break: 'systemctl stop nacos; ln -sf /dev/null /etc/systemd/system/nacos.service; systemctl daemon-reload',
    expect: ['file:/etc/systemd/system/nacos.service', 'unit:nacos'],
    restarts: true,
    down: true,
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
    // With the column of the roles goes what was in it.
    expect: [...tables.map((table) => `table:nacos.${table}`), administrator],
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
    expect: [administrator],
  },
  {
    name: 'the administrator is none any more',
    host: 'db1',
    sql: true,
    break: 'DELETE FROM roles',
    expect: [administrator],
  },
  {
    name: 'the whole database is gone',
    host: 'db1',
    sql: true,
    break: 'DROP DATABASE nacos',
    expect: ['schema:nacos', ...tables.map((table) => `table:nacos.${table}`), administrator],
  },
]
