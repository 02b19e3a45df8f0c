/**
 * One try at a time until one is accepted: where accounts are central, a wrong password that is tried at every host of a
 * fleet locks the account it belongs to. After the first host that accepts it everybody goes on at once; where two have
 * refused it before that, no third tries it.
 */
import type { Secret } from '../core/secret.ts'
import { Gate } from './gate.ts'

/** So many hosts may refuse a password that none has accepted: one may have another by mistake. */
const enough = 2
/** The leave to try a password at one host, which is to be given back with what came of it. Only the first word counts. */
export interface Turn {
  /**
   * To be waited for just before the password is given: from then on nothing is handed on that could make it known to
   * more hosts than may refuse it. Where the turn was handed on meanwhile it waits for another one.
   * @returns whether it may be given
   */
  give(): Promise<boolean>
  accepted(): void
  refused(): void
  /** It can't be known, or the password was not needed. */
  over(): void
}

/** What a run knows of one account's password. */
export class Trial {
  readonly #gate = new Gate(1)
  readonly #refused: string[] = []
  #accepted = false
  /** Who has had the turn and said nothing, one after the other. */
  #silent = 0
  /** Those that have been given it, and have not said for long what they make of it: each may yet refuse it. */
  readonly #unknown = new Set<() => void>()
  /** The turn is kept from whoever is next, until more is known. */
  #kept = false
  readonly #patience: number

  /**
   * @param patience seconds until whoever has the turn is waited for no more: sshd gives those who wait two minutes. Where one after the
   *   other says nothing each next one gets half of it, and at least a second
   */
  constructor(patience = 10) {
    this.#patience = patience
  }

  /** The hosts that refused it, once it is tried nowhere else; null while it may be tried. */
  get refusedBy(): readonly string[] | null {
    return this.#accepted || this.#refused.length < enough ? null : this.#refused
  }

  /**
   * Waits for the turn of a host.
   * @param where the host, for messages
   * @returns null when the password is not to be tried there (`refusedBy` says why)
   */
  async turn(where: string): Promise<Turn | null> {
    if (!(await this.#admitted())) return null
    let [open, inside, given] = [true, true, false]
    let timer: NodeJS.Timeout | undefined
    const leave = (): void => {
      if (inside) this.#handOn()
      inside = false
    }
    const wait = (): void => {
      clearTimeout(timer)
      const patience = Math.max(Math.min(1, this.#patience), this.#patience / 2 ** this.#silent)
      timer = setTimeout(() => {
        this.#silent++
        if (given) this.#unknown.add(leave)
        leave()
      }, patience * 1000).unref()
    }
    const settle = (note: () => void): void => {
      if (!open) return
      open = false
      clearTimeout(timer)
      this.#unknown.delete(leave)
      note()
      if (this.#kept) this.#handOn()
      leave()
    }
    wait()
    return {
      give: async () => {
        if (!inside) {
          if (!open || !(await this.#admitted())) return false
          inside = true
          // It has ended while it waited.
          if (!open) leave()
        }
        given = inside
        if (given) wait()
        return given
      },
      accepted: () =>
        settle(() => {
          this.#accepted = true
          this.#gate.open()
        }),
      refused: () =>
        settle(() => {
          this.#silent = 0
          this.#refused.push(where)
        }),
      over: () => settle(() => {}),
    }
  }

  async #admitted(): Promise<boolean> {
    await this.#gate.enter()
    if (!this.refusedBy) return true
    this.#gate.leave()
    return false
  }

  /** Gives the turn to whoever is next; not while as many as may refuse it have it, and some of them have not said yet. */
  #handOn(): void {
    const known = this.#accepted || this.#refused.length >= enough
    this.#kept = !known && this.#refused.length + this.#unknown.size >= enough
    if (!this.#kept) this.#gate.leave()
  }
}

/** What a run knows of the passwords that it tries. */
export class Trials {
  readonly #known = new Map<string, Trial>()

  /** The one of an account, by its name and password: whoever has the same name with another password waits for nobody. */
  of(account: string, password: Secret): Trial {
    const key = JSON.stringify([account, password.reveal()])
    const trial = this.#known.get(key) ?? new Trial()
    this.#known.set(key, trial)
    return trial
  }
}

/** Why a password is not tried, and what to do. */
export const untried = (
  refusedBy: readonly string[],
  source: string,
): { readonly what: string; readonly remedy: string } => ({
  what: `the password is not tried here: ${refusedBy.join(' and ')} refused it`,
  remedy: `correct it (${source}): more wrong tries might lock the account; if it is right and only those have another one, leave them out (--limit)`,
})
