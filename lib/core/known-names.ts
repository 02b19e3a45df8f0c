/** Names of options in a playbook or role: no compiler sees it before it runs, and what is passed over in silence changes what is done. */
import { type Problem, usageError } from './error.ts'
import { suggestion } from './nearest.ts'
import { kindOf } from './secret.ts'

/**
 * Throws a usage error for options that are none, that have a name which nothing reads, or that lack one.
 * @param where what they are options of, for the message: `file:/etc/x`
 * @param required names that must have a value
 * @param optional all others that mean something
 */
export function checkNames(
  where: string,
  given: unknown,
  required: readonly string[],
  optional: readonly string[] = [],
): void {
  if (isRight(given, required, optional)) return
  const known = [...required, ...optional]
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw usageError({ where, what: `its options are ${kindOf(given)}`, remedy: `give { ${known.join(', ')} }` })
  const options = given as Readonly<Record<string, unknown>>
  const unknown = Object.keys(options).filter((name) => !known.includes(name))
  const problems: readonly Problem[] = [
    ...unknown.map((name) => ({ where, what: `${name}: unknown option`, remedy: suggestion(name, known, 'option') })),
    ...required
      .filter((name) => options[name] === undefined || options[name] === null)
      .map((name) => ({ where, what: `${name}: missing`, remedy: `add it: ${name}: …` })),
  ]
  throw usageError(...problems)
}

/** Asked of every resource of every host: nothing is made for it. */
function isRight(given: unknown, required: readonly string[], optional: readonly string[]): boolean {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return false
  const options = given as Readonly<Record<string, unknown>>
  for (const name of required) if (options[name] === undefined || options[name] === null) return false
  for (const name in options) if (!required.includes(name) && !optional.includes(name)) return false
  return true
}
