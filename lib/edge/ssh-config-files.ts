/**
 * What OpenSSH's configuration files could say about a host, read without being understood: which of their lines matter
 * to a connection, and whether `ssh -G` need be asked at all. A process per host costs as much as the connection itself,
 * and on most controllers the files hold nothing but what the distribution wrote into them.
 *
 * Whatever is not plainly understood counts as something that only ssh can tell.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { directives, matters } from '../core/ssh-directives.ts'
import { localUser } from './local-user.ts'

/** A directive that matters, and where it stands. */
export interface Line {
  readonly keyword: string
  readonly value: string
  /** `FILE:LINE`. */
  readonly where: string
}

/** Whether a block counts for a host; null when only ssh can tell. */
type Condition = (host: string) => boolean | null

interface Block {
  readonly when: readonly Condition[]
  readonly lines: Line[]
}

/** What the files have to do with one host. */
export interface Bearing {
  /** The lines that matter and count for it, or may. */
  readonly lines: readonly Line[]
  /** True when the same lines may come to something else for another host. */
  readonly own: boolean
}

const always: Condition = () => true
const onlySshKnows: Condition = () => null
const unknown: Line = { keyword: '', value: '', where: '' }
const depthLimit = 16

/** The configuration files, read once. */
export class SshConfigFiles {
  readonly #blocks: Block[] = []

  /** @param file the only file to read (`-F`); null for the user's and the system's own, `none` for no file at all */
  constructor(file: string | null = null) {
    if (file === 'none') return
    // ssh looks in the home folder of the password file, whatever HOME says.
    const home = join(localUser().home, '.ssh')
    const files = file === null ? this.#readUsual(home) : this.#read(file, home, [always], 0)
    // The file that was named is not there, or OpenSSH was built to look elsewhere.
    if (!files) this.#blocks.push({ when: [always], lines: [unknown] })
  }

  #readUsual(home: string): boolean {
    this.#read(join(home, 'config'), home, [always], 0)
    const system = ['/etc/ssh/ssh_config', '/usr/etc/ssh/ssh_config', '/usr/local/etc/ssh/ssh_config']
    return system.filter((path) => this.#read(path, dirname(path), [always], 0)).length > 0
  }

  /** What they have to do with the host that is named so on ssh's command line. */
  bearingOn(host: string): Bearing {
    const lines: Line[] = []
    let own = false
    for (const block of this.#blocks) {
      if (block.lines.length === 0) continue
      const counts = block.when.map((condition) => eitherWay(condition, host))
      if (counts.includes(false)) continue
      if (counts.includes(null)) own = true
      lines.push(...block.lines)
    }
    return { lines, own: own || lines.some(dependsOnHost) }
  }

  /** Reads a file and what it includes, below the conditions of the line that includes it; false if it is not there. */
  #read(file: string, folder: string, outer: readonly Condition[], depth: number): boolean {
    const text = textOf(file)
    if (text === null) return false
    let block: Block = { when: outer, lines: [] }
    this.#blocks.push(block)
    for (const [index, line] of text.split('\n').entries()) {
      const [keyword, value] = directiveOf(line)
      if (keyword === '') continue
      if (keyword === 'host' || keyword === 'match') {
        block = { when: [...outer, keyword === 'host' ? hostCondition(value) : matchCondition(value)], lines: [] }
        this.#blocks.push(block)
      } else if (keyword !== 'include') {
        if (matters(keyword)) block.lines.push({ keyword, value, where: `${file}:${index + 1}` })
      } else if (depth >= depthLimit) block.lines.push(unknown)
      else {
        for (const path of includedBy(value, folder) ?? []) this.#read(path, folder, block.when, depth + 1)
        if (includedBy(value, folder) === null) block.lines.push({ keyword, value, where: `${file}:${index + 1}` })
        // What follows belongs to the same block, after what was included.
        block = { when: block.when, lines: [] }
        this.#blocks.push(block)
      }
    }
    return true
  }
}

/** The text; null if there is no such file. One that can't be read is left to ssh: it holds a line nobody understands. */
function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT' || code === 'ENOTDIR' ? null : 'unreadable'
  }
}

/** Keyword in small letters and value; empty for a line that says nothing. */
function directiveOf(line: string): [keyword: string, value: string] {
  const [, keyword = '', value = ''] = /^\s*"?([^\s="#]+)"?(?:\s*=\s*|\s+|$)(.*?)\s*$/.exec(line) ?? []
  return [keyword.toLowerCase(), value]
}

/** `web* !web3 "db"`, matched against the name as it was given, in its own case. */
function hostCondition(value: string): Condition {
  const patterns = value.split(/\s+/).map((pattern) => pattern.replace(/^(!?)"(.*)"$/, '$1$2'))
  if (/["#=]/.test(patterns.join(''))) return onlySshKnows
  const tests = patterns.map((pattern) => ({ negated: pattern.startsWith('!'), like: glob(pattern.replace(/^!/, '')) }))
  return (host) => {
    const hits = tests.filter(({ like }) => like.test(host))
    return hits.length > 0 && !hits.some(({ negated }) => negated)
  }
}

const matchCondition = (value: string): Condition => (/^(final\s+)?all$/i.test(value) ? always : onlySshKnows)

const glob = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replace(/\*+/g, '.*')
      .replace(/\?/g, '.')}$`,
    's',
  )

/** ssh compares the name as it was given, and once more in small letters where `Match final` has it read all again. */
function eitherWay(condition: Condition, host: string): boolean | null {
  const counts = condition(host)
  return counts === condition(host.toLowerCase()) ? counts : null
}

/**
 * Whether the same directive may come to something else for another host. Tokens are filled in per host; so is a name that
 * is looked up; a file that was not read may say anything, and so may a directive that nobody knows. ssh prints
 * IdentityFile and ProxyCommand as they stand.
 */
export const dependsOnHost = ({ keyword, value }: Pick<Line, 'keyword' | 'value'>): boolean =>
  !directives.has(keyword) ||
  keyword === 'include' ||
  /^canonical/.test(keyword) ||
  (/[%$]/.test(value) && !/^(identityfile|proxycommand)$/.test(keyword))

/** The files that an Include names, in ssh's order; null when that is not plain to see. */
function includedBy(value: string, folder: string): readonly string[] | null {
  const files: string[] = []
  for (const word of value.split(/\s+/)) {
    const path = word.replace(/^"(.*)"$/, '$1').replace(/^~(?=\/)/, localUser().home)
    if (/["~%$#[\]{}\\]/.test(path)) return null
    const absolute = isAbsolute(path) ? path : join(folder, path)
    if (/[*?]/.test(dirname(absolute))) return null
    if (!/[*?]/.test(absolute)) files.push(absolute)
    else files.push(...matching(dirname(absolute), glob(basename(absolute))))
  }
  return files
}

function matching(folder: string, like: RegExp): readonly string[] {
  try {
    const names = readdirSync(folder).filter((name) => like.test(name) && !name.startsWith('.'))
    return names.sort().map((name) => join(folder, name))
  } catch {
    return []
  }
}
