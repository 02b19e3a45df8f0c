/** What Plinth knows of each host as it is now: architecture, system, memory, addresses. Only looks. */
import { each, table } from 'plinth'

await each((fleet) => ({
  name: 'facts',
  hosts: fleet.all(),
  acts: false,
  on: async (_, { facts }) => ({ value: { facts: await facts() } }),
  show: (found) =>
    table([
      ['host', 'arch', 'system', 'packages', 'MiB', 'systemd', 'addresses'],
      ...found.map(({ host, value: { facts } }) => [
        host,
        facts.arch,
        `${facts.os} ${facts.osVersion}`,
        facts.packageManager,
        String(facts.memory),
        String(facts.systemd),
        facts.addresses.join(' '),
      ]),
    ]),
}))
