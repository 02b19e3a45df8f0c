import type { Problem } from '../core/error.ts'
import { checkNames } from '../core/known-names.ts'
import type { Answers, Question } from '../core/probe.ts'
import type { Resource } from '../core/resource.ts'
import { isText, mistake, shown } from '../core/told.ts'

export interface RequirementOptions {
  readonly probe: readonly Question[]
  /** What stands in the way; none if all is well. */
  check(answers: Answers): readonly Problem[]
  /** What should be known and stops nothing. */
  warn?(answers: Answers): readonly Problem[]
}

const required = ['probe', 'check']
const possible = ['warn']

/**
 * Something that must hold and that nothing here can bring about: it blocks the run before the first write.
 * Throws a usage error for options that can't be its own.
 */
export function requirement(id: string, options: RequirementOptions): Resource {
  if (!isText(id)) throw mistake(requirement, `the id of a requirement is ${shown(id)}`, 'give a text, as port:8848')
  checkNames(id, options, required, possible)
  const { probe, check, warn } = options
  if (!Array.isArray(probe) || typeof check !== 'function' || (warn !== undefined && typeof warn !== 'function'))
    throw mistake(
      requirement,
      `requirement ${id}: probe is no list, or check or warn no function`,
      `give { probe: [], check: (answers) => [] }`,
    )
  return {
    id,
    probe,
    guards: true,
    digest: () => '',
    plan(answers) {
      const problems = check(answers)
      return {
        id,
        action: problems.length === 0 ? 'keep' : 'blocked',
        changes: [],
        steps: [],
        problems,
        warnings: warn?.(answers) ?? [],
      }
    },
  }
}
