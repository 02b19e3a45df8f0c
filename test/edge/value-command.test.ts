/** Values that a command prints, in an inventory: once each, never shown, and what is said when there is none. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import type { Problem } from '../../lib/core/error.ts'
import { inventoryList, jsonText, shownValues } from '../../lib/core/inventory-view.ts'
import type { Located } from '../../lib/core/located.ts'
import { check, params, type Schema, secret, text } from '../../lib/core/schema.ts'
import { type InventoryOptions, loadInventory } from '../../lib/edge/inventory.ts'
import { ValueCommands } from '../../lib/edge/value-command.ts'
import { assert, suite } from '../kit.ts'
import { failure } from './channels.ts'

const test = suite('values of commands')
const folder = mkdtempSync(join(tmpdir(), 'plinth-value-'))
test.after(() => rmSync(folder, { recursive: true }))
const canary = 'canary-77ab'

function program(name: string, script: string): string {
  const path = join(folder, name)
  writeFileSync(path, script)
  chmodSync(path, 0o755)
  return path
}
const counted = program('counted', `#!/bin/sh\necho "$*" >> ${folder}/calls\nprintf '${canary} %s\\n\\n' "$1"\n`)
const calls = (): string => readFileSync(join(folder, 'calls'), 'utf8')

const problemsOf = (values: Located, schema: Schema): readonly Problem[] => {
  const checked = check(schema, values)
  return checked.ok ? [] : checked.problems
}

async function vars(lines: string, options: InventoryOptions = {}) {
  mkdirSync(join(folder, 'inventory'), { recursive: true })
  const file = join(folder, 'inventory', 'h.yaml')
  writeFileSync(file, `all:\n  hosts: { h1: , h2: }\n  vars:\n${lines.replace(/^/gm, '    ')}\n`)
  return loadInventory([file], { env: {}, ...options })
}

test('it is run when its value is wanted, once for a whole run, without a shell and without input', async () => {
  const inventory = await vars(
    `a: !command [${counted}, "x; echo $(id)"]\nb: !command [../counted, "x; echo $(id)"]\nc: !command [${counted}, y]`,
  )
  assert.throws(calls, 'ENOENT')
  const schema = params({ a: secret(), b: secret() })
  for (const host of inventory.hosts) {
    const checked = check(schema, host.params, { alsoKnown: ['c'] })
    assert.ok(checked.ok)
    // One line break at the end goes, as with !file.
    assert.equal(
      Object.values(checked.value).map((value) => value.reveal()),
      [`${canary} x; echo $(id)\n`, `${canary} x; echo $(id)\n`],
    )
  }
  assert.is(calls(), 'x; echo $(id)\n')
  const shown = [inventoryList(inventory), inventory.hosts.map(shownValues), inspect(inventory, { depth: 9 })]
  assert.not.match(shown.map((one) => (typeof one === 'string' ? one : jsonText(one as never))).join(), /canary/)
  assert.is(calls(), 'x; echo $(id)\n', 'to look runs nothing')
  const cat = await vars('a: !command [cat]\n')
  assert.match(
    problemsOf(cat.hosts[0]!.params, params({ a: secret() }))[0]?.what ?? '',
    /the command cat printed nothing/,
  )
})

test('what only looks runs none, also for a password of the connection', async () => {
  rmSync(join(folder, 'calls'), { force: true })
  const lines = `ansible_password: !command [${counted}, p]`
  const looked = await vars(lines, { complete: false })
  assert.match(JSON.stringify(inventoryList(looked)), /"ansible_password":"\*\*\*"/)
  assert.throws(calls, 'ENOENT')
  const [host] = (await vars(lines)).hosts
  assert.is(host!.connection.password?.reveal(), `${canary} p\n`)
})

test('a plan may not show it: where no secret is wanted it is refused', async () => {
  const { hosts } = await vars(`a: !command [${counted}, z]`)
  const [problem] = problemsOf(hosts[0]!.params, params({ a: text() }))
  assert.match(
    problem?.what ?? '',
    /a: expected text, found a secret \(encrypted, or of !env, !file or !command\), and plans show this value/,
  )
})

const bad: readonly (readonly [words: string, says: RegExp])[] = [
  [
    program('fails', `#!/bin/sh\necho ${canary}; echo gpg: no key >&2; echo and more >&2; exit 3\n`),
    /fails ended with exit code 3 and said: gpg: no key \| and more; run it by hand/,
  ],
  [program('silent', '#!/bin/sh\n'), /silent printed nothing;/],
  [program('binary', "#!/bin/sh\nprintf '\\377\\376'\n"), /binary printed what is no UTF-8 text;/],
  [program('nul', "#!/bin/sh\nprintf 'a\\000b'\n"), /nul printed what is no UTF-8 text;/],
  [program('much', '#!/bin/sh\nhead -c 2000000 /dev/zero\n'), /much printed more than 1024 KiB;/],
  [program('slow', `#!/bin/sh\necho ${canary}\nexec sleep 30\n`), /slow had not ended after 0\.3 s;/],
  [program('killed', '#!/bin/sh\nkill -9 $$\n'), /killed ended with SIGKILL;/],
  [program('password.txt', `${canary}\n`), /password\.txt is no program; use !file/],
  ['no-such-program', /the command no-such-program was not found; install it, or write its whole path/],
  ['/etc/passwd', /\/etc\/passwd can't be run \(EACCES\)/],
]
for (const [word, says] of bad)
  test(`one line, without what was printed: ${says.source.slice(0, 40)}`, async () => {
    const { hosts } = await vars(`p: !command [${word}]`, { commands: new ValueCommands(0.3) })
    const problems = hosts.flatMap(({ params: values }) => problemsOf(values, params({ p: secret() })))
    assert.is(problems.length, 2)
    assert.equal(problems[0], problems[1], 'a failure is kept too')
    const { where, what, remedy } = problems[0]!
    assert.match(where, /h\.yaml:4:17$/)
    assert.match(`${what}; ${remedy}`, says)
    assert.not.match(`${what}; ${remedy}`, /canary/)
  })

test('one that has ended is not late, though what it left running holds its streams open', () => {
  const stray = join(folder, 'stray')
  const agent = program(
    'agent',
    `#!/bin/sh\nsetsid sh -c 'echo $$ >${stray}; exec sleep 20' &\nwhile ! [ -s ${stray} ]; do :; done; echo ${canary}; exit "$1"\n`,
  )
  const commands = new ValueCommands(1)
  const strays: number[] = []
  const run = (code: string): string => {
    rmSync(stray, { force: true })
    try {
      return commands.output([agent, code], 'h.yaml').reveal()
    } finally {
      strays.push(Number(readFileSync(stray, 'utf8')))
    }
  }
  try {
    assert.is(run('0'), canary)
    assert.throws(() => run('3'), /agent ended with exit code 3;/)
  } finally {
    for (const one of strays) process.kill(one, 'SIGKILL')
  }
})

test('what is no list of words is refused at its place, in an -e as well', async () => {
  for (const value of ['pass show x', '[]', '[pass, {a: 1}]', '[pass, [x]]', '[!vault x]', '{a: 1}', '[""]'])
    assert.match(
      (await failure(vars(`p: !command ${value}`))).message,
      /h\.yaml:4:\d+: (!command without a list of words; write !command \[PROGRAM|a tag on a map|damaged vault)/,
    )
  const { hosts } = await vars('q: 1', { extraVars: [`{"p": !command [${counted}, e]}`] })
  const checked = check(params({ p: secret() }), hosts[0]!.params, { alsoKnown: ['q'] })
  assert.is(checked.ok && checked.value.p.reveal(), `${canary} e\n`)
})

test.run()
