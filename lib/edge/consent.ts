/** The questions of --step. */
import { PlinthError } from '../core/error.ts'
import type { Consent } from '../engine/world.ts'
import type { Asker } from './terminal.ts'

/** A map: of an object `constructor` would be a word too. */
const words: ReadonlyMap<string, Consent> = new Map([
  ['y', 'yes'],
  ['yes', 'yes'],
  ['n', 'no'],
  ['no', 'no'],
  ['c', 'all'],
  ['continue', 'all'],
  ['all', 'all'],
  ['q', 'quit'],
  ['quit', 'quit'],
])

/**
 * Asks at the terminal until one of the four answers is given. A terminal that goes away, and any interrupt, means quit.
 * @param run aborted by an interrupt, and where somebody quits
 */
export const consenting =
  (asker: Asker, run: AbortController) =>
  async (question: string): Promise<Consent> => {
    const whole = `${question.replace(/\s+/g, ' ')} (y)es, (n)o, (c)ontinue without asking, (q)uit: `
    let answer: Consent | undefined
    while (answer === undefined) {
      const typed = await asker.line(whole, undefined, run.signal).catch((error: unknown) => {
        if (!(error instanceof PlinthError)) throw error
        return 'q'
      })
      answer = words.get(typed.trim().toLowerCase())
    }
    if (answer === 'quit') run.abort()
    return answer
  }
