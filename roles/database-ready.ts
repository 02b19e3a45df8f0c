/** The test that Nacos makes of its database when it starts, made before the first node starts, from where each node is. */
import type { Database } from '../lib/core/channel.ts'
import { hostError, PlinthError, type Problem } from '../lib/core/error.ts'
import type { Host, Scope } from '../lib/engine/play.ts'
import { name } from '../lib/mysql/readers.ts'
import { lacksPublicKey } from '../lib/nacos/jdbc.ts'
import { loginOf, type MysqlHost } from './mysql-schema.ts'
import { databaseOf, type NacosNode, type Node } from './nacos-node.ts'

/**
 * A preparation: every node is tried. Logs in as Nacos will, from every node's own address, and deletes the row that Nacos
 * deletes (there is none): login, tables and the right to write are all in it. Throws with every node that would fail. Where
 * a driver may not have the server's public key, the server of `databases` forgets the logins that it remembers first: one
 * that it does not remember shows whether the key is needed.
 */
export const databaseAccepts =
  (databases: readonly Host<MysqlHost>[]) =>
  async (scope: Scope<NacosNode>): Promise<void> => {
    const keyless = (offersTls: boolean): boolean =>
      scope.hosts.flatMap((node) => databaseOf(node) ?? []).some((one) => lacksPublicKey(one.parameters, offersTls))
    for (const host of keyless(false) ? databases : []) {
      const admin = await scope.database(host, loginOf(host))
      try {
        if (keyless(admin.offersTls === true)) await forgetLogins(admin)
      } finally {
        await admin.close()
      }
    }
    const results = await Promise.all(scope.hosts.map((node) => tested(scope, node)))
    const problems = results.flat()
    if (problems.length > 0) throw hostError(...problems)
  }

/** Access denied; you need (at least one of) the … privilege(s). */
const lacking = 1227

/**
 * What a remembered login hides shows after the next restart of the server, at the worst moment (#12259). All programs that
 * use it log in anew for that. An administrator who may not do it was warned of by the plan of the schema.
 */
async function forgetLogins(admin: Database): Promise<void> {
  try {
    await admin.query('FLUSH PRIVILEGES')
  } catch (error) {
    if (!(error instanceof PlinthError && 'errno' in error && error.errno === lacking)) throw error
  }
}

async function tested(scope: Scope<NacosNode>, node: Node): Promise<readonly Problem[]> {
  const database = databaseOf(node)
  if (!database) return []
  const { host, port, user, password, parameters } = database
  try {
    const session = await scope.database(node, { host, port, user, password, database: database.name })
    try {
      await write(session, database.name)
      return session.fetchedPublicKey && lacksPublicKey(parameters, session.offersTls === true)
        ? [
            {
              where: `${node.name}: public key retrieval`,
              what: 'the server asks for a login with its public key, and the JDBC URL does not allow the driver to fetch it',
              remedy:
                'set database.parameters.allowPublicKeyRetrieval to true, name serverRSAPublicKeyFile, or use sslMode=VERIFY_CA',
            },
          ]
        : []
    } finally {
      await session.close()
    }
  } catch (error) {
    if (!(error instanceof PlinthError)) throw error
    return error.problems.map((problem) => ({ ...problem, where: `${node.name} → ${problem.where}` }))
  }
}

/** What Nacos does to find out whether it may write (ExternalDataSourceServiceImpl, 1.x to 3.x). */
const write = (session: Database, schema: string): Promise<unknown> =>
  session.query(`DELETE FROM ${name(schema)}.config_info WHERE data_id = 'com.alibaba.nacos.testMasterDB'`)
