import {
  defaultHeap,
  type Heap,
  heapProblems,
  homeProblem,
  type JavaInput,
  javaCommand,
} from '../../lib/nacos/java-command.ts'
import { parseVersion } from '../../lib/nacos/version.ts'
import { assert, suite } from '../kit.ts'

const test = suite('nacos/java-command')

const input = (version: string, jdk: number, rest: Partial<JavaInput> = {}): JavaInput => ({
  version: parseVersion(version),
  jdk,
  mode: 'cluster',
  home: '/opt/n',
  javaHome: '/opt/java/current',
  heap: defaultHeap(rest.mode ?? 'cluster'),
  extraFlags: [],
  ...rest,
})

test('2.0.3 on JDK 8, whole', () =>
  assert.equal(javaCommand(input('2.0.3', 8)), {
    argv: [
      '/opt/java/current/bin/java',
      '-server',
      '-Xms2g',
      '-Xmx2g',
      '-Xmn1g',
      '-XX:MetaspaceSize=128m',
      '-XX:MaxMetaspaceSize=320m',
      '-XX:-OmitStackTraceInFastThrow',
      '-XX:+HeapDumpOnOutOfMemoryError',
      '-XX:HeapDumpPath=/opt/n/logs/java_heapdump.hprof',
      '-XX:-UseLargePages',
      '-Xloggc:/opt/n/logs/nacos_gc.log',
      '-verbose:gc',
      '-XX:+PrintGCDetails',
      '-XX:+PrintGCDateStamps',
      '-XX:+PrintGCTimeStamps',
      '-XX:+UseGCLogFileRotation',
      '-XX:NumberOfGCLogFiles=10',
      '-XX:GCLogFileSize=100M',
      '-Dloader.path=/opt/n/plugins/health,/opt/n/plugins/cmdb',
      '-Djava.io.tmpdir=/opt/n/tmp',
      '-Duser.home=/opt/n',
      '-Dfile.encoding=UTF-8',
      '-Dnacos.home=/opt/n',
      '-jar',
      '/opt/n/current/target/nacos-server.jar',
      '--spring.config.additional-location=file:/opt/n/conf/',
      '--logging.config=/opt/n/conf/nacos-logback.xml',
      '--server.max-http-header-size=524288',
      'nacos.nacos',
    ],
    environment: { LC_ALL: 'C.UTF-8', JAVA_HOME: '/opt/java/current' },
  }))

const opens = '--add-opens=java.base/java.net=ALL-UNNAMED'
const gc = '-Xlog:gc*:file=/opt/n/logs/nacos_gc.log:time,tags:filecount=10,filesize=100m'
const cms = '-XX:+UseConcMarkSweepGC'
const loader = '-Dloader.path=/opt/n/plugins,/opt/n/plugins/health,/opt/n/plugins/cmdb,/opt/n/plugins/selector'
const has: readonly [string, JavaInput, string, boolean][] = [
  ['2.x on 17 opens java.base', input('2.2.4', 17), opens, true],
  ['2.0.3 too', input('2.0.3', 17), opens, true],
  ['on 21 too', input('3.0.3', 21), opens, true],
  ['on 11 it need not', input('2.2.4', 11), opens, false],
  ['8 does not know the flag', input('2.2.4', 8), opens, false],
  ['9 and newer log gc so', input('2.2.4', 11), gc, true],
  ['8 does not', input('2.2.4', 8), gc, false],
  ['CMS from 2.3 on 8', input('2.3.0', 8), cms, true],
  ['no CMS before', input('2.2.4', 8), cms, false],
  ['no CMS on 17, which has none', input('2.5.4', 17), cms, false],
  ['plugins from 2.1.2', input('2.1.2', 8), loader, true],
  ['selector from 2.0.4', input('2.0.4', 8), loader.replace('/opt/n/plugins,', ''), true],
  ['the release has plugins in 3.2', input('3.2.0', 17), `${loader},/opt/n/current/plugins`, true],
  ['merged in 3.x', input('3.0.3', 17), '-Dnacos.deployment.type=merged', true],
  ['nothing to merge in 2.x', input('2.5.4', 17), '-Dnacos.deployment.type=merged', false],
  ['the header flag of 3.0.0', input('3.0.0', 17), '--server.max-http-header-size=524288', true],
  ['the header flag of 3.0.1', input('3.0.1', 17), '--server.max-http-request-header-size=524288', true],
  ['standalone', input('2.2.4', 8, { mode: 'standalone' }), '-Dnacos.standalone=true', true],
  ['standalone heap', input('2.2.4', 8, { mode: 'standalone' }), '-Xmx512m', true],
  ['a cluster is not standalone', input('2.2.4', 8), '-Dnacos.standalone=true', false],
  ['embedded', input('2.1.1', 8, { mode: 'embedded' }), '-DembeddedStorage=true', true],
  ['a cluster is not embedded', input('2.1.1', 8), '-DembeddedStorage=true', false],
  ['a flag of the operator', input('2.1.1', 8, { extraFlags: ['-Dx=a b'] }), '-Dx=a b', true],
]
for (const [name, given, flag, wanted] of has)
  test(name, () => assert.is(javaCommand(given).argv.includes(flag), wanted))

test('flags come before the jar, arguments after it, and nothing is empty', () => {
  for (const version of ['2.0.3', '2.5.4', '3.0.3']) {
    const { argv } = javaCommand(input(version, 17, { extraFlags: ['-Dlast=1'] }))
    const jar = argv.indexOf('-jar')
    assert.is(argv[jar - 1], '-Dlast=1')
    assert.ok(argv.slice(1, jar).every((flag) => flag.startsWith('-')))
    assert.ok(argv.slice(jar + 2, -1).every((argument) => argument.startsWith('--')))
    assert.is(argv.at(-1), 'nacos.nacos')
    assert.ok(argv.every((argument) => argument !== ''))
  }
})

const homes: readonly [string, RegExp | undefined][] = [
  ['/opt/nacos', undefined],
  ['/nacos', undefined],
  ['/opt/nacos/8848', undefined],
  ['/srv/na cos/中文 主页', undefined],
  ['/opt/a-b_c.d+e=f@g', undefined],
  ['opt/nacos', /not absolute/],
  ['', /not absolute/],
  ['~/nacos', /not absolute/],
  ['/opt/nacos/', /not normalised/],
  ['/opt//nacos', /not normalised/],
  ['/opt/../nacos', /not normalised/],
  ['/opt/nacos ', /begins or ends with a blank/],
  ['/opt/ nacos', /begins or ends with a blank/],
  ['/opt/a,b', /comma/],
  ['/opt/a:b', /colon/],
  ['/opt/a;b', /semicolon/],
  ['/opt/a%20b', /file: URL/],
  ['/opt/a#b', /file: URL/],
  ['/opt/a?b', /file: URL/],
  ['/opt/a$b', /expand/],
  ["/opt/a'b", /expand/],
  ['/opt/a"b', /read/],
  ['/opt/a\\b', /read/],
  ['/opt/a*b', /read/],
  ['/opt/a!b', /jar/],
  ['/opt/a\nb', /control/],
  ['/opt/a\u2028b', /control/],
  ['/', /not normalised/],
  ['/data/nacos', undefined],
  ['/var/lib/nacos', undefined],
  ['/var/nacos', undefined],
  ['/usr/local/nacos', undefined],
  ['/home/nacos', undefined],
  ['/home/ops/nacos', undefined],
  ['/opt/javanacos', undefined],
  ['/usr/local/lib/nacos', undefined],
  ['/usr/local/src/nacos', undefined],
  ...[
    ...[
      '/etc',
      '/etc/nacos',
      '/usr',
      '/usr/bin',
      '/usr/lib/nacos',
      '/usr/local',
      '/usr/local/bin/n',
      '/usr/local/lib',
      '/usr/local/src',
    ],
    ...[
      '/var',
      '/var/lib',
      '/var/log',
      '/var/tmp',
      '/var/run/n',
      '/run/nacos',
      '/root/nacos',
      '/home',
      '/opt',
      '/opt/java',
    ],
    ...['/opt/java/8', '/var/cache/plinth', '/var/lib/plinth/n', '/lib/systemd', '/boot/n', '/proc/n', '/dev/shm/n'],
  ].map((path): (typeof homes)[number] => [path, /belongs to the system/]),
]
for (const [path, what] of homes) {
  test(`home ${JSON.stringify(path)}`, () => {
    const found = homeProblem(path)
    assert.is(found === undefined, what === undefined, found?.what)
    if (what) assert.match(found?.what ?? '', what)
    if (/belongs to the system/.test(found?.what ?? ''))
      assert.match(found?.remedy ?? '', /a node that runs there is stopped first/)
  })
}

const heaps: readonly [string, Heap, readonly [string, RegExp][]][] = [
  ['of one size', { xms: '2g', xmx: '2048m', xmn: '1g' }, []],
  ['that grows', { xms: '512m', xmx: '2g' }, []],
  ['that begins larger than it may become', { xms: '2g', xmx: '1g' }, [['error', /xms 2g is more than xmx 1g/]]],
  ['of nothing', { xms: '0m', xmx: '0m' }, [['error', /java takes no xmx of 0m/]]],
  ['with a young generation of nothing', { xms: '1g', xmx: '1g', xmn: '0g' }, [['error', /java takes no xmn of 0g/]]],
  ['that is all young', { xms: '1g', xmx: '1g', xmn: '1024m' }, [['warning', /xmn 1024m leaves nothing of xmx 1g/]]],
]
for (const [name, heap, says] of heaps)
  test(`a heap ${name}`, () => {
    const found = heapProblems(heap)
    assert.equal(
      found.map(({ severity }) => severity),
      says.map(([severity]) => severity),
    )
    for (const [index, [, what]] of says.entries()) assert.match(found[index]?.what ?? '', what)
  })

test.run()
