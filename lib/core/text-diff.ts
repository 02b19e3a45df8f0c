/** Two texts side by side, for people. */
import { formatPatch, OMIT_HEADERS, structuredPatch } from 'diff/lib/patch/create.js'
import { visible } from './visible.ts'

/** More edits than a person looks through, and than are worth the time to find the fewest of. */
const mostEdits = 500

const linesOf = (text: string): readonly string[] => text.split('\n')

/**
 * The lines of a unified diff with three lines around each change, without the names of files, fit for a screen; none for
 * equal texts. Undefined where too much differs. `shown`: a text's lines as they may be seen; what is compared are the
 * texts, so that a line of which the other part is not shown differs all the same.
 */
export function textDiff(before: string, after: string, shown = linesOf): readonly string[] | undefined {
  // A text that is new, or emptied, has one edit for each line, and nothing has to be found.
  const options = { context: 3, maxEditLength: before === '' || after === '' ? Number.MAX_SAFE_INTEGER : mostEdits }
  const patch = structuredPatch('', '', before, after, '', '', options)
  if (patch === undefined) return undefined
  if (patch.hunks.length === 0) return []
  const [old, now] = [shown(before), shown(after)]
  const hunks = patch.hunks.map((hunk) => ({ ...hunk, lines: shownLines(hunk, old, now) }))
  return formatPatch({ ...patch, hunks }, OMIT_HEADERS)
    .replace(/\n$/, '')
    .split('\n')
    .map(visible)
}

interface Hunk {
  readonly oldStart: number
  readonly newStart: number
  readonly lines: readonly string[]
}

function shownLines({ oldStart, newStart, lines }: Hunk, old: readonly string[], now: readonly string[]): string[] {
  let [before, after] = [oldStart - 1, newStart - 1]
  return lines.map((line) => {
    const sign = line[0]
    if (sign === '-') return `-${old[before++]}`
    if (sign === '+') return `+${now[after++]}`
    if (sign !== ' ') return line
    const [was, is] = [` ${old[before++]}`, ` ${now[after++]}`]
    // What is hidden in one of the texts is hidden where they agree.
    return was === line ? is : was
  })
}
