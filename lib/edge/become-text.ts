/** What is said to sudo, su and doas, and what they say. Pure; the texts are run in the tests. */
import { PlinthError, unreachable } from '../core/error.ts'
import type { Become } from '../core/inventory.ts'
import { q } from '../core/script.ts'
import type { Secret } from '../core/secret.ts'
import { plain, withoutSecret } from './dialogue.ts'
import { untried } from './trials.ts'

/** The mark in sudo's question for a password. */
const promptMark = (nonce: string): string => `${nonce}-password`
/** Said on both streams before the command is started: what comes before it is no word of the command's. */
const startMark = (nonce: string): string => `\n${nonce}-starts\n`
const readyMark = (nonce: string): string => `${nonce}-ready`

/** What the other user's shell must hear before it takes anything for a command. */
export const goWord = (nonce: string): string => `${nonce}-go`

/**
 * The line that turns the login's /bin/sh into one of another user. The new one says that it is there, and swallows
 * whatever comes before its word: a password that nobody asked for is not run as a command.
 * @param terminal puts a pseudo-terminal around sudo, with our three streams led past it, so that they stay pipes
 */
export function commandLine({ method, user }: Become, nonce: string, terminal: boolean): string {
  const swallow = `while IFS= read -r l; do [ "$l" = ${goWord(nonce)} ] && exec /bin/sh; done`
  const there = `printf '\\n%s\\n' ${readyMark(nonce)}; ${swallow}`
  // sudo clears the environment, and the lock file says where a run comes from.
  const kept = `SSH_CONNECTION=$1; export SSH_CONNECTION; ${there}`
  const commands: Readonly<Record<Become['method'], string>> = {
    sudo: `sudo -S -p ${q(`${promptMark(nonce)} `)} -u ${q(user)} -- /bin/sh -c ${q(kept)} sh "$SSH_CONNECTION"`,
    su: `su -s /bin/sh ${q(user)} -c ${q(there)}`,
    doas: `doas -n -u ${q(user)} /bin/sh -c ${q(kept)} sh "$SSH_CONNECTION"`,
  }
  const starts = `printf '\\n%s\\n' ${startMark(nonce).trim()}`
  const surroundings = 'LC_ALL=C SHELL=/bin/sh PATH="$PATH:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"'
  const command = terminal
    ? `script -qc ${q(`exec ${commands[method]} <&3 >&4 2>&5 3<&- 4>&- 5>&-`)} /dev/null 3<&0 4>&1 5>&2 </dev/null >/dev/null`
    : commands[method]
  return `export ${surroundings}; ${starts}; ${starts} >&2; exec ${command}\n`
}

/** A question that waits for an answer. */
export interface Question {
  /** As it was asked. */
  readonly words: string
  /** For messages: without the password should it be repeated. */
  readonly text: string
  /** True when it is a question for a password beyond doubt; false when it only looks like a question. */
  readonly certain: boolean
}

/** What was heard so far. */
export class Talk {
  readonly #nonce: string
  /** What the login printed, which may look like anything: a greeting ends like a question now and then. */
  #before = ''
  #all = ''
  /** What came since the last answer, by stream. */
  #open = { stdout: '', stderr: '' }
  readonly #started = new Set<string>()

  constructor(nonce: string) {
    this.#nonce = nonce
  }

  hear(stream: 'stdout' | 'stderr', text: string): void {
    this.#open[stream] += text
    if (this.#started.has(stream)) {
      this.#all += text
      return
    }
    this.#before += text
    const [, ...after] = this.#open[stream].split(startMark(this.#nonce))
    if (after.length === 0) return
    this.#started.add(stream)
    this.#open[stream] = after.join('')
    this.#all += this.#open[stream]
  }

  /** The command was started: what is said from then on is its word, and before the login's. */
  get began(): boolean {
    return this.#started.size > 0
  }

  /** The other user's shell is there. */
  get ready(): boolean {
    return this.#open.stdout.includes(`\n${readyMark(this.#nonce)}\n`)
  }

  /** A question without an answer: the end of a line is still to come. */
  question(secret: Secret | null = null): Question | null {
    for (const stream of ['stderr', 'stdout'] as const) {
      if (!this.#started.has(stream)) continue
      const text = this.#open[stream]
      const last = text.slice(text.lastIndexOf('\n') + 1)
      if (last.includes(promptMark(this.#nonce)) || /^Password: ?$/.test(last))
        return { words: last, text: password, certain: true }
      if (/[:\uff1a?\uff1f>\u00bb]\s*$/.test(last))
        return { words: last, text: `"${plain(withoutSecret(last, secret))}"`, certain: false }
    }
    return null
  }

  /** The question was answered. */
  answered(): void {
    this.#open = { stdout: '', stderr: '' }
  }

  /** Its words, for messages: without our marks, and without the password should it have been repeated. */
  said(secret: Secret | null = null): string {
    const heard = this.#started.size === 2 ? this.#all : this.#before + this.#all
    const shown = heard.replaceAll(startMark(this.#nonce), '\n').replaceAll(promptMark(this.#nonce), '')
    return plain(withoutSecret(shown, secret))
  }
}

const password = 'for a password'

/** Whom, how and why not. */
const problem = (machine: string, { user, method }: Become, what: string, remedy: string): PlinthError =>
  unreachable({ where: machine, what: `it can't become ${user} by ${method}: ${what}`, remedy })

/** The password was not believed. */
export class WrongPassword extends PlinthError {}

const wrong = (machine: string, become: Become): WrongPassword => {
  const { problems, code } = problem(
    machine,
    become,
    'the password was refused',
    `correct it (${givePassword}); it is tried once per run`,
  )
  return new WrongPassword(problems, code)
}

/** Others have refused it, and it is tried no more. */
export function notTried(machine: string, become: Become, refusedBy: readonly string[]): PlinthError {
  const { what, remedy } = untried(refusedBy, givePassword)
  return problem(machine, become, what, remedy)
}

const givePassword = 'give it with ansible_become_password or -K'

/** It asks, and there is no answer. */
export const unanswered = (machine: string, become: Become, question: string): PlinthError =>
  problem(
    machine,
    become,
    `${become.method} asks ${question}, and there is none`,
    become.method === 'sudo' ? `${givePassword}, or allow this user sudo without one (NOPASSWD)` : givePassword,
  )

/** It asks for what no password is. */
export const asksOther = (machine: string, become: Become, question: string): PlinthError =>
  problem(machine, become, `${become.method} asks ${question}, which no password answers`, withPassword(become))

const withPassword = ({ method }: Become): string => `allow this user ${method} with a password alone, or without one`

/** It asks once more: the first answer was wrong, or only half of what it wants. */
export function askedAgain(machine: string, become: Become, first: string, second: string, said: string): PlinthError {
  if (/expired|(required|must|have) to change|change your password/i.test(said))
    return problem(machine, become, 'the password has expired', 'log in there by hand and change it')
  return first === second
    ? wrong(machine, become)
    : problem(machine, become, `after it asked ${first}, ${become.method} asks ${second}`, withPassword(become))
}

const byHand = ({ method, user }: Become): string =>
  method === 'su' ? `su ${user} -c true` : `${method} -u ${user} /bin/sh -c true`

/** Nothing came of it in time. */
export const tooLate = (machine: string, become: Become, seconds: number, said: string): PlinthError =>
  problem(
    machine,
    become,
    `${become.method} came to no end within ${seconds} s${said ? `, it said: ${said}` : ''}`,
    `run it there by hand (${byHand(become)}), and see to the name service of the host`,
  )

/** sudo's word for Defaults requiretty, in the C locale. */
export const wantsTerminal = (said: string): boolean => /must have a tty/.test(said)

const reasons: readonly [says: RegExp, what: (become: Become) => string, remedy: (become: Become) => string][] = [
  [
    /script: (command )?not found/,
    () => 'sudo wants a terminal (requiretty), and there is no script command to give it one',
    () => 'take out requiretty for this user, or install util-linux (bsdutils on Debian)',
  ],
  [
    /(sudo|su|doas): (command )?not found|exec: (sudo|su|doas): not found/,
    ({ method }) => `there is no ${method}`,
    ({ method }) => `install ${method}, or name another way (ansible_become_method)`,
  ],
  [
    /not in the sudoers file|may not run sudo|not allowed to (execute|run)|Operation not permitted|not permitted/,
    ({ method }) => `this user may not run /bin/sh as that one through ${method}`,
    ({ method, user }) =>
      method === 'doas'
        ? 'add a rule to doas.conf there: permit nopass USER'
        : `add a rule with visudo there: USER ALL=(${user}) ALL`,
  ],
  [
    /unknown user|does not exist|[Nn]o such user|user .* not found/,
    ({ user }) => `there is no user ${user}`,
    () => 'correct ansible_become_user, or make that user first',
  ],
  [
    /Auth(oriz|entic)ation required|a tty is required/,
    ({ method }) => `${method} wants a password, and reads it from a terminal only`,
    () => 'permit nopass in doas.conf there, or use sudo (ansible_become_method)',
  ],
  [
    /must be run from a terminal/,
    ({ method }) => `${method} there reads a password from a terminal only`,
    () => 'use sudo (ansible_become_method)',
  ],
]

const disbelief = /Authentication failure|incorrect password|Authentication failed|[Ss]orry/

/** It ended, and the other user's shell never came. */
export function failed(machine: string, become: Become, said: string): PlinthError {
  const known = reasons.find(([says]) => says.test(said))
  if (known) return problem(machine, become, known[1](become), known[2](become))
  if (disbelief.test(said)) return wrong(machine, become)
  return problem(machine, become, said ? `it said: ${said}` : 'it ended', `run it there by hand: ${byHand(become)}`)
}
