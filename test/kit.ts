/**
 * uvu with its gaps closed: a test that throws something that is not an Error fails, a test that never ends fails,
 * a file whose tests never ran fails, and the last line of a file is `N passed, N failed`.
 */
import { suite as uvuSuite } from 'uvu'
import * as assert from 'uvu/assert'

export { assert }

export interface Suite {
  /** Adds a test. `timeout` is in seconds, 10 unless told. */
  (name: string, body: () => void | Promise<void>, options?: { readonly timeout?: number }): void
  /** Runs once before the first test and once after the last. */
  before(hook: () => void | Promise<void>): void
  after(hook: () => void | Promise<void>): void
  /** Must be the last statement of the file. */
  run(): void
}

let started = 0
let added = 0
let passed = 0
const failures: string[] = []

/** A group of tests under one name. A file has one. */
export function suite(name: string): Suite {
  const tests = uvuSuite(name)
  const add = (title: string, body: () => void | Promise<void>, options: { readonly timeout?: number } = {}): void => {
    added++
    tests(title, async () => {
      started++
      const label = `${name}: ${title}`
      try {
        await withTimeout(body, options.timeout ?? 10)
        passed++
      } catch (thrown) {
        failures.push(label)
        throw thrown instanceof Error ? thrown : new Error(`threw something that is not an Error: ${String(thrown)}`)
      }
    })
  }
  return Object.assign(add, {
    before: (hook: () => void | Promise<void>) => tests.before(async () => hook()),
    after: (hook: () => void | Promise<void>) => tests.after(async () => hook()),
    run: () => tests.run(),
  })
}

async function withTimeout(body: () => void | Promise<void>, seconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  try {
    await Promise.race([
      Promise.resolve().then(body),
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no end after ${seconds} s`)), seconds * 1000)
      }),
    ])
  } finally {
    clearTimeout(timer)
  }
}

// uvu exits by itself with 0 or 1; whatever it thinks, tests that did not run or did not pass make the file fail.
process.on('exit', (code) => {
  const failed = Math.max(added - passed, code === 0 ? 0 : 1)
  for (const label of failures) console.log(`FAILED ${label}`)
  if (started < added) console.log(`FAILED ${added - started} tests never ran`)
  if (added === 0) console.log('FAILED no test was defined')
  console.log(`${passed} passed, ${added === 0 ? 1 : failed} failed`)
  if (failed > 0 || added === 0) process.exitCode = 1
})
