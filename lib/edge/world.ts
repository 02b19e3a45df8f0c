/** The engine's effects over real machines. */
import type { DatabaseLogin, MachineChannel } from '../core/channel.ts'
import type { World } from '../engine/world.ts'
import { databaseChannel, openDatabase } from './database.ts'
import { cachedFacts, cacheFacts } from './facts-cache.ts'
import { type Asker, terminalAsker } from './terminal.ts'

/** @param asker whom to ask for passwords and passphrases: one for a whole run */
export function realWorld(asker: Asker = terminalAsker()): World {
  const machines = import('./ssh.ts').then(({ Machines }) => new Machines(asker))
  const routes = import('./route.ts').then(({ Routes }) => new Routes())
  return {
    async open({ name, connection }) {
      const route = await (await routes).to(name, connection)
      return (await machines).connect(route)
    },
    close: async () => (await machines).close(),
    database: openDatabase,
    async databaseChannel(channel: MachineChannel, login: DatabaseLogin) {
      return databaseChannel(await openDatabase(channel, login), login)
    },
    http: async (channel, request) => (await import('./http.ts')).request(channel, request),
    cachedFacts: (machine) => cachedFacts(machine.key),
    cacheFacts: (machine, facts) => cacheFacts(machine.key, facts),
    now: () => performance.now() / 1000,
    sleep: (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000)),
  }
}
