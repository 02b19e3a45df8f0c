/**
 * What a playbook says of itself: its first comment, in the words of JSDoc. Nobody has to run a playbook to be told.
 *
 *     /**
 *      * Takes one node out of service before its machine is worked on.
 *      *
 *      * @param node the node
 *      * @param [to=backups] a folder; brackets: it may be left out, and is `backups` then
 *      * @param ...command what stands after `--`
 *      *\/
 */

/** Something that a playbook is told with `-e name=value`. */
export interface Variable {
  readonly name: string
  readonly about: string
  /** Whether it must be given. */
  readonly needed: boolean
  /** What it is where it is not given. */
  readonly fallback?: string
}

export interface Description {
  /** The first paragraph, in one line; empty where there is no comment. */
  readonly about: string
  readonly variables: readonly Variable[]
  /** What stands after `--`, where something does. */
  readonly rest: Omit<Variable, 'needed' | 'fallback'> | null
}

/** Reads the first comment of a playbook's text. */
export function describe(text: string): Description {
  const [, inner = ''] = /^(?:#!.*\n)?(?:\s|\/\/.*\n)*\/\*\*([\s\S]*?)\*\//.exec(text) ?? []
  const lines = inner.split('\n').map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
  const [prose = '', ...tags] = lines.join('\n').split(/^(?=@)/m)
  const params = tags.flatMap((tag) => {
    const [, open, rest, name = '', fallback, about = ''] =
      /^@param\s+(?:\{[^}]*\}\s*)?(\[)?(\.\.\.)?([\w.-]+)(?:=([^\]\s]*))?\]?\s*(?:-\s+)?([\s\S]*)$/.exec(tag) ?? []
    if (name === '') return []
    const paragraph = inOneLine(about)
    return [
      { rest: rest !== undefined, name, about: paragraph, needed: open === undefined, ...(fallback && { fallback }) },
    ]
  })
  const last = params.find(({ rest }) => rest)
  return {
    about: inOneLine(prose),
    variables: params.filter(({ rest }) => !rest).map(({ rest: _, ...variable }) => variable),
    rest: last ? { name: last.name, about: last.about } : null,
  }
}

/** The first paragraph. */
const inOneLine = (text: string): string => (text.trim().split(/\n\s*\n/)[0] ?? '').replace(/\s+/g, ' ').trim()

/** What of `plinth` a playbook is a call of, as far as its text tells: `main`, `perform`, `inspect`, `each`; null for no playbook. */
export function callOf(text: string): string | null {
  for (const [, names = ''] of text.matchAll(/\bimport\s*\{([^}]*)\}\s*from\s*['"]plinth['"]/g)) {
    const found = /\b(main|perform|inspect|each)\b/.exec(names)?.[1]
    if (found !== undefined) return found
  }
  return null
}
