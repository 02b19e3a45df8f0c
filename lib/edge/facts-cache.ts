/** Facts of earlier runs, one small file per machine: they save the second round trip, and every run checks them. */
import { createHash } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Facts } from '../core/facts.ts'
import { makeFolder } from './folder.ts'

const folder = (): string => join(homedir(), '.cache', 'plinth', 'facts')
/** Another number for another shape of `Facts`: roles must never see one that an older Plinth wrote. */
const format = 1
const fileOf = (machine: string): string =>
  join(folder(), `${createHash('sha256').update(`${format} ${machine}`).digest('hex').slice(0, 24)}.json`)

/** What is known of a machine (`user@address:port`); null when nothing is, or it can't be read. */
export function cachedFacts(machine: string): Facts | null {
  try {
    return JSON.parse(readFileSync(fileOf(machine), 'utf8')) as Facts
  } catch {
    return null
  }
}

/** Keeps facts for the next run. A cache that can't be written costs a round trip and nothing else. */
export function cacheFacts(machine: string, facts: Facts): void {
  const file = fileOf(machine)
  try {
    makeFolder(folder())
    writeFileSync(`${file}.${process.pid}`, JSON.stringify(facts))
    renameSync(`${file}.${process.pid}`, file)
  } catch {}
}
