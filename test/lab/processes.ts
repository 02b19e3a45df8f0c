/** Which process is meant, so that a number the kernel used again is never taken for it. */
import { readFileSync } from 'node:fs'

export interface ProcessIdentity {
  readonly pid: number
  /** Start time in clock ticks since boot (field 22 of /proc/PID/stat). */
  readonly started: string
}

/** The identity of a living process, or null when there is none of this number (a zombie counts as gone). */
export function identityOf(pid: number): ProcessIdentity | null {
  try {
    // The second field is the command's name, and may hold spaces and parentheses.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, started] = [fields[0], fields[19]]
    return started === undefined || state === 'Z' || state === 'X' ? null : { pid, started }
  } catch {
    return null
  }
}

/** Whether exactly this process still lives. */
export const isAlive = ({ pid, started }: ProcessIdentity): boolean => identityOf(pid)?.started === started
