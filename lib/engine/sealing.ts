/**
 * Plans as data that can be kept and compared: what was found, what is declared and what would be done, as digests that
 * only the machine they speak of can make again.
 *
 * Their key is derived from what identifies the machine: `/etc/machine-id`, which is to be used this way and no other
 * (machine-id(5)), and the firmware's `product_uuid`, which only root may read. So neither who has the file, nor who
 * has it and an ordinary account on the machine, can try passwords against it.
 */
import { createHmac } from 'node:crypto'
import type { Problem } from '../core/error.ts'
import type { Facts } from '../core/facts.ts'
import type { Answers, Question } from '../core/probe.ts'
import type { Plan, Resource, Step } from '../core/resource.ts'
import type { SavedHost, SavedItem } from '../core/saved-plan.ts'
import { sha256 } from '../core/secret.ts'
import { firstLine } from '../readers.ts'

const [machineId, productUuid] = ['/etc/machine-id', '/sys/class/dmi/id/product_uuid'].map(
  (key): Question => ({ reader: firstLine, key }),
) as [Question, Question]

/** What a machine is asked so that digests can be made of what it answers. */
export const identityQuestions: readonly Question[] = [machineId, productUuid]

/** Makes the digests of one machine. */
export class Seal {
  readonly #key: Buffer
  /** Whether the machine has an identity at all: without one the digests are no better than plain ones. */
  readonly weak: boolean

  constructor(answers: Answers) {
    const id = answers(machineId)
    this.weak = !/^[0-9a-f]{32}$/.test(id) && answers(productUuid) === ''
    this.#key = createHmac('sha256', `${id}\n${answers(productUuid)}`)
      .update('plinth saved plan 1')
      .digest()
  }

  /** 128 bits as hex. `about` keeps equal values of different things apart. */
  digest(about: readonly string[], value: string): string {
    return createHmac('sha256', this.#key)
      .update(JSON.stringify([about, value]))
      .digest('hex')
      .slice(0, 32)
  }
}

/** One resource of one host as a saved plan has it, and what only a comparison needs. */
export interface SealedItem extends Omit<SavedItem, 'action'> {
  readonly action: Plan['action']
  /** Whose change it reacts to. */
  readonly inputs: readonly string[]
}

/** The plan of one host in one play. `removal`: it holds what is to be removed, and of what was planned what is gone. */
export interface SealedHost {
  readonly host: string
  readonly items: readonly SealedItem[]
  readonly removal?: boolean
}

/** Seals what was planned for a host. `answers` are those that `plans` were made from, in the order of `resources`. */
export function sealHost(
  seal: Seal,
  host: string,
  play: string,
  resources: readonly Resource[],
  plans: readonly Plan[],
  answers: Answers,
): SealedHost {
  const items = resources.map((resource, index): SealedItem => {
    const { id, inputs = [] } = resource
    const { action, changes, steps } = plans[index] as Plan
    const about = [host, play, id]
    const declared = seal.digest([...about, 'declared'], resource.digest())
    if (action === 'keep') return { id, action, changes: [], steps: [], declared, found: null, inputs }
    const state = resource.found ? resource.found(answers) : {}
    // A value that is empty is as good as none: where a thing comes to be in several steps, it has been both.
    const values = state && Object.entries(state).filter(([, value]) => value !== '')
    const found = values?.map(([key, value]) => [key, seal.digest([...about, 'found', key], value)])
    return {
      id,
      action,
      changes: [...changes],
      steps: steps.map((step) => ({ say: step.say, digest: seal.digest([...about, 'step'], meaningOf(step)) })),
      declared,
      found: found ? Object.fromEntries(found) : null,
      inputs,
    }
  })
  return { host, items }
}

/** Everything a step does. The sum of an upload stands for its bytes. */
const meaningOf = ({ say, run, input, upload, meaning }: Step): string =>
  JSON.stringify([
    say,
    meaning === undefined ? [run, input === undefined ? null : sha256(input)] : meaning,
    upload?.sha256,
  ])

/** As the file has it: what is right already as a digest of what is declared. A blocked resource is never saved. */
export function savedHost({ host, items }: SealedHost): SavedHost {
  return {
    host,
    items: items.flatMap(({ id, action, changes, steps, declared, found }): SavedItem[] =>
      action === 'keep' || action === 'blocked'
        ? []
        : [{ id, action, changes: [...changes], steps: [...steps], declared, found }],
    ),
    kept: Object.fromEntries(items.filter(({ action }) => action === 'keep').map(({ id, declared }) => [id, declared])),
  }
}

/** Facts that differ, in words: `memory 4096 → 8192`. */
export const factChanges = (before: Facts, now: Facts): readonly string[] =>
  (Object.keys(now) as (keyof Facts)[])
    .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(now[name]))
    .map((name) => `${name} ${String(before[name])} → ${String(now[name])}`)

/** What to say of machines without an identity. */
export const weakSeal = (where: string): Problem => ({
  where,
  what: 'it has no machine id, so the digests of its secrets in the plan are not keyed: who has the file could try weak passwords against them',
  remedy: 'keep the file like a secret, or run systemd-machine-id-setup there and plan again',
})
