/** Where in a playbook or role a function of ours was called, for messages about a mistake that is made right there. */

/** A file with line and column at the end of a line of a stack; what has no file, as `Array.join`, is none. */
const place = /\(?((?:file:\/\/)?(?:\/|[A-Za-z]:\\)[^()\n]*:\d+:\d+)\)?$/m

/**
 * The file, line and column that `entry`, a function that is at work now, was called from.
 * @param otherwise where that can't be told
 */
export function calledFrom(entry: (...args: never) => unknown, otherwise: string): string {
  const at = { stack: '' }
  Error.captureStackTrace(at, entry)
  return place.exec(at.stack)?.[1]?.replace(/^file:\/\//, '') ?? otherwise
}
