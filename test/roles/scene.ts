/** A cluster that procedures work on: a little Nacos, machines whose units stop and start, and a world between them. */
import { carryOut } from '../../lib/engine/perform.ts'
import type { Action } from '../../lib/engine/procedure.ts'
import type { ProcedureResult } from '../../lib/engine/world.ts'
import { FakeWorld } from '../../lib/testing.ts'
import type { Node } from '../../roles/nacos-node.ts'
import { tester } from '../engine/valve.ts'
import { FakeNacos, type Faults } from './fake-nacos.ts'
import { type Cluster, cluster, good } from './nodes.ts'

const unit = (state: string): string => `LoadState=loaded\nActiveState=${state}\nSubState=running`

export interface Scene {
  readonly nodes: readonly Node[]
  readonly databases: Cluster['databases']
  readonly nacos: FakeNacos
  readonly world: FakeWorld
  carry(actions: readonly Action[], check?: boolean): Promise<ProcedureResult>
}

/** Three nodes that run. Faults may grow while a test goes on. */
export async function scene(faults: Faults & { down?: string[] } = {}, text = good): Promise<Scene> {
  const { nodes, databases } = await cluster(text)
  const nacos = new FakeNacos(nodes, faults)
  const world = new FakeWorld()
  const nodeAt = (key: string): Node | undefined => nodes.find(({ machine }) => machine.key === key)
  world.answerHttp = (machine, request) => {
    const node = nodeAt(machine)
    if (!node) throw new Error(`no node at ${machine}`)
    return nacos.scope().http(node, request)
  }
  for (const node of nodes) {
    const machine = world.machine(node.machine.key)
    machine.answer('unit:nacos.service', unit(faults.down?.includes(node.name) ? 'inactive' : 'active'))
    machine.on('stop nacos.service', () => {
      machine.answer('unit:nacos.service', unit('inactive'))
      faults.down?.push(node.name)
      return undefined
    })
    machine.on('start nacos.service', () => {
      machine.answer('unit:nacos.service', unit('active'))
      faults.down?.splice(faults.down.indexOf(node.name), 1)
      return undefined
    })
  }
  return {
    nodes,
    databases,
    nacos,
    world,
    carry: (actions, check = false) =>
      carryOut({ name: 'test', actions }, world, {
        check,
        identity: tester,
        signal: new AbortController().signal,
        report: () => {},
      }),
  }
}

export const states = ({ actions }: ProcedureResult): readonly string[] => actions.map(({ state }) => state)
export const told = ({ failures }: ProcedureResult): string =>
  failures
    .flatMap(({ problems }) => problems.map(({ where, what, remedy }) => `${where}: ${what}; ${remedy}`))
    .join('\n')
/** What was done on the machines, by node. */
export const steps = ({ nodes, world }: Scene): readonly string[] =>
  nodes.flatMap(({ name, machine }) => world.machine(machine.key).steps.map(({ say }) => `${name} ${say}`))
