/** What every kind that lives at a path shares: how its state is read, and the script that replaces a file atomically. */
import { posix } from 'node:path'
import type { Answers, Question } from '../core/probe.ts'
import { type Script, sh } from '../core/script.ts'
import { stat } from '../readers.ts'

/** Owner, group and mode as they should be; what is left out is left alone on a path that is there already. */
export interface Ownership {
  readonly owner?: string
  readonly group?: string
  /** Four octal digits: `0644`. */
  readonly mode?: string
}

export interface PathState {
  readonly [key: string]: string
  readonly type: string
  readonly mode: string
  readonly owner: string
  readonly group: string
}

const types: Readonly<Record<string, string>> = {
  'regular file': 'file',
  'regular empty file': 'file',
  directory: 'directory',
  'symbolic link': 'link',
}

/** The question that `readPath` reads its answer from. */
export const pathQuestion = (path: string): Question => ({ reader: stat, key: path })

/** Type, mode (`0644`), owner and group of a path; null when nothing is there. */
export function readPath(answers: Answers, path: string): PathState | null {
  const answer = answers(pathQuestion(path))
  if (answer === '') return null
  const [type = '', mode = '', owner = '', group = ''] = answer.split('|')
  return { type: types[type] ?? 'other', mode: mode.padStart(4, '0'), owner, group }
}

/** `owner:group` in the words of chown. */
export const ownerOf = ({ owner = 'root', group = 'root' }: Ownership): string => `${owner}:${group}`

/**
 * Writes standard input to a path so that the old file or the whole new one is there, whatever happens: a temporary file
 * in the same folder with the final owner and mode, content and folder flushed to disk, and a rename.
 * Its name starts with `.plinth.`; what a killed run left of it is swept first.
 */
export const replaceFile = (path: string, ownership: Ownership): Script => {
  const folder = posix.dirname(path)
  return sh`umask 077
if [ -d ${path} ] && [ ! -L ${path} ]; then echo ${`${path} is a directory, not a file`} >&2; exit 1; fi
rm -rf -- ${folder}/.plinth.*
t=$(mktemp ${`${folder}/.plinth.XXXXXX`})
trap 'rm -f -- "$t"' EXIT
cat >"$t"
chown ${ownerOf(ownership)} -- "$t"
chmod ${ownership.mode ?? '0644'} -- "$t"
sync "$t"
# A link to a directory would be entered by mv, and busybox's stumbles over one that leads in a circle.
if [ -L ${path} ] && [ ! -f ${path} ]; then rm -f -- ${path}; fi
mv -f -- "$t" ${path}
sync ${folder}`
}

/** The ids of the accounts that must be there before a path can be theirs. */
export const ownersOf = ({ owner = 'root', group = 'root' }: Ownership): readonly string[] => [
  `user:${owner}`,
  `group:${group}`,
]
