/**
 * Ansible's host patterns: `a:b` or `a,b` for both, `&c` for those also in c, `!d` for all but d, wildcards, `~regex`,
 * `a[0]` and `a[0:2]` for a part of a group. (ansible-core 2.19, lib/ansible/inventory/manager.py.)
 */
import { usageError } from './error.ts'
import { nearest } from './nearest.ts'

/** The names a pattern is matched against. Orders are those of the inventory. */
export interface Names {
  readonly hosts: readonly string[]
  /** Group name to the hosts in it, child groups included. */
  readonly groups: ReadonlyMap<string, readonly string[]>
}

/**
 * The hosts `pattern` means, each once: what is added comes first, then what `&` keeps, then what `!` takes away,
 * whatever order they are written in. `where` names the pattern's origin in messages.
 * Throws usageError for a name that is neither host nor group, and when no host is left.
 */
export function selectHosts(pattern: string, names: Names, where: string): string[] {
  const parts = splitPattern(pattern)
  const added = parts.filter((part) => !/^[!&]/.test(part))
  const chosen = new Set((added.length > 0 ? added : ['all']).flatMap((part) => matches(part, names, where)))
  for (const part of parts.filter((part) => part.startsWith('&'))) {
    const kept = new Set(matches(part.slice(1), names, where))
    for (const host of chosen) if (!kept.has(host)) chosen.delete(host)
  }
  for (const part of parts.filter((part) => part.startsWith('!')))
    for (const host of matches(part.slice(1), names, where)) chosen.delete(host)
  if (chosen.size === 0)
    throw usageError({
      where,
      what: `"${pattern}" leaves no host`,
      remedy: 'widen the pattern (--list-hosts shows hosts)',
    })
  return [...chosen]
}

/** The parts of a pattern. Commas split when there are any, else colons outside of brackets; an address stays whole. */
export function splitPattern(pattern: string): string[] {
  const parts = pattern.includes(',')
    ? pattern.split(',')
    : /^(~.*|[0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*|[^:[\]]+:\d+)$/i.test(pattern)
      ? [pattern]
      : (pattern.match(/(?:[^\s:[\]]|\[[^\]]*\])+/g) ?? [])
  return parts.map((part) => part.trim()).filter((part) => part !== '')
}

function matches(part: string, names: Names, where: string): string[] {
  if (part.startsWith('@'))
    throw usageError({ where, what: `"${part}": files of hosts are not read yet`, remedy: 'list the hosts' })
  if (names.hosts.includes(part)) return [part]
  const subscript = part.startsWith('~') ? null : /^(.+)\[(?:(-?\d+)|(\d+)[:-](\d*))\]$/.exec(part)
  const [, name = part, index, from, to] = subscript ?? []
  const found = named(name, names, where)
  if (!subscript) return found
  if (index !== undefined) {
    const host = found.at(Number(index))
    if (host !== undefined) return [host]
    throw usageError({ where, what: `"${part}": "${name}" has ${found.length} hosts`, remedy: 'count from 0' })
  }
  return found.slice(Number(from), to ? Number(to) + 1 : undefined)
}

function named(name: string, { hosts, groups }: Names, where: string): string[] {
  const special = /[.?*[]/.test(name) || name.startsWith('~')
  const test = matcher(name, where)
  const inGroups = [...groups].filter(([group]) => test(group))
  const found = inGroups.flatMap(([, members]) => members)
  if (inGroups.length === 0 || special) found.push(...hosts.filter(test))
  if (found.length === 0 && inGroups.length === 0 && !/[?*[]|^~/.test(name)) {
    const meant = nearest(name, [...groups.keys(), ...hosts])
    throw usageError({
      where,
      what: `"${name}" is neither a host nor a group`,
      remedy: meant === null ? `groups are ${[...groups.keys()].join(', ')}` : `did you mean "${meant}"?`,
    })
  }
  return [...new Set(found)]
}

/** Whether a name matches: as a whole for text with wildcards, from its beginning for a regular expression. */
function matcher(pattern: string, where: string): (name: string) => boolean {
  try {
    const regex = pattern.startsWith('~') ? new RegExp(`^(?:${pattern.slice(1)})`) : wildcard(pattern)
    return (name) => regex.test(name)
  } catch {
    throw usageError({ where, what: `"${pattern}" is not a regular expression`, remedy: 'correct it' })
  }
}

const wildcard = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern.replace(/\[(!?)([^\]]+)\]|[\s\S]/g, (piece, not: string, set: string | undefined) => {
      if (set !== undefined) return `[${not ? '^' : ''}${set.replace(/[\\^]/g, '\\$&')}]`
      return piece === '*' ? '.*' : piece === '?' ? '.' : piece.replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    })}$`,
    's',
  )
