import { PlinthError } from '../../lib/core/error.ts'
import { helpText, type Options, parseArguments } from '../../lib/edge/arguments.ts'
import { assert, suite } from '../kit.ts'

const test = suite('arguments')

const none: Options = {
  inventory: [],
  limit: null,
  tags: [],
  skipTags: [],
  extraVars: [],
  forks: 50,
  check: false,
  verbosity: 0,
  force: false,
  prune: false,
  planOut: null,
  apply: null,
  diff: false,
  step: false,
  yes: false,
  listHosts: false,
  listTasks: false,
  listTags: false,
  json: false,
  report: null,
  events: null,
  version: false,
  help: false,
  vaultIds: [],
  vaultPasswordFiles: [],
  askVaultPass: false,
  privateKey: null,
  user: null,
  askPass: false,
  become: false,
  becomeUser: null,
  becomeMethod: null,
  askBecomePass: false,
}

const good: readonly [line: string, options: Partial<Options>][] = [
  ['', {}],
  ['-i lab', { inventory: ['lab'] }],
  ['-ilab', { inventory: ['lab'] }],
  ['-i=lab', { inventory: ['lab'] }],
  ['--inventory lab --inventory=prod', { inventory: ['lab', 'prod'] }],
  ['-i lab -l nacos:!nacos3 -C', { inventory: ['lab'], limit: 'nacos:!nacos3', check: true }],
  ['-Cv', { check: true, verbosity: 1 }],
  ['-CD', { check: true, diff: true }],
  ['--diff', { diff: true }],
  ['-Cvvi lab', { check: true, verbosity: 2, inventory: ['lab'] }],
  ['-f5', { forks: 5 }],
  ['--forks=20', { forks: 20 }],
  ['-e a=1 -e @x.yaml --extra-vars={"b":2}', { extraVars: ['a=1', '@x.yaml', '{"b":2}'] }],
  ['-l a -l b', { limit: 'b' }],
  ['-t java,unit', { tags: ['java', 'unit'] }],
  ['--tags=java -t unit, --skip-tags x', { tags: ['java', 'unit'], skipTags: ['x'] }],
  ['--list-tasks -t x', { listTasks: true, tags: ['x'] }],
  ['--list-tags', { listTags: true }],
  ['--step -y', { step: true, yes: true }],
  ['--step --yes', { step: true, yes: true }],
  ['-v -vv', { verbosity: 3 }],
  ['-vvvvvv', { verbosity: 4 }],
  ['--verbose', { verbosity: 1 }],
  ['--list-hosts --json', { listHosts: true, json: true }],
  ['--report out --events=run.jsonl', { report: 'out', events: 'run.jsonl' }],
  ['--version', { version: true }],
  ['-h', { help: true }],
  ['--help', { help: true }],
  ['-t x --help', { tags: ['x'], help: true }],
  ['-bkK', { become: true, askPass: true, askBecomePass: true }],
  ['-b --become-user=app --become-method su', { become: true, becomeUser: 'app', becomeMethod: 'su' }],
  ['--vault-password-file a --vault-password-file b', { vaultPasswordFiles: ['a', 'b'] }],
  ['--ask-vault-pass', { askVaultPass: true }],
  ['-J', { askVaultPass: true }],
  ['--vault-id prod@f --vault-id=dev@prompt', { vaultIds: ['prod@f', 'dev@prompt'] }],
  ['--private-key ~/.ssh/id -u root', { privateKey: '~/.ssh/id', user: 'root' }],
  ['--limit=-x', { limit: '-x' }],
  ['-e a=b=c', { extraVars: ['a=b=c'] }],
]
for (const [line, options] of good) {
  test(line === '' ? 'nothing' : line, () =>
    assert.equal(parseArguments(line.split(' ').filter(Boolean)), { ...none, ...options }),
  )
}

const bad: readonly [line: string, where: string, what: string, remedy: string][] = [
  ['--inventroy lab', '--inventroy', 'unknown option', 'did you mean "--inventory"?'],
  ['--chek', '--chek', 'unknown option', 'did you mean "--check"?'],
  ['--becom', '--becom', 'unknown option', 'did you mean "--become"?'],
  ['--become-method runas', '--become-method', 'there is no method "runas"', 'sudo'],
  ['-x', '-x', 'unknown option', '--help'],
  ['-Cx', '-x', 'unknown option in -Cx', '--help'],
  ['-check', '-c', 'unknown option in -check', 'write --check'],
  ['-i', '-i', 'needs a value', 'write -i NAME|PATH'],
  ['-i --check', '-i', 'needs a value', 'write -i NAME|PATH'],
  ['--report', '--report', 'needs a value', 'write --report DIR'],
  ['--limit=', '--limit', 'needs a value', 'write --limit PATTERN'],
  ['--check=yes', '--check', 'takes no value', 'write --check alone'],
  ['-f many', '--forks', 'expected a number', 'write 1 to 1000'],
  ['-f 0', '--forks', 'expected a number', 'write 1 to 1000'],
  ['lab', 'lab', 'not expected here', '-i NAME'],
  ['-i lab db1', 'db1', 'not expected here', '-i NAME'],
  ['-', '-', 'not expected here', '-i NAME'],
  ['--', '--', 'not expected here', '-i NAME'],
  ['--plan-out p --apply p', '--plan-out', 'a plan is made or done', 'leave out one'],
  ['--plan-out p -t x', '--plan-out', 'does not go with --tags', 'without --tags'],
  ['-t --check', '-t', 'needs a value', 'write -t TAGS'],
  ['--tags=,', '--tags', 'needs a value', 'write --tags TAGS'],
  ['--skip-tags ,', '--skip-tags', 'needs a value', 'write --skip-tags TAGS'],
  ['--prune -t x', '--prune', 'does not go with --tags', 'without --tags'],
  ['--list-taks', '--list-taks', 'unknown option', 'did you mean "--list-tasks"?'],
]
for (const [line, where, what, remedy] of bad) {
  test(`${line} is refused`, () => {
    const [problem, ...others] = problemsOf(line)
    assert.is(problem!.where, where)
    assert.ok(problem!.what.includes(what), problem!.what)
    assert.ok(problem!.remedy.includes(remedy), problem!.remedy)
    assert.is(others.length, 0)
  })
}

test('everything wrong is said at once', () => assert.is(problemsOf('--foo --check=1 extra -f x').length, 4))

test('the help fits a screen, and names every option that is honoured and none that is not', () => {
  const lines = helpText('playbooks/site.ts').split('\n')
  assert.ok(lines.length >= 24 && lines.length <= 40, String(lines.length))
  for (const line of lines) assert.ok(line.length <= 100, line)
  const help = lines.join('\n')
  for (const flag of [
    '-i, --inventory',
    '-l, --limit',
    '-t, --tags TAGS, --skip-tags TAGS',
    '--step',
    '-y, --yes',
    '--list-hosts, --list-tasks, --list-tags',
    '-C, --check',
    '--vault-password-file',
    '-u, --user',
    '-b, --become',
  ])
    assert.ok(help.includes(flag), flag)
  assert.ok(help.includes('npx tsx playbooks/site.ts -i lab --check'))
})

function problemsOf(line: string) {
  try {
    parseArguments(line.split(' '))
  } catch (thrown) {
    assert.instance(thrown, PlinthError)
    assert.is((thrown as PlinthError).code, 4)
    return (thrown as PlinthError).problems
  }
  throw new Error('nothing was thrown')
}

test.run()
