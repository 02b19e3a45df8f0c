import { type Resource, resource, type Step } from '../../core/resource.ts'
import type { Secret } from '../../core/secret.ts'
import { isStoredPassword } from '../../mysql/password.ts'
import { account as accountReader, name, privileges as privilegesReader } from '../../mysql/readers.ts'

interface AccountState {
  readonly [key: string]: string
  readonly password: string
  readonly privileges: string
}

export interface AccountOptions {
  readonly password: Secret
  readonly schema: string
  /** Privileges on that schema, no more and no less. */
  readonly privileges: readonly string[]
}

/** A MySQL account for one client address, with exactly these privileges on one schema. Privileges elsewhere are left alone. */
export function databaseAccount(
  user: string,
  host: string,
  { password, schema, privileges }: AccountOptions,
): Resource {
  const key = `${user}@${host}`
  const identity = { reader: accountReader, key }
  const granted = { reader: privilegesReader, key }
  const wanted = [...privileges].sort().join(', ')
  const who = `${literalName(user)}@${literalName(host)}`
  const grantable = `${name(schema.replaceAll('_', '\\_'))}.*`
  return resource<AccountState>({
    id: `account:${key}`,
    needs: [`schema:${schema}`],
    probe: [identity, granted],
    read(answers) {
      const answer = answers(identity)
      if (answer === '') return null
      const [plugin = '', stored = ''] = answer.split('|')
      const right = isStoredPassword(plugin, Buffer.from(stored, 'hex'), password.reveal())
      const own = answers(granted)
        .split('\n')
        .filter((line) => line.startsWith(`${schema}|`))
        .map((line) => line.slice(schema.length + 1))
      return { password: right === false ? 'another' : 'as declared', privileges: own.sort().join(', ') }
    },
    desired: { password: 'as declared', privileges: wanted },
    declared: password.reveal(),
    steps({ actual, changed }) {
      const steps: Step[] = []
      const input = password.reveal()
      if (actual === null)
        steps.push({ say: `create account ${key}`, run: `CREATE USER ${who} IDENTIFIED BY ?`, input })
      else if (changed.has('password')) {
        steps.push({ say: `set the password of ${key}`, run: `ALTER USER ${who} IDENTIFIED BY ?`, input })
      }
      if (changed.has('privileges')) {
        // Granted first, and only the surplus taken away: nodes that run must not lose what they need for a moment.
        const surplus = (actual?.privileges ?? '').split(', ').filter((one) => one !== '' && !privileges.includes(one))
        const revoke = surplus.length > 0 ? `; REVOKE ${surplus.join(', ')} ON ${grantable} FROM ${who}` : ''
        steps.push({
          say: `grant ${wanted} on ${schema} to ${key}`,
          run: `GRANT ${wanted} ON ${grantable} TO ${who}${revoke}`,
        })
      }
      return steps
    },
  })
}

const literalName = (text: string): string => `'${text.replaceAll("'", "''")}'`
