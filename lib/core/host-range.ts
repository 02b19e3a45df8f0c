/**
 * Ranges in host names: `web[01:20]`, `db-[a:c]`, `n[0:9:3]`, several in one name.
 * (ansible-core 2.19, lib/ansible/plugins/inventory/__init__.py: expand_hostname_range.)
 */

import { grouped } from './grouped.ts'

/** The largest number of hosts one name may stand for. */
export const mostHosts = 10_000

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

/**
 * The names that `name` stands for, itself alone when it has no range. Both ends belong to a range, and leading zeros
 * are kept. Throws RangeError, with a message for the user, for a range that makes no sense.
 */
export function expandHosts(name: string): string[] {
  const match = /\[([^\]]*:[^\]]*)\]/.exec(name)
  if (!match) return [name]
  const head = name.slice(0, match.index)
  const tails = expandHosts(name.slice(match.index + match[0].length))
  const members = sequence(match[1] ?? '')
  if (members.length * tails.length > mostHosts) throw new RangeError(`stands for more than ${mostHosts} hosts`)
  return members.flatMap((member) => tails.map((tail) => `${head}${member}${tail}`))
}

function sequence(range: string): string[] {
  const [from = '', to = '', step = '1', ...more] = range.split(':')
  if (more.length > 0 || !/^[1-9]\d*$/.test(step))
    throw new RangeError(`the range [${range}] is not first:last or first:last:step`)
  const alike = /^[a-z]$/i.test(from) ? /^[a-z]$/i.test(to) : /^\d*$/.test(from) && /^\d+$/.test(to)
  if (!alike) throw new RangeError(`the range [${range}] goes neither from number to number nor from letter to letter`)
  // Of any length: a number that is rounded would be another host.
  const position = (end: string): bigint => BigInt(/^[a-z]$/i.test(end) ? letters.indexOf(end) : end || '0')
  const [first, last, stride] = [position(from), position(to), BigInt(step)]
  if (first > last) throw new RangeError(`the range [${range}] ends before it begins`)
  const padded = from.length > 1 && from.startsWith('0')
  if (padded && from.length !== to.length) throw new RangeError(`the ends of the range [${range}] differ in length`)
  const count = (last - first) / stride + 1n
  if (count > mostHosts) throw new RangeError(`stands for more than ${mostHosts} hosts`)
  return Array.from({ length: Number(count) }, (_, i) => {
    const member = first + BigInt(i) * stride
    return /^[a-z]$/i.test(from)
      ? (letters[Number(member)] ?? '')
      : String(member).padStart(padded ? from.length : 0, '0')
  })
}

/**
 * The other direction: names in as few words as possible, `web[01:40]` for at least three in a row, others as they are.
 * Which number in a name counts is tried out. In the order of first appearance; `expandHosts` gives the same names back.
 */
export function foldHosts(names: readonly string[]): readonly string[] {
  const numbers = Math.max(0, ...names.map((name) => name.match(/\d+/g)?.length ?? 0))
  return Array.from({ length: numbers }, (_, position) => foldAt(names, position)).reduce(
    (best, one) => (one.length < best.length ? one : best),
    names,
  )
}

/** A name cut at one of its numbers. */
interface Numbered {
  readonly name: string
  readonly head: string
  readonly digits: string
  readonly tail: string
}

/** Folds by the numbers with this position in their names, counted from the left. */
function foldAt(names: readonly string[], position: number): readonly string[] {
  const cuts = names.map((name): Numbered => {
    const found = [...name.matchAll(/\d+/g)][position]
    const [digits = ''] = found ?? []
    const at = found?.index ?? name.length
    return { name, head: name.slice(0, at), digits, tail: name.slice(at + digits.length) }
  })
  // A name without a number there is of no row: no number is not 0.
  const families = grouped(cuts, ({ head, digits, tail }) => JSON.stringify([head, tail, digits === '']))
  return [...families.values()].flatMap((family) => rowsOf(family).flatMap(rowText))
}

/** Names of one family whose numbers follow each other, written alike. */
function rowsOf(family: readonly Numbered[]): readonly (readonly Numbered[])[] {
  const rows: Numbered[][] = []
  for (const one of [...family].sort((a, b) => Number(a.digits) - Number(b.digits))) {
    const row = rows.at(-1)
    if (row && follows(row, one)) row.push(one)
    else rows.push([one])
  }
  return rows
}

function follows(row: readonly Numbered[], { digits }: Numbered): boolean {
  const [first = '', last = ''] = [row[0]?.digits, row.at(-1)?.digits]
  // Beyond that, numbers are not told apart.
  if (digits.length > 15 || Number(digits) !== Number(last) + 1) return false
  return /^0./.test(first) ? digits.length === first.length : !digits.startsWith('0')
}

function rowText(row: readonly Numbered[]): readonly string[] {
  const [first, last] = [row[0], row.at(-1)]
  return row.length < 3 || !first || !last
    ? row.map(({ name }) => name)
    : [`${first.head}[${first.digits}:${last.digits}]${first.tail}`]
}
