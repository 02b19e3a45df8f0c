/** A single key, as ssh2 wants to see it. */
import ssh2, { type IdentityCallback, type SignCallback, type SigningRequestOptions } from 'ssh2'

/** What ssh2 takes for an agent that holds one key: it is offered first, and signs only once sshd wants it. */
export class OneKey extends ssh2.BaseAgent {
  readonly #blob: Buffer
  readonly #signature: (data: Buffer, hash: string | undefined) => Promise<Buffer | null>

  constructor(blob: Buffer, signature: (data: Buffer, hash: string | undefined) => Promise<Buffer | null>) {
    super()
    this.#blob = blob
    this.#signature = signature
  }

  override getIdentities(callback: IdentityCallback<Buffer>): void {
    callback(null, [this.#blob])
  }

  override sign(
    _key: unknown,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    callback?: SignCallback,
  ): void {
    const done = typeof options === 'function' ? options : callback
    const hash = typeof options === 'function' ? undefined : options.hash
    // An error would end the login, though another key may be the right one: the next attempt simply takes its place.
    void this.#signature(data, hash).then((signature) => signature && done?.(null, signature))
  }
}
