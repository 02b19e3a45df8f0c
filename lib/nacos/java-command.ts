/**
 * How a unit runs Nacos: java itself, with what bin/startup.sh of the version would have given it. The script is not
 * used: it needs bash, a JDK, and a home without blanks, asks questions in 3.x, and returns before anything is known.
 */
import { type Finding, risky, wrong } from './finding.ts'
import { atLeast, type Mode, type Version } from './version.ts'

export interface Heap {
  /** As java writes them: 512m, 2g. */
  readonly xms: string
  readonly xmx: string
  readonly xmn?: string
}

export interface JavaInput {
  readonly version: Version
  /** Major version of the JDK that runs it: 8, 11, 17. */
  readonly jdk: number
  readonly mode: Mode
  /** Holds conf, data, logs, plugins, tmp, and `current`, the link to releases/VERSION. */
  readonly home: string
  readonly javaHome: string
  readonly heap: Heap
  /** Further JVM flags; they come after ours, and the JVM takes the last of two. */
  readonly extraFlags: readonly string[]
}

export interface JavaCommand {
  readonly argv: readonly string[]
  /** What the process needs in its environment. Holds no secret. */
  readonly environment: Readonly<Record<string, string>>
}

/** The heap of startup.sh for a mode: 2g in a cluster, 512m standalone. */
export const defaultHeap = (mode: Mode): Heap =>
  mode === 'standalone' ? { xms: '512m', xmx: '512m', xmn: '256m' } : { xms: '2g', xmx: '2g', xmn: '1g' }

/** Megabytes of a size as java writes it: `512m`, `2g`. */
export const megabytes = (size: string): number => Number.parseInt(size, 10) * (size.endsWith('g') ? 1024 : 1)

/** Heaps with which java ends at once (the first two), or which it corrects with a word nobody reads. */
export function heapProblems({ xms, xmx, xmn }: Heap): Finding[] {
  const remedy = 'correct nacos.heap, for example xms: 2g, xmx: 2g, xmn: 1g'
  const nothing = Object.entries({ xmx, xmn }).filter(([, size]) => size !== undefined && megabytes(size) === 0)
  if (nothing.length > 0)
    return nothing.slice(0, 1).map(([key, size]) => wrong(`java takes no ${key} of ${size}`, remedy))
  if (megabytes(xms) > megabytes(xmx)) return [wrong(`xms ${xms} is more than xmx ${xmx}`, remedy)]
  if (xmn !== undefined && megabytes(xmn) >= megabytes(xmx))
    return [risky(`xmn ${xmn} leaves nothing of xmx ${xmx} to what is not young`, remedy)]
  return []
}

/** Java, its flags, the jar and its arguments, in the order of startup.sh. Quoting for a unit file is the caller's. */
export function javaCommand(input: JavaInput): JavaCommand {
  const { version, home, javaHome, extraFlags } = input
  return {
    argv: [
      `${javaHome}/bin/java`,
      ...modeFlags(input),
      ...gcFlags(input),
      ...moduleFlags(input),
      ...(version.major >= 3 ? ['-Dnacos.deployment.type=merged'] : []),
      `-Dloader.path=${loaderPath(version, home)}`,
      // rocksdb unpacks a library there and maps it executable: not the host's /tmp, which is often noexec and cleaned.
      `-Djava.io.tmpdir=${home}/tmp`,
      // Else the log of the client inside the server grows in the service user's home (#13722).
      `-Duser.home=${home}`,
      '-Dfile.encoding=UTF-8',
      `-Dnacos.home=${home}`,
      ...extraFlags,
      '-jar',
      `${home}/current/target/nacos-server.jar`,
      `--spring.config.additional-location=file:${home}/conf/`,
      `--logging.config=${home}/conf/nacos-logback.xml`,
      `--server.${atLeast(version, '3.0.1') ? 'max-http-request-header-size' : 'max-http-header-size'}=524288`,
      'nacos.nacos',
    ],
    // A unit has no locale of its own, and in the POSIX locale JDK 8 to 17 can't open a file whose name is not ASCII.
    environment: { LC_ALL: 'C.UTF-8', JAVA_HOME: javaHome },
  }
}

function modeFlags({ mode, heap: { xms, xmx, xmn }, home }: JavaInput): string[] {
  const heap = [`-Xms${xms}`, `-Xmx${xmx}`, ...(xmn === undefined ? [] : [`-Xmn${xmn}`])]
  if (mode === 'standalone') return [...heap, '-Dnacos.standalone=true']
  return [
    ...(mode === 'embedded' ? ['-DembeddedStorage=true'] : []),
    '-server',
    ...heap,
    '-XX:MetaspaceSize=128m',
    '-XX:MaxMetaspaceSize=320m',
    '-XX:-OmitStackTraceInFastThrow',
    '-XX:+HeapDumpOnOutOfMemoryError',
    `-XX:HeapDumpPath=${home}/logs/java_heapdump.hprof`,
    '-XX:-UseLargePages',
  ]
}

const cms = [
  '-XX:+UseConcMarkSweepGC',
  '-XX:+UseCMSCompactAtFullCollection',
  '-XX:CMSInitiatingOccupancyFraction=70',
  '-XX:+CMSParallelRemarkEnabled',
  '-XX:SoftRefLRUPolicyMSPerMB=0',
  '-XX:+CMSClassUnloadingEnabled',
  '-XX:SurvivorRatio=8',
]

/** At most 1 GB of logs. The script's 100 KB files of up to 2.2.0 are a slip that 2.2.1 repaired. */
function gcFlags({ version, jdk, home }: JavaInput): string[] {
  if (jdk >= 9) return [`-Xlog:gc*:file=${home}/logs/nacos_gc.log:time,tags:filecount=10,filesize=100m`]
  return [
    ...(atLeast(version, '2.3.0') ? cms : []),
    `-Xloggc:${home}/logs/nacos_gc.log`,
    '-verbose:gc',
    '-XX:+PrintGCDetails',
    '-XX:+PrintGCDateStamps',
    '-XX:+PrintGCTimeStamps',
    '-XX:+UseGCLogFileRotation',
    '-XX:NumberOfGCLogFiles=10',
    '-XX:GCLogFileSize=100M',
  ]
}

/** From JDK 16 reflection into java.base is refused unless opened; Hessian, cglib and the Raft snapshots need it. */
const moduleFlags = ({ jdk }: JavaInput): string[] =>
  jdk < 16
    ? []
    : ['java.lang', 'java.lang.reflect', 'java.util', 'java.net'].map(
        (name) => `--add-opens=java.base/${name}=ALL-UNNAMED`,
      )

/** Plugin folders by version; from 3.2 on the release brings plugins of its own. */
function loaderPath(version: Version, home: string): string {
  const folders = [
    ...(atLeast(version, '2.1.2') ? ['plugins'] : []),
    'plugins/health',
    'plugins/cmdb',
    ...(atLeast(version, '2.0.4') ? ['plugins/selector'] : []),
    ...(atLeast(version, '3.2.0') ? ['current/plugins'] : []),
  ]
  return folders.map((folder) => `${home}/${folder}`).join(',')
}

/** Characters in a home that some part of the command reads as its own syntax. */
const meanings: readonly (readonly [RegExp, string])[] = [
  [/[\p{Cc}\p{Zl}\p{Zp}]/u, 'a control character'],
  [/,/, 'a comma, which separates the folders of loader.path'],
  [/;/, 'a semicolon, which separates the locations of Spring'],
  [/:/, 'a colon, which separates the parts of -Xlog'],
  [/[%#?]/, 'one of % # ?, which mean something else in a file: URL'],
  [/[*[\]{}|\\^`"<>]/, 'one of * [ ] { } | \\ ^ ` " < >, which Spring or a URL reads as its own'],
  [/['$]/, "one of ' $, which the shell, systemd or Spring would expand"],
  [/!/, 'an exclamation mark, which separates a jar from its content'],
]

const under = (folder: string, names: string): string[] => names.split(' ').map((name) => `${folder}/${name}`)

/** What the system and Plinth have for themselves, with all that is in it: the home is given to the service's user. */
const taken = [
  ...under('', 'bin boot dev etc lib lib32 lib64 libx32 lost+found proc root run sbin sys'),
  ...under('/usr', 'bin games include lib lib32 lib64 libexec sbin src'),
  ...under('/usr/local', 'bin etc games include lib64 libexec man sbin'),
  ...under('/var', 'cache/plinth lib/plinth log/plinth lock run'),
  ...under('/var/lib', 'apt dbus dnf dpkg pam rpm systemd'),
  '/opt/java',
]
/** Folders of the system that may hold a home and are none. */
const shared = new Set([
  ...under('', 'home media mnt opt srv tmp usr var'),
  ...under('/usr', 'local share'),
  ...under('/usr/local', 'lib share src'),
  ...under('/var', 'backups cache crash lib local log mail opt spool tmp www'),
])

/** Whether a folder is another one, or is in it. */
export const isWithin = (folder: string, other: string): boolean => folder === other || folder.startsWith(`${other}/`)

/**
 * Why a folder can't be the home of an instance; undefined if it can. Letters of any script and single blanks inside
 * a name work, because java gets each argument whole and a UTF-8 locale.
 */
export function homeProblem(path: string): Finding | undefined {
  const remedy = 'use an absolute path such as /opt/nacos/8848'
  if (!path.startsWith('/')) return wrong(`${JSON.stringify(path)} is not absolute`, remedy)
  const parts = path.slice(1).split('/')
  if (parts.some((part) => part === '' || part === '.' || part === '..'))
    return wrong(`${JSON.stringify(path)} is not normalised (no empty part, no "." and "..")`, remedy)
  if (parts.some((part) => part !== part.trim() || part.endsWith('.')))
    return wrong(`${JSON.stringify(path)}: a name in it begins or ends with a blank, or ends with a dot`, remedy)
  const meaning = meanings.find(([pattern]) => pattern.test(path))
  if (meaning) return wrong(`${JSON.stringify(path)} holds ${meaning[1]}`, remedy)
  if (shared.has(path) || taken.some((folder) => isWithin(path, folder)))
    return wrong(
      `${path} belongs to the system`,
      `${remedy} (a node that runs there is stopped first, and its folder moved)`,
    )
  return undefined
}
