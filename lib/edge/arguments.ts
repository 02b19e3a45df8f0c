/**
 * The command line of a playbook. Names follow Ansible's; a flag that is not honoured yet is refused, never ignored.
 */
import { becomeMethods } from '../core/become.ts'
import { type Problem, usageError } from '../core/error.ts'
import type { Become } from '../core/inventory.ts'
import { suggestion } from '../core/nearest.ts'

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
}

interface Flag {
  readonly short?: string
  /** The word that stands for its value in the help; a flag without one takes none. */
  readonly value?: string
  readonly help: string
  /** Shares a line of the help with the flag before it. */
  readonly joins?: true
  /** Why it is refused for now. */
  readonly later?: string
}

const flags = {
  inventory: {
    short: 'i',
    value: 'NAME|PATH',
    help: 'a name in inventory/, a file or a folder; repeatable',
  },
  limit: { short: 'l', value: 'PATTERN', help: "only these hosts: 'nacos:!nacos3', 'db*', 'nacos[0:1]'" },
  tags: { short: 't', value: 'TAGS', help: 'only, or all but, what these words find: java,unit; repeatable' },
  'skip-tags': { value: 'TAGS', help: '', joins: true },
  'extra-vars': {
    short: 'e',
    value: 'VARS',
    help: 'variables that win: key=value, \'{"key": 1}\', @file; repeatable',
  },
  check: { short: 'C', help: 'say what differs, change nothing (exit 2 if anything does)' },
  'plan-out': { value: 'FILE', help: 'like --check, and save the plan' },
  apply: { value: 'FILE', help: 'do what that plan says, as long as no host has moved since' },
  prune: { help: 'also remove what was declared there once and is no longer' },
  force: { help: 'go on where a safeguard would stop the run' },
  diff: { short: 'D', help: 'show all lines of the files that change, not only the first ones' },
  step: { help: 'ask before each resource is changed, host by host' },
  yes: { short: 'y', help: 'yes to whatever would be asked' },
  'list-hosts': { help: 'list what is meant, and end' },
  'list-tasks': { help: '', joins: true },
  'list-tags': { help: '', joins: true },
  forks: { short: 'f', value: 'N', help: 'machines at once (default 50)' },
  user: { short: 'u', value: 'NAME', help: 'user to log in as, where the inventory names none' },
  'private-key': { value: 'FILE', help: 'key to log in with, where the inventory names none' },
  'ask-pass': { short: 'k', help: 'ask for the password of the login, where the inventory has none' },
  become: { short: 'b', help: 'become another user, where the inventory says nothing of it' },
  'become-user': { value: 'NAME', help: 'whom (root), and how: sudo, su, doas' },
  'become-method': { value: 'WORD', help: '', joins: true },
  'ask-become-pass': { short: 'K', help: 'ask for the password this takes; empty: that of -k' },
  'vault-password-file': {
    value: 'FILE',
    help: 'file or program with the vault password',
  },
  'vault-id': { value: 'ID@SOURCE', help: '', joins: true },
  'ask-vault-pass': { short: 'J', help: 'ask for the vault password' },
  json: { help: 'one JSON document on stdout; what happens as lines of JSON' },
  events: { value: 'FILE', help: '', joins: true },
  report: { value: 'DIR', help: 'write report.html, report.json and junit.xml there' },
  verbose: { short: 'v', help: 'say more: also what new things will be like' },
  help: { short: 'h', help: 'print this, or the version' },
  version: { help: '', joins: true },
} as const satisfies Record<string, Flag>

type Name = keyof typeof flags
const table: ReadonlyMap<string, Flag> = new Map(Object.entries(flags))
const shorts = new Map([...table].flatMap(([name, { short }]) => (short ? [[short, name] as const] : [])))

/**
 * Reads the arguments after the playbook's name (`process.argv.slice(2)`).
 * Throws usageError with everything that is wrong with them, unless help is asked for.
 */
export function parseArguments(argv: readonly string[]): Options {
  const problems: Problem[] = []
  const given = new Map<string, string[]>()
  const refuse = (where: string, what: string, remedy: string): void => {
    problems.push({ where, what, remedy })
  }
  const rest = [...argv]

  /** Notes a flag; `attached` is the value that stands in the same word. */
  const note = (shown: string, name: string, attached: string | null): void => {
    const flag = table.get(name)
    if (flag === undefined) {
      refuse(shown, 'unknown option', suggestion(shown, honoured(), 'option'))
      // What follows was meant as its value, and is no second mistake.
      if (attached === null && !looksLikeFlag(rest[0])) rest.shift()
    } else if (flag.value === undefined && attached !== null) refuse(shown, 'takes no value', `write ${shown} alone`)
    else {
      const next = attached ?? (flag.value === undefined || looksLikeFlag(rest[0]) ? null : rest.shift())
      if (flag.later !== undefined) refuse(shown, 'not there yet', flag.later)
      else if (flag.value !== undefined && (next ?? '') === '')
        refuse(shown, `needs a value`, `write ${shown} ${flag.value}`)
      else given.set(name, [...(given.get(name) ?? []), next ?? ''])
    }
  }

  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const long = /^--([^=]+)(?:=(.*))?$/s.exec(word)
    if (long?.[1] !== undefined) note(`--${long[1]}`, long[1], long[2] ?? null)
    else if (/^-[^-]/.test(word)) bundle(word.slice(1), note, refuse)
    else refuse(word, 'not expected here', 'playbooks take options only (-i NAME, --help)')
  }

  const forks = Number(given.get('forks')?.at(-1) ?? 50)
  if (!Number.isInteger(forks) || forks < 1 || forks > 1000) refuse('--forks', 'expected a number', 'write 1 to 1000')
  const word = given.get('become-method')?.at(-1)
  const method = becomeMethods.find((known) => known === word)
  if (word !== undefined && method === undefined)
    refuse('--become-method', `there is no method "${word}"`, suggestion(word, becomeMethods, 'method'))
  if (given.has('plan-out') && given.has('apply'))
    refuse('--plan-out', 'a plan is made or done, not both in one run', 'leave out one of --plan-out and --apply')
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
  const all = (name: Name): readonly string[] => given.get(name) ?? []
  const last = (name: Name): string | null => given.get(name)?.at(-1) ?? null
  return {
    inventory: all('inventory'),
    limit: last('limit'),
    tags: words('tags'),
    skipTags: words('skip-tags'),
    extraVars: all('extra-vars'),
    forks,
    check: has('check') || has('plan-out'),
    planOut: last('plan-out'),
    apply: last('apply'),
    verbosity: Math.min(4, all('verbose').length),
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
    vaultIds: all('vault-id'),
    vaultPasswordFiles: all('vault-password-file'),
    askVaultPass: has('ask-vault-pass'),
    privateKey: last('private-key'),
    user: last('user'),
    askPass: has('ask-pass'),
    become: has('become'),
    becomeUser: last('become-user'),
    becomeMethod: method ?? null,
    askBecomePass: has('ask-become-pass'),
  }
}

/** Short flags in one word: `-CDv`, `-f5`, `-i=lab`. The first that takes a value takes the rest of the word. */
function bundle(
  letters: string,
  note: (shown: string, name: string, attached: string | null) => void,
  refuse: (where: string, what: string, remedy: string) => void,
): void {
  for (let i = 0; i < letters.length; i++) {
    const letter = letters[i] ?? ''
    const name = shorts.get(letter)
    if (name === undefined) {
      const near = table.has(letters) || letters.length > 2 ? `write --${letters} for a long option, or` : ''
      refuse(`-${letter}`, `unknown option${letters.length > 1 ? ` in -${letters}` : ''}`, `${near} see --help`.trim())
      return
    }
    if (table.get(name)?.value === undefined) note(`-${letter}`, name, null)
    else {
      const attached = letters.slice(i + 1).replace(/^=/, '')
      note(`-${letter}`, name, attached === '' ? null : attached)
      return
    }
  }
}

const honoured = (): string[] => [...table].filter(([, flag]) => flag.later === undefined).map(([name]) => `--${name}`)

/** A value may begin with a dash only when it is attached; `-` alone is a value. */
const looksLikeFlag = (word: string | undefined): boolean => word === undefined || /^-./.test(word)

/** The help of a playbook, which fits a screen of 40 lines and 100 columns. `playbook` is its path as it was called. */
export function helpText(playbook: string): string {
  const lines: { left: string; help: string }[] = []
  for (const [name, { short, value, help, joins, later }] of table as ReadonlyMap<string, Flag>) {
    if (later !== undefined) continue
    const flag = `${short ? `-${short}, ` : ''}--${name}${value ? ` ${value}` : ''}`
    const before = joins && lines.pop()
    if (before) lines.push({ left: `${before.left}, ${flag}`, help: before.help })
    else lines.push({ left: `  ${short ? '' : '    '}${flag}`, help })
  }
  const run = `npx tsx ${playbook}`
  return `${[
    `Usage: ${run} -i NAME [options]`,
    '',
    'Brings the hosts of an inventory to the state the playbook describes, and says what it did.',
    '',
    ...lines.map(({ left, help }) => `${left.padEnd(32)}  ${help}`),
    '',
    'Examples:',
    `  ${run} -i lab                     converge`,
    `  ${run} -i lab --check             what differs, nothing changed`,
    `  ${run} -i prod -l 'nacos:!nacos3' all Nacos nodes but one`,
    `  ${run} -i prod -e @upgrade.yaml --vault-password-file ~/.vault`,
    '',
    'Exit codes: 0 done, 1 a host failed, 2 --check found differences, 3 unreachable,',
    '4 usage or inventory, 130 interrupted.',
  ].join('\n')}\n`
}
