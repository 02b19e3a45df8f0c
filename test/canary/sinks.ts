/** Where a secret may come out, and how it may look there. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** A place by name, and everything that stands there. */
export type Sinks = Readonly<Record<string, string>>

/** A secret by the way it was given. */
export type Canaries = Readonly<Record<string, string>>

const digest = (name: string, text: string): string => createHash(name).update(text).digest('hex')

/** How a text may look: itself, encoded, and as a digest that anybody can make, with a line break at its end or without. */
export const looks = (text: string): readonly string[] =>
  [text, `${text}\n`].flatMap((form) => [
    form.trim(),
    Buffer.from(form).toString('base64').replace(/=+$/, '').slice(0, -1),
    Buffer.from(form).toString('hex'),
    encodeURIComponent(form.trim()),
    ...['md5', 'sha1', 'sha256', 'sha512'].map((name) => digest(name, form)),
  ])

/** `SINK: WAY` for each secret that has come out somewhere, in order. */
export function leaks(sinks: Sinks, canaries: Canaries): readonly string[] {
  const sought = Object.entries(canaries).map(([way, canary]) => [way, looks(canary)] as const)
  return Object.entries(sinks).flatMap(([sink, text]) =>
    sought.filter(([, forms]) => forms.some((form) => text.includes(form))).map(([way]) => `${sink}: ${way}`),
  )
}

/** The names and the content of all files below a folder; empty where there is none. `but` are folders that are left out. */
export function contentsOf(folder: string, but: readonly string[] = []): string {
  let names: string[]
  try {
    names = readdirSync(folder)
  } catch {
    return ''
  }
  return names
    .map((name) => join(folder, name))
    .filter((path) => !but.includes(path))
    .map((path) => {
      const stat = statSync(path, { throwIfNoEntry: false })
      return `${path}\n${stat?.isDirectory() ? contentsOf(path, but) : stat?.isFile() ? readFileSync(path, 'latin1') : ''}\n`
    })
    .join('')
}

/** What a process looks like from outside: its command line and its environment. */
export interface Process {
  readonly command: string
  readonly environment: readonly string[]
}

/** The processes in what site.ts has snapped of /proc. */
export const processesIn = (text: string): readonly Process[] =>
  text
    .split(/^== .*$/m)
    .slice(1)
    .map((one) => {
      const [command = '', environment = ''] = one.split(/^--$/m)
      return { command: command.trim().replaceAll('\n', ' '), environment: environment.trim().split('\n') }
    })

/** All processes of this machine, as they are now. */
export function processesNow(): readonly Process[] {
  const read = (path: string): readonly string[] => {
    try {
      return readFileSync(path, 'latin1').split('\0')
    } catch {
      return []
    }
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => ({ command: read(`/proc/${pid}/cmdline`).join(' '), environment: read(`/proc/${pid}/environ`) }))
}
