/** A site of so many hosts with so many resources each, on hosts that answer from memory. */
import type { MachineChannel } from '../lib/core/channel.ts'
import type { Answers } from '../lib/core/probe.ts'
import type { Resource } from '../lib/core/resource.ts'
import { type Play, play } from '../lib/engine/play.ts'
import type { World } from '../lib/engine/world.ts'
import { directory } from '../lib/resources/directory.ts'
import { file } from '../lib/resources/file.ts'
import { properties } from '../lib/resources/properties.ts'
import { symlink } from '../lib/resources/symlink.ts'
import { unit } from '../lib/resources/unit.ts'
import { factsText, fakeHost, plainFacts } from '../lib/testing.ts'

/** About what a node has: folders, files and links, a fifth of them properties, and a unit that runs with the files. */
export function resourcesOf(host: string, count: number): readonly Resource[] {
  const list: Resource[] = [directory('/opt/app')]
  // A unit is three resources: its definition, its environment and itself.
  for (let i = 0; list.length < count - 4; i++) {
    const path = `/opt/app/part${i}`
    const kind = i % 5
    if (kind === 0) list.push(directory(path))
    else if (kind === 1) list.push(symlink(path, '/opt/app/part0'))
    else if (kind === 2) {
      const wanted = { 'server.name': host, 'server.port': String(8000 + i), 'server.path': path }
      const own = { owner: 'root', group: 'root', mode: '0640' }
      list.push(properties(path, { wanted, template: '', secret: () => false, ...own }))
    } else list.push(file(path, { content: `part ${i} of ${host}\n` }))
  }
  const runs = list.filter(({ id }) => /^(file|properties):/.test(id))
  list.push(directory('/etc/plinth', { mode: '0700' }))
  return [...list, ...unit('app', { definition: '[Service]\nExecStart=/opt/app/run\n', runs })]
}

export const siteOf = (hosts: number, resources: number): readonly Play[] => [
  play(
    'app',
    Array.from({ length: hosts }, (_, i) => fakeHost(`app${i}`, null)),
    ({ name }) => resourcesOf(name, resources),
  ),
]

/** Nothing is there on any host: every resource is planned with its changes and steps, which is the most there can be. */
export function emptyWorld(): World {
  const facts = factsText(plainFacts)
  const answers: Answers = ({ reader }) => (reader.name === 'facts' ? facts : '')
  const channel: MachineChannel = {
    ask: async () => answers,
    async *act() {},
    lock: async () => {},
    askLocked: async () => answers,
    trace: async () => {},
    close: async () => {},
    tunnel: () => Promise.reject(new Error('no tunnel')),
  }
  const none = () => Promise.reject(new Error('there is none'))
  return {
    open: async () => channel,
    database: none,
    databaseChannel: none,
    http: none,
    cachedFacts: () => plainFacts,
    cacheFacts: () => {},
    now: () => 0,
    sleep: async () => {},
  }
}
