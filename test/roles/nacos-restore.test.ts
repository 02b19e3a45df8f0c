/** Backup and restore over a little Nacos and a little MySQL: what is kept, what is refused, and what a killed run leaves. */
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storage } from '../../lib/edge/storage.ts'
import { VaultKey } from '../../lib/edge/vault.ts'
import { rowText, TableSum } from '../../lib/mysql/dump.ts'
import { manifestFile, readManifest } from '../../lib/nacos/manifest.ts'
import { backup, backupName } from '../../roles/nacos-backup.ts'
import { sourceOf } from '../../roles/nacos-database.ts'
import { restore } from '../../roles/nacos-restore.ts'
import { assert, suite } from '../kit.ts'
import { FakeMysql, type FakeTable } from './fake-mysql.ts'
import { cluster, good } from './nodes.ts'
import { type Scene, scene, states, steps, told } from './scene.ts'

const test = suite('nacos-restore')
const folders: string[] = []
test.after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

const md5 = (text: string): string => createHash('md5').update(text).digest('hex')
const config = (dataId: string, content: string): readonly string[] => [dataId, 'g', '', content, md5(content)]
/** More rows than one statement carries, so that a kill can come between two. */
const many = Array.from({ length: 450 }, (_, index) => config(`app${index}`, `值 ${index}`))
const full: Readonly<Record<string, FakeTable>> = {
  config_info: { columns: ['data_id', 'group_id', 'tenant_id', 'content', 'md5'], rows: many },
  tenant_info: { columns: ['tenant_id'], rows: [['dev']] },
  users: {
    columns: ['username', 'password'],
    rows: [
      ['nacos', 'x'],
      ['li', null],
    ],
  },
}
const emptied = Object.fromEntries(Object.entries(full).map(([name, table]) => [name, { ...table, rows: [] }]))

const persistent = {
  list: [{ ip: '1.2.3.4', port: 80, weight: 1, enabled: true, ephemeral: false, clusterName: 'DEFAULT', metadata: {} }],
}

interface Stage extends Scene {
  readonly mysql: FakeMysql
  readonly where: string
  readonly registered: string[]
  /** What the nodes tell of the clusters of a service. */
  readonly catalog: { answer: { readonly status: number; readonly body: string } }
  backUp(passwords?: readonly VaultKey[], force?: boolean): ReturnType<Scene['carry']>
  giveBack(options?: {
    replace?: boolean
    check?: boolean
    passwords?: readonly VaultKey[]
  }): ReturnType<Scene['carry']>
}

const now = new Date('2026-01-02T03:04:05.678Z')
const set = 'nacos-20260102T030405Z'

/** A cluster whose database is `tables`; its files are one properties file per node. Who is `sick` is not ready. */
async function stage(tables = full, text = good, sick: ReadonlySet<string> = new Set()): Promise<Stage> {
  const registered: string[] = ['1.2.3.4']
  const catalog = { answer: { status: 200, body: '{"clusters":[{"name":"DEFAULT"}]}' } }
  const it = await scene(
    {
      down: [],
      fault: (node, line) => {
        if (sick.has(node) && line.endsWith('/readiness')) return { status: 500, body: 'warming up' }
        if (line.endsWith('/catalog/services'))
          return { status: 200, body: '{"serviceList":[{"name":"s","groupName":"g"}]}' }
        if (line.endsWith('/catalog/service')) return catalog.answer
        if (line.endsWith('/catalog/instances'))
          return { status: 200, body: JSON.stringify(registered.length > 0 ? persistent : { list: [] }) }
        if (line === 'POST /nacos/v1/ns/instance') registered.push('1.2.3.4')
        return undefined
      },
    },
    text,
  )
  const mysql = new FakeMysql(tables)
  const where = mkdtempSync(join(tmpdir(), 'plinth-restore-'))
  folders.push(where)
  it.world.database = async () => mysql.session()
  for (const [dataId, group, , content] of many) it.nacos.kept.set(`config ${group} ${dataId}`, content ?? '')
  for (const { machine } of it.nodes)
    it.world
      .machine(machine.key)
      .answer('files:/opt/nacos/conf', '/opt/nacos/conf/application.properties')
      .answer('stat:/opt/nacos/conf/application.properties', 'regular file|600|nacos|nacos|9')
      .answer('content:/opt/nacos/conf/application.properties', Buffer.from('secret=1\n').toString('base64'))
  const source = sourceOf(it.nodes, it.databases)
  return {
    ...it,
    mysql,
    where,
    registered,
    catalog,
    backUp: (passwords = [], force = false) =>
      it.carry(backup({ nodes: it.nodes, source, storage: storage(where, passwords), now, version: '0.1.0', force })),
    giveBack: async ({ replace = false, check = false, passwords = [] } = {}) => {
      const kept = storage(where, passwords)
      const manifest = readManifest((await kept.read(set, manifestFile)).toString(), set)
      return it.carry(restore({ nodes: it.nodes, source, storage: kept, set, manifest, replace }), check)
    },
  }
}

/** What state each action of a restore is in, nodes taken together. */
const summary = (result: Awaited<ReturnType<Scene['carry']>>): string =>
  [...new Set(result.actions.map(({ action, state }) => `${action.replace(/ n\d$/, '')} ${state}`))].join(', ')

test('a backup has every row, each file of every node, the instances, and a manifest without a secret', async () => {
  const it = await stage()
  assert.equal(states(await it.backUp()), ['kept', 'done'])
  assert.is(backupName('nacos', now), set)
  const folder = join(it.where, set)
  const manifest = readManifest(readFileSync(join(folder, 'manifest.json'), 'utf8'), set)
  assert.equal(
    manifest.tables.map(({ name, rows, parts }) => [name, rows, parts.length]),
    [
      ['config_info', 450, 1],
      ['tenant_info', 1, 1],
      ['users', 2, 1],
    ],
  )
  assert.equal(
    manifest.nodes.map(({ name, files }) => [name, files?.[0]?.mode, files?.[0]?.owner]),
    [
      ['n1', '0600', 'nacos:nacos'],
      ['n2', '0600', 'nacos:nacos'],
      ['n3', '0600', 'nacos:nacos'],
    ],
  )
  assert.is(readFileSync(join(folder, 'nodes/n2/opt/nacos/conf/application.properties'), 'utf8'), 'secret=1\n')
  // In public, and in the namespace that the database knows.
  assert.equal(
    (JSON.parse(readFileSync(join(folder, 'instances.json'), 'utf8')) as { namespace: string }[]).map(
      ({ namespace }) => namespace,
    ),
    ['dev', 'public'],
  )
  assert.not.match(readFileSync(join(folder, 'manifest.json'), 'utf8'), /secret|值/)
  assert.equal([it.mysql.writes, steps(it)], [[], []])
})

test('what is written while a backup is taken is in none of its tables', async () => {
  const it = await stage()
  it.mysql.whileReading = () => {
    it.mysql.tables = new Map(
      [...it.mysql.tables].map(([name, table]) => [name, { ...table, rows: [...table.rows, ['late']] }]),
    )
  }
  await it.backUp()
  const manifest = readManifest(readFileSync(join(it.where, set, 'manifest.json'), 'utf8'), set)
  assert.equal(
    manifest.tables.map(({ rows }) => rows),
    [450, 1, 2],
  )
  assert.is(it.mysql.tables.get('users')?.rows.length, 5)
})

test('a file that goes away before it is read is not kept, a node without any is not passed over', async () => {
  const it = await stage()
  const [first, second] = it.nodes.map(({ machine }) => it.world.machine(machine.key))
  first!.answer('files:/opt/nacos/conf', '/opt/nacos/conf/application.properties\n/opt/nacos/conf/gone.conf')
  assert.equal(states(await it.backUp()), ['kept', 'done'])
  const files = (): readonly (readonly string[] | undefined)[] =>
    readManifest(readFileSync(join(it.where, set, 'manifest.json'), 'utf8'), set).nodes.map((node) =>
      node.files?.map(({ path }) => path),
    )
  const one = ['/opt/nacos/conf/application.properties']
  assert.equal(
    [files(), existsSync(join(it.where, set, 'nodes/n1/opt/nacos/conf/gone.conf'))],
    [[one, one, one], false],
  )
  rmSync(join(it.where, set), { recursive: true })
  second!.answer('files:/opt/nacos/conf', '')
  const bare = await it.backUp()
  assert.equal([states(bare), readdirSync(it.where)], [['kept', 'failed'], []])
  assert.match(told(bare), /^n2: none of its files is there to be read, as in \/opt\/nacos\/conf; .*--force/)
  assert.equal(states(await it.backUp([], true)), ['kept', 'done'])
  assert.equal(files(), [one, undefined, one])
})

test('a file that is a link is not saved as an empty one, nor passed over', async () => {
  const it = await stage()
  const unit = '/etc/systemd/system/nacos.service'
  const [first] = it.nodes.map(({ machine }) => it.world.machine(machine.key))
  first!.answer(`files:${unit}`, unit)
  first!.answer(`stat:${unit}`, 'symbolic link|777|root|root|30|1')
  const stopped = await it.backUp()
  assert.equal([states(stopped), readdirSync(it.where)], [['kept', 'failed'], []])
  assert.match(told(stopped), /^n1: .*nacos.service is a link, and what it leads to is not read; .*--force/)
  assert.equal(states(await it.backUp([], true)), ['kept', 'done'])
})

test('a backup that fails leaves nothing behind', async () => {
  const it = await stage()
  it.world.cutOff(it.nodes[2]!.machine.key)
  const result = await it.backUp()
  assert.equal(states(result), ['kept', 'unreachable'])
  assert.equal(readdirSync(it.where), [])
})

test('forced, it goes on without a node that is away, and says so', async () => {
  const it = await stage()
  it.world.cutOff(it.nodes[2]!.machine.key)
  assert.equal(states(await it.backUp([], true)), ['kept', 'done'])
  const manifest = readManifest(readFileSync(join(it.where, set, 'manifest.json'), 'utf8'), set)
  assert.equal(
    manifest.nodes.map(({ files }) => files === null),
    [false, false, true],
  )
})

test('instances that can not be listed are not taken for none', async () => {
  const it = await stage()
  it.catalog.answer = { status: 500, body: 'caused: overloaded' }
  const result = await it.backUp()
  assert.equal([states(result), readdirSync(it.where)], [['kept', 'failed'], []])
  assert.match(told(result), /catalog\/service answers HTTP 500 caused: overloaded/)
  assert.equal(states(await it.backUp([], true)), ['kept', 'done'])
  assert.is(readManifest(readFileSync(join(it.where, set, 'manifest.json'), 'utf8'), set).instances, null)
})

test('no force goes on without what can not be written here', async () => {
  const it = await stage()
  const kept = storage(it.where, [])
  const spoilt = {
    ...kept,
    begin: async (name: string) => {
      const draft = await kept.begin(name)
      await draft.write('nodes', 'a file where the folder of the nodes should be')
      return draft
    },
  }
  const source = sourceOf(it.nodes, it.databases)
  const plan = { nodes: it.nodes, source, storage: spoilt, now, version: '0.1.0', force: true }
  const result = await it.carry(backup(plan))
  assert.equal(states(result), ['kept', 'failed'])
  assert.match(told(result), /^\S+: it can't be written \(ENOTDIR\); see to its path, its rights and the room/)
  assert.equal(readdirSync(it.where), [])
})

test('where nothing was lost, nothing is written and no node is stopped', async () => {
  const it = await stage()
  await it.backUp()
  assert.match(summary(await it.giveBack()), /^(?:[\w ]+ kept(, )?)+$/)
  assert.equal([it.mysql.writes, steps(it)], [[], []])
})

test('a check of a lost database says what would be done, in order, and writes nothing', async () => {
  const it = await stage()
  await it.backUp()
  it.mysql.tables = new Map(Object.entries(emptied))
  const result = await it.giveBack({ check: true })
  assert.is(
    summary(result),
    'verify the backup kept, compare the database with the backup kept, stop due, restore table config_info due, restore table tenant_info due, restore table users due, start unknown, wait until the cluster is healthy unknown, restore the persistent instances unknown, read back through unknown',
  )
  assert.equal([it.mysql.writes, steps(it)], [[], []])
})

test('all tables lost: stopped, restored row by row, started, registered, read back', async () => {
  const it = await stage()
  await it.backUp()
  const { users: _, ...left } = emptied
  it.mysql.tables = new Map(Object.entries(left))
  it.registered.length = 0
  const result = await it.giveBack()
  assert.equal(told(result), '')
  assert.equal(Object.fromEntries(it.mysql.tables), full)
  assert.equal(
    steps(it).map((line) => line.slice(3)),
    [
      'stop nacos.service',
      'start nacos.service',
      'stop nacos.service',
      'start nacos.service',
      'stop nacos.service',
      'start nacos.service',
    ],
  )
  assert.ok(it.registered.length > 0)
  assert.is(
    it.world.databaseAt({ user: 'admin', host: '127.0.0.1', port: 3306 }).holder,
    'tester on controller, pid 1, a test, run r1',
  )
})

test('killed at any insertion, a table is whole or as it was, and the next run ends equal', async () => {
  for (let dieAt = 0; dieAt < 5; dieAt++) {
    const it = await stage()
    await it.backUp()
    it.mysql.tables = new Map(Object.entries(emptied))
    it.mysql.dieAt = dieAt
    await it.giveBack().then(
      () => assert.unreachable('it should be killed'),
      (error: Error) => assert.is(error.message, 'killed'),
    )
    for (const [name, { rows }] of it.mysql.tables) assert.ok([0, full[name]!.rows.length].includes(rows.length), name)
    assert.equal(told(await it.giveBack()), '')
    assert.equal(Object.fromEntries(it.mysql.tables), full)
  }
})

test('other data is refused with both counts, and replaced when told so', async () => {
  const it = await stage()
  await it.backUp()
  it.mysql.tables = new Map(
    Object.entries({ ...emptied, config_info: { ...full.config_info!, rows: [config('theirs', 'x')] } }),
  )
  const refused = await it.giveBack()
  assert.match(
    told(refused),
    /table config_info holds 1 rows that are not those of the backup \(450\); say -e replace=true/,
  )
  assert.equal([it.mysql.writes, steps(it)], [[], []])
  assert.equal(told(await it.giveBack({ replace: true })), '')
  assert.equal(Object.fromEntries(it.mysql.tables), full)
})

test('the same number of rows is not the same rows', async () => {
  const it = await stage()
  await it.backUp()
  const rows = [...many.slice(1), config('app0', '另一个')]
  it.mysql.tables = new Map(Object.entries({ ...full, config_info: { ...full.config_info!, rows } }))
  assert.match(told(await it.giveBack()), /table config_info holds 450 rows that are not those of the backup \(450\)/)
})

test('the one user that the site itself writes is no other data', async () => {
  const it = await stage()
  await it.backUp()
  it.mysql.tables = new Map(
    Object.entries({ ...emptied, users: { ...full.users!, rows: [['nacos', 'made by the site']] } }),
  )
  assert.equal(told(await it.giveBack()), '')
  assert.equal(Object.fromEntries(it.mysql.tables), full)
})

const history = (...groups: readonly string[]): FakeTable => ({
  columns: ['nid', 'data_id', 'group_id'],
  rows: groups.map((group, index) => [String(index), `plinth-${index}`, group]),
})

test('what the gate published and took back is no other data either, but only that', async () => {
  const left = { ...full.config_info!, rows: [['plinth-0', 'PLINTH_GATE', '', 'killed', md5('killed')]] }
  const saved = { ...full, his_config_info: history('g', 'g') }
  const it = await stage(saved)
  await it.backUp()
  const fresh = { ...emptied, config_info: left }
  it.mysql.tables = new Map(Object.entries({ ...fresh, his_config_info: history('PLINTH_GATE', 'g') }))
  assert.match(told(await it.giveBack({ check: true })), /^database nacos: table his_config_info holds 1 rows [^\n]*$/)
  it.mysql.tables = new Map(Object.entries({ ...fresh, his_config_info: history(...Array(6).fill('PLINTH_GATE')) }))
  assert.equal(told(await it.giveBack()), '')
  assert.equal(Object.fromEntries(it.mysql.tables), saved)
})

const gateRows: FakeTable['rows'] = [
  ['8', 'plinth-8', 'PLINTH_GATE'],
  ['9', 'plinth-9', 'PLINTH_GATE'],
]
/** A history in which the gate has left some. */
const withGate = (table: FakeTable, rows = gateRows): FakeTable => ({ ...table, rows: [...table.rows, ...rows] })
const allKept = /^(?:[\w ]+ kept(, )?)+$/

test('a restore whose cluster was not well goes on after the site has mended that, and has used the cluster', async () => {
  const saved = { ...full, his_config_info: history('g', 'g') }
  const sick = new Set<string>()
  const it = await stage(saved, good, sick)
  await it.backUp()
  it.mysql.tables = new Map(Object.entries({ ...emptied, his_config_info: history() }))
  it.registered.length = 0
  sick.add('n2')
  assert.match(told(await it.giveBack()), /not ready: warming up; run playbooks\/site\.ts/)
  sick.clear()
  const before = steps(it)
  it.mysql.tables = new Map([...it.mysql.tables, ['his_config_info', withGate(saved.his_config_info)]])
  assert.equal(told(await it.giveBack()), '')
  assert.ok(it.registered.length > 0)
  assert.equal([steps(it), it.mysql.tables.get('his_config_info')?.rows.length], [before, 4])
})

test('what the gate has left is in no backup', async () => {
  const it = await stage({ ...full, his_config_info: withGate(history('g')) })
  await it.backUp()
  const { tables } = readManifest(readFileSync(join(it.where, set, 'manifest.json'), 'utf8'), set)
  assert.is(tables.find(({ name }) => name === 'his_config_info')?.rows, 1)
  assert.not.match(readFileSync(join(it.where, set, 'tables/his_config_info.00001.jsonl'), 'utf8'), /PLINTH_GATE/)
  assert.match(summary(await it.giveBack()), allKept)
})

/** Makes the set one of a Plinth that saved every row of a table. */
async function withAllOf(where: string, { columns, rows }: FakeTable, table = 'his_config_info'): Promise<void> {
  const kept = storage(where, [])
  const manifest = readManifest((await kept.read(set, manifestFile)).toString(), set)
  const part = `tables/${table}.00001.jsonl`
  const sums = readFileSync(join(where, set, 'SHA256SUMS'), 'utf8')
    .trim()
    .split('\n')
  const files = new Map(
    await Promise.all(
      sums.map(async (line) => [line.slice(66), (await kept.read(set, line.slice(66))).toString()] as const),
    ),
  )
  const sum = new TableSum()
  for (const row of rows) sum.add(rowText(row))
  files.set(part, rows.map((row) => `${rowText(row)}\n`).join(''))
  const all = { rows: sum.rows, digest: sum.digest, parts: [part] }
  const tables = manifest.tables.map((one) => (one.name === table ? { ...one, ...all } : one))
  files.set(manifestFile, JSON.stringify({ ...manifest, tables }))
  assert.is(tables.find(({ name }) => name === table)?.columns.length, columns.length)
  rmSync(join(where, set), { recursive: true })
  const draft = await kept.begin(set)
  for (const [file, content] of files) await draft.write(file, content)
  await draft.finish()
}

test('a backup that was made before, with what the gate had left, is given back as any other', async () => {
  const bare = history('g', 'g')
  const his = withGate(bare)
  const it = await stage({ ...full, his_config_info: his })
  await it.backUp()
  await withAllOf(it.where, his)
  for (const found of [his, bare, withGate(bare, gateRows.slice(1))]) {
    it.mysql.tables = new Map(Object.entries({ ...full, his_config_info: found }))
    assert.match(summary(await it.giveBack()), allKept)
  }
  assert.equal([it.mysql.writes, steps(it)], [[], []])
  it.mysql.tables = new Map(Object.entries({ ...full, his_config_info: history('g', 'other') }))
  assert.match(told(await it.giveBack()), /his_config_info holds 2 rows that are not those of the backup \(4\)/)
  it.mysql.tables = new Map(Object.entries({ ...emptied, his_config_info: history('PLINTH_GATE') }))
  assert.equal(told(await it.giveBack()), '')
  assert.match(summary(await it.giveBack()), allKept)
  // What is damaged is never read.
  writeFileSync(join(it.where, set, 'tables/his_config_info.00001.jsonl'), 'no row\n')
  it.mysql.tables = new Map(Object.entries({ ...full, his_config_info: history('g') }))
  assert.match(told(await it.giveBack()), /damaged: tables\/his_config_info\.00001\.jsonl/)
})

const capacity = (
  ...rows: readonly (readonly [group: string, quota: string, size: string, usage: string])[]
): FakeTable => ({
  columns: ['group_id', 'quota', 'max_size', 'usage'],
  rows,
})
const counted = [
  ['', '0', '0', '450'],
  ['g', '0', '0', '450'],
] as const
const anew = [
  ['', '0', '0', '0'],
  ['PLINTH_GATE', '0', '0', '0'],
] as const

test('what Nacos counts is no data, what somebody set beside it is', async () => {
  const set1 = ['limited', '5', '0', '1'] as const
  const set2 = ['small', '0', '100', '1'] as const
  const it = await stage({
    ...full,
    group_capacity: capacity(...counted, set1, set2),
    tenant_capacity: capacity(...counted),
  })
  await it.backUp()
  const rebuilt = (...more: readonly (typeof set1 | typeof set2)[]): ReadonlyMap<string, FakeTable> =>
    new Map(
      Object.entries({ ...emptied, group_capacity: capacity(...anew, ...more), tenant_capacity: capacity(...anew) }),
    )
  it.mysql.tables = rebuilt(['limited', '5', '0', '1'])
  assert.match(told(await it.giveBack()), /group_capacity holds 1 rows that are not those of the backup \(2\)/)
  it.mysql.tables = rebuilt()
  assert.equal(told(await it.giveBack()), '')
  assert.equal(it.mysql.tables.get('group_capacity')?.rows, [set1, set2])
  // The site uses the cluster, and Nacos counts that.
  it.mysql.tables = new Map([...it.mysql.tables, ['group_capacity', capacity(...anew, set1, set2)]])
  assert.match(summary(await it.giveBack()), allKept)
})

test('a backup that was made before, with what Nacos had counted, is given back as any other', async () => {
  for (const rows of [counted, [...counted, ['limited', '5', '0', '1'] as const]]) {
    const it = await stage({ ...full, group_capacity: capacity(...rows) })
    await it.backUp()
    await withAllOf(it.where, capacity(...rows), 'group_capacity')
    assert.match(summary(await it.giveBack()), allKept)
    for (const found of [anew, []]) {
      it.mysql.tables = new Map(Object.entries({ ...emptied, group_capacity: capacity(...found) }))
      assert.equal(told(await it.giveBack()), '')
      assert.match(summary(await it.giveBack()), allKept)
    }
  }
})

test('no statement is larger than the server takes, and a row that is stops nothing: it is told before', async () => {
  const large = (name: string, characters: number) => config(name, `'配\n`.repeat(characters / 3))
  // Characters are three bytes here, and escapes come on top; as many rows as would fit by their number of characters.
  const rows = [...Array.from({ length: 5 }, (_, index) => large(`s${index}`, 60_000)), large('big', 300_000)]
  const it = await stage({ ...full, config_info: { ...full.config_info!, rows } })
  for (const [id, group, , content] of rows) it.nacos.kept.set(`config ${group} ${id}`, content ?? '')
  await it.backUp()
  it.mysql.tables = new Map(Object.entries(emptied))
  it.mysql.packet = 600_000
  const refused = told(await it.giveBack({ replace: true }))
  assert.match(
    refused,
    /^database nacos: table config_info: a row of the backup takes 70\d{4} bytes, and the server takes 600000 \(max_allowed_packet\); SET GLOBAL max_allowed_packet = 1048576, [^\n]*$/,
  )
  assert.equal([it.mysql.writes, steps(it)], [[], []])
  // Little more than the largest row.
  it.mysql.packet = Number(/takes (\d+) bytes/.exec(refused)?.[1])
  assert.equal(told(await it.giveBack()), '')
  assert.equal(it.mysql.tables.get('config_info')?.rows, rows)
})

test('what is published while the nodes stop is not lost unless that was said', async () => {
  for (const replace of [false, true]) {
    const it = await stage()
    await it.backUp()
    it.mysql.tables = new Map(Object.entries(emptied))
    const machine = it.world.machine(it.nodes[0]!.machine.key)
    const theirs = { ...full.users!, rows: [['theirs', 'in no backup']] }
    machine.on('stop nacos.service', () => {
      machine.answer('unit:nacos.service', 'LoadState=loaded\nActiveState=inactive\nSubState=dead')
      it.mysql.tables = new Map([...it.mysql.tables, ['users', theirs]])
      return undefined
    })
    const result = await it.giveBack({ replace })
    const { rows } = it.mysql.tables.get('users')!
    assert.equal(rows, replace ? full.users!.rows : theirs.rows)
    if (replace) assert.equal(told(result), '')
    else {
      assert.match(
        told(result),
        /^database nacos: table users holds 1 rows that are not those of the backup \(2\); [^\n]*$/,
      )
      assert.match(
        told(result),
        /they came since the comparison: say -e replace=true .* \(playbooks\/site\.ts starts the nodes\)/,
      )
      assert.match(summary(result), /restore table users blocked/)
      // The same command goes no further, and with the word it ends well.
      assert.match(told(await it.giveBack()), /table users holds 1 rows [^\n]*; say -e replace=true/)
      assert.equal(told(await it.giveBack({ replace: true })), '')
      assert.equal(Object.fromEntries(it.mysql.tables), full)
    }
  }
})

test('a schema that lacks a column of the backup is refused before anything is lost; a newer one takes it', async () => {
  const it = await stage()
  await it.backUp()
  it.mysql.tables = new Map(Object.entries({ ...emptied, users: { columns: ['username'], rows: [] } }))
  assert.match(
    told(await it.giveBack()),
    /table users has no column password, which the backup has; restore into the schema of that version/,
  )
  assert.equal(it.mysql.writes, [])
  it.mysql.tables = new Map(
    Object.entries({ ...emptied, users: { columns: ['username', 'enabled', 'password'], rows: [] } }),
  )
  assert.equal(told(await it.giveBack()), '')
  assert.equal(it.mysql.tables.get('users')?.rows, [
    ['nacos', null, 'x'],
    ['li', null, null],
  ])
})

test('a damaged backup, and one that no password opens, are refused before anything is touched', async () => {
  const it = await stage()
  const password = [new VaultKey('right')]
  await it.backUp(password)
  it.mysql.tables = new Map(Object.entries(emptied))
  for (const passwords of [[], [new VaultKey('wrong')]])
    assert.match(told(await it.giveBack({ passwords })), /no vault password was given|the vault password is wrong/)
  const part = join(it.where, set, 'tables/users.00001.jsonl')
  const before = readFileSync(part, 'utf8')
  writeFileSync(part, before.replace(/\d\n$/, '0\n1'))
  assert.match(told(await it.giveBack({ passwords: password })), /damaged: tables\/users\.00001\.jsonl/)
  assert.equal([it.mysql.writes, steps(it)], [[], []])
  writeFileSync(part, before)
  assert.equal(told(await it.giveBack({ passwords: password })), '')
  assert.equal(Object.fromEntries(it.mysql.tables), full)
})

test('a node that serves something else than the database is found', async () => {
  const it = await stage()
  await it.backUp()
  it.nacos.kept.set('config g app3', 'stale')
  const result = await it.giveBack()
  assert.match(
    told(result),
    /expected that it serves the configurations that are in the database, found after 60 s: app3 in g is another there/,
  )
})

test('a node that serves what is there does so whatever digest somebody wrote beside it', async () => {
  const byHand = [['app0', 'g', '', '值 0', null], ['app1', 'g', '', '值 1', ''], ...many.slice(2)]
  const it = await stage({ ...full, config_info: { ...full.config_info!, rows: byHand } })
  await it.backUp()
  assert.equal(told(await it.giveBack()), '')
})

test('the database is the one of the group mysql, or that of the nodes; an embedded cluster has none', async () => {
  const { nodes, databases } = await cluster()
  assert.equal([sourceOf(nodes, databases).login.user, sourceOf(nodes, databases).host.name], ['admin', 'db1'])
  assert.equal([sourceOf(nodes, []).login.user, sourceOf(nodes, []).host.name], ['nacos', 'n1'])
  const embedded = nodes.map((node) => ({ ...node, params: { ...node.params, database: undefined } }))
  assert.throws(() => sourceOf(embedded, []), /these nodes keep their data themselves/)
})

test.run()
