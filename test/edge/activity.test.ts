import { span } from '../../lib/core/display.ts'
import { Activity, activityText, type Task, taskText, uploadText } from '../../lib/edge/activity.ts'
import { assert, suite } from '../kit.ts'

const test = suite('edge/activity')

test('times as people say them', () => {
  const cases: readonly [seconds: number, text: string][] = [
    [0, '0 s'],
    [59.4, '59 s'],
    [59.6, '1 min 00 s'],
    [125, '2 min 05 s'],
    [3599, '59 min 59 s'],
    [3600, '1 h 00 min'],
    [7500, '2 h 05 min'],
  ]
  for (const [seconds, text] of cases) assert.is(span(seconds), text)
})

test('how far an upload is', () => {
  const MB = 1e6
  const upload = { from: 0, since: 100, sent: 31 * MB, of: 126 * MB }
  const cases: readonly [
    name: string,
    upload: Parameters<typeof uploadText>[0],
    sign: number,
    now: number,
    is: string,
  ][] = [
    ['in its first second there is no rate yet', { ...upload, sent: MB }, 100.5, 100.6, '1 of 126 MB'],
    ['rate and what is left', upload, 110, 110, '31 of 126 MB, 3.1 MB/s, 31 s left'],
    [
      'what was there counts for what is left, not for the rate',
      { ...upload, from: 21 * MB },
      110,
      111,
      '31 of 126 MB, 21 MB were there already, 1.0 MB/s, 1 min 35 s left',
    ],
    ['no byte for a while', upload, 110, 152, '31 of 126 MB, nothing for 42 s'],
    [
      'the host sums and names it',
      { ...upload, sent: 126 * MB },
      110,
      116,
      '126 of 126 MB, all sent, being checked for 6 s',
    ],
    ['nothing yet', { ...upload, sent: 0 }, 100, 100, '0 of 126 MB'],
  ]
  for (const [name, given, sign, now, is] of cases) assert.is(uploadText(given, sign, now), is, name)
})

const task = (host: string, say: string, since: number, more: Partial<Task> = {}): Task => ({
  host,
  say,
  since,
  sign: since,
  ...more,
})

test('the line for all that is under way shows who has been silent longest', () => {
  const upload = { from: 0, since: 0, sent: 50e6, of: 100e6 }
  const sending = task('h3', 'send app.tgz (100 MB)', 0, { sign: 100, upload })
  const cases: readonly [tasks: readonly Task[], text: string][] = [
    [[], ''],
    [[task('h1', 'restart app', 58)], '  h1           restart app … 42 s'],
    [
      [task('h1', 'restart app', 58), task('h2', 'write f', 99)],
      '  h1           restart app … 42 s (and 1 more at work)',
    ],
    [
      [sending, task('h2', 'write f', 99), task('h1', 'restart app', 58)],
      '  h1           restart app … 42 s (and 2 more at work)',
    ],
    [[sending], '  h3           send app.tgz (100 MB): 50 of 100 MB, 0.5 MB/s, 1 min 40 s left'],
  ]
  for (const [tasks, text] of cases) assert.is(activityText(tasks, 100), text)
})

test('without a live line each silent step is named now and then, and only while it is in hand', () => {
  const activity = new Activity()
  activity.begin('h1', 'restart app', 0)
  activity.begin('h2', 'write f', 5)
  assert.equal(activity.due(29), [])
  assert.equal(activity.due(30), ['  h1           restart app … 30 s'])
  assert.equal(activity.due(34), [])
  activity.end('h2')
  assert.equal(activity.due(60), ['  h1           restart app … 1 min 00 s'])
  activity.end('h1')
  assert.equal(activity.due(999), [])
  activity.begin('h1', 'send a', 1000)
  activity.sent('h1', 0, 50e6, 1000)
  activity.sent('h1', 20e6, 50e6, 1010)
  assert.equal(activity.due(1010), ['  h1           send a: 20 of 50 MB, 2.0 MB/s, 15 s left'])
  activity.sent('h1', 21e6, 50e6, 1011)
  assert.equal(activity.due(1011), [])
})

test('an upload that is begun anew counts from its beginning', () => {
  const activity = new Activity()
  activity.begin('h1', 'send a', 0)
  activity.sent('h1', 40e6, 50e6, 0)
  activity.sent('h1', 45e6, 50e6, 10)
  assert.is(taskText(activity.tasks[0]!, 10).slice(21), ': 45 of 50 MB, 40 MB were there already, 0.5 MB/s, 10 s left')
  activity.sent('h1', 0, 50e6, 20)
  activity.sent('h1', 10e6, 50e6, 30)
  assert.is(taskText(activity.tasks[0]!, 30).slice(21), ': 10 of 50 MB, 1.0 MB/s, 40 s left')
  activity.sent('nobody', 1, 2, 30)
  assert.is(activity.tasks.length, 1)
})

test.run()
