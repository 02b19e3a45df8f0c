/** Laws: what must hold for any input, tried on inputs that are made up. A failure prints its seed and the smallest input. */
import fc from 'fast-check'
import { PlinthError } from '../../lib/core/error.ts'

/** The same inputs in every run; `PLINTH_SEED=N` tries others, and `PLINTH_RUNS=N` more of them. */
const seed = Number(process.env.PLINTH_SEED ?? 20_261_126)

/** Asserts that `holds` throws for none of `runs` inputs. */
export const law = async <T>(
  input: fc.Arbitrary<T>,
  holds: (input: T) => void | Promise<void>,
  runs = 300,
): Promise<void> =>
  fc.assert(
    fc.asyncProperty(input, async (value) => void (await holds(value))),
    {
      seed,
      numRuns: Number(process.env.PLINTH_RUNS ?? runs),
    },
  )

/** What `work` gives, or null for what a user can mend. Anything else that it throws is a bug. */
export async function unlessRefused<T>(work: () => T | Promise<T>): Promise<T | null> {
  try {
    return await work()
  } catch (thrown) {
    if (thrown instanceof PlinthError) return null
    throw thrown
  }
}

/** Texts made of pieces that mean something where they are read, and of others that do not. */
export const textOf = (...pieces: readonly string[]): fc.Arbitrary<string> =>
  fc
    .array(
      fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...pieces) }, fc.string({ unit: 'binary', maxLength: 3 })),
      {
        maxLength: 40,
      },
    )
    .map((parts) => parts.join(''))
