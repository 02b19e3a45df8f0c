/** Why a machine can't be reached, by name: from what ssh2 and the system say to what a person can do. Pure. */
import { type PlinthError, unreachable } from '../core/error.ts'
import { expired, plain, wantsNewPassword } from './dialogue.ts'

/** ssh2 marks where an error comes from. */
type Ssh2Error = Error & { readonly level?: string; readonly code?: string | number }

/** How far an attempt to connect came: TCP, the first line of sshd, the keys, the login, the shell. */
export type Phase = 'connect' | 'greeting' | 'keys' | 'login' | 'shell'

export interface Attempt {
  readonly phase: Phase
  /** How long it was waited for in this phase. */
  readonly seconds: number
  readonly user?: string
  /** The keys and passwords that were offered. */
  readonly tried?: readonly string[]
  /** Ways that its configuration has and Plinth has not, or that are not allowed. */
  readonly missed?: readonly string[]
  /** What was said before sshd identified itself. */
  readonly greeting?: string
  /** What the ProxyCommand said, where there is one. */
  readonly program?: string
  /** sshd's algorithms, by the kind that ssh2 calls them. */
  readonly offer?: Readonly<Record<string, string>>
}

/** Why no connection came about. */
export function connectionProblem(where: string, error: Ssh2Error, attempt: Attempt): PlinthError {
  const [what, remedy] = meaningOf(error, attempt)
  return unreachable({ where, what, remedy })
}

type Meaning = [what: string, remedy: string]

function meaningOf(error: Ssh2Error, attempt: Attempt): Meaning {
  const { message, level } = error
  const { phase, seconds, tried = [], missed = [] } = attempt
  switch (error.code) {
    case 'ECONNREFUSED':
      return ['the connection was refused: nothing listens on that port', 'see that sshd runs there, and on this port']
    case 'ETIMEDOUT':
      return [
        `no answer within ${seconds} s`,
        'see that the host is up, and that no firewall drops the packets to this port',
      ]
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return ['there is no route to the host', 'see that the host is up, and to the network in between']
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return ['its name was not found', 'correct the address in the inventory, or see to the name service']
    case 'EADDRNOTAVAIL':
      return ['this machine has no such address to connect from', 'correct BindAddress in the ssh configuration']
  }
  if (level === 'client-authentication' || /Too many authentication failures/.test(message)) {
    const others = missed.length === 0 ? '' : `; not there in Plinth: ${missed.join(', ')}`
    return [
      `the login was refused (tried: ${tried.join(', ') || 'no key'}${others})${/Too many/.test(message) ? ', and sshd took no further key' : ''}`,
      `add the public key to ~${attempt.user}/.ssh/authorized_keys there, or name another key (--private-key FILE)`,
    ]
  }
  if (level === 'client-timeout') return slow(attempt)
  if (/no matching/.test(message)) return nothingInCommon(message, attempt.offer ?? {})
  if (phase === 'shell') {
    return [
      `the login worked, but sshd starts no command (${message})`,
      'see to MaxSessions and ForceCommand in its sshd_config, and to the login shell of the user',
    ]
  }
  if (phase === 'greeting') return noGreeting(attempt.greeting ?? '', attempt.program)
  if (!/^closed$|ECONNRESET|EPIPE/.test(`${error.code ?? message}`))
    return [`the connection failed: ${message}`, 'see to sshd and its log there']
  const during = phase === 'keys' ? 'while the keys were exchanged' : 'during the login'
  return [`the host closed the connection ${during}`, 'see to sshd and its log there; run again if it was restarted']
}

/** Reasons, or their beginnings, for which a shell has not come up. */
export const noWord = 'it said no word that was meant for us'
export const shellEnded = 'the shell there ended'

/** The login is done, and what it starts has not become our shell: the user's own files, or what sshd runs in its place. */
export function noShell(where: string, reason: string, said: string): PlinthError {
  if (wantsNewPassword({ name: '', instructions: said, prompts: [] })) return expired(where, plain(said))
  return unreachable({
    where,
    what: `the login works, but its shell has not come up: ${reason}${said && `; it said: ${said}`}`,
    remedy:
      'see to .bashrc, .profile and the like of that user there (do they ask, wait, or send the output elsewhere with exec?), to its login shell, and to ForceCommand of its sshd',
  })
}

function slow({ phase, seconds, program }: Attempt): Meaning {
  if (phase === 'greeting' && program !== undefined)
    return [`no SSH server has answered through its ProxyCommand within ${seconds} s: ${lastWords(program)}`, runByHand]
  if (phase === 'greeting')
    return [
      `the port is open, but no SSH server has answered within ${seconds} s`,
      'see what listens on that port, and to the load of the host',
    ]
  const what = phase === 'keys' ? 'exchange of keys' : phase === 'login' ? 'login' : 'start of a shell there'
  return [`the ${what} took longer than ${seconds} s`, 'see to the load and the name service of the host']
}

const runByHand = 'run that command by hand, and correct it in the ssh configuration'
const lastWords = (program: string): string =>
  program === '' ? 'it said nothing' : program.split('\n').slice(-3).join(', ')

/** sshd closed the connection instead of identifying itself (sshd.c of OpenSSH: drop_connection, srclimit). */
function noGreeting(greeting: string, program?: string): Meaning {
  if (/not allowed at this time/i.test(greeting))
    return [
      'sshd lets nobody in from this address for now: a penalty for refused or broken logins (PerSourcePenalties), or its limit for new logins (MaxStartups)',
      'correct what was refused before, wait some minutes, and run again; in its sshd_config PerSourcePenaltyExemptList exempts an address, and MaxStartups raises the limit',
    ]
  if (/MaxStartups/.test(greeting))
    return [
      'sshd is at its limit for new logins (MaxStartups), and stayed there',
      'run again with fewer at a time (-f), or raise MaxStartups in its sshd_config',
    ]
  if (/^SSH-/m.test(greeting))
    return [
      'the host closed the connection in the middle of its first line',
      'see to sshd and its log there, and to the network',
    ]
  if (greeting !== '')
    return [
      `what answers on that port is no SSH server: it says ${JSON.stringify(greeting.slice(0, 80))}`,
      'correct the port (ansible_port)',
    ]
  if (program !== undefined) return [`its ProxyCommand gave no connection: ${lastWords(program)}`, runByHand]
  return [
    'the host dropped the connection before it said anything',
    'it may be at its limit for new logins (MaxStartups), ban this address after refused logins, or have no sshd on that port',
  ]
}

const postQuantum = /sntrup|mlkem|kyber/

function nothingInCommon(message: string, offer: Readonly<Record<string, string>>): Meaning {
  const kind = /no matching (.*)$/.exec(message)?.[1] ?? ''
  const theirs = offer[kind] ?? ''
  if (kind === 'key exchange algorithm' && theirs !== '' && theirs.split(',').every((name) => postQuantum.test(name)))
    return [
      `its sshd takes post-quantum key exchange only (${theirs}), which Plinth has not`,
      'allow curve25519-sha256 beside it (KexAlgorithms in its sshd_config)',
    ]
  return [
    `there is no common ${kind}${theirs === '' ? '' : `: it takes ${theirs}`}`,
    'update its sshd, allow a present-day algorithm there, or widen what the ssh configuration here allows; SHA-1 signatures are not accepted',
  ]
}

/** Why a connection that was well is lost, in words. */
export const lossOf = ({ message, level, code }: Ssh2Error): string => {
  if (level === 'client-timeout') return 'the host gave no sign of life'
  if (code === 'ECONNRESET' || code === 'EPIPE') return `the connection was cut (${code})`
  return `the connection failed (${message})`
}
