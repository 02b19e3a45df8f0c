/** What the page says of hosts that are alike, and of those that are not. Read as text: page.test.ts has it in a browser. */
import type { Plan } from '../../lib/core/resource.ts'
import { play } from '../../lib/engine/play.ts'
import type { Failure } from '../../lib/engine/world.ts'
import { chart } from '../../lib/report/chart.ts'
import { page } from '../../lib/report/page.ts'
import { planSection } from '../../lib/report/page-plan.ts'
import { requirement } from '../../lib/resources/requirement.ts'
import { FakeWorld } from '../../lib/testing.ts'
import { hosts } from '../engine/thing.ts'
import { assert, suite } from '../kit.ts'
import { nothing, recorded, reported } from './runs.ts'

const test = suite('report/page-text')

/** The words of one section, each element on a line. */
const words = (html: string, id: string): readonly string[] =>
  textOf(new RegExp(`<section id="${id}"[\\s\\S]*?</section>`).exec(html)?.[0] ?? '')
const textOf = (html: string): readonly string[] =>
  html
    .replace(/<\/(p|li|summary|h2|pre|dd)>/g, '\n')
    .replace(/<[^>]+>/g, '')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')

test('a warning says on which hosts it was found', async () => {
  const world = new FakeWorld()
  const free = { reader: (keys: readonly string[]) => `free ${keys}`, key: '/opt' }
  const names = ['n1', 'n2', 'n3', 'n4', 'n5']
  for (const [at, megabytes] of ['9000', '300', '9000', '200', '300'].entries())
    world.machine(names[at] ?? '').answer('reader:/opt', megabytes)
  const disk = requirement('disk:/opt', {
    probe: [free],
    check: () => [],
    warn: (answers) =>
      Number(answers(free)) < 512
        ? [{ where: 'disk:/opt', what: `only ${answers(free)} MB are free`, remedy: 'free some' }]
        : [],
  })
  const run = await recorded([play('app', hosts(...names), () => [disk])], world, { check: true })
  assert.equal(words(page(run), 'warnings').slice(1), [
    'n2, n5: disk:/opt: only 300 MB are free; free some',
    'n4: disk:/opt: only 200 MB are free; free some',
  ])
})

test('what is done with a thing is said of each host', () => {
  const of = (host: string, plan: Partial<Plan>) => ({
    play: 'app',
    host,
    place: host,
    left: [],
    failures: [],
    outcomes: [
      {
        plan: { id: 'file:/etc/x', action: 'create', changes: [], steps: [], problems: [], ...plan } as Plan,
        state: 'differs' as const,
        seconds: 0,
      },
    ],
  })
  const problems = [{ where: '/etc/x', what: 'a directory is where a file should be', remedy: 'move it' }]
  const html = planSection([
    of('h1', {}),
    of('h2', { action: 'blocked', problems }),
    of('h3', { action: 'update', changes: [{ key: 'mode', from: '0640', to: '0644' }] }),
    of('h4', { action: 'remove' }),
    of('h5', {}),
    // The lines around a change have the host's name in them.
    ...['h6', 'h7'].map((host) => of(host, { action: 'update', detail: ['@@ -1,1 +1,2 @@', ` host=${host}`, '+new'] })),
  ])
  assert.equal(textOf(html.map(({ text }) => text).join('')), [
    'app: 1 resource on 7 hosts',
    '+ file:/etc/x create h1, h5',
    '! file:/etc/x blocked h2',
    'a directory is where a file should be; move it',
    '~ file:/etc/x update h3, h6, h7',
    'h3',
    'mode: 0640 → 0644',
    'h6, h7',
    '@@ -1,1 +1,2 @@',
    'host=h6',
    '+new',
    '− file:/etc/x remove h4',
  ])
})

const failed = (host: string, ...whats: readonly string[]): Failure => ({
  host,
  play: 'app',
  kind: 'failed',
  problems: whats.map((what) => ({ where: host, what, remedy: 'see to it' })),
  done: [],
  undone: [],
})
const failuresOf = (...failures: readonly Failure[]): readonly string[] =>
  words(page(reported({ ...nothing, failures })), 'failures').filter((line) => !/^(Failures|go on with.*)$/.test(line))

test('failures are told once where they differ in nothing but the name of the host', () => {
  assert.equal(failuresOf(failed('n1', 'n1:8848 is taken\nby n1'), failed('n2', 'n2:8848 is taken\nby n2')), [
    'n1, n2: ✗ failed in app',
    'As told by n1; the others failed in the same way.',
    'n1: n1:8848 is taken',
    'by n1; see to it',
  ])
  const whole = (...whats: readonly string[]) => whats.filter((what) => / is full/.test(what))
  assert.equal(whole(...failuresOf(failed('1', 'disk 11 is full'), failed('2', 'disk 2 is full'))), [
    '1: disk 11 is full; see to it',
    '2: disk 2 is full; see to it',
  ])
  assert.equal(whole(...failuresOf(failed('db', 'db-2 is full'), failed('nacos', 'nacos-2 is full'))).length, 2)
  // Nothing in the place of a name is no name.
  assert.equal(whole(...failuresOf(failed('a', 'disk a is full'), failed('b', 'disk  is full'))).length, 2)
})

test('what a step said is shown once, and all that else was found of it in full', () => {
  const problems = ['"start app" ended with exit code 1:\n    Job failed', 'its log ends with:\n    java.lang.Boom']
  const step = { id: 'unit:app', say: 'start app', run: 'systemctl start app', code: 1, stderr: 'Job failed' }
  assert.equal(failuresOf({ ...failed('h1', ...problems), step }).slice(1, 4), [
    'h1: "start app" ended with exit code 1; see to it',
    'h1: its log ends with:',
    'java.lang.Boom; see to it',
  ])
})

test('a time line of very many steps', () => {
  const bar = { host: 'h1', play: 'app', id: 'x', say: 'make x', from: 0, to: 1, ending: 'ok' as const }
  const bars = Array.from({ length: 200_000 }, (_, at) => ({ ...bar, from: at, to: at + 1 }))
  assert.match(chart({ bars, waits: [], seconds: 0 } as never)?.text ?? '', /200000 steps from 0\.0 s to 55 h/)
})

test.run()
