/** What belongs to whom on a machine, from what it remembers and what is declared. Pure. */
import { subjectOf } from '../core/ordering.ts'
import { distinctOwned, type Owned, type Receipt } from '../core/receipt.ts'

/** What belongs to sites on one machine. */
export interface Estate {
  /** The receipts it had when it was read. */
  readonly receipts: readonly Receipt[]
  /** What the site declares there. */
  readonly declared: readonly Owned[]
  /** What of it this run may make: all of it, or what is selected. */
  readonly claimed: readonly Owned[]
}

/** The receipt of a site among those of a machine. */
const ownedBy = (receipts: readonly Receipt[], site: string): readonly Owned[] =>
  receipts.find((receipt) => receipt.site === site)?.owned ?? []

/**
 * What a site owned on a machine and declares there no longer, last declared first. Not what another host or another site
 * of the machine still has, nor what belongs to a host that the run leaves alone.
 * @param absent hosts of the site that are not looked at in this run
 */
export function abandoned({ receipts, declared }: Estate, site: string, absent: ReadonlySet<string>): readonly Owned[] {
  const kept = keptBy({ receipts, declared }, site, absent)
  return ownedBy(receipts, site)
    .filter(({ host, id }) => !kept.has(subjectOf(id)) && !absent.has(host))
    .toReversed()
}

/**
 * The subjects (paths, or ids of what has none) that somebody still has on a machine: this site now, a host of it that the
 * run leaves alone, or another site. A path is the same thing whatever kind it is declared as.
 */
export function keptBy(
  { receipts, declared }: Pick<Estate, 'receipts' | 'declared'>,
  site: string,
  absent: ReadonlySet<string>,
): ReadonlySet<string> {
  const others = receipts.filter((receipt) => receipt.site !== site).flatMap(({ owned }) => owned)
  const beside = ownedBy(receipts, site).filter(({ host }) => absent.has(host))
  return new Set([...declared, ...others, ...beside].map(({ id }) => subjectOf(id)))
}

/** What the receipt of a site should say before anything is changed on a machine: what it said, and what the run may make. */
export function receiptOf({ receipts, claimed }: Estate, site: string, gone: readonly Owned[] = []): Receipt {
  const left = ownedBy(receipts, site).filter((one) => !gone.some(({ host, id }) => host === one.host && id === one.id))
  const former = receipts.find((receipt) => receipt.site === site)?.former
  return { site, owned: distinctOwned([...left, ...claimed]), ...(former && { former }) }
}
