/** What a check announces and what an apply does, step by step, so that the two can be compared. */
import { assert } from '../kit.ts'

/** As much of a run's document as is looked at. */
export interface Announcing {
  readonly plans: readonly {
    readonly host: string
    readonly resources: readonly { readonly action: string; readonly steps: readonly string[] }[]
  }[]
}

/** The steps of a plan, host by host, in their order. */
export function announced({ plans }: Announcing): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const { host, resources } of plans) {
    const steps = resources.filter(({ action }) => action !== 'keep').flatMap(({ steps }) => steps)
    if (steps.length > 0) found.set(host, [...(found.get(host) ?? []), ...steps])
  }
  return found
}

/** The steps that a run says it has taken, host by host, in their order. The one place that knows how that is said. */
function deeds(progress: string, hosts: ReadonlySet<string>): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const [, host = '', say = ''] of progress.matchAll(/^ {2}(\S+) +(.+) \(\d+\.\d s\)$/gm)) {
    if (hosts.has(host)) found.set(host, [...(found.get(host) ?? []), say])
  }
  return found
}

/** Fails unless the run did what the check announced, no step more, none less and in no other order. */
export function assertDid(progress: string, checked: Announcing): void {
  const hosts = new Set(checked.plans.map(({ host }) => host))
  const sorted = (steps: ReadonlyMap<string, readonly string[]>) => [...steps].sort(([a], [b]) => (a < b ? -1 : 1))
  assert.equal(sorted(deeds(progress, hosts)), sorted(announced(checked)), 'the deeds are others than those announced')
}
