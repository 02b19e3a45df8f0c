/** What a command line names: hosts by patterns, inventories, extra variables. */
import { suite } from '../../kit.ts'
import { type Bad, good, testBad } from './bad.ts'

const test = suite('bad command lines')

const cluster = 'all: { hosts: { lone: } }\nnacos: { hosts: { "nacos[1:3]": } }\nmysql: { hosts: { db1: } }\nempty:\n'
const limit = (pattern: string, files: Readonly<Record<string, string>> = {}): Bad => ({
  files: { 'lab.yaml': cluster, ...files },
  limit: pattern,
})
const extra = (value: string, files: Readonly<Record<string, string>> = {}): Bad => ({
  files: { 'lab.yaml': good, ...files },
  options: { extraVars: [value] },
})

const patterns = [
  ...['', ' ', ',', ':', ' , ', '!', '&', '!,nacos', 'nacos:!', 'nacos,&', '@', '@missing', '@.', '!@missing'],
  ...[
    'a[',
    '[',
    ']a[',
    'nacos[',
    'nacos[0',
    'nacos[5]',
    'nacos[-4]',
    'nacos[2:1]',
    'a[5:1]',
    'nacos[5:7]',
    'nacos[:2]',
  ],
  ...['nacos[0:1:2]', 'nacos[1:-1]', 'nacos[99999999999999999999]', 'nacso[0]', 'nacos[x]', 'nacos[0][1]', '[]'],
  ...[
    '~(',
    '~[',
    '~',
    '~*',
    '~(?<',
    '~a{2,1}',
    '~\\',
    '~(?P<n>a)(?P<n>b),',
    '~zzz',
    '!~(',
    'web*',
    '?',
    '!nacos4',
    'NACOS',
  ],
  ...['nacos1;nacos2', 'nacos1|nacos2', 'nacos:nacos4', 'nacos-1', 'empty', 'nacos:!nacos', 'nacos:&mysql'],
  ...['nacos\u001b[2J', '\u202enacos', '$(reboot)', '-nacos', '"nacos"', 'nacos1:22', 'localhost', 'constructor'],
]

const cases: Readonly<Record<string, Bad>> = {
  ...Object.fromEntries(patterns.map((pattern) => [`--limit ${JSON.stringify(pattern)}`, limit(pattern)])),
  'a pattern without end': limit('a'.repeat(100_000)),
  'a regular expression without end': limit(`~${'(a|'.repeat(50_000)}`),
  'a list of hosts that is empty': limit('@hosts.retry', { 'hosts.retry': '' }),
  'a list of hosts that is all comments': limit('@hosts.retry', { 'hosts.retry': '# none\n\n' }),
  'a list of hosts with an unknown one': limit('@hosts.retry', { 'hosts.retry': 'nacos1\nnacos9\n' }),
  'a list of hosts that is one line without end': limit('@hosts.retry', { 'hosts.retry': 'a'.repeat(3_000_000) }),
  'a list of hosts in a list of hosts': limit('@hosts.retry', { 'hosts.retry': '@hosts.retry\n' }),
  'a list of hosts in UTF-16': {
    ...limit('@hosts.retry'),
    files: { 'lab.yaml': cluster, 'hosts.retry': Buffer.from('\uFEFFnacos1\n', 'utf16le') },
  },

  // Inventories
  'no inventory': { sources: [] },
  'an inventory that is not there': { files: { 'inventory/prod.yaml': good }, sources: ['prdo'] },
  'an inventory with an escape': { sources: ['lab\u001b[2J'] },
  'an inventory of two lines': { sources: ['lab\nprod'] },
  'an inventory that is an address of the web': { sources: ['https://example.org/hosts'] },
  'commas alone': { sources: [',,'] },
  'hosts by name that are none': { sources: ['web 1,web2'] },
  'hosts by name with a range': { sources: ['web[1:3],'] },
  'two inventories that are not there': { sources: ['a', 'b'], problems: 2 },

  // Extra variables
  'a word': extra('hunter2'),
  'a password with a blank': extra('password=correct hunter2'),
  'no name': extra('=hunter2'),
  'an open quote': extra('a="hunter2'),
  'an open quote within': extra("a=it's"),
  'JSON that is cut off': extra('{"a": "hunter2'),
  'JSON with a comma too many': extra('{"a": 1,,}'),
  'JSON in single quotes twice': extra(`'{"a": 1}'`),
  'JSON and something behind it': extra('{"a": 1} hunter2'),
  'JSON of a list': extra('[1, 2]'),
  'JSON with a key twice': extra('{"a": 1, "a": 2}'),
  'JSON nested without end': extra('{"a":'.repeat(5000)),
  'JSON with a key of JavaScript': extra('{"__proto__": 1}'),
  'a key of JavaScript': extra('__proto__=1'),
  Jinja: extra('a={{ hunter2 }}'),
  'Jinja in JSON': extra('{"a": "{{ hunter2 }}"}'),
  'a file that is not there': extra('@missing.yml'),
  'a file without a name': extra('@'),
  'a file without its sign': extra('./vars.yml'),
  'a file of a list': extra('@v.yml', { 'v.yml': '- a\n' }),
  'a file of nothing': extra('@v.yml', { 'v.yml': '' }),
  'a file of key=value': extra('@v.yml', { 'v.yml': 'a=1\n' }),
  'a file with a tab': extra('@v.yml', { 'v.yml': 'a:\n\tb: 1\n' }),
  'a port that is none': extra('ansible_port=ssh'),
  'an unknown connection variable': extra('ansible_usr=root'),
}

testBad(test, 'command-lines', cases)

test.run()
