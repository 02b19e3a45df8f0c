/** The passwords that are asked for once, before a run: to log in with, and to become another user with. */
import type { BecomeDefaults } from '../core/become.ts'
import { usageError } from '../core/error.ts'
import type { Secret } from '../core/secret.ts'
import type { Options } from './arguments.ts'
import type { Asker } from './terminal.ts'

type Wanted = Pick<Options, 'askPass' | 'askBecomePass' | 'become' | 'becomeUser' | 'becomeMethod'>

/** What counts on hosts of which the inventory says nothing. */
export interface AskedFor {
  readonly password: Secret | null
  readonly become: BecomeDefaults
}

/**
 * Asks for what --ask-pass and --ask-become-pass want; an empty answer to the second means the first, as in Ansible.
 * @throws PlinthError (exit code 4) without a terminal, or for an empty answer that means nothing
 */
export async function askPasswords(options: Wanted, asker: Asker): Promise<AskedFor> {
  const login = options.askPass ? await asked('--ask-pass', 'SSH password: ', 'ansible_password', asker) : null
  if (login?.reveal() === '') throw empty('--ask-pass')
  const question = `Password to become another user${login ? ' (empty: the same)' : ''}: `
  const typed = options.askBecomePass
    ? await asked('--ask-become-pass', question, 'ansible_become_password', asker)
    : null
  const second = typed?.reveal() === '' ? login : typed
  if (typed && !second) throw empty('--ask-become-pass')
  const { become, becomeUser: user, becomeMethod: method } = options
  return { password: login, become: { become, user, method, password: second } }
}

const asked = (where: string, question: string, variable: string, asker: Asker): Promise<Secret> =>
  asker.secret(question, { where, remedy: `put it into the inventory (${variable}: !vault …, or !env NAME)` })

const empty = (where: string): Error => usageError({ where, what: 'an empty password', remedy: 'type it' })
