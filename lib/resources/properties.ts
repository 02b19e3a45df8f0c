import { PlinthError, type Problem } from '../core/error.ts'
import type { Answers } from '../core/probe.ts'
import { type Resource, resource } from '../core/resource.ts'
import { reveal, type Secret } from '../core/secret.ts'
import { editProperties, parseProperties } from '../nacos/properties.ts'
import { content } from '../readers.ts'
import { type Ownership, ownershipStep, ownersOf, type PathState, pathQuestion, readPath, replaceFile } from './path.ts'

export interface PropertiesOptions extends Required<Ownership> {
  /** Values by key; null for a key that must not be set. */
  readonly wanted: Readonly<Record<string, string | Secret | null>>
  /** The text a file begins with that is not there yet. */
  readonly template: string
  /** Keys whose values are never shown. */
  readonly secret: (key: string) => boolean
}

interface Parsed {
  readonly answer: string
  readonly found: ReadonlyMap<string, string>
  readonly problems: readonly Problem[]
}

const prefix = 'property '
const unset = '(not set)'

/** A .properties file edited key by key: every other line and comment of it stays as it is. */
export function properties(path: string, { wanted, template, secret, ...ownership }: PropertiesOptions): Resource {
  const question = { reader: content, key: path }
  const values = Object.entries(wanted).map(([key, value]): [string, string | null] => [
    key,
    value === null ? null : reveal(value),
  ])
  const textOf = (answer: string): string => Buffer.from(answer, 'base64').toString('latin1')
  let last: Parsed | undefined
  /** What the file says now, and why Java would refuse it. Read once, however often somebody wants to know. */
  const parsed = (answers: Answers): Parsed => {
    const answer = answers(question)
    if (last?.answer !== answer) last = { answer, ...parse(answer) }
    return last
  }
  const parse = (answer: string): Omit<Parsed, 'answer'> => {
    try {
      return { found: parseProperties(textOf(answer)), problems: [] }
    } catch (error) {
      if (!(error instanceof PlinthError)) throw error
      const problems = error.problems.map((problem) => ({ ...problem, where: `${path}: ${problem.where}` }))
      return { found: new Map(), problems }
    }
  }
  const desired: Record<string, string> = { type: 'file', ...ownership }
  for (const [key, value] of values) desired[prefix + key] = value ?? unset
  return resource<PathState>({
    id: `properties:${path}`,
    needs: ownersOf(ownership),
    probe: [pathQuestion(path), question],
    read(answers) {
      const state = readPath(answers, path)
      if (state === null) return null
      const { found } = parsed(answers)
      return { ...state, ...Object.fromEntries(values.map(([key]) => [prefix + key, found.get(key) ?? unset])) }
    },
    desired,
    secret: (key, value) => key.startsWith(prefix) && value !== unset && secret(key.slice(prefix.length)),
    blocked(answers, actual) {
      if (actual?.type === 'directory')
        return [{ where: path, what: 'a directory is where a file should be', remedy: 'move it away, then run again' }]
      return parsed(answers).problems
    },
    steps({ actual, changed, answers }) {
      if (![...changed].some((key) => key === 'type' || key.startsWith(prefix))) {
        return [ownershipStep(path, ownership)]
      }
      const before = actual?.type === 'file' ? textOf(answers(question)) : Buffer.from(template).toString('latin1')
      const keys = [...changed].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length))
      return [
        {
          say: actual === null || keys.length === 0 ? `write ${path}` : `set ${keys.join(', ')} in ${path}`,
          run: replaceFile(path, ownership).text,
          input: Buffer.from(editProperties(before, Object.fromEntries(values)), 'latin1'),
        },
      ]
    },
  })
}
