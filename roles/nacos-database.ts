/** The database of a cluster as backup and restore reach it. */
import type { Database, DatabaseLogin } from '../lib/core/channel.ts'
import { usageError } from '../lib/core/error.ts'
import type { Host } from '../lib/engine/play.ts'
import type { Reach } from '../lib/engine/procedure.ts'
import { plainSession } from '../lib/mysql/dump.ts'
import { loginOf, type MysqlHost } from './mysql-schema.ts'
import { databaseOf, type Node } from './nacos-node.ts'

export interface Source {
  /** Through whose machine. */
  readonly host: Host<unknown>
  readonly login: DatabaseLogin
  /** The schema that Nacos uses. */
  readonly schema: string
}

/**
 * By the administrator of the group `mysql`, or where the inventory has none, as Nacos itself from the first node. Throws a
 * usage error for nodes without a database: what an embedded one holds is in the nodes' Raft.
 */
export function sourceOf(nodes: readonly Node[], databases: readonly Host<MysqlHost>[]): Source {
  const [node] = nodes.filter((one) => databaseOf(one))
  const database = node && databaseOf(node)
  if (!database) {
    throw usageError({
      where: nodes[0]?.where('nacos', 'mode') ?? 'nacos',
      what: 'these nodes keep their data themselves, and no MySQL has it',
      remedy: 'give the cluster a MySQL: an embedded one is neither backed up nor restored from here',
    })
  }
  const { host, port, user, password, name } = database
  const [administered] = databases
  return administered
    ? { host: administered, login: loginOf(administered), schema: name }
    : { host: node, login: { host, port, user, password }, schema: name }
}

/** A session of the database while `work` lasts. */
export async function withSession<T>(
  reach: Reach,
  { host, login }: Source,
  work: (session: Database) => Promise<T>,
): Promise<T> {
  const session = await reach.scope([host]).database(host, login)
  try {
    await session.query(plainSession)
    return await work(session)
  } finally {
    await session.close()
  }
}
