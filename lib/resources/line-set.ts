import type { Problem } from '../core/error.ts'
import type { Answers } from '../core/probe.ts'
import { type Resource, resource } from '../core/resource.ts'
import { content } from '../readers.ts'
import { declared } from './declared.ts'
import {
  barredWay,
  type Ownership,
  ownershipStep,
  ownersOf,
  type PathState,
  pathQuestion,
  readPath,
  replaceFile,
  wayQuestion,
} from './path.ts'

export interface LineSetOptions extends Required<Ownership> {
  readonly members: readonly string[]
  /** The members that a file's text names, in the words of the program that reads it. */
  parse(text: string): readonly string[]
  /** The text to write when the set differs. */
  render(members: readonly string[]): string
  /** What should be known of the members that a file names before it is written, and stops nothing. */
  warn?(listed: readonly string[]): readonly Problem[]
}

/** The key of the members that nobody declared, and its value where there are none. */
const strays = 'not declared'
const none = '(none)'
const required = ['members', 'parse', 'render', 'owner', 'group', 'mode']

/**
 * A file whose meaning is a set, and which its own program may rewrite at will: order and comments do not matter. Throws a
 * usage error for what can't be declared so, see `declared`.
 */
export function lineSet(path: string, options: LineSetOptions): Resource {
  const { members, parse, render, warn, owner, group, mode } = declared('line-set', path, options, required, ['warn'])
  const question = { reader: content, key: path }
  const ownership = { owner, group, mode }
  const wanted = new Set(members)
  const listed = (answers: Answers): readonly string[] => parse(Buffer.from(answers(question), 'base64').toString())
  const has = (name: string): string => `member ${name}`
  return resource<PathState>({
    id: `line-set:${path}`,
    needs: ownersOf(ownership),
    probe: [pathQuestion(path), wayQuestion(path), question],
    read(answers) {
      const state = readPath(answers, path)
      if (state === null) return null
      const found = new Set(listed(answers))
      const all = [...found, ...wanted].map((name): [string, string] => [
        has(name),
        found.has(name) ? 'listed' : 'missing',
      ])
      const others = [...found].filter((name) => !wanted.has(name)).sort()
      return { ...state, ...Object.fromEntries(all), [strays]: others.join(' ') || none }
    },
    desired: {
      type: 'file',
      ...ownership,
      [strays]: none,
      ...Object.fromEntries([...wanted].map((name) => [has(name), 'listed'])),
    },
    blocked: (_answers, actual) =>
      actual?.type === 'directory'
        ? [{ where: path, what: 'a directory is where a file should be', remedy: 'move it away, then run again' }]
        : [],
    warn: (answers, actual) => (actual && warn ? warn(listed(answers)) : []),
    barred: (answers, pending) => barredWay(path, answers, pending),
    steps: ({ actual, changed }) =>
      [...changed].some((key) => key === 'type' || key === strays || key.startsWith('member '))
        ? [{ say: `write ${path}`, run: replaceFile(path, ownership).text, input: render(members) }]
        : [ownershipStep(path, ownership, actual?.owner)],
  })
}
