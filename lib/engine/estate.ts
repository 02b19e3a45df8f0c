/** What belongs to whom on a machine, from what it remembers and what is declared. Pure. */
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
  /** What of it this run may make: all of it, or what is selected. */
  claimed(): readonly Owned[]
}

/** The receipt of a site among those of a machine. */
const ownedBy = (receipts: readonly Receipt[], site: string): readonly Owned[] =>
  receipts.find((receipt) => receipt.site === site)?.owned ?? []

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
  const { receipts } = estate
  const others = receipts.filter((receipt) => receipt.site !== site).flatMap(({ owned }) => owned)
  const beside = [...owned(estate), ...ownedBy(receipts, site)].filter(({ host }) => absent.has(host))
  return new Set([...estate.declared(), ...others, ...beside].map(({ id }) => subjectOf(id)))
}

/**
 * What the receipt of a site should say before anything is changed on a machine: what it said, what is declared of what
 * former ones said, and what the run may make. A former one goes when nothing is left in it that may be another's.
 */
export function receiptOf(estate: Estate, site: string, gone: readonly Owned[] = []): Receipt {
  const { receipts, former } = estate
  const declared = estate.declared()
  const key = ({ host, id }: Owned): string => `${host} ${id}`
  const away = new Set(gone.map(key))
  const ours = new Set(declared.map(key))
  const subjects = new Set(declared.map(({ id }) => subjectOf(id)))
  const settled = (one: Owned): boolean =>
    subjects.has(subjectOf(one.id)) || away.has(key(one)) || surelyOf(estate, site, one)
  const left = [...owned(estate).filter((one) => ours.has(key(one))), ...ownedBy(receipts, site)]
  const over = former.filter((receipt) => receipt.owned.every(settled)).map((receipt) => receipt.site)
  return {
    site,
    owned: distinctOwned([...left.filter((one) => !away.has(key(one))), ...estate.claimed()]),
    ...(over.length > 0 && { former: over }),
  }
}
