import { figures } from '../../bench/results.ts'
import { markdown, table } from '../../bench/table.ts'
import { assert, suite } from '../kit.ts'
import { contest, run } from './runs.ts'

const test = suite('table')

test('figures stand to the right, words to the left', () => {
  assert.is(
    markdown(
      ['name', 'seconds'],
      [
        ['a', '1.5'],
        ['longer', ''],
      ],
    ),
    ['| name   | seconds |', '| ------ | ------: |', '| a      |     1.5 |', '| longer |         |', ''].join('\n'),
  )
})

test('every contender has a row with its medians', () => {
  const rows = table(figures(contest)).split('\n')
  assert.is(rows[3]?.replace(/ +/g, ' '), '| J1 | 3 | 0 ms | plinth | 3 | 0.70 | 1.40 | 0.25 | 91 | 3 |')
  assert.is(rows.length, 6)
})

test('what was not measured is left open, what failed is said', () => {
  const { sessions: _, ...lone } = run({ job: 'J4', contender: 'plinth' })
  const text = table(figures([lone, run({ job: 'J4', contender: 'plinth', ok: false })])).replace(/ +/g, ' ')
  assert.match(text, '| J4 | 3 | 0 ms | plinth | 1 (+1 failed) | 0.50 | | 0.25 | 12 | |')
})

test.run()
