/** The tags of playbooks as their last runs had them: what completion offers, which runs no playbook. */
import { createHash } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { makeFolder } from './folder.ts'

const folder = (): string => join(homedir(), '.cache', 'plinth', 'tags')
const fileOf = (playbook: string): string =>
  join(folder(), createHash('sha256').update(resolve(playbook)).digest('hex').slice(0, 24))

/** The words that found something in the last run of a playbook (its path); none where there was none. */
export function knownTags(playbook: string): readonly string[] {
  try {
    return readFileSync(fileOf(playbook), 'utf8').split('\n').filter(Boolean)
  } catch {
    return []
  }
}

/** Keeps them, where they are others than those that are kept. Where that can't be written, completion knows less. */
export function rememberTags(playbook: string, words: readonly string[]): void {
  const tags = [...words].sort()
  if (tags.join('\n') === knownTags(playbook).join('\n')) return
  const file = fileOf(playbook)
  try {
    makeFolder(folder())
    writeFileSync(`${file}.${process.pid}`, tags.join('\n'))
    renameSync(`${file}.${process.pid}`, file)
  } catch {}
}
