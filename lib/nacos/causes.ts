/** The causes of a failed start that are known, as data: how each shows in the log, and the way out. */
import { type Ports, portsOf } from './ports.ts'
import { type Mode, type Version, within } from './version.ts'

export interface DiagnosisContext {
  readonly version: Version
  readonly mode?: Mode
  /** The main port, to say which of the instance's ports a number is. */
  readonly port?: number
}

export interface Cause {
  /** Short and stable, for reports and tests: `port taken`. */
  readonly name: string
  readonly pattern: RegExp
  /** Further conditions on what was matched. */
  readonly when?: (log: string, context: DiagnosisContext) => boolean
  readonly what: string | ((match: RegExpExecArray, context: DiagnosisContext) => string)
  /** An imperative sentence without a final stop. */
  readonly remedy: string
}

const mysql = (log: string): boolean => log.includes('com.mysql')

const otherPort =
  'stop what listens there, or choose another main port (instances of one host: 100 apart, as 8848 and 8948)'

/** Most specific first: what stands below is often only the echo of what stands above. */
export const causes: readonly Cause[] = [
  // The JVM does not start, or not this Nacos.
  {
    name: 'wrong JDK',
    pattern:
      /UnsupportedClassVersionError|class file version \d+\.\d+, this version of the Java Runtime only recognizes/,
    what: 'this JDK is too old for this Nacos',
    remedy: 'give it JDK 8 or newer for 2.x, 17 or newer for 3.x',
  },
  {
    name: 'wrong JDK',
    pattern: /Unrecognized (?:VM )?option:? '?([^\s']+)|-Djava\.ext\.dirs=.* is not supported/,
    what: (m) => `the JDK does not know the flag ${m[1] ?? '-Djava.ext.dirs'}: the flags are for another JDK`,
    remedy: 'declare the JDK that is really there, so that the flags follow it',
  },
  {
    name: 'wrong JDK',
    pattern: /InaccessibleObjectException|does not "opens [\w.]+" to unnamed module/,
    what: 'this JDK refuses the reflection that Nacos needs',
    remedy: 'start it with --add-opens for java.lang, java.lang.reflect, java.util and java.net, as the unit here does',
  },
  {
    name: 'main class not found',
    pattern: /Could not find or load main class/,
    what: 'java was given an empty or broken first argument (startup.sh of 2.0.3 does that on JDK 9 and newer)',
    remedy: 'start it by its unit, which runs java directly',
  },
  {
    name: 'archive incomplete',
    pattern: /Unable to access jarfile (.+)|Invalid or corrupt jarfile (.+)/,
    what: (m) => `the server's jar is missing or broken: ${(m[1] ?? m[2] ?? '').trim()}`,
    remedy: 'install the release again',
  },
  {
    name: 'not enough memory',
    pattern: /Cannot allocate memory|insufficient memory for the Java Runtime|Could not reserve enough space/,
    what: 'the machine has not enough memory for the heap',
    remedy: 'give it heap plus 1 GB, or declare a smaller heap',
  },
  {
    name: 'not enough memory',
    pattern: /OutOfMemoryError: (unable to create (?:new )?native thread|[^\n]*)/,
    what: (m) => `java ran out of memory: ${m[1]}`,
    remedy: 'declare a larger heap; for threads raise TasksMax and the limit of processes',
  },
  {
    name: 'disk full',
    pattern: /No space left on device|Disk quota exceeded|\u8bbe\u5907\u4e0a\u6ca1\u6709\u7a7a\u95f4/,
    what: 'the disk is full; Nacos then ends with exit code 0',
    remedy: 'free space (logs first), and watch it',
  },
  {
    name: 'tmp is noexec',
    pattern: /([^\s:]{0,200}librocksdbjni[^\s:]{0,100}): failed to map segment/,
    what: (m) => `${m[1]} can't be executed: its file system is mounted noexec`,
    remedy: 'set java.io.tmpdir to a folder that allows it, as the unit here does',
  },
  {
    name: 'rocksdb does not load',
    pattern: /UnsatisfiedLinkError[^\n]*rocksdb|librocksdbjni[^\n]*(?:No such file|cannot open|not found)/,
    what: 'the native part of rocksdb does not run on this machine (architecture, or musl instead of glibc)',
    remedy: 'use a glibc Linux on amd64 or arm64',
  },
  {
    name: 'home in use',
    pattern: /lock file: \S*LOCK: Resource temporarily unavailable|Another instance of Derby may have already booted/,
    what: 'another process already runs in this home',
    remedy: 'stop it, and give every instance its own home',
  },
  {
    name: 'inotify limit',
    pattern: /inotify (?:instances|watches)|User limit of inotify/,
    what: 'the limit of inotify instances is reached',
    remedy: 'raise fs.inotify.max_user_instances',
  },
  {
    name: 'too many open files',
    pattern: /Too many open files/,
    what: 'the limit of open files is reached',
    remedy: 'set LimitNOFILE to 65535 or more',
  },
  {
    name: 'permission denied',
    pattern:
      /(\/[^\s:()]{1,200})[ :]{0,2}\(?(?:Permission denied|\u6743\u9650\u4e0d\u591f)|AccessDeniedException: (\/\S+)/,
    what: (m) => `the service user may not use ${m[1] ?? m[2]}`,
    remedy: 'give the home to the service user',
  },
  {
    name: 'port taken',
    pattern: /Failed to bind to address \S*:(\d+)|Port (\d+) (?:was|is) already in use/,
    what: (m, context) => `${portText(m[1] ?? m[2], context)} is taken by another process`,
    remedy: otherPort,
  },
  {
    name: 'port taken',
    pattern: /Address already in use|\u5730\u5740\u5df2\u5728\u4f7f\u7528|IOException: Failed to bind/,
    what: (_, context) => `${portText(undefined, context)} is taken by another process`,
    remedy: otherPort,
  },
  // The members.
  {
    name: 'no cluster.conf',
    pattern: /jmenv\.tbsite\.net/,
    what: 'Nacos found no conf/cluster.conf and asked an address server for its members',
    remedy: 'put conf/cluster.conf in place, readable by the service user, or start it standalone',
  },
  // The database, where it says what it is.
  {
    name: 'no database settings',
    pattern: /db\.(?:num|url|user|password) is null/,
    what: 'Nacos runs as a cluster without db.num and db.url.0, or did not read its application.properties',
    remedy: 'write the database into conf/application.properties, readable by the service user',
  },
  {
    name: 'public key retrieval',
    pattern: /Public Key Retrieval is not allowed/,
    what: "MySQL's authentication cache is cold and the driver may not ask for its public key",
    remedy: 'add allowPublicKeyRetrieval=true to the JDBC parameters, or use TLS',
  },
  {
    name: 'wrong password',
    pattern: /Access denied for user ('[^']*'@'[^']*') \(using password: (YES|NO)\)/,
    what: (m) =>
      `MySQL refuses ${m[1]}${m[2] === 'NO' ? ', which came without a password' : ': wrong password, or no such user for this address'}`,
    remedy: 'check db.user.0 and db.password.0, and that the account covers the address in the message',
  },
  {
    name: 'missing privilege',
    pattern:
      /Access denied for user ('[^']*'@'[^']*') to database '([^']*)'|(\w+) command denied to user ('[^']*'@'[^']*')/,
    what: (m) => `${m[1] ?? m[4]} lacks a privilege${m[2] ? ` on ${m[2]}` : `: ${m[3]}`}`,
    remedy: 'grant SELECT, INSERT, UPDATE and DELETE on the schema',
  },
  {
    name: 'address not allowed',
    pattern: /Host '([^']*)' is (?:not allowed to connect|blocked)/,
    what: (m) => `MySQL lets nobody in from ${m[1]}`,
    remedy: 'create the account for that address; if it is blocked, run FLUSH HOSTS',
  },
  {
    name: 'no such database',
    pattern: /Unknown database '([^']*)'/,
    what: (m) => `the database ${m[1]} does not exist`,
    remedy: 'create it and its tables first',
  },
  {
    name: 'old schema',
    pattern: /Unknown column '([^']*)'|Field '(encrypted_data_key)' doesn't have a default value/,
    what: (m) => `the tables are of another version: the column ${m[1] ?? m[2]} does not fit`,
    remedy: "bring the schema to the version's own, columns first, before any node starts",
  },
  {
    name: 'missing tables',
    pattern: /Table '([^']*)' doesn't exist/,
    what: (m) => `the table ${m[1]} does not exist`,
    remedy: "complete the schema from the version's own file",
  },
  {
    name: 'database is read-only',
    pattern: /running with the --(?:super-)?read-only option|Connection is read-only/,
    what: 'the database is read-only, and Nacos writes at its start',
    remedy: 'connect to the primary, or turn read_only off',
  },
  {
    name: 'too many connections',
    pattern: /Too many connections/,
    what: 'MySQL has no connection left',
    remedy: 'set max_connections above 20 for each node plus some to spare',
  },
  {
    name: 'time zone',
    pattern: /server time zone value '([^']*)'/,
    what: (m) => `the driver does not understand the server's time zone ${m[1]}`,
    remedy: 'add serverTimezone=UTC to the JDBC parameters',
  },
  {
    name: 'TLS to the database',
    pattern: /SSLHandshakeException|PKIX path building failed|No appropriate protocol/,
    what: 'the database and the driver do not agree on TLS',
    remedy: 'trust the CA of the database, or choose the sslMode that the server offers',
  },
  {
    name: 'unknown database host',
    pattern: /UnknownHostException: ([^\s:]+)/,
    when: mysql,
    what: (m) => `the name ${m[1]} of the database does not resolve here`,
    remedy: 'write its address, or make the name resolve on this host',
  },
  {
    name: 'MySQL down',
    pattern: /Communications link failure|Connection refused|connect timed out/,
    when: mysql,
    what: 'the database does not answer',
    remedy: 'start MySQL, and check host, port and firewall between this node and it',
  },
  // Secrets.
  {
    name: 'token secret',
    pattern:
      /length of secret key must great|WeakKeyException|key byte array is \d+ bits|secret key {1,2}must be encoded by base64/,
    what: 'the token secret is empty, shorter than 32 bytes, or not Base64',
    remedy: 'set one made with: openssl rand -base64 48, the same on every member',
  },
  {
    name: 'no identity',
    pattern: /Empty identity/,
    what: "the members' identity is not set",
    remedy: 'set nacos.core.auth.server.identity.key and .value, the same on every member',
  },
  {
    name: 'identity differs',
    pattern: /Invalid server identity/,
    what: "the members' identities differ",
    remedy: 'set the same identity key and value on every member',
  },
  {
    name: 'unknown placeholder',
    pattern: /Could not resolve placeholder '([^']*)'/,
    what: (m) => `a property holds \${${m[1]}}, which nothing defines`,
    remedy: 'write the value itself into application.properties',
  },
  // Bugs, and what is left.
  {
    name: 'embedded bug',
    pattern: /NullPointerException/,
    when: (log, { version }) =>
      within(version, '2.2.3', '2.3.0') && /embeddedDumpService|HessianSerializer\.deserialize/.test(log),
    what: 'a fresh embedded cluster of 2.2.3 and 2.2.4 cannot start: a bug of these versions',
    remedy: 'use 2.2.2, or 2.3.0 and newer, or give the cluster a MySQL',
  },
  {
    name: '1.X mode',
    pattern: /running with 1\.X mode/i,
    what: 'a member is dead or strays, and the cluster waits for it before it leaves its 1.X mode',
    remedy: 'remove the stray member, and open the ports between all members',
  },
  {
    name: 'no Raft leader',
    pattern: /did not find the Leader node|server is DOWN ?now/,
    what: 'no Raft leader is elected',
    remedy: 'start a majority of the members, and open the Raft port (main port less 1000) between them',
  },
  {
    name: 'no data source',
    pattern: /No DataSource set|master db not found|load jdbc\.properties error/,
    what: 'no database URL let Nacos write its test row, and the log does not say why',
    remedy: 'make that test from this node: connect as the run-time user and delete from config_info',
  },
]

const portNames: Readonly<Record<keyof Ports, string>> = {
  http: 'the main port',
  raft: 'the Raft port',
  grpcClient: 'the client gRPC port',
  grpcPeer: 'the peer gRPC port',
  console: 'the console port',
}

function portText(text: string | undefined, { port, version }: DiagnosisContext): string {
  if (text === undefined)
    return port === undefined ? 'one of its ports' : `one of the ports of ${port} (${portList(port, version)})`
  const known = port === undefined ? [] : Object.entries(portsOf(port, version))
  const name = known.find(([, number]) => number === Number(text))?.[0]
  return name ? `${portNames[name as keyof Ports]} ${text}` : `port ${text}`
}

const portList = (port: number, version: Version): string => Object.values(portsOf(port, version)).sort().join(', ')
