/** What `plinth NAME …` is made of, and how its words are read. A new one is a file here and an entry in commands.ts. */
import { type ExitCode, usageError } from '../core/error.ts'
import { type Option as Known, readOptions } from '../core/options.ts'

export interface Command {
  /** What `plinth NAME --help` prints; fits a screen, with examples. */
  readonly help: string
  /** For completion: its options, the words that may stand first, and what follows each of these. */
  readonly options?: Readonly<Record<string, Option>>
  readonly actions?: Readonly<Record<string, 'host' | 'group' | 'pattern' | 'files' | 'nothing'>>
  /** Does it. `words` are those after the name. Throws PlinthError for what a user can mend. */
  run(words: readonly string[]): Promise<ExitCode>
}

/** A command as the list of commands has it. */
export interface Entry {
  /** Its line in the help. */
  readonly about: string
  /** Loaded when it is called: a command costs the others nothing. */
  readonly load: () => Promise<{ readonly command: Command }>
}

/** An option of a command, by its long name. */
export interface Option extends Known {
  /** Whether a value follows, where `value` does not say what it is called. */
  readonly takesValue?: boolean
}

/** The options and the other words of a command line. */
export interface Given {
  has(option: string): boolean
  /** The values of an option, in order. */
  all(option: string): readonly string[]
  readonly words: readonly string[]
}

/** Options as the reader of command lines knows them. */
export const tableOf = (options: Readonly<Record<string, Option>>): ReadonlyMap<string, Known> =>
  new Map(
    Object.entries(options).map(([name, { short, value, takesValue }]) => [
      name,
      { ...(short && { short }), ...(value ? { value } : takesValue ? { value: 'VALUE' } : {}) },
    ]),
  )

/**
 * Reads the words of a command: long options, short ones, `--` before words that begin with a dash.
 * @param where how messages name the command: `plinth inventory`
 * Throws usageError with everything that is wrong with them.
 */
export function readWords(words: readonly string[], options: Readonly<Record<string, Option>>, where: string): Given {
  const { given, others, rest, problems } = readOptions(words, tableOf(options))
  if (problems.length > 0)
    throw usageError(...problems.map((problem) => ({ ...problem, where: `${where} ${problem.where}` })))
  return {
    has: (option) => given.has(option),
    all: (option) => given.get(option) ?? [],
    words: [...others, ...(rest ?? [])],
  }
}
