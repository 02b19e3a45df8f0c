/** A backup of a cluster on the controller: the database in one moment, each node's own files, the persistent instances. */
import type { Database } from '../lib/core/channel.ts'
import { hostError, PlinthError } from '../lib/core/error.ts'
import { type Draft, type Storage, StorageError } from '../lib/core/storage.ts'
import { type Action, done, due, type Reach, type Work } from '../lib/engine/procedure.ts'
import { columnOf, columnsQuery, rowText, selectRows, snapshot, TableSum, tablesQuery } from '../lib/mysql/dump.ts'
import { name } from '../lib/mysql/readers.ts'
import { instancesFile, type Manifest, manifestFile, type SavedNode, type SavedTable } from '../lib/nacos/manifest.ts'
import { content as contentReader, files as filesReader } from '../lib/readers.ts'
import { pathQuestion, readPath } from '../lib/resources/path.ts'
import { type Source, withSession } from './nacos-database.ts'
import { persistentInstances } from './nacos-instances.ts'
import { memberOfNode, type Node } from './nacos-node.ts'
import { dataOf } from './nacos-tables.ts'

export interface BackupPlan {
  readonly nodes: readonly Node[]
  readonly source: Source
  readonly storage: Storage
  readonly now: Date
  /** Of Plinth, for the manifest. */
  readonly version: string
  /** Go on without nodes that can't be reached. */
  readonly force: boolean
}

/** A part of a table's rows: as much as is held in memory and sealed at once. */
const partBytes = 4 * 1024 * 1024

/** `nacos-20261125T224309Z`: names sort as their times. */
export const backupName = (schema: string, now: Date): string =>
  `${schema}-${now.toISOString().replace(/\.\d+/, '').replaceAll(/[-:]/g, '')}`

export const backup = (plan: BackupPlan): readonly Action[] => [clearUnfinished(plan), take(plan)]

function clearUnfinished({ storage }: BackupPlan): Action {
  const folders = (count: number): string => `${count} folder${count === 1 ? '' : 's'}`
  return {
    name: 'clear away unfinished backups',
    wants: `nothing unfinished is left in ${storage.where}`,
    async look() {
      const left = await storage.unfinished()
      if (left.length === 0) return done('there is none')
      return due(`${folders(left.length)} of killed runs`, `remove ${left.join(', ')}`)
    },
    work: (work) =>
      work.deed('controller', 'remove what killed runs have left', `rm -r ${storage.where}/.unfinished-…`, () =>
        storage.clear(),
      ),
  }
}

function take(plan: BackupPlan): Action {
  const { nodes, source, storage } = plan
  const set = backupName(source.schema, plan.now)
  const place = `${storage.where}/${set}`
  return {
    name: 'take the backup',
    wants: `${place} is there as a whole`,
    async look(reach) {
      if ((await storage.sets()).includes(set)) {
        const damaged = await storage.damaged(set)
        if (damaged.length === 0) return done(`${place}, ${storage.sealed ? 'encrypted' : 'in the clear'}`)
      }
      const tables = await withSession(reach, source, (session) => session.query(tablesQuery(source.schema)))
      const loose = tables.filter(({ engine }) => engine?.toLowerCase() !== 'innodb').map((one) => one.name)
      const still = loose.length > 0 ? ` (${loose.join(', ')} not InnoDB, and not of the same moment)` : ''
      const found = `${tables.length} tables in ${source.schema}${still}, ${nodes.length} nodes`
      return due(found, `write ${place}${storage.sealed ? ', encrypted' : ', in the clear'}`)
    },
    async work(work) {
      const draft = await storage.begin(set)
      try {
        await write(work, plan, draft)
        await work.deed('controller', `finish ${place}`, `mv ${storage.where}/.unfinished-… ${place}`, () =>
          draft.finish(),
        )
      } catch (error) {
        await draft.drop()
        throw error
      }
    },
  }
}

async function write(work: Work, plan: BackupPlan, draft: Draft): Promise<void> {
  const { nodes, source } = plan
  const { tables, mysql, namespaces } = await withSession(work, source, async (session) => {
    await session.query(snapshot)
    const saved: SavedTable[] = []
    for (const row of await session.query(tablesQuery(source.schema))) {
      const table = row.name ?? ''
      saved.push(
        await work.deed(source.host.name, `save table ${table}`, `SELECT * FROM ${name(table)}`, () =>
          saveTable(session, source.schema, table, draft),
        ),
      )
    }
    const [version] = await session.query('SELECT VERSION() AS version')
    const found = saved.some((table) => table.name === 'tenant_info')
      ? await session.query(`SELECT DISTINCT tenant_id AS id FROM ${name(source.schema)}.tenant_info`)
      : []
    await session.query('COMMIT')
    return { tables: saved, mysql: version?.version ?? '', namespaces: found.map(({ id }) => id ?? '') }
  })
  const saved: SavedNode[] = []
  for (const node of nodes) {
    saved.push({
      name: node.name,
      member: memberOfNode(node),
      version: node.params.nacos.version.text,
      files: await unlessForced(plan, () =>
        work.deed(node.name, `save the files of ${node.name}`, `cat ${placesOf(node).join(' ')}`, () =>
          saveFiles(work, node, draft),
        ),
      ),
    })
  }
  const instances = await unlessForced(plan, () =>
    work.deed('nacos', 'save the persistent instances', 'GET /nacos/…/instances', () =>
      persistentInstances(work, nodes, namespaces),
    ),
  )
  await draft.write(instancesFile, `${JSON.stringify(instances ?? [], null, 2)}\n`)
  const manifest: Manifest = {
    format: 1,
    plinth: plan.version,
    made: plan.now.toISOString(),
    database: source.schema,
    mysql,
    nodes: saved,
    tables,
    instances: instances?.length ?? null,
  }
  await draft.write(manifestFile, `${JSON.stringify(manifest, null, 2)}\n`, 'open')
}

/** Null, where it can't be had and the operator said to go on. */
async function unlessForced<T>({ force }: BackupPlan, work: () => Promise<T>): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (force && error instanceof PlinthError && !(error instanceof StorageError)) return null
    throw error
  }
}

async function saveTable(session: Database, schema: string, table: string, draft: Draft): Promise<SavedTable> {
  const columns = (await session.query(columnsQuery(schema, table))).map(columnOf)
  const [made] = await session.query(`SHOW CREATE TABLE ${name(schema)}.${name(table)}`)
  const definition = `tables/${table}.sql`
  await draft.write(definition, `${Object.values(made ?? {})[1] ?? ''};\n`)
  const sum = new TableSum()
  const parts: string[] = []
  let lines: string[] = []
  let bytes = 0
  const flush = async (): Promise<void> => {
    if (lines.length === 0) return
    const part = `tables/${table}.${String(parts.length + 1).padStart(5, '0')}.jsonl`
    await draft.write(part, `${lines.join('\n')}\n`)
    parts.push(part)
    lines = []
    bytes = 0
  }
  const data = dataOf(
    table,
    columns.map((column) => column.name),
  )
  for await (const row of session.rows(`${selectRows(schema, table, columns)}${data?.where ?? ''}`)) {
    const line = rowText(row)
    sum.add(line)
    lines.push(line)
    bytes += line.length
    if (bytes >= partBytes) await flush()
  }
  await flush()
  return { name: table, rows: sum.rows, digest: sum.digest, columns, definition, parts }
}

/** What a node has of its own, that neither its archive nor the database can give back. */
const placesOf = ({ params: { nacos } }: Node): readonly string[] => [
  `${nacos.home}/conf`,
  `${nacos.home}/plugins`,
  `/etc/systemd/system/${nacos.unit}.service`,
  `/etc/systemd/system/${nacos.unit}.service.d`,
  `/etc/plinth/${nacos.unit}.env`,
]

async function saveFiles(reach: Reach, node: Node, draft: Draft): Promise<NonNullable<SavedNode['files']>> {
  const scope = reach.scope([node])
  const places = placesOf(node).map((key) => ({ reader: filesReader, key }))
  const there = await scope.ask(node, places)
  const paths = places.flatMap((place) => there(place).split('\n')).filter((path) => path !== '')
  const saved: { path: string; kept: string; mode: string; owner: string }[] = []
  // One by one: an answer has a limit, and a plugin may be large.
  for (const key of [...new Set(paths)].sort()) {
    const content = { reader: contentReader, key }
    const answers = await scope.ask(node, [pathQuestion(key), content])
    const found = readPath(answers, key)
    // It went away since the list was made.
    if (!found) continue
    if (found.type !== 'file') {
      const what = `${key} is a ${found.type}, and what it leads to is not read`
      const remedy = 'put the file itself there, or go on without the files of this node with --force'
      throw hostError({ where: node.name, what, remedy })
    }
    const { mode, owner, group } = found
    const kept = `nodes/${node.name}${key}`
    await draft.write(kept, Buffer.from(answers(content), 'base64'))
    saved.push({ path: key, kept, mode, owner: `${owner}:${group}` })
  }
  if (saved.length > 0) return saved
  const what = `none of its files is there to be read, as in ${placesOf(node)[0]}`
  const remedy = 'see whether nacos.home is right and who reads it (--become), or go on without them with --force'
  throw hostError({ where: node.name, what, remedy })
}
