/** Why a host's key is not accepted, in words: both fingerprints, and what to do. Pure. */
import { type PlinthError, unreachable } from '../core/error.ts'
import { q } from '../core/script.ts'
import { fingerprint, type KnownKey, keyType, type Verdict } from './known-hosts.ts'
import type { Hop } from './route.ts'

const shown = (blob: Buffer): string => `${keyType(blob)} ${fingerprint(blob)}`
const quoted = ({ blob, where }: KnownKey): string => `${shown(blob)} (${where})`

/** Why a host's key is not accepted: what the files of known keys say, or what is asked for beside them. */
export type KeyRefusal =
  | Exclude<Verdict, { kind: 'known' }>
  /** It stands in the file of RevokedHostKeys. */
  | { readonly kind: 'listed as revoked'; readonly file: string }
  /** The inventory names the host's keys, and this is none of them. */
  | { readonly kind: 'not pinned'; readonly pins: readonly Buffer[] }
  /** An RSA key of too few bits. */
  | { readonly kind: 'short'; readonly bits: number; readonly least: number }

/**
 * A host's key that was not accepted. `name` is what it was looked up by.
 * Exit code 3: nothing was sent to a machine that may be another one.
 */
export function hostKeyProblem(where: string, hop: Hop, name: string, refusal: KeyRefusal, key: Buffer): PlinthError {
  const [what, remedy] = keyText(hop, name, refusal, key)
  return unreachable({ where, what: `its host key ${what}`, remedy })
}

function keyText({ trust, missed }: Hop, name: string, refusal: KeyRefusal, key: Buffer): [string, string] {
  const compare = `compare it with the one the host's own console shows (ssh-keygen -lf on its /etc/ssh/ssh_host_*_key.pub)`
  const somebody = 'if not, somebody may be in between'
  const file = trust.files[0] ?? 'known_hosts'
  // The key is at hand, and a scan would find neither the name it is looked up by nor a host behind another.
  const add = `echo ${q(`${name} ${keyType(key)} ${key.toString('base64')}`)} >>${q(file)}`
  const elsewhere = missed.filter((way) => way.startsWith('host keys'))
  switch (refusal.kind) {
    case 'changed':
      return [
        `has CHANGED: it presents ${shown(key)}, known is ${refusal.known.map(quoted).join(', ')}`,
        `if the host was set up anew, ${compare}, then remove the old line (ssh-keygen -f ${fileOf(refusal.known)} -R '${name}') and add the new key; ${somebody}`,
      ]
    case 'not pinned':
      return [
        `is none of those in the inventory: it presents ${shown(key)}, ansible_ssh_host_keys has ${refusal.pins.map(shown).join(', ')}`,
        `if the host was set up anew, ${compare}, then correct ansible_ssh_host_keys; ${somebody}`,
      ]
    case 'revoked':
    case 'listed as revoked':
      return [
        `${shown(key)} is marked as revoked at ${refusal.kind === 'revoked' ? refusal.by.where : refusal.file}`,
        'do not connect: give the host a new key, and find out how the old one was lost',
      ]
    case 'short':
      return [
        `${shown(key)} has ${refusal.bits} bits, RequiredRSASize is ${refusal.least}`,
        'give the host a new key, best an ed25519 one (ssh-keygen -A)',
      ]
    case 'authority':
      return [
        `${shown(key)} is vouched for only by a certificate authority (${refusal.by.where}), and host certificates can't be checked here`,
        `${compare}, then add the host's own key: ${add}`,
      ]
    case 'unknown':
      return [
        `${shown(key)} is unknown: no line for ${name} in ${trust.files.join(', ')}${elsewhere.map((way) => `; ${way} are not asked`).join('')}`,
        `${compare}, then add it: ${add}`,
      ]
  }
}

const fileOf = (known: readonly KnownKey[]): string => known[0]?.where.replace(/:\d+$/, '') ?? 'known_hosts'
