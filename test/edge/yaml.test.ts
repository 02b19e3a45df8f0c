import { assert, suite } from '../kit.ts'
import { type Case, cleanUp, good, hosts, problemsOf, testCases } from './broken.ts'

const test = suite('yaml')
cleanUp(test)

const aliases = (depth: number): string =>
  Array.from(
    { length: depth },
    (_, i) =>
      `  v${i}: &v${i} [${
        i === 0
          ? '1'
          : Array(9)
              .fill(`*v${i - 1}`)
              .join(', ')
      }]`,
  ).join('\n')

const cases: Readonly<Record<string, Case>> = {
  // The file as such
  'an empty file': { in: '', where: 'lab.yaml:1:1', what: 'an empty inventory', remedy: 'write all:' },
  'a file of comments': { in: '# nothing\n', where: 'lab.yaml:1:1', what: 'an empty inventory', remedy: 'write all:' },
  'a list': {
    in: '- db1\n- db2\n',
    where: 'lab.yaml:1:1',
    what: 'expected groups, found a list',
    remedy: 'begin with all:',
  },
  'a word': {
    in: 'db1',
    where: 'lab.yaml:1:1',
    what: 'expected groups, found a single value',
    remedy: 'begin with all:',
  },
  'no host': { in: 'all: { children: { nacos: } }', where: 'lab.yaml', what: 'no host in it', remedy: 'NAME' },
  'UTF-16': { in: Buffer.from(`\uFEFF${good}`, 'utf16le'), where: 'lab.yaml', what: 'not UTF-8', remedy: 'as UTF-8' },
  NUL: { in: `${good}\0`, where: 'lab.yaml:4:1', what: 'not UTF-8 text', remedy: 'as UTF-8' },
  'a large file': {
    in: Buffer.alloc(5_000_000, 32),
    where: 'lab.yaml',
    what: 'larger than 4 MiB',
    remedy: 'right file',
  },
  'no such name': {
    in: { 'inventory/prod.yaml': good },
    source: 'prdo',
    where: '-i prdo',
    what: 'no such inventory',
    remedy: 'did you mean "prod"?',
  },
  'no such file': {
    in: {},
    source: 'x/lab.yaml',
    where: '-i x/lab.yaml',
    what: 'no such inventory',
    remedy: 'give a file',
  },
  'a name with two meanings': {
    in: { 'inventory/lab.yaml': good, 'inventory/lab.yml': good },
    source: 'lab',
    where: '-i lab',
    what: 'may be inventory/lab.yaml or inventory/lab.yml',
    remedy: 'give the path',
  },
  // YAML
  'a tab': { in: 'all:\n\thosts:\n', where: 'lab.yaml:2:1', what: 'a tab in the indentation', remedy: 'spaces' },
  'a duplicate key': {
    in: 'all:\n  hosts:\n    db1:\n    db1:\n',
    where: 'lab.yaml:4:5',
    what: '"db1" is written twice',
    remedy: 'the other is at lab.yaml:3:5',
  },
  'a duplicate variable': {
    in: 'all:\n  vars:\n    a: 1\n    "a": 2\n',
    where: 'lab.yaml:4:5',
    what: '"a" is written twice',
    remedy: 'remove one',
  },
  'wrong indentation': {
    in: 'all:\n  hosts:\n    db1:\n   db2:\n',
    where: 'lab.yaml:4:4',
    what: 'wrong indentation',
    remedy: 'one column',
  },
  'an open quote': {
    in: 'all:\n  vars:\n    a: "b\n',
    where: 'lab.yaml:4:1',
    what: 'a quote above is not closed',
    remedy: 'close it',
  },
  'an open bracket': {
    in: 'all:\n  vars:\n    a: [1, 2\n',
    where: 'lab.yaml:4:1',
    what: 'a bracket above is not closed',
    remedy: 'close it',
  },
  'two documents': { in: `${good}---\n${good}`, where: 'lab.yaml:4:1', what: 'a second document', remedy: '---' },
  'an alias without an anchor': {
    in: hosts('a: *nowhere'),
    where: 'lab.yaml:3:15',
    what: 'an alias without an anchor',
    remedy: 'in quotes',
  },
  'an alias in its own anchor': {
    in: 'all: &all\n  vars: { a: *all }\n',
    where: 'lab.yaml:2:14',
    what: 'inside of its own anchor',
    remedy: 'the value itself',
  },
  'a bomb of aliases': {
    in: `all:\n vars:\n${aliases(9)}\n`,
    where: 'lab.yaml:',
    what: 'more than 200000 values',
    remedy: 'remove the aliases',
  },
  'thousands of levels': {
    in: `all: ${'['.repeat(60_000)}`,
    where: 'lab.yaml:1:206',
    what: 'nested too deeply',
    remedy: 'flatter',
  },
  'an unknown tag': {
    in: hosts('a: !secret x'),
    where: 'lab.yaml:3:23',
    what: 'an unknown tag',
    remedy: '!vault',
  },
  'a tag on a map': {
    in: hosts('a: !vault { b: c }'),
    where: 'lab.yaml:3:22',
    what: 'a tag on a map',
    remedy: 'remove it',
  },
  'a map as a key': {
    in: hosts('? { a: 1 } : 2'),
    where: 'lab.yaml:3:14',
    what: 'a key that is not a single word',
    remedy: 'text key',
  },
  'a merge of no map': { in: hosts('<<: 5'), where: 'lab.yaml:3:16', what: '"<<" takes maps', remedy: '*NAME' },
  'a key of JavaScript': {
    in: hosts('__proto__: 5'),
    where: 'lab.yaml:3:12',
    what: '"__proto__" cannot be a key',
    remedy: 'another name',
  },
  'Jinja in quotes': { in: hosts('a: "{{ b }}"'), where: 'lab.yaml:3:15', what: 'Jinja', remedy: 'YAML anchor' },
  'Jinja without quotes': {
    in: 'all:\n  vars:\n    a: {{ b }}\n',
    where: 'lab.yaml:3:9',
    what: 'Jinja',
    remedy: 'YAML anchor',
  },
  'a Jinja statement': { in: hosts('a: "{% if x %}"'), where: 'lab.yaml:3:15', what: 'Jinja', remedy: 'YAML anchor' },
}

testCases(test, cases)

const unquoted = [
  '"a" hunter2',
  '|hunter2',
  '!hunter2',
  '*hunter2',
  ']hunter2',
  '@hunter2',
  '"\\xhunter2"',
  'hunter2: x',
]
for (const value of unquoted) {
  test(`a password that is broken YAML does not show: ${value}`, async () => {
    const problems = await problemsOf({ 'lab.yaml': `all:\n  hosts: { db1: }\n  vars:\n    a: ${value}\n` }, 'lab.yaml')
    assert.is(problems.length, 1)
    assert.match(problems[0]!.where, /^lab.yaml:4:/)
    assert.not.match(JSON.stringify(problems), /hu/)
  })
}

test.run()
