/** The tags that YAML has here beyond Ansible's: values that stand elsewhere. */
import { PlinthError, type Problem } from '../core/error.ts'
import { type Located, LocatedList, LocatedScalar, type Place, placeText } from '../core/located.ts'
import type { Secret } from '../core/secret.ts'
import { resolvePath } from '../core/values.ts'
import { readText } from './text-file.ts'
import type { ValueCommands } from './value-command.ts'
import { openVault, type VaultKey, vaultDamage } from './vault.ts'

/** What values may refer to outside of their file, and where problems are gathered, so that all are said at once. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly vaultKeys: readonly VaultKey[]
  readonly commands: ValueCommands
  readonly problems: Problem[]
  /**
   * Whether what `!env` and `!file` name has to be there. Where nothing is done with an inventory but to look at it, a
   * hidden word stands for what is not.
   */
  readonly complete?: boolean
  /** Whether programs and modules are run. Default: yes. Without it they are passed over: what is asked for is quick and harmless. */
  readonly programs?: boolean
}

const report = ({ problems }: Surroundings, at: Place, what: string, remedy: string): void =>
  void problems.push({ where: placeText(at), what, remedy })

/** A value that is made when it is first wanted, and then kept. */
function sealed(at: Place, make: () => Secret): LocatedScalar {
  let opened: Secret | undefined
  const open = (): Secret => {
    opened ??= make()
    return opened
  }
  return new LocatedScalar(at, { open }, '', true)
}

/** `!vault`: opened when it is used; damage is found at once. */
export function vaultValue(text: string, at: Place, around: Surroundings): LocatedScalar {
  const damage = vaultDamage(text)
  if (damage !== null) report(around, at, `damaged vault: ${damage}`, 'encrypt the value again')
  return sealed(at, () => openVault(text, around.vaultKeys, placeText(at)))
}

/** `!command [PROGRAM, WORD, …]`: run when its value is used. */
export function commandValue(value: Located, at: Place, around: Surroundings): LocatedScalar {
  const words = value instanceof LocatedList ? value.items : []
  const texts = words.flatMap((word) =>
    word instanceof LocatedScalar && word.value !== null && typeof word.value !== 'object' ? [word.text] : [],
  )
  const [program = '', ...rest] = texts
  if (texts.length === words.length && program !== '') {
    // Who only looks runs nothing.
    if (around.complete === false) return notThere(at)
    const path = program.includes('/') ? resolvePath(program, at) : program
    return sealed(at, () => around.commands.output([path, ...rest], placeText(at)))
  }
  report(
    around,
    at,
    '!command without a list of words',
    'write !command [PROGRAM, WORD, …], as no shell is there to split it',
  )
  return new LocatedScalar(at, null, '')
}

/** `!env NAME`: what the environment has under this name. */
export function environmentValue(name: string, at: Place, around: Surroundings): LocatedScalar {
  if (name === '') return absent(at, around, '!env without a name', 'write !env NAME')
  const found = around.env[name]
  if (found !== undefined) return new LocatedScalar(at, found, found, true)
  return absent(at, around, `the environment has no variable ${name}`, `export ${name} before the run`)
}

/** `!file PATH`: the content of a file, without the line break at its end. */
export function fileValue(path: string, at: Place, around: Surroundings): LocatedScalar {
  if (path === '') return absent(at, around, '!file without a path', 'write !file PATH')
  try {
    const text = readText(resolvePath(path, at), path).replace(/\r?\n$/, '')
    return new LocatedScalar(at, text, text, true)
  } catch (thrown) {
    if (!(thrown instanceof PlinthError)) throw thrown
    const [problem] = thrown.problems
    return absent(at, around, `!file ${path}: ${problem?.what}`, problem?.remedy ?? '')
  }
}

function absent(at: Place, around: Surroundings, what: string, remedy: string): LocatedScalar {
  if (around.complete !== false) report(around, at, what, remedy)
  return notThere(at)
}

/** What stands for a value that is not there, where that does not matter. */
const notThere = (at: Place): LocatedScalar => new LocatedScalar(at, '(not there)', '(not there)', true)
