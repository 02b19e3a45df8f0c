/** What a check announces and what an apply does, step by step, so that the two can be compared. */
import { assert } from '../kit.ts'

/** As much of a run's document as is looked at. */
export interface Announcing {
  readonly plans: readonly {
    readonly host: string
    readonly resources: readonly { readonly id: string; readonly action: string; readonly steps: readonly string[] }[]
  }[]
}

interface Deed {
  readonly host: string
  readonly id: string
  readonly say: string
}

/** The steps of a plan, in their order. */
const announced = ({ plans }: Announcing): readonly Deed[] =>
  plans.flatMap(({ host, resources }) =>
    resources
      .filter(({ action }) => action !== 'keep')
      .flatMap(({ id, steps }) => steps.map((say) => ({ host, id, say }))),
  )

/** The hosts on which something differs. */
export const differingHosts = (checked: Announcing): ReadonlySet<string> =>
  new Set(announced(checked).map(({ host }) => host))

/** The steps that a run says it has taken, in their order. The one place that knows how that is said. */
const deeds = (progress: string, hosts: ReadonlySet<string>): readonly Omit<Deed, 'id'>[] =>
  [...progress.matchAll(/^ {2}(\S+) +(.+) \(\d+\.\d s\)$/gm)]
    .map(([, host = '', say = '']) => ({ host, say }))
    .filter(({ host }) => hosts.has(host))

/** A large file travels once to a machine, whatever number of resources there wants it. */
const travels = (say: string): boolean => say.startsWith('send ')

/**
 * Fails unless the run did what the check announced: on each machine no step more and none less, and each host's in the
 * order announced. What several hosts of a machine share is announced for each of them, and done once.
 * @param machineOf the machine that a host is on, where that is not one of its own
 * @param settled ids of which nothing is left to do when their turn comes: an earlier play has brought them about
 */
export function assertDid(
  progress: string,
  checked: Announcing,
  machineOf = (host: string): string => host,
  settled: readonly string[] = [],
): void {
  const plan = announced(checked).filter(({ id }) => !settled.includes(id))
  const hosts = new Set(checked.plans.map(({ host }) => host))
  const done = deeds(progress, hosts)
  const once = new Map(
    plan.map(({ host, id, say }) => [
      `${machineOf(host)} ${travels(say) ? '' : id} ${say}`,
      `${machineOf(host)}: ${say}`,
    ]),
  )
  assert.equal(
    done.map(({ host, say }) => `${machineOf(host)}: ${say}`).sort(),
    [...once.values()].sort(),
    'the deeds are others than those announced',
  )
  for (const host of hosts) {
    const steps = plan.filter((deed) => deed.host === host).map(({ say }) => say)
    let at = 0
    for (const { say } of done.filter((deed) => deed.host === host)) {
      const next = steps.indexOf(say, at)
      assert.ok(next >= 0, `${host}: "${say}" comes in another order than announced`)
      at = next + 1
    }
  }
}
