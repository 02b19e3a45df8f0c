/** Giving a cluster back what a backup holds: its tables, row by row the same, and its persistent instances. */
import type { Database } from '../lib/core/channel.ts'
import { hostError, type Problem } from '../lib/core/error.ts'
import type { Storage } from '../lib/core/storage.ts'
import { type Action, blocked, done, due, type Lock, type Reach, type Work } from '../lib/engine/procedure.ts'
import { insertRows, type Row, readRow, rowBytes, tablesQuery } from '../lib/mysql/dump.ts'
import { name, schema as schemaReader } from '../lib/mysql/readers.ts'
import { type PersistentInstance, readConfig } from '../lib/nacos/api.ts'
import { instancesFile, lackingColumns, type Manifest, type Present, type SavedTable } from '../lib/nacos/manifest.ts'
import { instanceText } from '../lib/nacos/persistent.ts'
import { type Source, withSession } from './nacos-database.ts'
import { ask, client, login } from './nacos-http.ts'
import { persistentInstances, registerPersistent } from './nacos-instances.ts'
import type { NacosNode, Node } from './nacos-node.ts'
import { startNode, stopNode, waitHealthy } from './nacos-service-state.ts'
import { Tables } from './nacos-tables.ts'

export interface RestorePlan {
  readonly nodes: readonly Node[]
  readonly source: Source
  readonly storage: Storage
  /** The name of the set in the storage. */
  readonly set: string
  readonly manifest: Manifest
  /** Rows that are there and not in the backup may go. */
  readonly replace: boolean
}

/** What one statement carries, unless one row is more: well below the smallest `max_allowed_packet` in use. */
const statement = { rows: 200, bytes: 512 * 1024 }
/** The rest of a statement, in bytes: the names of a table and its columns. */
const head = 4 * 1024
/** How many configurations are read back through each node. */
const sample = 20

/**
 * The backup is verified and compared with the database before anything is written; nodes that run stop before the first
 * table is written, because they would go on with what they remember and write in between, and start when all are there.
 */
export function restore(plan: RestorePlan): readonly Action[] {
  const { nodes, manifest } = plan
  const tables = new Tables(plan.source, manifest.tables, (saved) => linesOf(plan, saved))
  const spare = async (reach: Reach): Promise<string | undefined> =>
    (await tables.allEqual(reach)) ? 'it may run: the database is as saved' : undefined
  const stops = nodes.map((node) => stopNode(node, nodes, { spare }))
  const starts = nodes.map((node, index) => startNode(node, nodes, [stops[index]?.name ?? '']))
  const healthy = waitHealthy(
    nodes,
    nodes,
    starts.map((start) => start.name),
  )
  return [
    verify(plan, tables),
    compare(plan, tables),
    ...stops,
    ...manifest.tables.map((table) => restoreTable(plan, tables, table)),
    ...starts,
    healthy,
    restoreInstances(plan, healthy.name),
    ...nodes.map((node) => readBack(plan, node, healthy.name)),
  ]
}

function verify({ storage, set }: RestorePlan, tables: Tables): Action {
  return {
    name: 'verify the backup',
    wants: 'every file has the digest that was written with it',
    async look() {
      const damaged = await storage.damaged(set)
      const where = `${storage.where}/${set}`
      const remedy = 'take another copy of this backup, or another backup'
      if (damaged.length > 0) return blocked({ where, what: `damaged: ${damaged.slice(0, 5).join(', ')}`, remedy })
      // A missing or wrong vault password must show here, not when the nodes have been stopped.
      await storage.read(set, instancesFile)
      tables.sound = true
      return done(`every file of ${set} is as it was written`)
    },
  }
}

function compare(plan: RestorePlan, tables: Tables): Action {
  const { source, manifest, replace } = plan
  return {
    name: 'compare the database with the backup',
    host: source.host,
    wants: 'the database may be written to',
    async look(reach) {
      const where = `database ${source.schema}`
      const there = await withSession(reach, source, (session) => session.query(schemaReader([source.schema])))
      if (there.length === 0)
        return blocked({ where, what: 'there is no such database', remedy: 'make it with playbooks/site.ts first' })
      const [limit] = await withSession(reach, source, (session) => session.query(packetQuery))
      const packet = Number(limit?.bytes)
      const problems: Problem[] = []
      const counts = new Map<string, number>()
      for (const saved of manifest.tables) {
        const { present, state } = await tables.look(reach, saved)
        counts.set(state, (counts.get(state) ?? 0) + 1)
        const lacking = present ? lackingColumns(saved, present) : []
        if (lacking.length > 0) {
          const what = `table ${saved.name} has no column ${lacking.join(', ')}, which the backup has`
          problems.push({ where, what, remedy: 'restore into the schema of that version, or a newer one' })
        } else if (state === 'other' && !replace) {
          problems.push(occupied(plan, saved, present, replaceThem))
        } else if (state !== 'equal') {
          const needed = (await tables.largest(saved)) + head
          if (needed > packet) problems.push(tooLarge(plan, saved, needed, packet))
        }
      }
      tables.free = problems.length === 0
      if (!tables.free) return blocked(...problems)
      const told = [...counts].map(([state, count]) => `${count} ${state}`).join(', ')
      return done(`${manifest.tables.length} tables: ${told}`)
    },
  }
}

const packetQuery = 'SELECT @@max_allowed_packet AS bytes'

/** A row that the server would not take: better known before the nodes stop. */
function tooLarge({ source }: RestorePlan, { name: table }: SavedTable, needed: number, packet: number): Problem {
  const megabytes = 2 ** Math.ceil(Math.log2(needed / 1024 / 1024))
  return {
    where: `database ${source.schema}`,
    what: `table ${table}: a row of the backup takes ${needed} bytes, and the server takes ${packet} (max_allowed_packet)`,
    remedy: `SET GLOBAL max_allowed_packet = ${Math.max(megabytes, 1) * 1024 * 1024}, and the same in its configuration file`,
  }
}

const replaceThem = 'say -e replace=true if they may be lost; take a backup of them first'

/** A table whose rows nobody said may go. */
const occupied = ({ source }: RestorePlan, saved: SavedTable, present: Present | null, remedy: string): Problem => ({
  where: `database ${source.schema}`,
  what: `table ${saved.name} holds ${present?.rows} rows that are not those of the backup (${saved.rows})`,
  remedy,
})

const locksOf = ({ source, nodes }: RestorePlan): readonly Lock[] => [
  { host: source.host, login: source.login },
  ...nodes.map((host) => ({ host })),
]

function restoreTable(plan: RestorePlan, tables: Tables, saved: SavedTable): Action {
  const { source } = plan
  const rowsText = (count: number): string => `${count} row${count === 1 ? '' : 's'}`
  return {
    name: `restore table ${saved.name}`,
    host: source.host,
    locks: locksOf(plan),
    wants: `it has the ${rowsText(saved.rows)} of the backup`,
    async look(reach) {
      const { present, state } = await tables.look(reach, saved)
      if (state === 'equal') return done(`${rowsText(present?.rows ?? saved.rows)}, the same as in the backup`)
      // Nodes stop one after the other, and the last ones still serve meanwhile. What was there before has been told already.
      if (state === 'other' && !plan.replace && tables.free)
        return blocked(
          occupied(
            plan,
            saved,
            present,
            `they came since the comparison: ${replaceThem} (playbooks/site.ts starts the nodes)`,
          ),
        )
      const found = present === null ? 'not there' : `${rowsText(present.rows)}, not those of the backup`
      return due(found, `write ${rowsText(saved.rows)}`)
    },
    work: (work) =>
      work.deed(
        source.host.name,
        `write ${rowsText(saved.rows)} into ${saved.name}`,
        `INSERT INTO ${name(saved.name)} …`,
        () => withSession(work, source, (session) => writeTable(plan, session, saved)),
      ),
  }
}

/** All rows in one transaction: killed anywhere, the table is as it was. */
async function writeTable(plan: RestorePlan, session: Database, saved: SavedTable): Promise<void> {
  const { storage, set } = plan
  const { schema } = plan.source
  const made = (await session.query(tablesQuery(schema))).some((row) => row.name === saved.name)
  if (!made) {
    await session.query(`USE ${name(schema)}`)
    await session.query((await storage.read(set, saved.definition)).toString())
  }
  await session.query('START TRANSACTION')
  await session.query(`DELETE FROM ${name(schema)}.${name(saved.name)}`)
  let rows: Row[] = []
  let bytes = 0
  const flush = async (): Promise<void> => {
    if (rows.length === 0) return
    await session.query(insertRows(schema, saved.name, saved.columns, rows.length), rows.flat())
    rows = []
    bytes = 0
  }
  for await (const line of linesOf(plan, saved)) {
    const row = readRow(line)
    const more = rowBytes(row)
    if (rows.length >= statement.rows || bytes + more > statement.bytes) await flush()
    rows.push(row)
    bytes += more
  }
  await flush()
  await session.query('COMMIT')
}

/** The rows of a table as they stand in the backup. */
async function* linesOf({ storage, set }: RestorePlan, { parts }: SavedTable): AsyncIterable<string> {
  for (const part of parts)
    for (const line of (await storage.read(set, part)).toString().split('\n')) if (line !== '') yield line
}

function restoreInstances(plan: RestorePlan, healthy: string): Action {
  const { nodes, storage, set, manifest } = plan
  const missing = async (reach: Reach): Promise<readonly PersistentInstance[]> => {
    const saved = JSON.parse((await storage.read(set, instancesFile)).toString()) as readonly PersistentInstance[]
    const namespaces = [...new Set(saved.map(({ namespace }) => namespace))]
    const there = new Set((await persistentInstances(reach, nodes, namespaces)).map(instanceText))
    return saved.filter((one) => !there.has(instanceText(one)))
  }
  return {
    name: 'restore the persistent instances',
    after: [healthy],
    locks: locksOf(plan),
    wants: 'every persistent instance of the backup is registered',
    deadline: 30,
    async look(reach) {
      if (manifest.instances === null) return done('the backup has no list of them')
      if (manifest.instances === 0) return done('the backup has none')
      const left = await missing(reach)
      if (left.length === 0) return done(`all ${manifest.instances} are registered`)
      return due(`${left.length} of ${manifest.instances} are not registered`, 'register them')
    },
    async work(work: Work) {
      const [node] = nodes
      if (!node) return
      for (const one of await missing(work)) {
        const what = `${one.service} at ${one.ip}:${one.port}`
        await work.deed(node.name, `register ${what}`, `POST /nacos/…/ns/instance ${what}`, () =>
          registerPersistent(work, node, one),
        )
      }
    },
  }
}

/** A node serves what is in the database: the proof that it reads it, and of the configurations themselves. */
function readBack({ source }: RestorePlan, node: Node, healthy: string): Action {
  return {
    name: `read back through ${node.name}`,
    host: node,
    after: [healthy],
    wants: 'it serves the configurations that are in the database',
    deadline: 60,
    async look(reach) {
      const expected = await withSession(reach, source, (session) =>
        session.query(`SELECT data_id, group_id, tenant_id, content FROM ${name(source.schema)}.config_info
WHERE data_id NOT LIKE 'cipher-%' ORDER BY id LIMIT ${sample}`),
      )
      if (expected.length === 0) return done('there is no configuration to read')
      const scope = reach.scope<NacosNode>([node])
      const token = await login(scope, node, false)
      for (const row of expected) {
        const key = { dataId: row.data_id ?? '', group: row.group_id ?? '', tenant: row.tenant_id ?? '' }
        const { status, body } = await ask(scope, node, client(node, token).config(key))
        const text = readConfig(node.params.nacos.version, status, body)
        if (status === 401 || status === 403) {
          const remedy = 'set nacos.auth.admin_password to the password that the backup has for the user nacos'
          throw hostError({ where: node.name, what: `it lets nobody read (HTTP ${status})`, remedy })
        }
        // Not by the md5 beside it, which a row that was made by SQL may lack.
        if (text !== (row.content ?? undefined))
          return due(`${key.dataId} in ${key.group} is another there than in the database`, 'wait')
      }
      return done(`${expected.length} configurations are served as they are in the database`)
    },
  }
}
