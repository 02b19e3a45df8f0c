/** `--report DIR`: three files, whole or not at all, or a refusal before anything is touched. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PlinthError } from '../../lib/core/error.ts'
import { parseArguments } from '../../lib/edge/arguments.ts'
import { openConsole } from '../../lib/edge/console.ts'
import { openReport } from '../../lib/edge/report-folder.ts'
import { openReporter } from '../../lib/edge/reporter.ts'
import { assert, suite } from '../kit.ts'
import { recorded } from '../report/runs.ts'
import { conforms } from '../report/schemas.ts'
import { failing, rolling } from '../report/sites.ts'

const test = suite('edge/report-folder')
const folder = mkdtempSync(join(tmpdir(), 'plinth-report-'))
test.after(() => rmSync(folder, { recursive: true, force: true }))
const names = ['junit.xml', 'report.html', 'report.json']

test('all three files are there, and nothing beside them', async () => {
  const path = join(folder, 'deep', 'er')
  const report = openReport(path)
  assert.equal(readdirSync(path), [])
  const { world, plays } = failing()
  assert.equal(report.write(await recorded(plays, world)), [])
  assert.equal(readdirSync(path).sort(), names)
  conforms('report', JSON.parse(readFileSync(join(path, 'report.json'), 'utf8')))
})

test('an earlier report does not pass for this run, other files stay', async () => {
  const path = join(folder, 'again')
  mkdirSync(path)
  for (const name of [...names, 'mine.txt']) writeFileSync(join(path, name), 'old')
  const report = openReport(path)
  assert.equal(readdirSync(path).sort(), [...names, 'mine.txt'].sort())
  assert.is(readFileSync(join(path, 'report.json'), 'utf8'), 'old')
  report.clear()
  assert.equal(readdirSync(path), ['mine.txt'])
})

test('of stream and folder both are opened before anything is removed', async () => {
  const [path, bad] = [join(folder, 'earlier'), join(folder, 'none', 'stream')]
  mkdirSync(path)
  for (const name of names) writeFileSync(join(path, name), 'old')
  const begun = { id: '1', started: '', playbook: 'p', check: false }
  const open = (events: string) => openReporter({ report: path, events }, begun, openConsole(parseArguments([]), null))
  await open(bad).then(
    () => assert.unreachable('it was not refused'),
    (error: Error) => assert.match(error.message, /^--events .*it can't be written/),
  )
  assert.equal(readdirSync(path).sort(), names)
  await open(join(folder, 'stream'))
  assert.equal(readdirSync(path), [])
})

test('what can not be written is said, the rest is', async () => {
  const path = join(folder, 'half')
  const report = openReport(path)
  mkdirSync(join(path, 'junit.xml'))
  const { world, plays } = rolling()
  const problems = report.write(await recorded(plays, world))
  assert.equal(
    problems.map(({ where, what }) => `${where}: ${what}`),
    [`${join(path, 'junit.xml')}: the report could not be written (EISDIR)`],
  )
  assert.equal(readdirSync(path).sort(), names)
})

for (const [name, path] of [
  ['a file', join(folder, 'file')],
  ['below a file', join(folder, 'file', 'below')],
  ['a device', '/dev/null/report'],
  ['where none can be made', '/proc/none/report'],
] as const) {
  test(`${name} is refused at the desk`, () => {
    writeFileSync(join(folder, 'file'), '')
    try {
      openReport(path)
      assert.unreachable('it was not refused')
    } catch (error) {
      assert.instance(error, PlinthError)
      assert.is((error as PlinthError).code, 4)
      assert.match((error as PlinthError).message, /^--report .*: it can't be written \(E[A-Z]+\); name a folder/)
    }
  })
}

const root = new URL('../..', import.meta.url).pathname
const site = join(folder, 'site.mts')
writeFileSync(
  site,
  `import { params } from '${root}lib/core/schema.ts'
import { play } from '${root}lib/engine/play.ts'
import { cacheFacts } from '${root}lib/edge/facts-cache.ts'
import { main } from '${root}lib/main.ts'
import { file } from '${root}lib/resources/file.ts'
import { plainFacts } from '${root}lib/testing/canned.ts'
await main((fleet) => {
  const hosts = fleet.group('all', params({}))
  if (process.argv.includes('nope')) for (const { machine } of hosts) cacheFacts(machine.key, plainFacts)
  return [play('app', hosts, () => [file('/etc/x', { content: 'x' })])]
})
`,
)
writeFileSync(
  join(folder, 'hosts.yaml'),
  'all: { hosts: { gone: { ansible_host: 127.0.0.1, ansible_port: 1, ansible_ssh_host_keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0l0cBhZ0q0l3mJ7mO4v5c6Y1o2c3Z4c5d6e7f8g9h0"] } } }\n',
)

const playbook = (...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(
    'node',
    ['--import', 'tsx', site, '-i', join(folder, 'hosts.yaml'), ...args],
    {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, HOME: folder },
    },
  )
  return { status, stdout, stderr }
}

test(
  'a playbook whose host is away leaves a report, a stream and a document',
  () => {
    const path = join(folder, 'away')
    const events = join(folder, 'away.jsonl')
    const { status, stdout, stderr } = playbook('--json', '--report', path, '--events', events)
    assert.is(status, 3, stderr)
    const shown = JSON.parse(stdout) as { readonly run: string }
    conforms('report', shown)
    assert.equal(JSON.parse(readFileSync(join(path, 'report.json'), 'utf8')), shown)
    assert.match(readFileSync(join(path, 'report.html'), 'utf8'), /gone/)
    assert.match(readFileSync(join(path, 'junit.xml'), 'utf8'), /errors="1"/)
    const lines = readFileSync(events, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly event: string })
    for (const line of lines) conforms('events', line)
    assert.equal(
      lines.map(({ event }) => event),
      ['begin', 'connecting', 'failed', 'planned', 'result'],
    )
  },
  { timeout: 60 },
)

test(
  'a site without a host is refused: nothing would differ on none',
  () => {
    const path = join(folder, 'nobody.mts')
    writeFileSync(path, `import { main } from '${root}lib/main.ts'\nawait main(() => [])\n`)
    const { status, stderr } = spawnSync('node', ['--import', 'tsx', path, '-i', 'h1,'], {
      cwd: root,
      encoding: 'utf8',
    })
    assert.is(status, 4, stderr)
    assert.is(
      stderr,
      'inventory: this playbook finds no host in it; see its groups with: npx plinth inventory graph -i NAME\n',
    )
  },
  { timeout: 60 },
)

test(
  'a plan that could not be made is none, an older one goes, and the command to go on with makes it',
  () => {
    const plan = join(folder, 'away.plan')
    writeFileSync(plan, '{"kind": "plinth plan", "older": true}')
    const { status, stdout, stderr } = playbook('--plan-out', plan)
    assert.is(status, 3, stderr)
    assert.match(stderr, /away\.plan: not saved, for the plan is not whole/)
    assert.match(stdout, /go on with: npx tsx \S+ -i \S+ --plan-out \S+away\.plan$/m)
    assert.not(existsSync(plan))
  },
  { timeout: 60 },
)

test(
  'a mistake that shows late, a tag that is nowhere, ends it without a report and without a result',
  () => {
    const path = join(folder, 'mistaken')
    const events = join(folder, 'mistaken.jsonl')
    const { status, stdout, stderr } = playbook('--json', '--tags', 'nope', '--report', path, '--events', events)
    assert.is(status, 4, stderr)
    assert.match(stderr, /nope/)
    assert.is(stdout, '')
    assert.equal(readdirSync(path), [])
    assert.match(readFileSync(events, 'utf8'), /^\{[^\n]*"event":"begin"[^\n]*\}\n$/)
  },
  { timeout: 60 },
)

test(
  'a folder or file that can not be written ends it before anything is touched',
  () => {
    for (const option of ['--report', '--events']) {
      const events = join(folder, 'untouched.jsonl')
      const { status, stderr } = playbook(
        option,
        join(folder, 'file', 'below'),
        ...(option === '--report' ? ['--events', events] : []),
      )
      assert.is(status, 4, stderr)
      assert.match(stderr, new RegExp(`^${option} .*it can't be written`))
      assert.not(existsSync(events))
    }
  },
  { timeout: 60 },
)

test.run()
