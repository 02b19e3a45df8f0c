/** The vault passwords of a command line: those that open, and the one that seals. */
import { usageError } from '../core/error.ts'
import type { Asker } from '../edge/terminal.ts'
import type { VaultKey } from '../edge/vault.ts'
import { vaultKeys } from '../edge/vault-password.ts'
import type { Given } from './command.ts'

/** The options that say where vault passwords come from, for readWords. */
export const keyOptions = {
  'vault-id': { value: 'VALUE' },
  'vault-password-file': { value: 'VALUE' },
  'ask-vault-pass': { short: 'J' },
} as const

/**
 * The passwords that the options and the environment name; where they name none, one is asked for.
 * @param fresh they are for something new: what is typed is asked for twice
 */
export async function keysOf(given: Given, asker: Asker, fresh = false): Promise<readonly VaultKey[]> {
  const sources = { ids: given.all('vault-id'), files: given.all('vault-password-file') }
  const keys = await vaultKeys({ ...sources, ask: given.has('ask-vault-pass') }, asker, { fresh })
  return keys.length > 0 ? keys : vaultKeys({ ids: [], files: [], ask: true }, asker, { env: {}, fresh })
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
