/**
 * Procedures on a real cluster: leadership moved and seen, a node drained while its clients notice nothing, a backup, all
 * data destroyed, and everything there again, table by table. The tests build on each other, in this order.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert, suite } from '../kit.ts'
import { quiet } from './connections.ts'
import { hearInTime, hearTooEarly } from './nacos/late-note.ts'
import {
  changesBetween,
  complaints,
  inside,
  inventory,
  mainPid,
  playbook,
  prepareLab,
  type Ran,
  site,
  snapshot,
  sql,
  testLab,
} from './playbook.ts'
import { randomFrom, seed } from './random.ts'

const test = suite('procedures')
const hosts = ['db1', 'nacos1', 'nacos2', 'nacos3']
const nodes = hosts.slice(1)
const folder = mkdtempSync(join(tmpdir(), 'plinth-procedures-'))
const backups = join(folder, 'backups')
let lab = ''

test.after(() => rmSync(folder, { recursive: true, force: true }))

const run = (name: string, ...args: readonly string[]): Promise<Ran> => playbook(name, ['-i', lab, ...args])
const ended = ({ code, stdout, stderr }: Ran, expected = 0): void =>
  assert.is(code, expected, `ended with ${code}:\n${stdout}${stderr}`)

console.log(`  PLINTH_SEED=${seed}`)
const random = randomFrom(seed)

/**
 * Runs a procedure again and again, each time killed some time after it has said the next of these words, as the seed
 * decides; and once to its end.
 */
async function runKilledAt(words: readonly RegExp[], name: string, ...args: readonly string[]): Promise<void> {
  for (const interruptAt of words) {
    const later = Math.round(300 * random())
    const { code, stderr } = await playbook(name, ['-i', lab, ...args], { interruptAt, later, signal: 'SIGKILL' })
    assert.is.not(code, 0, `${name} came to its end before it was killed at ${interruptAt} and ${later} ms:\n${stderr}`)
    await Promise.all(nodes.map((node) => quiet(testLab, node)))
  }
  ended(await run(name, ...args))
}

const at = (node: string, path: string): string => `http://${testLab.addressOf(node)}:8848/nacos${path}`
let token = ''
async function call(method: string, node: string, path: string, form: Record<string, string> = {}): Promise<string> {
  const query = method === 'POST' ? '' : `?${new URLSearchParams(form)}`
  const response = await fetch(at(node, `${path}${query}`), {
    method,
    headers: { Authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(5000),
    ...(method === 'POST' && { body: new URLSearchParams(form) }),
  })
  const text = await response.text()
  return response.ok ? text : `HTTP ${response.status} ${text}`
}

async function logIn(): Promise<void> {
  const form = {
    username: 'nacos',
    password: readFileSync(join(testLab.layout.folder, 'secrets/admin_password'), 'utf8').trim(),
  }
  token = (JSON.parse(await call('POST', 'nacos1', '/v1/auth/login', form)) as { accessToken: string }).accessToken
}

/** The leaders of all groups as each of these members says of itself, each once. */
async function leaders(...asked: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    asked.map(async (node) => {
      const { data } = JSON.parse(await call('GET', node, '/v1/core/cluster/nodes')) as {
        data: { ip: string; extendInfo: { raftMetaData: { metaDataMap: Record<string, { leader: string }> } } }[]
      }
      const own = data.find(({ ip }) => ip === testLab.addressOf(node))
      return Object.values(own?.extendInfo.raftMetaData.metaDataMap ?? {}).map(({ leader }) => leader)
    }),
  )
  return [...new Set(found.flat())].map(
    (leader) => nodes.find((node) => leader === `${testLab.addressOf(node)}:7848`) ?? leader,
  )
}

/** Checksums of all tables, as the server makes them. */
const checksums = async (): Promise<string> => {
  const tables = (await sql('SHOW TABLES')).trim().split('\n')
  return sql(`CHECKSUM TABLE ${tables.join(', ')}`)
}

const sets = (): readonly string[] => (existsSync(backups) ? readdirSync(backups).sort() : [])
const content = 'héllo 你好\n"\\\' ; -- \t end'

test(
  'there is a cluster, with data in it',
  async () => {
    await prepareLab(hosts, ['2.2.4'])
    lab = inventory('lab')
    const { code, report } = await site(lab)
    assert.is(code, 0, complaints(report))
    await logIn()
    for (let index = 0; index < 30; index++)
      assert.is(
        await call('POST', 'nacos1', '/v1/cs/configs', {
          dataId: `app${index}`,
          group: 'g',
          content: `${content} ${index}`,
        }),
        'true',
      )
    const instance = {
      serviceName: 'g1@@kept',
      ip: '192.0.2.4',
      port: '80',
      ephemeral: 'false',
      weight: '2',
      enabled: 'false',
      metadata: '{"a":"b"}',
    }
    assert.is(await call('POST', 'nacos1', '/v1/ns/instance', instance), 'ok')
  },
  { timeout: 900 },
)

test(
  'a check of each says what would be done, and changes nothing',
  async () => {
    const before = await Promise.all(hosts.map(snapshot))
    const tables = await checksums()
    const ledBefore = await leaders(...nodes)
    for (const args of [
      ['leader', '-e', `to=${nodes.find((node) => !ledBefore.every((leader) => leader === node))}`],
      ['drain', '-e', 'node=nacos2'],
      ['backup', '-e', `to=${backups}`],
    ] as const)
      ended(await run(args[0], ...args.slice(1), '--check'), 2)
    ended(await run('undrain', '-e', 'node=nacos2', '--check'))
    for (const [index, host] of hosts.entries())
      assert.equal(changesBetween(before[index]!, await snapshot(host)), [], host)
    assert.is(await checksums(), tables)
    assert.equal(await leaders(...nodes), ledBefore)
    assert.equal(sets(), [])
  },
  { timeout: 240 },
)

test(
  'leadership is moved, and every member says so, also when it was killed on the way',
  async () => {
    if ((await leaders(...nodes)).every((leader) => leader === 'nacos2')) ended(await run('leader', '-e', 'to=nacos1'))
    await runKilledAt([/^hand leadership to nacos2 on/m], 'leader', '-e', 'to=nacos2')
    assert.equal(await leaders(...nodes), ['nacos2'])
    const again = await run('leader', '-e', 'to=nacos2')
    ended(again)
    assert.match(again.stdout, /nothing to do/)
  },
  { timeout: 180 },
)

test(
  'a member that says nothing of a Raft group after its start is made to: another leads it',
  async () => {
    assert.equal(await leaders(...nodes), ['nacos2'])
    await hearTooEarly('nacos3')
    const said: string[] = []
    const made = /nacos3: .* says nothing of the Raft group (\w+); nacos1 is made its leader/
    try {
      // The leader may knock so late that the member has heard in time all the same: then it is started once more.
      while (said.length < 4 && !made.test(said.at(-1) ?? '')) {
        // A change that has it started anew.
        await inside('nacos3', 'rm /opt/nacos/releases/2.2.4/.plinth')
        const { code, stderr, report } = await site(lab)
        assert.is(code, 0, complaints(report))
        said.push(stderr)
      }
      assert.match(said.at(-1)!, made, said.join('\n'))
    } finally {
      await hearInTime('nacos3')
    }
    assert.equal((await leaders(...nodes)).toSorted(), ['nacos1', 'nacos2'])
    ended(await run('leader', '-e', 'to=nacos2'))
  },
  { timeout: 420 },
)

test(
  'a node is drained and comes back, killed on the way, while publishing through the others goes on',
  async () => {
    let over = false
    let published = 0
    const refused: string[] = []
    const publishing = (async () => {
      while (!over) {
        const node = published % 2 === 0 ? 'nacos1' : 'nacos3'
        const answer = await call('POST', node, '/v1/cs/configs', {
          dataId: 'busy',
          group: 'g',
          content: `${published}`,
        }).catch(String)
        if (answer !== 'true') refused.push(`${node}: ${answer}`)
        published++
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
    })()
    try {
      const points = [/^move leadership off nacos2 on/m, /^stop nacos2 on/m]
      await runKilledAt(points, 'drain', '-e', 'node=nacos2')
      assert.is(
        (await inside('nacos2', 'systemctl is-active nacos; systemctl is-enabled nacos').catch(String)).includes(
          'inactive',
        ),
        true,
      )
      assert.is((await inside('nacos2', 'systemctl is-enabled nacos')).trim(), 'enabled')
      assert.equal(await leaders('nacos1', 'nacos3'), ['nacos1'])
      // Another one must not go as well.
      const second = await run('drain', '-e', 'node=nacos3')
      ended(second, 1)
      assert.match(second.stderr, /1 of 3 members would serve, which is no majority/)
      await runKilledAt([/^start nacos2 on/m, /^wait /m], 'undrain', '-e', 'node=nacos2')
    } finally {
      over = true
      await publishing
    }
    assert.equal(refused, [])
    assert.ok(published > 20, String(published))
  },
  { timeout: 400 },
)

test(
  'a backup that is killed half-way leaves nothing that looks whole',
  async () => {
    const ran = await playbook('backup', ['-i', lab, '-e', `to=${backups}`], {
      interruptAt: /save table config_info /,
      signal: 'SIGKILL',
    })
    assert.is.not(ran.code, 0)
    assert.is(sets().length, 1)
    assert.match(sets()[0]!, /^\.unfinished-/)
    const from = await run('restore', '-e', `from=${join(backups, sets()[0]!)}`, '--check')
    ended(from, 4)
    assert.match(from.stderr, /there is no whole backup of this name/)
  },
  { timeout: 120 },
)

test(
  'the next one clears that away and is whole, and equal to the database',
  async () => {
    ended(await run('backup', '-e', `to=${backups}`))
    assert.is(sets().length, 1)
    assert.match(sets()[0]!, /^nacos-\d{8}T\d{6}Z$/)
    const checked = await run('restore', '-e', `from=${join(backups, sets()[0]!)}`, '--check')
    ended(checked)
    assert.match(checked.stdout, /nothing to do/)
  },
  { timeout: 180 },
)

test(
  'data destroyed, and restored: every table equal, every configuration served, the instance registered',
  async () => {
    const set = join(backups, sets()[0]!)
    // What the gate has left in the history is in no backup.
    await sql("DELETE FROM his_config_info WHERE group_id = 'PLINTH_GATE'")
    const before = await checksums()
    const pids = await Promise.all(nodes.map((node) => mainPid(node)))
    const tables = (await sql('SHOW TABLES')).trim().split('\n')
    assert.is(
      await call('DELETE', 'nacos1', '/v1/ns/instance', {
        serviceName: 'g1@@kept',
        ip: '192.0.2.4',
        port: '80',
        ephemeral: 'false',
      }),
      'ok',
    )
    await sql(`${tables.map((table) => `DELETE FROM ${table};`).join(' ')} DROP TABLE config_tags_relation`)
    // Something else came into one of them.
    await sql("INSERT INTO config_info (data_id, group_id, content) VALUES ('theirs', 'g', 'x')")
    const refused = await run('restore', '-e', `from=${set}`)
    ended(refused, 1)
    assert.match(
      refused.stderr,
      /table config_info holds 1 rows that are not those of the backup \(31\); say -e replace=true/,
    )
    assert.equal(await Promise.all(nodes.map((node) => mainPid(node))), pids, 'nothing was touched')

    // Killed between two tables, and gone on with.
    const args = ['-e', `from=${set}`, '-e', 'replace=true']
    const killed = await playbook('restore', ['-i', lab, ...args], {
      interruptAt: /rows into config_info /,
      signal: 'SIGKILL',
    })
    assert.is.not(killed.code, 0)
    assert.is.not(await checksums().catch(String), before)
    ended(await run('restore', ...args))
    assert.is(await checksums(), before)
    await logIn()
    for (const node of nodes)
      assert.is(await call('GET', node, '/v1/cs/configs', { dataId: 'app7', group: 'g' }), `${content} 7`, node)
    const { list } = JSON.parse(
      await call('GET', 'nacos3', '/v1/ns/catalog/instances', {
        serviceName: 'g1@@kept',
        clusterName: 'DEFAULT',
        namespaceId: 'public',
        pageNo: '1',
        pageSize: '9',
      }),
    ) as { list: { ip: string; weight: number; enabled: boolean; metadata: object }[] }
    assert.equal(
      list.map(({ ip, weight, enabled, metadata }) => ({ ip, weight, enabled, metadata })),
      [{ ip: '192.0.2.4', weight: 2, enabled: false, metadata: { a: 'b' } }],
    )
  },
  { timeout: 600 },
)

test(
  'a change of all nodes takes one after the other, and the Raft leader last',
  async () => {
    ended(await run('leader', '-e', 'to=nacos1'))
    await logIn()
    assert.equal(await leaders(...nodes), ['nacos1'])
    lab = inventory('lab', (text) => text.replace('xmx: 512m', 'xmx: 520m'))
    const ran = await run('site')
    ended(ran)
    const order = [...ran.stderr.matchAll(/^ {2}(nacos\d) +restart nacos\.service/gm)].map(([, node]) => node)
    assert.equal(order, ['nacos2', 'nacos3', 'nacos1'])
    assert.is(ran.stderr.match(/Nacos is healthy: 3 hosts/g)?.length, 4, 'before the first, and after each')
  },
  { timeout: 600 },
)

test(
  'a backup with one byte changed is refused before anything is asked of the database',
  async () => {
    const set = join(backups, sets()[0]!)
    writeFileSync(join(set, 'tables/users.sql'), 'CREATE TABLE users (id int);\n')
    const ran = await run('restore', '-e', `from=${set}`)
    ended(ran, 1)
    assert.match(ran.stderr, /damaged: tables\/users\.sql; take another copy/)
  },
  { timeout: 60 },
)

test.run()
