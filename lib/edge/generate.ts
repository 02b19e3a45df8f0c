/** Secrets that nobody has given yet: made here, and written into the variables of a group, encrypted. */
import { randomBytes, randomInt } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { usageError } from '../core/error.ts'
import { LocatedMap } from '../core/located.ts'
import type { Recipe } from '../core/recipe.ts'
import { Secret } from '../core/secret.ts'
import { makeFolder } from './folder.ts'
import { readText, textIn } from './text-file.ts'
import { ValueCommands } from './value-command.ts'
import { isVault, openVaultBytes, sealVault, type VaultKey } from './vault.ts'
import { inlineValue } from './vault-inline.ts'
import { readYaml } from './yaml.ts'

const lower = 'abcdefghijklmnopqrstuvwxyz'
const classes = [lower, lower.toUpperCase(), '0123456789', '-_'] as const

const word = (length: number, alphabet: string): string =>
  Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('')

/** A new secret, of the system's own randomness. */
export function generated(recipe: Recipe): Secret {
  if ('bytes' in recipe) return new Secret(randomBytes(recipe.bytes).toString(recipe.form))
  if (recipe.form === 'letters') return new Secret(word(recipe.length, lower))
  // Another one until each class is there: to put one in by hand would make it easier to guess.
  for (;;) {
    const made = word(recipe.length, classes.join(''))
    if (/^[a-z]/i.test(made) && classes.every((some) => [...some].some((one) => made.includes(one))))
      return new Secret(made)
  }
}

/** Where the variables of a group are written: its folder, or the file that is there already. */
export function fileOfGroup(base: string, group: string): string {
  const stem = join(base, 'group_vars', group)
  if (statSync(stem, { throwIfNoEntry: false })?.isDirectory())
    return [join(stem, 'vault.yaml')].find((file) => existsSync(file)) ?? join(stem, 'vault.yml')
  return (
    ['.yml', '.yaml', '.json', ''].map((end) => `${stem}${end}`).find((file) => existsSync(file)) ??
    join(stem, 'vault.yml')
  )
}

/**
 * The text of a file of variables with these secrets at its end, and all else as it was. Into a file that is encrypted as
 * a whole they go plain, and it is encrypted again with its own password.
 * @param key encrypts single values
 * @param keys open what is encrypted as a whole
 * @throws PlinthError where they can't be added to it
 */
export function withSecrets(
  file: string,
  secrets: ReadonlyMap<string, Secret>,
  key: VaultKey,
  keys: readonly VaultKey[],
): string {
  const there = existsSync(file) ? readText(file, file) : ''
  const whole = isVault(there) ? openVaultBytes(there, keys, file) : null
  const before = whole ? textIn(whole.bytes, file) : there
  const added = [...secrets].map(([name, secret]) =>
    whole ? `${name}: ${JSON.stringify(secret.reveal())}\n` : inlineValue(sealVault(secret.reveal(), key), name),
  )
  const text = `${before}${before === '' || before.endsWith('\n') ? '' : '\n'}${added.join('')}`
  const known = namesIn(before, file)
  const now = namesIn(text, file)
  const right = known && now && now.length === known.length + secrets.size && extname(file) !== '.json'
  if (!right || [...secrets.keys()].some((name) => !now.includes(name)))
    throw usageError({
      where: file,
      what: `nothing can be added at its end (${[...secrets.keys()].join(', ')})`,
      remedy: 'write it as lines of "name: value", or move it into a folder of the name of the group',
    })
  return whole ? sealVault(text, whole.key.as(whole.id)) : text
}

/** The variables in a text; null where it is none of variables. */
function namesIn(text: string, file: string): readonly string[] | null {
  const around = { env: {}, vaultKeys: [], commands: new ValueCommands(), problems: [], complete: false }
  const value = readYaml(text, file, around)
  if (around.problems.length > 0 || value === undefined) return null
  if (value === null) return []
  return value instanceof LocatedMap ? [...value.entries.keys()] : null
}

/** Makes the folder of a file. Throws usageError where it can't be made. */
export function folderOf(file: string): void {
  const where = dirname(file)
  try {
    makeFolder(where)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    throw usageError({ where, what: `it can't be made (${code})`, remedy: 'see to the disk and the rights there' })
  }
}
