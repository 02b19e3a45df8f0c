/** What `plinth vault` does with files: encrypt, decrypt, view, rekey, edit. Nothing is written before all has been read. */
import { PlinthError, type Problem, usageError } from '../core/error.ts'
import { visible } from '../core/visible.ts'
import { edited } from '../edge/editor.ts'
import { isVault, openVaultBytes, sealVault, type VaultKey } from '../edge/vault.ts'
import { readContent, stream, type Written, writeAll } from '../edge/vault-file.ts'
import { hasInlineVaults, withValues, withVaults } from '../edge/vault-inline.ts'

/** How messages name a file. */
const shown = (file: string): string => (file === stream ? 'standard input' : file)
const asText = (content: Buffer): string => content.toString('latin1')
const encrypted = (content: Buffer): boolean => isVault(asText(content.subarray(0, 80)))

/** What is to be written for each file, or, thrown, what is wrong with any of them. */
async function forEach(
  files: readonly string[],
  work: (content: Buffer, where: string) => Omit<Written, 'file'>,
  output: string | undefined,
): Promise<readonly Written[]> {
  const problems: Problem[] = []
  const written: Written[] = []
  for (const file of files) {
    try {
      written.push({ file: output ?? file, ...work(await readContent(file), shown(file)) })
    } catch (thrown) {
      if (!(thrown instanceof PlinthError)) throw thrown
      problems.push(...thrown.problems)
    }
  }
  if (problems.length > 0) throw usageError(...problems)
  return written
}

/** Tells, on stderr, what has become of each file. */
function tell(files: readonly Written[], what: string): void {
  for (const { file } of files) if (file !== stream) console.error(`${file}: ${what}`)
}

/** Encrypts whole files in place, or one into `output`. */
export async function encrypt(files: readonly string[], key: VaultKey, output?: string): Promise<void> {
  const seal = (content: Buffer, where: string): Omit<Written, 'file'> => {
    if (encrypted(content))
      throw usageError({
        where,
        what: 'it is encrypted already',
        remedy: 'leave it, or give it another password with rekey',
      })
    return { content: sealVault(content, key) }
  }
  const written = await forEach(files, seal, output)
  await writeAll(written, 'it is not encrypted')
  tell(written, `encrypted (vault id "${key.id}")`)
}

/** Decrypts whole files in place, or one into `output`. Who is neither the owner nor of the group may not read the result. */
export async function decrypt(files: readonly string[], keys: readonly VaultKey[], output?: string): Promise<void> {
  const open = (content: Buffer, where: string): Omit<Written, 'file'> => {
    if (!encrypted(content)) throw notWhole(content, where, 'see them with plinth vault view')
    return { content: openVaultBytes(asText(content), keys, where).bytes, mode: 0o770 }
  }
  const written = await forEach(files, open, output)
  await writeAll(written, 'it is still encrypted')
  tell(written, 'decrypted')
}

function notWhole(content: Buffer, where: string, inside: string): PlinthError {
  return hasInlineVaults(content.toString())
    ? usageError({ where, what: 'only single values in it are encrypted, not the file', remedy: inside })
    : usageError({ where, what: 'it is not encrypted', remedy: 'name a file that is' })
}

/** Prints whole files, and files in which single values are encrypted, as they are in the clear. */
export async function view(files: readonly string[], keys: readonly VaultKey[]): Promise<void> {
  const open = (content: Buffer, where: string): Omit<Written, 'file'> => {
    if (encrypted(content)) return { content: openVaultBytes(asText(content), keys, where).bytes }
    if (!hasInlineVaults(content.toString())) throw notWhole(content, where, '')
    const opened = (vault: string, line: number): string =>
      openVaultBytes(vault, keys, `${where}:${line}`).bytes.toString()
    return { content: withValues(content.toString(), opened) }
  }
  const shownFiles = await forEach(files, open, stream)
  // What was encrypted must not steer a terminal.
  const safe = (one: Written): Written => ({ ...one, content: visible(Buffer.from(one.content as string).toString()) })
  await writeAll(process.stdout.isTTY ? shownFiles.map(safe) : shownFiles, 'it was not shown')
}

/**
 * Encrypts whole files, and single values in files, with another password. What has that password already is left alone,
 * so that a run which was cut is repeated as it is.
 */
export async function rekey(files: readonly string[], keys: readonly VaultKey[], fresh: VaultKey): Promise<void> {
  const all = [...keys, fresh]
  const again = (vault: string, where: string): string => {
    const { bytes, key, id } = openVaultBytes(vault, all, where)
    return key === fresh && id === fresh.id ? vault : sealVault(bytes, fresh)
  }
  const work = (content: Buffer, where: string): Omit<Written, 'file'> => {
    if (encrypted(content)) return { content: again(asText(content), where) }
    const text = content.toString()
    if (!hasInlineVaults(text)) throw notWhole(content, where, '')
    return { content: withVaults(text, (vault, line) => again(vault, `${where}:${line}`)) }
  }
  const written = await forEach(files, work, undefined)
  await writeAll(written, 'it keeps its old password')
  tell(written, `has the new password (vault id "${fresh.id}")`)
}

/** Opens files in an editor, one after the other; a file is written only where something was edited. */
export async function edit(files: readonly string[], keys: readonly VaultKey[], chosen?: VaultKey): Promise<void> {
  for (const file of files) {
    const before = await readContent(file)
    if (!encrypted(before))
      throw notWhole(before, file, 'edit the file as it is, plinth vault encrypt-string makes a value')
    const { bytes, key, id } = openVaultBytes(asText(before), keys, file)
    const after = await edited(bytes, file)
    if (after.equals(bytes)) {
      console.error(`${file}: nothing was edited, it is as it was`)
      continue
    }
    const content = sealVault(after, chosen ?? key.as(id))
    if (!(await readContent(file)).equals(before)) {
      const aside = `${file}.edited`
      await writeAll([{ file: aside, content }], 'your edit is lost')
      throw usageError({
        where: file,
        what: `somebody else changed it meanwhile, your edit is in ${aside}, encrypted`,
        remedy: 'bring the two together',
      })
    }
    await writeAll([{ file, content }], 'is as it was')
    console.error(`${file}: saved, encrypted (vault id "${(chosen ?? key.as(id)).id}")`)
  }
}
