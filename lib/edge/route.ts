/**
 * The way to a machine: one hop, or jump hosts and then the machine. What OpenSSH's configuration says of each of them
 * is settled here, before anything is connected; each jump host by its own configuration, as ssh does it, which starts
 * another ssh for each.
 */
import { hostname } from 'node:os'
import { isAbsolute } from 'node:path'
import { usageError } from '../core/error.ts'
import type { Become, Connection } from '../core/inventory.ts'
import { directives } from '../core/ssh-directives.ts'
import { type Offer, offerOf } from './algorithms.ts'
import { type Credentials, defaultKeyFiles, type Method, usualMethods } from './credentials.ts'
import { localName, localUser } from './local-user.ts'
import { asFileName, SshConfig, type SshSettings, withTokens } from './ssh-config.ts'

/** By what a host's key is trusted. */
export interface Trust {
  /** The name it is known under, instead of its address and port. */
  readonly alias: string | null
  /** Files of known host keys, the user's first; those that are missing are passed over. */
  readonly files: readonly string[]
  /** `TYPE BASE64` of the only keys it may show; none for what the files say. */
  readonly pins: readonly string[]
  /** File with the keys that no host may show any more. */
  readonly revoked: string | null
  /** The file that the key of a new host is added to, with its name hashed or plain; null to add none. */
  readonly acceptNew: { readonly file: string; readonly hashed: boolean } | null
  /** The least length of an RSA key. */
  readonly rsaBits: number
}

/** One sshd on the way. */
export interface Hop {
  /** What messages call it. */
  readonly name: string
  readonly address: string
  readonly port: number
  readonly trust: Trust
  readonly credentials: Credentials
  readonly offer: Offer
  /** Seconds until TCP must be connected; null for the usual. */
  readonly connectSeconds: number | null
  /** Seconds between signs of life, and how many may be missed; null for the usual. */
  readonly keepalive: { readonly seconds: number; readonly count: number } | null
  readonly family: 0 | 4 | 6
  /** The address to connect from. */
  readonly from: string | null
  /** A program whose standard input and output are the connection. */
  readonly proxyCommand: string | null
  /** Ways to trust it or to log in that its configuration has and Plinth has not, for messages. */
  readonly missed: readonly string[]
}

export interface Route {
  /** The machine, in messages. */
  readonly name: string
  /** Jump hosts first, the machine last. */
  readonly hops: readonly Hop[]
  readonly become: Become | null
}

/** The routes of a run: what is asked of ssh, and settled for a jump host, counts for all its machines. */
export class Routes {
  readonly #config = new SshConfig()
  readonly #jumps = new Map<string, Promise<readonly Hop[]>>()

  /**
   * The way to a machine.
   * @throws PlinthError (exit code 4) for a configuration that is broken, or that asks for what can't be honoured
   */
  async to(name: string, connection: Connection): Promise<Route> {
    const { address, port, user, privateKey, password, hostKeys, sshArguments, sshArgumentsAt, become } = connection
    const words = [
      ...(port === null ? [] : ['-o', `Port=${port}`]),
      ...(user === null ? [] : ['-o', `User=${user}`]),
      ...sshArguments,
    ]
    const hops = await this.#hops(name, address, words, [], sshArgumentsAt)
    const last = hops.at(-1)
    if (!last) throw new Error(`no hop to ${name}`)
    const { keyFiles, named } = last.credentials
    const target: Hop = {
      ...last,
      trust: { ...last.trust, pins: hostKeys },
      credentials: {
        ...last.credentials,
        keyFiles: privateKey === null ? keyFiles : [privateKey],
        named: privateKey !== null || named,
        password,
        jump: false,
      },
    }
    return { name, hops: [...hops.slice(0, -1), target], become }
  }

  /**
   * @param behind the jump hosts that this one is the way to
   * @param wordsAt where the words are written
   */
  async #hops(
    name: string,
    host: string,
    words: readonly string[],
    behind: readonly string[],
    wordsAt?: string,
  ): Promise<readonly Hop[]> {
    const settings = await this.#config.settingsOf(host, words, name, wordsAt)
    const tokens = tokensOf(host, settings)
    const jump = settings.get('proxyjump')
    const hop = hopOf(name, settings, tokens, jump === null)
    if (jump === null) return [hop]
    const [spec = '', ...others] = (withTokens(jump, tokens) ?? jump).split(',').reverse()
    const { user, host: through, port } = jumpOf(spec, settings.placeOf('proxyjump'))
    const file = words.indexOf('-F')
    const own = [
      ...(file < 0 ? [] : words.slice(file, file + 2)),
      ...(user === null ? [] : ['-o', `User=${user}`]),
      ...(port === null ? [] : ['-o', `Port=${port}`]),
      ...(others.length === 0 ? [] : ['-o', `ProxyJump=${others.reverse().join(',')}`]),
    ]
    const key = JSON.stringify([through, own])
    if (behind.includes(key)) {
      const [where, remedy] = [
        settings.placeOf('proxyjump'),
        'exclude the jump host from what it says ProxyJump for (Host !JUMP)',
      ]
      throw usageError({ where, what: `the way goes in circles: ${host} is reached through ${through}`, remedy })
    }
    const before =
      this.#jumps.get(key) ?? this.#hops(through, through, own, [...behind, key], settings.placeOf('proxyjump'))
    this.#jumps.set(key, before)
    return [...(await before), hop]
  }
}

/** `[USER@]HOST[:PORT]` or `ssh://[USER@]HOST[:PORT]`; USER may hold an @. */
function jumpOf(spec: string, where: string): { user: string | null; host: string; port: string | null } {
  const parts = /^(?:ssh:\/\/)?(?:(\S+)@)?(?:\[([^\]]+)\]|([^:@\s/]+))(?::(\d+))?\/?$/.exec(spec.trim())
  const host = parts?.[2] ?? parts?.[3]
  if (!parts || host === undefined)
    throw usageError({ where, what: `not a jump host: ${spec}`, remedy: 'write ProxyJump [USER@]HOST[:PORT]' })
  return { user: parts[1] ?? null, host, port: parts[4] ?? null }
}

/** What stands for the tokens of ssh_config(5). */
function tokensOf(host: string, settings: SshSettings): Readonly<Record<string, string>> {
  const { name, home, uid } = localUser()
  const address = settings.get('hostname') ?? host
  const local = hostname()
  return {
    ...{ d: home, u: name ?? '', i: String(uid), l: local, L: local.replace(/\..*$/, '') },
    ...{ n: host, h: address, k: settings.get('hostkeyalias') ?? host, j: settings.get('proxyjump') ?? '' },
    ...{ p: settings.get('port') ?? '22', r: settings.get('user') ?? name ?? '' },
  }
}

function hopOf(name: string, settings: SshSettings, tokens: Readonly<Record<string, string>>, direct: boolean): Hop {
  refuse(settings)
  const command = settings.get('proxycommand')
  const interval = Number(settings.get('serveraliveinterval') ?? 0)
  const timeout = settings.get('connecttimeout')
  const family = settings.get('addressfamily')
  return {
    name,
    address: settings.get('hostname') ?? name,
    port: Number(settings.get('port') ?? 22),
    trust: trustOf(settings),
    credentials: credentialsOf(name, settings, tokens),
    offer: offerOf(settings),
    // 0 is as if it were not written.
    connectSeconds: Number(timeout) || null,
    keepalive: interval > 0 ? { seconds: interval, count: Number(settings.get('serveralivecountmax') ?? 3) } : null,
    family: family === 'inet' ? 4 : family === 'inet6' ? 6 : 0,
    from: settings.get('bindaddress'),
    proxyCommand: command === null || !direct ? null : filled('ProxyCommand', command, tokens, settings),
    missed: missed.flatMap(({ keyword, what }) => (isOn(settings.chosen(keyword)) ? [what] : [])),
  }
}

const missed = [...directives].flatMap(([keyword, directive]) =>
  directive.as === 'missed' && !keyword.startsWith('gssapi') ? [{ keyword, ...directive }] : [],
)
const refused = [...directives].flatMap(([keyword, directive]) =>
  directive.as === 'refused' ? [{ keyword, ...directive }] : [],
)

const isOn = (values: readonly string[] | null): boolean =>
  values !== null && !/^(no|false|none|internal)?$/.test(values.join(''))

function refuse(settings: SshSettings): void {
  const problems = refused.flatMap(({ keyword, when, what, remedy }) =>
    when.test(settings.chosen(keyword)?.[0] ?? '') ? [{ where: settings.placeOf(keyword), what, remedy }] : [],
  )
  if (problems.length > 0) throw usageError(...problems)
}

function trustOf(settings: SshSettings): Trust {
  const own = listed(settings, 'userknownhostsfile')
  const accepts = settings.get('stricthostkeychecking') === 'accept-new'
  const [first] = own
  if (accepts && (first === undefined || first === '/dev/null'))
    throw usageError({
      where: settings.placeOf('stricthostkeychecking'),
      what: 'StrictHostKeyChecking accept-new has no file to keep a key in, so that any key would be taken every time',
      remedy: 'name one with UserKnownHostsFile',
    })
  return {
    alias: settings.get('hostkeyalias'),
    files: [...own, ...listed(settings, 'globalknownhostsfile')],
    pins: [],
    revoked: inHome(settings.get('revokedhostkeys')),
    acceptNew: accepts && first !== undefined ? { file: first, hashed: settings.is('hashknownhosts') } : null,
    rsaBits: Number(settings.get('requiredrsasize') ?? 1024),
  }
}

/**
 * The files of known keys. ssh prints the names beside each other, without quotes: what begins neither with `/` nor with
 * `~/` belongs to the name before. `~` stands there as it is written: in GlobalKnownHostsFile always, and before OpenSSH
 * 8.4 (its release notes) in UserKnownHostsFile too, the default included.
 * @throws PlinthError for a name that is another file in each folder Plinth is started in
 */
function listed(settings: SshSettings, keyword: 'userknownhostsfile' | 'globalknownhostsfile'): readonly string[] {
  const names = settings.get(keyword)?.split(/ (?=~?\/)/) ?? []
  const files = names.filter((name) => name !== '').map((name) => inHome(name))
  const relative = files.find((file) => !isAbsolute(file))
  if (relative === undefined) return files
  throw usageError({
    where: settings.placeOf(keyword),
    what: `the file of known host keys is another one in each folder: ${relative}`,
    remedy: 'write it with / or ~/ at its beginning',
  })
}

/** `~/` spelled out, in a name that ssh has left as it is written. */
function inHome<T extends string | null>(name: T): T | string {
  return name?.replace(/^~(?=\/)/, localUser().home) ?? name
}

function credentialsOf(name: string, settings: SshSettings, tokens: Readonly<Record<string, string>>): Credentials {
  const files = settings.chosen('identityfile')
  const keyFiles = files
    ?.filter((file) => file !== 'none')
    .map((file) => filled('IdentityFile', file, tokens, settings))
  const wanted = settings.get('preferredauthentications')?.split(',') ?? usualMethods
  const able: Readonly<Record<Method, boolean>> = {
    publickey: !/^(no|false)$/.test(settings.get('pubkeyauthentication') ?? ''),
    'keyboard-interactive': settings.is('kbdinteractiveauthentication') && !settings.is('batchmode'),
    password: settings.is('passwordauthentication') && !settings.is('batchmode'),
  }
  const methods = wanted.filter((method): method is Method => able[method as Method] === true)
  if (methods.length === 0)
    throw usageError({
      where: settings.placeOf('preferredauthentications'),
      what: `no way to log in is left that Plinth has (allowed: ${wanted.join(', ')})`,
      remedy: `allow one of ${usualMethods.join(', ')}`,
    })
  const user = settings.get('user') ?? localUser().name
  if (user === null)
    throw usageError({
      where: name,
      what: `nobody is named to log in as, and the system has no name for ${localName()}`,
      remedy: 'name one: ansible_user in the inventory, or -u NAME',
    })
  return {
    user,
    keyFiles: keyFiles ?? defaultKeyFiles(),
    named: false,
    identitiesOnly: settings.is('identitiesonly'),
    agent: agentOf(settings, tokens),
    password: null,
    methods,
    jump: true,
  }
}

/** The agent's socket: IdentityAgent, which may name a variable, or the environment's own. */
function agentOf(settings: SshSettings, tokens: Readonly<Record<string, string>>): string | null {
  const [chosen] = settings.chosen('identityagent') ?? []
  if (chosen === 'none') return null
  const variable = /^\$(\w+)$/.exec(chosen ?? '$SSH_AUTH_SOCK')?.[1]
  const socket =
    chosen === 'SSH_AUTH_SOCK' || variable !== undefined
      ? process.env[variable ?? 'SSH_AUTH_SOCK']
      : filled('IdentityAgent', chosen ?? '', tokens, settings)
  return socket || null
}

function filled(name: string, text: string, tokens: Readonly<Record<string, string>>, settings: SshSettings): string {
  const result = name === 'ProxyCommand' ? withTokens(text, tokens) : asFileName(text, tokens)
  if (result !== null) return result
  throw usageError({
    where: settings.placeOf(name.toLowerCase()),
    what: `${name} has a token that is not understood: ${text}`,
    remedy: `use ${Object.keys(tokens)
      .map((token) => `%${token}`)
      .join(' ')}`,
  })
}
