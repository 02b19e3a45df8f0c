/**
 * Bad input as data: what a user gives, and beside it, in golden/KIND.txt, every word that comes of it. Whatever it is, it
 * ends with exit code 4 and a readable line each, nothing is connected to, and no file is touched.
 */
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { PlinthError, problemText } from '../../../lib/core/error.ts'
import { type InventoryOptions, loadInventory } from '../../../lib/edge/inventory.ts'
import { golden } from '../../golden.ts'
import { assert, type Suite } from '../../kit.ts'

export type Files = Readonly<Record<string, string | Uint8Array>>

export interface Bad {
  /** Written into a fresh folder, which is the current one then. */
  readonly files?: Files
  /** What is no plain file. */
  readonly prepare?: () => void | Promise<void>
  /** The values of -i; the first of the files unless told. */
  readonly sources?: readonly string[]
  readonly options?: InventoryOptions
  /** Asked of the inventory that is read. */
  readonly limit?: string
  /** What is done instead of reading an inventory. */
  readonly work?: () => unknown
  /** How many problems are said, one unless told. */
  readonly problems?: number
}

/** An inventory with nothing wrong in it, and one with these variables of its only host. */
export const hosts = (vars: string): string => `all:\n  hosts:\n    db1: { ${vars} }\n`
export const good = hosts('')

/** The names, kinds, sizes and times of all that is in the current folder. */
const tree = (): readonly string[] =>
  readdirSync('.', { recursive: true, encoding: 'utf8' })
    .map((name) => {
      const { mode, size, mtimeMs } = lstatSync(name)
      return [name, mode, size, mtimeMs].join(' ')
    })
    .sort()

/** The lines that a user reads. Throws whatever is no mistake of a user. */
async function linesOf({ files = {}, sources = Object.keys(files).slice(0, 1), options, limit, work }: Bad) {
  try {
    if (work) await work()
    else {
      const inventory = await loadInventory(sources, { user: 'ops', env: {}, ...options })
      if (limit !== undefined) inventory.select(limit)
    }
  } catch (thrown) {
    if (!(thrown instanceof PlinthError)) throw thrown
    assert.is(thrown.code, 4)
    for (const { where, what, remedy } of thrown.problems) for (const part of [where, what, remedy]) assert.ok(part)
    // The same in every run, wherever the folder is.
    return thrown.problems.map((problem) => problemText(problem).replaceAll(process.cwd(), '.'))
  }
  throw new Error('it was accepted')
}

/** A test for each case, and one for the words of all of them. */
export function testBad(test: Suite, kind: string, cases: Readonly<Record<string, Bad>>): void {
  const old = process.cwd()
  const root = mkdtempSync(join(tmpdir(), 'plinth-bad-'))
  const said = new Map<string, readonly string[]>()
  const connect = Socket.prototype.connect
  let connections = 0
  Socket.prototype.connect = function (this: Socket, ...words: unknown[]) {
    connections++
    return Reflect.apply(connect, this, words) as Socket
  } as typeof connect
  test.after(() => {
    Socket.prototype.connect = connect
    process.chdir(old)
    rmSync(root, { recursive: true, force: true })
  })
  for (const [name, bad] of Object.entries(cases))
    test(`${kind}: ${name}`, async () => {
      process.chdir(mkdtempSync(join(root, 'project-')))
      for (const [path, content] of Object.entries(bad.files ?? {})) {
        mkdirSync(dirname(path), { recursive: true })
        writeFileSync(path, content)
      }
      await bad.prepare?.()
      const before = tree()
      connections = 0
      const lines = await linesOf(bad)
      assert.is(connections, 0, 'a connection')
      assert.equal(tree(), before)
      assert.is(lines.length, bad.problems ?? 1, lines.join('\n'))
      for (const line of lines) {
        assert.not.match(line, /\p{Cc}|[\u202a-\u202e]/u, 'a terminal would obey it')
        assert.ok(line.length <= 400, line)
        assert.not(line.includes('hunter2'), line)
      }
      said.set(name, lines)
    })
  test(`${kind}: the words`, () => {
    const shown = (lines: readonly string[]): readonly string[] =>
      lines.length > 9 ? [...lines.slice(0, 3), `(${lines.length - 4} more)`, ...lines.slice(-1)] : lines
    const text = [...said].map(([name, lines]) => [name, ...shown(lines)].join('\n    ')).join('\n')
    golden(join(import.meta.dirname, 'golden', `${kind}.txt`), `${text}\n`)
  })
}
