/**
 * Where vault passwords come from: a file, a program that prints one, the terminal. What is cut off around a password is
 * what Ansible cuts off. (ansible-core 2.19, lib/ansible/cli/__init__.py and parsing/vault.)
 */
import { basename, extname } from 'node:path'
import { usageError } from '../core/error.ts'
import { resolvePath } from '../core/values.ts'
import { executable, notStarted, startable } from './program.ts'
import { runProgram } from './program-output.ts'
import type { Asker } from './terminal.ts'
import { readBytes } from './text-file.ts'
import { defaultId, isVault, openVaultBytes, VaultKey } from './vault.ts'

export interface VaultPasswordSources {
  /** The values of --vault-id: `ID@SOURCE` or `SOURCE`, where SOURCE is a file, a program or the word `prompt`. */
  readonly ids: readonly string[]
  /** The values of --vault-password-file. */
  readonly files: readonly string[]
  /** --ask-vault-pass. */
  readonly ask: boolean
}

interface Named {
  readonly id: string
  /** The id as it was given: a client program is told no other. */
  readonly given: string | null
  /** A file or program; null for the terminal. */
  readonly file: string | null
  /** For messages: the option that named it. */
  readonly where: string
}

/** Environment variables that are read as in Ansible. */
const variables = { file: 'ANSIBLE_VAULT_PASSWORD_FILE', ids: 'ANSIBLE_VAULT_IDENTITY_LIST' } as const

type Env = Readonly<Record<string, string | undefined>>

/**
 * The passwords to try, in Ansible's order: those of ANSIBLE_VAULT_IDENTITY_LIST, of --vault-id, of --vault-password-file,
 * of ANSIBLE_VAULT_PASSWORD_FILE, and the one that is typed.
 * @param fresh they are for something new: what is typed is asked for twice
 * @throws PlinthError (exit code 4) for a source that yields none
 */
export async function vaultKeys(
  { ids, files, ask }: VaultPasswordSources,
  asker: Asker,
  { env = process.env, fresh = false }: { readonly env?: Env; readonly fresh?: boolean } = {},
): Promise<readonly VaultKey[]> {
  const listed = (env[variables.ids] ?? '').split(',').map((one) => one.trim())
  const inherited = env[variables.file]
  const file = (where: string) => (file: string) => ({
    id: defaultId,
    given: defaultId,
    file,
    where: `${where} ${file}`,
  })
  const sources: Named[] = [
    ...listed.filter((one) => one !== '').map((one) => named(one, variables.ids)),
    ...ids.map((one) => named(one, '--vault-id')),
    ...files.map(file('--vault-password-file')),
    ...(inherited ? [inherited] : []).map(file(variables.file)),
    ...(ask ? [{ id: defaultId, given: null, file: null, where: '--ask-vault-pass' }] : []),
  ]
  const keys: VaultKey[] = []
  // One after the other: a later password file may be encrypted with an earlier password.
  for (const source of sources) {
    const password =
      source.file === null ? await typed(source, asker, fresh) : await fromFile(source, source.file, keys)
    if (password.length === 0)
      throw usageError({ where: source.where, what: 'an empty vault password', remedy: 'give one' })
    keys.push(new VaultKey(password, source.id, source.file === null))
  }
  return keys
}

/** The files and programs that vault passwords may come from, as they are named by options and environment. */
export const passwordFiles = (
  ids: readonly string[],
  files: readonly string[],
  env = process.env,
): readonly string[] => [
  ...[...(env[variables.ids]?.split(',') ?? []), ...ids].map((value) => value.trim().replace(/^[^@]*@/, '')),
  ...files,
  ...(env[variables.file] ? [env[variables.file] as string] : []),
]

/** Has a typed password typed once more. Throws a PlinthError where it differs. */
export async function typedAgain(key: VaultKey, asker: Asker): Promise<void> {
  const where = 'vault password'
  const of = key.id === defaultId ? '' : ` (${key.id})`
  const otherwise = { where, remedy: 'use --vault-password-file FILE' }
  const again = await asker.secret(`Confirm new vault password${of}: `, otherwise)
  if (!new VaultKey(trimmed(Buffer.from(again.reveal()))).equals(key))
    throw usageError({ where, what: 'the two passwords differ', remedy: 'type it again' })
}

/** What a value of --vault-id means. */
function named(value: string, option: string): Named {
  const [, given = null, source = ''] = /^(?:([^@]*)@)?(.*)$/s.exec(value) ?? []
  const where = `${option} ${value}`
  if (given !== null) checkId(given, where)
  if (source === '') throw usageError({ where, what: 'no source of a password', remedy: 'write ID@FILE or ID@prompt' })
  return { id: given ?? defaultId, given, file: source === 'prompt' ? null : source, where }
}

/** Throws usageError for a vault id that the first line of a vault could not hold. */
export function checkId(id: string, where: string): void {
  if (/^[!-:<-~]+$/.test(id)) return
  throw usageError({ where, what: `"${id}" can't be a vault id`, remedy: 'use letters, digits, _ . and -' })
}

async function typed({ id, where }: Named, asker: Asker, fresh: boolean): Promise<Buffer> {
  const otherwise = { where, remedy: 'use --vault-password-file FILE' }
  const of = where === '--ask-vault-pass' ? '' : ` (${id})`
  const ask = async (question: string): Promise<Buffer> =>
    trimmed(Buffer.from((await asker.secret(`${question}${of}: `, otherwise)).reveal()))
  const password = await ask(fresh ? 'New vault password' : 'Vault password')
  if (fresh && !(await ask('Confirm new vault password')).equals(password))
    throw usageError({ where, what: 'the two passwords differ', remedy: 'type it again' })
  return password
}

/** Without the blanks and line breaks around it; only those of ASCII, for others may be meant. */
function trimmed(bytes: Buffer, blanks = ' \t\n\r\v\f'): Buffer {
  let [from, to] = [0, bytes.length]
  const isBlank = (at: number): boolean => blanks.includes(String.fromCharCode(bytes[at] ?? 0))
  while (from < to && isBlank(from)) from++
  while (from < to && isBlank(to - 1)) to--
  return bytes.subarray(from, to)
}

async function fromFile(source: Named, file: string, earlier: readonly VaultKey[]): Promise<Buffer> {
  const path = resolvePath(file, null)
  if (executable(path)) return trimmed(await printed(path, source), '\r\n')
  const content = trimmed(readBytes(path, source.where, largest))
  const text = content.subarray(0, 4096).toString('latin1')
  if (!isVault(text)) return content
  return trimmed(openVaultBytes(content.toString('latin1'), earlier, source.where).bytes, '\r\n')
}

/** Bytes above which a file is none with a password, nor what a program prints. */
const largest = 1024 * 1024

/** What a client program ends with when it has no password for an id. */
const unknownId = 2

/** What a program prints. One whose name ends with `-client` is told the id: `--vault-id ID`. */
async function printed(path: string, { given, where }: Named): Promise<Buffer> {
  const client = basename(path, extname(path)).endsWith('-client')
  if (!startable(path))
    throw usageError({
      where,
      what: 'it may be executed, and is no program',
      remedy: 'remove its execute permission if it is a file with a password, else begin it with #!/bin/sh',
    })
  const words = client && given !== null ? ['--vault-id', given] : []
  // What is piped in is for us: a secret to encrypt.
  const input = process.stdin.isTTY === true
  const ran = await runProgram(path, words, { seconds: 60, largest, alone: false, input })
  if (ran.code === 0 && ran.stopped === null) return ran.output
  if (ran.error !== null) {
    const [what, remedy] = notStarted(path, ran.error)
    throw usageError({ where, what, remedy })
  }
  const said = ran.said.trim().split('\n').at(-1)
  const how =
    ran.stopped === 'large'
      ? 'printed more than 1 MiB'
      : ran.stopped === 'late'
        ? 'took longer than 60 s'
        : client && ran.code === unknownId
          ? `knows no password for the vault id "${given}"`
          : `ended with ${ran.signal ?? `exit code ${ran.code}`}`
  throw usageError({
    where,
    what: `the program ${how}${said ? ` and said: ${said}` : ''}`,
    remedy: 'run it by hand, or remove its execute permission if it is a file with a password',
  })
}
