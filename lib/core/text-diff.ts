/** Two texts side by side, for people. */
import { formatPatch, OMIT_HEADERS, structuredPatch } from 'diff/lib/patch/create.js'
import { visible } from './visible.ts'

/** More edits than a person looks through, and than are worth the time to find the fewest of. */
const mostEdits = 500

/**
 * The lines of a unified diff with three lines around each change, without the names of files, fit for a screen; none for
 * equal texts. Undefined where too much differs.
 */
export function textDiff(before: string, after: string): readonly string[] | undefined {
  // A text that is new, or emptied, has one edit for each line, and nothing has to be found.
  const options = { context: 3, maxEditLength: before === '' || after === '' ? Number.MAX_SAFE_INTEGER : mostEdits }
  const patch = structuredPatch('', '', before, after, '', '', options)
  if (patch === undefined) return undefined
  return patch.hunks.length === 0 ? [] : formatPatch(patch, OMIT_HEADERS).replace(/\n$/, '').split('\n').map(visible)
}
