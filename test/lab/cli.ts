/** `npm run lab -- …`: the lab from a terminal. */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { exitCode, PlinthError, usageError } from '../../lib/core/error.ts'
import { type Lab, lab } from './lab.ts'
import { cacheFolder } from './layout.ts'

const usage = `Usage: npm run lab -- COMMAND [--lab NAME]

  up [HOST ...]    boot the hosts that are missing (db1 nacos1 nacos2 nacos3 unless named)
  down             end all hosts and remove their disks; keys and secrets stay
  status           every host, its address and its state
  shell HOST [CMD] a shell on a host, or one command in it
  reset HOST ...   give a host back bare: new disk, same key and address
  kill HOST ...    cut its power            boot HOST ...   start it again, its disk as it was
  freeze HOST ...  stop all its processes   thaw HOST ...   let them go on
  cut HOST ...     pull its network cable   mend HOST ...   plug it in again

  --lab NAME       which lab (demo unless named); labs run beside each other
  --owner PID      with up: take the lab down when this process is gone
  --subnet NET     with up: its network, like 10.99.0.0/24, when the lab's own is taken
  --help
`

const say = (line: string): void => console.error(line)

type Command = (lab: Lab, hosts: readonly string[], options: { owner?: string; abandoned?: boolean }) => Promise<void>

const each =
  (work: (lab: Lab, host: string) => Promise<void>, done: string): Command =>
  async (lab, hosts) => {
    if (hosts.length === 0) throw usageError({ where: 'lab', what: 'no host named', remedy: 'name one, like nacos1' })
    await Promise.all(hosts.map((host) => work(lab, host)))
    say(`${hosts.join(', ')} ${done}`)
  }

const commands: Readonly<Record<string, Command>> = {
  up: async (lab, hosts, { owner }) => {
    await lab.up({
      say,
      ...(hosts.length > 0 && { hosts }),
      ...(owner !== undefined && { owner: processNumber(owner) }),
    })
    await status(lab)
  },
  down: (lab, _, { abandoned = false }) => lab.down({ say, abandoned }),
  status: (lab) => status(lab),
  reset: each((lab, host) => lab.reset(host, { say }), 'bare again'),
  kill: each((lab, host) => lab.kill(host), 'without power'),
  boot: each((lab, host) => lab.boot(host), 'ready'),
  freeze: each((lab, host) => lab.freeze(host), 'frozen'),
  thaw: each((lab, host) => lab.thaw(host), 'going on'),
  cut: each((lab, host) => lab.cut(host), 'cut off'),
  mend: each((lab, host) => lab.mend(host), 'connected again'),
  shell: async (lab, [host, ...line]) => {
    if (host === undefined)
      throw usageError({ where: 'lab shell', what: 'no host named', remedy: 'name one, like nacos1' })
    const [command = '', ...rest] = lab.shellCommand(host)
    const words = line.length > 0 ? [...rest, '-c', line.join(' ')] : rest
    process.exitCode = spawnSync(command, words, { stdio: 'inherit' }).status ?? exitCode.failed
  },
}

async function status(lab: Lab): Promise<void> {
  const hosts = await lab.status()
  for (const { host, address, state } of hosts) console.log(`${host.padEnd(8)} ${address.padEnd(14)} ${state}`)
  if (hosts.length === 0) return say(`lab ${lab.layout.name} is down`)
  say(`login key and secrets: ${lab.layout.folder.replace(cacheFolder, '~/.cache/plinth')}`)
}

function processNumber(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text)
  throw usageError({
    where: `--owner ${text}`,
    what: 'is no process number',
    remedy: 'give the number of a running process',
  })
}

async function main(): Promise<void> {
  const { values, positionals } = readArguments()
  const [name, ...hosts] = positionals
  if (values.help) return console.log(usage)
  const command = name === undefined ? undefined : commands[name]
  if (command === undefined) {
    throw usageError({
      where: name === undefined ? 'lab' : `lab ${name}`,
      what: name === undefined ? 'no command given' : 'no such command',
      remedy: `use one of ${Object.keys(commands).join(', ')}, or --help`,
    })
  }
  const { subnet } = values
  await command(lab(values.lab, subnet === undefined ? {} : { subnet }), hosts, values)
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        lab: { type: 'string', default: process.env.LAB ?? 'demo' },
        owner: { type: 'string' },
        subnet: { type: 'string' },
        // The watcher's: take down only what nobody owns any more.
        abandoned: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (thrown) {
    throw usageError({
      where: 'lab',
      what: thrown instanceof Error ? thrown.message : String(thrown),
      remedy: 'see --help',
    })
  }
}

try {
  await main()
} catch (thrown) {
  if (!(thrown instanceof PlinthError)) throw thrown
  console.error(thrown.message)
  process.exitCode = thrown.code
}
