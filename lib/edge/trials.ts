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
    await this.#gate.enter()
    if (this.refusedBy) {
      this.#gate.leave()
      return null
    }
    let open = true
    let inside = true
    const leave = (): void => {
      if (inside) this.#gate.leave()
      inside = false
    }
    const patience = Math.max(Math.min(1, this.#patience), this.#patience / 2 ** this.#silent)
    const timer = setTimeout(() => {
      this.#silent++
      leave()
    }, patience * 1000).unref()
    const settle = (note: () => void): void => {
      if (open) note()
      open = false
      clearTimeout(timer)
      leave()
    }
    return {
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
