/** Inventories and patterns that Ansible and Plinth are asked about alike. Hand-made; generated.ts has more. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Sample {
  readonly name: string
  /** Text by path; a path that ends with `*` is executable (and is written without it). */
  readonly files: Readonly<Record<string, string>>
  /** The values of -i, in order. */
  readonly sources: readonly string[]
  readonly patterns: readonly string[]
}

const vault = (name: string): string => readFileSync(join(import.meta.dirname, '..', 'vault-samples', name), 'utf8')

const sample = (
  name: string,
  files: string | Readonly<Record<string, string>>,
  patterns: readonly string[] = [],
  sources?: readonly string[],
): Sample => {
  const written = typeof files === 'string' ? { 'hosts.yaml': files } : files
  return { name, files: written, patterns, sources: sources ?? [(Object.keys(written)[0] ?? '').replace('*', '')] }
}
const ini = (name: string, text: string, patterns: readonly string[] = []): Sample =>
  sample(name, { 'hosts.ini': text }, patterns)
const values = (name: string, lines: readonly string[]): Sample =>
  sample(name, `all:\n  hosts: { db1: }\n  vars:\n${lines.map((line) => `    ${line}`).join('\n')}\n`)
const script = (json: unknown): string => `#!/bin/sh\ncat <<'END'\n${JSON.stringify(json, null, 2)}\nEND\n`

const cluster = `lone:
  hosts:
    lone1:
all:
  hosts:
    top1:
  children:
    mysql:
      hosts:
        db[1:2]:
    nacos:
      hosts:
        nacos[1:5]:
      children:
        canary:
          hosts:
            nacos5:
            new1:
    web:
      hosts:
        web[01:04].example.com:
        10.0.0.9:
        nacos1:
    empty:
`

/** Every form that the manager knows, and what happens at the edges of each. */
const patterns = [
  ...['all', '*', 'nacos', 'nacos1', 'nacos2,nacos1', 'nacos2:db1', 'db1,nacos,db1', 'nacos:!nacos3', '!nacos3:nacos'],
  ...[
    'nacos:&canary',
    'nacos,mysql,&canary,!new1',
    '!nacos',
    '&canary',
    '!nacos:!mysql',
    'nacos:&web:!nacos1',
    'all:!old*',
  ],
  ...[
    'nacos*',
    'n*',
    'nacos?',
    '*c*',
    '*1',
    'web0[12]*',
    'web0[!12]*',
    'nacos[1-3]',
    '[a-m]*',
    '[!a-m]*',
    '*.example.com',
  ],
  ...['~nacos[12]', '~(lone|db)', '~.*1$', '~(?i)NACOS', '~web\\d+', '~^db', '~nacos$', '~n.*:!~.*1', '~.*', '~zzz'],
  ...[
    'nacos[0]',
    'nacos[-1]',
    'nacos[-2]',
    'nacos[0:1]',
    'nacos[1:]',
    'nacos[1:9]',
    'nacos[2-3]',
    'nacos[0:0]',
    'nacos[1:0]',
  ],
  ...[
    'nacos[3:1]',
    'nacos[9]',
    'nacos[-9]',
    'nacos[9:12]',
    'nacos*[0]',
    'all[2]',
    'all[0:3]',
    'nacos[0]:mysql',
    'nacos[0],mysql[1]',
  ],
  ...[
    'nacos:!nacos[0]',
    'nacos:&nacos[1:2]',
    '!nacos[0]',
    'db1[0]',
    'nacos1[0]',
    'empty',
    'empty[0]',
    'empty,db1',
    'ungrouped',
  ],
  ...[
    ' nacos1 , db1 ',
    'nacos1 db1',
    'nacos1: db1',
    'web:10.0.0.9',
    '10.0.0.9',
    '10.0.*',
    '10.0.0.9:nacos',
    'nacos1:22',
    'nacos:1',
  ],
  ...[
    'web01.example.com',
    'web01.example.com,web02.example.com',
    'web01',
    'web01*',
    'nacso',
    'nacso,db1',
    'nacos:!nacos33',
    'nacos:&cannary',
  ],
  ...[
    '@limit.txt',
    '@limit.txt:!db1',
    '@limit.txt,nacos3',
    '@nobody.txt',
    'localhost',
    '127.0.0.1',
    '',
    ',',
    ':',
    'nacos:',
    ',db1,',
  ],
  ...[
    '~(',
    '~(,db1',
    '~[',
    '~',
    '[',
    'nacos[',
    'nacos]',
    'nacos[]',
    'nacos[a]',
    'nacos[]1]',
    'nacos[!]1]',
    'web[!]',
    'n[z-a]*',
    'a.b',
    'n.*',
  ],
  ...[
    'all:&all',
    'all:!all',
    '*:!web*',
    'mysql:canary',
    'canary:mysql',
    'mysql,canary,mysql',
    '~db|new:canary',
    'fe80::1',
    '!db1',
    '&db1',
  ],
  ...[
    'nacos1,&nacos1',
    'nacos1:&db1',
    'lone:lone1',
    'new1[0]',
    'db?',
    'DB1',
    'Nacos',
    'na\\cos',
    'n{1,2}',
    'nacos(1)',
    '$nacos',
    '^nacos',
  ],
  ...[
    '!',
    '&',
    'nacos:!',
    '@',
    '@empty.txt',
    'nacos[:2]',
    'nacos[1:-1]',
    'nacos[0:1:2]',
    'db1,nacos[:2]',
    'nacos[0][1]',
  ],
]

export const handMade: readonly Sample[] = [
  sample(
    'cluster',
    { 'hosts.yaml': cluster, 'limit.txt': 'nacos2\n db1 \n\n# a comment\n', 'empty.txt': '' },
    patterns,
  ),
  ini(
    'cluster-ini',
    'lone1\n[mysql]\ndb1\ndb2\n[nacos]\nnacos[1:5]\n[canary]\nnacos5\nnew1\n[nacos:children]\ncanary\n',
    [
      'all',
      'nacos',
      'canary',
      'nacos[-1]',
      'ungrouped',
      '!nacos',
      'n*',
      '~.*1$',
      'nacos:&canary',
      'nacos[2:]',
      '*2',
      'all[0]',
    ],
  ),
  sample('same name', 'web:\n  hosts: { db: , web1: }\ndb:\n  hosts: { db1: , db2: }\n', [
    ...['db', '!db', 'all:&db', 'd*', 'db:web', 'web:!db', 'all:!db', 'db[0]'],
  ]),

  // Trees
  sample('one host', 'all: { hosts: { db1: } }'),
  sample('only a group', 'web:\n  hosts:\n    web1:\n'),
  sample('no group at all', 'all:\n  hosts:\n    c:\n    a:\n    b:\n', ['all', '*', 'all[0]', '[ab]']),
  sample('a word for a map', 'all: { hosts: db1, children: web }\nweb: { hosts: web1 }'),
  sample('nothing where nothing is', 'all:\n  hosts:\n  children:\n    web:\n      hosts:\n        a:\n      vars:\n'),
  sample('ungrouped named', 'ungrouped: { hosts: { b: } }\nall: { hosts: { a: , c: } }\nweb: { hosts: { c: } }'),
  sample('ungrouped and grouped', 'ungrouped: { hosts: { a: , b: } }\nweb: { hosts: { a: } }'),
  sample('ungrouped listed last', 'all: { children: { web: { hosts: { w: } }, ungrouped: { hosts: { u: } } } }'),
  sample(
    'a diamond',
    'top: { children: { left: { children: { low: { hosts: { x: } } } }, right: { children: { low: } } } }\n' +
      'left: { vars: { a: left, b: left } }\nright: { vars: { a: right, c: right } }\nlow: { vars: { b: low } }',
    ['top', 'left:&right', 'low'],
  ),
  sample(
    'deep and shallow',
    'a: { children: { b: { children: { c: { hosts: { x: } } } } }, vars: { v: a } }\nz: { hosts: { x: }, vars: { v: z, w: z } }\n' +
      'b: { vars: { v: b } }\nc: { vars: { v: c } }',
  ),
  sample(
    'depth that grows later',
    'x: { children: { y: { hosts: { h: }, vars: { v: y } } }, vars: { v: x } }\nw: { hosts: { h: }, vars: { v: w } }\n' +
      'v: { children: { x: } }\nu: { children: { v: } }\nm: { children: { n: { children: { w: } } } }',
  ),
  sample(
    'priorities',
    'a: { hosts: { h: }, vars: { v: a, ansible_group_priority: 10 } }\nb: { hosts: { h: }, vars: { v: b } }\n' +
      'c: { hosts: { h: }, vars: { v: c, ansible_group_priority: "3" } }',
  ),
  sample(
    'priority does not beat depth',
    'a: { vars: { v: a, ansible_group_priority: 10 }, children: { b: { hosts: { h: }, vars: { v: b } } } }',
  ),
  sample(
    'same depth by name',
    'Zed: { hosts: { h: }, vars: { v: Z } }\nalpha: { hosts: { h: }, vars: { v: a } }\n_x: { hosts: { h: }, vars: { v: _ } }',
  ),
  sample('a loop', 'a: { children: { b: { children: { a: } } } }\nc: { hosts: { h: } }'),
  sample('a loop over two places', 'a: { children: { b: { hosts: { h: } } } }\nb: { children: { a: } }'),
  sample('itself', 'a: { hosts: { h: }, children: { a: } }'),
  sample('all as a child', 'a: { children: { all: { hosts: { h: } } } }'),
  sample(
    'odd group names',
    'web-1: { hosts: { a: } }\nweb.2: { hosts: { b: } }\n3rd: { hosts: { c: } }\n组: { hosts: { d: } }',
    ['web-1', 'web.2', '3rd', '组', 'web*', 'web?1'],
  ),
  sample('a group like a pattern', '"!web": { hosts: { a: } }'),
  sample('a group with a space', '"a b": { hosts: { x: } }'),

  // Hosts
  sample(
    'ranges',
    'all: { hosts: { "web[01:03]": , "db-[a:c]": , "n[0:9:3]": , "r[1:2]n[a:b].x": , "m[:2]": , "k[8:11]": } }',
  ),
  sample('letters past z', 'all: { hosts: { "n[y:B]": } }'),
  sample('hexadecimal digits are no range', 'all: { hosts: { "n[9:b]": } }'),
  sample('a range backwards', 'all: { hosts: { "n[3:1]": , a: } }'),
  sample('a range of unequal width', 'all: { hosts: { "n[01:100]": } }'),
  sample('a range of words', 'all: { hosts: { "n[ab:cd]": } }'),
  sample('a range below zero', 'all: { hosts: { "n[-1:1]": } }'),
  sample('a range without an end', 'all: { hosts: { "n[1:]": } }'),
  sample('a step of nothing', 'all: { hosts: { "n[1:3:0]": } }'),
  sample('a bracket too few', 'all: { hosts: { "n[1:3": } }'),
  sample(
    'ports',
    'all: { hosts: { "a:2222": , "b[1:2]:2200": , "[fe80::1]:22": , "fe80::2": , "10.0.0.1:23": , "x-:22": , "::1": } }',
    ['a', 'b*', 'fe80::1', 'fe80::2', '10.0.0.1'],
  ),
  sample('a port of a known host', 'web: { hosts: { a: } }\ndb: { hosts: { "a:2222": } }'),
  sample('the same port twice', 'web: { hosts: { "a:2222": } }\ndb: { hosts: { "a:2222": } }'),
  sample('a port and a variable', 'web: { hosts: { "a:2222": { ansible_port: 23 } } }'),
  sample('a host of digits', 'all: { hosts: { "10": } }'),
  sample('a host that YAML takes for a number', 'all: { hosts: { 10: } }'),
  sample('a host with a space', 'all: { hosts: { "a b": } }'),
  sample(
    'one host in three places',
    'all: { hosts: { a: { x: 1, y: 1 } } }\nweb: { hosts: { a: { y: 2 } } }\ndb: { hosts: { a: { z: 3 } } }',
  ),
  sample('capitals', 'all: { hosts: { A: , a: , Ä: } }', ['a', 'A', '[Aa]', 'ä', '~(?i)ä']),
  sample('an undeclared host', 'all: { hosts: { a: { ansible_host: 10.0.0.1 } } }\nweb: { hosts: { a: , b: } }'),

  // Values
  values('words of YAML 1.1', [
    'a: yes',
    'b: No',
    'c: on',
    'd: OFF',
    'e: true',
    'f: y',
    'g: n',
    'h: ~',
    'i: Null',
    'j:',
    "k: 'yes'",
    'l: "~"',
    'm: TRUE',
    'n: nULL',
  ]),
  values('numbers', [
    'a: 0644',
    'b: 0o644',
    'c: 0x1F',
    'd: 0b101',
    'e: 1_000',
    'f: -5',
    'g: +5',
    'h: 007',
    'i: 089',
    'j: 0',
    'k: -0x10',
    'l: 1__0',
    'm: 12345678901',
  ]),
  values('floats', [
    'a: 2.10',
    'b: 1.',
    'c: .5',
    'd: 1e3',
    'e: 1.0e3',
    'f: 1.0e+3',
    'g: -1.5',
    'h: 1_0.5',
    'i: 1.2.3',
    'j: .',
    'k: -',
    'l: 1.5e-2',
    'm: .5e+1',
  ]),
  values('sexagesimals', [
    'a: 22:22',
    'b: 1:30',
    'c: 08:30',
    'd: 1:60',
    'e: -1:30',
    'f: 8848:8848',
    'g: 1:30.5',
    'h: 10:20:30',
    'i: 0:30',
  ]),
  values('dates', ['a: 2024-01-01', 'b: 2024-01-01 10:00:00', "c: '2024-01-01'"]),
  values('text', [
    'a: a b  c',
    'b: "a\\tb\\u00e9"',
    "c: 'it''s'",
    'd: a#b',
    'e: a #b',
    'f: 中文',
    'g: "{x}"',
    'h: a=b',
  ]),
  values('blocks', [
    'a: |',
    '  one',
    '  two',
    'b: >',
    '  one',
    '  two',
    'c: |-',
    '  one',
    'd: |+',
    '  one',
    '',
    'e: one',
    '  two',
  ]),
  values('lists and maps', [
    'a: [1, yes, "2", [], {}]',
    'b: { x: { y: [1] } }',
    'c:',
    '- 1',
    '- - 2',
    'd: {}',
    'e: []',
  ]),
  values('anchors', [
    'a: &a { x: 1, y: 2 }',
    'b: *a',
    'c: { <<: *a, y: 3 }',
    'd: { <<: [*a, { z: 9 }] }',
    'e: &t text',
    'f: *t',
  ]),
  values('tags', ['a: !!str 5', 'b: !!int "5"', 'c: !!float 5', 'e: !!bool "yes"', 'f: !!str yes']),
  values('an unsafe value', ['a: !unsafe "{{ x }}"']),
  values('keys that are no text', ['1: one', 'yes: true-word', '1.5: float']),
  values('a key twice', ['a: 1', 'a: 2']),
  values('Jinja', ['a: 1', 'b: "{{ a }}"']),
  values('an unknown tag', ['a: !env HOME']),
  values('maps are replaced', ['m: { a: 1, b: 2 }']),
  sample('a map of a host', 'all: { vars: { m: { a: 1, b: 2 } }, hosts: { h: { m: { a: 3 } } } }'),
  sample(
    'vars said twice',
    'web: { hosts: { h: }, vars: { m: { a: 1 }, n: 1 } }\nall: { children: { web: { vars: { m: { b: 2 } } } } }',
  ),
  sample('an unknown section', 'all: { hosts: { a: }, host: { b: } }'),
  sample('vars as a list', 'all: { hosts: { a: }, vars: [1] }'),
  sample('a group that is a number', 'all: { hosts: { a: } }\nweb: 5'),
  sample('a list of hosts', 'all:\n  hosts:\n    - a\n'),
  sample('empty', ''),
  sample('not YAML', 'all: [\n'),
  sample('two documents', 'all: { hosts: { a: } }\n---\nall: { hosts: { b: } }\n'),
  sample('a byte order mark', '\uFEFFall: { hosts: { a: } }'),
  sample('lines of Windows', 'all:\r\n  hosts:\r\n    a:\r\n      x: y\r\n'),
  sample('JSON', { 'hosts.json': '{"all": {"hosts": {"a": {"x": true, "y": null, "z": 1.5}}, "vars": {"v": "yes"}}}' }),
  sample('JSON with wrappers', { 'hosts.json': '{"all": {"hosts": {"a": {"x": {"__ansible_unsafe": "{{ x }}"}}}}}' }),
  sample('a plugin', { 'hosts.yaml': 'plugin: constructed\nstrict: false\n' }),

  // INI
  ini('ini hosts', 'a\nb ansible_host=10.0.0.1 ansible_port=2222\n[web]\nweb[01:03] x=1\nc:23\n[::1]\n'),
  ini('ini hosts and addresses', 'a:22 x=1\n10.0.0.1 y=2\nfe80::1\n'),
  ini('ini comments', '# one\n; two\na x=1 # three\n  b   y=2\n[web] # four\nc#five\nd z="a#b" w=\'#\'\n'),
  ini('ini quotes', `a x="one two" y='it is' z=one\\ two w="say \\"hi\\"" v='"5"' u="'5'" t=""\n`),
  ini('ini open quote', 'a x="one\n'),
  ini('ini without a pair', 'a b c=1\n'),
  ini(
    'ini literals',
    `a i=5 n=-5 f=1.50 t=True l=true no=None lst=[1,"a",True] d="{'a': 1, 'b': [2]}" tup=(1,2) o=0644 h=0x1F b=0b11 u=1_000 e=1e3 z=007 zz=00 p=+5 dots=... c=1j s={1} y=yes v=1.2.3\n`,
  ),
  ini(
    'ini group literals',
    `a\n[all:vars]\ni = 5\nt = True # comment\nq = "a b" # comment\nraw = a b # comment\nlst = [1, 2, ]\ntup = 1, 2\nd = {'a': {'b': None}}\n` +
      `cat = 'a' "b"\nesc = "a\\tb\\x41\\u00e9"\nr = r"a\\tb"\nempty =\nexpr = 1 + 2\nname = foo\neq = a=b=c\nneg = - 5\npar = (5)\nset = {1, 3}\nnot = not True\nneg2 = --5\nhash = "a#b"\n`,
  ),
  ini(
    'ini more literals',
    `a\n[all:vars]\na = """x"""\nb = ''\nc = 'open\nd = [1,\ne = {1: 2}\nf = {True: 1}\ng = [[[]]]\nh = .5\ni = 5.\nj = 1e5\nk = 0o17\nl = u"x"\nm = f"x"\nn = 1_\no = _1\np = 1__0\nq = 0_0\nr = 0xZZ\ns = 1 2\nt = ()\nu = (1,)\nv = {}\nw = "a" 5\nx = 5 "a"\nz = "\\101\\q"\n`,
  ),
  ini('ini names of characters', 'a\n[all:vars]\nx = "\\N{BULLET}"\ny = b"x"\n'),
  ini('ini children', '[top:children]\nx\ny\n[y]\nb\n[x]\na\n[top:vars]\nv=1\n', ['top', 'x:y']),
  ini('ini children known', '[x]\na\n[y]\nb\n[top:children]\ny\nx\n', ['top']),
  ini('ini children of children', '[a:children]\nb\n[b:children]\nc\n[c]\nh\n[a:vars]\nv=a\n[c:vars]\nv=c\n', ['a']),
  ini('ini undefined child', '[a:children]\nnobody\n[c]\nh\n'),
  ini('ini vars of nobody', '[nobody:vars]\nx=1\n[c]\nh\n'),
  ini('ini vars before the group', '[web:vars]\nx=1\n[web]\nh\n'),
  ini('ini vars without a value', '[web]\nh\n[web:vars]\nx\n'),
  ini('ini priority', '[a]\nh\n[b]\nh\n[a:vars]\nv=a\nansible_group_priority=5\n[b:vars]\nv=b\n'),
  ini('ini unknown kind', '[web:hots]\nh\n'),
  ini('ini bad section', '[web group]\nh\n'),
  ini('ini the same host again', 'a x=1\n[web]\na y=2\n[db]\na x=3\n'),
  ini('ini a loop', '[a:children]\nb\n[b:children]\na\n[c]\nh\n'),
  ini('ini Jinja', 'a x="{{ y }}"\n'),
  ini('ini empty', '# nothing\n'),
  ini('ini groups with signs', '[web-1]\na\n[web.2]\nb\n[all:children]\nweb-1\n', ['web-1', 'web.2']),
  ini('ini a colon at the end', 'a:\n'),
  ini('ini YAML', '---\nall:\n  hosts:\n    a:\n'),
  ini('ini lines of Windows', '[web]\r\na x=1\r\n[web:vars]\r\ny=2\r\n'),

  // Files beside it, and several sources
  sample('no ending, INI', { hosts: '[web]\na x=1\n' }),
  sample('no ending, one host', { hosts: 'a\nb\n' }),
  sample('no ending, YAML', { hosts: '# words\nweb:\n  hosts:\n    a:\n' }),
  sample('no ending, YAML with a marker', { hosts: '---\nweb:\n  hosts:\n    a:\n' }),
  sample('no ending, JSON', { hosts: '{"web": {"hosts": {"a": {}}}}' }),
  sample('another ending', { 'hosts.inventory': '[web]\na\n' }),
  sample('variable files', {
    'hosts.yaml':
      'web: { hosts: { a: { h: inline } }, vars: { g: inline, all_or_web: inline } }\nall: { vars: { al: inline } }',
    'group_vars/all.yml': 'al: file\ng: all\nall_or_web: all\n',
    'group_vars/web': 'g: file\n',
    'group_vars/ungrouped.yml': 'u: 1\n',
    'host_vars/a.json': '{"h": "file", "j": [1]}',
  }),
  sample('folders of variables', {
    'hosts.yaml': 'web: { hosts: { a: } }',
    'group_vars/all/10.yml': 'x: 1\ny: 1\n',
    'group_vars/all/20.yaml': 'y: 2\n',
    'group_vars/all/.hidden.yml': 'y: 3\n',
    'group_vars/all/old.yml~': 'y: 4\n',
    'group_vars/all/notes.txt': 'y: 5\n',
    'group_vars/all/sub/a.yml': 'z: 1\n',
    'group_vars/all/sub.d/a.yml': 'z: 2\n',
    'group_vars/web/vars': 'v: 1\n',
    'host_vars/a/x.json': '{"h": 1}',
  }),
  sample('a folder before a file', {
    'hosts.yaml': 'web: { hosts: { a: } }',
    'group_vars/all/x.yml': 'x: folder\n',
    'group_vars/all.yml': 'x: file\n',
  }),
  sample('empty variable files', {
    'hosts.yaml': 'web: { hosts: { a: } }',
    'group_vars/all.yml': '',
    'group_vars/web.yml': '# nothing\n',
    'host_vars/a.yml': '---\n',
  }),
  sample('precedence', {
    'hosts.yaml':
      'all: { vars: { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1 } }\nweb: { vars: { b: 2, c: 2, d: 2, e: 2, f: 2 }, hosts: { h: { e: 5, f: 5 } } }',
    'group_vars/all.yml': 'c: 3\nd: 3\ne: 3\nf: 3\n',
    'group_vars/web.yml': 'd: 4\ne: 4\nf: 4\n',
    'host_vars/h.yml': 'f: 6\n',
  }),
  sample('priority in a file', {
    'hosts.yaml': 'a: { hosts: { h: } }\nb: { hosts: { h: } }',
    'group_vars/a.yml': 'ansible_group_priority: 10\nv: a\n',
    'group_vars/b.yml': 'v: b\n',
  }),
  sample('priority and files', {
    'hosts.yaml': 'a: { hosts: { h: }, vars: { ansible_group_priority: 10 } }\nb: { hosts: { h: } }',
    'group_vars/a.yml': 'v: a\n',
    'group_vars/b.yml': 'v: b\n',
  }),
  sample('encrypted', { 'hosts.yaml': 'web: { hosts: { a: } }', 'group_vars/web.yml': vault('vars-1.1.yaml') }),
  sample('one encrypted value', { 'hosts.yaml': 'web: { hosts: { a: } }', 'host_vars/a.yml': vault('inline.yaml') }),
  sample(
    'two sources',
    {
      'a.yaml': 'web: { hosts: { h: { x: a, y: a } } }\ndb: { hosts: { d: } }',
      'b.yaml': 'web: { hosts: { h: { x: b }, i: } }',
    },
    ['all', 'web'],
    ['a.yaml', 'b.yaml'],
  ),
  sample(
    'two sources, turned',
    { 'a.yaml': 'web: { hosts: { h: { x: a, y: a } } }', 'b.ini': '[web]\nh x=b\n' },
    ['all'],
    ['b.ini', 'a.yaml'],
  ),
  sample(
    'two folders',
    {
      'a/hosts.yaml': 'web: { hosts: { h: } }',
      'a/group_vars/web.yml': 'x: a\ny: a\n',
      'a/host_vars/h.yml': 'z: a\n',
      'b/hosts.yaml': 'web: { hosts: { h: } }',
      'b/group_vars/all.yml': 'z: b\ny: b\n',
      'b/group_vars/web.yml': 'x: b\n',
    },
    [],
    ['a', 'b'],
  ),
  sample(
    'a group in one source, a child in the other',
    { 'a.yaml': 'top: { children: { web: } }', 'b.yaml': 'web: { hosts: { h: } }\nother: { children: { top: } }' },
    ['top', 'other'],
    ['a.yaml', 'b.yaml'],
  ),
  sample(
    'ungrouped here, grouped there',
    { 'a.ini': 'h\n', 'b.ini': '[web]\nh\n' },
    ['ungrouped', 'web'],
    ['a.ini', 'b.ini'],
  ),
  sample(
    'a folder of sources',
    {
      'inv/01.yaml': 'web: { hosts: { a: { x: 1 } } }',
      'inv/02-hosts': '[web]\nb\na x=2\n',
      'inv/03.ini': '[db]\nc\n',
      'inv/notes.md': '# words',
      'inv/old.bak': '[web',
      'inv/x.cfg': '[web',
      'inv/.hidden': '[web',
      'inv/sub/04.yaml': 'db: { hosts: { d: } }',
      'inv/sub/group_vars/all.yml': 'not: read\n',
      'inv/group_vars/all.yml': 'g: 1\n',
    },
    ['all', 'web', 'db'],
    ['inv'],
  ),
  sample('a list of hosts by name', { 'x.yaml': '' }, ['all', 'b', 'ungrouped'], ['a,b:2222,10.0.0.1,']),
  sample('names and a file', { 'x.yaml': 'web: { hosts: { a: { x: 1 } } }' }, ['all'], ['x.yaml', 'a,b']),

  // Programs
  sample(
    'a program',
    {
      'inv.sh*': script({
        web: { hosts: ['a', 'b'], vars: { v: 1 }, children: ['canary'] },
        canary: { hosts: ['c'] },
        _meta: { hostvars: { a: { x: [1, 'yes'] }, c: { y: null }, gone: { z: 1 } } },
      }),
    },
    ['all', 'web', 'canary'],
  ),
  sample('a program with lists', {
    'inv.sh*': script({ web: ['a', 'b'], all: { vars: { v: 'x' } }, _meta: { hostvars: {} } }),
  }),
  sample('a program with hosts of none', {
    'inv.sh*': script({ all: { hosts: ['a'] }, ungrouped: { hosts: ['b'] }, _meta: { hostvars: { a: { x: 1 } } } }),
  }),
  sample('a program with an empty group', {
    'inv.sh*': script({ web: { hosts: ['a'] }, db: {}, _meta: { hostvars: {} } }),
  }),
  sample('a program without meta', {
    'inv.sh*':
      '#!/bin/sh\nif [ "$1" = --list ]; then echo \'{"web": {"hosts": ["a", "b"]}}\'; else echo "{\\"name\\": \\"$2\\"}"; fi\n',
  }),
  sample('a program that fails', { 'inv.sh*': '#!/bin/sh\necho broken >&2\nexit 3\n' }),
  sample('a program that prints no JSON', { 'inv.sh*': '#!/bin/sh\necho hello\n' }),
  sample(
    'a program with files beside it',
    {
      'inv/inv.sh*': script({ web: { hosts: ['a'], vars: { x: 1, y: 1 } }, _meta: { hostvars: { a: { h: 1 } } } }),
      'inv/group_vars/web.yml': 'x: 2\n',
      'inv/host_vars/a.yml': 'h: 2\n',
    },
    [],
    ['inv'],
  ),
  sample('a program with priorities', {
    'inv.sh*': script({
      a: { hosts: ['h'], vars: { v: 'a', ansible_group_priority: 5 } },
      b: { hosts: ['h'], vars: { v: 'b' } },
      _meta: { hostvars: {} },
    }),
  }),
]
