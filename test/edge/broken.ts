/**
 * Broken inventories as data: the place, what is wrong, and what to do. Nothing but a usage error (exit 4) may come of
 * them, and no secret may show.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { PlinthError, type Problem } from '../../lib/core/error.ts'
import { type InventoryOptions, loadInventory } from '../../lib/edge/inventory.ts'
import { assert, type Suite } from '../kit.ts'

/** Exactly one problem is expected. A `where` that ends with a colon is a beginning. */
export interface Case {
  /** The text of lab.yaml, or several files. */
  readonly in: string | Uint8Array | Readonly<Record<string, string | Uint8Array>>
  readonly where: string
  readonly what: string
  readonly remedy: string
  readonly source?: string
  readonly options?: InventoryOptions
}

/** An inventory of one host with these variables. */
export const hosts = (vars: string): string => `all:\n  hosts:\n    db1: { ${vars} }\n`
export const good = hosts('')

const old = process.cwd()
/** The folder in which all is written; removed when the tests are over. */
export const folder = mkdtempSync(join(tmpdir(), 'plinth-bad-'))

/** To be called once for each suite. */
export const cleanUp = (test: Suite): void =>
  test.after(() => {
    process.chdir(old)
    rmSync(folder, { recursive: true })
  })

/** What is wrong with an inventory made of these files, in a fresh folder. */
export async function problemsOf(
  files: Readonly<Record<string, string | Uint8Array>>,
  source: string,
  options: InventoryOptions = {},
): Promise<readonly Problem[]> {
  const project = mkdtempSync(join(folder, 'project-'))
  process.chdir(project)
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(name), { recursive: true })
    writeFileSync(name, content)
  }
  const thrown = await loadInventory([source], { user: 'ops', env: {}, ...options }).then(
    () => new Error('nothing was thrown'),
    (error: unknown) => error,
  )
  if (!(thrown instanceof PlinthError)) throw thrown
  assert.is(thrown.code, 4)
  return thrown.problems
}

/** One test for each case. */
export function testCases(test: Suite, cases: Readonly<Record<string, Case>>): void {
  for (const [name, { in: input, where, what, remedy, source = 'lab.yaml', options }] of Object.entries(cases)) {
    test(name, async () => {
      const files = typeof input === 'string' || input instanceof Uint8Array ? { 'lab.yaml': input } : input
      const problems = await problemsOf(files, source, options)
      const shown = JSON.stringify(problems, null, 2)
      assert.is(problems.length, 1, shown)
      const [problem] = problems
      assert.ok(where.endsWith(':') ? problem!.where.startsWith(where) : problem!.where === where, shown)
      assert.ok(problem!.what.includes(what), shown)
      assert.ok(problem!.remedy.includes(remedy), shown)
      assert.not(shown.includes('hunter2'), shown)
      assert.not(problem!.what.includes('\n'))
    })
  }
}
