/** The questions of --step. */
import { PlinthError } from '../core/error.ts'
import type { Consent } from '../engine/world.ts'
import type { Asker } from './terminal.ts'

const words: Readonly<Record<string, Consent>> = { y: 'yes', n: 'no', c: 'all', q: 'quit' }

/**
 * Asks at the terminal until one of the four answers is given. A terminal that goes away, or Ctrl-C, means quit.
 * @param aside clears what is drawn on the terminal, before each question
 * @param quit what quitting does to the run
 */
export const consenting =
  (asker: Asker, aside: () => void, quit: () => void) =>
  async (question: string): Promise<Consent> => {
    const whole = `${question} (y)es, (n)o, (c)ontinue without asking, (q)uit: `
    let answer: Consent | undefined
    while (answer === undefined) {
      aside()
      const typed = await asker.line(whole).catch((error: unknown) => {
        if (!(error instanceof PlinthError)) throw error
        // What follows begins on a line of its own.
        process.stderr.write('\n')
        return 'q'
      })
      const word = typed.trim().toLowerCase()
      answer =
        words[word] ?? Object.values(words).find((one) => one === word) ?? (word === 'continue' ? 'all' : undefined)
    }
    if (answer === 'quit') quit()
    return answer
  }
