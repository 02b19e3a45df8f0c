import { readFileSync } from 'node:fs'
import { PlinthError } from '../../lib/core/error.ts'
import { describe } from '../../lib/core/playbook-comment.ts'
import { flags, type Kind, type Options, optionsOf, parseArguments } from '../../lib/edge/arguments.ts'
import { helpText } from '../../lib/edge/help.ts'
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
  words: [],
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
  ['--step -y --json', { step: true, yes: true, json: true }],
  ['--step -C --json', { step: true, check: true, json: true }],
  ['-v -vv', { verbosity: 3 }],
  ['-vvvvvv', { verbosity: 4 }],
  ['--verbose', { verbosity: 1 }],
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
  ['-check', '-check', 'a long option with one dash', 'write --check'],
  ['-limit nacos1', '-limit', 'a long option with one dash', 'write --limit'],
  ['-limit=nacos1', '-limit', 'a long option with one dash', 'write --limit'],
  ['-force', '-force', 'a long option with one dash', 'write --force'],
  ['—check', '—check', 'a dash that is none of the keyboard', 'type --check'],
  ['－i lab', '－i', 'a dash that is none of the keyboard', 'type -i'],
  ['-💥', '-💥', 'unknown option', 'see --help'],
  ['-C=1', '-C', 'takes no value', 'write -C alone'],
  ['-f -1', '-f', 'needs a value', 'attach one that begins with a dash: -f=…'],
  ['--limit -x', '--limit', 'needs a value', '--limit=…'],
  ['--limits=nacos1', '--limits', 'unknown option', 'did you mean "--limit"?'],
  ['---check', '---check', 'unknown option', 'did you mean "--check"?'],
  ['--CHECK', '--CHECK', 'unknown option', 'did you mean "--check"?'],
  ['--__proto__', '--__proto__', 'unknown option', 'known option'],
  ['--constructor=1', '--constructor', 'unknown option', 'known option'],
  ['--forks=-1', '--forks', 'expected a number, found "-1"', 'write 1 to 1000'],
  ['--forks 1e9', '--forks', 'expected a number', 'write 1 to 1000'],
  ['--forks 1e2', '--forks', 'expected a number', 'write 1 to 1000'],
  ['--forks 0x10', '--forks', 'expected a number', 'write 1 to 1000'],
  ['--forks 1.5', '--forks', 'expected a number', 'write 1 to 1000'],
  ['--forks 1001', '--forks', 'expected a number', 'write 1 to 1000'],
  ['--forks ٥', '--forks', 'expected a number', 'write 1 to 1000'],
  ['-f 5 -f x', '--forks', 'expected a number, found "x"', 'write 1 to 1000'],
  ['-i', '-i', 'needs a value', 'write -i NAME|PATH'],
  ['-i --check', '-i', 'needs a value', 'write -i NAME|PATH'],
  ['--report', '--report', 'needs a value', 'write --report DIR'],
  ['--limit=', '--limit', 'needs a value', 'write --limit PATTERN'],
  ['-l= --check', '-l', 'needs a value', 'write -l PATTERN'],
  ['--check=yes', '--check', 'takes no value', 'write --check alone'],
  ['-f many', '--forks', 'expected a number', 'write 1 to 1000'],
  ['-f 0', '--forks', 'expected a number', 'write 1 to 1000'],
  ['lab', 'lab', 'not expected here', '-i NAME'],
  ['-i lab db1', 'db1', 'not expected here', '-i NAME'],
  ['-', '-', 'not expected here', '-i NAME'],
  ['--', '--', 'not expected here', '-i NAME'],
  ['--plan-out p --apply p', '--plan-out', 'a plan is made or done', 'leave out one'],
  ['--list-hosts --json', '--json', 'does not go with --list-hosts', 'leave one of them out'],
  ['--json --list-tasks', '--json', 'does not go with --list-tasks', 'leave one of them out'],
  ['--list-hosts --plan-out p', '--plan-out', 'does not go with --list-hosts', 'leave one of them out'],
  ['--report d --list-tags', '--report', 'does not go with --list-tags', 'leave one of them out'],
  ['--list-tasks --events f', '--events', 'does not go with --list-tasks', 'leave one of them out'],
  ['--list-hosts --list-tags', '--list-tags', 'does not go with --list-hosts', 'leave one of them out'],
  ['--list-tags --list-tasks', '--list-tags', 'does not go with --list-tasks', 'leave one of them out'],
  ['--step --json', '--json', 'does not go with --step', 'leave one of them out; --report DIR'],
  ['--plan-out x --events ./x', '--events', 'would write to the file of --plan-out', 'another name'],
  ['--apply x --events x', '--events', 'would write to the file of --apply', 'another name'],
  ['--report rep --events rep/report.json', '--events', 'would write to the file of --report', 'another name'],
  ['--plan-out rep/junit.xml --report rep/', '--plan-out', 'would write to the file of --report', 'another name'],
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

test('an empty word is shown as one', () => {
  const [problem] = problemsOf('-i lab ')
  assert.equal([problem!.where, problem!.what], ['""', 'an empty word'])
})

test('an empty value takes no word after it, and what is to be run is more than blanks', () => {
  assert.equal(
    problemsOf('-i lab -l= nacos').map(({ where }) => where),
    ['-l', 'nacos'],
  )
  for (const line of ['-i lab -- ', '-i lab --   ']) assert.is(problemsOf(line)[0]?.what, 'only an empty word follows')
})

test('everything wrong is said at once', () => assert.is(problemsOf('--foo --check=1 extra -f x').length, 4))

const strange: readonly [kind: Kind, line: string, where: string, remedy: string][] = [
  ['procedure', '-l n1', '--limit', 'name what it is about with -e'],
  ['look', '--report out', '--report', 'use --json > FILE'],
  ['procedure', '-f 3', '--forks', '-e'],
  ['procedure', '--tgas x', '--tgas', 'use a known option'],
  ['look', '--check', '--check', 'leave it out'],
  ['errand', '--prune', '--prune', 'leave it out'],
  ['errand', '-v', '--verbose', 'leave it out'],
  ['look', '-vv', '--verbose', 'leave it out'],
  ['procedure', '--yes', '--yes', '-e'],
  ['errand', 'uptime', 'uptime', '-- COMMAND'],
  ['look', '-- uptime', '--', 'options only'],
]
for (const [kind, line, where, remedy] of strange) {
  test(`${line} means nothing to a playbook of the kind ${kind}`, () => {
    const [problem, ...others] = problemsOf(line, kind)
    assert.is(problem!.where, where)
    assert.ok(problem!.remedy.includes(remedy), problem!.remedy)
    assert.is(others.length, 0)
  })
}

test('an errand takes what stands after --, whatever it looks like', () => {
  assert.equal(parseArguments(['-C', '--', 'ls', '-l', '--', '--help'], 'errand'), {
    ...none,
    check: true,
    words: ['ls', '-l', '--', '--help'],
  })
})

const about = (name: string) => describe(readFileSync(new URL(`../../playbooks/${name}.ts`, import.meta.url), 'utf8'))
const helps: readonly [name: string, kind: Kind][] = [
  ['site', 'site'],
  ['drain', 'procedure'],
  ['leader', 'procedure'],
  ['restore', 'procedure'],
  ['backup', 'procedure'],
  ['members', 'look'],
  ['facts', 'errand'],
  ['run', 'errand'],
]
for (const [name, kind] of helps) {
  test(`the help of ${name}.ts fits a screen of 80 by 24, and has every option that means something to it, and no other`, () => {
    const help = helpText(`playbooks/${name}.ts`, about(name), kind)
    const lines = help.trimEnd().split('\n')
    assert.ok(lines.length <= 24, String(lines.length))
    for (const line of lines) assert.ok(line.length <= 80, line)
    for (const flag of Object.keys(flags))
      assert.is(new RegExp(`--${flag}(?![a-z-])`).test(help), optionsOf(kind).has(flag), flag)
    assert.ok(help.includes(`npx tsx playbooks/${name}.ts -i prod`))
  })
}

test('the help of a playbook that is told something says what, and what it is otherwise', () => {
  const help = helpText('playbooks/backup.ts', about('backup'), 'procedure')
  assert.match(help, /^ {2}-e to=TO {14}a folder of its own .*\(backups\)$/m)
  assert.match(
    helpText('playbooks/drain.ts', about('drain'), 'procedure'),
    /^Usage: npx tsx playbooks\/drain.ts -i NAME -e node=NODE \[options\]$/m,
  )
  assert.match(helpText('playbooks/run.ts', about('run'), 'errand'), /^Usage: .* \[options\] -- COMMAND$/m)
})

function problemsOf(line: string, kind: Kind = 'site') {
  try {
    parseArguments(line.split(' '), kind)
  } catch (thrown) {
    assert.instance(thrown, PlinthError)
    assert.is((thrown as PlinthError).code, 4)
    return (thrown as PlinthError).problems
  }
  throw new Error('nothing was thrown')
}

test.run()
