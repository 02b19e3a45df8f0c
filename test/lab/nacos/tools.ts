/** The programs that make an archive: Maven with a JDK, unzip, tar and gzip. */

import { type SpawnOptions, spawn } from 'node:child_process'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { hostError } from '../../../lib/core/error.ts'

interface Ended {
  readonly code: number | null
  readonly out: Buffer
  readonly err: string
}

/** Runs a program to its end. `line` sees its standard output line by line while it runs. */
function run(command: string, args: readonly string[], options: SpawnOptions = {}, line?: (text: string) => void) {
  return new Promise<Ended>((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout?.on('data', (piece: Buffer) => out.push(piece))
    child.stderr?.on('data', (piece: Buffer) => err.push(piece))
    if (line && child.stdout) createInterface({ input: child.stdout }).on('line', line)
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, out: Buffer.concat(out), err: Buffer.concat(err).toString() }))
  })
}

/** Installs Maven and a JDK where one is missing (Debian, root). */
export async function ensureTools(say: (line: string) => void): Promise<void> {
  const works = (command: string, flag: string): Promise<boolean> =>
    run(command, [flag]).then(
      ({ code }) => code === 0,
      () => false,
    )
  const missing: string[] = []
  if (!(await works('javac', '-version'))) missing.push('openjdk-17-jdk-headless')
  if (!(await works('mvn', '-v'))) missing.push('maven')
  if (!(await works('unzip', '-v'))) missing.push('unzip')
  if (missing.length === 0) return
  say(`installing ${missing.join(', ')} (needed to build Nacos' lab archive)`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  for (const args of [
    ['update', '-q'],
    ['install', '-y', '-q', '--no-install-recommends', ...missing],
  ]) {
    const { code, err } = await run('apt-get', args, { env }).catch((error: Error) => ({ code: 1, err: error.message }))
    if (code === 0) continue
    throw hostError({
      where: 'this machine',
      what: `apt-get ${args[0]} failed: ${err.trim().split('\n').slice(-3).join(' ')}`,
      remedy: `install ${missing.join(', ')} by hand and run again`,
    })
  }
}

/** Runs the build in a copy of `source` at `folder`; returns the path of nacos-server.jar. */
export async function mavenPackage(source: string, folder: string, version: string, say: (line: string) => void) {
  for (const name of ['pom.xml', 'src']) await cp(join(source, name), join(folder, name), { recursive: true })
  say(`Maven puts nacos-server.jar ${version} together (15 s, a minute where nothing is cached yet)`)
  const began = Date.now()
  let fetched = 0
  const ticker = setInterval(() => {
    say(`  ${Math.round((Date.now() - began) / 1000)} s, ${fetched} files fetched`)
  }, 5000)
  try {
    const args = ['--batch-mode', `-Dnacos.version=${version}`, 'package']
    const { code, out, err } = await run('mvn', args, { cwd: folder }, (line) => {
      if (/\bDownloaded from /.test(line)) fetched++
    })
    if (code === 0) return join(folder, 'target', 'nacos-server.jar')
    const errors = out
      .toString()
      .split('\n')
      .filter((line) => line.includes('ERROR'))
    throw hostError({
      where: `lab archive of Nacos ${version}`,
      what: `Maven failed: ${[...errors.slice(0, 3), err.trim()].join(' ').trim()}`,
      remedy: 'check that Maven reaches its repository (the settings are in ~/.m2/settings.xml) and run again',
    })
  } finally {
    clearInterval(ticker)
  }
}

/** The bytes of one entry of a jar. */
export async function fileOfJar(jar: string, entry: string): Promise<Buffer> {
  const { code, out, err } = await run('unzip', ['-p', jar, entry])
  if (code !== 0 || out.length === 0) throw new Error(`${jar} has no ${entry}: ${err}`)
  return out
}

/** Packs `folder/name` into `target` so that equal contents give equal bytes. */
export async function pack(folder: string, name: string, target: string): Promise<void> {
  const script = `set -e
    tar --create --format=gnu --sort=name --mtime=2024-01-01T00:00:00Z --owner=0 --group=0 --numeric-owner \\
      --mode=u=rwX,go=rX --file="$3.tar" -C "$1" "$2"
    gzip -n -1 < "$3.tar" > "$3"
    rm "$3.tar"`
  const { code, err } = await run('sh', ['-c', script, 'pack', folder, name, target])
  if (code !== 0) throw new Error(`packing ${target} failed: ${err}`)
}
