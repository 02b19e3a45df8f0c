/** What was declared once is removed as it was made: looked at first, named, and nothing that is not ours. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Resource } from '../../lib/core/resource.ts'
import { enter, enterAndHold } from '../../lib/core/way.ts'
import { planResources } from '../../lib/engine/selection.ts'
import { leftover } from '../../lib/resources/leftover.ts'
import { canned } from '../../lib/testing.ts'
import { assert, suite } from '../kit.ts'
import { mkdirs, Sandbox, type ShellName, shells } from '../shells.ts'
import { planFor, plans } from './cases.ts'

const test = suite('resources/leftover')
const box = new Sandbox(test)

/** Throws for an id that has no removal. */
function removal(id: string, ...kept: readonly string[]): Resource {
  const found = leftover(id, new Set(kept))
  if (!found) throw new Error(`nothing removes ${id}`)
  assert.is(found.id, id)
  return found
}

for (const id of [
  'package:java',
  'user:app',
  'group:app',
  'release:/opt/app/1',
  'schema:nacos',
  'table:nacos.users',
  'account:nacos@10.0.0.1',
  'java:/opt/java/8',
  'memory:app',
  'mysql-server',
  'directory:/',
  'directory:/opt',
  'directory:/etc/plinth',
  'directory:/var/cache/plinth',
  'file:',
  'file:relative',
  'file:/',
  'file:/etc/',
  'file:/etc/../passwd',
  'file:/etc//app.conf',
  'file:/etc/app\nconf',
  'unit:',
  'unit:../../etc/passwd',
  'unit:a b',
  'properties:/etc/app.conf',
  'unknown:/x',
  '',
]) {
  test(`nothing removes ${JSON.stringify(id)}`, () => assert.is(leftover(id), undefined))
}

test('a unit is not removed while somebody still has one of its files', () => {
  for (const path of ['/etc/systemd/system/app.service', '/etc/plinth/app.env'])
    assert.is(leftover('unit:app', new Set([path])), undefined)
  assert.is(leftover('unit:app', new Set(['/etc/systemd/system/apps.service']))?.id, 'unit:app')
})

for (const kind of ['file', 'line-set']) {
  plans(test, removal(`${kind}:/etc/app.conf`), {
    gone: { answers: {}, action: 'keep' },
    there: {
      answers: { 'stat:/etc/app.conf': 'regular file|600|app|app|6' },
      action: 'remove',
      says: ['remove /etc/app.conf'],
    },
    'a directory is there now': { answers: { 'stat:/etc/app.conf': 'directory|755|root|root|4096' }, action: 'keep' },
    'a link is there now': { answers: { 'stat:/etc/app.conf': 'symbolic link|777|root|root|6' }, action: 'keep' },
  })
}

plans(test, removal('symlink:/opt/app/current'), {
  gone: { answers: {}, action: 'keep' },
  there: {
    answers: { 'stat:/opt/app/current': 'symbolic link|777|root|root|6' },
    action: 'remove',
    says: ['remove /opt/app/current'],
  },
  'a file is there now': { answers: { 'stat:/opt/app/current': 'regular file|644|root|root|6' }, action: 'keep' },
})

const folder = { 'stat:/opt/app': 'directory|750|app|app|4096' }
plans(test, removal('directory:/opt/app'), {
  gone: { answers: {}, action: 'keep' },
  empty: { answers: folder, action: 'remove', says: ['remove directory /opt/app'] },
  'what a killed run left counts for nothing': {
    answers: { ...folder, 'entries:/opt/app': '.plinth.Ab12cd' },
    action: 'remove',
    says: ['remove directory /opt/app'],
  },
  'not empty': {
    answers: { ...folder, 'entries:/opt/app': 'data\nlogs' },
    action: 'blocked',
    problems: ['/opt/app: the directory is declared no more, and is not empty: data, logs; see whether'],
  },
  'full of things': {
    answers: { ...folder, 'entries:/opt/app': 'a\nb\nc\nd\ne\nf\ng' },
    action: 'blocked',
    problems: ['not empty: a, b, c, d, e and 2 more'],
  },
  'what is in it goes before it': {
    answers: { ...folder, 'entries:/opt/app': 'app.conf\ncurrent' },
    pending: ['symlink:/opt/app/current', 'file:/opt/app/app.conf'],
    action: 'remove',
    says: ['remove directory /opt/app'],
  },
  'not all that is in it goes': {
    answers: { ...folder, 'entries:/opt/app': 'app.conf\ncurrent' },
    pending: ['symlink:/opt/app/current', 'file:/opt/app.conf'],
    action: 'blocked',
    problems: ['not empty: app.conf;'],
  },
  'a link is there now': { answers: { 'stat:/opt/app': 'symbolic link|777|root|root|6' }, action: 'keep' },
})

const inside = ['/opt/app/x', '/opt/app-2', 'thing:/opt/app/y']
for (const [id, at] of [
  ['symlink:/opt/app', 'symbolic link|777|root|root|6'],
  ['directory:/opt/app', 'directory|750|app|app|4096'],
  ['file:/opt/app', 'regular file|600|app|app|6'],
] as const) {
  plans(test, removal(id, ...inside), {
    'gone, and something declared is to be in it': { answers: {}, action: 'keep' },
    'something declared is in it, also where this run has made it': {
      answers: { 'stat:/opt/app': at, 'entries:/opt/app': 'x' },
      pending: ['file:/opt/app/x'],
      action: 'blocked',
      problems: ['/opt/app: it is declared no more, and /opt/app/x, which is, leads through it; declare it again'],
    },
  })
  plans(test, removal(id, '/opt/app-2', '/opt', 'thing:/opt/app/y'), {
    'what is declared is beside it, or above it': {
      answers: { 'stat:/opt/app': at },
      action: 'remove',
      says: [id.startsWith('directory') ? 'remove directory /opt/app' : 'remove /opt/app'],
    },
  })
}

const conf = { 'stat:/opt/app/a.conf': 'regular file|600|app|app|6' }
plans(test, removal('file:/opt/app/a.conf', '/srv/a.conf', '/srv/b.conf', 'a.conf', '/s\trv/a.conf'), {
  'gone, and a link is above it': { answers: { 'realPath:/opt/app': '/data' }, action: 'keep' },
  'there, and a link is above it': {
    answers: { ...conf, 'realPath:/opt/app': '/data' },
    action: 'blocked',
    problems: [
      '/opt/app/a.conf: it is declared no more, and is reached through a link: /opt/app is /data; see whether',
    ],
  },
  'what is declared is elsewhere': {
    answers: { ...conf, 'realPath:/srv': '/mnt/srv' },
    action: 'remove',
    says: ['remove /opt/app/a.conf'],
  },
  'what is declared leads here by a link': {
    answers: { ...conf, 'realPath:/srv': '/opt/app' },
    action: 'blocked',
    problems: ['/opt/app/a.conf: it is what is declared as /srv/a.conf, by way of a link; leave it'],
  },
})

test('what is there instead is worth a warning', () => {
  const warnings = (id: string, answers: Readonly<Record<string, string>>) =>
    removal(id)
      .plan(canned(answers), new Set())
      .warnings?.map(({ where, what }) => `${where}: ${what}`)
  assert.equal(warnings('file:/etc/x', { 'stat:/etc/x': 'directory|755|root|root|1' }), [
    '/etc/x: a directory is where a file was declared once; it is left alone',
  ])
  assert.equal(warnings('directory:/opt/x', { 'stat:/opt/x': 'fifo|755|root|root|1' }), [
    '/opt/x: a special file is where a directory was declared once; it is left alone',
  ])
  assert.equal(warnings('symlink:/opt/x', { 'stat:/opt/x': 'symbolic link|777|root|root|1' }), [])
  assert.equal(warnings('symlink:/opt/x', {}), [])
})

const own = { 'stat:/etc/systemd/system/app.service': 'regular file|644|root|root|6' }
const environment = { 'stat:/etc/plinth/app.env': 'regular file|600|root|root|6' }
const note = { 'stat:/etc/plinth/app.stale': 'regular empty file|600|root|root|0' }
const show = (load: string, active: string, enabled: string, ...more: readonly string[]) => ({
  'unit:app.service': [`LoadState=${load}`, `ActiveState=${active}`, `UnitFileState=${enabled}`, ...more].join('\n'),
})
plans(test, removal('unit:app'), {
  gone: { answers: show('not-found', 'inactive', ''), action: 'keep' },
  'no systemd answers': { answers: {}, action: 'keep' },
  'it runs': {
    answers: { ...show('loaded', 'active', 'enabled'), ...own, ...environment },
    action: 'remove',
    says: ['stop app.service', 'disable app.service', 'remove app.service'],
  },
  'it is stopped and disabled already': {
    answers: { ...show('loaded', 'inactive', 'disabled'), ...own, ...environment },
    action: 'remove',
    says: ['remove app.service'],
  },
  'it failed': {
    answers: { ...show('loaded', 'failed', 'enabled'), ...own },
    action: 'remove',
    says: ['stop app.service', 'disable app.service', 'remove app.service'],
  },
  'only its environment file is left': {
    answers: { ...show('not-found', 'inactive', ''), ...environment },
    action: 'remove',
    says: ['remove app.service'],
  },
  'only the note is left': {
    answers: { ...show('not-found', 'inactive', ''), ...note },
    action: 'remove',
    says: ['remove app.service'],
  },
  'its file is gone and the process is not': {
    answers: show('not-found', 'active', ''),
    action: 'remove',
    says: ['stop app.service', 'remove app.service'],
  },
  'killed before systemd heard of it': {
    answers: show('loaded', 'inactive', '', 'NeedDaemonReload=yes'),
    action: 'remove',
    says: ['remove app.service'],
  },
  'masked by somebody while ours runs': {
    answers: {
      ...show('masked', 'active', 'masked', 'PLINTH_INPUTS=1'),
      'stat:/etc/systemd/system/app.service': 'symbolic link|777|root|root|9',
    },
    action: 'remove',
    says: ['stop app.service', 'remove app.service'],
  },
  'another one of the same name, from a package, runs': {
    answers: show('loaded', 'active', 'enabled'),
    action: 'keep',
  },
})

test('only what stops something that runs disrupts', () => {
  const disrupts = (active: string) =>
    removal('unit:app').plan(canned({ ...show('loaded', active, 'enabled'), ...own }), new Set()).disrupts
  assert.equal(['active', 'activating', 'inactive', 'failed'].map(disrupts), [true, true, false, false])
})

for (const shell of shells)
  test(`${shell}: a link that has come in the place of a folder meanwhile is not entered to sweep behind it`, () => {
    const at = box.fresh()
    const other = mkdirs(join(at, 'other/old'))
    const path = mkdirs(join(at, 'old'))
    mkdirs(join(other, '.plinth.4711'))
    const plan = planFor(box, shell, removal(`directory:${path}`))
    rmSync(path, { recursive: true })
    for (const target of ['other/old', 'other']) {
      symlinkSync(target, path)
      assert.throws(() => box.act(shell, plan.steps), /old is a link, or was replaced at this moment/)
      assert.equal(readdirSync(other), ['.plinth.4711'])
      rmSync(path)
    }
  })

test('the commands, word for word', () => {
  const runs = (id: string, answers: Readonly<Record<string, string>>) =>
    removal(id)
      .plan(canned(answers), new Set())
      .steps.map(({ run }) => run)
  assert.equal(runs('file:/etc/a b', { 'stat:/etc/a b': 'regular file|600|app|app|6' }), [
    `${enter('/etc').text}\nrm -f -- './a b'\nsync .`,
  ])
  assert.equal(runs('directory:/opt/app', folder), [
    `${enterAndHold('/opt').text}
cd -P -- ./app
if [ ! .. -ef /proc/self/fd/7 ] || [ "\${PWD##*/}" != app ]; then
  echo '/opt/app is a link, or was replaced at this moment' >&2
  exit 1
fi
rm -rf -- ./.plinth.*
cd -P /proc/self/fd/7
rmdir -- ./app
sync .`,
  ])
  assert.equal(runs('unit:app', { ...show('loaded', 'active', 'enabled'), ...own }), [
    'systemctl stop -- app.service',
    'systemctl disable -q -- app.service',
    `rm -f -- /etc/plinth/app.stale /etc/plinth/app.started /etc/plinth/app.env /etc/systemd/system/app.service
for l in /etc/systemd/system/*.wants/app.service; do
  if [ -L "$l" ] && [ ! -e "$l" ]; then rm -f -- "$l"; fi
done
sync /etc/systemd/system
systemctl daemon-reload
systemctl reset-failed -- app.service 2>/dev/null || :`,
  ])
})

test('a folder that holds one which must stay, stays too', () => {
  const outer = removal('directory:/opt/app')
  const inner = removal('directory:/opt/app/data')
  const answers = canned({
    ...folder,
    'entries:/opt/app': 'data',
    'stat:/opt/app/data': 'directory|750|app|app|4096',
    'entries:/opt/app/data': 'precious',
  })
  assert.equal(
    planResources([inner, outer], answers).map(({ action }) => action),
    ['blocked', 'blocked'],
  )
  const empty = canned({ ...folder, 'entries:/opt/app': 'data', 'stat:/opt/app/data': 'directory|750|app|app|4096' })
  assert.equal(
    planResources([inner, outer], empty).map(({ action }) => action),
    ['remove', 'remove'],
  )
})

/** Plans, removes for real, and asserts that the second look finds nothing. */
function remove(shell: ShellName, resource: Resource): void {
  const plan = planFor(box, shell, resource)
  assert.is(plan.action, 'remove', JSON.stringify(plan.problems))
  box.act(shell, plan.steps)
  assert.is(planFor(box, shell, resource).action, 'keep')
}

for (const shell of shells) {
  test(`${shell}: a file, and nothing beside it`, () => {
    const at = box.fresh()
    const path = join(at, "-f 'x' $y *")
    for (const one of [path, join(at, '-f'), join(at, 'x')]) writeFileSync(one, 'x')
    remove(shell, removal(`file:${path}`))
    assert.equal(readdirSync(at).sort(), ['-f', 'x'])
    symlinkSync(join(at, 'x'), path)
    assert.is(planFor(box, shell, removal(`file:${path}`)).action, 'keep')
  })

  test(`${shell}: a link, and not what it leads to`, () => {
    const at = box.fresh()
    for (const target of [mkdirs(join(at, 'real')), join(at, 'nowhere')]) {
      const path = join(at, '-current')
      symlinkSync(target, path)
      remove(shell, removal(`symlink:${path}`))
      assert.not(lstatSync(path, { throwIfNoEntry: false }))
    }
    assert.equal(readdirSync(at), ['real'])
  })

  test(`${shell}: a directory only when it is empty`, () => {
    const at = box.fresh()
    const path = join(at, "-d 'x' $y 目录")
    const gone = removal(`directory:${path}`)
    mkdirSync(path)
    remove(shell, gone)
    for (const name of ['a b', '.hidden', '-n', '中文']) {
      mkdirSync(path)
      writeFileSync(join(path, name), 'x')
      const plan = planFor(box, shell, gone)
      assert.is(plan.action, 'blocked')
      assert.ok(plan.problems[0]?.what.endsWith(`: ${name}`), plan.problems[0]?.what)
      rmSync(path, { recursive: true })
    }
    mkdirs(join(path, '.plinth.half/made'))
    remove(shell, gone)
    symlinkSync(at, path)
    assert.is(planFor(box, shell, gone).action, 'keep')
    assert.ok(lstatSync(path).isSymbolicLink())
  })

  test(`${shell}: what is behind a link stays, whichever of the two ways to it is declared`, () => {
    const at = box.fresh()
    const [data, link] = [mkdirs(join(at, 'data/conf')), join(at, 'opt')]
    symlinkSync('data', link)
    mkdirSync(join(data, 'empty'))
    writeFileSync(join(data, 'cluster.conf'), 'x')
    symlinkSync('cluster.conf', join(data, 'current'))
    const says = (resource: Resource): readonly string[] => {
      const { action, problems } = planFor(box, shell, resource)
      return [action, ...problems.map(({ what }) => what.replaceAll(at, ''))]
    }
    for (const [kind, name] of [
      ['file', 'cluster.conf'],
      ['symlink', 'current'],
      ['directory', 'empty'],
    ] as const) {
      const [real, alias] = [join(data, name), join(link, 'conf', name)]
      assert.equal(says(removal(`${kind}:${alias}`, real)), [
        'blocked',
        'it is declared no more, and is reached through a link: /opt/conf is /data/conf',
      ])
      for (const other of [alias, `${at}/data/../opt/conf/${name}`])
        assert.equal(says(removal(`${kind}:${real}`, other)), [
          'blocked',
          `it is what is declared as ${other.replaceAll(at, '')}, by way of a link`,
        ])
      remove(shell, removal(`${kind}:${real}`, join(at, name), join(at, 'nowhere', name)))
      assert.is(says(removal(`${kind}:${alias}`))[0], 'keep')
    }
  })

  test(`${shell}: what came into a directory since it was looked at stays`, () => {
    const path = join(box.fresh(), 'd')
    mkdirSync(path)
    const { steps } = planFor(box, shell, removal(`directory:${path}`))
    writeFileSync(join(path, 'data'), 'x')
    assert.is.not(box.run(shell, steps[0]!.run).code, 0)
    assert.is(readFileSync(join(path, 'data'), 'utf8'), 'x')
    assert.ok(existsSync(path))
  })
}

test.run()
