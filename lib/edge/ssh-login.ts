/** What to log in with: one named key, or the user's own keys and agent. */
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import ssh2, { type AnyAuthMethod, type IdentityCallback, type SignCallback, type SigningRequestOptions } from 'ssh2'
import { type PlinthError, type Problem, unreachable } from '../core/error.ts'

const { BaseAgent, createAgent, utils } = ssh2

export interface Login {
  readonly methods: readonly AnyAuthMethod[]
  /** The keys that were offered, for the message when none was taken. Agent keys are added when they are. */
  readonly tried: string[]
}

export interface LoginOptions {
  /** Path of the agent's socket; undefined for none. */
  readonly agent?: string | undefined
  /** Keys that are tried when none is named; those that are missing or need a passphrase are passed over. */
  readonly keyFiles?: readonly string[]
}

/** The files ssh tries as well, newest kind first. */
export const defaultKeyFiles = (): string[] =>
  ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => join(homedir(), '.ssh', name))

/**
 * The ways to log in, in order: the named key alone, or else key files and then the agent.
 * @param where the machine, for messages
 * @throws PlinthError when the named key can't be used, or there is nothing to log in with
 */
export async function loginOf(
  where: string,
  username: string,
  keyFile: string | undefined,
  { agent, keyFiles = defaultKeyFiles() }: LoginOptions,
): Promise<Login> {
  const tried: string[] = []
  if (keyFile !== undefined) {
    const key = await readKey(keyFile)
    if (key instanceof Error) throw keyProblem(where, keyFile, key)
    return { methods: [{ type: 'publickey', username, key }], tried: [keyFile] }
  }
  const methods: AnyAuthMethod[] = []
  const passedOver: string[] = []
  for (const file of keyFiles) {
    const key = await readKey(file)
    if (!(key instanceof Error)) {
      methods.push({ type: 'publickey', username, key })
      tried.push(file)
    } else if ((key as NodeJS.ErrnoException).code !== 'ENOENT') {
      passedOver.push(`${file} (${reasonOf(key)})`)
    }
  }
  if (agent) methods.push({ type: 'agent', username, agent: new ListedAgent(agent, tried) })
  if (methods.length > 0) return { methods, tried }
  throw unreachable({
    where,
    what: `there is no key to log in with: no agent, none of ${keyFiles.join(', ')}${passedOver.map((file) => `; passed over: ${file}`).join('')}`,
    remedy: 'name a key (--private-key FILE), or start an agent and ssh-add the key',
  })
}

type PrivateKey = Exclude<ReturnType<typeof utils.parseKey>, Error>

async function readKey(file: string): Promise<PrivateKey | Error> {
  try {
    const key = utils.parseKey(await readFile(file))
    if (key instanceof Error) return key
    return key.isPrivateKey() ? key : new Error('a public key')
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

const reasonOf = (error: NodeJS.ErrnoException): string => {
  if (error.code === 'ENOENT') return 'there is no such file'
  if (error.code) return `it can't be read: ${error.code}`
  if (/no passphrase given/.test(error.message)) return 'it needs a passphrase'
  return `it is not a private key: ${error.message}`
}

function keyProblem(where: string, file: string, error: Error): PlinthError {
  const reason = reasonOf(error)
  const problem: Problem = {
    where,
    what: `the key ${file} can't be used: ${reason}`,
    remedy: reason.includes('passphrase')
      ? `load it into an agent (ssh-add ${file}) and leave the key file out of the inventory`
      : 'name a private key that this user can read',
  }
  return unreachable(problem)
}

/** An agent that says which keys it offered, and that counts as one without keys when it does not answer. */
class ListedAgent extends BaseAgent {
  readonly #agent: InstanceType<typeof BaseAgent>
  readonly #tried: string[]

  constructor(socket: string, tried: string[]) {
    super()
    this.#agent = createAgent(socket)
    this.#tried = tried
  }

  override getIdentities(callback: IdentityCallback<string | Buffer | ssh2.ParsedKey>): void {
    this.#agent.getIdentities((error, keys = []) => {
      this.#tried.push(error ? 'the agent, which did not answer' : `${keys.length} keys of the agent`)
      callback(null, error ? [] : keys)
    })
  }

  override sign(
    key: string | Buffer | ssh2.ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    callback?: SignCallback,
  ): void {
    if (typeof options === 'function') this.#agent.sign(key, data, options)
    else this.#agent.sign(key, data, options, callback)
  }
}
