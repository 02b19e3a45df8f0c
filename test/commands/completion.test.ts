/** What shells complete: the answers as data, then real shells with a person at the keyboard. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { commands } from '../../lib/commands/commands.ts'
import { answer } from '../../lib/commands/complete.ts'
import { rememberTags } from '../../lib/edge/known-tags.ts'
import { assert, suite } from '../kit.ts'

const test = suite('plinth completion')
const root = join(import.meta.dirname, '..', '..')
const plinth = join(root, 'lib', 'entry', 'command.js')
const folder = mkdtempSync(join(tmpdir(), 'plinth-completion-'))
const [oldFolder, oldHome] = [process.cwd(), process.env.HOME]

const files: Readonly<Record<string, string>> = {
  'inventory/prod/hosts.yaml': `all:
  children:
    web: { hosts: { "web[1:2]": } }
    nacos: { hosts: { nacos1: , nacos2: } }
`,
  'inventory/prod/secret.yaml': '$ANSIBLE_VAULT;1.1;AES256\n6162\n',
  'inventory/old.ini': '[db]\ndb1\n',
  'inventory/program.sh*': '#!/bin/sh\ntouch ran\necho "{}"\n',
  'inventory/module.ts':
    "import { writeFileSync } from 'node:fs'\nwriteFileSync('ran', '')\nexport default () => ({})\n",
  'more vars.yaml': 'a: 1\n',
  '$(touch pwned)"\'.yaml': 'a: 1\n',
  'two\nlines.yaml': 'a: 1\n',
  'a b/c.yaml': 'a: 1\n',
  'playbooks/ours.ts': `/**
 * Ours.
 *
 * @param node which
 * @param [to=x] where
 */
import { writeFileSync } from 'node:fs'
import { perform } from 'plinth'
writeFileSync('ran', '')
await perform(() => ({ name: 'x', actions: [] }))
`,
  'playbooks/apps.ts': "import { main } from 'plinth'\nawait main(() => [])\n",
  'playbooks/run.ts': "import { each } from 'plinth'\n",
  'other.ts': 'console.log(1)\n',
}
for (const [name, text] of Object.entries(files)) {
  const path = join(folder, name.replace('*', ''))
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  if (name.endsWith('*')) chmodSync(path, 0o755)
}
mkdirSync(join(folder, 'node_modules'))
symlinkSync(root, join(folder, 'node_modules/plinth'))

test.before(() => {
  process.chdir(folder)
  process.env.HOME = folder
  rememberTags('playbooks/apps.ts', ['java', 'unit', 'nacos'])
})
test.after(() => {
  process.chdir(oldFolder)
  process.env.HOME = oldHome
  rmSync(folder, { recursive: true })
})

/** What bash takes to end a word. */
const breaks = ' \t\n"\'><=;|&(:'
const run = 'npx tsx playbooks'

const cases: readonly (readonly [line: string, says: string])[] = [
  ['plinth ', 'inventory vault new completion --help --version'],
  ['plinth in', 'inventory'],
  ['npx plinth inv', 'inventory'],
  ['./node_modules/.bin/plinth inv', 'inventory'],
  ['plinth inventory ', 'show graph list hosts'],
  ['plinth inventory show -i prod ', 'web1 web2 nacos1 nacos2'],
  ['plinth inventory graph -i prod na', 'nacos'],
  ['plinth inventory graph -i old ', 'all ungrouped db'],
  ['plinth inventory hosts -i prod web:', 'web1 web2 nacos1 nacos2 all ungrouped web nacos'],
  ['plinth inventory show d', 'db1'],
  ['plinth inventory --sh', '--show-secrets'],
  ['plinth inventory list -i pro', ':files prod'],
  ['plinth inventory list --inventory=pro', ':files prod'],
  ['plinth new ', 'role playbook'],
  ['plinth new role ', ''],
  ['plinth completion z', 'zsh'],
  ['plinth nothing ', ''],
  [`${run}/apps.ts --che`, '--check'],
  [`${run}/apps.ts --list-t`, '--list-tasks --list-tags'],
  [`${run}/apps.ts -i `, ':files module.ts old prod program.sh'.replace('module.ts ', '').replace(' program.sh', '')],
  [`${run}/apps.ts -Ci p`, ':files prod'],
  [`${run}/apps.ts -i prod -l na`, 'nacos nacos1 nacos2'],
  [`${run}/apps.ts -i prod -l web1:na`, 'nacos nacos1 nacos2'],
  [`${run}/apps.ts -i prod -l web1,na`, 'web1,nacos web1,nacos1 web1,nacos2'],
  [`${run}/apps.ts -i prod -l 'web1:!nacos2:na`, 'web1:!nacos2:nacos web1:!nacos2:nacos1 web1:!nacos2:nacos2'],
  [`${run}/apps.ts -i prod --limit=we`, 'web web1 web2'],
  [`${run}/apps.ts -i prod -i old -l db`, 'db db1'],
  [`${run}/apps.ts -l we`, 'web web1 web2'],
  [`${run}/apps.ts -i program.sh -l `, 'all ungrouped'],
  [`${run}/apps.ts -t ja`, 'java'],
  [`${run}/apps.ts --skip-tags java,`, 'java,java java,nacos java,unit'],
  [`${run}/apps.ts --become-method s`, 'sudo su'],
  [`${run}/apps.ts -e @more`, String.raw`@more\ vars.yaml`],
  [`${run}/apps.ts -e @more\\ v`, String.raw`@more\ vars.yaml`],
  [`${run}/apps.ts -e '@more`, '@more vars.yaml'],
  [`${run}/apps.ts -e @'more`, 'more vars.yaml'],
  [`${run}/apps.ts -e @$`, String.raw`@\$\(touch\ pwned\)\"\'.yaml`],
  [`${run}/apps.ts -e "@$`, String.raw`@\$(touch pwned)\"'.yaml`],
  [`${run}/apps.ts -e '@$`, String.raw`@$(touch pwned)"'\''.yaml`],
  [`${run}/apps.ts -e @two`, ''],
  [`${run}/apps.ts -e=@a\\ b/`, String.raw`@a\ b/c.yaml`],
  ['plinth vault generate -i prod --group na', 'nacos'],
  [`${run}/apps.ts -e @inv`, ':nospace @inventory/'],
  [`${run}/apps.ts -u `, ''],
  [`${run}/apps.ts --report `, ':files'],
  [`${run}/ours.ts -e `, 'node= to='],
  [`${run}/ours.ts -e n`, ':nospace node='],
  [`${run}/ours.ts -e node=`, ''],
  [`${run}/ours.ts --ta`, ''],
  [`${run}/ours.ts --lim`, ''],
  [`${run}/run.ts --lim`, '--limit'],
  [`${run}/run.ts -i prod -- cat `, ':files'],
  ['tsx playbooks/apps.ts --pru', '--prune'],
  ['node --import tsx playbooks/apps.ts --pru', '--prune'],
  ['node playbooks/apps.ts --pru', '--prune'],
  ['npx --no-install tsx playbooks/apps.ts --pru', '--prune'],
  ['npx tsx other.ts --', ':other'],
  ['npx tsx playbooks/ap', ':other'],
  ['npx tsx playbooks/nowhere.ts --', ':other'],
  ['npx eslint pl', ':other'],
  ['node -p 1', ':other'],
  ['ls ', ':other'],
]
for (const [line, says] of cases)
  test(`bash: ${line}`, async () => {
    const vault = commands.has('vault') ? says : says.replace('vault ', '')
    assert.is((await answer(['bash', breaks, line], commands)).replaceAll('\n', ' '), vault)
  })

test('zsh gets whole words', async () => {
  const words = ['zsh', 'npx', 'tsx', 'playbooks/apps.ts', '-i', 'prod', '-l', 'web1:na']
  assert.is(await answer(words, commands), 'web1:nacos\nweb1:nacos1\nweb1:nacos2')
})

test('every option of a command that takes a value takes one when it is completed', async () => {
  for (const [name, { load }] of commands) {
    const { command } = await load()
    for (const word of Object.keys(command.actions ?? {}))
      assert.match(await answer(['bash', breaks, `plinth ${name} ${word}`], commands), new RegExp(`^${word}$`, 'm'))
  }
})

test('neither a program, nor a module, nor a playbook was run for all that', () =>
  assert.not.ok(existsSync(join(folder, 'ran'))))

/** A shell with somebody at its keyboard. */
class Typist {
  readonly #child: ChildProcess
  #seen = ''
  #wake = (): void => {}

  constructor(command: string) {
    this.#child = spawn('script', ['-qec', command, '/dev/null'], {
      cwd: folder,
      env: { PATH: `${join(folder, 'bin')}:${process.env.PATH}`, HOME: folder, TERM: 'dumb', LANG: 'C.UTF-8' },
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#seen += text
      this.#wake()
    })
  }

  /** Types, waits until the screen shows this, and gives what it showed. */
  async type(keys: string, until: RegExp): Promise<string> {
    this.#seen = ''
    this.#child.stdin?.write(keys)
    while (!until.test(this.#seen)) await new Promise<void>((resolve) => (this.#wake = resolve))
    return this.#seen
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('close', resolve))
    this.#child.stdin?.end('\u0003\nexit\n')
    await ended
  }
}

/** Types lines in a shell and asserts what becomes of them. */
async function atKeyboard(shell: string, script: string, prompt: string): Promise<void> {
  const typist = new Typist(shell)
  try {
    await typist.type(`PS1='${prompt}'; PROMPT='${prompt}'\n`, /ready> [^']*$/)
    await typist.type(`. ./${script}\n`, /ready> [^']*$/)
    // The last one is not ours, and is completed as ever.
    for (const [keys, shown] of [
      ['plinth inv\t', /plinth inventory $/],
      ['npx tsx playbooks/apps.ts --che\t', /--check $/],
      ['npx tsx playbooks/apps.ts -i pro\t', /-i prod $/],
      ['npx tsx playbooks/apps.ts -i prod -l web:nacos\t', /-l web:nacos$|-l web:nacos[^\n]*$/],
      ['npx tsx playbooks/ours.ts -e no\t', /-e node=$/],
      ['npx tsx playbooks/apps.ts -e @mo\t', /-e @more\\ vars\.yaml $/],
      ['npx tsx oth\t', /npx tsx other\.ts $/],
      [`${process.execPath} oth\t`, /node other\.ts $/],
    ] as const) {
      await typist.type(keys, new RegExp(shown.source.replace(/\$$/, '\\s*(\\x1b\\S*)*\\s*$')))
      await typist.type('\u0015\n', /\nready> |\rready> [^']*$/)
    }
  } finally {
    await typist.end()
  }
}

const write = (shell: string): string => {
  const { stdout, status } = spawnSync('node', [plinth, 'completion', shell], { cwd: folder, encoding: 'utf8' })
  assert.is(status, 0)
  writeFileSync(join(folder, `completion.${shell}`), stdout)
  return `completion.${shell}`
}

test('a real bash completes with it', () => atKeyboard('bash --norc --noprofile -i', write('bash'), 'ready> '), {
  timeout: 90,
})

if (spawnSync('zsh', ['--version']).status === 0)
  test('a real zsh completes with it', () => atKeyboard('zsh -f -i', write('zsh'), 'ready> '), { timeout: 90 })
else console.log('note: there is no zsh, so its completion was not tried')

test.run()
