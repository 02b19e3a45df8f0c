/** What `plinth vault` does with files: encrypt, decrypt, view, rekey, edit. Nothing is written before all has been read. */
import { exitCode, PlinthError, type Problem, usageError } from '../core/error.ts'
import { visible } from '../core/visible.ts'
import { edited } from '../edge/editor.ts'
import { textIn } from '../edge/text-file.ts'
import { isVault, type Opened, openVaultBytes, sealVault, type VaultKey } from '../edge/vault.ts'
import { readContent, saveEdit, stream, tryWriting, type Written, writeAll } from '../edge/vault-file.ts'
import { hasInlineVaults, withValues, withVaults } from '../edge/vault-inline.ts'

/** How messages name a file. */
const shown = (file: string): string => (file === stream ? 'standard input' : file)
const asText = (content: Buffer): string => content.toString('latin1')
const encrypted = (content: Buffer): boolean => isVault(asText(content.subarray(0, 80)))

/** What is to be written for each file (null for nothing), or, thrown, what is wrong with any of them. */
async function forEach(
  files: readonly string[],
  work: (content: Buffer, where: string) => Omit<Written, 'file'> | null,
  output: string | undefined,
): Promise<readonly Written[]> {
  const problems: Problem[] = []
  const written: Written[] = []
  for (const file of files) {
    try {
      const made = work(await readContent(file), shown(file))
      if (made) written.push({ file: output ?? file, ...made })
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
  if (!hasInlineVaults(content.toString()) && /^[^#\n]*!vault\b/m.test(content.toString()))
    return usageError({
      where,
      what: 'a value in it has the tag !vault and is no vault, or the file is no YAML',
      remedy: 'correct it, or encrypt the value again',
    })
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
 * so that a run which was cut is repeated as it is. Of several files those in which nothing is encrypted are passed over.
 */
export async function rekey(files: readonly string[], keys: readonly VaultKey[], fresh: VaultKey): Promise<void> {
  const all = [...keys, fresh]
  const again = (vault: string, where: string): string => {
    const { bytes, key, id } = openVaultBytes(vault, all, where)
    return key === fresh && id === fresh.id ? vault : sealVault(bytes, fresh)
  }
  const plain: string[] = []
  const work = (content: Buffer, where: string): Omit<Written, 'file'> | null => {
    if (encrypted(content)) return { content: again(asText(content), where) }
    const text = content.toString()
    if (hasInlineVaults(text)) {
      textIn(content, where)
      return { content: withVaults(text, (vault, line) => again(vault, `${where}:${line}`)) }
    }
    if (content.includes('$ANSIBLE_VAULT;'))
      throw usageError({ where, what: 'it has a vault in it, and is no YAML', remedy: 'correct it, or leave it out' })
    if (files.length === 1) throw notWhole(content, where, '')
    plain.push(where)
    return null
  }
  const written = await forEach(files, work, undefined)
  for (const where of plain) console.error(`${where}: nothing in it is encrypted, passed over`)
  await writeAll(written, 'it keeps its old password')
  tell(written, `has the new password (vault id "${fresh.id}")`)
}

/**
 * Opens files in an editor, one after the other; a file is written only where something was edited. No editor is started
 * before all can be opened and written. Exit code 1 once one is saved and another is not.
 */
export async function edit(files: readonly string[], keys: readonly VaultKey[], chosen?: VaultKey): Promise<void> {
  const open = (content: Buffer, where: string): Opened => {
    if (!encrypted(content))
      throw notWhole(content, where, 'edit the file as it is, plinth vault encrypt-string makes a value')
    return openVaultBytes(asText(content), keys, where)
  }
  const check = (content: Buffer, where: string): null => {
    open(content, where)
    tryWriting(where, 'nothing was edited')
    return null
  }
  if (files.includes(stream)) throw usageError({ where: stream, what: 'only files can be edited', remedy: 'name one' })
  await forEach(files, check, undefined)
  const saved: string[] = []
  for (const [index, file] of files.entries()) {
    try {
      const before = await readContent(file)
      const { bytes, key, id } = open(before, file)
      const after = await edited(bytes, file)
      const seal = chosen ?? key.as(id)
      if (after.equals(bytes)) console.error(`${file}: nothing was edited, it is as it was`)
      else {
        saveEdit(file, before, sealVault(after, seal))
        saved.push(file)
        console.error(`${file}: saved, encrypted (vault id "${seal.id}")`)
      }
    } catch (thrown) {
      if (!(thrown instanceof PlinthError) || saved.length === 0) throw thrown
      const what = `saved: ${saved.join(', ')}, not saved: ${files.slice(index).join(', ')}`
      const rest = { where: `of ${files.length} files`, what, remedy: 'edit the others' }
      throw new PlinthError([...thrown.problems, rest], thrown.code === exitCode.usage ? exitCode.failed : thrown.code)
    }
  }
}
