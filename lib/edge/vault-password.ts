/**
 * Where vault passwords come from: a file, a program that prints one, the terminal.
 */
import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { usageError } from '../core/error.ts'
import { Secret } from '../core/secret.ts'
import { resolvePath } from '../core/values.ts'
import type { Asker } from './terminal.ts'
import { readText } from './yaml.ts'

export interface VaultPasswordSources {
  /** The values of --vault-password-file. */
  readonly files: readonly string[]
  /** --ask-vault-pass. */
  readonly ask: boolean
}

const variable = 'ANSIBLE_VAULT_PASSWORD_FILE'

/**
 * The passwords to try, in order: the files given, the one that the environment variable ANSIBLE_VAULT_PASSWORD_FILE
 * names, the one that is typed. Throws usageError for a source that yields none.
 */
export async function vaultPasswords(
  { files, ask }: VaultPasswordSources,
  asker: Asker,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<readonly Secret[]> {
  const named = files.map((file) => ({ file, where: '--vault-password-file' }))
  const inherited = env[variable]
  if (inherited) named.push({ file: inherited, where: variable })
  const passwords = named.map(({ file, where }) => fromFile(file, where))
  if (ask) {
    const otherwise = { where: '--ask-vault-pass', remedy: 'use --vault-password-file FILE' }
    passwords.push(given((await asker.secret('Vault password: ', otherwise)).reveal(), '--ask-vault-pass'))
  }
  return passwords
}

/** Spaces and line breaks around a password are not part of it: Ansible cuts them too. */
function given(text: string, where: string): Secret {
  const password = text.trim()
  if (password === '') throw usageError({ where, what: 'an empty vault password', remedy: 'give one' })
  return new Secret(password)
}

function fromFile(file: string, where: string): Secret {
  const path = resolvePath(file, null)
  if (!executable(path)) return given(readText(path, `${where} ${file}`), `${where} ${file}`)
  const run = spawnSync(path, [], { encoding: 'utf8', stdio: ['inherit', 'pipe', 'pipe'], timeout: 60_000 })
  if (run.error || run.status !== 0) {
    const how = run.error ? run.error.message : `ended with exit code ${run.status}`
    const said = run.stderr?.trim().split('\n').at(-1)
    throw usageError({
      where: `${where} ${file}`,
      what: `the program ${how}${said ? ` and said: ${said}` : ''}`,
      remedy: 'run it by hand, or remove its execute permission if it is a file with a password',
    })
  }
  return given(run.stdout, `${where} ${file}`)
}

function executable(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat?.isFile() === true && (stat.mode & 0o111) !== 0
}
