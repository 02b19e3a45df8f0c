/** Why a machine can't be reached, by name: from what ssh2 and the system say to what a person can do. Pure. */
import { type PlinthError, unreachable } from '../core/error.ts'
import { fingerprint, type KnownKey, keyType, type Verdict } from './known-hosts.ts'

/** ssh2 marks where an error comes from. */
type Ssh2Error = Error & { readonly level?: string; readonly code?: string | number }

const shown = (blob: Buffer): string => `${keyType(blob)} ${fingerprint(blob)}`
const quoted = ({ blob, where }: KnownKey): string => `${shown(blob)} (${where})`

/**
 * Why a host's key was not accepted. `name` is what it was looked up by.
 * Exit code 3: nothing was sent to a machine that may be another one.
 */
export function hostKeyProblem(
  where: string,
  { address, port, knownHostsFiles }: { address: string; port: number; knownHostsFiles: readonly string[] },
  name: string,
  verdict: Verdict,
  key: Buffer,
): PlinthError {
  const compare = `compare it with the one the host's own console shows (ssh-keygen -lf on its /etc/ssh/ssh_host_*_key.pub)`
  const file = knownHostsFiles[0] ?? 'known_hosts'
  switch (verdict.kind) {
    case 'changed':
      return unreachable({
        where,
        what: `its host key has CHANGED: it presents ${shown(key)}, known is ${verdict.known.map(quoted).join(', ')}`,
        remedy: `if the host was set up anew, ${compare}, then remove the old line (ssh-keygen -f ${fileOf(verdict.known)} -R '${name}') and add the new key; if not, somebody may be in between`,
      })
    case 'revoked':
      return unreachable({
        where,
        what: `its host key ${shown(key)} is marked as revoked at ${verdict.by.where}`,
        remedy: 'do not connect: give the host a new key, and find out how the old one was lost',
      })
    case 'authority':
      return unreachable({
        where,
        what: `its host key ${shown(key)} is vouched for only by a certificate authority (${verdict.by.where}), and host certificates can't be checked here`,
        remedy: `${compare}, then add the host's own key to ${file}: ssh-keyscan -p ${port} -t ${scanned(key)} ${address}`,
      })
    default:
      return unreachable({
        where,
        what: `its host key ${shown(key)} is unknown: no line for ${name} in ${knownHostsFiles.join(', ')}`,
        remedy: `${compare}, then add it: ssh-keyscan -p ${port} -t ${scanned(key)} ${address} >>${file}`,
      })
  }
}

const fileOf = (known: readonly KnownKey[]): string => known[0]?.where.replace(/:\d+$/, '') ?? 'known_hosts'

/** The name of a key's kind in the words of ssh-keyscan. */
const scanned = (key: Buffer): string => keyType(key).replace(/^ssh-|-sha2-.*$/g, '')

interface Attempt {
  readonly connectSeconds?: number
  readonly loginSeconds?: number
  readonly tried?: readonly string[]
  readonly user?: string
}

/** Why no connection came about. */
export function connectionProblem(where: string, error: Ssh2Error, attempt: Attempt): PlinthError {
  const [what, remedy] = meaningOf(error, attempt)
  return unreachable({ where, what, remedy })
}

function meaningOf(error: Ssh2Error, attempt: Attempt): [what: string, remedy: string] {
  const { message, level } = error
  switch (error.code) {
    case 'ECONNREFUSED':
      return ['the connection was refused: nothing listens on that port', 'see that sshd runs there, and on this port']
    case 'ETIMEDOUT':
      return [
        `no answer within ${attempt.connectSeconds} s`,
        'see that the host is up, and that no firewall drops the packets to this port',
      ]
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return ['there is no route to the host', 'see that the host is up, and to the network in between']
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return ['its name was not found', 'correct the address in the inventory, or see to the name service']
  }
  if (level === 'client-authentication' || /Too many authentication failures/.test(message)) {
    const keys = attempt.tried?.join(', ') || 'no key'
    return [
      `the login was refused (tried: ${keys})${/Too many/.test(message) ? ', and sshd took no further key' : ''}`,
      `add the public key to ~${attempt.user}/.ssh/authorized_keys there, or name another key (--private-key FILE)`,
    ]
  }
  if (level === 'agent')
    return [`the agent did not sign: ${message}`, 'see to the agent (ssh-add -l), or name a key file']
  if (level === 'client-timeout') {
    return [`the login took longer than ${attempt.loginSeconds} s`, 'see to the load and the name service of the host']
  }
  if (/Connection lost before handshake|ECONNRESET/.test(message)) {
    return [
      'the host dropped the connection before it said anything',
      'it may be at its limit for new logins (MaxStartups, a ban after failures) or the port may not be an sshd; try fewer at a time (-f)',
    ]
  }
  if (/no matching/.test(message)) {
    return [
      `there is no common algorithm (${message})`,
      'update its sshd, or allow a present-day algorithm there; SHA-1 is not accepted',
    ]
  }
  if (/Channel open failure|Unable to exec/.test(message)) {
    return [
      `the login worked, but sshd starts no command (${message})`,
      'see to MaxSessions and ForceCommand in its sshd_config, and to the login shell of the user',
    ]
  }
  return [`the connection failed: ${message}`, 'see to sshd and its log there']
}

/** Why a connection that was well is lost, in words. */
export const lossOf = ({ message, level, code }: Ssh2Error): string => {
  if (level === 'client-timeout') return 'the host gave no sign of life'
  if (code === 'ECONNRESET' || code === 'EPIPE') return `the connection was cut (${code})`
  return `the connection failed (${message})`
}
