/** The log of a start that failed, to the one cause and the way out. Nacos itself says "No DataSource set" for half of them. */
import { causes, type DiagnosisContext } from './causes.ts'
import type { Mode, Version } from './version.ts'

export type { DiagnosisContext }

export interface Diagnosis {
  /** Short and stable, for reports and tests: `port taken`. */
  readonly name: string
  readonly what: string
  /** An imperative sentence without a final stop. */
  readonly remedy: string
}

/**
 * The cause of a failed start; undefined when the log names none that is known. `log` is what that one start wrote
 * (start.out, or the journal, with logs/nacos.log): earlier failures in it would be taken for this one's.
 */
export function diagnose(log: string, context: DiagnosisContext): Diagnosis | undefined {
  for (const { name, pattern, when, what, remedy } of causes) {
    const match = pattern.exec(log)
    if (!match || (when && !when(log, context))) continue
    return { name, what: typeof what === 'string' ? what : what(match, context), remedy }
  }
  return undefined
}

/** What a log holds once a start came to its end. A merged 3.x says it three times: server, API and console. */
export const successLine = (version: Version): RegExp =>
  version.major >= 3
    ? /^(?=[\s\S]*Nacos started successfully)(?=[\s\S]*Nacos Server API started successfully)(?=[\s\S]*Nacos Console started successfully)/
    : /Nacos started successfully in (?:cluster|stand alone) mode\. use (?:external|embedded) storage/

/** Lines that say a start has failed. The process may live on all the same (before 2.2.0, #9393). */
export const failureLines: readonly RegExp[] = [
  /Startup errors/,
  /Nacos failed to start/,
  /Application run failed/,
  /^Error: (?:Could not|Unable to|A JNI error)/m,
]

/**
 * Whether the next attempt may succeed with nothing changed: members of an embedded cluster read their data through the
 * leader while they start, and fail if it goes just then (seen with 2.1.1, all three at once).
 * @param output what the start that failed wrote
 */
export const mayHeal = (output: string, mode: Mode): boolean =>
  mode === 'embedded' && /did not find the Leader node/.test(output)

/** Of a failure whose cause is not known, the line that says most: the innermost exception, else the last error. */
export function lastWords(output: string): string | undefined {
  const lines = output.split('\n')
  const line =
    lines.findLast((text) => text.startsWith('Caused by: ')) ??
    lines.findLast((text) => /\bERROR\b|^Error: /.test(text))
  return line?.trim().slice(0, 300)
}

const stamp = /^\[?(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)/

/** The lines of a log from the moment on when `start` (the output of one start) began; all of it when that says no time. */
export function sinceStart(log: string, start: string): string {
  const began = timeOf(start.split('\n').find((line) => timeOf(line) !== undefined) ?? '')
  if (began === undefined) return log
  const lines = log.split('\n')
  const first = lines.findIndex((line) => (timeOf(line) ?? '') >= began)
  return first < 0 ? '' : lines.slice(first).join('\n')
}

const timeOf = (line: string): string | undefined => stamp.exec(line)?.[1]?.replace('T', ' ')
