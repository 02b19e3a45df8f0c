/** The database of a Nacos cluster: the server checked, the schema as the deployed version needs it, and who may use it. */
import bcrypt from 'bcryptjs'
import type { DatabaseLogin } from '../lib/core/channel.ts'
import { type Problem, usageError } from '../lib/core/error.ts'
import type { Answers } from '../lib/core/probe.ts'
import { type Resource, resource } from '../lib/core/resource.ts'
import { type Infer, optional, params, port, secret, text } from '../lib/core/schema.ts'
import type { Secret } from '../lib/core/secret.ts'
import { tagged } from '../lib/core/tagged.ts'
import type { Host } from '../lib/engine/play.ts'
import {
  literal,
  name,
  ownPrivilege,
  schema as schemaReader,
  tables as tablesReader,
  variable,
} from '../lib/mysql/readers.ts'
import { type Finding, wrong } from '../lib/nacos/finding.ts'
import { lacksPublicKey } from '../lib/nacos/jdbc.ts'
import { explainTables, serverProblems } from '../lib/nacos/mysql-server.ts'
import { schemaFileName, type TableDef, usedDefaults } from '../lib/nacos/schema.ts'
import { parseSchema } from '../lib/nacos/schema-parser.ts'
import { compareVersions, type Version } from '../lib/nacos/version.ts'
import { databaseAccount } from '../lib/resources/mysql/account.ts'
import { databaseSchema } from '../lib/resources/mysql/schema.ts'
import { databaseTable } from '../lib/resources/mysql/table.ts'
import { requirement } from '../lib/resources/requirement.ts'
import type { Archives } from './distributions.ts'
import { addressOf, databaseOf, databaseParams, type Node } from './nacos-node.ts'

export const mysqlHost = params({
  mysql: params({
    /** As the host itself reaches the server. */
    host: optional(text({ like: /[A-Za-z0-9_.:-]+/, expected: 'an address or a host name' }), '127.0.0.1'),
    port: optional(port(), 3306),
    /** An account that may create the schema, its tables and accounts. */
    user: text({ like: /[^\s:]{1,32}/, expected: 'a user name of at most 32 characters' }),
    password: secret(),
  }),
  database: optional(databaseParams),
})

export type MysqlHost = Infer<typeof mysqlHost>

/** The one server that is written to; none for an embedded cluster, or where somebody else looks after the schema. */
export function onlyOne(hosts: readonly Host<MysqlHost>[]): readonly Host<MysqlHost>[] {
  const [, second] = hosts
  if (!second) return hosts
  throw usageError({
    where: second.where('mysql'),
    what: `the group mysql has ${hosts.length} hosts`,
    remedy: 'name the one that is written to: Nacos replicates nothing, MySQL does that itself',
  })
}

/** How the schema's resources are reached: over the SSH connection of the database host. */
export const loginOf = ({ params: { mysql } }: Host<MysqlHost>): DatabaseLogin => mysql

/**
 * The schema that the newest version among the nodes needs, taken from the very archive that is deployed; the account
 * that Nacos uses at run time, for the address of each node; and the user nacos, if a password is declared for it.
 */
export function mysqlSchema(nodes: readonly Node[], archives: Archives): readonly Resource[] {
  const using = nodes.filter(({ params }) => params.database)
  const newest = using.reduce<Node | undefined>(
    (best, node) => (!best || compareVersions(node.params.nacos.version, best.params.nacos.version) > 0 ? node : best),
    undefined,
  )
  const database = newest?.params.database
  if (!newest || !database) return []
  const { version, auth } = newest.params.nacos
  const tables = tablesIn(newest, archives)
  const addresses = [...new Set(using.map(addressOf))]
  return tagged('mysql-schema', [
    server(database.name, using.length),
    completeness(database.name, version),
    ...(using.flatMap((node) => databaseOf(node) ?? []).some((one) => lacksPublicKey(one.parameters, false))
      ? [loginsForgotten()]
      : []),
    ...(auth.enabled && !auth.admin_password ? [somebodyLogsIn(database.name)] : []),
    databaseSchema(database.name, made),
    ...tables.map((table) => databaseTable(database.name, table)),
    ...addresses.map((address) =>
      databaseAccount(database.user, address, {
        password: database.password,
        schema: database.name,
        privileges: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
      }),
    ),
    ...(auth.admin_password ? [administrator(database.name, auth.admin_password)] : []),
  ])
}

function tablesIn(node: Node, archives: Archives): readonly TableDef[] {
  const file = `conf/${schemaFileName(node.params.nacos.version)}`
  const archive = archives.nacos(node)
  const sql = archive.texts[file]
  if (sql !== undefined) return parseSchema(sql)
  throw usageError({
    where: node.where('nacos', 'archive'),
    what: `${archive.name} has no ${file}, which Nacos ${node.params.nacos.version.text} brings`,
    remedy: 'see whether the archive is of that version',
  })
}

const variables = [
  'version',
  'read_only',
  'max_connections',
  'default_storage_engine',
  'innodb_default_row_format',
  'sql_mode',
  'sql_require_primary_key',
] as const

/** What a database is made with where there is none. */
const made = { charset: 'utf8mb4', collation: 'utf8mb4_bin' }

/** What must be true of the server before a table goes into it. */
function server(schema: string, nodes: number): Resource {
  const questions = variables.map((key) => ({ reader: variable, key }))
  const own = { reader: schemaReader, key: schema }
  const findings = (answers: Answers): readonly (Finding & Problem)[] => {
    const [version = '', readOnly, connections, engine, rowFormat, sqlMode, primaryKey] = questions.map(answers)
    const [charset = '', collation = ''] = answers(own).split('|')
    const found = serverProblems(
      {
        version,
        readOnly: isOn(readOnly),
        maxConnections: Number(connections),
        engine,
        sqlMode,
        requirePrimaryKey: isOn(primaryKey),
        ...(rowFormat ? { rowFormat } : {}),
        ...(charset === '' ? made : { charset, collation }),
      },
      nodes,
    )
    // On a server that can't hold the tables nothing else matters.
    const refused = found.filter(({ what }) => what.includes('older than 5.6.5'))
    const old = isTooOldForAccounts(version) ? [tooOldForAccounts(version)] : []
    return (refused.length > 0 ? refused : [...found, ...old]).map((finding) => ({
      ...finding,
      where: 'MySQL',
    }))
  }
  return requirement('mysql-server', {
    probe: [...questions, own],
    check: (answers) => findings(answers).filter(({ severity }) => severity === 'error'),
    warn: (answers) => findings(answers).filter(({ severity }) => severity === 'warning'),
  })
}

const isOn = (value: string | undefined): boolean => value === '1' || value === 'ON'

/** Before 5.7.6 passwords are in another column and ALTER USER can't set them, so the accounts can't be looked after. */
function isTooOldForAccounts(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map((part) => Number.parseInt(part, 10) || 0)
  return !/mariadb/i.test(version) && (major < 5 || (major === 5 && (minor < 7 || (minor === 7 && patch < 6))))
}

const tooOldForAccounts = (version: string): Finding =>
  wrong(
    `MySQL ${version}: its accounts can't be read and changed as those of 5.7.6 and newer can`,
    'use MySQL 5.7 or 8',
  )

/** Before the nodes are tried the server is told to forget the logins that it remembers (`databaseAccepts`): who may not, tries less. */
function loginsForgotten(): Resource {
  const reload = { reader: ownPrivilege, key: 'RELOAD' }
  return requirement('mysql-reload', {
    probe: [reload],
    check: () => [],
    warn: (answers) =>
      answers(reload) === 'held'
        ? []
        : [
            {
              where: 'MySQL',
              what: 'its administrator has no RELOAD, so that a node which lacks the public key is found only if the server does not remember its login',
              remedy:
                'GRANT RELOAD ON *.* to the account in mysql.user, or let the driver have the key: allowPublicKeyRetrieval=true, or sslMode=VERIFY_CA',
            },
          ],
  })
}

/** A schema of which only some tables exist is completed; what made it so is worth knowing. */
function completeness(schema: string, version: Version): Resource {
  const question = { reader: tablesReader, key: schema }
  const server = { reader: variable, key: 'version' }
  return requirement(`tables:${schema}`, {
    probe: [question, server],
    check: () => [],
    warn(answers) {
      const what = explainTables(answers(question).split('\n'), version)
      const remedy = isTooOldForAccounts(answers(server))
        ? 'move to a newer server first: the missing ones are created there'
        : 'nothing to do: the missing ones are created'
      return what === undefined ? [] : [{ where: `database ${schema}`, what, remedy }]
    },
  })
}

/** How many users there are. */
const usersReader = (schemas: readonly string[]): string =>
  schemas
    .map((schema) => `SELECT ${literal(schema)} AS k, COUNT(*) AS v FROM ${name(schema)}.users`)
    .join(' UNION ALL ')

/** The user that the scripts of Nacos up to 2.3 insert is not made here: without any, auth locks everybody out. */
function somebodyLogsIn(schema: string): Resource {
  const question = { reader: usersReader, key: schema }
  return requirement(`login:${schema}`, {
    probe: [question],
    check: (answers) =>
      Number(answers(question)) > 0
        ? []
        : [
            {
              where: `database ${schema}`,
              what: 'auth is on and nobody could log in: there is no user',
              remedy: 'declare nacos.auth.admin_password: the user nacos is made with it',
            },
          ],
  })
}

const adminRole = 'ROLE_ADMIN'

/** The hash of the password of the user nacos. */
const adminReader = (schemas: readonly string[]): string =>
  schemas
    .map(
      (schema) => `SELECT ${literal(schema)} AS k, password AS v FROM ${name(schema)}.users WHERE username = 'nacos'`,
    )
    .join(' UNION ALL ')

/** His role, where he is an administrator. */
const adminRoleReader = (schemas: readonly string[]): string =>
  schemas
    .map(
      (schema) =>
        `SELECT ${literal(schema)} AS k, role AS v FROM ${name(schema)}.roles WHERE username = 'nacos' AND role = '${adminRole}'`,
    )
    .join(' UNION ALL ')

interface AdministratorState {
  readonly [key: string]: string
  readonly present: string
  readonly role: string
}

/**
 * The user nacos with the role of an administrator: two rows, either of which may be missing. An existing user keeps its
 * password, whatever it is.
 */
function administrator(schema: string, password: Secret): Resource {
  const user = { reader: adminReader, key: schema }
  const role = { reader: adminRoleReader, key: schema }
  const makeAdmin = `INSERT IGNORE INTO roles (username, role) VALUES ('nacos', '${adminRole}')`
  return resource<AdministratorState>({
    id: `row:${schema}.users:nacos`,
    needs: [`table:${schema}.users`, `table:${schema}.roles`],
    probe: [user, role],
    read: (answers) => (answers(user) === '' ? null : { present: 'yes', role: answers(role) || 'none' }),
    desired: { present: 'yes', role: adminRole },
    warn: (answers) =>
      usedDefaults([{ username: 'nacos', password: answers(user) }]).map(({ what, remedy }) => ({
        where: 'Nacos',
        what,
        remedy,
      })),
    steps: ({ actual }) => [
      actual
        ? { say: 'make the user nacos an administrator', run: `USE ${name(schema)}; ${makeAdmin}` }
        : {
            say: 'add the user nacos as administrator',
            run: `USE ${name(schema)}; INSERT IGNORE INTO users (username, password, enabled) VALUES ('nacos', ?, TRUE);
${makeAdmin}`,
            meaning: password.reveal(),
            // Nacos reads bcrypt hashes of the kind 2a.
            input: bcrypt.hashSync(password.reveal(), 10).replace(/^\$2b\$/, '$2a$'),
          },
    ],
  })
}
