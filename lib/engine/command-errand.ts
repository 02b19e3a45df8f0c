/** A command on many hosts. */
import type { Errand } from './errand.ts'
import { stepProblem } from './failures.ts'
import type { Host } from './play.ts'

/** What a command came to on a host. */
export interface CommandEnd {
  /** Null where nobody knows. */
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
  /** Whether it printed more than that. */
  readonly cut: boolean
}

/**
 * The errand that runs a command on each host, and is well where that ends with 0.
 * @param words joined by blanks, and read by the host's /bin/sh, as ssh does. In the home folder of who runs it, with
 *   nothing on its standard input
 * @param deadline seconds after which it is ended there
 */
export function commandErrand(
  words: readonly string[],
  hosts: readonly Host<unknown>[],
  deadline: number,
): Errand<CommandEnd> {
  const text = words.join(' ')
  // What a script of ours stops at (an error, a variable that is not set) is the command's own business.
  const step = { say: text, run: `set +eu\ncd 2>/dev/null || cd /\n${text}`, deadline }
  return {
    name: text,
    hosts,
    acts: true,
    async on(host, { run }) {
      const done = await run(step)
      const { code: exitCode, stdout, stderr, cut, late } = done
      const value = { exitCode, stdout, stderr, cut }
      if (exitCode !== null) return exitCode === 0 ? { value } : { value, failed: `exit code ${exitCode}` }
      const problem = stepProblem(host, step, done)
      return late === undefined ? { value, problem, lost: true } : { value, problem, failed: 'ended at its deadline' }
    },
  }
}
