/** The real ansible-core, in a virtualenv of its own below the cache folder. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Sample } from './corpus.ts'

/** The release that answers.json is of. */
export const release = '2.19.14'

const folder = join(homedir(), '.cache', 'plinth', `ansible-core-${release}`)
const python = join(folder, 'bin', 'python')

/**
 * The Python that has ansible-core; made first, where that is allowed and PyPI can be reached. Null when there is none,
 * with the reason in `why`.
 */
export function ansiblePython(make: boolean): { readonly python: string } | { readonly why: string } {
  if (existsSync(python)) return { python }
  if (!make) return { why: 'no virtualenv yet, and none is made here' }
  // Into a folder beside it first: a virtualenv that is half made is none, and what a killed run left of one goes.
  const half = `${folder}.${process.pid}`
  mkdirSync(dirname(folder), { recursive: true })
  for (const name of readdirSync(dirname(folder))) {
    const pid = new RegExp(`^ansible-core-${release}\\.(\\d+)$`).exec(name)?.[1]
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(join(dirname(folder), name), { recursive: true })
  }
  try {
    for (const [command, ...words] of [
      ['python3', '-m', 'venv', half],
      [join(half, 'bin', 'python'), '-m', 'pip', 'install', '--quiet', `ansible-core==${release}`],
    ]) {
      const run = spawnSync(command!, words, { encoding: 'utf8', timeout: 120_000 })
      if (run.status !== 0) return { why: (run.stderr || run.error?.message || '').trim().split('\n').at(-1) ?? '' }
    }
    renameSync(half, folder)
    return { python }
  } finally {
    rmSync(half, { recursive: true, force: true })
  }
}

/** The folder of a sample: a name without what means something in paths and sources. */
export const folderOf = (name: string): string => name.replace(/[^\p{L}\p{N}]+/gu, '-')

/** What Ansible says of one sample; for patterns what it passes over is named too. */
export type Answer =
  | { readonly error: true }
  | {
      readonly list: unknown
      readonly graph: string
      readonly hosts: Readonly<
        Record<
          string,
          'error' | readonly string[] | { readonly hosts: readonly string[]; readonly ignored: readonly string[] }
        >
      >
    }

/** Asks about all samples, whose files are below `root`, in one process. */
export function askAnsible(python: string, root: string, samples: readonly Sample[]): Readonly<Record<string, Answer>> {
  writeFileSync(join(root, 'ansible.cfg'), '')
  const asked = samples.map(({ name, sources, patterns }) => ({ name, folder: folderOf(name), sources, patterns }))
  const run = spawnSync(python, [join(import.meta.dirname, 'oracle.py')], {
    input: JSON.stringify({ root, samples: asked }),
    encoding: 'utf8',
    timeout: 120_000,
    maxBuffer: 64 * 1024 * 1024,
    env: { PATH: process.env.PATH, HOME: root, LANG: 'C.UTF-8' },
  })
  if (run.status !== 0) throw new Error(`ansible ended with ${run.status}: ${run.stderr}`)
  return JSON.parse(run.stdout) as Record<string, Answer>
}
