/** A rolling play over fake hosts: who goes first, what is refused, what its gate is asked, and what stops it. */
import { hostError, LockError, type PlinthError, unreachable } from '../../lib/core/error.ts'
import type { Serial, Share } from '../../lib/engine/batches.ts'
import { mapLimit } from '../../lib/engine/observe.ts'
import { type Gate, type Look, type Play, type PlayOptions, play } from '../../lib/engine/play.ts'
import { FakeWorld, fakeHost, run } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'
import { gateOf, hosts, there, thing, works } from './thing.ts'

const test = suite('engine/roll')

interface Case {
  readonly says: string
  readonly members: readonly string[]
  /** Those that serve before the run. */
  readonly serving?: readonly string[]
  /** Those that are as they should be already. */
  readonly converged?: readonly string[]
  /** What --limit leaves; default all. */
  readonly limit?: readonly string[]
  readonly serial?: Serial
  readonly force?: boolean
  /** How much each leads. */
  readonly leading?: Readonly<Record<string, number>>
  /** A member on which the gate does not open, as long as it is asked about, */
  readonly unwell?: string
  /** or until this one was changed. */
  readonly until?: string
  /** What differs; a name that begins with `quiet` needs no restart. */
  readonly thing?: string
  readonly startTogether?: boolean
  /** Changes and looks of the gate, in order: `h1`, or `[expected | changed]` with `!` for a deep one. */
  readonly story: readonly string[]
  /** `host: what` of each failure. */
  readonly failures?: readonly string[]
  readonly warnings?: readonly string[]
}

const cases: readonly Case[] = [
  {
    says: 'who does not serve comes first',
    members: ['h1', 'h2', 'h3'],
    serving: ['h1', 'h2'],
    story: ['h3', '[h1 h2 h3 | h3]', 'h1', '[h1 h2 h3 | h1 h3]', 'h2', '[h1 h2 h3 | h1 h2 h3]!'],
  },
  {
    says: 'none serves: one after the other, and only those that were changed are expected',
    members: ['h1', 'h2', 'h3'],
    story: ['h1', '[h1 | h1]', 'h2', '[h1 h2 | h1 h2]', 'h3', '[h1 h2 h3 | h1 h2 h3]!'],
  },
  {
    says: 'at the end everybody is expected, changed or not',
    members: ['h1', 'h2', 'h3'],
    serving: ['h2'],
    converged: ['h2', 'h3'],
    story: ['h1', '[h1 h2 h3 | h1]!'],
  },
  {
    says: 'a member is down and stays untouched: no other may go',
    members: ['h1', 'h2', 'h3'],
    serving: ['h1', 'h2'],
    converged: ['h3'],
    story: [],
    failures: ['h1: changing it would leave 1 of 3 members serving, while h3 is down'],
  },
  {
    says: 'two of five are down: no other may go',
    members: ['h1', 'h2', 'h3', 'h4', 'h5'],
    serving: ['h1', 'h2', 'h3'],
    converged: ['h4', 'h5'],
    story: [],
    failures: ['h1: changing it would leave 2 of 5 members serving, while h4, h5 are down'],
  },
  {
    says: 'one of five is down: a majority is left without the next',
    members: ['h1', 'h2', 'h3', 'h4', 'h5'],
    serving: ['h1', 'h2', 'h3', 'h4'],
    converged: ['h2', 'h3', 'h4', 'h5'],
    story: ['[h1 h2 h3 h4 | ]', 'h1', '[h1 h2 h3 h4 h5 | h1]!'],
  },
  {
    says: 'forced: a majority may be lost, and no gate is asked before',
    members: ['h1', 'h2', 'h3'],
    serving: ['h1', 'h2'],
    converged: ['h3'],
    force: true,
    story: ['h1', '[h1 h2 | h1]', 'h2', '[h1 h2 h3 | h1 h2]!'],
    warnings: [
      'h1: changing it would leave 1 of 3 members serving, while h3 is down',
      'h2: changing it would leave 1 of 3 members serving, while h3 is down',
    ],
  },
  {
    says: 'half is no majority',
    members: ['h1', 'h2', 'h3', 'h4'],
    serving: ['h1', 'h2', 'h3'],
    converged: ['h4'],
    story: [],
    failures: ['h1: changing it would leave 2 of 4 members serving, while h4 is down'],
  },
  {
    says: 'the one that is down is mended first, then the others may go',
    members: ['h1', 'h2', 'h3'],
    serving: ['h1', 'h2'],
    converged: ['h2'],
    story: ['h3', '[h1 h2 h3 | h3]', 'h1', '[h1 h2 h3 | h1 h3]!'],
  },
  {
    says: 'two of two serve: there is no other way',
    members: ['h1', 'h2'],
    serving: ['h1', 'h2'],
    story: ['[h1 h2 | ]', 'h1', '[h1 h2 | h1]', 'h2', '[h1 h2 | h1 h2]!'],
  },
  {
    says: 'a batch that would take the majority while one is down is refused as a whole',
    members: ['h1', 'h2', 'h3', 'h4', 'h5'],
    serving: ['h1', 'h2', 'h3', 'h4'],
    converged: ['h5'],
    serial: 2,
    story: [],
    failures: ['h1', 'h2'].map((name) => `${name}: changing it would leave 2 of 5 members serving, while h5 is down`),
  },
  {
    says: 'all together where none serves',
    members: ['h1', 'h2', 'h3'],
    startTogether: true,
    story: ['h1', 'h2', 'h3', '[h1 h2 h3 | h1 h2 h3]!'],
  },
  {
    says: 'not together where one serves',
    members: ['h1', 'h2', 'h3'],
    serving: ['h2'],
    startTogether: true,
    story: ['h1', '[h1 h2 | h1]', 'h3', '[h1 h2 h3 | h1 h3]', 'h2', '[h1 h2 h3 | h1 h2 h3]!'],
  },
  {
    says: 'together where one serves and a second would be no majority: then who serves, by itself',
    members: ['h1', 'h2', 'h3', 'h4', 'h5'],
    serving: ['h2'],
    startTogether: true,
    serial: [1, 2],
    story: ['h1', 'h3', 'h4', 'h5', '[h1 h2 h3 h4 h5 | h1 h3 h4 h5]', 'h2', '[h1 h2 h3 h4 h5 | h1 h2 h3 h4 h5]!'],
  },
  {
    says: 'not together where one more is a majority',
    members: ['h1', 'h2', 'h3', 'h4', 'h5'],
    serving: ['h1', 'h2'],
    converged: ['h1', 'h2', 'h5'],
    startTogether: true,
    story: ['h3', '[h1 h2 h3 | h3]', 'h4', '[h1 h2 h3 h4 h5 | h3 h4]!'],
  },
  {
    says: 'of two, one that serves waits for the other, which comes by itself',
    members: ['h1', 'h2'],
    serving: ['h1'],
    startTogether: true,
    story: ['h2', '[h1 h2 | h2]', 'h1', '[h1 h2 | h1 h2]!'],
  },
  {
    says: 'who leads goes last, after those that do not serve and those that lead less',
    members: ['h1', 'h2', 'h3', 'h4'],
    serving: ['h1', 'h2', 'h3'],
    leading: { h1: 4, h2: 1 },
    story: [
      'h4',
      '[h1 h2 h3 h4 | h4]',
      'h3',
      '[h1 h2 h3 h4 | h3 h4]',
      'h2',
      '[h1 h2 h3 h4 | h2 h3 h4]',
      'h1',
      '[h1 h2 h3 h4 | h1 h2 h3 h4]!',
    ],
  },
  {
    says: 'the others must be well before one that serves is taken away',
    members: ['h1', 'h2', 'h3'],
    serving: ['h1', 'h2', 'h3'],
    converged: ['h2', 'h3'],
    unwell: 'h2',
    story: ['[h1 h2 h3 | ]', '[h2 h3 | ]'],
    failures: ['h2: has lost its leader'],
    warnings: ['roll: h1 may not be taken away while the cluster is not well'],
  },
  {
    says: 'also where all of them differ: one that serves and belongs to no group must not cost a second one',
    members: ['h1', 'h2', 'h3'],
    serving: ['h1', 'h2', 'h3'],
    unwell: 'h2',
    story: ['[h1 h2 h3 | ]', '[h2 h3 | ]'],
    failures: ['h2: has lost its leader'],
    warnings: ['roll: h1 may not be taken away while the cluster is not well'],
  },
  {
    says: 'one that serves and is not well is the one to mend: the others are',
    members: ['h1', 'h2', 'h3'],
    serving: ['h1', 'h2', 'h3'],
    converged: ['h2', 'h3'],
    unwell: 'h1',
    until: 'h1',
    story: ['[h1 h2 h3 | ]', '[h2 h3 | ]', 'h1', '[h1 h2 h3 | h1]!'],
  },
  {
    says: 'a batch for each size of a list, the last one again and again',
    members: ['h1', 'h2', 'h3', 'h4', 'h5'],
    serial: [1, '40%'],
    story: ['h1', '[h1 | h1]', 'h2', 'h3', '[h1 h2 h3 | h1 h2 h3]', 'h4', 'h5', '[h1 h2 h3 h4 h5 | h1 h2 h3 h4 h5]!'],
  },
  {
    says: 'a small part of few hosts is one of them',
    members: ['h1', 'h2', 'h3'],
    serial: '10%',
    story: ['h1', '[h1 | h1]', 'h2', '[h1 h2 | h1 h2]', 'h3', '[h1 h2 h3 | h1 h2 h3]!'],
  },
  {
    says: 'what needs no restart is done everywhere at once, majority or not, and asked for once',
    members: ['h1', 'h2', 'h3'],
    serving: ['h1', 'h2'],
    converged: ['h3'],
    thing: 'quiet',
    story: ['h1', 'h2', '[h1 h2 h3 | h1 h2]!'],
  },
  {
    says: 'one that does not serve is changed by itself, quiet as it may be',
    members: ['h1', 'h2', 'h3'],
    serving: ['h1', 'h2'],
    thing: 'quiet',
    story: ['h1', 'h2', 'h3', '[h1 h2 h3 | h1 h2 h3]!'],
  },
  {
    says: 'limited: who serves beside and who was changed, nobody else, even at the end',
    members: ['h1', 'h2', 'h3'],
    serving: ['h2'],
    limit: ['h1'],
    story: ['h1', '[h1 h2 | h1]!'],
  },
  {
    says: 'limited to one that serves, while another is down',
    members: ['h1', 'h2', 'h3'],
    serving: ['h1', 'h2'],
    limit: ['h1'],
    story: [],
    failures: ['h1: changing it would leave 1 of 3 members serving, while h3 is down'],
  },
  {
    says: 'limited, and nothing differs',
    members: ['h1', 'h2', 'h3'],
    serving: ['h2'],
    converged: ['h1', 'h2', 'h3'],
    limit: ['h1'],
    story: ['[h1 h2 | ]'],
  },
  {
    says: 'nothing differs: everybody is expected',
    members: ['h1', 'h2', 'h3'],
    serving: ['h2'],
    converged: ['h1', 'h2', 'h3'],
    story: ['[h1 h2 h3 | ]'],
  },
]

/** A play over these members, of which --limit may leave some. */
function limited(members: readonly string[], limit: readonly string[], options: PlayOptions<null>, name = 'a'): Play {
  const whole = play('roll', hosts(...members), () => [thing(name)], options)
  return { ...whole, hosts: whole.hosts.filter(({ name }) => limit.includes(name)) }
}

const told = ({ expected, changed, deep }: Look): string =>
  `[${[...expected].sort().join(' ')} | ${[...changed].sort().join(' ')}]${deep ? '!' : ''}`

for (const { says, members, serving = [], converged = [], limit = members, story, ...more } of cases) {
  test(says, async () => {
    const { serial = 1, startTogether = false, force = false, thing: name = 'a', leading = {}, unwell, until } = more
    const world = new FakeWorld()
    for (const host of members) (converged.includes(host) ? there : works)(world, host, name)
    const { gate } = gateOf(world, undefined, {
      serving: async () => new Set(serving),
      leading: async () => new Map(Object.entries(leading)),
      missing: async (_scope, look) => {
        // A copy in words: what it is given may grow later.
        world.log.push(told(look))
        const mended = until !== undefined && look.changed.has(until)
        const missed = unwell !== undefined && look.expected.has(unwell) && !mended
        return missed ? [{ host: unwell, what: 'has lost its leader', final: until === undefined }] : []
      },
    })
    const { result, events } = await run([limited(members, limit, { serial, startTogether, gate }, name)], world, {
      force,
    })
    const happened = world.log.flatMap((line) => /^(\[.*|.*(?=: make ))/.exec(line)?.[1] ?? [])
    assert.equal(happened, story)
    const { failures = [], warnings = [] } = more
    assert.equal(
      result.failures.map(({ host, problems }) => `${host}: ${problems[0]?.what}`),
      failures,
    )
    assert.equal(
      events.flatMap((event) =>
        event.kind === 'warned' ? event.problems.map(({ where, what }) => `${where}: ${what}`) : [],
      ),
      warnings,
    )
    if (failures.length > 0)
      for (const host of members) assert.equal(world.machine(host).steps, [], 'nothing is written')
  })
}

test('an interrupt while the gate is asked before the first is taken away decides nothing, and warns of nothing', async () => {
  const world = new FakeWorld()
  const stop = new AbortController()
  const missing = () => {
    stop.abort()
    return [{ host: 'h1', what: 'has no leader yet', final: false }]
  }
  const { gate } = gateOf(world, missing, { serving: async () => new Set(['h1', 'h2']) })
  const site = [play('p', hosts('h1', 'h2'), () => [thing('a')], { serial: 1, gate })]
  const { result, events } = await run(site, world, { signal: stop.signal })
  assert.equal([result.interrupted, result.failures], [true, []])
  assert.equal(
    events.filter(({ kind }) => kind === 'warned'),
    [],
  )
})

test('a host that turns out to need a restart after all, once it is locked, is rolled', async () => {
  const world = new FakeWorld()
  const all = ['h1', 'h2']
  for (const host of all) works(world, host, 'quiet', 'a')
  // Something else changes it between the plan and the lock.
  there(world, 'h1', 'a')
  there(world, 'h2', 'a')
  world.machine('h1').lock = async () => {
    world.machine('h1').answer('is:a', '')
  }
  const { gate } = gateOf(world, undefined, { serving: async () => new Set(all) })
  await run([play('p', hosts(...all), () => [thing('quiet'), thing('a')], { serial: 1, gate })], world)
  const order = world.log.flatMap((line) => /^(gate.*|.*: make .*)/.exec(line)?.[1] ?? [])
  assert.equal(order, ['h2: make quiet', 'gate: h1 h2', 'h1: make quiet', 'h1: make a', 'gate: h1 h2, deep'])
})

test('a sick member that is still to be changed is mended, whatever was changed quietly before it', async () => {
  const world = new FakeWorld()
  const all = ['h1', 'h2', 'h3']
  for (const host of all) works(world, host, 'quiet', 'a')
  there(world, 'h1', 'a')
  there(world, 'h3', 'quiet', 'a')
  const { gate } = gateOf(world, undefined, {
    serving: async () => new Set(all),
    missing: async (_scope, look) => {
      world.log.push(`${told(look)} started: ${[...look.started].join(' ')}`)
      return look.expected.has('h2') && !look.changed.has('h2') ? [{ host: 'h2', what: 'is in no Raft group' }] : []
    },
  })
  const { result } = await run(
    [play('p', hosts(...all), () => [thing('quiet'), thing('a')], { serial: 1, gate })],
    world,
  )
  assert.equal(
    world.log.flatMap((line) => /^(\[.*|.*: make .*)/.exec(line)?.[1] ?? []),
    [
      'h1: make quiet',
      '[h1 h2 h3 | h1] started: ',
      '[h1 h3 | h1] started: ',
      'h2: make quiet',
      'h2: make a',
      '[h1 h2 h3 | h1 h2]! started: h2',
    ],
  )
  assert.is(world.seconds, 0, 'it waits for nobody')
  assert.equal(result.failures, [])
})

test('a member that a gate is missed on is down: within what may fail, no second one is taken', async () => {
  const world = new FakeWorld()
  const all = ['h1', 'h2', 'h3']
  for (const host of all) works(world, host, 'a')
  const { gate } = gateOf(world, undefined, {
    serving: async () => new Set(all),
    missing: async (_scope, { expected, changed }) =>
      changed.has('h1') && expected.has('h1') ? [{ host: 'h1', what: 'never came back', final: true }] : [],
  })
  const { result } = await run(
    [play('p', hosts(...all), () => [thing('a')], { serial: 1, maxFailures: 1, gate })],
    world,
  )
  assert.equal(
    world.log.filter((line) => line.includes('make')),
    ['h1: make a'],
  )
  assert.equal(
    result.failures.map(({ host, problems }) => `${host}: ${problems[0]?.what}`),
    ['h1: never came back', 'h2: changing it would leave 1 of 3 members serving, while h1 is down'],
  )
})

test('a member that a gate is missed on before its turn is left alone, and the others go on', async () => {
  const world = new FakeWorld()
  const all = ['h1', 'h2', 'h3', 'h4', 'h5']
  for (const host of all) works(world, host, 'a')
  const { gate } = gateOf(world, undefined, {
    serving: async () => new Set(all),
    missing: async (_scope, { expected, changed }) =>
      changed.has('h1') && expected.has('h3') ? [{ host: 'h3', what: 'has lost its peers', final: true }] : [],
  })
  const options = { serial: 1, maxFailures: 1, gate }
  const { result } = await run([play('p', hosts(...all), () => [thing('a')], options)], world)
  assert.equal(
    world.log.filter((line) => line.includes('make')),
    ['h1', 'h2', 'h4', 'h5'].map((host) => `${host}: make a`),
  )
  assert.equal(
    result.failures.map(({ host, problems }) => `${host}: ${problems[0]?.what}`),
    ['h3: has lost its peers'],
  )
})

test('a host that failed in an earlier play has failed in a later one, which may allow less', async () => {
  for (const [maxFailures, second] of [
    [0, []],
    [1, ['h2', 'h3']],
  ] as const) {
    const world = new FakeWorld()
    const all = ['h1', 'h2', 'h3']
    for (const host of all) works(world, host, 'a', 'b')
    world.machine('h1').fail('make a')
    const site = [
      play('p', hosts(...all), () => [thing('a')], { serial: 1, maxFailures: 1 }),
      play('q', hosts(...all), () => [thing('b')], { serial: 1, maxFailures }),
    ]
    await run(site, world)
    const made = (name: string) => all.filter((host) => world.log.includes(`${host}: make ${name}`))
    assert.equal([made('a'), made('b')], [all, second])
  }
})

test('what fails as a whole ends the run, whatever number of hosts may fail', async () => {
  const no = (): never => {
    throw hostError({ where: 'h2', what: 'another run is at work there', remedy: 'wait' })
  }
  const serving = async () => new Set(['h1', 'h2'])
  const places: readonly ((world: FakeWorld) => PlayOptions<null>)[] = [
    () => ({ prepare: async () => no() }),
    (world) => {
      world.machine('h2').lock = async () => no()
      return { gate: gateOf(world).gate }
    },
    (world) => ({ gate: gateOf(world, undefined, { serving }).gate }),
  ]
  for (const place of places) {
    const world = new FakeWorld()
    for (const host of ['h1', 'h2', 'h3']) works(world, host, 'a', 'b')
    there(world, 'h3', 'a')
    const options = { serial: 1, maxFailures: 2, ...place(world) }
    const all = hosts('h1', 'h2', 'h3')
    const { result } = await run(
      [play('p', all, () => [thing('a')], options), play('q', all, () => [thing('b')], { maxFailures: 2 })],
      world,
    )
    assert.ok(result.failures.length > 0)
    assert.equal(
      world.log.filter((line) => line.includes('make')),
      [],
    )
  }
})

test('a lock that another run has ends the run, also in a play without a gate', async () => {
  const world = new FakeWorld()
  for (const host of ['h1', 'h2', 'h3']) works(world, host, 'a', 'b')
  world.machine('h2').lock = async () => {
    throw new LockError({ where: 'h2', what: 'another run is at work there', remedy: 'wait' })
  }
  const options = { serial: 1, maxFailures: 1 }
  const all = hosts('h1', 'h2', 'h3')
  const { result } = await run(
    [play('p', all, () => [thing('a')], options), play('q', all, () => [thing('b')], options)],
    world,
  )
  assert.equal(
    world.log.filter((line) => line.includes('make')),
    ['h1: make a'],
  )
  assert.equal(
    result.failures.map(({ host, problems }) => `${host}: ${problems[0]?.what}`),
    ['h2: another run is at work there'],
  )
})

interface Tolerance {
  readonly says: string
  readonly maxFailures?: Share
  readonly cut?: readonly string[]
  readonly broken?: readonly string[]
  /** Who is changed in the first play, and in the second. */
  readonly first: readonly string[]
  readonly second: readonly string[]
}

const five = ['h1', 'h2', 'h3', 'h4', 'h5']
const tolerances: readonly Tolerance[] = [
  { says: 'none may fail unless told', broken: ['h1'], first: ['h1'], second: [] },
  { says: 'none may be out of reach unless told', cut: ['h5'], first: [], second: [] },
  { says: 'one may', maxFailures: 1, broken: ['h1'], first: five, second: ['h2', 'h3', 'h4', 'h5'] },
  { says: 'out of reach counts as failed', maxFailures: 1, cut: ['h5'], broken: ['h1'], first: ['h1'], second: [] },
  { says: 'one may be out of reach', maxFailures: 1, cut: ['h5'], first: five.slice(0, 4), second: five.slice(0, 4) },
  { says: 'two fifths may', maxFailures: '40%', broken: ['h1', 'h2'], first: five, second: ['h3', 'h4', 'h5'] },
  { says: 'and no more', maxFailures: '40%', broken: ['h1', 'h2', 'h3'], first: ['h1', 'h2', 'h3'], second: [] },
  { says: 'a part of a host is none', maxFailures: '19%', broken: ['h1'], first: ['h1'], second: [] },
]

for (const { says, maxFailures, cut = [], broken = [], first, second } of tolerances) {
  test(`failures: ${says}`, async () => {
    const world = new FakeWorld()
    for (const host of five) works(world, host, 'a', 'b')
    for (const host of cut) world.cutOff(host)
    for (const host of broken) world.machine(host).fail('make a')
    const options = { serial: 1, ...(maxFailures !== undefined && { maxFailures }) }
    const { result } = await run(
      [play('p', hosts(...five), () => [thing('a')], options), play('q', hosts(...five), () => [thing('b')], options)],
      world,
    )
    const who = (say: string) => world.log.flatMap((line) => new RegExp(`^(.*): make ${say}$`).exec(line)?.[1] ?? [])
    assert.equal([who('a'), who('b')], [first, second])
    assert.equal(
      result.hosts.filter(({ state }) => state !== 'ok').map(({ host }) => host),
      five.filter((host) => [...cut, ...(first.length > 0 ? broken : [])].includes(host)),
    )
  })
}

test('a number of hosts that makes no sense is refused where it is written', () => {
  for (const options of [
    { serial: 0 },
    { serial: 1.5 },
    { serial: [] },
    { serial: '0%' },
    { maxFailures: -1 },
  ] as const) {
    assert.throws(() => play('p', hosts('h1'), () => [], options), /(serial|maxFailures): /)
  }
})

test('every member that can be reached is locked before the first change, also those beyond --limit', async () => {
  const world = new FakeWorld()
  works(world, 'h2', 'a')
  world.cutOff('h3')
  const { gate } = gateOf(world)
  const { result } = await run([limited(['h1', 'h2', 'h3'], ['h2'], { serial: 1, gate })], world)
  assert.equal(result.failures, [])
  const locks = ['h1: lock', 'h2: lock'].map((line) => world.log.indexOf(line))
  assert.ok(locks.every((at) => at >= 0 && at < world.log.indexOf('h2: make a')))
  assert.is(world.log.filter((line) => line.endsWith(': lock')).length, 2, 'each once')
})

test('another run at work on any member stops the play before its first change', async () => {
  const world = new FakeWorld()
  works(world, 'h1', 'a')
  world.machine('h3').lock = async () => {
    throw hostError({ where: 'h3', what: 'another run is at work there', remedy: 'wait for its end' })
  }
  const { gate } = gateOf(world)
  const { result } = await run([limited(['h1', 'h2', 'h3'], ['h1'], { serial: 1, gate })], world)
  assert.equal(
    result.failures.map(({ host, problems }) => `${host}: ${problems[0]?.what}`),
    ['h3: another run is at work there'],
  )
  assert.equal(world.machine('h1').steps, [])
})

test('what a gate or a preparation throws is put down to the host it names, unreachable ones as such', async () => {
  const problem = (where: string) => ({ where, what: 'no', remedy: 'see' })
  const errors: readonly (readonly [PlinthError, readonly string[]])[] = [
    [hostError(problem('h2')), ['h2 failed']],
    [hostError(problem('h2 → MySQL 10.0.0.10:3306')), ['h2 failed']],
    [hostError(problem('h10: port taken')), ['h10 failed']],
    [hostError(problem('MySQL 10.0.0.10:3306')), ['h1 failed']],
    [hostError(problem('h2'), problem('h10')), ['h2 failed', 'h10 failed']],
    [unreachable(problem('h2')), ['h2 unreachable']],
    // Named though --limit leaves it out.
    [unreachable(problem('h3')), ['h3 unreachable']],
  ]
  const places: readonly ((raise: () => Promise<never>) => PlayOptions<null>)[] = [
    (prepare) => ({ prepare }),
    (serving) => ({ gate: gateOf(new FakeWorld(), undefined, { serving }).gate }),
    (missing) => ({ gate: gateOf(new FakeWorld(), undefined, { missing }).gate }),
    (explain) => ({ gate: gateOf(new FakeWorld(), () => [{ host: 'h1', what: 'x', final: true }], { explain }).gate }),
  ]
  for (const [error, named] of errors) {
    for (const place of places) {
      // What a gate can't explain is missing all the same.
      const expected = place === places.at(-1) ? ['h1 failed', ...named] : named
      const world = new FakeWorld()
      for (const name of ['h1', 'h2', 'h10']) works(world, name, 'a')
      const raise = async (): Promise<never> => {
        throw error
      }
      const { result } = await run([limited(['h1', 'h2', 'h10', 'h3'], ['h1', 'h2', 'h10'], place(raise))], world)
      assert.equal(
        result.failures.map(({ host, kind }) => `${host} ${kind}`),
        expected,
      )
    }
  }
})

test('a preparation sees the hosts that are worked on, a gate all members', async () => {
  const world = new FakeWorld()
  works(world, 'h1', 'a')
  const seen: string[] = []
  const note =
    (who: string) =>
    async ({ hosts: all }: { readonly hosts: readonly { readonly name: string }[] }): Promise<void> => {
      seen.push(`${who}: ${all.map(({ name }) => name).join(' ')}`)
    }
  const missing: Gate<null>['missing'] = async (scope) => {
    await note('gate')(scope)
    return []
  }
  await run(
    [limited(['h1', 'h2'], ['h1'], { prepare: note('prepare'), gate: gateOf(world, undefined, { missing }).gate })],
    world,
  )
  assert.equal(seen, ['prepare: h1', 'gate: h1 h2'])
})

test('hosts of one batch on one machine are changed in turn', async () => {
  const world = new FakeWorld()
  works(world, 'm1', 'a', 'b')
  const { gate } = gateOf(world)
  const pair = [fakeHost('h1', 'a', 'm1'), fakeHost('h2', 'b', 'm1')]
  const together = play('p', pair, ({ params }) => [thing(params)], {
    serial: 2,
    gate: gate as Gate<unknown> as Gate<string>,
  })
  const { result } = await run([together], world)
  assert.equal(result.failures, [])
  assert.is(world.log.filter((line) => line === 'm1: lock').length, 1)
})

test('after a throw nothing new is begun, and what is under way is waited for', async () => {
  const begun: number[] = []
  const ended: number[] = []
  const turns = async (count: number): Promise<void> => {
    for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  const work = mapLimit([0, 1, 2, 3, 4], 2, async (item) => {
    begun.push(item)
    await turns(item === 0 ? 1 : 5)
    if (item === 0) throw new Error('the first')
    ended.push(item)
  })
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.is((error as Error | undefined)?.message, 'the first')
  assert.equal(begun, [0, 1])
  assert.equal(ended, [1])
})

test('of several throws the first is told', async () => {
  const work = mapLimit([0, 1], 2, async (item) => {
    for (let turn = 0; turn < 3 - item; turn++) await new Promise((resolve) => setImmediate(resolve))
    throw new Error(`item ${item}`)
  })
  assert.is(await work.catch((thrown: Error) => thrown.message), 'item 1')
})

test.run()
