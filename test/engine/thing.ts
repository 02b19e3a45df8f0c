/** A resource with nothing to it, for tests of the engine: it is `new`, or it is made so by one step. */
import { type Resource, resource } from '../../lib/core/resource.ts'
import type { Gate, Host, Missing, Scope } from '../../lib/engine/play.ts'
import { type FakeWorld, fakeHost } from '../../lib/testing.ts'

export const is = (keys: readonly string[]): string => keys.join(' ')

/** It reacts to the things in `inputs` with a restart. Changing it takes what serves away, unless its name begins with `quiet`. */
export const thing = (name: string, inputs: readonly Resource[] = []): Resource =>
  resource<{ readonly [key: string]: string; readonly state: string }>({
    id: `thing:${name}`,
    probe: [{ reader: is, key: name }],
    inputs,
    read: (answers) => {
      const state = answers({ reader: is, key: name })
      return state === '' ? null : { state }
    },
    desired: { state: 'new' },
    react: (pending, actual) =>
      inputs
        .filter(({ id }) => actual !== null && pending.has(id))
        .map(({ id }) => ({ key: 'restart', from: null, to: `because of ${id}` })),
    blocked: (_answers, actual) =>
      actual?.state === 'stuck' ? [{ where: name, what: 'it is stuck', remedy: 'pull it out' }] : [],
    disrupts: () => !name.startsWith('quiet'),
    steps: ({ changed }) => [
      ...(changed.has('state') ? [{ say: `make ${name}`, run: `make ${name}` }] : []),
      ...(changed.has('restart') ? [{ say: `restart ${name}`, run: `restart ${name}` }] : []),
    ],
  })

/** Steps on this machine do what they say. */
export function works(world: FakeWorld, machine: string, ...names: readonly string[]): void {
  const channel = world.machine(machine)
  for (const name of names) {
    channel.on(`make ${name}`, () => {
      channel.answer(`is:${name}`, 'new')
      return undefined
    })
  }
}

/** These things are there already. */
export function there(world: FakeWorld, machine: string, ...names: readonly string[]): void {
  for (const name of names) world.machine(machine).answer(`is:${name}`, 'new')
}

export const hosts = (...names: readonly string[]): readonly Host<null>[] => names.map((name) => fakeHost(name, null))

/** What a gate was asked: who was expected, and whether it was to look deep. */
export interface Look {
  readonly expected: string
  readonly deep: boolean
}

/** A gate that opens when `missing` says so, and remembers how it was asked. */
export function gateOf(
  world: FakeWorld,
  missing: (look: Look, count: number) => readonly Missing[] = () => [],
  more: Partial<Gate<null>> = {},
): { readonly gate: Gate<null>; readonly looks: Look[] } {
  const looks: Look[] = []
  const gate: Gate<null> = {
    name: 'all is well',
    deadline: 60,
    patience: 5,
    serving: async () => new Set<string>(),
    missing: async (_scope: Scope<null>, { expected, deep }) => {
      const look = { expected: [...expected].sort().join(' '), deep }
      looks.push(look)
      world.log.push(`gate: ${look.expected}${deep ? ', deep' : ''}`)
      return missing(look, looks.length)
    },
    explain: async () => [],
    ...more,
  }
  return { gate, looks }
}

/** What removes a thing; it is blocked while it is `full`, and such as begin with `pkg` are not removed blindly. */
export const removal = (id: string): Resource | undefined => {
  const name = id.replace('thing:', '')
  const question = { reader: is, key: name }
  if (name.startsWith('pkg')) return undefined
  return resource<{ readonly [key: string]: string; readonly state: string }>({
    id,
    probe: [question],
    read: (answers) => (answers(question) === '' ? null : { state: answers(question) }),
    desired: null,
    blocked: (_answers, actual) =>
      actual?.state === 'full' ? [{ where: name, what: 'it is not empty', remedy: 'empty it' }] : [],
    steps: () => [{ say: `remove ${name}`, run: `remove ${name}` }],
  })
}
