/** Programs that should print an inventory, or a password, and do something else. */
import { chmodSync, writeFileSync } from 'node:fs'
import { runInventoryScript } from '../../../lib/edge/inventory-script.ts'
import { vaultKeys } from '../../../lib/edge/vault-password.ts'
import { suite } from '../../kit.ts'
import { answering } from '../askers.ts'
import { type Bad, testBad } from './bad.ts'

const test = suite('bad programs')

const executable = (name: string, content: string | Uint8Array) => (): void => {
  writeFileSync(name, content)
  chmodSync(name, 0o755)
}
const program = (script: string, problems = 1): Bad => ({
  sources: ['./cloud'],
  prepare: executable('cloud', `#!/bin/sh\n${script}\n`),
  problems,
})
const prints = (text: string, problems = 1): Bad => program(`cat <<'END'\n${text}\nEND`, problems)
const password = (script: string): Bad => ({
  prepare: executable('password', `#!/bin/sh\n${script}\n`),
  work: () => vaultKeys({ ids: [], files: ['password'], ask: false }, answering(), { env: {} }),
})
const meta = '"_meta": {"hostvars": {}}'

const cases: Readonly<Record<string, Bad>> = {
  'exit 1 and nothing said': program('exit 1'),
  'exit 1 and a long story': program('for i in 1 2 3 4 5 6 7; do echo "line $i" >&2; done; exit 1'),
  'an error in colours': program("printf '\\033[31mno token\\033[0m\\r\\n' >&2; exit 2"),
  'killed by a signal': program('kill -9 $$'),
  'a hundred megabytes': program('exec head -c 100000000 /dev/zero'),
  'the same line without end': program('exec yes'),
  'a hundred megabytes of complaint': program('head -c 100000000 /dev/zero >&2; exit 1'),
  'one that hangs': {
    prepare: executable('cloud', '#!/bin/sh\nexec sleep 600\n'),
    work: () => runInventoryScript('./cloud', ['--list'], 'cloud', 0.2),
  },
  'one that closes its output and hangs': {
    prepare: executable('cloud', '#!/bin/sh\nexec sleep 600 >&- 2>&-\n'),
    work: () => runInventoryScript('./cloud', ['--list'], 'cloud', 0.2),
  },
  'a broken binary': { sources: ['./cloud'], prepare: executable('cloud', '\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0') },
  'an interpreter that is not there': { sources: ['./cloud'], prepare: executable('cloud', '#!/nowhere/python\n') },
  'a Windows line end in the first line': {
    sources: ['./cloud'],
    prepare: executable('cloud', '#!/bin/sh\r\necho "{}"\r\n'),
  },

  noise: program("printf '\\001\\002\\376\\377'"),
  'a page of HTML': prints('<html><body>401 Unauthorized</body></html>'),
  'a warning before the JSON': prints('WARNING: deprecated\n{"web": ["a"]}'),
  'a list': prints('["a", "b"]'),
  'a word': prints('"a"'),
  null: prints('null'),
  nothing: program(':'),
  'an empty map': prints('{}'),
  'a map without a host': prints('{"web": {"hosts": []}}'),
  'JSON that is cut off': prints('{"web": {"hosts": ["a", '),
  'a key twice': prints(`{"web": ["a"], "web": ["b"], ${meta}}`),
  'not UTF-8': program('printf \'{"web": ["\\377"]}\''),
  'brackets without end': program('printf "{\\"a\\": "; head -c 100000 /dev/zero | tr "\\000" "["'),
  'hosts as a map': prints(`{"web": {"hosts": {"a": {}}}, ${meta}}`),
  'hosts as a word': prints(`{"web": {"hosts": "a"}, ${meta}}`),
  'a host that is a number': prints(`{"web": {"hosts": [5, null, "a"]}, ${meta}}`, 2),
  'a host that is a range': prints(`{"web": {"hosts": ["a[1:3]"]}, ${meta}}`),
  'a host with an escape': prints(`{"web": {"hosts": ["a\\u001b[31m"]}, ${meta}}`),
  'vars as a list': prints(`{"web": {"hosts": ["a"], "vars": ["x"]}, ${meta}}`),
  'children as a word': prints(`{"web": {"hosts": ["a"], "children": "b"}, ${meta}}`),
  'a child that contains its parent': prints(
    `{"a": {"hosts": ["h"], "children": ["b"]}, "b": {"children": ["a"]}, ${meta}}`,
  ),
  'an unknown key': prints(`{"web": {"host": ["a"]}, "db": ["b"], ${meta}}`),
  'a group that is a number': prints(`{"web": 5, "db": ["b"], ${meta}}`),
  '_meta without hostvars': prints('{"web": ["a"], "_meta": {}}'),
  'hostvars as a list': prints('{"web": ["a"], "_meta": {"hostvars": ["a"]}}'),
  'variables of a host as a word': prints('{"web": ["a"], "_meta": {"hostvars": {"a": "x"}}}'),
  Jinja: prints(`{"web": {"hosts": ["a"], "vars": {"x": "{{ y }}"}}, ${meta}}`),
  'a key of JavaScript': prints(`{"web": {"hosts": ["a"], "vars": {"__proto__": 1}}, ${meta}}`),
  'a list for its host': program('[ "$1" = --list ] && echo \'{"web": ["a"]}\' || echo "[1]"'),
  'no answer for its host': program('[ "$1" = --list ] && echo \'{"web": ["a"]}\' || exit 3'),
  'noise for its host': program('[ "$1" = --list ] && echo \'{"web": ["a"]}\' || echo oops'),

  'a vault password program that fails': password('echo no key in the ring >&2; exit 1'),
  'a vault password program that says nothing': password(':'),
  'a vault password program without end': password('exec yes hunter2'),
  'a vault password program that is killed': password('kill -9 $$'),
  'a vault password program that is none': {
    prepare: executable('password', '#!/nowhere/python\n'),
    work: () => vaultKeys({ ids: [], files: ['password'], ask: false }, answering(), { env: {} }),
  },
}

testBad(test, 'programs', cases)

test.run()
