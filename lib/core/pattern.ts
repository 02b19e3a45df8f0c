/**
 * Ansible's host patterns: `a:b` or `a,b` for both, `&c` for those also in c, `!d` for all but d, wildcards, `~regex`,
 * `a[0]` and `a[0:2]` for a part of a group, `@file` for the lines of a file.
 * (ansible-core 2.19, lib/ansible/inventory/manager.py.)
 */
import { parseAddress } from './address.ts'
import { usageError } from './error.ts'
import { nearest } from './nearest.ts'
import { pythonRegex, wildcard } from './python-regex.ts'
import { brief } from './visible.ts'

/** The names a pattern is matched against. */
export interface Names {
  /** In the order in which the sources name them. */
  readonly hosts: readonly string[]
  /** Group name to the hosts in it, child groups included. */
  readonly groups: ReadonlyMap<string, readonly string[]>
  /** The lines of a file that `@file` names; throws usageError when it can't be read. */
  readonly linesOf?: (file: string) => readonly string[]
}

/**
 * The hosts `pattern` means, each once: what is added comes first, then what `&` keeps, then what `!` takes away,
 * whatever order they are written in. `where` names the pattern's origin in messages.
 * Throws usageError for a name that is neither host nor group, and when no host is left.
 */
export function selectHosts(pattern: string, names: Names, where: string): string[] {
  const parts = splitPattern(pattern, where).flatMap((part) =>
    part.startsWith('@') ? linesIn(part, names, where) : [part],
  )
  if (parts.length === 0)
    throw usageError({
      where,
      what: `"${brief(pattern)}" names no host`,
      remedy: 'write a name, or "all" for every host',
    })
  const added = parts.filter((part) => !/^[!&]/.test(part))
  const chosen = new Set(
    (added.length > 0 ? added : ['all']).flatMap((part) =>
      names.hosts.includes(part) ? [part] : matches(part, names, where),
    ),
  )
  for (const part of parts.filter((part) => part.startsWith('&'))) {
    const kept = new Set(matches(part.slice(1), names, where))
    for (const host of chosen) if (!kept.has(host)) chosen.delete(host)
  }
  for (const part of parts.filter((part) => part.startsWith('!')))
    for (const host of matches(part.slice(1), names, where)) chosen.delete(host)
  if (chosen.size === 0)
    throw usageError({
      where,
      what: `"${brief(pattern, 200)}" leaves no host`,
      // The command that shows hosts has no such option.
      remedy: `widen the pattern${where.startsWith('plinth ') ? '' : ' (--list-hosts shows hosts)'}`,
    })
  return [...chosen]
}

/**
 * The parts of a pattern. Commas split when there are any, else colons outside of brackets; an address stays whole.
 * Throws usageError for a bracket that is not closed, which Ansible would pass over: `~[` would be every host.
 */
export function splitPattern(pattern: string, where: string): string[] {
  if (!pattern.includes(',') && pattern.replace(/\[[^\]]*\]/g, '').includes('['))
    throw usageError({ where, what: `"${brief(pattern, 200)}": a bracket that is not closed`, remedy: 'close it' })
  const parts = pattern.includes(',')
    ? pattern.split(',')
    : parseAddress(pattern)
      ? [pattern]
      : (pattern.match(/(?:[^\s:[\]]|\[[^\]]*\])+/g) ?? [])
  return parts.map((part) => part.trim()).filter((part) => part !== '')
}

/** Characters in one part, those of a regular expression included. */
const longest = 1000

/** Every line is one part; empty ones and comments are none. */
function linesIn(part: string, { linesOf }: Names, where: string): readonly string[] {
  if (part === '@') throw usageError({ where, what: 'no file after "@"', remedy: 'write @FILE' })
  if (!linesOf) throw usageError({ where, what: `"${part}": there are no files here`, remedy: 'list the hosts' })
  return linesOf(part.slice(1))
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

function matches(part: string, names: Names, where: string): readonly string[] {
  if (part === '')
    throw usageError({ where, what: 'no name after "!" or "&"', remedy: 'write !NAME or &NAME, without a space' })
  if (part.length > longest)
    throw usageError({ where, what: `"${brief(part)}" is longer than any name`, remedy: 'correct it' })
  const subscript = part.startsWith('~') ? null : /^(.+)\[(?:(-?\d+)|(\d+)[:-](\d*))\]$/.exec(part)
  const [, name = part, index, from, to] = subscript ?? []
  // As a wildcard it would fit nothing, or one host, and neither was meant.
  if (!subscript && /^[^~].*\[[-\d]*:[-:\d]*\]$/.test(part))
    throw usageError({ where, what: `"${part}" is no part of a group`, remedy: 'write GROUP[0:2], counted from 0' })
  if (Number(to || 0) > 0 && Number(from) > Number(to))
    throw usageError({
      where,
      what: `"${part}" ends before it begins`,
      remedy: `write ${name}[${to}:${from}]`,
    })
  const found = named(name, names, where)
  if (!subscript || found.length === 0) return found
  // A range up to 0 is the one host it begins with.
  const single = index ?? (Number(to || -1) === 0 ? from : undefined)
  if (single === undefined) return found.slice(Number(from), to ? Number(to) + 1 : undefined)
  const host = found.at(Number(single))
  if (host !== undefined) return [host]
  throw usageError({ where, what: `"${part}": "${name}" has ${found.length} hosts`, remedy: 'count from 0' })
}

function named(name: string, { hosts, groups }: Names, where: string): readonly string[] {
  const test = matcher(name, where)
  const inGroups = [...groups].filter(([group]) => test(group))
  const found = inGroups.flatMap(([, members]) => members)
  if (inGroups.length === 0 || /^~|[.?*[]/.test(name)) found.push(...hosts.filter(test))
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
  if (pattern === '~') throw usageError({ where, what: '"~" is no regular expression', remedy: 'write ~REGEX' })
  try {
    const regex = pattern.startsWith('~') ? pythonRegex(pattern.slice(1)) : wildcard(pattern)
    return (name) => regex.test(name)
  } catch (thrown) {
    const why = /: ([^:]*)$/.exec((thrown as Error).message)?.[1] ?? 'it is too long'
    throw usageError({ where, what: `"${pattern}" is not a regular expression (${why})`, remedy: 'correct it' })
  }
}
