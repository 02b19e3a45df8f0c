/**
 * The right name for a wrong one. Every error about an unknown key, group, host or flag ends with it.
 */

/**
 * The name among `names` that was most likely meant by `wrong`, or null when none is close: at most one slip in
 * three characters counts as close, and two neighbours that changed places are one slip.
 */
export function nearest(wrong: string, names: Iterable<string>): string | null {
  let best: string | null = null
  let least = Math.min(Math.max(1, Math.floor(wrong.length / 3)) + 1, wrong.length)
  for (const name of names) {
    // Each character too many is a slip; a text without end is not taken apart.
    if (Math.abs(wrong.length - name.length) >= least) continue
    const slips = distance(wrong.toLowerCase(), name.toLowerCase())
    if (slips < least) {
      best = name
      least = slips
    }
  }
  return best
}

/** Characters of a list of names. */
const widest = 160

/**
 * The remedy for an unknown name: `did you mean "version"? known: home, version`. A long list of names is cut, so that
 * the message stays one that is read.
 * `of` says what the names are when there are none (`no group is defined`).
 */
export function suggestion(wrong: string, names: Iterable<string>, of = 'name'): string {
  const known = [...names]
  if (known.length === 0) return `remove it: no ${of} is defined`
  const meant = nearest(wrong, known)
  const fitting = known.filter((_, i) => i < 3 || known.slice(0, i + 1).join(', ').length <= widest)
  const list = fitting.length < known.length ? [...fitting, '…'] : known
  return `${meant === null ? `use a known ${of}:` : `did you mean "${meant}"? known:`} ${list.join(', ')}`
}

/** Optimal string alignment: insertions, deletions, replacements, and swaps of neighbours. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Number.POSITIVE_INFINITY
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= b.length; j++) {
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY
      row.push(
        Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1), swapped),
      )
    }
  }
  return at(a.length, b.length)
}
