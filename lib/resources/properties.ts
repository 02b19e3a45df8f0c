import { PlinthError, type Problem, usageError } from '../core/error.ts'
import type { Answers, Question } from '../core/probe.ts'
import { type Definition, type Diff, type Resource, resource, type Step } from '../core/resource.ts'
import { kindOf, reveal, Secret } from '../core/secret.ts'
import { editProperties, parseProperties } from '../nacos/properties.ts'
import { content } from '../readers.ts'
import { declared } from './declared.ts'
import {
  barredWay,
  type Ownership,
  ownershipStep,
  ownersOf,
  type PathState,
  pathQuestion,
  readPath,
  replaceFile,
  wayQuestion,
} from './path.ts'

export interface PropertiesOptions extends Required<Ownership> {
  /** Values by key; null for a key that must not be set. */
  readonly wanted: Readonly<Record<string, string | Secret | null>>
  /** The text a file begins with that is not there yet. */
  readonly template: string
  /** What is never shown, by its key or by the value that is there; what is wanted as a Secret is not shown anyway. */
  readonly secret: (key: string, value: string) => boolean
}

interface Parsed {
  readonly answer: string
  readonly found: ReadonlyMap<string, string>
  readonly problems: readonly Problem[]
}

const required = ['wanted', 'template', 'secret', 'owner', 'group', 'mode']
const prefix = 'property '
const unset = '(not set)'

/**
 * A .properties file edited key by key: every other line and comment of it stays as it is. Throws a usage error for what
 * can't be declared so, see `declared`.
 */
export function properties(path: string, options: PropertiesOptions): Resource {
  const checked = declared('properties', path, options, required, [])
  for (const [key, value] of Object.entries(checked.wanted))
    if (typeof value !== 'string' && value !== null && !(value instanceof Secret)) {
      const what = `${key} is ${kindOf(value)}`
      throw usageError({ where: `properties:${path}`, what, remedy: 'give text, a Secret, or null for none' })
    }
  return resource(new Properties(path, checked))
}

class Properties implements Definition<PathState> {
  readonly id: string
  readonly needs: readonly string[]
  readonly probe: readonly Question[]
  readonly desired: Partial<PathState>
  private readonly path: string
  private readonly options: PropertiesOptions
  private last: Parsed | undefined

  constructor(path: string, options: PropertiesOptions) {
    const { wanted, owner, group, mode } = options
    const desired: Record<string, string> = { type: 'file', owner, group, mode }
    for (const [key, value] of Object.entries(wanted)) desired[prefix + key] = value === null ? unset : reveal(value)
    this.id = `properties:${path}`
    this.needs = ownersOf(options)
    this.probe = [pathQuestion(path), wayQuestion(path), { reader: content, key: path }]
    this.desired = desired
    this.path = path
    this.options = options
    this.last = undefined
  }

  read(answers: Answers): PathState | null {
    const state = readPath(answers, this.path)
    if (state === null) return null
    const { found } = this.parsed(answers)
    const { type, owner, group, mode } = state
    const all: Record<string, string> & PathState = { type, owner, group, mode }
    for (const key of Object.keys(this.options.wanted)) all[prefix + key] = found.get(key) ?? unset
    return all
  }

  secret(key: string, value: string): boolean {
    if (!key.startsWith(prefix) || value === unset) return false
    const name = key.slice(prefix.length)
    return this.options.wanted[name] instanceof Secret || this.options.secret(name, value)
  }

  blocked(answers: Answers, actual: PathState | null): readonly Problem[] {
    if (actual === null) return []
    if (actual.type !== 'directory') return this.parsed(answers).problems
    const what = 'a directory is where a file should be'
    return [{ where: this.path, what, remedy: 'move it away, then run again' }]
  }

  barred(answers: Answers, pending: ReadonlySet<string>): readonly Problem[] {
    return barredWay(this.path, answers, pending)
  }

  steps({ actual, changed, answers }: Diff<PathState>): readonly Step[] {
    const { path } = this
    const { wanted, template, owner, group, mode } = this.options
    const ownership = { owner, group, mode }
    if (![...changed].some((key) => key === 'type' || key.startsWith(prefix))) {
      return [ownershipStep(path, ownership, actual?.owner)]
    }
    const before =
      actual?.type === 'file'
        ? textOf(answers({ reader: content, key: path }))
        : Buffer.from(template).toString('latin1')
    const keys = [...changed].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length))
    const values = Object.entries(wanted).map(([key, value]) => [key, value === null ? null : reveal(value)] as const)
    return [
      {
        say: actual?.type !== 'file' || keys.length === 0 ? `write ${path}` : `set ${keys.join(', ')} in ${path}`,
        run: replaceFile(path, ownership).text,
        input: Buffer.from(editProperties(before, Object.fromEntries(values)), 'latin1'),
      },
    ]
  }

  /** What the file says now, and why Java would refuse it. Read once, however often somebody wants to know. */
  private parsed(answers: Answers): Parsed {
    const answer = answers({ reader: content, key: this.path })
    if (this.last?.answer !== answer) this.last = { answer, ...parse(this.path, answer) }
    return this.last
  }
}

const textOf = (answer: string): string => Buffer.from(answer, 'base64').toString('latin1')

function parse(path: string, answer: string): Omit<Parsed, 'answer'> {
  try {
    return { found: parseProperties(textOf(answer)), problems: [] }
  } catch (error) {
    if (!(error instanceof PlinthError)) throw error
    const problems = error.problems.map((problem) => ({ ...problem, where: `${path}: ${problem.where}` }))
    return { found: new Map(), problems }
  }
}
