/** The vault passwords of a command line: those that open, and the one that seals. */
import { usageError } from '../core/error.ts'
import type { Host } from '../core/inventory.ts'
import { type Located, LocatedList, LocatedMap } from '../core/located.ts'
import type { Asker } from '../edge/terminal.ts'
import type { VaultKey } from '../edge/vault.ts'
import { typedAgain, vaultKeys } from '../edge/vault-password.ts'
import type { Given } from './command.ts'

/** The options that say where vault passwords come from, for readWords. */
export const keyOptions = {
  'vault-id': { value: 'VALUE' },
  'vault-password-file': { value: 'VALUE' },
  'ask-vault-pass': { short: 'J' },
} as const

/** The passwords that the options and the environment name. */
export const namedKeys = (given: Given, asker: Asker, fresh = false): Promise<readonly VaultKey[]> => {
  const sources = { ids: given.all('vault-id'), files: given.all('vault-password-file') }
  return vaultKeys({ ...sources, ask: given.has('ask-vault-pass') }, asker, { fresh })
}

/**
 * The passwords that the options and the environment name; where they name none, one is asked for.
 * @param fresh they are for something new: what is typed is asked for twice
 */
export async function keysOf(given: Given, asker: Asker, fresh = false): Promise<readonly VaultKey[]> {
  const keys = await namedKeys(given, asker, fresh)
  return keys.length > 0 ? keys : vaultKeys({ ids: [], files: [], ask: true }, asker, { env: {}, fresh })
}

/**
 * Tries a password that is to seal on the encrypted values of an inventory, until it opens one. Where there are none, or
 * others have opened them all, it is new: what was typed is asked for once more.
 * @throws PlinthError for a value that can't be opened
 */
export async function proven(key: VaultKey, hosts: readonly Host[], asker: Asker): Promise<void> {
  const seen = new Set<Located>()
  const open = (value: Located): void => {
    if (key.proven || seen.has(value)) return
    seen.add(value)
    if (value instanceof LocatedList) value.items.forEach(open)
    else if (value instanceof LocatedMap) for (const entry of value.entries.values()) open(entry.value)
    else if (typeof value.value === 'object') value.value?.open()
  }
  for (const { vars } of hosts) open(vars)
  if (!key.proven && key.typed) await typedAgain(key, asker)
}

/** The new password of a rekey: of --new-vault-id or --new-vault-password-file, else it is asked for, twice. */
export async function newKeyOf(given: Given, asker: Asker): Promise<VaultKey> {
  const [ids, files] = [given.all('new-vault-id'), given.all('new-vault-password-file')]
  if (ids.length + files.length > 1)
    throw usageError({ where: '--new-vault-id', what: 'more than one new password', remedy: 'give one' })
  const ask = ids.length + files.length === 0
  const [key] = await vaultKeys({ ids, files, ask }, asker, { env: {}, fresh: true })
  if (key === undefined) throw new Error('no new key, and no error')
  return key
}

/**
 * The password that seals: the only one, or the first with the id that --encrypt-vault-id names.
 * @param option what would give another one
 */
export function sealingKey(keys: readonly VaultKey[], given: Given, option = '--vault-id'): VaultKey {
  const ids = [...new Set(keys.map(({ id }) => id))].join(', ')
  const where = '--encrypt-vault-id'
  const wanted = given.all('encrypt-vault-id').at(-1)
  const [first, ...more] = keys
  const found = wanted === undefined ? first : keys.find(({ id }) => id === wanted)
  if (found === undefined)
    throw usageError({
      where,
      what: `no password was given for the vault id "${wanted}" (there are: ${ids})`,
      remedy: `give it with ${option} ${wanted}@FILE`,
    })
  if (wanted === undefined && more.length > 0)
    throw usageError({
      where,
      what: `which of the ${keys.length} passwords is to encrypt (vault ids: ${ids})?`,
      remedy: `add --encrypt-vault-id ID`,
    })
  return found
}
