/**
 * Runs everything: types, lint, unit tests, then the real lab. A file's own last line says what it came to; one that
 * dies without it counts as failed. The last line of all is `N passed, N failed`.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { relative } from 'node:path'
import { lab, testLabName } from './lab/lab.ts'

interface Outcome {
  readonly passed: number
  readonly failed: number
}

const unitOnly = process.argv.includes('--unit')
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const root = new URL('..', import.meta.url).pathname

const files = readdirSync(`${root}test`, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => `test/${file}`)
  .filter((file) => wanted.length === 0 || wanted.some((word) => file.includes(word)))
  .sort()

const running = new Set<ChildProcess>()
let interrupted = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupted = true
    for (const child of running) child.kill('SIGTERM')
  })
}

/** Minutes after which a file that says nothing of its end is ended. */
const patience = 30

/** Runs one command to its end; its output is shown when it fails, or at once where it takes long. */
function run(command: string, args: readonly string[], live: boolean): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: environment() })
    running.add(child)
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
        if (live) process.stdout.write(text)
      })
    }
    const timer = setTimeout(() => child.kill('SIGKILL'), patience * 60_000)
    child.on('close', (code) => {
      clearTimeout(timer)
      running.delete(child)
      resolve({ code: code ?? 1, output })
    })
    child.on('error', (error) => resolve({ code: 1, output: `${output}${error.message}\n` }))
  })
}

const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  PLINTH_LAB_OWNER: String(process.pid),
  NO_COLOR: '1',
  // Whether a test may fetch what it compares with.
  ...(unitOnly ? {} : { PLINTH_NETWORK: '1' }),
})

async function check(name: string, command: string, args: readonly string[]): Promise<Outcome> {
  const { code, output } = await run(command, args, false)
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name}`)
  if (code !== 0) console.log(output)
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

async function testFile(file: string, live: boolean): Promise<Outcome> {
  if (live) console.log(`\n${file}`)
  const start = performance.now()
  const { code, output } = await run('node', ['--import', 'tsx', file], live)
  const last = /(\d+) passed, (\d+) failed\s*$/.exec(output)
  const passed = Number(last?.[1] ?? 0)
  const failed = Number(last?.[2] ?? 0)
  const bad = failed > 0 || code !== 0 || passed === 0
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(`${bad ? 'FAILED' : 'ok    '} ${relative('test', file)}: ${passed} passed (${seconds} s)`)
  if (bad && !live) console.log(output)
  // What a file did of several things that it may do: against the real program, or a record of it.
  else if (!live) for (const note of output.match(/note: .*/g) ?? []) console.log(`       ${note}`)
  return { passed, failed: bad ? Math.max(failed, 1) : 0 }
}

const outcomes: Outcome[] = []
const labFiles = files.filter((name) => name.startsWith('test/lab/'))
/** Each file is a process, with folders and ports of its own; what it says is shown as a whole where several run at once. */
const inTurn = async (names: readonly string[], live: boolean): Promise<void> => {
  const queue = names.values()
  const worker = async (): Promise<void> => {
    for (const file of queue) if (!interrupted) outcomes.push(await testFile(file, live))
  }
  await Promise.all(Array.from({ length: live ? 1 : Math.min(2, availableParallelism()) }, worker))
}

if (wanted.length === 0) {
  outcomes.push(await check('types', 'npx', ['tsc', '--noEmit']))
  outcomes.push(await check('lint and format', 'npx', ['biome', 'check', '--error-on-warnings', '.']))
}
await inTurn(
  files.filter((name) => !labFiles.includes(name)),
  false,
)
if (unitOnly) console.log(`\nthe lab was left out (${labFiles.length} files): npm test without --unit runs it`)
else if (labFiles.length > 0) {
  await inTurn(labFiles, true)
  await lab(testLabName).down()
}

const sum = (key: keyof Outcome): number => outcomes.reduce((total, outcome) => total + outcome[key], 0)
const failed = outcomes.length === 0 ? 1 : sum('failed')
if (outcomes.length === 0) console.log('no test was found')
if (interrupted) console.log('interrupted')
console.log(`\n${sum('passed')} passed, ${failed} failed`)
process.exitCode = interrupted ? 130 : failed > 0 ? 1 : 0
