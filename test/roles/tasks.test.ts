/** The Nacos site as --list-tasks and --list-tags show it. */
import { join } from 'node:path'
import { width } from '../../lib/core/display.ts'
import { listsOf } from '../../lib/engine/listing.ts'
import { Connections } from '../../lib/engine/observe.ts'
import { type Play, play } from '../../lib/engine/play.ts'
import { limited } from '../../lib/engine/prerequisites.ts'
import { everything, type Tags } from '../../lib/engine/tags.ts'
import { tagLines, taskLines } from '../../lib/engine/tree.ts'
import { file } from '../../lib/resources/file.ts'
import { FakeWorld, plainFacts } from '../../lib/testing.ts'
import { loginOf, mysqlSchema } from '../../roles/mysql-schema.ts'
import { nacosGroundwork, nacosMembership, nacosService } from '../../roles/nacos.ts'
import { nacosHealthy } from '../../roles/nacos-health.ts'
import { golden } from '../golden.ts'
import { assert, suite } from '../kit.ts'
import { archives, cluster } from './nodes.ts'

const test = suite('roles/tasks')

/** As in playbooks/site.ts, without what is done on the controller. */
async function site(): Promise<readonly Play[]> {
  const { nodes, databases } = await cluster()
  return [
    play('schema', databases, () => mysqlSchema(nodes, archives()), { via: loginOf }),
    play('groundwork', nodes, (node, facts) => nacosGroundwork(node, archives(), facts)),
    play('members', nodes, (node, facts) => nacosMembership(node, nodes, facts)),
    play('nacos', nodes, (node, facts) => nacosService(node, nodes, archives(), facts), {
      serial: 1,
      gate: nacosHealthy(),
    }),
  ]
}

async function listed(plays: readonly Play[], world: FakeWorld, tags: Tags = everything) {
  const connections = new Connections(world)
  const { assignments, errors } = await listsOf(plays, { world, connections, forks: 5 }, tags)
  await connections.close()
  const text = (lines: readonly { text: string }[]): string => lines.map((line) => `${line.text}\n`).join('')
  return { tree: text(taskLines(plays, assignments)), tags: text(tagLines(assignments)), errors }
}

const only = (...words: string[]): Tags => ({ only: words, skip: [] })

test('the tree, as a whole and in parts', async () => {
  const plays = await site()
  const world = new FakeWorld()
  for (const { hosts } of plays) for (const { machine } of hosts) world.facts.set(machine.key, plainFacts)
  const one = limited(plays, new Set(['n1']))
  const parts = [
    ['--list-tasks', (await listed(plays, world)).tree],
    ['--list-tags', (await listed(plays, world)).tags],
    ['--list-tasks --tags cluster-conf', (await listed(plays, world, only('cluster-conf'))).tree],
    ['--list-tasks --tags table --limit n1', (await listed(one, world, only('table'))).tree],
    [
      '--list-tasks --skip-tags groundwork,nacos,schema',
      (await listed(plays, world, { only: [], skip: ['groundwork', 'nacos', 'schema'] })).tree,
    ],
  ]
  golden(join(import.meta.dirname, 'golden/tasks.txt'), parts.map(([title, text]) => `$ ${title}\n${text}`).join('\n'))
  assert.equal(world.log, [], 'the facts of earlier runs suffice')
})

test('machines without facts are asked for them, and for nothing else; one that is away is named', async () => {
  const plays = await site()
  const world = new FakeWorld()
  const [db] = plays[0]!.hosts
  world.cutOff(db!.machine.key)
  const { tree, errors } = await listed(plays, world)
  assert.equal(
    errors.map(({ code }) => code),
    [3],
  )
  assert.not(/schema:/.test(tree))
  assert.match(tree, /unit:nacos/)
  for (const { machine } of plays[1]!.hosts) assert.equal(world.machine(machine.key).asked, [['facts:machine']])
})

test('tags stand below each other, whatever the names before them are written in', async () => {
  const [host] = (await site())[1]!.hosts
  const world = new FakeWorld()
  world.facts.set(host!.machine.key, plainFacts)
  const tagged = (path: string) => ({ ...file(path, { content: '' }), tags: ['x'] })
  const { tree } = await listed([play('app', [host!], () => ['/srv/数据目录/配置', '/srv/a'].map(tagged))], world)
  const at = tree.split('\n').flatMap((line) => (/ x$/.test(line) ? [width(line)] : []))
  assert.equal(at, [30, 30], tree)
})

test.run()
