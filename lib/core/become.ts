/** Becoming another user once logged in, from the variables and options that Ansible uses for it. */
import type { Become } from './inventory.ts'
import { flag, oneOf, optional, refused, secret, text } from './schema.ts'
import type { Secret } from './secret.ts'

/** What counts where the inventory says nothing. */
export interface BecomeDefaults {
  /** --become. */
  readonly become: boolean
  /** --become-user, --become-method and what was typed for --ask-become-pass; null where they were not given. */
  readonly user: string | null
  readonly method: Become['method'] | null
  readonly password: Secret | null
}

/** The ways there are; `runas` and the like are for other systems. */
export const becomeMethods = ['sudo', 'su', 'doas'] as const satisfies readonly Become['method'][]

/** Of a name that stands in a command line on the host. */
const userName = () => text({ like: /[^\s@:/'"\\-][^\s@:/'"\\]*/, expected: 'a user name' })
const ownCommand = () =>
  optional(refused('not supported', 'remove it: sudo, su or doas is run as the PATH of the login finds it'))
const old = (name: string) => optional(refused('an old name', `write ${name}`))

/** The variables, as entries of a schema. */
export const becomeVariables = {
  ansible_become: optional(flag()),
  ansible_become_user: optional(userName()),
  ansible_become_method: optional(oneOf(...becomeMethods)),
  ansible_become_password: optional(secret()),
  ansible_become_pass: optional(secret()),
  ansible_become_exe: ownCommand(),
  ansible_become_flags: ownCommand(),
  ansible_sudo: old('ansible_become'),
  ansible_sudo_user: old('ansible_become_user'),
  ansible_sudo_pass: old('ansible_become_password'),
  ansible_su_pass: old('ansible_become_password'),
} as const

interface Written {
  readonly ansible_become?: boolean | undefined
  readonly ansible_become_user?: string | undefined
  readonly ansible_become_method?: Become['method'] | undefined
  readonly ansible_become_password?: Secret | undefined
  readonly ansible_become_pass?: Secret | undefined
}

/**
 * Whom to become on a host and how; null when nobody, or when who logs in is that user already. The inventory wins over
 * the command line, as in Ansible.
 * @param login who logs in, null when that is not known yet
 */
export function becomeOf(written: Written, defaults: BecomeDefaults, login: string | null): Become | null {
  const user = written.ansible_become_user ?? defaults.user ?? 'root'
  if (!(written.ansible_become ?? defaults.become) || user === login) return null
  return {
    user,
    method: written.ansible_become_method ?? defaults.method ?? 'sudo',
    password: written.ansible_become_password ?? written.ansible_become_pass ?? defaults.password,
  }
}

/** How everything on a machine comes to run as another user, in words for a plan. */
export const becomeText = ({ user, method }: Become, login: string | null): string =>
  `as ${user} through ${method}${login === null ? '' : `, logged in as ${login}`}`
