/** A copy of this checkout whose files a test may change; the packages are shared. */
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

/** The folder of a fresh copy, without a bundle. The caller removes it. */
export function checkout(): string {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-checkout-'))
  for (const name of ['lib', 'roles', 'playbooks', 'package.json', 'tsconfig.json']) {
    cpSync(join(root, name), join(folder, name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

export const remove = (folder: string): void => rmSync(folder, { recursive: true, force: true })
