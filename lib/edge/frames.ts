/**
 * Marks in a byte stream. A long-lived shell has one stdout for everything it runs; a line `NONCE word …` that stands
 * between two line breaks is a mark of ours, everything else is what the scripts printed.
 */

/** A piece of what a script printed (bytes), or a mark (its text without the nonce). */
export type Piece = Buffer | string

const newline = 0x0a

/** Tells marks from output, however the bytes were cut into chunks. */
export class Frames {
  readonly #start: Buffer
  #held: Buffer = Buffer.alloc(0)

  /** `nonce` must be a word that no output holds: random, and made for this stream. */
  constructor(nonce: string) {
    this.#start = Buffer.from(`\n${nonce} `)
  }

  /** The pieces that are complete now. What may be the beginning of a mark is kept for the next chunk. */
  push(chunk: Buffer): Piece[] {
    let data = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk
    const pieces: Piece[] = []
    let at = data.indexOf(this.#start)
    while (at >= 0) {
      const end = data.indexOf(newline, at + this.#start.length)
      if (end < 0) break
      if (at > 0) pieces.push(data.subarray(0, at))
      pieces.push(data.toString('latin1', at + this.#start.length, end))
      data = data.subarray(end + 1)
      at = data.indexOf(this.#start)
    }
    const open = at >= 0 ? at : this.#maybeMark(data)
    if (open > 0) pieces.push(data.subarray(0, open))
    this.#held = data.subarray(open)
    return pieces
  }

  /** Whether a line break is kept back, which may be that of the last line or the first byte of a mark. */
  get atLineBreak(): boolean {
    return this.#held.length === 1
  }

  /** Where a mark may have begun at the end of `data`; its length if none did. A mark holds one line break, its first byte. */
  #maybeMark(data: Buffer): number {
    const at = data.lastIndexOf(newline)
    if (at < 0 || data.length - at >= this.#start.length) return data.length
    return this.#start.subarray(0, data.length - at).equals(data.subarray(at)) ? at : data.length
  }
}

/** Output that is kept up to a limit in bytes: the first of it, or the last. */
export class Kept {
  #chunks: Buffer[] = []
  #length = 0
  #cut = false

  readonly side: 'head' | 'tail'
  readonly limit: number

  constructor(side: 'head' | 'tail', limit: number) {
    this.side = side
    this.limit = limit
  }

  push(chunk: Buffer): void {
    if (this.side === 'head') {
      const room = this.limit - this.#length
      if (chunk.length > room) this.#cut = true
      if (room > 0) this.#add(chunk.subarray(0, room))
      return
    }
    this.#add(chunk)
    if (this.#length <= 2 * this.limit) return
    const last = Buffer.from(Buffer.concat(this.#chunks).subarray(-this.limit))
    this.#chunks = []
    this.#length = 0
    this.#cut = true
    this.#add(last)
  }

  #add(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#length += chunk.length
  }

  /** True when something was dropped. */
  get cut(): boolean {
    return this.#cut
  }

  /** Decoded once and as a whole, so that no character is split at the edge of a chunk. */
  text(): string {
    const all = Buffer.concat(this.#chunks)
    return (this.side === 'tail' ? all.subarray(-this.limit) : all).toString('utf8')
  }
}
