/** A site of so many hosts with so many resources each, and what they answer: nothing, or that all is as declared. */
import type { MachineChannel } from '../lib/core/channel.ts'
import type { Answers } from '../lib/core/probe.ts'
import type { Resource } from '../lib/core/resource.ts'
import { sha256 } from '../lib/core/secret.ts'
import { type Play, play } from '../lib/engine/play.ts'
import type { World } from '../lib/engine/world.ts'
import { directory } from '../lib/resources/directory.ts'
import { file } from '../lib/resources/file.ts'
import { properties } from '../lib/resources/properties.ts'
import { symlink } from '../lib/resources/symlink.ts'
import { environmentFile, unit } from '../lib/resources/unit.ts'
import { inputOf } from '../lib/resources/unit-input.ts'
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
  const runs = list.filter(({ id }) => /^(file|properties):/.test(id)).map((one) => inputOf('app', one))
  list.push(directory('/etc/plinth', { mode: '0700' }))
  return [
    ...list,
    ...unit('app', {
      definition:
        '[Service]\nEnvironmentFile=/etc/plinth/app.env\nExecStart=/opt/app/run\n[Install]\nWantedBy=multi-user.target\n',
      runs,
    }),
  ]
}

export const siteOf = (hosts: number, resources: number): readonly Play[] => [
  play(
    'app',
    Array.from({ length: hosts }, (_, i) => fakeHost(`app${i}`, null)),
    ({ name }) => resourcesOf(name, resources),
  ),
]

const facts = factsText(plainFacts)

/** Nothing is there: every resource is planned with its changes, which is the most there can be. */
const nothing: Answers = ({ reader }) => (reader.name === 'facts' ? facts : '')

/** What a host answers, by reader and key. */
export type Canned = Readonly<Record<string, Readonly<Record<string, string>>>>

/** Of a host that is as `resourcesOf` declares, and that a run has brought there. */
export function convergedAnswers(host: string, count: number): Canned {
  const list = resourcesOf(host, count)
  const stat: Record<string, string> = {}
  const link: Record<string, string> = {}
  const hash: Record<string, string> = {}
  const content: Record<string, string> = {}
  const units: Record<string, string> = {}
  for (const one of list) {
    const path = one.id.slice(one.id.indexOf(':') + 1)
    const { changes, steps } = one.plan(nothing, new Set())
    const wanted = new Map(changes.map(({ key, to }) => [key, to ?? '']))
    const input = steps[0]?.input ?? ''
    const type = { directory: 'directory', link: 'symbolic link' }[wanted.get('type') ?? ''] ?? 'regular file'
    stat[path] = `${type}|${(wanted.get('mode') ?? '0644').replace(/^0/, '')}|root|root|100|1`
    if (one.id.startsWith('symlink:')) link[path] = wanted.get('target') ?? ''
    if (one.id.startsWith('file:')) hash[path] = sha256(input)
    if (one.id.startsWith('properties:')) content[path] = Buffer.from(input).toString('base64')
    if (path === environmentFile('app'))
      units['app.service'] =
        `LoadState=loaded\nUnitFileState=enabled\nActiveState=active\nNeedDaemonReload=no\n${input}`.trim()
  }
  const receipts = { machine: list.map(({ id }) => `bench\t${host}\t${id}`).join('\n') }
  return { facts: { machine: facts }, receipts, stat, link, hash, content, unit: units }
}

const channelOf = (answers: Answers): MachineChannel => ({
  ask: async () => answers,
  async *act() {},
  lock: async () => {},
  askLocked: async () => answers,
  trace: async () => {},
  close: async () => {},
  tunnel: () => Promise.reject(new Error('no tunnel')),
})

/** Hosts that answer from memory: what `canned` has of each, by name; nothing is there on those that it does not have. */
export function cannedWorld(canned: ReadonlyMap<string, Canned>): World {
  const none = () => Promise.reject(new Error('there is none'))
  return {
    async open({ name }) {
      const found = canned.get(name)
      return channelOf(found ? ({ reader, key }) => found[reader.name]?.[key] ?? '' : nothing)
    },
    database: none,
    databaseChannel: none,
    http: none,
    cachedFacts: () => plainFacts,
    cacheFacts: () => {},
    now: () => 0,
    sleep: async () => {},
  }
}
