/** A door that lets only so many through at a time, in the order in which they came. */
export class Gate {
  #width: number
  #inside = 0
  readonly #waiting: (() => void)[] = []

  constructor(width: number) {
    this.#width = width
  }

  /** Waits for a place. */
  async enter(): Promise<void> {
    if (this.#inside < this.#width) this.#inside++
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** Gives the place to whoever is next. */
  leave(): void {
    if (this.#inside > this.#width || this.#waiting.length === 0) this.#inside--
    else this.#waiting.shift()?.()
  }

  /** From now on fewer at a time: half of `seen`, which is the width when what went wrong was begun. At least one. */
  narrow(seen: number): void {
    this.#width = Math.max(1, Math.min(this.#width, Math.floor(seen / 2)))
  }

  /** From now on everybody is let in, also those who wait. */
  open(): void {
    this.#width = Number.POSITIVE_INFINITY
    this.#inside += this.#waiting.length
    for (const enter of this.#waiting.splice(0)) enter()
  }

  /** How many are let in at a time now. */
  get wide(): number {
    return this.#width
  }
}
