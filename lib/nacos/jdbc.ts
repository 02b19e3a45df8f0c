/** The JDBC URL of the database and what is known to go wrong with it (MySQL Connector/J 8, as in Nacos 1.4 to 3.x). */
import { isIPv6 } from 'node:net'
import { reveal, Secret } from '../core/secret.ts'
import { isSecretName } from '../core/secret-name.ts'
import { type Finding, risky, wrong } from './finding.ts'

/** What stands behind the `?` of a JDBC URL: names to values, a store's password among them. */
export type JdbcParameters = Readonly<Record<string, string | Secret>>

export interface Database {
  readonly host: string
  readonly port: number
  readonly name: string
  readonly user: string
  readonly password: Secret
  /** Of the URL, in this order. */
  readonly parameters: JdbcParameters
}

/**
 * The template's parameters, and allowPublicKeyRetrieval: without TLS, MySQL 8 wants it whenever the server's
 * authentication cache is cold, that is after each of its restarts, so that a first start proves nothing (#12259).
 */
export const defaultJdbcParameters: Readonly<Record<string, string>> = {
  characterEncoding: 'utf8',
  connectTimeout: '1000',
  socketTimeout: '3000',
  autoReconnect: 'true',
  useUnicode: 'true',
  useSSL: 'false',
  serverTimezone: 'UTC',
  allowPublicKeyRetrieval: 'true',
}

/** `jdbc:mysql://host:port/name?…`; names and values are URL-encoded where they must be. */
export function jdbcUrl({ host, port, name, parameters }: Omit<Database, 'user' | 'password'>): string {
  const query = Object.entries(parameters)
    .map(([key, value]) => `${encode(key)}=${encode(reveal(value))}`)
    .join('&')
  return `jdbc:mysql://${isIPv6(host) ? `[${host}]` : host}:${port}/${encode(name)}${query === '' ? '' : `?${query}`}`
}

const encode = (text: string): string => encodeURIComponent(text).replaceAll('%2F', '/')

/** Whether a URL made with these holds what must not be seen: then the whole of it is a secret. */
export const hasJdbcSecret = (parameters: JdbcParameters): boolean =>
  Object.entries(parameters).some(([name, value]) => value instanceof Secret || isSecretName(name))

/** The parameters as the driver reads them. */
const jdbcTexts = (parameters: JdbcParameters): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, reveal(value)]))

/** Its words for yes and no (BooleanPropertyDefinition). */
const isOn = (value: string | undefined): boolean => /^(true|yes)$/i.test(value ?? '')
const isOff = (value: string | undefined): boolean => /^(false|no)$/i.test(value ?? '')

/**
 * When the driver uses TLS; `offered`, its default: where the server has it. Of sslMode and its older names the first alone
 * counts where it is set, and of these useSSL comes first: off, and there is no TLS to require (its DefaultPropertySet, 8.0).
 */
export function driverTls(given: JdbcParameters): 'always' | 'offered' | 'never' {
  const { sslMode, useSSL, requireSSL, verifyServerCertificate } = jdbcTexts(given)
  if (sslMode !== undefined) {
    const mode = sslMode.toUpperCase()
    return mode === 'DISABLED' ? 'never' : mode === 'PREFERRED' ? 'offered' : 'always'
  }
  if (isOff(useSSL)) return 'never'
  return isOn(requireSSL) || isOn(verifyServerCertificate) ? 'always' : 'offered'
}

/** Whether the driver may fetch the server's public key, or has it in a file: what a login without TLS takes. */
export function knowsPublicKey(given: JdbcParameters): boolean {
  const { allowPublicKeyRetrieval, serverRSAPublicKeyFile } = jdbcTexts(given)
  return isOn(allowPublicKeyRetrieval) || (serverRSAPublicKeyFile ?? '') !== ''
}

/**
 * Whether a login of the driver that the server does not remember fails for want of its public key: without TLS, where the
 * account is one of caching_sha2_password or sha256_password. `offersTls`: the server has it.
 */
export function lacksPublicKey(given: JdbcParameters, offersTls: boolean): boolean {
  const tls = driverTls(given)
  return tls !== 'always' && !(tls === 'offered' && offersTls) && !knowsPublicKey(given)
}

/** What is wrong or unwise about the parameters of a JDBC URL, errors first. */
export function jdbcUrlProblems(given: JdbcParameters): Finding[] {
  const parameters = jdbcTexts(given)
  const found: Finding[] = []
  const on = (key: string): boolean => isOn(parameters[key])
  const tls = driverTls(given)
  if (tls !== 'always' && !knowsPublicKey(given)) {
    found.push(
      (tls === 'never' ? wrong : risky)(
        'without TLS and without allowPublicKeyRetrieval=true, Nacos starts only while MySQL remembers the password (accounts of caching_sha2_password, the default from 8.0 on)',
        'add allowPublicKeyRetrieval=true, or better sslMode=VERIFY_CA',
      ),
    )
  }
  for (const key of ['requireSSL', 'verifyServerCertificate']) {
    if (tls === 'never' && parameters.sslMode === undefined && on(key))
      found.push(
        wrong(
          `${key}=true counts for nothing beside useSSL=false: nothing is encrypted`,
          'set useSSL=true as well, or better sslMode=VERIFY_CA alone',
        ),
      )
  }
  for (const key of ['autoDeserialize', 'allowLoadLocalInfile', 'allowUrlInLocalInfile']) {
    if (on(key)) found.push(wrong(`${key}=true lets the server run code or read files here`, `remove ${key}`))
  }
  for (const key of ['connectTimeout', 'socketTimeout']) {
    const value = Number(parameters[key] ?? '0')
    if (!Number.isInteger(value) || value <= 0)
      found.push(risky(`no ${key}: a dead database blocks Nacos for ever`, `set ${key} in milliseconds`))
  }
  if (!parameters.characterEncoding)
    found.push(risky('no characterEncoding', 'add characterEncoding=utf8, or Chinese text may be lost'))
  if (!parameters.serverTimezone && !parameters.connectionTimeZone) {
    found.push(
      risky(
        'no serverTimezone: the driver refuses a server whose zone is an abbreviation as CST',
        'add serverTimezone=UTC',
      ),
    )
  }
  return found
}
