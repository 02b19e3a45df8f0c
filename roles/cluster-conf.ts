/** Who belongs to the cluster, and whether this host can be that member: its address is its own, its ports are free. */
import type { Problem } from '../lib/core/error.ts'
import type { Facts } from '../lib/core/facts.ts'
import type { Question } from '../lib/core/probe.ts'
import type { Resource } from '../lib/core/resource.ts'
import { role } from '../lib/core/role.ts'
import { parseClusterConf, clusterConf as render } from '../lib/nacos/members.ts'
import { type Ports, portsOf } from '../lib/nacos/ports.ts'
import { listening, unit as unitReader } from '../lib/readers.ts'
import { lineSet } from '../lib/resources/line-set.ts'
import { requirement } from '../lib/resources/requirement.ts'
import { nacosParams } from './nacos-node.ts'

export interface Membership {
  /** `address:port` of every member, this one included. */
  readonly members: readonly string[]
  /** This member's own address. */
  readonly ownAddress: string
}

export const clusterConf = role<typeof nacosParams, Membership>({
  params: nacosParams,
  resources({ home, user, port, console_port, unit, version, mode, members, ownAddress }, facts) {
    const ports = portsOf(port, version, console_port)
    return [
      ownAddressIsHere(ownAddress, facts),
      portsAreFree(unit, ports),
      ...(mode === 'standalone'
        ? []
        : [
            lineSet(`${home}/conf/cluster.conf`, {
              members,
              parse: (text) => parseClusterConf(text, port),
              render,
              warn: (listed) => leavers(`${home}/conf/cluster.conf`, listed, members),
              owner: user,
              group: user,
              mode: '0640',
            }),
          ]),
    ]
  },
})

/** Who loses its line. As many that come as go are members that moved; whom a person has listed counts like the rest. */
function leavers(where: string, listed: readonly string[], members: readonly string[]): readonly Problem[] {
  const before = [...new Set(listed)]
  const going = before.filter((member) => !members.includes(member))
  const fewer = going.length - members.filter((member) => !before.includes(member)).length
  if (fewer <= 0) return []
  const each = going.map((member) => ({
    where,
    what: `${member} goes, for it is not declared`,
    remedy: 'stop and disable it first if it runs: a member that runs adds itself again (#8548)',
  }))
  if (fewer < before.length / 2) return each
  const what = `${fewer} of ${before.length} members go at once: where half or more go, those that stay may never agree on a leader again`
  return [...each, { where, what, remedy: 'take fewer than half out of the inventory at a time (#11970)' }]
}

/** The address is pinned, and must be one of the host's: with several network cards it is the usual slip. */
const ownAddressIsHere = (address: string, { addresses }: Facts): Resource =>
  requirement(`address:${address}`, {
    probe: [],
    check: () =>
      addresses.length === 0 || addresses.includes(address)
        ? []
        : [
            {
              where: `address:${address}`,
              what: `this host does not have that address; it has ${addresses.join(', ')}`,
              remedy: 'set nacos.address to the one the other members reach it by',
            },
          ],
  })

/** Every port of the instance is free, or held by the instance itself. */
function portsAreFree(unit: string, { console, ...others }: Ports): Resource {
  const ports = [...Object.values(others), ...(console === undefined ? [] : [console])]
  const service: Question = { reader: unitReader, key: `${unit}.service` }
  const questions = ports.map((port): Question => ({ reader: listening, key: String(port) }))
  return requirement(`ports:${ports.join(',')}`, {
    probe: [service, ...questions],
    check(answers) {
      const pid = /^MainPID=(\d+)$/m.exec(answers(service))?.[1] ?? '0'
      const running = /^ActiveState=active$/m.test(answers(service))
      return questions.flatMap((question) => {
        // A line for each address that is listened on.
        const strangers = answers(question)
          .split('\n')
          .filter((who) => who !== '' && !who.includes(`pid=${pid},`) && !(running && !who.includes('pid=')))
        return strangers.length === 0
          ? []
          : [
              {
                where: `port:${question.key}`,
                what: `taken by ${[...new Set(strangers)].join(', ').replaceAll(/users:|[()"]/g, '')}`,
                remedy: `stop that program, or choose another ${question.key === String(console) ? 'nacos.console_port' : 'nacos.port'}`,
              },
            ]
      })
    },
  })
}
