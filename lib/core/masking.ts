/** Secrets in text that others wrote: what a command on a host prints, above all. */

/** A shorter one would make stars of common words. */
const shortest = 4

/**
 * Gives text back with every one of these secrets as `***`. Of a secret of several lines each line counts. One that stands
 * there in another form (base64, quoted, cut in two) is not found, and neither is one of less than four characters.
 */
export function masking(secrets: Iterable<string>): (text: string) => string {
  const words = new Set([...secrets].flatMap((secret) => secret.split('\n').map((line) => line.trim())))
  const known = [...words].filter((word) => word.length >= shortest).sort((a, b) => b.length - a.length)
  if (known.length === 0) return (text) => text
  const any = new RegExp(known.map((word) => word.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'), 'g')
  return (text) => text.replace(any, '***')
}
