/**
 * Runs everything: types, lint, unit tests, then the real lab. A file's own last line says what it came to; one that
 * dies without it counts as failed. The last line of all is `N passed, N failed`.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { relative } from 'node:path'
import { lab, testLabName } from './lab/lab.ts'

interface Outcome {
  readonly passed: number
  /** What each failure is called. */
  readonly failures: readonly string[]
}

const unitOnly = process.argv.includes('--unit')
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const root = new URL('..', import.meta.url).pathname

const files = readdirSync(`${root}test`, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => `test/${file}`)
  .filter((file) => wanted.length === 0 || wanted.some((word) => file.includes(word)))
  .sort()
const chosen = unitOnly ? files.filter((file) => !file.startsWith('test/lab/')) : files
/** One file: it is shown while it runs. */
const alone = chosen.length === 1

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

/** Runs one command to its end, and gives back what it said. */
function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...environment, ...env },
    })
    running.add(child)
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
        if (alone) process.stdout.write(text)
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

const environment: NodeJS.ProcessEnv = {
  ...process.env,
  PLINTH_LAB_OWNER: String(process.pid),
  NO_COLOR: '1',
  // Whether a test may fetch what it compares with.
  ...(unitOnly ? {} : { PLINTH_NETWORK: '1' }),
}

async function check(name: string, command: string, args: readonly string[]): Promise<Outcome> {
  const { code, output } = await run(command, args, {})
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name}`)
  if (code !== 0 && !alone) console.log(output)
  return { passed: code === 0 ? 1 : 0, failures: code === 0 ? [] : [name] }
}

async function testFile(file: string, labName: string): Promise<Outcome> {
  const start = performance.now()
  const { code, output } = await run('node', ['--import', 'tsx', file], { PLINTH_TEST_LAB: labName })
  const last = /(\d+) passed, (\d+) failed\s*$/.exec(output)
  const passed = Number(last?.[1] ?? 0)
  const bad = Number(last?.[2] ?? 0) > 0 || code !== 0 || passed === 0
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  const name = relative('test', file)
  console.log(`${bad ? 'FAILED' : 'ok    '} ${name}: ${passed} passed (${seconds} s)`)
  if (alone) return { passed, failures: bad ? failuresIn(name, output) : [] }
  if (bad) console.log(output)
  // What a file did of several things that it may do: against the real program, or a record of it.
  else for (const note of output.match(/note: .*/g) ?? []) console.log(`       ${note}`)
  return { passed, failures: bad ? failuresIn(name, output) : [] }
}

/** The tests that failed, one by one; where a file does not say, the file. */
function failuresIn(file: string, output: string): readonly string[] {
  const named = output.match(/^FAILED .*/gm)?.map((line) => `${file}: ${line.replace(/^FAILED /, '')}`) ?? []
  return named.length > 0 ? named : [file]
}

/**
 * Each file is a process, with folders and ports of its own, and what boots hosts has a lab for each worker. The long
 * ones come first, so that no worker has to wait for the other at the end.
 */
async function inTurn(names: readonly string[]): Promise<readonly Outcome[]> {
  const queue = names.values()
  const outcomes: Outcome[] = []
  const worker = async (labName: string): Promise<void> => {
    for (const file of queue) if (!interrupted) outcomes.push(await testFile(file, labName))
  }
  const labs = alone ? [testLabName] : [testLabName, `${testLabName}-2`]
  await Promise.all(labs.map(worker))
  if (names.some((file) => file.startsWith('test/lab/'))) await Promise.all(labs.map((name) => lab(name).down()))
  return outcomes
}

const longest = ['lab/site', 'lab/killed', 'lab/procedures', 'lab/pair', 'lab/transport-loss', 'lab/embedded', 'lab/']
const rank = (file: string): number => {
  const place = longest.findIndex((start) => file.startsWith(`test/${start}`))
  return place === -1 ? longest.length : place
}

const outcomes: Outcome[] = []
if (wanted.length === 0) {
  outcomes.push(await check('types', 'npx', ['tsc', '--noEmit']))
  outcomes.push(await check('lint and format', 'npx', ['biome', 'check', '--error-on-warnings', '.']))
}
outcomes.push(...(await inTurn(chosen.toSorted((a, b) => rank(a) - rank(b)))))
if (unitOnly) {
  console.log(`\nthe lab was left out (${files.length - chosen.length} files): npm test without --unit runs it`)
}

const passed = outcomes.reduce((total, outcome) => total + outcome.passed, 0)
const failures = outcomes.length === 0 ? ['no test was found'] : outcomes.flatMap((outcome) => outcome.failures)
if (failures.length > 0) console.log(`\n${failures.map((name) => `FAILED ${name}`).join('\n')}`)
if (interrupted) console.log('interrupted')
console.log(`\n${passed} passed, ${failures.length} failed`)
process.exitCode = interrupted ? 130 : failures.length > 0 ? 1 : 0
