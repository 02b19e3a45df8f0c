/** What a playbook declares, without running it. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { listening } from '../core/declaring.ts'
import { PlinthError, usageError } from '../core/error.ts'
import type { DeclaredGroup } from '../core/missing-secrets.ts'
import { importing } from './importing.ts'

/**
 * The groups that the playbook asks its fleet for, each with the schema of its hosts. Nothing is read or done beyond what
 * the playbook's own code does when it is loaded.
 * @throws PlinthError (exit code 4) when there is no such file, it can't be loaded, or declares nothing
 */
export async function declaredGroups(playbook: string): Promise<readonly DeclaredGroup[]> {
  if (!existsSync(playbook))
    throw usageError({ where: playbook, what: 'there is no such playbook', remedy: 'name one with --playbook FILE' })
  const found: DeclaredGroup[] = []
  try {
    await listening(
      (groups) => void found.push(...groups),
      () => importing()(pathToFileURL(resolve(playbook)).href),
    )
  } catch (thrown) {
    if (thrown instanceof PlinthError) throw thrown
    const [line = ''] = String((thrown as Error).message ?? thrown).split('\n')
    throw usageError({ where: playbook, what: `it can't be loaded: ${line}`, remedy: 'correct it' })
  }
  if (found.length > 0) return found
  const what = 'it declares no group of hosts'
  throw usageError({ where: playbook, what, remedy: 'name a playbook of main(…) with --playbook FILE' })
}
