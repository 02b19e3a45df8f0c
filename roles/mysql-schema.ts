/** The database of a Nacos cluster: the server checked, the schema as the deployed version needs it, and who may use it. */
import bcrypt from 'bcryptjs'
import type { DatabaseLogin } from '../lib/core/channel.ts'
import { usageError } from '../lib/core/error.ts'
import type { Answers } from '../lib/core/probe.ts'
import { type Resource, resource } from '../lib/core/resource.ts'
import { type Infer, optional, params, port, secret, text } from '../lib/core/schema.ts'
import type { Secret } from '../lib/core/secret.ts'
import type { Host } from '../lib/engine/play.ts'
import { literal, name, schema as schemaReader, tables as tablesReader, variable } from '../lib/mysql/readers.ts'
import { explainTables, serverProblems } from '../lib/nacos/mysql-server.ts'
import { schemaFileName, type TableDef, usedDefaults } from '../lib/nacos/schema.ts'
import { parseSchema } from '../lib/nacos/schema-parser.ts'
import { compareVersions, type Version } from '../lib/nacos/version.ts'
import { databaseAccount } from '../lib/resources/mysql/account.ts'
import { databaseSchema } from '../lib/resources/mysql/schema.ts'
import { databaseTable } from '../lib/resources/mysql/table.ts'
import { requirement } from '../lib/resources/requirement.ts'
import type { Archives } from './distributions.ts'
import { addressOf, databaseParams, type Node } from './nacos-node.ts'

export const mysqlHost = params({
  mysql: params({
    /** As the host itself reaches the server. */
    host: optional(text(), '127.0.0.1'),
    port: optional(port(), 3306),
    /** An account that may create the schema, its tables and accounts. */
    user: text(),
    password: secret(),
  }),
  database: optional(databaseParams),
})

export type MysqlHost = Infer<typeof mysqlHost>

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
  return [
    server(database.name, using.length),
    completeness(database.name, version),
    databaseSchema(database.name, { charset: 'utf8mb4', collation: 'utf8mb4_bin' }),
    ...tables.map((table) => databaseTable(database.name, table)),
    ...addresses.map((address) =>
      databaseAccount(database.user, address, {
        password: database.password,
        schema: database.name,
        privileges: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
      }),
    ),
    ...(auth.admin_password ? [administrator(database.name, auth.admin_password)] : []),
  ]
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

const variables = ['version', 'read_only', 'max_connections', 'default_storage_engine', 'sql_mode'] as const

/** What must be true of the server before a table goes into it. */
function server(schema: string, nodes: number): Resource {
  const questions = variables.map((key) => ({ reader: variable, key }))
  const own = { reader: schemaReader, key: schema }
  const findings = (answers: Answers) => {
    const [version = '', readOnly, connections, engine, sqlMode] = questions.map(answers)
    const [charset, collation] = answers(own).split('|')
    return serverProblems(
      {
        version,
        readOnly: readOnly === '1',
        maxConnections: Number(connections),
        engine,
        sqlMode,
        ...(charset ? { charset, collation } : {}),
      },
      nodes,
    ).map((finding) => ({ ...finding, where: 'MySQL' }))
  }
  return requirement('mysql-server', {
    probe: [...questions, own],
    check: (answers) => findings(answers).filter(({ severity }) => severity === 'error'),
    warn: (answers) => findings(answers).filter(({ severity }) => severity === 'warning'),
  })
}

/** A schema of which only some tables exist is completed; what made it so is worth knowing. */
function completeness(schema: string, version: Version): Resource {
  const question = { reader: tablesReader, key: schema }
  return requirement(`tables:${schema}`, {
    probe: [question],
    check: () => [],
    warn(answers) {
      const what = explainTables(answers(question).split('\n'), version)
      return what === undefined
        ? []
        : [{ where: `database ${schema}`, what, remedy: 'nothing to do: the missing ones are created' }]
    },
  })
}

const adminReader = (schemas: readonly string[]): string =>
  schemas
    .map(
      (schema) => `SELECT ${literal(schema)} AS k, password AS v FROM ${name(schema)}.users WHERE username = 'nacos'`,
    )
    .join(' UNION ALL ')

/** The user nacos with the role of an administrator. Made once; an existing one keeps its password, whatever it is. */
function administrator(schema: string, password: Secret): Resource {
  const question = { reader: adminReader, key: schema }
  return resource<{ readonly [key: string]: string; readonly present: string }>({
    id: `row:${schema}.users:nacos`,
    probe: [question],
    read: (answers) => (answers(question) === '' ? null : { present: 'yes' }),
    desired: { present: 'yes' },
    warn: (answers) =>
      usedDefaults([{ username: 'nacos', password: answers(question) }]).map(({ what, remedy }) => ({
        where: 'Nacos',
        what,
        remedy,
      })),
    steps: () => [
      {
        say: 'add the user nacos as administrator',
        run: `USE ${name(schema)}; INSERT IGNORE INTO users (username, password, enabled) VALUES ('nacos', ?, TRUE);
INSERT IGNORE INTO roles (username, role) VALUES ('nacos', 'ROLE_ADMIN')`,
        // Nacos reads bcrypt hashes of the kind 2a.
        input: bcrypt.hashSync(password.reveal(), 10).replace(/^\$2b\$/, '$2a$'),
      },
    ],
  })
}
