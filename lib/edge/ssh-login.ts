/**
 * Logging in over SSH: keys of files and of the agent, a password, what sshd asks. One attempt after the other, each
 * with a reason for the next; a password is given to a host once per run, and to one host at a time until one has
 * accepted it, so that no account is locked.
 */
import type { AnyAuthMethod, AuthHandlerMiddleware, NextAuthHandler } from 'ssh2'
import { PlinthError, unreachable } from '../core/error.ts'
import type { Credentials, Method } from './credentials.ts'
import { Deadline } from './deadline.ts'
import { answersTo, asksPassword, expired, type Round } from './dialogue.ts'
import type { Eager } from './fewer-trips.ts'
import { type Identity, identitiesOf, type Offer } from './identities.ts'
import { memoryOf } from './login-memory.ts'
import { nothingToOffer, notTried, refusal, tooManyKeys, tooSlow, WantsPassword } from './login-problems.ts'
import type { Asker } from './terminal.ts'
import type { Trial, Turn } from './trials.ts'

export interface Login {
  /** ssh2 calls it for the next way to log in. */
  readonly handler: AuthHandlerMiddleware
  /** What was offered so far, for messages. */
  readonly tried: readonly string[]
  /** For ssh2's event "change password", which nobody answers. */
  passwordExpired(): void
  /** The plain reason of a refusal, or of a login that was given up; undefined if the error is of another kind. */
  problemOf(error: Error): PlinthError | undefined
  /** To be started with the connection; it stands still while a person types, and while others try the password first. */
  readonly deadline: Deadline
  /** It waits for others that try the password first: what ends the connection now says nothing of this host. */
  readonly waits: boolean
  /** To be told when the login is done (null), or what it has failed with. */
  ended(failure: Error | null): void
}

/**
 * A login that is about to be tried.
 * @param where the machine, for messages
 * @param asker for what only a person knows; one for a whole run, because the run's memory hangs on it
 * @throws PlinthError when the named key can't be used, or there is nothing to log in with
 */
export async function loginOf(where: string, credentials: Credentials, asker: Asker): Promise<Login> {
  const memory = memoryOf(asker)
  const gone = new AbortController()
  const keys = credentials.methods.includes('publickey')
  const offer = keys
    ? await identitiesOf(where, credentials, memory.ring, gone.signal)
    : { identities: [], passedOver: [] }
  const password = memory.refused.has(where) ? null : credentials.password
  if (offer.identities.length === 0 && password === null) throw nothingToOffer(where, credentials, offer.passedOver)
  const trial = password && memory.trials.of(credentials.user, password)
  if (offer.identities.length === 0 && trial?.refusedBy) throw notTried(where, trial.refusedBy)
  const { refused } = memory
  return new Attempts({ where, credentials: { ...credentials, password }, offer, asker, refused, trial, gone })
}

/** As many keys are offered before a password gets its turn: sshd may be content with four attempts in all. */
const keysBeforePassword = 2

interface Around {
  readonly where: string
  readonly credentials: Credentials
  readonly offer: Offer
  readonly asker: Asker
  /** The machines that have refused their password in this run. */
  readonly refused: Set<string>
  /** What is known of the password; null without one. */
  readonly trial: Trial | null
  /** Aborted when the login is over: what it asks is taken off the terminal. */
  readonly gone: AbortController
}

/** One login, while it is being tried. ssh2 asks for the next attempt and never says more than that the last was not enough. */
class Attempts implements Login {
  readonly deadline = new Deadline()
  readonly #around: Around
  readonly #ways: AsyncGenerator<AnyAuthMethod, void, void>
  readonly #offered = new Set<Identity>()
  /** Keys that sshd wanted and that did not sign, each with the reason. */
  readonly #mute: string[] = []
  /** The methods that sshd would go on with; null as long as it has not said. */
  #left: readonly string[] | null = null
  /** The key that signed last. */
  #signer: Identity | undefined
  /** The last attempt was accepted, as one of several that sshd wants. */
  #partial = false
  /** So was an earlier one: sshd and the user know each other, and whatever else is asked may be asked of a person. */
  #progress = false
  #waits = false
  /** The leave to give the password; null when others have refused it. */
  #turn: Turn | null | undefined
  /** The password was given. */
  #answered = false
  /** A person has answered something else. */
  #typed = false
  #asking = 0
  /** sshd has hung up while a person was asked. */
  #tooLate = false
  #problem: PlinthError | undefined
  #next: NextAuthHandler = () => {}

  constructor(around: Around) {
    this.#around = around
    this.#ways = this.#all()
  }

  get tried(): readonly string[] {
    const files = [...this.#offered].filter(({ held }) => held === 'file').map(({ name }) => name)
    const agents = this.#offered.size - files.length
    const keys = agents === 0 ? [] : [`${agents} key${agents === 1 ? '' : 's'} of the agent`]
    return [...files, ...keys, ...(this.#answered ? ['the password'] : []), ...(this.#typed ? ['what was typed'] : [])]
  }

  readonly handler: AuthHandlerMiddleware = (left: readonly string[] | null, partial, next) => {
    this.#left = left ?? this.#left
    this.#partial ||= partial === true
    this.#next = next
    void this.#advance()
  }

  readonly passwordExpired = (): void => this.#giveUp(expired(this.#around.where, ''))

  get waits(): boolean {
    return this.#waits
  }

  ended(failure: Error | null): void {
    this.deadline.end()
    if (failure === null && this.#answered) this.#turn?.accepted()
    // sshd counts the password among the attempts, and hangs up instead of saying no.
    if (this.#answered && !this.#typed && endOfAttempts.test(failure?.message ?? '')) this.#turn?.refused()
    this.#turn?.over()
    this.#tooLate = failure !== null && this.#asking > 0 && !this.deadline.over
    this.#around.gone.abort()
  }

  /** Waits until the password may be given, and says whether it may. */
  async #mayGive(): Promise<boolean> {
    const { trial, where } = this.#around
    if (trial === null || this.#turn) return true
    this.#waits = true
    this.#turn = await this.deadline.standFor(trial.turn(nameIn(where)))
    this.#waits = false
    // Whoever is gone by now passes it on.
    if (!this.deadline.running) this.#turn?.over()
    return this.#turn !== null
  }

  /** To be waited for just before the password is given. Throws a PlinthError where others have refused it meanwhile. */
  async #give(): Promise<void> {
    if (!this.#turn) return
    this.#waits = true
    const may = await this.deadline.standFor(this.#turn.give())
    this.#waits = false
    const { trial, where } = this.#around
    // Nor is there anybody left to give it to where the login is over.
    if (!may && this.deadline.running) throw notTried(where, trial?.refusedBy ?? [])
  }

  #gave(): void {
    if (this.#partial) this.#turn?.accepted()
    // What a person has typed beside it, a one-time code, may be what was wrong.
    else if (this.#typed) this.#turn?.over()
    else this.#turn?.refused()
  }

  async #advance(): Promise<void> {
    // What was asked is answered no more.
    if (this.#around.gone.signal.aborted) return
    try {
      const { value } = await this.#ways.next()
      if (value && this.deadline.running) this.#next(value)
      else this.#giveUp(this.#refusal())
    } catch (error) {
      if (!(error instanceof PlinthError)) throw error
      this.#giveUp(error)
    }
  }

  #giveUp(error: PlinthError): void {
    if (this.#around.gone.signal.aborted) return
    this.#problem ??= error instanceof WantsPassword ? error : unreachable(...error.problems)
    // ssh2 documents `false` for "no further way", its types do not.
    if (this.deadline.running) this.#next(false as unknown as AnyAuthMethod)
  }

  /** Waits for a person: the time does not count. */
  async #patiently<T>(answer: Promise<T>): Promise<T> {
    this.#asking++
    try {
      return await this.deadline.standFor(answer)
    } finally {
      this.#asking--
    }
  }

  /** Every way there is. After one that was accepted as one of several, the others have their turn (again). */
  async *#all(): AsyncGenerator<AnyAuthMethod, void, void> {
    const { user: username, password, methods } = this.#around.credentials
    let order: readonly Method[] = password ? [...methods, 'publickey'] : methods
    let keys = this.#around.offer.identities
    // One question more, and no attempt is spent on what sshd does not take.
    if (password || keys.length > keysBeforePassword) yield { type: 'none', username }
    do {
      this.#partial = false
      const queue = [...keys]
      for (const [index, method] of order.entries()) {
        if (this.#partial || this.#left?.includes(method) === false) continue
        if (method === 'keyboard-interactive') yield* this.#byDialogue()
        else if (method === 'password') yield* this.#byPassword()
        else yield* this.#byKey(queue, password && index < order.length - 1 ? keysBeforePassword : queue.length)
      }
      const signer = this.#signer
      if (signer) {
        keys = keys.filter((key) => key !== signer)
        // A second key is rarely what is wanted beside a first.
        order = [...methods.filter((method) => method !== 'publickey'), 'publickey']
      }
      this.#signer = undefined
      this.#progress ||= this.#partial
    } while (this.#partial)
    if (this.#left === null) yield { type: 'none', username }
  }

  async *#byKey(queue: Identity[], most: number): AsyncGenerator<AnyAuthMethod, void, void> {
    for (const identity of queue.splice(0, most)) {
      const blob = identity.blob ?? (await this.#unlocked(identity))
      if (blob === null) continue
      this.#offered.add(identity)
      const sign = (data: Buffer, hash: string | undefined): Promise<Buffer | null> => this.#sign(identity, data, hash)
      const eager: Eager = {
        // What asks nobody spares the question whether it would be welcome; for one key, as a wrong one costs a signature.
        ...(identity.ready &&
          this.#offered.size === 1 && { signAtOnce: (...what) => this.#signature(identity, ...what) }),
        accepted: () => {
          this.#signer = identity
        },
        barred: (algorithm) => this.#mute.push(`${identity.name} (${algorithm === 'ssh-rsa' ? sha1Only : notAllowed})`),
      }
      const { OneKey } = await import('./one-key.ts')
      const agent = Object.assign(new OneKey(blob, sign), eager)
      yield { type: 'agent', username: this.#around.credentials.user, agent }
      if (this.#signer !== identity) continue
      // ssh2 keeps it to itself when a key was accepted as one of several: all that shows is that the login is not done.
      this.#partial = true
      this.#left = null
      return
    }
  }

  async #unlocked(identity: Identity): Promise<Buffer | null> {
    try {
      return await this.#patiently(identity.reveal())
    } catch (error) {
      this.#mute.push(`${identity.name} (${messageOf(error)})`)
      return null
    }
  }

  /** A signature for a key that sshd said it wants. */
  async #sign(identity: Identity, data: Buffer, hash: string | undefined): Promise<Buffer | null> {
    const signature = await this.#signature(identity, data, hash)
    if (signature) this.#signer = identity
    return signature
  }

  /** Null when the key can't sign: the next attempt is under way then. */
  async #signature(identity: Identity, data: Buffer, hash: string | undefined): Promise<Buffer | null> {
    try {
      if (hash === 'sha1') throw new Error(sha1Only)
      return await this.#patiently(identity.sign(data, hash))
    } catch (error) {
      this.#mute.push(`${identity.name} (${messageOf(error)})`)
      void this.#advance()
      return null
    }
  }

  async *#byPassword(): AsyncGenerator<AnyAuthMethod, void, void> {
    const { user: username, password } = this.#around.credentials
    if (this.#answered || (password === null && !this.#progress) || !(await this.#mayGive())) return
    const otherwise = { where: this.#around.where, remedy: 'give it with -k or ansible_password' }
    const { where, asker, gone } = this.#around
    const given = password ?? (await this.#patiently(asker.secret(`${where}: password: `, otherwise, gone.signal)))
    await this.#give()
    this.#answered = true
    yield { type: 'password', username, password: given.reveal() }
    this.#gave()
    if (!this.#partial) this.#around.refused.add(this.#around.where)
  }

  async *#byDialogue(): AsyncGenerator<AnyAuthMethod, void, void> {
    const { user: username, password } = this.#around.credentials
    if (this.#around.refused.has(this.#around.where) || (password === null && !this.#progress)) return
    if (!(await this.#mayGive())) return
    let answered = false
    yield {
      type: 'keyboard-interactive',
      username,
      prompt: (name, instructions, _language, prompts, finish) => {
        const round: Round = { name, instructions, prompts }
        const unused = this.#answered ? null : password
        const { where, asker, gone } = this.#around
        const keyed = this.#progress
        const given = this.#answered ? password : null
        const around = { where, password: unused, given, keyed, asker, gone: gone.signal }
        answered = true
        const gives = unused !== null && asksPassword(round, keyed)
        const asked = gives
          ? this.#give().then(() => {
              this.#answered = true
              return answersTo(round, around)
            })
          : answersTo(round, around)
        if (!gives) this.#typed = true
        this.#patiently(asked).then(finish, (error) => this.#giveUp(error))
      },
    }
    if (this.#answered) this.#gave()
    if (answered && !this.#partial) this.#around.refused.add(this.#around.where)
  }

  #refusal(): PlinthError {
    const { where, credentials, offer, refused, trial } = this.#around
    if (this.#turn === null && trial?.refusedBy) return notTried(where, trial.refusedBy)
    return refusal(where, credentials, {
      tried: this.tried,
      mute: this.#mute,
      passedOver: offer.passedOver,
      left: this.#left,
      refused: refused.has(where) ? (this.#typed ? 'an answer' : 'the password') : null,
    })
  }

  problemOf(error: Error): PlinthError | undefined {
    if (this.#problem) return this.#problem
    const { where } = this.#around
    const keys = this.#offered.size
    if (endOfAttempts.test(error.message) && keys > keysBeforePassword) return tooManyKeys(where, keys, this.tried)
    return this.#tooLate ? tooSlow(where) : undefined
  }
}

/** The host's name, of `NAME (USER@ADDRESS:PORT)`. */
const nameIn = (where: string): string => where.replace(/ \(.*$/, '')
const endOfAttempts = /Too many authentication failures/
const sha1Only = 'sshd there takes RSA keys with SHA-1 signatures only, which are off'
const notAllowed = 'PubkeyAcceptedAlgorithms does not allow it'
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
