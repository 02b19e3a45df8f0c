/**
 * What a shell's completion asks: what may stand where the cursor is, a line each. It runs no playbook and no program of an
 * inventory, asks for nothing and connects to nothing.
 */
import { becomeMethods } from '../core/become.ts'
import { type Place, type Typed, typed, typedWords } from '../core/command-line.ts'
import { callOf, describe } from '../core/playbook-comment.ts'
import { type Kind, optionsOf } from '../edge/arguments.ts'
import { namesIn } from '../edge/inventory-names.ts'
import { sourceNames } from '../edge/inventory-sources.ts'
import { knownTags } from '../edge/known-tags.ts'
import { textOf } from '../edge/playbook-file.ts'
import { pathsFrom } from '../edge/project.ts'
import { type Entry, tableOf } from './command.ts'

type Commands = ReadonlyMap<string, Entry>

/** What may stand there. */
interface Answer {
  readonly words?: readonly string[]
  /** Names of files too, which the shell knows best. */
  readonly files?: boolean
  /** It is no command line of Plinth's. */
  readonly other?: boolean
}

const nothing: Answer = {}
const files: Answer = { files: true }

const kinds: Readonly<Record<string, Kind>> = { main: 'site', perform: 'procedure', inspect: 'look', each: 'errand' }

/** What may stand where the last of these words is typed. */
export async function complete(words: readonly string[], commands: Commands): Promise<Answer> {
  const [program = '', ...rest] = words
  const name = program.replace(/.*\//, '')
  if (rest.length === 0) return { other: true }
  if (name === 'plinth') return ofCommand(rest, commands)
  const options = ['npx', 'node', 'tsx'].includes(name)
    ? rest.slice(0, -1).findIndex((word) => !word.startsWith('-'))
    : -1
  if (name === 'npx' && options >= 0) return complete(rest.slice(options), commands)
  if (name !== 'tsx' && name !== 'node') return { other: true }
  // `node --import tsx FILE`: a file of TypeScript ends the options of node and tsx.
  const at = rest.slice(0, -1).findIndex((word) => /\.[cm]?[jt]s$/.test(word) && !word.startsWith('-'))
  return at < 0 ? { other: true } : ofPlaybook(rest[at] ?? '', rest.slice(at + 1))
}

async function ofPlaybook(file: string, words: readonly string[]): Promise<Answer> {
  const text = textOf(file)
  const kind = kinds[callOf(text) ?? '']
  if (kind === undefined) return { other: true }
  const table = optionsOf(kind)
  const here = typed(words, table)
  const { place } = here
  if (place.is === 'rest') return files
  if (place.is !== 'value')
    return begun(
      place.open,
      [...table.keys()].map((name) => `--${name}`),
    )
  if (place.option === 'tags' || place.option === 'skip-tags') return parts(place, /.*,/s, knownTags(file))
  if (place.option === 'extra-vars')
    return variables(
      place,
      describe(text).variables.map(({ name }) => `${name}=`),
    )
  return value(here, place)
}

async function ofCommand(words: readonly string[], commands: Commands): Promise<Answer> {
  const [name = '', ...rest] = words
  if (rest.length === 0) return begun(name, [...commands.keys(), '--help', '--version'])
  const entry = commands.get(name)
  if (!entry) return nothing
  const { command } = await entry.load()
  const table = tableOf(command.options ?? {})
  const here = typed(rest, table)
  const { place, others } = here
  if (place.is === 'rest') return nothing
  if (place.is === 'value') return place.option === 'extra-vars' ? variables(place, []) : value(here, place)
  if (place.is === 'option')
    return begun(
      place.open,
      [...table.keys()].map((option) => `--${option}`),
    )
  const [action] = others
  if (action === undefined) return begun(place.open, Object.keys(command.actions ?? {}))
  const wanted = command.actions?.[action]
  if (wanted === 'files') return files
  if (others.length > 1 || wanted === undefined || wanted === 'nothing') return nothing
  const { hosts, groups } = await namesIn(sourcesOf(here))
  if (wanted === 'pattern') return pattern({ ...place, before: '' }, [...hosts, ...groups])
  return begun(place.open, wanted === 'host' ? hosts : groups)
}

type Value = Pick<Extract<Place, { is: 'value' }>, 'before' | 'open'>

/** The value of an option that means the same everywhere. */
async function value(here: Typed, place: Extract<Place, { is: 'value' }>): Promise<Answer> {
  switch (place.option) {
    case 'inventory':
      return { ...parts(place, /(?!)/, sourceNames()), files: true }
    case 'limit': {
      const { hosts, groups } = await namesIn(sourcesOf(here))
      return pattern(place, [...groups, ...hosts])
    }
    case 'group':
      return parts(place, /(?!)/, (await namesIn(sourcesOf(here))).groups)
    case 'become-method':
      return parts(place, /(?!)/, becomeMethods)
    case 'user':
    case 'become-user':
    case 'forks':
      return nothing
    default:
      return files
  }
}

/** What `-i` says so far; all that lies in inventory/ where it says nothing yet. */
const sourcesOf = ({ given }: Typed): readonly string[] => given.get('inventory') ?? sourceNames()

const pattern = (place: Value, names: readonly string[]): Answer =>
  place.open.startsWith('@') ? paths(place) : parts(place, /.*[:,&!]/s, names)

const variables = (place: Value, names: readonly string[]): Answer =>
  place.open.startsWith('@')
    ? paths(place)
    : parts(
        place,
        /.*\s/s,
        names.filter((name) => !place.open.endsWith(name)),
      )

/** Names of files behind an `@`. */
const paths = ({ before, open }: Value): Answer => ({
  words: pathsFrom(open.slice(1)).map((path) => `${before}@${path}`),
})

/** Those of some words that go on from what is typed, behind the last separator. */
function parts({ before, open }: Value, upTo: RegExp, words: readonly string[]): Answer {
  const done = upTo.exec(open)?.[0] ?? ''
  return { words: words.filter((word) => word.startsWith(open.slice(done.length))).map((word) => before + done + word) }
}

const begun = (open: string, words: readonly string[]): Answer => ({
  words: words.filter((word) => word.startsWith(open)),
})

/** The lines for a shell, which takes each word as it stands. */
function answerLines({ words = [], files, other }: Answer): readonly string[] {
  const only = words.length === 1 && /[=/]$/.test(words[0] ?? '')
  return [
    ...(other ? [':other'] : []),
    ...(files ? [':files'] : []),
    ...(only ? [':nospace'] : []),
    ...new Set(words.filter((word) => !/\p{Cc}/u.test(word))),
  ]
}

/** What a line of bash may hold as it is; names in other scripts too. */
const plain = /[^\w@%+=:,./\u0080-\uffff-]/g

/**
 * A word as bash is to insert it: that runs nothing, whatever the name of a file is. Bash takes a word to begin behind its
 * open quote, or else behind its last `=` or `:`, and replaces only the rest of it: what comes before is cut off.
 * @param raw what is typed of it
 */
function bashWord(word: string, raw: string, breaks: string): string {
  const open = /^((?:[^'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")*)(?:'[^']*|"(?:[^"\\]|\\.)*)$/s.exec(raw)?.[1]
  const at = Math.max(...[...breaks].filter((one) => /[=:]/.test(one)).map((one) => raw.lastIndexOf(one)), -1)
  const before = open ?? raw.slice(0, at + 1)
  const rest = word.slice(typedWords(before).at(-1)?.text.length)
  if (open === undefined) return rest.replace(plain, '\\$&')
  return raw[open.length] === "'" ? rest.replaceAll("'", "'\\''") : rest.replace(/["\\$`]/g, '\\$&')
}

/**
 * What the scripts of `plinth completion` ask, and the lines that they get.
 * @param words `bash BREAKS LINE`, the line up to the cursor; or `zsh WORD …`, the last being typed
 */
export async function answer([shell, ...rest]: readonly string[], commands: Commands): Promise<string> {
  if (shell !== 'bash') return answerLines(await complete(rest, commands)).join('\n')
  const [breaks = '', line = ''] = rest
  const words = typedWords(line)
  const found = await complete(
    words.map(({ text }) => text),
    commands,
  )
  const quoted = found.words?.map((word) => bashWord(word, words.at(-1)?.raw ?? '', breaks))
  return answerLines({ ...found, ...(quoted && { words: quoted }) }).join('\n')
}
