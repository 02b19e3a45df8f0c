/** A person at the terminal who answers from a list. */
import { usageError } from '../../lib/core/error.ts'
import { Secret } from '../../lib/core/secret.ts'
import type { Asker } from '../../lib/edge/terminal.ts'

export interface FakeAsker extends Asker {
  /** What was asked so far. */
  readonly questions: string[]
}

/** Gives the answers in turn, and then behaves as if there were no terminal. */
export function answering(...answers: string[]): FakeAsker {
  const questions: string[] = []
  const left = answers.values()
  const next: Asker['line'] = async (question, { where, remedy } = { where: 'terminal', remedy: 'run it on one' }) => {
    const { value } = left.next()
    if (value === undefined) throw usageError({ where, what: 'there is no terminal to ask on', remedy })
    questions.push(question)
    return value
  }
  return { questions, line: next, secret: async (...question) => new Secret(await next(...question)) }
}
