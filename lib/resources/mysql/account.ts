import { type Resource, resource, type Step } from '../../core/resource.ts'
import type { Secret } from '../../core/secret.ts'
import { isStoredPassword } from '../../mysql/password.ts'
import { account as accountReader, name, privileges as privilegesReader } from '../../mysql/readers.ts'

interface AccountState {
  readonly [key: string]: string
  readonly password: string
}

/** The key of the privileges that nobody declared, and its value where there are none. */
const surplusKey = 'not declared'
const none = '(none)'
const has = (privilege: string): string => `privilege ${privilege}`

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
      const found = [...own, ...privileges].map((one): [string, string] => [
        has(one),
        own.includes(one) ? 'granted' : 'missing',
      ])
      const surplus = own.filter((one) => !privileges.includes(one)).sort()
      return {
        password: right === false ? 'another' : 'as declared',
        ...Object.fromEntries(found),
        [surplusKey]: surplus.join(', ') || none,
      }
    },
    desired: {
      password: 'as declared',
      [surplusKey]: none,
      ...Object.fromEntries(privileges.map((one) => [has(one), 'granted'])),
    },
    declared: password.reveal(),
    steps({ actual, changed }) {
      const steps: Step[] = []
      const input = password.reveal()
      if (actual === null)
        steps.push({ say: `create account ${key}`, run: `CREATE USER ${who} IDENTIFIED BY ?`, input })
      else if (changed.has('password')) {
        steps.push({ say: `set the password of ${key}`, run: `ALTER USER ${who} IDENTIFIED BY ?`, input })
      }
      if ([...changed].some((one) => one !== 'password')) {
        // Granted first, and only the surplus taken away: nodes that run must not lose what they need for a moment.
        const surplus = actual?.[surplusKey] ?? none
        const revoke = surplus !== none ? `; REVOKE ${surplus} ON ${grantable} FROM ${who}` : ''
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
