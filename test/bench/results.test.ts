import { figures, median, parseRuns, replaced } from '../../bench/results.ts'
import { assert, suite } from '../kit.ts'
import { contest, run } from './runs.ts'

const test = suite('results')

test('a median is the middle, or between the two in the middle', () => {
  const cases: readonly [readonly number[], number][] = [
    [[3], 3],
    [[9, 1, 5], 5],
    [[10, 2, 4, 8], 6],
  ]
  for (const [values, middle] of cases) assert.is(median(values), middle)
  assert.throws(() => median([]), /no value/)
})

test('runs of the same kind become one figure, set against the floor', () => {
  const found = figures(contest)
  assert.equal(
    found.map(({ contender, runs, wall, ratio }) => [contender, runs, wall, ratio]),
    [
      ['floor', 2, 0.5, 1],
      ['plinth', 3, 0.7, 1.4],
      ['ansible', 1, 20, 40],
    ],
  )
  assert.is(found[1]?.rss, 91)
  assert.is(found[1]?.least, 0.65)
})

test('only the floor under the same conditions counts', () => {
  const kinds = [
    run({ contender: 'plinth', n: 10 }),
    run({ contender: 'plinth', rtt_ms: 20 }),
    run({ contender: 'plinth', job: 'J2' }),
  ]
  for (const kind of kinds)
    assert.is(figures([...contest, kind]).find((one) => one.ratio === null)?.contender, 'plinth')
})

test('a run that left a host wrong is counted, and is in no median', () => {
  const found = figures([
    ...contest,
    run({ contender: 'plinth', wall_s: 0.01, ok: false }),
    run({ job: 'J2', ok: false }),
  ])
  const plinth = found.find(({ contender }) => contender === 'plinth')
  assert.equal([plinth?.runs, plinth?.failed, plinth?.wall], [3, 1, 0.7])
  assert.is(
    found.some(({ job }) => job === 'J2'),
    false,
  )
})

test('what is measured anew takes the place of the same, and of nothing else', () => {
  const anew = [run({ contender: 'plinth', wall_s: 0.6 })]
  const kept = replaced(contest, anew)
  assert.equal(
    kept.map(({ contender, wall_s }) => [contender, wall_s]),
    [
      ['floor', 0.4],
      ['floor', 0.6],
      ['ansible', 20],
      ['plinth', 0.6],
    ],
  )
})

test('a results file is read line by line', () => {
  const text = contest.map((line) => `${JSON.stringify(line)}\n`).join('')
  assert.equal(parseRuns(`${text}\n`), contest)
  assert.throws(() => parseRuns('{"job": '), /JSON/)
})

test.run()
