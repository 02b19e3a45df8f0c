/** Chance that can be repeated: it comes from a seed, which is printed; `PLINTH_SEED=N` brings it back. */

export const seed = Number(process.env.PLINTH_SEED ?? Math.floor(Math.random() * 2 ** 31))

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
export function randomFrom(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
