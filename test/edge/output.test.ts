/** What a run prints, to readers that go away, that read late, and to a disk that is full. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { assert, suite } from '../kit.ts'

const test = suite('edge/output')
const root = new URL('../..', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'plinth-output-'))
const children = new Set<ChildProcess>()
const end = (): void => {
  for (const child of children) child.kill('SIGKILL')
}
process.on('exit', end)
test.after(() => {
  end()
  rmSync(folder, { recursive: true })
})

/** A playbook that prints more than a pipe holds, and was interrupted or not. */
const playbook = (name: string, code: number): string => {
  const path = join(folder, `${name}.mts`)
  writeFileSync(
    path,
    `import { onInterrupt } from '${root}lib/edge/interrupt.ts'
import { ending } from '${root}lib/launch.ts'
await ending('look', async () => {
  onInterrupt({ first: () => {}, again: () => process.exit(130) })
  console.log('x'.repeat(300_000))
  console.error('printed')
  return ${code}
})
`,
  )
  return path
}
const words = (name: string, code: number): readonly string[] => ['--import', 'tsx', playbook(name, code)]
const interrupted = (name: string): { child: ChildProcess; printed: Promise<void>; code: Promise<number | null> } => {
  const child = spawn('node', words(name, 130), { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  const code = new Promise<number | null>((resolve) => child.once('close', resolve))
  const printed = new Promise<void>((resolve) => {
    let text = ''
    child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
      if (text.includes('printed')) resolve()
    })
  })
  return { child, printed, code }
}

test(
  'what an interrupted run prints comes as a whole to who reads late',
  async () => {
    const { child, printed, code } = interrupted('late')
    await printed
    // It had the time to end without its reader.
    await Promise.race([sleep(1000), new Promise((ended) => child.once('exit', ended))])
    let text = ''
    child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
    })
    assert.is(await code, 130)
    assert.is(text.length, 300_001)
  },
  { timeout: 60 },
)

test(
  'who does not wait for a reader interrupts again',
  async () => {
    const { child, printed } = interrupted('never')
    const ended = new Promise((resolve) => child.once('exit', resolve))
    await printed
    child.kill('SIGINT')
    // What comes sooner is the same key.
    await sleep(1100)
    assert.is(child.exitCode, null)
    child.kill('SIGINT')
    assert.is(await ended, 130)
    child.stdout?.destroy()
  },
  { timeout: 60 },
)

const plinth = ['lib/entry/command.js', '--help']
const printing: readonly (readonly [
  name: string,
  to: string,
  words: readonly string[],
  code: number,
  lost: boolean,
])[] = [
  ['a playbook that is done, onto a full disk', '>/dev/full', words('done', 0), 1, true],
  ['one that found differences', '>/dev/full', words('differs', 2), 2, true],
  ['a command', '>/dev/full', plinth, 1, true],
  ['a playbook whose reader goes away', '| head -c 1 >/dev/null', words('head', 0), 0, false],
  ['a command whose reader is gone', '| :', plinth, 0, false],
]
for (const [name, to, args, code, lost] of printing)
  test(
    `${name}: exit code ${code}${lost ? ', and it is said' : ''}`,
    () => {
      const script = `{ node "$@"; echo "code $?" >&2; } ${to}`
      const { stderr } = spawnSync('sh', ['-c', script, 'sh', ...args], { cwd: root, encoding: 'utf8' })
      assert.match(stderr, new RegExp(`^code ${code}$`, 'm'))
      const said = stderr.match(/^stdout: what was to be printed could not be written \(ENOSPC\); see to the disk/gm)
      assert.is(said?.length ?? 0, lost ? 1 : 0, stderr)
      assert.not.match(stderr, / at .*:\d+:\d+/)
    },
    { timeout: 60 },
  )

test(
  'a playbook is one call: a second one is refused, and a failure of the first stays one',
  () => {
    for (const [first, code] of [
      [0, 4],
      [1, 1],
      [3, 3],
    ]) {
      const path = join(folder, `twice-${first}.mts`)
      writeFileSync(
        path,
        `import { ending } from '${root}lib/launch.ts'
await ending('look', async () => ${first})
await ending('look', async () => { console.log('again'); return 0 })
`,
      )
      const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', path], { encoding: 'utf8' })
      assert.is(status, code, stderr)
      assert.is(stdout, '')
      assert.is(
        stderr,
        `${path}: a second call of main, perform, inspect or each, and a playbook is one; put all plays into one list\n`,
      )
    }
  },
  { timeout: 60 },
)

test(
  'a mistake beside the call of main shows no trace either, a bug does',
  () => {
    const path = join(folder, 'beside.mts')
    const run = (line: string): { status: number | null; stderr: string } => {
      writeFileSync(path, `import { file, main } from '${root}lib/index.ts'\n${line}\nawait main(() => [])\n`)
      return spawnSync(process.execPath, ['--import', 'tsx', path], { encoding: 'utf8' })
    }
    const mistake = run("file('/x', { content: 'a', mode: 0o644 as never })")
    assert.equal(
      [mistake.status, mistake.stderr],
      [4, "file:/x: mode: expected four octal digits in quotes, found the number 420; write mode: '0644'\n"],
    )
    const bug = run("throw new Error('a bug')")
    assert.is(bug.status, 1)
    assert.match(bug.stderr, /Error: a bug\n {4}at /)
  },
  { timeout: 60 },
)

test.run()
