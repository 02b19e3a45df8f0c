/**
 * What the lab's archives hold besides the server's jar: the files under `files/`, filled in for a version, and the
 * logging configuration, which is one table.
 */

/** The versions whose server modules are published. */
export const versions = ['2.0.3', '2.1.1', '2.2.4'] as const
export type LabVersion = (typeof versions)[number]

interface Differences {
  /** The words that fill `{{…}}` in the files. */
  readonly platform: string
  readonly secret: string
  readonly login: string
  /** Where the schemas are in the nacos-config jar, and what the official archive of that version calls them. */
  readonly sql: Readonly<Record<string, string>>
}

const login = 'With authorisation on, `nacos` logs in with the password `nacos` (the row is in the schema).'

/** nacos-facts: the keys were renamed in 2.1.0 and 2.2.0, the SQL files in 2.1.2. */
export const differences: Readonly<Record<LabVersion, Differences>> = {
  '2.0.3': {
    platform: '# spring.datasource.platform=mysql',
    secret: 'nacos.core.auth.default.token.secret.key=',
    login: 'There is no login: with authorisation on, every protected request is refused.',
    sql: { 'nacos-mysql.sql': 'META-INF/nacos-db.sql', 'schema.sql': 'META-INF/schema.sql' },
  },
  '2.1.1': {
    platform: '# spring.datasource.platform=mysql',
    secret: 'nacos.core.auth.plugin.nacos.token.secret.key=',
    login,
    sql: { 'nacos-mysql.sql': 'META-INF/nacos-db.sql', 'schema.sql': 'META-INF/schema.sql' },
  },
  '2.2.4': {
    platform: '# spring.sql.init.platform=mysql',
    secret: 'nacos.core.auth.plugin.nacos.token.secret.key=',
    login,
    sql: { 'mysql-schema.sql': 'META-INF/nacos-db.sql', 'derby-schema.sql': 'META-INF/derby-schema.sql' },
  },
}

/** The text of a file of the archive for a version. Throws for a `{{word}}` nobody knows: a bug of ours. */
export function filled(version: LabVersion, text: string): string {
  const { platform, secret, login } = differences[version]
  const words: Readonly<Record<string, string>> = { version, platform, secret, login }
  return text.replace(/\{\{(\w+)\}\}/g, (_, word: string) => {
    const value = words[word]
    if (value === undefined) throw new Error(`{{${word}}} has no meaning`)
    return value
  })
}

const logFiles: Readonly<Record<string, readonly string[]>> = {
  'config-client-request': ['com.alibaba.nacos.config.clientLog'],
  'config-dump': ['com.alibaba.nacos.config.dumpLog'],
  'config-fatal': ['com.alibaba.nacos.config.fatal'],
  'config-memory': ['com.alibaba.nacos.config.monitorLog'],
  'config-notify': ['com.alibaba.nacos.config.notifyLog'],
  'config-pull': ['com.alibaba.nacos.config.pullLog'],
  'config-pull-check': ['com.alibaba.nacos.config.pullCheckLog'],
  'config-server': ['com.alibaba.nacos.config.startLog'],
  'config-trace': ['com.alibaba.nacos.config.traceLog'],
  'naming-distro': ['com.alibaba.nacos.naming.distro'],
  'naming-event': ['com.alibaba.nacos.naming.event'],
  'naming-performance': ['com.alibaba.nacos.naming.performance'],
  'naming-push': ['com.alibaba.nacos.naming.push'],
  'naming-raft': ['com.alibaba.nacos.naming.raft'],
  'naming-rt': ['com.alibaba.nacos.naming.rt'],
  'naming-server': ['com.alibaba.nacos.naming.main'],
  'core-auth': ['com.alibaba.nacos.core.auth'],
  'nacos-cluster': ['com.alibaba.nacos.core.cluster'],
  'protocol-distro': ['com.alibaba.nacos.core.protocol.distro'],
  'protocol-raft': ['com.alibaba.nacos.core.protocol.raft'],
  'alipay-jraft': ['com.alipay.sofa.jraft'],
  'remote-core': ['com.alibaba.nacos.core.remote', 'com.alibaba.nacos.core.remote.control'],
  'remote-digest': ['com.alibaba.nacos.core.remote.digest'],
  'remote-push': ['com.alibaba.nacos.core.remote.push'],
  'plugin-control': ['com.alibaba.nacos.plugin.control'],
}

/** Written to nacos.log and to standard output, as the official release does: the success line is the first one's. */
const alsoOnConsole = [
  'com.alibaba.nacos.core.listener.StartingApplicationListener',
  'com.alibaba.nacos.common.notify.NotifyCenter',
  'com.alibaba.nacos.sys.file.WatchFileCenter',
  'com.alibaba.nacos.common.executor.ThreadPoolManager',
]

const appender = (file: string): string => `
  <appender name="${file}" class="ch.qos.logback.core.rolling.RollingFileAppender">
    <file>\${logs}/${file}.log</file>
    <rollingPolicy class="ch.qos.logback.core.rolling.SizeAndTimeBasedRollingPolicy">
      <fileNamePattern>\${logs}/${file}.log.%d{yyyy-MM-dd}.%i</fileNamePattern>
      <maxFileSize>20MB</maxFileSize>
      <maxHistory>7</maxHistory>
      <totalSizeCap>100MB</totalSizeCap>
    </rollingPolicy>
    <encoder><pattern>%date %level %msg%n%n</pattern><charset>UTF-8</charset></encoder>
  </appender>`

/** conf/nacos-logback.xml: one file per concern under nacos.logs.path (else nacos.home/logs), each capped at 100 MB. */
export function logback(): string {
  const own = Object.entries(logFiles).flatMap(([file, loggers]) =>
    loggers.map(
      (name) => `  <logger name="${name}" level="INFO" additivity="false"><appender-ref ref="${file}"/></logger>`,
    ),
  )
  const console = alsoOnConsole.map(
    (name) => `  <logger name="${name}" level="INFO"><appender-ref ref="CONSOLE"/></logger>`,
  )
  return `<?xml version="1.0" encoding="UTF-8"?>
<!-- Logging of the lab distribution of Nacos: every file is capped at 100 MB. -->
<configuration scan="true" scanPeriod="10 seconds">
  <springProperty scope="context" name="logs" source="nacos.logs.path" defaultValue="\${nacos.home}/logs"/>

  <appender name="CONSOLE" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%date %level %msg%n</pattern><charset>UTF-8</charset></encoder>
  </appender>
${['nacos', ...Object.keys(logFiles)].map(appender).join('\n')}

${[...own, ...console].join('\n')}

  <root level="INFO"><appender-ref ref="nacos"/></root>
</configuration>
`
}
