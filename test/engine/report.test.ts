/** How people read a plan: what is alike is said once, and what is long is cut. */
import { join } from 'node:path'
import type { Become } from '../../lib/core/inventory.ts'
import type { Plan } from '../../lib/core/resource.ts'
import { assignmentOf } from '../../lib/engine/assignment.ts'
import { hostPlan } from '../../lib/engine/observe.ts'
import { play } from '../../lib/engine/play.ts'
import { failureLines, planText, type Shown, unfinishedLines } from '../../lib/engine/report.ts'
import type { Failure, HostPlan } from '../../lib/engine/world.ts'
import { FakeWorld, fakeHost, run } from '../../lib/testing.ts'
import { golden } from '../golden.ts'
import { assert, suite } from '../kit.ts'
import { thing } from './thing.ts'

const test = suite('engine/report')

test('the plan says once how it comes to act as another user, and for a database not at all', () => {
  const sudo: Become = { method: 'sudo', user: 'root', password: null }
  const as = (name: string, user: string, become: Become | null) => {
    const host = fakeHost(name, null)
    return { ...host, machine: { ...host.machine, connection: { ...host.machine.connection, user, become } } }
  }
  const hosts = [as('a', 'deploy', sudo), as('b', 'deploy', sudo), as('c', 'root', null), as('d', 'ops', sudo)]
  const login = { user: 'x', host: 'h', port: 3306, password: '' } as never
  const plays = [
    play('first', hosts, () => []),
    play('data', [as('a', 'deploy', sudo)], () => [], { via: () => login }),
  ]
  const plans = plays.flatMap((one) =>
    one.hosts.map((host) => {
      const resource = thing('x')
      return hostPlan({
        assignment: assignmentOf(one, host, [resource]),
        plans: [resource.plan(() => '', new Set())],
        left: [],
      })
    }),
  )
  assert.equal(
    planText(plans).map(({ text }) => text),
    [
      'first: a, b',
      '  as root through sudo, logged in as deploy',
      '  + thing:x',
      'first: c',
      '  + thing:x',
      'first: d',
      '  as root through sudo, logged in as ops',
      '  + thing:x',
      'data: a',
      '  + thing:x',
    ],
  )
})

test('a result carries it, for documents', async () => {
  const world = new FakeWorld()
  const host = fakeHost('a', null)
  const connection = { ...host.machine.connection, become: { method: 'su', user: 'app', password: null } as const }
  const site = [play('p', [{ ...host, machine: { ...host.machine, connection } }], () => [thing('x')])]
  const { result } = await run(site, world, { check: true })
  assert.is(result.plans[0]!.as, 'as app through su, logged in as root')
})

/** A plan for a host, as the engine hands it to the report. */
const planned = (play: string, host: string, ...plans: readonly Partial<Plan>[]): HostPlan => ({
  play,
  host,
  place: host,
  left: [],
  plans: plans.map((one) => ({
    id: 'file:/etc/app.conf',
    action: 'update',
    changes: [],
    steps: [],
    problems: [],
    ...one,
  })),
})
const texts = (plans: readonly HostPlan[], shown: Shown = {}): readonly string[] =>
  planText(plans, shown).map(({ text }) => text)
const numbered = (count: number): readonly string[] => Array.from({ length: count }, (_, at) => `+line ${at + 1}`)

test('a plan for a hundred hosts: what is alike is said once, with how many hosts it is for', () => {
  // The file has the host's name in it: its digest is another one on each, what changes in it is not.
  const conf = (host: string, detail = ['@@ -1,2 +1,2 @@', '-port = 80', '+port = 8080', ' name = app']) => ({
    changes: [{ key: 'sha256', from: `aaaa${host}`, to: `bbbb${host}` }],
    detail,
  })
  const unit = { id: 'unit:app', changes: [{ key: 'restart', from: null, to: 'because of file:/etc/app.conf' }] }
  const names = Array.from({ length: 100 }, (_, at) => `web${String(at + 1).padStart(3, '0')}`)
  const plans = [
    ...names.map((host) => planned('groundwork', host, { id: 'directory:/opt/app', action: 'create' })),
    ...names.map((host, at) => {
      // One has been edited by hand, one is new, and some are as they should be.
      if (at === 41) return planned('app', host, conf(host, ['@@ -1,1 +1,2 @@', '+port = 8080']), unit)
      if (at === 42)
        return planned('app', host, { action: 'create', detail: numbered(20) }, { ...unit, action: 'create' })
      if (at >= 60 && at < 70) return planned('app', host, { action: 'keep' }, { id: 'unit:app', action: 'keep' })
      return planned('app', host, conf(host), unit)
    }),
    planned('database', 'db1', { id: 'table:nacos.users', changes: [{ key: 'column id', from: 'int', to: 'bigint' }] }),
  ]
  golden(join(import.meta.dirname, 'golden/hundred.txt'), `${texts(plans).join('\n')}\n`)
})

test('the lines around a change may have the name of a host in them: what changes is what makes hosts alike', () => {
  const detail = (host: string, end = '+words=new') => ['@@ -1,2 +1,2 @@', ` host=${host}`, '-words=old', end]
  const plans = (...details: readonly (readonly string[])[]) =>
    details.map((one, at) => planned('p', `h${at}`, { detail: one }))
  const moved = ['@@ -7,3 +7,3 @@', ' ', ' host=c', '-words=old', '+words=new']
  const folded = texts(plans(detail('a'), detail('b'), moved))
  assert.equal(folded, ['p: h[0:2] (3 hosts)', ...texts(plans(detail('a'))).slice(1)])
  assert.is(texts(plans(detail('a'), detail('b')), { diff: true })[0], 'p: h0, h1')
  // What ends without a line break is a change, and no diff has no lines around one.
  const alike = (...details: readonly (readonly string[])[]) =>
    texts(plans(...details)).filter((text) => text.endsWith(' on h1'))
  const end = '\\ No newline at end of file'
  assert.equal(alike(['@@ -1,1 +1,1 @@', '-a', end, '+a'], ['@@ -1,1 +1,1 @@', '-a', '+a', end]).length, 1)
  assert.equal(alike([' (too large)'], [' (no text)']).length, 1)
})

test('one resource that differs from host to host leaves the others folded', () => {
  const ip = (host: string) => ({ detail: ['@@ -1,1 +1,1 @@', '-ip=', `+ip=${host}`] })
  const unit = { id: 'unit:app', changes: [{ key: 'active', from: 'inactive', to: 'active' }] }
  const plans = ['a', 'b', 'a'].map((of, at) => planned('p', `h${at}`, ip(of), unit))
  assert.equal(texts(plans), [
    'p: h[0:2] (3 hosts)',
    '  ~ file:/etc/app.conf on h0, h2',
    '      @@ -1,1 +1,1 @@',
    '      -ip=',
    '      +ip=a',
    '  ~ file:/etc/app.conf on h1',
    '      @@ -1,1 +1,1 @@',
    '      -ip=',
    '      +ip=b',
    '  ~ unit:app',
    '      active: inactive → active',
  ])
})

test('the digest of a file is shown where its lines are not, or all is asked for', () => {
  const changes = [
    { key: 'sha256', from: 'aaaa', to: 'bbbb' },
    { key: 'mode', from: '0640', to: '0644' },
  ]
  const of = (detail: readonly string[], shown?: Shown) =>
    texts([planned('p', 'a', { changes, detail })], shown).slice(2)
  const lines = ['@@ -1,1 +1,1 @@', '-a', '+b']
  const mode = '      mode: 0640 → 0644'
  assert.equal(of(lines), [mode, ...lines.map((text) => `      ${text}`)])
  assert.equal(of(lines, { verbose: true }).slice(0, 2), ['      sha256: aaaa → bbbb', mode])
  assert.equal(of(['(no lines: not UTF-8 text)']).slice(0, 2), ['      sha256: aaaa → bbbb', mode])
})

test('at most twelve lines of a diff are shown unless all are asked for', () => {
  const of = (count: number, shown?: Shown) => texts([planned('p', 'a', { detail: numbered(count) })], shown).slice(2)
  const lines = (count: number) => numbered(count).map((text) => `      ${text}`)
  assert.equal(of(12), lines(12))
  assert.equal(of(13), [...lines(12), '      … 1 more line, all with --diff'])
  assert.equal(of(40), [...lines(12), '      … 28 more lines, all with --diff'])
  assert.equal(of(40, { diff: true }), lines(40))
})

test('a very long line or value is cut unless all is asked for, and hosts are alike by the whole', () => {
  const long = 'x'.repeat(60_000)
  const changes = [{ key: 'value', from: long, to: 'y' }]
  const of = (end: string, host = 'a') =>
    planned('p', host, { changes, detail: ['@@ -1,1 +1,1 @@', '-{}', `+${long}${end}`] })
  const cut = texts([of('')])
  const more = (count: number) => ` (${count} more characters, all with --diff)`
  assert.equal(cut.slice(2), [
    `      value: ${'x'.repeat(392)}…${more(59_612)}`,
    '      @@ -1,1 +1,1 @@',
    '      -{}',
    `      +${'x'.repeat(398)}…${more(59_602)}`,
  ])
  for (const shown of [{ diff: true }, { verbose: true }])
    assert.equal(texts([of('')], shown).slice(2), [
      `      value: ${long} → y`,
      '      @@ -1,1 +1,1 @@',
      '      -{}',
      `      +${long}`,
    ])
  assert.equal(
    texts([of('1', 'a'), of('2', 'b'), of('1', 'c')]).filter((text) => text.startsWith('  ~')),
    ['  ~ file:/etc/app.conf on a, c', '  ~ file:/etc/app.conf on b'],
  )
})

test('a new file is shown only to who wants to know what new things are like', () => {
  const plans = [planned('p', 'a', { action: 'create', detail: numbered(13) })]
  assert.equal(texts(plans), ['p: a', '  + file:/etc/app.conf'])
  assert.equal(texts(plans, { diff: true }), ['p: a', '  + file:/etc/app.conf'])
  assert.is(texts(plans, { verbose: true }).length, 2 + 12 + 1)
  assert.is(texts(plans, { verbose: true, diff: true }).length, 2 + 13)
})

test('hosts of which the hidden lines differ are not alike', () => {
  const plans = ['x', 'y'].map((last, at) => planned('p', `h${at}`, { detail: [...numbered(12), last] }))
  assert.equal(
    texts(plans).filter((text) => text.startsWith('  ~')),
    ['  ~ file:/etc/app.conf on h0', '  ~ file:/etc/app.conf on h1'],
  )
})

test('how many hosts a paragraph is for is said where it is not seen at once', () => {
  const heads = (...names: readonly string[]) =>
    texts(names.map((host) => planned('p', host, { action: 'create' }))).filter((text) => text.startsWith('p: '))
  assert.equal(heads('a'), ['p: a'])
  assert.equal(heads('a', 'b', 'c'), ['p: a, b, c'])
  assert.equal(heads('a', 'b', 'c', 'd'), ['p: a, b, c, d (4 hosts)'])
  assert.equal(heads('n1', 'n2', 'n3'), ['p: n[1:3] (3 hosts)'])
})

test('a value with a line break stays on its line', () => {
  const changes = [{ key: 'k', from: 'a\n  - unit:db', to: 'b' }]
  assert.equal(texts([planned('p', 'a', { changes })]).slice(2), ['      k: a\\n  - unit:db → b'])
})

test('the lines have the colours that a diff has', () => {
  const detail = ['@@ -1,1 +1,1 @@', ' same', '-old', '+new', '(no lines: it is secret)']
  assert.equal(
    planText([planned('p', 'a', { detail })])
      .slice(2)
      .map(({ tone }) => tone),
    ['faint', 'faint', 'bad', 'good', 'faint'],
  )
})

test('what an interrupt leaves: who was in the middle, with what is done and what is not, and who was not begun', () => {
  const undone = ['write /etc/a', 'start a']
  const lines = unfinishedLines([
    { host: 'h1', play: 'base', done: ['make /srv'], undone },
    { host: 'h2', play: 'base', done: [], undone },
    { host: 'h1', play: 'service', done: [], undone },
    { host: 'h2', play: 'service', done: [], undone },
  ])
  assert.equal(
    lines.map(({ text }) => text),
    [
      'h1: interrupted in base',
      '  done: make /srv',
      '  not done: write /etc/a; start a',
      'base: not begun on h2',
      'service: not begun on h1, h2',
    ],
  )
})

const long = Array.from({ length: 6 }, (_, index) => `line ${index + 1}`).join('\n')
const shownCommands: readonly [
  name: string,
  step: { run: string; command?: string },
  verbose: boolean,
  text: string,
][] = [
  ['one line', { run: 'systemctl daemon-reload' }, false, '  command: systemctl daemon-reload'],
  ['a few lines', { run: 'a\nb' }, false, '  command:\n    a\n    b'],
  ['many', { run: long }, false, '  command: write /etc/x (in full with -v, and in --report)'],
  [
    'many, of which one matters',
    { run: long, command: 'line 2' },
    false,
    '  command: line 2 (in full with -v, and in --report)',
  ],
  ['many, all asked for', { run: long, command: 'line 2' }, true, `  command:\n${long.replace(/^/gm, '    ')}`],
]
for (const [name, step, verbose, expected] of shownCommands) {
  test(`the command of a step that failed: ${name}`, () => {
    const failed = { id: 'file:/etc/x', say: 'write /etc/x', code: 1, stderr: '', ...step }
    const failure: Failure = { host: 'h1', play: 'p', kind: 'failed', problems: [], step: failed, done: [], undone: [] }
    const texts = failureLines(failure, verbose).map(({ text }) => text)
    assert.is(texts.slice(2).join('\n'), expected)
  })
}

test.run()
