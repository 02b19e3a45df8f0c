/** What the benchmark hands to every contender: variables as JSON, templates as files. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Archive } from 'plinth'

type Value = string | number | readonly string[]
type Variables = Readonly<Record<string, Value>>

const fromEnvironment = (name: string): string => {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set: this playbook is started by bench/plinth/run.sh`)
  return value
}

/** The variables that all templates and paths are made of. */
export const variables = JSON.parse(readFileSync(fromEnvironment('BENCH_VARS'), 'utf8')) as Variables

/** One of them as text. */
export const variable = (name: string): string => String(variables[name])

/** The archive to install, as it lies on the controller. */
export const archive: Archive = {
  name: variable('nacos_archive_name'),
  path: variable('nacos_archive'),
  bytes: statSync(variable('nacos_archive')).size,
  sha256: variable('nacos_archive_sha256'),
}

const stateFiles = new Map<string, string>()

/** A file of the end state as it is, read once for all hosts. */
export function stateFile(name: string): string {
  const text = stateFiles.get(name) ?? readFileSync(join(fromEnvironment('BENCH_STATE'), name), 'utf8')
  stateFiles.set(name, text)
  return text
}

/** The text of `state/NAME.j2` for one host: of Jinja the templates use values and one kind of loop. */
export const rendered = (name: string, host: string): string =>
  render(stateFile(`${name}.j2`), { ...variables, node_name: host })

const render = (template: string, values: Variables): string =>
  template
    .replace(/\{% for (\w+) in (\w+) %\}\n([\s\S]*?)\{% endfor %\}\n/g, (_, item: string, list: string, body: string) =>
      [values[list] ?? []]
        .flat()
        .map((value) => render(body, { ...values, [item]: value }))
        .join(''),
    )
    .replace(/\{\{ (\w+) \}\}/g, (_, name: string) => String(values[name]))
