/** How many hosts at a time, and how many may fail. Pure. */

/** A number of hosts, or a part of the play's: `30%`, at least one. */
export type Share = number | `${number}%`

/** One size for every batch, or one for each in turn, of which the last one stays. */
export type Serial = Share | readonly Share[]

/**
 * Why a share can't be meant; undefined if it can. `least` is the smallest number that makes sense.
 */
export function shareProblem(share: Share, least: number): string | undefined {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(String(share))
  if (percent) return Number(percent[1]) <= 100 && Number(percent[1]) >= least ? undefined : `${share} of the hosts`
  return Number.isInteger(share) && Number(share) >= least ? undefined : `${share} hosts`
}

/** How many of `hosts` a share is, rounded down. */
const countOf = (share: Share, hosts: number): number =>
  typeof share === 'number' ? share : Math.floor((hosts * Number.parseFloat(share)) / 100)

/**
 * How many hosts the next batch has.
 * @param serial of the play; undefined for all at once
 * @param hosts how many the play has, which percentages are of
 * @param batch the number of batches before it
 */
export function batchSize(serial: Serial | undefined, hosts: number, batch: number): number {
  if (serial === undefined) return Math.max(1, hosts)
  const shares: readonly Share[] = typeof serial === 'object' ? serial : [serial]
  const share = shares[Math.min(batch, shares.length - 1)] ?? 1
  return Math.max(1, countOf(share, hosts))
}

/** How many of a play's hosts may fail, unreachable ones included, before it stops. Default: none. */
export const failuresAllowed = (share: Share | undefined, hosts: number): number => countOf(share ?? 0, hosts)
