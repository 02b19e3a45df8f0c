/** Seeded random properties texts: the same seed gives the same text everywhere. */

/** Numbers from 0 to 1 (xorshift), reproducible by their seed. */
export function random(seed: number): () => number {
  let state = (seed + 1) * 0x9e3779b1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

const pieces = [
  'a',
  'b',
  'key.0',
  'v',
  ' ',
  '  ',
  '\t',
  '\f',
  '=',
  ':',
  '#',
  '!',
  '\\',
  '\\\\',
  '\\n',
  '\\u0041',
  '\\ ',
  '\\=',
  '\n',
  '\r',
  '\r\n',
  '\\\n',
  '\\\r\n',
  '\\\n  ',
  'é',
  '中',
  '😀',
  'a=1\n',
  'b : 2\r\n',
]

/** A text of up to 30 pieces, chosen to be awkward. */
export function randomText(seed: number): string {
  const next = random(seed)
  return Array.from({ length: Math.floor(next() * 30) }, () => pieces[Math.floor(next() * pieces.length)]).join('')
}
