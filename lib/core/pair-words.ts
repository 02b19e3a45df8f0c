/** The words of `-e "a=1 b='x y'"`. */

/** Splits at spaces outside of quotes; quotes around a whole word, or around a whole value, go away. Null where a quote is not closed. */
export function pairWords(text: string): readonly string[] | null {
  const word = /(?:[^\s"']|"[^"]*"|'[^']*')+/g
  if (text.replace(word, '').trim() !== '') return null
  const found = text.match(word) ?? []
  return found.map((word) => word.replace(/^([^=]*=)?(["'])(.*)\2$/s, '$1$3'))
}
