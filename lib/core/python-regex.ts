/**
 * Regular expressions and wildcards of Python as those of JavaScript, as far as names of hosts need them.
 * (Python 3.11, re.match and fnmatch.translate.)
 */

/** What matches as Python's `re.match` does: from the beginning. Throws SyntaxError for what is no expression. */
export function pythonRegex(source: string): RegExp {
  const [, flags = '', body = ''] = /^(?:\(\?([aimsu]+)\))?([\s\S]*)$/.exec(source) ?? []
  const translated = body
    .replace(/\(\?P<(\w+)>/g, '(?<$1>')
    .replace(/\(\?P=(\w+)\)/g, '\\k<$1>')
    .replace(/\\(A|Z)/g, (_, anchor: string) => (anchor === 'A' ? '^' : '$'))
  const known = flags.replace(/[au]/g, '')
  // By itself first: `a)|(b` is none, and would be one within parentheses.
  new RegExp(translated, known)
  return new RegExp(`^(?:${translated})`, known)
}

/** What matches a name as a whole: `*`, `?`, `[abc]`, `[!a-c]`. A bracket that is not closed is itself. */
export function wildcard(pattern: string): RegExp {
  const source = pattern.replace(/\[(!?)(\][^\]]*|[^\]]+)\]|[\s\S]/g, (piece, not: string, set: string | undefined) => {
    if (set !== undefined) return `[${not && '^'}${inSet(set)}]`
    return piece === '*' ? '.*' : piece === '?' ? '.' : piece.replace(/[\\^$.|+()[\]{}]/g, '\\$&')
  })
  return new RegExp(`^(?:${source})$`, 's')
}

/** The inside of a set, ranges that run backwards left out. */
const inSet = (set: string): string =>
  set
    .replace(/([^-])-([^-])/g, (range, from: string, to: string) => (from > to ? '' : range))
    .replace(/[\\^[\]]/g, '\\$&')
