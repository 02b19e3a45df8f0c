/**
 * The command line of a playbook. Names follow Ansible's; an option that means nothing to it is refused, never ignored.
 */
import { resolve } from 'node:path'
import { becomeMethods } from '../core/become.ts'
import { usageError } from '../core/error.ts'
import type { Become } from '../core/inventory.ts'
import { suggestion } from '../core/nearest.ts'
import { type Option, readOptions } from '../core/options.ts'

/**
 * What a playbook does, and with it which options mean something to it: it declares (`main`), acts (`perform`), looks
 * (`inspect`), or does one thing on each host by itself (`each`).
 */
export type Kind = 'site' | 'procedure' | 'look' | 'errand'

/** What a run was asked to do. */
export interface Options {
  /** Names or paths, in order; later ones win. */
  readonly inventory: readonly string[]
  readonly limit: string | null
  /** Only what these words find; everything where there are none. */
  readonly tags: readonly string[]
  /** Not what these words find. */
  readonly skipTags: readonly string[]
  readonly extraVars: readonly string[]
  /** How many machines are worked on at once. */
  readonly forks: number
  readonly check: boolean
  /** 0 to 4. */
  readonly verbosity: number
  /** Go on where it is refused for safety, at one's own risk. */
  readonly force: boolean
  /** Remove what is no longer declared. */
  readonly prune: boolean
  /** Where the plan of a check is saved. */
  readonly planOut: string | null
  /** A saved plan to do, and nothing else. */
  readonly apply: string | null
  readonly diff: boolean
  /** Ask before each resource is changed. */
  readonly step: boolean
  /** Yes to whatever would be asked. */
  readonly yes: boolean
  readonly listHosts: boolean
  readonly listTasks: boolean
  readonly listTags: boolean
  readonly json: boolean
  /** A folder for the report, and a file for the stream of events; null where none is wanted. */
  readonly report: string | null
  readonly events: string | null
  readonly version: boolean
  readonly help: boolean
  readonly vaultIds: readonly string[]
  readonly vaultPasswordFiles: readonly string[]
  readonly askVaultPass: boolean
  readonly privateKey: string | null
  readonly user: string | null
  readonly askPass: boolean
  readonly become: boolean
  readonly becomeUser: string | null
  readonly becomeMethod: Become['method'] | null
  readonly askBecomePass: boolean
  /** What stands after `--`. */
  readonly words: readonly string[]
}

interface Flag extends Option {
  /** What it is for, in a few words. Flags that share a line of the help have theirs one after the other. */
  readonly help: string
  /** The kinds of playbook that it means something to. Default: all. */
  readonly of?: readonly Kind[]
}

const site = ['site'] as const
const reporting = ['site', 'procedure'] as const
const hosts = ['site', 'errand'] as const
const acting = ['site', 'procedure', 'errand'] as const

export const flags = {
  inventory: { short: 'i', value: 'NAME|PATH', help: 'in inventory/, file, folder, or a,b' },
  limit: { short: 'l', value: 'PATTERN', help: "'web:!web3', 'db*', web[0:2], @file", of: hosts },
  tags: { short: 't', value: 'TAGS', help: 'what these words find', of: site },
  'skip-tags': { value: 'TAGS', help: 'all but that', of: site },
  'extra-vars': { short: 'e', value: 'VARS', help: 'key=value, \'{"key": 1}\' or @file' },
  check: { short: 'C', help: 'only say what would be done', of: acting },
  diff: { short: 'D', help: 'in full', of: site },
  'plan-out': { value: 'FILE', help: 'save the plan', of: site },
  apply: { value: 'FILE', help: 'do what it says', of: site },
  'list-hosts': { help: 'list what is meant, and end', of: hosts },
  'list-tasks': { help: '', of: site },
  'list-tags': { help: '', of: site },
  step: { help: 'ask before each change', of: site },
  yes: { short: 'y', help: 'yes to all', of: site },
  prune: { help: 'remove leftovers', of: site },
  force: { help: 'pass safeguards', of: ['site', 'procedure'] },
  forks: { short: 'f', value: 'N', help: 'machines at once (50)', of: hosts },
  user: { short: 'u', value: 'NAME', help: 'log in as' },
  'ask-pass': { short: 'k', help: 'ask for the password' },
  'private-key': { value: 'FILE', help: 'log in with this key' },
  become: { short: 'b', help: 'act as root' },
  'ask-become-pass': { short: 'K', help: 'ask for the password' },
  'become-user': { value: 'NAME', help: 'as another' },
  'become-method': { value: 'WORD', help: 'sudo, su or doas' },
  'vault-password-file': { value: 'FILE', help: '' },
  'vault-id': { value: 'ID@SOURCE', help: '' },
  'ask-vault-pass': { short: 'J', help: '' },
  json: { help: 'for programs' },
  events: { value: 'FILE', help: 'as it happens', of: reporting },
  report: { value: 'DIR', help: 'a page', of: reporting },
  verbose: { short: 'v', help: 'say more', of: reporting },
  help: { short: 'h', help: '' },
  version: { help: '' },
} as const satisfies Record<string, Flag>

export type Name = keyof typeof flags
const all: ReadonlyMap<string, Flag> = new Map(Object.entries(flags))

/** The options that mean something to a kind of playbook. */
export const optionsOf = (kind: Kind): ReadonlyMap<string, Flag> =>
  new Map([...all].filter(([, { of }]) => of === undefined || of.includes(kind)))

/** Whom an option means nothing to, and what to do instead. */
const strangeTo: Readonly<Record<Kind, readonly [whom: string, remedy: string]>> = {
  site: ['a playbook that declares', 'leave it out'],
  procedure: ['a procedure', 'name what it is about with -e, as in -e node=NAME'],
  look: ['a playbook that only looks', 'leave it out'],
  errand: ['a playbook that does one thing on each host', 'leave it out'],
}

const reportFiles = ['report.html', 'report.json', 'junit.xml']

/** The options whose files, by their paths, are those of another one: the later would be lost in the earlier. */
function sameFiles(given: ReadonlyMap<string, readonly string[]>): readonly (readonly [string, string])[] {
  const taken = new Map<string, string>()
  return ['report', 'plan-out', 'apply', 'events'].flatMap((option) => {
    const path = given.get(option)?.at(-1)
    // Both together are refused already.
    if (path === undefined || (option === 'apply' && given.has('plan-out'))) return []
    const files = option === 'report' ? reportFiles.map((name) => resolve(path, name)) : [resolve(path)]
    const other = files.map((file) => taken.get(file)).find((one) => one !== undefined)
    for (const file of files) taken.set(file, option)
    return other === undefined ? [] : [[option, other] as const]
  })
}

/**
 * Reads the arguments after the playbook's name (`process.argv.slice(2)`).
 * Throws usageError with everything that is wrong with them, unless help is asked for.
 */
export function parseArguments(argv: readonly string[], kind: Kind = 'site'): Options {
  const { given, others, rest, problems: wrong } = readOptions(argv, all, optionsOf(kind).keys())
  const problems = [...wrong]
  const refuse = (where: string, what: string, remedy: string): void => void problems.push({ where, what, remedy })
  for (const word of others) {
    const remedy =
      kind === 'errand'
        ? 'what is to be run stands after --: -- COMMAND'
        : 'playbooks take options only (-i NAME, -l PATTERN, --help)'
    refuse(word, 'not expected here', remedy)
  }
  if (rest !== null && kind !== 'errand')
    refuse('--', 'not expected here', 'playbooks take options only (-i NAME, --help)')
  const [whom, otherwise] = strangeTo[kind]
  for (const name of given.keys()) {
    if (optionsOf(kind).has(name)) continue
    const told = name === 'report' || name === 'events'
    refuse(`--${name}`, `means nothing to ${whom}`, told ? 'use --json > FILE' : otherwise)
  }

  const written = given.get('forks')?.at(-1) ?? '50'
  const forks = Number(written)
  if (!/^\d+$/.test(written) || forks < 1 || forks > 1000)
    refuse('--forks', `expected a number, found "${written}"`, 'write 1 to 1000')
  const word = given.get('become-method')?.at(-1)
  const method = becomeMethods.find((known) => known === word)
  if (word !== undefined && method === undefined)
    refuse('--become-method', `there is no method "${word}"`, suggestion(word, becomeMethods, 'method'))
  if (given.has('plan-out') && given.has('apply'))
    refuse('--plan-out', 'a plan is made or done, not both in one run', 'leave out one of --plan-out and --apply')
  const lists = (['list-hosts', 'list-tasks', 'list-tags'] as const).filter((name) => given.has(name))
  if (lists.length > 1) refuse(`--${lists[1]}`, `does not go with --${lists[0]}`, 'leave one of them out')
  for (const list of lists)
    for (const other of ['json', 'plan-out', 'report', 'events'] as const)
      if (given.has(other)) refuse(`--${other}`, `does not go with --${list}`, 'leave one of them out')
  // Who is asked sees the plan first, and with --json nothing is shown of it.
  const asks = given.has('step') && !(['yes', 'check', 'plan-out'] as const).some((name) => given.has(name))
  if (asks && given.has('json'))
    refuse('--json', 'does not go with --step', 'leave one of them out; --report DIR leaves the document there')
  for (const [option, other] of sameFiles(given))
    refuse(`--${option}`, `would write to the file of --${other}`, 'give another name')
  const words = (name: Name): readonly string[] =>
    (given.get(name) ?? []).flatMap((list) => list.split(',').map((one) => one.trim())).filter((one) => one !== '')
  for (const name of ['tags', 'skip-tags'] as const) {
    if (given.has(name) && words(name).length === 0) refuse(`--${name}`, 'needs a value', `write --${name} TAGS`)
    // What is no longer declared has no tags, and a saved plan is one of all that its hosts should be.
    for (const whole of ['prune', 'plan-out', 'apply'] as const) {
      if (words(name).length > 0 && given.has(whole))
        refuse(`--${whole}`, `does not go with --${name}`, `give --${whole} in a run without --${name}`)
    }
  }
  if (problems.length > 0 && !given.has('help')) throw usageError(...problems)
  const has = (name: Name): boolean => given.has(name)
  const every = (name: Name): readonly string[] => given.get(name) ?? []
  const last = (name: Name): string | null => given.get(name)?.at(-1) ?? null
  return {
    inventory: every('inventory'),
    limit: last('limit'),
    tags: words('tags'),
    skipTags: words('skip-tags'),
    extraVars: every('extra-vars'),
    forks,
    check: has('check') || has('plan-out'),
    planOut: last('plan-out'),
    apply: last('apply'),
    verbosity: Math.min(4, every('verbose').length),
    force: has('force'),
    prune: has('prune'),
    diff: has('diff'),
    step: has('step'),
    yes: has('yes'),
    listHosts: has('list-hosts'),
    listTasks: has('list-tasks'),
    listTags: has('list-tags'),
    json: has('json'),
    report: last('report'),
    events: last('events'),
    version: has('version'),
    help: has('help'),
    vaultIds: every('vault-id'),
    vaultPasswordFiles: every('vault-password-file'),
    askVaultPass: has('ask-vault-pass'),
    privateKey: last('private-key'),
    user: last('user'),
    askPass: has('ask-pass'),
    become: has('become'),
    becomeUser: last('become-user'),
    becomeMethod: method ?? null,
    askBecomePass: has('ask-become-pass'),
    words: rest ?? [],
  }
}
