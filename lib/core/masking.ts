/** Secrets in text that others wrote: what a command on a host prints, above all. */

/** A shorter one would make stars of common words. */
const shortest = 4

/** Takes secrets out of a text. */
export type Mask = (text: string) => string
/** For who knows none. */
export const asItIs: Mask = (text) => text

/** What takes secrets out of text. */
export interface Masking {
  /** The text with every secret in it as `***`. */
  readonly mask: Mask
  /** How many characters of a text that goes on can be told already, so that no secret is cut in two. */
  whole(text: string): number
  /** The first `most` characters of a text, masked; where more is left out, without what may be a piece of a secret. */
  first(text: string, most: number): string
  /** The last ones, likewise. */
  last(text: string, most: number): string
}

/**
 * Takes every one of these secrets out of texts. Of a secret of several lines each line counts. One that stands there in
 * another form (base64, quoted, on two lines) is not found, and neither is one of less than four characters.
 */
export function masking(secrets: Iterable<string>): Masking {
  const words = new Set([...secrets].flatMap((secret) => secret.split('\n').map((line) => line.trim())))
  const known = [...words].filter((word) => word.length >= shortest).sort((a, b) => b.length - a.length)
  const longest = known[0]?.length ?? 0
  const secret = new RegExp(known.map((word) => word.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|') || '(?!)', 'g')
  const mask = (text: string): string => {
    let [masked, told] = ['', 0]
    for (const [from, to] of rangesOf(text, secret)) {
      masked += `${text.slice(told, from)}***`
      told = to
    }
    return masked + text.slice(told)
  }
  return {
    mask,
    whole(text) {
      const end = Math.max(0, text.length - longest)
      return rangesOf(text, secret).find(([from, to]) => from < end && to > end)?.[0] ?? end
    },
    first(text, most) {
      if (text.length <= most) return mask(text)
      const masked = mask(text.slice(0, most))
      return masked.slice(0, Math.max(0, masked.length - longest))
    },
    last: (text, most) => (text.length <= most ? mask(text) : mask(text.slice(-most)).slice(longest)),
  }
}

/** Where secrets are, from and to; those that overlap as one. */
function rangesOf(text: string, pattern: RegExp): readonly (readonly [from: number, to: number])[] {
  const found: [number, number][] = []
  pattern.lastIndex = 0
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const to = match.index + match[0].length
    const last = found.at(-1)
    if (last && match.index < last[1]) last[1] = Math.max(last[1], to)
    else found.push([match.index, to])
    // The next one may begin in the middle of it.
    pattern.lastIndex = match.index + 1
  }
  return found
}
