import { causes } from '../../lib/nacos/causes.ts'
import { type DiagnosisContext, diagnose, failureLines, successLine } from '../../lib/nacos/diagnosis.ts'
import { parseVersion } from '../../lib/nacos/version.ts'
import { assert, suite } from '../kit.ts'

const test = suite('nacos/diagnosis')

const two = parseVersion('2.2.4')
const dump = 'ErrMsg:Nacos Server did not start because dumpservice bean construction failure :\n'
const noData = `ERROR [master-db] master db not found.\n${dump}No DataSource set\n\tat com.mysql.cj.jdbc.X\n`

/** Lines as Nacos, java or the driver write them; the cause by name; what the explanation must hold. */
const logs: readonly [string, string, RegExp, Partial<DiagnosisContext>?][] = [
  [
    'Caused by: java.io.IOException: Failed to bind to address 0.0.0.0/0.0.0.0:19848\nCaused by: io.grpc.netty.shaded.io.netty.channel.unix.Errors$NativeIoException: bind(..) failed: Address already in use',
    'port taken',
    /^the client gRPC port 19848 is taken/,
    { port: 18848 },
  ],
  [
    '***\nWeb server failed to start. Port 8848 was already in use.',
    'port taken',
    /^the main port 8848/,
    { port: 8848 },
  ],
  ['NativeIoException: bind(..) failed: 地址已在使用', 'port taken', /7848, 8848, 9848, 9849/, { port: 8848 }],
  ['Caused by: java.io.IOException: Failed to bind', 'port taken', /^one of its ports/],
  ['Failed to bind to address 0.0.0.0/0.0.0.0:7', 'port taken', /^port 7 is taken/, { port: 8848 }],
  [
    'java.lang.UnsupportedClassVersionError: x has been compiled by a more recent version of the Java Runtime (class file version 61.0), this version of the Java Runtime only recognizes class file versions up to 52.0',
    'wrong JDK',
    /too old/,
  ],
  [
    "Unrecognized VM option 'UseConcMarkSweepGC'\nError: Could not create the Java Virtual Machine.",
    'wrong JDK',
    /flag UseConcMarkSweepGC/,
  ],
  ['Unrecognized option: --add-opens=java.base/java.lang=ALL-UNNAMED', 'wrong JDK', /flag --add-opens/],
  [
    'java.lang.reflect.InaccessibleObjectException: Unable to make field accessible: module java.base does not "opens java.lang" to unnamed module @1',
    'wrong JDK',
    /reflection/,
  ],
  [
    'Error: Could not find or load main class \nCaused by: java.lang.ClassNotFoundException: ',
    'main class not found',
    /first argument/,
  ],
  ['Error: Unable to access jarfile /opt/n/current/target/nacos-server.jar', 'archive incomplete', /nacos-server\.jar/],
  [
    "OpenJDK 64-Bit Server VM warning: INFO: os::commit_memory(0x1, 2147483648, 0) failed; error='Cannot allocate memory' (errno=12)",
    'not enough memory',
    /machine has not enough/,
  ],
  ['Error: Could not reserve enough space for 4194304KB object heap', 'not enough memory', /machine/],
  ['java.lang.OutOfMemoryError: Java heap space', 'not enough memory', /Java heap space/],
  ['java.lang.OutOfMemoryError: unable to create new native thread', 'not enough memory', /native thread/],
  ['java.io.IOException: No space left on device', 'disk full', /exit code 0/],
  ['java.io.IOException: 设备上没有空间', 'disk full', /exit code 0/],
  ['java.net.BindException: 地址已在使用', 'port taken', /port/],
  ['java.io.FileNotFoundException: /opt/n/conf/cluster.conf (权限不够)', 'permission denied', /cluster\.conf$/],
  [
    'java.lang.UnsatisfiedLinkError: /tmp/librocksdbjni4935347250006226380.so: /tmp/librocksdbjni4935347250006226380.so: failed to map segment from shared object: Operation not permitted',
    'tmp is noexec',
    /^\/tmp\/librocksdbjni\d+\.so can't/,
  ],
  [
    "java.lang.UnsatisfiedLinkError: /tmp/librocksdbjni1.so: cannot open shared object file: No such file or directory (Possible cause: can't load AMD 64-bit .so on a MIPS64 LE-bit platform)",
    'rocksdb does not load',
    /architecture/,
  ],
  [
    'org.rocksdb.RocksDBException: While lock file: /opt/n/data/x/LOCK: Resource temporarily unavailable',
    'home in use',
    /another process/,
  ],
  ['java.io.IOException: User limit of inotify instances reached or too many open files', 'inotify limit', /inotify/],
  ['java.net.SocketException: Too many open files', 'too many open files', /limit/],
  [
    'java.io.FileNotFoundException: /opt/n/conf/cluster.conf (Permission denied)',
    'permission denied',
    /\/opt\/n\/conf\/cluster\.conf$/,
  ],
  ['java.nio.file.AccessDeniedException: /opt/n/data', 'permission denied', /\/opt\/n\/data$/],
  [
    'Caused by: com.alibaba.nacos.api.exception.NacosException: java.net.UnknownHostException: jmenv.tbsite.net',
    'no cluster.conf',
    /cluster\.conf/,
  ],
  ['java.io.IOException: java.lang.IllegalArgumentException: db.num is null', 'no database settings', /db\.num/],
  [`Public Key Retrieval is not allowed\n${noData}`, 'public key retrieval', /cold/],
  [
    `java.sql.SQLException: Access denied for user 'nacos'@'10.0.0.1' (using password: YES)\n${noData}`,
    'wrong password',
    /'nacos'@'10\.0\.0\.1': wrong password/,
  ],
  // 2.0.3 wraps whatever the database said into this line.
  [
    `RuntimeException: [db-load-error]load jdbc.properties error\nCaused by: Access denied for user 'n'@'h' (using password: YES)`,
    'wrong password',
    /'n'@'h'/,
  ],
  ['RuntimeException: [db-load-error]load jdbc.properties error', 'no data source', /does not say why/],
  [`Access denied for user 'nacos'@'10.0.0.1' (using password: NO)\n${noData}`, 'wrong password', /without a password/],
  [
    `Access denied for user 'n'@'%' to database 'nacos'\n${noData}`,
    'missing privilege',
    /'n'@'%' lacks a privilege on nacos/,
  ],
  [
    `DELETE command denied to user 'n'@'10.0.0.1' for table 'config_info'\n${noData}`,
    'missing privilege',
    /'n'@'10\.0\.0\.1' lacks a privilege: DELETE/,
  ],
  [`Host '10.0.0.1' is not allowed to connect to this MySQL server\n${noData}`, 'address not allowed', /10\.0\.0\.1/],
  [`java.sql.SQLSyntaxErrorException: Unknown database 'nacos'\n${noData}`, 'no such database', /nacos/],
  [
    `${dump}SQLSyntaxErrorException: Unknown column 'encrypted_data_key' in 'field list'`,
    'old schema',
    /encrypted_data_key/,
  ],
  ["Field 'encrypted_data_key' doesn't have a default value", 'old schema', /encrypted_data_key/],
  [
    `SQLSyntaxErrorException: Table 'nacos.config_info' doesn't exist\n${noData}`,
    'missing tables',
    /nacos\.config_info/,
  ],
  [
    `The MySQL server is running with the --read-only option so it cannot execute this statement\n${noData}`,
    'database is read-only',
    /read-only/,
  ],
  [
    `Data source rejected establishment of connection, message from server: "Too many connections"\n${noData}`,
    'too many connections',
    /no connection left/,
  ],
  [`The server time zone value 'CST' is unrecognized\n${noData}`, 'time zone', /CST/],
  [
    `javax.net.ssl.SSLHandshakeException: No appropriate protocol\nCommunications link failure\n${noData}`,
    'TLS to the database',
    /TLS/,
  ],
  [
    `java.net.UnknownHostException: db9: Name or service not known\nCommunications link failure\n${noData}`,
    'unknown database host',
    /db9/,
  ],
  [
    `CommunicationsException: Communications link failure\nConnection refused\n${noData}`,
    'MySQL down',
    /does not answer/,
  ],
  [
    'java.lang.IllegalArgumentException: the length of secret key must great than or equal 32 bytes; And the secret key  must be encoded by base64.',
    'token secret',
    /32 bytes/,
  ],
  [
    'errCode: 50002, errMsg: Empty identity, Please set `nacos.core.auth.server.identity.key`',
    'no identity',
    /not set/,
  ],
  ['WARN Invalid server identity value for xing from 172.18.0.4', 'identity differs', /differ/],
  [`Could not resolve placeholder 'NACOS_AUTH_TOKEN' in value "x"`, 'unknown placeholder', /\$\{NACOS_AUTH_TOKEN\}/],
  [
    `Error creating bean with name 'embeddedDumpService': nested\n${dump}errCode: 500, errMsg: java.lang.NullPointerException`,
    'embedded bug',
    /bug of these versions/,
    { version: parseVersion('2.2.3'), mode: 'embedded' },
  ],
  ['Nacos cluster is running with 1.X mode, can not accept gRPC request temporarily.', '1.X mode', /dead or strays/],
  ['The Raft Group [naming_service_metadata] did not find the Leader node', 'no Raft leader', /no Raft leader/],
  [`${dump}java.lang.IllegalStateException: No DataSource set`, 'no data source', /does not say why/],
]
for (const [log, name, what, context] of logs) {
  test(`${name}: ${log.split('\n')[0]?.slice(0, 60)}`, () => {
    const found = diagnose(`INFO Nacos is starting...\n${log}\nERROR Nacos failed to start, please see x`, {
      version: two,
      ...context,
    })
    assert.is(found?.name, name)
    assert.match(found?.what ?? '', what)
    assert.ok((found?.remedy ?? '').length > 10 && !found?.remedy.endsWith('.'))
  })
}

test('every known cause is met by one of these logs', () => {
  const met = new Set(logs.map(([, name]) => name))
  assert.equal(
    causes.map(({ name }) => name).filter((name) => !met.has(name)),
    [],
  )
})

test('what is not known is not guessed', () => {
  for (const log of [
    '',
    'INFO Nacos started successfully in cluster mode. use external storage',
    'java.lang.NullPointerException at com.example',
    // A peer that is not up yet is normal; only the database's own words mean the database.
    'ERROR Fail to connect 10.0.0.2:7848, Connection refused',
    "Error creating bean with name 'embeddedDumpService': java.lang.NullPointerException",
  ])
    assert.is(diagnose(log, { version: parseVersion('2.3.0') }), undefined, log)
})

test('a long log is read in no time worth speaking of', () => {
  const long = `${'\tat com.mysql.cj.jdbc.ConnectionImpl.createNewIO(ConnectionImpl.java:836)/'.repeat(20000)}\n`
  assert.is(diagnose(`${long}${long}`, { version: two }), undefined)
})

const successes: readonly [string, string, boolean][] = [
  ['2.2.4', 'INFO Nacos started successfully in cluster mode. use external storage', true],
  ['2.2.4', 'INFO Nacos started successfully in stand alone mode. use embedded storage', true],
  ['2.2.4', 'INFO Nacos is starting...', false],
  ['3.0.3', 'Nacos started successfully in cluster mode. use external storage', false],
  ['3.0.3', 'Nacos started successfully in cluster mode.\nNacos Server API started successfully in 9 ms', false],
  [
    '3.0.3',
    'Nacos Console started successfully in 1 ms\nNacos started successfully in cluster mode. use external storage\nNacos Server API started successfully in 9 ms',
    true,
  ],
]
for (const [version, log, good] of successes)
  test(`${version}: ${good ? 'success' : 'no success'} in ${JSON.stringify(log.slice(0, 50))}`, () =>
    assert.is(successLine(parseVersion(version)).test(log), good))

test('failure lines', () => {
  const fails = (log: string): boolean => failureLines.some((line) => line.test(log))
  assert.ok(fails('x\n2026-11-23 14:20:26,286 ERROR Startup errors : \n'))
  assert.ok(fails('ERROR Nacos failed to start, please see /opt/n/logs/nacos.log for more details.'))
  assert.ok(fails('INFO\nError: Could not create the Java Virtual Machine.'))
  assert.not.ok(fails('INFO Nacos is starting...\nINFO Error: none'))
})

test.run()
