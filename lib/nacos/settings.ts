/**
 * What conf/application.properties of an instance has to say, per version. Only the keys below are ours; every other
 * line of the shipped file stays as it is.
 */
import { reveal, Secret } from '../core/secret.ts'
import { type Finding, risky, wrong } from './finding.ts'
import { type Database, hasJdbcSecret, jdbcUrl, jdbcUrlProblems } from './jdbc.ts'
import { consolePort } from './ports.ts'
import { atLeast, type Mode, type Version, within } from './version.ts'

export interface Auth {
  readonly enabled: boolean
  /** Base64 of 32 bytes or more, the same on every member. */
  readonly tokenSecret?: Secret
  /** Name and value of the header by which members know each other; the same on every member. */
  readonly identityKey?: Secret
  readonly identityValue?: Secret
}

export interface SettingsInput {
  readonly version: Version
  readonly mode: Mode
  /** The main port. */
  readonly port: number
  /** The address the other members reach it by; pinned, so that a VIP or a docker bridge never becomes the member. */
  readonly address: string
  /** Needed in cluster mode; left out, standalone and embedded use Derby. */
  readonly database?: Database
  readonly auth: Auth
  /** 3.x only; 8080 unless told. */
  readonly console?: number
  /** Further properties. May replace a default of ours, but nothing that is declared elsewhere. */
  readonly extra: Readonly<Record<string, string | Secret>>
}

/** A key to its value; null where the key must not be in the file. */
export type Settings = Readonly<Record<string, string | Secret | null>>

/** The property that holds the token secret: renamed in 2.1.0. */
export const tokenSecretKey = (version: Version): string =>
  atLeast(version, '2.1.0')
    ? 'nacos.core.auth.plugin.nacos.token.secret.key'
    : 'nacos.core.auth.default.token.secret.key'

const identityKey = 'nacos.core.auth.server.identity.key'
const identityValue = 'nacos.core.auth.server.identity.value'

/** Every property an instance needs. Assumes what `settingsProblems` has no error about. */
export function applicationProperties(input: SettingsInput): Settings {
  return { ...web(input), ...database(input), ...auth(input), ...ours(input), ...defaults(input), ...input.extra }
}

function web({ version, port, console }: SettingsInput): Settings {
  if (version.major < 3) return { 'server.port': String(port), 'server.servlet.contextPath': '/nacos' }
  return {
    // In 3.x every web context, the console's too, would bind server.port (#13983).
    'server.port': null,
    'server.servlet.contextPath': null,
    'nacos.server.main.port': String(port),
    'nacos.server.contextPath': '/nacos',
    'nacos.console.port': String(console ?? consolePort),
  }
}

function database({ version, database }: SettingsInput): Settings {
  const [platform, other] = atLeast(version, '2.2.0')
    ? ['spring.sql.init.platform', 'spring.datasource.platform']
    : ['spring.datasource.platform', 'spring.sql.init.platform']
  // Without an index a password with a comma is split, and an unindexed one would come first.
  const unindexed = { 'db.user': null, 'db.password': null }
  if (!database) return { [platform]: null, [other]: null, 'db.num': null, ...unindexed }
  return {
    [platform]: 'mysql',
    [other]: null,
    'db.num': '1',
    'db.url.0': hasJdbcSecret(database.parameters) ? new Secret(jdbcUrl(database)) : jdbcUrl(database),
    'db.user.0': database.user,
    'db.password.0': database.password,
    ...unindexed,
  }
}

function auth({ version, auth }: SettingsInput): Settings {
  return {
    'nacos.core.auth.system.type': 'nacos',
    'nacos.core.auth.enabled': String(auth.enabled),
    ...(version.major >= 3
      ? { 'nacos.core.auth.admin.enabled': 'true', 'nacos.core.auth.console.enabled': 'true' }
      : {}),
    'nacos.core.auth.enable.userAgentAuthWhite': 'false',
    ...(auth.identityKey ? { [identityKey]: auth.identityKey } : {}),
    ...(auth.identityValue ? { [identityValue]: auth.identityValue } : {}),
    ...(auth.tokenSecret ? { [tokenSecretKey(version)]: auth.tokenSecret } : {}),
  }
}

const ours = ({ address }: SettingsInput): Settings => ({ 'nacos.inetutils.ip-address': address })

/** What `extra` may replace. */
function defaults({ version, mode }: SettingsInput): Settings {
  return {
    // The jar of 2.0.3 and 2.0.4 opens everything, env and heapdump too; Nacos' own health paths need none of it.
    'management.endpoints.web.exposure.include': 'health,prometheus',
    // Empty means /tmp, which is cleaned under a running Tomcat.
    'server.tomcat.basedir': 'file:.',
    // Nothing prunes it reliably: 2.0.3 ignores max-days (#7446).
    'server.tomcat.accesslog.enabled': 'false',
    // Else a restarted member says ready with an empty registry. Known to all of 2.x and 3.x. A first member alone
    // stays not ready until a second one answers, which without a Raft majority it would anyway.
    ...(mode === 'standalone' ? {} : { 'nacos.naming.data.warmup': 'true' }),
    ...(atLeast(version, '2.4.0') && mode !== 'cluster' ? { 'nacos.config.derby.ops.enabled': 'false' } : {}),
  }
}

const known = /^(SecretKey0123456789|ThisIsMyCustomSecretKey0123)/

/**
 * Why a token secret will not do: not Base64, fewer than 32 bytes, or one that everybody knows. Nacos refuses to
 * start with a short one (always in 2.2.0.1 and 2.2.1, with auth on from 2.2.2, always in 3.x).
 */
export function tokenSecretProblem(secret: Secret, version: Version): Finding | undefined {
  const text = secret.reveal()
  const remedy = 'make one with: openssl rand -base64 48'
  const name = tokenSecretKey(version)
  const bytes = /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined
  if (known.test(text) || (bytes && known.test(bytes.toString('latin1'))))
    return wrong(`${name}: this secret stands in Nacos' documentation`, remedy)
  if (!bytes || bytes.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, ''))
    return wrong(`${name}: not Base64`, remedy)
  if (bytes.length < 32) return wrong(`${name}: ${bytes.length} bytes, at least 32 are needed`, remedy)
  return undefined
}

/** What is wrong or unwise about the settings of an instance, errors first. */
export function settingsProblems(input: SettingsInput): Finding[] {
  return [...databaseProblems(input), ...authProblems(input), ...extraProblems(input)].sort(
    (a, b) => Number(b.severity === 'error') - Number(a.severity === 'error'),
  )
}

function databaseProblems({ mode, database }: SettingsInput): Finding[] {
  if (mode === 'embedded' && database)
    return [wrong('an embedded cluster keeps its data in Derby, yet a database is declared', 'drop one of the two')]
  if (mode === 'cluster' && !database)
    return [wrong('a cluster needs a MySQL', 'declare the database, or choose the mode embedded')]
  if (!database) return []
  return [
    ...jdbcUrlProblems(database.parameters),
    ...placeholder('the database user', database.user),
    ...placeholder('the database password', database.password.reveal()),
    ...trimmed(database.password.reveal()),
  ]
}

/** Nacos trims it as Java does (ExternalDataSourceProperties, all versions): an account with the blank lets nobody in. */
const trimmed = (password: string): Finding[] =>
  /^[\0-\x20]|[\0-\x20]$/.test(password)
    ? [wrong('the database password begins or ends with a blank, which Nacos leaves out', 'choose another')]
    : []

// Spring has no way to write these two characters as themselves.
const placeholder = (name: string, text: string): Finding[] =>
  /\$\{/.test(text) ? [wrong(`${name} holds \${, which Spring takes for a placeholder`, 'choose another')] : []

function authProblems({ version, mode, auth }: SettingsInput): Finding[] {
  const always = version.major >= 3
  const needsToken = auth.enabled || always || within(version, '2.2.0.1', '2.2.2')
  const needsIdentity = auth.enabled || (always && mode !== 'standalone')
  const found: Finding[] = []
  if (!auth.enabled)
    found.push(risky('auth is off: whoever reaches the port reads and writes everything', 'turn it on'))
  if (needsToken && !auth.tokenSecret)
    found.push(wrong(`Nacos ${version.text} does not start without a token secret`, 'add it to the secrets'))
  const bad = auth.tokenSecret && tokenSecretProblem(auth.tokenSecret, version)
  if (bad) found.push(bad)
  const [key, value] = [auth.identityKey?.reveal() ?? '', auth.identityValue?.reveal() ?? '']
  if (needsIdentity && (key === '' || value === ''))
    found.push(wrong('members need an identity (key and value) to know each other', 'add both to the secrets'))
  if (key === 'serverIdentity' && value === 'security')
    found.push(wrong('this identity is the one Nacos shipped with; anyone may use it', 'choose your own key and value'))
  found.push(...placeholder('the identity value', value))
  if (value !== '' && !/^[!-~]([ -~]*[!-~])?$/.test(value))
    found.push(
      wrong(
        'the identity value is sent as an HTTP header, which has no blank at its ends and ASCII alone',
        'choose another, or make one with: openssl rand -hex 24',
      ),
    )
  if (key !== '' && !/^[A-Za-z0-9-]+$/.test(key))
    found.push(wrong('the identity key names an HTTP header', 'use letters, digits and hyphens only'))
  return found
}

function extraProblems(input: SettingsInput): Finding[] {
  const declared = { ...web(input), ...database(input), ...auth(input), ...ours(input) }
  return Object.entries(input.extra).flatMap(([key, value]): Finding[] => {
    if (
      Object.hasOwn(declared, key) ||
      /^db\.(url|user|password)\b/.test(key) ||
      [tokenSecretKey(input.version), identityKey, identityValue].includes(key)
    )
      return [wrong(`${key} follows from what is declared`, 'take it out of the extra properties')]
    if (/exposure\.include$/.test(key) && reveal(value).includes('*'))
      return [wrong(`${key}=* opens env and heapdump, secrets included`, 'name the endpoints: health,prometheus')]
    return []
  })
}
