/** Inventories and patterns made by chance, the same ones each time. */
import type { Sample } from './corpus.ts'

/** Numbers from 0 to 1, always the same for a seed. (mulberry32) */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

interface Drawn {
  readonly groups: readonly { name: string; hosts: string[]; children: string[]; vars: Record<string, string> }[]
}

const groupNames = ['web', 'db', 'nacos', 'canary', 'east', 'west', 'prod', 'old']
const hostNames = ['a1', 'a2', 'b1', 'b2', 'web1', 'web2', 'db1', 'n1.example.com', 'n2.example.com', '10.0.0.7']
const words = ['1', 'text', 'yes', '2.10', '0644', '"quoted"', '[1, 2]']

export const generated: readonly Sample[] = Array.from({ length: 40 }, (_, i) => generate(i + 1))

function generate(seed: number): Sample {
  const roll = dice(seed)
  const below = (n: number): number => Math.floor(roll() * n)
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!
  const some = <T>(list: readonly T[], most: number): T[] =>
    list.length === 0 ? [] : [...new Set(Array.from({ length: below(most + 1) }, () => pick(list)))]
  const vars = (of: string): Record<string, string> =>
    Object.fromEntries(
      some(['v', 'w', 'x', 'm'], 3).map((name) => [name, roll() < 0.5 ? `${of}-${name}` : pick(words)]),
    )
  const groups = some(groupNames, 7).map((name) => ({
    name,
    hosts: some(hostNames, 4),
    children: [] as string[],
    vars: vars(name),
  }))
  // Children only come later in the list: no loops.
  groups.forEach((group, i) => {
    group.children = some(groups.slice(i + 1), 2).map(({ name }) => name)
  })
  const drawn = { groups }
  const loose = [...some(hostNames, 2), 'lone']
  const form =
    seed % 2 === 0 ? { 'hosts.ini': asIni(drawn, loose, vars) } : { 'hosts.yaml': asYaml(drawn, loose, vars) }
  const files: Record<string, string> = { ...form }
  for (const name of some(['all', ...groupNames], 3))
    files[`group_vars/${name}.yml`] = `${Object.entries(vars(`file-${name}`))
      .map(([key, value]) => `${key}: ${value}\n`)
      .join('')}\n`
  const atoms = [
    ...groups.map(({ name }) => name),
    ...hostNames.slice(0, 4),
    'all',
    'lone',
    'w*',
    '*1',
    '~.*[12]$',
    'all[0:2]',
    'all[-1]',
  ]
  const known = new Set([
    'all',
    'lone',
    'ungrouped',
    ...loose,
    ...groups.flatMap(({ name, hosts }) => [name, ...hosts]),
  ])
  const meant = atoms.filter((atom) => known.has(atom) || /[*~[]/.test(atom))
  const patterns = Array.from({ length: 6 }, () => {
    const separator = roll() < 0.5 ? ':' : ','
    return Array.from(
      { length: 1 + below(3) },
      (_, i) => `${i === 0 ? '' : pick(['', '&', '!', '!'])}${pick(meant)}`,
    ).join(separator)
  })
  return { name: `generated ${seed}`, files, sources: [Object.keys(form)[0]!], patterns: [...new Set(patterns)] }
}

function asYaml({ groups }: Drawn, loose: readonly string[], vars: (of: string) => Record<string, string>): string {
  const map = (entries: Readonly<Record<string, string>>): string =>
    `{ ${Object.entries(entries)
      .map(([key, value]) => `${key}: ${value}`)
      .join(', ')} }`
  const lines = ['all:', `  hosts:`, ...loose.map((host) => `    ${host}: ${map(vars(host))}`)]
  for (const { name, hosts, children, vars } of groups) {
    lines.push(`${name}:`, `  vars: ${map(vars)}`, '  children:', ...children.map((child) => `    ${child}:`))
    lines.push('  hosts:', ...hosts.map((host) => `    ${host}:`))
  }
  return `${lines.join('\n')}\n`
}

function asIni({ groups }: Drawn, loose: readonly string[], vars: (of: string) => Record<string, string>): string {
  const pairs = (entries: Readonly<Record<string, string>>): string[] =>
    Object.entries(entries).map(([key, value]) => `${key}=${value}`)
  const onLine = (entries: Readonly<Record<string, string>>): string =>
    pairs(entries)
      .map((pair) => ` ${pair.replace(/ /g, '')}`)
      .join('')
  const lines = loose.map((host) => `${host}${onLine(vars(host))}`)
  for (const { name, hosts, children, vars } of groups)
    lines.push(`[${name}]`, ...hosts, `[${name}:children]`, ...children, `[${name}:vars]`, ...pairs(vars))
  return `${lines.join('\n')}\n`
}
