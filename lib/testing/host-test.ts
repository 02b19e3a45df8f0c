/** The same of a role on a host that runs its steps: a container, a folder as root, a machine of one's own. */
import assert from 'node:assert/strict'
import type { Channel } from '../core/channel.ts'
import { problemText } from '../core/error.ts'
import { parseFacts } from '../core/facts.ts'
import type { Plan, Resource, Step } from '../core/resource.ts'
import type { Role } from '../core/role.ts'
import type { Infer, Schema } from '../core/schema.ts'
import { Script, sh } from '../core/script.ts'
import { planResources } from '../engine/selection.ts'
import { facts as factsReader } from '../readers.ts'
import { type AddTest, changed, none, only } from './role-test.ts'

/** What is tested on. */
export type TestHost = Pick<Channel, 'ask' | 'act' | 'close'>

/**
 * A host that a command gives a shell of. The tests write there: name one that may be lost.
 * @param command runs a POSIX sh over its standard streams: `['docker', 'exec', '-i', NAME, 'sh']`,
 *   `['chroot', FOLDER, 'sh']`, `['ssh', 'root@HOST', 'sh']`
 */
export async function shellHost(command: readonly [string, ...string[]]): Promise<TestHost> {
  const { commandChannel } = await import('../edge/local.ts')
  return commandChannel(command)
}

export interface HostCase<P> {
  /** Parameters as they come out of the schema. */
  readonly params: P
  host(): Promise<TestHost>
  /** By resource: shell that breaks it. Needed for what has no path; a file is removed, a directory gets another mode. */
  readonly breaks?: Readonly<Record<string, string>>
}

/**
 * Adds one test: apply, everything is kept, and then for each resource: break it, the plan names it and what reacts to
 * it and nothing else, apply, everything is kept. Asks and acts as a run does; leaves the host as the role wants it.
 */
export function hostTest<S extends Schema, Extra>(
  test: AddTest,
  role: Role<S, Extra>,
  { params, host, breaks = {} }: HostCase<Infer<S> & Extra>,
): void {
  test('a host becomes what it should be, and again whatever breaks', async () => {
    const channel = await host()
    try {
      const question = { reader: factsReader, key: 'machine' }
      const facts = parseFacts((await channel.ask([question]))(question))
      const resources = role.resources(params, facts)
      await become(channel, resources)
      for (const { id } of resources) {
        const damage = breaks[id] ?? damageOf(id)
        assert.ok(damage !== undefined, `say in breaks how to break ${id}`)
        await act(channel, [{ say: `break ${id}`, run: damage }])
        only([id], resources, await look(channel, resources))
        await become(channel, resources)
      }
    } finally {
      await channel.close()
    }
  })
}

const look = async (channel: TestHost, resources: readonly Resource[]): Promise<readonly Plan[]> =>
  planResources(resources, await channel.ask(resources.flatMap(({ probe }) => probe)))

/** Applies, and asserts that nothing is left to do. */
async function become(channel: TestHost, resources: readonly Resource[]): Promise<void> {
  const plans = await look(channel, resources)
  none(
    plans.flatMap(({ problems }) => problems.map(problemText)),
    'something stands in the way',
  )
  await act(
    channel,
    plans.flatMap(({ steps }) => steps),
  )
  none(changed(await look(channel, resources)), 'it still differs after the apply')
}

async function act(channel: TestHost, steps: readonly Step[]): Promise<void> {
  for await (const { step, code, stderr } of channel.act(steps))
    assert.equal(code, 0, `"${step.say}" ended with exit code ${code}: ${stderr}`)
}

/** Shell that breaks a resource with a path. */
function damageOf(id: string): string | undefined {
  const [, kind, path = ''] = /^(directory|file|symlink|properties|line-set):(\/.*)$/s.exec(id) ?? []
  if (kind === undefined) return undefined
  return sh`${new Script(kind === 'directory' ? 'chmod 0123' : 'rm -f')} -- ${path}`.text
}
