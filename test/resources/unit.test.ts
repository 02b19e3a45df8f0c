import { existsSync, lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PlinthError } from '../../lib/core/error.ts'
import type { Resource } from '../../lib/core/resource.ts'
import { q } from '../../lib/core/script.ts'
import { Secret, sha256 } from '../../lib/core/secret.ts'
import { directory } from '../../lib/resources/directory.ts'
import { file } from '../../lib/resources/file.ts'
import { environmentFile, startUnit, stopUnit, unit } from '../../lib/resources/unit.ts'
import { inputOf } from '../../lib/resources/unit-input.ts'
import { canned } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'
import { mkdirs, Sandbox, shells } from '../shells.ts'
import { plans, shown } from './cases.ts'

const test = suite('resources/unit')
const box = new Sandbox(test)
const config = file('/opt/app/app.conf', { content: 'x=1\n' })
const install = '[Install]\nWantedBy=multi-user.target\n'
const definition = `[Service]\nEnvironmentFile=/etc/plinth/app.env\nExecStart=/opt/app/run\n${install}`
const [unitFile, environment, service] = unit('app', { definition, runs: [inputOf('app', config)] })

/** The digest that a process started now would carry, as a secret step hands it over. */
const digestOf = (resource: typeof environment): string =>
  /PLINTH_INPUTS=(\w+)/.exec(String(resource!.plan(canned({}), new Set()).steps[0]!.input))![1]!
const digest = digestOf(environment)

const owed = 'stale: yes, an input was touched and no start of ours came after that → no'
const start = Date.UTC(2026, 10, 25, 22) / 1000
const show = (more: Readonly<Record<string, string>> = {}, inputs: string | null = digest) => ({
  'unit:app.service': [
    ...Object.entries({
      LoadState: 'loaded',
      ActiveState: 'active',
      SubState: 'running',
      UnitFileState: 'enabled',
      NeedDaemonReload: 'no',
      MainPID: '7',
      CanReload: 'no',
      InvocationID: 'cafe',
      ExecMainStartTimestamp: 'Wed 2026-11-25 22:00:00 UTC',
      ExecMainStartTimestampMonotonic: '1000000500',
      Started: 'cafe',
      // An hour later.
      Now: `${start + 3600} 4600.00`,
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

/** The input's answers after an edit by hand, at a second. */
const edited = (second: number) => ({
  'stat:/opt/app/app.conf': `regular file|644|root|root|4|${second}`,
  'hash:/opt/app/app.conf': 'e'.repeat(64),
})

plans(test, service!, {
  'empty host': {
    answers: {},
    action: 'create',
    changes: changesOf([]),
    says: ['enable app.service', 'reload systemd', 'start app.service'],
  },
  'systemd has not heard of it': {
    answers: show({ LoadState: 'not-found', ActiveState: 'inactive', UnitFileState: '', MainPID: '0' }, null),
    action: 'create',
    changes: changesOf([]),
    says: ['enable app.service', 'reload systemd', 'start app.service'],
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
  'a program that shows no environment any more, of which our start is noted': {
    answers: show({ Inputs: `cafe ${digest}` }, null),
    action: 'keep',
  },
  'the same, started by somebody else since': {
    answers: show({ Inputs: `beef ${digest}` }, null),
    action: 'update',
    changes: ['inputs: *** → another ***'],
    says: ['restart app.service'],
  },
  'the same, stopped since': {
    answers: show({ Inputs: `cafe ${digest}`, ActiveState: 'failed', MainPID: '0' }, null),
    action: 'update',
    changes: ['active: failed → active', 'inputs: *** → another ***'],
    says: ['start app.service'],
  },
  'the same under a systemd without invocations': {
    answers: show({ Inputs: ` ${digest}`, InvocationID: '' }, null),
    action: 'update',
    changes: ['inputs: *** → another ***'],
    says: ['restart app.service'],
  },
  'what the process shows comes before what is noted': {
    answers: show({ Inputs: `cafe ${digest}` }, 'f'.repeat(64)),
    action: 'update',
    changes: ['inputs: *** → another ***'],
    says: ['restart app.service'],
  },
  'an input is about to change': {
    answers: show(),
    pending: [config.id],
    action: 'update',
    changes: [`restart:  → because of ${config.id}; whether the running process has read it can't be known`],
    says: ['restart app.service'],
  },
  'an input is about to become what the process was not started with': {
    answers: show({}, 'f'.repeat(64)),
    pending: [config.id],
    action: 'update',
    changes: ['inputs: *** → another ***', `restart:  → because of ${config.id}`],
    says: ['restart app.service'],
  },
  'an input is about to change, and was touched before': {
    answers: { ...show({ Stale: 'yes' }), ...edited(start + 600) },
    pending: [config.id],
    action: 'update',
    changes: [owed, `restart:  → because of ${config.id}`],
    says: ['restart app.service'],
  },
  'its own file is about to change': {
    answers: show(),
    pending: [unitFile!.id],
    action: 'update',
    changes: [`restart:  → because of ${unitFile!.id}; whether the running process has read it can't be known`],
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
    changes: [owed],
    says: ['restart app.service'],
  },
  'an input was touched while it was down': {
    answers: show({ Stale: 'yes', ActiveState: 'inactive', MainPID: '0' }, null),
    action: 'update',
    changes: ['active: inactive → active', 'inputs: *** → another ***', owed],
    says: ['start app.service'],
  },
  'masked while it runs': {
    answers: show({ LoadState: 'masked', UnitFileState: 'masked' }),
    pending: [unitFile!.id],
    action: 'update',
    changes: [
      'enabled: masked → enabled',
      'load: masked → loaded',
      `restart:  → because of ${unitFile!.id}; whether the running process has read it can't be known`,
    ],
    says: ['unmask app.service', 'enable app.service', 'reload systemd', 'restart app.service'],
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
    says: ['unmask app.service', 'enable app.service', 'reload systemd', 'start app.service'],
  },
})

const never = `no restart:  → the running process has never read what changes back: ${config.id}`
const unknown = `restart:  → because of ${config.id}; whether the running process has read it can't be known`
/** An input was edited by hand and is about to change back. Two minutes after the start the process has read all. */
const edits: readonly [name: string, answers: Readonly<Record<string, string>>, expected: string][] = [
  ['long after the start', { ...show(), ...edited(start + 600) }, never],
  ['just when it has read all', { ...show(), ...edited(start + 121) }, never],
  ['in the last second of that', { ...show(), ...edited(start + 120) }, unknown],
  ['in the second of the start', { ...show(), ...edited(start) }, unknown],
  ['before the start', { ...show(), ...edited(start - 600) }, unknown],
  ['this second', { ...show(), ...edited(start + 3600) }, never],
  ['in the future', { ...show(), ...edited(start + 3601) }, unknown],
  ['somebody else started it since', { ...show({ InvocationID: 'beef' }), ...edited(start + 600) }, unknown],
  ['no start was ever ours', { ...show({ Started: '' }), ...edited(start + 600) }, unknown],
  ['a systemd without invocations', { ...show({ Started: '', InvocationID: '' }), ...edited(start + 600) }, unknown],
  ['it can be told to read again', { ...show({ CanReload: 'yes' }), ...edited(start + 600) }, unknown],
  ['the clock went forward since', { ...show({ Now: `${start + 7200} 4600.00` }), ...edited(start + 600) }, unknown],
  ['the clock went back since', { ...show({ Now: `${start + 1800} 4600.00` }), ...edited(start + 600) }, unknown],
  ['the clock is read a second later', { ...show({ Now: `${start + 3601} 4600.00` }), ...edited(start + 600) }, never],
  ['nothing tells the time', { ...show({ Now: '' }), ...edited(start + 600) }, unknown],
  ['an unknown way to write a time', { ...show({ ExecMainStartTimestamp: '@1' }), ...edited(start + 600) }, unknown],
  ['the file is gone', show(), unknown],
  [
    'no time of a change',
    { ...show(), ...edited(start + 600), 'stat:/opt/app/app.conf': 'regular file|644|root|root|4' },
    unknown,
  ],
  [
    'a link is there now',
    { ...show(), ...edited(start + 600), 'stat:/opt/app/app.conf': `symbolic link|777|root|root|4|${start + 600}` },
    unknown,
  ],
  [
    'it was changed back already, earlier in the run',
    { ...show(), ...edited(start + 600), 'hash:/opt/app/app.conf': sha256('x=1\n') },
    unknown,
  ],
]
for (const [name, answers, expected] of edits) {
  test(`an edit that changes back: ${name}`, () => {
    const plan = service!.plan(canned(answers), new Set([config.id]))
    assert.equal(shown(plan), [expected])
    assert.is(plan.disrupts, expected === unknown && 'perhaps')
    assert.equal(
      plan.steps.map(({ run }) => run.split('\n').at(-1)),
      ['rm -f -- /etc/plinth/app.stale'],
    )
    assert.is(plan.steps[0]!.run.includes('systemctl'), expected === unknown)
  })
}

test('an edit beside something of which nothing can be known', () => {
  const folder = inputOf('app', directory('/opt/app/lib'))
  const both = unit('app', { definition, runs: [inputOf('app', config), folder] })
  const plan = both[2]!.plan(
    canned({ ...show({}, digestOf(both[1])), ...edited(start + 600) }),
    new Set([config.id, folder.id]),
  )
  assert.equal(shown(plan), [
    `restart:  → because of ${config.id}, ${folder.id}; whether the running process has read ${folder.id} can't be known`,
  ])
  assert.is(plan.disrupts, 'perhaps')
})

test('what was touched before this run started it: nothing, unless it is about to change once more', () => {
  const folder = inputOf('app', directory('/opt/app/lib'))
  const file = inputOf('app', config)
  const [own, environment, service] = unit('app', { definition, runs: [file, folder] })
  const there = {
    ...show({}, digestOf(environment!)),
    'stat:/opt/app/app.conf': `regular file|644|root|root|4|${start + 60}`,
    'hash:/opt/app/app.conf': sha256('x=1\n'),
    'stat:/opt/app/lib': 'directory|755|root|root|60|1',
    'stat:/etc/systemd/system/app.service': 'regular file|644|root|root|4|1',
    'hash:/etc/systemd/system/app.service': sha256(definition),
  }
  const pending = new Set([file.id, folder.id, own!.id, 'unit:app'])
  const changes = (answers: Readonly<Record<string, string>>, ids = pending) =>
    service!.plan(canned({ ...there, ...answers }), ids).changes.map(({ to }) => to)
  assert.equal(changes({}), [])
  assert.ok(
    service!.probe.some(({ key }) => key === '/opt/app/lib'),
    'it may be in another list',
  )
  assert.match(changes({}, new Set([file.id, folder.id]))[0]!, /^because of file:\S+, directory:/)
  assert.match(changes({ 'stat:/opt/app/lib': '' })[0]!, /^because of directory:\/opt\/app\/lib; whether/)
  assert.match(changes(edited(start + 60))[0]!, /^because of file:\/opt\/app\/app.conf; whether/)
  const digest = `PLINTH_INPUTS=${digestOf(environment!)}`
  const noted = (at: number) => show({ Stale: `${at}` }, null)['unit:app.service']
  const [stale, why] = changes({ 'unit:app.service': `${noted(start + 60)}\n${digest}` })
  assert.is(stale, 'no', 'touched again since')
  assert.match(why!, /^because of file:/)
  const spared = { 'unit:app.service': `${noted(start + 600)}\n${digest}` }
  assert.match(changes(spared, new Set([file.id, 'unit:app']))[0]!, /^the running process has never read/)
})

/** What a note says of the inputs that were touched, while the service runs with what is declared. */
const touches: readonly [name: string, answers: Readonly<Record<string, string>>, spared: boolean][] = [
  ['an edit long after the start', show({ Stale: `${start + 600}` }), true],
  ['an edit of its unit file', show({ Stale: `${start + 600}u` }), true],
  ['two of them', show({ Stale: `${start + 600} ${start + 700} ` }), true],
  ['one that it may have read', show({ Stale: `${start + 600} ${start + 60}` }), false],
  ['one of which nothing can be known', show({ Stale: `${start + 600} -` }), false],
  ['a note without a time', show({ Stale: '' }), false],
  ['somebody else started it since', show({ Stale: `${start + 600}`, InvocationID: 'beef' }), false],
  ['it runs with something else', show({ Stale: `${start + 600}` }, 'f'.repeat(64)), false],
]
for (const [name, answers, spared] of touches) {
  test(`a note of a touched input: ${name}`, () => {
    const plan = service!.plan(canned(answers), new Set())
    assert.is(plan.disrupts, !spared)
    assert.equal(
      plan.steps.map(({ say }) => say),
      [spared ? 'take back the note that app.service needs a restart' : 'restart app.service'],
    )
    if (spared) assert.equal(shown(plan), ['no restart:  → the running process has never read what was changed back'])
  })
}

const right = (second: number) => ({ ...edited(second), 'hash:/opt/app/app.conf': sha256('x=1\n') })

/** Touched, and started since, by whomever: a person, systemd, or the boot of the host. */
const started = (more: Readonly<Record<string, string>> = {}) => ({
  ...show({
    Stale: `${start - 9000} ${start - 9000} `,
    InvocationID: 'beef',
    InactiveExitTimestamp: 'Wed 2026-11-25 22:00:00 UTC',
    ...more,
  }),
  ...right(start - 2),
  'stat:/etc/systemd/system/app.service': `regular file|644|root|root|4|${start - 5000}`,
})
const restarts: readonly [name: string, answers: Readonly<Record<string, string>>, spared: boolean][] = [
  ['after the last touch', started(), true],
  ['a note of a file that was not there', started({ Stale: `${start - 9000} -` }), false],
  ['a note of its unit file, which systemd may have read later', started({ Stale: `${start - 9000}u` }), false],
  ['a file that changed a second before', { ...started(), ...right(start - 1) }, false],
  ['a file that changed since', { ...started(), ...right(start + 600) }, false],
  ['a file that is gone', { ...started(), 'stat:/opt/app/app.conf': '' }, false],
  ['systemd has not read the unit file', started({ NeedDaemonReload: 'yes' }), false],
  ['the clock has jumped since', started({ Now: `${start + 7200} 4600.00` }), false],
  ['nothing tells when its start began', started({ InactiveExitTimestamp: '' }), false],
  ['what runs before it began earlier', started({ InactiveExitTimestamp: 'Wed 2026-11-25 21:59:58 UTC' }), false],
  ['with something else', { ...started(), ...show({ Stale: `${start - 9000}` }, 'f'.repeat(64)) }, false],
]
for (const [name, answers, spared] of restarts) {
  test(`touched, and started since: ${name}`, () => {
    const plan = service!.plan(canned(answers), new Set())
    const [last] = plan.steps.slice(-1)
    assert.is(last?.say, spared ? 'take back the note that app.service needs a restart' : 'restart app.service')
    if (spared)
      assert.equal(shown(plan), ['no restart:  → the running process was started after its inputs were touched last'])
  })
}

test('touched, and started since: restarted where an input is no file, or is about to change again', () => {
  const folder = inputOf('app', directory('/opt/app/lib'))
  const both = unit('app', { definition, runs: [inputOf('app', config), folder] })
  const own = started()['unit:app.service'].replace(digest, digestOf(both[1]))
  const there = { ...started(), 'unit:app.service': own, 'stat:/opt/app/lib': 'directory|755|root|root|60|1' }
  assert.is(both[2]!.plan(canned(there), new Set()).disrupts, true)
  const plan = service!.plan(canned({ ...started(), ...edited(start - 9) }), new Set([config.id]))
  assert.equal(shown(plan), [unknown])
})

/** Nothing differs now, and nobody left a note: an edit may have been read, and put back since. */
const unnoticed: readonly [name: string, answers: Readonly<Record<string, string>>, doubtful: boolean][] = [
  ['somebody else started it, and it changed after that', { InvocationID: 'beef' }, true],
  ['no start was ever ours, and it changed after that', { Started: '' }, true],
  ['the clock has jumped since', { InvocationID: 'beef', Now: `${start + 7200} 4600.00` }, true],
  ['our own start, and it changed after that', {}, false],
  ['a systemd without invocations', { InvocationID: '' }, false],
  ['nothing tells when it was started', { InvocationID: 'beef', ExecMainStartTimestamp: '' }, false],
]
const readOther = (what: string): string =>
  `restart:  → ${what} changed after a start that was not Plinth's: whether it has read what is there now can't be known`
for (const [name, answers, doubtful] of unnoticed) {
  test(`an edit that was put back by hand: ${name}`, () => {
    const plan = service!.plan(canned({ ...show(answers), ...right(start + 600) }), new Set())
    assert.equal(shown(plan), doubtful ? [readOther(config.id)] : [])
    assert.is(plan.disrupts, doubtful ? 'perhaps' : undefined)
    assert.equal(
      plan.steps.map(({ say }) => say),
      doubtful ? ['restart app.service'] : [],
    )
  })
}

test('an edit that was put back by hand: in the second of the start, before it, and in the unit file', () => {
  const plan = (answers: Readonly<Record<string, string>>, more: Readonly<Record<string, string>> = {}) =>
    service!.plan(canned({ ...show({ InvocationID: 'beef', ...more }), ...answers }), new Set())
  assert.equal(shown(plan(right(start))), [readOther(config.id)])
  assert.equal(shown(plan(right(start - 1))), [])
  assert.equal(shown(plan({ ...right(1), 'stat:/opt/app/app.conf': `directory|755|root|root|4|${start + 9}` })), [])
  const own = plan({ 'stat:/etc/systemd/system/app.service': `regular file|644|root|root|4|${start + 600}` })
  assert.equal(shown(own), [readOther(unitFile!.id)])
  assert.equal(
    own.steps.map(({ say }) => say),
    ['reload systemd', 'restart app.service'],
    'systemd may have the edited file still, and does not say so',
  )
  const stale = plan(right(start + 600), { Stale: 'yes' })
  assert.equal(
    stale.changes.map(({ key }) => key),
    ['stale'],
    'restarted anyway, for another reason',
  )
})

test('how long a process reads is the unit’s to say', () => {
  const quick = unit('app', { definition, runs: [inputOf('app', config)], settles: 5 })
  const changes = (second: number) =>
    shown(quick[2]!.plan(canned({ ...show(), ...edited(second) }), new Set([config.id])))
  assert.equal([changes(start + 5), changes(start + 6)], [[unknown], [never]])
})

test('the answers come with the questions that are asked anyway: no round trip more', () => {
  assert.equal(
    service!.probe.map(({ reader, key }) => `${reader.name}:${key}`),
    [
      'unit:app.service',
      ...['/opt/app/app.conf', '/etc/systemd/system/app.service'].flatMap((path) => [
        `stat:${path}`,
        `refusal:${dirname(path)}`,
        `hash:${path}`,
      ]),
    ],
  )
})

/** Waits for the program itself, where systemd does not. */
const starting = `systemctl reset-failed -- app.service 2>/dev/null || :
systemctl restart -- app.service
p=0 started= inputs= n=0
for l in $(systemctl show -p MainPID -p InvocationID -- app.service); do
  case $l in MainPID=*) p=\${l#MainPID=} ;; *) started=$l ;; esac
done
while [ "$n" -lt 50 ] && { [ "/proc/$p/exe" -ef /proc/1/exe ] || [ "/proc/$p/exe" -ef /usr/lib/systemd/systemd-executor ]; }; do
  n=$((n + 1))
  sleep 0.1 2>/dev/null || sleep 1
done
read -r inputs </etc/plinth/app.env || :
umask 077
rm -f -- /etc/plinth/app.started
{
  echo "$started"
  echo "Inputs=\${started#InvocationID=} \${inputs#PLINTH_INPUTS=}"
} >/etc/plinth/app.started || exit 1
rm -f -- /etc/plinth/app.stale`

test('a start with an input that is left as it is does not count as one with what is declared', () => {
  const stopped = show({ ActiveState: 'inactive', MainPID: '0' }, null)
  const start = (answers: Readonly<Record<string, string>>, pending: readonly string[]) =>
    service!.plan(canned(answers), new Set(pending)).steps.at(-1)!.run
  const notes = (run: string): boolean => run.includes('echo "$started"')
  assert.ok(notes(start({ ...stopped, ...edited(1) }, [config.id, unitFile!.id])))
  assert.not(notes(start({ ...stopped, ...edited(1) }, [unitFile!.id])))
})

test('the commands, word for word', () => {
  const runs = (answers: Readonly<Record<string, string>>) =>
    service!.plan(canned(answers), new Set([config.id, unitFile!.id])).steps.map(({ run }) => run)
  assert.equal(runs({}), ['systemctl enable -q --no-reload -- app.service', 'systemctl daemon-reload', starting])
  const disabled = service!.plan(canned(show({ UnitFileState: 'disabled' })), new Set()).steps.map(({ run }) => run)
  assert.equal(disabled, ['systemctl enable -q -- app.service'], 'which has systemd read its units anew itself')
  const masked = (UnitFileState: string) => runs(show({ LoadState: 'masked', UnitFileState }))[0]
  assert.is(masked('masked'), 'systemctl unmask -q -- app.service')
  assert.is(masked('masked-runtime'), 'systemctl unmask -q --runtime -- app.service')
})

test('a start that fails shows the command that matters, as it was run', () => {
  for (const answers of [show({ Stale: 'yes' }), show({ ActiveState: 'inactive', MainPID: '0' }, null)]) {
    const { run, command = '' } = service!.plan(canned(answers), new Set()).steps.at(-1)!
    assert.ok(run.split('\n').includes(command), command)
  }
})

test('an input leaves a note before it is touched, and the start takes it away', () => {
  const note = `if [ ! -d /etc/plinth ]; then mkdir -p -m 0700 /etc/plinth; fi
plinth_noted=
if [ -f /etc/plinth/app.stale ]; then while read -r plinth_line; do case $plinth_line in -) plinth_noted=yes ;; esac; done </etc/plinth/app.stale; fi
if [ ! "$plinth_noted" ]; then
  if [ -f /opt/app/app.conf ] && [ ! -L /opt/app/app.conf ]; then stat -c %Z -- /opt/app/app.conf; else echo -; fi >>/etc/plinth/app.stale || exit 1
fi
`
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
  const own = unitFile!.plan(canned({}), new Set()).steps[0]?.run ?? ''
  assert.ok(own.includes('>>/etc/plinth/app.stale || exit 1\n'), 'the unit file is an input itself')
  assert.ok(own.includes('stat -c %Zu -- /etc/systemd/system/app.service; '), 'and marked as what systemd reads')
  const folder = inputOf('app', directory('/opt/app/lib')).plan(canned({}), new Set()).steps[0]?.run ?? ''
  assert.ok(
    folder.includes('\n  echo - >>/etc/plinth/app.stale || exit 1\n'),
    'of what is no file nothing can be known',
  )
  const lines =
    service!
      .plan(canned(show({ Stale: 'yes' })), new Set([config.id, unitFile!.id]))
      .steps.at(-1)
      ?.run.split('\n') ?? []
  assert.equal(lines.slice(-2), ['} >/etc/plinth/app.started || exit 1', 'rm -f -- /etc/plinth/app.stale'])
})

for (const shell of shells) {
  test(`${shell}: each touch is noted; after one of which nothing can be known none is`, () => {
    const folder = box.fresh()
    const stale = join(folder, 'app.stale')
    const named = (name: string): Resource => ({ ...config, id: `file:${join(folder, name)}` })
    const touch = (input: Resource): void => {
      const plan = () => ({ ...config.plan(canned({}), new Set()), steps: [{ say: '', run: ':' }] })
      const { run } = inputOf('app', { ...input, plan }).plan(canned({}), new Set()).steps[0]!
      assert.is(box.run(shell, run.replaceAll('/etc/plinth', q(folder))).code, 0)
    }
    const after = (inputs: readonly Resource[], before?: string): string => {
      rmSync(stale, { force: true })
      if (before !== undefined) writeFileSync(stale, before)
      for (const input of inputs) touch(input)
      return readFileSync(stale, 'utf8')
    }
    writeFileSync(join(folder, 'there'), '')
    const there = `${Math.floor(lstatSync(join(folder, 'there')).ctimeMs / 1000)}\n`
    assert.equal(after([named('new'), named('there'), directory('/x'), named('new')]), '-\n')
    assert.equal(after([directory('/x'), named('there')]), '-\n')
    assert.equal(after([named('there'), named('there')]), there.repeat(2))
    assert.equal(after([named('there'), named('new'), named('there')]), `${there}-\n`)
    // A run was killed while it wrote.
    assert.equal(after([named('there')], '7'), `7${there}`)
  })

  test(`${shell}: an input that can't be noted is not touched`, () => {
    const folder = box.fresh()
    const { run } = inputOf('app', file(join(folder, 'new'), { content: '' })).plan(canned({}), new Set()).steps[0]!
    mkdirs(join(folder, 'app.stale'))
    assert.is.not(box.run(shell, run.replaceAll('/etc/plinth', q(folder))).code, 0)
    assert.not(existsSync(join(folder, 'new')))
  })
}

test('the digest is for root alone, and no plan shows it', () => {
  assert.is(environment!.id, `file:${environmentFile('app')}`)
  const [step] = environment!.plan(canned({}), new Set()).steps
  assert.match(step!.run, /\no=root g=root m=0600 /)
  for (const plan of [environment, service].map((one) => one!.plan(canned(show({}, 'old')), new Set())))
    assert.not(JSON.stringify(plan.changes).includes(digest))
})

test('whatever the process reads changes the digest', () => {
  const of = (content: string | Secret, text = definition) =>
    digestOf(unit('app', { definition: text, runs: [inputOf('app', file('/opt/app/app.conf', { content }))] })[1])
  assert.is(of('x=1\n'), digest)
  assert.is(of(new Secret('x=1\n')), digest)
  assert.is.not(of('x=2\n'), digest)
  assert.is.not(of('x=1\n', `${definition}LimitNOFILE=1\n`), digest)
})

test('it takes what serves away when it restarts what runs, and then only', () => {
  const disrupts = (answers: Readonly<Record<string, string>>, pending: readonly string[] = []): boolean | 'perhaps' =>
    service!.plan(canned(answers), new Set(pending)).disrupts ?? false
  assert.is(disrupts(show({}, 'another')), true)
  assert.is(disrupts(show({ Stale: 'yes' })), true)
  assert.is(disrupts(show(), [config.id]), 'perhaps')
  assert.is(disrupts(show({ Stale: 'yes' }), [config.id]), true)
  assert.is(disrupts(show()), false)
  assert.is(disrupts(show({ UnitFileState: 'disabled' })), false)
  assert.is(disrupts(show({ NeedDaemonReload: 'yes' })), false)
  assert.is(disrupts(show({ ActiveState: 'inactive', MainPID: '0' }, null)), false)
  assert.is(disrupts({}), false)
})

test('started and stopped by hand: what a start has read is not known to be declared, a stop leaves it enabled', () => {
  assert.is(startUnit('app').run, starting.replace('  echo "$started"\n', '  :\n'))
  assert.equal([stopUnit('app').say, stopUnit('app').run], ['stop app.service', 'systemctl stop -- app.service'])
})

test('a unit that would be restarted by each run is refused', () => {
  const refused = (name: string, text: unknown, more: object = {}): string => {
    try {
      unit(name, { definition: text as string, runs: [], ...more })
    } catch (error) {
      if (!(error instanceof PlinthError)) throw error
      return error.message
    }
    return ''
  }
  const missing =
    'unit:app: its definition does not read the file that tells what it was started with; add below [Service]: EnvironmentFile=/etc/plinth/app.env'
  for (const line of [
    '',
    '# EnvironmentFile=/etc/plinth/app.env',
    'EnvironmentFile=/etc/plinth/other.env',
    'EnvironmentFile=/etc/%p.env',
  ])
    assert.is(refused('app', `[Service]\n${line}\nExecStart=/opt/app/run\n`), missing)
  for (const line of [
    'EnvironmentFile=-/etc/plinth/app.env',
    ' EnvironmentFile = /etc/plinth/app.env ',
    'EnvironmentFile=/etc/default/app\nEnvironmentFile=/etc/plinth/app.env',
    'EnvironmentFile=/etc/plinth/%p.env',
    'EnvironmentFile=-%E/plinth/app.env',
  ])
    assert.is(refused('app', `[Service]\n${line}\n${install}`), '')
  const own = 'EnvironmentFile=/etc/plinth/app.env'
  const stops =
    'unit:app: its process ends, and the service with it: it would never be found active; add below [Service]: RemainAfterExit=yes'
  for (const line of ['Type=oneshot', ' Type = oneshot ', 'Type=exec\nType=oneshot\nRemainAfterExit=no'])
    assert.is(refused('app', `[Service]\n${line}\n${own}\n${install}`), stops)
  for (const line of ['Type=oneshot\nRemainAfterExit=yes', 'Type=oneshot\nType=exec', '# Type=oneshot'])
    assert.is(refused('app', `[Service]\n${line}\n${own}\n${install}`), '')
  const never =
    "unit:app: its definition does not say with what it starts, so that it can't be enabled; add at its end: [Install] and, below it, WantedBy=multi-user.target"
  for (const text of ['', '[Install]\n', '[Install]\nAlso=other.service\n', '# WantedBy=multi-user.target\n'])
    assert.is(refused('app', `[Service]\n${own}\n${text}`), never)
  assert.is(refused('app.service', definition), 'unit:app.service: it would be NAME.service.service; name it app')
  assert.is(refused('app', new Secret('x')), 'unit:app: definition is a Secret; give a text; everybody may read it')
  assert.match(refused('app', definition, { setles: 1 }), /setles: unknown option; did you mean "settles"/)
  assert.is(refused('app', definition, { runs: undefined }), 'unit:app: runs: missing; add it: runs: …')
})

test.run()
