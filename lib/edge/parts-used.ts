/**
 * The parts of the library that a process has used. V8 compiles a function when it is first called, and lib/entry keeps the compiled
 * code of a run for the next ones: that of one that asked for help has nothing of what a run needs that changes hosts.
 */
export type Part = 'asking' | 'steps' | 'uploads' | 'databases' | 'http'

export const partsUsed = new Set<Part>()
