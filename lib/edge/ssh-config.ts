/**
 * What OpenSSH would do to reach a host. The authority is `ssh -G`: it reads the configuration with all that can stand
 * in it (Include, Match, tokens, canonical names) and says what it comes to. It is only asked where the files, or the
 * arguments in the inventory, hold something that matters (ssh-config-files.ts), and once for all hosts that they treat alike.
 */
import { execFile } from 'node:child_process'
import { isIPv4, isIPv6, SocketAddress } from 'node:net'
import { join } from 'node:path'
import { type PlinthError, usageError } from '../core/error.ts'
import { q } from '../core/script.ts'
import { Gate } from './gate.ts'
import { localUser } from './local-user.ts'
import { dependsOnHost, type Line, SshConfigFiles } from './ssh-config-files.ts'

/** Directives by keyword, in small letters, as `ssh -G` prints them. */
export class SshSettings {
  readonly #values: ReadonlyMap<string, readonly string[]>
  readonly #untouched: ReadonlyMap<string, readonly string[]>
  readonly #lines: readonly Line[]

  /**
   * @param untouched what an empty configuration comes to on this machine
   * @param lines the lines that this comes from, those that win first, as far as they are known: for messages
   */
  constructor(
    values: ReadonlyMap<string, readonly string[]>,
    untouched: ReadonlyMap<string, readonly string[]>,
    lines: readonly Line[] = [],
  ) {
    this.#values = values
    this.#untouched = untouched
    this.#lines = lines
  }

  /** The value, also where it is only OpenSSH's default; null where there is none. */
  get(keyword: string): string | null {
    const value = this.#values.get(keyword)?.[0] ?? null
    return value === 'none' ? null : value
  }

  /** All values of a directive that somebody set; null when it is as OpenSSH has it by default. */
  chosen(keyword: string): readonly string[] | null {
    const values = this.#values.get(keyword)
    return values === undefined || values.join('\n') === this.#untouched.get(keyword)?.join('\n') ? null : values
  }

  /** Whether a switch is on. */
  is(keyword: string): boolean {
    return /^(yes|true)$/.test(this.#values.get(keyword)?.[0] ?? '')
  }

  /** `FILE:LINE` of a directive, or the configuration as a whole. */
  placeOf(keyword: string): string {
    return this.#lines.find((line) => line.keyword === keyword)?.where ?? 'the ssh configuration'
  }

  /** The same for another host that the files treat alike, and leave its own name. */
  for(host: string): SshSettings {
    return new SshSettings(new Map([...this.#values, ['hostname', [host.toLowerCase()]]]), this.#untouched, this.#lines)
  }
}

const text = /^[^%$~"\\#]+$/
const number = /^\d+$/
/** Options whose value `ssh -G` prints as it is written; where there are no others there is no need to ask. */
const plain: ReadonlyMap<string, RegExp> = new Map(
  Object.entries({
    port: number,
    user: text,
    hostkeyalias: text,
    connecttimeout: number,
    serveraliveinterval: number,
    serveralivecountmax: number,
    identitiesonly: /^(yes|no)$/,
    userknownhostsfile: text,
    globalknownhostsfile: text,
    stricthostkeychecking: /^(yes|ask)$/,
  }),
)

/** How many `ssh -G` run at the same time. */
const width = 4
const patience = 30

/** Whom a question to ssh is about. */
interface Asked {
  readonly host: string
  /** The machine's, or `host` where the answer counts for others too. */
  readonly name: string
  readonly wordsAt?: string | undefined
}

/** The settings of all hosts of a run. */
export class SshConfig {
  readonly #files = new Map<string | null, SshConfigFiles>()
  readonly #asked = new Map<string, Promise<SshSettings>>()
  readonly #gate = new Gate(width)
  #untouched: Promise<ReadonlyMap<string, readonly string[]>> | undefined

  /**
   * What `ssh ARGUMENTS HOST` comes to.
   * @param host the address, as it is written
   * @param words `-o NAME=VALUE` and `-F FILE`; the first word for a directive wins, and both win over the files
   * @param name of the machine, for messages
   * @param wordsAt where the words are written, for messages
   * @throws PlinthError (exit code 4) in the words of ssh when the configuration is broken or there is no ssh to read it
   */
  async settingsOf(host: string, words: readonly string[], name = host, wordsAt?: string): Promise<SshSettings> {
    const { options, file } = parted(words)
    const files = this.#files.get(file) ?? new SshConfigFiles(file)
    this.#files.set(file, files)
    const { lines, own } = files.bearingOn(host)
    const asWritten = keptBySsh(host)
    const given = options.map(([keyword, value]) => ({ keyword, value, where: wordsAt ?? 'the ssh arguments' }))
    const usual = lines.length === 0 && asWritten ? defaults(host, options, given) : null
    if (usual) return usual
    const alone = own || !asWritten || given.some(dependsOnHost)
    const key = JSON.stringify([alone ? host : null, words, lines.map(({ where }) => where)])
    const asked = this.#asked.get(key) ?? this.#ask({ host, name: alone ? name : host, wordsAt }, words, lines, given)
    this.#asked.set(key, asked)
    const settings = await asked
    // The hostname in there is another host's, unless it was asked for this one, or HostName sends all of them to it.
    const sent = [...given, ...lines].some(({ keyword }) => keyword === 'hostname')
    return alone || sent ? settings : settings.for(host)
  }

  async #ask(
    asked: Asked,
    words: readonly string[],
    lines: readonly Line[],
    given: readonly Line[],
  ): Promise<SshSettings> {
    // Nothing that is compared with it is of one host; and one that ssh refuses is no reason to refuse another.
    this.#untouched ??= this.#run({ host: 'localhost', name: 'localhost' }, ['-F', 'none'], lines)
    const untouched = this.#untouched
    untouched.catch(() => {
      if (this.#untouched === untouched) this.#untouched = undefined
    })
    const values = await this.#run(asked, words, lines)
    return new SshSettings(values, await untouched, [...given, ...lines])
  }

  async #run(asked: Asked, words: readonly string[], lines: readonly Line[]): Promise<Map<string, string[]>> {
    await this.#gate.enter()
    try {
      return parseSettings(await run(asked, words, lines))
    } finally {
      this.#gate.leave()
    }
  }
}

/**
 * Whether ssh leaves an address as it is written, but for capital letters: a name, or an address of numbers in the one
 * form that it prints. `127.1`, `010.0.0.1` and `fd00:0::1` are brought into that form; so is all that the system's
 * inet_aton(3) takes for an address.
 */
function keptBySsh(host: string): boolean {
  if (isIPv4(host)) return true
  if (isIPv6(host)) {
    // The number of an interface becomes its name.
    const [address = '', scope = 'name'] = host.split('%')
    return new SocketAddress({ address, family: 'ipv6' }).address === address && /^[a-z][a-z0-9.-]*$/.test(scope)
  }
  return /^[a-z0-9_.-]+$/i.test(host) && !/^(0x[0-9a-f]*|\d+)(\.(0x[0-9a-f]*|\d+))*\.?$/i.test(host)
}

/** The output of `ssh -G`: one directive a line, those with several values on several lines. */
export function parseSettings(text: string): Map<string, string[]> {
  const values = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const [, keyword = '', value = ''] = /^(\S+) (.*)$/.exec(line) ?? []
    if (keyword !== '') values.set(keyword.toLowerCase(), [...(values.get(keyword.toLowerCase()) ?? []), value])
  }
  return values
}

/** What ssh comes to for a host that no line of the files is about; null when the options are not plain. */
export function defaults(
  host: string,
  options: readonly (readonly [name: string, value: string])[],
  lines: readonly Line[] = [],
): SshSettings | null {
  const { name: user, home } = localUser()
  const named: readonly [string, string][] = user === null ? [] : [['user', user]]
  const usual: readonly [string, string][] = [
    ['hostname', host.toLowerCase()],
    ['port', '22'],
    ...named,
    ['stricthostkeychecking', 'ask'],
    ['hashknownhosts', 'no'],
    ['userknownhostsfile', ['known_hosts', 'known_hosts2'].map((name) => join(home, '.ssh', name)).join(' ')],
    ['globalknownhostsfile', '/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2'],
    ['pubkeyauthentication', 'true'],
    ['kbdinteractiveauthentication', 'yes'],
    ['passwordauthentication', 'yes'],
    ['serveralivecountmax', '3'],
    ['requiredrsasize', '1024'],
  ]
  const untouched = new Map(usual.map(([name, value]) => [name, [value]]))
  const values = new Map(untouched)
  const given = new Set<string>()
  for (const [name, value] of options) {
    if (!plain.get(name)?.test(value)) return null
    if (!given.has(name)) values.set(name, [name === 'hostkeyalias' ? value.toLowerCase() : value])
    given.add(name)
  }
  return new SshSettings(values, untouched, lines)
}

/** The options of the words as pairs, and the file they name. */
function parted(words: readonly string[]): { options: readonly (readonly [string, string])[]; file: string | null } {
  const options: [string, string][] = []
  let file: string | null = null
  for (let i = 0; i + 1 < words.length; i += 2) {
    const value = words[i + 1] ?? ''
    if (words[i] === '-F') file = value
    else options.push([value.slice(0, value.indexOf('=')).toLowerCase(), value.slice(value.indexOf('=') + 1)])
  }
  return { options, file }
}

function run(asked: Asked, words: readonly string[], lines: readonly Line[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('ssh', ['-G', '-T', ...words, '--', asked.host], { timeout: patience * 1000 }, (error, stdout, stderr) => {
      if (!error) resolve(stdout)
      else reject(configProblem(error, stderr, asked, words, lines))
    })
  })
}

function configProblem(
  error: Error & { code?: unknown; killed?: boolean },
  stderr: string,
  { host, name, wordsAt }: Asked,
  words: readonly string[],
  lines: readonly Line[],
): PlinthError {
  const { where = wordsAt ?? 'the ssh arguments', keyword = '' } = lines[0] ?? {}
  if (error.code === 'ENOENT' && !keptBySsh(host))
    return usageError({
      where: name,
      what: `only the program ssh can tell which address ${host} is, and it is not on this machine`,
      remedy: 'write the address as it is printed (127.0.0.1, fd00::1), or install openssh-client',
    })
  if (error.code === 'ENOENT')
    return usageError({
      where,
      what: `${keyword || 'what stands there'} has a bearing on the way to ${host}, and only the program ssh can read it, which is not on this machine`,
      remedy:
        'install openssh-client, or write -F none among the ssh arguments of the inventory to go without the files',
    })
  const said = stderr.trim().split(/\r?\n/)
  const ofWords = wordsAt !== undefined && /^command-line\b/.test(stderr)
  return usageError({
    where: ofWords ? wordsAt : name === host ? `ssh -G ${host}` : `${name} (ssh -G ${host})`,
    what: error.killed
      ? `no answer within ${patience} s`
      : (said.slice(0, -1).join(', ') || said.join(' ')).replace(/\.$/, '') || error.message,
    remedy: error.killed
      ? 'see to what the ssh configuration runs or looks up (Match exec, CanonicalizeHostname)'
      : `correct it; "ssh -G ${[...words, host].map(q).join(' ')}" says the same`,
  })
}

/** Text with its tokens (`%h`) filled in; null when one of them is not known. */
export function withTokens(text: string, tokens: Readonly<Record<string, string>>): string | null {
  let known = true
  const filled = text.replace(/%(.)/g, (_, token: string) => {
    const value = token === '%' ? '%' : tokens[token]
    if (value === undefined) known = false
    return value ?? ''
  })
  return known ? filled : null
}

/** A file name as ssh makes it out of what is written: `~`, `${VARIABLE}` and tokens. */
export const asFileName = (text: string, tokens: Readonly<Record<string, string>>): string | null =>
  withTokens(
    text
      .replace(/^~(?=\/|$)/, localUser().home)
      .replace(/\$\{(\w+)\}/g, (_, name: string) => (process.env[name] ?? '').replaceAll('%', '%%')),
    tokens,
  )
