/**
 * Runs script as a host would, under each of the shells that promise 5 of the design names: dash with coreutils, and
 * busybox ash with nothing on its PATH but busybox.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { type Answers, pack, type Question, unpack } from '../lib/core/probe.ts'
import type { Step, Upload } from '../lib/core/resource.ts'
import type { Suite } from './kit.ts'

/** The multi-call binary. */
export const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path)) ?? 'busybox'

/** A folder for one test file, removed at its end, with a PATH of busybox applets in it. */
export class Sandbox {
  readonly folder = mkdtempSync(join(tmpdir(), 'plinth-test-'))
  readonly #applets = join(this.folder, 'busybox-applets')

  constructor(test: Suite) {
    // Modes are asserted, whatever the surroundings' umask.
    process.umask(0o022)
    mkdirSync(this.#applets)
    const { stdout, status } = spawnSync(busybox, ['--list'], { encoding: 'utf8' })
    if (status !== 0) throw new Error('busybox is missing: apt-get install busybox')
    for (const name of stdout.split('\n').filter((name) => /^[a-z]/.test(name) && !name.includes('/')))
      symlinkSync(busybox, join(this.#applets, name))
    test.after(() => rmSync(this.folder, { recursive: true, force: true }))
  }

  /** A fresh empty folder; its name has a blank, a quote and more, so that a forgotten quote shows everywhere. */
  fresh(name = "a b'c $d *"): string {
    return mkdirs(join(mkdtempSync(join(this.folder, 't-')), name))
  }

  /** Runs a script as the long-lived shell would: `set -eu`, standard input as given. `first` goes to the front of PATH. */
  run(shell: ShellName, script: string, input: string | Uint8Array = '', first?: string) {
    const [command, args] = shell === 'dash' ? ['dash', []] : [busybox, ['ash']]
    const path = shell === 'dash' ? (process.env.PATH ?? '') : this.#applets
    const result = spawnSync(command, [...args, '-c', `set -eu\n${script}`], {
      input,
      env: { LC_ALL: 'C', PATH: first === undefined ? path : `${first}:${path}`, HOME: '/nonexistent' },
      cwd: this.folder,
      // What waits for ever would stop the test's own clock too.
      timeout: 20_000,
      killSignal: 'SIGKILL',
    })
    return { code: result.status, stdout: String(result.stdout), stderr: String(result.stderr) }
  }

  /** Asks for real, in one script, as a channel does. Throws when the script fails. */
  ask(shell: ShellName, questions: readonly Question[], first?: string): Answers {
    const { code, stdout, stderr } = this.run(shell, pack(questions, 'mark-7f3a'), '', first)
    if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`)
    return unpack(questions, 'mark-7f3a', stdout)
  }

  /** What a host still has to get of an upload. */
  #missing(shell: ShellName, { path, have }: Upload): Uint8Array {
    return readFileSync(path).subarray(have === undefined ? 0 : Number(this.run(shell, have).stdout))
  }

  /** Does steps for real. Throws at the first that fails. */
  act(shell: ShellName, steps: readonly Step[], first?: string): void {
    for (const { run, input = '', upload, say } of steps) {
      const { code, stderr } = this.run(shell, run, upload ? this.#missing(shell, upload) : input, first)
      if (code !== 0) throw new Error(`${say}: exit code ${code}: ${stderr}`)
    }
  }
}

export const shells = ['dash', 'busybox ash'] as const
export type ShellName = (typeof shells)[number]

/** Makes a folder and gives its path. */
export function mkdirs(path: string): string {
  mkdirSync(path, { recursive: true })
  return path
}

/** Who runs the tests: what chown may always be told. */
export const me = {
  owner: userInfo().username,
  group: spawnSync('id', ['-gn'], { encoding: 'utf8' }).stdout.trim(),
} as const
