/** Whole runs with --tags, --limit and --step over fake hosts: what is asked, what is done, and what people see. */
import { join } from 'node:path'
import { tagged } from '../../lib/core/tagged.ts'
import { consenting } from '../../lib/edge/consent.ts'
import { openConsole } from '../../lib/edge/console.ts'
import { Planned } from '../../lib/engine/planned.ts'
import { type Play, play } from '../../lib/engine/play.ts'
import { limited } from '../../lib/engine/prerequisites.ts'
import type { Options } from '../../lib/engine/run.ts'
import { outsideLines } from '../../lib/engine/unselected.ts'
import type { Consent, Result } from '../../lib/engine/world.ts'
import { recap } from '../../lib/report/recap.ts'
import { FakeWorld, plainFacts, run } from '../../lib/testing.ts'
import { answering } from '../edge/askers.ts'
import { golden } from '../golden.ts'
import { assert, suite } from '../kit.ts'
import { reported } from '../report/runs.ts'
import { captured } from './captured.ts'
import { gateOf, hosts, there, thing, works } from './thing.ts'

const test = suite('engine/selected')
const nodes = ['n1', 'n2', 'n3']
const everyone = ['db1', ...nodes]

/** A database, what is laid out on the nodes, and a service that runs with it. */
function site(world: FakeWorld): readonly Play[] {
  const { gate } = gateOf(world)
  const conf = thing('conf')
  return [
    play('schema', hosts('db1'), () => tagged('tables', [thing('table')])),
    play('ground', hosts(...nodes), () => [...tagged('base', [thing('folder')]), ...tagged('conf', [conf])]),
    play('service', hosts(...nodes), () => tagged('run', [thing('unit', [thing('folder'), conf])]), {
      serial: 1,
      gate,
    }),
  ]
}

/** A world in which steps work, these things are there on every host, and the facts are known. */
function worldWith(...names: readonly string[]): FakeWorld {
  const world = new FakeWorld()
  for (const name of everyone) {
    there(world, name, ...names)
    works(world, name, 'table', 'folder', 'conf', 'unit')
    world.facts.set(name, plainFacts)
  }
  return world
}

const names = (text: string): ReadonlySet<string> => new Set(text.split(' '))
const deeds = (world: FakeWorld): readonly string[] =>
  everyone.flatMap((name) => world.machine(name).steps.map(({ say }) => `${name}: ${say}`))
const complaints = ({ failures }: Result): readonly string[] =>
  failures.flatMap(({ kind, problems }) =>
    problems.map(({ where, what, remedy }) => `${kind} ${where}: ${what}; ${remedy}`),
  )
const states = ({ hosts }: Result): string => hosts.map(({ host, state }) => `${host} ${state}`).join(', ')

test('tags: only what is selected is changed, read again and counted; nobody else is asked', async () => {
  const world = worldWith('folder', 'unit')
  const { result } = await run(site(world), world, { tags: { only: ['conf'], skip: [] } })
  assert.equal(complaints(result), [])
  assert.equal(
    deeds(world),
    nodes.map((name) => `${name}: make conf`),
  )
  assert.equal(world.machine('db1').asked, [], 'nothing of the database is selected')
  assert.is(states(result), 'n1 ok, n2 ok, n3 ok')
  assert.equal(
    result.hosts.map(({ kept, changed }) => [kept, changed]),
    nodes.map(() => [0, 1]),
  )
})

test('tags: a selected part that is as declared costs one round trip per machine, and no gate that is not its own', async () => {
  const world = worldWith('conf')
  const { result } = await run(site(world), world, { check: true, tags: { only: ['conf'], skip: [] } })
  assert.equal(complaints(result), [])
  assert.equal(
    everyone.map((name) => world.machine(name).asked.length),
    [0, 1, 1, 1],
  )
  assert.not(world.log.some((line) => line.startsWith('gate')))
  assert.ok(result.plans.every(({ plans }) => plans.every(({ action }) => action === 'keep')))
})

test('tags: the gate of a play in which something is selected is asked', async () => {
  const world = worldWith('folder', 'conf', 'unit')
  await run(site(world), world, { check: true, tags: { only: ['run'], skip: [] } })
  assert.ok(world.log.some((line) => line.startsWith('gate')))
})

test('tags: blocked by what is not selected, nothing is written anywhere; with force it goes on', async () => {
  const world = worldWith('conf')
  const refused = await run(site(world), world, { tags: { only: ['run'], skip: [] } })
  assert.equal(deeds(world), [])
  assert.match(complaints(refused.result)[0]!, /^blocked thing:unit: it stands on thing:folder, .*add --tags base/)
  const { result } = await run(site(world), world, { force: true, tags: { only: ['run'], skip: [] } })
  assert.equal(
    deeds(world),
    nodes.map((name) => `${name}: make unit`),
  )
  assert.equal(complaints(result), [])
})

test('tags: an unknown one is refused before anybody is asked; on first contact facts alone are', async () => {
  const world = worldWith()
  const refused = async (): Promise<string> => {
    try {
      await run(site(world), world, { tags: { only: ['bsae'], skip: [] } })
      return 'not refused'
    } catch (error) {
      assert.is((error as { code?: number }).code, 4)
      return (error as Error).message
    }
  }
  assert.match(await refused(), /^--tags: there is no tag "bsae"; did you mean "base"\? known: base, conf, ground/)
  assert.equal(world.log, [])
  world.facts.delete('n2')
  assert.match(await refused(), /did you mean "base"/)
  assert.equal(world.log, ['n2: connect', 'n2: ask'])
  assert.equal(world.machine('n2').asked, [['facts:machine']])
})

test('tags that leave nothing are a mistake', async () => {
  const world = worldWith()
  try {
    await run(site(world), world, { tags: { only: ['conf'], skip: ['ground'] } })
    assert.unreachable('it should be refused')
  } catch (error) {
    assert.match((error as Error).message, /^--tags: nothing on these hosts is selected; see what there is/)
    assert.equal(world.log, [])
  }
})

test('limit: what stands before is looked at and not changed; nothing of other hosts of the same play', async () => {
  const world = worldWith('table', 'folder', 'unit')
  const { result } = await run(limited(site(world), names('n1')), world)
  assert.equal(complaints(result), [])
  assert.equal(deeds(world), ['n1: make conf', 'n1: restart unit'])
  assert.equal(
    everyone.map((name) => world.machine(name).asked.length > 0),
    [true, true, false, false],
  )
  assert.is(states(result), 'n1 ok', 'the database is no host of this run')
})

test('limit: a difference before what is selected blocks, and force goes on', async () => {
  const world = worldWith('folder', 'unit')
  const { result } = await run(limited(site(world), names('n1')), world)
  assert.equal(deeds(world), [])
  assert.equal(complaints(result), [
    'blocked db1: service stands on schema here, where thing:table differs; add db1 to --limit, or go on with --force',
  ])
  assert.is(states(result), 'db1 blocked, n1 ok')
  const forced = await run(limited(site(world), names('n1')), world, { force: true })
  assert.equal(complaints(forced.result), [])
  assert.equal(deeds(world), ['n1: make conf', 'n1: restart unit'])
})

test('limit: a difference before it is no failure where nothing is to be changed', async () => {
  const world = worldWith('folder', 'conf', 'unit')
  const { result } = await run(limited(site(world), names('n1')), world, { check: true })
  assert.equal(complaints(result), [])
  assert.is(states(result), 'n1 ok')
})

test('limit: what stands before and can’t be reached blocks as unreachable, and force goes on', async () => {
  const world = worldWith('folder', 'unit')
  world.cutOff('db1')
  const { result } = await run(limited(site(world), names('n1')), world)
  assert.equal(deeds(world), [])
  assert.match(complaints(result)[1]!, /^unreachable db1: service stands on schema here, which could not be looked at/)
  const forced = await run(limited(site(world), names('n1')), world, { force: true })
  assert.equal(complaints(forced.result), [])
  assert.equal(deeds(world), ['n1: make conf', 'n1: restart unit'])
})

test('limit: what comes after, or has a host left, is no prerequisite', () => {
  const shape = (limit: string): string =>
    limited(site(worldWith()), names(limit))
      .map(({ name, hosts, prerequisite }) => `${name}${prerequisite ? '!' : ''} ${hosts.map(({ name }) => name)}`)
      .join('; ')
  assert.is(shape('db1'), 'schema db1; ground ; service ')
  assert.is(shape('n1 n3'), 'schema! db1; ground n1,n3; service n1,n3')
  assert.is(shape('db1 n2'), 'schema db1; ground n2; service n2')
})

test('limit and tags: what tags don’t find in a prerequisite is not looked at either', async () => {
  const world = worldWith('folder', 'unit')
  const { result } = await run(limited(site(world), names('n1')), world, { tags: { only: ['conf'], skip: [] } })
  assert.equal(complaints(result), [])
  assert.equal(deeds(world), ['n1: make conf'])
  assert.equal(world.machine('db1').asked, [])
})

test('limit and tags: of a prerequisite only what the tags find counts', async () => {
  const plays = (world: FakeWorld): readonly Play[] => {
    const [schema, ...others] = site(world)
    const more = { ...schema!, desired: () => [...tagged('conf', [thing('table')]), thing('row')] }
    return limited([more, ...others], names('n1'))
  }
  const world = worldWith('table', 'folder', 'unit')
  const { result } = await run(plays(world), world, { tags: { only: ['conf'], skip: [] } })
  assert.equal(complaints(result), [])
  assert.equal(deeds(world), ['n1: make conf'])
  const missing = worldWith('row', 'folder', 'unit')
  const blocked = await run(plays(missing), missing, { tags: { only: ['conf'], skip: [] } })
  assert.match(complaints(blocked.result)[0]!, /^blocked db1: ground stands on schema here, where thing:table differs/)
})

test('limit and tags: a tag of a play that is left out is no unknown one', async () => {
  const world = worldWith()
  try {
    await run(limited(site(world), names('db1')), world, { tags: { only: ['run'], skip: [] } })
    assert.unreachable('it should be refused')
  } catch (error) {
    assert.match((error as Error).message, /^--tags: nothing on these hosts is selected/)
  }
})

test('limit: what a prerequisite’s host declares in other plays is no leftover', async () => {
  const world = worldWith('table', 'folder', 'conf', 'unit', 'swap')
  world.machine('db1').answer('receipts:machine', 'test\tdb1\tthing:swap')
  const plays = [...site(world), play('base', hosts(...everyone), () => [thing('swap')])]
  const { result } = await run(limited(plays, names('n1')), world, { prune: true })
  assert.equal(result.leftovers, [])
  assert.equal(complaints(result), [])
})

test('limit: a saved plan holds nothing of a prerequisite, and is done all the same', async () => {
  const world = worldWith('table', 'folder', 'unit')
  const plays = limited(site(world), names('n1'))
  const { result } = await run(plays, world, { check: true, planned: new Planned(null) })
  assert.equal(
    result.record!.plays.map(({ play, hosts }) => `${play} ${hosts.map(({ host }) => host)}`),
    ['schema ', 'ground n1', 'service n1'],
  )
  const planned = new Planned({ ...result.record!, plinth: '0', made: '', playbook: '', selection: {} } as never)
  assert.equal(complaints((await run(plays, world, { planned })).result), [])
  assert.equal(deeds(world), ['n1: make conf', 'n1: restart unit'])
})

test('limit: nothing is removed from the host of a prerequisite', async () => {
  const world = worldWith('table', 'folder', 'conf', 'unit', 'gone')
  world.machine('db1').answer('receipts:machine', 'test\tdb1\tthing:gone')
  const { result } = await run(limited(site(world), names('n1')), world, { prune: true })
  assert.equal(result.leftovers, [])
})

test('tags: a machine remembers only what the run may have made, and nothing there is a leftover', async () => {
  const world = worldWith('folder', 'unit')
  world.machine('n1').answer('receipts:machine', 'test\tn1\tthing:gone')
  const { result } = await run(site(world), world, { tags: { only: ['conf'], skip: [] } })
  assert.equal(result.leftovers, [])
  assert.equal(
    ['n1', 'n2'].map((name) => world.machine(name).traces[0]?.receipt?.owned.map(({ id }) => id)),
    [['thing:gone', 'thing:conf'], ['thing:conf']],
  )
})

/** A run in which a person answers in turn, and what was asked. */
async function stepped(world: FakeWorld, plays: readonly Play[], answers: readonly Consent[]) {
  const questions: string[] = []
  const controller = new AbortController()
  const ask = async (question: string): Promise<Consent> => {
    // Whoever is asked takes their time: nobody else may come in between.
    await new Promise((resolve) => setTimeout(resolve, 1))
    const answer = answers[questions.length]
    assert.ok(answer !== undefined, `nobody expected ${question}`)
    questions.push(question)
    if (answer === 'quit') controller.abort()
    return answer!
  }
  const { result } = await run(plays, world, { ask, signal: controller.signal })
  return { result, questions }
}

test('step: host by host; no is for that, for what stands on it, in later plays too, and is no failure', async () => {
  const world = worldWith('table', 'unit')
  const { result, questions } = await stepped(world, site(world), [
    'yes',
    'yes',
    'yes',
    'no',
    'yes',
    'yes',
    'yes',
    'yes',
  ])
  assert.equal(questions, [
    'n1: make folder?',
    'n1: make conf?',
    'n2: make folder?',
    'n2: make conf?',
    'n3: make folder?',
    'n3: make conf?',
    'n1: restart unit?',
    'n3: restart unit?',
  ])
  assert.not(deeds(world).some((deed) => deed === 'n2: make conf' || deed === 'n2: restart unit'))
  assert.equal(complaints(result), [])
  assert.equal(
    [...result.refused].map(([host, ids]) => [host, [...ids]]),
    [['n2', ['thing:conf', 'thing:unit']]],
  )
  const [, end] = world.machine('n2').traces.map(({ line }) => line.replace(/.* (?=begin|end)/, ''))
  assert.is(end, 'end: ok without thing:conf')
})

test('step: continue asks nobody any more, and goes on side by side', async () => {
  const world = worldWith('table', 'unit')
  const { result, questions } = await stepped(world, site(world), ['yes', 'all'])
  assert.equal(questions, ['n1: make folder?', 'n1: make conf?'])
  assert.is(deeds(world).length, 9)
  const begun = (name: string): number => world.log.indexOf(`${name}: make folder`)
  assert.ok(begun('n3') < world.log.indexOf('n2: make conf'), 'n3 has begun before n2 is done')
  assert.equal(complaints(result), [])
})

test('step: quit leaves what was asked about undone, and is an interrupt', async () => {
  const world = worldWith('table', 'unit')
  const { result } = await stepped(world, site(world), ['yes', 'quit'])
  assert.equal(deeds(world), ['n1: make folder'])
  assert.ok(result.interrupted)
  assert.equal([...result.refused], [], 'quitting is no answer to the question')
})

test('step: a gate does not wait for a node that was left out', async () => {
  const world = worldWith('table', 'folder', 'conf')
  const { result } = await stepped(world, site(world), ['yes', 'no', 'yes'])
  assert.equal(complaints(result), [])
  assert.equal(
    world.log.filter((line) => line.startsWith('gate')),
    ['gate: n1', 'gate: n1', 'gate: n1 n3, deep'],
  )
})

test('the words of an answer; anything else is asked again; a terminal that goes away means quit', async () => {
  const run = new AbortController()
  const strange = ['', 'what', 'constructor', '__proto__', 'toString']
  const asker = answering(...strange, 'y', 'No', 'continue', 'c', 'q')
  const ask = consenting(asker, run)
  const given: Consent[] = []
  const quit: boolean[] = []
  for (let i = 0; i < 6; i++) {
    given.push(await ask('n1: make it?'))
    quit.push(run.signal.aborted)
  }
  assert.equal(given, ['yes', 'no', 'all', 'all', 'quit', 'quit'])
  assert.equal(quit, [false, false, false, false, true, true])
  assert.is(asker.questions[0], 'n1: make it? (y)es, (n)o, (c)ontinue without asking, (q)uit: ')
  assert.is(asker.questions.length, strange.length + 5)
  const other = answering('y')
  await consenting(other, new AbortController())('n1: make\n\tit?')
  assert.match(other.questions[0] ?? '', /^n1: make it\? /)
})

/** One run and what is seen of it. */
async function seen(title: string, world: FakeWorld, plays: readonly Play[], options: Partial<Options> = {}) {
  const { check = false } = options
  const text = await captured(async () => {
    const screen = openConsole({ json: false, check, verbosity: 0, diff: false }, null)
    const { result } = await run(plays, world, { ...options, report: (event) => screen.report(event) })
    screen.result([...recap(reported(result, check)), ...outsideLines(result, check)])
    screen.end()
  })
  return `$ ${title}\n${text}\n`
}

test('what people see', async () => {
  const tags = (...only: string[]) => ({ tags: { only, skip: [] } })
  const parts = [
    await seen('--tags conf --check, the folder is missing', ...of('unit'), { check: true, ...tags('conf') }),
    await seen('--tags conf', ...of('folder', 'unit'), tags('conf')),
    await seen('--tags conf, which is as declared', ...of('conf'), tags('conf')),
    await seen('--tags run, which stands on what differs', ...of('table'), tags('run')),
    await seen('--tags run --force', ...of('table'), { ...tags('run'), force: true }),
    await seen('--limit n1', ...of('table', 'folder', 'unit', 'n1')),
    await seen('--limit n1 --check, the schema differs', ...of('folder', 'unit', 'n1'), { check: true }),
    await seen('--limit n1, nothing to do, the schema differs', ...of('folder', 'conf', 'unit', 'n1')),
    await seen('--step: no to the configuration of n2', ...of('table', 'folder', 'unit'), {
      ask: async (question) => (question === 'n2: make conf?' ? 'no' : 'yes'),
    }),
  ]
  golden(join(import.meta.dirname, 'golden/selected.txt'), parts.join('\n'))
})

/** A world in which these things are there, and its site; with `n1` among them limited to that host. */
function of(...things: readonly string[]): [FakeWorld, readonly Play[]] {
  const world = worldWith(...things)
  return [world, things.includes('n1') ? limited(site(world), names('n1')) : site(world)]
}

test.run()
