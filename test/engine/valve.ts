/** A valve on a host, for tests of procedures: it is shut, or it is shut by one step. */
import { type Action, blocked, done, due } from '../../lib/engine/procedure.ts'
import { type FakeWorld, fakeHost } from '../../lib/testing.ts'
import { is } from './thing.ts'

/** Who runs the procedures of tests. */
export const tester = { id: 'r1', user: 'tester', from: 'controller', pid: 1, playbook: 'a test', site: 'test' }
export const h1 = fakeHost('h1', null)
export const h2 = fakeHost('h2', null)

/** Turns a valve on a host: `is:NAME` answers `shut` when it is done. */
export const shut = (name: string, host = h1, more: Partial<Action> = {}): Action => ({
  name: `shut ${name}`,
  host,
  locks: [{ host: h1 }, { host: h2 }],
  wants: `${name} is shut`,
  async look(reach) {
    const question = { reader: is, key: name }
    const state = (await reach.scope([host]).ask(host, [question]))(question) || 'open'
    if (state === 'stuck') return blocked({ where: host.name, what: `${name} is stuck`, remedy: 'free it' })
    return state === 'shut' ? done(`${name} is shut`) : due(`${name} is ${state}`, `shut ${name}`)
  },
  work: async (work) => {
    await work.run(host, { say: `turn ${name}`, run: `turn ${name}` })
  },
  ...more,
})

/** Steps do what they say. */
export function works(world: FakeWorld, ...names: readonly string[]): void {
  for (const host of ['h1', 'h2'])
    for (const name of names)
      world.machine(host).on(`turn ${name}`, () => {
        world.machine(host).answer(`is:${name}`, 'shut')
        return undefined
      })
}
