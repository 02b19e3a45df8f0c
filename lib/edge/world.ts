/** The engine's effects over real machines. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseLogin, MachineChannel } from '../core/channel.ts'
import type { World } from '../engine/world.ts'
import { databaseChannel, openDatabase } from './database.ts'
import { cachedFacts, cacheFacts } from './facts-cache.ts'

/** The files of known host keys that OpenSSH reads when nobody says otherwise. */
const usualKnownHosts = (): readonly string[] => [join(homedir(), '.ssh', 'known_hosts'), '/etc/ssh/ssh_known_hosts']

export function realWorld(): World {
  // ssh2 is slow to import: it loads while the inventory is read.
  const ssh = import('./ssh.ts')
  const http = import('./http.ts')
  return {
    async open(machine) {
      const files = machine.knownHostsFiles.length > 0 ? machine.knownHostsFiles : usualKnownHosts()
      return (await ssh).connect({ ...machine, knownHostsFiles: [...files] })
    },
    database: openDatabase,
    async databaseChannel(channel: MachineChannel, login: DatabaseLogin) {
      return databaseChannel(await openDatabase(channel, login), login)
    },
    http: async (channel, request) => (await http).request(channel, request),
    cachedFacts: (machine) => cachedFacts(machine.key),
    cacheFacts: (machine, facts) => cacheFacts(machine.key, facts),
    now: () => performance.now() / 1000,
    sleep: (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000)),
  }
}
