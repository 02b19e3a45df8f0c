/** `plinth inventory`: what an inventory comes to, without a connection to any host. */
import { exitCode, usageError } from '../core/error.ts'
import type { Host, Inventory } from '../core/inventory.ts'
import { inventoryGraph, inventoryList, jsonText, shownValues } from '../core/inventory-view.ts'
import { suggestion } from '../core/nearest.ts'
import { loadInventory } from '../edge/inventory.ts'
import { terminalAsker } from '../edge/terminal.ts'
import { vaultKeys } from '../edge/vault-password.ts'
import { table } from '../engine/report.ts'
import { type Command, type Given, readWords } from './command.ts'

const name = 'plinth inventory'

const options = {
  inventory: { short: 'i', value: 'NAME|PATH' },
  'extra-vars': { short: 'e', value: 'VARS' },
  'vault-id': { value: 'ID@SOURCE' },
  'vault-password-file': { value: 'FILE' },
  'ask-vault-pass': { short: 'J' },
  'show-secrets': {},
  help: { short: 'h' },
} as const

const help = `Usage: ${name} show HOST | graph [GROUP] | list | hosts [PATTERN]  -i NAME|PATH [options]

Reads an inventory and says what it comes to. No host is asked.

  show HOST         every value of a host, with the place it was written at; secrets are ***
  graph [GROUP]     the tree of groups and hosts, as ansible-inventory --graph
  list              the JSON of ansible-inventory --list; secrets are ***
  hosts [PATTERN]   the hosts a pattern means, one name a line

  -i, --inventory NAME|PATH      a name in inventory/, a file, a folder, or hosts by name: a,b; repeatable
  -e, --extra-vars VARS          variables that win: key=value, '{"key": 1}', @file; repeatable
      --vault-password-file FILE file with the vault password, or program that prints it
      --vault-id ID@SOURCE       the same for one vault id; SOURCE may be prompt
  -J, --ask-vault-pass           ask for the vault password
      --show-secrets             with list: secrets as they are, encrypted ones opened
  -h, --help                     print this

Examples:
  ${name} show nacos1 -i prod
  ${name} hosts -i prod 'nacos:!nacos3'
  ${name} list -i inventory/prod | jq ._meta.hostvars.nacos1

Exit codes: 0 done, 4 usage or inventory.
`

/** What each of them prints. `word` is the one after its name. */
const actions: Readonly<
  Record<string, (inventory: Inventory, word: string | undefined, given: Given) => readonly string[]>
> = {
  show: (inventory, word) => show(hostOf(inventory, word)),
  graph(inventory, group = 'all') {
    if (inventory.groups.has(group)) return inventoryGraph(inventory, group)
    throw usageError({
      where: `${name} graph`,
      what: `there is no group "${group}"`,
      remedy: suggestion(group, inventory.groups.keys(), 'group'),
    })
  },
  list: (inventory, _, given) => [jsonText(inventoryList(inventory, { secrets: given.has('show-secrets') }))],
  hosts: (inventory, pattern = 'all') => inventory.select(pattern, `${name} hosts`).map(({ name }) => name),
}

function hostOf({ hosts }: Inventory, word: string | undefined): Host {
  const names = hosts.map(({ name }) => name)
  const host = hosts.find(({ name }) => name === word)
  if (host) return host
  if (word === undefined)
    throw usageError({
      where: `${name} show`,
      what: 'which host?',
      remedy: `add its name: ${names.slice(0, 24).join(', ')}`,
    })
  throw usageError({
    where: `${name} show`,
    what: `there is no host "${word}"`,
    remedy: suggestion(word, names, 'host'),
  })
}

function show(host: Host): readonly string[] {
  const { machine } = host.connection
  const rows = shownValues(host).map(({ key, value, where }) => [key, value, where])
  return [
    `${host.name}: groups ${host.groups.join(', ')}; reached as ${machine}`,
    ...table([['key', 'value', 'written at'], ...rows]).map(({ text }) => text),
  ]
}

export const command: Command = {
  help,
  options,
  actions: { show: 'host', graph: 'group', list: 'nothing', hosts: 'pattern' },
  async run(words) {
    const given = readWords(words, options, name)
    const [action = '', word, ...more] = given.words
    const act = Object.hasOwn(actions, action) ? actions[action] : undefined
    if (!act) {
      const what = action === '' ? 'what of it?' : `"${action}" is not known`
      throw usageError({ where: name, what, remedy: suggestion(action, Object.keys(actions), 'command') })
    }
    const extra = action === 'list' ? word : more[0]
    if (extra !== undefined)
      throw usageError({
        where: `${name} ${action}`,
        what: `"${extra}" is not expected here`,
        remedy: `see ${name} --help`,
      })
    if (given.has('show-secrets') && action !== 'list')
      throw usageError({ where: `${name} ${action}`, what: '--show-secrets is for list', remedy: 'take it out' })
    const asker = terminalAsker()
    const inventory = await loadInventory(given.all('inventory'), {
      extraVars: given.all('extra-vars'),
      complete: given.has('show-secrets'),
      vaultKeys: await vaultKeys(
        {
          ids: given.all('vault-id'),
          files: given.all('vault-password-file'),
          ask: given.has('ask-vault-pass'),
        },
        asker,
      ),
    })
    console.log(act(inventory, word, given).join('\n'))
    return exitCode.done
  },
}
