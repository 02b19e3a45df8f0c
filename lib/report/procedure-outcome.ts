/** What an action of a procedure came to, in the words that a report has for resources. Pure. */
import type { ActionResult } from '../engine/world.ts'
import type { State } from './outcome.ts'

/** What is to be done differs in a check; in a run its turn did not come. */
export function stateOfAction({ state }: ActionResult, check: boolean): State {
  switch (state) {
    case 'done':
      return 'changed'
    case 'due':
    case 'unknown':
      return check ? 'differs' : 'skipped'
    case 'unreached':
      return 'skipped'
    default:
      return state
  }
}
