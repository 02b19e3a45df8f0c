/** The words by which --tags and --skip-tags find resources. Pure. */
import type { Problem } from '../core/error.ts'
import { suggestion } from '../core/nearest.ts'
import type { Resource } from '../core/resource.ts'
import type { Play } from './play.ts'

/** What the command line selects, in Ansible's meaning: what one of `only` finds (everything, if there is none), and none of `skip`. */
export interface Tags {
  readonly only: readonly string[]
  readonly skip: readonly string[]
}

export const everything: Tags = { only: [], skip: [] }

/** Whether the command line leaves anything out at all. */
export const selectsAll = ({ only, skip }: Tags): boolean => only.length === 0 && skip.length === 0

/** Every word that finds a resource: its play, the play's tags, its kind, and its own tags. */
export const wordsOf = ({ name, options }: Play, { id, tags = [] }: Resource): readonly string[] => [
  ...new Set([name, ...(options.tags ?? []), kindOf(id), ...tags]),
]

/** `file` of `file:/etc/x`. */
const kindOf = (id: string): string => id.replace(/:.*/s, '')

export function isSelected({ only, skip }: Tags, words: readonly string[]): boolean {
  const wanted = only.length === 0 || words.some((word) => only.includes(word))
  return wanted && !words.some((word) => skip.includes(word))
}

/** The word that finds just what belongs with a resource: its role's, else its play's; or the one it was skipped by. */
export function tagOf(
  play: Play,
  resource: Resource,
  { skip }: Tags,
): { readonly tag: string; readonly skipped: boolean } {
  const by = wordsOf(play, resource).find((word) => skip.includes(word))
  return { tag: by ?? resource.tags?.[0] ?? play.name, skipped: by !== undefined }
}

/** What is wrong with the tags of a command line, given every word that there is. */
export function tagProblems({ only, skip }: Tags, known: ReadonlySet<string>): readonly Problem[] {
  const wrong = (where: string, words: readonly string[]): readonly Problem[] =>
    words
      .filter((word) => !known.has(word))
      .map((word) => ({ where, what: `there is no tag "${word}"`, remedy: suggestion(word, [...known].sort(), 'tag') }))
  return [...wrong('--tags', only), ...wrong('--skip-tags', skip)]
}
