/** Machines that keep their receipts, with files of the real kind, for tests of what is noted and of what is left over. */
import { sha256 } from '../../lib/core/secret.ts'
import type { Options } from '../../lib/engine/run.ts'
import type { Result } from '../../lib/engine/world.ts'
import { file } from '../../lib/resources/file.ts'
import { leftover } from '../../lib/resources/leftover.ts'
import type { FakeWorld } from '../../lib/testing.ts'

/** A file that is as it should be where `has` put one. */
export const the = (path: string) => file(path, { content: 'x' })

/** These files are there; the step that removes one does. */
export function has(world: FakeWorld, machine: string, ...paths: readonly string[]): void {
  const channel = world.machine(machine)
  for (const path of paths) {
    channel.answer(`stat:${path}`, 'regular file|644|root|root|1|1').answer(`hash:${path}`, sha256('x'))
    channel.on(`remove ${path}`, () => {
      channel.answer(`stat:${path}`, '')
      return undefined
    })
  }
}

/** From now on the machine has these receipts (`SITE HOST ID`, and `found` of what was there before), and keeps what runs note there. */
export function keeps(world: FakeWorld, machine: string, ...lines: readonly string[]) {
  const channel = world.machine(machine)
  const receipts = new Map<string, readonly string[]>()
  for (const line of lines) {
    const [site = '', ...owned] = line.split(' ')
    receipts.set(site, [...(receipts.get(site) ?? []), owned.join(' ')])
  }
  const list = (): readonly string[] => [...receipts].flatMap(([site, owned]) => owned.map((one) => `${site} ${one}`))
  const say = () => channel.answer('receipts:machine', list().join('\n').replaceAll(' ', '\t'))
  const { trace } = channel
  channel.trace = async (left) => {
    await trace.call(channel, left)
    const { receipt } = left
    if (!receipt) return
    receipts.set(
      receipt.site,
      receipt.owned.map(({ host, id, found }) => `${host} ${id}${found ? ' found' : ''}`),
    )
    say()
  }
  say()
  return list
}

export const pruning = (options: Partial<Options> = {}): Partial<Options> => ({ leftover, prune: true, ...options })
export const steps = (world: FakeWorld, machine: string): readonly string[] =>
  world.machine(machine).steps.map(({ say }) => say)
export const shown = ({ leftovers }: Result): readonly string[] =>
  leftovers.map(({ host, id, fate }) => `${host} ${id} ${fate}`)
export const problems = ({ failures }: Result): readonly string[] =>
  failures.flatMap(({ host, problems }) => problems.map(({ what }) => `${host}: ${what}`))
