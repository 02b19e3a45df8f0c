/** Which algorithms are offered to sshd: what ssh2 can, less SHA-1 signatures, as far as the configuration allows it. */
import type { Algorithms, CipherAlgorithm, KexAlgorithm, MacAlgorithm, ServerHostKeyAlgorithm } from 'ssh2'
import { usageError } from '../core/error.ts'
import type { SshSettings } from './ssh-config.ts'

const kex: readonly KexAlgorithm[] = [
  'curve25519-sha256',
  'curve25519-sha256@libssh.org',
  'ecdh-sha2-nistp256',
  'ecdh-sha2-nistp384',
  'ecdh-sha2-nistp521',
  'diffie-hellman-group-exchange-sha256',
  'diffie-hellman-group14-sha256',
  'diffie-hellman-group15-sha512',
  'diffie-hellman-group16-sha512',
  'diffie-hellman-group17-sha512',
  'diffie-hellman-group18-sha512',
]
const ciphers: readonly CipherAlgorithm[] = [
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'chacha20-poly1305@openssh.com',
  'aes128-ctr',
  'aes192-ctr',
  'aes256-ctr',
]
const macs: readonly MacAlgorithm[] = [
  'hmac-sha2-256-etm@openssh.com',
  'hmac-sha2-512-etm@openssh.com',
  'hmac-sha1-etm@openssh.com',
  'hmac-sha2-256',
  'hmac-sha2-512',
  'hmac-sha1',
]
const hostKeys: readonly ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
]

/** What one hop is offered. A list that is not there is ssh2's own: its order is the cheapest where AES is in hardware. */
export interface Offer {
  readonly kex?: readonly KexAlgorithm[]
  readonly ciphers?: readonly CipherAlgorithm[]
  readonly macs?: readonly MacAlgorithm[]
  readonly hostKeys: readonly ServerHostKeyAlgorithm[]
  /** Signatures of the user's keys. */
  readonly signatures: readonly string[]
}

export const usualOffer: Offer = { hostKeys, signatures: hostKeys }

/**
 * The offer that the configuration leaves: its own order where it names algorithms.
 * @throws PlinthError (exit code 4) when it allows none that ssh2 has
 */
export function offerOf(settings: SshSettings): Offer {
  const allowed = <T extends string>(keyword: string, name: string, able: readonly T[]): readonly T[] | null => {
    const chosen = settings.chosen(keyword)
    if (chosen === null) return null
    const list = chosen.join(',').split(',')
    const common = list.filter((one): one is T => (able as readonly string[]).includes(one))
    if (common.length > 0) return common
    throw usageError({
      where: settings.placeOf(keyword),
      what: `${name} allows nothing that Plinth can (${list.join(', ')})`,
      remedy: `allow one of ${able.join(', ')}`,
    })
  }
  const [ownKex, ownCiphers, ownMacs] = [
    allowed('kexalgorithms', 'KexAlgorithms', kex),
    allowed('ciphers', 'Ciphers', ciphers),
    allowed('macs', 'MACs', macs),
  ]
  return {
    ...(ownKex && { kex: ownKex }),
    ...(ownCiphers && { ciphers: ownCiphers }),
    ...(ownMacs && { macs: ownMacs }),
    hostKeys: allowed('hostkeyalgorithms', 'HostKeyAlgorithms', hostKeys) ?? hostKeys,
    signatures:
      allowed('pubkeyacceptedalgorithms', 'PubkeyAcceptedAlgorithms', hostKeys) ??
      // Its name before OpenSSH 8.5.
      allowed('pubkeyacceptedkeytypes', 'PubkeyAcceptedKeyTypes', hostKeys) ??
      hostKeys,
  }
}

/** An offer in ssh2's words; of the host keys the types that are known come first, so that one of them is shown. */
export function algorithmsFor(offer: Offer, known: readonly string[]): Algorithms {
  const isKnown = (algorithm: string): boolean => known.includes(algorithm.replace(/^rsa-sha2-\d+$/, 'ssh-rsa'))
  const ordered = [...offer.hostKeys.filter(isKnown), ...offer.hostKeys.filter((algorithm) => !isKnown(algorithm))]
  return {
    ...(offer.kex && { kex: [...offer.kex] }),
    ...(offer.ciphers && { cipher: [...offer.ciphers] }),
    ...(offer.macs && { hmac: [...offer.macs] }),
    serverHostKey: ordered,
  }
}
