/** --step: the person at the terminal says for each resource whether it is changed. */
import type { Plan } from '../core/resource.ts'
import type { Assignment } from './assignment.ts'
import type { Consent } from './world.ts'

export class Stepping {
  #ask: ((question: string) => Promise<Consent>) | undefined
  #turn: Promise<void> = Promise.resolve()
  #release: () => void = () => {}
  readonly #released = new Promise<void>((resolve) => {
    this.#release = resolve
  })
  readonly #refused = new Map<string, ReadonlySet<string>>()

  /** @param ask undefined where nothing is asked */
  constructor(ask?: (question: string) => Promise<Consent>) {
    this.#ask = ask
  }

  /** What was left out on each host, because somebody said no to it or to what it stands on. */
  get refused(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#refused
  }

  /** The ids that were left out on a host. */
  refusedOn(host: string): ReadonlySet<string> {
    return this.#refused.get(host) ?? new Set()
  }

  /** Works on one host. As long as questions are asked, it is one host after the other, so that they come host by host. */
  async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#ask) return work()
    const before = this.#turn
    let end = (): void => {}
    this.#turn = new Promise((resolve) => {
      end = resolve
    })
    await Promise.race([before, this.#released])
    try {
      return await work()
    } finally {
      end()
    }
  }

  /** Asks whether a resource may be changed, unless one was refused that it stands on. A no is remembered. */
  async ask(host: string, { id, steps }: Plan, standsOn: Assignment['standsOn']): Promise<void> {
    if (!this.#ask && this.#refused.size === 0) return
    const refused = this.refusedOn(host)
    const bases = [id, ...(standsOn().get(id) ?? [])]
    if (bases.some((base) => refused.has(base)) || !(await this.#consents(host, steps)))
      this.#refused.set(host, new Set([...refused, id]))
  }

  async #consents(host: string, steps: Plan['steps']): Promise<boolean> {
    if (!this.#ask) return true
    const answer = await this.#ask(`${host}: ${steps.map(({ say }) => say).join(', ')}?`)
    if (answer === 'all') {
      this.#ask = undefined
      this.#release()
    }
    return answer !== 'no'
  }
}
