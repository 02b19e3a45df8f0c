/** The results as Markdown. Pure. */
import type { Figure } from './results.ts'

const columns = [
  'job',
  'hosts',
  'round trip',
  'contender',
  'runs',
  'wall s',
  '× floor',
  'CPU s',
  'peak MB',
  'SSH sessions',
]

/** Medians as a table, a row for each contender, in the order given. */
export const table = (figures: readonly Figure[]): string =>
  markdown(
    columns,
    figures.map(({ job, n, rtt, contender, runs, failed, wall, ratio, cpu, rss, sessions }) => [
      job,
      String(n),
      `${rtt} ms`,
      contender,
      failed === 0 ? String(runs) : `${runs} (+${failed} failed)`,
      wall.toFixed(2),
      ratio === null ? '' : ratio.toFixed(2),
      cpu.toFixed(2),
      rss.toFixed(0),
      sessions === null ? '' : String(sessions),
    ]),
  )

/** A Markdown table; text to the left, figures to the right. */
export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const right = head.map((_, i) => rows.every((row) => /^[\d.]*( ms)?$/.test(row[i] ?? '')))
  const width = head.map((title, i) => Math.max(title.length, 4, ...rows.map((row) => (row[i] ?? '').length)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => (right[i] ? cell.padStart(width[i] ?? 0) : cell.padEnd(width[i] ?? 0))).join(' | ')} |`
  const rule = `| ${width.map((n, i) => (right[i] ? `${'-'.repeat(n - 1)}:` : '-'.repeat(n))).join(' | ')} |`
  return `${[line(head), rule, ...rows.map(line)].join('\n')}\n`
}
