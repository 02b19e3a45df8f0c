/** Plans on disk: readable for their owner alone, and whole or not there. */
import { rmSync } from 'node:fs'
import { PlinthError, type Problem, usageError } from '../core/error.ts'
import { beginsAsPlan, readSavedPlan, type SavedPlan, savedPlanText } from '../core/saved-plan.ts'
import { version } from '../version.ts'
import { mayReplace } from './earlier-file.ts'
import { readText } from './text-file.ts'
import { fileAt, putInPlace, writeBeside } from './whole-file.ts'

const problem = (path: string, what: string, error: unknown): Problem => {
  const { code } = error as NodeJS.ErrnoException
  // What is no answer of the file system is a bug of ours.
  if (code === undefined) throw error
  return { where: path, what: `${what} (${code})`, remedy: 'correct the path, or the rights there' }
}

const refused = (path: string, error: unknown): PlinthError =>
  error instanceof PlinthError ? error : usageError(problem(path, "a plan can't be written there", error))

/** The file that a plan goes to. Throws a usage error for one that is no plan, and what the file system says. */
function placeFor(path: string): string {
  const target = fileAt(path)
  mayReplace(path, target, { name: 'plan', begins: beginsAsPlan })
  return target
}

/**
 * Throws a usage error if no plan could be written to a path, or something else would be lost by it: found before a hundred
 * hosts are asked.
 */
export function mayWritePlan(path: string): void {
  try {
    writeBeside(placeFor(path), '', () => {})
  } catch (error) {
    throw refused(path, error)
  }
}

/** Takes away an earlier run's plan, so that it can't pass for this one's. Throws a usage error when it can't. */
export function removePlan(path: string): void {
  try {
    rmSync(placeFor(path), { force: true })
  } catch (error) {
    throw refused(path, error)
  }
}

/** Writes a plan, in place of an older one. Returns why it could not: the run is over, and what it found counts. */
export function writePlan(path: string, plan: SavedPlan): readonly Problem[] {
  try {
    const target = placeFor(path)
    writeBeside(target, savedPlanText(plan), (written) => putInPlace(written, target))
    return []
  } catch (error) {
    if (error instanceof PlinthError) return error.problems
    const { remedy, ...rest } = problem(path, 'the plan could not be written', error)
    return [{ ...rest, remedy: 'see to the disk; then run this again' }]
  }
}

/** Bytes in a plan: that of a thousand hosts with all they have is a tenth of it. */
const largest = 64 * 1024 * 1024

/** Reads a plan. Throws a usage error for what is none, see `readSavedPlan`. */
export const readPlan = (path: string): SavedPlan => readSavedPlan(path, readText(path, path, largest), version)
