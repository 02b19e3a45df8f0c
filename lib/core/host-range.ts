/**
 * Ranges in host names: `web[01:20]`, `db-[a:c]`, `n[0:9:3]`, several in one name.
 * (ansible-core 2.19, lib/ansible/plugins/inventory/__init__.py: expand_hostname_range.)
 */

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

/**
 * Names in few words: `nacos[01:40]` for three and more that follow each other, the others as they are. What comes out
 * stands for exactly these names in `expandHosts`.
 */
export function foldHosts(names: readonly string[]): readonly string[] {
  const series = new Map<string, { readonly name: string; readonly digits: string }[]>()
  for (const name of names) {
    const [, head, digits = '', tail] = /^(.*?)(\d{1,15})(\D*)$/s.exec(name) ?? [name, name]
    const key = JSON.stringify([head, tail ?? ''])
    series.set(key, [...(series.get(key) ?? []), { name, digits }])
  }
  return [...series].flatMap(([key, members]) => {
    const [head, tail] = JSON.parse(key) as [string, string]
    const sorted = [...members].sort((a, b) => Number(a.digits) - Number(b.digits))
    return runsOf(sorted.map(({ digits }) => digits)).flatMap((run) =>
      run.length < 3 ? run.map((digits) => `${head}${digits}${tail}`) : [`${head}[${run[0]}:${run.at(-1)}]${tail}`],
    )
  })
}

/** Numbers cut where one does not follow the one before it, written in the same way. */
function runsOf(numbers: readonly string[]): readonly (readonly string[])[] {
  const runs: string[][] = []
  for (const number of numbers) {
    const run = runs.at(-1)
    const [first = '', last = ''] = [run?.[0], run?.at(-1)]
    const next = String(Number(last) + 1).padStart(first.startsWith('0') ? first.length : 0, '0')
    if (run && last !== '' && number === next && (!first.startsWith('0') || first.length === number.length))
      run.push(number)
    else runs.push([number])
  }
  return runs
}

function sequence(range: string): string[] {
  const [from = '', to = '', step = '1', ...more] = range.split(':')
  if (more.length > 0 || !/^[1-9]\d*$/.test(step))
    throw new RangeError(`the range [${range}] is not first:last or first:last:step`)
  const first = /^[a-z]$/i.test(from) ? letters.indexOf(from) : Number(from || '0')
  const last = /^[a-z]$/i.test(to) ? letters.indexOf(to) : Number(to)
  const alike = /^[a-z]$/i.test(from) ? /^[a-z]$/i.test(to) : /^\d*$/.test(from) && /^\d+$/.test(to)
  if (!alike) throw new RangeError(`the range [${range}] goes neither from number to number nor from letter to letter`)
  if (first > last) throw new RangeError(`the range [${range}] ends before it begins`)
  const padded = from.length > 1 && from.startsWith('0')
  if (padded && from.length !== to.length) throw new RangeError(`the ends of the range [${range}] differ in length`)
  const count = Math.floor((last - first) / Number(step)) + 1
  if (count > mostHosts) throw new RangeError(`stands for more than ${mostHosts} hosts`)
  return Array.from({ length: count }, (_, i) => {
    const member = first + i * Number(step)
    return /^[a-z]$/i.test(from) ? (letters[member] ?? '') : String(member).padStart(padded ? from.length : 0, '0')
  })
}
