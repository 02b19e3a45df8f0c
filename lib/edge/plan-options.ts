/**
 * What a saved plan says of the options it was made with: those that select what is worked on. With --apply they come
 * from the plan, and the command line may repeat but not contradict them.
 */
import { type Problem, usageError } from '../core/error.ts'
import type { SavedPlan, Selection } from '../core/saved-plan.ts'
import { q } from '../core/script.ts'
import type { Options } from './arguments.ts'
import { shownExtraVars } from './extra-vars.ts'
import { siteOf } from './site.ts'

/** A playbook as its plan names it, from whatever folder and however it is called: its path in its project. */
export const playbookOf = (path: string): string => siteOf(path, []).playbook

/** The options of a run as its plan keeps them: of variables given by value only the names, for they may be secret. */
export const selectionOf = ({ inventory, limit, extraVars, prune }: Options): Selection => ({
  inventory: [...inventory],
  limit,
  extraVars: shownExtraVars(extraVars),
  prune,
})

/** How options are written on a command line, for messages. */
const written: { readonly [K in keyof Selection]: (value: Selection[K]) => string } = {
  inventory: (names) => names.map((name) => `-i ${q(name)}`).join(' '),
  limit: (pattern) => (pattern === null ? '' : `--limit ${q(pattern)}`),
  extraVars: (words) => words.map((word) => `-e ${q(word)}`).join(' '),
  prune: (wanted) => (wanted ? '--prune' : ''),
}

/** The options that make a plan anew in place of the one that was to be done; `…` stands for values that are not kept. */
export function planAnew(options: Options): string {
  const { inventory, limit, extraVars, prune } = selectionOf(options)
  return [
    written.inventory(inventory),
    written.limit(limit),
    written.extraVars(extraVars),
    written.prune(prune),
    `--plan-out ${q(options.apply ?? '')}`,
  ]
    .filter((words) => words !== '')
    .join(' ')
}

/**
 * The options to apply a plan with. Throws a usage error when the playbook is another than the plan's, an option
 * contradicts it, or variables are missing whose values the plan does not hold.
 * @param where the plan's file, for messages
 * @param path of the playbook, as it was called
 */
export function optionsOfPlan(options: Options, where: string, plan: SavedPlan, path: string): Options {
  const problems: Problem[] = []
  const playbook = playbookOf(path)
  if (plan.playbook !== playbook) {
    const remedy = `run ${plan.playbook}, or make a plan of ${playbook}`
    problems.push({ where, what: `a plan of ${plan.playbook}, and this is ${playbook}`, remedy })
  }
  const given = selectionOf(options)
  const compare = <K extends keyof Selection>(key: K): void => {
    const [planned, here] = [written[key](plan.selection[key]), written[key](given[key])]
    if (here === '' || here === planned) return
    const what = planned === '' ? `made without ${here}` : `made with ${planned}, not with ${here}`
    problems.push({ where, what, remedy: 'leave it out: the plan says what is worked on; or make another plan' })
  }
  for (const key of Object.keys(written) as (keyof Selection)[]) compare(key)
  const { inventory, limit, extraVars, prune } = plan.selection
  const inFiles = extraVars.every((word) => word.startsWith('@'))
  if (given.extraVars.length === 0 && !inFiles) {
    const what = `made with ${written.extraVars(extraVars)}, whose values are not in the plan`
    problems.push({ where, what, remedy: 'give the same -e again' })
  }
  if (problems.length > 0) throw usageError(...problems)
  return {
    ...options,
    inventory,
    limit,
    extraVars: options.extraVars.length > 0 ? options.extraVars : extraVars,
    prune,
  }
}
