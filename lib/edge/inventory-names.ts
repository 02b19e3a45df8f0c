/** The names of hosts and groups, for completion: only files that are data are read, and what is wrong with one is passed over. */
import { PlinthError } from '../core/error.ts'
import { Draft } from '../core/inventory-draft.ts'
import { findSource, readSource } from './inventory-sources.ts'
import { ValueCommands } from './value-command.ts'

export interface Names {
  readonly hosts: readonly string[]
  readonly groups: readonly string[]
}

/** The names in these values of `-i`. No program is run, nothing is decrypted, no password is asked for. */
export async function namesIn(sources: readonly string[]): Promise<Names> {
  const draft = new Draft([])
  const around = {
    env: {},
    vaultKeys: [],
    commands: new ValueCommands(),
    problems: [],
    complete: false,
    programs: false,
  }
  for (const value of sources) {
    try {
      await readSource(findSource(value), draft, around)
    } catch (error) {
      if (!(error instanceof PlinthError)) throw error
    }
  }
  draft.tree.close()
  return { hosts: [...draft.tree.hosts.keys()], groups: draft.tree.names }
}
