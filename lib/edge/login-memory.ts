/** What the logins of one run know of each other. */
import { KeyRing } from './identities.ts'
import type { Asker } from './terminal.ts'
import { Trials } from './trials.ts'

/** What a run remembers, from one login to the next. */
export interface Memory {
  readonly ring: KeyRing
  /** The machines that have refused their password. */
  readonly refused: Set<string>
  /** What is known of the passwords that were tried. */
  readonly trials: Trials
}
const memories = new WeakMap<Asker, Memory>()

/** Its memory hangs on who is asked: one asker for a whole run. */
export function memoryOf(asker: Asker): Memory {
  const known = memories.get(asker)
  if (known) return known
  const memory = { ring: new KeyRing(asker), refused: new Set<string>(), trials: new Trials() }
  memories.set(asker, memory)
  return memory
}
