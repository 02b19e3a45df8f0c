/**
 * The variables of the command line: `-e key=value`, `-e '{"key": 1}'`, `-e @file.yaml`. They win over all others.
 */
import { usageError } from '../core/error.ts'
import { mergeVariables, ofOnePlace, type Variables } from '../core/inventory.ts'
import { kindOf, LocatedMap, LocatedScalar, type Place } from '../core/located.ts'
import { pairWords } from '../core/pair-words.ts'
import { resolvePath } from '../core/values.ts'
import { shownPath } from './inventory-sources.ts'
import { ValueCommands } from './value-command.ts'
import { readYaml, readYamlFile } from './yaml.ts'
import type { Surroundings } from './yaml-tags.ts'

const option = '--extra-vars'
/** What stands for a value in a command to go on with: who copies it must not run with that. */
const leftOut = new Set(['***', '…'])
const place: Place = { file: option, line: 0, column: 0 }

/** The variables in the values of --extra-vars; a later one wins. Throws usageError for what is no variable. */
export function readExtraVars(values: readonly string[], around: Surroundings): Variables {
  return mergeVariables(...values.map((value) => ofOnePlace(readOne(value, around))))
}

/** The values as they may be kept: `@FILE` as it is; of variables given by value the names, for any of them may be secret. */
export const shownExtraVars = (values: readonly string[]): string[] =>
  values.map((value) => {
    if (value.startsWith('@')) return value
    // What is wrong with them is said by who reads them.
    const around: Surroundings = { env: {}, vaultKeys: [], commands: new ValueCommands(), problems: [] }
    return [...readOne(value, around).keys()].map((name) => `${name}=…`).join(' ')
  })

function readOne(value: string, around: Surroundings): Variables {
  if (value.startsWith('@')) {
    const file = value.slice(1)
    if (file === '') throw usageError({ where: option, what: 'no file after "@"', remedy: 'write @FILE' })
    // A shell leaves the ~ of @~/more.yaml as it is.
    const path = resolvePath(file, null)
    return mapOf(readYamlFile(path, shownPath(path), around), value)
  }
  if (/^[[{]/.test(value)) return mapOf(readYaml(value, option, around), 'the text')
  if (/\{\{|\{%/.test(value))
    throw usageError({ where: option, what: 'Jinja expressions are not evaluated', remedy: 'write the value' })
  const words = pairWords(value)
  if (words === null) throw usageError({ where: option, what: 'a quote is not closed', remedy: 'close it' })
  const pairs = words.map((word, i): [string, string] => {
    const cut = word.indexOf('=')
    if (cut > 0 && leftOut.has(word.slice(cut + 1)))
      throw usageError({
        where: option,
        what: `${word}: the value was left out where that was shown`,
        remedy: 'write it in its place',
      })
    if (word.startsWith('__proto__='))
      throw usageError({ where: option, what: '"__proto__" cannot be a key', remedy: 'use another name' })
    if (cut > 0) return [word.slice(0, cut), word.slice(cut + 1)]
    const remedy = /^[./~]/.test(word) ? `write @${word} for a file` : 'write key=value, JSON, or @FILE'
    // The word itself may be the end of a password with a space in it.
    throw usageError({ where: option, what: `word ${i + 1} is not key=value`, remedy })
  })
  return new Map(pairs.map(([key, text]) => [key, { at: place, value: new LocatedScalar(place, text, text) }]))
}

function mapOf(value: ReturnType<typeof readYaml>, what: string): Variables {
  if (value === undefined) return new Map()
  if (value instanceof LocatedMap) return value.entries
  const found = value === null ? 'nothing' : kindOf(value)
  throw usageError({
    where: option,
    what: `${what}: expected variables, found ${found}`,
    remedy: what.startsWith('@') ? 'write lines of "name: value"' : 'write {"key": "value"}',
  })
}
