/**
 * What a machine remembers of Plinth: the ids that a site declared there, so that what is declared no longer can be found.
 * One receipt per site (a playbook over an inventory), a line `host<tab>id` for each resource, `host<tab>id<tab>found` for one
 * that was there before Plinth.
 */

import { Script, userId } from './script.ts'
import { sha256 } from './secret.ts'

/** Where a machine keeps what Plinth notes there (`$log`, `$state`): root's is the system's, another user's their own. */
export const stateFolder = new Script(`if [ ${userId} = 0 ]; then log=/var/log/plinth state=/var/lib/plinth
else state=\${XDG_STATE_HOME:-\${HOME:-}/.local/state}/plinth log=$state; fi`)

/** One resource that a site declared for a host of the machine. */
export interface Owned {
  readonly host: string
  readonly id: string
  /** It was there before any site noted it. What earlier versions noted counts as made. */
  readonly found?: true
}

export interface Receipt {
  /** `site@prod.1a2b3c4d`: letters, digits and `@ . _ + -`. */
  readonly site: string
  readonly owned: readonly Owned[]
  /** Names under which the machine has it too; they go when it is written under its own. */
  readonly former?: readonly string[]
}

/** At the end of a line, of what was there before. */
const mark = 'found'

const key = ({ host, id }: Owned): string => `${host}\t${id}`

/**
 * Each once and as it is first, in the order of first appearance: what is declared first stands on nothing. Ids that don't fit on a
 * line are left out.
 */
export function distinctOwned(owned: readonly Owned[]): readonly Owned[] {
  const first = new Map<string, Owned>()
  for (const one of owned) if (!first.has(key(one))) first.set(key(one), one)
  return [...first.values()].filter((one) => !/[\n\r]|\t.*\t/.test(key(one)))
}

/** A receipt as its file has it. */
export const receiptText = (owned: readonly Owned[]): string =>
  distinctOwned(owned)
    .map((one) => `${key(one)}${one.found ? `\t${mark}` : ''}\n`)
    .join('')

/** All receipts of a machine from the answer of the reader `receipts`: lines `site<tab>host<tab>id`, and a mark or none. What has another form is passed over. */
export function readReceipts(answer: string): readonly Receipt[] {
  const sites = new Map<string, Owned[]>()
  for (const line of answer.split('\n')) {
    const columns = line.split('\t')
    const [site, host, id, marked] = columns
    if (site === undefined || host === undefined || id === undefined || id === '' || columns.length > 4) continue
    if (marked !== undefined && marked !== mark) continue
    const one: Owned = marked === undefined ? { host, id } : { host, id, found: true }
    const owned = sites.get(site)
    if (owned) owned.push(one)
    else sites.set(site, [one])
  }
  return [...sites].map(([site, owned]) => ({ site, owned }))
}

/** A playbook over inventories, told so that it is the same from wherever and however it is called. */
export interface Site {
  /** The name of the project that the playbook is in; empty where it has none. */
  readonly project: string
  /** Its path from the root of the project. */
  readonly playbook: string
  /** Theirs, in any order; of one that is outside the project from a root of its own, of a list of hosts their names. */
  readonly inventories: readonly string[]
}

/** Characters of the words in a name: it has to fit into one of a file. */
const wordy = 60

/**
 * What a site is remembered by: words for people, and a digest that tells it from others with the same words
 * (`site@prod.1a2b3c4d`): with one name two sites would take each other's things for their own leftovers.
 */
export function siteName({ project, playbook, inventories }: Site): string {
  const from = [...inventories].sort()
  const which = playbook.replace(endings, '')
  const words = formerSiteName(playbook, from)
  return `${[...words].slice(0, wordy).join('')}.${sha256(JSON.stringify([project, which, from])).slice(0, 8)}`
}

/** What a program may be written in another day. Two inventories may well differ in nothing but that: `prod.yaml`, `prod.ini`. */
const endings = /\.[cm]?[jt]s$/

/** What sites were called before there was a digest: names that others may have had too. Letters, digits and `@ . _ + -`. */
export const formerSiteName = (playbook: string, inventories: readonly string[]): string => {
  const plain = (path: string): string => {
    const parts = path.split('/').filter((part) => part !== '' && part !== '.')
    // Many inventories have a file of such a name; the folder tells them apart.
    return /^(hosts|inventory|main)(\.[a-z]+)?$/.test(parts.at(-1) ?? '')
      ? parts.slice(-2).map(bare).join('.')
      : bare(path)
  }
  const bare = (path: string): string =>
    path
      .replace(/\/+$/, '')
      .replace(/^.*\//, '')
      .replace(/\.[a-z]+$/, '')
  const name = [plain(playbook), inventories.map(plain).join('+')].filter((word) => word !== '').join('@')
  return name.replace(/[^\p{L}\p{N}@._+-]/gu, '_').replace(/^\.*$/, 'site')
}
