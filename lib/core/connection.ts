/**
 * How a host is reached, from the variables that Ansible uses for it. What Plinth cannot honour is an error that says
 * what to do instead: a connection that quietly ignores a setting is not the one that was asked for.
 */
import * as v from 'valibot'
import { type BecomeDefaults, becomeOf, becomeVariables } from './become.ts'
import type { Problem } from './error.ts'
import type { Connection } from './inventory.ts'
import { LocatedMap, LocatedScalar, placeText } from './located.ts'
import { check, controllerPath, oneOf, optional, params, port, refused, type Schema, secret, text } from './schema.ts'
import type { Secret } from './secret.ts'
import { sshArguments } from './ssh-arguments.ts'
import { forEditors, message } from './values.ts'

/** What counts where the inventory says nothing; the inventory wins over the command line, as in Ansible. */
export interface ConnectionDefaults {
  /** Null when none was named. */
  readonly user: string | null
  readonly privateKey: string | null
  /** What was typed for --ask-pass. */
  readonly password: Secret | null
  readonly become: BecomeDefaults
}

const renamed = (name: string) => optional(refused('an old name', `write ${name}`))
const ignored = () => optional(v.unknown())

/** `TYPE BASE64`, one or several: the only keys the host may show. */
const hostKeys = (): Schema<readonly string[]> =>
  v.pipe(
    v.unknown(),
    forEditors({ type: ['string', 'array'], items: { type: 'string' }, description: 'public keys of the host' }),
    v.rawTransform<unknown, readonly string[]>(({ dataset, addIssue, NEVER }) => {
      const keys = (Array.isArray(dataset.value) ? dataset.value : [dataset.value]).map((input: unknown) => {
        const written = input instanceof LocatedScalar ? input.text : String(input)
        const [type = '', base64 = ''] = written.trim().split(/\s+/)
        return isPublicKey(type, base64) ? `${type} ${base64}` : null
      })
      const wrong = keys.indexOf(null)
      if (wrong < 0 && keys.length > 0) return keys.filter((key) => key !== null)
      const remedy = "write the line of the host's /etc/ssh/ssh_host_ed25519_key.pub: ssh-ed25519 AAAA…"
      addIssue({ message: message('expected the public key of a host', remedy) })
      return NEVER
    }),
  )

/** The wire format of a key begins with the name of its type, four bytes for the length before it (RFC 4253 section 6.6). */
const isPublicKey = (type: string, base64: string): boolean =>
  type !== '' && Buffer.from(base64, 'base64').toString('latin1', 4, 4 + type.length) === type

/** About Python, about how Ansible copies its modules, or about its own connections: Plinth has nothing of these. */
const withoutBearing = {
  ansible_python_interpreter: ignored(),
  ansible_pipelining: ignored(),
  ansible_ssh_pipelining: ignored(),
  ansible_remote_tmp: ignored(),
  ansible_async_dir: ignored(),
  ansible_scp_if_ssh: ignored(),
  ansible_scp_extra_args: ignored(),
  ansible_sftp_batch_mode: ignored(),
  ansible_sftp_extra_args: ignored(),
  ansible_ssh_transfer_method: ignored(),
  ansible_ssh_control_path: ignored(),
  ansible_ssh_control_path_dir: ignored(),
  ansible_control_path: ignored(),
  ansible_control_path_dir: ignored(),
  ansible_ssh_use_tty: ignored(),
} as const

const unhonoured = (remedy: string) => optional(refused('not honoured', remedy))
const always = 'remove it: host keys are always checked (accept-new: -o StrictHostKeyChecking=accept-new)'

const notHonoured = {
  ansible_host_key_checking: unhonoured(always),
  ansible_ssh_host_key_checking: unhonoured(always),
  ansible_shell_type: unhonoured('remove it: everything runs in /bin/sh'),
  ansible_shell_executable: unhonoured('remove it: everything runs in /bin/sh'),
  ansible_ssh_executable: unhonoured('remove it: the connection is not made by a program'),
  ansible_timeout: unhonoured('write ansible_ssh_common_args: -o ConnectTimeout=SECONDS'),
  ansible_ssh_timeout: unhonoured('write ansible_ssh_common_args: -o ConnectTimeout=SECONDS'),
  ansible_ssh_retries: unhonoured('remove it: a login is tried again where that is safe'),
} as const

/** The variables that say how a host is reached. */
export const connectionVariables = params({
  ansible_host: optional(text({ like: /[^\s/@]+/, expected: 'an address or host name' })),
  ansible_port: optional(port()),
  ansible_user: optional(text({ like: /[^\s@:/]+(@[^\s@:/]+)*/, expected: 'a user name' })),
  ansible_ssh_private_key_file: optional(controllerPath()),
  ansible_ssh_args: optional(sshArguments()),
  ansible_ssh_common_args: optional(sshArguments()),
  ansible_ssh_extra_args: optional(sshArguments()),
  ansible_ssh_host_keys: optional(hostKeys()),
  ansible_connection: optional(oneOf('ssh', 'smart')),
  ...withoutBearing,
  ...notHonoured,
  ansible_group_priority: optional(
    refused(
      'counts only among the vars of a group in an inventory',
      'write it there, not into group_vars/ or to a host',
    ),
  ),
  ansible_ssh_host: renamed('ansible_host'),
  ansible_ssh_port: renamed('ansible_port'),
  ansible_ssh_user: renamed('ansible_user'),
  ansible_private_key_file: optional(controllerPath()),
  ansible_password: optional(secret()),
  ansible_ssh_pass: optional(secret()),
  ansible_ssh_password: optional(secret()),
  ...becomeVariables,
})

/** Whether a variable speaks of the connection, and not to a role. */
export const isConnectionVariable = (name: string): boolean => name.startsWith('ansible_')

/** The places of the ssh arguments and the variables they are in. */
const argumentsAt = (own: LocatedMap['entries']): string =>
  ['ansible_ssh_args', 'ansible_ssh_common_args', 'ansible_ssh_extra_args']
    .flatMap((name) => {
      const value = own.get(name)
      return value === undefined ? [] : [`${placeText(value.at)} (${name})`]
    })
    .join(', ')

/** The connection of a host named `name`, or all that is wrong with its variables. */
export function readConnection(
  name: string,
  vars: LocatedMap,
  defaults: ConnectionDefaults,
): { readonly connection: Connection | null; readonly problems: readonly Problem[] } {
  const own = new Map([...vars.entries].filter(([key]) => isConnectionVariable(key)))
  const checked = check(connectionVariables, new LocatedMap(vars.at, own))
  if (!checked.ok) return { connection: null, problems: checked.problems }
  const { value } = checked
  const address = value.ansible_host ?? name
  const port = value.ansible_port ?? null
  const user = value.ansible_user ?? defaults.user
  const words = [
    ...(value.ansible_ssh_args ?? []),
    ...(value.ansible_ssh_common_args ?? []),
    ...(value.ansible_ssh_extra_args ?? []),
  ]
  const shownAddress = address.includes(':') ? `[${address}]` : address
  const become = becomeOf(value, defaults.become, user)
  const way = [`${user === null ? '' : `${user}@`}${shownAddress}${port === null ? '' : `:${port}`}`, ...words]
  const connection = {
    address,
    port,
    user,
    privateKey: value.ansible_ssh_private_key_file ?? value.ansible_private_key_file ?? defaults.privateKey,
    sshArguments: words,
    sshArgumentsAt: words.length === 0 ? undefined : argumentsAt(own),
    hostKeys: value.ansible_ssh_host_keys ?? [],
    password: value.ansible_password ?? value.ansible_ssh_pass ?? value.ansible_ssh_password ?? defaults.password,
    become,
    // The same address by another way (another jump host) may be another machine.
    machine: [...way, ...(become ? [`as ${become.user}`] : [])].join(' '),
  }
  return { connection, problems: [] }
}
