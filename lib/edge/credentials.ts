/** What there is to log in with. */
import { join } from 'node:path'
import type { Secret } from '../core/secret.ts'
import { localUser } from './local-user.ts'

/** What may be used to log in to one host, settled by inventory, command line and OpenSSH's configuration. */
export interface Credentials {
  readonly user: string
  /** Key files, in order; those that are missing are passed over unless `named`. */
  readonly keyFiles: readonly string[]
  /** True when the inventory or the command line named the key: nothing else is offered, and a missing file is an error. */
  readonly named: boolean
  /** IdentitiesOnly: of the agent's keys only those whose public half is among keyFiles (FILE or FILE.pub). */
  readonly identitiesOnly: boolean
  /** Path of the agent's socket (SSH_AUTH_SOCK or IdentityAgent), null for none. */
  readonly agent: string | null
  readonly password: Secret | null
  /** As PreferredAuthentications and the *Authentication switches leave them, in order. */
  readonly methods: readonly Method[]
  /** A jump host's: the keys and passwords of inventory and command line are for the machine behind it. */
  readonly jump: boolean
}

export type Method = 'publickey' | 'keyboard-interactive' | 'password'

/** OpenSSH's own order. */
export const usualMethods: readonly Method[] = ['publickey', 'keyboard-interactive', 'password']

/** The files ssh tries as well, newest kind first, in the home folder of the password file, whatever HOME says. */
export const defaultKeyFiles = (): string[] =>
  ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => join(localUser().home, '.ssh', name))
