/** What the file of a playbook says of it, without running it. */
import { readFileSync } from 'node:fs'
import { type Description, describe } from '../core/playbook-comment.ts'

/** A file is a playbook of a page or two; more of it is not read. */
const largest = 1024 * 1024

/** The text of a playbook; empty where it can't be read. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').slice(0, largest)
  } catch {
    return ''
  }
}

/** What its first comment says. */
export const descriptionOf = (path: string): Description => describe(textOf(path))
