/** A rolling play over fake hosts: who goes first, what is refused, what its gate is asked, and what stops it. */
import { hostError, type PlinthError, unreachable } from '../../lib/core/error.ts'
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
  readonly serial?: number
  readonly startTogether?: boolean
  /** Changes and looks of the gate, in order: `h1`, or `[expected | changed]` with `!` for a deep one. */
  readonly story: readonly string[]
  /** `host: what` of each failure. */
  readonly failures?: readonly string[]
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
    story: ['h1', '[h1 h2 h3 h4 h5 | h1]!'],
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
    story: ['h1', '[h1 h2 | h1]', 'h2', '[h1 h2 | h1 h2]!'],
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
function limited(members: readonly string[], limit: readonly string[], options: PlayOptions<null>): Play {
  const whole = play('roll', hosts(...members), () => [thing('a')], options)
  return { ...whole, hosts: whole.hosts.filter(({ name }) => limit.includes(name)) }
}

const told = ({ expected, changed, deep }: Look): string =>
  `[${[...expected].sort().join(' ')} | ${[...changed].sort().join(' ')}]${deep ? '!' : ''}`

for (const { says, members, serving = [], converged = [], limit = members, failures = [], story, ...more } of cases) {
  test(says, async () => {
    const world = new FakeWorld()
    for (const name of members) (converged.includes(name) ? there : works)(world, name, 'a')
    const { gate } = gateOf(world, undefined, {
      serving: async () => new Set(serving),
      missing: async (_scope, look) => {
        // A copy in words: what it is given may grow later.
        world.log.push(told(look))
        return []
      },
    })
    const { serial = 1, startTogether = false } = more
    const { result } = await run([limited(members, limit, { serial, startTogether, gate })], world)
    const happened = world.log.flatMap((line) => /^(\[.*|.*(?=: make a$))/.exec(line)?.[1] ?? [])
    assert.equal(happened, story)
    assert.equal(
      result.failures.map(({ host, problems }) => `${host}: ${problems[0]?.what}`),
      failures,
    )
    if (failures.length > 0)
      for (const name of members) assert.equal(world.machine(name).steps, [], 'nothing is written')
  })
}

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
  for (const [error, expected] of errors) {
    for (const place of places) {
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
