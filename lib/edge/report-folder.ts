/** `--report DIR`: the page, the document and the JUnit results of a run, each of them there whole or not at all. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Problem, usageError } from '../core/error.ts'
import { jsonText } from '../core/visible.ts'
import { document } from '../report/document.ts'
import { junit } from '../report/junit.ts'
import { page } from '../report/page.ts'
import type { Ended } from '../report/run.ts'
import { makeFolder } from './folder.ts'
import { putInPlace, writeBeside } from './whole-file.ts'

export interface ReportFolder {
  /** Takes away an earlier run's report, so that it can't pass for this one's. Throws a usage error if it can't. */
  clear(): void
  /** Writes all files; returns what could not be written. */
  write(run: Ended): readonly Problem[]
}

const files: Readonly<Record<string, (run: Ended) => string>> = {
  'report.json': (run) => `${jsonText(document(run), 1)}\n`,
  'junit.xml': junit,
  'report.html': page,
}

/** Makes the folder and tries to write in it: what is there stays. Throws a usage error if it can't. */
export function openReport(folder: string): ReportFolder {
  const trying = (work: () => void): void => {
    try {
      work()
    } catch (error) {
      throw usageError({
        where: `--report ${folder}`,
        what: `it can't be written (${(error as NodeJS.ErrnoException).code})`,
        remedy: 'name a folder that may be written to, or one that can be made',
      })
    }
  }
  trying(() => {
    makeFolder(folder)
    writeBeside(join(folder, 'report.json'), '', () => {})
  })
  return {
    clear: () =>
      trying(() => {
        for (const name of Object.keys(files)) rmSync(join(folder, name), { force: true })
      }),
    write: (run) =>
      Object.entries(files).flatMap(([name, text]) => {
        try {
          replace(join(folder, name), text(run))
          return []
        } catch (error) {
          const { code } = error as NodeJS.ErrnoException
          // What is no answer of the file system is a bug of ours.
          if (code === undefined) throw error
          const where = join(folder, name)
          return [
            {
              where,
              what: `the report could not be written (${code})`,
              remedy: 'see to the disk; the run itself is over',
            },
          ]
        }
      }),
  }
}

/** The old file or the whole new one, whatever happens. */
function replace(path: string, text: string): void {
  const temporary = `${path}.plinth.${process.pid}`
  try {
    writeFileSync(temporary, text, { flush: true })
    putInPlace(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}
