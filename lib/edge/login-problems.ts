/** Why a login came to nothing, in words. Pure. */
import { PlinthError, unreachable } from '../core/error.ts'
import type { Credentials, Method } from './credentials.ts'
import { untried } from './trials.ts'

/** How far a login came. */
export interface Course {
  readonly tried: readonly string[]
  /** Keys that sshd wanted and that did not sign, each with the reason. */
  readonly mute: readonly string[]
  /** What was not offered, each with the reason. */
  readonly passedOver: readonly string[]
  /** The methods that sshd would go on with; null if it did not say. */
  readonly left: readonly string[] | null
  /** What sshd did not believe, if it was more than keys. */
  readonly refused: 'the password' | 'an answer' | null
}

/** No key has opened the login, and there was no password, which might. */
export class WantsPassword extends PlinthError {}

/**
 * Worth another try: the connection was dropped before sshd had said a word, or with the word MaxStartups, or while this host
 * waited for others that try the same password first.
 */
export class Dropped extends PlinthError {}

const byPassword = (method: Method): boolean => method !== 'publickey'

/** Everything was tried. */
export function refusal(where: string, credentials: Credentials, course: Course): PlinthError {
  const { user, password, methods, jump } = credentials
  const { mute, left, refused } = course
  const details = `tried: ${course.tried.join(', ') || 'nothing'}${listed([...mute, ...course.passedOver])}`
  if (refused) {
    return unreachable({
      where,
      what: `${refused} of ${user} was refused (${details})`,
      remedy: `${jump ? 'run again, and type it anew' : `correct it (${fromWhere})`}; it is given to a host once per run, so that no account gets locked`,
    })
  }
  const wants = password === null && methods.some((method) => byPassword(method) && left?.includes(method))
  const { problems, code } = unreachable({
    where,
    what: `the login was refused (${details})${left ? `; sshd goes on with ${left.join(', ')}` : ''}`,
    remedy: mute.some((text) => text.includes('passphrase'))
      ? 'load the key into an agent (ssh-add FILE), or run it on a terminal'
      : `add the public key to ~${user}/.ssh/authorized_keys there, or name another key ${jump ? forJump : '(--private-key FILE)'}${wants ? orPassword(jump) : ''}`,
  })
  return new (wants ? WantsPassword : PlinthError)(problems, code)
}

const forJump = 'for this host in ~/.ssh/config'
const orPassword = (jump: boolean): string =>
  jump ? ', or run it on a terminal, where its password is asked for' : ', or give a password (-k)'

/** The password is tried no more. */
export const notTried = (where: string, refusedBy: readonly string[]): PlinthError =>
  unreachable({ where, ...untried(refusedBy, fromWhere) })

const fromWhere = 'ansible_password, or what is typed for -k'

/** There is not even anything to try. */
export function nothingToOffer(
  where: string,
  { agent, keyFiles, methods, jump }: Credentials,
  passedOver: readonly string[],
): PlinthError {
  const wants = methods.some(byPassword)
  const { problems, code } = unreachable({
    where,
    what: `there is no key to log in with: ${agent === null ? 'no agent, ' : ''}none of ${keyFiles.join(', ') || 'no files'}${listed(passedOver)}`,
    remedy: `name a key ${jump ? forJump : '(--private-key FILE)'}, start an agent and ssh-add the key${wants ? orPassword(jump) : ''}`,
  })
  return new (wants ? WantsPassword : PlinthError)(problems, code)
}

const listed = (texts: readonly string[]): string => texts.map((text) => `; passed over: ${text}`).join('')

/** sshd's MaxAuthTries was reached with keys that it does not know. */
export const tooManyKeys = (where: string, keys: number, tried: readonly string[]): PlinthError =>
  unreachable({
    where,
    what: `sshd took no further attempt after ${keys} keys (tried: ${tried.join(', ')})`,
    remedy:
      'name the right key (ansible_ssh_private_key_file, --private-key), or set "IdentitiesOnly yes" and "IdentityFile FILE" for this host in ~/.ssh/config',
  })

/** The connection ended while a person had not answered yet. */
export const tooSlow = (where: string): PlinthError =>
  unreachable({
    where,
    what: 'sshd did not wait for the answer',
    remedy: 'answer within its LoginGraceTime (two minutes, if nobody changed it)',
  })
