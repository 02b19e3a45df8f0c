import { Secret } from '../../lib/core/secret.ts'
import { file } from '../../lib/resources/file.ts'
import { environmentFile, inputOf, unit } from '../../lib/resources/unit.ts'
import { canned } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'
import { plans } from './cases.ts'

const test = suite('resources/unit')
const config = file('/opt/app/app.conf', { content: 'x=1\n' })
const definition = '[Service]\nEnvironmentFile=/etc/plinth/app.env\nExecStart=/opt/app/run\n'
const [unitFile, environment, service] = unit('app', { definition, runs: [config] })

/** The digest that a process started now would carry, as a secret step hands it over. */
const digestOf = (resource: typeof environment): string =>
  /PLINTH_INPUTS=(\w+)/.exec(String(resource!.plan(canned({}), new Set()).steps[0]!.input))![1]!
const digest = digestOf(environment)

const show = (more: Readonly<Record<string, string>> = {}, inputs: string | null = digest) => ({
  'unit:app.service': [
    ...Object.entries({
      LoadState: 'loaded',
      ActiveState: 'active',
      SubState: 'running',
      UnitFileState: 'enabled',
      NeedDaemonReload: 'no',
      MainPID: '7',
      ...more,
    }).map(([key, value]) => `${key}=${value}`),
    ...(inputs === null ? [] : [`PLINTH_INPUTS=${inputs}`]),
  ].join('\n'),
})

const changesOf = (more: readonly string[]): readonly string[] => [
  'active:  → active',
  'enabled:  → enabled',
  'inputs:  → ***',
  'load:  → loaded',
  'reload:  → no',
  'stale:  → no',
  ...more,
]

plans(test, service!, {
  'empty host': {
    answers: {},
    action: 'create',
    changes: changesOf([]),
    says: ['reload systemd', 'enable app.service', 'start app.service'],
  },
  'systemd has not heard of it': {
    answers: show({ LoadState: 'not-found', ActiveState: 'inactive', UnitFileState: '', MainPID: '0' }, null),
    action: 'create',
    changes: changesOf([]),
    says: ['reload systemd', 'enable app.service', 'start app.service'],
  },
  keep: { answers: show(), action: 'keep' },
  stopped: {
    answers: show({ ActiveState: 'inactive', MainPID: '0' }, null),
    action: 'update',
    changes: ['active: inactive → active', 'inputs: *** → another ***'],
    says: ['start app.service'],
  },
  'failed, or between two attempts': {
    answers: show({ ActiveState: 'activating', SubState: 'auto-restart', MainPID: '0' }, null),
    action: 'update',
    changes: ['active: activating → active', 'inputs: *** → another ***'],
    says: ['start app.service'],
  },
  'not enabled': {
    answers: show({ UnitFileState: 'disabled' }),
    action: 'update',
    changes: ['enabled: disabled → enabled'],
    says: ['enable app.service'],
  },
  'runs with other inputs: a restart that was killed is not lost': {
    answers: show({}, 'f'.repeat(64)),
    action: 'update',
    changes: ['inputs: *** → another ***'],
    says: ['restart app.service'],
  },
  'started by somebody else, without a digest': {
    answers: show({}, null),
    action: 'update',
    changes: ['inputs: *** → another ***'],
    says: ['restart app.service'],
  },
  'an input is about to change': {
    answers: show(),
    pending: [config.id],
    action: 'update',
    changes: [`restart:  → because of ${config.id}`],
    says: ['restart app.service'],
  },
  'its own file is about to change': {
    answers: show(),
    pending: [unitFile!.id],
    action: 'update',
    changes: [`restart:  → because of ${unitFile!.id}`],
    says: ['reload systemd', 'restart app.service'],
  },
  'something else is about to change': {
    answers: show(),
    pending: ['file:/etc/motd', environment!.id],
    action: 'keep',
  },
  'its file was changed behind our back and changed back': {
    answers: show({ NeedDaemonReload: 'yes' }),
    action: 'update',
    changes: ['reload: yes → no'],
    says: ['reload systemd'],
  },
  'an input was touched and the run was killed before the restart': {
    answers: show({ Stale: 'yes' }),
    action: 'update',
    changes: ['stale: yes → no'],
    says: ['restart app.service'],
  },
  'an input was touched while it was down': {
    answers: show({ Stale: 'yes', ActiveState: 'inactive', MainPID: '0' }, null),
    action: 'update',
    changes: ['active: inactive → active', 'inputs: *** → another ***', 'stale: yes → no'],
    says: ['start app.service'],
  },
  'masked while it runs': {
    answers: show({ LoadState: 'masked', UnitFileState: 'masked' }),
    pending: [unitFile!.id],
    action: 'update',
    changes: ['enabled: masked → enabled', 'load: masked → loaded', `restart:  → because of ${unitFile!.id}`],
    says: ['unmask app.service', 'reload systemd', 'enable app.service', 'restart app.service'],
  },
  'masked until the next boot, and down': {
    answers: show(
      { LoadState: 'masked', UnitFileState: 'masked-runtime', ActiveState: 'inactive', MainPID: '0' },
      null,
    ),
    action: 'update',
    changes: [
      'active: inactive → active',
      'enabled: masked-runtime → enabled',
      'inputs: *** → another ***',
      'load: masked → loaded',
    ],
    says: ['unmask app.service', 'reload systemd', 'enable app.service', 'start app.service'],
  },
})

test('the commands, word for word', () => {
  const runs = (answers: Readonly<Record<string, string>>) =>
    service!.plan(canned(answers), new Set()).steps.map(({ run }) => run)
  assert.equal(runs({}), [
    'systemctl daemon-reload',
    'systemctl enable -q -- app.service',
    'systemctl reset-failed -- app.service 2>/dev/null || :\nsystemctl restart -- app.service\nrm -f -- /etc/plinth/app.stale',
  ])
  const masked = (UnitFileState: string) => runs(show({ LoadState: 'masked', UnitFileState }))[0]
  assert.is(masked('masked'), 'systemctl unmask -q -- app.service')
  assert.is(masked('masked-runtime'), 'systemctl unmask -q --runtime -- app.service')
})

test('an input leaves a note before it is touched, and the start takes it away', () => {
  const note = 'mkdir -p -m 0700 /etc/plinth\n: >/etc/plinth/app.stale\nsync /etc/plinth/app.stale\n'
  const two = {
    ...config,
    plan: () => ({
      ...config.plan(canned({}), new Set()),
      steps: ['first', 'second'].map((run) => ({ say: run, run, input: `input of ${run}` })),
    }),
  }
  const runs = (resource: typeof config, answers = {}) =>
    inputOf('app', resource)
      .plan(canned(answers), new Set())
      .steps.map(({ run }) => run)
  assert.equal(runs(two), [`${note}first`, 'second'])
  assert.equal(
    inputOf('app', two)
      .plan(canned({}), new Set())
      .steps.map(({ input }) => input),
    ['input of first', 'input of second'],
  )
  assert.equal(runs({ ...config, plan: () => ({ ...two.plan(), steps: [] }) }), [], 'nothing is touched, nothing noted')
  assert.ok(runs(config)[0]?.startsWith(note))
  assert.is(inputOf('app', config).digest(), config.digest())
  assert.ok(unitFile!.plan(canned({}), new Set()).steps[0]?.run.startsWith(note), 'the unit file is an input itself')
  const start =
    service!
      .plan(canned(show({ Stale: 'yes' })), new Set())
      .steps.at(-1)
      ?.run.split('\n') ?? []
  assert.equal(start.slice(-2), ['systemctl restart -- app.service', 'rm -f -- /etc/plinth/app.stale'])
})

test('the digest is for root alone, and no plan shows it', () => {
  assert.is(environment!.id, `file:${environmentFile('app')}`)
  const [step] = environment!.plan(canned({}), new Set()).steps
  assert.match(step!.run, /\no=root g=root m=0600 /)
  for (const plan of [environment, service].map((one) => one!.plan(canned(show({}, 'old')), new Set())))
    assert.not(JSON.stringify(plan.changes).includes(digest))
})

test('whatever the process reads changes the digest', () => {
  const of = (content: string | Secret, text = definition) =>
    digestOf(unit('app', { definition: text, runs: [file('/opt/app/app.conf', { content })] })[1])
  assert.is(of('x=1\n'), digest)
  assert.is(of(new Secret('x=1\n')), digest)
  assert.is.not(of('x=2\n'), digest)
  assert.is.not(of('x=1\n', `${definition}LimitNOFILE=1\n`), digest)
})

test('it takes what serves away when it restarts what runs, and then only', () => {
  const disrupts = (answers: Readonly<Record<string, string>>, pending: readonly string[] = []): boolean =>
    service!.plan(canned(answers), new Set(pending)).disrupts ?? false
  assert.is(disrupts(show({}, 'another')), true)
  assert.is(disrupts(show({ Stale: 'yes' })), true)
  assert.is(disrupts(show(), [config.id]), true)
  assert.is(disrupts(show()), false)
  assert.is(disrupts(show({ UnitFileState: 'disabled' })), false)
  assert.is(disrupts(show({ NeedDaemonReload: 'yes' })), false)
  assert.is(disrupts(show({ ActiveState: 'inactive', MainPID: '0' }, null)), false)
  assert.is(disrupts({}), false)
})

test.run()
