/** Texts that are compared whole with a file beside the test. `UPDATE_GOLDEN=1` writes them anew: read the diff. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { assert } from './kit.ts'

/** Asserts that the file at `path` holds exactly `text`. */
export function golden(path: string, text: string): void {
  if (process.env.UPDATE_GOLDEN) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  assert.fixture(text, readFileSync(path, 'utf8'), `differs from ${path}; if it should, run with UPDATE_GOLDEN=1`)
}
