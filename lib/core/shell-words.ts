/**
 * Words as a POSIX shell splits them, without expanding anything: ssh arguments and the host lines of INI inventories.
 * (Python 3, Lib/shlex.py: split, which is what Ansible reads both with.)
 */

export interface ShellWord {
  readonly text: string
  /** Where the word begins, from 0. */
  readonly from: number
}

/**
 * The words of `line`, or null where a quote does not end. With `comments`, a `#` outside of quotes ends the line, also
 * in the middle of a word.
 */
export function shellWords(line: string, { comments = false } = {}): readonly ShellWord[] | null {
  const words: ShellWord[] = []
  let word: { text: string; from: number } | null = null
  let at = 0
  while (at < line.length) {
    if (comments && line[at] === '#') break
    const piece =
      /^(?:(?<space>\s+)|'(?<single>[^']*)'|"(?<double>(?:[^"\\]|\\[\s\S])*)"|\\(?<escaped>[\s\S])|(?<plain>#|[^\s'"\\#]+))/.exec(
        line.slice(at),
      )
    if (!piece?.groups) return null
    const { space, single, double, escaped, plain } = piece.groups
    if (space === undefined) {
      word ??= { text: '', from: at }
      word.text += single ?? double?.replace(/\\(["\\])/g, '$1') ?? escaped ?? plain ?? ''
    } else if (word) {
      words.push(word)
      word = null
    }
    at += piece[0].length
  }
  return word ? [...words, word] : words
}
