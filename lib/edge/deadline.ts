/** A time limit that stands still while a person is asked something. */
export class Deadline {
  #left = 0
  #since = 0
  #timer: NodeJS.Timeout | undefined
  #passed: (() => void) | undefined
  #open = 0

  /** True once the time is up. */
  over = false

  /** True between its start and its end. */
  get running(): boolean {
    return this.#passed !== undefined && !this.over
  }

  /** From now on `seconds` count; `passed` is called once when they are gone. */
  start(seconds: number, passed: () => void): void {
    this.#left = seconds * 1000
    this.#passed = passed
    if (this.#open === 0) this.#run()
  }

  /** What it was for has come to its end. */
  end(): void {
    this.#passed = undefined
    clearTimeout(this.#timer)
  }

  /** Waits for an answer; as long as one is open, the time does not count. */
  async standFor<T>(answer: Promise<T>): Promise<T> {
    if (this.#open++ === 0) {
      clearTimeout(this.#timer)
      this.#left -= performance.now() - this.#since
    }
    try {
      return await answer
    } finally {
      if (--this.#open === 0) this.#run()
    }
  }

  #run(): void {
    if (!this.running) return
    this.#since = performance.now()
    this.#timer = setTimeout(() => {
      this.over = true
      this.#passed?.()
    }, this.#left)
  }
}
