import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PlinthError } from '../../lib/core/error.ts'
import { loadInventory } from '../../lib/edge/inventory.ts'
import { VaultKey } from '../../lib/edge/vault.ts'
import { assert, suite } from '../kit.ts'
import { type Case, cleanUp, folder, good, hosts, problemsOf, testCases } from './broken.ts'

const test = suite('bad input')
cleanUp(test)
const vault = readFileSync(join(import.meta.dirname, 'vault-samples', 'vars-1.1.yaml'), 'utf8')

const cases: Readonly<Record<string, Case>> = {
  // The shape of an inventory
  'hosts at the top': {
    in: 'hosts:\n  db1:\n',
    where: 'lab.yaml:1:1',
    what: '"hosts" stands outside of a group',
    remedy: 'below all:',
  },
  'a plugin': {
    in: 'plugin: aws_ec2\n',
    where: 'lab.yaml:1:1',
    what: 'plugins are not supported',
    remedy: 'let a script print them',
  },
  'an unknown key in a group': {
    in: 'all:\n  host:\n    db1:\n',
    where: 'lab.yaml:2:3',
    what: 'unknown key "host" in group "all"',
    remedy: 'did you mean "hosts"?',
  },
  'hosts as a list': {
    in: 'all:\n  hosts:\n    - db1\n',
    where: 'lab.yaml:3:5',
    what: 'hosts of "all": expected a map, found a list',
    remedy: 'without "- "',
  },
  'children as a list': {
    in: 'all:\n  children:\n    - db\n',
    where: 'lab.yaml:3:5',
    what: 'children of "all": expected a map',
    remedy: 'without "- "',
  },
  'vars as a list': {
    in: 'all:\n  vars:\n    - a: 1\n',
    where: 'lab.yaml:3:5',
    what: 'vars of "all": expected a map',
    remedy: 'without "- "',
  },
  'a group that is a number': {
    in: 'all:\n  children:\n    db: 5\n',
    where: 'lab.yaml:3:9',
    what: 'group "db": expected a map',
    remedy: 'hosts, vars, children',
  },
  'a host that is a word': {
    in: 'all:\n  hosts:\n    db1: 10.0.0.5\n',
    where: 'lab.yaml:3:10',
    what: 'host "db1": expected a map, found a single value',
    remedy: 'name:',
  },
  'a host with a space': {
    in: 'all: { hosts: { "db 1": } }',
    where: 'lab.yaml:1:17',
    what: '"db 1" cannot be the name of a host',
    remedy: 'letters',
  },
  'a host that is a path': {
    in: 'all: { hosts: { "../x": } }',
    where: 'lab.yaml:1:17',
    what: 'cannot be the name',
    remedy: 'letters',
  },
  'a group that is a pattern': {
    in: 'all: { children: { "!db": } }',
    where: 'lab.yaml:1:20',
    what: 'cannot be the name of a group',
    remedy: 'letters',
  },
  'a huge range': {
    in: 'all: { hosts: { "n[1:99999999]": } }',
    where: 'lab.yaml:1:17',
    what: 'more than 10000 hosts',
    remedy: 'range',
  },
  'a range backwards': {
    in: 'all: { hosts: { "n[3:1]": } }',
    where: 'lab.yaml:1:17',
    what: 'ends before it begins',
    remedy: 'range',
  },
  'a group that contains itself': {
    in: 'a:\n  children:\n    b:\n      children:\n        a:\n  hosts: { db1: }\n',
    where: 'lab.yaml:5:9',
    what: 'group "a" would contain itself',
    remedy: 'children of "b"',
  },
  'a priority that is a word': {
    in: 'all:\n  hosts: { db1: }\n  vars: { ansible_group_priority: high }\n',
    where: 'lab.yaml:3:11',
    what: 'expected a whole number',
    remedy: 'whole number',
  },
  'an unknown host in a group': {
    in: 'all:\n  hosts:\n    nacos1: { ansible_host: 10.0.0.1 }\n  children:\n    nacos:\n      hosts:\n        nacos1:\n        nacso1:\n',
    where: 'lab.yaml:8:9',
    what: 'unknown host "nacso1" in group "nacos"',
    remedy: 'did you mean "nacos1"?',
  },

  // Variables beside it
  'a list of variables': {
    in: { 'lab.yaml': good, 'group_vars/all.yaml': '- a\n' },
    where: 'group_vars/all.yaml:1:1',
    what: 'expected variables, found a list',
    remedy: 'name: value',
  },
  'broken host variables': {
    in: { 'lab.yaml': good, 'host_vars/db1.yml': 'a: b: c\n' },
    where: 'host_vars/db1.yml:1:4',
    what: 'a second key on one line',
    remedy: 'in quotes',
  },
  'a file beside its folder': {
    in: { 'lab.yaml': good, 'group_vars/all.yaml': 'a: 1', 'group_vars/all/x.yaml': 'b: 1' },
    where: 'group_vars/all.yaml',
    what: 'not read, because group_vars/all is there too',
    remedy: 'keep one',
  },
  'an encrypted file without a password': {
    in: { 'lab.yaml': good, 'host_vars/db1.yml': vault },
    where: 'host_vars/db1.yml',
    what: 'no vault password was given',
    remedy: '--vault-password-file',
  },
  'an encrypted file with a wrong password': {
    in: { 'lab.yaml': good, 'host_vars/db1.yml': vault },
    options: { vaultKeys: [new VaultKey('hunter2')] },
    where: 'host_vars/db1.yml',
    what: 'the vault password is wrong',
    remedy: 'encrypted with',
  },
  'a damaged value': {
    in: hosts('a: !vault x'),
    where: 'lab.yaml:3:',
    what: 'damaged vault',
    remedy: 'encrypt the value again',
  },
  'a variable that is not in the environment': {
    in: hosts('a: !env DB_PASSWORD'),
    where: 'lab.yaml:3:',
    what: 'no variable DB_PASSWORD',
    remedy: 'export DB_PASSWORD',
  },
  'a file that is not there': {
    in: hosts('a: !file keys/x'),
    where: 'lab.yaml:3:',
    what: '!file keys/x: there is no such file',
    remedy: 'correct the path',
  },
  'a folder for a file': {
    in: { 'lab.yaml': hosts('a: !file keys'), 'keys/x': '' },
    where: 'lab.yaml:3:',
    what: '!file keys: a folder',
    remedy: 'name a file',
  },

  // Connections
  'a port that is none': {
    in: hosts('ansible_port: 99999'),
    where: 'lab.yaml:3:26',
    what: 'ansible_port: expected a port',
    remedy: 'write a port',
  },
  'a typing slip': {
    in: hosts('ansible_hots: 10.0.0.5'),
    where: 'lab.yaml:3:12',
    what: 'ansible_hots: unknown key',
    remedy: 'did you mean "ansible_host"?',
  },
  'an address with a user': {
    in: hosts('ansible_host: root@10.0.0.5'),
    where: 'lab.yaml:3:26',
    what: 'ansible_host: expected an address',
    remedy: 'an address or host name',
  },
  'become another way': {
    in: hosts('ansible_become_method: runas'),
    where: 'lab.yaml:3:35',
    what: 'ansible_become_method: expected one of sudo, su, doas',
    remedy: 'sudo, su, doas',
  },
  'become a word of the shell': {
    in: hosts('ansible_become_user: "-u root"'),
    where: 'lab.yaml:3:33',
    what: 'ansible_become_user: expected a user name',
    remedy: 'a user name',
  },
  'flags for become': {
    in: hosts('ansible_become_flags: "-H -S -n"'),
    where: 'lab.yaml:3:34',
    what: 'ansible_become_flags: not supported',
    remedy: 'remove it',
  },
  'an old name of become': {
    in: hosts('ansible_sudo_pass: x'),
    where: 'lab.yaml:3:31',
    what: 'ansible_sudo_pass: an old name',
    remedy: 'write ansible_become_password',
  },
  'an empty password': {
    in: hosts('ansible_password: ""'),
    where: 'lab.yaml:3:30',
    what: 'ansible_password: expected a secret, found an empty value',
    remedy: '!vault',
  },
  'a local connection': {
    in: hosts('ansible_connection: local'),
    where: 'lab.yaml:3:32',
    what: 'ansible_connection: expected one of ssh, smart',
    remedy: 'ssh',
  },
  'host keys unchecked by a variable': {
    in: hosts('ansible_host_key_checking: false'),
    where: 'lab.yaml:3:39',
    what: 'ansible_host_key_checking: not honoured',
    remedy: 'host keys are always checked',
  },
  'a time limit for connections': {
    in: hosts('ansible_timeout: 30'),
    where: 'lab.yaml:3:29',
    what: 'ansible_timeout: not honoured',
    remedy: 'ConnectTimeout',
  },
  'another shell': {
    in: hosts('ansible_shell_executable: /bin/zsh'),
    where: 'lab.yaml:3:38',
    what: 'ansible_shell_executable: not honoured',
    remedy: '/bin/sh',
  },
  'a priority of a host': {
    in: hosts('ansible_group_priority: 5'),
    where: 'lab.yaml:3:36',
    what: 'ansible_group_priority: counts only among the vars of a group',
    remedy: 'write it there',
  },
  'a port of a host that is there': {
    in: 'web:\n  hosts: { db1: }\ndb:\n  hosts: { "db1:2222": }\n',
    where: 'lab.yaml:4:12',
    what: 'host "db1" is there already, and its port would not count',
    remedy: 'where the host is first named',
  },
  'all below another group': {
    in: 'web: { hosts: { a: }, children: { all: } }',
    where: 'lab.yaml:1:35',
    what: 'group "all" can\'t be a child',
    remedy: 'remove it',
  },
  'host keys unchecked': {
    in: hosts('ansible_ssh_common_args: "-o StrictHostKeyChecking=no"'),
    where: 'lab.yaml:3:37',
    what: 'host keys are always checked',
    remedy: 'accept-new',
  },
  'an option that ssh has not': {
    in: hosts('ansible_ssh_common_args: "-o ProxyJmup=x"'),
    where: 'lab.yaml:3:37',
    what: 'ssh has no option ProxyJmup',
    remedy: 'did you mean proxyjump?',
  },
  'an option of ssh that leads nowhere': {
    in: hosts('ansible_ssh_common_args: "-N -W other:22"'),
    where: 'lab.yaml:3:37',
    what: 'not understood: -N',
    remedy: '-J',
  },
  'a host among the ssh arguments': {
    in: hosts('ansible_ssh_extra_args: "-4 other"'),
    where: 'lab.yaml:3:36',
    what: 'not understood: other',
    remedy: '-J',
  },
  'an ssh argument without its value': {
    in: hosts('ansible_ssh_common_args: "-J"'),
    where: 'lab.yaml:3:37',
    what: '-J needs a value',
    remedy: 'write -J VALUE',
  },
  'a quote that does not end': {
    in: hosts('ansible_ssh_common_args: "-o \'ProxyCommand=nc"'),
    where: 'lab.yaml:3:37',
    what: 'a quote that does not end',
    remedy: 'end it',
  },
  'a host key that is a fingerprint': {
    in: hosts('ansible_ssh_host_keys: SHA256:abcdef'),
    where: 'lab.yaml:3:35',
    what: 'expected the public key of a host',
    remedy: 'ssh_host_ed25519_key.pub',
  },
  'an old name': {
    in: hosts('ansible_ssh_host: 10.0.0.5'),
    where: 'lab.yaml:3:30',
    what: 'an old name',
    remedy: 'write ansible_host',
  },

  // Extra variables
  'no key=value': {
    in: good,
    options: { extraVars: ['password=a hunter2'] },
    where: '--extra-vars',
    what: 'word 2 is not key=value',
    remedy: '@FILE',
  },
  'a file without @': {
    in: good,
    options: { extraVars: ['./x.yaml'] },
    where: '--extra-vars',
    what: 'is not key=value',
    remedy: 'write @./x.yaml',
  },
  'broken JSON': {
    in: good,
    options: { extraVars: ['{"a": '] },
    where: '--extra-vars:1:7',
    what: 'a bracket above is not closed',
    remedy: 'close it',
  },
  'a JSON list': {
    in: good,
    options: { extraVars: ['[1]'] },
    where: '--extra-vars',
    what: 'expected variables, found a list',
    remedy: '"key"',
  },
  'an absent file of variables': {
    in: good,
    options: { extraVars: ['@x.yaml'] },
    where: 'x.yaml',
    what: 'there is no such file',
    remedy: 'correct the path',
  },
  'Jinja in a variable': {
    in: good,
    options: { extraVars: ['a={{b}}'] },
    where: '--extra-vars',
    what: 'Jinja expressions are not evaluated',
    remedy: 'write the value',
  },
  'an open quote in a variable': {
    in: good,
    options: { extraVars: ['a="b'] },
    where: '--extra-vars',
    what: 'a quote is not closed',
    remedy: 'close it',
  },
}

testCases(test, cases)

test('mistakes in several files are all said at once', async () => {
  const problems = await problemsOf(
    {
      'lab.yaml':
        'all:\n  vars: { a: "{{ x }}" }\n  hosts: { db1: { ansible_port: x }, db2: { ansible_become_method: runas } }\n',
      'group_vars/all.yaml': 'b: !env NOPE\n',
      'host_vars/db2.yaml': '[',
    },
    'lab.yaml',
    { extraVars: ['oops'] },
  )
  assert.equal(problems.map((problem) => problem.where).sort(), [
    '--extra-vars',
    'group_vars/all.yaml:1:9',
    'host_vars/db2.yaml:1:2',
    'lab.yaml:2:14',
    'lab.yaml:3:33',
    'lab.yaml:3:68',
  ])
})

test('a mistake in a group is said once, not once for every host', async () => {
  const problems = await problemsOf(
    { 'lab.yaml': 'all: { vars: { ansible_port: x }, hosts: { "n[1:9]": } }' },
    'lab.yaml',
  )
  assert.is(problems.length, 1)
})

test('no inventory at all', async () => {
  mkdirSync(join(folder, 'some/inventory'), { recursive: true })
  process.chdir(join(folder, 'some'))
  writeFileSync('inventory/prod.yaml', good)
  const thrown = await loadInventory([]).catch((error: unknown) => error)
  assert.instance(thrown, PlinthError)
  assert.is((thrown as PlinthError).message, '--inventory: no inventory given; add -i NAME (there are: prod)')
})

test.run()
