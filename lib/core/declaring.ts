/**
 * How a playbook is asked what it declares instead of being run: who loads it leaves a function under this name, and `main`
 * calls it. A symbol of the whole process, for the playbook may have another copy of the library.
 */
import type { DeclaredGroup } from './missing-secrets.ts'

const name = Symbol.for('plinth.declaring')

/** Gets the groups that a playbook asks its fleet for. */
export type Listener = (groups: readonly DeclaredGroup[]) => void

/** Who wants to know what the playbook declares; undefined in a run. */
export const listener = (): Listener | undefined => Reflect.get(globalThis, name) as Listener | undefined

/** Runs `work` while `heard` is told. */
export async function listening(heard: Listener, work: () => Promise<unknown>): Promise<void> {
  Reflect.set(globalThis, name, heard)
  try {
    await work()
  } finally {
    Reflect.deleteProperty(globalThis, name)
  }
}
