/** The commands of `plinth`, in the order of its help. */
import type { Entry } from './command.ts'

export const commands: ReadonlyMap<string, Entry> = new Map<string, Entry>([
  [
    'inventory',
    {
      about: 'show, graph, list: what an inventory comes to; hosts: what a pattern means',
      load: () => import('./inventory.ts'),
    },
  ],
  [
    'vault',
    { about: 'encrypt, decrypt, view, edit, rekey, encrypt-string, generate', load: () => import('./vault.ts') },
  ],
  ['new', { about: 'role, playbook: a skeleton with its test, in this project', load: () => import('./new.ts') }],
  [
    'completion',
    { about: 'bash, zsh: print the script that completes command lines', load: () => import('./completion.ts') },
  ],
])
