/** Plans on disk: readable for their owner alone, and whole or not there. */
import { renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { type PlinthError, usageError } from '../core/error.ts'
import { readSavedPlan, type SavedPlan, savedPlanText } from '../core/saved-plan.ts'
import { version } from '../version.ts'
import { readText } from './text-file.ts'
import { writeBeside } from './whole-file.ts'

const refused = (path: string, what: string, error: unknown): PlinthError =>
  usageError({
    where: path,
    what: `${what} (${(error as NodeJS.ErrnoException).code ?? String(error)})`,
    remedy: 'correct the path, or the rights there',
  })

/** Throws a usage error if no plan could be written to a path: found before a hundred hosts are asked. */
export function mayWritePlan(path: string): void {
  try {
    if (!statSync(dirname(path)).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' })
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' })
    writeBeside(path, '', () => {})
  } catch (error) {
    throw refused(path, "a plan can't be written there", error)
  }
}

/** Writes a plan, in place of an older one. Throws a usage error when it can't. */
export function writePlan(path: string, plan: SavedPlan): void {
  try {
    writeBeside(path, savedPlanText(plan), (written) => renameSync(written, path))
  } catch (error) {
    throw refused(path, "the plan can't be written there", error)
  }
}

/** Bytes in a plan: that of a thousand hosts with all they have is a tenth of it. */
const largest = 64 * 1024 * 1024

/** Reads a plan. Throws a usage error for what is none, see `readSavedPlan`. */
export const readPlan = (path: string): SavedPlan => readSavedPlan(path, readText(path, path, largest), version)
