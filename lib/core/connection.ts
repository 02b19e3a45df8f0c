/**
 * How a host is reached, from the variables that Ansible uses for it. What Plinth cannot honour is an error that says
 * what to do instead: a connection that quietly ignores a setting is not the one that was asked for.
 */
import * as v from 'valibot'
import type { Problem } from './error.ts'
import type { Connection } from './inventory.ts'
import { LocatedMap, LocatedScalar } from './located.ts'
import { check, controllerPath, oneOf, optional, params, port, refused, type Schema, text } from './schema.ts'
import { message, resolvePath } from './values.ts'

/** What counts where the inventory says nothing; the inventory wins over the command line, as in Ansible. */
export interface ConnectionDefaults {
  readonly user: string
  readonly privateKey: string | null
}

const become = () => optional(refused('other users are not supported yet', 'log in as root with ansible_user: root'))
const password = () =>
  optional(refused('logins with a password are not supported yet', 'use a key: ansible_ssh_private_key_file'))
const renamed = (name: string) => optional(refused('an old name', `write ${name}`))
const ignored = () => optional(v.unknown())

/** Files of known hosts in `-o UserKnownHostsFile=… -o StrictHostKeyChecking=yes`. */
const sshArguments = (): Schema<readonly string[]> =>
  v.pipe(
    v.unknown(),
    v.rawTransform<unknown, readonly string[]>(({ dataset, addIssue, NEVER }) => {
      const input = dataset.value
      const written = input instanceof LocatedScalar ? input.text : String(input)
      const at = input instanceof LocatedScalar ? input.at : null
      const files: string[] = []
      for (const option of sshOptions(written)) {
        const [name = '', value = ''] = option.split(/[=\s]+(.*)/s)
        if (/^UserKnownHostsFile$/i.test(name) && value !== '')
          files.push(...value.split(/\s+/).map((file) => resolvePath(file, at)))
        else if (!(/^StrictHostKeyChecking$/i.test(name) && /^yes$/i.test(value))) {
          const off = /^StrictHostKeyChecking$/i.test(name)
          const what = off ? `host keys are always checked, found ${option}` : `not understood: ${name}`
          const remedy = off
            ? 'remove it, and name the file of known keys with -o UserKnownHostsFile=FILE'
            : 'only -o UserKnownHostsFile=FILE and -o StrictHostKeyChecking=yes are'
          addIssue({ message: message(what, remedy) })
          return NEVER
        }
      }
      return files
    }),
  )

/** The options of an ssh command line, without `-o`; anything that is no option comes back as it is. */
function sshOptions(line: string): string[] {
  const words = [...line.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) => word.replace(/["']/g, ''))
  const options: string[] = []
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? ''
    if (word === '-o') options.push(words[++i] ?? '-o')
    else options.push(word.replace(/^-o/, ''))
  }
  return options
}

const variables = params({
  ansible_host: optional(text({ like: /[^\s/@]+/, expected: 'an address or host name' })),
  ansible_port: optional(port()),
  ansible_user: optional(text({ like: /[^\s@:/]+/, expected: 'a user name' })),
  ansible_ssh_private_key_file: optional(controllerPath()),
  ansible_ssh_common_args: optional(sshArguments()),
  ansible_connection: optional(oneOf('ssh')),
  ansible_python_interpreter: ignored(),
  ansible_group_priority: ignored(),
  ansible_ssh_host: renamed('ansible_host'),
  ansible_ssh_port: renamed('ansible_port'),
  ansible_ssh_user: renamed('ansible_user'),
  ansible_private_key_file: optional(controllerPath()),
  ansible_become: become(),
  ansible_become_user: become(),
  ansible_become_method: become(),
  ansible_become_password: become(),
  ansible_become_pass: become(),
  ansible_become_exe: become(),
  ansible_become_flags: become(),
  ansible_password: password(),
  ansible_ssh_pass: password(),
  ansible_ssh_password: password(),
  ansible_ssh_extra_args: optional(refused('not supported yet', 'use ansible_ssh_common_args')),
})

/** Whether a variable speaks of the connection, and not to a role. */
export const isConnectionVariable = (name: string): boolean => name.startsWith('ansible_')

/** The connection of a host named `name`, or all that is wrong with its variables. */
export function readConnection(
  name: string,
  vars: LocatedMap,
  defaults: ConnectionDefaults,
): { readonly connection: Connection | null; readonly problems: readonly Problem[] } {
  const own = new Map([...vars.entries].filter(([key]) => isConnectionVariable(key)))
  const checked = check(variables, new LocatedMap(vars.at, own))
  if (!checked.ok) return { connection: null, problems: checked.problems }
  const { value } = checked
  const address = value.ansible_host ?? name
  const port = value.ansible_port ?? 22
  const user = value.ansible_user ?? defaults.user
  const connection = {
    address,
    port,
    user,
    privateKey: value.ansible_ssh_private_key_file ?? value.ansible_private_key_file ?? defaults.privateKey,
    knownHosts: value.ansible_ssh_common_args ?? [],
    machine: `${user}@${address.includes(':') ? `[${address}]` : address}:${port}`,
  }
  return { connection, problems: [] }
}
