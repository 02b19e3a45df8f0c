/** What sshd asks in a keyboard-interactive login (RFC 4256), and who answers: the password, or a person. */
import { type PlinthError, unreachable } from '../core/error.ts'
import type { Secret } from '../core/secret.ts'
import { aboutCode, wantedBy } from './prompts.ts'
import type { Asker } from './terminal.ts'

/** One request of sshd: a title, a text, and questions. */
export interface Round {
  readonly name: string
  readonly instructions: string
  readonly prompts: readonly { readonly prompt: string; readonly echo?: boolean | undefined }[]
}

export interface Around {
  /** The machine, for messages. */
  readonly where: string
  /** The password, as long as it was not given as an answer yet. */
  readonly password: Secret | null
  /** The password that was given, which sshd may repeat. */
  readonly given: Secret | null
  /** Whether a key was accepted already, as one of several things that sshd wants. */
  readonly keyed: boolean
  readonly asker: Asker
  /** Aborted when the login is over: nobody waits for an answer any more. */
  readonly gone: AbortSignal
}

/**
 * True when a lone hidden question is all there is: the password, in whatever language it is asked for. Not a code, of
 * which the question itself speaks or, where it has no word for what it wants, the text above it; and after a key, which
 * may make the question one for a second factor, only what is plainly a password.
 */
export function asksPassword({ name, instructions, prompts }: Round, keyed: boolean): boolean {
  const [{ prompt, echo } = { prompt: '', echo: true }] = prompts
  if (prompts.length !== 1 || echo === true) return false
  const wanted = wantedBy(prompt)
  return wanted === null ? !keyed && !aboutCode(`${name} ${instructions}`) : wanted === 'password'
}

/**
 * The answers to one round.
 * @throws PlinthError when a new password is wanted, or there is nobody who could answer
 */
export async function answersTo(round: Round, around: Around): Promise<string[]> {
  const { where, password, given, keyed, asker, gone } = around
  const told = (text: string): string => plain(withoutSecret(text, given))
  if (wantsNewPassword(round)) throw expired(where, told(shown(round)))
  if (password && asksPassword(round, keyed)) return [password.reveal()]
  const title = [round.name, round.instructions].map(told).filter(Boolean).join(': ')
  const answers: string[] = []
  for (const { prompt, echo } of round.prompts) {
    const question = `${where}${title && answers.length === 0 ? `: ${title}` : ''}: ${told(prompt)} `
    const otherwise = {
      where,
      remedy: `sshd there asks "${told(prompt)}": run it on a terminal, or log in with a key that is enough by itself`,
    }
    const answer = echo
      ? await asker.line(question, otherwise, gone)
      : (await asker.secret(question, otherwise, gone)).reveal()
    answers.push(answer)
  }
  return answers
}

/** Questions for a new password, or for the old one on the way to it. The words stand side by side: others are of greetings, and of names. */
const newPassword = new RegExp(
  [
    String.raw`\b(new|old|\(?current\)?) (\w+ )?(password|passphrase)`,
    String.raw`\b(re-?enter|re-?type|repeat) ((the|your|new) )*(\w+ )?password`,
    String.raw`((?<![最更])新|当前|當前|目前|原|旧|舊)的?\)? ?(\w+ )?(密[码碼]|口令)`,
  ].join('|'),
  'i',
)

/** Whole clauses in which PAM and sshd say that the password must be changed now. */
const mustChange = new RegExp(
  [
    String.raw`you (are required to|must|need to|have to) change your password( immediately| now\b.*)?`,
    String.raw`(please )?change your password now|changing (\w+ )?password for \S+`,
    '(your |the )?password (has |is )?expired',
    '[您你]?(必须|必須|需要|需)立即(更改|修改|变更|變更)([您你]的)?密[码碼]',
    '([您你]的)?密[码碼]已经?(过期|過期|失效)',
  ]
    .map((clause) => `^(${clause})$`)
    .join('|'),
  'i',
)

/** ASCII punctuation and（。，；：！: escaped, for a literal goes into the bundle as it is, which is ASCII. */
const clauseEnd = /[\r\n.,;:!(\uff08\u3002\uff0c\uff1b\uff1a\uff01]+/

/** Whether a password must be changed: of a question its last line counts, and what stands above it only in whole clauses. */
export function wantsNewPassword({ name, instructions, prompts }: Round): boolean {
  const lines = prompts.map(({ prompt }) => prompt.trim().split(/[\r\n]+/))
  const above = [name, instructions, ...lines.flatMap((of) => of.slice(0, -1))].join('\n')
  const clauses = above.split(clauseEnd).map((clause) => clause.trim())
  return lines.some((of) => newPassword.test(of.at(-1) ?? '')) || clauses.some((clause) => mustChange.test(clause))
}

const shown = ({ name, instructions, prompts }: Round): string =>
  [name, instructions, ...prompts.map(({ prompt }) => prompt)].filter(Boolean).join(' ')

/** The login can't go on before somebody has changed a password. */
export const expired = (where: string, said: string): PlinthError =>
  unreachable({
    where,
    what: `its password has expired, and sshd asks for a new one${said ? ` ("${said}")` : ''}`,
    remedy: 'log in by hand with ssh, change the password there, and then here',
  })

/** A text of the other side without the password, should it be repeated there. What is very short would be found in any text. */
export const withoutSecret = (text: string, secret: Secret | null): string => {
  const password = secret?.reveal() ?? ''
  return password.length > 3 ? text.replaceAll(password, '***') : text
}

/** A text of the other side, fit for a terminal: no control characters, one line. */
export const plain = (text: string): string =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
    .replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .trim()
    .slice(0, 200)
