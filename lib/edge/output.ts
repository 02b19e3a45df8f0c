/** Standard output and standard error of this process: readers that go away, that read late, and disks that are full. */
import { writeSync } from 'node:fs'
import { exitCode, problemText } from '../core/error.ts'

/** Whether an error of a stream means no more than that nobody reads it any longer. */
const isGone = ({ code }: NodeJS.ErrnoException, terminal: boolean): boolean =>
  code === 'EPIPE' || code === 'ECONNRESET' || (terminal && code === 'EIO')

/** Once in a process: the command `plinth` loads what playbooks begin with too. */
let heeding = false

/**
 * Has a run go on to its end when whoever reads it goes away (`| head`, a closed terminal). Where standard output could not be
 * written for another reason, as on a full disk, that is said at the end, with exit code 1 where all was well otherwise.
 */
export function heedOutput(): void {
  if (heeding) return
  heeding = true
  let lost: string | undefined
  process.stderr.on('error', () => {})
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (!isGone(error, process.stdout.isTTY === true)) lost ??= error.code ?? error.message
  })
  process.on('exit', (code) => {
    if (lost === undefined) return
    if (code === exitCode.done) process.exitCode = exitCode.failed
    const what = `what was to be printed could not be written (${lost})`
    try {
      writeSync(2, `${problemText({ where: 'stdout', what, remedy: 'see to the disk; all else is done' })}\n`)
    } catch {
      // There is nobody to tell.
    }
  })
}

/** Resolves when all that was printed has been taken, by a pipe that is read late too, or nobody reads it any longer. */
export async function outputTaken(): Promise<void> {
  const streams = [process.stdout, process.stderr]
  await Promise.all(streams.map((stream) => new Promise<void>((taken) => stream.write('', () => taken()))))
}
