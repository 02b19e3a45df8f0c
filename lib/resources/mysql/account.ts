import { checkNames } from '../../core/known-names.ts'
import { type Resource, resource, type Step } from '../../core/resource.ts'
import { kindOf, Secret } from '../../core/secret.ts'
import { isText, mistake, shown } from '../../core/told.ts'
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

/**
 * A MySQL account for one client address, with exactly these privileges on one schema. Privileges elsewhere are left alone.
 * Throws a usage error for what can't be declared so.
 */
export function databaseAccount(user: string, host: string, options: AccountOptions): Resource {
  checkAccount(user, host, options)
  const { password, schema, privileges } = options
  const key = `${user}@${host}`
  const identity = { reader: accountReader, key }
  const granted = { reader: privilegesReader, key }
  const wanted = [...privileges].sort().join(', ')
  const who = `${literalName(user)}@${literalName(host)}`
  const exact = schema.replaceAll('_', '\\_')
  const surplusOf = (words: readonly string[]): readonly string[] => words.filter((one) => !privileges.includes(one))
  return resource<AccountState>({
    id: `account:${key}`,
    needs: [`schema:${schema}`],
    probe: [identity, granted],
    read(answers) {
      const answer = answers(identity)
      if (answer === '') return null
      const [plugin = '', stored = ''] = answer.split('|')
      const right = isStoredPassword(plugin, Buffer.from(stored, 'hex'), password.reveal())
      const grants = grantsOn(schema, answers(granted))
      const own = effective(grants, exact)
      const found = [...own, ...privileges].map((one): [string, string] => [
        has(one),
        own.includes(one) ? 'granted' : 'missing',
      ])
      const surplus = [...grants].flatMap(([written, words]) => {
        const text = surplusOf(words).join(', ')
        return text === '' ? [] : [written === exact ? text : `${text} (on ${written}.*)`]
      })
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
    warn: (_answers, actual) =>
      actual?.password === 'another'
        ? [
            {
              where: key,
              what: "it gets another password: until the nodes there run with it they can't log in to the database anew",
              remedy: `roll at a quiet time, or let both be right for a while (MySQL 8.0.14 and newer), by hand before this run: ALTER USER ${who} IDENTIFIED BY '…' RETAIN CURRENT PASSWORD; and after it: ALTER USER ${who} DISCARD OLD PASSWORD`,
            },
          ]
        : [],
    steps({ actual, changed, answers }) {
      const steps: Step[] = []
      const input = password.reveal()
      if (actual === null)
        steps.push({ say: `create account ${key}`, run: `CREATE USER ${who} IDENTIFIED BY ?`, input })
      else if (changed.has('password')) {
        steps.push({ say: `set the password of ${key}`, run: `ALTER USER ${who} IDENTIFIED BY ?`, input })
      }
      if ([...changed].some((one) => one !== 'password')) {
        // Granted first, and only the surplus taken away: nodes that run must not lose what they need for a moment.
        const grant = `GRANT ${wanted} ON ${name(exact)}.* TO ${who}`
        const revokes = [...grantsOn(schema, answers(granted))].flatMap(([written, words]) => {
          const surplus = surplusOf(words)
          return surplus.length > 0 ? [`REVOKE ${surplus.join(', ')} ON ${name(written)}.* FROM ${who}`] : []
        })
        steps.push({ say: `grant ${wanted} on ${schema} to ${key}`, run: [grant, ...revokes].join('; ') })
      }
      return steps
    },
  })
}

/** What is granted on a schema, sorted, by its name as each grant has it: `_` is any letter there, unless `\` stands before it. */
function grantsOn(schema: string, answer: string): ReadonlyMap<string, readonly string[]> {
  const grants = new Map<string, readonly string[]>()
  for (const line of answer.split('\n').sort()) {
    const [written = '', privilege = ''] = line.split('|')
    if (written.replaceAll('\\', '') !== schema) continue
    grants.set(written, [...(grants.get(written) ?? []), privilege])
  }
  return grants
}

/** A server goes by one row alone: the one that names the schema, and a pattern only where there is none. */
const effective = (grants: ReadonlyMap<string, readonly string[]>, exact: string): readonly string[] =>
  grants.get(exact) ?? (grants.size === 1 ? [...grants.values()].flat() : [])

const literalName = (text: string): string => `'${text.replaceAll("'", "''")}'`

const required = ['password', 'schema', 'privileges']

/** As the server tells them: in other letters they would differ for ever. */
const privilege = /^[A-Z][A-Z_ ]*$/

function checkAccount(user: string, host: string, options: AccountOptions): void {
  if (!isText(user) || !isText(host)) {
    const what = `expected the name of an account and the address of its clients, found ${shown(user)} and ${shown(host)}`
    throw mistake(databaseAccount, what, "give two texts, as 'app', '10.0.0.%'")
  }
  const where = `account:${user}@${host}`
  checkNames(where, options, required)
  const { password, schema, privileges } = options
  if (!(password instanceof Secret))
    throw mistake(databaseAccount, `password of ${where} is ${kindOf(password)}`, 'give a Secret')
  if (!isText(schema)) throw mistake(databaseAccount, `schema of ${where} is ${shown(schema)}`, 'give its name')
  const list: unknown = privileges
  if (!Array.isArray(list) || list.length === 0 || !list.every((one) => typeof one === 'string' && privilege.test(one)))
    throw mistake(
      databaseAccount,
      `privileges of ${where}: expected a list of words in capitals`,
      "write ['SELECT', 'INSERT']",
    )
}
