/** Plans that are saved and done later: exactly what was planned, or nothing. */
import type { Resource } from '../../lib/core/resource.ts'
import { resource } from '../../lib/core/resource.ts'
import { readSavedPlan, type SavedPlan, savedPlanText } from '../../lib/core/saved-plan.ts'
import { Secret } from '../../lib/core/secret.ts'
import { Planned } from '../../lib/engine/planned.ts'
import { type Play, play } from '../../lib/engine/play.ts'
import type { Options } from '../../lib/engine/run.ts'
import type { Event } from '../../lib/engine/world.ts'
import { leftover } from '../../lib/resources/leftover.ts'
import { FakeWorld, fakeHost, plainFacts, run } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'
import { gateOf, hosts, is, removal, there, thing, works } from './thing.ts'

const test = suite('engine/planned')

/** Fake machines that say who they are. */
function worldOf(...names: readonly string[]): FakeWorld {
  const world = new FakeWorld()
  for (const [index, name] of names.entries())
    world.machine(name).answer('firstLine:/etc/machine-id', String(index + 1).repeat(32))
  return world
}

/** Makes a plan of a site, and reads it as the next run would. */
async function planOf(site: readonly Play[], world: FakeWorld, options: Partial<Options> = {}): Promise<SavedPlan> {
  const { result } = await run(site, world, { check: true, planned: new Planned(null), ...options })
  assert.equal(result.failures, [])
  const plan = { plinth: '1', made: '2020-01-01T00:00:00Z', playbook: 'a test', selection, ...result.record! }
  return readSavedPlan('plan', savedPlanText(plan), '1')
}
const selection = { inventory: [], limit: null, extraVars: [], prune: false }

/** Does a saved plan. */
const perform = (plan: SavedPlan, site: readonly Play[], world: FakeWorld, options: Partial<Options> = {}) =>
  run(site, world, { planned: new Planned(plan), ...options })

const written = (world: FakeWorld): readonly string[] => world.log.filter((line) => /: (make|restart|set) /.test(line))
const refusals = (events: readonly Event[]): readonly string[] =>
  events.flatMap((event) =>
    event.kind === 'refused' ? event.problems.map(({ where, what }) => `${where}: ${what}`) : [],
  )

/** A thing whose state is a word, and which keeps others beside it that nobody declares. */
const valued = (name: string, value: string | Secret, more: Partial<Resource> = {}): Resource => {
  const word = value instanceof Secret ? value.reveal() : value
  const question = { reader: is, key: name }
  return {
    ...resource<{ readonly [key: string]: string; readonly value: string; readonly beside: string }>({
      id: `valued:${name}`,
      probe: [question],
      read(answers) {
        const [value = '', beside = ''] = answers(question).split('|')
        return value === '' ? null : { value, beside }
      },
      desired: { value: word },
      secret: () => value instanceof Secret,
      steps: () => [{ say: `set ${name}`, run: `set ${name}`, input: word }],
    }),
    ...more,
  }
}

test('a plan is done as it was made: every item, in order, and the file says nothing that is not shown', async () => {
  const world = worldOf('h1', 'h2')
  there(world, 'h1', 'b')
  for (const name of ['h1', 'h2']) works(world, name, 'a', 'b')
  const site = [play('p', hosts('h1', 'h2'), () => [thing('a'), thing('b')], { serial: 1 })]
  const plan = await planOf(site, world)
  assert.equal(
    plan.plays[0]?.hosts.map(({ host, items, kept }) => [host, items.map(({ id }) => id), Object.keys(kept)]),
    [
      ['h1', ['thing:a'], ['thing:b']],
      ['h2', ['thing:a', 'thing:b'], []],
    ],
  )
  assert.equal(plan.plays[0]?.hosts[0]?.items[0]?.changes, [{ key: 'state', from: null, to: 'new' }])
  assert.equal(written(world), [])
  const { result } = await perform(plan, site, world)
  assert.equal(result.failures, [])
  assert.equal(written(world), ['h1: make a', 'h2: make a', 'h2: make b'])
  assert.equal(result.saved, { of: 3, done: 0, refused: false })
})

test('what moved on one host is named, and nothing is written on any', async () => {
  const names = ['h1', 'h2', 'h3']
  const world = worldOf(...names)
  for (const name of names) world.machine(name).answer('is:a', 'old|1')
  const site = [play('p', hosts(...names), () => [valued('a', 'new')], { maxFailures: '100%' })]
  const plan = await planOf(site, world)
  world.machine('h2').answer('is:a', 'other|1')
  const { result, events } = await perform(plan, site, world)
  assert.equal(refusals(events), ['h2 valued:a: the host moved since the plan was made: value was old, is other'])
  assert.equal(
    result.hosts.map(({ state }) => state),
    ['ok', 'blocked', 'ok'],
  )
  assert.equal(written(world), [])
  assert.not(events.some(({ kind }) => kind === 'planned'))
})

interface Move {
  readonly name: string
  readonly before?: string
  readonly now: string
  readonly says: string
}

const moves: readonly Move[] = [
  { name: 'what was right is not any more', before: 'new|1', now: 'old|1', says: 'value was new, is old' },
  {
    name: 'what nobody declares, of something that is to change',
    before: 'old|1',
    now: 'old|2',
    says: 'beside is another',
  },
  { name: 'what was not there is', now: 'old|1', says: 'it was not there, and is now' },
  { name: 'what was there is not', before: 'old|1', now: '', says: 'it was there, and is not any more' },
]

for (const { name, before = '', now, says } of moves) {
  test(`refused: ${name}`, async () => {
    const world = worldOf('h1')
    const site = [play('p', hosts('h1'), () => [valued('a', 'new')])]
    world.machine('h1').answer('is:a', before)
    const plan = await planOf(site, world)
    world.machine('h1').answer('is:a', now)
    const { events } = await perform(plan, site, world)
    assert.equal(refusals(events), [`h1 valued:a: the host moved since the plan was made: ${says}`])
    assert.equal(written(world), [])
  })
}

test('a secret that moved is named and not shown', async () => {
  const world = worldOf('h1')
  world.machine('h1').answer('is:a', 'hunter1|1')
  const site = [play('p', hosts('h1'), () => [valued('a', new Secret('hunter2'))])]
  const plan = await planOf(site, world)
  world.machine('h1').answer('is:a', 'hunter3|1')
  const { events } = await perform(plan, site, world)
  assert.equal(refusals(events), ['h1 valued:a: the host moved since the plan was made: value is another'])
})

test('what is right, and changed in what nobody declares, is still right', async () => {
  const world = worldOf('h1')
  world.machine('h1').answer('is:a', 'new|1')
  const site = [play('p', hosts('h1'), () => [valued('a', 'new')])]
  const plan = await planOf(site, world)
  world.machine('h1').answer('is:a', 'new|2')
  const { result } = await perform(plan, site, world)
  assert.equal(result.failures, [])
})

/** The same items, gone through otherwise: how many may be away or fail, and what is waited for, was part of the review. */
const otherwise = Object.fromEntries(
  Object.entries({
    serial: { serial: 1 },
    maxFailures: { maxFailures: 1 },
    startTogether: { startTogether: true },
    gate: { gate: gateOf(new FakeWorld()).gate },
  }).map(([name, options]) => [
    `another ${name}`,
    [
      () => [play('p', hosts('h1'), () => [valued('a', 'new'), valued('b', 'new')], options)],
      ['h1: the play p goes through its hosts otherwise since the plan was made'],
    ] as const,
  ]),
)

const sites: Readonly<Record<string, readonly [site: () => readonly Play[], says: readonly string[]]>> = {
  'another value': [
    () => [play('p', hosts('h1'), () => [valued('a', 'newer'), valued('b', 'new')])],
    ['h1 valued:a: it is declared otherwise since the plan was made'],
  ],
  'a new item': [
    () => [play('p', hosts('h1'), () => [valued('a', 'new'), valued('b', 'new'), valued('c', 'new')])],
    ['h1 valued:c: it is declared and not in the plan'],
  ],
  'an item less': [
    () => [play('p', hosts('h1'), () => [valued('a', 'new')])],
    ['h1 valued:b: it is in the plan and no longer declared'],
  ],
  'another order': [
    () => [play('p', hosts('h1'), () => [valued('b', 'new'), valued('a', 'new')])],
    ['h1: what is to be changed has another order'],
  ],
  'a host more': [
    () => [play('p', hosts('h1', 'h2'), () => [valued('a', 'new'), valued('b', 'new')])],
    ['h2: the plan has nothing for it in the play p'],
  ],
  ...otherwise,
  'another step for the same': [
    () => [
      play('p', hosts('h1'), () => [
        {
          ...valued('a', 'new'),
          plan: () => ({
            id: 'valued:a',
            action: 'create',
            changes: [{ key: 'value', from: null, to: 'new' }],
            steps: [{ say: 'set a', run: 'rm -rf /' }],
            problems: [],
          }),
        },
        valued('b', 'new'),
      ]),
    ],
    ['h1 valued:a: what would be done is not what was planned: set a'],
  ],
}

for (const [name, [site, says]] of Object.entries(sites)) {
  test(`refused, because the inventory or the playbook was edited: ${name}`, async () => {
    const world = worldOf('h1', 'h2')
    const plan = await planOf([play('p', hosts('h1'), () => [valued('a', 'new'), valued('b', 'new')])], world)
    const { events, result } = await perform(plan, site(), world)
    assert.equal(refusals(events), says)
    assert.equal(written(world), [])
    assert.is(result.failures[0]?.kind, 'blocked')
  })
}

test('another machine at the address, or other facts: said once for the host, not for each item', async () => {
  const site = [play('p', hosts('h1'), () => [valued('a', 'new'), valued('b', 'new')])]
  const plan = await planOf(site, worldOf('h1'))
  const other = await perform(plan, site, worldOf('h0', 'h1'))
  assert.is(refusals(other.events).length, 1)
  assert.match(refusals(other.events)[0]!, /^h1: another machine than the plan was made for/)
  const world = new FakeWorld()
  world.machine('h1', { ...plainFacts, memory: 8192 }).answer('firstLine:/etc/machine-id', '1'.repeat(32))
  const grown = await perform(plan, site, world)
  assert.equal(refusals(grown.events), ['h1: its facts changed since the plan was made: memory 4096 → 8192'])
})

test('a hundred hosts on which the same moved are one problem', async () => {
  const names = Array.from({ length: 100 }, (_, index) => `h${index + 1}`)
  const world = worldOf(...names)
  const site = [play('p', hosts(...names), () => [valued('a', 'new')])]
  const plan = await planOf(site, world)
  for (const name of names) world.machine(name).answer('is:a', 'old|1')
  const { events, result } = await perform(plan, site, world)
  assert.equal(refusals(events), [
    'h1, h2, h3, h4, h5 and 95 more hosts valued:a: the host moved since the plan was made: it was not there, and is now',
  ])
  assert.is(result.failures.length, 100)
})

test('a host that moves between two batches is refused under its lock, and the play stops there', async () => {
  const world = worldOf('h1', 'h2', 'h3')
  for (const name of ['h1', 'h2', 'h3']) works(world, name, 'a')
  world.machine('h1').on('make a', () => {
    world.machine('h1').answer('is:a', 'new')
    world.machine('h2').answer('is:a', 'moved')
    return undefined
  })
  const site = [play('p', hosts('h1', 'h2', 'h3'), () => [thing('a')], { serial: 1 })]
  const plan = await planOf(site, world)
  const { result } = await perform(plan, site, world)
  assert.equal(written(world), ['h1: make a'])
  assert.equal(
    result.failures.map(({ host, problems }) => [host, problems.map(({ what }) => what)]),
    [['h2', ['the host moved since the plan was made: it was not there, and is now']]],
  )
})

test('restarts, shared machines and later plays: what the run itself has changed is no move', async () => {
  const world = worldOf('h1')
  const both = ['one', 'two'].map((name) => fakeHost(name, null, 'h1'))
  there(world, 'h1', 'unit')
  works(world, 'h1', 'shared', 'own')
  const { gate } = gateOf(world)
  const shared = thing('shared')
  const site = [
    play('first', both, () => [shared]),
    play('second', both, () => [shared, thing('own'), thing('unit', [shared])], { serial: 1, gate }),
  ]
  const plan = await planOf(site, world)
  const { result } = await perform(plan, site, world)
  assert.equal(result.failures, [])
  assert.equal(written(world), ['h1: make shared', 'h1: make own', 'h1: restart unit', 'h1: restart unit'])
})

test('done a second time: nothing is done, and it is said how far it was done before', async () => {
  const world = worldOf('h1')
  works(world, 'h1', 'a')
  const site = [play('p', hosts('h1'), () => [thing('a')])]
  const plan = await planOf(site, world)
  await perform(plan, site, world)
  const { result } = await perform(plan, site, world)
  assert.equal([result.failures, result.saved], [[], { of: 1, done: 1, refused: false }])
  assert.equal(written(world), ['h1: make a'])
})

test('a run that was killed in the middle is repeated: what is done counts, also where something reacts to it', async () => {
  const world = worldOf('h1', 'h2')
  const unit = (input: Resource): Resource =>
    resource<{ readonly [key: string]: string; readonly stale: string }>({
      id: 'unit:u',
      probe: [{ reader: is, key: 'u' }],
      inputs: [input],
      read: (answers) => ({ stale: answers({ reader: is, key: 'u' }) || 'no' }),
      desired: { stale: 'no' },
      react: (pending) => (pending.has(input.id) ? [{ key: 'restart', from: null, to: `because of ${input.id}` }] : []),
      steps: () => [{ say: 'restart u', run: 'restart u' }],
    })
  const site = [play('p', hosts('h1', 'h2'), () => [thing('a'), unit(thing('a'))], { serial: 1 })]
  works(world, 'h2', 'a')
  const plan = await planOf(site, world)
  // As a run leaves it that is killed before the restart.
  world.machine('h1').answer('is:a', 'new').answer('is:u', 'yes')
  world.machine('h1').on('restart u', () => {
    world.machine('h1').answer('is:u', 'no')
    return undefined
  })
  const { result } = await perform(plan, site, world)
  assert.equal(result.failures, [])
  assert.equal(written(world), ['h1: restart u', 'h2: make a', 'h2: restart u'])
  assert.equal(result.saved, { of: 4, done: 1, refused: false })
})

test('what a part of the plan that is done has brought is no move, and the same by hand is', async () => {
  const site = [play('p', hosts('h1'), () => [thing('package')]), play('q', hosts('h1'), () => [valued('a', 'new')])]
  const world = worldOf('h1')
  const plan = await planOf(site, world)
  world.machine('h1').answer('is:a', 'default|1')
  assert.is(refusals((await perform(plan, site, world)).events).length, 1)
  world.machine('h1').answer('is:package', 'new')
  world.machine('h1').on('set a', () => {
    world.machine('h1').answer('is:a', 'new|1')
    return undefined
  })
  const { result } = await perform(plan, site, world)
  assert.equal([result.failures, written(world)], [[], ['h1: set a']])
})

test('a thing that is half done goes on with the steps that are left; one that is only like it does not', async () => {
  const account = (): Resource => {
    const question = { reader: is, key: 'a' }
    return resource<{ readonly [key: string]: string; readonly password: string; readonly rights: string }>({
      id: 'account:a',
      probe: [question],
      read(answers) {
        const [password = '', rights = ''] = answers(question).split('|')
        return password === '' ? null : { password, rights }
      },
      desired: { password: 'right', rights: 'all' },
      steps: ({ changed }) => [
        ...(changed.has('password') ? [{ say: 'set password', run: 'set password' }] : []),
        ...(changed.has('rights') ? [{ say: 'grant', run: 'grant' }] : []),
      ],
    })
  }
  const outcome = async (before: string, now: string): Promise<readonly string[]> => {
    const world = worldOf('h1')
    const site = [play('p', hosts('h1'), () => [account()])]
    world.machine('h1').answer('is:a', before)
    const plan = await planOf(site, world)
    world.machine('h1').answer('is:a', now)
    await perform(plan, site, world)
    return world.machine('h1').steps.map(({ say }) => say)
  }
  assert.equal(await outcome('wrong|some', 'wrong|some'), ['set password', 'grant'])
  assert.equal(await outcome('wrong|some', 'right|some'), ['grant'])
  assert.equal(await outcome('', 'right|'), ['grant'])
  assert.equal(await outcome('wrong|some', 'right|others'), [])
  assert.equal(await outcome('wrong|some', 'worse|some'), [])
  assert.equal(await outcome('right|some', 'wrong|some'), [])
})

test('removals are part of a plan; what is gone already is done, and nothing else is removed', async () => {
  const world = worldOf('h1', 'h2')
  const remembers = (...names: readonly string[]) =>
    world.machine('h1').answer('receipts:machine', names.map((name) => `test\th1\tthing:${name}`).join('\n'))
  there(world, 'h1', 'a', 'x', 'y', 'z')
  there(world, 'h2', 'a')
  remembers('a', 'x', 'y')
  for (const name of ['x', 'y'])
    world.machine('h1').on(`remove ${name}`, () => {
      world.machine('h1').answer(`is:${name}`, '')
      return undefined
    })
  const site = [play('p', hosts('h1', 'h2'), () => [thing('a')])]
  const options: Partial<Options> = { prune: true, leftover: removal }
  const plan = await planOf(site, world, options)
  assert.equal(
    plan.plays.at(-1)?.hosts.map(({ host, items }) => [host, ...items.map(({ id }) => id)]),
    [['h1', 'thing:y', 'thing:x'], ['h2']],
  )
  remembers('a', 'x', 'y', 'z')
  assert.equal(refusals((await perform(plan, site, world, options)).events), [
    'h1 thing:z: it would be removed, which is not in the plan',
  ])
  remembers('a', 'x', 'y')
  world.machine('h1').answer('is:y', '')
  const { result } = await perform(plan, site, world, options)
  assert.equal([result.failures, result.saved], [[], { of: 2, done: 1, refused: false }])
  assert.equal(
    world.machine('h1').steps.map(({ say }) => say),
    ['remove x'],
  )
})

interface Removal {
  /** What the machine remembers when the plan is done; it was made with h1's thing:x and thing:y to be removed. */
  readonly remembers?: readonly string[]
  /** States of things then. */
  readonly now?: Readonly<Record<string, string>>
  readonly plannedWith?: Partial<Options>
  readonly says: readonly string[]
  readonly done?: number
}

const left = (name: string): string => `h1 thing:${name}: it was to be removed, and would be left now`
const noted = ['test h1 thing:a', 'test h1 thing:x', 'test h1 thing:y']
const removals: Readonly<Record<string, Removal>> = {
  'both are there': { says: [], done: 0 },
  'one is gone': { now: { y: '' }, says: [], done: 1 },
  'the last one is gone': { now: { x: '' }, says: [], done: 1 },
  'one is gone, and forgotten': { now: { y: '' }, remembers: noted.slice(0, 2), says: [], done: 1 },
  'both are gone, and forgotten': { now: { x: '', y: '' }, remembers: noted.slice(0, 1), says: [], done: 2 },
  'one is forgotten and still there': { remembers: noted.slice(0, 2), says: [left('y')] },
  'something was put in one': { now: { x: 'full' }, says: [left('x')] },
  'another site has one of them now': { remembers: [...noted, 'other h1 thing:y'], says: [left('y')] },
  'it was planned with --force, and is done without': {
    remembers: noted.map((line) => line.replace('h1 thing:y', 'gone thing:y')),
    plannedWith: { force: true },
    says: [left('y')],
  },
  'their order is another': { remembers: noted.toReversed(), says: ['h1: what is to be changed has another order'] },
}

for (const [name, { remembers = noted, now = {}, plannedWith = {}, says, done = 0 }] of Object.entries(removals)) {
  test(`what of planned removals is done, and what can not be: ${name}`, async () => {
    const world = worldOf('h1')
    const h1 = world.machine('h1')
    const receipts = (lines: readonly string[]) =>
      h1.answer('receipts:machine', lines.map((line) => line.replaceAll(' ', '\t')).join('\n'))
    there(world, 'h1', 'a', 'x', 'y')
    for (const one of ['x', 'y'])
      h1.on(`remove ${one}`, () => {
        h1.answer(`is:${one}`, '')
        return undefined
      })
    receipts(plannedWith.force ? remembers : noted)
    const site = [play('p', hosts('h1'), () => [thing('a')])]
    const options: Partial<Options> = { prune: true, leftover: removal }
    const plan = await planOf(site, world, { ...options, ...plannedWith })
    assert.equal(
      plan.plays.at(-1)?.hosts[0]?.items.map(({ id }) => id),
      ['thing:y', 'thing:x'],
    )
    receipts(remembers)
    for (const [one, state] of Object.entries(now)) h1.answer(`is:${one}`, state)
    const { result, events } = await perform(plan, site, world, options)
    assert.equal(refusals(events), says)
    assert.equal(result.saved, { of: 2, done, refused: says.length > 0 })
    assert.equal(
      h1.steps.map(({ say }) => say),
      says.length > 0 ? [] : ['y', 'x'].flatMap((one) => (now[one] === '' ? [] : [`remove ${one}`])),
    )
  })
}

test('a file or link that was touched since is not removed, as nobody has seen what is in it now', async () => {
  const before = 'regular file|644|root|root|3|100'
  for (const [id, then, now, says] of [
    ['file:/etc/x', before, before, undefined],
    ['file:/etc/x', before, 'regular file|644|root|root|4|100', 'size is another'],
    ['file:/etc/x', before, 'regular file|644|root|root|3|101', 'last change is another'],
    [
      'symlink:/etc/x',
      'symbolic link|777|root|root|3|100',
      'symbolic link|777|root|root|3|101',
      'last change is another',
    ],
    // Its content is removed first.
    ['directory:/srv/x', 'directory|755|root|root|60|100', 'directory|755|root|root|40|101', undefined],
  ] as const) {
    const world = worldOf('h1')
    const h1 = world.machine('h1')
    const question = `stat:${id.split(':')[1]}`
    there(world, 'h1', 'a')
    h1.answer('receipts:machine', `test\th1\t${id}`).answer(question, then)
    for (const say of ['remove /etc/x', 'remove directory /srv/x'])
      h1.on(say, () => {
        h1.answer(question, '')
        return undefined
      })
    const site = [play('p', hosts('h1'), () => [thing('a')])]
    const options: Partial<Options> = { prune: true, leftover }
    const plan = await planOf(site, world, options)
    h1.answer(question, now)
    const { events, result } = await perform(plan, site, world, options)
    assert.equal(
      refusals(events),
      says === undefined ? [] : [`h1 ${id}: the host moved since the plan was made: ${says}`],
    )
    assert.is(h1.steps.length, says === undefined ? 1 : 0)
    assert.is(result.saved?.refused, says !== undefined)
  }
})

test('a restart that nobody planned is refused, also where the input is as it should be', async () => {
  const world = worldOf('h1')
  const site = [play('p', hosts('h1'), () => [thing('a'), thing('b'), thing('u', [thing('a')])])]
  there(world, 'h1', 'a', 'u')
  const plan = await planOf(site, world)
  world.machine('h1').answer('is:a', 'old')
  const { events } = await perform(plan, site, world)
  assert.equal(refusals(events), [
    'h1 thing:a: the host moved since the plan was made: state was new, is old',
    'h1 thing:u: the host moved since the plan was made: restart: because of thing:a',
  ])
})

test('with --check a plan is only compared', async () => {
  const world = worldOf('h1')
  const site = [play('p', hosts('h1'), () => [thing('a')])]
  const plan = await planOf(site, world)
  const { result } = await perform(plan, site, world, { check: true })
  assert.equal([result.failures, written(world), world.machine('h1').holder], [[], [], null])
})

test('a host that can not be reached: nothing is written on the others, whatever the play allows to fail', async () => {
  const world = worldOf('h1', 'h2')
  const site = [play('p', hosts('h1', 'h2'), () => [thing('a')], { maxFailures: '100%' })]
  const plan = await planOf(site, world)
  world.cutOff('h2')
  const { result } = await perform(plan, site, world)
  assert.equal(
    result.failures.map(({ host, kind }) => [host, kind]),
    [['h2', 'unreachable']],
  )
  assert.equal(written(world), [])
})

test('what can not be read can not be compared: then that is told, and nothing of what moved or is done elsewhere', async () => {
  const world = worldOf('h1', 'h2')
  world.machine('h1').answer('is:a', 'old|1')
  const site = [play('p', hosts('h1', 'h2'), () => [valued('a', 'new')])]
  const plan = await planOf(site, world)
  world.machine('h1').answer('is:a', 'other|1')
  world.cutOff('h2')
  const { result, events } = await perform(plan, site, world)
  assert.equal(
    result.failures.map(({ host, kind }) => [host, kind]),
    [['h2', 'unreachable']],
  )
  assert.equal([refusals(events), result.saved, written(world)], [[], undefined, []])
})

test('a plan with nothing to do does nothing, and is refused when something has to be done', async () => {
  const world = worldOf('h1')
  there(world, 'h1', 'a')
  const site = [play('p', hosts('h1'), () => [thing('a')])]
  const plan = await planOf(site, world)
  assert.equal((await perform(plan, site, world)).result.saved, { of: 0, done: 0, refused: false })
  world.machine('h1').answer('is:a', 'old')
  assert.is(refusals((await perform(plan, site, world)).events).length, 1)
  assert.equal(written(world), [])
})

test('what is behind a database is compared like the rest, with the key of the machine it is reached through', async () => {
  const world = worldOf('h1')
  const login = { user: 'root', host: 'db', port: 3306, password: new Secret('s') }
  const database = world.databaseAt(login)
  database.answer('is:a', 'old|1')
  const site = [play('p', hosts('h1'), () => [valued('a', 'new')], { via: () => login })]
  const plan = await planOf(site, world)
  database.answer('is:a', 'moved|1')
  const { events } = await perform(plan, site, world)
  assert.equal(refusals(events), ['h1 valued:a: the host moved since the plan was made: value was old, is moved'])
  assert.equal(database.steps, [])
})

test('digests cost nothing where no plan is saved, and the identity is asked in the one script where it is', async () => {
  let digests = 0
  const counted = (name: string): Resource => ({
    ...thing(name),
    digest: () => {
      digests++
      return name
    },
  })
  const world = worldOf('h1')
  there(world, 'h1', 'a')
  const site = [play('p', hosts('h1'), () => [counted('a')])]
  await run(site, world)
  world.machine('h1').asked.length = 0
  await run(site, world, { check: true })
  assert.is(digests, 0)
  assert.not(
    world
      .machine('h1')
      .asked.flat()
      .some((name) => name.startsWith('firstLine:')),
  )
  await run(site, world, { check: true, planned: new Planned(null) })
  assert.is(digests, 1)
  assert.is(world.machine('h1').asked.length, 2)
})

test('a machine without an identity is warned of', async () => {
  const site = [play('p', hosts('h1', 'h2'), () => [thing('a')])]
  const world = worldOf('h1')
  const planned = new Planned(null)
  await run(site, world, { check: true, planned })
  assert.equal(
    planned.warnings(site).map(({ where, what }) => `${where}: ${what.slice(0, 24)}`),
    ['h2: it has no machine id, so'],
  )
})

test.run()
