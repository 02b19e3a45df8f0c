import type { Problem } from '../core/error.ts'
import type { Answers, Question } from '../core/probe.ts'
import type { Resource } from '../core/resource.ts'

export interface RequirementOptions {
  readonly probe: readonly Question[]
  /** What stands in the way; none if all is well. */
  check(answers: Answers): readonly Problem[]
  /** What should be known and stops nothing. */
  warn?(answers: Answers): readonly Problem[]
}

/** Something that must hold and that nothing here can bring about: it blocks the run before the first write. */
export function requirement(id: string, { probe, check, warn }: RequirementOptions): Resource {
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
