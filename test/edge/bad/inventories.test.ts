/** Inventories and variables, in YAML and in INI, in which something is wrong. */
import { sealVault, VaultKey } from '../../../lib/edge/vault.ts'
import { suite } from '../../kit.ts'
import { type Bad, good, hosts, testBad } from './bad.ts'

const test = suite('bad inventories')

const yaml = (text: string, problems = 1): Bad => ({ files: { 'lab.yaml': text }, problems })
const vars = (text: string, problems = 1): Bad => yaml(hosts(text), problems)
const ini = (text: string, problems = 1): Bad => ({ files: { 'hosts.ini': text }, problems })
const groupVars = (text: string, problems = 1): Bad => ({
  files: { 'lab.yaml': good, 'group_vars/all.yml': text },
  problems,
})
const many = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('')

/** Each is no port, whatever YAML takes it for. */
const ports = [
  ...['0x16', '0o26', '022', '0b10110', '22.0', '2_2', '2e1', '+22', '-22', '0', '65536', '1:30', '.inf', '.nan'],
  ...[
    '9007199254740993',
    '99999999999999999999',
    'true',
    'no',
    '2026-01-01',
    '"22 "',
    '[22]',
    '{ a: 22 }',
    '"２２"',
    '"22\\n"',
  ],
]
/** Each is no truth value, though YAML 1.1 or another language has it as one. */
const flags = ['y', 'n', '1', '0', 'ja', '"true "', 'yes please', '[true]', '1.0']

const cases: Readonly<Record<string, Bad>> = {
  ...Object.fromEntries(ports.map((text) => [`the port ${text}`, vars(`ansible_port: ${text}`)])),
  ...Object.fromEntries(flags.map((text) => [`the flag ${text}`, vars(`ansible_become: ${text}`)])),

  // Words
  'a user that is a truth value in a list': vars('ansible_user: [no]'),
  'a connection that is no': vars('ansible_connection: no'),
  'an address with a line break': vars('ansible_host: "10.0.0.5\\n"'),
  'an address with an escape': vars('ansible_host: "\\e[31m10.0.0.5 x"'),
  'an address that is a map': vars('ansible_host: { a: 1 }'),
  'a user with a colon': vars('ansible_user: "root:pass"'),
  'a key file with a control character': vars('ansible_ssh_private_key_file: "x\\u0007y"'),
  'an unknown variable with an escape': vars('"ansible_\\e[2J": 1'),
  'an unknown variable that turns the line around': vars('"ansible_\\u202Etroh": 1'),
  'an unknown variable with a line break': vars('"ansible_a\\nall is well": 1'),
  'a host with an escape': yaml('all: { hosts: { "\\e[31mdb1": } }'),
  'a host of two lines': yaml('all: { hosts: { "db1\\ndb2": } }'),
  'a host with a no-break space': yaml('all: { hosts: { "db\\u00a01": } }'),
  'a group with an escape': yaml('"\\e]0;title\\a": { hosts: { db1: } }'),
  'a host without a name': yaml('all: { hosts: { "": } }'),
  'a host that is a list': yaml('all: { hosts: { [a, b]: } }'),
  'a host of dots': yaml('all: { hosts: { "..": } }'),
  'a host with a star': yaml('all: { hosts: { "db*": } }'),
  'a host with a port that is none': yaml('all: { hosts: { "db1:ssh": { ansible_host: 10.0.0.5 } , "db2:": } }'),
  'a host with too large a port': yaml('all: { hosts: { "db1:99999": } }'),

  // Ranges
  'a range without an end': yaml('all: { hosts: { "n[1:": } }'),
  'a range that is not closed': yaml('all: { hosts: { "n[1:3": } }'),
  'a range of one end': yaml('all: { hosts: { "n[3]": } }'),
  'a range of nothing': yaml('all: { hosts: { "n[]": } }'),
  'a range with an open end': yaml('all: { hosts: { "n[1:]": } }'),
  'a range of letters and numbers': yaml('all: { hosts: { "n[a:3]": } }'),
  'a range with a step of nothing': yaml('all: { hosts: { "n[1:9:0]": } }'),
  'a range with four parts': yaml('all: { hosts: { "n[1:9:2:3]": } }'),
  'a range of two widths': yaml('all: { hosts: { "n[01:100]": } }'),
  'a range without end in hexadecimal': yaml('all: { hosts: { "n[0x1:0xff]": } }'),
  'a range beyond all numbers': yaml('all: { hosts: { "n[1:9999999999999999999999]": } }'),
  'a range times a range': yaml('all: { hosts: { "n[1:999]-[1:999]": } }'),
  'a thousand ranges': yaml(`all:\n  hosts:\n${many(50, (i) => `    a${i}-[1:9999]:\n`)}`),
  'a thousand ranges in INI': ini(many(50, (i) => `a${i}-[1:9999]\n`)),

  // Groups
  'a group that contains itself': yaml('web: { hosts: { a: }, children: { web: } }'),
  'three groups in a circle': yaml(
    'a: { hosts: { h: }, children: { b: } }\nb: { children: { c: } }\nc: { children: { a: } }\n',
  ),
  'a group that is false': yaml('web: no\nall: { hosts: { a: } }\n'),
  'a group named like a key': yaml('hosts: { hosts: { a: } }\n'),
  'hosts below children': yaml('all: { children: { hosts: { db1: } } }'),
  'vars at the top': yaml('vars: { a: 1 }\nall: { hosts: { a: } }\n'),
  'no colon': yaml('all\n  hosts\n    db1\n'),
  'a dash too many': yaml('- all:\n    hosts:\n      db1:\n'),
  'groups nested without end in INI': ini(`${many(300, (i) => `[g${i}:children]\ng${i + 1}\n`)}[g300]\nh\n`),
  'groups nested without end, from below': ini(`[g0]\nh\n${many(3000, (i) => `[g${i + 1}:children]\ng${i}\n`)}`),
  'a group without a host': yaml('web:\ndb:\n'),

  // YAML
  'tabs after spaces': yaml('all:\n  \thosts:\n'),
  'tabs before a value': yaml('all:\n  hosts:\n\t\tdb1:\n'),
  'a carriage return alone': yaml('all:\rhosts:\r  db1:'),
  'a key twice, in two ways': yaml('all:\n  hosts:\n    db1:\n    "db1":\n'),
  'a key three times': yaml('all:\n  vars:\n    a: 1\n    a: 2\n    a: 3\n  hosts: { h: }\n', 2),
  'two things on a line': yaml('all: hosts: db1\n'),
  'an anchor for nothing': vars('a: &'),
  'an alias of an alias in a circle': yaml('all:\n  hosts: { h: }\n  vars:\n    a: &a [*b]\n    b: &b [*a]\n'),
  'a merge of itself': yaml('all:\n  hosts: { h: }\n  vars: &v\n    <<: *v\n'),
  'a merge of a list of words': vars('<<: [a, b]', 2),
  'a bomb of merges': yaml(
    `all:\n  hosts: { h: }\n  vars:\n    m0: &m0 { a0: 1, b0: 1 }\n${many(12, (i) => `    m${i + 1}: &m${i + 1} { x: [${`*m${i},`.repeat(9)}] }\n`)}`,
  ),
  'brackets without end': yaml(`all: { vars: { a: ${'['.repeat(5000)}${']'.repeat(5000)} } }`),
  'maps without end': yaml(`all: ${'{a: '.repeat(5000)}`),
  'dashes without end': yaml(`all:\n  ${'- '.repeat(5000)}`),
  'question marks without end': yaml(`${'? '.repeat(5000)}`),
  'indentation without end': yaml(many(500, (i) => `${' '.repeat(i)}a${i}:\n`)),
  'a tag of Python': vars('a: !!python/object/apply:os.system ["true"]'),
  'a tag of Python on a word': vars('a: !!python/name:os.system hunter2'),
  'a tag for bytes': vars('a: !!binary aHVudGVyMg=='),
  'a tag for a set': vars('a: !!set { b, c }'),
  'a tag of somebody': vars('a: !<tag:example.org,2026:x> b'),
  'a tag in other letters': vars('a: !Vault b'),
  'a tag of an environment without a name': vars('a: !env'),
  'a tag for a file without a name': vars('a: !file'),
  'a constructor': vars('constructor: 1'),
  'a prototype': vars('a: { __proto__: { admin: true } }'),
  'a key without a name': vars('"": 1'),
  'an alias for a key': yaml('all:\n  hosts: { h: }\n  vars:\n    a: &k x\n    *k : 1\n'),
  'a second document after dots': yaml(`${good}...\nall: { hosts: { x: } }\n`),
  'a directive that is none': yaml(`%YAML one\n---\n${good}`),
  'a block that is not indented': vars('a: |\nb'),
  'an unknown escape': yaml('all:\n  hosts: { h: }\n  vars: { a: "\\q" }\n'),
  'a percent sign at the beginning': yaml('all:\n  vars:\n    a: %x\n'),
  'an at sign at the beginning': yaml('all:\n  vars:\n    a: @hunter2\n'),
  'a backtick at the beginning': yaml('all:\n  vars:\n    a: `hunter2`\n'),
  'a bracket that is closed twice': yaml('all: { hosts: { db1: } } }\n'),
  'JSON with a comma too many': { files: { 'lab.json': '{"all": {"hosts": {"db1": {},}}' } },
  'JSON that is cut off': { files: { 'lab.json': '{"all": {"hosts": {"db1": {"a": "b' } },
  'a page of HTML': { files: { 'lab.yaml': '<!DOCTYPE html>\n<html><head>\n<title>502</title>\n' } },
  'a conflict of git': yaml('all:\n  hosts:\n<<<<<<< HEAD\n    db1:\n=======\n    db2:\n>>>>>>> other\n'),
  'thousands of mistakes': yaml(`all:\n  hosts: { h: }\n  vars:\n    a: 1\n${'    a: 2\n'.repeat(2000)}`, 100),

  'more lines than are read': yaml('a: 1\n'.repeat(150_000)),
  'mistakes in many files': {
    files: {
      'lab.yaml': good,
      ...Object.fromEntries(
        Array.from({ length: 3 }, (_, i) => [`group_vars/all/${i}.yml`, many(90, (k) => `a${k}: 1\na${k}: 2\n`)]),
      ),
    },
    problems: 101,
  },

  // Variables beside it
  'variables that are a word': groupVars('hunter2\n'),
  'variables that are a number': groupVars('5\n'),
  'variables of two documents': groupVars('a: 1\n---\nb: 2\n'),
  'variables in Jinja': groupVars('a: {{ b }}\nc: "{{ d }}"\n', 2),
  'variables with a tab': groupVars('a:\n\tb: 1\n'),
  'variables in INI': groupVars('a=1\nb=2\n'),
  'a host among its own variables': { files: { 'lab.yaml': good, 'host_vars/db1.yml': 'ansible_prot: 22\n' } },
  'three files of one name': {
    files: {
      'lab.yaml': good,
      'group_vars/all.yml': 'a: 1',
      'group_vars/all.yaml': 'a: 2',
      'group_vars/all.json': '{}',
    },
    problems: 2,
  },
  'a slip in a file in a folder': {
    files: { 'lab.yaml': good, 'group_vars/all/10-a.yml': 'a: 1\n', 'group_vars/all/20-b.yml': 'b: [1\n' },
  },
  'an encrypted inventory that is no inventory': {
    files: { 'lab.yaml': sealVault('- hunter2\n', new VaultKey('p')) },
    options: { vaultKeys: [new VaultKey('p')] },
  },

  // INI
  'a section that is not closed': ini('[web\na\n'),
  'a section that is not opened': ini('web]\na\n'),
  'a section of nothing': ini('[]\na\n'),
  'a section with two kinds': ini('[web:vars:x]\na=1\n'),
  'a section of a kind of nothing': ini('[:vars]\na=1\n'),
  'a section with a kind of nothing': ini('[web:]\na\n'),
  'a section with words behind it': ini('[web] x=1\na\n'),
  'a section with an escape': ini('[\u001b[31mweb]\na\n'),
  'a section named like a pattern': ini('[!web]\na\n'),
  'a section named like something of JavaScript': ini('[__proto__]\na\n'),
  'a pair without a name': ini('web1 =5\n'),
  'a pair with blanks around': ini('web1 x = 5\n'),
  'a host that is a pair': ini('ansible_host=10.0.0.5\n'),
  'a host with a comma': ini('web1,web2\n'),
  'a range that is not closed in INI': ini('web[1:3\n'),
  'a quote in a name': ini('web"1\n'),
  'a backslash at the end': ini('web1 x=a\\\n'),
  'a file of YAML': ini('all:\n  hosts:\n'),
  'variables of a host': ini('[web]\na\n[a:vars]\nx=1\n'),
  'a child that is a host': ini('[web]\na\n[top:children]\na\n'),
  'a child that is itself': ini('[web]\na\n[web:children]\nweb\n'),
  'children in a line': ini('[a]\nh\n[b]\ni\n[top:children]\na b\n'),
  'Jinja over several words': ini('web1 x={{ y }}\n'),
  'a map of Python with a key of JavaScript': ini("web1 ansible_port={'__proto__':1}\n"),
  'a tag in INI': ini('web1 ansible_password=!vault\n'),
  'a control character': ini('web1 ansible_port=\u0007\n'),
}

testBad(test, 'inventories', cases)

test.run()
