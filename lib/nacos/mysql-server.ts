/** What a MySQL server must be before Nacos' tables go into it, and how to read a schema that is only half there. */
import { type Finding, risky, wrong } from './finding.ts'
import { atLeast, type Version } from './version.ts'

/** What the server says of itself; undefined where it was not asked or does not know the variable. */
export interface DatabaseServer {
  /** `SELECT VERSION()`: 8.0.36, 5.6.4-log, 10.11.6-MariaDB-0+deb12u1. */
  readonly version: string
  /** Default character set and collation of Nacos' database, or of the server if it is not there yet. */
  readonly charset?: string | undefined
  readonly collation?: string | undefined
  /** innodb_default_row_format; unknown before 5.7. */
  readonly rowFormat?: string | undefined
  /** default_storage_engine */
  readonly engine?: string | undefined
  readonly sqlMode?: string | undefined
  /** read_only or super_read_only */
  readonly readOnly?: boolean | undefined
  /** sql_require_primary_key */
  readonly requirePrimaryKey?: boolean | undefined
  readonly maxConnections?: number | undefined
}

const numbers = (text: string): number[] => text.split(/[.-]/, 3).map((part) => Number.parseInt(part, 10) || 0)

const older = (version: string, than: readonly [number, number, number]): boolean => {
  const own = numbers(version)
  const at = than.findIndex((value, i) => value !== own[i])
  return at >= 0 && (own[at] ?? 0) < (than[at] ?? 0)
}

/** Tables that declare DATETIME DEFAULT CURRENT_TIMESTAMP, which MySQL knows from 5.6.5 on; the others fit any. */
const timed = [
  'config_info',
  'config_info_beta',
  'config_info_tag',
  'group_capacity',
  'his_config_info',
  'tenant_capacity',
]
const untimed = ['config_info_aggr', 'config_tags_relation', 'permissions', 'roles', 'tenant_info', 'users']

/** Connections one node's pool may hold (Hikari's maximumPoolSize in Nacos), and what to keep for people. */
const pool = 20
const spare = 10

/** What stands against this server for a cluster of `nodes` members, errors first. */
export function serverProblems(server: DatabaseServer, nodes: number): Finding[] {
  return [...versionFindings(server), ...keyFindings(server), ...runFindings(server, nodes)].sort(
    (a, b) => Number(b.severity === 'error') - Number(a.severity === 'error'),
  )
}

const isMariaDb = ({ version }: DatabaseServer): boolean => /mariadb/i.test(version)

function versionFindings(server: DatabaseServer): Finding[] {
  // Replication makes MariaDB say 5.5.5-10.11.6-MariaDB.
  const version = server.version.replace(/^5\.5\.5-(?=\d)/, '')
  if (isMariaDb(server)) {
    return older(version, [10, 2, 2])
      ? [wrong(`MariaDB ${version} can't hold the tables of Nacos`, 'use MySQL 5.7 or 8, or at least MariaDB 10.2.2')]
      : [risky(`MariaDB ${version} is no server that Nacos is made for`, 'prefer MySQL 5.7 or 8')]
  }
  if (older(version, [5, 6, 5])) {
    return [
      wrong(
        `MySQL ${version} is older than 5.6.5 and refuses DATETIME DEFAULT CURRENT_TIMESTAMP: ${timed.join(', ')} fail, only ${untimed.join(', ')} would be made`,
        'use MySQL 5.7 or 8',
      ),
    ]
  }
  return older(version, [5, 7, 0]) ? [risky(`MySQL ${version} is at the end of its life`, 'use MySQL 5.7 or 8')] : []
}

function keyFindings(server: DatabaseServer): Finding[] {
  const wide = /^utf8mb4$/i.test(server.charset ?? '')
  const short = /^(compact|redundant)$/i.test(server.rowFormat ?? (older(server.version, [5, 7, 0]) ? 'compact' : ''))
  const found: Finding[] = []
  // users, roles and permissions declare no character set: they take the database's.
  if (wide && short && !isMariaDb(server)) {
    found.push(
      wrong(
        'utf8mb4 with COMPACT rows: the keys of users, roles and permissions are longer than 767 bytes',
        'set innodb_default_row_format=DYNAMIC (MySQL 5.7), or make the database utf8 with utf8_bin',
      ),
    )
  }
  if (/^myisam$/i.test(server.engine ?? '')) {
    found.push(
      risky(
        'the default engine is MyISAM: tables others make here have no transactions',
        'set default_storage_engine=InnoDB',
      ),
    )
  }
  if (server.requirePrimaryKey) {
    found.push(
      wrong(
        'sql_require_primary_key is on, and the tables roles and permissions of Nacos have none',
        'turn it off for this server',
      ),
    )
  }
  return found
}

function runFindings(server: DatabaseServer, nodes: number): Finding[] {
  const found: Finding[] = []
  if (server.readOnly) {
    found.push(
      wrong(
        'the server is read-only: Nacos writes at its start and would say "No DataSource set"',
        'connect to the primary, or turn read_only off',
      ),
    )
  }
  const least = nodes * pool + spare
  if (server.maxConnections !== undefined && server.maxConnections < least) {
    found.push(
      risky(
        `max_connections is ${server.maxConnections}; ${nodes} nodes may take ${nodes * pool}`,
        `set it to ${least} or more`,
      ),
    )
  }
  if (server.sqlMode !== undefined && !/STRICT_(TRANS|ALL)_TABLES/i.test(server.sqlMode))
    found.push(risky('sql_mode is not strict: what is too long is cut without a word', 'add STRICT_TRANS_TABLES'))
  return found
}

/** The tables a version's schema has: 12 up to 2.4, 10 in 2.5 to 3.1, 13 from 3.2. The archive's own file decides. */
export function tablesOf(version: Version): string[] {
  const old = ['config_info_aggr', 'config_info_beta', 'config_info_tag']
  const all = [...timed, ...untimed]
  if (!atLeast(version, '2.5.0')) return all.sort()
  const ai = atLeast(version, '3.2.0') ? ['ai_resource', 'ai_resource_version', 'pipeline_execution'] : []
  return [...all.filter((table) => !old.includes(table)), 'config_info_gray', ...ai].sort()
}

/** What a schema with only some of the tables tells; undefined when none or all are there. */
export function explainTables(present: readonly string[], version: Version): string | undefined {
  const wanted = tablesOf(version)
  const there = wanted.filter((table) => present.includes(table))
  const missing = wanted.filter((table) => !present.includes(table))
  if (there.length === 0 || missing.length === 0) return undefined
  const count = `${there.length} of ${wanted.length} tables are there, ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing`
  const isOfLogin = (table: string): boolean => ['users', 'roles', 'permissions'].includes(table)
  // Those of the login may have failed besides, for their long keys.
  if (
    missing.every((table) => !untimed.includes(table) || isOfLogin(table)) &&
    !timed.some((table) => there.includes(table))
  )
    return `${count}: a MySQL older than 5.6.5 made only those without DATETIME DEFAULT CURRENT_TIMESTAMP`
  if (missing.every(isOfLogin))
    return `${count}: with utf8mb4 and short row formats their keys are too long, and the script stopped there`
  if (missing.length === 1 && missing[0] === 'config_info_gray')
    return `${count}: it came with 2.5.0, the schema is of an older version`
  if (present.includes('config_info_aggr') && missing.includes('config_info_gray'))
    return `${count}: the schema is of a version before 2.5.0`
  return count
}
