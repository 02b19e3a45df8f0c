/** The commands of `plinth`, in the order of its help. */
import type { Command } from './command.ts'

interface Entry {
  /** Its line in the help. */
  readonly about: string
  /** Loaded when it is called: a command costs the others nothing. */
  readonly load: () => Promise<{ readonly command: Command }>
}

export const commands: ReadonlyMap<string, Entry> = new Map([
  [
    'inventory',
    {
      about: 'show, graph, list: what an inventory comes to; hosts: what a pattern means',
      load: () => import('./inventory.ts'),
    },
  ],
  [
    'vault',
    {
      about:
        "Ansible's vaults: encrypt, decrypt, view, edit, rekey, encrypt-string; generate: secrets nobody has given",
      load: () => import('./vault.ts'),
    },
  ],
])

/** Named in the design and not there yet. */
export const later: readonly string[] = ['vault', 'new'].filter((name) => !commands.has(name))
