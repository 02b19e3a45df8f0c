/** What belongs to whom on a machine, from what it remembers and what is declared. Pure. */
import { isDeepStrictEqual } from 'node:util'
import { subjectOf } from '../core/ordering.ts'
import { distinctOwned, type Owned, type Receipt } from '../core/receipt.ts'

/** What belongs to sites on one machine. */
export interface Estate {
  /** The receipts it had when it was read, without those under former names of the site. */
  readonly receipts: readonly Receipt[]
  /**
   * These: others may have had such a name too. What the site declares is its own; the rest stays noted there, for whoever
   * else it is of.
   */
  readonly former: readonly Receipt[]
  /** What the site declares there. */
  declared(): readonly Owned[]
  /** What of it this run may make: all of it, or what is selected; marked where it was found to be there. */
  claimed(): readonly Owned[]
  /** What it declares there for hosts that --limit leaves out. */
  beside(): readonly Owned[]
}

/** The receipt of a site among those of a machine. */
const ownedBy = (receipts: readonly Receipt[], site: string): readonly Owned[] =>
  receipts.find((receipt) => receipt.site === site)?.owned ?? []

/** What other sites have noted there. */
const ownedByOthers = ({ receipts }: Estate, site: string): readonly Owned[] =>
  receipts.filter((receipt) => receipt.site !== site).flatMap((receipt) => receipt.owned)

/** The other sites that have noted there what an id stands for. */
export const othersWith = ({ receipts }: Estate, site: string, id: string): readonly string[] =>
  receipts.flatMap((one) => (one.site !== site && subjectsOf(one.owned).has(subjectOf(id)) ? [one.site] : []))

/** What these are of, whatever kind it is declared as. */
export const subjectsOf = (owned: readonly Owned[]): ReadonlySet<string> =>
  new Set(owned.map(({ id }) => subjectOf(id)))

const owned = ({ former }: Pick<Estate, 'former'>): readonly Owned[] => former.flatMap((receipt) => receipt.owned)

/** Whether a site's own receipt says that it had this: what only one under a former name says may be another's. */
export const surelyOf = ({ receipts }: Estate, site: string, one: Owned): boolean =>
  ownedBy(receipts, site).some(({ host, id }) => host === one.host && id === one.id)

/**
 * What a site owned on a machine and declares there no longer, last declared first. Not what another host or another site
 * of the machine still has, nor what belongs to a host that the run leaves alone.
 * @param absent hosts of the site that are not looked at in this run
 */
export function abandoned(estate: Estate, site: string, absent: ReadonlySet<string>): readonly Owned[] {
  const noted = [...owned(estate), ...ownedBy(estate.receipts, site)]
  if (noted.length === 0) return noted
  // Of most machines everything is declared as it was, which shows without a look at who else has it.
  const declared = new Set(estate.declared().map(({ id }) => id))
  const others = noted.filter(({ host, id }) => !declared.has(id) && !absent.has(host))
  if (others.length === 0) return others
  const kept = keptBy(estate, site, absent)
  return distinctOwned(others.filter(({ id }) => !kept.has(subjectOf(id)))).toReversed()
}

/**
 * The subjects (paths, or ids of what has none) that somebody still has on a machine: this site now, a host of it that the
 * run leaves alone, or another site. A path is the same thing whatever kind it is declared as.
 */
export function keptBy(estate: Estate, site: string, absent: ReadonlySet<string>): ReadonlySet<string> {
  return subjectsOf([...keptHere(estate, site, absent), ...ownedByOthers(estate, site)])
}

/** What this site still has on a machine: declared for one of its hosts, or noted for one that the run leaves alone. */
const keptHere = (estate: Estate, site: string, absent: ReadonlySet<string>): readonly Owned[] => [
  ...estate.declared(),
  ...estate.beside(),
  ...[...owned(estate), ...ownedBy(estate.receipts, site)].filter(({ host }) => absent.has(host)),
]

/**
 * What this run may make on a machine and the site has not noted there, though it should have: what other sites have, who would
 * take it for a leftover of theirs once they declare it no longer; and where it has noted anything, all it may make, for an
 * earlier run may not have been able to write it.
 */
export function unclaimed(estate: Estate, site: string): readonly Owned[] {
  const own = subjectsOf(ownedBy(estate.receipts, site))
  const others = subjectsOf(ownedByOthers(estate, site))
  if (own.size + others.size === 0) return []
  const missing = estate.claimed().filter(({ id }) => !own.has(subjectOf(id)))
  return distinctOwned(own.size > 0 ? missing : missing.filter(({ id }) => others.has(subjectOf(id))))
}

/** What this run is to make on a machine and nobody has noted there: no site, under no name, whatever kind it is declared as. */
export function unheardOf({ receipts, former, claimed }: Estate): readonly Owned[] {
  const noted = subjectsOf([...receipts, ...former].flatMap((receipt) => receipt.owned))
  return claimed().filter(({ id, found }) => !found && !noted.has(subjectOf(id)))
}

/**
 * What a site owned on a machine, declares there no longer, and another site has as well: it is that one's from now on, or
 * each of two that drop it would leave it to the other for ever.
 * @param absent as for `abandoned`
 */
export function leftToOthers(estate: Estate, site: string, absent: ReadonlySet<string>): readonly Owned[] {
  const others = subjectsOf(ownedByOthers(estate, site))
  if (others.size === 0) return []
  const kept = subjectsOf(keptHere(estate, site, absent))
  return ownedBy(estate.receipts, site).filter(({ id }) => others.has(subjectOf(id)) && !kept.has(subjectOf(id)))
}

/** What other machines of a site declare that remember the very same: most likely they are this one, by another address. */
export function alsoKept(estate: Estate, estates: Iterable<Estate>): readonly Owned[] {
  const twins = [...estates].filter((one) => one !== estate && remembersLike(one, estate))
  return twins.flatMap((one) => [...one.declared(), ...one.beside()])
}

function remembersLike(one: Estate, other: Estate): boolean {
  const [here, there] = [one, other].map(({ receipts, former }) => [...receipts, ...former])
  return here?.length === there?.length && isDeepStrictEqual(here, there)
}

/** The keys of the machines that each host of a site is on. */
export type Homes = ReadonlyMap<string, ReadonlySet<string>>

/**
 * The subjects that are noted on a machine for hosts of the site which it is not by its key, each with why that is in doubt:
 * the host may have moved, or reach the same machine by another address.
 */
export function inDoubt(noted: readonly Owned[], homes: Homes, machine: string): ReadonlyMap<string, string> {
  const doubts = noted.flatMap(({ host, id }) => {
    const home = homes.get(host)
    if (home === undefined || home.has(machine)) return []
    const why = `of ${host}, which is reached as ${[...home].join(', ')}; if that is this machine, write it alike`
    return [[subjectOf(id), why] as const]
  })
  return new Map(doubts)
}

/** Why what was abandoned on a machine is only shown; undefined of what the site may remove. */
export function doubtOf(
  estate: Estate,
  site: string,
  homes: Homes,
  doubted: ReadonlyMap<string, string>,
  one: Owned,
): string | undefined {
  if (!homes.has(one.host)) return `of ${one.host}, which is no host of this site any more`
  const why = doubted.get(subjectOf(one.id))
  if (why !== undefined || surelyOf(estate, site, one)) return why
  return 'noted under a name that others may have had; --prune --force removes it'
}

/**
 * What the receipt of a site should say before anything is changed on a machine: what it said, what is declared of what
 * former ones said, and what the run may make: as found there unless anybody has noted that it was made. A former one goes
 * when nothing is left in it that may be another's.
 */
export function receiptOf(estate: Estate, site: string, gone: readonly Owned[] = []): Receipt {
  const { receipts, former } = estate
  const declared = estate.declared()
  const key = ({ host, id }: Owned): string => `${host} ${id}`
  const away = new Set(gone.map(key))
  const ours = new Set(declared.map(key))
  const subjects = subjectsOf(declared)
  const settled = (one: Owned): boolean =>
    subjects.has(subjectOf(one.id)) || away.has(key(one)) || surelyOf(estate, site, one)
  const left = [...owned(estate).filter((one) => ours.has(key(one))), ...ownedBy(receipts, site)]
  const made = subjectsOf([...receipts, ...former].flatMap((receipt) => receipt.owned.filter(({ found }) => !found)))
  const claimed = estate.claimed().map((one) => (made.has(subjectOf(one.id)) ? { host: one.host, id: one.id } : one))
  const over = former.filter((receipt) => receipt.owned.every(settled)).map((receipt) => receipt.site)
  return {
    site,
    owned: distinctOwned([...left, ...claimed].filter((one) => !away.has(key(one)))),
    ...(over.length > 0 && { former: over }),
  }
}
