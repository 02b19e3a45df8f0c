/** What `plinth NAME …` is made of, and how its words are read. A new one is a file here and an entry in commands.ts. */
import { parseArgs } from 'node:util'
import { type ExitCode, type Problem, usageError } from '../core/error.ts'
import { suggestion } from '../core/nearest.ts'

export interface Command {
  /** What `plinth NAME --help` prints; fits a screen, with examples. */
  readonly help: string
  /** Does it. `words` are those after the name. Throws PlinthError for what a user can mend. */
  run(words: readonly string[]): Promise<ExitCode>
}

/** An option of a command, by its long name. */
export interface Option {
  readonly short?: string
  /** Whether a value follows; else it is there or not. */
  readonly takesValue?: boolean
}

/** The options and the other words of a command line. */
export interface Given {
  has(option: string): boolean
  /** The values of an option, in order. */
  all(option: string): readonly string[]
  readonly words: readonly string[]
}

/**
 * Reads the words of a command: long options, short ones, `--` before words that begin with a dash.
 * @param where how messages name the command: `plinth inventory`
 * Throws usageError with everything that is wrong with them.
 */
export function readWords(words: readonly string[], options: Readonly<Record<string, Option>>, where: string): Given {
  const { tokens } = parseArgs({
    args: [...words],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(options).map(([name, { short, takesValue }]) => [
        name,
        { type: takesValue ? ('string' as const) : ('boolean' as const), ...(short ? { short } : {}) },
      ]),
    ),
  })
  const problems: Problem[] = []
  const values = new Map<string, string[]>()
  const others: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') others.push(token.value)
    if (token.kind !== 'option') continue
    const { name, rawName, value } = token
    const option = Object.hasOwn(options, name) ? options[name] : undefined
    const wrong = (what: string, remedy: string): void =>
      void problems.push({ where: `${where} ${rawName}`, what, remedy })
    if (!option)
      wrong(
        'unknown option',
        suggestion(
          rawName,
          Object.keys(options).map((known) => `--${known}`),
          'option',
        ),
      )
    else if (option.takesValue && !value) wrong('needs a value', `write ${rawName} VALUE`)
    else if (!option.takesValue && value !== undefined) wrong('takes no value', `write ${rawName} alone`)
    else values.set(name, [...(values.get(name) ?? []), value ?? ''])
  }
  if (problems.length > 0) throw usageError(...problems)
  return { has: (option) => values.has(option), all: (option) => values.get(option) ?? [], words: others }
}
